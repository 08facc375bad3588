"""The command line: python -m bench --help."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench import idle, loads, report, servers
from bench.loads import Sample
from bench.scenarios import SCENARIOS, Scenario

WARMUP = 1.0  # seconds of the same load before a sample: caches, lazy imports, worker threads

Results = dict[str, dict[str, list[Sample | None]]]  # scenario, then server, to its samples by round


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    chosen = [name for name in options.servers if servers.KINDS[name].installed]
    for name in options.servers:
        if name not in chosen:
            say(f"{name} is not installed: left out")
    scenarios = [SCENARIOS[name] for name in options.scenario]
    idle.allowFiles(max(scenario.idle + scenario.load.connections for scenario in scenarios))
    tool = loads.choose(options.load)
    machine = describe(chosen, tool, options.rounds, options.seconds)
    results = measureAll(scenarios, chosen, options.rounds, options.seconds, tool)
    tables = [tell(machine)]
    for scenario in scenarios:
        rows = report.summarize(results[scenario.name], options.baseline)
        tables.append(report.markdown(scenario.title, rows, options.baseline))
    text = "\n".join(tables)
    print(text)
    if options.markdown:
        options.markdown.write_text(text)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "samples": plain(results)}, indent=1) + "\n")
    failed = any(sample is None for found in results.values() for rounds in found.values() for sample in rounds)
    return int(failed)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure hio beside other HTTP servers.")
    parser.add_argument("--rounds", type=count, default=5, help="samples of each server and scenario (%(default)s)")
    parser.add_argument("--seconds", type=count, default=3, help="length of a sample, whole seconds (%(default)s)")
    for option, table in (("--scenario", SCENARIOS), ("--servers", servers.KINDS)):
        everything = f"comma separated, of {', '.join(table)} (all)"
        parser.add_argument(option, type=names(table), default=list(table), help=everything)
    parser.add_argument("--baseline", default="granian", help="the server that ratios are against (%(default)s)")
    parser.add_argument("--load", choices=loads.TOOLS, default="", help="the tool that makes it (wrk if installed)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there too")
    return parser.parse_args(arguments)


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


def measureAll(
    scenarios: Sequence[Scenario], chosen: Sequence[str], rounds: int, seconds: int, tool: str
) -> Results:
    """Take one sample of each server in each scenario, then the next round."""
    results: Results = {scenario.name: {name: [] for name in chosen} for scenario in scenarios}
    for number in range(1, rounds + 1):
        for scenario in scenarios:
            for name in chosen:
                sample = None
                try:
                    sample = measureOne(scenario, servers.KINDS[name], seconds, tool)
                    say(f"round {number}/{rounds}  {scenario.name:8} {name:10} {sample.rate:>10,.0f}/s")
                except (servers.Failure, OSError) as ex:
                    say(f"round {number}/{rounds}  {scenario.name:8} {name:10} failed: {ex}")
                results[scenario.name][name].append(sample)
    return results


def measureOne(scenario: Scenario, kind: servers.Kind, seconds: int, tool: str) -> Sample:
    here, there = servers.cores()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(servers.serve(kind, scenario.app, here))
        if scenario.idle:
            stack.enter_context(idle.crowd(server.port, scenario.idle))
        loads.measure(scenario.load, server, WARMUP, there, tool)
        return loads.measure(scenario.load, server, seconds, there, tool)


def describe(chosen: Sequence[str], tool: str, rounds: int, seconds: int) -> dict[str, object]:
    """Return what one must know of the machine and the run to read the numbers."""
    cpu = next((line.partition(": ")[2] for line in cpuinfo() if line.startswith("model name")), platform.machine())
    here, there = servers.cores()
    return {
        "when": time.strftime("%Y-%m-%d", time.gmtime()),
        "cpu": f"{cpu.strip()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "servers": {name: servers.KINDS[name].version for name in chosen},
        "load": f"{tool} on core {there}, server on core {here}",
        "samples": f"{rounds} of {seconds} s each, in interleaved rounds",
    }


def cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def tell(machine: Mapping[str, object]) -> str:
    found = machine["servers"]
    assert isinstance(found, dict)
    lines = [f"- {key}: {value}" for key, value in machine.items() if key != "servers"]
    lines.append(f"- servers: {', '.join(f'{name} {version}'.strip() for name, version in found.items())}")
    return "\n".join(lines) + "\n"


def plain(results: Results) -> dict[str, dict[str, list[dict[str, float] | None]]]:
    """Return the results as JSON has them."""
    return {
        scenario: {
            name: [None if sample is None else asdict(sample) for sample in rounds] for name, rounds in found.items()
        }
        for scenario, found in results.items()
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
