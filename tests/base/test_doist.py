"""Runs of a Doist: tymes, ends, failures, its queue, and what it skips."""

from __future__ import annotations

import inspect
import math
from collections import deque

import pytest

from hio.base import doing
from hio.base.doing import DoDoer, Doer, Doist, ExDoer, StallError, TryDoer, doify, doifyExDo, doizeExDo
from hio.base.polling import Watch
from hio.base.scheduling import Deed
from hio.help import timing
from tests.base.notes import Note


def recurs(doer):
    return [state.tyme for state in doer.states if state.context == "recur"]


def last(doer):
    return [(state.tyme, state.context) for state in doer.states][-2:]


class TestMaking:
    def test_defaults(self):
        doist = Doist()
        assert (doist.tyme, doist.tock, doist.name, doist.real, doist.limit) == (0.0, 0.03125, "doist", False, None)
        assert (doist.done, doist.doers, doist.deeds, doist.temp) == (None, [], deque(), False)
        assert isinstance(doist.deeds, deque)
        assert isinstance(doist.timer, timing.MonoTimer)
        assert doist.timer.duration == doist.tock

    def test_parameters(self):
        doers = [ExDoer()]
        doist = Doist(name="x", real=True, limit=-2, doers=doers, temp=True, tyme=1, tock=0.5)
        assert (doist.tyme, doist.tock, doist.name) == (1.0, 0.5, "x")
        assert (doist.real, doist.limit, doist.temp) == (True, 2.0, True)
        assert doist.doers == doers
        assert doist.doers is not doers

    def test_timer_follows_tock(self):
        doist = Doist()
        doist.tock = 0.5
        assert doist.timer.duration == 0.5

    @pytest.mark.parametrize(
        "name, value, error",
        [
            ("tock", -0.1, ValueError),
            ("tock", math.nan, ValueError),
            ("tyme", math.inf, ValueError),
            ("limit", math.nan, ValueError),
            ("doers", [None], TypeError),
            ("doers", [len], TypeError),  # callable, but without a tock
            ("doers", 5, TypeError),
        ],
    )
    def test_wrong_arguments_are_refused(self, name, value, error):
        with pytest.raises(error):
            Doist(**{name: value})
        if name in ("doers", "tyme", "limit"):
            with pytest.raises(error):
                Doist().do(**{name: value})

    def test_tymth(self):
        doist = Doist(tyme=2.0)
        tymth = doist.tymen()
        assert inspect.isfunction(tymth)
        assert (tymth(), tymth.root, tymth.poller) == (2.0, doist, doist.poller)

    def test_tells_its_state(self):
        assert repr(Doist(name="x")) == "<Doist 'x' tyme=0.0 deeds=0 done=None>"


