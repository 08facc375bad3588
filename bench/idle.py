"""What connections cost that do nothing: python -m bench.idle [--connections 1000] [--seconds 5] [--servers hio,...].

Each connection makes one keep-alive request and then stays open. Measured are the server's CPU time over the seconds
that follow, its memory per connection, and how many of the connections it closed meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.servers import HOST, KINDS, Failure, Kind, cores, serve

REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
SPARE = 200  # file descriptors that a process needs besides its connections
SETTLE = 1.0  # seconds between the last request and the first look


@dataclass(frozen=True)
class Cost:
    """What a server spent on connections that did nothing."""

    server: str
    cpu: float  # share of a core
    memory: float  # bytes for each connection
    closed: int  # connections that the server closed in the meantime


def allowFiles(count: int) -> None:
    """Let this process, and those that it starts, have that many connections open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise Failure(f"{count} connections need {wanted} open files, but a process may have {hard} at most")
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def crowd(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Hold that many keep-alive connections open, each of which has had one answer."""
    with contextlib.ExitStack() as stack:
        connections: list[socket.socket] = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((HOST, port), timeout=10))
            connection.sendall(REQUEST)
            if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
                raise Failure(f"connection {len(connections) + 1} of {count} was refused")
            connections.append(connection)
        yield connections


def gone(connections: Sequence[socket.socket]) -> int:
    """Return how many of them the far side has closed, reading what is left in them."""
    closed = 0
    for connection in connections:
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            try:
                while connection.recv(65536):
                    pass
                closed += 1
            except ConnectionError:
                closed += 1
    return closed


def measure(kind: Kind, count: int, seconds: float) -> Cost:
    """Measure one server."""
    with serve(kind, "hello", cores()[0]) as server:
        before = server.memory
        with crowd(server.port, count) as connections:
            time.sleep(SETTLE)
            held = server.memory - before
            used, began = server.spent, time.monotonic()
            time.sleep(seconds)
            share = (server.spent - used) / (time.monotonic() - began)
            return Cost(kind.name, share, held / count, gone(connections))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.idle", description="Measure what idle connections cost.")
    parser.add_argument("--connections", type=int, default=1000, help="how many (%(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to watch them (%(default)s)")
    parser.add_argument("--servers", default="hio", help=f"comma separated, of {', '.join(KINDS)} (%(default)s)")
    options = parser.parse_args(arguments)
    allowFiles(options.connections)
    print(f"| server | CPU over {options.seconds:g} s | bytes per connection | closed of {options.connections} |")
    print("| --- | ---: | ---: | ---: |")
    failed = 0
    for name in options.servers.split(","):
        try:
            cost = measure(KINDS[name], options.connections, options.seconds)
        except (Failure, OSError) as ex:
            print(ex, file=sys.stderr)
            failed = 1
            continue
        print(f"| {cost.server} | {cost.cpu:.2%} | {cost.memory:,.0f} | {cost.closed} |", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
