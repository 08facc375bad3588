"""Content codings undone: gzip and deflate, as the bytes come, within a bound (RFC 9110, 8.4.1).

OFFER     what a client says in Accept-Encoding when it undoes codings
decoder   the Decoder for a Content-Encoding, or None when there is nothing to undo
Decoder   takes coded bytes, gives decoded ones to a sink

A few bytes can stand for gigabytes. So no step decodes more than a piece, and each piece is counted before the next
is made.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from .faulting import BodyTooLarge, HTTPException

Sink = Callable[[bytes], object]

OFFER = "gzip, deflate"

CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}  # RFC 9110, 8.4.1.3: x-gzip is gzip

PIECE = 65536  # most bytes that one step decodes
DEPTH = 3  # most codings, one upon the other, that are undone; two are one too many already

GZIP = 16 + zlib.MAX_WBITS
ZLIB = zlib.MAX_WBITS
RAW = -zlib.MAX_WBITS


class BadCoding(HTTPException):
    """A body is not what its Content-Encoding says."""

    text = "The body is not validly coded."


def decoder(coding: str, sink: Sink, limit: int | None) -> Decoder | None:
    """Return what undoes coding, a Content-Encoding: a list of codings in the order in which they were applied.

    sink: called with each decoded piece, bytes. limit: most bytes of all of them; None: no limit.

    Returns None when there is none, or one that is not known here: such a body stays as it is, and its fields say so.
    Raises BadCoding for a list of more than DEPTH.
    """
    names = [name.strip(" \t").lower() for name in coding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if len(names) > DEPTH:
        raise BadCoding(f"body of {len(names)} codings, one upon the other")
    if not all(name in CODINGS for name in names):
        return None
    found: Decoder | None = None
    for name in names:  # the last one applied is undone first, and hands on to the one before
        found = Decoder(CODINGS[name], sink if found is None else found.feed, limit, found)
    return found


class Decoder:
    """Undoes one coding, "gzip" or "deflate".

    sink: called with each piece of decoded bytes. limit: most bytes in all; None: no limit. following: the Decoder
    whose feed the sink is, if any, to be finished with this one.
    """

    def __init__(self, coding: str, sink: Sink, limit: int | None = None, following: Decoder | None = None) -> None:
        self.coding = coding
        self.sink = sink
        self.limit = limit
        self.following = following
        self.size = 0
        self.held = b""  # of deflate, until two bytes tell which of its two forms it is
        self.engine: zlib._Decompress | None = None  # None until there is something to decode

    def feed(self, data: bytes | bytearray) -> None:
        """Decode data. Raises BadCoding, BodyTooLarge."""
        if self.engine is None:
            data = self.held + data
            if len(data) < 2:
                self.held = data
                return
            self.held = b""
            self.engine = zlib.decompressobj(self.windowBits(data))
        while data:
            engine = self.engine
            if engine.eof:  # of gzip one member may follow another (RFC 1952, 2.2); of deflate nothing may
                self.engine = engine = zlib.decompressobj(self.windowBits(b""))
            data = self.step(engine, data)

    def windowBits(self, start: bytes | bytearray) -> int:
        """Return the format for a stream that begins with start, as zlib has it.

        RFC 9110 means zlib's own format by deflate; some servers send it bare. RFC 1950, 2.2 tells them apart.
        Raises BadCoding for what is neither.
        """
        if self.coding == "gzip":
            return GZIP
        if not start:
            raise BadCoding("bytes after the end of a deflate body")
        return ZLIB if start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0 else RAW

    def step(self, engine: zlib._Decompress, data: bytes | bytearray) -> bytes:
        """Decode a piece of data, and what engine holds back; return the rest. Raises BadCoding, BodyTooLarge."""
        while True:
            try:
                piece = engine.decompress(data, PIECE)
            except zlib.error as ex:
                raise BadCoding(f"bad {self.coding} body: {ex}") from ex
            self.size += len(piece)
            if self.limit is not None and self.size > self.limit:
                raise BodyTooLarge(f"body of more than {self.limit} bytes decoded")
            if piece:
                self.sink(piece)
            if engine.eof:
                return engine.unused_data
            data = engine.unconsumed_tail
            if not data and len(piece) < PIECE:
                return b""

    def finish(self) -> None:
        """Take note that all of the body was fed. Raises BadCoding when its end is missing; nothing at all is fine."""
        if self.held or (self.engine is not None and not self.engine.eof):
            raise BadCoding(f"{self.coding} body without its end")
        if self.following is not None:
            self.following.finish()
