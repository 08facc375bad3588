"""Every tymeout of a connection, one tick before it and at it."""

from __future__ import annotations


import pytest

from hio.base import doing
from hio.core.http.limiting import Limits
from hio.core.http.serving import Server
from tests.core.http.apps import App, hello
from tests.core.http.asking import BODIES, CLOSING, GET
from tests.core.http.corpus import post
from tests.core.http.driving import IDLE, LIMITS, NEVER, TOCK, endless


def test_idle_from_the_start(rigs, kind):
    """A connection on which nothing ever comes is closed in silence."""
    rig = rigs(**kind)
    peer = rig.dial()
    rig.expires(IDLE, lambda: rig.empty)
    peer.pump()
    assert peer.ended and peer.rx == b""


def test_idle_between_requests(rigs, kind):
    """The idle tymeout counts from the last response, not from the start; it does not add up."""
    rig = rigs(**kind)
    peer = rig.dial()
    for count in range(1, 6):
        rig.wait(IDLE - TOCK)
        assert len(peer.ask(GET, count=count)) == count
    rig.expires(IDLE, lambda: rig.empty)
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
    rig.expires(LIMITS.headTymeout / 2, lambda: len(peer.answers()) > before)
    answer = peer.answers()[-1]
    assert answer.status == 408 and answer.closing
    rig.until(lambda: peer.ended)


def test_empty_lines_are_no_beginning(rigs, kind):
    """What is skipped before a request does not make the connection less idle."""
    rig = rigs(**kind)
    peer = rig.dial()
    rig.wait(IDLE - 1.0)
    peer.send(b"\r\n", b"\r\n")
    rig.expires(1.0, lambda: rig.empty)
    assert peer.rx == b""


@pytest.mark.parametrize("name", BODIES)
def test_body_without_progress(rigs, kind, name):
    """A body that stops coming: 408. The tymeout counts from its last byte."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.send(BODIES[name])
    rig.wait(LIMITS.bodyTymeout - TOCK)
    peer.send(b"x" * 2000 if name == "length" else b"7d0\r\n" + b"x" * 2000 + b"\r\n")
    rig.expires(LIMITS.bodyTymeout, lambda: peer.rx)
    assert peer.answers()[0].status == 408 and peer.answers()[0].closing


def test_body_too_slow(rigs, kind):
    """A body that drips below the minimum rate: 408 once a span has passed, though it never stops."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.send(BODIES["length"])
    begin = rig.tymist.tyme
    while not peer.rx and rig.tymist.tyme < NEVER:
        rig.wait(1.0)
        peer.send(b"x" * (LIMITS.bodyRate - 20))
    assert rig.tymist.tyme - begin == LIMITS.bodyTymeout and peer.answers()[0].status == 408


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


def test_body_that_was_fast_has_no_credit(rigs, kind):
    """Each span is judged by itself: who began at full speed may not drip ever after."""
    rig = rigs(**kind)
    peer = rig.dial()
    peer.send(post(b"Content-Length: 90000"), b"x" * 50_000)
    begin = rig.tymist.tyme
    while not peer.rx and rig.tymist.tyme < NEVER:
        rig.wait(1.0)
        peer.send(b"x")
    assert rig.tymist.tyme - begin == 2 * LIMITS.bodyTymeout and peer.answers()[0].status == 408


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
    rig.expires(IDLE, lambda: rig.empty)


def test_stalled_reader(rigs):
    """A peer that takes nothing is cut when its tymeout has passed: the iterable is closed once."""
    app = App(endless())
    rig = rigs(app, limits=LIMITS, tymeout=IDLE)
    peer = rig.choke()
    peer.send(GET)
    rig.stall(peer)
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
    rig.stall(peer)
    for _ in range(6):
        taken = app.iterables[0].taken
        rig.wait(LIMITS.stallTymeout - TOCK)
        rig.take(peer)
        assert rig.knows(peer) and app.iterables[0].taken > taken
        rig.stall(peer)
    rig.expires(LIMITS.stallTymeout, lambda: rig.empty)


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
        rig.take(peer)
    rig.expires(LIMITS.stallTymeout, lambda: rig.empty)


def test_whole_response_taken_slowly_is_complete(rigs):
    """And when all is taken the connection is idle from then on."""
    rig = rigs(App(SLOW), limits=LIMITS, tymeout=IDLE)
    peer = rig.choke()
    peer.send(GET)
    rig.turn(10)
    while not peer.answers() or not peer.answers()[0].whole:
        rig.wait(IDLE / 2)
        rig.take(peer)
    assert len(peer.answers()[0].body) == 400_000
    assert not rig.empty
    rig.wait(IDLE)  # from now at the latest: the network took the last of it at some moment before
    assert rig.empty


def test_linger(rigs, kind):
    """After an error answer the end of sending comes at once, and a bounded wait for the peer's end."""
    rig = rigs(**kind)
    peer = rig.dial()
    (answer,) = peer.ask(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
    assert answer.status == 400
    rig.until(lambda: peer.ended)
    rig.expires(LIMITS.lingerTymeout, lambda: rig.empty)


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


@pytest.mark.parametrize("given,tymeout", [
    ({}, Server.Tymeout), ({"limits": Limits(idleTymeout=7.0)}, 7.0),
    ({"tymeout": 3.0}, 3.0), ({"tymeout": 3.0, "limits": Limits(idleTymeout=7.0)}, 3.0),
])  # fmt: skip
def test_idle_tymeout_comes_from_the_parameter_or_the_limits(given, tymeout):
    assert Server(port=0, **given).tymeout == tymeout
