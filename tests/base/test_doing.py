"""Doers one by one, driven by hand, and below a DoDoer."""

from __future__ import annotations

import inspect
from collections import deque

import pytest

from hio.base import tyming
from hio.base.basing import State
from hio.base.doing import (
    DoDoer,
    Doer,
    Doist,
    ExDoer,
    ReDoer,
    TryDoer,
    bareDo,
    doify,
    doifyExDo,
    doize,
    doizeExDo,
    tryDo,
)
from hio.base.scheduling import closed
from hio.help import helping
from hio.hioing import UnknownArgumentWarning


def contexts(states):
    return [(state.context, state.count) for state in states]


def drive(dog, tymist, *feeds):
    """Send None, then each of feeds, with a tick before each; return what was yielded."""
    yields = [dog.send(None)]
    for feed in feeds:
        tymist.tick()
        yields.append(dog.send(feed))
    return yields


class TestDoer:
    def test_defaults(self):
        doer = Doer()
        assert (doer.tymth, doer.tyme, doer.tock, doer.done, doer.opts, doer.temp) == (None, None, 0.0, None, {}, False)

    def test_an_unknown_argument_is_named_where_it_was_given(self):
        with pytest.warns(UnknownArgumentWarning, match="TryDoer takes no argument tok, extra, and") as caught:
            assert TryDoer(tok=1.0, extra="stuff").tock == 0.0
        assert caught[0].filename == __file__
        with pytest.warns(UnknownArgumentWarning, match="always"):
            Doist(always=True)

    def test_parameters(self):
        tymist = tyming.Tymist(tyme=1.0)
        doer = Doer(tymth=tymist.tymen(), tock=-0.5, opts={"name": "x"}, temp=True)
        assert (doer.tyme, doer.tock, doer.opts, doer.temp) == (1.0, 0.5, {"name": "x"}, True)
        doer.tock = -2
        assert doer.tock == 2.0
        assert type(doer.tock) is float

    @pytest.mark.parametrize("tock", [float("nan"), "often"])
    def test_what_is_no_tock_is_refused(self, tock):
        with pytest.raises(ValueError, match=str(tock)):
            Doer(tock=tock)

    def test_kinds(self):
        doer = Doer()
        assert inspect.isgeneratorfunction(doer.do)
        assert not inspect.isgeneratorfunction(doer)
        assert inspect.isgenerator(doer(tymth=tyming.Tymist().tymen()))
        assert doer.tymth is None  # not started yet

    def test_first_send_must_be_none(self):
        dog = Doer()(tymth=tyming.Tymist().tymen())
        with pytest.raises(TypeError):
            dog.send(0.0)

    def test_yields_its_tock_until_closed(self):
        doer = Doer()
        dog = doer(tymth=tyming.Tymist().tymen(), tock=0.25)
        assert [dog.send(None), dog.send(0.0), dog.send(0.0)] == [0.25, 0.25, 0.25]
        assert doer.tock == 0.25
        doer.done = False
        dog.close()
        assert doer.done is False
        with pytest.raises(StopIteration) as caught:
            dog.send(0.0)
        assert caught.value.value is None

    def test_tock_can_change(self):
        doer = Doer(tock=1.0)
        dog = doer(tymth=tyming.Tymist().tymen(), tock=doer.tock)
        assert dog.send(None) == 1.0
        doer.tock = 0.0
        assert dog.send(0.0) == 0.0

    def test_recur_can_be_replaced_while_it_runs(self):
        doer = Doer()
        dog = doer(tymth=tyming.Tymist().tymen())
        dog.send(None)
        dog.send(0.0)
        doer.recur = lambda tyme: True
        with pytest.raises(StopIteration) as caught:
            dog.send(0.0)
        assert caught.value.value is True

    def test_close_returns_done(self):
        doer = Doer()
        dog = doer(tymth=tyming.Tymist().tymen())
        doer.done = False
        dog.send(None)
        assert closed(dog) is False
        assert closed(dog) is None

    def test_one_that_is_done_already_ends_at_once(self):
        doer = TryDoer()
        doer.done = True
        dog = doer(tymth=tyming.Tymist().tymen())
        with pytest.raises(StopIteration) as caught:
            dog.send(None)
        assert caught.value.value is True
        assert contexts(doer.states) == [("enter", 0), ("exit", 1)]

    @pytest.mark.parametrize(
        "raising, hooks",
        [
            (None, ["enter", "recur", "clean", "exit"]),
            ("enter", ["enter", "abort", "exit"]),
            ("recur", ["enter", "recur", "abort", "exit"]),
            ("clean", ["enter", "recur", "clean", "exit"]),
        ],
    )
    def test_order_of_hooks(self, raising, hooks):
        seen = []

        def hook(name, result=None):
            def call(*pa, **kwa):
                seen.append(name)
                if name == raising:
                    raise ValueError(name)
                return result

            return call

        doer = Doer()
        for name in ("enter", "recur", "clean", "cease", "abort", "exit"):
            setattr(doer, name, hook(name, name == "recur"))
        dog = doer(tymth=tyming.Tymist().tymen())
        with pytest.raises(ValueError if raising else StopIteration):
            dog.send(None)
            dog.send(0.0)
        assert seen == hooks

    def test_system_exit_only_exits(self):
        doer = TryDoer()
        dog = doer(tymth=tyming.Tymist().tymen())
        dog.send(None)
        with pytest.raises(SystemExit):
            dog.throw(SystemExit())
        assert contexts(doer.states) == [("enter", 0), ("exit", 1)]

    def test_enter_gets_temp(self):
        class Temper(Doer):
            def enter(self, *, temp=None):
                self.entered = temp

        doer = Temper()
        doer(tymth=tyming.Tymist().tymen(), temp=True).send(None)
        assert doer.entered is True


