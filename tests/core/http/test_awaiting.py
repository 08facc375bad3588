"""Calls: doers that wait for responses without blocking and without being resumed for nothing."""

from __future__ import annotations

import re

import pytest

from hio.base.doing import Doist, doify
from hio.base.polling import Watch
from hio.core import http
from hio.core.http.bounding import Bounds
from hio.core.http.calling import Call, gather
from hio.core.http.clienting import Client, ClientDoer
from hio.core.http.pooling import openPool
from tests.core.http.scripting import ok

HERE = "http://10.0.0.2:8000"


def finish(wait):
    """Return what a generator returns, which must not wait any more."""
    with pytest.raises(StopIteration) as stop:
        next(wait)
    return stop.value.value


# ---------------------------------------------------------------- by hand


def test_a_call_that_is_waited_for_by_hand(stage):
    client = stage.client(opened=False)
    stage.clients.clear()
    call = client.get("/a", headers={"Accept": "x"})
    wait = iter(call)
    assert [next(wait) for _ in range(3)] == [0.0] * 3
    stage.far.say(ok(b"fine"))
    reply = finish(wait)
    assert reply is call.reply and reply.text == "fine" and not client.responses
    assert finish(iter(call)) is reply
    assert reply.request["path"] == "/a" and reply.request["headers"] == {"Accept": "x"}
    client.close()


def test_gathering_by_hand(stage):
    pool = stage.pool()
    wait = gather(pool.get(f"{HERE}/{number}") for number in range(3))
    assert [next(wait) for _ in range(2)] == [0.0] * 2  # dials; asks
    stage.accept()
    assert [far.heads() for far in stage.fars] == [[f"GET /{number} HTTP/1.1"] for number in range(3)]
    for far in reversed(stage.fars):
        far.say(ok(bytes(far.rx[5:6])))
        next(wait) if far is not stage.fars[0] else None
    assert [reply.text for reply in finish(wait)] == ["0", "1", "2"]


def test_a_request_of_the_queue_can_be_waited_for_too(stage):
    client = stage.client()
    first, second = client.request("GET", "/1"), client.request("GET", "/2")
    assert isinstance(first, Call)
    wait = iter(first)
    next(wait)
    stage.turn(2)
    stage.far.say(ok(b"1"))
    stage.turn(2)
    assert finish(wait).text == "1" and not client.responses
    stage.far.say(ok(b"2"))
    stage.turn(2)
    assert client.responses[0]["body"] == b"2"
    assert finish(iter(second)).text == "2" and not client.responses


def test_calls_of_a_client_go_in_their_order(stage):
    client = stage.client()
    calls = [client.get("/0"), client.put("/1", data={}), client.delete("/2"), client.head("/3"), client.options("/4"),
             client.patch("/5", body="x"), client.post("/6", fargs={"a": "b"})]
    for _ in calls:
        stage.turn(2)
        stage.far.say(b"HTTP/1.1 204 No\r\n\r\n")
        stage.turn()
    assert all(call.reply.status == 204 for call in calls)
    found = re.findall(rb"([A-Z]+) /(\d) HTTP/1.1\r\n", bytes(stage.far.rx))
    assert found == [(b"GET", b"0"), (b"PUT", b"1"), (b"DELETE", b"2"), (b"HEAD", b"3"), (b"OPTIONS", b"4"),
                     (b"PATCH", b"5"), (b"POST", b"6")]


def test_closing_a_client_settles_its_calls(stage):
    client = stage.client()
    calls = [client.get("/1"), client.get("/2")]
    client.close()
    assert [call.reply.mishap.value for call in calls] == ["abandoned"] * 2


