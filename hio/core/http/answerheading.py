"""Heads of responses, as a client takes them in (RFC 9112, 4 and 5).

ResponseHead       a head; its fields are made when they are first looked at
parseResponseHead  the bytes of a whole head to a ResponseHead

Names and status lines come again and again, so those that were found valid are remembered, within bounds.
"""

from __future__ import annotations

from .faulting import BadHeader, HeadTooLarge
from .heading import CONTROLS, Fields, parseFields, splitStatusLine
from .limiting import LIMITS, Limits
from .naming import NAMES, isToken

REMEMBERED = 512  # most field names, and most status lines, that are remembered
LONGEST = 64  # most characters of one

#: {field name as received: the same in lower case} of names that are valid
LOWERS: dict[str, str] = {name: name.lower() for name in NAMES}

#: {status line: (version, status, reason)} of lines that are valid
STATUSES: dict[str, tuple[tuple[int, int], int, str]] = {}


class ResponseHead:
    """The head of a response.

    Attributes:
        version (tuple): (1, 0) or (1, 1). status (int). reason (str).
        lines (list[str]): field lines. known (dict): lower-case name -> value, repeated ones joined by ", ".
    """

    __slots__ = ("_fields", "known", "lines", "reason", "status", "version")

    def __init__(
        self,
        version: tuple[int, int],
        status: int,
        reason: str,
        lines: list[str],
        known: dict[str, str],
        fields: Fields | None = None,
    ) -> None:
        self.version = version
        self.status = status
        self.reason = reason
        self.lines = lines
        self.known = known
        self._fields = fields

    def __repr__(self) -> str:
        return f"<ResponseHead {self.status} {self.version} fields={len(self.known)}>"

    @property
    def fields(self) -> Fields:
        """All fields in order: (name as received, value without the white space around it)."""
        if self._fields is None:
            pairs = [line.partition(":") for line in self.lines]
            self._fields = [(name, value.strip(" \t")) for name, _, value in pairs]
        return self._fields


def parseResponseHead(head: bytes | bytearray, limits: Limits = LIMITS) -> ResponseHead:
    """Parse a whole response head: all before the empty line that ends it (RFC 9112, 4 and 5), within limits.

    Raises BadStatusLine, UnknownProtocol, BadHeader, HeadTooLarge.
    """
    lines = head.decode("latin-1").split("\r\n")
    if len(head) > limits.head:
        raise HeadTooLarge(f"head of more than {limits.head} bytes")
    status = STATUSES.get(lines[0]) or learnStatus(lines[0])
    if len(lines) - 1 > limits.fields:
        raise HeadTooLarge(f"more than {limits.fields} fields")
    # PERF: whatever control character there is beyond the line ends split off is one too many; one pass in C
    if len(head.translate(None, CONTROLS)) + 2 * len(lines) - 2 != len(head):
        raise BadHeader("control character, bare CR or bare LF in head")
    del lines[0]
    known: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        lower = LOWERS.get(name)
        if lower is None or not colon:
            if not colon or not isToken(name):
                return parseOdd(head, limits)
            lower = learnName(name)
        if lower in known:
            known[lower] += ", " + value.strip(" \t")
        else:
            known[lower] = value.strip(" \t")
    return ResponseHead(*status, lines, known)


def parseOdd(head: bytes | bytearray, limits: Limits) -> ResponseHead:
    """Parse a head with folded lines (RFC 9112, 5.2), or raise what is wrong with it, as parseResponseHead does."""
    line, _, block = head.partition(b"\r\n")
    fields = parseFields(block, limits, unfold=True)
    known: dict[str, str] = {}
    for name, value in fields:
        lower = name.lower()
        known[lower] = f"{known[lower]}, {value}" if lower in known else value
    return ResponseHead(*splitStatusLine(line.decode("latin-1")), [], known, fields)


def learnStatus(line: str) -> tuple[tuple[int, int], int, str]:
    """Return version, status and reason of a status line, and remember it, within bounds."""
    found = splitStatusLine(line)
    if len(line) <= LONGEST:
        if len(STATUSES) >= REMEMBERED:
            STATUSES.clear()
        STATUSES[line] = found
    return found


def learnName(name: str) -> str:
    """Return name in lower case, and remember it, within bounds."""
    lower = name.lower()
    if len(name) <= LONGEST:
        if len(LOWERS) >= REMEMBERED:
            LOWERS.clear()
        LOWERS[name] = lower
    return lower