class TestReDoer:
    def test_by_hand(self, capsys):
        doer = ReDoer()
        dog = doer(tymth=tyming.Tymist().tymen(), tock=1.0)
        assert [dog.send(None), dog.send(0.0), dog.send(1.0)] == [1.0, 1.0, 1.0]
        with pytest.raises(StopIteration) as caught:
            dog.send(2.0)
        assert caught.value.value is True
        assert doer.done is True
        assert "tyme 2.0" in capsys.readouterr().out

        dog = doer(tymth=tyming.Tymist().tymen(), tock=1.0)
        dog.send(None)
        dog.send(0.0)
        assert closed(dog) is True  # done is the scheduler's to reset

    def test_under_a_doist(self):
        doer = ReDoer()
        doist = Doist(tock=1.0, limit=4, doers=[doer])
        doist.do()
        assert (doist.tyme, doist.done, doer.done) == (3.0, True, True)


class TestTryDoer:
    def test_to_the_end(self):
        tymist = tyming.Tymist(tock=0.125)
        doer = TryDoer(tock=0.25)
        assert (doer.states, doer.count) == ([], None)
        dog = doer(tymth=tymist.tymen(), tock=doer.tock)
        assert dog.send(None) == 0.25
        assert dog.send("Hello") == 0.25
        tymist.tick()
        assert dog.send("Hi") == 0.25
        tymist.tick()
        assert dog.send("Blue") == 0.25
        tymist.tick()
        with pytest.raises(StopIteration) as caught:
            dog.send("Red")
        assert caught.value.value is True
        assert doer.states == [
            State(0.0, "enter", "Default", 0),
            State(0.0, "recur", "Hello", 1),
            State(0.125, "recur", "Hi", 2),
            State(0.25, "recur", "Blue", 3),
            State(0.375, "recur", "Red", 4),
            State(0.375, "exit", None, 5),
        ]
        with pytest.raises(StopIteration):
            dog.send("what?")

    def test_closed(self):
        tymist = tyming.Tymist(tock=0.125)
        doer = TryDoer()
        dog = doer(tymth=tymist.tymen())
        drive(dog, tymist, "Hello", "Hi")
        tymist.tick()
        dog.close()
        assert doer.states[1:] == [
            State(0.125, "recur", "Hello", 1),
            State(0.25, "recur", "Hi", 2),
            State(0.375, "cease", None, 3),
            State(0.375, "exit", None, 4),
        ]

    def test_thrown(self):
        tymist = tyming.Tymist(tock=0.125)
        doer = TryDoer()
        dog = doer(tymth=tymist.tymen())
        drive(dog, tymist, "Hello", "Hi")
        tymist.tick()
        with pytest.raises(ValueError, match="Bad"):
            dog.throw(ValueError("Bad"))
        assert doer.states[3:] == [State(0.375, "abort", "Bad", 3), State(0.375, "exit", None, 4)]

    def test_a_call_overrides_the_tock(self):
        doer = TryDoer(tock=0.25)
        dog = doer(tymth=tyming.Tymist().tymen(), tock=1.0)
        assert dog.send(None) == 1.0
        assert doer.tock == 1.0

    def test_exdoer_feeds_tyme(self):
        tymist = tyming.Tymist(tock=0.125)
        doer = ExDoer()
        dog = doer(tymth=tymist.tymen())
        drive(dog, tymist, "ignored")
        dog.close()
        assert doer.states == [
            State(0.0, "enter", 0.0, 0),
            State(0.125, "recur", 0.125, 1),
            State(0.125, "cease", None, 2),
            State(0.125, "exit", None, 3),
        ]


