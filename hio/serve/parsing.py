"""Options: texts of a command line, and values of a TOML file, to values that are checked.

Option   one line of the table of options
count, seconds, size, share, choice, flag, text   what takes a raw value and returns the value, or raises ValueError
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable
from math import inf
from typing import Any, NamedTuple

from ..core.http.limiting import OPTIONAL, POSITIVE
from .refusing import Refusal

UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
SIZE = re.compile(r"([0-9]{1,15})\s*([kmg]?)(?:i?b)?", re.IGNORECASE)
NUMBER = re.compile(r"[0-9]{1,18}")


class Option(NamedTuple):
    """One option.

    Attributes:
        name (str): of the flag, without its dashes, and in the file.
        parse: takes a raw value and returns the value; ValueError says what it should have been.
        default: the value when nobody says otherwise.
        help (str): for the user. metavar (str): what stands for the value there.
        many (bool): may be given several times; the value is a tuple.
        group (str): where it stands in the help.
    """

    name: str
    parse: Callable[[Any], Any]
    default: Any
    help: str
    metavar: str = ""
    many: bool = False
    group: str = ""

    def take(self, raw: Any, where: str) -> Any:
        """Return the value for a raw one. Raises Refusal, naming where it was found."""
        try:
            if not self.many:
                return self.parse(raw)
            return tuple(self.parse(each) for each in ([raw] if isinstance(raw, str) else listOf(raw)))
        except ValueError as ex:
            raise Refusal(f"{where} takes {ex}, not {raw!r}") from None


def listOf(raw: Any) -> list[Any]:
    """Return raw, a list; raises ValueError, with what it must be, for anything else."""
    if not isinstance(raw, list):
        raise ValueError("text or a list of texts")
    return raw


def text(raw: Any) -> str:
    """Return raw, text; raises ValueError for anything else."""
    if not isinstance(raw, str):
        raise ValueError("text")
    return raw


def flag(raw: Any) -> bool:
    """Return raw, true or false; raises ValueError for anything else."""
    if not isinstance(raw, bool):
        raise ValueError("true or false")
    return raw


def count(least: int) -> Callable[[Any], int]:
    """Return what takes whole numbers from least on."""

    def parse(raw: Any) -> int:
        value = int(raw) if isinstance(raw, str) and NUMBER.fullmatch(raw.strip()) else raw
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"a whole number of {least} or more")
        return value

    return parse


def seconds(raw: Any) -> float:
    """Return the seconds of raw, a number or its text, 0 or more; raises ValueError for anything else."""
    try:
        value = float(raw) if isinstance(raw, str) or type(raw) in (int, float) else -1.0
    except ValueError:
        value = -1.0
    if not 0.0 <= value < inf:
        raise ValueError("a number of seconds, 0 or more")
    return value


def size(raw: Any) -> int:
    """Return the bytes of raw: a whole number, as text also with K, M or G (1024 and its powers).

    Raises ValueError for anything else.
    """
    if isinstance(raw, str) and (match := SIZE.fullmatch(raw.strip())):
        return int(match[1]) * UNITS[match[2].lower()]
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ValueError("a number of bytes like 65536, 64K or 1G")
    return raw


def share(raw: Any) -> float:
    """Return the number of raw, from 0 to 1, or its text; raises ValueError for anything else."""
    try:
        value = seconds(raw)
    except ValueError:
        value = 2.0
    if value > 1.0:
        raise ValueError("a number from 0 to 1")
    return value


def choice(*words: str) -> Callable[[Any], str]:
    """Return what takes one of words."""

    def parse(raw: Any) -> str:
        if raw not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return str(raw)

    return parse


def limitName(name: str) -> str:
    """Return the name of the option for the limit called name: head is limit-head, headTymeout is tymeout-head."""
    kebab = re.sub(r"(?<=[a-z])([A-Z])", r"-\1", name).lower()
    if kebab.endswith("-tymeout"):
        return "tymeout-" + kebab.removesuffix("-tymeout")
    return "limit-" + kebab


def limitParser(name: str) -> Callable[[Any], Any]:
    """Return what takes values for the limit called name."""
    if name.endswith("Tymeout"):
        return seconds
    least = 1 if name in POSITIVE else 0

    def parse(raw: Any) -> int | None:
        if raw in ("none", None) and name in OPTIONAL:
            return None
        value = size(raw)
        if value < least:
            raise ValueError(f"a number of {least} or more")
        return value

    return parse


def show(value: Any) -> str:
    """Return a value for the help."""
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def toml(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, tuple):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return '"none"' if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def hint(name: str, names: Iterable[str], mark: str = "") -> str:
    """Return text that asks for the one of names that is closest to name, with mark before it; "" if none is close."""
    close = difflib.get_close_matches(name.replace("_", "-"), list(names), 1)
    return f"; is it {mark + close[0]!r} that is meant?" if close else ""
