"""A server in this process and its clients, with no kernel between them: what is left is the work of hio alone.

Workload   the app, the requests, and how many of them come at a time
WORKLOADS  those that are counted; see bench.instructions
run        serve a number of requests from a Doist, and return the last answer

The server, the Doist and the poller are the real ones. Replaced are the sockets (lists of bytes), the epoll object, and
the clocks, so that a run does the same from first to last, however fast the machine is.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from hio.base.doing import Doist
from hio.base.polling import EpollPoller, Poller
from hio.core import http
from hio.help import timing

from bench import apps
from bench.requests import COOKIE, NINE, changing, render

HA = ("127.0.0.1", 8080)


class MemorySocket:
    """One end of a connection: bytes to be received, and the last ones that were sent."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.inbox = b""
        self.sent = b""

    def recv(self, size: int) -> bytes:
        data = self.inbox
        if not data:
            raise BlockingIOError(errno.EAGAIN, "nothing to receive")
        if len(data) <= size:
            self.inbox = b""
            return data
        self.inbox = data[size:]
        return data[:size]

    def send(self, data: bytes) -> int:
        self.sent = data
        return len(data)

    def fileno(self) -> int:
        return self.fd

    def getsockname(self) -> tuple[str, int]:
        return HA

    def getpeername(self) -> tuple[str, int]:
        return "127.0.0.1", 40000 + self.fd

    def getsockopt(self, level: int, option: int) -> int:
        return 0

    def ignore(self, *pa: Any) -> None:
        """Stand for the methods that have no effect here."""

    shutdown = close = setsockopt = setblocking = ignore


class MemoryListener(MemorySocket):
    """A listening socket with a number of connections in its backlog."""

    def __init__(self, fd: int, backlog: list[MemorySocket]) -> None:
        super().__init__(fd)
        self.backlog = backlog[::-1]

    def accept(self) -> tuple[MemorySocket, tuple[str, int]]:
        if not self.backlog:
            raise BlockingIOError(errno.EAGAIN, "nobody waits")
        sock = self.backlog.pop()
        return sock, sock.getpeername()


class MemoryNet:
    """A network with one listening address and as many clients as asked for. A poller of the system serves it."""

    def __init__(self, clients: int) -> None:
        self.socks = [MemorySocket(1000 + number) for number in range(clients)]

    def listen(self, ha: Any, *, bl: int, bs: int, reuseport: bool = False) -> MemoryListener:
        return MemoryListener(999, self.socks)

    def dial(self, ha: Any, *, bs: int) -> MemorySocket:
        raise OSError(errno.ENETUNREACH, "nobody to dial")

    def resolve(self, host: str) -> str:
        return host

    def poller(self) -> Poller:
        """Return a poller that tells nothing, for a server that is serviced by hand."""
        poller = EpollPoller()
        poller.epoll = Clients([], iter(()), 0, lambda: None)  # type: ignore[assignment]
        return poller

    def serves(self, poller: Poller) -> bool:
        return True


class Clients:
    """An epoll object whose every poll is the next batch of requests, one to each connection, until all were sent."""

    def __init__(
        self, socks: list[MemorySocket], requests: Iterator[bytes], left: int, done: Callable[[], None]
    ) -> None:
        self.socks = socks
        self.events = [(sock.fd, 1) for sock in socks]
        self.requests = requests
        self.left = left
        self.done = done

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        if self.left <= 0:
            self.done()
            return []
        self.left -= len(self.socks)
        for sock, request in zip(self.socks, self.requests, strict=False):
            sock.inbox = request
        return self.events

    def fileno(self) -> int:
        return 998

    def ignore(self, *pa: Any) -> None:
        """Stand for the methods that have no effect here."""

    register = modify = unregister = close = ignore


@dataclass(frozen=True)
class Workload:
    """What is served."""

    title: str
    app: str  # a name in bench.apps
    requests: Callable[[], Iterator[bytes]]  # one after the other, without end
    batch: int = 16  # requests that are there at a time, each on a connection of its own
    answer: bytes = apps.HELLO  # body of every answer


def same(request: bytes) -> Callable[[], Iterator[bytes]]:
    """Return what gives one request over and over."""

    def requests() -> Iterator[bytes]:
        while True:
            yield request

    return requests


def unlike() -> Iterator[bytes]:
    """Return requests none of which is like another."""
    return (render("GET", changing(number)) for number in count())


DOCUMENT = json.dumps(apps.READING).encode()

WORKLOADS = {
    "hello": Workload("GET, Host alone", "hello", same(render("GET", {}))),
    "hello1": Workload("GET, Host alone, one at a time", "hello", same(render("GET", {})), batch=1),
    "nine": Workload("GET, nine browser headers", "hello", same(render("GET", NINE))),
    "cookie": Workload("GET, nine browser headers, a cookie among them", "hello", same(render("GET", COOKIE))),
    "changing": Workload("GET, nine browser headers with a new cookie each time", "hello", unlike),
    "post": Workload(
        "POST of a JSON document, answered with another", "echo",
        same(render("POST", {"Content-Type": "application/json"}, DOCUMENT)), answer=DOCUMENT,
    ),
}  # fmt: skip


def run(workload: Workload, total: int) -> bytes:
    """Serve that many requests; return the last answer.

    Raises AssertionError if that is no good one.
    """
    ticks = count()
    clock = timing.monoTime
    poller = EpollPoller()
    net = MemoryNet(workload.batch)
    doist = Doist(real=True, poller=poller)
    poller.epoll = Clients(net.socks, workload.requests(), total, doist.stop)  # type: ignore[assignment]
    server = http.Server(ha=HA, app=getattr(apps, workload.app), net=net, clock=lambda: 0.0)
    timing.monoTime = lambda: next(ticks) * 1e-5  # ten microseconds a look
    try:
        doist.do(doers=[http.ServerDoer(server=server)])
    finally:
        timing.monoTime = clock
    answer = bytes(net.socks[0].sent)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(workload.answer), answer
    assert b"Connection: close" not in answer, "all requests of a connection must be answered"
    return answer
