"""Make load from one epoll loop in plain Python: python -m bench.hammer LOAD PORT SECONDS.

LOAD is a loads.Load as JSON; a loads.Sample without the server's CPU share comes out, as JSON. For machines that lack
wrk: it makes less than half of wrk's load, so it saturates a server in Python and hardly one in C.

Replies    counts the whole responses in a stream of bytes
Caller     one connection and its requests in flight
Crew       all callers on one poller
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing

from bench.loads import Load, Sample
from bench.report import percentile
from bench.servers import HOST

BLANK = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.I)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.I)
CHUNK = re.compile(rb"([0-9a-f]+)[^\r\n]*\r\n", re.I)


class Replies:
    """Bytes as they come, to the statuses of whole responses.

    Takes framing by length and by chunks; a response that has neither, and one that is no HTTP, is a ValueError.
    """

    def __init__(self) -> None:
        self.raw = b""

    def feed(self, data: bytes) -> Iterator[int]:
        """Yield the status of each response that data completes."""
        self.raw += data
        while (headed := self.raw.find(BLANK)) >= 0:
            end = self.end(self.raw[: headed + 2], headed + len(BLANK))
            if end < 0:
                return
            status = int(self.raw[9:12])
            self.raw = self.raw[end:]
            yield status

    def end(self, head: bytes, start: int) -> int:
        """Return where the response ends whose body begins at start, or -1 if it has not come yet."""
        if not head.startswith(b"HTTP/1.1 "):
            raise ValueError(f"no HTTP/1.1 response: {head[:64]!r}")
        if length := LENGTH.search(head):
            end = start + int(length[1])
            return end if end <= len(self.raw) else -1
        if CHUNKED.search(head):
            return self.endChunks(start)
        raise ValueError(f"a response without length: {head[:200]!r}")

    def endChunks(self, start: int) -> int:
        while size := CHUNK.match(self.raw, start):
            start = size.end() + int(size[1], 16) + 2
            if start > len(self.raw):
                return -1
            if int(size[1], 16) == 0:
                return start
        return -1


class Caller:
    """One connection: sends its batch of requests, and again once all are answered."""

    def __init__(self, port: int, batch: bytes, count: int) -> None:
        self.port, self.batch, self.count = port, batch, count
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection((HOST, self.port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.replies = Replies()
        self.waiting = 0

    def send(self) -> None:
        self.waiting = self.count
        self.sentAt = time.perf_counter()
        self.socket.sendall(self.batch)

    def receive(self) -> tuple[list[int], bool]:
        """Return the statuses that came, and whether the far side has closed."""
        data = self.socket.recv(262144)
        statuses = list(self.replies.feed(data))
        self.waiting -= len(statuses)
        return statuses, not data


class Tally:
    """What came back so far."""

    def __init__(self) -> None:
        self.latencies: list[float] = []  # microseconds
        self.errors = 0

    def add(self, statuses: list[int], microseconds: float) -> None:
        for status in statuses:
            if 200 <= status < 400:
                self.latencies.append(microseconds)
            else:
                self.errors += 1

    def sample(self, seconds: float) -> Sample:
        found = sorted(self.latencies) or [0.0]
        return Sample(len(self.latencies) / seconds, percentile(found, 0.5), percentile(found, 0.99), self.errors)


def request(load: Load, port: int) -> bytes:
    """Return one request as it goes on the wire."""
    fields = {"Host": f"{HOST}:{port}", **load.headers}
    if load.body or load.method in ("POST", "PUT", "PATCH"):
        fields["Content-Length"] = str(load.body)
    lines = [f"{load.method} / HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + b"x" * load.body


class Crew:
    """All callers, one poller, and the tally of what comes back."""

    def __init__(self, load: Load, port: int) -> None:
        batch = request(load, port) * load.pipelined
        self.persists = load.headers.get("Connection") != "close"
        self.poll = select.epoll()
        self.callers: dict[int, Caller] = {}
        self.tally = Tally()
        for _ in range(load.connections):
            self.start(Caller(port, batch, load.pipelined))

    def start(self, caller: Caller) -> None:
        self.callers[caller.socket.fileno()] = caller
        self.poll.register(caller.socket.fileno(), select.EPOLLIN)
        caller.send()

    def restart(self, caller: Caller) -> None:
        """Go on over a new connection; what was not answered on the old one has failed."""
        self.tally.errors += caller.waiting
        del self.callers[caller.socket.fileno()]
        caller.socket.close()  # leaves the poller, too
        caller.open()
        self.start(caller)

    def turn(self, patience: float) -> None:
        """Take what has come within patience seconds, and send on."""
        for fd, _event in self.poll.poll(patience):
            caller = self.callers[fd]
            try:
                statuses, closed = caller.receive()
            except ConnectionError:
                statuses, closed = [], True
            self.tally.add(statuses, (time.perf_counter() - caller.sentAt) * 1e6)
            if closed or not (caller.waiting or self.persists):
                self.restart(caller)
            elif not caller.waiting:
                caller.send()

    def close(self) -> None:
        for caller in self.callers.values():
            caller.socket.close()
        self.poll.close()


def hammer(load: Load, port: int, seconds: float) -> Sample:
    """Send for that many seconds of real time, and tell what came back."""
    began = time.perf_counter()
    with closing(Crew(load, port)) as crew:
        while (now := time.perf_counter()) - began < seconds:
            crew.turn(patience=0.1)
        return crew.tally.sample(now - began)


if __name__ == "__main__":
    print(json.dumps(vars(hammer(Load(**json.loads(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])))))
