"""HTTP clients over TLS: exchanges, the cadence of a stream, and errors that say what is wrong with a certificate."""

from __future__ import annotations

import pytest

from hio.base.tyming import Tymer, Tymist
from hio.core.http.bounding import Bounds
from hio.core.http.clienting import Client
from hio.core.http.serving import Server
from hio.core.tcp import ServerTls
from hio.sim import SimNet
from tests.core.http.apps import ticking
from tests.core.http.scripting import Stage, moved, ok
from tests.core.tcp.certificates import Certificates


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("strangers"))


class Secured(Stage):
    """A stage whose servers speak TLS, and clients that trust them. Servants that are raw say what the test tells them.
    """

    def __init__(self, certs):
        super().__init__()
        self.certs = certs

    def kwa(self, port, kwa):
        """Return the parameters of a server at port."""
        kwa = {"certify": False} | self.certs.serving("server") | kwa
        return {"ha": ("10.0.0.2", port), "net": self.host, "tymth": self.tymist.tymen()} | kwa

    def serve(self, app, port=443, **kwa):
        return self.open(Server(app=app, scheme="https", **self.kwa(port, kwa)))

    def raw(self, port=443, **kwa):
        return self.open(ServerTls(**self.kwa(port, kwa)))

    def client(self, port=443, **kwa):
        return super().client(port, hostname="server", scheme="https", **{"cafilepath": self.certs.cafilepath} | kwa)

    def pool(self):
        return super().pool(cafilepath=self.certs.cafilepath)


@pytest.fixture
def rig(certs):
    rig = Secured(certs)
    yield rig
    rig.close()


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [environ["wsgi.url_scheme"].encode()]


def test_exchanges(rig):
    rig.serve(hello)
    client = rig.client()
    assert client.secured
    for _ in range(3):
        client.request("GET", "/")
        rig.until(lambda: client.responses)
        assert client.respond().body == b"https"
    assert client.connector.connected


def test_awaiting(rig):
    rig.serve(hello)
    client, pool = rig.client(), rig.pool()
    calls = [client.get("/"), pool.get("https://server/"), pool.get("https://server:443/")]
    rig.until(lambda: all(call.done for call in calls))
    assert all(call.reply.body == b"https" for call in calls) and pool.size == 2


def test_a_redirect_between_servers(rig):
    def elsewhere(environ, start_response):
        start_response("307 Temporary Redirect", [("Location", "https://server:444/redirect?name=fame")])
        return []

    rig.serve(elsewhere)
    rig.serve(hello, port=444)
    client = rig.client()
    client.request("GET", "/", headers={"Accept": "x"})
    rig.until(lambda: client.responses)
    record = client.responses.popleft()
    assert record["body"] == b"https" and record["redirects"][0]["status"] == 307
    assert record["request"]["port"] == 444 and record["request"]["headers"]["Accept"] == "x"


@pytest.mark.parametrize(("host", "known"), [("server", True), ("10.0.0.2", False)])
def test_who_asks_is_told_to_other_ports_of_the_host_alone(rig, host, known):
    """A client certificate goes along with a redirect to another server on the same host, not to another host."""
    def moving(environ, start_response):
        start_response("307 Temporary Redirect", [("Location", f"https://{host}:444/")])
        return []

    def knowing(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["SSL_CLIENT_VERIFY"].encode()]

    asked = {"certify": True, "cafilepath": rig.certs.cafilepath}
    rig.serve(moving, **asked)
    rig.serve(knowing, port=444, **asked | rig.certs.serving(host))
    client = rig.client(**rig.certs.serving("me"))
    client.request("GET", "/", headers={})
    rig.until(lambda: client.responses)
    record = client.responses.popleft()
    if known:
        assert record["body"] == b"SUCCESS"
    else:
        assert record["errored"] and "certificate required" in record["error"]


