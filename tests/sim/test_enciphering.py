"""TLS on a simulated network: it works unchanged, and one seed gives one trace, to the byte."""

import os
import ssl
from pathlib import Path

import pytest

from hio.core import http
from hio.sim import Kind, check_determinism, run
from hio.sim.enciphering import library
from tests.core.tcp.certificates import Certificates

FOLDER = "HIO_TEST_CERTIFICATES"  # where a fresh process finds them too


@pytest.fixture(autouse=True, scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certs")
    Certificates(folder).issue("server")
    os.environ[FOLDER] = str(folder)
    yield
    del os.environ[FOLDER]


def app(environ, start_response):
    """Answer what came, with the scheme that it came by."""
    body = environ["wsgi.url_scheme"].encode() + environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def secure(sim):
    """Some requests over TLS, on links that delay and cut."""
    folder = Path(os.environ[FOLDER])

    def serve(host):
        keys = {"certpath": folder / "server.pem", "keypath": folder / "server.key", "certify": False}
        server = http.Server(port=443, scheme="https", app=app, net=host.net, clock=host.clock, **keys)
        return http.ServerDoer(server=server)

    def browse(host):
        for count in (0, 1, 20_000):
            kwa = {"scheme": "https", "cafilepath": folder / "ca.pem"}
            client = http.Client(hostname="server", port=443, net=host.net, tymth=host.tymth, **kwa)
            client.reopen()
            reply = yield from client.post("/", body=host.dice.bytes(count))
            host.note(f"{reply.status} {bytes(reply.body[:5])} {len(reply.body)}")
            client.close()

    sim.host("server", serve)
    sim.client("browser", browse)
    sim.link("browser", "server", latency=(0.01, 0.1), split=0.3, loss=0.05)
    sim.run(limit=100.0)


def test_it_works():
    sim = run(secure, 1)
    assert [e.note for e in sim.trace if e.kind == "note"] == [f"200 b'https' {5 + count}" for count in (0, 1, 20_000)]
    sent = b"".join(e.data for e in sim.trace if e.kind == Kind.SEND)
    assert b"https" not in sent and sent.startswith(b"\x16\x03\x01")


@pytest.mark.skipif(library() is None, reason="the OpenSSL of this Python cannot be reached")
def test_one_seed_one_trace():
    assert run(secure, 1).failure is None
    assert check_determinism(secure, 1, hashSeeds=(0, 7)) != check_determinism(secure, 2, hashSeeds=())


def test_all_is_as_it_was():
    """OpenSSL draws by itself again, and contexts send tickets again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    before = (context.num_tickets, context.options)

    def wrap(host):
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
        drawn.append((ssl.RAND_bytes(8), context.num_tickets))
        yield

    drawn = []
    for _ in range(2):
        run(lambda sim: sim.client("client", wrap) and None, 1)
    assert (context.num_tickets, context.options) == before and drawn[0][1] == 0
    if library() is not None:
        assert drawn[0] == drawn[1]
    assert ssl.RAND_bytes(8) != ssl.RAND_bytes(8)
