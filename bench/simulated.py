"""Simulated HTTP exchanges per second of CPU on one core, beside the same exchanges by other means.

    python -m bench.simulated [--exchanges 10000] [--rounds 5] [--profile]

Two hosts, one connection that is kept alive, one exchange at a time: a GET, answered by 14 bytes. What is sent takes
1 ms. CPU time of the process counts, start and end of the run included. The kinds of run take turns, round by round; of
rates and of ratios the medians over the rounds are shown, and a ratio is taken within its round.

hio        on its simulated network: sockets, a poller and a Doist for each host, a trace, clocks and chance guarded
loopback   server and client in one Doist, as the simulation has them, and real sockets between them
simloop, simloom, pipes   programs of asyncio in simulated loops, see bench.loops; what is not installed is left out
idle hour  ten hosts with a server each and nothing to do
witnesses  examples/sim_witness.py::pool, nine hosts amid faults, a seed each time, watched by the oracles
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from bench import loops
from bench.apps import HELLO, api, hello
from bench.loops import LATENCY, REQUEST
from hio.base.doing import Doist, doify
from hio.core import http
from hio.core.tcp.clienting import Client
from hio.sim import Sim
from hio.sim.finding import find
from hio.sim.trying import attempt

WITNESSES = Path(__file__).parent.parent / "examples" / "sim_witness.py"
SEEDS = 20  # of the witnesses in each round: others cost more or less

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


def sweep(count: int) -> None:
    """Have the witnesses of the example agree under count seeds, one after the other."""
    scenario = find(f"{WITNESSES}::pool")
    for seed in range(1, count + 1):
        _, outcome, error = attempt(scenario, seed)
        assert error is None, outcome


def cost(function: Callable[[], Any]) -> float:
    """Return the seconds of CPU that function takes."""
    start = time.process_time()
    function()
    return time.process_time() - start


RUNS: dict[str, Callable[[int], Any]] = {
    "hio, bare WSGI, its client": lambda count: simulate(hello, ask, count),
    "the same, watched by the oracles": lambda count: simulate(hello, ask, count, oracles=True),
    "hio, Falcon, its client": lambda count: simulate(api, ask, count),
    "hio, bare WSGI, bytes on a TCP client": lambda count: simulate(hello, poke, count),
    "loopback, bare WSGI, hio's client": lambda count: loopback(hello, ask, count),
    "loopback, Falcon, hio's client": lambda count: loopback(api, ask, count),
    "loopback, bare WSGI, bytes on a TCP client": lambda count: loopback(hello, poke, count),
    **{name: run for name, (packages, run) in loops.RUNS.items() if loops.installed(*packages)},
}
FIRST = next(iter(RUNS))  # what ratios are of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=10_000, help="in each run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind; medians count")
    parser.add_argument("--profile", action="store_true", help="show where simulated exchanges spend their time")
    args = parser.parse_args()
    if args.profile:
        profile = cProfile.Profile()
        profile.runcall(simulate, hello, ask, args.exchanges)
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return
    for run in RUNS.values():
        run(100)  # imports, and what is remembered
    rounds: list[dict[str, float]] = []
    hours: list[float] = []
    sweeps: list[float] = []
    for _ in range(args.rounds):
        rounds.append({name: cost(lambda run=run: run(args.exchanges)) for name, run in RUNS.items()})  # type: ignore[misc]
        hours.append(cost(lambda: idle(3600.0)))
        sweeps.append(cost(lambda: sweep(SEEDS)))
    print(f"{'exchanges per second of CPU':46} {'':>9} {FIRST!r} is")
    for name in RUNS:
        rate = statistics.median(args.exchanges / each[name] for each in rounds)
        ratio = statistics.median(each[name] / each[FIRST] for each in rounds)
        print(f"{name:46} {rate:9,.0f} {ratio:6.2f} times as quick, {1e6 / rate:6.1f} us each")
    for name, (packages, _) in loops.RUNS.items():
        if name not in RUNS:
            print(f"{name:46} left out, for want of {' or '.join(packages)}")
    print(f"{'an idle hour of ten hosts':46} {statistics.median(hours) * 1e3:9.2f} ms")
    print(f"{'seven witnesses amid faults':46} {SEEDS / statistics.median(sweeps):9,.0f} seeds per second of CPU")


if __name__ == "__main__":
    main()
