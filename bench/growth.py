"""How hio's cost grows: with connections, with bodies, with header fields, with doers. python -m bench.growth --help.

connections   requests per CPU second, latency and memory while 1 to 10,000 of them ask
bodies        MB per CPU second for responses of 1 B to 100 MB
fields        requests per CPU second with 0 to 90 header fields, no two requests alike
doers         nanoseconds of a pass for each of 1 to 100,000 doers, busy and asleep

A straight line in a chart with two logarithmic axes is a power; what falls faster than its neighbours shows as a bend.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count as countUp
from dataclasses import asdict, dataclass


from hio.base.doing import Doist

from bench import idle, loads, servers, switches
from bench.inmemory import Workload, run
from bench.loads import Load
from bench.report import perCpu
from bench.requests import render

CONNECTIONS = (1, 10, 100, 1_000, 5_000, 10_000)
BODIES = (1, 100, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
FIELDS = (0, 1, 3, 10, 30, 90)
DOERS = (1, 10, 100, 1_000, 10_000, 100_000)

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Curve:
    """What grows, and how."""

    name: str  # of its file
    title: str
    across: str
    up: str
    series: dict[str, Points]


def measured(app: str, cases: Sequence[tuple[float, Load]], seconds: int) -> list[tuple[float, loads.Sample, int]]:
    """Return what one server did under each load, and the memory that it held then."""
    here, there = servers.cores()
    found = []
    with servers.serve(servers.KINDS["hio"], app, here) as server:
        for x, load in cases:
            sample = loads.measure(load, server, seconds, there, loads.choose())
            found.append((x, sample, server.peak))
    return found


def connections(seconds: int) -> list[Curve]:
    found = measured("hello", [(count, Load(count)) for count in CONNECTIONS], seconds)
    return [
        Curve("connections", "Requests as connections grow", "connections, all busy", "per CPU second",
              {"requests": [(x, perCpu(sample)) for x, sample, _ in found]}),
        Curve("latency", "Latency as connections grow", "connections, all busy", "microseconds",
              {"p50": [(x, sample.p50) for x, sample, _ in found], "p99": [(x, sample.p99) for x, sample, _ in found]}),
        Curve("memory", "Most memory as connections grow", "connections, all busy", "MB",
              {"process": [(x, peak / 1e6) for x, _, peak in found]}),
    ]  # fmt: skip


def bodies(seconds: int) -> list[Curve]:
    cases = [(float(size), Load(4, path=f"/?{size}", tool="bulk")) for size in BODIES]
    found = measured("sized", cases, seconds)
    return [
        Curve("bodies", "Bytes as responses grow", "bytes of a response", "MB per CPU second",
              {"MB": [(x, perCpu(sample)) for x, sample, _ in found]}),
    ]  # fmt: skip


def fields(seconds: int) -> list[Curve]:
    points: Points = []
    for count in FIELDS:
        workload = Workload("", "hello", partial(requests, count))
        total = 64
        spent = 0.0
        while spent < seconds / 4:
            total *= 4
            began = time.process_time()
            run(workload, total)
            spent = time.process_time() - began
        points.append((count + 1, spent / total * 1e6))
    title = "A request as header fields grow"
    return [Curve("fields", title, "field lines", "microseconds of CPU", {"request": points})]


def requests(count: int) -> Iterator[bytes]:
    """Return requests with that many fields besides Host, no two of them alike."""
    return (numbered(count, number) for number in countUp())


def numbered(count: int, number: int) -> bytes:
    """Return a request with that many fields besides Host, the last of which tells its number."""
    lines = {f"X-Field-{place}": f"value {place}" for place in range(count)}
    return render("GET", {**lines, f"X-Field-{count - 1}": str(number)} if count else lines)


def doers(seconds: int) -> list[Curve]:
    busy: Points = []
    asleep: Points = []
    for size in DOERS:
        turns = max(3, 200_000 * seconds // size)
        busy.append((size, switches.hioFunctions(size, turns) / size / turns * 1e9))
        ticks = 20_000 * seconds
        asleep.append((size, switches.passes(Doist(doers=switches.sleepers(size)), ticks) / ticks * 1e9))
    return [
        Curve("doers", "A pass as doers grow", "doers", "nanoseconds",
              {"a switch": busy, "a tick, all asleep": asleep}),
    ]  # fmt: skip


PARTS: dict[str, Callable[[int], list[Curve]]] = {
    "connections": connections, "bodies": bodies, "fields": fields, "doers": doers,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description="Measure how hio's cost grows.")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--seconds", type=int, default=1, help="length of a sample (%(default)s)")
    options = parser.parse_args(arguments)
    idle.allowFiles(max(CONNECTIONS))
    curves = [curve for name in options.part or PARTS for curve in PARTS[name](options.seconds)]
    print(json.dumps([asdict(curve) for curve in curves], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
