"""HTTP over TLS on a simulated network: whole exchanges, how they end, what the application learns."""

from __future__ import annotations

import gc
import weakref

import pytest

from hio.core.http.serving import BareServer, Server
from hio.core.tcp import Server as TcpServer, ServerTls
from hio.sim import SimNet
from tests.core.http.apps import App, echo, hello, told
from tests.core.http.reading import answers
from tests.core.tcp.certificates import Certificates
from tests.core.tcp.pairs import TLS12, TLS13, SecurePairs, over

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
BIG = bytes(range(251)) * 8000


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certs"))


class Rig(SecurePairs):
    """A server of HTTP over TLS, with clients that speak TLS and say what the test has them say."""

    def __init__(self, certs, app=hello, kind=Server, **kwa):
        app = {"app": app} if kind is Server else {}
        self.Kind = lambda bs=8096, **kwa: kind(scheme="https", bufsize=bs, **app, **kwa)
        super().__init__(certs, **{"tymeout": None} | kwa)

    def ask(self, client, data, count=1, methods=()):
        """Send data and return what answers came once there are count, or the connection ended."""
        client.tx(data)

        def done():
            came = answers(client.rxbs, methods, client.cutoff)
            return client.cutoff or sum(answer.whole for answer in came) >= count

        self.until(done)
        return answers(client.rxbs, methods, client.cutoff)


@pytest.fixture
def rigged(certs):
    """A function that makes a Rig, closed at the end."""
    rigs = []

    def make(*pa, **kwa):
        rigs.append(Rig(certs, *pa, **kwa))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture(params=[None, TLS12], ids=["1.3", "1.2"])
def version(request):
    return request.param


# -- exchanges --------------------------------------------------------------------------------------------


def test_the_answer_comes_in_the_turn_in_which_the_handshake_ends(rigged):
    rig = rigged()
    client = rig.client()
    client.tx(GET % b"/first")
    client.service()
    client.service()  # hello
    rig.turn()  # its flight; finished, and the request
    assert client.connected and not rig.server.servant.ixes
    rig.turn()
    assert answers(client.rxbs)[0].body == b"/first"


def test_one_after_the_other_on_one_connection(rigged, version):
    rig = rigged()
    client = rig.client(version=version)
    for number in range(1, 6):
        assert len(rig.ask(client, GET % b"/%d" % number, number)) == number
    assert [answer.body for answer in answers(client.rxbs)] == [b"/1", b"/2", b"/3", b"/4", b"/5"]
    assert len(rig.server.servant.ixes) == 1 and client.alpn is None


def test_pipelined(rigged, version):
    rig = rigged()
    came = rig.ask(rig.client(version=version), b"".join(GET % b"/%d" % number for number in range(10)), 10)
    assert [answer.body for answer in came] == [b"/%d" % number for number in range(10)]


@pytest.mark.parametrize("room", [1 << 18, 5000])
def test_much_both_ways(rigged, version, room):
    def mirror(environ, start_response):
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body[::-1]]

    rig = rigged(mirror, room=room)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(BIG)
    (answer,) = rig.ask(rig.client(version=version), head + BIG)
    assert answer.body == BIG[::-1]


def test_an_application_waits_for_a_peer_that_does_not_read(rigged):
    app = App([b"x" * 50000] * 100)
    rig = rigged(app, room=20000)
    client = rig.client()
    rig.until(lambda: client.connected)
    rig.clients.clear()
    client.tx(GET % b"/")
    client.service()
    rig.turn(50)
    assert 1 <= app.iterables[0].taken < 20
    (ix,) = rig.server.servant.ixes.values()
    assert len(ix.txbs) < 500000 and len(ix.sealed) < 70000
    rig.clients.append(client)
    rig.until(lambda: app.iterables[0].closed)
    rig.until(lambda: not ix.txbs)


def test_alpn_is_http_1(rigged):
    rig = rigged()
    client = rig.client(alpn=["h2", "http/1.1"])
    rig.ask(client, GET % b"/")
    assert client.alpn == "http/1.1"


# -- ends -------------------------------------------------------------------------------------------------


