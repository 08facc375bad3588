"""Doers one by one, driven by hand."""

from __future__ import annotations

import inspect

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
from tests.base.notes import contexts


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
