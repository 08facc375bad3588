"""Turn the clock.

Doist        the root scheduler: keeps tyme, gives the doers their turns, ticks, and waits if time is real

A run is one generator, turns(), that passes, ticks and yields how long to wait; do() waits in the poller, ado() in
asyncio, and a simulation lets its own time pass.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sized
from math import inf
from typing import Any

from ..help import timing
from .awaiting import Ear
from .interrupting import Interrupts
from .nesting import Scheduler, asSchedule, checkDoers
from .policing import Policy, checkPolicy
from .polling import OsPoller, Poller
from .scheduling import Entry, Schedule
from .tasking import tempFor
from .tyming import Tymist, Tymth, finite, leap
from .waiting import StallError, Waiter

__all__ = ["Doist", "StallError"]


class Doist(Scheduler, Tymist):
    """Root scheduler: the Tymist that runs doers.

    Attributes:
        name (str): for messages.
        real (bool): True paces the passes by the clock of the machine: one each tock seconds.
        done (bool | None): None before the first run; False while running or when ended early; True: all are done.
        doers (list): what do() runs.
        timer (MonoTimer): has the tock as duration; begins anew with each run.
        temp (bool): whether the doers of a run use temporary resources.
        policy (Policy | None): what is done about doers that fail and have no policy of their own; see policing.
        poller (Poller): where whoever is wound to this Doist registers sockets; also as tymth.poller.
        stack (list): other schedules than .deeds that are in the middle of a pass, outermost first; None: dogs are
            being started.
        blind (bool): somebody is ready whom nobody services: the wait that is going on is to look at no socket.
        stopped (bool): stop() was called in the run that is going on, or in the last one.
    """

    Rounds = 64  # times that a pass looks again for who became ready by its own doing, lest a chat stop the clock

    def __init__(
        self,
        *,
        name: str = "doist",
        real: bool = False,
        limit: float | None = None,
        doers: Iterable[Any] | None = None,
        temp: bool = False,
        tyme: float = 0.0,
        tock: float | None = None,
        poller: Poller | None = None,
        policy: Policy | None = None,
        **kwa: Any,
    ) -> None:
        """Make a Doist at tyme (seconds) that ticks by tock (seconds; None: Tock).

        poller: None: the operating system's, which takes a descriptor when the first socket is registered.
        policy: None: one that fails ends the run, and do() raises what it raised.
        Raises ValueError for a tock that is negative or no number, TypeError for what is no doer or no policy.
        """
        super().__init__(tyme=tyme, tock=tock, **kwa)
        self.name = name
        self.policy = checkPolicy(policy)
        self.real = bool(real)
        self.limit = limit
        self.done: bool | None = None
        self.doers: list[Any] = [] if doers is None else checkDoers(doers)
        self._deeds = Schedule(owner=self)
        self.timer = timing.MonoTimer(duration=self.tock)
        self.temp = bool(temp)
        self.poller: Poller = OsPoller() if poller is None else poller
        self._sockets: Sized = getattr(self.poller, "entries", self.poller)  # PERF: a dict tells faster if it is empty
        self.stack: list[Schedule | None] = []
        self.blind = False
        self.stopped = False
        self._waiter = Waiter(self.poller)
        self._plain = type(self).recur is Doist.recur and type(self).tick is Tymist.tick  # they do what is done here
        self._busy = True  # somebody had something to do in the last pass
        self._changed = False  # something that a row of passes takes for constant
        self._ahead = (0.0, 0.0, 0.0, 0.0)  # tyme, tock and due of the last leap, and where it led
        self._aim = -inf  # tyme of the pass that is waited for, as far as known; -inf: has to be found out
        self._clock: Callable[[], float] = timing.monoTime  # what the run that is going on is paced by
        self._moment = 0.0  # on that clock, at which the pass of the present tyme is due
        self._rounds = self.Rounds

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} tyme={self.tyme} deeds={len(self.deeds)} done={self.done}>"

    def __call__(self, *pa: Any, **kwa: Any) -> None:
        """Same as do()."""
        self.do(*pa, **kwa)

    @property
    def tock(self) -> float:
        """Seconds from tick to tick, 0.0 or more; a change in mid-pass holds for the whole of that pass."""
        return self._tock

    @tock.setter
    def tock(self, tock: float) -> None:
        if not finite(tock, "tock") >= 0.0:
            raise ValueError(f"tock must be 0 or more seconds, got {tock!r}")
        self._tock = float(tock)
        self._aim = -inf
        timer = getattr(self, "timer", None)
        if timer is not None:
            timer.start(duration=self._tock)

    @property
    def deeds(self) -> Any:
        """The deeds that run. Assigning takes a deque of triples, whose deeds it takes over; else raises TypeError."""
        return self._deeds

    @deeds.setter
    def deeds(self, deeds: Any) -> None:
        self._deeds = asSchedule(deeds, self)
        self._changed = True
        self._aim = -inf

    @property
    def limit(self) -> float | None:
        """Tyme in seconds that a run may last; 0.0 or None: without limit. Assigning takes the absolute value.

        Raises ValueError for what is not finite.
        """
        return self._limit

    @limit.setter
    def limit(self, limit: float | None) -> None:
        self._limit = None if limit is None else abs(finite(limit, "limit"))
        self._changed = True

    def tymen(self) -> Tymth:
        """Return a plain function that answers the tyme, with attributes .root (this Doist) and .poller (its own)."""
        tymth: Any = super().tymen()
        tymth.root = self
        tymth.poller = self.poller
        return tymth  # type: ignore[no-any-return]

    def do(
        self,
        doers: Iterable[Any] | None = None,
        limit: float | None = None,
        tyme: float | None = None,
        *,
        temp: bool | None = None,
    ) -> None:
        """Run doers until all are done, limit is over, or the run is stopped; then close those left, last first.

        doers: None: .doers as they are. limit: tyme in seconds (None: .limit, 0.0: none), kept for later runs.
        tyme: where to begin (None: where it is). temp: true has the doers use temporary resources.

        Without real time, tymes at which no deed is due are skipped; where they end, tyme is what ticking would have
        made of it. They are not while sockets of the system are registered, whose peers know no tyme; and when then
        nothing is ever due again, and there is no limit, it waits for a socket.

        With real time, the pass at each tick is on schedule from the moment before the first. In between, sockets that
        become ready, in this or any nested scheduler, resume at once the deed that services them.

        In the main thread SIGINT and SIGTERM stop the run as stop() does, where no other handler is set for them; the
        second one raises KeyboardInterrupt. KeyboardInterrupt in a turn or a wait ends the run quietly. Whatever else
        a doer raises is raised, after all others are closed. Raises StallError when, without real time and limit, all
        deeds wait for a wake that cannot come.
        """
        waiter = self._waiter
        with Interrupts(self.stop) as interrupts:
            waiter.interrupts = interrupts
            run = self.turns(doers, limit, tyme, temp=temp)
            try:
                for wait in run:
                    try:
                        waiter.wait(wait, self.blind)
                    except KeyboardInterrupt:
                        break
            finally:
                run.close()
                waiter.interrupts = None

    async def ado(
        self,
        doers: Iterable[Any] | None = None,
        limit: float | None = None,
        tyme: float | None = None,
        *,
        temp: bool | None = None,
    ) -> None:
        """Run as do() does, as one task of asyncio among others.

        The first pass comes before any await. With real time it awaits the next tick or a ready socket, paced by the
        time() of the loop; without, each pass is followed by asyncio.sleep(0). Cancelling it closes all deeds. Leaves
        signals to asyncio.
        """
        loop = asyncio.get_running_loop()
        ear = Ear(loop)
        run = self.turns(doers, limit, tyme, temp=temp, clock=loop.time, shared=True)
        try:
            for wait in run:
                try:
                    await self._waiter.listen(wait, self.blind, ear)
                except KeyboardInterrupt:
                    break
        finally:
            ear.close()
            run.close()

    def turns(
        self,
        doers: Iterable[Any] | None = None,
        limit: float | None = None,
        tyme: float | None = None,
        *,
        temp: bool | None = None,
        clock: Callable[[], float] | None = None,
        shared: bool = False,
    ) -> Generator[float | None, None, None]:
        """Return a generator that runs as do() does, and leaves the waiting to whoever iterates over it.

        It yields each wait: the seconds of clock to resume it after, None: without end. It may be resumed earlier, and
        is to be once the poller, polled while this waits, has something in .woken; unless .blind, when nobody looks
        after what is ready: then at the end of the wait. Closing it closes all deeds.

        Parameters: as of do(), and
            clock: callable that answers seconds, by which passes in real time are on schedule; None: the machine's.
            shared: yield after each pass, if only 0.0, as others want their turn. Without end it waits for them, too.
        """
        self.done = False
        self.stopped = False
        if doers is not None:
            self.doers = checkDoers(doers)
            self.deeds = deque()
        if limit is not None:
            self.limit = limit
        if tyme is not None:
            self.tyme = tyme
        self._rounds = 0 if self.real else self.Rounds  # between real ticks the wait does it, with an eye on the clock
        try:
            self.enter(**tempFor(self.enter, temp or self.temp))
            if self.real:
                self._waiter.hang()
            try:
                yield from self._turn(timing.monoTime if clock is None else clock, shared)
            except KeyboardInterrupt:
                pass
        finally:
            try:
                self.exit()
            finally:
                self._rounds = self.Rounds
                self._waiter.unhang()
                if not len(self.poller) and not self.poller.woken:
                    self.poller.close()  # gives back its descriptor

    def recur(self, deeds: Any = None) -> None:
        """Make one pass at the present tyme over deeds (None: .deeds), then tick, also when there are none.

        Before the pass and after it, whoever has become ready has a turn too, until nobody is, or Rounds times.
        When a doer raises, the pass ends there and does not tick.
        """
        poller = self.poller
        if poller.woken or self._sockets:
            self._collect(1)
        if deeds is None:
            self._busy = self._deeds.run(self._tyme)
        else:
            self._pass(deeds, self._tyme, self)
        if poller.woken or self._sockets:
            self._collect(self._rounds)
        self.tick()

    def stop(self) -> None:
        """End the run that is going on, after the present turn, with .done False: as a signal does.

        For doers, signal handlers and other threads. Does nothing when there is no run.
        """
        self.stopped = self._changed = True
        self._waiter.ring()

    def locate(self) -> tuple[Any, Entry | None]:
        """Return (scheduler, entry) of the deed whose turn it is now, however deep; (None, None) between turns.

        For whoever services sockets from within some doer's turn: bound to watch.owner and watch.deed, readiness gives
        that doer further turns.
        """
        entry = self.located()
        schedule = None if entry is None else entry.schedule
        return (None, None) if schedule is None else (schedule.owner, entry)

    def located(self) -> Entry | None:
        """Return the entry of the deed whose turn it is now, however deep; None between turns."""
        schedule = self.stack[-1] if self.stack else self._deeds
        return None if schedule is None else schedule.running

    def hasten(self, tyme: float) -> None:
        """Be told that there is something to do at tyme: a wait that is going on is too long perhaps."""
        if tyme < self._aim:
            self._aim = -inf
            if self.poller.alarm is not None:
                self.poller.alarm()

    def _root(self) -> Doist:
        return self

    def _told(self) -> Tymth:
        return self.tymen()

    def _policy(self, doer: Any) -> Policy | None:
        return super()._policy(doer) or self.policy

    def catch(self) -> None:
        """Have tyme be up to date, for whoever starts doers from outside during a wait."""
        if self.poller.alarm is not None and self.real:
            self._follow()

    # A run

    def _turn(self, clock: Callable[[], float], shared: bool) -> Generator[float | None, None, None]:
        """Pass and tick until the run is over, and yield each wait."""
        begin = self._tyme
        self.timer.start(duration=self._tock)
        self._clock = clock
        self._moment = clock()
        while True:
            stop = begin + self._limit if self._limit else inf
            if self.real or shared or not self._race(stop):
                self.recur()
            if self.real:
                self._moment += self._tock
                yield from self._pace(stop, shared)
            elif shared:
                yield 0.0
            if not self._deeds.entries:
                self.done = True
                break
            if not self._busy and not self.real and not self.stopped:
                yield from self._skip(stop, shared)
            if self.stopped or self._tyme >= stop:
                break

    def _race(self, stop: float) -> bool:
        """Make passes while each has something to do, no socket is registered, and nothing is to be decided.

        Returns whether it made any. PERF: what recur() does over and over, in line: a sixth less for passes that wake
        three sleepers each.
        """
        deeds = self._deeds
        woken = self.poller.woken
        sockets = self._sockets
        if woken or sockets or not self._plain:
            return False
        self._changed = False
        run = deeds.run
        while True:
            busy = run(self._tyme)
            if woken or sockets:
                self._collect(self._rounds)
                busy = self._changed = True
            self._tyme = tyme = self._tyme + self._tock
            if not busy or self._changed or tyme >= stop or not deeds.entries:
                self._busy = busy
                return True

    def _pace(self, stop: float, shared: bool) -> Generator[float | None, None, None]:
        """Wait for the next pass that has something to do, and give those woken meanwhile their turns.

        Tyme follows the clock all the while, as if each tick were made. shared: wait at least for nothing, so that
        others have their turn.
        """
        poller = self.poller
        tyme = due = self._aim = -inf
        while not self.stopped:
            self.blind = bool(poller.woken) and self._rerun()
            now = self._clock()
            # PERF: unless somebody hastens, no pass comes earlier than was found out before; 3 us less for a rerun
            if due <= now or self._aim == -inf or self._tyme != tyme or poller.woken or poller.foresees:
                goal = self._goal(stop)
                self._aim = inf if goal is None else goal
                due = self._moment + (self._aim - self._tyme)
                if due <= now:
                    if shared:
                        yield 0.0
                    self._tyme = self._aim
                    self._moment = due
                    return
            shared = False
            if self.blind:  # until the next tick, in which somebody may look after whoever is ready
                yield min(due, max(now, self._moment) if self._tock else now + self.Tock) - now
            else:
                yield None if due == inf else due - now
            self._follow(due)
            tyme = self._tyme

    def _follow(self, due: float = inf) -> None:
        """Have tyme be what ticking would have made of it by now, in a wait, unless the clock is past due."""
        now = self._clock()
        if not self._moment <= now < due or self._tyme + self._tock <= self._tyme:
            return
        tyme = leap(self._tyme, self._tock, self._tyme + (now - self._moment))
        if self._moment + (tyme - self._tyme) <= now:
            tyme += self._tock
        self._moment += tyme - self._tyme
        self._ahead = (tyme, *self._ahead[1:])
        self._tyme = tyme

    def _skip(self, stop: float, shared: bool) -> Generator[float | None, None, None]:
        """Go on to the tyme of the next tick that has something to do; wait only if none has."""
        goal = self._goal(stop)
        if goal is not None:
            self._tyme = goal
            return
        self._aim = inf
        waiter = self._waiter
        waiter.hang()
        if not shared and waiter.lonely:
            names = ", ".join(repr(doer) for _, _, doer in self.deeds)
            raise StallError(f"at tyme {self._tyme} nothing can wake the doers that are left: {names}")
        yield None
        waiter.unhang()

    def _goal(self, stop: float) -> float | None:
        """Return the tyme of the first tick that has something to do, or is no earlier than stop; None: no tick is."""
        tyme = self._tyme
        poller = self.poller
        if not self._deeds.entries or not self._plain:
            return tyme
        due = min(self._deeds.due(self._tock), stop)
        if due <= tyme or poller.woken:
            return tyme
        event = poller.due() if poller.foresees else None
        if event is not None and event < due:
            due = event
        if due == inf or tyme + self._tock <= tyme:
            return None
        if not self.real and self._sockets and poller.Outer:
            return tyme  # nobody knows when a real peer answers: give it each tick's worth of time, if only that
        if self._ahead[:3] != (tyme, self._tock, due):  # PERF: a leap over some binades costs more than a rerun
            self._ahead = (tyme, self._tock, due, leap(tyme, self._tock, due))
        return self._ahead[3]

    # Who is ready

    def _collect(self, rounds: int) -> None:
        """Give whoever is ready a turn, and then whoever became so by that, at most rounds times."""
        poller = self.poller
        for _ in range(rounds):
            if len(poller):
                poller.poll(0.0)
            if not poller.woken or self._rerun(alone=True):
                break

    def _rerun(self, alone: bool = False) -> bool:
        """Give those woken a turn each.

        Returns whether there was one that nobody services, which is left ready; alone: and none else.
        """
        poller = self.poller
        woken = poller.woken[:]
        poller.woken.clear()
        count = idle = 0
        try:
            for watch in woken:
                count += 1
                watch.woken = False
                if watch.deed is not None and watch.deed.schedule is not None:
                    watch.owner.rerun(watch.deed)
                elif not self._waiter.quiet(watch):
                    watch.owner = watch.deed = None
                    idle += 1
        finally:
            if count < len(woken):  # one raised
                poller.woken[:0] = woken[count:]
        return idle == count if alone else idle > 0
