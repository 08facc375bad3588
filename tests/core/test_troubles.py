"""Servers and clients on a bad network: under each seed something else goes wrong, and what comes is whole."""

from __future__ import annotations

import pytest

from hio.core import http
from hio.core.http.bounding import Bounds
from hio.core.http.calling import gather
from hio.core.tcp import ClientTls, EchoServerDoer, ServerTls
from tests.core.tcp.certificates import Certificates

DATA = bytes(range(256)) * 80
BOUNDS = Bounds(connectTymeout=2.0, headTymeout=3.0, stallTymeout=3.0, totalTymeout=10.0)
LIMIT = 300.0  # seconds of tyme; whatever goes wrong, every tymeout has passed by then


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certs"))


def trouble(sim):
    """Have the link be slow, cut what it carries, and fail now and then."""
    sim.link("client", "server", latency=(0.001, 0.2), split=0.3, loss=0.05, bandwidth=100_000)
    sim.trouble(reset=0.2, partition=0.1, hold=0.1, slow=0.1, sever=0.05, mend=(0.1, 4.0))


def mirror(environ, start_response):
    """Answer with the body, turned round."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body[::-1]]


@pytest.mark.sim(seeds=20)
def test_a_reply_is_whole_or_an_error(sim):
    """Each call of a pool is settled, and what is no error is the answer to what was asked."""
    calls = []

    def serve(host):
        return http.ServerDoer(server=http.Server(port=80, app=mirror, net=host.net, clock=host.clock))

    def ask(host):
        with http.openPool(net=host.net, tymth=host.tymth, perHost=2, retries=1, bounds=BOUNDS) as pool:
            for size in range(4):
                calls.extend(pool.post("http://server/", body=DATA[: size * 5000 + each]) for each in range(3))
                yield from gather(calls[-3:])

    sim.host("server", serve)
    sim.client("client", ask)
    trouble(sim)
    sim.run(limit=LIMIT)
    assert len(calls) == 12 and all(call.done for call in calls)
    for call in calls:
        sent = call.reply.request["body"]
        assert call.reply.errored or (call.reply.status, call.reply.body) == (200, sent[::-1])


@pytest.mark.sim(seeds=20)
def test_an_end_of_tls_is_told_from_a_cut(sim, certs):
    """What comes back is what was sent, from its beginning; and what is missing is known to be."""
    ends = []

    def serve(host):
        return EchoServerDoer(ServerTls(port=443, net=host.net, tymeout=0.0, certify=False, **certs.serving("server")))

    def talk(host):
        for _ in range(5):
            client = ClientTls(host="server", port=443, net=host.net, tymth=host.tymth, cafilepath=certs.cafilepath)
            client.reopen()
            client.tx(DATA)
            until = host.tymth() + 20.0
            while len(client.rxbs) < len(DATA) and not (client.cutoff or client.aborted) and host.tymth() < until:
                client.service()
                yield
            ends.append((bytes(client.rxbs), client.cutoff, client.truncated))
            client.close()

    sim.host("server", serve)
    sim.client("client", talk)
    trouble(sim)
    sim.run(limit=LIMIT)
    assert len(ends) == 5
    for came, cutoff, truncated in ends:
        assert DATA.startswith(came)
        assert truncated or not cutoff  # nobody closed a connection in good order
