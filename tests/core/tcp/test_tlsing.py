"""TlsFilter: handshakes and data in every cut, both versions, and the ends that must not be taken for each other."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hio.core.tcp.certifying import initClientContext, initServerContext
from hio.core.tcp.tlsing import RECORD, TlsFilter, reason

VERSIONS = [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2]
WHOLE = 1 << 30


class Pair:
    """A client's and a server's filter, and the bytes between them moved in pieces of size."""

    def __init__(self, certs, version=None, host="localhost", session=None, clientContext=None, serverContext=None):
        self.serverContext = serverContext or initServerContext(certify=False, **certs.serving())
        self.clientContext = clientContext or initClientContext(
            version=version, hostify=True, cafilepath=certs.cafilepath
        )
        self.server = TlsFilter(self.serverContext, server=True)
        self.client = TlsFilter(self.clientContext, hostname=host, session=session)
        self.got = {self.server: bytearray(), self.client: bytearray()}

    def carry(self, source, target, pieces):
        """Move what source has for target, in the sizes that pieces gives; return whether there was anything."""
        data = source.take()
        at = 0
        while at < len(data):
            size = next(pieces)
            target.feed(data[at : at + size])
            at += size
            if target.shake():
                self.got[target] += target.unseal()
        return bool(data)

    def run(self, size=WHOLE, pieces=None):
        """Let both shake hands and talk until neither has anything to say; return self."""
        pieces = pieces or iter(lambda: size, None)
        self.client.shake()
        while self.carry(self.client, self.server, pieces) | self.carry(self.server, self.client, pieces):
            pass
        return self


@pytest.fixture(params=VERSIONS, ids=["1.3", "1.2"])
def version(request):
    return request.param


def random(size):
    """Return size bytes without a pattern that a mistake could hide in."""
    return bytes((i * i + i // 251) & 255 for i in range(size))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 16, 64, 100, 517, 1000, WHOLE])
def test_handshake_and_data_in_every_cut(certs, version, size):
    pair = Pair(certs, version)
    assert pair.client.version is None
    pair.run(size)
    assert pair.client.established and pair.server.established
    assert pair.client.version == pair.server.version == {0x304: "TLSv1.3", 0x303: "TLSv1.2"}[version]
    request, answer = random(300), random(5 * 1000)
    pair.client.seal(request)
    pair.server.seal(answer)
    pair.run(size)
    assert pair.got[pair.server] == request
    assert pair.got[pair.client] == answer
    assert not pair.client.outgoing.pending and not pair.server.outgoing.pending


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_any_sequence_of_cuts(certs, sizes):
    def cycle():
        while True:
            yield from sizes

    pair = Pair(certs).run(pieces=cycle())
    pair.server.seal(random(2000))
    pair.run(pieces=cycle())
    assert pair.got[pair.client] == random(2000)


def test_all_records_of_one_feed_are_unsealed_at_once(certs, version):
    pair = Pair(certs, version).run()
    pieces = [random(n) for n in (1, RECORD, 3, RECORD, 100)] * 3
    for piece in pieces:
        pair.server.seal(piece)
    pair.client.feed(pair.server.take())
    assert pair.client.unseal() == b"".join(pieces)
    assert pair.client.unseal() == b""


def test_what_comes_along_with_the_last_flight(certs):
    pair = Pair(certs)
    pair.client.shake()
    pair.server.feed(pair.client.take())
    assert not pair.server.shake()
    pair.client.feed(pair.server.take())
    assert pair.client.shake()
    pair.client.seal(b"request")
    pair.client.end()
    pair.server.feed(pair.client.take())
    assert pair.server.shake()
    assert pair.server.unseal() == b"request"
    assert pair.server.notified


def test_a_record_cut_short_is_nothing_yet(certs, version):
    pair = Pair(certs, version).run()
    pair.client.seal(b"whole")
    record = pair.client.take()
    for at in range(len(record) - 1):
        pair.server.feed(record[at : at + 1])
        assert pair.server.unseal() == b""
    pair.server.feed(record[-1:])
    assert pair.server.unseal() == b"whole"
    assert not pair.server.notified and pair.server.failure is None


def test_close_notify_ends_one_direction(certs, version):
    pair = Pair(certs, version).run()
    pair.client.seal(b"last words")
    pair.client.end()
    pair.client.end()  # once is enough
    pair.run()
    assert pair.got[pair.server] == b"last words"
    assert pair.server.notified and not pair.server.ended
    assert pair.client.ended and not pair.client.notified
    pair.server.seal(b"answer")
    pair.server.end()
    pair.run()
    assert pair.got[pair.client] == b"answer"
    assert pair.client.notified and pair.client.failure is None
    with pytest.raises(ssl.SSLError):
        pair.client.seal(b"too late")


def test_what_follows_close_notify_is_not_read(certs):
    pair = Pair(certs).run()
    pair.client.seal(b"first")
    first = pair.client.take()
    pair.client.end()
    pair.server.feed(first + pair.client.take() + first)
    assert pair.server.unseal() == b"first"
    assert pair.server.unseal() == b""
    assert pair.server.notified and pair.server.failure is None


def test_end_says_nothing_before_a_handshake_or_after_a_failure(certs):
    pair = Pair(certs)
    pair.client.end()
    assert pair.client.take() == b"" and not pair.client.ended
    pair.run()
    pair.server.feed(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert pair.server.unseal() == b""
    assert pair.server.failure is not None
    pair.server.take()  # the alert
    pair.server.end()
    assert pair.server.take() == b""


def test_a_broken_record_does_not_take_what_came_before(certs, version):
    pair = Pair(certs, version).run()
    pair.client.seal(b"good")
    good = pair.client.take()
    pair.client.seal(b"bad")
    bad = bytearray(pair.client.take())
    bad[-1] ^= 1
    pair.server.feed(good + bad)
    assert pair.server.unseal() == b"good"
    assert isinstance(pair.server.failure, ssl.SSLError)
    alert = pair.server.take()
    pair.client.feed(alert)
    assert pair.client.unseal() == b""
    assert "bad record mac" in reason(pair.client.failure)


@pytest.mark.parametrize("garbage, text", [
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "http request"),
    (b"SSH-2.0-OpenSSH_9.2\r\n" + bytes(99), "wrong version number"),
    (bytes(100), ""),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xff" * 600, ""),
])
@pytest.mark.parametrize("size", [1, WHOLE])
def test_garbage_in_place_of_a_hello(certs, garbage, text, size):
    server = TlsFilter(initServerContext(certify=False, **certs.serving()), server=True)
    for at in range(0, len(garbage), min(size, len(garbage))):
        server.feed(garbage[at : at + size])
        assert not server.shake()
    assert text in reason(server.failure)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=300), established=st.booleans())
def test_garbage_raises_nothing(certs, data, established):
    pair = Pair(certs)
    if established:
        pair.run()
        pair.server.feed(b"\x17\x03\x03" + data)
        assert pair.server.unseal() == b""
    else:
        pair.server.feed(data)
        assert not pair.server.shake()
        assert not pair.server.shake()
    pair.server.end()
    pair.server.take()


def refused(certs, text, host="localhost", serving=None, **kwa):
    """Run a handshake that the client must break off for a reason that holds text, and tell the server."""
    pair = Pair(certs, host=host, clientContext=initClientContext(**({"cafilepath": certs.cafilepath} | kwa)),
                serverContext=initServerContext(certify=False, **(serving or certs.serving())))
    pair.run()
    assert not pair.client.established
    assert text in reason(pair.client.failure)
    assert "alert" in reason(pair.server.failure)


def test_wrong_host(certs):
    refused(certs, "certificate is not valid for 'elsewhere.example'", host="elsewhere.example")
    refused(certs, "IP address mismatch", host="127.0.0.1")


def test_expired(certs):
    refused(certs, "certificate has expired", serving=certs.serving("localhost", label="old", expired=True))


def test_untrusted(certs, strangers):
    refused(certs, "unable to get local issuer certificate", serving=strangers.serving())
    refused(certs, "unable to get local issuer certificate", cafilepath=None)  # the system's store knows neither


def test_no_version_in_common(certs):
    server = initServerContext(certify=False, version=ssl.TLSVersion.TLSv1_2, **certs.serving())
    client = initClientContext(version=ssl.TLSVersion.TLSv1_3, cafilepath=certs.cafilepath)
    pair = Pair(certs, clientContext=client, serverContext=server).run()
    assert reason(pair.server.failure) == "unsupported protocol"
    assert "protocol version" in reason(pair.client.failure)


def test_a_session_is_resumed(certs, version):
    first = Pair(certs, version).run()
    assert not first.client.obj.session_reused
    again = Pair(certs, version, session=first.client.obj.session, clientContext=first.clientContext,
                 serverContext=first.serverContext).run()
    assert again.client.obj.session_reused and again.server.obj.session_reused


def test_hostname_is_demanded_where_it_is_checked(certs):
    with pytest.raises(ValueError, match="hostname must be given"):
        Pair(certs, host=None)


@pytest.mark.parametrize("ex, text", [
    (ssl.SSLError(1, "[SSL: X] decorated"), "[SSL: X] decorated"),
    (ConnectionResetError(104, "reset by peer"), "[Errno 104] reset by peer"),
])
def test_reason(ex, text):
    assert reason(ex) == text