class TestRun:
    def test_without_doers(self):
        doist = Doist()
        assert doist.do() is None
        assert (doist.done, doist.tyme) == (True, 0.03125)
        assert doist() is None

    def test_retymes(self):
        doers = [ExDoer(tock=0.25), ExDoer(tock=0.5)]
        doist = Doist(tock=0.25, doers=doers)
        assert doist.enter() is doist.deeds
        seen = [[deed.retyme for deed in doist.deeds]]
        for tick in range(7):
            doist.recur()
            assert doist.tyme == (tick + 1) * 0.25
            seen.append([retyme for _, retyme, _ in doist.deeds])
        assert seen == [[0.0, 0.0], [0.25, 0.5], [0.5, 0.5], [0.75, 1.0], [1.0], [1.5], [1.5], []]
        assert [recurs(doer) for doer in doers] == [[0.0, 0.25, 0.5, 0.75], [0.0, 0.5, 1.0, 1.5]]
        assert doist.done is None  # by hand nothing changes it
        doist.recur()
        assert doist.tyme == 2.0

    def test_a_tock_between_ticks_adds_up(self):
        doer = TryDoer(stop=5, tock=0.3)
        doist = Doist(tock=0.25, doers=[doer])
        doist.enter()
        retymes = []
        while doist.deeds:
            doist.recur()
            retymes += [deed.retyme for deed in doist.deeds if deed.retyme not in retymes]
        assert recurs(doer) == [0.0, 0.5, 0.75, 1.0, 1.25, 1.5]
        assert retymes == pytest.approx([0.3, 0.6, 0.9, 1.2, 1.5])

    @pytest.mark.parametrize("real", [False, True])
    def test_limit(self, real):
        tock = 0.03125
        doers = [ExDoer(tock=tock), ExDoer(tock=2 * tock)]
        doist = Doist(tock=tock, real=real, limit=4 * tock, doers=doers)
        doist.do()
        assert (doist.tyme, doist.done) == (0.125, False)
        assert [doer.done for doer in doers] == [True, False]
        assert [recurs(doer) for doer in doers] == [[0.0, 0.03125, 0.0625, 0.09375], [0.0, 0.0625]]
        assert [last(doer) for doer in doers] == [
            [(0.09375, "recur"), (0.09375, "exit")],
            [(0.125, "cease"), (0.125, "exit")],
        ]
        assert not doist.deeds
        assert doist.doers == doers

    def test_limit_of_two_ticks(self):
        doers = [ExDoer(), ExDoer()]
        doist = Doist(limit=0.0625, doers=doers)
        doist.do()
        assert [recurs(doer) for doer in doers] == [[0.0, 0.03125]] * 2
        assert [last(doer) for doer in doers] == [[(0.0625, "cease"), (0.0625, "exit")]] * 2

    def test_limit_counts_from_the_beginning_of_each_run(self):
        doist = Doist(tock=1.0, doers=[Doer()])
        doist.do(limit=2)
        assert (doist.tyme, doist.limit) == (2.0, 2.0)
        doist.do()
        assert doist.tyme == 4.0
        doist.do(tyme=0, limit=2)
        assert doist.tyme == 2.0
        doist.do(limit=-3)
        assert doist.tyme == 5.0

    def test_no_limit(self):
        for limit in (0, 0.0):
            doist = Doist(limit=1.0)
            doist.do(doers=[TryDoer(stop=99)], limit=limit)
            assert (doist.done, doist.tyme) == (True, 100 / 32)

    def test_an_empty_queue_comes_before_the_limit(self):
        doist = Doist(limit=0.03125)
        doist.do()
        assert doist.done is True

    def test_functions_as_doers(self):
        states = [], []
        one = doify(doifyExDo, tock=0.03125, states=states[0])
        doizeExDo.opts["states"] = states[1]
        doizeExDo.tock = 0.0625
        try:
            Doist(limit=0.125, doers=[one, doizeExDo]).do()
        finally:
            doizeExDo.opts["states"], doizeExDo.tock = None, 0
        assert (one.done, doizeExDo.done) == (True, True)  # they return True when closed too
        assert [state.context for state in states[1]] == ["enter", "recur", "recur", "cease", "exit"]

    def test_again(self):
        doer = TryDoer()
        doist = Doist(doers=[doer])
        doist.do()
        doist.do()
        assert recurs(doer) == [0.0, 0.03125, 0.0625, 0.09375, 0.125, 0.15625, 0.1875, 0.21875]
        assert (doist.done, doer.done) == (True, True)

    def test_doers_given_replace(self):
        doist = Doist(doers=[TryDoer()])
        deeds = doist.deeds
        new = [TryDoer()]
        doist.do(doers=new)
        assert doist.doers == new
        assert doist.doers is not new
        assert doist.deeds is not deeds

    def test_one_that_ends_as_it_enters(self):
        def quick(tymth=None, tock=0.0, temp=None, **opts):
            return "done"
            yield

        doer = doify(quick)
        doist = Doist(doers=[doer])
        doist.enter()
        assert (doer.done, list(doist.deeds)) == ("done", [])

    def test_done_keeps_what_it_was_without_a_return_value(self):
        def silent(tymth=None, tock=0.0, temp=None, **opts):
            yield tock

        doer = doify(silent)
        doist = Doist(doers=[doer])
        doist.do()
        assert (doer.done, doist.done) == (False, True)

    def test_the_tock_yielded_on_entering_is_ignored(self):
        turns = []

        def late(tymth=None, tock=0.0, temp=None, **opts):
            yield 100.0
            turns.append(tymth())

        Doist(doers=[doify(late)]).do()
        assert turns == [0.0]

    def test_opts_are_handed_over(self):
        got = []

        def doer(tymth=None, tock=0.0, temp=None, **opts):
            got.append((tock, opts))
            yield tock

        Doist(doers=[doify(doer, tock=0.5, a=1)]).do()
        assert got == [(0.5, {"a": 1})]

    @pytest.mark.parametrize("yielded", [0, 0.0, None, False])
    def test_falsy_tocks_mean_every_pass(self, yielded):
        turns = []

        def doer(tymth=None, tock=0.0, temp=None, **opts):
            for _ in range(4):
                turns.append((yield yielded))

        Doist(doers=[doify(doer)], tock=0.5).do()
        assert turns == [0.0, 0.5, 1.0, 1.5]

    def test_a_change_of_tock_in_mid_run(self):
        class Changer(TryDoer):
            def recur(self, tyme):
                if tyme == 1.0:
                    doist.tock = 0.25
                return super().recur(tyme)

        doers = [TryDoer(stop=5), Changer(stop=5), TryDoer(stop=5)]
        doist = Doist(tock=0.5, doers=doers)
        doist.do()
        assert [recurs(doer) for doer in doers] == [[0.0, 0.5, 1.0, 1.25, 1.5, 1.75]] * 3


