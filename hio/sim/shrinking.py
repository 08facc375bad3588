"""Shrink the faults of a run that failed to those that it takes to fail.

shrink     leaves out what it can of the faults of a run, and makes their tymes round
Shrunk     what is left: a schedule, and the run under it
save, read   keep a schedule in a file

The seed stays, and with it all else that chance decides; so the run under fewer faults tells the same story with less
in it. Where scheming.search has to be told which faults there may be, this takes those that there were.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

from ..help.timing import monoTime
from .failing import SimError
from .faulting import LONE, PAIRS, Fault
from .finding import Scenario
from .running import Sim
from .trying import Outcome, attempt

#: Runs, and seconds of the machine, after which shrinking ends with the best that it has.
RUNS = 300
SECONDS = 20.0
#: Causes whose reasons tell of the state of things, which other faults change: the cause has to do.
LOOSE = ("limit", "deadlock", "turns", "stuck")


class Shrunk(NamedTuple):
    """What is left of the faults of a run that failed.

    Attributes:
        faults (list[Fault]): in the order of their tymes; []: nothing has to go wrong.
        sim (Sim), outcome (Outcome): the run under them.
        before (int): faults that the run had at first. runs (int): that were tried.
        complete (bool): whether no smaller schedule is left to try; False: runs or seconds were over before.
    """

    faults: list[Fault]
    sim: Sim
    outcome: Outcome
    before: int
    runs: int
    complete: bool


Show = Callable[[int, int], None]  # called with the runs so far, and the faults left


def shrink(
    scenario: Scenario, seed: int | str, *, runs: int = RUNS, seconds: float = SECONDS, show: Show | None = None
) -> Shrunk | None:
    """Return the least of the faults of a run of scenario under seed with which it fails in the same way.

    What a fault broke and what mended it are left out together. None: it does not fail, or not again under its own
    faults: it depends on more than its seed. What the scenario prints is dropped.
    runs, seconds: after which it ends with the best that it has. show: called before each run.
    """
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        sim, outcome, error = attempt(scenario, seed)
        if error is None:
            return None
        work = Shrinker(scenario, outcome, runs, monoTime() + seconds, show)
        return work.shrink(sim.schedule)


class Shrinker:
    """Tries smaller and smaller schedules.

    Parameters:
        scenario, outcome: what failed, and how. most: runs. until: monoTime() at which to end with the best so far.
        show: called before each run; None: nobody is.

    Attributes:
        best (tuple | None): (schedule, Sim, Outcome) of the smallest that failed so far; None: none did.
        left (int): faults in it. runs (int): that were tried.
    """

    def __init__(self, scenario: Scenario, outcome: Outcome, most: int, until: float, show: Show | None) -> None:
        self.scenario = scenario
        self.outcome = outcome
        self.most = most
        self.until = until
        self.show = show
        self.runs = 0
        self.best: tuple[list[Fault], Sim, Outcome] | None = None
        self.left = 0

    def shrink(self, schedule: list[Fault]) -> Shrunk | None:
        """Return the smallest part of schedule that fails; None when not even the whole does."""
        complete = True
        self.left = len(schedule)
        try:
            if not self.fails([]) and self.fails(schedule):
                self.round(self.reduce(units(self.faults)))
        except Enough:
            complete = False
        if self.best is None:
            return None
        return Shrunk(*self.best, len(schedule), self.runs, complete)

    @property
    def faults(self) -> list[Fault]:
        """The smallest schedule so far: those that befell before the run failed."""
        assert self.best is not None
        return self.best[0]

    def fails(self, schedule: list[Fault]) -> bool:
        """Whether the run fails in the same way under schedule. Raises Enough when there may be no more runs."""
        if self.runs >= self.most or monoTime() >= self.until:
            raise Enough
        if self.show is not None:
            self.show(self.runs, self.left)
        self.runs += 1
        sim, outcome, _ = attempt(self.scenario, self.outcome.seed, schedule)
        if not alike(outcome, self.outcome):
            return False
        self.best = (sim.schedule, sim, outcome)
        self.left = len(sim.schedule)
        return True

    def reduce(self, parts: list[list[Fault]]) -> list[list[Fault]]:
        """Return those of parts that cannot be left out: halves first, then less and less, at last one by one."""
        size = max(1, len(parts) // 2)
        while parts:
            at, count = 0, len(parts)
            while at < len(parts):
                fewer = parts[:at] + parts[at + size :]
                if len(fewer) and self.fails(joined(fewer)):
                    parts = fewer
                else:
                    at += size
            if size == 1 and len(parts) == count:
                break
            size = max(1, size // 2)
        return parts

    def round(self, parts: list[list[Fault]]) -> None:
        """Give the faults of parts tymes with as few digits as will do."""
        for part in parts:
            for index in range(len(part)):
                self.roundOne(parts, part, index)

    def roundOne(self, parts: list[list[Fault]], part: list[Fault], index: int) -> None:
        """Do so for the fault at index of part, one of parts; it stays as it is when no fewer digits will do."""
        fault = part[index]
        for digits in range(1, 4):
            tyme = round(fault.tyme, digits)
            part[index] = fault._replace(tyme=tyme)
            if tyme == fault.tyme or (ordered(part) and self.fails(joined(parts))):
                return
        part[index] = fault


class Enough(Exception):
    """There may be no more runs."""


def alike(one: Outcome, other: Outcome) -> bool:
    """Whether the runs of one and other failed in the same way."""
    return one.kind == other.kind or (one.cause == other.cause and one.cause in LOOSE)


def units(schedule: Iterable[Fault]) -> list[list[Fault]]:
    """Return schedule in parts that make sense alone: what breaks something, with what mends it."""
    parts: list[list[Fault]] = []
    broken: dict[tuple[str, str], list[Fault]] = {}  # by the verb that mends it, and whom
    for fault in schedule:
        whom = repr(fault.args[:1] if fault.verb in LONE else fault.args)
        part = broken.pop((fault.verb, whom), None)
        if part is None:
            part = []
            parts.append(part)
        part.append(fault)
        mending = PAIRS.get(fault.verb)
        if mending is not None:
            broken[mending, whom] = part
    return parts


def joined(parts: Iterable[Iterable[Fault]]) -> list[Fault]:
    """Return the faults of parts by their tyme."""
    return sorted((fault for part in parts for fault in part), key=lambda fault: fault.tyme)


def ordered(part: list[Fault]) -> bool:
    """Whether the faults of part are in order: what is mended is mended after it broke."""
    return all(one.tyme < other.tyme for one, other in zip(part, part[1:], strict=False))


# Files

def save(faults: Iterable[Fault], path: str, scenario: Scenario, seed: int | str) -> None:
    """Write faults to the file at path. Raises SimError when it cannot, or a fault holds what is no data.

    scenario, seed: of the run, noted beside them for who reads the file.
    """
    try:
        rows = [json.dumps([fault.tyme, fault.verb, fault.args, fault.options]) for fault in faults]
    except TypeError as ex:
        raise SimError(f"these faults cannot be kept in a file: {ex}") from ex
    head = json.dumps({"scenario": str(scenario), "seed": seed})
    lines = ",\n    ".join(rows)
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'{head[:-1]}, "faults": [\n    {lines}\n]}}\n')
    except OSError as ex:
        raise SimError(f"cannot write {path}: {ex.strerror or ex}") from ex


def read(path: str) -> list[Fault]:
    """Return the faults that the file at path holds. Raises SimError when it holds none."""
    try:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)["faults"]
        return [Fault(float(tyme), verb, tuple(args), frozen(options)) for tyme, verb, args, options in rows]
    except OSError as ex:
        raise SimError(f"cannot read {path}: {ex.strerror or ex}") from ex
    except (ValueError, TypeError, KeyError, AttributeError) as ex:
        raise SimError(f"{path} holds no schedule of faults: {type(ex).__name__}: {ex}") from None


def frozen(options: dict[str, Any]) -> dict[str, Any]:
    """Return options with the tuples that JSON knows as lists: a range of latency is one."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
