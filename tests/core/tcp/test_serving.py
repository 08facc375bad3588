"""Servants: what they listen on, how they accept and keep connections, and what a connection cannot do to them."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque

import pytest

from hio.base import doing, tyming
from hio.core import tcp, wiring
from hio.core.tcp import serving
from hio.core.tcp.netting import osNet
from hio.core.tcp.serving import EchoServerDoer, Remoter, Server, ServerDoer, openServer
from tests.core.tcp.pairs import RESET, TOCK, over


# ---------------------------------------------------------------- opening


def test_defaults():
    server = Server()
    assert (server.tymeout, server.ha, server.eha) == (1.0, ("", 56000), ("127.0.0.1", 56000))
    assert (server.opened, server.bs, server.bl, server.ss, server.wl) == (False, 8096, 128, None, None)
    assert isinstance(server.axes, deque) and server.ixes == {} and server.actualBufSizes() == (0, 0)
    assert serving.Acceptor().ha == ("", 56000) and serving.Server.Tymeout == 1.0
    assert tcp.openServer is openServer and tcp.Remoter is Remoter and tcp.EchoServerDoer is EchoServerDoer


@pytest.mark.parametrize("host,ha,eha", [("", "0.0.0.0", "127.0.0.1"), ("localhost", "127.0.0.1", "127.0.0.1"),
                                         ("127.0.0.1", "127.0.0.1", "127.0.0.1"), ("::1", "::1", "::1"),
                                         ("::", "::", "::1")])  # fmt: skip
def test_open(host, ha, eha):
    """With port 0 the real port is known, in ha and eha, once opened, and after each reopening."""
    with openServer(host=host, port=0) as server:
        if not server.opened:
            pytest.skip(f"no {host} here: {server.failure}")
        port = server.ha[1]
        assert server.ha == (ha, port) and server.eha == (eha, port) and port > 0
        assert server.ss.getsockname()[1] == port and all(size > 0 for size in server.actualBufSizes())
        assert server.reopen(temp=True) is True and server.ha == (ha, port)
    assert not server.opened and server.ss is None and server.actualBufSizes() == (0, 0)
    server.close()
    server.service()


def test_taken_port():
    """open() answers False, says why in .failure, and leaves everything as it was; service() does nothing."""
    with openServer(host="127.0.0.1", port=0) as server, openServer(host="127.0.0.1", port=server.ha[1]) as other:
        assert not other.opened and other.failure.errno == errno.EADDRINUSE
        assert other.ha == server.ha and other.ss is None
        other.service()
        assert other.reopen() is False
        server.close()
        assert other.reopen() is True and other.failure is None


@pytest.mark.parametrize("kwa", [{"port": -1}, {"port": 65536}, {"port": "80"}, {"bs": 0}, {"bs": -1}, {"bs": "many"},
                                 {"connections": 0}, {"connections": -1}, {"tymeout": -1}, {"tymeout": "x"},
                                 {"bl": "x"}, {"bl": -1}])  # fmt: skip
def test_wrong_arguments(kwa):
    with pytest.raises(ValueError, match=f"got {next(iter(kwa.values()))!r}"):
        Server(**kwa)


@pytest.mark.parametrize("kwa", [{"ha": 5}, {"ha": ("h",)}, {"host": 5}, {"ha": (5, 80)}], ids=repr)
def test_arguments_of_no_fit_type(kwa):
    with pytest.raises(TypeError, match="(host|address) must be"):
        Server(**kwa)


@pytest.mark.filterwarnings("ignore::hio.hioing.UnknownArgumentWarning")
def test_other_keywords():
    """bufsize is another name for bs; what the reference API tolerates is tolerated."""
    assert Server(bufsize=131072).bs == 131072
    assert Server(ha=("127.0.0.1", 5), name="x", uid=3).ha == ("127.0.0.1", 5)


def test_handed_socket():
    """An open listening socket is used as it is; afterwards the servant can be opened anew on its address."""
    ss = socket.create_server(("127.0.0.1", 0))
    ha = ss.getsockname()
    with openServer(ss=ss) as server:
        assert server.ss is ss and server.ha == server.eha == ha
        with socket.create_connection(ha):
            while not server.ixes:
                server.service()
        assert server.reopen() and server.ss is not ss and server.ha == ha


def test_unix_socket(pairs, tmp_path):
    """A path: connections are told apart though their clients have no name; the file goes with the servant."""
    path = str(tmp_path / "s")
    each = pairs(net=osNet, ha=path)
    assert each.server.ha == each.server.eha == path
    one, two = each.pair(), each.pair()
    assert len(each.server.ixes) == 2 and one[1].ca != two[1].ca and one[1].ca[0] == path == one[1].ha
    one[0].tx(b"one")
    two[0].tx(b"two")
    each.until(lambda: one[1].rxbs == b"one" and two[1].rxbs == b"two")
    each.server.close()
    assert not os.path.exists(path)


def test_somebody_else_s_socket_file_is_left_alone(tmp_path):
    path = str(tmp_path / "s")
    with openServer(ha=path) as first:
        os.unlink(path)
        with openServer(ha=path) as second:
            first.close()
            assert os.path.exists(path) and second.opened
        assert not os.path.exists(path)


# ---------------------------------------------------------------- connections


def test_addresses(pairs):
    """Both ends name the connection alike; a wildcard address becomes the one that the client reached."""
    each = pairs(ha=("", 0))
    client, ix = each.pair()
    assert ix.ca == client.ca == client.cs.getsockname() == ix.cs.getpeername()
    assert ix.ha == client.ha == ix.cs.getsockname() == each.server.eha
    assert each.server.ixes[client.ca] is ix


def test_methods_by_address(pairs):
    """Each does what the Remoter does; an unknown address is a ValueError."""
    each = pairs()
    client, ix = each.pair()
    server, ca = each.server, ix.ca
    server.transmitIx(b"abc", ca)
    each.until(lambda: client.rxbs == b"abc")
    client.tx(b"def")
    client.service()
    for _ in range(100):
        server.serviceReceivesIx(ca)
    assert ix.rxbs == b"def"
    server.shutdownReceiveIx(ca)
    server.shutdownSendIx(ca)
    each.until(lambda: client.cutoff)
    server.shutdownIx(ca, socket.SHUT_RDWR)
    server.closeIx(ca)
    assert server.ixes[ca] is ix and ix.cs is None
    server.removeIx(ca)
    assert not server.ixes
    for call in (server.closeIx, server.removeIx, server.shutdownIx, server.shutdownSendIx, server.shutdownReceiveIx,
                 server.serviceReceivesIx, lambda ca: server.transmitIx(b"", ca)):  # fmt: skip
        with pytest.raises(ValueError, match="no connection from"):
            call(ca)


def test_remove_without_close(pairs):
    each = pairs()
    client, ix = each.pair()
    each.server.removeIx(ix.ca, close=False)
    assert ix.cs is not None and not each.server.ixes
    each.turn(3)
    ix.close()


def test_closed_remoters_are_skipped(pairs):
    """A Remoter that was closed stays in ixes until it is removed, and harms no turn."""
    each = pairs()
    (_, ix), (other, far) = each.pair(), each.pair()
    ix.rxbs.extend(b"kept")
    ix.tx(b"lost")
    each.server.closeIx(ix.ca)
    other.tx(b"abc")
    each.until(lambda: far.rxbs == b"abc")
    assert each.server.ixes[ix.ca].rxbs == b"kept"
    each.server.closeAllIx()
    each.turn(3)
    assert len(each.server.ixes) == 2 and far.cs is None


def test_close_and_reopen(pairs):
    """After close() the buffers stay readable; reopening drops what is left of them."""
    each = pairs()
    client, ix = each.pair()
    client.tx(b"abc")
    each.until(lambda: ix.rxbs == b"abc")
    each.server.close()
    assert each.server.ixes[ix.ca] is ix and ix.rxbs == b"abc" and ix.cs is None and not each.server.opened
    each.server.service()
    assert each.server.reopen() and not each.server.ixes
    each.until(lambda: client.cutoff)
    each.clients.remove(client)
    each.pair()
    client.close()


def test_a_remoter_that_a_program_puts_in(pairs):
    """It is serviced like those that were accepted, and leaves like them."""
    each = pairs()
    client, given = each.pair()
    server = each.server
    ix = Remoter(ha=given.ha, ca=given.ca, cs=given.cs)
    given.detach()
    server.ixes[ix.ca] = ix
    client.tx(b"abc")
    each.until(lambda: ix.rxbs == b"abc")
    server.transmitIx(b"xyz", ix.ca)
    each.until(lambda: client.rxbs == b"xyz")
    client.close()
    each.until(lambda: ix.cutoff)
    server.removeIx(ix.ca)
    assert not server.ixes and ix.cs is None


def test_refused_before_accept(pairs):
    """A peer that resets before it is accepted is skipped, and the next one served."""
    each = pairs(ha=("", 0))
    for _ in range(3):
        sock = each.raw()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.close()
    client = each.client()
    each.until(lambda: client.connected and client.ca in each.server.ixes)
    ix = each.server.ixes[client.ca]
    assert list(each.server.ixes.values()) == [ix], "nothing is kept of the others"
    client.tx(b"abc")
    each.until(lambda: ix.rxbs == b"abc")


def test_gone_while_accepting(pairs, monkeypatch):
    """Also when the system cannot even tell its name any more."""
    each = pairs(ha=("", 80))
    monkeypatch.setattr("hio.sim.socketing.SimSocket.getsockname", lambda self: unnamed())
    sock = each.raw()
    each.turn(2)
    assert not each.server.ixes and over(sock)
    monkeypatch.undo()
    each.pair()


def unnamed():
    raise OSError(errno.ENOTCONN, "not connected")


def test_same_far_address_again(pairs, monkeypatch):
    """The old connection is over: it is closed, the new one takes its place."""
    each = pairs()
    monkeypatch.setattr(each.net, "ephemeral", lambda: 5)
    client, ix = each.pair()
    again = each.client()
    each.until(lambda: again.connected and each.server.ixes[ix.ca] is not ix)
    assert ix.cs is None and len(each.server.ixes) == 1


# ---------------------------------------------------------------- tymeouts


@pytest.mark.parametrize("busy", [None, "client", "server"])
def test_idle_connection_is_closed(pairs, busy):
    """After tymeout seconds without a byte either way, and not one tick earlier; it stays in ixes, cut off."""
    each = pairs(tymeout=2.0)
    client, ix = each.pair()
    assert ix.tymeout == 2.0
    for _ in range(4 if busy else 0):
        each.wait(2.0 - TOCK)
        (client if busy == "client" else ix).tx(b"x")
        each.turn(3)
        assert ix.cs is not None
    each.wait(2.0 - TOCK)
    assert ix.cs is not None
    each.wait(TOCK)
    assert ix.cs is None and ix.cutoff and each.server.ixes[ix.ca] is ix
    each.until(lambda: client.cutoff)


@pytest.mark.parametrize("tymeout, shown", [(0.0, 0.0), (None, 1.0)])
def test_tymeout_zero_and_none(pairs, tymeout, shown):
    """Both are never, though None shows the default of the class: programs close a connection by what its Remoter says,
    and one that is silent for a second may well have something to say later."""
    each = pairs(tymeout=tymeout)
    client, ix = each.pair()
    each.wait(1e6)
    assert (each.server.tymeout, ix.tymeout) == (shown, 0.0)
    assert ix.cs is not None and not ix.cutoff


def test_a_tymeout_that_is_assigned_is_that_of_connections_to_come(pairs):
    each = pairs()
    each.server.tymeout = 4.0
    _, ix = each.pair()
    assert ix.tymeout == each.server.tymeout == 4.0
    with pytest.raises(ValueError, match="-1"):
        each.server.tymeout = -1


def test_tymeout_unwound_then_wound(pairs):
    """Without tyme nothing expires; from when it is told the tyme, idle counts."""
    each = pairs(wound=False, tymeout=2.0)
    client, ix = each.pair()
    each.wait(1e6)
    assert ix.cs is not None
    each.server.wind(each.tymist.tymen())
    each.wait(2.0 - TOCK)
    assert ix.cs is not None and ix.tyme == each.tymist.tyme
    each.wait(TOCK)
    assert ix.cs is None


def test_rewound_to_another_tyme(pairs):
    """A servant that is wound to a root whose tyme is less counts from there."""
    each = pairs(tymeout=2.0)
    each.tymist.tyme = 1000.0
    client, ix = each.pair()
    each.turn(2)
    young = tyming.Tymist(tyme=5.0)
    each.server.wind(young.tymen())
    young.tick(tock=2.0 - TOCK)
    each.turn(2)
    assert ix.cs is not None
    young.tick(tock=TOCK)
    each.turn(2)
    assert ix.cs is None


def test_ix_with_a_tymeout_of_its_own(pairs):
    """Made longer, it counts; made 0.0, it never expires."""
    each = pairs(tymeout=2.0)
    (_, longer), (_, never) = each.pair(), each.pair()
    longer.tymeout, never.tymeout = 5.0, 0.0
    each.wait(5.0 - TOCK)
    assert longer.cs is not None
    each.wait(TOCK)
    assert longer.cs is None and never.cs is not None


# ---------------------------------------------------------------- readiness


def test_only_those_that_are_ready_are_read(pairs, monkeypatch):
    """A turn touches no connection on which nothing happens."""
    each = pairs()
    all_ = [each.pair() for _ in range(20)]
    each.turn(3)
    seen = []
    receive = Remoter.receive
    monkeypatch.setattr(Remoter, "receive", lambda self: (seen.append(self.ca), receive(self))[1])
    all_[3][0].send(b"x")
    all_[11][0].send(b"x")
    each.until(lambda: all_[3][1].rxbs and all_[11][1].rxbs)
    assert set(seen) == {all_[3][1].ca, all_[11][1].ca}


def test_rewound_amid_connections(pairs):
    """A servant that goes from hand to a Doist and back is served by either."""
    each = pairs()
    client, ix = each.pair()
    doist = doing.Doist(tock=TOCK, real=False, poller=each.net.poller())
    client.tx(b"abc")
    client.service()
    each.server.wind(doist.tymen())
    assert each.server.watch.poller is doist.poller
    each.until(lambda: ix.rxbs == b"abc")
    each.server.wind(each.tymth)
    assert each.server.watch.poller is not doist.poller and len(doist.poller) == 0
    client.tx(b"def")
    each.until(lambda: ix.rxbs == b"abcdef")


def test_paused_and_cut_off_connections_make_no_noise_when_rewound(pairs):
    """What had left the poller stays out of the next one."""
    each = pairs()
    client, ix = each.pair()
    client.close()
    each.clients.clear()  # serviced again it would connect again
    each.until(lambda: ix.cutoff)
    doist = doing.Doist(tock=TOCK, real=False, poller=each.net.poller())
    each.server.wind(doist.tymen())
    assert doist.poller.poll(0.0) == 0 and len(doist.poller) == 1
    each.server.wind(each.tymth)


# ---------------------------------------------------------------- doers


def test_server_doer(pairs):
    """Winds and opens on entering, services each turn, closes on exit; ixes stay readable."""
    doist = doing.Doist(tock=TOCK, real=False, limit=1.0)
    server = Server(host="127.0.0.1", port=0)
    doer = ServerDoer(server, tymth=doist.tymen())
    assert doer.server is server and server.tymth is None
    doer.wind(doist.tymen())
    assert server.tymth is not None
    client = tcp.Client(ha=("127.0.0.1", 0))

    class Talk(doing.Doer):
        def recur(self, tyme):
            if not client.opened:
                client.ha = server.ha
                client.reopen()
                client.tx(b"hello")
            client.service()
            return False

    doist.do(doers=[doer, Talk()])
    assert not server.opened and [bytes(ix.rxbs) for ix in server.ixes.values()] == [b"hello"] and doer.done is not None
    client.close()


def test_echo_server_doer():
    """Sends back what came, and clears it."""
    doist = doing.Doist(tock=TOCK, real=False, limit=1.0)
    server = Server(host="127.0.0.1", port=0)
    client = tcp.Client(ha=("127.0.0.1", 0))

    class Talk(doing.Doer):
        def recur(self, tyme):
            if not client.opened:
                client.ha = server.ha
                client.reopen()
                client.tx(b"hello")
            client.service()
            return False

    doist.do(doers=[EchoServerDoer(server), Talk()])
    assert client.rxbs == b"hello" and [bytes(ix.rxbs) for ix in server.ixes.values()] == [b""]
    client.close()


def test_server_doer_that_cannot_listen():
    """It says where and why, and nothing is left open."""
    with openServer(host="127.0.0.1", port=0) as taken:
        doist = doing.Doist(tock=TOCK, real=False, limit=1.0)
        with pytest.raises(OSError, match="cannot listen on") as info:
            doist.do(doers=[ServerDoer(Server(ha=taken.ha))])
        assert info.value.errno == errno.EADDRINUSE


def test_server_doer_with_a_server_that_listens_already():
    """It is not opened anew, which would drop its port."""
    with openServer(host="127.0.0.1", port=0) as server:
        ss = server.ss
        doist = doing.Doist(tock=TOCK, real=False, limit=0.1)
        dogs = doist.enter(doers=[ServerDoer(server)])
        assert server.ss is ss
        doist.exit(deeds=dogs) if dogs else doist.exit()
    assert not server.opened


# ---------------------------------------------------------------- wire log, Peer


def test_wire_log(pairs):
    """One record for each write and each read, by the far address, the queued messages in one."""
    with wiring.openWL(samed=True) as wl:
        each = pairs(wl=wl)
        client, ix = each.pair(wl=wl)
        server, ca = str(ix.ha).encode(), str(ix.ca).encode()
        client.tx(b"A" * 26)
        each.until(lambda: len(ix.rxbs) == 26)
        client.tx(b"B" * 27)
        client.tx(b"C" * 26)
        each.until(lambda: len(ix.rxbs) == 79)
        ix.tx(b"D" * 20)
        each.until(lambda: len(client.rxbs) == 20)
        want = b""
        for kind, who, data in (
            (b"Tx", server, b"A" * 26), (b"Rx", ca, b"A" * 26),
            (b"Tx", server, b"B" * 27 + b"C" * 26), (b"Rx", ca, b"B" * 27 + b"C" * 26),
            (b"Tx", ca, b"D" * 20), (b"Rx", server, b"D" * 20),
        ):  # fmt: skip
            want += b"\n%b %b:\n%b\n" % (kind, who, data)
        assert wl.readRx() == want


def test_peer(pairs):
    """A servant that dials as well."""
    each = pairs()
    peer = tcp.tcping.Peer(host="127.0.0.1", port=0, net=each.net)
    assert peer.reopen() and peer.oxes == {}
    out = peer.dial(each.server.ha)
    assert peer.dial(each.server.ha) is out and peer.oxes == {each.server.ha: out}
    out.tx(b"abc")
    for _ in range(100):
        peer.service()
        each.server.service()
    assert [bytes(ix.rxbs) for ix in each.server.ixes.values()] == [b"abc"]
    peer.wind(each.tymth)
    assert out.tymth is each.tymth
    peer.hang(each.server.ha)
    assert out.cs is None and not peer.oxes
    with pytest.raises(ValueError, match="no connection to"):
        peer.hang(each.server.ha)
    peer.dial(each.server.ha)
    peer.close()
    assert not peer.opened