class TestQueue:
    def test_of_its_own(self):
        mine, other = TryDoer(stop=1), TryDoer(stop=2)
        doist = Doist(doers=[mine])
        deeds = doist.enter(doers=[other])
        assert isinstance(deeds, deque)
        assert len(deeds) == 1
        assert not doist.deeds
        assert doist.doers == [mine]
        doist.recur(deeds=deeds)
        assert (other.count, mine.count, doist.tyme) == (1, None, 0.03125)
        doist.recur(deeds=deeds)
        doist.exit(deeds=deeds)
        assert not deeds
        assert other.done is False

    def test_plain_deque(self):
        doer = TryDoer(stop=9, tock=0.0625)
        doist = Doist()
        deeds = deque(tuple(deed) for deed in doist.enter(doers=[doer]))
        (dog, retyme, same), = deeds
        assert (retyme, same) == (0.0, doer)
        for want in (0.0625, 0.0625, 0.125):
            doist.recur(deeds)
            assert list(deeds) == [(dog, want, doer)]
        assert recurs(doer) == [0.0, 0.0625]
        deeds.append((None, None, None))
        doist.exit(deeds)
        assert not deeds
        assert doer.done is False

    def test_plain_deque_takes_a_watch_for_its_tock(self):
        turns = []

        def resting(tymth=None, tock=0.0, temp=None, **opts):
            while True:
                turns.append((yield Watch(tock)))

        doist = Doist()
        deeds = deque(doist.enter(doers=[doify(resting), doify(resting, tock=0.0625)]))
        for _ in range(3):
            doist.recur(deeds)
        assert turns == [0.0, 0.0, 0.03125, 0.0625, 0.0625]
        doist.exit(deeds)

    def test_deeds_of_a_plain_deque_can_be_assigned(self):
        doist = Doist()
        deeds = doist.enter(doers=[TryDoer(), TryDoer()])
        doist.deeds = deque(deeds)
        assert list(doist.deeds) == list(deeds)
        deeds.clear()
        doist.recur()
        assert len(doist.deeds) == 2
        doist.exit()
        with pytest.raises(TypeError, match="deque"):
            doist.deeds = []

    def test_reads_as_a_deque(self):
        doers = [TryDoer(tock=tock) for tock in (0.0, 1.0, 0.0)]
        doist = Doist(doers=doers)
        doist.enter()
        doist.recur()
        deeds = doist.deeds
        plain = deque(deeds)
        assert type(plain[0]) is Deed
        assert [deed.retyme for deed in deeds] == [0.03125, 1.0, 0.03125]
        assert deeds == plain
        assert plain == deeds
        assert deeds != deque()
        assert deeds.copy() == plain
        assert type(deeds.copy()) is deque
        assert repr(deeds) == f"Schedule({list(plain)!r})"
        assert (deeds[1], deeds[-1], plain[1] in deeds, None in deeds) == (plain[1], plain[2], True, False)
        assert list(reversed(deeds)) == list(reversed(plain))
        assert (deeds.index(plain[2]), deeds.count(plain[0]), len(deeds), bool(deeds)) == (2, 1, 3, True)
        with pytest.raises(TypeError):
            hash(deeds)
        with pytest.raises(IndexError):
            deeds[3]
        with pytest.raises(ValueError):
            deeds.index(None)
        doist.exit()
        assert not deeds
        for method in (deeds.pop, deeds.popleft):
            with pytest.raises(IndexError):
                method()

    def test_meddling(self):
        """Any way to change a deque does to the deeds what it would do to one, and the dogs run on in that order."""
        changes = [
            lambda deeds: deeds.append(deeds.popleft()),
            lambda deeds: deeds.appendleft(deeds.pop()),
            lambda deeds: deeds.rotate(),
            lambda deeds: deeds.rotate(-2),
            lambda deeds: deeds.reverse(),
            lambda deeds: deeds.insert(1, deeds.pop()),
            lambda deeds: deeds.extendleft([deeds.pop(), deeds.pop()]),
            lambda deeds: deeds.extend([deeds.popleft(), deeds.popleft()]),
            lambda deeds: deeds.remove(deeds[1]),
            lambda deeds: deeds.__delitem__(0),
            lambda deeds: deeds.__setitem__(0, deeds.pop()),
            lambda deeds: deeds.__iadd__([deeds.popleft()]),
            lambda deeds: deeds.append((None, None, None)),
        ]
        for change in changes:
            log = []
            doers = [Note(name, log, tock=tock) for name, tock in zip("abcd", (0.0, 0.0625, 0.0, 0.0), strict=True)]
            doist = Doist(doers=doers)
            doist.enter()
            doist.recur()
            plain = deque(doist.deeds)
            change(doist.deeds)
            change(plain)
            assert list(doist.deeds) == list(plain)
            del log[:]
            doist.recur()
            assert [name for _, name, _ in log] == [doer.name for _, _, doer in plain if doer and not doer.tock]
            doist.recur()
            doist.exit()
            for dog, _, _ in plain:
                if dog is not None:
                    dog.close()

    def test_is_emptied_cheaply_from_either_end(self):
        """A dict remembers where it was emptied; were that not seen to, this would take minutes."""
        for end in ("pop", "popleft"):
            doist = Doist(doers=[doify(doifyExDo) for _ in range(20_000)])
            doist.enter()
            take = getattr(doist.deeds, end)
            while doist.deeds:
                take().dog.close()


