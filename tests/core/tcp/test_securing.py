"""TLS streams over a simulated network: data and backpressure, the several ends, and tyme."""

from __future__ import annotations

import socket
import ssl

import pytest

from hio.core.tcp import RemoterTls
from hio.core.tcp.securing import SealMark
from hio.core.tcp.tlsing import TlsError
from hio.core.wiring import WireLog
from tests.core.tcp.pairs import accepted, TLS12, TLS13

BIG = bytes(range(251)) * 42000  # 10.5 MB, of no period that a buffer has


# -- cadence ----------------------------------------------------------------------------------------------


def test_cadence_of_tls_13(rigged):
    """Server first, then client: connected in turn 3, and a request that waits is received in turn 4."""
    rig = rigged()
    client = rig.client()
    client.tx(b"request")
    facts = []
    for _ in range(4):
        rig.turn()
        facts.append((client.accepted, client.connected, len(rig.server.cxes), len(rig.server.ixes)))
    assert facts == [(False, False, 0, 0), (True, False, 1, 0), (True, True, 1, 0), (True, True, 0, 1)]
    assert rig.server.ixes[client.ca].rxbs == b"request"
    assert not client.txbs


def writes(rig, way):
    """Return how many writes went over the wire so far: way ">" from the clients, "<" from the servant."""
    return sum(event.kind == "send" and event.way == way for event in rig.net.network.trace)


def test_the_last_flight_and_the_request_leave_in_one_write(rigged):
    rig = rigged()
    client = rig.client()
    client.tx(b"request")
    rig.until(lambda: client.connected)
    assert writes(rig, ">") == 2  # hello; finished and request


# -- data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [1 << 18, 4000, 100, 17, 1])
def test_every_size_of_buffer(rigged, version, room):
    rig = rigged(room=room)
    client = rig.client(version=version)
    data = BIG[: 20000 if room > 100 else 2000]
    client.tx(data)
    rig.until(lambda: client.ca in rig.server.ixes)
    ix = rig.server.ixes[client.ca]
    ix.tx(data[::-1])
    rig.until(lambda: len(ix.rxbs) == len(client.rxbs) == len(data))
    assert ix.rxbs == data and client.rxbs == data[::-1]
    assert not client.txbs and not ix.txbs


def test_10_megabytes_both_ways_through_small_buffers(rigged, version):
    rig = rigged(room=30000)
    client, ix = rig.pair(version=version)
    client.tx(BIG)
    ix.tx(BIG)
    rig.until(lambda: len(ix.rxbs) == len(client.rxbs) == len(BIG))
    assert ix.rxbs == BIG and client.rxbs == BIG
    assert not client.txbs and not ix.txbs


def test_txbs_holds_what_the_peer_does_not_take(rigged):
    rig = rigged(room=10000)
    client, ix = rig.pair()
    ix.tx(BIG[:1000000])
    for _ in range(10):
        rig.server.service()
    assert 1000000 - 20000 <= len(ix.txbs) < 1000000  # room here and over there
    assert len(ix.sealed) <= SealMark * 1.01
    left = len(ix.txbs)
    client.service()  # takes what is there
    rig.server.service()
    assert len(ix.txbs) < left
    rig.until(lambda: not ix.txbs)
    rig.until(lambda: len(client.rxbs) == 1000000)
    assert client.rxbs == BIG[:1000000]


def test_txbs_that_were_dropped_meanwhile_leave_no_hole(rigged):
    rig = rigged(room=10000)
    client, ix = rig.pair()
    ix.tx(BIG[:100000])
    rig.server.service()
    gone = 100000 - len(ix.txbs)
    ix.txbs.clear()
    rig.until(lambda: not ix.sealed)
    assert BIG.startswith(client.rxbs) and len(client.rxbs) >= gone
    ix.tx(b"and on")
    rig.until(lambda: client.rxbs.endswith(b"and on"))
    ix.tx(BIG[:100000])
    rig.server.service()
    ix.txbs.clear()
    ix.tx(BIG[:100000])
    rig.until(lambda: not ix.txbs)
    rig.until(lambda: client.rxbs.endswith(BIG[:100000]))


