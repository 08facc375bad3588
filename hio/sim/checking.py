"""Prove that one seed gives one trace.

check_determinism   runs a scenario again, here and in fresh processes, and compares what happened
Divergence          two runs that should have been one; shows the first event that differs

main() is what the fresh process does: it reads a job as JSON from its input, and writes digests, or a whole trace.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import zip_longest
from typing import Any

from ..hioing import HioError
from .failing import SimFailure
from .running import Sim, run
from .tracing import Event, load

OURS = "in this process"
#: Seconds that a fresh process may take.
TIMEOUT = 600.0
_MARK = "-- trace --"  # printed before the trace, behind whatever the scenario prints


class Divergence(HioError):
    """Two runs of one seed differ.

    Attributes:
        seed: of the two. runs (tuple[str, str]): what each run was.
        serial (int): of the first event that differs.
        events (tuple[Event | None, Event | None]): that event in each run; None: it had ended before.
        before (list[Event]): the events before it, which are the same in both.

    Made from events and others: what the two runs noted, oldest first, in the order of runs.
    """

    def __init__(self, seed: int | str, runs: tuple[str, str], events: list[Event], others: list[Event]) -> None:
        pairs = enumerate(zip_longest(events, others))
        at = next((at for at, (ours, theirs) in pairs if ours != theirs), 0)  # 0: it is among those that are not kept
        self.seed = seed
        self.runs = runs
        one = pick(events, at) or pick(others, at)
        self.serial = one.serial if one is not None else 0
        self.events = (pick(events, at), pick(others, at))
        self.before = events[max(0, at - 5) : at]
        super().__init__(f"event {self.serial} differs between two runs of seed {seed!r}")

    def __str__(self) -> str:
        lines = [str(self.args[0])]
        lines += [f"    {event}" for event in self.before]
        for name, event in zip(self.runs, self.events, strict=True):
            lines.append(f"  {name}:")
            lines.append(f"    {event if event is not None else 'nothing more'}")
        ours, theirs = self.events
        if ours is not None and theirs is not None:
            for field, mine, other in zip(Event._fields, ours, theirs, strict=True):
                if mine != other:
                    lines.append(f"  {field}: {mine!r} and {other!r}")
        return "\n".join(lines)


def check_determinism(
    scenario: Callable[[Sim], Any],
    seeds: int | str | Iterable[int | str] = 0,
    *,
    again: int = 1,
    hashSeeds: Sequence[int] = (0, 1, 4242),
    interpreters: Sequence[str] = (),
    **kwa: Any,
) -> str:
    """Run scenario several times under each of seeds, and return a digest of what all runs share.

    Parameters:
        scenario: function that takes a Sim. For runs in fresh processes it must stand in a module, by its own name.
        seeds: one seed or several.
        again: times that each is run again in this process.
        hashSeeds: values of PYTHONHASHSEED, each for a fresh process that runs all seeds.
        interpreters: paths of other Pythons, each for as many fresh processes. They need what hio needs.
        kwa: for Sim; such as JSON can hold, if there are fresh processes.

    Returns:
        str: of one seed the digest of its trace; of several, that of their digests.

    A run that ends in a SimFailure is compared like any other. Raises Divergence when two runs differ, ValueError when
    scenario cannot be found by a fresh process, RuntimeError when such a process fails.
    """
    seeds = [seeds] if isinstance(seeds, (int, str)) else list(seeds)
    digests = []
    for seed in seeds:
        first = perform(scenario, seed, kwa)
        digests.append(first.trace.digest())
        for number in range(again):
            other = perform(scenario, seed, kwa)
            if other.trace.digest() != digests[-1]:
                raise Divergence(seed, (OURS, f"{OURS}, again ({number + 1})"), list(first.trace), list(other.trace))
    for path in [sys.executable, *interpreters] if hashSeeds else []:
        for hashSeed in hashSeeds:
            compare(scenario, seeds, digests, path, hashSeed, kwa)
    return digests[0] if len(digests) == 1 else sha256("\n".join(digests).encode()).hexdigest()


def compare(
    scenario: Callable[[Sim], Any],
    seeds: list[int | str],
    digests: list[str],
    path: str,
    hashSeed: int,
    kwa: dict[str, Any],
) -> None:
    """Run scenario under seeds in a fresh process, and raise Divergence when a digest is not as in digests.

    digests: one for each of seeds, in that order. path: the Python to run. hashSeed: its PYTHONHASHSEED. kwa: for
    Sim, such as JSON can hold.
    """
    job = {"where": locate(scenario), "seeds": seeds, "kwa": kwa, "whole": False}
    theirs = fresh(path, hashSeed, job)
    if theirs == digests:
        return
    seed = next(seed for seed, ours, other in zip(seeds, digests, theirs, strict=True) if ours != other)
    lines = fresh(path, hashSeed, job | {"seeds": [seed], "whole": True})
    runs = (OURS, f"{path} with PYTHONHASHSEED={hashSeed}")
    raise Divergence(seed, runs, list(perform(scenario, seed, kwa).trace), load(lines[1:]))


def perform(scenario: Callable[[Sim], Any], seed: int | str, kwa: dict[str, Any]) -> Sim:
    """Run scenario and return its Sim, whether it failed or not.

    seed: of the run. kwa: for Sim.
    """
    made: list[Sim] = []

    def keep(sim: Sim) -> None:
        made.append(sim)
        scenario(sim)

    try:
        return run(keep, seed, **kwa)
    except SimFailure:
        return made[0]


def locate(scenario: Callable[[Sim], Any]) -> dict[str, str]:
    """Return where a fresh process finds scenario. Raises ValueError for one that it cannot find."""
    name = getattr(scenario, "__qualname__", "")
    path = inspect.getsourcefile(inspect.unwrap(scenario)) if callable(scenario) else None
    if not name or "<" in name or path is None:
        raise ValueError(f"a fresh process cannot find {scenario!r}; have it in a module by its name, or hashSeeds=()")
    return {"module": scenario.__module__, "name": name, "path": os.path.abspath(path)}


def find(where: dict[str, str]) -> Any:
    """Return what locate() has located.

    where: as locate() returns it. The module is imported by name, or from its file when the name leads to another
    file. Raises ImportError when that cannot be done, AttributeError when the module has no such name.
    """
    try:
        module = importlib.import_module(where["module"]) if where["module"] != "__main__" else None
    except ImportError:
        module = None
    if module is None or getattr(module, "__file__", None) != where["path"]:
        spec = importlib.util.spec_from_file_location("scenario", where["path"])
        if spec is None or spec.loader is None:
            raise ImportError(f"cannot import {where['path']}")
        module = importlib.util.module_from_spec(spec)
        sys.modules["scenario"] = module
        spec.loader.exec_module(module)
    found: Any = module
    for part in where["name"].split("."):
        found = getattr(found, part)
    return found


def fresh(path: str, hashSeed: int, job: dict[str, Any]) -> list[str]:
    """Do job in a fresh process of the Python at path; return digests and, if whole, the lines of the first trace.

    hashSeed: its PYTHONHASHSEED. job: what main() reads. Raises ValueError for a job that JSON cannot hold,
    RuntimeError with what the process wrote to stderr when it fails, subprocess.TimeoutExpired after TIMEOUT
    seconds.
    """
    try:
        request = json.dumps(job)
    except TypeError as ex:
        raise ValueError(f"parameters for a fresh process must be such as JSON can hold: {ex}") from None
    settings = {"PYTHONHASHSEED": str(hashSeed), "PYTHONPATH": os.pathsep.join(roots()), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [path, "-c", "from hio.sim.checking import main; main()"],
        input=request,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=TIMEOUT,
        check=False,
        env=os.environ | settings,
    )
    output, mark, trace = done.stdout.partition(_MARK)
    if done.returncode or not mark:
        why = done.stderr.strip()[-2000:] or output[-500:]
        raise RuntimeError(f"{path} ended with status {done.returncode}: {why}")
    return trace.split("\n")[1:-1]


def roots() -> list[str]:
    """Return the folders to import from that do not belong to this Python, hio's first."""
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    own = (os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix))
    paths = [os.path.abspath(entry) for entry in ["", *sys.path]]
    others = [path for path in paths if not os.path.realpath(path).startswith(own) and os.path.isdir(path)]
    return list(dict.fromkeys([here, *others]))


def pick(events: list[Event], at: int) -> Event | None:
    """Return the event at index at of events, None when there is none."""
    return events[at] if at < len(events) else None


def main() -> None:
    """Do the job that stands in the input."""
    job = json.load(sys.stdin)
    scenario = find(job["where"])
    traces = [perform(scenario, seed, job["kwa"]).trace for seed in job["seeds"]]
    print(f"\n{_MARK}", *(trace.digest() for trace in traces), sep="\n")
    if job["whole"]:
        traces[0].dump(sys.stdout)
