"""Connections between hosts: names, dialing, and bytes in tyme.

What any Net must do stands in tests.core.tcp.test_nets.
"""

import errno
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hio.sim import Network, SimError, SimNet
from hio.sim.networking import EPHEMERAL
from tests.sim.playing import TICK, Sim, attempt, dial, give, kinds, mirror, notes, pair, serve, still, take, tymes


def test_names_and_addresses():
    network = Network()
    a, b = SimNet("a", network), SimNet("b", network, "192.0.2.7")
    assert (a.resolve("a"), a.resolve("b"), b.resolve("a")) == ("127.0.0.1", "192.0.2.7", "10.0.0.1")
    assert a.resolve("192.0.2.7") == "192.0.2.7" and a.resolve("localhost") == "127.0.0.1"
    with pytest.raises(socket.gaierror, match="no host is called 'c' in this simulation; there are a, b"):
        a.resolve("c")


@pytest.mark.parametrize(("name", "address"), [("a", None), ("", None), (7, None), ("c", "10.0.0.1")])
def test_hosts_that_cannot_be(name, address):
    network = Network()
    SimNet("a", network)
    with pytest.raises(SimError, match="host"):
        SimNet(name, network, address)


def test_tymes_of_a_connection():
    """A knock, its answer, a segment and its echo each take the latency of the link; ticks are the client's own."""

    def client(host):
        sock = yield from dial(host)
        yield from give(sock, b"hello")
        assert (yield from take(sock)) == b"hello"
        sock.close()

    sim = pair(client, latency=0.25).run()
    assert tymes(sim, "dial") == [0.0]
    assert tymes(sim, "knock") == [0.25]
    assert tymes(sim, "open") == [0.5]
    assert tymes(sim, "arrive") == [0.75, 1.0]
    assert kinds(sim, "finish") == [(1.0, "finish", "client")]


def test_nobody_listens():
    def client(host):
        host.note(errno.errorcode[(yield from dial(host, port=8))])

    sim = pair(client, latency=0.25).run()
    assert notes(sim) == ["ECONNREFUSED"] and tymes(sim, "refuse") == [0.5]


def test_nobody_is_there():
    def client(host):
        sock = host.net.dial(("", 0), bs=1)
        host.note(errno.errorcode[sock.connect_ex(("203.0.113.9", 80))])
        yield

    assert notes(pair(client).run()) == ["ENETUNREACH"]


def test_full_backlog_has_one_knock_again():
    """As TCP does, after 1, 2, 4, ... seconds; and it is let in once there is room."""

    def slow(host):
        listener = host.net.listen(("", 7), bl=1, bs=1)
        yield 5.0
        while True:
            attempt(listener.accept)
            yield TICK

    def client(host):
        socks = [host.net.dial(("", 0), bs=1) for _ in range(3)]
        ha = (host.net.resolve("server"), 7)
        while not all([sock.connect_ex(ha) in (0, errno.EISCONN) for sock in socks]):
            yield TICK
        host.note(f"{host.tyme:.1f}")

    sim = Sim(tock=TICK)
    sim.host("server", slow)
    sim.client("client", client)
    sim.run(limit=60.0)
    assert tymes(sim, "knock") == [0.0, 0.0, 7.0] and notes(sim) == ["7.0"]


def test_dialing_gives_up():
    """After two minutes without an answer (Linux: 127 s)."""

    def client(host):
        host.note(errno.errorcode[(yield from dial(host))])

    sim = pair(client)
    sim.partition("client", "server")
    sim.run()
    assert notes(sim) == ["ETIMEDOUT"] and tymes(sim, "timeout") == [127.0]


def test_jitter_keeps_order():
    """A segment never overtakes another one of its connection."""
    sent = b"".join(b"%d," % number for number in range(200))

    def client(host):
        sock = yield from dial(host)
        for number in range(200):
            yield from give(sock, b"%d," % number)
            yield TICK
        got = b""
        while len(got) < len(sent):
            got += yield from take(sock)
        assert got == sent

    sim = pair(client, latency=(0.001, 0.5)).run()
    arrived = [event.segment for event in sim.trace if event.kind == "arrive" and event.host == "server"]
    assert len(arrived) == 200 and arrived == sorted(arrived)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_byte_is_lost_or_invented(data):
    """Whatever the link does to segments, and however small the buffers are."""
    size = data.draw(st.integers(1, 20_000))
    terms = {
        "latency": data.draw(st.sampled_from([0.0, 0.01, (0.0, 0.1)])),
        "split": data.draw(st.sampled_from([0.0, 0.3, 0.9])),
        "loss": data.draw(st.sampled_from([0.0, 0.2])),
        "bandwidth": data.draw(st.sampled_from([0.0, 50_000.0])),
        "tx": data.draw(st.integers(1, 9000)),
        "rx": data.draw(st.integers(1, 9000)),
    }
    seed = data.draw(st.integers(0, 1000))
    back = bytearray()

    def client(host):
        sent = host.dice.bytes(size)
        sock = yield from dial(host)
        left = sent
        while len(back) < size:
            if left:
                left = left[attempt(lambda left=left: sock.send(left)) or 0 :]
            back.extend(attempt(lambda: sock.recv(4096)) or b"")
            yield TICK
        assert back == sent

    pair(client, seed=seed, **terms).run(limit=5000.0)


