"""Blocking applications beside the loop: a pool of threads runs them, the loop serves on.

Pool        threads that run calls of an application
Offloaded   a WSGI app that has another one called in a pool
Answer      what goes between the two: an iterator in the loop, filled by a thread

A thread calls the application, and takes the items of what it returns. They wait in the Answer, a bounded number of
bytes, until the server asks for them; a thread that is ahead of its client waits. Order within a connection is the
server's, which has one request of each at a time. The application sees no more of this than wsgi.multithread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from .. import help
from ..base import doing
from ..base.polling import Bell
from ..base.tyming import Tymth

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

logger = help.ogler.getLogger()

#: Bytes that may wait for the server in one Answer: as many as a server lets wait for the client.
Mark = 1 << 18


class Gone(Exception):
    """Nobody wants the rest of an answer."""


class Answer:
    """What a thread has to say to the loop, in the order in which it says it. Iterated over in the loop.

    Parameters:
        start: start_response of the server, called in the loop.
        tell: callable that has the loop look at this Answer soon; safe in any thread.

    Attributes:
        parked (bool): see http.Server.rouse. Belongs to the loop.
    """

    def __init__(self, start: StartResponse, tell: Callable[[Answer], None]) -> None:
        self.start = start
        self.tell = tell
        self.parked = False
        self.lock = threading.Condition()
        self.items: deque[bytes] = deque()
        self.size = 0  # bytes of items
        self.heads: deque[tuple[Any, ...]] = deque()  # arguments for start
        self.begun = False  # an item was taken or could have been: the head cannot be changed any more
        self.failure: BaseException | None = None
        self.ended = False  # nothing more comes
        self.cancelled = False  # nothing more is wanted

    def __repr__(self) -> str:
        return f"<Answer size={self.size} begun={self.begun} ended={self.ended} cancelled={self.cancelled}>"

    # -- in the loop --------------------------------------------------------------------------------------

    def __iter__(self) -> Answer:
        return self

    def __next__(self) -> bytes:
        """Return the next item, b"" while there is none yet; raise what the application raised."""
        with self.lock:
            heads, self.heads = self.heads, deque()
            item = self.items.popleft() if self.items else None
            if item is not None:
                self.size -= len(item)
                self.lock.notify()
            elif self.ended:
                self.parked = False
            else:
                self.parked = True
        for args in heads:
            self.start(*args)
        if item is not None:
            return item
        if not self.ended:
            return b""
        if self.failure is not None:
            raise self.failure
        raise StopIteration

    def close(self) -> None:
        """Want nothing more."""
        with self.lock:
            self.cancelled = True
            self.lock.notify()

    # -- in a thread --------------------------------------------------------------------------------------

    def begin(
        self, status: str, headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None, /,
    ) -> Callable[[bytes], object]:
        """Take status, headers and exc_info as start_response (PEP 3333); return put() as its write().

        Raises AssertionError when called again without exc_info, and what exc_info holds once an item was given.
        """
        with self.lock:
            if exc_info and self.begun and exc_info[1] is not None:
                raise exc_info[1].with_traceback(exc_info[2])
            if not exc_info and self.heads:
                raise AssertionError("start_response was called already, and there is no exc_info")
            self.heads.append((status, headers, exc_info) if exc_info else (status, headers))
        return self.put

    def put(self, item: bytes) -> None:
        """Have the loop take an item, once there is room for it; raise Gone when nobody wants it.

        An empty item is dropped. Raises TypeError for what is not bytes.
        """
        if not isinstance(item, (bytes, bytearray, memoryview)):
            raise TypeError(f"body items must be bytes, got {type(item).__name__} (PEP 3333)")
        if not len(item):
            return
        with self.lock:
            self.lock.wait_for(lambda: self.size < Mark or self.cancelled)
            if self.cancelled:
                raise Gone
            self.begun = True
            self.items.append(bytes(item))
            self.size += len(item)
            parked = self.parked
        if parked:
            self.tell(self)

    def end(self, failure: BaseException | None = None) -> None:
        """Say that this was all; failure: what the application raised, None: nothing."""
        with self.lock:
            self.failure = failure
            self.ended = True
        self.tell(self)

    def fill(self, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        """Call app with environ and take all that it returns; what app raises is the failure of this Answer."""
        failure: BaseException | None = None
        try:
            iterable = app(environ, self.begin)
            try:
                whole = type(iterable) in (list, tuple)
                for item in [b"".join(iterable)] if whole else iterable:
                    self.put(item)
            finally:
                close = getattr(iterable, "close", None)
                if close is not None:
                    close()
        except Gone:
            pass
        except BaseException as ex:  # the loop decides what becomes of it
            failure = ex
            if self.cancelled:
                logger.info("application failed after its peer was gone: %s", ex)
        self.end(failure)


class Pool(doing.Doer):
    """Threads that run an application; a doer, which brings what they have to the server.

    Parameters:
        size (int): number of threads.
    """

    def __init__(self, size: int, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.size = size
        self.jobs: SimpleQueue[tuple[Answer, WSGIApplication, WSGIEnvironment]] = SimpleQueue()
        self.told: deque[Answer] = deque()  # deque.append is atomic
        self.waiting: dict[Answer, Any] = {}  # Answer -> its Remoter
        self.bell: Bell | None = None

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth."""
        super().wind(tymth)

    def enter(self, *, temp: bool | None = None) -> None:
        """Start the threads."""
        assert self.tymth is not None
        self.bell = Bell(self.tymth.poller)  # type: ignore[attr-defined]
        for i in range(self.size):
            threading.Thread(target=self.work, name=f"hio-app-{i + 1}", daemon=True).start()

    def recur(self, tock: float = 0.0) -> Generator[float, float, bool]:
        """Rest until a thread has something."""
        assert self.bell is not None
        while True:
            yield self.bell.watch
            self.bell.quiet()
            self.collect()

    def exit(self) -> None:
        """Let go of the bell. The threads end with the process: nobody can end one that blocks."""
        if self.bell is not None:
            bell, self.bell = self.bell, None
            bell.close()

    def collect(self) -> None:
        """Have the server go on with the responses that have something to say."""
        while self.told:
            answer = self.told.popleft()
            remoter = self.waiting.get(answer)
            if answer.ended:
                self.waiting.pop(answer, None)
            req: Any = getattr(remoter, "protocol", None)
            keeper: Any = getattr(req, "keeper", None)
            if keeper is not None and req.responder is not None and req.responder.iterator is answer:
                keeper.rouse(req)

    def tell(self, answer: Answer) -> None:
        """Have the loop look at answer. Safe in any thread."""
        self.told.append(answer)
        bell = self.bell
        if bell is not None:
            try:
                bell.ring()
            except OSError:  # closed meanwhile
                pass

    def work(self) -> None:
        """Run one call after the other; the life of a thread."""
        while True:
            answer, app, environ = self.jobs.get()
            answer.fill(app, environ)
            del answer, app, environ  # lest a thread that waits keeps what it did last

    def run(self, app: WSGIApplication, environ: WSGIEnvironment, start: StartResponse) -> Answer:
        """Have a thread run app with environ; return what it will say.

        start: the start_response of the server, called in the loop.
        """
        answer = Answer(start, self.tell)
        self.waiting[answer] = environ.get("hio.remoter")
        self.jobs.put((answer, app, environ))
        return answer


class Offloaded:
    """A WSGI app that has another one called in a pool of threads."""

    def __init__(self, app: WSGIApplication, pool: Pool) -> None:
        self.app = app
        self.pool = pool

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app does, when it does; environ, start_response: as of PEP 3333."""
        environ["wsgi.multithread"] = True
        return self.pool.run(self.app, environ, start_response)
