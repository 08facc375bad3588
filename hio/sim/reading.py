"""Read HTTP/1.1 off the wire, to judge it: strictly, and with no line shared with the server and client under test.

Reader     takes one direction of a connection, in whatever pieces, and tells what is in it
Head       the start of a message
Malformed  what no HTTP/1.1 peer may send (RFC 9112)
Unclear    what a peer need not send, and others may read in more than one way: nothing can be judged behind it
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

from ..hioing import HioError

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
VALUE = rb"[\t\x20-\x7e\x80-\xff]*"
isAsking = re.compile(rb"(%b) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([0-9])" % TOKEN).fullmatch
isStatus = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9]) (%b)" % VALUE).fullmatch
isField = re.compile(rb"(%b):(%b)" % (TOKEN, VALUE)).fullmatch
isChunk = re.compile(rb"([0-9A-Fa-f]{1,16})[\t ]*(?:;%b)?" % VALUE).fullmatch
isLength = re.compile(r"[0-9]{1,19}").fullmatch

BLANK = b"\r\n\r\n"
#: Bytes of a head, or of a line of a chunk, at which reading is given up.
HEAD_MOST = 1 << 20
#: Messages that are remembered, and the largest of them: most are one of a few that come again and again.
MEMORY = 512
MEMORY_SIZE = 4096


class Malformed(HioError):
    """What no HTTP/1.1 peer may send."""


class Unclear(HioError):
    """What can be read in more than one way."""


class Part(Enum):
    """What a Reader tells: HEAD with a Head, BODY with bytes, END with None."""

    HEAD = 1
    BODY = 2
    END = 3


class State(Enum):
    """What a Reader waits for."""

    HEAD = 1  # the end of a head
    BODY = 2  # bytes of a body or chunk, .left of them
    SIZE = 3  # the line of a chunk
    SEAM = 4  # the CRLF behind a chunk
    TRAILER = 5  # the end of a trailer section
    UNTIL = 6  # the end of the connection


@dataclass(frozen=True)
class Head:
    """The start of a message.

    Attributes:
        line (tuple): (method, target) of a request, (status, reason) of a response.
        minor (int): 0 for HTTP/1.0, 1 for HTTP/1.1.
        fields (tuple): (name in lower case, value) in order, as text.
        size (int): bytes of it, without the empty line. first (int): bytes of its first line.
        framing (str): how the body is delimited: "none", "length", "chunked" or "close".
        length (int): bytes of body, for framing "length".
        named (dict): values by name. pairs (frozenset): of fields. Both are made when they are first asked for.
    """

    line: tuple[Any, str]
    minor: int
    fields: tuple[tuple[str, str], ...]
    size: int
    first: int
    framing: str = "none"
    length: int = 0

    def get(self, name: str) -> str | None:
        """Return the values of the field name, given in lower case, joined by commas; None when there is none."""
        values = self.named.get(name)
        return ", ".join(values) if values else None

    @cached_property
    def named(self) -> dict[str, list[str]]:
        """Values in order, by name of field in lower case."""
        named: dict[str, list[str]] = {}
        for name, value in self.fields:
            named.setdefault(name, []).append(value)
        return named

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(name, value) of the fields, whatever their order."""
        return frozenset(self.fields)

    @cached_property
    def closing(self) -> bool:
        """Whether it says that the connection ends (RFC 9112, 9.3)."""
        options = [option.strip().lower() for option in (self.get("connection") or "").split(",")]
        return "close" in options or (self.minor == 0 and "keep-alive" not in options)


Parts = list[tuple[Part, Any]]

START = State.HEAD  # PERF: Python 3.11 takes its time to find a member in its Enum


