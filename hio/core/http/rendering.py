"""Renderer: makes the bytes of one response of what a WSGI application says and gives (PEP 3333; RFC 9112, 6).

Renderer           start_response and write; the head; an item of the body with what frames it
ApplicationError   the application broke PEP 3333
Incomer            what a response goes out on

Nothing is a head before it must be: until then the application may change its mind about status and headers. Knows
neither when the application is called nor what becomes of its failures; responding.py does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import GeneratorType, TracebackType
from typing import Any, Protocol, TypeAlias
from wsgiref.types import WSGIEnvironment

from ... import help
from ...help import Hict
from . import planning
from ..tcp.netting import Data
from .planning import plan

logger = help.ogler.getLogger()

#: exc_info of PEP 3333: what sys.exc_info() returned.
ExcInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]"


def makeTail(connection: str, chunked: bool) -> tuple[bytes, list[tuple[str, str]]]:
    """Return what closes a head, as (bytes, fields): Connection, "" for none, and whether the body comes in chunks."""
    fields = [("Connection", connection)] if connection else []
    if chunked:
        fields.append(("Transfer-Encoding", "chunked"))
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("ascii") + b"\r\n", fields


#: {(value of Connection, "" for no such field; whether in chunks): what closes the head}
TAILS = {(word, chunked): makeTail(word, chunked) for word in ("", "close", "keep-alive") for chunked in (False, True)}
PLAIN = TAILS["", False]  # of a response that says its length, on a connection that goes on

#: What a response is before start_response; not one of those that are remembered.
UNSAID = planning.make("200 OK", [])


class ApplicationError(Exception):
    """The application broke PEP 3333."""


class Incomer(Protocol):
    """A connection that responses go out on."""

    def tx(self, data: Data, /) -> None:
        """Queue a copy of data to be sent."""


class Renderer:
    """What one response says and how it is framed: the part of a Responder that has no turns. See there."""

    # PERF: what a response that is there as a whole never sets, has no need to be reset either
    used = False  # something of it was set
    chunked = False
    iterator: Iterator[Any] | None = None
    date: str  # the Date of the head, once headed

    incomer: Incomer
    environ: WSGIEnvironment
    dater: planning.Dater | planning.LoneDater
    chunkable: bool
    persisted: bool
    started: bool
    headed: bool
    ended: bool
    size: int
    plan: planning.Plan
    tail: tuple[bytes, list[tuple[str, str]]] | None  # what closed the head, once headed

    # -- what was asked for -------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """Status text with its reason; 200 OK before start_response."""
        return self.plan.status

    @property
    def headers(self) -> Hict:
        """Hict of the header fields; once headed, of all that went out."""
        plan, tail = self.plan, self.tail
        fields = list(plan.fields) if plan is not UNSAID else []
        if tail is not None:
            if not plan.dated:
                fields.append(("Date", self.date))
            fields.extend(tail[1])
        return Hict(fields)

    @property
    def length(self) -> int | None:
        """Bytes of the body as declared by Content-Length, None when not declared."""
        return self.plan.length

    @property
    def evented(self) -> bool:
        """Whether the content is an event stream."""
        return self.plan.evented

    @property
    def bodiless(self) -> bool:
        """Whether no body may follow the head (RFC 9110, 9.3.2; RFC 9112, 6.3)."""
        return self.plan.bodiless or self.environ["REQUEST_METHOD"] == "HEAD"

    def start(
        self, status: object, response_headers: object, exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        """Note status and response_headers: the start_response callable of PEP 3333, with its exc_info.

        Returns:
            write, a callable that takes bytes.

        Raises:
            AssertionError: called again without exc_info. TypeError, ValueError: status or headers not as PEP 3333
            wants them. What exc_info holds: the head went out already.
        """
        if exc_info:
            try:
                if self.headed and exc_info[1] is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no cycle through the traceback
        elif self.started:
            raise AssertionError("start_response was called already, and there is no exc_info")
        self.plan = plan(status, response_headers)
        self.started = True
        return self.write

    # -- what goes out ------------------------------------------------------------------------------------

    def build(self) -> bytes:
        """Return the head as bytes, and settle framing and persistence.

        Attributes _status and _headers of the iterator override what start_response was told.
        """
        iterator = self.iterator
        if iterator is not None and type(iterator) is not GeneratorType:
            self.override(getattr(iterator, "_status", None), getattr(iterator, "_headers", None))
        if self.environ["REQUEST_METHOD"] == "CONNECT":
            self.tunnel()
        plan = self.plan
        if plan.closing or plan.code < 200:
            self.persisted = False
        if plan.length is None and not plan.bodiless:
            self.used = True
            self.chunked = self.chunkable
            if not self.chunkable:
                self.persisted = False  # only the end of the connection ends the body
        dater = self.dater
        line = b"" if plan.dated else dater.render()
        self.date = dater.text
        connection = "close" if not self.persisted else "" if self.chunkable else "keep-alive"
        self.tail = TAILS[connection, self.chunked]
        if self.bodiless:
            self.chunked = False
        return b"".join((plan.lead, line, self.tail[0]))

    def tunnel(self) -> None:
        """Settle what is special of an answer to CONNECT (RFC 9110, 9.3.6).

        It is the last on its connection, since what the peer sends behind a CONNECT is no request. If it is a success,
        what follows its head is the far end of a tunnel: no framing, and the end of the connection is its end.
        """
        self.persisted = False
        if 200 <= self.plan.code < 300:
            self.chunkable = False
            self.plan = planning.unsized(self.plan)

    def override(self, status: object, headers: Any) -> None:
        """Have status (int or str) and headers (mapping), as the iterator has them, replace those of start_response."""
        if status is None and not headers:
            return
        plan = self.plan
        merged = Hict([field for field in plan.fields if field != ("Server", planning.SERVER)])
        merged.update(headers or {})
        if plan.closing:
            merged["Connection"] = "close"
        self.plan = planning.plan(plan.status if status is None else status, list(merged.items()))

    def frame(self, item: Data) -> Data:
        """Return what goes on the wire for an item that is not empty: the head before it if that is due.

        Raises ApplicationError before start_response was called.
        """
        if not self.started:
            raise ApplicationError("body before start_response was called (PEP 3333)")
        head = b""
        if not self.headed:
            head = self.build()
            self.headed = True
        if self.bodiless:
            return head
        length = self.plan.length
        if length is not None and self.size + len(item) > length:
            logger.error("application gave more than its Content-Length of %d: %s", length, self.where())
            item = item[: length - self.size]
            self.persisted = False
        self.size += len(item)
        if self.chunked and item:
            return b"".join((head, b"%x\r\n" % len(item), item, b"\r\n"))
        return b"".join((head, item)) if head else item

    def write(self, msg: Data) -> None:
        """Send msg, after the head: the write callable of PEP 3333. Empty bytes send nothing.

        Raises AssertionError before start_response was called, ApplicationError for what is not bytes.
        """
        if not self.started:
            raise AssertionError("write before start_response")
        self.check(msg)
        if msg and not self.ended:
            self.incomer.tx(self.frame(msg))

    @staticmethod
    def check(item: object) -> None:
        """Raise ApplicationError unless item is bytes-like."""
        if not isinstance(item, (bytes, bytearray, memoryview)):
            raise ApplicationError(f"body items must be bytes, got {type(item).__name__} (PEP 3333)")
        if type(item) is memoryview and not (item.c_contiguous and item.nbytes == len(item)):
            raise ApplicationError("body items must be bytes, got a memoryview of something else")

    def declare(self, length: int) -> None:
        """Add length as Content-Length, known to the server alone, so that a peer without chunked coding is kept."""
        fields = [field for field in self.plan.fields if field != ("Server", planning.SERVER)]
        closing = [("Connection", "close")] if self.plan.closing else []
        self.plan = planning.make(self.plan.status, [*fields, ("Content-Length", str(length)), *closing])

    def where(self) -> str:
        """Return text that tells which request this was."""
        environ = self.environ
        return f"{environ.get('REQUEST_METHOD')} {environ.get('RAW_URI', environ.get('PATH_INFO'))!r}"
