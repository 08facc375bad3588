"""Schedules and traffic that Hypothesis draws and shrinks."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings

from hio.core import http
from hio.core.http import serving
from hio.sim import SimError, SimFailure, run
from hio.sim.faulting import PAIRS, Fault
from hio.sim.loading import Ask, Visit, load
from hio.sim.scheming import faults, search, visits
from tests.sim.serving import TARGETS, serve
from tests.sim.test_defects import ClosesTwice, CompletesWhatFailed, LeaksFraming, SwapsPipelined


@pytest.fixture(autouse=True)
def quiet():
    """The application fails as asked for, and servers log that."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@given(faults(["a", "b", "c"], verbs=list(verb for verb in PAIRS if verb not in ("link", "skew")), until=3.0, after=50))
def test_schedules_can_be_injected_and_all_is_mended(schedule):
    assert [fault.tyme for fault in schedule] == sorted(fault.tyme for fault in schedule)
    for verb, mend in PAIRS.items():
        if mend is not None:
            assert sum(fault.verb == verb for fault in schedule) == sum(fault.verb == mend for fault in schedule)

    def scenario(sim):
        sim.inject(schedule)
        for name in "abc":
            sim.host(name, lambda host: [])
        sim.run(limit=10.0)

    run(scenario)


@pytest.mark.parametrize("hosts, verbs", [(["a"], ["partition"]), (["a", "b"], ["link"]), (["a", "b"], ["melt"]),
                                          ([], ["crash"])])
def test_what_cannot_be_drawn_is_refused(hosts, verbs):
    with pytest.raises(SimError):
        faults(hosts, verbs=verbs)


def shop(sim, asked, kind=http.Server):
    """A server, and one client that makes these visits."""
    sim.host("server", serve(kind), tx=20_000)
    sim.client("client", load("server", 80, asked), rx=8000)
    sim.link("client", "server", latency=0.01)
    sim.run(limit=3600.0)


@settings(max_examples=60)
@given(
    visits(TARGETS, size=2000),
    faults(["client", "server"], verbs=("reset", "hold", "pause"), until=1.0, most=2, after=500),
)
def test_whatever_the_traffic_and_the_faults_the_server_keeps_the_rules(asked, schedule):
    run(lambda sim: [sim.inject(schedule), shop(sim, asked)])


def test_nothing_is_found_where_nothing_is_wrong():
    assert search(shop, visits(TARGETS, most=2), examples=30) is None


@pytest.mark.parametrize("defect, least", [(ClosesTwice, 1), (CompletesWhatFailed, 1), (LeaksFraming, 2)],
                         ids=["ClosesTwice", "CompletesWhatFailed", "LeaksFraming"])
def test_traffic_shrinks_to_the_least_that_shows_the_defect(defect, least, monkeypatch):
    monkeypatch.setattr(serving, "Responder", defect)
    found = search(shop, visits(TARGETS), examples=100)
    assert found.failure.cause == "oracle"
    assert sum(len(visit.asks) for visit in found.value) == least, found


def test_swapped_responses_shrink_to_two_requests_in_a_pipeline():
    found = search(lambda sim, asked: shop(sim, asked, SwapsPipelined), visits(TARGETS), examples=100)
    (visit,) = found.value
    assert visit.pipelined and len(visit.asks) == 2
    assert "Visit(" in str(found) and "tyme" in str(found)


def test_search_is_the_same_each_time():
    def scenario(sim, asked):
        shop(sim, asked, SwapsPipelined)

    first, second = (search(scenario, visits(TARGETS), examples=50) for _ in range(2))
    assert first.value == second.value


def test_a_scenario_that_depends_on_more_than_its_seed_is_told():
    runs = []

    def scenario(sim):
        runs.append(sim)
        sim.client("client", lambda host: iter(()) and None)
        assert len(runs) != 1

    with pytest.raises(SimError, match="does not fail again"):
        search(scenario, faults(["client"], verbs=["crash"], most=1), examples=5)


def test_visits_are_data():
    with pytest.raises(SimFailure):
        run(lambda sim: shop(sim, [Visit((Ask(), Ask()), pipelined=True)], SwapsPipelined))
    assert isinstance(Fault(1.0, "crash", ("a",)), tuple)
