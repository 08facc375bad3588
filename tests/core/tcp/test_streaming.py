"""Stream: raw reads and writes, buffers, and the three facts about an end, on both sides of a connection."""

from __future__ import annotations

import errno
import os
import re
import socket

import pytest

from hio.core.tcp import netting, streaming
from hio.core.tcp.netting import GONE
from hio.core.tcp.remoting import Remoter
from hio.core.tcp.streaming import Stream
from hio.sim import SimNet
from tests.core.tcp.pairs import Pairs, fail

NETS = {"os": lambda: netting.osNet, "sim": SimNet}


@pytest.fixture(params=NETS)
def net(request):
    """The networks: what holds on one holds on the other."""
    return NETS[request.param]()


@pytest.fixture
def pairs(net, made):
    def make(**kwa):
        made.append(Pairs(net, **kwa))
        return made[-1]

    return make


@pytest.fixture
def both(pairs):
    """(pairs, client, remoter), connected."""
    each = pairs()
    return each, *each.pair()


def receive(stream):
    """Return what comes, waiting for at most many calls."""
    for _ in range(1000):
        data = stream.receive()
        if data is not None:
            return data
    raise AssertionError("nothing comes")


# ---------------------------------------------------------------- raw


def test_receive_and_send(both):
    """Nothing is None; two writes back to back come in one read; at most bs bytes at a time."""
    _, client, ix = both
    assert client.receive() is None and ix.receive() is None
    assert client.send(b"abc") == 3 and client.send(b"def") == 3
    assert receive(ix) == b"abcdef"
    ix.bs = 4
    client.send(b"abcdef")
    assert receive(ix) == b"abcd" and receive(ix) == b"ef" and ix.receive() is None


def test_after_close(both):
    """A closed stream has no socket: raw calls fail, service calls do nothing; closing again is no error."""
    _, client, ix = both
    for stream in (client, ix):
        stream.close()
        stream.close()
        assert stream.cs is None
        with pytest.raises(AttributeError):
            stream.receive()
        with pytest.raises(AttributeError):
            stream.send(b"x")
        stream.serviceReceives()
        stream.serviceReceiveOnce()
        stream.serviceSends()
        stream.shutdown()
        stream.shutdownSend()
        stream.shutdownReceive()


def test_far_side_closed(both):
    """A read gives b"" and sets cutoff, again and again; what was sent before is read first."""
    pairs, client, ix = both
    client.send(b"last")
    client.close()
    assert receive(ix) == b"last" and not ix.cutoff
    assert receive(ix) == b"" and ix.cutoff and not ix.broken
    assert ix.receive() == b""


def test_first_send_after_the_far_side_closed(both):
    """It still reports the full count, as the kernel takes it; a later one learns that the connection is lost."""
    _, client, ix = both
    client.close()
    assert receive(ix) == b""
    assert ix.send(b"abc") == 3
    for _ in range(1000):
        if ix.broken:
            break
        assert ix.send(b"abc") in (0, 3)
        ix.watch.poller.poll(0.0)
    assert ix.broken and ix.cutoff and ix.failure.errno in (errno.EPIPE, errno.ECONNRESET)


def test_send_after_own_shutdown(both):
    """The raw send raises BrokenPipeError; the buffered one drops."""
    _, client, ix = both
    for stream in (client, ix):
        stream.shutdownSend()
        with pytest.raises(BrokenPipeError):
            stream.send(b"x")
        stream.tx(b"x")
        assert stream.shut and not stream.txbs and not stream.broken
        stream.serviceSends()


# ---------------------------------------------------------------- buffered


def test_service(both):
    """tx queues a copy; serviceSends sends it; serviceReceives collects; clearRxbs empties in place."""
    pairs, client, ix = both
    data = bytearray(b"abc")
    client.tx(data)
    data[:] = b"xxx"
    assert client.txbs == b"abc"
    rxbs = ix.rxbs
    pairs.until(lambda: ix.rxbs == b"abc")
    assert not client.txbs
    ix.tx(memoryview(b"back"))
    pairs.until(lambda: client.rxbs == b"back")
    ix.clearRxbs()
    assert ix.rxbs is rxbs and not rxbs


def test_large_message(both):
    """More than any buffer of the network holds crosses, in both directions at once, in order."""
    pairs, client, ix = both
    there, back = bytes(range(256)) * 40_000, bytes(range(255, -1, -1)) * 30_000
    client.tx(there)
    ix.tx(back)
    pairs.until(lambda: len(ix.rxbs) == len(there) and len(client.rxbs) == len(back), turns=5000)
    assert ix.rxbs == there and client.rxbs == back


def test_any_amount_is_received(both):
    """A raw Remoter bounds nothing: that is the business of what speaks on it."""
    pairs, client, ix = both
    client.tx(bytes(10 << 20))
    pairs.until(lambda: len(ix.rxbs) == 10 << 20, turns=5000)


