"""Schedules of faults: repeated, shrunk to the fewest that it takes, and kept in files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import sim_payment, sim_session
from hio.sim import Fault, Sim, SimError
from hio.sim.finding import Scenario
from hio.sim.shrinking import joined, read, save, shrink, units
from hio.sim.trying import attempt

SECOND = 1 / 64
VERBS = ("hold", "partition", "refuse", "pause", "skew")


def scenario(function):
    return Scenario("here.py", function.__name__, function)


def needing(schedule, needed):
    """Return a scenario that schedules faults, and fails once those that are needed have all befallen."""

    def needs(sim):
        sim.host("b", lambda host: ())
        sim.client("a", wait)
        sim.inject(schedule)
        sim.always("fine", lambda: not needed or not needed <= {fault.verb for fault in sim.faults})
        sim.run(limit=60.0)

    return scenario(needs)


def wait(host):
    yield 30.0


def fault(index, verb):
    """A fault at a tyme of its own, that is no round number."""
    args = ("b", 1.0) if verb == "skew" else ("a", "b") if verb in ("hold", "partition") else ("b",)
    return Fault((index + 1) * 1.25 + SECOND / 3, verb, args)


# instead

@pytest.mark.parametrize("function, seed", [(sim_payment.careless, 44), (sim_payment.careless, 69),
                                            (sim_session.forgetful, 3)])  # fmt: skip
def test_the_faults_of_a_run_repeat_it(function, seed):
    first, outcome, _ = attempt(scenario(function), seed)
    again, other, _ = attempt(scenario(function), seed, first.schedule)
    assert outcome.cause and other._replace(digest="") == outcome._replace(digest="")
    assert again.schedule == first.schedule == first.faults
    sends = [[(event.tyme, event.host, event.data) for event in sim.trace if event.kind == "send"]
             for sim in (first, again)]  # fmt: skip
    assert sends[0] == sends[1]


def test_instead_leaves_no_other_fault_but_what_the_scenario_does_by_itself():
    def own(sim):
        sim.host("b", lambda host: ())
        sim.client("a", wait)
        sim.trouble(reset=5.0, hold=5.0)
        sim.at(1.0).pause("b")
        sim.at(2.0).do(lambda: sim.skew("b", 5.0))
        sim.run()

    _, _, error = attempt(scenario(own), 1, [Fault(4.0, "refuse", ("b",))])
    sim, _, _ = attempt(scenario(own), 1, [Fault(4.0, "refuse", ("b",))])
    assert error is None
    assert [fault.verb for fault in sim.faults] == ["skew", "refuse"]
    assert [fault.verb for fault in sim.schedule] == ["refuse"]


def test_instead_still_says_what_is_wrong():
    sim = Sim(1)
    sim.instead([])
    with pytest.raises(SimError, match="trouble knows no"):
        sim.trouble(nonsense=1.0)
    with pytest.raises(SimError, match="no verb 'nonsense'"):
        sim.at(1.0).nonsense()
    with pytest.raises(SimError, match="no verb 'nonsense'"):
        Sim(1).instead([(1.0, "nonsense")])


# shrink

@given(st.lists(st.sampled_from(VERBS), max_size=9), st.sets(st.sampled_from(VERBS), max_size=3))
def test_what_is_left_is_what_it_takes(verbs, needed):
    schedule = [fault(index, verb) for index, verb in enumerate(verbs)]
    found = shrink(needing(schedule, needed), 1)
    if not needed or not needed <= set(verbs):
        assert found is None
    else:
        assert sorted(fault.verb for fault in found.faults) == sorted(needed)
        assert found.complete and found.before <= len(schedule) and found.outcome.cause == "always"
        assert all(fault.tyme == round(fault.tyme, 1) for fault in found.faults)


def test_a_chance_that_resets_a_lot_shrinks_to_the_one_reset_that_matters():
    found = shrink(scenario(sim_payment.careless), 44)
    (reset,) = found.faults
    assert reset.verb == "reset" and found.before == 5 and found.complete
    again = attempt(scenario(sim_payment.careful), 44, found.faults)
    assert again[2] is None  # and is no harm to who names his payment


def test_a_failure_that_needs_no_fault_has_none():
    def fails(sim):
        sim.client("a", wait)
        sim.at(1.0).skew("a", 1.0)
        sim.run(limit=5.0)

    found = shrink(scenario(fails), 1)
    assert found.faults == [] and found.before == 1 and found.runs == 1 and found.complete


def test_a_limit_reached_in_another_state_is_alike():
    """The reason says where each doer stands, in which runs differ."""
    def fails(sim):
        sim.client("a", wait)
        sim.client("b", wait)
        sim.at(0.5).crash("b")
        sim.run(limit=5.0)

    first = attempt(scenario(fails), 1)[1]
    found = shrink(scenario(fails), 1)
    assert found.faults == [] and first.cause == found.outcome.cause == "limit"
    assert found.outcome.reason != first.reason


def test_another_failure_is_not_taken_for_the_same():
    def fails(sim):
        sim.client("a", wait)
        sim.at(1.0).skew("a", 1.0)
        sim.at(2.0).skew("a", 2.0)
        sim.always("both", lambda: sim.tyme < 3.0 or len(sim.faults) != 2)
        sim.always("neither", lambda: sim.tyme < 3.0 or len(sim.faults) == 2)
        sim.run(limit=60.0)

    found = shrink(scenario(fails), 1)
    assert len(found.faults) == 2 and "both" in found.outcome.reason


def test_it_ends_when_runs_are_over_with_the_best_so_far():
    schedule = [fault(index, "hold" if index == 19 else "skew") for index in range(20)]
    shown = []
    found = shrink(needing(schedule, {"hold"}), 1, runs=4, show=lambda runs, left: shown.append((runs, left)))
    assert not found.complete and found.runs == 4 and 1 <= len(found.faults) < 20
    assert [runs for runs, _ in shown] == [0, 1, 2, 3] and shown[-1][1] < 20
    assert shrink(needing(schedule, {"hold"}), 1, seconds=-1.0) is None


def test_what_depends_on_more_than_its_seed_is_not_shrunk():
    count = iter(range(100))

    def moody(sim):
        sim.client("a", wait)
        sim.at(1.0).skew("a", 1.0)
        sim.run()
        assert next(count) > 0, "the first time"

    assert shrink(scenario(moody), 1) is None
    assert shrink(scenario(moody), 1) is None  # it passes


def test_what_breaks_stays_with_what_mends_it():
    schedule = [
        Fault(1.0, "hold", ("a", "b")), Fault(2.0, "slow", ("a", 1000.0)), Fault(3.0, "hold", ("a", "c")),
        Fault(4.0, "release", ("a", "b")), Fault(5.0, "hasten", ("a",)), Fault(6.0, "start", ("x",)),
        Fault(7.0, "hold", ("a", "b")), Fault(8.0, "release", ("a", "c")),
    ]  # fmt: skip
    parts = units(schedule)
    assert [[fault.tyme for fault in part] for part in parts] == [[1.0, 4.0], [2.0, 5.0], [3.0, 8.0], [6.0], [7.0]]
    assert joined(parts) == schedule


# Files

def test_a_schedule_comes_back_from_its_file(tmp_path):
    faults = [
        Fault(0.1, "reset", ("a", "b"), {"after": 5}), Fault(1 / 3, "partition", (["a"], ["b", "c"])),
        Fault(2.0, "link", ("a", "b"), {"latency": (0.1, 0.5)}), Fault(3.0, "refuse", ("a", 80)),
    ]  # fmt: skip
    path = str(tmp_path / "faults.json")
    for some in (faults, []):
        save(some, path, scenario(sim_payment.careless), 7)
        assert read(path) == some


def test_what_is_no_data_is_not_kept(tmp_path):
    with pytest.raises(SimError, match="cannot be kept"):
        save([Fault(1.0, "link", ("a",), {"latency": lambda dice: 1.0})], str(tmp_path / "x"), scenario(wait), 1)
    with pytest.raises(SimError, match="cannot write"):
        save([], str(tmp_path / "no" / "where"), scenario(wait), 1)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"faults": [[1.0, "reset"]]}', '{"faults": [["x", "reset", [], {}]]}',
     '{"faults": [[1.0, "reset", ["a"], []]]}', "\x00"],
)  # fmt: skip
def test_what_is_no_schedule_is_told(tmp_path, text):
    (tmp_path / "faults.json").write_text(text)
    with pytest.raises(SimError, match="holds no schedule of faults"):
        read(str(tmp_path / "faults.json"))
    with pytest.raises(SimError, match="cannot read"):
        read(str(tmp_path / "gone.json"))
