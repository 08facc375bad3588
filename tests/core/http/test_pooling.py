"""Pool: which connection a call gets, how long connections are kept, what happens at the limits and when they fail."""

from __future__ import annotations

import pytest

from hio.core.http.bounding import Bounds
from hio.core.http.failing import Mishap
from hio.core.http.jarring import CookieJar
from hio.core.http.pooling import Pool, PoolDoer, openPool
from tests.core.http.scripting import Stage, moved, ok

HERE = "http://10.0.0.2:8000"
THERE = "http://10.0.0.2:8001"


@pytest.fixture
def stage():
    stage = Stage(8000, 8001, 8002)
    yield stage
    stage.close()


@pytest.fixture
def pool(stage):
    return stage.pool()


def answer(stage, body=b"", *lines, **kwa):
    """Have every connection with a request that was not answered answer it."""
    stage.turn()
    for far in stage.fars:
        while far.rx.startswith(b"GET ") or far.rx.startswith(b"HEAD "):
            end = far.rx.index(b"\r\n\r\n") + 4
            path = bytes(far.rx[:end]).split(b" ")[1]
            del far.rx[:end]
            far.say(ok(body or path, *lines, **kwa))
    stage.turn()


# ---------------------------------------------------------------- asking


def test_a_call_and_its_reply(stage, pool):
    call = pool.get(HERE + "/a?b=c", headers={"Accept": "x"}, qargs={"d": "e f"})
    assert not call.done and call.reply is None and "under way" in repr(call)
    stage.turn()
    assert bytes(stage.far.rx) == (b"GET /a?b=c&d=e+f HTTP/1.1\r\nHost: 10.0.0.2:8000\r\nAccept-Encoding: identity\r\n"
                                   b"Accept: x\r\n\r\n")
    stage.far.say(ok(b'{"g":1}', b"Content-Type: application/json"))
    stage.turn()
    reply = call.reply
    assert call.done and reply.ok and reply.status == 200 and reply.data == {"g": 1} and reply.redirects == ()
    assert reply.request == {
        "host": "10.0.0.2", "port": 8000, "scheme": "http", "method": "GET", "path": "/a", "fragment": "",
        "qargs": {"b": "c", "d": "e f"}, "headers": {"Accept": "x"}, "body": b"", "data": None, "fargs": None}


@pytest.mark.parametrize(("parts", "head", "body"), [
    ({"method": "POST", "body": b"raw"}, [b"Content-Length: 3"], b"raw"),
    ({"method": "POST", "body": "text"}, [b"Content-Length: 4"], b"text"),
    ({"method": "POST", "body": b""}, [b"Content-Length: 0"], b""),
    ({"method": "POST"}, [b"Content-Length: 0"], b""),
    ({"method": "PUT", "data": {"a": 1}},
     [b"Content-Length: 7", b"Content-Type: application/json; charset=utf-8"], b'{"a":1}'),
    ({"method": "POST", "fargs": {"a": "b&c"}},
     [b"Content-Length: 7", b"Content-Type: application/x-www-form-urlencoded; charset=utf-8"], b"a=b%26c"),
    ({"method": "DELETE", "auth": ("u", "p")}, [b"Authorization: Basic dTpw"], b""),
    ({"method": "report"}, [], b""),
])
def test_requests(stage, pool, parts, head, body):
    pool.request(url=HERE + "/", **parts)
    stage.turn()
    lines, _, sent = bytes(stage.far.rx).partition(b"\r\n\r\n")
    assert lines.split(b"\r\n") == [parts["method"].upper().encode() + b" / HTTP/1.1", b"Host: 10.0.0.2:8000",
                                    b"Accept-Encoding: identity", *head]
    assert sent == body


def test_a_multipart_form(stage, pool):
    pool.post(HERE, headers={"content-type": "multipart/form-data"}, fargs={"a": "b"})
    stage.turn()
    assert stage.far.rx.count(b"Content-Type: multipart/form-data; boundary=") == 1
    assert b'Content-Disposition: form-data; name="a"' in stage.far.rx


@pytest.mark.parametrize("parts", [
    {"url": "/relative"}, {"url": "ftp://h/"}, {"url": "http://u:p@h/"}, {"method": "GET x"},
    {"headers": {"X": "\r\n"}}, {"headers": {"X Y": ""}}, {"body": b"for a GET"}, {"auth": ("a:b", "c")},
    {"method": "POST", "body": b"", "data": 1}, {"headers": {"Transfer-Encoding": "chunked"}},
    {"method": "POST", "data": float("nan")},
], ids=repr)  # fmt: skip
def test_what_is_refused_at_the_call(stage, pool, parts):
    with pytest.raises(ValueError):
        pool.begin(**{"method": "GET", "url": HERE, **parts})
    assert pool.size == 0 and not pool.lanes


