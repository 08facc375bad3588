"""What `hio sim` does: run a scenario under one seed or under many, and tell how it went.

run       the command, for arguments as simcli.py describes them
replay    one seed: how it failed, its trace, and the fewest faults if asked for
sweep     many seeds: failures in groups, and for each the fewest faults, a picture, and the commands that repeat it
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import traceback

from .charting import chart
from .crewing import Crew, DaskCrew
from .failing import SimError, SimFailure
from .finding import Scenario, find
from .ledgering import Ledger, Spans, fingerprint
from .progressing import progress, status
from .running import Sim
from .shrinking import Shrunk, alike, read, shrink
from .shrinking import save as keep
from .sweeping import Group, Sweep, Trier
from .tracing import Trace
from .trying import Outcome, attempt

#: Seeds of a group, and faults of a schedule, that are listed.
LISTED = 12
#: Groups of failures that are looked into: the largest. The others can be, one by one, with --seed and --shrink.
GROUPS = 8
#: Where the state files of sweeps lie.
FOLDER = os.path.join(".hio", "sim")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit status: 0 passed, 1 failed, 2 cannot be done, 130 interrupted.

    args: what the arguments of simcli.py were parsed to. What a user got wrong, a SimError, is told in one line on
    stderr, below the traceback of what the file of the scenario raised.
    """
    try:
        scenario = find(args.scenario)
        if args.seed is not None:
            return replay(scenario, args)
        for name in ("trace", "faults"):
            if getattr(args, name):
                raise SimError(f"--{name} is for one run: say --seed too")
        return sweep(scenario, args)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except SimError as ex:
        if ex.__cause__ is not None and not isinstance(ex.__cause__, (ImportError, OSError)):
            traceback.print_exception(ex.__cause__)
        print(f"hio sim: {ex}", file=sys.stderr)
        return 2


# One seed

def replay(scenario: Scenario, args: argparse.Namespace) -> int:
    """Run scenario under the one seed that args name, and tell how it went; return 0 when it passed, else 1.

    Writes its trace to each path of args.trace. Raises SimError for arguments that do not go together, and for files
    that cannot be read or written.
    """
    if args.faults and args.shrink:
        raise SimError("--faults and --shrink: either these faults, or the fewest")
    seed = int(args.seed) if args.seed.lstrip("-").isdigit() else args.seed
    sim, outcome, error = attempt(scenario, seed, read(args.faults) if args.faults else None)
    for path in args.trace:
        save(sim.trace, path, f"{scenario.name}, seed {seed}", outcome.reason)
        print(f"trace: {path}")
    digest = sim.trace.digest()[:16]
    if error is None:
        told = f"tyme {sim.tyme:.6f}, {sim.taken:,} turns, {len(sim.trace):,} events, digest {digest}"
        print(f"seed {seed} passed: {told}")
        return 0
    blame(sim, outcome, error)
    print(f"seed {seed} failed: {outcome.cause}, digest {digest}")
    if args.shrink:
        print(lookInto(scenario, outcome, statePath(scenario, args)))
    return 1


def blame(sim: Sim, outcome: Outcome, error: BaseException) -> None:
    """Print how the run of sim failed: by error, of which outcome is the summary."""
    if not isinstance(error, SimFailure) or error.__cause__ is not None:
        traceback.print_exception(error.__cause__ or error)
    if isinstance(error, SimFailure):
        print(error)
    else:
        print(outcome.reason)
        print("".join(f"  {one}\n" for one in sim.properties) + "  the last events:")
        print("".join(f"    {event}\n" for event in sim.trace.tail()), end="")


def save(trace: Trace, path: str, title: str, verdict: str) -> None:
    """Write trace to path, in the form that its ending says: .html a picture, .jsonl JSON lines, else text.

    title, verdict: what stands above the picture. Raises SimError when it cannot be written.
    """
    try:
        with open(path, "w", encoding="utf-8") as file:
            if path.endswith((".html", ".htm")):
                file.write(chart(trace, title=title, verdict=verdict))
            elif path.endswith((".jsonl", ".json")):
                trace.dump(file)
            else:
                file.write(trace.text())
    except OSError as ex:
        raise SimError(f"cannot write {path}: {ex.strerror or ex}") from ex


# Many seeds

def sweep(scenario: Scenario, args: argparse.Namespace) -> int:
    """Run scenario under the seeds that args name, and tell how it went.

    Returns the exit status: 0 all passed, 1 some failed, 130 interrupted. Raises SimError for seeds, jobs or a
    cluster that cannot be.
    """
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
    interrupted = not tell(one, scenario, None if interrupted or args.shrink is False else ledger.path) or interrupted
    if not one.ended:
        why = "interrupted" if interrupted else f"ended after {len(one.failures)} failures"
        print(f"\n{why}; to go on: {command(scenario, '--seeds', args.seeds, '--resume', *elsewhere(args))}")
    return 130 if interrupted else int(bool(one.failures))