def test_raw_receive_and_send(rigged):
    rig = rigged()
    client, ix = rig.pair(bs=10)
    assert client.receive() is None
    assert ix.send(b"twenty-five bytes in all.") == 25
    assert [client.receive(), client.receive(), client.receive(), client.receive()] == [
        b"twenty-fiv", b"e bytes in", b" all.", None]
    ix.shutdownSend()
    assert not client.cutoff
    assert client.receive() == b"" and client.cutoff and not client.truncated
    assert client.receive() == b""
    with pytest.raises(BrokenPipeError):
        ix.send(b"more")
    for stream in (client, ix):
        stream.close()
        with pytest.raises(AttributeError):
            stream.receive()
        with pytest.raises(AttributeError):
            stream.send(b"x")


def test_raw_send_counts_what_was_taken(rigged):
    rig = rigged(room=50000)
    client, ix = rig.pair()
    data = BIG[:300000]
    sent = 0
    while sent < len(data):
        sent += ix.send(data[sent:])
        client.serviceReceives()
    client.serviceReceives()
    assert client.rxbs == data


def test_before_the_handshake_raw_calls_move_nothing(rigged):
    rig = rigged()
    client = accepted(rig)
    assert client.receive() is None
    assert client.send(b"x") == 0


def test_a_read_of_the_socket_leaves_nothing_inside(rigged, version):
    """A poller tells of sockets only: one that was emptied must have nothing left in TLS."""
    rig = rigged()
    client, ix = rig.pair(version=version)
    for _ in range(50):
        client.tx(b"x" * 300)
        client.serviceSends()
    assert ix.serviceReceiveOnce() == 15000
    assert not ix.cs.unread and not ix.tls.incoming.pending and not ix.tls.obj.pending()


def test_what_came_with_the_handshake_is_received_in_its_turn(rigged):
    rig = rigged()
    client = rig.client()
    client.tx(b"request")
    rig.until(lambda: client.connected)
    client.close()
    rig.server.service()
    ix = rig.server.ixes[client.ca]
    assert ix.rxbs == b"request"
    rig.server.service()
    assert ix.cutoff and not ix.truncated


def test_push_sends_at_once_and_queues_the_rest(rigged):
    rig = rigged(room=20000)
    client, ix = rig.pair()
    ix.push(b"small")
    assert not ix.txbs
    ix.push(BIG[:50000])
    ix.push(b"end")
    assert ix.txbs
    rig.until(lambda: not ix.txbs)
    rig.until(lambda: client.rxbs.endswith(b"end"))
    assert client.rxbs == b"small" + BIG[:50000] + b"end"


def test_wire_log_has_plaintext(rigged):
    wl = WireLog(samed=True)
    wl.reopen()
    rig = rigged(wl=wl)
    client, ix = rig.pair()
    client.tx(b"abc")
    rig.turn(2)
    ix.tx(b"def")
    rig.turn(2)
    who = str(ix.ca).encode()
    assert wl.readRx() == b"\nRx " + who + b":\nabc\n\nTx " + who + b":\ndef\n"
    wl.close()


def test_without_tyme_all_but_tymeouts_works(rigged):
    rig = rigged(wound=False)
    client, ix = rig.pair()
    client.tx(b"abc")
    rig.until(lambda: ix.rxbs == b"abc")
    assert ix.tymer.duration == 0.0


def test_a_stream_by_hand(rigged, certs):
    """RemoterTls makes a context of its own from files, and needs no servant."""
    rig = rigged()
    client = accepted(rig)
    cs, ca = rig.server.accept()
    ix = RemoterTls(ha=rig.server.ha, ca=ca, cs=cs, certify=False, **certs.serving())
    assert not ix.connected and not ix.aborted and ix.peercert is ix.alpn is ix.cipher is ix.sni is None
    assert not ix.resumed
    while not ix.handshake():
        client.serviceConnect()
    assert ix.connected and client.connected
    ix.tx(b"abc")
    ix.serviceSends()
    client.serviceReceives()
    assert client.rxbs == b"abc"
    ix.close()