def test_the_last_answer_ends_with_close_notify(rigged, version):
    rig = rigged()
    client = rig.client(version=version)
    rig.ask(client, b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    rig.until(lambda: client.cutoff)
    assert not client.truncated and client.failure is None
    rig.until(lambda: not rig.server.reqs)
    assert not rig.server.servant.ixes


def test_a_body_that_the_end_delimits(rigged, version):
    rig = rigged(App([b"all ", b"of ", b"it"]))
    client = rig.client(version=version)
    client.tx(b"GET / HTTP/1.0\r\n\r\n")
    rig.until(lambda: client.cutoff)
    assert client.rxbs.endswith(b"\r\n\r\nall of it") and not client.truncated


def test_a_body_that_is_broken_off_is_seen_as_truncated(rigged, version):
    rig = rigged(App([b"all ", b"of ", RuntimeError("no more")]))
    client = rig.client(version=version)
    client.tx(b"GET / HTTP/1.0\r\n\r\n")
    rig.until(lambda: client.cutoff)
    assert client.truncated


def test_a_client_that_half_closes_after_its_request_is_answered(rigged):
    rig = rigged()
    client = rig.client(version=TLS13)
    client.tx(GET % b"/half")
    rig.until(lambda: client.connected)
    client.shutdownSend()
    rig.until(lambda: client.cutoff)
    assert answers(client.rxbs)[0].body == b"/half" and not client.truncated
    assert not rig.server.reqs


def test_garbage_in_the_stream_ends_one_connection(rigged):
    rig = rigged()
    bad, good = rig.client(), rig.client()
    rig.ask(bad, GET % b"/bad")
    rig.ask(good, GET % b"/good")
    bad.cs.send(b"no record at all")
    rig.turn(2)
    assert bad.cutoff and len(rig.server.reqs) == len(rig.server.servant.ixes) == 1
    assert len(rig.ask(good, GET % b"/good", 2)) == 2
    rig.server.close()
    assert not rig.server.reqs


def test_a_handshake_that_stalls_is_ended_by_tyme(rigged):
    rig = rigged()
    sock = rig.raw()
    rig.turn()
    assert rig.server.rest() == 0.0
    rig.tymist.tick(tock=rig.server.limits.handshakeTymeout)
    rig.turn()
    assert over(sock) and not rig.server.servant.cxes and not rig.server.reqs


def test_an_idle_connection_ends_with_close_notify(rigged):
    rig = rigged(tymeout=3.0)
    client = rig.client()
    rig.ask(client, GET % b"/")
    rig.tymist.tick(tock=3.0)
    rig.until(lambda: client.cutoff)
    assert not client.truncated and not rig.server.reqs


@pytest.mark.parametrize("way", ["close", "cut", "garbage", "tymeout"])
def test_nothing_of_a_connection_waits_for_a_collection(rigged, version, way):
    """No cycle keeps what there was of a connection that is over, and its cipher, until garbage is collected."""
    rig = rigged(tymeout=3.0)
    client = rig.client(version=version)
    rig.ask(client, GET % b"/")
    [ix] = rig.servant.ixes.values()
    kept = [weakref.ref(thing) for thing in (ix, ix.tls.obj, ix.protocol)]
    del ix
    gc.collect()
    gc.disable()
    try:
        if way == "garbage":
            client.cs.send(b"this is no record of TLS")
        elif way != "tymeout":
            getattr(client, way)()
        for _ in range(3):
            rig.turn()
            rig.tymist.tick(tock=10.0)
        rig.until(lambda: not rig.server.reqs)
        assert [ref() for ref in kept if ref() is not None] == []
    finally:
        gc.enable()


# -- what the application learns --------------------------------------------------------------------------


def test_environ(rigged, version):
    rig = rigged(echo)
    environ = told(*rig.ask(rig.client(version=version), GET % b"/"))
    assert environ["wsgi.url_scheme"] == "https" and environ["HTTPS"] == "on"
    assert environ["SSL_PROTOCOL"] == ("TLSv1.2" if version else "TLSv1.3")
    assert "AES" in environ["SSL_CIPHER"] or "CHACHA" in environ["SSL_CIPHER"]
    assert environ["SSL_TLS_SNI"] == "localhost"
    assert environ["SSL_CLIENT_VERIFY"] == "NONE" and "SSL_CLIENT_S_DN" not in environ
    assert environ["SERVER_PORT"] == "443"


def test_environ_of_a_client_with_a_certificate(rigged, certs, version):
    app = App([b"ok"])
    rig = rigged(app, certify=None, cafilepath=certs.cafilepath)
    certpath, keypath = certs.issue("joe@example.com", common_name="joe", organization_name="Acme, Inc.")
    client = rig.client(version=version, certpath=certpath, keypath=keypath)
    rig.ask(client, b"GET / HTTP/1.1\r\nHost: a\r\nSSL-Client-S-DN: CN=root\r\n\r\n")
    (environ,) = app.calls
    assert environ["SSL_CLIENT_VERIFY"] == "SUCCESS"
    assert environ["SSL_CLIENT_S_DN"].startswith("CN=joe,OU=Testing cert")
    assert environ["SSL_CLIENT_S_DN"].endswith(",O=Acme\\, Inc.")
    assert "trustme" in environ["SSL_CLIENT_I_DN"]
    assert int(environ["SSL_CLIENT_M_SERIAL"], 16) > 0
    assert environ["SSL_CLIENT_CERT"] == certpath.read_text()
    assert environ["hio.peercert"]["subjectAltName"] == (("email", "joe@example.com"),)
    assert environ["SSL_CLIENT_V_END"] == environ["hio.peercert"]["notAfter"]


def test_a_plain_server_says_nothing_of_tls(certs):
    app = App([b"ok"])
    server = Server(app=app, ha=("", 80), net=SimNet())
    assert server.scheme == "http" and not server.secured
    assert server.reopen()
    assert not [name for name in server.template if name.startswith("SSL_")]
    server.close()


def test_a_bare_server_over_tls(rigged):
    rig = rigged(kind=BareServer)
    (answer,) = rig.ask(rig.client(), GET % b"/bare")
    assert answer.status == 200


def test_scheme_and_servant_must_agree(certs):
    for scheme, servant in [("http", ServerTls(**certs.serving())), ("https", TcpServer())]:
        with pytest.raises(ValueError, match="contradicts"):
            Server(scheme=scheme, servant=servant)
    assert Server(servant=ServerTls(**certs.serving())).scheme == "https"
