"""EventSource: server-sent events out of a bytearray, as they come (WHATWG HTML, 9.2.5 and 9.2.6)."""

from __future__ import annotations

import codecs
import json
import re
from collections import deque
from collections.abc import Generator
from typing import Any

from ...help.helping import typed
from .faulting import LineTooLong

Event = dict[str, Any]

LINE_END = re.compile(rb"\r\n|\n|\r")

RETRY_DIGITS = 15  # most digits of a retry that is taken: 30,000 years; int() of very many is slow, then an error


class EventSource:
    """Incremental parser of an event stream.

    raw       bytearray shared with who receives the stream, eaten from its start
    events    deque to which each event is appended, as a dict
                  id      last event id when it came, a str, or None before the first
                  name    its event field, "" when it has none
                  data    its data fields joined by a line feed; decoded when dictable and valid JSON
    dictable  whether data that is JSON is decoded
    leid      last event id, a str, None until one came: what Last-Event-ID says on reconnection
    retry     reconnection time that the stream asks for, int milliseconds, or None
    bom       the byte order mark that was stripped, empty for none; None before the first bytes
    parser    generator at work; None when ended
    ended     the stream is over: it was closed, and all that was there is parsed
    closed    nothing will be added to raw any more

    A line ends with LF, CR LF or CR. A CR that is the last byte so far ends its line at once, for the event must not
    wait for bytes that the other side may send much later; an LF that then follows belongs to it.
    """

    Limit = 1 << 20  # most bytes of one event, line ends included: a stream without blank lines must not grow for ever

    def __init__(
        self,
        raw: bytearray | None = None,
        events: deque[Event] | None = None,
        dictable: bool = False,
    ) -> None:
        """Arm a parser on raw (None: a bytearray of its own) that appends to events (None: a deque of its own)."""
        self.raw = bytearray() if raw is None else typed("raw", raw, bytearray)
        self.events: deque[Event] = deque() if events is None else typed("events", events, deque)
        self.dictable = bool(dictable)
        self.leid: str | None = None
        self.retry: int | None = None
        self.bom: bytearray | None = None
        self.ended: bool | None = None
        self.closed: bool | None
        self.parser: Generator[None, None, None] | None = None
        self.makeParser()

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} leid={self.leid!r} retry={self.retry} events={len(self.events)} "
            f"ended={self.ended}>"
        )

    def makeParser(self, raw: bytearray | None = None) -> None:
        """Arm a parser for a new stream in raw (None: the same buffer), not closed. Last event id and retry stay."""
        if raw is not None:
            self.raw = raw
        self.closed = None
        if self.parser:
            self.parser.close()
        self.parser = self.parseEventStream()

    def close(self) -> None:
        """Take note that nothing will be added to raw: the next parse() ends."""
        self.closed = True

    def parse(self) -> None:
        """Parse all that is there. Raises LineTooLong for an event of more than Limit bytes."""
        if self.parser:
            try:
                next(self.parser, None)
            except LineTooLong:
                self.parser = None
                raise

    def parseEventStream(self) -> Generator[None, None, None]:
        """Parse a whole stream, yielding None where more is needed; what it does not complete by its end is dropped."""
        self.ended = False
        self.closed = bool(self.closed)
        bom = codecs.BOM_UTF8
        while not self.closed and len(self.raw) < len(bom) and bom.startswith(self.raw):
            yield None
        self.bom = bytearray(bom if self.raw.startswith(bom) else b"")
        del self.raw[: len(self.bom)]
        yield from self.parseEvents()
        self.raw.clear()
        self.ended = True
        self.parser = None

    def parseEvents(self) -> Generator[None, None, None]:
        """Parse events until the stream is closed, yielding None where more is needed."""
        block = Block(self.leid)
        seen = 0  # bytes of raw without a line end
        half = False  # the last line ended with a CR whose LF may still come
        while True:
            raw = self.raw
            start = 0
            if half and raw:
                start = int(raw[0] == 0x0A)
                half = False
            seen = max(seen, start)
            while end := LINE_END.search(raw, seen):
                block.size += end.end() - start
                self.checkSize(block.size)
                if end.start() == start:
                    self.dispatch(block)
                    block = Block(self.leid)
                else:
                    self.take(block, raw[start : end.start()].decode("utf-8", "replace"))
                start = seen = end.end()
                half = start == len(raw) and raw[-1] == 0x0D
            del raw[:start]
            seen = len(raw)
            self.checkSize(block.size + seen)
            if self.closed:
                return
            yield None

    def checkSize(self, size: int) -> None:
        """Raise LineTooLong if an event of size bytes is too large."""
        if size > self.Limit:
            raise LineTooLong("event")

    def take(self, block: Block, line: str) -> None:
        """Add the field in line to block; a retry counts at once. Comments and unknown fields are ignored."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            block.data.append(value)
        elif name == "event":
            block.name = value
        elif name == "id":
            if "\0" not in value:
                block.leid = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) <= RETRY_DIGITS:
            self.retry = int(value)

    def dispatch(self, block: Block) -> None:
        """End block: its id counts from now on, and it is an event if it has data."""
        self.leid = block.leid
        if not block.data:
            return
        data: object = "\n".join(block.data)
        if self.dictable:
            try:
                data = json.loads(str(data))
            except (ValueError, RecursionError):
                pass
        self.events.append({"id": self.leid, "name": block.name, "data": data})


class Block:
    """The lines between two blank ones, so far; leid is the last event id that was in force before them."""

    __slots__ = ("data", "leid", "name", "size")

    def __init__(self, leid: str | None) -> None:
        self.leid = leid
        self.name = ""
        self.data: list[str] = []
        self.size = 0
