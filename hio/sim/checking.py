"""Prove that one seed gives one trace.

check_determinism   runs a scenario again, here and in fresh processes, and compares what happened
Divergence          two runs that should have been one; shows the first event that differs

main() is what the fresh process does: it reads a job as JSON from its input, and writes digest and trace.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from ..hioing import HioError
from .failing import SimFailure
from .running import Sim, run
from .tracing import Event, load

#: Seconds that a fresh process may take.
TIMEOUT = 600.0
_MARK = "-- trace --"  # printed before the trace, behind whatever the scenario prints


class Divergence(HioError):
    """Two runs of one seed differ.

    Attributes:
        runs (tuple[str, str]): what each run was.
        serial (int): of the first event that differs.
        events (tuple[Event | None, Event | None]): that event in each run; None: it had ended before.
        before (list[Event]): the events before it, which are the same in both.
    """

    def __init__(self, runs: tuple[str, str], events: list[Event], others: list[Event]) -> None:
        pairs = enumerate(zip_longest(events, others))
        at = next((at for at, (ours, theirs) in pairs if ours != theirs), 0)  # 0: it is among those that are not kept
        self.runs = runs
        self.serial = events[at].serial if at < len(events) else others[at].serial
        self.events = (pick(events, at), pick(others, at))
        self.before = events[max(0, at - 5) : at]
        super().__init__(f"event {self.serial} differs between two runs of one seed")

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
    seed: int | str = 0,
    *,
    again: int = 1,
    hashSeeds: Sequence[int] = (0, 1, 4242),
    interpreters: Sequence[str] = (),
    **kwa: Any,
) -> str:
    """Run scenario several times under one seed and return the digest that all runs share.

    Parameters:
        scenario: function that takes a Sim. For runs in fresh processes it must stand in a module, by its own name.
        seed: of all runs.
        again: times that it is run again in this process.
        hashSeeds: values of PYTHONHASHSEED, each for a fresh process.
        interpreters: paths of other Pythons, each for a fresh process with the first of hashSeeds (none: 0). They need
            what hio needs.
        kwa: for Sim; such as JSON can hold, if there are fresh processes.

    A run that ends in a SimFailure is compared like any other. Raises Divergence when two runs differ, ValueError when
    scenario cannot be found by a fresh process, RuntimeError when such a process fails.
    """
    first = perform(scenario, seed, kwa)
    digest = first.trace.digest()
    ours = "in this process"
    for number in range(again):
        other = perform(scenario, seed, kwa)
        if other.trace.digest() != digest:
            raise Divergence((ours, f"{ours}, again ({number + 1})"), list(first.trace), list(other.trace))
    runs = [(sys.executable, hashSeed) for hashSeed in hashSeeds]
    runs += [(path, hashSeeds[0] if hashSeeds else 0) for path in interpreters]
    for path, hashSeed in runs:
        lines = fresh(path, hashSeed, {"where": locate(scenario), "seed": seed, "kwa": kwa})
        if lines[0] != digest:
            raise Divergence((ours, f"{path} with PYTHONHASHSEED={hashSeed}"), list(first.trace), load(lines[1:]))
    return digest


def perform(scenario: Callable[[Sim], Any], seed: int | str, kwa: dict[str, Any]) -> Sim:
    """Run scenario and return its Sim, whether it failed or not."""
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
    """Return what locate() has located."""
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
    """Do job in a fresh process of the Python at path; return the digest and the lines of the trace."""
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
    """Return the event at a place, None when there is none."""
    return events[at] if at < len(events) else None


def main() -> None:
    """Do the job that stands in the input."""
    job = json.load(sys.stdin)
    sim = perform(find(job["where"]), job["seed"], job["kwa"])
    print(f"\n{_MARK}\n{sim.trace.digest()}")
    sim.trace.dump(sys.stdout)
