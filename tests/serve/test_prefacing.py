"""The PROXY protocol: in every cut, before requests and before TLS, and from those who are trusted only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.serve.prefacing import SIGNATURE, BadPreface, Preface, PrefacedHttpServer, PrefacedServer, readPreface
from hio.serve.trusting import Trust
from tests.core.http.apps import echo, told
from tests.core.http.driving import Rig

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
LINE = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"


def block(command=1, family=0x11, body=b"\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb", version=2, size=None):
    """Return a preface of version 2."""
    head = bytes([version << 4 | command, family]) + (len(body) if size is None else size).to_bytes(2, "big")
    return SIGNATURE + head + body


SIX = bytes.fromhex("20010db8000000000000000000000001") * 2 + b"\x12\x67\x01\xbb"

WHOLE = [
    (LINE, ("192.0.2.7", 4711)),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", ("2001:db8::1", 4711)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    (block(), ("192.0.2.7", 4711)),
    (block(body=b"\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb\x04\x00\x01x"), ("192.0.2.7", 4711)),  # with a TLV
    (block(family=0x21, body=SIX), ("2001:db8::1", 4711)),
    (block(command=0, family=0, body=b""), None),
    (block(family=0x31, body=bytes(216)), None),  # a UNIX-domain socket at the proxy
]


@pytest.mark.parametrize("raw, source", WHOLE)
def test_what_it_says(raw, source):
    for end in range(len(raw)):
        preface = readPreface(raw[:end])
        assert not preface.whole and preface.size <= end
    assert readPreface(raw) == readPreface(raw + GET) == Preface(len(raw), True, source)


@pytest.mark.parametrize("raw", [
    GET, b"\x16\x03\x01", b"PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n", b"PROXY TCP4 x 198.51.100.1 1 2\r\n",
    b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n",
    b"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n", b"PROXY " + b"x" * 107, b"PROXY  TCP4\r\n",
    block(version=1), block(command=2), block(body=b"\0" * 11), block(size=65535),
])
def test_what_is_none(raw):
    with pytest.raises(BadPreface):
        readPreface(raw)


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_else(raw):
    for data in (raw, b"PROXY " + raw, SIGNATURE + raw):
        try:
            preface = readPreface(data)
        except BadPreface:
            continue
        assert 0 <= preface.size <= len(data)


# ---------------------------------------------------------------- over a network


class Proxied(PrefacedHttpServer):
    """A server whose servant expects the protocol."""

    trusted = ("127.0.0.1",)

    def make(self, *, ha, host, port, scheme, bufsize, wl, **kwa):
        return PrefacedServer(trust=Trust(self.trusted), ha=ha, bs=bufsize, **kwa)


class Untrusting(Proxied):
    trusted = ("10.0.0.0/8",)


@pytest.fixture
def rigs():
    made = []

    def make(kind=Proxied):
        made.append(Rig(echo, kind=kind))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def callers(rig):
    return rig.server.servant.callers


@pytest.mark.parametrize("raw, source", WHOLE)
def test_a_request_comes_from_whom_the_proxy_says(rigs, raw, source):
    rig = rigs()
    drips = [bytes([byte]) for byte in raw[:40]]
    for pieces in ([raw + GET], [raw, GET], [raw[:5], raw[5:] + GET], [*drips, raw[40:] + GET]):
        peer = rig.dial(taken=False)
        (answer,) = peer.ask(*pieces)
        environ = told(answer)
        want = source or ("127.0.0.1", peer.ca[1])
        assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == (want[0], str(want[1]))
    assert not callers(rig)


def test_the_connection_goes_on_as_any_other(rigs):
    rig = rigs()
    peer = rig.dial(taken=False)
    answers = peer.ask(LINE + GET * 3, count=3)
    assert {told(answer)["REMOTE_ADDR"] for answer in answers} == {"192.0.2.7"}


@pytest.mark.parametrize("raw", [GET, b"PROXY nonsense\r\n", SIGNATURE + b"\xff" * 20])
def test_a_trusted_address_that_does_not_speak_it_is_closed(rigs, raw):
    rig = rigs()
    peer = rig.dial(taken=False)
    peer.send(raw)
    rig.until(lambda: peer.gone)
    assert not peer.rx and not callers(rig)


def test_one_that_says_nothing_is_closed_in_time(rigs):
    rig = rigs()
    peer = rig.dial(taken=False)
    rig.until(lambda: callers(rig))
    peer.send(LINE[:9])
    rig.wait(4.9)
    assert not peer.gone
    rig.wait(0.2)
    assert peer.gone and not callers(rig)


def test_one_that_leaves_before(rigs):
    rig = rigs()
    peer = rig.dial(taken=False).send(LINE[:9])
    peer.close()
    rig.until(lambda: not callers(rig))


def test_nobody_else_may_speak_it(rigs):
    rig = rigs(Untrusting)
    (answer,) = rig.dial().ask(LINE + GET)
    assert answer.status == 400
    (answer,) = rig.dial().ask(GET)
    assert told(answer)["REMOTE_ADDR"] == "127.0.0.1"


def test_a_server_that_closes(rigs):
    rig = rigs()
    peer = rig.dial(taken=False).send(LINE[:9])
    rig.until(lambda: callers(rig))
    rig.server.close()
    rig.turn()
    assert peer.gone and not callers(rig)