def test_who_does_not_read_stops_who_writes():
    """Sent is what both buffers hold, and not a byte more."""

    def client(host):
        sock = yield from dial(host)
        count = 0
        for _ in range(100):
            count += attempt(lambda: sock.send(b"x" * 1000)) or 0
            yield TICK
        host.note(str(count))

    assert notes(pair(client, still, tx=5000, rx=3000).run()) == ["8000"]


def test_reading_makes_room():
    """What does not fit into both buffers takes a way there and the word back for each bufferful."""

    def late(host, sock):
        yield 10.0
        while (yield from take(sock)):
            pass

    def client(host):
        sock = yield from dial(host)
        yield from give(sock, b"x" * 10_000)
        host.note(f"{host.tyme:.0f}")

    assert notes(pair(client, late, tx=1000, rx=1000, latency=0.25).run()) == ["14"]


def test_close_sends_what_is_queued():
    """Also what there is no room for yet, and says that this was all behind it."""

    def late(host, sock):
        yield 5.0
        got = b""
        while data := (yield from take(sock)):
            got += data
        host.note(str(len(got)))

    def client(host):
        sock = yield from dial(host)
        yield from give(sock, b"x" * 7000)
        sock.close()
        yield 20.0

    assert notes(pair(client, late, tx=4000, rx=4000).run()) == ["7000"]


def test_reset_drops_what_is_queued():
    """What the far side has no room for is lost when the connection is reset: the response is cut."""

    def late(host, sock):
        yield 5.0
        got = b""
        while (data := (yield from take(sock))) and not isinstance(data, OSError):
            got += data
        host.note(f"{len(got)} {data!r}")

    def client(host):
        sock = yield from dial(host)
        yield from give(sock, b"x" * 7000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        sock.close()
        yield 20.0

    sim = pair(client, late, tx=4000, rx=4000).run()
    assert notes(sim) == ["4000 ConnectionResetError(104, 'Connection reset by peer')"]


def test_ports_go_round():
    def client(host):
        host.net.dialed = EPHEMERAL[1] - 1
        for _ in range(3):
            sock = yield from dial(host)
            host.note(str(sock.getsockname()[1]))

    assert notes(pair(client, still).run()) == ["65535", "49152", "49153"]


def test_listening_hosts_keep_their_ports_apart():
    sim = Sim()
    for name in ("a", "b"):
        sim.host(name, serve(mirror, port=80))

    def client(host):
        for name in ("a", "b"):
            sock = yield from dial(host, to=name, port=80)
            host.note(sock.getpeername()[0])

    sim.client("client", client)
    assert notes(sim.run()) == ["10.0.0.1", "10.0.0.2"]


def test_to_oneself():
    """By name, by address, and by loopback, in no tyme."""

    def client(host):
        listener = host.net.listen(("", 7), bl=5, bs=1)
        for to in ("client", host.net.ha[0], "localhost", "127.0.0.1"):
            sock = yield from dial(host, to=to)
            far, ca = listener.accept()
            assert ca == sock.getsockname()
            sock.send(b"x")
            assert (yield from take(far)) == b"x"

    pair(client, latency=5.0).run(limit=1.0)


def test_network_by_hand():
    """A loose network goes by the tymth that it is wound to."""
    tyme = 0.0
    network = Network()
    a, b = SimNet("a", network), SimNet("b", network)
    network.link("a", "b").change(network.terms.but(latency=1.0))
    network.wind(lambda: tyme)
    listener = b.listen(("", 7), bl=1, bs=1)
    sock = a.dial(("", 0), bs=1)
    assert sock.connect_ex((b.ha[0], 7)) == errno.EINPROGRESS
    assert attempt(listener.accept) is None and listener.net.poller().due() == 1.0
    tyme = 1.0
    assert listener.accept()[1] == sock.getsockname()
