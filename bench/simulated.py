"""Simulated HTTP exchanges per second of CPU on one core, beside the same exchanges by other means.

    python -m bench.simulated [--exchanges 20000] [--rounds 3] [--profile]

One host asks, one answers, keep-alive, one exchange at a time; links take 1 ms. CPU time of the process counts, so that
a busy machine disturbs little; the kinds of run take turns, and of each the best counts.

loopback   server and client in one Doist, as the simulation has them, and real sockets between them
aiohttp    its server and client in an asyncio loop of simulated time, with transports of memory: what any simulation of
           asyncio programs pays at the least
idle hour  ten hosts with a server each and nothing to do
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import selectors
import time
from collections.abc import Callable, Generator
from typing import Any

from bench.apps import HELLO, api, hello
from hio.base.doing import Doist, doify
from hio.core import http
from hio.core.tcp.clienting import Client
from hio.sim import Sim

REQUEST = b"GET / HTTP/1.1\r\nHost: server\r\n\r\n"
LATENCY = 0.001  # seconds

Asker = Callable[[Any, Any, tuple[str, int], int], Generator[Any, Any, None]]


def ask(net: Any, tymth: Any, ha: tuple[str, int], count: int) -> Generator[Any, Any, None]:
    """Ask count times by hio's client, each time for the whole answer."""
    with http.openClient(hostname=ha[0], port=ha[1], net=net, tymth=tymth) as client:
        for _ in range(count):
            reply = yield from client.get("/")
            assert reply.status == 200, reply


def poke(net: Any, tymth: Any, ha: tuple[str, int], count: int) -> Generator[Any, Any, None]:
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


def simulate(app: Any, asker: Asker, count: int, oracles: bool = False) -> Sim:
    """Run count exchanges between two simulated hosts."""

    def serve(host: Any) -> list[Any]:
        return [http.ServerDoer(server=http.Server(port=80, app=app, net=host.net, clock=host.clock))]

    sim = Sim(seed=7, latency=LATENCY, oracles=oracles)
    sim.host("server", serve)
    sim.client("client", lambda host: asker(host.net, host.tymth, ("server", 80), count))
    return sim.run()


def loopback(app: Any, asker: Asker, count: int) -> None:
    """Run count exchanges between two doers of one Doist, through sockets of the system."""
    server = http.Server(host="127.0.0.1", port=0, app=app)
    server.reopen()
    doist = Doist(real=True)

    def run(tymth: Any, **_: Any) -> Generator[Any, Any, bool]:
        yield from asker(None, tymth, ("127.0.0.1", server.servant.ha[1]), count)  # type: ignore[arg-type]
        doist.stop()
        return True

    doist.do(doers=[http.ServerDoer(server=server), doify(run)])


def idle(seconds: float) -> None:
    """Let ten servers rest."""
    sim = Sim(seed=7, latency=LATENCY)
    for index in range(10):
        sim.host(
            f"host{index}",
            lambda host: [http.ServerDoer(server=http.Server(port=80, app=hello, net=host.net, clock=host.clock))],
        )
    sim.run(limit=seconds)


class Skip(selectors.SelectSelector):
    """A selector that looks at no socket, and whose waiting lets simulated time pass."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += timeout or 0.0
        return []


class Pipe(asyncio.Transport):
    """One end of a connection of memory, for asyncio."""

    def __init__(self, loop: Any, protocol: Any) -> None:
        super().__init__({"peername": ("10.0.0.2", 1), "sockname": ("10.0.0.1", 80)})
        self.loop = loop
        self.protocol = protocol
        self.peer: Pipe = self
        self.closed = False

    def write(self, data: Any) -> None:
        self.loop.call_later(LATENCY, self.peer.deliver, bytes(data))

    def deliver(self, data: bytes) -> None:
        if not self.closed:
            self.protocol.data_received(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.loop.call_soon(self.protocol.connection_lost, None)
            self.loop.call_later(LATENCY, self.peer.close)

    def get_protocol(self) -> Any:
        return self.protocol

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def askAiohttp(count: int) -> None:
    """Run count exchanges between aiohttp's server and client, over one pair of pipes."""
    import aiohttp
    from aiohttp import web

    async def answer(request: Any) -> Any:
        return web.Response(body=HELLO, content_type="text/plain")

    loop = asyncio.get_running_loop()
    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()

    class Connector(aiohttp.BaseConnector):  # type: ignore[misc]
        async def _create_connection(self, *_: Any, **__: Any) -> Any:
            near, far = Pipe(loop, self._factory()), Pipe(loop, runner.server())
            near.peer, far.peer = far, near
            for end in (near, far):
                end.protocol.connection_made(end)
            return near.protocol

    async with aiohttp.ClientSession(connector=Connector()) as session:
        for _ in range(count):
            async with session.get("http://server/") as reply:
                assert await reply.read() == HELLO
    await runner.cleanup()


def aiohttpInMemory(count: int) -> None:
    """Run them in an asyncio loop of simulated time."""
    skip = Skip()
    loop = asyncio.SelectorEventLoop(skip)
    loop.time = lambda: skip.now  # type: ignore[method-assign]
    loop.run_until_complete(askAiohttp(count))
    loop.close()


def cost(function: Callable[[], Any]) -> float:
    """Return the seconds of CPU that function takes."""
    start = time.process_time()
    function()
    return time.process_time() - start


RUNS: dict[str, Callable[[int], Any]] = {
    "simulated, bare WSGI, bytes on a TCP client": lambda count: simulate(hello, poke, count),
    "simulated, bare WSGI, hio's client": lambda count: simulate(hello, ask, count),
    "the same, watched by the oracles": lambda count: simulate(hello, ask, count, oracles=True),
    "simulated, Falcon, hio's client": lambda count: simulate(api, ask, count),
    "loopback, bare WSGI, bytes on a TCP client": lambda count: loopback(hello, poke, count),
    "loopback, bare WSGI, hio's client": lambda count: loopback(hello, ask, count),
    "loopback, Falcon, hio's client": lambda count: loopback(api, ask, count),
    "aiohttp, server and client, in simulated asyncio": aiohttpInMemory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=20_000, help="in each run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind; the best counts")
    parser.add_argument("--profile", action="store_true", help="show where simulated exchanges spend their time")
    args = parser.parse_args()
    if args.profile:
        profile = cProfile.Profile()
        profile.runcall(simulate, hello, ask, args.exchanges)
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return
    best: dict[str, float] = {}
    hour = float("inf")
    for _ in range(args.rounds):
        for name, run in RUNS.items():
            seconds = cost(lambda run=run: run(args.exchanges))  # type: ignore[misc]
            best[name] = min(seconds, best.get(name, seconds))
        hour = min(hour, cost(lambda: idle(3600.0)))
    for name, seconds in best.items():
        each = seconds / args.exchanges
        print(f"{name:50} {1 / each:9,.0f} exchanges per CPU second {each * 1e6:7.1f} us each")
    print(f"{'an idle hour of ten hosts':50} {hour * 1e3:9.2f} ms")


if __name__ == "__main__":
    main()
