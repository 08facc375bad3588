"""Counting what servers do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.base import doing
from hio.core import http
from hio.core.wiring import WireLog
from hio.live import Observer, picture
from hio.live.gauging import Pulse, Second

from .watching import Clock

pytest_plugins = ["hio.testing"]


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise ValueError("on purpose")
    status = {"/gone": "410 Gone", "/busy": "503 Service Unavailable"}.get(path, "200 OK")
    start_response(status, [("Content-Length", "2")])
    return [b"ok"]


@pytest.fixture
def clock():
    return Clock(step=0.001)


@pytest.fixture
def observer(hio_rig, clock):
    server = hio_rig.serve(app, wl=None)
    return Observer(doing.Doist(), [server], clock)


def counts(observer):
    counting = picture(observer)["counting"]
    return counting["count"], counting["failed"]


def test_requests_and_failures(hio_rig, observer):
    client = hio_rig.connect(observer.servers()[0])
    hio_rig.ask(client)  # is not counted
    observer.look()
    assert counts(observer) == (0, 0)
    for path, expected in [("/", (1, 0)), ("/gone", (2, 0)), ("/busy", (3, 1)), ("/raise", (4, 2)), ("/", (5, 2))]:
        hio_rig.ask(client, path=path)
        assert counts(observer) == expected
    [server] = picture(observer)["servers"]
    assert (server["count"], server["failed"], server["states"]) == (5, 2, {"idle": 1})


def test_a_refused_request_counts_as_failed(hio_rig, observer):
    observer.look()
    client = hio_rig.connect(observer.servers()[0])
    client.connector.tx(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    hio_rig.until(lambda: counts(observer) == (1, 1))


def test_bytes_by_connection_and_in_all(hio_rig, observer):
    observer.look()
    client = hio_rig.connect(observer.servers()[0])
    hio_rig.ask(client)
    seen = picture(observer)
    [connection] = seen["connections"]
    assert connection["rx"] == seen["counting"]["rx"] > 40
    assert connection["tx"] == seen["counting"]["tx"] > 40
    assert (connection["state"], connection["request"], connection["txWait"]) == ("idle", "GET /", 0)
    hio_rig.elapse(2.0)
    [connection] = picture(observer)["connections"]
    assert (connection["age"], connection["still"]) == (2.0, 2.0)


def test_latency_is_from_the_whole_request_to_the_whole_answer(hio_rig, clock):
    def slow(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        clock.now += 2.0
        yield b"a"
        clock.now += 2.0

    observer = Observer(doing.Doist(), [hio_rig.serve(slow)], clock)
    observer.Lease = 1e9
    observer.look()
    hio_rig.ask(hio_rig.connect(observer.servers()[0]))
    clock.now += 5.0
    [line] = [line for line in picture(observer)["counting"]["pulse"] if line[0]]
    assert line[2] == pytest.approx(4.0, rel=0.1)


def test_an_event_stream_that_is_left_is_no_failure_and_has_no_latency(hio_rig, clock):
    def events(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        yield b"data: 1\n\n"
        while True:
            yield b""
            yield b":\n\n"  # only who writes learns that nobody reads

    observer = Observer(doing.Doist(), [hio_rig.serve(events)], clock)
    observer.Lease = 1e9
    observer.look()
    client = hio_rig.connect(observer.servers()[0])
    client.request(method="GET", path="/")
    hio_rig.until(lambda: client.events)
    assert counts(observer) == (0, 0)
    client.close()
    hio_rig.until(lambda: counts(observer) == (1, 0))
    clock.now += 5.0
    assert all(line[2] is None for line in picture(observer)["counting"]["pulse"])


@pytest.mark.parametrize("cls", [http.Server, http.BareServer])
def test_a_server_is_left_as_it_was(hio_rig, clock, cls):
    log = WireLog(reopen=True)
    server = hio_rig.serve(app if cls is http.Server else None, cls, wl=log)
    early = hio_rig.connect(server)
    hio_rig.ask(early)
    before = set(vars(server))
    observer = Observer(doing.Doist(), [server], clock)
    observer.look()
    late = hio_rig.connect(server)
    hio_rig.ask(early)
    hio_rig.ask(late)
    assert counts(observer) == (2, 0)
    written = len(log.readRx())
    observer.rest()
    assert set(vars(server)) == before
    assert server.servant.wl is log
    assert [ix.wl for ix in server.servant.ixes.values()] == [log, log]
    hio_rig.ask(early)
    hio_rig.ask(late)
    assert len(log.readRx()) > written > 0  # the log of the server itself went on all the while


def test_connections_that_are_gone_are_forgotten(hio_rig, observer):
    observer.look()
    server = observer.servers()[0]
    for _ in range(3):
        client = hio_rig.connect(server)
        hio_rig.ask(client)
        client.close()
        hio_rig.until(lambda: not server.reqs)
    observer.look()
    assert not observer.gauges[server].tally.rx
    assert not observer.gauges[server].pending


def test_servers_are_found_among_the_doers(hio_rig, clock):
    server = hio_rig.serve(app)
    nested = doing.DoDoer(doers=[http.ServerDoer(server=server)])
    doist = doing.Doist(doers=[nested])
    doist.enter()
    try:
        assert Observer(doist, clock=clock).servers() == [server]
    finally:
        doist.exit()


# The pulse

def test_pulse_has_whole_seconds_only():
    pulse = Pulse()
    pulse.begin(10.5)
    pulse.add(10.6, 0.001, False)
    assert pulse.lines(11.4) == []
    assert [line[:2] for line in pulse.lines(11.6)] == [(1, 0)]
    pulse.add(12.5, None, True)
    assert [line[:2] for line in pulse.lines(13.6)] == [(1, 0), (0, 0), (1, 1)]
    assert (pulse.count, pulse.failed) == (2, 1)


def test_pulse_is_bounded():
    pulse = Pulse()
    pulse.begin(0.0)
    for second in range(1000):
        pulse.add(float(second), 0.001, False)
    assert len(pulse.lines(1000.0)) == Pulse.Span
    assert len(pulse.seconds) <= Pulse.Span + 1


@given(st.lists(st.floats(min_value=2e-6, max_value=100.0), min_size=1), st.sampled_from([0.5, 0.99, 1.0]))
def test_quantiles_are_right_to_nine_per_cent(latencies, share):
    pulse = Pulse()
    pulse.begin(0.0)
    for latency in latencies:
        pulse.add(0.5, latency, False)
    told = pulse.lines(1.0)[0][2] if share == 0.5 else pulse.seconds[0].quantile(share)
    rank = -int(-share * len(latencies) // 1)  # the least number of them that is no less than the share
    true = sorted(latencies)[rank - 1]
    assert true * 0.999 <= told <= true * 1.092


def test_quantile_of_nothing():
    assert Second().quantile(0.5) is None
