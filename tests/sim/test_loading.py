"""Traffic: what is drawn, what goes out, and what is told of it."""

from __future__ import annotations

import logging

import pytest

from hio.sim import Dice, run
from hio.sim.loading import Ask, Mix, Visit, draw, load
from tests.sim.serving import serve


def meet(*visits, **kwa):
    """Return what came of visits to the application of tests.sim.serving."""
    answers = []

    def scenario(sim):
        sim.host("server", serve())
        sim.client("client", load("server", 80, list(visits), answers=answers, **kwa))
        sim.link("client", "server", latency=0.01)
        sim.run(limit=3600.0)

    logging.disable(logging.CRITICAL)
    try:
        run(scenario)
    finally:
        logging.disable(logging.NOTSET)
    return answers


def test_the_same_dice_draw_the_same_visits():
    mix = Mix(visits=30, targets=("/a", "/b"))
    assert list(draw(Dice(7, "x"), mix)) == list(draw(Dice(7, "x"), mix)) != list(draw(Dice(8, "x"), mix))


def test_a_mix_has_some_of_all():
    drawn = list(draw(Dice(1, "x"), Mix(visits=300)))
    assert len(drawn) == 300
    assert {visit.end for visit in drawn} == {"close", "finish", "reset", "leave"}
    assert any(visit.pipelined for visit in drawn) and any(visit.pieces for visit in drawn)
    assert any(visit.sloth for visit in drawn)
    asks = [ask for visit in drawn for ask in visit.asks]
    assert any(ask.chunks for ask in asks) and any(ask.broken is not None for ask in asks)
    assert any(not ask.minor for ask in asks) and any(ask.closing for ask in asks)
    assert max(ask.size for ask in asks) > 10_000


@pytest.mark.parametrize("visit, statuses", [
    (Visit((Ask(), Ask("HEAD"), Ask("POST", size=9))), [200, 200, 200]),
    (Visit((Ask(), Ask("HEAD"), Ask("POST", size=9, chunks=2)), pipelined=True), [200, 200, 200]),
    (Visit((Ask(minor=0),)), [200]),
    (Visit((Ask(), Ask()), pieces=3, pace=0.01), [200, 200]),
    (Visit((Ask(target="/?size=5000"),), sloth=50, pace=0.01), [200]),
    (Visit((Ask(), Ask()), end="finish", pipelined=True), [200, 200]),
    (Visit((Ask(), Ask(broken=1))), [200, 400]),
    (Visit((Ask(broken=3),)), [505]),
    (Visit((Ask(target="/?fail=0"),)), [500]),
])
def test_visits_are_answered(visit, statuses):
    (came,) = meet(visit)
    assert came.statuses == statuses and not came.cut


def test_bodies_come_back():
    (came,) = meet(Visit((Ask("POST", size=300), Ask("POST", size=300, chunks=3))))
    assert came.bodies[0].endswith(bytes(at % 251 for at in range(300)))
    assert came.bodies[1].endswith(bytes((1 + at) % 251 for at in range(300)))


@pytest.mark.parametrize("visit", [
    Visit((Ask(target="/?count=50&size=9000"),), end="reset"), Visit((Ask(),), end="leave"),
    Visit((Ask(closing=True), Ask())), Visit((Ask(target="/?count=3&fail=2"),)),
])
def test_visits_that_are_cut_say_so(visit):
    (came,) = meet(visit)
    assert came.cut


def test_lanes_share_the_visits():
    assert len(meet(*[Visit()] * 7, lanes=3)) == 7