def test_a_fast_peer_does_not_hold_the_turn(both, monkeypatch):
    """One serviceReceives reads a bounded amount."""
    pairs, client, ix = both
    monkeypatch.setattr(streaming, "RxBudget", 10_000)
    client.tx(bytes(100_000))
    for _ in range(20):
        client.service()
    ix.serviceReceives()
    assert 0 < len(ix.rxbs) < 30_000
    pairs.until(lambda: len(ix.rxbs) == 100_000)


def test_send_that_is_taken_in_part(both):
    """The rest waits for write-readiness and goes out, without anybody's doing."""
    pairs, client, ix = both
    ix.tx(bytes(20_000_000))
    ix.serviceSends()
    assert 0 < len(ix.txbs) < 20_000_000
    before = len(ix.txbs)
    pairs.turn(3)
    assert len(ix.txbs) < before
    pairs.until(lambda: len(client.rxbs) == 20_000_000, turns=5000)


def test_push(both):
    """push sends at once what the network takes, and queues the rest behind it; corked, it only queues."""
    pairs, client, ix = both
    ix.push(b"now")
    assert not ix.txbs and receive(client) == b"now"
    ix.corked = True
    ix.push(b"la")
    assert ix.txbs == b"la"
    ix.corked = False
    ix.push(b"ter")
    assert ix.txbs == b"later"
    pairs.until(lambda: client.rxbs == b"later")
    ix.push(bytes(20_000_000))
    assert 0 < len(ix.txbs) < 20_000_000
    pairs.until(lambda: len(client.rxbs) == 20_000_005, turns=5000)
    ix.shutdownSend()
    ix.push(b"never")
    assert not ix.txbs


# ---------------------------------------------------------------- the end


def test_half_close_keeps_the_other_direction(both):
    """EOF from the peer is one direction: what is queued afterwards is still sent."""
    pairs, client, ix = both
    client.shutdownSend()
    pairs.until(lambda: ix.cutoff)
    ix.tx(b"still")
    pairs.until(lambda: client.rxbs == b"still")
    assert not ix.broken and not ix.txbs
    ix.shutdownSend()
    pairs.until(lambda: client.cutoff)
    assert not client.broken
    pairs.turn(3)


def test_half_close_by_the_remoter(both):
    pairs, client, ix = both
    ix.shutdownSend()
    pairs.until(lambda: client.cutoff)
    client.tx(b"still")
    pairs.until(lambda: ix.rxbs == b"still")


def test_close_sends_what_is_queued(both):
    """An orderly close first sends what the network takes at once."""
    pairs, client, ix = both
    ix.tx(b"x" * 10_000)
    ix.close()
    pairs.until(lambda: client.cutoff)
    assert client.rxbs == b"x" * 10_000 and not client.broken


def test_cut_is_a_reset(both):
    """The far side sees an error, not an end; what is queued is dropped."""
    pairs, client, ix = both
    ix.tx(b"x" * 10_000)
    ix.cut()
    assert ix.cs is None and not ix.txbs
    pairs.until(lambda: client.cutoff)
    assert client.broken and client.failure.errno == errno.ECONNRESET and client.rxbs == b""
    ix.cut()


def test_shutdown_of_both_directions(both):
    pairs, client, ix = both
    ix.shutdown()
    pairs.until(lambda: client.cutoff)
    ix.shutdownReceive()  # when it is over is no error
    assert ix.shut


def test_reset_by_the_peer(both):
    """Only this connection ends; late bytes are dropped; nothing is raised; the failure is kept."""
    pairs, client, ix = both
    ix.tx(b"waiting")
    client.cut()
    pairs.until(lambda: ix.cutoff)
    ix.tx(b"late")
    pairs.turn(5)
    assert ix.broken and not ix.txbs and ix.failure is not None
    assert "broken" in repr(ix) and "cutoff" in repr(ix)


# ---------------------------------------------------------------- errors of the network


@pytest.fixture
def faulty(made):
    """(pairs, client, remoter) on a simulated network, where fail() has the next call on a socket fail."""
    made.append(Pairs())
    return made[-1], *made[-1].pair()


@pytest.mark.parametrize("code", sorted(GONE), ids=errno.errorcode.get)
def test_connection_lost(faulty, code):
    """Each way in which a connection gets lost is told as one; it is not raised."""
    for stream in faulty[1:]:
        fail(stream.cs, code)
        assert stream.receive() == b"" and stream.cutoff and stream.broken and stream.failure.errno == code
        assert stream.send(b"x") == 0


