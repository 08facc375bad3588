"""Docstrings as Markdown, for the reference.

They are laid out for who reads the source. What means nothing to Markdown is put in its terms here:

map      lines of a name and, some spaces on, what it is: a list
section  a heading such as Parameters: with an indented item for each: a heading and a list
fact     name: text, several of which stand under each other: a line each
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAP = re.compile(r"(?P<name>\S.*?) {2,}(?P<text>\S.*)")
FACT = re.compile(r"[a-zA-Z_][\w*]*(?: \([^)]*\))?(?:, [a-zA-Z_]\w*(?: \([^)]*\))?)*: \S")
SECTION = re.compile(r"(?:Parameters|Attributes|Raises|Returns|Yields)\b.*:$")
ITEM = re.compile(r" {4}(?P<names>[\w*.]+(?:, [\w*.]+)*)(?P<type> \(.*?\))?: (?P<text>.*)")


def asMarkdown(text: str) -> str:
    """Return a docstring as Markdown."""
    return "\n".join(rendered(text.split("\n")))


def rendered(lines: list[str]) -> Iterator[str]:
    """Yield lines of Markdown for the lines of a docstring."""
    section = False  # within one that has items
    listed = False  # the line before belongs to a list
    for line in lines:
        section = line.endswith(":") if SECTION.match(line) else section and line[:1] in ("", " ")
        if section and not line.startswith(" "):
            yield from (f"**{line}**", "") if line else ("",)
            listed = False
        elif section:
            yield item(line)
            listed = True
        elif match := MAP.fullmatch(line):
            yield from () if listed else ("",)
            yield f"- `{match['name']}`: {match['text']}"
            listed = True
        elif listed and line.startswith("  "):
            yield f"    {line.strip()}"
        else:
            yield from ("",) if listed or FACT.match(line) or line == "Usage:" else ()
            yield from (line, "") if line == "Usage:" else (line,)
            listed = False


def item(line: str) -> str:
    """Return a line of a section: an item of its list, or more of the item before."""
    if match := ITEM.fullmatch(line):
        return f"- **`{match['names']}`**{match['type'] or ''}: {match['text']}"
    return f"- {line.strip()}" if not line.startswith(" " * 5) else f"    {line.strip()}"
