"""Journal: what became of each request, gathered by the servers of one process and handed on in batches.

A server whose .journal is one tells it of each request that is answered, refused, or broken off. There is one entry a
request, made once all of the answer is sent or cannot be sent any more. Entries wait until there are many, or for a
moment, and then go to the sinks: the access log (accessing.py), the metrics (measuring.py), the program's observers.

Entry   one request, as what is cheapest to make: a tuple of a tuple
Record  the same for people and programs: every fact has a name
Sink    takes entries
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from itertools import count
from typing import Any, NamedTuple, Protocol, TypeAlias

from ..base import doing
from ..base.polling import Watch
from ..base.tyming import Tymth
from ..core.http.framing import NOTHING
from ..core.http.heading import HTTP_11
from ..core.http.requesting import ANSWER, BODY, HEAD
from ..help import timing

#: Entries that are handed on at once, for the sake of memory. A batch costs a write to a file.
Batch = 512
#: Seconds of tyme after which entries are handed on, however few: what somebody who looks at a log can bear.
Delay = 0.25

#: Phases in which the end of a connection is the end of a request.
CUT = (HEAD, BODY, ANSWER)

#: address, method, target, version, status (None: no answer was begun), bytes of body sent, referer, user agent
Facts: TypeAlias = "tuple[str, str, str, Any, int | None, int, str | None, str | None]"
#: facts; when the request began, was whole, was answered and its answer sent, by the clock; bytes of body received;
#: request id, None for none yet; cause of an early end, "" for none
Entry: TypeAlias = "tuple[Facts, float, float, float, float, int, str | None, str]"


class Record(NamedTuple):
    """One request."""

    began: float  # seconds since 1970 at which its first byte was seen
    id: str  # of the request: that which a trusted proxy or the app knows, or a new one
    address: str  # of the client, "" on a UNIX-domain socket
    method: str  # "-" when there was no readable head
    target: str  # as it was sent, "-" when there was no readable head
    protocol: str  # as "HTTP/1.1", "-" when there was no readable head
    status: int | None  # None: no answer was begun
    received: int  # bytes of body
    sent: int  # bytes of body that left this process
    referer: str | None  # of the field Referer, None: there was none
    agent: str | None  # of the field User-Agent, None: there was none
    wait: float  # seconds from the first byte of the request to its last
    app: float  # seconds from there to the end of the response as the application gave it
    send: float  # seconds from there until the kernel had all of it
    cause: str  # why it ended early, "" if it did not


class Sink(Protocol):
    """Takes entries. What it raises is a bug.

    Attributes:
        naming (bool): it tells the ids of requests.
    """

    naming: bool

    def take(self, entries: list[Entry], journal: Journal) -> None:
        """Take a batch of entries, all of the second journal.second."""


class Journal:
    """Gathers entries and hands them to the sinks.

    Parameters:
        sinks: who takes the entries.
        name (str): first part of the ids of requests that have none, unlike that of any other process at any time.
        clock, wall: callables that answer the seconds of a clock that never goes back, and those since 1970; None:
            those of the machine.

    Attributes:
        now (float): clock of the turn that is going on. second (int): seconds since 1970 of the entries that wait.
        count (int): requests that were handed on.
        offset (float): what to add to a clock's reading to get seconds since 1970.
        watch (Watch): woken when there is something to hand on.
    """

    def __init__(
        self,
        sinks: Iterable[Sink] = (),
        name: str = "",
        clock: Callable[[], float] | None = None,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self.sinks = list(sinks)
        self.naming = sum(sink.naming for sink in self.sinks) > 1  # all of them have to tell the same id
        self.name = name
        self.clock = timing.monoTime if clock is None else clock
        self.wall = timing.wallTime if wall is None else wall
        self.entries: list[Entry] = []
        self.serials = count(1)  # of ids; a thread may take the next one
        self.count = 0
        self.watch = Watch()
        self.offset = 0.0
        self.now = 0.0
        self.last = 0.0  # clock when the application was last called in this turn, and came back
        self.second = 0
        self.turn()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} entries={len(self.entries)} count={self.count} sinks={len(self.sinks)}>"

    # -- what servers tell --------------------------------------------------------------------------------

    def turn(self) -> None:
        """A turn of a server begins."""
        self.now = self.last = now = self.clock()
        wall = self.wall()
        second = int(wall)
        if self.entries and (second != self.second or len(self.entries) >= Batch):
            self.flush()
        self.second = second
        self.offset = wall - now

    def began(self, req: Any) -> None:
        """Note that part of a request came; req: the server's Requestant of it."""
        if req.times is None:
            req.times = (self.now, None)

    def ongoing(self, req: Any) -> None:
        """Note that the response to req is not whole at the end of a step."""
        times = req.times
        if times is None:
            req.times = (self.now, self.now)
        elif times[1] is None:
            req.times = (times[0], self.now)
        self.last = self.clock()

    def answered(self, req: Any, rep: Any) -> None:
        """Make an entry of req, to which the application gave the whole response, or failed; rep: its Responder."""
        get = rep.environ.get
        facts = factsOf(req, rep)
        now = self.now
        if req.times is None and req.framing_ is NOTHING and not rep.used and not req.remoter.txbs:
            called, self.last = self.last, (done := self.clock())
            if not self.entries:
                self.watch.wake()
            self.entries.append((facts, now, called, done, done, 0, get("hio.request.id"), ""))
            return
        began, whole = req.times or (now, now)
        req.times = None
        received = int(get("CONTENT_LENGTH") or 0)
        self.last = done = self.clock()
        entry = (
            facts, began, now if whole is None else whole, done, 0.0, received, get("hio.request.id"),
            causeOf(req, rep),
        )
        self.settle(req, entry)

    def refused(self, req: Any, fault: Any, size: int) -> None:
        """Make an entry of req, which the server itself answered for fault, with size bytes of body."""
        facts = self.factsCut(req, fault.status, size)
        began = req.times[0] if req.times else self.now
        req.times = None
        self.settle(req, (facts, began, self.now, self.now, 0.0, 0, None, f"refused: {fault}"))

    def settle(self, req: Any, entry: Entry) -> None:
        """Add entry once all is sent on the connection of req."""
        if req.remoter.txbs and not req.remoter.broken:
            req.owing = (*(req.owing or ()), entry)
        else:
            self.add(entry, self.clock())

    def sent(self, req: Any) -> None:
        """Add what waited until all that was queued for the connection of req is sent."""
        owing, req.owing = req.owing, None
        now = self.clock()
        for entry in owing:
            self.add(entry, now)

    def gone(self, req: Any) -> None:
        """Make entries of what the end of the connection of req, whatever that was doing, breaks off."""
        cause = req.cause or ("peer reset" if req.remoter.broken else "peer closed" if req.remoter.cutoff else "closed")
        now = self.clock()
        unsent = len(req.remoter.txbs) + req.remoter.dropped
        if req.owing is not None:
            owing, req.owing = req.owing, None
            for entry in owing:
                self.add(self.cutShort(entry, unsent, entry[7] or cause), now)
        rep = req.responder
        if req.phase in CUT and (rep is None or not rep.ended or req.phase is not ANSWER):
            started = req.phase is ANSWER and rep is not None and rep.headed
            facts = self.factsCut(req, rep.plan.code if started else None, max(0, rep.size - unsent) if started else 0)
            began, whole = req.times or (self.now, None)
            req.times = None
            self.add((facts, began, now if whole is None else whole, now, 0.0, 0, None, cause), now)

    # -- entries ------------------------------------------------------------------------------------------

    def factsCut(self, req: Any, status: int | None, size: int) -> Facts:
        """Return the facts of req, which was not answered by the application, and of which there may be no head.

        status: None: no answer was begun. size: bytes of body that were sent.
        """
        head = req.head
        if head is None or req.phase is HEAD:
            return (str(req.remoter.ca[0]), "-", "-", None, status, size, None, None)
        environ = req.environ
        address = environ.get("REMOTE_ADDR", req.remoter.ca[0])
        return (
            address, head.method, head.target, head.version, status, size,
            environ.get("HTTP_REFERER"), environ.get("HTTP_USER_AGENT"),
        )

    @staticmethod
    def cutShort(entry: Entry, unsent: int, cause: str) -> Entry:
        """Return entry as that of an answer of which unsent bytes were not sent, for this cause."""
        facts, *rest = entry
        return (facts[:5] + (max(0, facts[5] - unsent),) + facts[6:], *rest[:-1], cause)  # type: ignore[return-value]

    def add(self, entry: Entry, sent: float) -> None:
        """Add an entry whose answer was sent, as far as it ever will be, at sent."""
        if not self.entries:
            self.watch.wake()
        self.entries.append(entry[:4] + (sent,) + entry[5:])

    def flush(self) -> None:
        """Hand all entries to the sinks."""
        entries, self.entries = self.entries, []
        if entries:
            self.count += len(entries)
            if self.naming:
                entries = [(*entry[:6], self.ident(entry), entry[7]) for entry in entries]
            for sink in self.sinks:
                sink.take(entries, self)

    def ident(self, entry: Entry) -> str:
        """Return the id of the request of entry: its own, or a new one."""
        return entry[6] or self.newId()

    def newId(self) -> str:
        """Return an id that no other request has."""
        return f"{self.name}-{next(self.serials)}"

    def identify(self, environ: dict[str, Any], ident: str | None = None) -> str:
        """Return the id of the request with this environ, for a program that writes a log of its own.

        It is hio.request.id in environ from then on. ident: give it this one, if it has none. May be called in a
        thread.
        """
        if "hio.request.id" not in environ:
            environ["hio.request.id"] = ident or self.newId()
            req = environ["hio.remoter"].protocol
            if req.times is None:  # a journal that looks at no more than that sees that there is something to be seen
                req.times = (self.now, self.last)
        return str(environ["hio.request.id"])

    def record(self, entry: Entry, ident: str) -> Record:
        """Return entry with names; ident: the id of its request."""
        facts, began, whole, done, sent, received, _, cause = entry
        address, method, target, version, status, size, referer, agent = facts
        return Record(
            began + self.offset, ident, address, method, target, protocol(version), status, received, size, referer,
            agent, whole - began, done - whole, sent - done, cause,
        )


