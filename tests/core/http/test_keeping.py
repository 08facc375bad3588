"""The life of a connection: tymeouts at the tick, ends in good and in bad order, limits, and what a peer cannot do."""

from __future__ import annotations

import gc

import pytest

from hio.core.http.keeping import Keeper
from hio.core.http.limiting import Limits
from hio.core.http.serving import BareServer, Server
from tests.core.http.apps import App, hello
from tests.core.http.corpus import chunked, get, post
from tests.core.http.driving import TOCK

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
CLOSING = get(b"Connection: close")
NEVER = 1e6  # seconds: more than any tymeout here

#: every tymeout another one, so that none can pass for another
LIMITS = Limits(headTymeout=3.0, bodyTymeout=7.0, bodyRate=100, stallTymeout=11.0, lingerTymeout=2.0, lingerBytes=1000,
                txMark=10_000, rxMark=5_000)  # fmt: skip
IDLE = 5.0

KINDS = {"wsgi": {"app": hello}, "bare": {"kind": BareServer}}


@pytest.fixture(params=KINDS)
def kind(request):
    """Parameters of a rig, for either kind of server."""
    return {"limits": LIMITS, "tymeout": IDLE, **KINDS[request.param]}


def endless(size=10_000):
    """A body that does not end."""
    while True:
        yield b"x" * size


def take(rig, peer):
    """Have a peer that does not read take what is there, so that the server can send more."""
    peer.reading = True
    rig.turn(2)
    peer.reading = False
    rig.turn(2)


def stall(rig, peer):
    """Let turns pass until nothing more can be sent to a peer that does not read."""
    last = -1
    for _ in range(400):
        taken = sum(iterable.taken for iterable in rig.server.app.iterables)
        if taken == last and rig.ix(peer).txbs:
            return
        last = taken
        rig.turn(3)
    raise AssertionError("it never stalls")


# ---------------------------------------------------------------- tymeouts


def expires(rig, seconds, over):
    """Fail unless over() becomes true seconds from now, and not one tick earlier."""
    rig.wait(seconds - TOCK)
    assert not over(), "too early"
    rig.wait(TOCK)
    assert over(), "too late"


def test_idle_from_the_start(rigs, kind):
    """A connection on which nothing ever comes is closed in silence."""
    rig = rigs(**kind)
    peer = rig.dial()
    expires(rig, IDLE, lambda: rig.empty)
    peer.pump()
    assert peer.ended and peer.rx == b""


def test_idle_between_requests(rigs, kind):
    """The idle tymeout counts from the last response, not from the start; it does not add up."""
    rig = rigs(**kind)
    peer = rig.dial()
    for count in range(1, 6):
        rig.wait(IDLE - TOCK)
        assert len(peer.ask(GET, count=count)) == count
    expires(rig, IDLE, lambda: rig.empty)
    assert peer.ended and len(peer.answers()) == 5


@pytest.mark.parametrize("raw", [b"G", b"GET / HTTP/1.1\r\nHost: a\r\n", b"\r", GET + b"GET /"])
def test_head(rigs, kind, raw):
    """A head has its tymeout from first byte to last, however it drips: 408, and the end."""
    rig = rigs(**kind)
    peer = rig.dial()
    rig.wait(IDLE - 1.0)
    peer.send(raw)
    rig.wait(LIMITS.headTymeout / 2)
    peer.send(b"e" if raw != b"\r" else b"")
    before = len(peer.answers())
    expires(rig, LIMITS.headTymeout / 2, lambda: len(peer.answers()) > before)
    answer = peer.answers()[-1]
    assert answer.status == 408 and answer.closing
    rig.until(lambda: peer.ended)


def test_empty_lines_are_no_beginning(rigs, kind):
    """What is skipped before a request does not make the connection less idle."""
    rig = rigs(**kind)
    peer = rig.dial()
    rig.wait(IDLE - 1.0)
    peer.send(b"\r\n", b"\r\n")
    expires(rig, 1.0, lambda: rig.empty)
    assert peer.rx == b""


BODIES = {"length": post(b"Content-Length: 100000", body=b"x"), "chunked": chunked(b"1\r\nx\r\n")}


