"""Runs of a Doist: tymes, who runs, and what it skips."""

from __future__ import annotations

import inspect
import math
from collections import deque

import pytest

from hio.base import doing
from hio.base.doing import DoDoer, Doer, Doist, ExDoer, TryDoer, doify, doifyExDo, doizeExDo
from hio.help import timing
from tests.base.notes import recurs


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
