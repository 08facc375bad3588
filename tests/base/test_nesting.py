"""DoDoers, and what they hand down to the doers below them."""

from __future__ import annotations

from collections import deque

import pytest

from hio.base import tyming
from hio.base.doing import DoDoer, Doer, Doist, ExDoer, TryDoer, doify
from tests.base.notes import contexts


class TestDoDoer:
    def test_defaults(self):
        dodoer = DoDoer()
        assert (dodoer.tock, dodoer.doers, dodoer.deeds, dodoer.always, dodoer.done) == (0.0, [], deque(), False, None)

    def test_doers_are_a_copy(self):
        doers = [ExDoer()]
        dodoer = DoDoer(doers=doers)
        assert dodoer.doers == doers
        assert dodoer.doers is not doers

    @pytest.mark.parametrize("name, value", [("doers", ()), ("doers", None), ("deeds", []), ("deeds", None)])
    def test_wrong_kinds_are_refused(self, name, value):
        with pytest.raises(TypeError, match=name):
            setattr(DoDoer(), name, value)

    def test_without_doers_by_hand(self):
        dodoer = DoDoer()
        dog = dodoer(tymth=tyming.Tymist().tymen(), tock=0.25)
        assert dog.send(None) == 0.25
        with pytest.raises(StopIteration) as caught:
            dog.send(0.0)
        assert caught.value.value is True
        assert dodoer.done is True

    def test_without_doers_always(self):
        dodoer = DoDoer(always=True)
        dog = dodoer(tymth=tyming.Tymist().tymen(), tock=0.25)
        assert [dog.send(None), dog.send(0.0), dog.send(0.0)] == [0.25] * 3
        assert dodoer.done is True
        dog.close()

    def test_arguments_of_do_may_be_positional(self):
        dodoer, doers = DoDoer(), [Doer()]
        dog = dodoer.do(tyming.Tymist().tymen(), 1.5, doers, True)
        assert next(dog) == 1.5 and dodoer.doers == doers and dodoer.always
        dog.close()

    def test_arguments_count_once_it_runs(self):
        old, new = TryDoer(), TryDoer()
        dodoer = DoDoer(doers=[old])
        dog = dodoer(tymth=tyming.Tymist().tymen(), doers=[new], always=True)
        assert (dodoer.doers, dodoer.always) == ([old], False)
        dog.send(None)
        assert (dodoer.doers, dodoer.always) == ([new], True)
        assert (contexts(old.states), contexts(new.states)) == ([], [("enter", 0)])
        dog.close()
        assert contexts(new.states) == [("enter", 0), ("cease", 1), ("exit", 2)]

    def test_unwound_cannot_start_doers(self):
        with pytest.raises(TypeError, match="not wound"):
            DoDoer(doers=[ExDoer()]).enter()

    def test_ends_when_its_doers_are_done(self):
        doers = [TryDoer(stop=stop, tock=1.0) for stop in (1, 2, 3)]
        dodoer = DoDoer(doers=doers, tock=1.0)
        doist = Doist(tock=1.0, limit=5, doers=[dodoer])
        dones = lambda: [doer.done for doer in doers] + [dodoer.done]  # noqa: E731
        doist.do()
        assert (doist.tyme, doist.done, dones()) == (4.0, True, [True] * 4)
        doist.do(limit=2)
        assert (doist.tyme, doist.done, dones()) == (6.0, False, [True, False, False, False])
        assert not dodoer.deeds
        dodoer.always = True
        doist.do(limit=5)
        assert (doist.tyme, doist.done, dones()) == (11.0, False, [True] * 4)
        doist.do(limit=2)
        assert (doist.tyme, doist.done, dones()) == (13.0, False, [True, False, False, False])

    def test_extend_by_hand(self):
        doers = [TryDoer(stop=stop, tock=1.0) for stop in (1, 2, 3)]
        dodoer = DoDoer(doers=doers, tock=1.0, always=True)
        doist = Doist(tock=1.0, doers=[dodoer])
        doist.enter()
        doist.recur()
        doist.recur()
        assert [deed.doer for deed in dodoer.deeds] == doers[1:]
        more = [TryDoer(stop=1, tock=1.0), TryDoer(stop=5, tock=1.0)]
        dodoer.extend([*more, doers[1]])
        assert dodoer.doers == doers + more
        assert [deed.doer for deed in dodoer.deeds] == doers[1:] + more
        doist.recur()
        doist.recur()
        assert [doer for _, _, doer in dodoer.deeds] == [more[1]]
        doist.exit()
        assert not dodoer.deeds
        assert (more[1].done, dodoer.done) == (False, False)

    def test_nested_tymes(self):
        tick = 0.03125
        a = [ExDoer(tock=0.0), ExDoer(tock=2 * tick)]
        b = [ExDoer(tock=0.0), ExDoer(tock=4 * tick)]
        dodoers = [DoDoer(doers=a), DoDoer(doers=b, tock=2 * tick)]
        doist = Doist(tock=tick, limit=8 * tick, doers=dodoers)
        doist.do()
        ticks = lambda doer, name: [s.tyme / tick for s in doer.states if s.context == name]  # noqa: E731
        assert [ticks(doer, "recur") for doer in a + b] == [[0, 1, 2, 3], [0, 2, 4, 6], [0, 2, 4, 6], [0, 4]]
        assert [ticks(doer, "cease") for doer in a + b] == [[], [], [], [8]]
        assert [ticks(doer, "exit") for doer in a + b] == [[3], [6], [6], [8]]
        assert [dodoer.done for dodoer in dodoers] == [True, False]
        assert doist.tyme == 8 * tick

    @pytest.mark.parametrize("itself", [False, True])
    def test_a_child_removes_the_others(self, itself):
        class Remover(DoDoer):
            def __init__(self, doers):
                self.turns = 0
                super().__init__(doers=[*doers, doify(self.removeDo)])

            def removeDo(self, tymth=None, tock=0.0, **opts):
                yield tock
                while True:
                    self.turns += 1
                    if self.turns == 2:
                        own = self.doers[-1]
                        self.remove(self.doers if itself else [doer for doer in self.doers if doer != own])
                    if self.turns == 4:
                        return True
                    yield tock

        doers = [TryDoer(stop=9) for _ in range(3)]
        dodoer = Remover(doers)
        doist = Doist(doers=[dodoer])
        doist.enter()
        own = dodoer.doers[-1]
        doist.recur()
        assert len(dodoer.deeds) == 4
        doist.recur()
        assert [contexts(doer.states)[-2:] for doer in doers] == [[("cease", 3), ("exit", 4)]] * 2 + [
            [("cease", 3), ("exit", 4)]
        ]
        assert dodoer.doers == ([] if itself else [own])
        assert [deed.doer for deed in dodoer.deeds] == [own]
        doist.recur()
        assert len(dodoer.deeds) == 1
        doist.recur()
        assert not dodoer.deeds
        assert own.done is True
        assert not doist.deeds  # the same pass: its last deed is gone
        assert dodoer.done is True

    def test_overridden_recur_has_every_turn(self):
        class Counter(DoDoer):
            turns = 0

            def recur(self, tyme, deeds=None):
                self.turns += 1
                return super().recur(tyme, deeds) or self.turns == 5

        dodoer = Counter(doers=[Doer(tock=1e9)])
        doist = Doist(doers=[dodoer], limit=10)
        doist.do()
        assert (dodoer.turns, dodoer.done, doist.tyme) == (5, True, 5 / 32)

    def test_generator_recur(self):
        class Twice(DoDoer):
            def recur(self, tock=None):
                for _ in range(2):
                    tyme = yield tock
                    super().recur(tyme)
                return True

        doer = TryDoer(stop=9)
        dodoer = Twice(doers=[doer])
        Doist(doers=[dodoer], limit=1).do()
        assert contexts(doer.states) == [("enter", 0), ("recur", 1), ("recur", 2), ("cease", 3), ("exit", 4)]
        assert dodoer.done is True

    def test_cooperative_constructors(self):
        class Owner:
            def __init__(self, name="", **kwa):
                self.name = name
                super().__init__(**kwa)

        class Both(Owner, DoDoer):
            pass

        both = Both(name="x", doers=[ExDoer()], tock=0.5, always=True)
        assert (both.name, len(both.doers), both.tock, both.always) == ("x", 1, 0.5, True)