@pytest.mark.parametrize("name", BODIES)
def test_body_without_progress(rigs, kind, name):
    """A body that stops coming: 408. The tymeout counts from its last byte."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.send(BODIES[name])
    rig.wait(LIMITS.bodyTymeout - TOCK)
    peer.send(b"x" * 2000 if name == "length" else b"7d0\r\n" + b"x" * 2000 + b"\r\n")
    expires(rig, LIMITS.bodyTymeout, lambda: peer.rx)
    assert peer.answers()[0].status == 408 and peer.answers()[0].closing


def test_body_too_slow(rigs, kind):
    """A body that drips below the minimum rate: 408 once a span has passed, though it never stops."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.send(BODIES["length"])
    for second in range(1, 20):
        rig.wait(1.0)
        peer.send(b"x" * (LIMITS.bodyRate - 20))
        if peer.rx:
            break
    assert second == LIMITS.bodyTymeout and peer.answers()[0].status == 408


def test_body_fast_enough(rigs, kind):
    """A body at the minimum rate goes on for ever, and then is answered."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.send(post(b"Content-Length: 6001"))
    for _ in range(60):
        rig.wait(1.0)
        peer.send(b"x" * LIMITS.bodyRate)
        assert not peer.rx
    assert peer.ask(b"x")[0].status == 200


def test_waiting_application_is_not_idle(rigs):
    """A response that waits for its application waits for ever; afterwards the connection is idle as any."""
    app = App([b""] * 100 + [b"late"])
    rig = rigs(app, limits=LIMITS, tymeout=IDLE)
    peer = rig.dial()
    peer.send(GET)
    for _ in range(20):
        rig.wait(100.0)
    answers = peer.ask()
    assert answers[0].body == b"late"
    expires(rig, IDLE, lambda: rig.empty)


def test_stalled_reader(rigs):
    """A peer that takes nothing is cut when its tymeout has passed: the iterable is closed once, the rest is dropped."""
    app = App(endless())
    rig = rigs(app, limits=LIMITS, tymeout=IDLE)
    peer = rig.choke()
    peer.send(GET)
    stall(rig, peer)
    rig.wait(LIMITS.stallTymeout - TOCK)
    assert rig.knows(peer) and app.iterables[0].closed == 0
    rig.wait(TOCK)
    assert rig.empty and app.iterables[0].closed == 1
    peer.reading = True
    rig.turn(5)
    assert peer.gone and not peer.answers()[0].whole


def test_slow_reader_that_takes_some_is_not_stalled(rigs):
    """Each byte taken counts from anew, and lets the application go on."""
    app = App(endless())
    rig = rigs(app, limits=LIMITS, tymeout=IDLE)
    peer = rig.choke()
    peer.send(GET)
    stall(rig, peer)
    for _ in range(6):
        taken = app.iterables[0].taken
        rig.wait(LIMITS.stallTymeout - TOCK)
        take(rig, peer)
        assert rig.knows(peer) and app.iterables[0].taken > taken
        stall(rig, peer)
    expires(rig, LIMITS.stallTymeout, lambda: rig.empty)


SLOW = {"items": [b"y" * 400_000], "headers": [("Content-Length", "400000")]}


@pytest.mark.parametrize("raw", [GET, CLOSING], ids=["persistent", "closing"])
def test_whole_response_to_a_stalled_reader(rigs, raw):
    """A response that is whole, but not taken yet, is measured as a stall, not as idle; what is taken is all of it."""
    rig = rigs(App(SLOW), limits=LIMITS, tymeout=IDLE)
    peer = rig.choke()
    peer.send(raw)
    rig.turn(10)
    for _ in range(3):
        rig.wait(LIMITS.stallTymeout - TOCK)
        assert rig.knows(peer), "idle is no measure for a peer that has a response to take"
        assert not rig.server.idle()
        take(rig, peer)
    expires(rig, LIMITS.stallTymeout, lambda: rig.empty)


def test_whole_response_taken_slowly_is_complete(rigs):
    """And when all is taken the connection is idle from then on."""
    rig = rigs(App(SLOW), limits=LIMITS, tymeout=IDLE)
    peer = rig.choke()
    peer.send(GET)
    rig.turn(10)
    while not peer.answers() or not peer.answers()[0].whole:
        rig.wait(IDLE)
        take(rig, peer)
    assert len(peer.answers()[0].body) == 400_000
    expires(rig, IDLE, lambda: rig.empty)


def test_linger(rigs, kind):
    """After an error answer the end of sending comes at once, and a bounded wait for the peer's end."""
    rig = rigs(**kind)
    peer = rig.dial()
    (answer,) = peer.ask(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
    assert answer.status == 400
    rig.until(lambda: peer.ended)
    expires(rig, LIMITS.lingerTymeout, lambda: rig.empty)


def test_linger_ends_with_the_peer(rigs, kind):
    rig = rigs(**kind)
    peer = rig.dial()
    peer.ask(b"\x00")
    rig.until(lambda: peer.ended)
    peer.close()
    rig.until(lambda: rig.empty)


def test_linger_is_bounded_in_bytes(rigs, kind):
    """What the peer still sends is dropped, so that it can read the answer; more than so much is not waited for."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.ask(b"\x00")
    rig.until(lambda: peer.ended)
    peer.send(b"x" * (LIMITS.lingerBytes - 1))  # the bad byte counts as well
    assert rig.knows(peer) and not rig.ix(peer).rxbs
    peer.send(b"x")
    rig.until(lambda: rig.empty)
    assert peer.answers()[0].status == 400


def test_every_tymeout_can_be_for_ever(rigs):
    """0.0 waits for ever."""
    limits = Limits(headTymeout=0.0, bodyTymeout=0.0, stallTymeout=0.0, lingerTymeout=0.0, txMark=1000)
    app = App([b"ok"])
    rig = rigs(app, limits=limits, tymeout=0.0)
    idle, head, body, lingering = (rig.dial() for _ in range(4))
    head.send(b"GET ")
    body.send(BODIES["length"])
    lingering.send(b"\x00")
    stalled = rig.choke()
    app.scripts = [endless(100_000)]
    stalled.send(GET)
    rig.turn(50)
    for _ in range(3):
        rig.wait(NEVER)
    assert len(rig.server.reqs) == 5 and rig.knows(idle)


def test_unwound(rigs, kind):
    """Without tyme everything works but the tymeouts; tyme may come later, amid anything."""
    rig = rigs(wound=False, **kind)
    peer, head, body, bad = (rig.dial() for _ in range(4))
    head.send(b"GET ")
    body.send(BODIES["length"])
    bad.send(b"\x00")
    assert peer.ask(GET)[0].status == 200
    rig.wait(NEVER)
    assert len(rig.server.reqs) == 4
    rig.server.wind(rig.tymist.tymen())
    rig.wait(LIMITS.headTymeout - TOCK)
    assert peer.ask(GET, count=2)[1].status == 200
    assert head.ask(b"/ HTTP/1.1\r\nHost: a\r\n\r\n")[0].status == 200
    body.send(b"x" * 100)
    rig.wait(NEVER)
    rig.wait(NEVER)
    assert rig.empty


def test_rest_tells_the_next_deadline(rigs):
    """The Watch that a doer rests on is due when the next tymeout is; a busy server asks to be resumed at once."""
    from hio.base import doing

    with_ = Server(app=hello, ha=("127.0.0.1", 0), limits=LIMITS, tymeout=IDLE)
    doist = doing.Doist(tock=TOCK, real=False)
    with_.wind(doist.tymen())
    assert with_.reopen()
    try:
        with_.service()
        watch = with_.rest()
        assert watch.until is None and watch.poller is doist.poller
        assert with_.rest(1.0) == 1.0
    finally:
        with_.close()


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


def test_too_many_bytes(rigs):
    """Cut to the length: what follows on the connection is not mistaken for anything, since it ends."""
    app = App({"items": [b"abc", b"defg"], "headers": [("Content-Length", "5")]})
    rig = rigs(app)
    peer = rig.dial()
    peer.send(GET * 2)
    answer = ending(rig, peer)
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


# ---------------------------------------------------------------- 100 Continue


EXPECTING = post(b"Expect: 100-continue", b"Content-Length: 3")


@pytest.mark.parametrize("pieces", [[EXPECTING], [EXPECTING[:10], EXPECTING[10:]], [EXPECTING[i : i + 1] for i in range(len(EXPECTING))]])
def test_continue(rigs, kind, pieces):
    """Asked for: 100 comes once, when the head is there, before the body; then the answer."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.send(*pieces)
    assert bytes(peer.rx) == b"HTTP/1.1 100 Continue\r\n\r\n"
    peer.send(b"a", b"b")
    assert bytes(peer.rx) == b"HTTP/1.1 100 Continue\r\n\r\n"
    answers = peer.ask(b"c")
    assert [a.status for a in answers] == [100, 200] and not peer.gone


def test_continue_chunked(rigs, kind):
    peer = rigs(**kind).dial()
    peer.send(chunked(b"", b"Expect: 100-continue"))
    assert bytes(peer.rx) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert [a.status for a in peer.ask(b"1\r\nx\r\n", b"0\r\n\r\n")] == [100, 200]


NO_CONTINUE = {
    "body is there": (EXPECTING + b"abc", [200]),
    "part of the body is there": (EXPECTING + b"a", []),
    "1.0": (post(b"Expect: 100-continue", b"Content-Length: 3", version=b"HTTP/1.0"), []),
    "no body": (get(b"Expect: 100-continue"), [200]),
    "length 0": (post(b"Expect: 100-continue", b"Content-Length: 0"), [200]),
    "other expectation": (post(b"Expect: 200-ok", b"Content-Length: 3"), [417]),
    "too large": (post(b"Expect: 100-continue", b"Content-Length: 2000"), [413]),
    "unknown coding": (post(b"Expect: 100-continue", b"Transfer-Encoding: gzip, chunked"), [501]),
    "not asked": (post(b"Content-Length: 3"), []),
}


@pytest.mark.parametrize("name", NO_CONTINUE)
def test_no_continue(rigs, kind, name):
    """No 100 when it would be of no use, or the request is refused: then the final answer comes at once."""
    raw, statuses = NO_CONTINUE[name]
    peer = rigs(**{**kind, "limits": Limits(body=1000)}).dial()
    peer.send(raw)
    peer.rig.turn(4)
    assert [a.status for a in peer.answers()] == statuses


def test_continue_comes_after_the_answers_before_it(rigs):
    """A pipelined request is asked to go on when its turn has come."""
    app = App([b"", b"", b"first"], [b"second"])
    rig = rigs(app)
    peer = rig.dial()
    peer.send(GET + EXPECTING)
    rig.until(lambda: b"100 Continue" in peer.rx)
    assert bytes(peer.rx).index(b"first") < bytes(peer.rx).index(b"100 Continue")
    assert [a.status for a in peer.ask(b"abc", count=2)] == [200, 100, 200]


# ---------------------------------------------------------------- limits


REFUSED = {
    "line": (Limits(line=20), b"GET /" + b"x" * 30, 414),
    "head": (Limits(head=100), b"GET / HTTP/1.1\r\nX: " + b"x" * 100, 431),
    "fields": (Limits(fields=3), get(b"A: b", b"C: d", b"E: f"), 431),
    "body": (Limits(body=10), post(b"Content-Length: 11"), 413),
    "chunked body": (Limits(body=10), chunked(b"6\r\nabcdef\r\n5\r\n"), 413),
    "body of many chunks": (Limits(body=10), chunked(b"1\r\nx\r\n" * 11), 413),
    "trailer": (Limits(trailer=10), chunked(b"0\r\nX: " + b"x" * 20 + b"\r\n\r\n"), 431),
    "chunk line": (Limits(chunk=10), chunked(b"1;" + b"x" * 20), 400),
    "blanks": (Limits(blanks=2), b"\r\n" * 3 + GET, 400),
    "digits": (Limits(digits=3), post(b"Content-Length: 0001"), 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_limits(rigs, kind, name):
    """Each limit has its status; the connection ends; the application is not called."""
    limits, raw, status = REFUSED[name]
    rig = rigs(**{**kind, "limits": limits})
    for pieces in ([raw + GET], [raw[i : i + 1] for i in range(len(raw))]):
        peer = rig.dial()
        peer.send(*pieces)
        rig.until(lambda peer=peer: peer.ended)
        (answer,) = peer.answers()
        assert answer.status == status and answer.closing and answer.whole


def test_refusal_can_be_read_by_a_peer_that_goes_on_sending(rigs, kind):
    """No reset kills the answer, as long as the peer sends less than is drained."""
    rig = rigs(**{**kind, "limits": Limits(body=1000)})
    peer = rig.dial()
    peer.send(post(b"Content-Length: 100000"))
    for _ in range(20):
        peer.send(b"x" * 5000)
    rig.until(lambda: peer.gone)
    assert peer.ended and peer.answers()[0].status == 413


def test_refusal_tells_nothing_that_came_from_the_wire(rigs, kind):
    """The answer to a bad request quotes none of it."""
    peer = rigs(**kind).dial()
    (answer,) = peer.ask(b"GET /<script> HTTP/1.1\r\nHost: a\r\nsecret\x01: x\r\n\r\n")
    assert b"script" not in peer.rx and b"secret" not in peer.rx and answer["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
def test_refusal_of_head_has_no_body(rigs, kind, method):
    peer = rigs(**kind).dial()
    peer.send(get(b"Expect: tea", method=method))
    peer.rig.until(lambda: peer.gone)
    (answer,) = peer.answers(method.decode())
    assert answer.status == 417 and bool(answer.body) == (method == b"GET") and int(answer["Content-Length"]) > 0


# ---------------------------------------------------------------- backpressure


def test_application_waits_for_the_reader(rigs):
    """Above the mark the iterable is not advanced; what is buffered stays bounded; it goes on when the peer reads."""
    app = App([b"x" * 10_000] * 60)
    rig = rigs(app, limits=LIMITS)
    peer, other = rig.choke(), rig.dial()
    peer.send(GET)
    most = 0
    for _ in range(300):
        rig.turn()
        most = max(most, len(rig.ix(peer).txbs))
    stall(rig, peer)
    taken = app.iterables[0].taken
    rig.turn(50)
    assert app.iterables[0].taken == taken < 60 and most < LIMITS.txMark + 20_000
    app.scripts = [[b"fine"]]
    assert other.ask(GET)[0].body == b"fine"
    peer.reading = True
    rig.until(lambda: peer.rx.endswith(b"0\r\n\r\n"), turns=5_000)
    assert len(peer.answers()[0].body) == 600_000 and app.iterables[0].closed == 1


def test_flood_of_pipelined_requests(rigs, kind):
    """Reading stops while there are requests enough to answer."""
    rig = rigs(**kind)
    peer = rig.dial()
    count = 5_000
    peer.unsent += GET * count
    most = 0
    for _ in range(5_000):
        rig.turn()
        if rig.knows(peer):
            most = max(most, len(rig.ix(peer).rxbs))
        if bytes(peer.rx[-3000:]).count(b"HTTP/1.1 ") and peer.rx.count(b"HTTP/1.1 200") == count:
            break
    assert peer.rx.count(b"HTTP/1.1 200") == count
    assert most < LIMITS.rxMark + (1 << 18) + 20_000, most


def test_pipelined_requests_without_reading(rigs):
    """A peer that asks and asks and does not read stops being served: nothing grows without bound."""
    app = App({"items": [b"x" * 5000], "headers": [("Content-Length", "5000")]})
    rig = rigs(app, limits=LIMITS, tymeout=IDLE)
    peer = rig.choke()
    peer.unsent += GET * 50_000
    mostRx = mostTx = 0
    for _ in range(600):
        rig.turn()
        mostTx = max(mostTx, len(rig.ix(peer).txbs))
        mostRx = max(mostRx, len(rig.ix(peer).rxbs))
    calls = len(app.calls)
    rig.turn(50)
    assert len(app.calls) == calls < 50_000 and mostTx < LIMITS.txMark + 100_000, mostTx
    assert mostRx < LIMITS.rxMark + (1 << 18) + 20_000
    peer.reading = True
    for _ in range(60):
        rig.turn()
    assert len(app.calls) > calls, "it goes on once the peer reads"
    peer.reading = False
    for _ in range(600):
        rig.turn()
    expires(rig, LIMITS.stallTymeout, lambda: rig.empty)
    assert all(iterable.closed == 1 for iterable in app.iterables)


def test_peer_that_sends_during_a_response(rigs):
    """Bytes behind a request that is being answered are left in the network above the mark, and read later."""
    app = App([b"", *[b""] * 400, b"a"], [b"b"])
    rig = rigs(app, limits=LIMITS)
    peer = rig.dial()
    peer.send(GET)
    peer.unsent += post(b"Content-Length: 20000000", body=b"y" * 20_000_000)
    rig.turn(100)
    assert len(rig.ix(peer).rxbs) < LIMITS.rxMark + (1 << 18) + 20_000 and peer.unsent
    answers = peer.ask(count=2)
    assert [a.body for a in answers] == [b"a", b"b"] and app.calls[1]["CONTENT_LENGTH"] == "20000000"


# ---------------------------------------------------------------- many connections


def test_connection_limit(rigs, kind):
    """As many as the limit are served, the others wait in the backlog and are served as soon as one leaves."""
    rig = rigs(**{**kind, "limits": Limits(connections=3)})
    first = [rig.dial() for _ in range(3)]
    late = [rig.dial(taken=False) for _ in range(4)]
    for peer in late:
        peer.send(GET)
    rig.turn(10)
    assert len(rig.server.servant.ixes) == len(rig.server.reqs) == 3 and not any(peer.rx for peer in late)
    assert first[0].ask(GET)[0].status == 200
    for done, peer in enumerate(late):
        leaver = first[done] if done < 3 else late[0]
        leaver.reset() if done % 2 else leaver.close()
        rig.until(lambda peer=peer: peer.rx)
        assert peer.answers()[0].status == 200 and len(rig.server.reqs) <= 3


def test_connection_limit_met_in_one_turn(rigs, kind):
    """Also when all of them knock at once."""
    rig = rigs(**{**kind, "limits": Limits(connections=2)})
    for _ in range(6):
        rig.dial(taken=False)
    rig.turn(5)
    assert len(rig.server.servant.ixes) == 2


def test_idle_connections_cost_nothing(rigs):
    """Nothing is called for a connection that is not ready."""
    rig = rigs(hello)
    peers = [rig.dial() for _ in range(50)]
    touched = []

    class Counted(type(rig.ix(peers[0]))):
        def serviceReceiveOnce(self):
            touched.append(self)
            return super().serviceReceiveOnce()

    for ix in rig.server.servant.ixes.values():
        ix.__class__ = Counted
    peers[7].ask(GET)
    assert {ix.ca for ix in touched} == {peers[7].ca}


def test_waiting_streams_do_not_slow_others(rigs):
    """A request beside many event streams that have nothing to say is answered in the turn that reads it."""

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/x":
            return hello(environ, start_response)
        return stream(start_response)

    def stream(start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        yield b"retry: 1000\n\n"
        while True:
            yield b""

    rig = rigs(app)
    streams = [rig.dial().send(get(target=b"/events")) for _ in range(100)]
    peer = rig.dial()
    peer.sock.send(GET)
    rig.server.service()
    peer.pump()
    assert peer.answers()[0].whole
    rig.wait(NEVER)
    assert all(s.answers()[0].body == b"retry: 1000\n\n" and not s.gone for s in streams)
    rig.server.close()


def test_idle(rigs):
    """Waiting for a next request is idle; receiving or answering one is not."""
    app = App([b"", b"", b"x"])
    rig = rigs(app)
    server = rig.server
    assert server.idle()
    peer = rig.dial()
    assert server.idle()
    peer.send(b"GET / HTTP/1.1\r\n")
    assert not server.idle()
    peer.send(b"Host: a\r\n\r\n")
    assert not server.idle()
    peer.ask()
    assert server.idle()
    rig.turn(5)
    assert server.idle()


def test_nothing_is_kept_of_connections_that_are_over(rigs, kind):
    """After many short connections no object of them is left."""
    rig = rigs(**kind)

    def census():
        gc.collect()
        return sum(type(thing).__name__ in ("Requestant", "Responder", "Remoter", "Steward") for thing in gc.get_objects())

    before = census()
    for count in range(60):
        peer = rig.dial()
        peer.ask(GET if count % 2 else CLOSING)
        (peer.reset if count % 3 else peer.close)()
        rig.peers.remove(peer)
    rig.until(lambda: rig.empty)
    rig.wait(NEVER)
    assert census() == before


def test_keeper_is_a_base():
    """It knows no answer of its own."""
    keeper = Keeper(port=0)
    with pytest.raises(NotImplementedError):
        keeper.serviceAnswers()
    with pytest.raises(NotImplementedError):
        keeper.admit(None)