class TestExtendRemove:
    def test_extend(self):
        doers = [TryDoer(stop=stop) for stop in (1, 2, 3)]
        doist = Doist(doers=doers)
        doist.enter()
        doist.recur()
        doist.recur()
        assert doers[0].done
        assert [deed.doer for deed in doist.deeds] == doers[1:]
        more = [TryDoer(stop=1), TryDoer(stop=4)]
        doist.extend([doers[0], *more])
        assert doist.doers == doers + more
        assert [deed.doer for deed in doist.deeds] == doers[1:] + more
        doist.recur()
        doist.recur()
        assert [deed.doer for deed in doist.deeds] == [more[1]]
        doist.exit()
        assert not doist.deeds
        assert more[1].done is False
        assert doist.done is None

    def test_remove(self):
        doers = [TryDoer(stop=stop) for stop in (1, 8, 8, 8)]
        doist = Doist(doers=doers)
        doist.enter()
        doist.recur()
        doist.recur()
        doist.remove([doers[0], doers[1], doers[3], TryDoer()])
        assert doist.doers == [doers[2]]
        assert [deed.doer for deed in doist.deeds] == [doers[2]]
        assert [doer.done for doer in doers] == [True, False, False, False]
        assert [last(doer)[0][1] for doer in doers] == ["recur", "cease", "recur", "cease"]
        doist.exit()

    @pytest.mark.parametrize("itself", [False, True])
    def test_a_doer_removes_the_others_while_it_runs(self, itself):
        class Remover(TryDoer):
            def recur(self, tyme):
                if self.count == 1:
                    doist.remove(list(doist.doers) if itself else [doer for doer in doist.doers if doer is not self])
                return super().recur(tyme)

        remover = Remover()
        doers = [TryDoer(stop=9), remover, TryDoer(stop=9)]
        doist = Doist(doers=doers)
        doist.enter()
        doist.recur()
        doist.recur()
        assert doist.doers == ([] if itself else [remover])
        assert [deed.doer for deed in doist.deeds] == [remover]
        assert [doers[0].count, doers[2].count] == [4, 3]  # the one behind had no turn any more
        doist.recur()
        doist.recur()
        assert not doist.deeds
        assert remover.done is True

    def test_removed_and_entered_again_in_the_same_turn(self):
        class Restarter(TryDoer):
            def recur(self, tyme):
                if self.count == 1:
                    doist.remove([other])
                    doist.extend([other])
                return super().recur(tyme)

        other = TryDoer(stop=9)
        doist = Doist(doers=[Restarter(stop=9), other])
        doist.enter()
        for _ in range(3):
            doist.recur()
        assert [state.context for state in other.states] == ["enter", "recur", "cease", "exit", "enter", "recur"]
        doist.exit()

    def test_extend_during_a_pass_waits_for_the_next(self):
        class Extender(TryDoer):
            def recur(self, tyme):
                if not self.count:
                    doist.extend([other])
                    assert [deed.doer for deed in doist.deeds] == [other]  # what runs is not in the queue
                return super().recur(tyme)

        other = TryDoer()
        doist = Doist(doers=[Extender()])
        doist.do()
        assert recurs(other) == [0.03125, 0.0625, 0.09375, 0.125]

    def test_deeds_run_in_the_order_of_entering(self):
        """Whatever their tocks, and however often they changed between sleeping and every pass."""
        order = []

        def doer(tymth=None, tock=0.0, temp=None, name="", tocks=(), **opts):
            yield
            for tock in tocks:
                order.append((tymth(), name))
                yield tock

        tocks = {"a": [0.0, 2.0, 0.0, 0.0], "b": [3.0, 0.0], "c": [1.0, 0.0, 1.0, 0.0], "d": [0.0] * 5, "e": [1.5, 1.5]}
        doist = Doist(tock=1.0, doers=[doify(doer, name=name, tocks=tocks[name]) for name in tocks])
        doist.do()
        assert order == sorted(order)


