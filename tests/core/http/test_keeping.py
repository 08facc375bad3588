"""How connections end: in good order, cut short, by a reset, by this side, by an application that fails."""

from __future__ import annotations

import pytest

from tests.core.http.apps import App
from tests.core.http.asking import BODIES, CLOSING, GET
from tests.core.http.corpus import chunked, get, post
from tests.core.http.driving import LIMITS


SLOW = {"items": [b"y" * 400_000], "headers": [("Content-Length", "400000")]}

# ---------------------------------------------------------------- half-close


def test_half_close_behind_a_request(rigs, kind):
    """The end of the peer's stream, seen with its request, does not cost it the response."""
    rig = rigs(**kind)
    for raw in (GET, get(version=b"HTTP/1.0"), CLOSING, post(b"Content-Length: 3", body=b"abc"), chunked(b"0\r\n\r\n")):
        peer = rig.dial()
        peer.unsent += raw
        peer.finish()
        rig.until(lambda peer=peer: peer.ended)
        (answer,) = peer.answers()
        assert answer.status == 200 and answer.whole
        rig.until(lambda: rig.empty)


def test_half_close_behind_pipelined_requests(rigs, kind):
    """All that were complete before the end are answered, in order."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.unsent += GET * 40
    peer.finish()
    rig.until(lambda: peer.ended)
    answers = peer.answers()
    assert [a.status for a in answers] == [200] * 40 and all(a.whole for a in answers)
    rig.until(lambda: rig.empty)


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize(
    "rest", [b"G", b"GET / HTTP/1.1\r\nHost: a\r\n", post(b"Content-Length: 5", body=b"abc"), chunked(b"3\r\nabc\r\n")]
)
def test_half_close_amid_a_request(rigs, kind, rest, count):
    """A request that is cut short is never admitted; those before it are answered."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.unsent += GET * count + rest
    peer.finish()
    rig.until(lambda: peer.gone)
    assert peer.ended
    statuses = [a.status for a in peer.answers()]
    assert statuses == [200] * count + [400]
    rig.until(lambda: rig.empty)


def test_half_close_alone(rigs, kind):
    """No byte, or only empty lines, and the end: no request, no answer."""
    rig = rigs(**kind)
    for raw in (b"", b"\r\n", b"\r\n\r\n"):
        peer = rig.dial()
        peer.unsent += raw
        peer.finish()
        rig.until(lambda peer=peer: peer.ended)
        assert peer.rx == b""
        rig.until(lambda: rig.empty)


def test_half_close_after_an_answer(rigs, kind):
    rig = rigs(**kind)
    peer = rig.dial()
    peer.ask(GET)
    peer.finish()
    rig.until(lambda: rig.empty and peer.ended)
    assert len(peer.answers()) == 1


def test_half_close_during_a_slow_answer(rigs):
    """It is given whole, and then the connection ends."""
    app = App([b"", b"a", b"", b"b", b"", b""])
    rig = rigs(app)
    peer = rig.dial()
    peer.send(GET)
    peer.finish()
    rig.until(lambda: peer.ended)
    assert peer.answers()[0].body == b"ab" and peer.answers()[0].whole and app.iterables[0].closed == 1
    rig.until(lambda: rig.empty)


def test_half_close_and_a_large_answer(rigs):
    """Queued output is drained before the close."""
    rig = rigs(App(SLOW))
    peer = rig.dial()
    peer.unsent += GET
    peer.finish()
    rig.until(lambda: peer.ended)
    assert len(peer.answers()[0].body) == 400_000


# ---------------------------------------------------------------- resets, and others who close


MOMENTS = {
    "before accept": lambda rig: rig.dial(taken=False),
    "before a byte": lambda rig: rig.dial(),
    "amid a head": lambda rig: rig.dial().send(b"GET / HT"),
    "amid a body": lambda rig: rig.dial().send(BODIES["length"]),
    "amid a chunked body": lambda rig: rig.dial().send(BODIES["chunked"]),
    "with a request unread": lambda rig: unread(rig.dial(), GET),
    "with a bad request unread": lambda rig: unread(rig.dial(), b"\x00"),
    "after an answer": lambda rig: rig.dial().send(GET),
    "amid pipelined requests": lambda rig: unread(rig.dial().send(GET * 100), GET * 100),
    "after a last answer": lambda rig: rig.dial().send(CLOSING),
    "lingering": lambda rig: rig.dial().send(b"\x00"),
    "lingering with more": lambda rig: rig.dial().send(b"\x00", b"more"),
}


