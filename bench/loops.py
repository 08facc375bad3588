"""The exchange of bench.simulated by programs of asyncio, in loops that simulate: aiohttp's server and client, or plain
streams.

simloop, simloom   as their packages have them: two hosts, latency on the way, a seed that orders what is ready at once,
                   a record of what happened. For Python 3.12 and up
pipes              a loop whose waits take no time, and transports that hand over what is written after the latency: no
                   hosts, no seed, no record. What any simulation of aiohttp pays at the least

What differs from hio's: these two simulate a loop, and have the network below its transports; hio's simulates sockets,
with buffers of finite size, and runs a poller and a scheduler for each host.
"""

from __future__ import annotations

import asyncio
import importlib
import selectors
from collections.abc import Callable
from typing import Any

from bench.apps import HELLO

LATENCY = 0.001  # seconds
PORT = 80
REQUEST = b"GET / HTTP/1.1\r\nHost: server\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(HELLO), HELLO)
BLANK = b"\r\n\r\n"

# ---------------------------------------------------------------- programs, which know of no simulation


async def application() -> Any:
    """Return the runner of aiohttp's server, not listening yet."""
    from aiohttp import web

    async def answer(request: Any) -> Any:
        return web.Response(body=HELLO, content_type="text/plain")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    return runner


async def serve() -> Any:
    """Serve by aiohttp on the host called server; return the runner."""
    from aiohttp import web

    runner = await application()
    await web.TCPSite(runner, "server", PORT).start()
    return runner


async def ask(count: int, connector: Any = None) -> None:
    """Ask count times by aiohttp's client, each time for the whole answer."""
    import aiohttp

    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(count):
            async with session.get("http://server/") as reply:
                assert await reply.read() == HELLO


async def serveStreams() -> Any:
    """Answer whatever ends in an empty line by a constant."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(BLANK):
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            writer.close()

    return await asyncio.start_server(handle, "server", PORT)


async def askStreams(count: int) -> None:
    """Ask count times by bytes on a stream."""
    reader, writer = await asyncio.open_connection("server", PORT)
    for _ in range(count):
        writer.write(REQUEST)
        assert await reader.readexactly(len(ANSWER)) == ANSWER
    writer.close()


# ---------------------------------------------------------------- loops

Serving = Callable[[], Any]
Asking = Callable[[int], Any]


def installed(*packages: str) -> bool:
    """Whether all of packages can be imported."""
    try:
        for package in packages:
            importlib.import_module(package)
    except (ImportError, SyntaxError):
        return False
    return True


def simloop(serving: Serving, asking: Asking, count: int) -> None:
    """Run count exchanges between two hosts of simloop."""
    from simloop import SimLoop

    loop = SimLoop(7)
    loop.net.set_defaults(latency=(LATENCY, LATENCY))

    async def main() -> None:
        server = await loop.net.host("server").create_task(serving())
        await loop.net.host("client").create_task(asking(count))
        await loop.net.host("server").create_task(ended(server))

    loop.run_until_complete(main())
    loop.close()


def simloom(serving: Serving, asking: Asking, count: int) -> None:
    """Run count exchanges between two hosts of simloom."""
    import simloom as package

    async def main(world: Any) -> None:
        world.net.set_latency(LATENCY, LATENCY)
        host = world.host("server")
        server = await host.spawn(serving)
        await world.host("client").spawn(lambda: asking(count))
        await host.spawn(lambda: ended(server))

    package.run(main, seed=7)


async def ended(server: Any) -> None:
    """Stop a server, and let what is on the way arrive."""
    await (server.cleanup() if hasattr(server, "cleanup") else asyncio.sleep(10 * LATENCY))


# ---------------------------------------------------------------- pipes


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


async def askByPipe(count: int) -> None:
    """Run count exchanges between aiohttp's server and client, over one pair of pipes."""
    import aiohttp

    loop = asyncio.get_running_loop()
    runner = await application()

    class Connector(aiohttp.BaseConnector):  # type: ignore[misc]
        async def _create_connection(self, *_: Any, **__: Any) -> Any:
            near, far = Pipe(loop, self._factory()), Pipe(loop, runner.server())
            near.peer, far.peer = far, near
            for end in (near, far):
                end.protocol.connection_made(end)
            return near.protocol

    await ask(count, Connector())
    await runner.cleanup()


def pipes(count: int) -> None:
    """Run count exchanges by pipes, in a loop of simulated time."""
    skip = Skip()
    loop = asyncio.SelectorEventLoop(skip)
    loop.time = lambda: skip.now  # type: ignore[method-assign]
    loop.run_until_complete(askByPipe(count))
    loop.close()


#: Runs by name, with the packages that each needs.
RUNS: dict[str, tuple[tuple[str, ...], Callable[[int], None]]] = {
    "simloop, aiohttp": (("simloop", "aiohttp"), lambda count: simloop(serve, ask, count)),
    "simloom, aiohttp": (("simloom", "aiohttp"), lambda count: simloom(serve, ask, count)),
    "simloop, asyncio streams, no HTTP": (("simloop",), lambda count: simloop(serveStreams, askStreams, count)),
    "pipes, aiohttp": (("aiohttp",), pipes),
}
