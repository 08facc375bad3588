"""Count what deeds and servers do, while somebody looks, and leave no trace otherwise.

Observer   looks at a Doist: counts from its first look until a while after its last
Meter      stands in front of a deed's send and counts its turns and their run time

Nothing is counted in the scheduler itself. A look puts a Meter in the place of each deed's bound send, and a Gauge
beside each server (gauging.py). The first turn after the lease of the last look is over puts everything back as it
was; a deed that has no turn has nothing to put back that would cost anything. So who does not look pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from ..base.doing import Schedule
from ..help import timing
from .gauging import Gauge, Pulse

#: Deeds that are looked at, at the most: what a person can read, and a turn can bear.
DeedsLimit = 500
#: Levels of schedulers below the Doist that are looked at.
DepthLimit = 16


class Meter:
    """Counts the turns of one deed in the place of its send.

    Attributes:
        entry: the entry of the deed. send: what was its send before.
        count (int): turns. spent (float): their run time in seconds, without that of metered deeds inside them.
    """

    __slots__ = ("observer", "entry", "send", "count", "spent")

    def __init__(self, observer: Observer, entry: Any) -> None:
        """Take the place of entry.send, for observer."""
        self.observer = observer
        self.entry = entry
        self.send: Callable[[float], Any] = entry.send
        self.count = 0
        self.spent = 0.0
        entry.send = self

    def __repr__(self) -> str:
        return f"<Meter count={self.count} spent={self.spent:.6f} {self.entry.doer!r}>"

    def __call__(self, tyme: float) -> Any:
        """Give the deed its turn at tyme."""
        observer = self.observer
        began = observer.clock()
        if began > observer.until:
            observer.rest()
        outer, observer.inner = observer.inner, 0.0
        try:
            return self.send(tyme)
        finally:
            elapsed = observer.clock() - began
            self.count += 1
            self.spent += elapsed - observer.inner
            observer.inner = outer + elapsed

    def leave(self) -> None:
        """Put the deed's own send back, unless the deed is gone."""
        if self.entry.send is self:
            self.entry.send = self.send


class Observer:
    """Looks at a Doist and its servers.

    Attributes:
        doist: what is looked at.
        clock: callable that answers seconds that only go forward.
        since (float | None): by clock, when the present counting began; None: nothing is counted.
        until (float): by clock, how long it goes on without a further look.
        watch (int): number of the present or latest counting. Counts begin at 0 in each.
        meters (dict[Any, Meter]): by the entry that each is for.
        gauges (dict[Any, Gauge]): by the server that each is beside.
        pulse (Pulse): requests of all servers, second by second.
        inner (float): run time of metered turns inside of the one that is going on.
    """

    Lease = 10.0  # seconds: bridges a reload of the page, or the pause between two looks of a person

    def __init__(
        self, doist: Any, servers: Iterable[Any] | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        """Look at doist; servers: its HTTP servers, None: those that its doers serve, found anew at each look.

        clock: None: that of the machine.
        """
        self.doist = doist
        self._servers = None if servers is None else list(servers)
        self.clock: Callable[[], float] = monoTime if clock is None else clock
        self.since: float | None = None
        self.until = 0.0
        self.watch = 0
        self.meters: dict[Any, Meter] = {}
        self.gauges: dict[Any, Gauge] = {}
        self.pulse = Pulse()
        self.inner = 0.0

    def __repr__(self) -> str:
        return f"<Observer counting={self.counting} meters={len(self.meters)} gauges={len(self.gauges)}>"

    def look(self) -> None:
        """Count from now on, or go on counting, for Lease seconds; take in deeds and servers that are new."""
        now = self.clock()
        if self.since is None or now > self.until:
            self.rest()
            self.since = now
            self.watch += 1
            self.pulse.begin(now)
        self.until = now + self.Lease
        meters = self.meters
        for entry in [entry for entry in meters if entry.schedule is None]:
            del meters[entry]
        for entry in self.entries():
            # One that another observer counts is left to it: of two on top of each other only the upper could leave
            if entry not in meters and entry.schedule is not None and not isinstance(entry.send, Meter):
                meters[entry] = Meter(self, entry)
        self._gauge()

    def rest(self) -> None:
        """Count no longer: put everything back as it was."""
        self.since = None
        for meter in self.meters.values():
            meter.leave()
        for gauge in self.gauges.values():
            gauge.leave()
        self.meters.clear()
        self.gauges.clear()

    @property
    def counting(self) -> bool:
        """Whether turns and requests are counted at present."""
        return self.since is not None

    @property
    def elapsed(self) -> float:
        """Seconds since the present counting began; 0.0 when there is none."""
        return 0.0 if self.since is None else max(0.0, self.clock() - self.since)

    def entries(self) -> Iterator[Any]:
        """Yield the entries of the Doist and of the schedulers below it, level by level, as far as the limits go."""
        yield from islice(levels(self.doist.deeds), DeedsLimit)

    def servers(self) -> list[Any]:
        """Return the HTTP servers: as given, or those that doers serve."""
        if self._servers is not None:
            return self._servers
        found: dict[Any, None] = {}
        for entry in self.entries():
            server = getattr(entry.doer, "server", None)
            if isServer(server):
                found[server] = None
        return list(found)

    def _gauge(self) -> None:
        """Have a gauge beside each server."""
        servers = self.servers()
        for server in [server for server in self.gauges if server not in servers]:
            self.gauges.pop(server).leave()
        for server in servers:
            if server not in self.gauges and not Gauge.beside(server):
                self.gauges[server] = Gauge(server, self.pulse, self.clock)
            elif server in self.gauges:
                self.gauges[server].renew()


def levels(schedule: Schedule) -> Iterator[Any]:
    """Yield the entries of schedule, then of those one level below, and so on: where not all can be told, the upper."""
    level = [schedule]
    for _ in range(DepthLimit + 1):
        inner: list[Schedule] = []
        for entry in chain.from_iterable(map(living, level)):
            yield entry
            below = scheduleOf(entry.doer)
            if below is not None:
                inner.append(below)
        level = inner


def living(schedule: Schedule) -> list[Any]:
    """Return the entries of schedule, DeedsLimit at most, without sentinels, which never have a turn."""
    return [entry for entry in islice(schedule.entries.values(), DeedsLimit) if entry.dog is not None]


def scheduleOf(doer: Any) -> Schedule | None:
    """Return the deeds of a doer that schedules doers; None for others."""
    deeds = getattr(doer, "deeds", None)
    return deeds if isinstance(deeds, Schedule) else None


def isServer(thing: Any) -> bool:
    """Whether thing is an HTTP server: it has requestants and a servant."""
    return isinstance(getattr(thing, "reqs", None), dict) and hasattr(getattr(thing, "servant", None), "ixes")


def monoTime() -> float:
    """Return the machine's seconds; looked up anew each time, as tests may replace it."""
    return timing.monoTime()
