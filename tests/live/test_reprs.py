"""Whatever looks at a program tells its state, as does what the demo and the fixtures keep."""

from __future__ import annotations

import pytest

from hio.base import doing
from hio.core import http
from hio.demo.noting import Notebook
from hio.live import Live, Observer
from hio.live.gauging import Gauge, Pulse
from hio.live.tailing import Tail
from hio.live.topping import Source
from hio.sim import SimNet
from hio.testing import Rig


@pytest.mark.parametrize(("thing", "told"), [
    (Observer(doing.Doist()), "<Observer counting=False meters=0 gauges=0>"),
    (Pulse(), "<Pulse count=0 failed=0 rx=0 tx=0>"),
    (Tail(), "<Tail lines=0 serial=0>"),
    (Source("http://a:80/-/"), "<Source 'http://a:80/-/'>"),
    (Live(doing.Doist(), loggers=(), name="x"), "<Live 'x' <Observer counting=False meters=0 gauges=0>>"),
    (Notebook(["a", "b"]), "<Notebook notes=2 last=2>"),
    (Rig(), "<Rig tyme=0.0 serviced=0>"),
], ids=lambda thing: thing if isinstance(thing, str) else type(thing).__name__)  # fmt: skip
def test_an_object_tells_its_state(thing, told):
    assert repr(thing) == told


def test_what_counts_tells_beside_whom_and_how_much():
    server = http.Server(host="127.0.0.1", port=80, net=SimNet())
    assert repr(Gauge(server, Pulse(), lambda: 0.0)) == f"<Gauge count=0 failed=0 pending=0 {server!r}>"


def test_a_meter_tells_of_its_deed():
    doer = doing.Doer()
    doist = doing.Doist(doers=[doer])
    doist.enter()
    observer = Observer(doist)
    observer.look()
    (meter,) = observer.meters.values()
    assert repr(meter) == f"<Meter count=0 spent=0.000000 {doer!r}>"
    observer.rest()
    doist.exit()
