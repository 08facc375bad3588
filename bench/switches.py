"""Measure the scheduler: switches, timers, and what doers cost that do nothing.

    python -m bench.switches [--rounds N] [--budget TURNS]

switches   turns a second of doers that want every pass, beside bare generators, asyncio.sleep(0) and trio
timers     wake-ups a second of doers that sleep about a second of tyme, beside simpy; each has a tock of its own
idle       nanoseconds that a tick takes beside so many doers that sleep, and bytes that each of them holds

Rounds are interleaved, and all times are CPU times of this process. trio and simpy are measured where installed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from hio.base.doing import DoDoer, Doer, Doist, doify

try:
    import simpy  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    simpy = None  # type: ignore[assignment,unused-ignore]
try:
    import trio  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    trio = None  # type: ignore[assignment,unused-ignore]

SIZES = (10, 1_000, 100_000)
TIMERS = (100, 10_000)
SPREAD = 0.1  # seconds by which the tocks of timers differ at the most, so that few of them are due together

Measure = Callable[[int, int], float]  # (number of doers, number of turns of each) -> CPU seconds


def every(tymth: Any = None, tock: float = 0.0, **opts: Any) -> Generator[float, float, None]:
    """Want a turn in every pass, or every tock seconds."""
    while True:
        yield tock


def passes(doist: Doist, turns: int) -> float:
    """Return the CPU seconds of so many passes, after a first one that sorts who sleeps and who does not."""
    doist.enter()
    doist.recur()
    begin = time.process_time()
    for _ in range(turns):
        doist.recur()
    spent = time.process_time() - begin
    doist.exit()
    return spent


def hioFunctions(size: int, turns: int) -> float:
    return passes(Doist(doers=[doify(every) for _ in range(size)]), turns)


def hioDoers(size: int, turns: int) -> float:
    return passes(Doist(doers=[Doer() for _ in range(size)]), turns)


def hioNested(size: int, turns: int) -> float:
    return passes(Doist(doers=[DoDoer(doers=[doify(every) for _ in range(size)])]), turns)


def bareGenerators(size: int, turns: int) -> float:
    dogs = [every() for _ in range(size)]
    for dog in dogs:
        dog.send(None)  # type: ignore[arg-type]
    begin = time.process_time()
    for _ in range(turns):
        for dog in dogs:
            dog.send(0.0)
    return time.process_time() - begin


def asyncioSleeps(size: int, turns: int) -> float:
    async def task() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def main() -> float:
        begin = time.process_time()
        await asyncio.gather(*[task() for _ in range(size)])
        return time.process_time() - begin

    return asyncio.run(main())


def trioSleeps(size: int, turns: int) -> float:
    async def task() -> None:
        for _ in range(turns):
            await trio.lowlevel.checkpoint()

    async def main() -> float:
        begin = time.process_time()
        async with trio.open_nursery() as nursery:
            for _ in range(size):
                nursery.start_soon(task)
        return time.process_time() - begin

    return float(trio.run(main))


def tocks(size: int, spread: float) -> list[float]:
    """Return the tocks of so many timers: a second, and up to spread more."""
    return [1.0 + spread * index / size for index in range(size)]


def hioTimers(size: int, turns: int, spread: float = SPREAD) -> float:
    doist = Doist(doers=[doify(every, tock=tock) for tock in tocks(size, spread)], limit=float(turns))
    begin = time.process_time()
    doist.do()
    return time.process_time() - begin


def simpyTimers(size: int, turns: int, spread: float = SPREAD) -> float:
    environment = simpy.Environment()

    def process(tock: float) -> Generator[Any, Any, None]:
        while True:
            yield environment.timeout(tock)

    begin = time.process_time()
    for tock in tocks(size, spread):
        environment.process(process(tock))
    environment.run(until=float(turns))
    return time.process_time() - begin


def rates(measures: dict[str, Measure], size: int, turns: int, rounds: int) -> dict[str, float]:
    """Return millions of turns a CPU second of each measure: the median of the rounds, which are interleaved."""
    spent: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            spent[name].append(measure(size, turns))
    return {name: size * turns / statistics.median(times) / 1e6 for name, times in spent.items()}


def table(title: str, first: str, rows: dict[str, dict[str, float]]) -> str:
    """Return a Markdown table: a line for each row, with the ratio to the row first beside each figure."""
    columns = list(next(iter(rows.values())))
    lines = [f"| {title} | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for name, row in rows.items():
        cells = [f"{row[column]:.2f} ({row[column] / rows[first][column]:.2f})" for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def switches(rounds: int, budget: int) -> str:
    """Return the table of switches; budget: turns that each sample has in all."""
    measures: dict[str, Measure] = {
        "bare generators": bareGenerators,
        "hio, generator functions": hioFunctions,
        "hio, the same below a DoDoer": hioNested,
        "hio, Doers": hioDoers,
        "asyncio.sleep(0)": asyncioSleeps,
    }
    if trio is not None:
        measures["trio checkpoint"] = trioSleeps
    rows: dict[str, dict[str, float]] = {name: {} for name in measures}
    for size in SIZES:
        for name, rate in rates(measures, size, max(3, budget // size), rounds).items():
            rows[name][f"{size:,} doers"] = rate
    return table("million switches a second (of bare generators)", "bare generators", rows)


def timers(rounds: int, budget: int) -> str:
    """Return the table of timers."""
    rows: dict[str, dict[str, float]] = {}
    for size in TIMERS:
        for label, spread in (("", SPREAD), (" in step", 0.0)):
            measures: dict[str, Measure] = {"hio": partial(hioTimers, spread=spread)}
            if simpy is not None:
                measures = {"simpy": partial(simpyTimers, spread=spread)} | measures
            for name, rate in rates(measures, size, max(20, budget // size), rounds).items():
                rows.setdefault(name, {})[f"{size:,} doers{label}"] = rate
    first = next(iter(rows))
    return table(f"million wake-ups a second (of {first})", first, rows)


def idle(rounds: int, ticks: int) -> str:
    """Return the table of idle doers."""
    lines = ["| doers that sleep | ns a tick | below a DoDoer | bytes a doer |", "| ---: | ---: | ---: | ---: |"]
    for size in (0, *SIZES):
        spent: list[list[float]] = [[], []]
        for _ in range(rounds):
            spent[0].append(passes(Doist(doers=sleepers(size)), ticks))
            spent[1].append(passes(Doist(doers=[DoDoer(doers=sleepers(size), always=True)]), ticks))
        flat, nested = (statistics.median(times) / ticks * 1e9 for times in spent)
        held = f"{bytesHeld(size):.0f}" if size else ""
        lines.append(f"| {size:,} | {flat:.0f} | {nested:.0f} | {held} |")
    return "\n".join(lines) + "\n"


def sleepers(size: int) -> list[Any]:
    """Return so many doers that sleep longer than any measurement lasts."""
    return [doify(every, tock=1e6) for _ in range(size)]


def bytesHeld(size: int) -> float:
    """Return the bytes that a Doist holds for each of so many sleepers, their own objects left out, dogs included."""
    doist = Doist(doers=sleepers(size))
    tracemalloc.start()
    doist.enter()
    doist.recur()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    doist.exit()
    return held / size


def main(argv: list[str] | None = None) -> int:
    """Print the three tables as Markdown; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.switches", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="samples of each figure, of which the median counts")
    parser.add_argument("--budget", type=int, default=300_000, help="turns in each sample")
    arguments = parser.parse_args(argv)
    print(f"Python {sys.version.split()[0]}, medians of {arguments.rounds} rounds\n")
    print(switches(arguments.rounds, arguments.budget))
    print(timers(arguments.rounds, arguments.budget))
    print(idle(arguments.rounds, max(1_000, arguments.budget // 10)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