# -- facts ------------------------------------------------------------------------------------------------


def test_facts_of_both_sides(rigged, certs, version):
    rig = rigged(alpn=["http/1.1"], certify=ssl.CERT_OPTIONAL, cafilepath=certs.cafilepath)
    certpath, keypath = certs.issue("joe@example.com", common_name="joe")
    client, ix = rig.pair(version=version, alpn=["h2", "http/1.1"], certpath=certpath, keypath=keypath)
    assert client.alpn == ix.alpn == "http/1.1"
    assert client.sni == ix.sni == "localhost"
    assert client.tlsVersion == ix.tlsVersion == ("TLSv1.3" if version is TLS13 else "TLSv1.2")
    assert client.cipher == ix.cipher and ix.cipher[2] >= 128
    assert client.peercert["subjectAltName"] == (("DNS", "localhost"),)
    assert ((("commonName", "joe"),)) in ix.peercert["subject"]
    other, ox = rig.pair(version=version)
    assert other.alpn is ox.alpn is ox.peercert is None
    assert repr(ix).startswith("<RemoterTls ")


def test_an_address_is_checked_but_not_sent(rigged, certs):
    rig = rigged(**certs.serving("127.0.0.1", "localhost", label="both"))
    client, ix = rig.pair(certedhost="127.0.0.1")
    assert client.sni is ix.sni is None


def test_a_client_needs_a_name_to_check(rigged, certs):
    rig = rigged()
    with pytest.raises(ValueError, match="certedhost must name"):
        rig.client(host="")


def test_sessions_are_resumed(rigged, version):
    rig = rigged()
    client, ix = rig.pair(version=version)
    assert not client.resumed and not ix.resumed
    client.tx(b"x")
    rig.turn(3)  # tickets of TLS 1.3 come after the handshake
    session = client.session
    assert session is not None
    for _ in range(3):
        client.reopen()
        rig.until(lambda: client.connected and client.ca in rig.server.ixes)
        assert client.resumed and rig.server.ixes[client.ca].resumed
        rig.turn(2)
    other, ix = rig.pair(version=version, context=client.context, hostify=None, cafilepath=None, session=session)
    assert other.resumed


def test_a_session_is_for_one_host_and_one_context(rigged, certs):
    rig = rigged(**certs.serving("localhost", "other.example", label="both names"))
    client, ix = rig.pair()
    rig.turn(3)
    session = client.session
    other, ix = rig.pair(session=session)  # of another context: no use, and no harm
    assert other.connected and not other.resumed
    client.certedhost = "other.example"
    assert client.session is None
    client.reopen()
    rig.until(lambda: client.connected)
    assert not client.resumed


# -- ends -------------------------------------------------------------------------------------------------


def test_a_clean_close_is_no_truncation(rigged, version):
    rig = rigged()
    client, ix = rig.pair(version=version)
    client.tx(b"last words")
    client.close()
    assert not client.connected and not client.opened and client.cs is None
    rig.clients.clear()
    rig.turn()
    assert ix.rxbs == b"last words" and ix.cutoff and not ix.truncated and ix.failure is None
    ix.close()
    ix.close()


def test_an_end_without_close_notify_is_a_truncation(rigged, version):
    rig = rigged()
    client, ix = rig.pair(version=version)
    ix.tx(b"part of it")
    rig.server.service()
    ix.cs.shutdown(socket.SHUT_WR)
    client.service()
    assert client.rxbs == b"part of it" and client.cutoff and client.truncated and not client.broken
    client.reopen()
    assert not client.truncated and not client.cutoff


def test_a_reset_is_a_truncation_and_a_failure(rigged):
    rig = rigged()
    client, ix = rig.pair()
    ix.tx(b"never seen")
    ix.cut()
    client.service()
    assert client.cutoff and client.broken and client.truncated
    assert isinstance(client.failure, ConnectionResetError)
    client.tx(b"x")
    assert not client.txbs


def test_a_cut_says_nothing_more(rigged):
    rig = rigged()
    client, ix = rig.pair()
    before = writes(rig, "<")
    ix.tx(b"queued")
    ix.cut()
    rig.turn(2)
    assert writes(rig, "<") == before and not ix.txbs and ix.cs is None


