"""Hooks of MkDocs.

A page that would load something from another host is a warning, so that a strict build fails. And where a page says
OPTIONS_HERE, in a comment, there come the options of hio serve, from the table that the program itself goes by.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from hio.serve import configuring, parsing

logger = logging.getLogger("mkdocs.hooks.site")

OPTIONS_HERE = "<!-- options of hio serve -->"

#: What a browser fetches by itself: sources of any kind, and links in the head. A link to click on is none.
FETCHED = re.compile(
    r"""<(?:link\b[^>]*?\shref|[a-z]+\b[^>]*?\s(?:src|srcset|poster|data))=["']?((?:https?:)?//[^"'\s>]+)""", re.I
)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Look through the HTML of a page; leave it as it is."""
    for url in FETCHED.findall(output):
        logger.warning("%s loads %s from another host", page.file.src_uri, url)
    return output


def on_page_markdown(markdown: str, **kwargs: Any) -> str:
    """Put the options of hio serve where the page wants them."""
    if OPTIONS_HERE not in markdown:
        return markdown
    return markdown.replace(OPTIONS_HERE, "\n".join(optionLines()))


def optionLines() -> Iterator[str]:
    """Yield the options as Markdown: a table for each group."""
    titles = {"": "Options", "limits": "Limits and tymeouts"}
    for group in dict.fromkeys(option.group for option in configuring.OPTIONS):
        yield from ("", f"## {titles.get(group, group)}", "")
        yield from ("| option | what it does |", "| --- | --- |")
        for option in configuring.OPTIONS:
            if option.group == group:
                yield f"| `--{option.name}`{taken(option)} | {cell(option.help)}{default(option)} |"


def taken(option: parsing.Option) -> str:
    """Return what the option takes, and whether several times."""
    return (f" {cell(option.metavar)}" if option.metavar else "") + (", several times" if option.many else "")


def default(option: parsing.Option) -> str:
    """Return the default of the option in brackets, "" where there is none to tell."""
    if option.parse is parsing.flag or option.default in ((), "") or (option.default is None and not option.group):
        return ""
    return f" (default: {cell(', '.join(option.default) if option.many else parsing.show(option.default))})"


def cell(text: str) -> str:
    """Return text for a cell of a table."""
    return text.replace("|", "&#124;").replace("<", "&lt;").replace("[", "&#91;").replace("*", "&#42;")