class Reader:
    """Takes one direction of a connection.

    Parameters:
        method: None to read requests; to read responses, callable that answers which method the request has that the
            next response belongs to, or the one behind that: it is called with how many to skip.

    Attributes:
        state (State): what it waits for.
        begun (bool): whether it is within a message.
    """

    def __init__(self, method: Callable[[int], str] | None = None) -> None:
        self.method = method
        self.raw = bytearray()
        self.state = State.HEAD
        self.left = 0
        self.chunked = False
        self._seen = 0
        self._ended = 0  # final responses in what is being fed

    def __repr__(self) -> str:
        return f"<Reader {self.state.name} raw={len(self.raw)} left={self.left}>"

    @property
    def begun(self) -> bool:
        """Whether part of a message came, and not all of it."""
        return self.state is not START or bool(self.raw.strip(b"\r\n"))

    def feed(self, data: bytes) -> Parts:
        """Take data and return what is in it, in order. Raises Malformed, Unclear."""
        method = self.method(0) if self.method is not None else ""
        self._ended = 0
        if not self.raw and self.state is START:
            parts = KNOWN.get((method, data))
            if parts is not None:
                return parts
            alone = len(data) <= MEMORY_SIZE
        else:
            alone = False
        self.raw += data
        parts = []
        while self._step(parts):
            pass
        if alone and not self.raw and self.state is State.HEAD and parts.count((Part.END, None)) == 1:
            if parts[0][1].framing != "close" and not isinterim(parts[0][1]):
                remember(method, data, parts)
        return parts

    def finish(self) -> Parts:
        """Return what the orderly end of the connection makes of it: the end of a body that only this ends."""
        if self.state is State.UNTIL:
            self.state = State.HEAD
            return [(Part.END, None)]
        return []

    # -- steps --------------------------------------------------------------------------------------------

    def _step(self, parts: Parts) -> bool:
        """Go on by one element; return whether there was a whole one."""
        if not self.raw:
            return False
        return STEPS[self.state](self, parts)

    def _head(self, parts: Parts) -> bool:
        raw = self.raw
        while self.method is None and raw.startswith(b"\r\n"):  # RFC 9112, 2.2
            del raw[:2]
        end = raw.find(BLANK, max(0, self._seen - 3))
        if end < 0:
            self._seen = len(raw)
            if len(raw) > HEAD_MOST:
                raise Malformed(f"a head of more than {HEAD_MOST} bytes")
            return False
        self._seen = 0
        block = bytes(raw[:end])
        del raw[: end + 4]
        head = readRequestHead(block) if self.method is None else readResponseHead(block, self.method(self._ended))
        parts.append((Part.HEAD, head))
        self.chunked = head.framing == "chunked"
        self.left = head.length
        if head.framing == "none" or (head.framing == "length" and not head.length):
            self._ended += not isinterim(head)
            parts.append((Part.END, None))
        else:
            self.state = {"length": State.BODY, "chunked": State.SIZE, "close": State.UNTIL}[head.framing]
        return True

    def _body(self, parts: Parts) -> bool:
        piece = bytes(self.raw[: self.left])
        del self.raw[: len(piece)]
        self.left -= len(piece)
        parts.append((Part.BODY, piece))
        if not self.left:
            if self.chunked:
                self.state = State.SEAM
            else:
                self._end(parts)
        return True

    def _size(self, parts: Parts) -> bool:
        line = self._line()
        if line is None:
            return False
        match = isChunk(line)
        if not match:
            raise Malformed(f"a chunk begins with {line[:60]!r}")
        self.left = int(match[1], 16)
        self.state = State.BODY if self.left else State.TRAILER
        return True

    def _seam(self, parts: Parts) -> bool:
        if len(self.raw) < 2:
            return False
        if self.raw[:2] != b"\r\n":
            raise Malformed(f"{bytes(self.raw[:20])!r} where the CRLF behind a chunk should be")
        del self.raw[:2]
        self.state = State.SIZE
        return True

    def _trailer(self, parts: Parts) -> bool:
        line = self._line()
        if line is None:
            return False
        if line:
            readField(line)
        else:
            self._end(parts)
        return True

    def _until(self, parts: Parts) -> bool:
        parts.append((Part.BODY, bytes(self.raw)))
        self.raw.clear()
        return False

    def _line(self) -> bytes | None:
        """Take a line off, without its CRLF; None when it is not whole."""
        end = self.raw.find(b"\r\n")
        if end < 0:
            if len(self.raw) > HEAD_MOST:
                raise Malformed(f"a line of more than {HEAD_MOST} bytes")
            return None
        line = bytes(self.raw[:end])
        del self.raw[: end + 2]
        return line

    def _end(self, parts: Parts) -> None:
        self.state = State.HEAD
        self.chunked = False
        self._ended += 1
        parts.append((Part.END, None))


STEPS: dict[State, Callable[[Reader, Parts], bool]] = {
    State.HEAD: Reader._head,
    State.BODY: Reader._body,
    State.SIZE: Reader._size,
    State.SEAM: Reader._seam,
    State.TRAILER: Reader._trailer,
    State.UNTIL: Reader._until,
}

