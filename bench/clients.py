"""Measure HTTP clients side by side: python -m bench.clients --help.

Each client makes keep-alive GETs of a small answer, one after the other or 64 at once, against one server that is a
constant of nginx, so that the server is not what is measured. What counts is requests per second of CPU time of the
client's process: it does not depend on who else is on the machine. Rounds are interleaved, each sample is a process of
its own, pinned to the core that the server is not on.

To add a client, add a function to CLIENTS: it makes GETs until enough() says so, and returns their number.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import servers

AT_ONCE = 64
WARMUP = 0.3  # seconds

Enough = Callable[[int], bool]


@dataclass(frozen=True)
class Sample:
    """What one client did in one process."""

    rate: float  # GETs a second of CPU time
    wall: float  # GETs a second


def checked(status: int | None, size: int) -> None:
    """Fail unless a response is what was asked for."""
    if status != 200 or not size:
        raise servers.Failure(f"status {status} with a body of {size} bytes")


# ---------------------------------------------------------------- clients, one after the other


def hio(url: str, enough: Enough, workers: int = 1) -> int:
    """A Pool, and as many doers as there are to be requests at once."""
    from hio.base.doing import Doist, doify
    from hio.core.http import Pool

    pool = Pool(perHost=workers)
    done = 0

    def work(tymth: Any = None, tock: float = 0.0, **opts: Any) -> Iterator[Any]:
        nonlocal done
        pool.wind(tymth)
        yield tock
        while not enough(done):
            reply = yield from pool.get(url)
            checked(reply.status, len(reply.body))
            done += 1

    Doist(real=True).do(doers=[doify(work) for _ in range(workers)])
    pool.close()
    return done


def hioClient(url: str, enough: Enough) -> int:
    """A Client, and a doer that awaits its responses."""
    from hio.base.doing import Doist, doify
    from hio.core.http import Client

    done = 0

    def work(tymth: Any = None, tock: float = 0.0, **opts: Any) -> Iterator[Any]:
        nonlocal done
        yield tock
        client = Client(path=url, tymth=tymth)
        while not enough(done):
            reply = yield from client.get("/")
            checked(reply.status, len(reply.body))
            done += 1
        client.close()

    Doist(real=True).do(doers=[doify(work)])
    return done


def httpClient(url: str, enough: Enough) -> int:
    import http.client

    connection = http.client.HTTPConnection(url.removeprefix("http://").removesuffix("/"))
    done = 0
    while not enough(done):
        connection.request("GET", "/")
        response = connection.getresponse()
        checked(response.status, len(response.read()))
        done += 1
    connection.close()
    return done


def urllib3(url: str, enough: Enough) -> int:
    module: Any = importlib.import_module("urllib3")

    pool = module.PoolManager()
    done = 0
    while not enough(done):
        response = pool.request("GET", url)
        checked(response.status, len(response.data))
        done += 1
    return done


def requests(url: str, enough: Enough) -> int:
    module: Any = importlib.import_module("requests")

    session = module.Session()
    session.trust_env = False  # it would look for proxies and .netrc at each request
    done = 0
    while not enough(done):
        response = session.get(url)
        checked(response.status_code, len(response.content))
        done += 1
    return done


def httpx(url: str, enough: Enough) -> int:
    module: Any = importlib.import_module("httpx")

    client = module.Client(trust_env=False)
    done = 0
    while not enough(done):
        response = client.get(url)
        checked(response.status_code, len(response.content))
        done += 1
    return done


def aiohttp(url: str, enough: Enough, workers: int = 1) -> int:
    import asyncio

    module: Any = importlib.import_module("aiohttp")

    done = 0

    async def work(session: Any) -> None:
        nonlocal done
        while not enough(done):
            async with session.get(url) as response:
                checked(response.status, len(await response.read()))
                done += 1

    async def main() -> None:
        async with module.ClientSession(connector=module.TCPConnector(limit=workers)) as session:
            await asyncio.gather(*(work(session) for _ in range(workers)))

    asyncio.run(main())
    return done


# ---------------------------------------------------------------- and many at once


def hioAtOnce(url: str, enough: Enough) -> int:
    return hio(url, enough, AT_ONCE)


def aiohttpAtOnce(url: str, enough: Enough) -> int:
    return aiohttp(url, enough, AT_ONCE)


def httpxAtOnce(url: str, enough: Enough) -> int:
    import asyncio

    module: Any = importlib.import_module("httpx")

    done = 0

    async def work(client: Any) -> None:
        nonlocal done
        while not enough(done):
            response = await client.get(url)
            checked(response.status_code, len(response.content))
            done += 1

    async def main() -> None:
        limits = module.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        async with module.AsyncClient(trust_env=False, limits=limits) as client:
            await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))

    asyncio.run(main())
    return done


@dataclass(frozen=True)
class Client:
    """A table entry: what runs, and the module that it needs."""

    run: Callable[[str, Enough], int]
    module: str

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None


SEQUENTIAL = "one after the other"
TOGETHER = f"{AT_ONCE} at once"

#: {mode: {name: client}}; the first of each is what the others are compared with
CLIENTS = {
    SEQUENTIAL: {
        "http.client": Client(httpClient, "http.client"),
        "hio Pool": Client(hio, "hio"),
        "hio Client": Client(hioClient, "hio"),
        "urllib3": Client(urllib3, "urllib3"),
        "requests": Client(requests, "requests"),
        "httpx": Client(httpx, "httpx"),
        "aiohttp": Client(aiohttp, "aiohttp"),
    },
    TOGETHER: {
        "aiohttp": Client(aiohttpAtOnce, "aiohttp"),
        "hio Pool": Client(hioAtOnce, "hio"),
        "httpx": Client(httpxAtOnce, "httpx"),
    },
}


# ---------------------------------------------------------------- measuring


def sample(mode: str, name: str, port: int, seconds: float, core: int) -> Sample:
    """Measure one client in a process of its own. Raises Failure when it fails."""
    command = [sys.executable, "-m", "bench.clients", "--one", mode, name, str(port), str(seconds)]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - there is one thread
    )  # fmt: skip
    if ran.returncode:
        raise servers.Failure(f"{name}: {ran.stderr.strip().rpartition(chr(10))[2]}")
    return Sample(**json.loads(ran.stdout))


def one(mode: str, name: str, port: int, seconds: float) -> Sample:
    """Measure one client in this process."""
    run = CLIENTS[mode][name].run
    url = f"http://{servers.HOST}:{port}/"
    run(url, until(WARMUP))
    cpu, wall = time.process_time(), time.monotonic()
    done = run(url, until(seconds))
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    return Sample(rate=done / cpu, wall=done / wall)


def until(seconds: float) -> Enough:
    """Return a function that says whether seconds have passed; it asks the clock at every 16th request only."""
    end = time.monotonic() + seconds

    def enough(done: int) -> bool:
        return done % 16 == 0 and time.monotonic() >= end

    return enough


def table(mode: str, found: dict[str, list[Sample]]) -> str:
    """Return the medians as a table in Markdown."""
    base = next((statistics.median(s.rate for s in samples) for samples in found.values() if samples), 0.0)
    first = next((name for name, samples in found.items() if samples), "")
    rows = [f"GETs {mode}", ""]
    rows += [f"| client | GETs per CPU second | of {first} | GETs per second |", "| --- | --: | --: | --: |"]
    for name, samples in found.items():
        if samples:
            rate = statistics.median(s.rate for s in samples)
            wall = statistics.median(s.wall for s in samples)
            rows.append(f"| {name} | {rate:,.0f} | {rate / base:.2f} | {wall:,.0f} |")
    return "\n".join(rows) + "\n"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.clients", description="Measure hio beside HTTP clients.")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each client (%(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a sample (%(default)s)")
    parser.add_argument("--server", choices=servers.KINDS, default="nginx", help="what answers (%(default)s)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there too")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if options.one:
        mode, name, port, seconds = options.one
        print(json.dumps(vars(one(mode, name, int(port), float(seconds)))))
        return 0
    here, there = servers.cores()
    found: dict[str, dict[str, list[Sample]]] = {
        mode: {name: [] for name, client in clients.items() if client.installed} for mode, clients in CLIENTS.items()
    }
    with servers.serve(servers.KINDS[options.server], "hello", here) as server:
        for number in range(1, options.rounds + 1):
            for mode, samples in found.items():
                for name in samples:
                    taken = sample(mode, name, server.port, options.seconds, there)
                    samples[name].append(taken)
                    print(f"round {number}/{options.rounds}  {mode:20} {name:12} {taken.rate:>9,.0f}", file=sys.stderr)
    text = "\n".join(table(mode, samples) for mode, samples in found.items())
    print(text)
    if options.markdown:
        options.markdown.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