class TestFailures:
    def test_others_are_closed_last_first(self):
        log = []
        doers = [Note("a", log), Note("b", log, raises=["recur"]), Note("c", log)]
        doist = Doist(doers=doers)
        with pytest.raises(ValueError, match="b recur"):
            doist.do()
        assert [(name, hook) for _, name, hook in log[3:]] == [
            ("a", "recur"),
            ("b", "recur"),
            ("b", "exit"),
            ("c", "exit"),
            ("a", "exit"),
        ]
        assert (doist.done, list(doist.deeds), doist.tyme) == (False, [], 0.0)

    def test_all_are_closed_though_some_fail_to(self):
        log = []
        doers = [Note("a", log), Note("b", log, raises=["exit"]), Note("c", log, raises=["exit"]), Note("d", log)]
        doist = Doist(doers=doers, limit=0.03125)
        with pytest.raises(ValueError, match="c exit"):
            doist.do()
        assert [name for _, name, hook in log if hook == "exit"] == ["d", "c", "b", "a"]
        assert not doist.deeds

    def test_removal_closes_all_though_some_fail_to(self):
        log = []
        doers = [Note("a", log), Note("b", log, raises=["exit"]), Note("c", log, raises=["exit"]), Note("d", log)]
        doist = Doist(doers=doers)
        doist.enter()
        with pytest.raises(ValueError, match="c exit"):
            doist.remove(doers[:3])
        assert [name for _, name, hook in log if hook == "exit"] == ["c", "b", "a"]
        assert doist.doers == doers[3:]
        doist.exit()

    @pytest.mark.parametrize("way", ["do", "enter", "extend"])
    def test_one_that_fails_to_enter(self, way):
        log = []
        doers = [Note("a", log), Note("b", log), Note("c", log, raises=["enter"]), Note("d", log)]
        doist = Doist()
        with pytest.raises(ValueError, match="c enter"):
            getattr(doist, way)(doers=doers)
        assert [(name, hook) for _, name, hook in log] == [
            ("a", "enter"),
            ("b", "enter"),
            ("c", "enter"),
            ("c", "exit"),
            ("b", "exit"),
            ("a", "exit"),
        ]
        assert not doist.deeds
        assert doist.doers == (doers if way == "do" else [])
        assert doist.stack == []

    def test_a_pass_that_raised_can_be_followed_by_another(self):
        log = []
        doers = [Note("a", log), Note("b", log, raises=["recur"]), Note("c", log)]
        doist = Doist(doers=doers)
        doist.enter()
        with pytest.raises(ValueError):
            doist.recur()
        del log[:]
        doist.recur()
        doist.recur()
        assert [(tyme, name) for tyme, name, _ in log] == [(0.0, "c"), (0.03125, "a"), (0.03125, "c")]
        doist.exit()

    @pytest.mark.parametrize("error, raised", [(SystemExit, SystemExit), (KeyboardInterrupt, None)])
    def test_interruptions(self, error, raised):
        class Interrupter(Doer):
            def recur(self, tyme):
                raise error

        log = []
        doist = Doist(doers=[Note("a", log), Interrupter(), Note("b", log)])
        if raised:
            with pytest.raises(raised):
                doist.do()
        else:
            assert doist.do() is None
        assert doist.done is False
        assert [name for _, name, hook in log if hook == "exit"] == ["b", "a"]

    def test_what_returns_no_generator_is_refused(self):
        def doer(**kwa):
            return 5

        doer.tock = 0.0
        with pytest.raises(TypeError, match="returned 5, which is no generator"):
            Doist(doers=[doer]).do()

    @pytest.mark.parametrize("tock, error", [(math.nan, ValueError), ("soon", TypeError), ([1], TypeError)])
    @pytest.mark.parametrize("before", [0.0, 1.0])
    def test_what_is_no_tock_is_refused(self, tock, error, before):
        log = []

        def sloppy(tymth=None, tock_=0.0, temp=None, **opts):
            try:
                yield
                yield before
                yield tock
            finally:
                log.append("closed")

        doist = Doist(doers=[Doer(), doify(sloppy, name="sloppy"), Note("a", log)], limit=9)
        with pytest.raises(error, match="sloppy"):
            doist.do()
        assert log[-1] == "closed"

    def test_a_pass_within_a_pass_is_refused(self):
        class Nester(Doer):
            def recur(self, tyme):
                doist.recur()

        doist = Doist(doers=[Nester()])
        with pytest.raises(RuntimeError, match="in the middle of a pass"):
            doist.do()

    def test_a_dog_that_will_not_close(self):
        def stubborn(tymth=None, tock=0.0, temp=None, **opts):
            try:
                while True:
                    yield
            except GeneratorExit:
                yield

        log = []
        doist = Doist(doers=[Note("a", log), doify(stubborn)], limit=0.03125)
        with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
            doist.do()
        assert log[-1] == (0.03125, "a", "exit")