@pytest.mark.parametrize("body", [5, [b"in", b"pieces"], iter([b"a"]), {"a": "b"}], ids=lambda body: str(type(body)))
def test_what_is_no_body(stage, pool, body):
    with pytest.raises(TypeError, match="body must be bytes or a str, got "):
        pool.post(HERE, body=body)
    assert pool.size == 0 and not pool.lanes


def test_fields_for_every_request(stage):
    pool = stage.pool(headers={"User-Agent": "x", "Accept": "all"}, auth=("u", "p"), decoding=True)
    pool.get(HERE, headers={"accept": "mine"})
    stage.turn()
    assert stage.far.rx.endswith(
        b"Accept-Encoding: gzip, deflate\r\nAccept: mine\r\nUser-Agent: x\r\nAuthorization: Basic dTpw\r\n\r\n")
    with pytest.raises(ValueError):
        Pool(headers={"X": "\n"})


@pytest.mark.parametrize("bad", [{"perHost": 0}, {"total": 1.5}, {"depth": 0}, {"perHost": True}], ids=repr)
def test_what_is_no_limit(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Pool(**bad)


# ---------------------------------------------------------------- connections


def test_a_connection_is_used_again(stage, pool):
    for number in range(5):
        call = pool.get(f"{HERE}/{number}")
        answer(stage)
        assert call.reply.text == f"/{number}"
    assert len(stage.fars) == 1 and pool.size == 1 and repr(pool) == "<Pool origins=1 connections=1 idle=1 waiting=0>"


@pytest.mark.parametrize("lines", [[b"Connection: close"], None])
def test_a_connection_that_is_over_is_closed(stage, pool, lines):
    call = pool.get(HERE)
    if lines:
        answer(stage, b"x", *lines)
    else:
        answer(stage, b"x")
        stage.far.close()
    assert call.reply.text == "x"
    call = pool.get(HERE)
    answer(stage, b"y")
    assert call.reply.text == "y" and len(stage.fars) == 2 and pool.size == 1
    assert stage.fars[0].sock.peer.fileno() < 0


def test_surplus_bytes_are_taken_for_no_answer(stage, pool):
    pool.get(HERE)
    answer(stage)
    stage.far.say(ok(b"forged"))
    call = pool.get(HERE)
    answer(stage, b"real")
    assert call.reply.text == "real" and len(stage.fars) == 2


def test_origins_have_connections_of_their_own(stage, pool):
    calls = [pool.get(HERE), pool.get(THERE), pool.get(HERE)]
    stage.turn()
    assert len(stage.fars) == 3 and set(pool.lanes) == {call.url.origin for call in calls}


def test_calls_beyond_the_limit_of_an_origin_wait_in_order(stage):
    pool = stage.pool(perHost=2)
    calls = [pool.get(f"{HERE}/{number}") for number in range(5)]
    stage.turn()
    assert len(stage.fars) == 2 and repr(pool) == "<Pool origins=1 connections=2 idle=0 waiting=3>"
    done = []
    for _ in range(3):
        answer(stage)
        done.append([call.done for call in calls].count(True))
    assert done == [2, 4, 5] and len(stage.fars) == 2
    assert [call.reply.text for call in calls] == ["/0", "/1", "/2", "/3", "/4"]
    assert pool.size == 2 and not pool.hungry


def test_origins_take_turns_at_the_limit_of_all(stage):
    pool = stage.pool(total=1)
    calls = [pool.get(HERE + "/a"), pool.get(HERE + "/b"), pool.get(THERE + "/c"), pool.get(HERE + "/d")]
    order = []
    for _ in range(8):
        answer(stage)
        order += [call.url.path for call in calls if call.done and call.url.path not in order]
        assert pool.size <= 1
    assert order == ["/a", "/b", "/c", "/d"] or order == ["/a", "/c", "/b", "/d"]
    assert all(call.reply.ok for call in calls)


def test_an_idle_connection_makes_place_for_another_origin(stage):
    pool = stage.pool(total=1)
    pool.get(HERE)
    answer(stage)
    call = pool.get(THERE)
    answer(stage)
    assert call.reply.ok and pool.size == 1 and stage.fars[0].gone


def test_idle_connections_are_closed_in_time(stage):
    pool = stage.pool(idleTymeout=5.0)
    pool.get(HERE)
    pool.get(THERE)
    answer(stage)
    stage.turn(1, tock=4.875)
    assert pool.size == 2
    stage.turn(1, tock=0.125)
    assert pool.size == 0 and all(far.gone for far in stage.fars) and not pool.lanes
    pool.get(HERE)
    answer(stage)
    stage.tymist.tick(tock=5.0)
    pool.get(HERE)
    stage.turn()
    assert len(stage.fars) == 4


def test_closing_settles_what_is_under_way(stage):
    with openPool(net=stage.net, tymth=stage.tymist.tymen(), perHost=1, retries=1) as pool:
        calls = [pool.get(HERE), pool.get(HERE), pool.get(THERE)]
    assert all(call.reply.mishap is Mishap.ABANDONED for call in calls) and pool.size == 0
    stage.accept()
    assert all(far.gone for far in stage.fars)


def test_a_doer_closes_its_pool(stage):
    pool = Pool(net=stage.net, idleTymeout=1.0)
    doer = PoolDoer(pool)
    dog = doer(tymth=stage.tymist.tymen(), tock=0.0)
    next(dog)
    assert pool.tymth is not None
    stage.clients.append(pool)
    pool.get(HERE)
    answer(stage)
    assert pool.size == 1
    dog.send(stage.tymist.tick(tock=1.0))
    assert pool.size == 0
    call = pool.get(HERE)
    dog.close()
    assert call.reply.mishap is Mishap.ABANDONED


# ---------------------------------------------------------------- pipelining


def test_idempotent_requests_share_a_connection(stage):
    pool = stage.pool(perHost=1, depth=3)
    pool.get(HERE + "/0")
    answer(stage)
    calls = [pool.get(f"{HERE}/{number}") for number in range(1, 5)]
    post = pool.post(HERE + "/post")
    stage.turn()
    assert stage.far.heads() == [f"GET /{number} HTTP/1.1" for number in (1, 2, 3)]
    stage.far.rx.clear()
    stage.far.say(ok(b"1") + ok(b"2") + ok(b"3"))
    stage.turn()
    assert stage.far.heads() == ["GET /4 HTTP/1.1"]
    stage.far.rx.clear()
    stage.far.say(ok(b"4"))
    stage.turn()
    assert [call.reply.text for call in calls] == ["1", "2", "3", "4"]
    assert stage.far.heads() == ["POST /post HTTP/1.1"] and not post.done


def test_what_was_behind_a_response_that_ended_the_connection_goes_elsewhere(stage):
    pool = stage.pool(perHost=1, depth=3)
    pool.get(HERE)
    answer(stage)
    calls = [pool.get(f"{HERE}/{number}") for number in range(3)]
    stage.turn()
    stage.far.say(ok(b"0", b"Connection: close"))
    stage.turn()
    answer(stage)
    answer(stage)
    assert [call.reply.text for call in calls] == ["0", "/1", "/2"] and len(stage.fars) == 2


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(("said", "then", "mishap"), [
    (b"garbage", None, Mishap.GARBAGE), (b"", "close", Mishap.CLOSED),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf", "close", Mishap.CLOSED),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", None, Mishap.EXCESS), (b"", "wait", Mishap.SLOW),
])
def test_errored_replies(stage, said, then, mishap):
    pool = stage.pool(bounds=Bounds(body=1000, headTymeout=2.0))
    call = pool.post(HERE, body=b"x")
    stage.turn()
    far = stage.far.say(said)
    if then == "close":
        stage.turn()
        far.close()
    elif then == "wait":
        stage.turn(1, tock=2.0)
    stage.turn(2)
    assert call.reply.errored and call.reply.mishap is mishap and call.reply.error.startswith(mishap.value)
    assert not call.reply.ok and call.reply.request["body"] == b"x" and pool.size == 0


