"""Client: event streams, and how they go on after a cut."""

from __future__ import annotations

from hio.base.tyming import Tymer, Tymist
from hio.core.http.bounding import Bounds
from hio.core.http.clienting import openClient
from hio.core.http.serving import openServer
from hio.help import Hict
from hio.sim import SimNet
from tests.core.http.apps import ticking

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    """Return data as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_an_event_stream_goes_on_after_a_cut(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream", headers=Hict([("Accept", "text/event-stream")]))
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 1000\n\nid: 4\ndata: x\n\n"))
    stage.turn()
    assert client.waited and not client.responses and client.respondent.leid == "4"
    assert list(client.events) == [{"id": "4", "name": "", "data": "x"}]
    stage.turn(80, tock=1.0)  # nothing to say is no fault of a stream
    assert client.waited and client.connector.connected
    stage.far.close()
    stage.turn(1, tock=0.125)
    stage.turn(1, tock=0.125)
    assert not client.connector.connected and not client.connector.cutoff and client.waited
    stage.turn(7, tock=0.125)
    assert len(stage.fars) == 1  # a second since it ended is not over
    stage.turn(3, tock=0.125)
    assert len(stage.fars) == 2 and client.connector.connected
    assert bytes(stage.far.rx).endswith(b"Accept: text/event-stream\r\nLast-Event-Id: 4\r\n\r\n")
    stage.far.say(EVENTS + chunk(b"id: 6\ndata: y\n\n"))
    stage.turn(2)
    assert client.respondent.leid == "6" and client.waited and not client.responses
    assert [event["data"] for event in client.events] == ["x", "y"]


def test_a_stream_is_asked_for_again_though_that_broke_before_there_was_an_answer(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 250\nid: 5\ndata: x\n\n")).close()
    for number in (2, 3, 4):
        stage.turn(8, tock=0.125)
        assert len(stage.fars) == number and stage.far.rx.endswith(b"Last-Event-Id: 5\r\n\r\n")
        stage.far.say(b"HTTP/1.1 200 OK\r\nContent-").close()
    stage.turn(8, tock=0.125)
    stage.far.say(EVENTS + chunk(b"id: 6\ndata: y\n\n"))
    stage.turn(2)
    assert [event["data"] for event in client.events] == ["x", "y"] and client.waited and not client.responses


def test_a_stream_that_breaks_before_its_first_answer_fails(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.close()
    stage.turn(3)
    assert client.responses[0]["errored"] and not client.waited


def test_the_last_retry_of_a_stream_is_the_delay(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 3000\n\nretry: 500\n\n")).close()
    stage.turn(2)
    stage.turn(3, tock=0.125)
    assert len(stage.fars) == 1
    stage.turn(2, tock=0.125)
    assert len(stage.fars) == 2 and b"Last-Event-Id" not in stage.far.rx


def test_a_stream_that_ends_in_good_order_is_asked_for_again_too(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 250\nid: 1\n\n") + b"0\r\n\r\n")
    stage.turn(6, tock=0.125)
    assert len(stage.fars) == 2 and stage.far.rx.endswith(b"Last-Event-Id: 1\r\n\r\n")
    stage.far.say(b"HTTP/1.1 204 Enough\r\n\r\n")
    stage.turn(2)
    assert client.responses[0]["status"] == 204 and not client.waited


def test_a_stream_that_is_not_to_be_asked_for_again_ends(stage, client):
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"data: x\n\n")).close()
    stage.turn(2)
    assert client.responses[0]["mishap"] == "closed half-way" and client.responses[0]["status"] == 200
    assert len(client.events) == 1 and not client.waited


def test_a_delay_counts_from_the_cut_however_long_ago_the_last_one_was(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 1000\n\ndata: x\n\n"))
    stage.turn(50, tock=1.0)
    stage.far.close()
    stage.turn(7, tock=0.125)
    assert len(stage.fars) == 1
    stage.turn(5, tock=0.125)
    assert len(stage.fars) == 2


def test_events_that_nobody_takes_stop_the_stream(stage):
    client = stage.client(bounds=Bounds(events=3, stallTymeout=5.0))
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS)
    for number in range(6):
        stage.far.say(chunk(b"data: %d\n\n" % number))
        stage.turn()
    assert len(client.events) == 3 and client.full
    stage.turn(20, tock=1.0)
    assert client.waited
    client.events.popleft()
    stage.turn()
    assert [event["data"] for event in client.events] == ["1", "2", "3", "4", "5"]
    client.events.clear()
    stage.turn()
    stage.far.say(chunk(b"data: last\n\n") + b"0\r\n\r\n")
    stage.turn(2)
    assert [event["data"] for event in client.events] == ["last"] and not client.waited


def test_a_stream_whose_server_is_silent_for_too_long_is_given_up(stage):
    client = stage.client(bounds=Bounds(eventTymeout=5.0))
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"data: x\n\n"))
    stage.turn(4, tock=1.0)
    stage.far.say(chunk(b": still here\n\n"))
    stage.turn(5, tock=1.0)
    assert client.waited
    stage.turn(2, tock=1.0)
    assert client.responses[0]["mishap"] == "too slow" and "waiting for events" in client.responses[0]["error"]


def test_a_silent_stream_is_asked_for_again_by_a_reconnectable_client(stage):
    client = stage.client(bounds=Bounds(eventTymeout=5.0), reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 1000\nid: 7\ndata: x\n\n"))
    stage.turn(5, tock=1.0)
    assert len(stage.fars) == 1
    stage.turn(5, tock=1.0)
    assert len(stage.fars) == 2 and b"Last-Event-Id: 7\r\n" in stage.far.rx
    assert client.waited and not client.responses


def test_events_that_nobody_takes_are_no_silence_of_the_server(stage):
    client = stage.client(bounds=Bounds(events=1, eventTymeout=5.0))
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"data: x\n\n"))
    stage.turn(20, tock=1.0)
    assert client.full and client.waited
    client.events.clear()
    stage.turn(4, tock=1.0)
    assert client.waited
    stage.turn(4, tock=1.0)
    assert not client.waited


def test_cadence_of_an_event_stream():
    tymist = Tymist(tyme=0.0)
    net = SimNet()
    with openServer(port=80, net=net, app=ticking(tymist), tymth=tymist.tymen()) as server:
        with openClient(port=80, net=net, tymth=tymist.tymen(), reconnectable=True, tymeout=1.0) as client:
            client.request("GET", "/stream")
            tymer = Tymer(tymth=tymist.tymen(), duration=1.0)
            while not tymer.expired:
                server.service()
                client.service()
                tymist.tick(tock=0.1)
            assert len(client.events) == 4
            assert client.respondent.leid == "3" and client.respondent.retry == 1000
            assert [event["data"] for event in client.events] == ["START", "1", "2", "3"]
            assert client.waited and not client.responses
            client.events.clear()
            tymer.start(duration=1.5)
            while not tymer.expired:
                server.service()
                client.service()
                tymist.tick(tock=0.1)
            assert len(client.events) == 7
            assert [event["data"] for event in client.events] == ["4", "5", "6", "7", "8", "9", "END"]
