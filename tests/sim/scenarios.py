"""Scenarios that several tests run, also in fresh processes."""

from __future__ import annotations

import random  # noqa: TID251 - as code under test does
import time
import uuid  # noqa: TID251

from hio.base.doing import Doer
from hio.core import http
from hio.core.tcp.clienting import Client
from hio.core.tcp.serving import EchoServerDoer
from hio.core.tcp.serving import Server as TcpServer


def app(environ, start_response):
    """Answer what was asked, in as many pieces as the path says, some of them empty."""
    body = environ["wsgi.input"].read()
    count = int(environ["PATH_INFO"].strip("/") or 1)
    text = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {len(body)};".encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (text if index % 3 else b"" for index in range(1, count + 1))


def serveHttp(host):
    """A WSGI server on port 80."""
    return http.ServerDoer(server=http.Server(port=80, app=app, net=host.net, clock=host.clock))


def serveEcho(host):
    """A TCP server on port 7 that sends back what comes."""
    return EchoServerDoer(server=TcpServer(port=7, net=host.net, tymeout=0.0))


def echo(host, data, to="server", port=7):
    """Send data to an echo server and return what comes back; ends early when the connection does."""
    client = Client(host=to, port=port, net=host.net, tymth=host.tymth, bs=65536)
    client.reopen()
    client.tx(data)
    try:
        while len(client.rxbs) < len(data) and not client.cutoff:
            client.service()
            yield
    finally:
        client.close()
    return bytes(client.rxbs)


def chat(host):
    """Talk to an echo server a few times, with sizes that chance chooses."""
    for index in range(5):
        data = host.dice.bytes(host.dice.between(1, 5000))
        back = yield from echo(host, data)
        host.note(f"{index}: {len(back)} of {len(data)} came back")
        yield host.dice.uniform(0.0, 0.5)


def browse(host):
    """Ask an HTTP server a few times, trying again when it fails."""
    for index in range(6):
        client = http.Client(hostname="server", port=80, net=host.net, tymth=host.tymth)
        client.reopen()
        try:
            reply = yield from client.post(f"/{host.dice.between(1, 30)}", body=host.dice.bytes(host.dice.below(3000)))
            host.note(f"{index}: {reply.status} {len(reply.body)}")
        except http.HTTPError as ex:
            host.note(f"{index}: {type(ex).__name__}")
            yield 0.5
        finally:
            client.close()


class Gossip(Doer):
    """Notes what the machine's clocks and dice say."""

    def __init__(self, host, **kwa):
        super().__init__(**kwa)
        self.host = host

    def recur(self, tyme):
        clocks = f"{time.time()} {time.monotonic()}"  # noqa: TID251
        self.host.note(f"{tyme} {clocks} {random.random()} {uuid.uuid4()}")
        return tyme > 1.0


def gossip(host):
    """A doer that uses clocks and chance."""
    return Gossip(host, tock=0.25)


def town(sim):
    """All of it at once, with links that delay, lose and cut, and faults that chance chooses."""
    sim.host("server", lambda host: [serveHttp(host), serveEcho(host)], rx=4096, tx=4096)
    sim.host("gossip", gossip, skew=3.0)
    sim.client("browser", browse)
    sim.client("chatter", chat, tock=0.1)
    sim.link("browser", "server", latency=(0.005, 0.02), loss=0.05, split=0.2)
    sim.link("chatter", "server", latency=0.01, bandwidth=50_000)
    sim.trouble(partition=0.3, reset=0.5, bounce=0.2, pause=0.2, hold=0.3, slow=0.1, refuse=0.1, swallow=0.1,
                sever=0.05, among=["browser", "server", "chatter"])
    sim.run(limit=3600.0)


def unsteady(sim):
    """Depends on the order of a set, as no scenario should."""

    def make(host):
        for name in {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}:
            host.note(name)
            yield

    sim.client("client", make)
    sim.run()
