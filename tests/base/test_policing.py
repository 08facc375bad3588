"""Doers that fail: what becomes of them, and of everybody else."""

from __future__ import annotations

import logging

import pytest

from hio import help
from hio.base import doing
from hio.base.doing import DoDoer, Doer, Doist, End, Restart
from hio.base.polling import Watch


class Flaky(Doer):
    """Counts its turns and its lives, and fails at some of its turns."""

    def __init__(self, failing=(3,), name="flaky", **kwa):
        super().__init__(**kwa)
        self.failing = set(failing)
        self.name = name
        self.turns = 0
        self.told = []

    def enter(self, *, temp=None):
        self.told.append("enter")
        if "enter" in self.failing:
            raise OSError("no port")

    def recur(self, tyme):
        self.turns += 1
        if self.turns in self.failing:
            raise ValueError(f"turn {self.turns}")
        return False

    def abort(self, ex):
        self.told.append("abort")

    def cease(self):
        self.told.append("cease")

    def exit(self):
        self.told.append("exit")


LIFE = ["enter", "abort", "exit"]


@pytest.fixture
def said():
    """What hio logs."""

    class Handler(logging.Handler):
        def __init__(self):
            super().__init__()
            self.lines = []

        def emit(self, record):
            self.lines.append(record.getMessage())

    logger, handler = help.ogler.getLogger(), Handler()
    level = logger.level
    logger.setLevel(logging.ERROR)
    logger.addHandler(handler)
    yield handler.lines
    logger.removeHandler(handler)
    logger.setLevel(level)


def run(*doers, limit=20.0, **kwa):
    """Run doers with a tock of 1.0."""
    doist = Doist(tock=1.0, limit=limit, name="root", **kwa)
    doist.do(doers=list(doers))
    return doist


def test_the_default_is_to_fail():
    flaky, other = Flaky(), Flaky(failing=())
    with pytest.raises(ValueError, match="turn 3"):
        run(other, flaky)
    assert flaky.told == LIFE and other.told == ["enter", "cease", "exit"]


@pytest.mark.parametrize("how", ["doist", "doer"])
def test_ending_the_one_that_failed(said, how):
    flaky, other = Flaky(), Flaky(failing=())
    if how == "doer":
        flaky.policy = End()
        run(flaky, other)
    else:
        run(flaky, other, policy=End())
    assert flaky.told == LIFE and flaky.done is False and flaky.turns == 3
    assert other.turns == 20
    assert said == ["root > flaky failed at tyme 2.0; flaky ends"]


def test_a_policy_of_ones_own_goes_before_that_of_the_doist():
    patient, flaky = Flaky(policy=Restart(first=0.0)), Flaky()
    run(patient, flaky, policy=End())
    assert patient.told[:4] == [*LIFE, "enter"] and flaky.told == LIFE


def test_restarting_after_longer_and_longer_waits(said):
    flaky = Flaky(failing=(1, 2, 3, 4))
    tymes = []
    flaky.enter = lambda temp=None: tymes.append(flaky.tyme)
    run(flaky, policy=Restart(first=1.0, longest=3.0), limit=40.0)
    assert tymes == [0.0, 1.0, 2.0 + 2.0, 5.0 + 3.0, 9.0 + 3.0]  # it fails in the pass after its start
    assert [line.rpartition(" in ")[2] for line in said] == ["1 s", "2 s", "3 s", "3 s"]
    assert flaky.told == ["abort", "exit"] * 4 + ["cease", "exit"]


def test_one_that_ran_for_long_has_not_failed_in_a_row():
    flaky = Flaky(failing=(1, 2, 14, 15))
    tymes = []
    flaky.enter = lambda temp=None: tymes.append(flaky.tyme)
    run(flaky, policy=Restart(first=1.0, after=10.0), limit=60.0)
    waits = [after - before for before, after in zip(tymes, tymes[1:], strict=False)]
    assert waits == [1.0, 1.0 + 2.0, 12.0 + 1.0, 1.0 + 2.0]


def test_giving_up_after_some_tries(said):
    flaky = Flaky(failing=range(1, 99))
    run(flaky, policy=Restart(first=1.0, tries=3), limit=40.0)
    assert flaky.turns == 3 and said[-1].endswith("flaky ends")