def unread(peer, raw):
    """Send raw without a turn of the server."""
    peer.unsent += raw
    peer.pump()
    return peer


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("how", ["reset", "close"])
def test_peer_goes(rigs, kind, moment, how):
    """A peer that resets or closes, at any moment, ends its own connection and nothing else."""
    rig = rigs(**kind)
    other = rig.dial()
    peer = MOMENTS[moment](rig)
    getattr(peer, how)()
    rig.turn(5)
    assert other.ask(GET)[0].status == 200
    rig.until(lambda: len(rig.server.reqs) == len(rig.server.servant.ixes) == 1)
    assert rig.knows(other)
    rig.server.close()
    assert rig.empty


ANSWERING = {
    "waiting": [b""] * 1000,
    "amid a stream": [b"x" * 100, *[b""] * 1000],
    "streaming": [b"x" * 100] * 100_000,
    "blocked": [b"x" * 100_000] * 1000,
    "at its last byte": {"items": [b"x" * 600_000], "headers": [("Content-Length", "600000")]},
}


@pytest.mark.parametrize("name", ANSWERING)
@pytest.mark.parametrize("pipelined", [b"", GET])
def test_peer_resets_amid_an_answer(rigs, name, pipelined, logged):
    """The iterable is closed once, no other request is admitted, and nothing is kept."""
    app = App(ANSWERING[name])
    rig = rigs(app, limits=LIMITS)
    peer = rig.choke()
    peer.send(GET + pipelined)
    rig.turn(4)
    peer.reset()
    rig.until(lambda: rig.empty)
    assert [iterable.closed for iterable in app.iterables] == [1] and logged.causes == []


def test_application_can_learn_that_its_client_is_gone(rigs):
    """environ["hio.remoter"].broken says so, to whoever keeps it."""
    kept = []

    def app(environ, start_response):
        kept.append(environ["hio.remoter"])
        start_response("200 OK", [])
        while True:
            yield b""

    rig = rigs(app)
    peer = rig.dial()
    peer.send(GET)
    assert not kept[0].broken
    peer.reset()
    rig.until(lambda: rig.empty)
    assert kept[0].broken and kept[0].cs is None


@pytest.mark.parametrize("way", ["closeConnection", "removeIx", "closeIx", "close", "closeAllIx"])
@pytest.mark.parametrize("moment", ["idle", "head", "answer"])
def test_closed_from_this_side(rigs, way, moment):
    """Whoever closes a connection, and by whatever way, nothing of it is kept and its application is told."""
    app = App([b"", b"x"] * 1000)
    rig = rigs(app)
    peer = rig.dial()
    if moment != "idle":
        peer.send(b"GET / H" if moment == "head" else GET)
    server, ca, ix = rig.server, peer.ca, rig.ix(peer)
    if way == "closeConnection":
        server.closeConnection(ca)
        server.closeConnection(ca)
    elif way == "close":
        ix.close()
    elif way == "closeAllIx":
        server.servant.closeAllIx()
    else:
        getattr(server.servant, way)(ca)
    rig.turn(3)
    assert rig.empty and peer.gone
    assert [iterable.closed for iterable in app.iterables] == [1] * (moment == "answer")
    assert rig.dial().send(GET) and len(server.reqs) == 1
    server.close()


def test_servant_fails_to_read(rigs, monkeypatch):
    """An error of the connection that nobody foresaw ends it alone."""
    app = App([b"ok"])
    rig = rigs(app)
    peer, other = rig.dial(), rig.dial()
    ix = rig.ix(peer)
    monkeypatch.setattr(ix, "receive", lambda: (_ for _ in ()).throw(OSError(5, "unforeseen")))
    peer.send(GET)
    rig.until(lambda: not rig.knows(peer))
    assert other.ask(GET)[0].body == b"ok"
    rig.server.close()


def test_application_closes_its_own_server(rigs):
    """An application that ends the server under itself does not make it fall."""
    rig = rigs(lambda environ, start_response: (rig.server.close(), start_response("200 OK", []), [b"x"])[-1])
    peer = rig.dial()
    peer.send(GET)
    rig.turn(3)
    assert rig.empty and peer.gone


# ---------------------------------------------------------------- applications that fail


def ending(rig, peer):
    """Return the one answer, once the connection has ended."""
    rig.until(lambda: peer.gone)
    (answer,) = peer.answers()
    return answer


