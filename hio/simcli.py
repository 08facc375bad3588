"""hio sim: a scenario under one seed or under many.

describe   adds the arguments of the command
run        runs it: sweep() under many seeds, replay() under one

Only run() imports the simulator, so that the other commands do not wait for it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sim.finding import Scenario
    from .sim.ledgering import Ledger, Spans
    from .sim.sweeping import Group, Sweep, Trier
    from .sim.tracing import Trace

#: Seeds of a group that are listed.
LISTED = 12
#: Where the state files of sweeps lie.
FOLDER = os.path.join(".hio", "sim")

DETAILS = """examples:
  hio sim shop.py                                   the one scenario of shop.py under seeds 1 to 1000
  hio sim shop.py::payment --seeds 1..10000         one of several; on every processor of this machine
  hio sim shop.py::payment --seeds 1..1000 --stop 1     until the first failure
  hio sim shop.py::payment --seeds 1..10000 --resume    go on after Ctrl-C, or with more seeds
  hio sim shop.py::payment --seed 17                again, under the seed that failed
  hio sim shop.py::payment --seed 17 --trace run.html   the same, with a picture of what went over the wire
  hio sim shop.py --dask tcp://cluster:8786         on a Dask cluster; hio and shop.py are at the same path there

A scenario is a function of the file whose one parameter is called sim. What a sweep finds is written down at once, to
.hio/sim/ in this folder. Exit status: 0 all seeds passed, 1 some failed, 2 wrong arguments, 130 interrupted."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of hio sim."""
    parser.add_argument("scenario", metavar="FILE[::SCENARIO]", help="a function of a file that takes a Sim")
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--seeds", metavar="RANGE", default="1..1000", help="as 1..10000 or 1..50,90 (default: %(default)s)"
    )
    one.add_argument("--seed", metavar="SEED", help="run once, under this seed, and tell how it went")
    parser.add_argument(
        "--trace", metavar="PATH", action="append", default=[],
        help="with --seed: write what happened, as a picture for .html, as JSON lines for .jsonl, else as text",
    )
    parser.add_argument("--jobs", metavar="N", type=int, default=0, help="processes (default: one for each processor)")
    parser.add_argument("--dask", metavar="ADDRESS", help="use the Dask cluster whose scheduler is there")
    parser.add_argument("--stop", metavar="N", type=int, default=0, help="end after N failures (with --resume: N more)")
    parser.add_argument("--resume", action="store_true", help="go on with what the state file knows")
    parser.add_argument("--state", metavar="PATH", help="the state file (default: one for each scenario in .hio/sim)")


def run(args: argparse.Namespace) -> int:
    """hio sim: return the exit status."""
    from .sim.failing import SimError
    from .sim.finding import find

    try:
        scenario = find(args.scenario)
        if args.seed is not None:
            return replay(scenario, args.seed, args.trace)
        if args.trace:
            raise SimError("--trace is for one run: say --seed too")
        return sweep(scenario, args)
    except SimError as ex:
        if ex.__cause__ is not None and not isinstance(ex.__cause__, (ImportError, OSError)):
            traceback.print_exception(ex.__cause__)
        print(f"hio sim: {ex}", file=sys.stderr)
        return 2


# One seed

def replay(scenario: Scenario, text: str, paths: list[str]) -> int:
    """Run scenario under the seed that text says, write its trace to paths, and tell how it went."""
    from .sim.failing import SimFailure
    from .sim.trying import attempt

    seed = int(text) if text.lstrip("-").isdigit() else text
    sim, outcome, error = attempt(scenario, seed)
    for path in paths:
        save(sim.trace, path, f"{scenario.name}, seed {seed}", outcome.reason)
        print(f"trace: {path}")
    digest = sim.trace.digest()[:16]
    if error is None:
        told = f"tyme {sim.tyme:.6f}, {sim.taken:,} turns, {len(sim.trace):,} events, digest {digest}"
        print(f"seed {seed} passed: {told}")
        return 0
    if not isinstance(error, SimFailure) or error.__cause__ is not None:
        traceback.print_exception(error.__cause__ or error)
    if isinstance(error, SimFailure):
        print(error)
    else:
        print(outcome.reason)
        print("".join(f"  {one}\n" for one in sim.properties) + "  the last events:")
        print("".join(f"    {event}\n" for event in sim.trace.tail()), end="")
    print(f"seed {seed} failed: {outcome.cause}, digest {digest}")
    return 1


