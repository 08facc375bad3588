"""Whatever a run may show in a log or a debugger tells its state."""

from __future__ import annotations

import pytest

from hio.sim import Property, Sim
from hio.sim.conversing import Query
from hio.sim.crewing import Crew, DaskCrew
from hio.sim.ledgering import Ledger, Spans
from hio.sim.reading import Reader, readRequestHead
from hio.sim.sweeping import Sweep


def oracles():
    """Return the oracles of a simulation in which nothing happened."""
    return Sim(seed=1).oracles


@pytest.mark.parametrize(("thing", "told"), [
    (Query(1, readRequestHead(b"GET /a HTTP/1.1\r\nHost: b")), "<Query #1 GET /a size=0 whole=False>"),
    (Crew("a.py", "scenario", 2), "<Crew of scenario jobs=2>"),
    (DaskCrew("a.py", "scenario", "tcp://a:8786"), "<DaskCrew of scenario at tcp://a:8786>"),
    (Spans("1..250,300"), "<Spans seeds=251 spans=2>"),
    (Ledger("a.jsonl", "a.py::scenario", "x"), "<Ledger 'a.jsonl' open=False>"),
    (Reader(), "<Reader HEAD raw=0 left=0>"),
    (Property("open", bool, None), "<Property always open: holds>"),
    (Sweep(Spans("1..9"), Crew("a.py", "scenario")), "<Sweep seeds=9 done=0 failures=0>"),
    (oracles(), "<Oracles conversations=0 calls=0 answered=0>"),
], ids=lambda thing: thing if isinstance(thing, str) else type(thing).__name__)  # fmt: skip
def test_an_object_tells_its_state(thing, told):
    assert repr(thing) == told


def test_a_query_tells_how_much_of_its_body_came():
    query = Query(2, readRequestHead(b"POST /a HTTP/1.1\r\nHost: b\r\nContent-Length: 5"))
    query.take(b"abc")
    assert repr(query) == "<Query #2 POST /a size=3 whole=False>"