class TestTemp:
    class Temper(Doer):
        entered = "never"

        def enter(self, *, temp=None):
            self.entered = temp

    @pytest.mark.parametrize("run, scheduler, own, want", [
        (None, False, False, None),
        (None, False, True, True),
        (None, True, False, True),
        (True, False, False, True),
        (False, False, True, True),
    ])
    @pytest.mark.parametrize("nested", [False, True])
    def test_who_decides(self, run, scheduler, own, want, nested):
        doers = [self.Temper(temp=own), self.Temper()]
        doist = Doist(temp=scheduler, doers=[DoDoer(doers=doers)] if nested else doers, limit=0.1)
        doist.do(temp=run)
        assert doers[0].entered is want
        assert doers[1].entered is (True if run or scheduler else None)  # not by its neighbour

    @pytest.mark.parametrize("nested", [False, True])
    def test_doers_that_know_no_temp(self, nested):
        """Programs written before there was a temp run as they are."""
        tymes = []

        class Elder(Doer):
            def enter(self):
                tymes.append(("enter", self.tyme))

            def recur(self, tyme):
                tymes.append(("recur", tyme))
                return True

        class Eldest(Doer):
            def do(self, tymth, tock=0.0):
                tymes.append(("do", tock))
                yield tock
                return True

        class Group(DoDoer):
            def enter(self, doers=None):
                tymes.append(("group", self.tyme))
                return super().enter(doers)

            def methodDo(self, tymth, tock=0.0):
                tymes.append(("method", tock))
                yield tock
                return True

        def plainDo(tymth=None, tock=0.0, *, word="none"):
            tymes.append((word, tock))
            yield tock
            return True

        group = Group()
        doers = [Elder(), Eldest(tock=1.0), doify(plainDo, word="hi", temp=True), doify(group.methodDo)]
        group.doers = list(doers)
        doist = Doist(temp=True, tock=0.25, limit=1.0, doers=[group] if nested else doers)
        doist.do()
        assert doist.done and all(doer.done for doer in doers)
        began = [("enter", 0.0), ("do", 1.0), ("hi", 0.0), ("method", 0.0)]
        assert tymes == [*([("group", 0.0)] if nested else []), *began, ("recur", 0.0)]

    @pytest.mark.parametrize("temp, want", [(None, {}), (True, {"temp": True})])
    def test_one_that_takes_any_keyword_is_told_what_is_so(self, temp, want):
        """It may pass on what it gets, to who knows no temp."""
        got = []

        def anyDo(tymth, tock=0.0, **kwa):
            got.append(kwa)
            yield tock
            return True

        def namedDo(tymth, tock=0.0, *, temp, **kwa):
            got.append(temp)
            yield tock
            return True

        Doist(doers=[doify(anyDo, word="hi"), doify(namedDo)]).do(temp=temp)
        assert got == [{"word": "hi", **want}, temp]

    def test_by_hand(self):
        doer = self.Temper()
        doist = Doist(temp=True, doers=[doer])
        doist.enter()
        assert doer.entered is None  # the scheduler's own temp is for its runs
        doist.exit()
        doist.enter(temp=True)
        assert doer.entered is True
        doist.exit()
