"""How a body ends: decided here and nowhere else, for requests and responses (RFC 9112, 6 and 7).

frameRequest     the framing of a request, from its version and fields
frameResponse    the framing of a response, from its request's method, its status and fields
BodyReader       eats a body of that framing out of a buffer, piece by piece
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from .faulting import BadChunk, BadFraming, BodyTooLarge, HeadTooLarge, PrematureClosure, UnknownCoding, shown
from .heading import BLANK, HTTP_10, ODD, Fields, parseFields
from .limiting import LIMITS, Limits
from .naming import TCHARS

Sink = Callable[[bytearray], object]


class Kind(Enum):
    """What ends a body."""

    NONE = "none"  # there is no body
    LENGTH = "length"  # a number of bytes
    CHUNKED = "chunked"  # a chunk of size 0, and trailers
    CLOSE = "close"  # the end of the connection; responses only


class Framing(NamedTuple):
    """How the body of one message ends."""

    kind: Kind
    length: int | None  # bytes of the body; None: known only at its end


NOTHING = Framing(Kind.NONE, 0)
CHUNKED = Framing(Kind.CHUNKED, None)
UNTIL_CLOSE = Framing(Kind.CLOSE, None)

#: fields that must not come as trailers: whoever heeded them there would see another message than we do
FRAMING = ("content-length", "transfer-encoding")

#: Chunks from which on it matters how large they are, and bytes below which they are small on average: twenty such take
#: the work of one that is as large as a read
CRUMBS = 256
CRUMB = 64

isDigits = re.compile(r"[0-9]+").fullmatch


def frameRequest(version: tuple[int, int], environ: dict[str, Any], limits: Limits = LIMITS) -> Framing:
    """Return the framing of the request of that version whose fields are in environ, within limits (RFC 9112, 6.3).

    Takes HTTP_TRANSFER_ENCODING out of environ, since the application gets the decoded body, and sets
    CONTENT_LENGTH, if there, to its plain decimal form.

    Raises BadFraming (400), UnknownCoding (501), BodyTooLarge (413). After each of them nothing on the connection can
    be told from the body, so that it must be closed.
    """
    length = environ.get("CONTENT_LENGTH")
    coding = environ.pop("HTTP_TRANSFER_ENCODING", None)
    if coding is None:
        if length is None:
            return NOTHING
        size = parseLength(length, limits)
        environ["CONTENT_LENGTH"] = str(size)
        return Framing(Kind.LENGTH, size) if size else NOTHING
    if length is not None:
        raise BadFraming("both Transfer-Encoding and Content-Length")
    if version <= HTTP_10:
        raise BadFraming("Transfer-Encoding in HTTP/1.0")
    checkCoding(coding)
    return CHUNKED


def parseLength(value: str, limits: Limits = LIMITS) -> int:
    """Return the number of bytes that value, a Content-Length, declares (RFC 9110, 8.6).

    A list is taken when its members are the same text. Raises BadFraming, BodyTooLarge for more than limits.body.
    """
    if "," in value:
        first, *others = (member.strip(" \t") for member in value.split(","))
        if any(member != first for member in others):
            raise BadFraming(f"contradicting Content-Length {shown(value)}")
        value = first
    if not isDigits(value) or len(value) > limits.digits:
        raise BadFraming(f"bad Content-Length {shown(value)}")
    size = int(value)
    if limits.body is not None and size > limits.body:
        raise BodyTooLarge(f"body of {size} bytes, limit is {limits.body}")
    return size


def checkCoding(coding: str) -> None:
    """Raise unless coding, a Transfer-Encoding, is chunked, alone, in any case of letters (RFC 9112, 6.1, 7).

    UnknownCoding when chunked is the last of several codings; BadFraming for anything else, as nothing then tells
    where the body ends.
    """
    if coding.lower() == "chunked":
        return
    codings = [name.strip(" \t").lower() for name in coding.split(",")]
    if codings[-1] == "chunked" and "chunked" not in codings[:-1] and all(codings):
        raise UnknownCoding(f"unknown transfer coding {shown(coding)}")
    raise BadFraming(f"bad Transfer-Encoding {shown(coding)}")


def frameResponse(method: str, status: int, fields: Fields, limits: Limits = LIMITS) -> Framing:
    """Return the framing of a response to a request of this method, with this status and fields (RFC 9112, 6.3).

    Raises BadFraming, UnknownCoding, BodyTooLarge for more than limits.body.
    """
    if method == "HEAD" or status < 200 or status in (204, 304) or (method == "CONNECT" and status < 300):
        return NOTHING
    lengths = [value for name, value in fields if name.lower() == "content-length"]
    codings = [value for name, value in fields if name.lower() == "transfer-encoding"]
    if codings:
        if lengths:
            raise BadFraming("both Transfer-Encoding and Content-Length")
        checkCoding(", ".join(codings))
        return CHUNKED
    if lengths:
        size = parseLength(", ".join(lengths), limits)
        return Framing(Kind.LENGTH, size) if size else NOTHING
    return UNTIL_CLOSE


VALUE = rf'[{TCHARS}]++|"(?:[^"\\]|\\.)*+"'  # token or quoted-string (RFC 9110, 5.6)
#: One chunk extension, with the "bad" white space that a recipient has to read and drop (RFC 9110, 5.6.3)
EXTENSION = rf"[ \t]*+;[ \t]*+([{TCHARS}]++)(?:[ \t]*+=[ \t]*+({VALUE}))?+"  # nothing here can backtrack
findExtensions = re.compile(EXTENSION).findall
isChunkLine = re.compile(rf"([0-9A-Fa-f]{{1,16}}+)((?:{EXTENSION})*+)").fullmatch


def parseChunkLine(line: bytes | bytearray) -> tuple[int, dict[str, str | bool]]:
    """Return size and extensions of a chunk line without its CRLF (RFC 9112, 7.1).

    An extension without a value has True; quotes are taken off. Raises BadChunk.
    """
    text = line.decode("latin-1")
    match = None if ODD.search(line) or line[-1:] == b"\r" else isChunkLine(text)
    if not match:
        raise BadChunk(f"bad chunk line {shown(line)}")
    parms: dict[str, str | bool] = {}
    for name, value in findExtensions(match[2]):
        quoted = value[:1] == '"'
        parms[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if quoted else value or True
    return int(match[1], 16), parms


class BodyReader:
    """Reads the body of one message out of a buffer, as its framing tells.

    framing      as given
    size         decoded bytes delivered so far
    complete     the body is at its end
    chunks       chunk lines read so far
    parms        extensions of the last chunk that had any, or None
    trails       trailer fields, or None until a chunked body is complete
    """

    __slots__ = (
        "chunks", "complete", "extended", "framing", "left", "limits", "parms", "seen", "sink", "size", "step",
        "trails",
    )  # fmt: skip

    def __init__(self, framing: Framing, sink: Sink, limits: Limits = LIMITS) -> None:
        """Read a body of that framing within limits; sink gets each piece, a bytearray that it may keep.

        Raises BodyTooLarge when framing.length is already beyond it.
        """
        self.framing = framing
        self.sink = sink
        self.limits = limits
        self.size = 0
        self.left = framing.length or 0  # bytes of a length body, or of the current chunk, to come
        self.complete = framing.kind is Kind.NONE or framing == (Kind.LENGTH, 0)
        self.parms: dict[str, str | bool] | None = None
        self.trails: Fields | None = None
        self.chunks = 0
        self.extended = 0  # bytes of chunk extensions so far
        self.seen = 0  # bytes of an unfinished line or trailer section that need not be searched again
        self.step: Callable[[BodyReader, bytearray], bool] = BodyReader.chunkLine  # a bound method would be a cycle
        self.checkSize(self.left)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.framing.kind.name} size={self.size} left={self.left} "
            f"complete={self.complete}>"
        )

    def read(self, raw: bytearray, closed: bool = False) -> bool:
        """Eat what is there of the body from the start of raw; return whether the body is complete.

        What follows the body stays in raw. closed: nothing will be added to raw any more.

        Raises BadChunk, BadHeader, BadFraming (400), HeadTooLarge (431), BodyTooLarge (413), and PrematureClosure when
        closed leaves the body incomplete; a body that is ended by the close of the connection is then complete.
        """
        kind = self.framing.kind
        if not self.complete:
            if kind is Kind.CHUNKED:
                self.readChunks(raw)
            elif kind is Kind.LENGTH:
                self.readLength(raw)
            elif raw:
                self.checkSize(len(raw))
                self.deliver(raw, len(raw))
            if closed and not self.complete:
                if kind is not Kind.CLOSE:
                    raise PrematureClosure(f"connection closed after {self.size} bytes of body")
                self.complete = True
        return self.complete

    @property
    def crumbly(self) -> bool:
        """Whether the body comes in so many so small chunks that it takes far more work than its size tells."""
        return self.chunks > CRUMBS and self.size < CRUMB * self.chunks

    def checkSize(self, more: int) -> None:
        """Raise BodyTooLarge if more bytes are more than the body may have."""
        if self.limits.body is not None and self.size + more > self.limits.body:
            raise BodyTooLarge(f"body of more than {self.limits.body} bytes")

    def deliver(self, raw: bytearray, size: int) -> None:
        """Move size bytes from raw to the sink."""
        piece = raw[:size]
        del raw[:size]
        self.size += size
        self.sink(piece)

    def readLength(self, raw: bytearray) -> None:
        """Eat what is there in raw of a body with a length."""
        size = min(self.left, len(raw))
        if size:
            self.left -= size
            self.deliver(raw, size)
            self.complete = not self.left

    def readChunks(self, raw: bytearray) -> None:
        """Eat what is there in raw of a chunked body."""
        while not self.complete and self.step(self, raw):
            pass

    def readChunk(self, raw: bytearray) -> bool:
        """Eat what is there in raw of one chunk, the last one with its trailers; return whether it is whole."""
        while self.step(self, raw):
            if self.step is BodyReader.chunkLine:
                return True
        return self.complete

    def chunkLine(self, raw: bytearray) -> bool:
        """Read a chunk line from raw; False: more is needed. Raises BadChunk."""
        end = raw.find(b"\r\n", self.seen)
        if end < 0 or end > self.limits.chunk:
            if len(raw) > self.limits.chunk + 1:
                raise BadChunk(f"chunk line of more than {self.limits.chunk} bytes")
            if ODD.search(raw, self.seen):
                raise BadChunk(f"bad chunk line {shown(raw)}")
            self.seen = max(0, len(raw) - 1)
            return False
        self.seen = 0
        size, parms = parseChunkLine(raw[:end])
        del raw[: end + 2]
        self.chunks += 1
        if parms:
            self.parms = parms
            self.extended += end
            if self.extended > self.limits.extensions:
                raise BadChunk(f"chunk extensions of more than {self.limits.extensions} bytes")
        self.checkSize(size)
        self.left = size
        self.step = BodyReader.chunkData if size else BodyReader.trailers
        return True

    def chunkData(self, raw: bytearray) -> bool:
        """Read data of a chunk from raw; False: more is needed. Raises BadChunk for what follows it but CRLF."""
        if self.left:
            size = min(self.left, len(raw))
            if size:
                self.left -= size
                self.deliver(raw, size)
            if self.left:
                return False
        end = raw[:2]
        if not b"\r\n".startswith(end):
            raise BadChunk(f"chunk data followed by {shown(end)}, not by CRLF")
        if len(end) < 2:
            return False
        del raw[:2]
        self.step = BodyReader.chunkLine
        return True

    def trailers(self, raw: bytearray) -> bool:
        """Read the trailers from raw; False: more is needed. Raises BadChunk, BadFraming, HeadTooLarge."""
        if raw[:2] == b"\r\n":
            del raw[:2]
            self.trails = []
            self.complete = True
            return False
        end = raw.find(BLANK, self.seen)
        if end < 0 or end > self.limits.trailer:
            if ODD.search(raw, self.seen, self.limits.trailer):
                raise BadChunk("control character, bare CR or bare LF in trailers")
            if len(raw) > self.limits.trailer + 3:
                raise HeadTooLarge(f"trailers of more than {self.limits.trailer} bytes")
            self.seen = max(0, len(raw) - 3)
            return False
        trails = parseFields(raw[:end], self.limits)
        if any(name.lower() in FRAMING for name, _ in trails):
            raise BadFraming("trailers that say how the body ends")  # RFC 9110, 6.5.1
        self.trails = trails
        del raw[: end + 4]
        self.complete = True
        return False
