"""Deeds that rest on a Watch: who wakes them, when, and what happens above them."""

from __future__ import annotations

from collections import deque

import pytest

from hio.base import tyming
from hio.base.doing import DoDoer, Doer, Doist, StallError, doify
from hio.base.polling import Poller, Watch
from tests.base.notes import Note


class Rester(Doer):
    """Yields its watch, and notes the tyme of each turn; until: seconds from then, or None."""

    def __init__(self, log, name="", until=None, stop=None, **kwa):
        super().__init__(**kwa)
        self.log, self.name, self.until, self.stop = log, name, until, stop
        self.watch = Watch(self.tock)

    def do(self, tymth, *, tock=0.0, temp=None, **opts):
        self.wind(tymth)
        self.watch.poller = getattr(tymth, "poller", None)
        turns = 0
        try:
            yield tock
            while True:
                turns += 1
                self.log.append((self.name, tymth(), self.turn(tymth())))
                if turns == self.stop:
                    return True
                self.watch.until = None if self.until is None else tymth() + self.until
                yield self.watch
        except Bad as ex:
            self.log.append((self.name, tymth(), repr(ex)))
            raise

    def turn(self, tyme):
        return self.tymth.root.locate()[1].doer is self


class Bad(Exception):
    pass


class TestResting:
    def run(self, doers, ticks=4):
        doist = Doist(doers=doers)
        doist.enter()
        for _ in range(ticks):
            doist.recur()
        return doist

    @pytest.mark.parametrize("depth", [0, 1, 3])
    def test_has_no_turns_until_woken(self, depth):
        log = []
        doer = top = Rester(log)
        for _ in range(depth):
            top = DoDoer(doers=[top])
        doist = self.run([top, Doer()])
        assert log == [("", 0.0, True)]
        assert len(doist.deeds) == 2
        doer.watch.wake()
        doer.watch.wake()  # once is enough
        doist.recur()
        doist.recur()
        assert log == [("", 0.0, True), ("", 0.125, True)]  # one turn for one wake
        doist.exit()
        assert doer.watch.deed is None

    def test_until(self):
        log = []
        doist = self.run([Rester(log, until=0.0625), DoDoer(doers=[Rester(log, name="b", until=0.05)])], ticks=5)
        assert [(name, tyme * 32) for name, tyme, _ in log] == [("", 0), ("b", 0), ("", 2), ("b", 2), ("", 4), ("b", 4)]
        doist.exit()

    def test_until_does_not_keep_from_being_woken(self):
        log = []
        doer = Rester(log, until=0.125)
        doist = self.run([doer], ticks=2)
        doer.watch.wake()
        for _ in range(8):
            doist.recur()
        assert [tyme * 32 for _, tyme, _ in log] == [0, 2, 6]  # woken at 2, so the end of its rest moved
        doist.exit()

    def test_woken_by_another_in_the_same_pass_has_its_turn_before_the_tick(self):
        log = []

        class Waker(Doer):
            def recur(self, tyme):
                log.append(("waker", tyme, True))
                if tyme == 0.0625:
                    doer.watch.wake()

        doer = Rester(log, name="r")
        doist = self.run([doer, Waker()], ticks=4)
        assert [(name, tyme * 32) for name, tyme, _ in log] == [
            ("r", 0), ("waker", 0), ("waker", 1), ("waker", 2), ("r", 2), ("waker", 3),
        ]
        doist.exit()

    def test_a_chat_does_not_stop_the_clock(self):
        log = []

        class Chatter(Rester):
            def turn(self, tyme):
                self.peer.watch.wake()

        a, b = Chatter(log), Chatter(log)
        a.peer, b.peer = b, a
        doist = self.run([a, b], ticks=3)
        assert doist.tyme == 3 / 32
        assert Doist.Rounds <= len([tyme for _, tyme, _ in log if tyme == 1 / 32]) <= Doist.Rounds + 4
        doist.exit()

    def test_a_chat_goes_on_in_each_tick(self):
        """Whoever was woken too late for a tick is not left behind when tyme leaps."""
        log = []

        class Chatter(Rester):
            def turn(self, tyme):
                self.watch.wake()

        doist = Doist(doers=[Chatter(log)], limit=4 / 32)
        doist.do()
        assert len({tyme for _, tyme, _ in log}) == 4

    def test_an_end_of_rest_found_when_woken_counts_for_the_scheduler_above(self):
        log = []

        class Later(Rester):
            def turn(self, tyme):
                self.until = 0.0625 if tyme else None

        doer = Later(log)
        doist = self.run([DoDoer(doers=[DoDoer(doers=[doer])])])
        doer.watch.wake()
        for _ in range(4):
            doist.recur()
        assert [tyme * 32 for _, tyme, _ in log] == [0, 4, 6]
        doist.exit()

    def test_one_that_ends_when_woken_ends_its_scheduler(self):
        log = []
        doer = Rester(log, stop=2)
        dodoer = DoDoer(doers=[DoDoer(doers=[doer])])
        doist = self.run([dodoer])
        doer.watch.wake()
        doist.recur()
        assert (doer.done, dodoer.doers[0].done, dodoer.done, len(doist.deeds)) == (True, True, True, 0)

    @pytest.mark.parametrize("depth", [0, 1, 2])
    def test_one_that_raises_when_woken(self, depth):
        """The exception takes its way through the dogs of the schedulers above, as in a pass."""
        log = []

        class Failing(Rester):
            def turn(self, tyme):
                if tyme:
                    raise Bad("turn")

        class Aborting(DoDoer):
            def abort(self, ex):
                log.append(("abort", self.tyme, repr(ex)))

            def exit(self, deeds=None):
                super().exit(deeds)
                log.append(("exit", self.tyme, None))

        doer = top = Failing(log)
        for _ in range(depth):
            top = Aborting(doers=[Note("x", []), top, Note("y", [])])
        doist = Doist(doers=[Note("before", log, stop=1), top], limit=1)

        class Waker(Doer):
            def recur(self, tyme):
                if tyme == 0.125:
                    doer.watch.wake()

        doist.doers.append(Waker())
        with pytest.raises(Bad):
            doist.do()
        above = [("abort", 0.125, "Bad('turn')"), ("exit", 0.125, None)]
        assert log[4:] == [("", 0.125, "Bad('turn')")] + above * depth
        assert not doist.deeds
        assert doist.stack == []

    def test_a_scheduler_above_may_swallow_it(self):
        class Failing(Rester):
            def turn(self, tyme):
                if tyme:
                    raise Bad("turn")

        log = []
        doer = Failing(log)
        inner = DoDoer(doers=[doer])

        def wrapper(tymth=None, tock=0.0, temp=None, **opts):
            try:
                yield from inner(tymth=tymth, tock=tock)
            except Bad:
                return "swallowed"

        outer = doify(wrapper)
        doist = self.run([outer, Doer()])
        doer.watch.wake()
        doist.recur()
        assert outer.done == "swallowed"
        assert len(doist.deeds) == 1
        doist.exit()

    @pytest.mark.parametrize("tock, turns", [(0.0, [0, 4, 4, 5, 6, 7, 8, 9]), (0.0625, [0, 4, 6, 8])])
    def test_enough_of_rest(self, tock, turns):
        """Woken, it yields a tock: from then on it goes by that. Every pass includes the one that comes right now."""
        log = []
        watch = Watch()

        def doer(tymth=None, tock=0.0, temp=None, **opts):
            watch.poller = tymth.poller
            yield
            log.append(tymth() * 32)
            yield watch
            while True:
                log.append(tymth() * 32)
                yield tock

        doist = self.run([DoDoer(doers=[doify(doer, tock=tock)])])
        watch.wake()
        for _ in range(6):
            doist.recur()
        assert log == turns
        doist.exit()

    def test_a_turn_in_between_leaves_the_next_one_where_it_is(self):
        """One that asks for every pass, or sleeps, and is bound to a watch by whoever it services."""
        log = []
        watches = {tock: Watch() for tock in (0.0, 0.0625)}

        def doer(tymth=None, tock=0.0, temp=None, **opts):
            watch = watches[tock]
            watch.poller = tymth.poller
            yield tock
            while True:
                watch.owner, watch.deed = tymth.root.locate()
                log.append((tock, tymth() * 32))
                yield tock

        doist = self.run([DoDoer(doers=[doify(doer, tock=tock) for tock in watches])], ticks=3)
        del log[:]
        retymes = [deed.retyme for deed in doist.doers[0].deeds]
        for watch in watches.values():
            watch.wake()
        doist._collect(1)
        assert log == [(0.0, 3), (0.0625, 3)]
        assert [deed.retyme for deed in doist.doers[0].deeds] == retymes
        doist.recur()
        doist.recur()
        assert log[2:] == [(0.0, 3), (0.0, 4), (0.0625, 4)]
        doist.exit()

    def test_not_from_within_its_own_turn(self):
        log = []

        class Selfish(Rester):
            def turn(self, tyme):
                owner, entry = self.tymth.root.locate()
                log.append(owner.rerun(entry))

        doist = self.run([DoDoer(doers=[Selfish(log)])], ticks=1)
        assert log[0] is False
        doist.exit()

    def test_of_a_deed_that_is_gone(self):
        log = []
        doer = Rester(log)
        doist = self.run([doer])
        entry = doer.watch.deed
        doist.remove([doer])
        assert doist.rerun(entry) is False
        doer.watch.wake()
        doist.recur()
        assert len(log) == 1

    def test_a_watch_that_nobody_services_is_left_alone(self):
        doist = Doist(doers=[Doer()])
        watch = Watch(poller=doist.poller)
        doist.enter()
        watch.wake()
        doist.recur()
        assert not watch.woken
        doist.exit()

    def test_what_is_woken_behind_one_that_raises_stays_woken(self):
        log = []

        class Failing(Rester):
            def turn(self, tyme):
                if tyme:
                    raise Bad

        doers = [Failing(log), Rester(log, name="b")]
        doist = self.run(doers)
        for doer in doers:
            doer.watch.wake()
        with pytest.raises(Bad):
            doist.recur()
        doist.recur()
        assert log[-1] == ("b", 0.125, True)
        doist.exit()

    @pytest.mark.parametrize("change", ["extend", "remove", "always", "deeds", "tock"])
    def test_a_change_from_outside_ends_the_rest_of_a_scheduler(self, change):
        log = []
        doers = [Rester(log), Doer(tock=1e9)]
        inner = DoDoer(doers=doers, always=change == "always")
        turns = []

        class Outer(DoDoer):
            pass

        changes = {
            "extend": lambda: inner.extend([Note("new", turns, stop=1)]),
            "remove": lambda: inner.remove(doers),
            "always": lambda: (inner.remove(doers), setattr(inner, "always", False)),
            "deeds": lambda: (inner.exit(), setattr(inner, "deeds", deque())),
            "tock": lambda: setattr(inner, "tock", 0.25),
        }
        doist = self.run([Outer(doers=[inner])])
        changes[change]()
        doist.recur()
        if change == "extend":
            assert turns[1] == (0.125, "new", "recur")
        elif change == "tock":
            assert doist.doers[0].deeds[0].retyme == 0.125 + 0.25
        else:
            assert (inner.done, len(doist.deeds)) == (True, 0)
        doist.exit()

    def test_change_by_one_in_front_counts_in_the_same_pass(self):
        """As it would if the scheduler behind had its turn in every pass."""
        log = []
        inner = DoDoer(doers=[Doer(tock=1e9)])

        class Extender(Doer):
            def recur(self, tyme):
                if tyme == 0.125:
                    inner.extend([Note("new", log, stop=1)])
                    inner.extend([Note("newer", log, stop=1)])

        doist = self.run([Extender(), DoDoer(doers=[inner])], ticks=6)
        assert log == [
            (0.125, "new", "enter"),
            (0.125, "newer", "enter"),
            (0.125, "new", "recur"),
            (0.125, "new", "exit"),
            (0.125, "newer", "recur"),
            (0.125, "newer", "exit"),
        ]
        doist.exit()

    def test_taken_out_and_put_back_it_loses_no_more_than_its_rest(self):
        log = []
        doist = self.run([Rester(log)])
        doist.deeds.append(doist.deeds.pop())
        doist.recur()
        assert [tyme for _, tyme, _ in log] == [0.0, 0.125]
        doist.exit()

    def test_by_hand_it_yields_its_tock(self):
        dodoer = DoDoer(doers=[Doer(tock=100.0)], tock=0.0)
        dog = dodoer(tymth=tyming.Tymist().tymen())
        assert [dog.send(None), dog.send(0.0)] == [0.0, 0.0]
        dog.close()


