"""Deadlines: whatever is armed, moved and forgotten, each thing expires when its own deadline says."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hio.core.tcp.deadlining import Deadlines, Never


class Thing:
    """Something with a deadline."""

    due = Never
    check = Never

    def __init__(self, name=""):
        self.name = name

    def __repr__(self):
        return self.name


def test_nothing_to_wait_for():
    deadlines = Deadlines()
    assert deadlines.next() is None and list(deadlines.expired(1e9)) == [] and len(deadlines) == 0


def test_at_its_tyme_and_not_before():
    deadlines, thing = Deadlines(), Thing()
    deadlines.arm(thing, 2.0)
    assert deadlines.next() == 2.0
    assert list(deadlines.expired(1.999)) == []
    assert list(deadlines.expired(2.0)) == [thing]
    assert list(deadlines.expired(3.0)) == [] and thing.due == Never and thing.check == Never


def test_order():
    """Earliest first; ties in the order in which they were armed."""
    deadlines = Deadlines()
    things = [Thing(str(i)) for i in range(6)]
    for thing, due in zip(things, (3.0, 1.0, 2.0, 1.0, 3.0, 1.0), strict=True):
        deadlines.arm(thing, due)
    assert "".join(map(repr, deadlines.expired(9.0))) == "135204"


def test_moved_later_by_assignment():
    """It costs nothing, and the early look changes nothing but where the next look is."""
    deadlines, thing = Deadlines(), Thing()
    deadlines.arm(thing, 1.0)
    for due in range(2, 100):
        thing.due = float(due)
    assert len(deadlines) == 1
    assert list(deadlines.expired(50.0)) == [] and deadlines.next() == 99.0
    assert list(deadlines.expired(99.0)) == [thing]


def test_moved_earlier_by_arm():
    deadlines, thing = Deadlines(), Thing()
    deadlines.arm(thing, 5.0)
    deadlines.arm(thing, 1.0)
    assert deadlines.next() == 1.0 and list(deadlines.expired(1.0)) == [thing]
    assert list(deadlines.expired(9.0)) == [], "it expires once"


def test_never():
    """Never takes a deadline away; it can be given again."""
    deadlines, thing = Deadlines(), Thing()
    deadlines.arm(thing, 1.0)
    deadlines.arm(thing, Never)
    assert list(deadlines.expired(2.0)) == []
    deadlines.arm(thing, 3.0)
    assert list(deadlines.expired(3.0)) == [thing]


def test_forget_and_clear():
    """What is forgotten does not expire; it may be armed anew, earlier or later than it was."""
    for drop in ("forget", "clear"):
        for again in (1.0, 9.0):
            deadlines, thing = Deadlines(), Thing()
            deadlines.arm(thing, 5.0)
            deadlines.forget(thing) if drop == "forget" else deadlines.clear()
            assert list(deadlines.expired(6.0)) == []
            deadlines.arm(thing, again)
            assert list(deadlines.expired(9.0)) == [thing]


def test_what_is_forgotten_is_not_kept():
    """Many short lives before a far deadline leave little behind, also while those who live are told of theirs."""
    deadlines, lives = Deadlines(), [Thing(str(i)) for i in range(100)]
    for thing in lives:
        deadlines.arm(thing, 1e6)
    for _ in range(50_000):
        thing = Thing()
        deadlines.arm(thing, 3600.0)
        deadlines.forget(thing)
    assert len(deadlines) < 500
    for count in range(2000):
        deadlines.arm(lives[0], 5000.0 - count)
    assert len(deadlines) < 500
    assert list(deadlines.expired(1e6)) == lives and not len(deadlines) and deadlines.orphans == 0


def test_changes_while_expired_runs():
    """A thing may be armed again, and another forgotten, by whoever is told of an expiry."""
    deadlines = Deadlines()
    first, second = Thing("first"), Thing("second")
    deadlines.arm(first, 1.0)
    deadlines.arm(second, 1.0)
    seen = []
    for thing in deadlines.expired(1.0):
        seen.append(thing)
        deadlines.forget(second)
        deadlines.arm(first, 2.0)
    assert seen == [first] and list(deadlines.expired(2.0)) == [first]


class DeadlinesMachine(RuleBasedStateMachine):
    """Deadlines against a plain dict of them."""

    def __init__(self):
        super().__init__()
        self.deadlines = Deadlines()
        self.things = [Thing(str(i)) for i in range(4)]
        self.model = dict.fromkeys(self.things, Never)
        self.tyme = 0.0

    which = st.integers(0, 3)
    ahead = st.integers(0, 20).map(float)

    @rule(which=which, ahead=ahead)
    def arm(self, which, ahead):
        thing = self.things[which]
        self.deadlines.arm(thing, self.tyme + ahead)
        self.model[thing] = self.tyme + ahead

    @rule(which=which, ahead=ahead)
    def later(self, which, ahead):
        """As owners do: a plain assignment where that is allowed, else arm."""
        thing, due = self.things[which], self.tyme + ahead
        if due >= thing.check:
            thing.due = due
        else:
            self.deadlines.arm(thing, due)
        self.model[thing] = due

    @rule(which=which)
    def forget(self, which):
        self.deadlines.forget(self.things[which])
        self.model[self.things[which]] = Never

    @rule(ahead=ahead)
    def pass_(self, ahead):
        self.tyme += ahead
        expired = list(self.deadlines.expired(self.tyme))
        due = [thing for thing in self.things if self.model[thing] <= self.tyme]
        assert sorted(map(repr, expired)) == sorted(map(repr, due))
        for thing in expired:
            self.model[thing] = Never

    @invariant()
    def looked_at_in_time(self):
        """next() is never after the earliest deadline."""
        earliest = min(self.model.values())
        assert earliest == Never or self.deadlines.next() <= earliest


TestDeadlines = DeadlinesMachine.TestCase
