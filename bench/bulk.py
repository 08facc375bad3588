"""Move large bodies over a few connections: python -m bench.bulk LOAD PORT SECONDS.

LOAD is a loads.Load as JSON; a loads.Sample comes out as JSON, with MB per second for a rate, and the time of a whole
transfer for a latency. wrk reads 8 KB at a time, which would be the slowest part; this reads 256 KiB into a buffer that
it never looks at but for the head and the end, and sends from one that it never copies.

Tail       says where the response ends that begins a stream of bytes
Transfer   one connection: a request, its body, the response, and again
Crew       several of them on one poller
bulk       several of them for a while
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from contextlib import closing

from bench.hammer import BLANK, LENGTH
from bench.loads import Load, Sample
from bench.report import percentile
from bench.requests import render
from bench.servers import HOST

BLOCK = memoryview(b"x" * (1 << 20))
PATIENCE = 20.0  # seconds for a first transfer to end


class Tail:
    """Counts the bytes of one response as they come, and tells when that was the last.

    Takes one with a Content-Length, and a chunked one without trailers whose content never holds the end mark.
    """

    MARK = b"\r\n0\r\n\r\n"

    def __init__(self) -> None:
        self.head = b""
        self.size = 0  # bytes of the head
        self.status = 0
        self.left: int | None = None  # bytes still to come; None for chunks
        self.last = b"\r\n"  # of the chunks: the last bytes, first that of the head

    def feed(self, data: memoryview) -> bool:
        """Take what came; return whether the response is whole. Raises ValueError for what is no response."""
        if not self.status:
            self.head += data
            end = self.head.find(BLANK)
            if end < 0:
                return False
            self.size = end + 4
            self.status = int(re.match(rb"HTTP/1\.1 (\d{3})", self.head)[1])  # type: ignore[index]
            length = LENGTH.search(self.head[: end + 2])
            self.left = int(length[1]) if length else 0 if self.status == 204 else None
            data = memoryview(self.head)[self.size :]
        if self.left is None:
            self.last = (self.last + data[-len(self.MARK) :])[-len(self.MARK) :]
            return self.last == self.MARK
        self.left -= len(data)
        return self.left <= 0


class Transfer:
    """One connection that sends a request with its body and takes the response, over and over."""

    def __init__(self, load: Load, port: int) -> None:
        self.port = port
        self.head = render(load.method, load.headers, host=f"{HOST}:{port}").replace(b" / ", f" {load.path} ".encode())
        if load.body:
            self.head = self.head.replace(b"Content-Length: 0", b"Content-Length: %d" % load.body)
        self.body = load.body
        self.begin()

    def begin(self) -> None:
        self.socket = socket.create_connection((HOST, self.port), timeout=5)
        self.socket.setblocking(False)
        self.again()

    def again(self) -> None:
        """Begin the next transfer."""
        self.unsent, self.left = memoryview(self.head), self.body
        self.tail = Tail()
        self.answered = False  # before all was sent, as a server does that reads no body
        self.began = time.perf_counter()

    def send(self) -> int:
        """Send what the kernel takes; return the number of bytes."""
        sent = 0
        try:
            while self.unsent:
                count = self.socket.send(self.unsent)
                sent += count
                self.unsent = self.unsent[count:]
                if not self.unsent and self.left:
                    self.unsent = BLOCK[: self.left]
                    self.left -= len(self.unsent)
        except BlockingIOError:
            pass
        return sent

    def receive(self, buffer: memoryview) -> tuple[int, bool]:
        """Receive once; return the number of bytes, and whether the response is whole. Raises OSError at the end."""
        count = self.socket.recv_into(buffer)
        if not count:
            raise ConnectionError("closed before the end of a response")
        return count, self.tail.feed(buffer[:count])


class Crew:
    """All transfers on one poller, and what they moved."""

    def __init__(self, load: Load, port: int) -> None:
        self.poll = select.epoll()
        self.transfers: dict[int, Transfer] = {}
        self.times: list[float] = []  # microseconds of a whole transfer
        self.sent = self.received = self.errors = 0
        self.buffer = memoryview(bytearray(1 << 18))
        for _ in range(load.connections):
            self.enroll(Transfer(load, port))

    def enroll(self, transfer: Transfer) -> None:
        self.transfers[transfer.socket.fileno()] = transfer
        self.poll.register(transfer.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def turn(self) -> None:
        """Move what can be moved."""
        for fd, mask in self.poll.poll(0.1):
            transfer = self.transfers[fd]
            try:
                if mask & select.EPOLLOUT:
                    self.sent += transfer.send()
                    if transfer.answered and not transfer.unsent:
                        self.complete(fd, transfer)
                    elif not transfer.unsent:
                        self.poll.modify(fd, select.EPOLLIN)
                if mask & ~select.EPOLLOUT:
                    self.receive(fd, transfer)
            except OSError:
                self.errors += 1
                transfer.socket.close()  # leaves the poller, too
                del self.transfers[fd]
                transfer.begin()
                self.enroll(transfer)

    def receive(self, fd: int, transfer: Transfer) -> None:
        count, whole = transfer.receive(self.buffer)
        self.received += count
        if not whole:
            return
        if transfer.tail.status // 100 != 2:
            raise ConnectionError(f"answered {transfer.tail.status}")
        self.received -= transfer.tail.size
        if transfer.unsent:
            transfer.answered = True
        else:
            self.complete(fd, transfer)

    def complete(self, fd: int, transfer: Transfer) -> None:
        """A transfer is whole: begin the next."""
        self.times.append((time.perf_counter() - transfer.began) * 1e6)
        transfer.again()
        self.poll.modify(fd, select.EPOLLIN | select.EPOLLOUT)

    def close(self) -> None:
        for transfer in self.transfers.values():
            transfer.socket.close()
        self.poll.close()


def bulk(load: Load, port: int, seconds: float) -> Sample:
    """Transfer for that many seconds, and until one transfer is whole; count bytes one way, the way of the bodies."""
    began = now = time.perf_counter()
    with closing(Crew(load, port)) as crew:
        while (spent := now - began) < seconds or (not crew.times and not crew.errors and spent < PATIENCE):
            crew.turn()
            now = time.perf_counter()
    ordered = sorted(crew.times) or [0.0]
    moved = crew.sent if load.body else crew.received
    return Sample(moved / spent / 1e6, percentile(ordered, 0.5), percentile(ordered, 0.99), crew.errors)


if __name__ == "__main__":
    print(json.dumps(vars(bulk(Load(**json.loads(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])))))