class TestEnds:
    def test_stop(self):
        class Stopper(TryDoer):
            def recur(self, tyme):
                if self.count == 2:
                    doist.stop()
                return super().recur(tyme)

        log = []
        doist = Doist(doers=[Note("a", log), Stopper(stop=9), Note("b", log)])
        doist.do()
        assert (doist.done, doist.tyme) == (False, 3 / 32)
        assert [name for _, name, hook in log if hook == "recur"] == ["a", "b"] * 3
        assert [(name, hook) for _, name, hook in log[-2:]] == [("b", "exit"), ("a", "exit")]
        doist.stop()  # without a run it does nothing
        doist.do(limit=1 / 32)
        assert doist.tyme == 4 / 32

    def test_sleeping_for_ever_ends_at_the_limit(self):
        doist = Doist(doers=[Doer(tock=math.inf), Doer(tock=1e300)], limit=3600.0)
        doist.do()
        assert (doist.tyme, doist.done) == (3600.0, False)

    @pytest.mark.parametrize("doer", [Doer(tock=math.inf), DoDoer(always=True), DoDoer(doers=[Doer(tock=math.inf)])])
    def test_nothing_can_happen_any_more(self, doer):
        log = []
        doist = Doist(doers=[Note("a", log, stop=3), doer])
        with pytest.raises(StallError, match="Doer"):
            doist.do()
        assert (doist.tyme, doist.done) == (4 / 32, False)

    def test_ticks_that_lead_nowhere(self):
        with pytest.raises(StallError):
            Doist(tock=0.0, doers=[Doer(tock=1.0)]).do()