class TestLocating:
    def test_finds_the_deed_that_has_its_turn(self):
        found = []

        class Finder(Doer):
            def enter(self, *, temp=None):
                found.append(self.tymth.root.locate())

            def recur(self, tyme):
                owner, entry = self.tymth.root.locate()
                found.append((owner, entry.doer))
                if tyme == 0.0 and self is finders[0]:
                    inner.extend([finders[2]])
                return tyme > 0.0

        finders = [Finder(), Finder(), Finder()]
        inner = DoDoer(doers=finders[:2])
        doist = Doist(doers=[inner])
        doist.enter()
        assert doist.locate() == (None, None)
        doist.recur()
        nobody = (None, None)
        assert found == [nobody, nobody, (inner, finders[0]), nobody, (inner, finders[1])]
        doist.recur()
        assert found[5:] == [(inner, finder) for finder in finders]
        assert doist.locate() == nobody

    def test_through_a_generator_that_delegates(self):
        found = []

        class Finder(Doer):
            def recur(self, tyme):
                found.append(self.tymth.root.locate())
                return True

        inner = DoDoer(doers=[Finder()])

        def wrapper(tymth=None, tock=0.0, temp=None, **opts):
            yield from inner(tymth=tymth, tock=tock)
            found.append(tymth.root.locate())

        doer = doify(wrapper)
        doist = Doist(doers=[doer])
        doist.do()
        assert [(owner, entry.doer) for owner, entry in found] == [(inner, inner.doers[0]), (doist, doer)]