@pytest.mark.parametrize("code", sorted(GONE), ids=errno.errorcode.get)
def test_lost_on_sending(faulty, code):
    pairs, client, ix = faulty
    ix.tx(b"abc")
    fail(ix.cs, code)
    ix.serviceSends()
    assert ix.cutoff and ix.broken and ix.failure.errno == code and not ix.txbs
    pairs.turn(3)
    other = pairs.pair()[1]
    other.tx(b"abc")
    fail(other.cs, code)
    other.push(b"x")
    pairs.turn(3)
    assert other.broken


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOBUFS, errno.EINVAL], ids=errno.errorcode.get)
def test_unforeseen_error(faulty, code):
    """A raw call raises what is no end of a connection; the service calls end the connection and go on."""
    pairs, client, ix = faulty
    for call in (ix.receive, lambda: ix.send(b"x")):
        fail(ix.cs, code)
        with pytest.raises(OSError, match=re.escape(os.strerror(code))):
            call()
    assert not ix.broken
    fail(ix.cs, code)
    ix.tx(b"x")
    pairs.turn(3)
    assert ix.broken and ix.cutoff and ix.failure.errno == code
    third, _ = pairs.pair()
    fail(third.cs, code)
    pairs.turn(3)
    assert third.broken


def test_would_block(faulty):
    """Nothing is taken now: 0, and no refresh of the idle tymer."""
    pairs, client, ix = faulty
    fill(ix)
    moved = ix.moved
    pairs.tymist.tick()
    assert ix.send(b"abc") == 0 and ix.moved == moved and not ix.broken
    fail(ix.cs, errno.EINTR)
    assert ix.send(b"abc") == 0
    fail(ix.cs, errno.EINTR)
    assert ix.receive() is None and not ix.broken


def fill(stream):
    """Send until the network takes no more."""
    while stream.send(bytes(1 << 16)):
        pass


# ---------------------------------------------------------------- tyme


def test_tymer(pairs):
    """The tymer runs from the last activity, for tymeout, and does not add up."""
    each = pairs(tymeout=2.0)
    client, ix = each.pair()
    assert ix.tymeout == ix.tymer.duration == 2.0
    start = each.tymist.tyme
    for _ in range(5):
        each.tymist.tick(tock=1.0)
        client.send(b"x")
        receive(ix)
    assert ix.tymer.remaining == 2.0 and ix.tymer.elapsed == 0.0 and each.tymist.tyme == start + 5.0
    each.tymist.tick(tock=1.5)
    ix.send(b"x")
    assert ix.tymer.remaining == 2.0
    each.tymist.tick(tock=2.0)
    assert ix.tymer.expired
    ix.refresh()
    assert not ix.tymer.expired


@pytest.mark.parametrize("event", ["nothing", "blocked", "eof"])
def test_what_does_not_refresh(faulty, event):
    pairs, client, ix = faulty
    fill(ix)
    moved = ix.moved
    pairs.tymist.tick(tock=1.0)
    if event == "eof":
        client.close()
        assert receive(ix) == b""
    elif event == "blocked":
        assert ix.send(b"x") == 0
    else:
        ix.receive()
    assert ix.moved == moved


def test_not_refreshable():
    one, other = socket.socketpair()
    with one, other:
        ix = Remoter(cs=one, refreshable=False, tymth=lambda: 5.0, tymeout=1.0)
        moved, ix.moved = ix.moved, 1.0
        ix.send(b"x")
        assert moved == 5.0 and ix.moved == 1.0


def test_unwound():
    """Without tyme nothing is refreshed and nothing fails."""
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        ix = Remoter(ha="here", ca="there", cs=one)
        ix.refresh()
        other.send(b"abc")
        assert ix.receive() == b"abc" and ix.send(b"x") == 1 and ix.moved is None and ix.tyme is None
        ix.wind(lambda: 7.0)
        assert ix.moved == 7.0 and ix.tymer.elapsed == 0.0
        ix.wind(lambda: 9.0)
        assert ix.tymer.elapsed == 0.0
        ix.cs = None


def test_defaults():
    ix = Remoter()
    assert (ix.tymeout, ix.bs, ix.refreshable, ix.cutoff, ix.cs, ix.wl) == (0.0, 8096, True, False, None, None)
    assert ix.rxbs == ix.txbs == bytearray() and ix.rxbs is not ix.txbs
    assert Remoter.Tymeout == Stream.Tymeout == 0.0 and Remoter(tymeout=3.0).tymer.duration == 3.0
    rxbs, txbs = bytearray(b"r"), bytearray(b"t")
    ix = Remoter(rxbs=rxbs, txbs=txbs)
    assert ix.rxbs is rxbs and ix.txbs is txbs and "rx=1 tx=1" in repr(ix)
    assert ix.handshake() is True and ix.wrap() is None


def test_idle_costs_no_poll_entry_when_paused(both):
    """A stream that heeds nothing has left its poller: a kernel would tell of its end over and over."""
    pairs, client, ix = both
    poller = ix.watch.poller
    before = len(poller)
    ix.heed(0)
    assert len(poller) == before - 1
    client.close()
    assert poller.poll(0.0) == 0
    ix.heed(streaming.READ)
    assert len(poller) == before and poller.poll(0.0) == 1
    ix.heed(streaming.READ)
    ix.heed(streaming.READ | streaming.WRITE)
    assert poller.poll(0.0) == 1
