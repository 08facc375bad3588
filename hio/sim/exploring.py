"""Try everything, within a bound, and so prove a short scenario for that bound.

moments      the tymes at which anything happens
everyFault   every schedule of a single fault: each verb, on each host or pair, at each tyme at which anything happens
everyOrder   every order in which a host can be handed what arrives for it at the same tyme
Proof        how many runs it took, whether that was all, and which failed

    proof = everyFault(scenario, ["client", "server"], verbs=("reset", "crash"))
    assert proof, proof

A fault at a tyme comes before all else at that tyme. To try the tymes at which something happens is to try all, as far
as the order of events goes: until the next event nobody can tell when within the gap the fault was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import combinations, product
from typing import Any

from .dialing import SimEnd
from .failing import SimError
from .faulting import LONE, PAIRS, Fault
from .running import Sim
from .trying import play

#: Runs after which a proof is given up.
MOST = 10_000


@dataclass
class Proof:
    """What became of trying everything. True when nothing failed, and nothing was left out.

    Attributes:
        runs (int): how many there were. complete (bool): whether these were all.
        failures (list): pairs of what was tried and the SimFailure or AssertionError it led to.
    """

    runs: int = 0
    complete: bool = False
    failures: list[tuple[Any, Exception]] = field(default_factory=list)

    def note(self, tried: Any, failure: Exception | None) -> None:
        """Count a run of what was tried, and keep its failure; None: it did not fail."""
        self.runs += 1
        if failure is not None:
            self.failures.append((tried, failure))

    def __bool__(self) -> bool:
        return self.complete and not self.failures

    def __str__(self) -> str:
        lines = [f"{self.runs} runs, {'all' if self.complete else 'not all'} there are; {len(self.failures)} failed"]
        lines += [f"{tried}: {getattr(failure, 'reason', failure)}" for tried, failure in self.failures[:10]]
        return "\n".join(lines)


def moments(scenario: Callable[[Sim], Any], *, seed: int | str = 0, **kwa: Any) -> list[float]:
    """Return the tymes at which anything happens in a run of scenario in which nothing goes wrong.

    seed: of the run. kwa: for Sim. Returns seconds, each once, in order.
    """
    sim = Sim(seed, **kwa)
    play(scenario, sim)
    return sorted({event.tyme for event in sim.trace})


def everyFault(
    scenario: Callable[[Sim], Any],
    hosts: Sequence[str],
    *,
    verbs: Sequence[str] = ("partition", "reset", "bounce"),
    mend: float = 5.0,
    seed: int | str = 0,
    most: int = MOST,
    **kwa: Any,
) -> Proof:
    """Run scenario with each single fault that there is, and without any; return the Proof.

    hosts: names of those that faults befall. verbs: of faulting.PAIRS; another raises SimError. mend: seconds until
    a fault is mended. seed: of each run. most: runs after which this is given up. kwa: for Sim.
    """
    proof = Proof()
    sim = Sim(seed, **kwa)
    proof.note([], play(scenario, sim))
    tymes = sorted({event.tyme for event in sim.trace})
    for schedule in singles(tymes, hosts, verbs, mend):
        if proof.runs >= most:
            return proof
        sim = Sim(seed, **kwa)
        sim.inject(schedule)
        proof.note(schedule[0], play(scenario, sim))
    proof.complete = True
    return proof


def singles(tymes: list[float], hosts: Sequence[str], verbs: Sequence[str], mend: float) -> Iterator[list[Fault]]:
    """Yield each schedule of one of verbs at one of tymes on one or two of hosts, mended after mend seconds.

    What is about two hosts does the same to both, so that each two are named once. Raises SimError for a verb that is
    not of PAIRS.
    """
    for tyme, verb in product(tymes, verbs):
        if verb not in PAIRS:
            raise SimError(f"there is no verb {verb!r} that breaks; there are {', '.join(PAIRS)}")
        mending = PAIRS[verb]
        for whom in combinations(hosts, 1 if verb in LONE else 2):
            yield [Fault(tyme, verb, whom), *([Fault(tyme + mend, mending, whom)] if mending else [])]


def everyOrder(
    scenario: Callable[[Sim], Any], *, seed: int | str = 0, most: int = MOST, **kwa: Any
) -> Proof:
    """Run scenario with each order in which a host can be handed what arrives for it at the same tyme; return a Proof.

    What arrives on one connection keeps its order, as TCP has it. What arrives at different hosts is not turned round:
    neither can tell. seed: of each run. most: runs after which this is given up. kwa: for Sim.
    """
    proof = Proof()
    choices: list[int] = []
    while proof.runs < most:
        sim = Sim(seed, **kwa)
        sim.order = order = Order(choices)
        proof.note(order.taken, play(scenario, sim))
        choices = order.next()
        if not choices:
            proof.complete = True
            break
    return proof


class Order:
    """Settles the order of what is due at the same tyme by a list of choices, and counts what else there was.

    Parameters:
        choices: index of the option taken, each time that there is more than one; behind its end the first is taken.

    Attributes:
        taken (list[int]): options that were taken. options (list[int]): how many there were.
    """

    def __init__(self, choices: list[int]) -> None:
        self.choices = choices
        self.taken: list[int] = []
        self.options: list[int] = []

    def __call__(self, network: Any, due: float) -> None:
        """Bring what is due at tyme due on network into the order chosen."""
        heap = network.heap
        batch = []
        while heap and heap[0][0] == due:
            batch.append(heappop(heap))
        for entry in self._merge(batch):
            heappush(heap, (due, next(network.serial), *entry[2:]))

    def _merge(self, batch: list[Any]) -> Iterator[Any]:
        """Yield the entries of batch: others than deliveries first, then those of each host as chosen."""
        hosts: dict[str, dict[Any, list[Any]]] = {}
        for entry in batch:
            owner = getattr(entry[2], "__self__", None)
            if isinstance(owner, SimEnd):
                knocks = entry[2].__func__ is SimEnd._knocked  # at the door of another host
                name = entry[4][0].name if knocks else owner.net.name
                hosts.setdefault(name, {}).setdefault(owner, []).append(entry)
            else:
                yield entry
        for ways in hosts.values():
            lines = [line[::-1] for line in ways.values()]
            while lines:
                index = self._choose(len(lines))
                yield lines[index].pop()
                if not lines[index]:
                    del lines[index]

    def _choose(self, count: int) -> int:
        """Return the index of the option to take of so many."""
        if count == 1:
            return 0
        at = len(self.taken)
        choice = self.choices[at] if at < len(self.choices) else 0
        self.taken.append(choice)
        self.options.append(count)
        return choice

    def next(self) -> list[int]:
        """Return the choices of the next run; none: that was the last."""
        choices = self.taken[:]
        while choices and choices[-1] + 1 >= self.options[len(choices) - 1]:
            choices.pop()
        if choices:
            choices[-1] += 1
        return choices