def test_an_event_stream_is_a_body_like_any_other(stage):
    pool = stage.pool(bounds=Bounds(stallTymeout=2.0))
    call = pool.get(HERE)
    stage.turn()
    stage.far.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n")
    stage.turn(3, tock=1.0)
    assert call.reply.mishap is Mishap.SLOW and call.reply.partial == b"data: x\n\n"


def test_nobody_listens(stage, pool):
    call = pool.get("http://10.0.0.2:9/")
    stage.turn()
    assert call.reply.mishap is Mishap.UNCONNECTED and "refused" in call.reply.error.lower()
    call = pool.get("http://nobody.invalid/")
    assert call.reply.error.startswith("not connected: to nobody.invalid: no host is called") and pool.size == 0


def test_a_call_has_its_own_tymeout(stage):
    pool = stage.pool(perHost=1)
    calls = [pool.get(HERE, tymeout=3.0), pool.get(HERE, tymeout=2.0), pool.get(HERE, tymeout=0.0)]
    waits = [iter(call) for call in calls]
    for wait in waits:
        next(wait)
    stage.turn(1, tock=2.0)
    next(waits[0])
    with pytest.raises(StopIteration) as stop:
        next(waits[1])
    assert stop.value.value.error == "too slow: at tyme 2.0, waiting for a free connection"
    stage.turn(1, tock=1.0)
    assert calls[0].reply.error.startswith("too slow: at tyme 3.0, whole exchange")
    stage.turn(1, tock=200.0)
    assert calls[2].reply.error.endswith("waiting for the head of the response")


