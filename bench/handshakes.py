"""Make TLS handshakes: python -m bench.handshakes LOAD PORT SECONDS.

LOAD is a loads.Load as JSON; a loads.Sample comes out as JSON, with handshakes per second for a rate. Each handshake is
a new connection with one request and its answer. With .resumed, all but the first of a thread resume the session of
the one before (RFC 8446, 2.2), and one that was not resumed counts as an error.

The client's part of a handshake costs no less than the server's, so the rate is bounded by this side; what compares
servers is the rate per second of their own CPU time.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import time

from bench.loads import Load, Sample
from bench.report import percentile
from bench.requests import render
from bench.servers import HOST, trusting

REQUEST = render("GET", {})


class Shaker(threading.Thread):
    """Connects again and again until told to end."""

    def __init__(self, port: int, resumed: bool, until: float) -> None:
        super().__init__()
        self.port, self.resumed, self.until = port, resumed, until
        self.context = trusting()
        self.times: list[float] = []  # microseconds, of handshakes and connects
        self.errors = 0

    def run(self) -> None:
        session = None
        while (began := time.perf_counter()) < self.until:
            try:
                session = self.shake(session, began)
            except OSError:
                self.errors += 1

    def shake(self, session: ssl.SSLSession | None, began: float) -> ssl.SSLSession | None:
        """Connect, and ask for as much as brings the session along; return that."""
        raw = socket.create_connection((HOST, self.port), timeout=5)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # else nginx waits 40 ms between tickets and answer
        with self.context.wrap_socket(raw, session=session if self.resumed else None) as connection:
            self.times.append((time.perf_counter() - began) * 1e6)
            if self.resumed and session is not None and not connection.session_reused:
                self.errors += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            connection.sendall(REQUEST)
            answer = connection.recv(65536)
            if not answer.startswith(b"HTTP/1.1 200"):
                self.errors += 1
            return connection.session


def handshakes(load: Load, port: int, seconds: float) -> Sample:
    """Shake hands over several connections at a time for that many seconds."""
    began = time.perf_counter()
    shakers = [Shaker(port, load.resumed, began + seconds) for _ in range(load.connections)]
    for shaker in shakers:
        shaker.start()
    for shaker in shakers:
        shaker.join()
    spent = time.perf_counter() - began
    times = sorted(one for shaker in shakers for one in shaker.times) or [0.0]
    errors = sum(shaker.errors for shaker in shakers)
    return Sample(len(times) / spent, percentile(times, 0.5), percentile(times, 0.99), errors)


if __name__ == "__main__":
    print(json.dumps(vars(handshakes(Load(**json.loads(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])))))