def test_https_does_not_lead_to_http(rig):
    servant = rig.raw()
    client = rig.client()
    client.request("GET", "/")
    rig.until(lambda: any(ix.rxbs for ix in servant.ixes.values()))
    next(iter(servant.ixes.values())).tx(moved("http://server/"))
    rig.until(lambda: client.responses)
    assert client.responses[0]["errored"] and client.responses[0]["error"].startswith("redirect: from https to http")


@pytest.mark.parametrize("pooled", [False, True])
def test_a_certificate_of_strangers(rig, strangers, pooled):
    rig.raw(**strangers.serving("server"))
    call = rig.pool().get("https://server/") if pooled else rig.client().get("/")
    rig.until(lambda: call.done)
    assert call.reply.errored and call.reply.mishap.value == "TLS"
    assert "server" in call.reply.error and "certificate" in call.reply.error


@pytest.mark.parametrize(("label", "names", "kwa"), [
    ("other", ("other.example",), {}), ("old", ("server",), {"expired": True}),
])
def test_certificates_that_do_not_hold(rig, certs, label, names, kwa):
    rig.raw(**certs.serving(*names, label=label, **kwa))
    client = rig.client()
    client.request("GET", "/")
    rig.until(lambda: client.responses)
    error = client.responses[0]["error"]
    assert error.startswith("TLS: ") and "'server'" in error and "certificate refused" in error


def test_a_handshake_that_stalls(rig):
    rig.listen(445)
    client = rig.client(port=445, bounds=Bounds(connectTymeout=5.0))
    client.request("GET", "/")
    rig.turn(60, tock=0.125)
    assert client.responses[0]["errored"] and not client.waited


@pytest.mark.parametrize("clean", [True, False])
def test_a_body_that_only_the_end_ends_needs_a_clean_one(rig, clean):
    servant = rig.raw()
    client = rig.client()
    client.request("GET", "/")
    rig.until(lambda: any(ix.rxbs for ix in servant.ixes.values()))
    ix = next(iter(servant.ixes.values()))
    ix.tx(b"HTTP/1.1 200 OK\r\n\r\nall of it?")
    rig.turn(2)
    if clean:
        servant.closeIx(ix.ca)
    else:
        ix.cs.close()  # without a word of TLS
    rig.until(lambda: client.responses)
    record = client.responses[0]
    assert record["errored"] is not clean
    if clean:
        assert record["body"] == b"all of it?"
    else:
        assert record["error"].startswith("TLS: ") and "close_notify" in record["error"]
        assert record["partial"] == b"all of it?"


def test_a_body_with_a_length_needs_no_clean_end(rig):
    servant = rig.raw()
    client = rig.client()
    client.request("GET", "/")
    rig.until(lambda: any(ix.rxbs for ix in servant.ixes.values()))
    ix = next(iter(servant.ixes.values()))
    ix.tx(ok(b"whole"))
    ix.serviceSends()
    ix.cs.close()
    rig.until(lambda: client.responses)
    assert client.responses[0]["body"] == b"whole" and not client.responses[0]["errored"]


def test_cadence_of_an_event_stream(certs):
    tymist = Tymist(tyme=0.0)
    net = SimNet()
    server = Server(host="127.0.0.1", port=443, net=net, tymth=tymist.tymen(), app=ticking(tymist), scheme="https",
                    certify=False, **certs.serving())
    assert server.reopen()
    client = Client(hostname="127.0.0.1", port=443, scheme="https", net=net, tymth=tymist.tymen(),
                    certedhost="localhost", cafilepath=certs.cafilepath, reconnectable=True, tymeout=1.0)
    client.reopen()
    try:
        client.request("GET", "/stream")
        counts = []
        for seconds in (1.0, 1.5):
            tymer = Tymer(tymth=tymist.tymen(), duration=seconds)
            while not tymer.expired:
                server.service()
                client.service()
                tymist.tick(tock=0.1)
            counts.append(len(client.events))
            client.events.clear()
        assert counts == [3, 8]
    finally:
        client.close()
        server.close()