class TestGeneratorFunctions:
    def test_bare(self):
        dog = bareDo(tymth=tyming.Tymist().tymen(), tock=0.5)
        assert dog.send(None) == 0.5
        with pytest.raises(StopIteration) as caught:
            dog.send(0.0)
        assert caught.value.value is True

    @pytest.mark.parametrize("feeds", [("Hello", "Hi"), (None, None)])
    def test_example_closed(self, feeds):
        tymist = tyming.Tymist(tock=0.125)
        states = []
        dog = doizeExDo(tymth=tymist.tymen(), tock=0.25, states=states)
        assert drive(dog, tymist, *feeds) == [0.25] * 3
        assert closed(dog) is True
        assert states == [
            State(0.0, "enter", 0.0, 0),
            State(0.125, "recur", feeds[0], 1),
            State(0.25, "recur", feeds[1], 2),
            State(0.25, "cease", None, 3),
            State(0.25, "exit", None, 4),
        ]

    def test_example_to_the_end_and_thrown(self):
        tymist = tyming.Tymist()
        states = []
        dog = doifyExDo(tymist.tymen(), states=states)
        drive(dog, tymist, 1, 2, 3)
        with pytest.raises(StopIteration) as caught:
            dog.send(4)
        assert caught.value.value is True
        assert contexts(states)[-2:] == [("recur", 4), ("exit", 5)]

        states = []
        dog = doifyExDo(tymist.tymen(), states=states)
        dog.send(None)
        with pytest.raises(ValueError):
            dog.throw(ValueError("Bad"))
        assert states[1:] == [State(tymist.tyme, "abort", "Bad", 1), State(tymist.tyme, "exit", None, 2)]

    def test_tryDo_yields_its_count(self):
        tymist = tyming.Tymist(tock=0.125)
        states = []
        dog = tryDo(tymth=tymist.tymen(), states=states)
        assert drive(dog, tymist, "Hello", "Hi", "Blue") == [0, 1, 2, 3]
        with pytest.raises(StopIteration) as caught:
            dog.send("Red")
        assert caught.value.value is True
        assert [(state.context, state.feed, state.count) for state in states] == [
            ("enter", "Default", 0),
            ("recur", "Hello", 1),
            ("recur", "Hi", 2),
            ("recur", "Blue", 3),
            ("recur", "Red", 4),
            ("exit", "Red", 5),
        ]

    @pytest.mark.parametrize("ending", ["cease", "abort"])
    def test_tryDo_keeps_its_feed_to_the_end(self, ending):
        tymist = tyming.Tymist()
        states = []
        dog = tryDo(tymth=tymist.tymen(), states=states)
        drive(dog, tymist, "Hello")
        if ending == "cease":
            dog.close()
        else:
            with pytest.raises(ValueError):
                dog.throw(ValueError("Bad"))
        assert [(state.context, state.feed, state.count) for state in states[2:]] == [
            (ending, "Hello", 2),
            ("exit", "Hello", 3),
        ]

    def test_decorated_attributes(self):
        assert inspect.isgeneratorfunction(doizeExDo)
        assert (doizeExDo.tock, doizeExDo.temp, doizeExDo.opts) == (0.0, None, {"states": None})
        assert (tryDo.tock, tryDo.done, tryDo.temp, tryDo.opts) == (0.0, None, None, {})
        assert not hasattr(doifyExDo, "tock")


