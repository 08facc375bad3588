"""Hook of MkDocs: a page that would load something from another host is a warning, so that a strict build fails."""

from __future__ import annotations

import logging
import re
from typing import Any

logger = logging.getLogger("mkdocs.hooks.site")

#: What a browser fetches by itself: sources of any kind, and links in the head. A link to click on is none.
FETCHED = re.compile(
    r"""<(?:link\b[^>]*?\shref|[a-z]+\b[^>]*?\s(?:src|srcset|poster|data))=["']?((?:https?:)?//[^"'\s>]+)""", re.I
)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Look through the HTML of a page; leave it as it is."""
    for url in FETCHED.findall(output):
        logger.warning("%s loads %s from another host", page.file.src_uri, url)
    return output
