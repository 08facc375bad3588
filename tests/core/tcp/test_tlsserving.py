"""ServerTls: handshakes beside each other, those that stall, certificates that change, and doers on both sides."""

from __future__ import annotations

import socket
import ssl

import pytest

from hio.base.doing import Doist
from hio.core.tcp import ClientDoer, EchoServerDoer, ServerTls
from hio.core.tcp.tlsserving import ShakeBudget
from tests.core.tcp.pairs import RESET, over


def shown(client):
    """Return the first name in the certificate that client was shown."""
    return client.peercert["subjectAltName"][0][1]


# -- handshakes -------------------------------------------------------------------------------------------


def test_a_client_that_gives_up_in_mid_handshake(rigged):
    rig = rigged()
    client = rig.client()
    rig.turn(2)
    rig.server.serviceConnects()
    (ix,) = rig.server.cxes.values()
    assert not ix.connected and not ix.aborted
    client.close()
    assert rig.server.serviceConnects() == []
    assert not rig.server.cxes and not rig.server.ixes and rig.server.opened
    assert ix.aborted and "in mid-handshake" in str(ix.failure) and ix.cs is None
    client.reopen()
    rig.until(lambda: client.connected and client.ca in rig.server.ixes)


def test_service_connects_returns_those_that_became_ready(rigged):
    rig = rigged()
    client = rig.client()
    client.service()
    client.service()  # its hello
    assert rig.server.serviceConnects() == []
    client.service()
    assert client.connected
    assert rig.server.serviceConnects() == list(rig.server.ixes.values()) == [rig.server.ixes[client.ca]]
    assert rig.server.serviceConnects() == []


def test_a_storm_of_handshakes_does_not_hold_a_turn(rigged):
    rig = rigged()
    clients = [rig.client() for _ in range(2 * ShakeBudget + 5)]
    for client in clients * 2:
        client.service()
    fresh = []
    for _ in range(3):
        rig.server.serviceConnects()
        assert sum(1 for ix in rig.server.cxes.values() if ix.tls is not None) <= (len(fresh) + 1) * ShakeBudget
        fresh.append(len(rig.server.shakers))
    assert fresh == [ShakeBudget + 5, 5, 0]
    rig.until(lambda: len(rig.server.ixes) == len(clients))
    assert not rig.server.cxes and not rig.server.shakers
    assert all(client.connected for client in clients)


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0" * 4000, b"\x16\x03\x01\xff\xff" + b"x" * 20000,
], ids=["http", "zeros", "long record"])
def test_a_peer_that_speaks_no_tls(rigged, garbage):
    rig = rigged()
    good, ix = rig.pair()
    sock = rig.raw()
    sock.send(garbage)
    rig.until(lambda: over(sock))
    assert not rig.server.cxes and list(rig.server.ixes) == [good.ca]
    good.tx(b"lives")
    rig.until(lambda: ix.rxbs == b"lives")


def test_a_peer_that_resets_in_mid_handshake(rigged):
    rig = rigged()
    sock = rig.raw()
    rig.turn()
    assert len(rig.server.cxes) == 1
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()
    rig.turn()
    assert not rig.server.cxes
    rig.pair()


def test_a_handshake_that_stalls_ends_by_tyme_and_alone(rigged):
    rig = rigged()
    silent, started = rig.raw(), rig.client()
    started.service()
    started.service()
    rig.clients.clear()  # it sent its hello and does no more
    rig.server.service()
    assert len(rig.server.cxes) == 2
    rig.wait(4.0)
    late = rig.raw()
    good, ix = rig.pair()
    rig.wait(5.9)
    assert len(rig.server.cxes) == 3 and not over(silent)
    rig.wait(0.1)
    assert over(silent) and over(started.cs) and not over(late)
    assert list(rig.server.cxes) == [late.getsockname()] and list(rig.server.ixes) == [good.ca]
    good.tx(b"lives")
    rig.until(lambda: ix.rxbs == b"lives")
    rig.wait(3.9)
    assert not over(late)
    rig.wait(0.1)
    assert over(late) and not rig.server.cxes
    started.close()