def test_a_call_on_a_connection_that_ended_makes_it_anew(stage):
    client = stage.client()
    stage.turn()
    stage.far.close()
    stage.turn()
    call = client.get("/")
    stage.turn(2)
    stage.far.say(ok(b"anew"))
    stage.turn()
    assert call.reply.text == "anew" and len(stage.fars) == 2
    call = client.get("/again")
    stage.turn()
    stage.far.close()
    stage.turn(3)
    stage.far.say(ok(b"again"))
    stage.turn()
    assert call.reply.text == "again" and len(stage.fars) == 3


def test_a_call_fails_at_once_where_nobody_listens(stage):
    client = stage.client(port=9)
    call = client.get("/")
    stage.turn()
    assert call.reply.mishap.value == "not connected"
    stage.listen(9)
    call = client.get("/")
    stage.turn()
    stage.far.say(ok(b"now"))
    stage.turn()
    assert call.reply.text == "now"


# ---------------------------------------------------------------- under a root


def app(environ, start_response):
    """Answer with the path; below /slow/N only when asked for the Nth time."""
    path = environ["PATH_INFO"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path.startswith("/slow/"):
        for _ in range(int(path[6:])):
            yield b""
    yield path.encode()


def run(*doers, limit=5.0, real=False, serve=app, tock=0.03125):
    """Run doers, functions of (tymth, url), beside a server, until all of them are done."""
    server = http.Server(host="127.0.0.1", port=0, app=serve)
    doist = Doist(real=real, tock=tock, limit=limit)
    left = list(doers)

    def wrap(work):
        def doer(tymth=None, tock=0.0, **opts):
            yield tock
            try:
                yield from work(tymth, f"http://127.0.0.1:{server.servant.ha[1]}")
            finally:
                left.remove(work)
                if not left:
                    doist.stop()

        return doify(doer)

    doist.do(doers=[http.ServerDoer(server), *map(wrap, doers)])
    assert not left and doist.tyme < limit
    return doist


@pytest.mark.parametrize("real", [True, False])
def test_one_after_the_other(real):
    turns, texts = [], []

    def work(tymth, url):
        with openPool(tymth=tymth) as pool:
            for number in range(20):
                reply = yield from pool.get(f"{url}/{number}")
                turns.append(tymth())
                texts.append(reply.text)

    doist = run(work, real=real)
    assert texts == [f"/{number}" for number in range(20)]
    assert turns[-1] - turns[0] <= 3 * doist.tock  # by readiness, not one a tick


def test_a_doer_that_waits_is_resumed_by_its_reply_alone():
    resumed = []

    def work(tymth, url):
        with openPool(tymth=tymth) as pool:
            call = pool.get(f"{url}/slow/8")
            for pause in call:
                assert isinstance(pause, Watch)
                yield pause
                resumed.append(call.done)

    run(work)
    assert resumed == [True]


def test_many_at_once():
    replies = []

    def work(tymth, url):
        with openPool(tymth=tymth, perHost=8) as pool:
            replies.extend((yield from gather(pool.get(f"{url}/{number}") for number in range(64))))
            assert pool.size == 8

    run(work)
    assert [reply.text for reply in replies] == [f"/{number}" for number in range(64)]


def test_many_doers_on_one_pool():
    from hio.core.http.pooling import Pool

    pool = Pool(perHost=4)
    texts = {}

    def worker(name):
        def work(tymth, url):
            pool.wind(tymth)
            for number in range(5):
                reply = yield from pool.get(f"{url}/{name}/{number}")
                texts.setdefault(name, []).append(reply.text)

        return work

    run(*map(worker, range(10)))
    assert texts == {name: [f"/{name}/{number}" for number in range(5)] for name in range(10)}
    assert pool.size == 4
    pool.close()


def test_a_client_without_a_doer_of_its_own():
    texts = []

    def work(tymth, url):
        client = Client(path=url, tymth=tymth)
        try:
            texts.append((yield from client.get("/1")).text)
            calls = [client.get(f"/{number}") for number in range(2, 6)]
            yield 0.0625
            texts.extend(reply.text for reply in (yield from gather(calls)))
            texts.append((yield from client.request("GET", "/6")).text)
            assert not client.responses
        finally:
            client.close()

    run(work)
    assert texts == ["/1", "/2", "/3", "/4", "/5", "/6"]


def test_a_client_with_a_doer_of_its_own():
    texts, turns = [], []

    class Counter(ClientDoer):
        def recur(self, tyme):
            turns.append(tyme)
            return super().recur(tyme)

        def rest(self):
            return self.client.rest(self.tock)

    def work(tymth, url):
        client = Client(path=url, tymth=tymth)
        doer = Counter(client)
        dog = None
        root = tymth.root
        root.extend([doer])
        try:
            texts.append((yield from client.get("/1")).text)
            client.request("GET", "/2")
            client.request("GET", "/slow/10")
            while len(client.responses) < 2:
                yield 0.03125
            texts.extend(client.respond().body.decode() for _ in range(2))
            before = len(turns)
            yield 0.5
            assert len(turns) - before <= 1  # it rests while there is nothing to do
        finally:
            root.remove([doer])
        assert dog is None and not client.connector.opened

    run(work)
    assert texts == ["/1", "/2", "/slow/10"]


def test_tymeouts_end_a_wait_in_time():
    replies = []

    def work(tymth, url):
        with openPool(tymth=tymth, perHost=1, bounds=Bounds(headTymeout=0.25)) as pool:
            begin = tymth()
            replies.append((yield from pool.get(f"{url}/slow/1000", tymeout=0.0)))
            assert 0.25 <= tymth() - begin < 0.4
            begin = tymth()
            replies.append((yield from pool.get(f"{url}/slow/1000", tymeout=0.125)))
            assert 0.125 <= tymth() - begin < 0.25
            calls = [pool.get(f"{url}/slow/2"), pool.get(f"{url}/slow/1000", tymeout=0.0625)]
            replies.extend((yield from gather(calls)))

    run(work)
    assert [reply.errored for reply in replies] == [True, True, False, True]
    assert all(reply.mishap.value == "too slow" for reply in replies if reply.errored)


@pytest.mark.parametrize("caller", ["client", "pool"])
def test_a_call_whose_time_is_up_does_not_disturb_the_rest_that_comes_next(caller):
    def work(tymth, url):
        bounds = Bounds(headTymeout=0.125)
        if caller == "pool":
            opened = openPool(tymth=tymth, bounds=bounds)
        else:
            opened = http.openClient(path=url, tymth=tymth, bounds=bounds)
        with opened as asker:
            assert (yield from asker.get(f"{url}/slow/1000")).errored
            begin = tymth()
            yield 0.5
            assert tymth() - begin >= 0.5

    run(work)


def test_a_doer_that_is_closed_leaves_its_call():
    def work(tymth, url):
        with openPool(tymth=tymth) as pool:

            def other(tymth=None, tock=0.0, **opts):
                yield tock
                yield from pool.get(f"{url}/slow/5")

            doer = doify(other)
            tymth.root.extend([doer])
            yield 0.0625
            tymth.root.remove([doer])
            assert (yield from pool.get(f"{url}/x")).text == "/x"
            yield 0.5
            assert len(pool.idle) == pool.size == 2

    run(work)


def test_an_idle_connection_that_its_server_closes_costs_nothing():
    def work(tymth, url):
        with openPool(tymth=tymth) as pool:
            yield from pool.get(f"{url}/x", headers={"Connection": "close"})
            assert pool.size == 0
            yield from pool.get(f"{url}/y")
            assert pool.size == 1
            yield 5.5  # the server has let go of it by then
            assert pool.size == 0

    run(work, limit=20.0)


def test_a_doer_that_raises_does_not_take_others_with_it():
    def work(tymth, url):
        with openPool(tymth=tymth) as pool:
            yield from pool.get(f"{url}/x")
            raise LookupError("by the doer")

    with pytest.raises(LookupError, match="by the doer"):
        run(work)
