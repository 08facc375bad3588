"""Docstrings as the reference shows them: an extension of griffe, which reads them for mkdocstrings.

The docstrings are laid out for who reads the source. Two habits of theirs mean nothing to Markdown, and are put in its
terms here: a map, lines of a name and, some spaces on, what it is; and a line of facts in a class, several of which
stand under each other.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

ENTRY = re.compile(r"(?P<name>\S.*?) {2,}(?P<text>\S.*)")
FACT = re.compile(r"[a-zA-Z_][\w*]*(?: \([^)]*\))?(?:, [a-zA-Z_]\w*(?: \([^)]*\))?)*: \S")
#: Sections that griffe makes out of a heading and what is indented below it.
SECTION = re.compile(r"(Parameters|Attributes|Raises|Returns|Yields)\b.*:$")


def asMarkdown(text: str) -> str:
    """Return a docstring with its maps as lists, its facts a line each, and code where an indented block stands."""
    result: list[str] = []
    listed = False  # the line before was an entry of a list
    for line in text.split("\n"):
        if match := ENTRY.fullmatch(line):
            if not listed and result and result[-1]:
                result.append("")
            result.append(f"- `{match['name']}`: {match['text']}")
            listed = True
        elif listed and line.startswith("  "):
            result.append(f"    {line.strip()}")  # goes on with the entry
        else:
            if listed and line:
                result.append("")
            if FACT.match(line) and result and result[-1]:
                result[-1] += "  "  # a line break of Markdown
            result.append(line.replace("Usage:", "Usage:\n") if line == "Usage:" else line)
            listed = False
    return "\n".join(result)


class Docstrings(griffe.Extension):
    """Has griffe see each docstring as Markdown."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Take note of what was just read."""
        if obj.docstring is not None:
            obj.docstring.value = asMarkdown(obj.docstring.value)