class CountJournal(Journal):
    """A Journal that counts requests and keeps nothing else of them."""

    def turn(self) -> None:
        """A turn of a server begins: of no interest."""

    def began(self, req: Any) -> None:
        """Part of a request came: of no interest."""

    def ongoing(self, req: Any) -> None:
        """A response is not whole: of no interest."""

    def answered(self, req: Any, rep: Any) -> None:
        """The application gave the whole response, or failed."""
        self.count += 1

    def refused(self, req: Any, fault: Any, size: int) -> None:
        """The server answered by itself: of no interest."""

    def gone(self, req: Any) -> None:
        """A connection ends: of no interest."""


class JournalDoer(doing.Doer):
    """Hands on what journal gathered, Delay seconds after the first of it came. Rests meanwhile. kwa: for Doer."""

    def __init__(self, journal: Journal, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.journal = journal

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with the watch of the journal."""
        super().wind(tymth)
        self.journal.watch.poller = getattr(tymth, "poller", None)

    def recur(self, tock: float = 0.0) -> Generator[float, float, bool]:
        """Rest until there is something, wait for more to come, hand it on; a generator, see Doer."""
        watch = self.journal.watch
        while True:
            watch.until = None
            tyme = yield watch
            due = tyme + Delay
            while tyme < due:
                watch.until = due
                tyme = yield watch
            self.journal.flush()

    def exit(self) -> None:
        """Hand on the rest."""
        self.journal.flush()


def factsOf(req: Any, rep: Any) -> Facts:
    """Return the facts of req, which the application answered by rep."""
    environ, head = rep.environ, req.head
    return (
        environ["REMOTE_ADDR"], head.method, head.target, head.version, rep.plan.code, rep.size,
        environ.get("HTTP_REFERER"), environ.get("HTTP_USER_AGENT"),
    )


def causeOf(req: Any, rep: Any) -> str:
    """Return why rep, a response to req that is over, ended early, "" if it did not."""
    if rep.failure is not None:
        return f"application raised {type(rep.failure).__name__}"
    return str(req.cause)


def protocol(version: object) -> str:
    """Return the name of a protocol version, "-" for None."""
    return "-" if version is None else "HTTP/1.1" if version is HTTP_11 else "HTTP/1.0"
