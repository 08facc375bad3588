"""Real time, on a clock that only the test moves, in a poller of appointments; and turns() without any."""

from __future__ import annotations


import pytest

from hio.base import polling
from hio.base.doing import DoDoer, Doer, Doist, TryDoer
from hio.base.polling import Poller, Watch
from hio.help import timing

TOCK = 0.0625  # a power of two, so that all moments are exact


class Clock(Poller):
    """A clock that moves only in waits, and a poller whose sockets become ready at the moments appointed."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0
        self.events = []  # (moment, act)
        self.waits = []

    def appoint(self, moment, act):
        self.events.append((1000.0 + moment, act))
        self.events.sort(key=lambda event: event[0])

    def __len__(self):
        return 1

    def register(self, sock, watch, thing, events=polling.READ):
        pass

    def unregister(self, sock):
        pass

    def fileno(self):
        return 0

    def close(self):
        pass

    def poll(self, timeout=0.0):
        if timeout != 0.0:
            self.waits.append(timeout)
        assert len(self.waits) < 1000, "spins"
        end = None if timeout is None else self.now + timeout
        if self.events and (end is None or self.events[0][0] <= end):
            self.now = max(self.now, self.events[0][0])
            while self.events and self.events[0][0] <= self.now:
                self.events.pop(0)[1]()
        else:
            assert end is not None, "waits for ever"
            self.now = end
        return 0


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "monoTime", lambda: clock.now)
    monkeypatch.setattr(polling.Bell, "wait", lambda self, timeout: setattr(clock, "now", clock.now + timeout))
    return clock


class Turns(Doer):
    """Notes (seconds since the beginning, tyme) of each turn, which takes cost seconds."""

    def __init__(self, clock, cost=0.0, stop=None, watch=None, **kwa):
        super().__init__(**kwa)
        self.clock, self.cost, self.stop, self.watch = clock, cost, stop, watch
        self.log = []

    def do(self, tymth, *, tock=0.0, temp=None, **opts):
        yield tock
        while True:
            self.log.append((self.clock.now - 1000.0, tymth()))
            self.clock.now += self.cost(tymth()) if callable(self.cost) else self.cost
            if len(self.log) == self.stop:
                return True
            yield self.watch or tock


def ticks(*numbers):
    return [(number * TOCK, number * TOCK) for number in numbers]


def test_passes_come_on_time_whatever_they_cost(clock):
    doer = Turns(clock, cost=0.03125, stop=5)
    doist = Doist(real=True, tock=TOCK, doers=[doer], poller=clock)
    doist.do()
    assert doer.log == ticks(0, 1, 2, 3, 4)
    assert (doist.done, doist.tyme, clock.now) == (True, 5 * TOCK, 1000.0 + 5 * TOCK)


def test_late_passes_catch_up(clock):
    doer = Turns(clock, cost=lambda tyme: 3.5 * TOCK if tyme == TOCK else 0.0, stop=7)
    Doist(real=True, tock=TOCK, doers=[doer], poller=clock).do()
    late = [(moment * TOCK, tick * TOCK) for moment, tick in ((4.5, 2), (4.5, 3), (4.5, 4))]
    assert doer.log == ticks(0, 1) + late + ticks(5, 6)


def test_limit(clock):
    doer = Turns(clock)
    doist = Doist(real=True, tock=TOCK, limit=4 * TOCK, doers=[doer], poller=clock)
    doist.do()
    assert doer.log == ticks(0, 1, 2, 3)
    assert (doist.done, doist.tyme, clock.now) == (False, 4 * TOCK, 1000.0 + 4 * TOCK)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_readiness_cuts_the_wait_short(clock, depth):
    watch = Watch(poller=clock)
    sleeper = Turns(clock, tock=2 * TOCK)
    doer = top = Turns(clock, watch=watch)
    for _ in range(depth):
        top = DoDoer(doers=[top])
    for moment in (0.5, 1.5, 1.75, 5.25):
        clock.appoint(moment * TOCK, watch.wake)
    doist = Doist(real=True, tock=TOCK, limit=6 * TOCK, doers=[top, sleeper], poller=clock)
    doist.do()
    woken = [(moment * TOCK, tick * TOCK) for moment, tick in ((0.5, 1), (1.5, 2), (1.75, 2), (5.25, 6))]
    assert doer.log == [(0.0, 0.0), *woken]  # at once, without a tick
    assert sleeper.log == ticks(0, 2, 4)  # and nobody else


def test_ticks_stay_on_time_under_load(clock):
    """Somebody is ready whenever one looks, and takes his time."""
    watch = Watch(poller=clock)
    doers = [Turns(clock, watch=watch, cost=0.3 * TOCK), Turns(clock)]
    poll = clock.poll

    def busy(timeout=0.0):
        watch.wake()
        return poll(0.0) if timeout else 0

    clock.poll = busy
    Doist(real=True, tock=TOCK, limit=4 * TOCK, doers=doers, poller=clock).do()
    assert len(doers[0].log) >= 12
    for moment, tyme in doers[1].log:
        assert tyme <= moment < tyme + 0.95 * TOCK  # within the turns that came in between
    assert [tyme / TOCK for _, tyme in doers[1].log] == [0, 1, 2, 3]


def test_an_idle_doist_sleeps_through(clock):
    watch = Watch(poller=clock)
    doers = [Turns(clock, watch=watch), DoDoer(doers=[Turns(clock, tock=1000 * TOCK)])]
    clock.appoint(100.5 * TOCK, watch.wake)
    clock.appoint(200 * TOCK, watch.wake)
    doist = Doist(real=True, tock=TOCK, limit=2001 * TOCK, doers=doers, poller=clock)
    doist.do()
    assert [moment / TOCK for moment, _ in doers[0].log] == [0, 100.5, 200]
    assert [tyme / TOCK for _, tyme in doers[0].log] == [0, 101, 201]  # what ticking would have made of it
    assert doers[1].doers[0].log == ticks(0, 1000, 2000)
    assert len(clock.waits) < 12


def test_waits_for_ever_for_a_wake(clock):
    watch = Watch(poller=clock)
    doer = Turns(clock, watch=watch, stop=2)
    clock.appoint(50.0, watch.wake)
    doist = Doist(real=True, tock=TOCK, doers=[doer], poller=clock)
    doist.do()
    assert clock.waits[0] is None
    assert [moment for moment, _ in doer.log] == [0.0, 50.0]
    assert clock.now - 1000.0 == doist.tyme == 50.0 + TOCK


def test_without_ticks(clock):
    """A tock of 0.0 never leads anywhere, so there is nothing to wait for but a wake."""
    watch = Watch(poller=clock)
    doers = [Turns(clock, watch=watch, stop=3), Turns(clock, tock=1.0)]
    doist = Doist(real=True, tock=0.0, doers=doers, poller=clock)
    clock.appoint(5.0, watch.wake)
    clock.appoint(6.0, doers[0].watch.wake)
    clock.appoint(7.0, doist.stop)
    doist.do()
    assert doers[0].log == [(0.0, 0.0), (5.0, 0.0), (6.0, 0.0)]
    assert doers[1].log == [(0.0, 0.0)]


def test_who_nobody_services_does_not_make_it_spin(clock):
    """Its socket stays ready, so that each look at the sockets ends at once."""
    watch = Watch(poller=clock)
    poll = clock.poll

    def ready(timeout=0.0):
        watch.wake()
        return poll(0.0) if timeout == 0.0 else clock.waits.append(timeout)

    clock.poll = ready
    doer = Turns(clock)
    Doist(real=True, tock=TOCK, limit=8 * TOCK, doers=[doer], poller=clock).do()
    assert doer.log == ticks(*range(8))
    assert len(clock.waits) <= 16


def test_changes_during_a_wait_end_it(clock):
    """As by a handler of a signal, or by another task under asyncio."""
    doer = Turns(clock)
    doist = Doist(real=True, tock=TOCK, limit=200 * TOCK, doers=[Doer(tock=100 * TOCK)], poller=clock)
    clock.appoint(10.5 * TOCK, lambda: doist.extend([doer]))
    clock.appoint(13.5 * TOCK, lambda: doist.remove([doer]))
    doist.do()
    assert doer.log == ticks(11, 12, 13)


@pytest.mark.parametrize("way", ["doer", "wait"])
def test_stop(clock, way):
    class Stopper(Turns):
        def exit(self):
            self.exited = True

    doer = Turns(clock, cost=lambda tyme: doist.stop() or 0.0 if tyme == 2 * TOCK and way == "doer" else 0.0)
    doist = Doist(real=True, tock=TOCK, doers=[doer], poller=clock)
    if way == "wait":
        clock.appoint(2.5 * TOCK, doist.stop)
    doist.do()
    assert doer.log == ticks(0, 1, 2)
    assert doist.done is False


def test_interrupted_wait_ends_quietly(clock):
    def interrupt():
        raise KeyboardInterrupt

    clock.appoint(0.5 * TOCK, interrupt)
    doer = TryDoer()
    doist = Doist(real=True, tock=TOCK, doers=[doer], poller=clock)
    assert doist.do() is None
    assert (doist.done, doist.tyme) == (False, TOCK)
    assert [state.context for state in doer.states] == ["enter", "recur", "cease", "exit"]


def test_timer_starts_with_the_run(clock, monkeypatch):
    monkeypatch.setattr(timing, "wallTime", lambda: clock.now)
    doist = Doist(real=True, tock=TOCK, limit=TOCK, doers=[Doer()], poller=clock)
    clock.now = 2000.0
    doist.do()
    assert (doist.timer._start, doist.timer._stop) == (2000.0, 2000.0 + TOCK)


def test_a_network_that_cannot_wait(clock):
    """A simulated one, in real time: the ticks are paced, its events come with them."""
    waits = []

    class Simulated(Clock):
        def fileno(self):
            raise NotImplementedError

    def nap(wait):
        waits.append(wait)
        clock.now += wait

    poller = Simulated()
    doer = Turns(clock)
    doist = Doist(real=True, tock=TOCK, limit=3 * TOCK, doers=[doer], poller=poller)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hio.base.waiting.nap", nap)
        doist.do()
    assert doer.log == ticks(0, 1, 2)
    assert waits == [TOCK] * 3


class Noting(Doer):
    """Asks for a turn every 2 seconds and notes their tymes; is done with the third."""

    def enter(self, *, temp=None):
        self.tymes = []

    def recur(self, tyme):
        self.tymes.append(tyme)
        return len(self.tymes) == 3


@pytest.mark.parametrize("part, waits", [(1.0, [2.0, 2.0]), (0.5, [2.0, 1.0, 0.5, 0.25, 0.125, 0.0625])])
def test_turns_leave_the_waiting_to_whoever_iterates(part, waits):
    """However often it is resumed early: it says how much is left, and the passes come when they are due."""
    now, told = [50.0], []
    doer = Noting(tock=2.0)
    doist = Doist(real=True, tock=1.0, doers=[doer])
    for wait in doist.turns(clock=lambda: now[0]):
        told.append(wait)
        now[0] += wait * part if wait > 0.1 else wait
    assert told[: len(waits)] == waits
    assert doer.tymes == [0.0, 2.0, 4.0] and now == [55.0]  # the last tick lasts its tock as well
    assert doist.done and not doist.stopped


def test_turns_that_are_shared_yield_after_each_pass():
    doist = Doist(real=True, tock=1.0, doers=[Noting(tock=2.0)])
    now, told = [50.0], []
    for wait in doist.turns(clock=lambda: now[0], shared=True):
        told.append(wait)
        now[0] += wait
        if len(told) == 2:
            now[0] += 10.0  # whoever drives is late
    assert told == [2.0, 2.0, 0.0] and doist.done


def test_turns_that_are_closed_close_the_doers():
    doer = TryDoer(stop=10**9)
    doist = Doist(real=True, tock=1.0, doers=[doer])
    run = doist.turns()
    next(run)
    doist.stop()
    run.close()
    assert doist.stopped and doist.done is False and doer.states[-1].context == "exit"