FAILURES = {
    "raises": [b"abc", ValueError("boom")],
    "raises later": [b"a", b"", b"bc", ValueError("boom")],
    "too few": {"items": [b"abc"], "headers": [("Content-Length", "5")]},
    "no bytes": [b"abc", "def"],
    "after write": {"items": [ValueError("boom")], "write": [b"abc"]},
    "exits": [b"abc", SystemExit(3)],
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_broken_off_response(rigs, name, version, logged):
    """After the head: cut without an end mark, so that no client takes it for whole; nothing behind it is admitted."""
    app = App(FAILURES[name], [b"never"])
    rig = rigs(app)
    other, peer = rig.dial(), rig.dial()
    raw = get(b"Connection: keep-alive", version=f"HTTP/{version}".encode())
    peer.send(raw + raw)
    answer = ending(rig, peer)
    assert answer.body == b"abc" or peer.broken
    if answer["Content-Length"] is None and not answer.chunked:
        assert peer.broken  # a body that the end ends: only a reset tells
    else:
        assert not answer.whole
    assert app.iterables[0].closed == 1 and len(app.calls) == 1 and len(logged.causes) == 1
    app.scripts = [[b"fine"]]
    assert other.ask(GET)[0].body == b"fine"


def test_broken_off_response_behind_others(rigs, logged):
    """A body that only the end ends is broken off by a reset, once its peer has had tyme for the answers before it."""
    app = App([b"fine"], [b"abc", ValueError("boom")])
    rig = rigs(app, limits=LIMITS)
    peer = rig.dial()
    peer.send(GET, get(version=b"HTTP/1.0"))
    rig.turn(5)
    assert not peer.gone
    rig.wait(LIMITS.lingerTymeout)
    rig.until(lambda: peer.gone)
    assert peer.broken and not peer.ended and rig.empty
    first, second = peer.answers()
    assert first.body == b"fine" and first.whole and second.body == b"abc"


@pytest.mark.parametrize("lines", [b"", b"\r\n", b"\r\n\r\n"])
def test_empty_lines_and_the_end_are_no_request(rigs, kind, lines):
    """Nothing is refused, as there was nothing; also when it came while the request before it was answered."""
    rig = rigs(**kind)
    peer = rig.dial().send(lines)
    peer.finish()
    rig.until(lambda: peer.gone)
    assert peer.ended and not peer.rx
    app = App([b"", b"", b"", b"abc"])
    rig = rigs(app)
    peer = rig.dial().send(GET + lines)
    peer.finish()
    rig.until(lambda: peer.gone)
    (answer,) = peer.answers()
    assert answer.body == b"abc" and peer.ended and len(app.calls) == 1


@pytest.mark.parametrize("cause", [ValueError("boom"), SystemExit(3), GeneratorExit(), MemoryError()])
def test_failure_before_the_head(rigs, cause, logged):
    """500, and the connection goes on with the next request."""
    app = App([cause], [b"", cause], [b"fine"])
    peer = rigs(app).dial()
    answers = peer.ask(GET * 3, count=3)
    assert [a.status for a in answers] == [500, 500, 200] and [i.closed for i in app.iterables] == [1, 1, 1]
    assert logged.causes == [cause, cause] and not peer.gone


def test_keyboard_interrupt_leaves_the_server_closable(rigs):
    app = App([KeyboardInterrupt()])
    rig = rigs(app)
    peer = rig.dial()
    peer.sock.send(GET)
    with pytest.raises(KeyboardInterrupt):
        rig.turn(3)
    rig.server.close()
    assert app.iterables[0].closed == 1 and rig.empty


@pytest.mark.parametrize("items", [[b"abc", b"defg"], [b"abcde", b"", b"fg"]])
def test_too_many_bytes(rigs, items, logged):
    """Cut to the length, and logged; nothing that follows is mistaken for anything, since the connection ends."""
    app = App({"items": items, "headers": [("Content-Length", "5")]})
    rig = rigs(app)
    peer = rig.dial()
    peer.send(GET * 2)
    answer = ending(rig, peer)
    assert [record.levelname for record in logged.records if "Content-Length of 5" in record.getMessage()] == ["ERROR"]
    assert answer.body == b"abcde" and peer.ended and len(app.calls) == 1 and app.iterables[0].closed == 1


def test_server_close_makes_up_no_end(rigs):
    """A response under way is broken off by close(), its iterable closed."""
    app = App([b"abc"] * 10 + [b""] * 1000)
    rig = rigs(app)
    peer = rig.dial()
    peer.send(GET)
    rig.turn(20)
    rig.server.close()
    rig.server.close()
    peer.pump()
    assert peer.gone and not peer.answers()[0].whole and app.iterables[0].closed == 1
