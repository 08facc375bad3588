"""Count what a server does, from beside it.

Gauge   requests that begin and end on one server, and the bytes of its connections
Tally   a wire log that keeps no bytes but their number
Pulse   requests, failures and latencies, second by second

A server calls its own admit(), answered(), refuse() and forget() for each request. A Gauge sets these four on the
instance, over those of the class, and takes them away again: without one the server runs as if there were no gauges.
Latency is from a request that is complete to an answer that is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log2
from typing import Any

#: Latency is counted in steps, eight for each doubling: 9 % wide, which is finer than anybody reads a curve.
Steps = 8
Finest = 1e-6  # seconds: the end of the first step

HOOKS = ("admit", "answered", "refuse", "forget")


class Second:
    """What ended within one second."""

    __slots__ = ("count", "failed", "steps")

    def __init__(self) -> None:
        self.count = 0  # requests answered
        self.failed = 0  # answered with a status of 5xx, broken off, or refused
        self.steps: dict[int, int] = {}  # latencies, by step

    def quantile(self, share: float) -> float | None:
        """Return the latency, to 9 %, in seconds, that a share (0.0 to 1.0) did not exceed; None: there is none."""
        rank = share * sum(self.steps.values())
        for step in sorted(self.steps):
            rank -= self.steps[step]
            if rank <= 1e-9:
                return float(Finest * 2.0 ** (step / Steps))
        return None


class Pulse:
    """Requests of the last Span seconds, one Second for each, counted from begin().

    Attributes:
        count, failed (int): all since begin().
        rx, tx (int): bytes received and sent since begin().
    """

    Span = 120  # seconds

    def __init__(self) -> None:
        self.begin(0.0)

    def __repr__(self) -> str:
        return f"<Pulse count={self.count} failed={self.failed} rx={self.rx} tx={self.tx}>"

    def begin(self, now: float) -> None:
        """Forget everything; now, in seconds by the clock that add() goes by, is when counting begins."""
        self.begun = now
        self.seconds: dict[int, Second] = {}
        self.count = self.failed = self.rx = self.tx = 0

    def at(self, now: float) -> Second:
        """Return the Second that now is in."""
        number = int(now - self.begun)
        second = self.seconds.get(number)
        if second is None:
            self.seconds[number] = second = Second()
            for old in [old for old in self.seconds if old < number - self.Span]:
                del self.seconds[old]
        return second

    def add(self, now: float, latency: float | None, failed: bool) -> None:
        """Count an answer that was whole at now, latency seconds after its request; None: of no interest.

        now: in seconds of the clock that begin() was given. failed: whether it counts as a failure.
        """
        second = self.at(now)
        second.count += 1
        self.count += 1
        if failed:
            second.failed += 1
            self.failed += 1
        if latency is not None:
            step = 0 if latency <= Finest else int(log2(latency / Finest) * Steps) + 1
            second.steps[step] = second.steps.get(step, 0) + 1

    def lines(self, now: float) -> list[tuple[int, int, float | None, float | None]]:
        """Return (count, failed, median, 99th percentile) of each second that is whole by now, oldest first.

        At most Span of them. The percentiles are in seconds; None where nothing was answered.
        """
        number = int(now - self.begun)
        seconds = (self.seconds.get(each, NOTHING) for each in range(max(0, number - self.Span), number))
        return [(each.count, each.failed, each.quantile(0.5), each.quantile(0.99)) for each in seconds]


NOTHING = Second()


class Tally:
    """Stands in for the WireLog of a server's connections, and counts bytes by the far address.

    Attributes:
        pulse (Pulse): where they are counted too.
        beneath: the WireLog that was there before, which goes on logging; None: there was none.
        rx, tx (dict): bytes received and sent, by far address.
    """

    def __init__(self, pulse: Pulse, beneath: Any) -> None:
        self.pulse = pulse
        self.beneath = beneath
        self.rx: dict[Any, int] = {}
        self.tx: dict[Any, int] = {}

    def writeRx(self, data: bytes, who: Any = b"") -> Any:
        """Count data received from who; return what the WireLog beneath returns, None without one."""
        size = len(data)
        self.rx[who] = self.rx.get(who, 0) + size
        self.pulse.rx += size
        return self.beneath.writeRx(data, who=who) if self.beneath else None

    def writeTx(self, data: bytes, who: Any = b"") -> Any:
        """Count data sent to who; return what the WireLog beneath returns, None without one."""
        size = len(data)
        self.tx[who] = self.tx.get(who, 0) + size
        self.pulse.tx += size
        return self.beneath.writeTx(data, who=who) if self.beneath else None


class Gauge:
    """Counts the requests of one server into a Pulse.

    Attributes:
        server: a Server or BareServer.
        count (int): requests answered. failed (int): with 5xx, broken off or refused.
        pending (dict): Requestant -> when its request was complete, for those that are being answered.
        tally (Tally): bytes of its connections.
    """

    def __init__(self, server: Any, pulse: Pulse, clock: Callable[[], float]) -> None:
        """Count the requests of server into pulse from now on, by clock, which answers seconds."""
        self.server = server
        self.pulse = pulse
        self.clock = clock
        self.count = self.failed = 0
        self.pending: dict[Any, float] = {}
        servant = server.servant
        self.tally = Tally(pulse, servant.wl)
        self.beneath = {name: getattr(server, name) for name in HOOKS}
        self.hooks = {name: getattr(self, name) for name in HOOKS}
        vars(server).update(self.hooks)
        servant.wl = self.tally
        for ix in servant.ixes.values():
            ix.wl = self.tally

    def __repr__(self) -> str:
        return f"<Gauge count={self.count} failed={self.failed} pending={len(self.pending)} {self.server!r}>"

    @staticmethod
    def beside(server: Any) -> bool:
        """Whether a gauge counts for server already."""
        return isinstance(server.servant.wl, Tally)

    def leave(self) -> None:
        """Count no longer: leave the server as it was."""
        for name, hook in self.hooks.items():
            if vars(self.server).get(name) is hook:  # else somebody set theirs over it, and will call it
                self.server.__dict__[name] = self.beneath[name]
                if getattr(self.beneath[name], "__func__", None) is getattr(type(self.server), name):
                    del self.server.__dict__[name]
        servant = self.server.servant
        if servant.wl is self.tally:
            servant.wl = self.tally.beneath
        for ix in servant.ixes.values():
            if ix.wl is self.tally:
                ix.wl = self.tally.beneath
        self.pending.clear()

    def renew(self) -> None:
        """Forget connections that are gone."""
        reqs = self.server.reqs
        for counts in (self.tally.rx, self.tally.tx):
            for ca in [ca for ca in counts if ca not in reqs]:
                del counts[ca]

    # -- what the server calls ----------------------------------------------------------------------------

    def admit(self, req: Any) -> None:
        """Note that a request is complete; req: its Requestant."""
        self.pending[req] = self.clock()
        self.beneath["admit"](req)

    def answered(self, req: Any, persisted: Any) -> None:
        """Count req, whose answer is complete. Called twice when the peer takes the answer in parts.

        persisted: for the server, as all that is given here.
        """
        began = self.pending.pop(req, None)
        if began is not None:
            now = self.clock()
            self.note(now, None if evented(req) else now - began, failed=statusOf(req) >= 500)
        self.beneath["answered"](req, persisted)

    def refuse(self, req: Any, fault: Any) -> None:
        """Count req as failed: it is answered by an error of the server's own, for fault."""
        self.pending.pop(req, None)
        self.note(self.clock(), None, failed=True)
        self.beneath["refuse"](req, fault)

    def forget(self, req: Any) -> None:
        """Count req as failed if it was being answered: its connection is closed, and the answer broken off."""
        if self.pending.pop(req, None) is not None:
            self.note(self.clock(), None, failed=not evented(req))  # a stream of events ends by its reader's leaving
        self.beneath["forget"](req)

    def note(self, now: float, latency: float | None, failed: bool) -> None:
        """Count one request that is over; now, latency, failed: as for Pulse.add()."""
        self.count += 1
        self.failed += failed
        self.pulse.add(now, latency, failed)


def evented(req: Any) -> bool:
    """Whether the answer to req is a stream of events, which lasts as long as somebody listens."""
    return bool(getattr(req.responder, "evented", False))


def statusOf(req: Any) -> int:
    """Return the status code that req was answered with; 0: unknown."""
    rep = req.responder
    plan = getattr(rep, "plan", None)
    if plan is not None:
        return int(plan.code)
    status = getattr(getattr(rep, "responder", None), "status", 0)  # of a Steward
    return status if isinstance(status, int) else 0
