"""The command line: python -m bench --help."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench import idle, inmemory, instructions, loads, results, servers
from bench.results import Section
from bench.scenarios import SCENARIOS
from bench.suite import Suite

ROOT = Path(__file__).parent.parent
IDLE = 10_000  # connections
IDLERS = ("hio", "granian", "bjoern", "gevent", "uvicorn", "nginx")
QUICK = ("hio", "granian", "bjoern", "nginx")


def main(arguments: Sequence[str] | None = None) -> int:
    began = time.monotonic()
    options = parse(arguments)
    options.deadline = began + 60 * options.minutes
    options.servers = [name for name in options.servers if available(name)]
    most = max([SCENARIOS[name].idle + SCENARIOS[name].load.connections for name in options.scenario] + [IDLE])
    idle.allowFiles(most)
    machine = describe(options)
    sections, failed = [], []
    for name in options.part:
        say(f"-- {name}, {time.monotonic() - began:.0f} s")
        try:
            sections.append(PARTS[name](options))
        except (servers.Failure, OSError, subprocess.SubprocessError) as ex:
            say(f"{name} failed: {ex}")
            failed.append(name)
    sections.sort(key=lambda section: ORDER.index(section.name))
    machine["took"] = f"{time.monotonic() - began:.0f} s" + (f"; failed: {', '.join(failed)}" if failed else "")
    print(results.page(machine, sections))
    if options.publish:
        for path in results.write(options.publish, machine, sections):
            say(f"wrote {path}")
    return int(bool(failed) or any(missing(section) for section in sections))


def missing(section: Section) -> bool:
    """Whether a server failed to give a sample."""
    found = section.data.values() if section.name == "servers" else ()
    return any(None in rounds for servers in found for rounds in servers.values())


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure hio beside its peers.")
    parser.add_argument("--rounds", type=count, default=0, help="samples of each server and scenario (3)")
    parser.add_argument("--seconds", type=count, default=1, help="length of a sample, whole seconds (%(default)s)")
    parser.add_argument("--minutes", type=float, default=12, help="no round begins that would end later (%(default)s)")
    parser.add_argument("--quick", action="store_true", help=f"one round, of {', '.join(QUICK)}; some three minutes")
    for option, table in (("--part", PARTS), ("--scenario", SCENARIOS), ("--servers", servers.KINDS)):
        everything = f"comma separated, of {', '.join(table)} (all)"
        parser.add_argument(option, type=names(table), default=[], help=everything)
    parser.add_argument("--baseline", default="granian", help="the server that ratios are against (%(default)s)")
    parser.add_argument("--load", choices=loads.TOOLS, default="", help="what makes requests (wrk if installed)")
    parser.add_argument(
        "--publish", type=Path, nargs="?", const=ROOT, metavar="DIR",
        help="write bench/RESULTS.md, bench/results.json and docs/charts below DIR (the project)",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.part = options.part or (["servers"] if options.scenario else list(PARTS))
    options.scenario = options.scenario or list(SCENARIOS)
    options.servers = options.servers or (list(QUICK) if options.quick else list(servers.KINDS))
    options.load = loads.choose(options.load)
    return options


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 up, got {text!r}")
    return int(text)


class names:
    """An option's type: some of the keys of a table, separated by commas."""

    def __init__(self, table: Mapping[str, object]) -> None:
        self.table = table

    def __call__(self, text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in self.table]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(self.table)}")
        return chosen


# ---------------------------------------------------------------- parts


def measureServers(options: argparse.Namespace) -> Section:
    scenarios = [SCENARIOS[name] for name in options.scenario]
    suite = Suite(
        scenarios, options.servers, options.rounds, options.seconds, options.load, say, deadline=options.deadline
    )
    return results.suite(suite.measure(), options.baseline)


def measureIdle(options: argparse.Namespace) -> Section:
    costs = []
    for name in options.servers:
        if name in IDLERS:
            try:
                costs.append(asdict(idle.measure(servers.KINDS[name], IDLE, 3.0)))
                say(f"{name}: {costs[-1]}")
            except (servers.Failure, OSError) as ex:
                say(f"{name}: {ex}")
    return results.idle(costs, IDLE)


def measureGrowth(options: argparse.Namespace) -> Section:
    return results.growth(json.loads(ran("growth")))


def measureInstructions(options: argparse.Namespace) -> Section:
    if not shutil.which("valgrind"):
        raise servers.Failure("valgrind is not installed")
    figures = instructions.measure(list(inmemory.WORKLOADS))
    titles = {name: workload.title for name, workload in inmemory.WORKLOADS.items()}
    return results.instructions(instructions.fingerprint(), figures, titles)


def measureSwitches(options: argparse.Namespace) -> Section:
    few = ["--rounds", "1", "--budget", "100000"] if options.quick else ["--rounds", "3"]
    return results.printed("switches", "The scheduler", ran("switches", *few))


def measureClients(options: argparse.Namespace) -> Section:
    few = ["--rounds", "1", "--seconds", "0.5"] if options.quick else ["--rounds", "3", "--seconds", "1"]
    return results.printed("clients", "The HTTP client", ran("clients", *few))


def measureSimulated(options: argparse.Namespace) -> Section:
    few = ["--rounds", "1", "--exchanges", "5000"] if options.quick else ["--rounds", "3"]
    return results.printed("simulated", "Simulation", ran("simulated", *few))


#: The parts in the order in which they are measured: those that take a known time first.
PARTS: dict[str, Callable[[argparse.Namespace], Section]] = {
    "instructions": measureInstructions,
    "idle": measureIdle,
    "growth": measureGrowth,
    "switches": measureSwitches,
    "clients": measureClients,
    "simulated": measureSimulated,
    "servers": measureServers,
}
#: The order in which they are shown.
ORDER = ("servers", "idle", "growth", "instructions", "switches", "clients", "simulated")


def ran(module: str, *arguments: str) -> str:
    """Return what a module of this package prints; it has a process of its own, whose errors are shown."""
    command = [sys.executable, "-m", f"bench.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=600)
    if done.returncode:
        raise servers.Failure(f"bench.{module} ended with status {done.returncode}")
    return done.stdout


# ---------------------------------------------------------------- the machine


def available(name: str) -> bool:
    installed = servers.KINDS[name].installed
    if not installed:
        say(f"{name} is not installed: left out")
    return installed


def describe(options: argparse.Namespace) -> dict[str, str]:
    """Return what one must know of the machine and the run to read the numbers."""
    cpu = next((line.partition(": ")[2] for line in cpuinfo() if line.startswith("model name")), platform.machine())
    here, there = servers.cores()
    versions = [f"{name} {servers.KINDS[name].version}" for name in options.servers]
    return {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": f"{cpu.strip()}, {os.cpu_count()} cores; the load of others, as the run began: {os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.release()}",
        "python": instructions.fingerprint(),
        "servers": ", ".join(versions),
        "load": f"{options.load} on core {there}, server on core {here}",
        "samples": f"up to {options.rounds} of {options.seconds} s each, in interleaved rounds; medians",
    }


def cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
