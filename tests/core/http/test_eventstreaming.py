"""Event streams, the server's side: what goes out, and a whole way to a client and back after a cut."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.base.doing import Doist, doify
from hio.base.tyming import Tymist
from hio.core import http
from hio.core.http.clienting import Client, ClientDoer
from hio.core.http.eventing import EventSource
from hio.core.http.pooling import openPool
from hio.core.http.eventstreaming import EventStream, lastEventId, packEvent


@pytest.mark.parametrize(("parts", "packed"), [
    ({"data": "one"}, b"data: one\n\n"),
    ({"data": "one\ntwo\r\nthree\rfour\n"}, b"data: one\ndata: two\ndata: three\ndata: four\ndata: \n\n"),
    ({"data": ""}, b"data: \n\n"),
    ({"data": {"a": [1, None]}}, b'data: {"a":[1,null]}\n\n'),
    ({"data": "x", "name": "tick", "id": 7, "retry": 500}, b"retry: 500\nid: 7\nevent: tick\ndata: x\n\n"),
    ({"id": ""}, b"id: \n\n"),
    ({"retry": 0}, b"retry: 0\n\n"),
    ({"comment": "hello\nthere"}, b": hello\n: there\n\n"),
    ({"data": "\u00e9"}, b"data: \xc3\xa9\n\n"),
    ({}, b""),
])
def test_events(parts, packed):
    assert packEvent(**parts) == packed


@pytest.mark.parametrize("parts", [
    {"name": "a\nb"}, {"id": "a\rb"}, {"id": "a\0b"}, {"name": "a\r\nb"},
    {"retry": -1}, {"retry": 1.5}, {"retry": True},
])
def test_what_would_not_be_one_event(parts):
    with pytest.raises(ValueError, match=next(iter(parts))):
        packEvent(data="x", **parts)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=5), st.integers(0, 9)), max_size=6))
def test_events_come_through_as_they_were(events):
    source = EventSource(raw=bytearray(), events=deque())
    sent = []
    for data, name, number in events:
        try:
            source.raw.extend(packEvent(data, name=name, id=number))
        except ValueError:
            continue
        lines = data.replace("\r\n", "\n").replace("\r", "\n")
        sent.append({"id": str(number), "name": name, "data": lines})
    source.parse()
    assert list(source.events) == sent


def test_a_stream_says_nothing_while_there_is_nothing_to_say():
    stream = EventStream([None, "", {}, "one", b": raw\n\n", {"data": 2, "id": 3}], retry=1000)
    said = [b"retry: 1000\n\n", b"", b"", b"", b"data: one\n\n", b": raw\n\n", b"id: 3\ndata: 2\n\n"]
    assert list(stream) == said


def test_a_heart_beats_while_there_is_nothing_to_say():
    tymist = Tymist(tock=1.0)
    stream = EventStream(iter([None] * 5 + ["x"] + [None] * 6), beat=3.0, tymth=tymist.tymen())
    said = []
    for item in stream:
        said.append(item)
        tymist.tick()
    assert said == [b"", b"", b"", b":\n\n", b"", b"data: x\n\n", b"", b"", b":\n\n", b"", b"", b":\n\n"]
    with pytest.raises(ValueError, match="tymth"):
        EventStream([], beat=1.0)


def test_a_stream_is_an_application_and_closes_what_it_is_made_of():
    ends = []

    def events():
        try:
            yield "x"
            yield "never asked for"
        finally:
            ends.append(True)

    started = []
    stream = EventStream(events())
    assert stream({}, lambda status, headers: started.append((status, dict(headers)))) is stream
    assert started == [("200 OK", {"Content-Type": "text/event-stream", "Cache-Control": "no-store",
                                   "X-Accel-Buffering": "no"})]
    assert next(stream) == b"data: x\n\n"
    stream.close()
    assert ends == [True]
    EventStream(["a list"]).close()


@pytest.mark.parametrize(("environ", "leid"), [
    ({}, ""), ({"HTTP_LAST_EVENT_ID": "7"}, "7"), ({"HTTP_LAST_EVENT_ID": "\u00c3\u00a9"}, "\u00e9"),
    ({"HTTP_LAST_EVENT_ID": "\u00e9"}, "\u00e9"),
])
def test_the_last_event_that_a_client_saw(environ, leid):
    assert lastEventId(environ) == leid


def test_from_server_to_client_over_cuts_beside_other_requests():
    """A stream that ends after every third event is asked for again; a pool is served meanwhile, at once."""

    def app(environ, start_response):
        if environ["PATH_INFO"] != "/events":
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]

        def events():
            first = int(lastEventId(environ) or 0) + 1
            for number in range(first, first + 3):
                yield {"id": number, "data": {"n": number}}
                for _ in range(4):
                    yield None

        return EventStream(events(), retry=125)(environ, start_response)

    server = http.Server(host="127.0.0.1", port=0, app=app)
    doist = Doist(tock=0.03125, limit=30.0)
    events = deque()
    tymes = []

    def watch(tymth=None, tock=0.0, **opts):
        yield tock
        port = server.servant.ha[1]
        client = Client(port=port, tymth=tymth, reconnectable=True, tymeout=1.0, dictable=True, events=events)
        doist.extend([ClientDoer(client)])
        client.request("GET", "/events")
        with openPool(tymth=tymth) as pool:
            while len(events) < 8:
                begin = tymth()
                reply = yield from pool.get(f"http://127.0.0.1:{port}/")
                assert reply.text == "ok"
                tymes.append(tymth() - begin)
                yield 0.125
        doist.stop()

    doist.do(doers=[http.ServerDoer(server), doify(watch)])
    assert [event["data"] for event in events] == [{"n": number} for number in range(1, 9)]
    assert max(tymes) <= 2 * doist.tock