def test_a_peer_that_drips_its_hello_has_no_more_tyme(rigged):
    rig = rigged(handshakeTymeout=2.0)
    sock = rig.raw()
    rig.turn()
    for byte in b"\x16\x03\x01\x02\x00\x01\x00":
        sock.send(bytes([byte]))
        rig.wait(0.25)
    assert not over(sock)
    sock.send(b"\x01")
    rig.wait(0.25)
    assert over(sock) and not rig.server.cxes


def test_a_handshake_may_be_given_for_ever(rigged):
    rig = rigged(handshakeTymeout=0.0)
    sock = rig.raw()
    rig.wait(1e9)
    assert not over(sock) and rig.server.dueCxes() is None


def test_winding_gives_handshakes_their_tymeout(rigged):
    rig = rigged(wound=False)
    sock = rig.raw()
    rig.turn()
    assert rig.server.dueCxes() is None
    rig.tymist.tick(tock=100.0)
    rig.server.wind(rig.tymist.tymen())
    assert rig.server.dueCxes() == 110.0
    rig.wait(10.0)
    assert over(sock)


def test_close_ends_pending_handshakes(rigged):
    rig = rigged()
    good, ix = rig.pair()
    sock = rig.raw()
    rig.turn()
    rig.server.close()
    assert over(sock) and not rig.server.cxes
    assert list(rig.server.ixes) == [good.ca]
    good.service()
    assert good.cutoff and not good.truncated
    assert rig.server.reopen() and not rig.server.ixes
    rig.clients.clear()
    rig.pair()
    good.close()


def test_handshakes_count_as_connections(rigged):
    rig = rigged(connections=2)
    socks = [rig.raw() for _ in range(4)]
    rig.turn(3)
    waiting = [sock.peer in rig.server.ss.queue for sock in socks]
    assert len(rig.server.cxes) == 2 and waiting == [False, False, True, True]
    rig.wait(10.0)
    rig.turn()
    assert list(rig.server.cxes) == [sock.getsockname() for sock in socks[2:]]


def test_the_same_address_again_ends_the_old_connection(rigged, monkeypatch):
    rig = rigged()
    monkeypatch.setattr(rig.net, "ephemeral", lambda: 5)
    first = rig.raw()
    rig.turn()
    again = rig.raw()
    rig.turn()
    assert over(first) and not over(again) and list(rig.server.cxes) == [first.getsockname()]


def test_busy_connections_are_not_idle(rigged):
    """Bytes either way count, blocked calls do not."""
    rig = rigged(tymeout=1.0)
    busy, bx = rig.pair()
    talked, tx = rig.pair()
    idle, ix = rig.pair()
    for _ in range(4):
        rig.wait(0.5)
        busy.tx(b"x")
        tx.tx(b"x")
        rig.turn(2)
    assert bx.connected and tx.connected and busy.connected and talked.connected
    assert ix.cutoff and ix.cs is None
    rig.wait(1.0)
    assert bx.cs is None and tx.cs is None


# -- certificates -----------------------------------------------------------------------------------------


def test_each_name_gets_its_certificate(rigged, certs):
    rig = rigged(certs={"one.example": certs.issue("one.example")})
    for host, name in [("one.example", "one.example"), ("localhost", "localhost")]:
        client, ix = rig.pair(certedhost=host)
        assert shown(client) == name and ix.sni == host


def test_certificates_change_while_running(rigged, certs):
    rig = rigged()
    old, ox = rig.pair()
    rig.server.recertify(**certs.serving("localhost", "new.example", label="new", rsa=True))
    new, nx = rig.pair(certedhost="new.example")
    old.tx(b"lives")
    rig.until(lambda: ox.rxbs == b"lives")
    assert len(old.peercert["subjectAltName"]) == 1 and len(new.peercert["subjectAltName"]) == 2
    old.reopen()
    rig.until(lambda: old.connected)
    assert len(old.peercert["subjectAltName"]) == 2


