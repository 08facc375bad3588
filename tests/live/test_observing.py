"""Counting while somebody looks, and no trace of it otherwise."""

from __future__ import annotations

import pytest

from hio.base import doing
from hio.live import Observer, picture

from .watching import Clock, Costly, Named, named


@pytest.fixture
def clock():
    return Clock()


def started(*doers, **kwa):
    doist = doing.Doist(doers=list(doers), **kwa)
    doist.enter()
    return doist


def sends(doist):
    """Return the sends of all entries, as they stand."""
    found = []
    for entry in Observer(doist).entries():
        found.append((entry, entry.send))
    return found


def test_nothing_is_touched_before_a_look_and_after_rest(clock):
    inner = doing.DoDoer(doers=[Named("leaf", tock=0.5)], always=True)
    doist = started(inner, Named("tight"))
    before = sends(doist)
    assert len(before) == 3
    observer = Observer(doist, clock=clock)
    picture(observer)  # only looks
    assert sends(doist) == before
    observer.look()
    assert all(send is not old for (_, send), (_, old) in zip(sends(doist), before, strict=True))
    observer.rest()
    assert sends(doist) == before
    assert not observer.counting


def test_turns_and_run_time(clock):
    doist = started(Costly("quick", clock, 0.25), Costly("slow", clock, 2.0, tock=0.0625), tock=0.03125)
    observer = Observer(doist, clock=clock)
    observer.Lease = 1e9
    doist.recur()  # is not counted
    observer.look()
    for _ in range(8):
        doist.recur()
    deeds = named(picture(observer))
    assert (deeds["quick"]["count"], deeds["quick"]["spent"]) == (8, 2.0)
    assert (deeds["slow"]["count"], deeds["slow"]["spent"]) == (4, 8.0)


def test_run_time_of_a_scheduler_has_that_of_its_doers_once(clock):
    leaves = [Costly(name, clock, 1.0) for name in ("a", "b")]
    inner = doing.DoDoer(doers=leaves, always=True)
    inner.name = "inner"
    outer = doing.DoDoer(doers=[inner, Costly("c", clock, 0.5)], always=True)
    outer.name = "outer"
    doist = started(outer)
    observer = Observer(doist, clock=clock)
    observer.Lease = 1e9
    observer.look()
    for _ in range(3):
        doist.recur()
    deeds = named(picture(observer))
    assert (deeds["outer"]["own"], deeds["outer"]["spent"]) == (0.0, 7.5)
    assert (deeds["inner"]["own"], deeds["inner"]["spent"]) == (0.0, 6.0)
    assert picture(observer)["counting"]["busy"] == 7.5


def test_the_first_turn_after_the_lease_puts_everything_back(clock):
    doist = started(Named("a"), Named("b"))
    before = sends(doist)
    observer = Observer(doist, clock=clock)
    observer.look()
    clock.now += observer.Lease
    doist.recur()
    assert observer.counting
    clock.now += 0.5
    doist.recur()
    assert not observer.counting
    assert sends(doist) == before
    doist.recur()


def test_looks_extend_the_lease_and_a_later_one_begins_anew(clock):
    doist = started(Named("a"))
    observer = Observer(doist, clock=clock)
    for _ in range(5):
        observer.look()
        clock.now += observer.Lease * 0.9
        doist.recur()
    assert (observer.watch, named(picture(observer))["a"]["count"]) == (1, 5)
    clock.now += observer.Lease * 2
    observer.look()
    doist.recur()
    assert (observer.watch, named(picture(observer))["a"]["count"]) == (2, 1)


def test_doers_that_come_and_go_while_counted(clock):
    doist = started(Named("first"))
    observer = Observer(doist, clock=clock)
    observer.look()
    late = Named("late")
    doist.extend([late])
    doist.recur()
    observer.look()
    doist.recur()
    assert named(picture(observer))["late"]["count"] == 1
    doist.remove([late])
    doist.recur()
    observer.look()
    assert len(observer.meters) == 1
    observer.rest()


def test_a_doer_that_ends_or_raises_in_a_counted_turn():
    def ending(tymth, tock=0.0, **opts):
        yield tock
        yield tock
        return True

    def raising(tymth, tock=0.0, **opts):
        yield tock
        raise ValueError("as it does")

    doer = doing.doify(ending, name="ending")
    doist = started(doer, doing.doify(raising, name="raising"))
    observer = Observer(doist, clock=Clock())
    observer.look()
    with pytest.raises(ValueError, match="as it does"):
        doist.recur()
    for _ in range(3):
        doist.recur()
    assert doer.done is True
    assert not doist.deeds
    observer.look()
    assert not observer.meters


def test_two_observers_leave_no_trace_either(clock):
    doist = started(Named("a"))
    before = sends(doist)
    one, other = Observer(doist, clock=clock), Observer(doist, clock=clock)
    one.look()
    other.look()
    assert not other.meters  # the deed is counted by the first
    one.rest()
    other.look()
    assert len(other.meters) == 1
    other.rest()
    assert sends(doist) == before


def test_a_run_is_the_same_whether_looked_at_or_not():
    def run(looked):
        seen = []

        def noting(name, tocks):
            def noter(tymth, tock=0.0, **opts):
                yield tock
                for each in tocks * 4:
                    seen.append((name, tymth()))
                    yield each

            return doing.doify(noter, name=name)

        inner = doing.DoDoer(doers=[noting("b", [0.0, 0.5]), noting("c", [0.125])])
        doist = started(noting("a", [0.25, 0.0]), inner, tock=0.0625)
        observer = Observer(doist, clock=Clock(step=0.001))
        while doist.deeds:
            if looked:
                observer.look()
            doist.recur()
        return seen, doist.tyme

    assert run(True) == run(False)
