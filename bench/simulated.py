"""Simulated HTTP exchanges per second of CPU on one core, beside the same exchanges through loopback sockets.

    python -m bench.simulated [--exchanges 20000] [--rounds 3] [--profile]

One host asks, one answers, keep-alive, one exchange at a time; links take 1 ms. CPU time of the process counts, so that
a busy machine disturbs little. The loopback run has server and client in one Doist, as the simulation has, and real
sockets between them. An idle hour is ten hosts with a server each, and a connection that rests.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Generator
from typing import Any

from bench.apps import HELLO, api, hello
from hio.base.doing import Doist, doify
from hio.core import http
from hio.core.tcp.clienting import Client
from hio.core.tcp.netting import Address
from hio.sim import Sim

REQUEST = b"GET / HTTP/1.1\r\nHost: server\r\n\r\n"


def ask(net: Any, tymth: Any, ha: Address, count: int) -> Generator[Any, Any, None]:
    """Ask count times by hio's client, each time for the whole answer."""
    with http.openClient(hostname=ha[0], port=ha[1], net=net, tymth=tymth) as client:
        for _ in range(count):
            reply = yield from client.get("/")
            assert reply.status == 200, reply


def poke(net: Any, tymth: Any, ha: Address, count: int) -> Generator[Any, Any, None]:
    """Ask count times by bytes on a TCP client: what is left is the server and the network."""
    client = Client(ha=ha, net=net, tymth=tymth, bs=65536)
    client.reopen()
    rxbs = client.rxbs
    for _ in range(count):
        client.tx(REQUEST)
        client.service()
        while not rxbs.endswith(HELLO):
            yield client.rest()
            client.service()
        rxbs.clear()
    client.close()


Asker = Callable[[Any, Any, Address, int], Generator[Any, Any, None]]


def simulate(app: Any, asker: Asker, count: int, **terms: Any) -> Sim:
    """Run count exchanges between two simulated hosts."""

    def serve(host: Any) -> list[Any]:
        return [http.ServerDoer(server=http.Server(port=80, app=app, net=host.net, clock=host.clock))]

    sim = Sim(seed=7, **({"latency": 0.001} | terms))
    sim.host("server", serve)
    sim.client("client", lambda host: asker(host.net, host.tymth, ("server", 80), count))
    return sim.run()


def loopback(app: Any, asker: Asker, count: int) -> None:
    """Run count exchanges between two doers of one Doist, through sockets of the system."""
    server = http.Server(host="127.0.0.1", port=0, app=app)
    server.reopen()
    doist = Doist(real=True)

    def run(tymth: Any, **_: Any) -> Generator[Any, Any, bool]:
        yield from asker(None, tymth, server.servant.eha, count)
        doist.stop()
        return True

    doist.do(doers=[http.ServerDoer(server=server), doify(run)])


def idle(seconds: float) -> None:
    """Let ten servers rest."""
    sim = Sim(seed=7, latency=0.001)
    for index in range(10):
        sim.host(
            f"host{index}",
            lambda host: [http.ServerDoer(server=http.Server(port=80, app=hello, net=host.net, clock=host.clock))],
        )
    sim.run(limit=seconds)


def cost(function: Callable[[], Any]) -> float:
    """Return the seconds of CPU that function takes."""
    start = time.process_time()
    function()
    return time.process_time() - start


RUNS: dict[str, Callable[[int], Any]] = {
    "simulated, bare WSGI, bytes on a TCP client": lambda count: simulate(hello, poke, count),
    "simulated, bare WSGI, hio's client": lambda count: simulate(hello, ask, count),
    "simulated, Falcon, hio's client": lambda count: simulate(api, ask, count),
    "loopback, bare WSGI, bytes on a TCP client": lambda count: loopback(hello, poke, count),
    "loopback, bare WSGI, hio's client": lambda count: loopback(hello, ask, count),
    "loopback, Falcon, hio's client": lambda count: loopback(api, ask, count),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=20_000, help="in each run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind; the best counts")
    parser.add_argument("--profile", action="store_true", help="show where the first kind of run spends its time")
    args = parser.parse_args()
    if args.profile:
        profile = cProfile.Profile()
        profile.runcall(simulate, hello, ask, args.exchanges)
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return
    for name, run in RUNS.items():
        best = min(cost(lambda run=run: run(args.exchanges)) for _ in range(args.rounds))  # type: ignore[misc]
        each = best / args.exchanges
        print(f"{name:46} {1 / each:9,.0f} exchanges per CPU second, {each * 1e6:6.1f} us each")
    best = min(cost(lambda: idle(3600.0)) for _ in range(args.rounds))
    print(f"{'an idle hour of ten hosts':46} {best * 1e3:9.2f} ms")


if __name__ == "__main__":
    main()
