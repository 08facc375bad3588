"""Responder: runs one WSGI call and sends what it gives as one HTTP/1.1 response (PEP 3333; RFC 9112, 6).

Each service() takes one item of the application's iterable, or the whole of it when it is a list or tuple, which
is there already. Nothing goes out before the first item that is not empty: until then the application may change
its mind about status and headers. An item that is empty means: nothing yet.

What the application gets wrong before the head went out is answered by 500; after it, the response is broken off
without an end mark (.aborted), so that the peer can tell it from a whole one. In every case the iterable is closed
exactly once.

Knows no socket: what goes out goes to .incomer.tx(bytes). How head and body look on the wire is in rendering.py.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from types import GeneratorType
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from ... import help
from ...help import Hict
from . import planning
from ..tcp.netting import Data
from .erring import HTTPError
from .heading import HTTP_10, HTTP_11, persists
from .rendering import PLAIN, UNSAID, ApplicationError, Incomer, Renderer

logger = help.ogler.getLogger()

#: Methods whose answers are framed in ways of their own (RFC 9110, 9.3.2 and 9.3.6).
SPECIAL = frozenset(("HEAD", "CONNECT"))

#: What an application may raise and the server survives. KeyboardInterrupt ends the program.
Raised = (Exception, SystemExit, GeneratorExit)

#: Bytes of a body, there as a whole, above which it goes out piece by piece, no more of it copied than the kernel does
#: not take at once.
LargeBody = 1 << 17
#: Bytes of one such piece. PERF: a quarter of it costs a third of the rate.
PieceSize = 1 << 19
#: Bytes from which on an item is offered to the kernel at once; smaller ones are gathered, to leave together.
PushSize = 1 << 14
#: Bytes of a file that one step has the kernel send at the most.
FileStep = 1 << 20

#: Empty items that are taken of an iterable that gave all it declared, before it is closed for not ending.
EpilogueBudget = 64


def pieces(body: Data) -> Iterator[memoryview]:
    """Yield body in pieces that are no copies."""
    view = memoryview(body)
    for start in range(0, len(view), PieceSize):
        yield view[start : start + PieceSize]


class Responder(Renderer):
    """One response of a WSGI application.

    Parameters:
        incomer: connection, with tx(bytes), which queues, and perhaps push, pushParts and pushFile, which may send at
            once, as those of a Stream do.
        app: WSGI application.
        environ (dict): of the request.
        chunkable (bool): the peer understands chunked coding; None: if SERVER_PROTOCOL of environ is HTTP/1.1.
        delay: not used.
        persisted (bool): the connection may stay open after the response, as far as the request goes; None: as
            SERVER_PROTOCOL and HTTP_CONNECTION of environ have it (RFC 9112, 9.3).
        dater: renders the Date, whose line is fresh when a server's turn begins; None: an own one.

    Attributes:
        started (bool): start_response was called. headed: the head went out. ended: nothing more is to come.
        aborted (bool): the response was broken off; the connection must be cut. closed: the peer is gone.
        chunked (bool): the body goes out in chunks. length (int | None): Content-Length declared. size (int): bytes of
            body sent.
        persisted (bool): the connection may stay open after this response, known once headed.
        gave (bool): the last service() took an item that was not empty.
        failure (BaseException | None): what the application raised.
        iterable: what the application returned; iterator: what is advanced, None before the call.
    """

    HttpVersionString = "HTTP/1.1"
    Delay = 1.0

    # As in Renderer: reset only if .used
    closed = aborted = False
    onDisk = False  # the iterable knows where on disk its bytes are, and the connection can send from there
    failure: BaseException | None = None
    iterable: Any = None

    def __init__(
        self,
        incomer: Incomer,
        app: WSGIApplication,
        environ: WSGIEnvironment,
        chunkable: bool | None = False,
        delay: float | None = None,
        persisted: bool | None = None,
        dater: planning.Dater | planning.LoneDater | None = None,
    ) -> None:
        self.incomer = incomer
        self.push: Callable[[Data], object] = getattr(incomer, "push", incomer.tx)
        self.app = app
        self.dater = dater if dater is not None else planning.LoneDater()
        self.reset(environ, chunkable, persisted)

    def reset(self, environ: WSGIEnvironment, chunkable: bool | None = None, persisted: bool | None = None) -> None:
        """Prepare for another request on the connection. chunkable, persisted None: as environ tells of the request."""
        if chunkable is None:
            chunkable = environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        if persisted is None:
            version = environ.get("SERVER_PROTOCOL", "HTTP/1.1" if chunkable else "HTTP/1.0")
            persisted = persists(HTTP_11 if version == "HTTP/1.1" else HTTP_10, environ.get("HTTP_CONNECTION"))
        self.environ = environ
        self.chunkable = chunkable
        self.persisted = persisted
        self.started = self.headed = self.ended = self.gave = False
        self.size = 0
        self.plan = UNSAID
        self.tail = None
        if self.used:
            self.used = self.closed = self.aborted = self.chunked = self.onDisk = False
            self.failure = self.iterable = self.iterator = None

    # -- one step -----------------------------------------------------------------------------------------

    def service(self) -> None:
        """Take one step: call the application if that was not done, then take one item.

        Returns nothing; see .gave, .ended, .aborted. Nothing that the application raises is raised, but
        KeyboardInterrupt.
        """
        if self.ended:
            return
        self.gave = False
        try:
            iterator = self.iterator
            if iterator is None:
                iterable: Any = self.app(self.environ, self.start)
                kind = type(iterable)
                if kind is list or kind is tuple:
                    self.whole(iterable)
                    return
                self.used = True
                self.iterable = iterable
                self.onDisk = hasattr(iterable, "onDisk") and hasattr(self.incomer, "pushFile")
                if self.ended:  # the application closed its own connection
                    self.release()
                    return
                iterator = self.iterator = iter(iterable)
            self.step(iterator)
        except Raised as ex:
            self.fail(ex)

    def step(self, iterator: Iterator[Any]) -> None:
        """Take one item of the iterator, or have the kernel send what it would read from a file."""
        if self.onDisk and self.headed and self.passFile(iterator):
            return
        try:
            item = next(iterator)
        except StopIteration as ex:
            if self.ended:  # the application closed its own connection
                self.release()
                return
            if ex.value is not None:
                self.check(ex.value)
                if ex.value:
                    self.incomer.tx(self.frame(ex.value))
            self.finish()
            return
        if self.ended:
            self.release()
            return
        self.check(item)
        if len(item):
            self.gave = True
            data = self.frame(item)
            (self.push if len(data) >= PushSize else self.incomer.tx)(data)
            if self.bodiless:
                self.finish()
            elif self.size == self.plan.length:
                self.epilogue(iterator)

    def passFile(self, iterator: Iterator[Any]) -> bool:
        """Have the kernel send from the iterable's file to the connection; return whether it took some.

        When it did not, because it takes no more now, or cannot do so with this file or connection, the iterator gives
        the bytes as any other does.
        """
        length = self.plan.length
        place = self.iterable.onDisk()
        if length is None or place is None or self.bodiless:
            self.onDisk = False
            return False
        file, offset, count = place
        incomer: Any = self.incomer
        taken: int = incomer.pushFile(file, offset, min(count, length - self.size, FileStep))
        if not taken:
            return False
        self.iterable.skip(taken)
        self.size += taken
        self.gave = True
        if self.size == length:
            self.epilogue(iterator)
        return True

    def epilogue(self, iterator: Iterator[Any]) -> None:
        """Let an iterable that gave all it declared run to its end, for what it does there; take no more bytes."""
        for _ in range(EpilogueBudget):
            item = next(iterator, None)  # no for loop over it: that would call its __iter__ a second time
            if item is None:
                break
            if item:
                logger.error("application gave more than its Content-Length of %d: %s", self.plan.length, self.where())
                self.persisted = False
                break
        self.finish()

    def whole(self, items: Sequence[Any]) -> None:
        """Send a body that is there as a whole, items: head and all of it in one go. Raises ApplicationError."""
        body = items[0] if len(items) == 1 else self.join(items)
        plan = self.plan
        if plan is UNSAID:
            raise ApplicationError("start_response was not called (PEP 3333)")
        size = len(body)
        if size > LargeBody and not self.bodiless:
            self.large(body)
            return
        if (
            plan.length == size and type(body) is bytes and self.chunkable and self.persisted
            and not (plan.closing or plan.dated or plan.bodiless or self.headed)
            and self.environ["REQUEST_METHOD"] not in SPECIAL
        ):  # PERF: what nearly every response is; a third of the cost of the general path
            dater = self.dater
            self.date = dater.text
            self.tail = PLAIN
            self.headed = self.ended = True
            self.size = size
            self.push(b"".join((plan.lead, dater.line, b"\r\n", body)))
            return
        self.check(body)
        if plan.length is None and not (self.chunkable or plan.bodiless or self.headed):
            self.declare(len(body))
        if body:
            data = self.frame(body)
            self.push(b"".join((data, b"0\r\n\r\n")) if self.chunked else data)
        self.finish(marked=bool(body))

    def large(self, body: Data) -> None:
        """Send a body that is there as a whole, and large, as the peer takes it."""
        self.check(body)
        if self.plan.length is None and not (self.chunkable or self.headed):
            self.declare(len(body))
        self.used = True
        taken = 0
        if not self.headed:
            head = self.build()
            self.headed = True
            pushParts: Callable[[Data, Data], int] | None = getattr(self.incomer, "pushParts", None)
            if pushParts is None or self.plan.length != len(body):
                self.push(head)
            else:
                self.size = taken = pushParts(head, body)
        if taken == len(body):
            self.finish()
        else:
            self.iterator = pieces(memoryview(body)[taken:])
            self.step(self.iterator)

    def join(self, items: Sequence[Any]) -> bytes:
        """Return the items of a body as one."""
        for item in items:
            self.check(item)
        return b"".join(items)

    def finish(self, marked: bool = False) -> None:
        """End a response whose iterable is exhausted, or holds nothing more that counts.

        marked: the end of its chunks was sent already. Raises ApplicationError for less body than was declared.
        """
        if not self.started:
            raise ApplicationError("the iterable ended and start_response was not called (PEP 3333)")
        if not self.headed:
            self.incomer.tx(self.frame(b""))
        if not self.bodiless:
            length = self.plan.length
            if length is not None and self.size < length:
                raise ApplicationError(f"{self.size} bytes of body where Content-Length declares {length}")
            if self.chunked and not marked:
                self.incomer.tx(b"0\r\n\r\n")
        self.ended = True
        self.release()

    # -- when it goes wrong -------------------------------------------------------------------------------

    def fail(self, ex: BaseException) -> None:
        """Answer ex, which the application raised: a status if no head went out yet, else break the response off."""
        self.failure = ex
        self.used = True
        self.release()
        if self.headed or self.ended:
            self.tell("application failed after the head, connection is cut", ex)
            self.abort()
            return
        if isinstance(ex, HTTPError):
            error = ex
        else:
            self.tell("application failed", ex)
            error = HTTPError(500)
        try:
            self.refuse(error)
        except (TypeError, ValueError) as worse:  # the error's own headers or status are not valid
            logger.error("error of the application cannot be rendered: %s", self.where(), exc_info=worse)
            self.refuse(HTTPError(500))

    def tell(self, text: str, ex: BaseException) -> None:
        """Log that the application raised ex; where the log is silent, as it is at first, write it to wsgi.errors."""
        logger.error("%s: %s", text, self.where(), exc_info=ex)
        errors = self.environ.get("wsgi.errors")
        if errors is None or logger.isEnabledFor(logging.ERROR):
            return
        try:
            errors.write(f"hio: {text}: {self.where()}\n{''.join(traceback.format_exception(ex))}")
        except Raised:
            pass  # a standard error that is closed is no reason to end the server

    def refuse(self, error: HTTPError) -> None:
        """Send error as the response."""
        body = error.render()
        headers = Hict(error.headers or {})
        if "Content-Type" not in headers:
            headers["Content-Type"] = "text/plain"
        headers["Content-Length"] = str(len(body))
        self.iterator = None
        self.plan = planning.plan(f"{error.status} {error.reason}", [(k, str(v)) for k, v in headers.items()])
        self.started = True
        self.size = 0
        self.incomer.tx(self.frame(body))
        self.ended = True

    def dismiss(self) -> bool:
        """End an event stream in good order, as if its iterable were exhausted; return whether it is one."""
        if not (self.evented and self.started and self.iterator is not None) or self.ended:
            return False
        self.persisted = False
        try:
            self.finish()
        except Raised as ex:
            self.fail(ex)
        return True

    def abort(self) -> None:
        """Break the response off: nothing more is sent, no end mark; the connection must be cut."""
        self.aborted = not self.ended or self.aborted
        self.used = self.ended = True
        self.persisted = False
        self.release()

    def close(self) -> None:
        """Break off what is not ended because the peer is gone or the server closes."""
        self.closed = self.used = True
        self.abort()

    def release(self) -> None:
        """Call close() of what the application returned, once; what it raises is logged.

        Not of a generator that is running, which itself brought this about: that is closed once it pauses.
        """
        if type(self.iterable) is GeneratorType and self.iterable.gi_running:
            return
        iterable, self.iterable = self.iterable, None
        if iterable is not None:
            close = getattr(iterable, "close", None)
            if close is not None:
                try:
                    close()
                except Raised as ex:
                    self.tell("close() of the application's iterable failed", ex)

    def __repr__(self) -> str:
        state = [word for word in ("started", "headed", "ended", "aborted", "chunked") if getattr(self, word)]
        return f"<Responder {self.where()} {self.status!r} size={self.size} {' '.join(state)}>"
