"""Trying everything: that it is everything, and that it is told when it was not."""

from __future__ import annotations

from math import factorial

import pytest

from hio.core import http
from hio.sim import Fault, Sim, SimError
from hio.sim.exploring import Order, everyFault, everyOrder, moments, singles
from hio.sim.loading import Ask, Visit, load
from tests.sim.scenarios import serveHttp


def race(count, seen):
    """A scenario: count clients whose requests arrive at the same tyme; seen gets the orders of the answers."""

    def scenario(sim):
        order = []

        def app(environ, start_response):
            order.append(environ["PATH_INFO"])
            start_response("200 OK", [("Content-Length", "0")])
            return [b""]

        sim.host("server", lambda host: http.ServerDoer(server=http.Server(port=80, app=app, net=host.net)))
        for index in range(count):
            sim.client(f"c{index}", load("server", 80, [Visit((Ask(target=f"/{index}"),))]))
        sim.link([f"c{index}" for index in range(count)], "server", latency=0.25)
        sim.run(limit=100.0)
        seen.append("".join(order))

    return scenario


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_order_of_what_arrives_at_once_is_tried(count):
    seen = []
    proof = everyOrder(race(count, seen))
    assert proof and proof.runs == len(seen)
    assert len(set(seen)) == factorial(count)


def test_an_order_that_fails_is_found_and_told():
    seen = []

    def scenario(sim):
        race(2, seen)(sim)
        assert seen[-1] != "/1/0", "the second came first"

    proof = everyOrder(scenario)
    assert proof.complete and proof.failures and not proof
    choices, failure = proof.failures[0]
    assert str(failure).startswith("the second came first") and 1 in choices
    again = Sim(0)
    again.order = Order(choices)
    with pytest.raises(AssertionError):
        scenario(again)


def test_too_many_orders_are_no_proof():
    proof = everyOrder(race(3, []), most=5)
    assert proof.runs == 5 and not proof.complete and not proof
    assert "not all" in str(proof)


def test_next_choices_go_through_all_of_them():
    order, seen = Order([]), []
    choices = []
    while True:
        order = Order(choices)
        picked = tuple(order._choose(count) for count in (2, 1, 3))
        seen.append(picked)
        choices = order.next()
        if not choices:
            break
    assert seen == [(a, 0, b) for a in range(2) for b in range(3)]


def calm(sim):
    """One request and its answer, and the server must have been asked."""
    sim.host("server", serveHttp)
    sim.client("client", load("server", 80, [Visit()]))
    sim.link("client", "server", latency=0.125)
    sim.run(limit=100.0)


def test_every_fault_is_tried_at_every_moment():
    tymes = moments(calm)
    assert tymes[0] == 0.0 and 0.125 in tymes
    proof = everyFault(calm, ["client", "server"], verbs=("reset", "hold", "bounce"))
    assert proof and proof.runs == 1 + len(tymes) * (1 + 1 + 2), str(proof)


def test_singles_mend_what_can_be():
    assert list(singles([1.0], ["a", "b"], ["partition", "bounce"], 2.0)) == [
        [Fault(1.0, "partition", ("a", "b")), Fault(3.0, "repair", ("a", "b"))],
        [Fault(1.0, "bounce", ("a",))], [Fault(1.0, "bounce", ("b",))],
    ]
    with pytest.raises(SimError, match="no verb 'mend'"):
        list(singles([1.0], ["a"], ["mend"], 2.0))