def test_a_request_that_met_a_dead_connection_is_made_again(stage, pool):
    pool.get(HERE)
    answer(stage)
    call, post = pool.get(HERE + "/again"), None
    stage.turn()
    stage.far.close()
    answer(stage)
    assert call.reply.text == "/again" and len(stage.fars) == 2
    post = pool.post(HERE)
    stage.turn()
    stage.far.close()
    stage.turn()
    assert post.reply.mishap is Mishap.CLOSED


def test_a_server_that_only_hangs_up_is_not_asked_for_ever(stage, pool):
    pool.get(HERE)
    answer(stage)
    call = pool.get(HERE)
    for _ in range(10):
        stage.turn()
        stage.far.close()
    stage.turn()
    assert call.reply.mishap is Mishap.CLOSED and len(stage.fars) <= 3


# ---------------------------------------------------------------- redirects, tries, cookies


def test_redirects_over_origins(stage, pool):
    call = pool.post(HERE + "/a", data={"x": 1}, headers={"Authorization": "secret", "Accept": "y"})
    stage.turn()
    stage.far.say(moved(THERE + "/b", b"307 T", b"old"))
    stage.turn(2)
    assert len(stage.fars) == 2 and stage.far.rx.endswith(b'{"x":1}') and b"secret" not in stage.far.rx
    assert b"POST /b HTTP/1.1\r\nHost: 10.0.0.2:8001\r\n" in stage.far.rx and b"Accept: y" in stage.far.rx
    stage.far.say(moved("/c", b"303 See"))
    stage.turn(2)
    assert b"GET /c HTTP/1.1" in stage.far.rx and len(stage.fars) == 2
    stage.far.say(ok(b"new"))
    stage.turn()
    reply = call.reply
    assert reply.text == "new" and [one.status for one in reply.redirects] == [307, 303]
    assert [one.request["path"] for one in (*reply.redirects, reply)] == ["/a", "/b", "/c"]
    assert reply.redirects[0].body == b"old" and reply.request["method"] == "GET"
    assert [one["status"] for one in reply.asdict()["redirects"]] == [307, 303]


def test_redirects_are_limited_and_optional(stage):
    pool = stage.pool(bounds=Bounds(redirects=2))
    call = pool.get(HERE)
    for _ in range(5):
        stage.turn(2)
        stage.far.say(moved("/"))
    stage.turn()
    assert call.reply.error == "redirect: more than 2 in a row" and len(call.reply.redirects) == 2
    call = stage.pool().get(THERE, redirectable=False)
    answer(stage, b"x", b"Location: /", status=b"302 Found")
    assert call.reply.status == 302


def test_tries(stage):
    pool = stage.pool(retries=2, bounds=Bounds(backoff=1.0))
    call = pool.get(HERE)
    answer(stage, b"busy", b"Retry-After: 4", status=b"503 Busy")
    assert not call.done and len(pool.idle) == 1
    stage.turn(1, tock=3.875)
    assert not stage.far.rx
    stage.turn(1, tock=0.125)
    answer(stage, b"fine")
    assert call.reply.text == "fine" and len(stage.fars) == 1
    call = pool.get("http://10.0.0.2:9/")
    tymes = []
    for _ in range(40):
        stage.turn(1, tock=0.125)
        tymes.append(stage.tymist.tyme) if call.done else None
    assert call.reply.mishap is Mishap.UNCONNECTED and call.tries == 3


def test_a_try_that_waits_can_be_too_late(stage):
    pool = stage.pool(retries=1)
    call = pool.get(HERE, tymeout=2.0)
    answer(stage, b"", b"Retry-After: 30", status=b"503 Busy")
    wait = iter(call)
    next(wait)
    stage.tymist.tick(tock=2.0)
    with pytest.raises(StopIteration) as stop:
        next(wait)
    assert stop.value.value.error == "too slow: at tyme 2.0, between two tries"


def test_cookies_by_origin(stage):
    jar = CookieJar(lambda: 1000.0)
    pool = stage.pool(cookies=jar)
    pool.get(HERE)
    answer(stage, b"x", b"Set-Cookie: a=1; Path=/")
    pool.get(HERE + "/y")
    stage.turn()
    assert stage.far.rx.endswith(b"Cookie: a=1\r\n\r\n")
    assert pool.jar is jar and len(jar) == 1
    assert stage.pool().jar is None and stage.pool(cookies=True).jar is not None


def test_unwound_nothing_is_too_late():
    stage = Stage(8000)
    pool = Pool(net=stage.net)
    stage.clients.append(pool)
    call = pool.get(HERE)
    answer(stage)
    assert call.reply.ok
    stage.close()