class Bound:
    """Has generator methods to make doers of."""

    def __init__(self):
        self.count = 0
        self.again = doify(self.loop, name="again", tock=0.5)

    def loop(self, tymth=None, tock=0.0, **opts):
        self.count += 1
        while self.count <= 3:
            yield tock
            self.count += 1
        return True

    @doize(tock=0.25)
    def decorated(self, tymth=None, tock=0.0, *, temp=None, **opts):
        while self.count <= 3:
            self.count += 1
            yield self.decorated.tock
        return True

    @doize(tock=0.25)
    def endless(self, tymth=None, tock=0.0, *, temp=None, **opts):
        while True:
            self.count += 1
            yield self.endless.tock


class TestDoify:
    def test_independent_copies(self):
        one = doify(doifyExDo, name="one", tock=0.25, states=[])
        two = doify(doifyExDo, tock=0.5, temp=True)
        assert inspect.isgeneratorfunction(one)
        assert inspect.isgeneratorfunction(two)
        assert (one.__name__, two.__name__, doifyExDo.__name__) == ("one", "doifyExDo", "doifyExDo")
        assert (one.tock, one.done, one.temp, one.opts) == (0.25, None, None, {"states": []})
        assert (two.tock, two.done, two.temp, two.opts) == (0.5, None, True, {})
        one.done = True
        assert two.done is None
        assert not hasattr(doifyExDo, "done")

    def test_bound_method(self):
        a, b = Bound(), Bound()
        assert inspect.ismethod(a.again)
        assert a.again.__self__ is a
        assert inspect.isgeneratorfunction(a.again)
        assert (a.again.__name__, a.again.tock) == ("again", 0.5)
        a.again.__func__.done = False
        assert (a.again.done, b.again.done) == (False, None)
        with pytest.raises(AttributeError):
            a.again.done = True
        dog = a.again(tymth=tyming.Tymist().tymen(), tock=1.0)
        assert dog.send(None) == 1.0
        assert (a.count, b.count) == (1, 0)

    def test_copies_of_a_bound_method_share_nothing(self):
        a = Bound()
        a.again.__func__.mark = "before"
        copy = helping.copyfunc(a.again)
        assert inspect.isfunction(copy)
        assert copy.mark == "before"
        a.again.__func__.late = 1
        copy.other = 2
        assert not hasattr(copy, "late")
        assert not hasattr(a.again, "other")

    @pytest.mark.parametrize("thing", [None, "doer", Doer, len])
    def test_what_is_no_function_is_refused(self, thing):
        with pytest.raises(TypeError, match="doify needs"):
            doify(thing)

    def test_what_is_no_tock_is_refused(self):
        with pytest.raises(ValueError, match="nan"):
            doify(bareDo, tock=float("nan"))
        with pytest.raises(ValueError, match="nan"):
            doize(tock=float("nan"))(bareDo)

    @pytest.mark.parametrize("nested", [False, True])
    @pytest.mark.parametrize("endless", [False, True])
    def test_decorated_bound_method_as_doer(self, nested, endless):
        bound = Bound()
        doer = bound.endless if endless else bound.decorated
        doer.__func__.tock = 0.25
        doist = Doist(tock=0.25, limit=1.0, doers=[DoDoer(doers=[doer])] if nested else [doer])
        doer.__func__.tock = 0.2
        doist.do()
        if endless:
            assert (bound.count, doer.done) == (5, False)
        else:
            assert (bound.count, doer.done) == (4, True)


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