def test_half_close_of_tls_13(rigged):
    """Each direction ends by itself (RFC 8446, 6.1): what was accepted is still sent."""
    rig = rigged(room=5000)
    client, ix = rig.pair(version=TLS13)
    ix.tx(BIG[:50000])
    client.tx(b"question")
    client.shutdownSend()
    client.tx(b"dropped")
    rig.until(lambda: ix.cutoff)
    assert ix.rxbs == b"question" and not ix.truncated and not ix.shut
    rig.until(lambda: len(client.rxbs) == 50000)
    assert not client.cutoff
    ix.tx(b"more")
    rig.until(lambda: client.rxbs.endswith(b"more"))
    ix.shutdownSend()
    rig.until(lambda: client.cutoff)
    assert not client.truncated


def test_close_notify_in_tls_12_ends_both_directions(rigged):
    """It is answered at once, and what is not sent is discarded (RFC 5246, 7.2.1)."""
    rig = rigged(room=5000)
    client, ix = rig.pair(version=TLS12)
    ix.tx(BIG[:500000])
    rig.server.service()
    client.shutdownSend()
    rig.until(lambda: ix.cutoff)
    assert ix.shut and not ix.broken and not ix.txbs and ix.failure is None
    ix.tx(b"dropped")
    assert not ix.txbs
    rig.until(lambda: client.cutoff)
    assert not client.truncated  # whole records, then close_notify
    assert 0 < len(client.rxbs) < 500000 and BIG.startswith(client.rxbs)


def test_an_unknown_version_is_treated_strictly(rigged):
    rig = rigged()
    client, ix = rig.pair()
    ix.tls.version = "TLSv9"
    client.shutdownSend()
    rig.until(lambda: ix.cutoff)
    assert ix.shut
    rig.until(lambda: client.cutoff)
    assert not client.truncated


def test_close_notify_follows_all_that_was_queued(rigged):
    rig = rigged(room=3000)
    client, ix = rig.pair()
    sock = ix.cs
    ix.tx(BIG[:100000])
    ix.shutdownSend()
    assert ix.txbs and not sock.finishing
    rig.until(lambda: client.cutoff)
    assert client.rxbs == BIG[:100000] and not client.truncated
    assert sock.finishing and not ix.txbs
    ix.shutdownSend()  # again is no error


def test_close_with_much_queued_is_seen_as_a_truncation(rigged):
    """What the kernel does not take at once is lost, and the peer can tell."""
    rig = rigged(room=3000)
    client, ix = rig.pair()
    ix.tx(BIG[:100000])
    ix.close()
    rig.until(lambda: client.cutoff)
    assert client.truncated and len(client.rxbs) < 100000


def test_shutdown_receive_stops_reading_without_a_fact_about_the_peer(rigged):
    rig = rigged()
    client, ix = rig.pair()
    ix.shutdownReceive()
    client.tx(b"unread")
    rig.turn(3)
    assert ix.cutoff and not ix.truncated and not ix.rxbs
    ix.tx(b"still sent")
    rig.until(lambda: client.rxbs == b"still sent")
    ix.shutdown()
    rig.until(lambda: client.cutoff)
    assert not client.truncated


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", bytes(100), b"\x17\x03\x03\x00\x20" + bytes(32)],
                         ids=["http", "zeros", "record"])
def test_garbage_in_the_stream_ends_that_connection(rigged, garbage):
    rig = rigged()
    client, ix = rig.pair()
    other, ox = rig.pair()
    client.tx(b"good")
    client.serviceSends()
    client.cs.send(garbage)
    rig.server.service()
    assert ix.rxbs == b"good"
    assert ix.cutoff and ix.broken and ix.truncated
    assert isinstance(ix.failure, TlsError) and str(ix.ca) in str(ix.failure)
    client.service()
    assert client.broken and "'localhost' at ('127.0.0.1', 443)" in str(client.failure)  # the alert told
    other.tx(b"lives")
    rig.until(lambda: ox.rxbs == b"lives")
    rig.server.removeIx(ix.ca)
