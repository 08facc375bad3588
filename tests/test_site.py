"""What makes the documentation a site: docstrings to Markdown, pages that load nothing from elsewhere, the options.

The build itself is `make docs`.
"""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from hio.serve import configuring
from tools import site
from tools.docstrings import asMarkdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One line.", "One line."),
        ("Two.\n\nlines", "Two.\n\nlines"),
        ("Map.\n\na   b\ncd  e f\n    more", "Map.\n\n\n- `a`: b\n- `cd`: e f\n    more"),
        ("Map.\n\na  b\nText.", "Map.\n\n\n- `a`: b\n\nText."),
        (
            "Parameters:\n    a (int): b\n        c\n    d, e: f",
            "**Parameters:**\n\n- **`a`** (int): b\n    c\n- **`d, e`**: f",
        ),
        ("Raises:\n    words\n\nEnd.", "**Raises:**\n\n- words\n\nEnd."),
        ("Usage:\n    code()", "\nUsage:\n\n    code()"),
        ("Do.\nlimit: seconds.\ntyme: where.", "Do.\n\nlimit: seconds.\n\ntyme: where."),
        ("Code:\n\n    a = 1\n    b = 2", "Code:\n\n    a = 1\n    b = 2"),
    ],
)
def test_docstrings_as_markdown(text, expected):
    assert asMarkdown(text) == expected


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="https://example.org/">', []),
        ('<link rel="stylesheet" href="assets/a.css"><script src="a.js"></script><img src="/b.png">', []),
        ('<link rel="stylesheet" href="https://fonts.example/css">', ["https://fonts.example/css"]),
        ("<script async src=//cdn.example/x.js></script>", ["//cdn.example/x.js"]),
        ('<img alt="x" src=\'http://pixel.example/1\'>', ["http://pixel.example/1"]),
    ],
)
def test_a_page_that_loads_from_another_host_is_told(html, found, caplog):
    page = SimpleNamespace(file=SimpleNamespace(src_uri="x.md"))
    with caplog.at_level(logging.WARNING):
        assert site.on_post_page(html, page=page, config=None) == html
    assert [record.args[1] for record in caplog.records] == found


def test_each_option_of_hio_serve_has_its_line():
    text = site.on_page_markdown(f"before\n{site.OPTIONS_HERE}\nbehind")
    assert text.startswith("before\n") and text.endswith("\nbehind")
    assert [text.count(f"| `--{option.name}`") for option in configuring.OPTIONS] == [1] * len(configuring.OPTIONS)
    assert "(default: 0)" in text and "(default: 127.0.0.1:8000)" in text
    assert site.on_page_markdown("nothing") == "nothing"
