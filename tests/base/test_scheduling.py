"""The schedule against the plain model of it, over random doers; and its face as a deque."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st

from hio.base import doing
from hio.base.polling import Watch
from tests.base.naive import NaiveDoDoer, NaiveDoist, Quiet


class Bad(Exception):
    """What a scripted doer raises."""


@dataclass
class Step:
    """What a scripted doer does in one turn, before it yields tock."""

    tock: float | None = 0.0
    extends: list = field(default_factory=list)  # of scripts, to be run by the same scheduler
    removes: list[int] = field(default_factory=list)  # places in the list of all doers made so far, modulo its length
    raises: bool = False
    rests: bool = False  # yields its watch instead, whose end is tock seconds away
    wakes: list[int] = field(default_factory=list)  # likewise


@dataclass
class Script:
    """A doer: its steps, or, with children, a DoDoer."""

    tock: float
    steps: list[Step] = field(default_factory=list)
    returns: bool | None = True
    children: list | None = None
    always: bool = False


class World:
    """Plays scripts on one kind of scheduler and keeps the trace."""

    def __init__(self, scripts, doist, dodoer, **kwa):
        self.dodoer = dodoer
        self.trace = []
        self.made = []  # (name, doer, scheduler)
        self.watches = {}
        self.poller = Quiet()
        self.doist = doist(tock=kwa.pop("tock", 0.03125), poller=self.poller, **kwa)
        self.doist.doers = [self.build(script, self.doist) for script in scripts]

    def build(self, script, scheduler):
        name = len(self.made)
        if script.children is None:
            doer = doing.doify(self.play, name=f"d{name}", tock=script.tock, script=script, num=name).__func__
            self.made.append((name, self.bound(doer), scheduler))
            self.watches[name] = Watch(poller=self.poller)
            return self.made[-1][1]
        doer = self.dodoer(tock=script.tock, always=script.always)
        self.made.append((name, doer, scheduler))
        doer.doers = [self.build(child, doer) for child in script.children]
        return doer

    def bound(self, function):
        return function.__get__(self)

    def play(self, tymth, tock=0.0, *, temp=None, script=None, num=0):
        scheduler = self.made[num][2]
        note = lambda what: self.trace.append((tymth(), num, what))  # noqa: E731
        note("enter")
        try:
            yield tock
            for step in script.steps:
                note("turn")
                if step.extends:
                    scheduler.extend([self.build(new, scheduler) for new in step.extends])
                if step.removes:
                    victims = [self.made[place % len(self.made)][1] for place in step.removes]
                    scheduler.remove(victims)
                for place in step.wakes:
                    if watch := self.watches.get(place % len(self.made)):
                        watch.wake()
                if step.raises:
                    raise Bad
                watch = self.watches[num]
                watch.until = None if step.tock is None else tymth() + step.tock
                yield watch if step.rests else step.tock
            note("done")
        except GeneratorExit:
            note("closed")
            return script.returns
        finally:
            note("exit")
        return script.returns

    def names(self, scheduler):
        """(retyme, name) of each deed, in order."""
        name = {id(getattr(doer, "__func__", doer)): number for number, doer, _ in self.made}
        return [(deed[1], name[id(getattr(deed[2], "__func__", deed[2]))]) for deed in scheduler.deeds]

    def dones(self):
        return [doer.done for _, doer, _ in self.made]


tocks = st.sampled_from([0.0, None, 0.03125, 0.05, 0.1, 1.0, 0.0, 0.25])
times = st.sampled_from([0.0, 0.0, 0.03125, 0.05, 0.25, 1.0])


def scripts(children=True, raises=False, rests=False):
    leaf = st.builds(Script, tock=times, steps=st.lists(st.builds(Step, tock=tocks), max_size=6))
    step = st.builds(
        Step,
        tock=tocks,
        extends=st.lists(leaf, max_size=2),
        removes=st.lists(st.integers(0, 40), max_size=2),
        raises=st.sampled_from([False, False, False, True]) if raises else st.just(False),
        rests=st.booleans() if rests else st.just(False),
        wakes=st.lists(st.integers(0, 40), max_size=2) if rests else st.just([]),
    )
    doer = st.builds(
        Script, tock=times, steps=st.lists(step, max_size=8), returns=st.sampled_from([True, None, False, True])
    )
    if not children:
        return st.lists(doer, max_size=6)
    tree = st.recursive(
        doer,
        lambda inner: st.builds(
            Script, tock=times, children=st.lists(inner, max_size=4), always=st.sampled_from([False, False, True])
        ),
        max_leaves=8,
    )
    return st.lists(tree, max_size=4)


def below(child, tock):
    """A DoDoer of one child."""
    return Script(tock=tock, children=[child])


#: A DoDoer with a tock, whose deeds that want every pass miss some: there a scheduler that rested would be early.
STRIDE = [below(below(Script(0.0, [Step(extends=[Script(0.0, [Step(), Step(tock=1.0)])])]), 0.0), 0.05)]


def outcome(act):
    try:
        act()
    except Bad:
        return "bad"
    return None


@given(scripts(), st.sampled_from([0.03125, 0.1, 0.3]), st.sampled_from([0.5, 3.0]))
@example(STRIDE, 0.03125, 3.0)
def test_do_is_as_the_model(roots, tock, limit):
    mine = World(roots, doing.Doist, doing.DoDoer, tock=tock, limit=limit)
    model = World(roots, NaiveDoist, NaiveDoDoer, tock=tock, limit=limit)
    mine.doist.do()
    model.doist.do()
    assert mine.trace == model.trace
    assert mine.doist.tyme == model.doist.tyme
    assert mine.doist.done == model.doist.done
    assert mine.dones() == model.dones()
    assert not mine.doist.deeds


@given(scripts(rests=True), st.sampled_from([0.03125, 0.1, 0.3]))
def test_resting_is_as_the_model(roots, tock):
    """The model looks at each deed in each pass, whether it rests or not."""
    mine = World(roots, doing.Doist, doing.DoDoer, tock=tock, limit=3.0)
    model = World(roots, NaiveDoist, NaiveDoDoer, tock=tock, limit=3.0)
    mine.doist.do()
    model.doist.do()
    assert mine.trace == model.trace
    assert mine.doist.tyme == model.doist.tyme
    assert mine.dones() == model.dones()


@given(scripts(raises=True), st.sampled_from([0.03125, 0.3]))
def test_do_with_exceptions_is_as_the_model(roots, tock):
    mine = World(roots, doing.Doist, doing.DoDoer, tock=tock, limit=2.0)
    model = World(roots, NaiveDoist, NaiveDoDoer, tock=tock, limit=2.0)
    assert outcome(mine.doist.do) == outcome(model.doist.do)
    assert mine.trace == model.trace
    assert mine.doist.tyme == model.doist.tyme
    assert mine.dones() == model.dones()


def extendAll(world):
    """Extend every DoDoer that runs."""
    for _, doer, _ in list(world.made):
        if doer.done is False and hasattr(doer, "deeds"):
            doer.extend([world.build(Script(tock=0.0, steps=[Step(), Step(tock=0.1)]), doer)])


def removeLast(world):
    """Remove the doer that was made last from its scheduler."""
    if world.made:
        world.made[-1][2].remove([world.made[-1][1]])


def shift(seconds):
    def act(world):
        world.doist.tyme += seconds

    return act


ACTS = {
    "recur": lambda world: world.doist.recur(),
    "back": shift(-0.0625),
    "ahead": shift(0.5),
    "extend": extendAll,
    "remove": removeLast,
}


@given(scripts(), st.lists(st.sampled_from(["recur", "recur", *ACTS]), max_size=12))
def test_passes_by_hand_are_as_the_model(roots, acts):
    """Also when the program sets the clock or changes a nested scheduler between passes."""
    worlds = mine, model = World(roots, doing.Doist, doing.DoDoer), World(roots, NaiveDoist, NaiveDoDoer)
    for world in worlds:
        world.doist.enter()
    for act in acts:
        for world in worlds:
            ACTS[act](world)
        assert mine.trace == model.trace
        assert [name for _, name in mine.names(mine.doist)] == [name for _, name in model.names(model.doist)]
    for world in worlds:
        world.doist.exit()
    assert mine.trace == model.trace
    assert mine.dones() == model.dones()


@given(scripts(children=False, raises=True), st.lists(st.booleans(), max_size=12))
def test_retymes_are_as_the_model(roots, acts):
    """Also after a pass that raised: who had a turn waits for the next tyme, who had none is still due."""
    worlds = World(roots, doing.Doist, doing.DoDoer), World(roots, NaiveDoist, NaiveDoDoer)
    for world in worlds:
        world.doist.enter()
    for _ in acts:
        raised = [outcome(world.doist.recur) for world in worlds]
        assert raised[0] == raised[1]
        mine, model = worlds
        if raised[1]:  # the model's deque stays rotated, with its sentinel in it
            model.doist.deeds = deque(sorted((d for d in model.doist.deeds if d[0]), key=lambda deed: deed[3]))
        assert mine.names(mine.doist) == model.names(model.doist)
        assert mine.trace == model.trace