def test_one_that_fails_to_start(said):
    flaky, other = Flaky(failing=["enter"]), Flaky(failing=())
    run(flaky, other, policy=Restart(first=1.0, tries=3))
    assert flaky.told == LIFE * 3 and other.turns == 20
    assert said[0].startswith("root > flaky failed at tyme 0.0")


def test_one_that_completes_is_done():
    class Brief(Flaky):
        def recur(self, tyme):
            super().recur(tyme)
            return self.turns >= 5

    brief = Brief()
    doist = run(brief, policy=Restart(first=0.0))
    assert brief.done is True and doist.done is True and brief.told == [*LIFE, "enter", "exit"]


def test_a_subtree_ends_as_a_whole(said):
    flaky, sibling, other = Flaky(), Flaky(failing=(), name="sibling"), Flaky(failing=())
    group = DoDoer(doers=[sibling, DoDoer(doers=[flaky])], policy=End())
    run(group, other)
    assert sibling.told == ["enter", "cease", "exit"] and flaky.told == LIFE
    assert sibling.turns == 3 and other.turns == 20
    assert said == ["root > DoDoer > DoDoer > flaky failed at tyme 2.0; DoDoer ends"]


def test_a_subtree_is_restarted_as_a_whole():
    flaky, sibling = Flaky(), Flaky(failing=())
    run(DoDoer(doers=[sibling, flaky]), policy=Restart(first=1.0))
    assert sibling.told == ["enter", "cease", "exit", "enter", "cease", "exit"]
    assert flaky.told == [*LIFE, "enter", "cease", "exit"]


def test_one_below_is_contained_there(said):
    flaky, sibling = Flaky(policy=End()), Flaky(failing=())
    group = DoDoer(doers=[flaky, sibling])
    run(group)
    assert sibling.turns == 20 and said == ["root > DoDoer > flaky failed at tyme 2.0; flaky ends"]


class Resting(Flaky):
    """Rests until it is woken."""

    def __init__(self, **kwa):
        super().__init__(**kwa)
        self.watch = Watch()

    def wind(self, tymth):
        super().wind(tymth)
        self.watch.poller = tymth.poller

    def rest(self):
        return self.watch


@pytest.mark.parametrize("nested", [False, True])
def test_one_that_fails_when_it_is_woken(nested):
    """Outside of any pass, through the schedulers above it."""
    resting, other = Resting(failing=(2,)), Flaky(failing=(), tock=1.0)

    class Waker(Doer):
        def recur(self, tyme):
            resting.watch.wake()
            return False

    doers = [DoDoer(doers=[resting])] if nested else [resting]
    run(*doers, Waker(tock=2.0), other, policy=Restart(first=1.0))
    assert resting.told == [*LIFE, "enter", "cease", "exit"] and resting.turns > 3 and other.turns == 20


def test_generator_functions_too():
    lives = []

    @doing.doize()
    def task(tymth, tock=0.0, **opts):
        lives.append(tymth())
        yield tock
        raise LookupError

    task.policy = Restart(first=2.0)
    run(task, limit=9.0)
    assert lives == [0.0, 2.0, 7.0]  # its first turn is the pass after its start


@pytest.mark.parametrize("kwa", [dict(first=-1.0), dict(longest=float("inf")), dict(after=float("nan")), dict(tries=0)])
def test_numbers_that_are_none(kwa):
    with pytest.raises(ValueError):
        Restart(**kwa)


def test_what_is_no_policy():
    with pytest.raises(TypeError):
        Doist(policy="end")
    with pytest.raises(TypeError):
        run(Flaky(policy=True))
    assert "End()" in repr(End()) and "first=0.25" in repr(Restart())


def test_ending_the_program_is_not_a_failure():
    class Leaving(Flaky):
        def recur(self, tyme):
            raise KeyboardInterrupt if self.name == "key" else SystemExit

    run(Leaving(name="key"), policy=Restart())  # ends the run quietly, as without a policy
    with pytest.raises(SystemExit):
        run(Leaving(), policy=Restart())