class TestEmptyStretches:
    @pytest.mark.parametrize("tock", [0.03125, 0.1, 1.0, 0.0004])
    def test_are_skipped_without_a_trace(self, tock):
        doers = [TryDoer(tock=3.7), TryDoer(tock=12.3), DoDoer(doers=[TryDoer(tock=5.01), TryDoer(tock=0.7)])]
        doist = Doist(tock=tock, doers=doers)
        doist.enter()
        while doist.deeds:
            doist.recur()
        tyme = doist.tyme
        leaves = [*doers[:2], *doers[2].doers]
        states = [leaf.states[:] for leaf in leaves]
        for leaf in leaves:
            leaf.states.clear()
        doist.do(tyme=0.0)
        assert doist.tyme == tyme
        assert [leaf.states for leaf in leaves] == states

    def test_cost_nothing(self, monkeypatch):
        passes = []
        run = doing.Schedule.run
        monkeypatch.setattr(doing.Schedule, "run", lambda self, tyme: passes.append(tyme) or run(self, tyme))
        doist = Doist(doers=[TryDoer(tock=3600.0), DoDoer(doers=[DoDoer(doers=[TryDoer(tock=1800.0)])])])
        doist.do()
        assert (doist.done, doist.tyme) == (True, 3 * 3600 + 1 / 32)
        assert len(passes) < 60

    @pytest.mark.parametrize("name", ["recur", "tick"])
    def test_overriding_sees_every_tick(self, name):
        ticks = []

        def spy(self, *pa):
            ticks.append(self.tyme)
            return getattr(Doist, name)(self, *pa)

        doist = type("Spy", (Doist,), {name: spy})(doers=[Doer(tock=100.0)], limit=1.0)
        doist.do()
        assert ticks == [tick / 32 for tick in range(32)]

    def test_idle_nested_schedulers_have_no_turns(self):
        deep = DoDoer(doers=[TryDoer(tock=10.0)])
        doist = Doist(doers=[DoDoer(doers=[deep])])
        doist.enter()
        for _ in range(3):
            doist.recur()
        turns = []
        for dodoer in (deep, doist.doers[0]):
            dodoer.recur = lambda tyme, dodoer=dodoer: turns.append(tyme)
        for _ in range(100):
            doist.recur()
        assert not turns
        doist.exit()