def save(trace: Trace, path: str, title: str, verdict: str) -> None:
    """Write trace to path, in the form that its ending says. Raises SimError when it cannot be written."""
    from .sim.failing import SimError

    try:
        with open(path, "w", encoding="utf-8") as file:
            if path.endswith((".html", ".htm")):
                from .sim.charting import chart

                file.write(chart(trace, title=title, verdict=verdict))
            elif path.endswith((".jsonl", ".json")):
                trace.dump(file)
            else:
                file.write(trace.text())
    except OSError as ex:
        raise SimError(f"cannot write {path}: {ex.strerror or ex}") from ex


# Many seeds

def sweep(scenario: Scenario, args: argparse.Namespace) -> int:
    """Run scenario under the seeds that args say, and tell how it went."""
    from .sim.crewing import Crew, DaskCrew
    from .sim.failing import SimError
    from .sim.ledgering import Spans
    from .sim.progressing import progress

    seeds = Spans(args.seeds)
    if not seeds:
        raise SimError("--seeds names no seed")
    if args.jobs < 0 or args.stop < 0:
        raise SimError("--jobs and --stop take 0 or more")
    crew: Trier
    if args.dask:
        crew = DaskCrew(scenario.path, scenario.name, args.dask)
    else:
        crew = Crew(scenario.path, scenario.name, min(args.jobs or os.cpu_count() or 1, len(seeds)))
    one, ledger = prepare(scenario, args, seeds, crew)
    running = one.run()
    interrupted = False
    try:
        with progress(sys.stderr) as shown:
            shown.show(one)
            for _ in running:
                shown.show(one)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        running.close()
        ledger.close()
    tell(one, scenario)
    if not one.ended:
        why = "interrupted" if interrupted else f"ended after {len(one.failures)} failures"
        print(f"\n{why}; to go on: {command(scenario, '--seeds', args.seeds, '--resume', *elsewhere(args))}")
    return 130 if interrupted else int(bool(one.failures))


def prepare(scenario: Scenario, args: argparse.Namespace, seeds: Spans, crew: Trier) -> tuple[Sweep, Ledger]:
    """Return the sweep, with what its state file knows if it is to go on, and that file, open."""
    from .sim.ledgering import Ledger, fingerprint
    from .sim.sweeping import Sweep

    stem = os.path.splitext(os.path.basename(scenario.path))[0]
    path = args.state or os.path.join(FOLDER, f"{stem}.{scenario.name}.jsonl")
    ledger = Ledger(path, str(scenario), fingerprint(scenario.path))
    if not args.resume:
        one = Sweep(seeds, crew, ledger=ledger, stop=args.stop)
        ledger.start(anew=True)
        return one, ledger
    passed, failures, same = ledger.read()
    if same:
        one = Sweep(seeds, crew, ledger=ledger, passed=passed, failures=failures, stop=args.stop)
        print(f"going on: {one.done:,} of {len(seeds):,} seeds are done, {len(one.failures):,} of them failed")
    else:
        print(f"{scenario.path} has changed: all seeds again, first the {len(failures):,} that failed")
        one = Sweep(seeds, crew, ledger=ledger, again=[int(each.seed) for each in failures], stop=args.stop)
    ledger.start(anew=not same)
    return one, ledger


def elsewhere(args: argparse.Namespace) -> list[str]:
    """Return the arguments that a command needs to find the same state file and cluster."""
    return (["--state", args.state] if args.state else []) + (["--dask", args.dask] if args.dask else [])


def tell(one: Sweep, scenario: Scenario) -> None:
    """Print what a sweep has found."""
    failed = len(one.failures)
    text = f"{one.done - failed:,} of {len(one.seeds):,} seeds passed, {failed:,} failed"
    print(f"{text}; {one.fresh:,} tried in {one.seconds:.1f} s, {one.rate:,.0f} seeds/s")
    for group in one.groups():
        print(f"\n{describeGroup(group, scenario)}")


def describeGroup(group: Group, scenario: Scenario) -> str:
    """Return lines about a group of failures: what, how it goes under the easiest seed, and the other seeds."""
    first = group.first
    lines = [f"{len(group.outcomes):,} x {group.cause}: {first.reason}"]
    where = f", host {first.host}" + (f", doer {first.doer}" if first.doer else "") if first.host else ""
    if first.turns:
        end = f"tyme {first.tyme:.6f}, {first.turns:,} turns{where}, digest {first.digest[:16]}"
        lines.append(f"    seed {first.seed}: {end}")
    lines.append(f"    {command(scenario, '--seed', str(first.seed))}")
    others = [str(seed) for seed in group.seeds if seed != first.seed]
    if others:
        more = f" and {len(others) - LISTED:,} more" if len(others) > LISTED else ""
        lines.append(f"    also seeds {' '.join(others[:LISTED])}{more}")
    return "\n".join(lines)


def command(scenario: Scenario, *args: str) -> str:
    """Return the command that runs scenario with args."""
    return shlex.join(["hio", "sim", str(scenario), *args])