def prepare(scenario: Scenario, args: argparse.Namespace, seeds: Spans, crew: Trier) -> tuple[Sweep, Ledger]:
    """Return the sweep of scenario over seeds by crew, and its state file, open.

    With args.resume it goes on with what that file knows; when the scenario's file has changed since, what failed
    comes first and everything is tried again.
    """
    ledger = Ledger(statePath(scenario, args), str(scenario), fingerprint(scenario.path))
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


def statePath(scenario: Scenario, args: argparse.Namespace) -> str:
    """Return where the state file of sweeps of scenario lies, and beside it what is found of single seeds.

    That is args.state, or if that is empty a file in FOLDER named after the scenario.
    """
    stem = os.path.splitext(os.path.basename(scenario.path))[0]
    return args.state or os.path.join(FOLDER, f"{stem}.{scenario.name}.jsonl")


def elsewhere(args: argparse.Namespace) -> list[str]:
    """Return the arguments that a command needs to find the state file and cluster of args; none for the usual ones."""
    return (["--state", args.state] if args.state else []) + (["--dask", args.dask] if args.dask else [])


def tell(one: Sweep, scenario: Scenario, state: str | None) -> bool:
    """Print what the sweep one of scenario has found; return False when interrupted at that.

    state: path of its state file, beside which the least that fails of each group is written; None: nothing is
    shrunk.
    """
    failed = len(one.failures)
    text = f"{one.done - failed:,} of {len(one.seeds):,} seeds passed, {failed:,} failed"
    print(f"{text}; {one.fresh:,} tried in {one.seconds:.1f} s, {one.rate:,.0f} seeds/s")
    try:
        for count, group in enumerate(one.groups()):
            print(f"\n{describeGroup(group, scenario)}", flush=True)
            if state is not None and count < GROUPS:
                print(lookInto(scenario, group.first, state))
    except KeyboardInterrupt:
        print(f"    interrupted; to shrink it: {command(scenario, '--seed', str(group.first.seed), '--shrink')}")
        return False
    return True


def describeGroup(group: Group, scenario: Scenario) -> str:
    """Return lines about a group of failures: what, how it goes under the easiest seed, and the other seeds.

    scenario: for the command that repeats it.
    """
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


def lookInto(scenario: Scenario, outcome: Outcome, state: str) -> str:
    """Shrink the faults of a run of scenario that failed as outcome says; return lines about what is left.

    Writes that beside the file state: the schedule, and a picture of the run.
    """
    if outcome.cause in ("died", "hung"):
        return "    not shrunk: its process ended"
    seed = outcome.seed
    with status(sys.stderr) as shown:

        def show(runs: int, left: int) -> None:
            shown.say(f"shrinking seed {seed}: {counted(left, 'fault')} after {counted(runs, 'run')}")

        found = shrink(scenario, seed, show=show)
    if found is None or not alike(found.outcome, outcome):
        return "    not shrunk: it does not fail that way again, here; does it depend on more than its seed?"
    lines = describeShrunk(scenario, found, f"{os.path.splitext(state)[0]}.seed{seed}")
    return "\n".join(f"    {line}" for line in lines)


def describeShrunk(scenario: Scenario, found: Shrunk, stem: str) -> list[str]:
    """Return lines about found, a run of scenario with the fewest faults.

    Writes its schedule to stem.json and its picture to stem.html.
    """
    seed, faults = found.outcome.seed, found.faults
    picture = f"{stem}.html"
    if folder := os.path.dirname(stem):
        os.makedirs(folder, exist_ok=True)
    save(found.sim.trace, picture, f"{scenario.name}, seed {seed}", found.outcome.reason)
    if not found.before:
        return ["it fails without any fault", f"chart: {picture}"]
    left = f"shrunk to {counted(len(faults), 'fault')} of {found.before}" if faults else "it fails without any fault"
    lines = [f"{left}, in {counted(found.runs, 'run')}" + ("" if found.complete else ", and perhaps not the fewest")]
    lines += [f"    sim.{fault}" for fault in faults[:LISTED]]
    if len(faults) > LISTED:
        lines.append(f"    and {len(faults) - LISTED:,} more")
    try:
        keep(faults, f"{stem}.json", scenario, seed)
        lines.append(command(scenario, "--seed", str(seed), "--faults", f"{stem}.json"))
    except SimError as ex:
        lines.append(str(ex))
    return [*lines, f"chart: {picture}"]


def counted(count: int, word: str) -> str:
    """Return count and word, in the plural if there are several."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def command(scenario: Scenario, *args: str) -> str:
    """Return the command that runs scenario with args."""
    return shlex.join(["hio", "sim", str(scenario), *args])
