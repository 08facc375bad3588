"""Where the time of a keep-alive hello goes: python -m bench.budget.

layers     microseconds of each step of a request, each alone and over and over, on a server in memory
syscalls   calls of the kernel per request, counted by strace

A step alone runs with warm caches, so the sum is a little less than what the steps take in a row; `together` is that.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hio.core import http
from hio.core.http.requesting import ANSWER, IDLE

from bench import apps, inmemory, loads, report, servers
from bench.loads import Load
from bench.requests import COOKIE, NINE, render

Step = Callable[[], object]
REQUESTS = {"Host alone": {}, "nine fields": NINE, "nine and a cookie": COOKIE}


class Bench:
    """A server by hand, with one connection, and the steps of a request on it."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.net = inmemory.MemoryNet(1)
        self.server = http.Server(ha=inmemory.HA, app=apps.hello, net=self.net, clock=lambda: 0.0)
        self.server.reopen()
        [self.ix] = self.server.servant.serviceAxes()
        self.server.welcome(self.ix)
        [self.req] = self.server.reqs.values()
        self.whole()
        self.rep: Any = self.req.responder

    def whole(self) -> None:
        """A request from its bytes to the bytes of its answer."""
        self.net.socks[0].inbox = self.request
        self.server.servant.readable.append(self.ix)
        self.server.serviceReceives()
        self.server.serviceAnswers()
        assert self.req.phase is IDLE

    def receive(self) -> None:
        self.net.socks[0].inbox = self.request
        self.ix.serviceReceiveOnce()
        self.ix.rxbs.clear()

    def socket(self) -> None:
        """What of receive and send is this module's own."""
        self.net.socks[0].inbox = self.request
        self.net.socks[0].recv(8096)
        self.net.socks[0].send(b"")

    def parse(self) -> None:
        self.ix.rxbs.extend(self.request)
        self.req.armed = True
        self.req.parse()

    def environ(self) -> None:
        self.server.buildEnviron(self.req)

    def respond(self) -> None:
        self.req.phase = ANSWER
        self.rep.reset(self.req.environ, True, True)
        self.rep.service()

    def app(self) -> None:
        apps.hello(self.req.environ, start)

    def answered(self) -> None:
        self.server.answered(self.req, True)


def start(*pa: Any) -> Any:
    """A start_response that does nothing."""


def timed(step: Step, seconds: float = 0.05, rounds: int = 7) -> float:
    """Return the microseconds of a step: of several rounds the quickest, which others disturbed least."""

    def spent(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            step()
        return time.perf_counter() - began

    count = 1
    while spent(count) < seconds / 2:
        count *= 2
    return min(spent(count) for _ in range(rounds)) / count * 1e6


def layers() -> str:
    """Return the table of steps."""
    rows: dict[str, list[float]] = {}
    for fields in REQUESTS.values():
        bench = Bench(render("GET", fields))
        empty = timed(lambda: None)
        own = timed(bench.socket) - empty
        found = {name: timed(getattr(bench, name)) - empty for name in STEPS}
        found["receive"] -= own / 2
        found["respond"] -= own / 2
        found["together"] = timed(bench.whole) - empty - own
        for name, micros in found.items():
            rows.setdefault(name, []).append(micros)
    cells = [[TITLES[name], *(f"{micros:.2f}" for micros in found)] for name, found in rows.items()]
    return report.table(["microseconds of CPU", *REQUESTS], cells)


STEPS = ("receive", "parse", "environ", "respond", "app", "answered")
TITLES = {
    "receive": "receive, without the system call",
    "parse": "parse the head, fill the environ",
    "environ": "complete the environ",
    "respond": "call the app, check and render the head, without the system call",
    "app": "of that: the app itself",
    "answered": "go back to idle",
    "together": "together, with the two loops around them",
}


def syscalls(connections: int, seconds: int = 2) -> list[list[str]]:
    """Return the calls per request that a server makes under load, of each kind of which there is one in a hundred."""
    kind = servers.KINDS["hio"]
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "counts"
        here, there = servers.cores()
        with servers.serve(kind, "hello", here) as server:
            trace = subprocess.Popen(
                ["strace", "-q", "-c", "-o", str(counts), "-p", str(server.process.pid)], stderr=subprocess.DEVNULL
            )
            sample = loads.measure(Load(connections), server, seconds, there, loads.choose())
            trace.send_signal(signal.SIGINT)  # detaches, and writes what it counted
            trace.wait()
        total = sample.rate * seconds
        found = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", counts.read_text(), re.M)
    often = [(name, int(calls) / total) for calls, name in found if name != "total"]
    return [[name, f"{share:.2f}"] for name, share in often if share > 0.01]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.budget", description="Tell where a request's time goes.")
    parser.add_argument("--syscalls", action="store_true", help="count calls of the kernel, too (strace)")
    options = parser.parse_args(arguments)
    print(layers())
    if options.syscalls:
        if not shutil.which("strace"):
            print("strace is not installed", file=sys.stderr)
            return 1
        for connections in (1, 64):
            print(report.table([f"{connections} connections", "calls per request"], syscalls(connections)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
