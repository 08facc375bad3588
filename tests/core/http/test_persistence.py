"""HTTP servers: which connections stay, how bodies are framed for which version, and pipelined requests in order."""

from __future__ import annotations

import pytest

from tests.core.http.apps import App, hello
from tests.core.http.asking import GET, path
from tests.core.http.corpus import chunked, get, post


# ---------------------------------------------------------------- versions and persistence


PERSISTENCE = [
    # request version, its Connection, the application's Connection; whether the connection stays, what is said of it
    ("1.1", None, None, True, None),
    ("1.1", "keep-alive", None, True, None),
    ("1.1", "close", None, False, "close"),
    ("1.1", "Close", None, False, "close"),
    ("1.1", "x, close", None, False, "close"),
    ("1.1", None, "close", False, "close"),
    ("1.1", None, "Close", False, "close"),
    ("1.1", "keep-alive", "close", False, "close"),
    ("1.1", None, "keep-alive", True, None),
    ("1.0", None, None, False, "close"),
    ("1.0", "keep-alive", None, True, "keep-alive"),
    ("1.0", "Keep-Alive", None, True, "keep-alive"),
    ("1.0", "keep-alive", "close", False, "close"),
    ("1.0", "close", None, False, "close"),
]


@pytest.mark.parametrize("version,asked,answered,stays,said", PERSISTENCE)
@pytest.mark.parametrize("items", [[b"hello"], [b"he", b"llo"]], ids=["one", "two"])
def test_persistence(rigs, version, asked, answered, stays, said, items):
    """Close when either side says so, keep when both can; nothing behind a close is admitted (RFC 9112, 9.3)."""
    headers = [("Content-Length", "5")] + ([("Connection", answered)] if answered else [])
    app = App({"items": items, "headers": headers})
    lines = [f"Connection: {asked}".encode()] if asked else []
    rig = rigs(app)
    peer = rig.dial()
    raw = get(*lines, version=f"HTTP/{version}".encode())
    answers = peer.ask(raw + raw, count=2 if stays else 1)
    rig.turn(5)
    assert [answer["Connection"] for answer in answers] == [said] * (2 if stays else 1)
    assert peer.ended == (not stays)
    assert len(app.calls) == len(answers)
    assert all(iterable.closed == 1 for iterable in app.iterables)
    assert rig.knows(peer)  # or drains what the peer still sends
    peer.close()
    rig.until(lambda: rig.empty)


@pytest.mark.parametrize("kind", ["list", "tuple", "generator", "write"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_no_length(rigs, kind, version):
    """Without a length: chunks for 1.1; for 1.0 a length where it is known, else the end of the connection."""

    def app(environ, start_response):
        write = start_response("200 OK", [])
        if kind == "write":
            write(b"abc")
            return [b"def"]
        items = [b"abc", b"def"]
        return {"list": items, "tuple": tuple(items), "generator": (item for item in items)}[kind]

    rig = rigs(app)
    peer = rig.dial()
    raw = get(b"Connection: keep-alive", version=f"HTTP/{version}".encode())
    known = kind in ("list", "tuple")
    count = 2 if version == "1.1" or known else 1
    answers = peer.ask(raw + raw, count=count)
    rig.turn(3)
    answers = peer.answers()
    assert [answer.body for answer in answers] == [b"abcdef"] * count
    assert all(answer.whole and answer.chunked == (version == "1.1") for answer in answers)
    if version == "1.0":
        assert peer.ended == (not known) and "Transfer-Encoding" not in dict(answers[0].fields)
        assert answers[0]["Connection"] == ("keep-alive" if known else "close")


def test_each_response_is_framed_by_its_own_request(rigs):
    """Nothing of one response's framing is left in the next on the connection."""
    scripts = [
        {"items": [b"abc"], "headers": [("Content-Length", "3")]},
        [b"de", b"f"],
        {"items": [], "status": "204 No Content"},
        {"items": [b"data: x\n\n"], "headers": [("Content-Type", "text/event-stream")]},
        {"items": [b"ghi"], "headers": [("Content-Length", "3")]},
        [b"jkl"],
    ]
    app = App(*scripts)
    peer = rigs(app).dial()
    answers = peer.ask(GET * 6, count=6)
    assert [a.body for a in answers] == [b"abc", b"def", b"", b"data: x\n\n", b"ghi", b"jkl"]
    assert [a.chunked for a in answers] == [False, True, False, True, False, True]
    (again,) = peer.rig.dial().ask(get(b"Connection: keep-alive", version=b"HTTP/1.0"))
    assert again.chunked is False


# ---------------------------------------------------------------- pipelining


def test_pipelined_in_order(rigs):
    """Many requests in one packet: as many responses, in their order."""
    app = App(*[[str(i).encode()] for i in range(200)])
    peer = rigs(app).dial()
    answers = peer.ask(b"".join(path(f"/{i}") for i in range(200)), count=200)
    assert [a.body for a in answers] == [str(i).encode() for i in range(200)]
    assert app.paths == [f"/{i}" for i in range(200)]


def test_pipelined_behind_a_slow_one(rigs):
    """Nothing is admitted while the response before it is not complete."""
    app = App([b"", b"", b"a", b"", b"b"], [b"c"])
    rig = rigs(app)
    peer = rig.dial()
    peer.sock.send(path("/1") + path("/2"))
    for _ in range(4):
        rig.server.service()
        assert app.paths == ["/1"]
    answers = peer.ask(count=2)
    assert [a.body for a in answers] == [b"ab", b"c"] and app.paths == ["/1", "/2"]


@pytest.mark.parametrize("limit", [0, 1, 2, 5])
def test_pipelined_with_bodies_and_mistakes(rigs, limit):
    """Requests of every kind before one that is refused: all those before it are answered, none behind it."""
    good = [
        path("/a"),
        post(b"Content-Length: 3", body=b"abc"),
        chunked(b"1\r\nx\r\n0\r\n\r\n"),
        path("/d"),
        path("/e"),
    ]
    app = App([b"ok"])
    rig = rigs(app)
    peer = rig.dial()
    peer.send(b"".join(good[:limit]) + b"GET /bad HTTP/1.1\r\nHost : a\r\n\r\n" + GET)
    rig.until(lambda: peer.gone)
    assert [a.status for a in peer.answers()] == [200] * limit + [400] and len(app.calls) == limit
    assert peer.ended


def test_thousand_requests_cannot_hold_a_turn(rigs):
    """One turn answers a bounded number of pipelined requests of all connections; others get their share."""
    calls = []

    def app(environ, start_response):
        calls.append(environ["PATH_INFO"])
        return hello(environ, start_response)

    rig = rigs(app)
    greedy, modest = rig.dial(), rig.dial()
    greedy.sock.send(GET * 500)
    modest.sock.send(path("/modest"))
    rig.server.service()
    assert 1 <= len(calls) < 100
    modest.pump()
    assert modest.answers()[0].whole
    assert len(greedy.ask(count=500)) == 500
