"""Try a scenario under seeds, in this process or as the worker of a sweep.

Outcome   how a run ended, small enough to be kept and sent by the million
attempt   runs a scenario under a seed and returns its Sim and the Outcome
play      runs it with a Sim that is there, and tells only how that failed
work      what the process of a worker does: takes seeds from its input, gives an Outcome for each

A worker speaks JSON, a line each: it is told [path, name], answers "ready", is then given lists of seeds and answers
each seed with its Outcome, in order, as soon as there is one. So whoever waits for it knows under which seed it died.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .failing import SimFailure
from .faulting import Fault
from .finding import Scenario, find
from .running import Sim

#: Causes of an Outcome beside those of a SimFailure (CAUSES): what the scenario itself does around its run, and
#: what befalls the process that runs it.
OTHERS = (
    "assert",  # the scenario asserted something that is not so
    "error",   # the scenario raised something else
    "died",    # the process ended
    "hung",    # the process had to be ended
)  # fmt: skip

#: Characters of a reason that are kept.
MOST = 600

_PARTICULARS = re.compile(r"0x[0-9a-fA-F]+|#?\d+(?:\.\d+)?(?:e-?\d+)?")


class Outcome(NamedTuple):
    """How a run ended.

    Attributes:
        seed (int | str): of the run. cause (str): "" passed; else one of CAUSES or OTHERS.
        reason (str): one line that says what happened. host, doer (str): where; "" unknown.
        tyme (float): seconds, at the end. turns (int): of hosts. digest (str): of the trace of a failure; else "".
    """

    seed: int | str
    cause: str = ""
    reason: str = ""
    host: str = ""
    doer: str = ""
    tyme: float = 0.0
    turns: int = 0
    digest: str = ""

    @property
    def kind(self) -> tuple[str, str]:
        """What failures have in common that are probably one: cause, and reason without its numbers."""
        return self.cause, _PARTICULARS.sub("N", self.reason)


def attempt(
    scenario: Scenario, seed: int | str, faults: Iterable[Fault] | None = None, **kwa: Any
) -> tuple[Sim, Outcome, BaseException | None]:
    """Run scenario under seed; return its Sim, the Outcome, and what it raised (None: nothing).

    faults: that befall it instead of its own, see Sim.instead(); None: its own. kwa: for Sim. A scenario that does not
    call sim.run() itself is run without a limit. Raises nothing of the scenario's, but KeyboardInterrupt.
    """
    sim = Sim(seed, **kwa)
    if faults is not None:
        sim.instead(faults)
    error: BaseException | None
    try:
        error = play(scenario.function, sim)
    except KeyboardInterrupt:
        raise
    except BaseException as ex:  # SystemExit too: no scenario ends a sweep
        error = ex
    return sim, judge(sim, seed, error), error


def play(scenario: Callable[[Sim], Any], sim: Sim) -> SimFailure | AssertionError | None:
    """Run scenario with sim, fresh or with faults injected; return how it failed, None when it did not.

    A scenario that does not call sim.run() itself is run without a limit. Whatever else it raises goes on.
    """
    try:
        scenario(sim)
        if not sim.ran:
            sim.run()
    except (SimFailure, AssertionError) as failure:
        return failure
    return None


def judge(sim: Sim, seed: int | str, error: BaseException | None) -> Outcome:
    """Return the Outcome of the run of sim under seed, which ended with error (None: well)."""
    if error is None:
        return Outcome(seed, tyme=sim.tyme, turns=sim.taken)
    if isinstance(error, SimFailure):
        reason = shortened(error.reason)
        return Outcome(seed, error.cause, reason, error.host, error.doer, error.tyme, error.turns, error.digest)
    cause = "assert" if isinstance(error, AssertionError) else "error"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())
    said = text or (frames[-1].line if frames and cause == "assert" else "") or ""
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return Outcome(seed, cause, shortened(reason) + where, tyme=sim.tyme, turns=sim.taken, digest=sim.trace.digest())


def shortened(text: str) -> str:
    """Return text as one line that is not too long."""
    text = " ".join(text.split())
    return text if len(text) <= MOST else text[: MOST - 3] + "..."


def work() -> None:
    """Be a worker, until there is no more input."""
    told = sys.stdin.buffer
    answer = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what the scenario prints is not for whoever reads the answers
    nothing = os.open(os.devnull, os.O_RDONLY)
    source = os.fdopen(os.dup(told.fileno()), "rb")
    os.dup2(nothing, 0)  # nor may it take the questions
    os.close(nothing)
    path, name = json.loads(source.readline())
    scenario = find(f"{path}::{name}")
    answer.write(b'"ready"\n')
    for line in source:
        for seed in json.loads(line):
            _, outcome, _ = attempt(scenario, seed)
            answer.write(json.dumps(outcome).encode() + b"\n")