def test_the_same_files_are_read_again(rigged, certs, tmp_path):
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"

    def renew(*names, **kwa):
        for path, issued in zip(paths, certs.issue(*names, **kwa), strict=True):
            path.write_bytes(issued.read_bytes())

    renew("localhost")
    rig = rigged(certpath=paths[0], keypath=paths[1])
    renew("localhost", "new.example", label="new", rsa=True)
    assert len(rig.pair()[0].peercert["subjectAltName"]) == 1
    rig.server.recertify()
    assert len(rig.pair()[0].peercert["subjectAltName"]) == 2
    paths[1].write_text("no key")
    with pytest.raises(ssl.SSLError, match="key.pem"):
        rig.server.recertify()
    assert len(rig.pair()[0].peercert["subjectAltName"]) == 2


def test_certificates_that_cannot_be_used_change_nothing(rigged, certs, tmp_path):
    rig = rigged()
    before = rig.server.context, rig.server.certpath
    with pytest.raises(FileNotFoundError, match="missing.pem"):
        rig.server.recertify(certpath=tmp_path / "missing.pem")
    assert before == (rig.server.context, rig.server.certpath)
    rig.pair()


def test_a_given_context_is_replaced_by_a_given_context(rigged, certs):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    rig = rigged(context=context, certify=False)
    assert rig.server.context is context
    with pytest.raises(ValueError, match="give a context"):
        rig.server.recertify()
    again = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    rig.server.recertify(context=again, **certs.serving("localhost", "new.example", label="new", rsa=True))
    assert rig.server.context is again
    assert len(rig.pair()[0].peercert["subjectAltName"]) == 2


def test_the_context_is_made_once(rigged):
    rig = rigged()
    first, second = rig.pair(), rig.pair()
    assert first[1].context is second[1].context is rig.server.context


def test_attributes(certs):
    server = ServerTls(**certs.serving(), certify=False, version=ssl.TLSVersion.TLSv1_3, port=0)
    certpath, keypath = certs.issue("localhost")
    assert (server.version, server.certify, server.keypath, server.certpath, server.cafilepath) == (
        ssl.TLSVersion.TLSv1_3, False, keypath, certpath, None)
    assert server.cxes == {} and server.ixes == {} and not server.opened
    assert isinstance(server.context, ssl.SSLContext)
    assert ServerTls(**certs.serving()).context.verify_mode == ssl.CERT_REQUIRED


# -- under a Doist ----------------------------------------------------------------------------------------


class Talk(ClientDoer):
    """Sends data and is done once as much came back."""

    def __init__(self, client, data, **kwa):
        super().__init__(client, **kwa)
        self.data = data

    def enter(self, *, temp=None):
        super().enter(temp=temp)
        self.client.tx(self.data)

    def recur(self, tyme):
        self.client.service()
        self.ended = tyme
        return len(self.client.rxbs) >= len(self.data)


@pytest.mark.parametrize("room", [1 << 18, 900])
def test_doers_talk_by_readiness(rigged, room):
    rig = rigged(room=room)
    rig.server.close()
    data = bytes(range(256)) * 100
    doist = Doist(poller=rig.net.poller(), tock=1.0, limit=100.0)
    talks = [Talk(rig.client(opened=False), data) for _ in range(3)]
    server = EchoServerDoer(rig.server)
    doist.do(doers=[server, *talks])
    for talk in talks:
        assert talk.done and talk.client.rxbs == data
        assert talk.ended <= 1.0  # readiness, not ticks, takes it through its flights
    rig.clients.clear()


def test_a_handshake_that_stalls_wakes_its_doer_in_time(rigged):
    rig = rigged()
    rig.server.close()
    doist = Doist(poller=rig.net.poller(), tock=0.5, limit=30.0)
    socks = []

    class Dialer(EchoServerDoer):
        def enter(self, *, temp=None):
            super().enter(temp=temp)
            socks.append(rig.raw())

    doist.do(doers=[Dialer(rig.server)])
    assert over(socks[0])


def test_an_idle_servant_rests(rigged):
    rig = rigged()
    rig.server.close()
    doist = Doist(poller=rig.net.poller(), tock=0.5, limit=1000.0)
    turns = []
    service = rig.server.service
    rig.server.service = lambda: turns.append(doist.tyme) or service()
    client = rig.client(opened=False)
    doist.do(doers=[EchoServerDoer(rig.server), ClientDoer(client)])
    assert client.ca in rig.server.ixes
    assert len(turns) < 12
