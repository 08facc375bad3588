"""Runs of a Doist: failures, and all the ways in which it ends."""

from __future__ import annotations

import math

import pytest

from hio.base.doing import DoDoer, Doer, Doist, StallError, TryDoer, doify
from tests.base.notes import Note


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