class FakePoller(Poller):
    """A network of appointments: at each tyme a watch wakes."""

    def __init__(self, appointments):
        super().__init__()
        self.appointments = sorted(appointments, key=lambda pair: pair[0])
        self.polls = []
        self.tymth = None

    def __len__(self):
        return len(self.appointments)

    def poll(self, timeout=0.0):
        assert timeout == 0.0
        self.polls.append(self.tymth())
        while self.appointments and self.appointments[0][0] <= self.tymth():
            self.appointments.pop(0)[1].wake()
        return 0

    def due(self):
        return self.appointments[0][0] if self.appointments else None

    def close(self):
        pass


class TestSimulatedPoller:
    def test_tyme_leaps_to_what_is_certain(self):
        log = []
        doer = Rester(log, stop=3)
        poller = FakePoller([(1.0, doer.watch), (2000.01, doer.watch)])
        doist = Doist(doers=[DoDoer(doers=[doer])], poller=poller)
        poller.tymth = doist.tymen()
        assert doist.poller is poller
        doist.do()
        assert [tyme for _, tyme, _ in log] == [0.0, 1.0, 2000.03125]
        assert doist.done is True
        assert len(poller.polls) < 20

    def test_nothing_more_will_come(self):
        doer = Rester([])
        poller = FakePoller([(1.0, doer.watch)])
        doist = Doist(doers=[doer], poller=poller)
        poller.tymth = doist.tymen()
        with pytest.raises(StallError):
            doist.do()
        assert doist.tyme >= 1.0