#: PERF: messages that came whole and alone, by (method that a response answers, "" for a request; bytes).
KNOWN: dict[tuple[str, bytes], Parts] = {}


def remember(method: str, data: bytes, parts: Parts) -> None:
    """Have the parts of a message, data, at hand for when it comes again; method: as for Reader."""
    if len(KNOWN) >= MEMORY:
        KNOWN.clear()
    KNOWN[method, data] = parts


def isinterim(head: Head) -> bool:
    """Whether head begins an interim response (RFC 9110, 15.2)."""
    return isinstance(head.line[0], int) and head.line[0] < 200


def readField(line: bytes) -> tuple[str, str]:
    """Return (name in lower case, value) of a field line. Raises Malformed, Unclear."""
    match = isField(line)
    if match:
        return match[1].decode().lower(), match[2].strip(b" \t").decode("latin-1")
    if line[:1] in b" \t" or b"\n" in line:
        raise Unclear(f"a folded line, or one that ends in a bare LF: {line[:60]!r}")
    raise Malformed(f"no field line: {line[:60]!r}")


def readRequestHead(block: bytes) -> Head:
    """Return the Head of a request (RFC 9112, 3 and 6.3). Raises Malformed, Unclear.

    block: its bytes without the empty line.
    """
    lines = block.split(b"\r\n")
    match = isAsking(lines[0])
    if not match:
        if b"\n" in lines[0]:
            raise Unclear(f"a line that ends in a bare LF: {lines[0][:60]!r}")
        raise Malformed(f"no request line: {lines[0][:60]!r}")
    fields = tuple(map(readField, lines[1:]))
    minor = min(int(match[3]), 1)  # what comes after 1.1 is to be taken for it (RFC 9110, 2.5)
    head = Head((match[1].decode(), match[2].decode("latin-1")), minor, fields, len(block), len(lines[0]))
    if minor and [name for name, _ in fields].count("host") != 1:
        raise Malformed("a request of HTTP/1.1 without exactly one Host")
    coding, length = head.get("transfer-encoding"), head.get("content-length")
    if coding is not None:
        if length is not None or not minor:
            raise Unclear("Transfer-Encoding beside Content-Length, or in HTTP/1.0")
        if coding.lower() != "chunked":
            raise Unclear(f"transfer coding {coding!r}")
        return replace(head, framing="chunked")
    return head if length is None else replace(head, framing="length", length=readLength(length))


def readResponseHead(block: bytes, method: str) -> Head:
    """Return the Head of a response to a request with method (RFC 9112, 4 and 6.3). Raises Malformed.

    block: its bytes without the empty line.
    """
    lines = block.split(b"\r\n")
    match = isStatus(lines[0])
    if not match:
        raise Malformed(f"no status line: {lines[0][:60]!r}")
    status = int(match[2])
    try:
        fields = tuple(map(readField, lines[1:]))
    except Unclear as ex:
        raise Malformed(str(ex)) from None
    head = Head((status, match[3].decode("latin-1")), int(match[1]), fields, len(block), len(lines[0]))
    coding, length = head.get("transfer-encoding"), head.get("content-length")
    if coding is not None and length is not None:
        raise Malformed("a response with both Transfer-Encoding and Content-Length")
    if (status < 200 or status == 204) and (coding is not None or length is not None):
        raise Malformed(f"a {status} that speaks of a body (RFC 9110, 8.6; RFC 9112, 6.1)")
    if method == "HEAD" or status < 200 or status in (204, 304):
        return head
    if coding is not None:
        if coding.lower() != "chunked":
            raise Malformed(f"a response with transfer coding {coding!r}")
        return replace(head, framing="chunked")
    if length is not None:
        return replace(head, framing="length", length=readLength(length))
    if not head.closing:
        raise Malformed("a response whose body has no end: no length, no chunks, and the connection is to stay open")
    return replace(head, framing="close")


def readLength(length: str) -> int:
    """Return the number that length, the value of a Content-Length, is (RFC 9110, 8.6). Raises Malformed, Unclear."""
    if isLength(length):
        return int(length)
    several = {one.strip() for one in length.split(",")}
    if len(several) == 1 and isLength(several.pop()):
        raise Unclear(f"the same Content-Length more than once: {length!r}")
    raise Malformed(f"a Content-Length of {length!r}")
