"""What one peer can cost: limits and their statuses, 100 Continue, backpressure, many connections."""

from __future__ import annotations

import gc
import sys
import weakref
from itertools import pairwise

import pytest

from hio.core.http.keeping import Keeper
from hio.core.http.limiting import Limits
from tests.core.http.apps import App, echo, hello, told
from tests.core.http.asking import CLOSING, GET
from tests.core.http.corpus import chunked, get, post
from tests.core.http.driving import IDLE, LIMITS, NEVER, Peer, endless


# ---------------------------------------------------------------- 100 Continue


EXPECTING = post(b"Expect: 100-continue", b"Content-Length: 3")


@pytest.mark.parametrize("size", [len(EXPECTING), 10, 1])
def test_continue(rigs, kind, size):
    """Asked for: 100 comes once, when the head is there, before the body; then the answer."""
    pieces = [EXPECTING[at : at + size] for at in range(0, len(EXPECTING), size)]
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
    rig.stall(peer)
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
    rig.expires(LIMITS.stallTymeout, lambda: rig.empty)
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


@pytest.mark.parametrize("mark", [1, 50, 4096])
@pytest.mark.parametrize("grain", [97, 700, 1 << 20])
def test_small_marks_slow_nobody_down_for_good(rigs, kind, mark, grain):
    """However little is read ahead and queued, requests of every size come through, in order."""
    rig = rigs(**{**kind, "limits": Limits(rxMark=mark, txMark=mark)})
    peer = rig.dial()
    raws = [
        get(),
        get(b"X: " + b"x" * 9000),
        post(b"Content-Length: 20000", body=b"y" * 20_000),
        chunked(b"400\r\n%b\r\n" % bytes(1024) * 20 + b"0\r\n\r\n"),
        get(),
    ]
    raw = b"".join(raws) * 2
    for at in range(0, len(raw), grain):
        peer.unsent += raw[at : at + grain]
        rig.turn()
    answers = peer.ask(count=len(raws) * 2)
    assert [answer.status for answer in answers] == [200] * len(raws) * 2


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


def test_idle_before_the_connection_is_ended(rigs):
    """Programs wait for a response and for idle(), and then look at the connection: so both come in one turn."""
    rig = rigs(hello)
    peer = rig.dial()
    peer.sock.send(CLOSING)
    rig.server.service()
    peer.pump()
    assert peer.answers()[0].whole and rig.server.idle()
    assert rig.knows(peer) and not peer.gone and rig.server.reps[peer.ca].ended
    rig.until(lambda: rig.empty)


def test_a_last_answer_that_is_not_all_sent_is_not_idle(rigs):
    rig = rigs(App([b"x" * 100_000]))
    peer = rig.choke()
    peer.send(CLOSING)
    rig.turn(5)
    assert not rig.server.idle()
    peer.reading = True
    rig.until(lambda: rig.empty)
    assert rig.server.idle()


def test_nothing_is_kept_of_connections_that_are_over(rigs, kind):
    """After many short connections no object of them is left."""
    rig = rigs(**kind)

    def census():
        gc.collect()
        kinds = ("Requestant", "Responder", "Remoter", "Steward")
        return sum(type(thing).__name__ in kinds for thing in gc.get_objects())

    before = census()
    for count in range(60):
        peer = rig.dial()
        peer.ask(GET if count % 2 else CLOSING)
        (peer.reset if count % 3 else peer.close)()
        rig.peers.remove(peer)
    rig.until(lambda: rig.empty)
    rig.wait(NEVER)
    assert census() == before


LARGE = {
    "length": post(b"Content-Length: 900000") + b"x" * 900_000,
    "chunks": chunked(b"dbba0\r\n" + b"x" * 0xDBBA0 + b"\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("framing", LARGE)
@pytest.mark.parametrize("pieces", [1, 3])
def test_an_idle_connection_holds_no_bytes(rigs, framing, pieces):
    """What came and what went is given back once it is of no use, not when the next request comes."""
    rig = rigs(App([b"y" * 3_000_000]), tymeout=IDLE)
    peer = rig.dial()
    raw = LARGE[framing]
    size = len(raw) // pieces + 1
    [answer] = peer.ask(*(raw[at : at + size] for at in range(0, len(raw), size)))
    assert answer.status == 200 and rig.server.idle()
    held = [*vars(rig.server.reqs[peer.ca]).values(), *vars(rig.ix(peer)).values()]
    assert max(map(sys.getsizeof, held)) < 10_000


def raising(environ, start_response):
    raise ValueError("on purpose")


def breaking(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"x"
    raise ValueError("on purpose")


OVER = {
    "the client closes": (hello, GET, Peer.close),
    "the client resets": (hello, GET, Peer.reset),
    "the server closes": (hello, CLOSING, Peer.pump),
    "in the middle of a body": (echo, post(b"Content-Length: 100") + b"half", Peer.close),
    "in the middle of an answer": (lambda *_: endless(), GET, Peer.reset),
    "a bad request": (hello, b"no request\r\n\r\n", Peer.close),
    "the application raises": (raising, GET, Peer.close),
    "the application raises midway": (breaking, GET, Peer.close),
}


@pytest.mark.parametrize("name", OVER)
def test_nothing_of_a_connection_waits_for_a_collection(rigs, name):
    """No cycle keeps what there was of a connection that is over until garbage is collected."""
    app, raw, end = OVER[name]
    rig = rigs(app, limits=LIMITS, tymeout=IDLE)
    peer = rig.dial()
    kept = [weakref.ref(rig.server.reqs[peer.ca]), weakref.ref(rig.ix(peer))]
    gc.collect()
    gc.disable()
    try:
        peer.send(raw)
        kept += [weakref.ref(rep) for rep in rig.server.reps.values()]
        end(peer)
        rig.peers.remove(peer)
        for _ in range(2):  # its end has a deadline too
            rig.wait(NEVER)
        assert rig.empty
        assert [ref() for ref in kept if ref() is not None] == []
    finally:
        gc.enable()


def test_keeper_is_a_base():
    """It knows no answer of its own."""
    keeper = Keeper(port=0)
    with pytest.raises(NotImplementedError):
        keeper.serviceAnswers()
    with pytest.raises(NotImplementedError):
        keeper.admit(None)


def test_tiny_chunks_do_not_hold_the_turn(rigs):
    """Each costs as much as a large one, so whoever sends them is given fewer bytes a turn; nothing is lost."""
    size = 60_000
    rig = rigs(echo)
    peer = rig.dial()
    peer.unsent += chunked(b"1\r\nx\r\n" * size + b"0\r\n\r\n")
    taken = [0]
    while not peer.rx:
        rig.turn()
        reader = rig.server.reqs[peer.ca].reader
        if reader is not None:
            taken.append(reader.size)
    first, *steps = [after - before for before, after in pairwise(taken)]
    assert first < 13_000 and max(steps) < 1_400 and len(steps) > 30
    (answer,) = peer.ask()
    assert told(answer)["body"] == "x" * size
