"""Run a scenario under many seeds, and keep what is found.

Sweep   the seeds, the failures among them, and how far it has come
Group   failures that are probably one

    scenario = find("shop.py::payment")
    sweep = Sweep(Spans("1..10000"), Crew(scenario.path, scenario.name, jobs=4))
    for _ in sweep.run():
        print(sweep.done, len(sweep.failures))
    for group in sweep.groups():
        print(group.cause, group.first.reason, group.seeds)
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol

from ..help.timing import monoTime
from .crewing import Take
from .ledgering import Ledger, Spans
from .trying import Outcome


class Trier(Protocol):
    """Who tries seeds: Crew, DaskCrew, or another."""

    def run(self, take: Take) -> Iterator[list[Outcome]]:
        """Yield Outcomes of the seeds that take gives, until it gives none."""


class Group(NamedTuple):
    """Failures that are probably one.

    Attributes:
        cause (str): one of CAUSES or OTHERS. first (Outcome): the one that took the fewest turns: the easiest to read.
        outcomes (list[Outcome]): all of them, by seed.
    """

    cause: str
    first: Outcome
    outcomes: list[Outcome]

    @property
    def seeds(self) -> list[int | str]:
        """The seeds, in order."""
        return [outcome.seed for outcome in self.outcomes]


class Sweep:
    """A scenario under many seeds.

    Parameters:
        seeds: to be tried. crew: who tries them.
        ledger: state file, read and opened by the caller; None: none is kept.
        passed, failures: what is known already.
        again: seeds to be tried before all others.
        stop: failures after which it ends, those known before not counted; 0: goes on to the end.

    Attributes:
        passed (Spans): seeds that passed. failures (list[Outcome]): as they came, those known before first.
        seconds (float): that it has run. fresh (int): seeds that it has tried itself.
    """

    def __init__(
        self,
        seeds: Spans,
        crew: Trier,
        *,
        ledger: Ledger | None = None,
        passed: Spans | None = None,
        failures: Iterable[Outcome] = (),
        again: Iterable[int] = (),
        stop: int = 0,
    ) -> None:
        self.seeds = seeds
        self.crew = crew
        self.ledger = ledger
        self.passed = passed if passed is not None else Spans()
        self.failures = [outcome for outcome in failures if outcome.seed in seeds]  # type: ignore[operator]
        self.stop = stop
        self.fresh = 0
        self.seconds = 0.0
        self._known = sum(1 for seed in self.passed if seed in seeds) + len(self.failures)
        self._old = len(self.failures)
        self._source = self._order(again)

    def __repr__(self) -> str:
        return f"<Sweep seeds={len(self.seeds)} done={self.done} failures={len(self.failures)}>"

    @property
    def done(self) -> int:
        """Seeds that are done, those known before included."""
        return self._known + self.fresh

    @property
    def rate(self) -> float:
        """Seeds per second."""
        return self.fresh / self.seconds if self.seconds else 0.0

    @property
    def ended(self) -> bool:
        """Whether no seed is left."""
        return self.done >= len(self.seeds)

    def _order(self, again: Iterable[int]) -> Iterator[int]:
        """Yield the seeds that are to be tried, each once."""
        given = Spans()
        for outcome in self.failures:
            given.add(int(outcome.seed))
        for seed in again:
            if seed in self.seeds and seed not in self.passed and seed not in given:
                given.add(seed)
                yield seed
        for seed in self.seeds.without(self.passed):
            if seed not in given:
                yield seed

    def _stops(self) -> bool:
        """Whether enough failures are found."""
        return bool(self.stop) and len(self.failures) - self._old >= self.stop

    def _take(self, most: int) -> list[int]:
        """Return the next seeds, none when it is to stop."""
        if self._stops():
            return []
        return list(islice(self._source, most))

    def run(self) -> Generator[list[Outcome], None, None]:
        """Try the seeds; yield Outcomes as they come, each already in the ledger; [] when none came for a while.

        Close the generator to end early. Raises what the crew raises.
        """
        start = monoTime() - self.seconds
        for outcomes in self.crew.run(self._take):
            self.seconds = monoTime() - start
            if outcomes:
                self._enter(outcomes)
            yield outcomes
            if self._stops():
                return

    def _enter(self, outcomes: list[Outcome]) -> None:
        if self.ledger is not None:
            self.ledger.add(outcomes)
        self.fresh += len(outcomes)
        for outcome in outcomes:
            if outcome.cause:
                self.failures.append(outcome)
            else:
                self.passed.add(int(outcome.seed))

    def groups(self) -> list[Group]:
        """Return the failures in groups, the largest first."""
        found: dict[tuple[str, str], list[Outcome]] = {}
        for outcome in sorted(self.failures, key=lambda each: int(each.seed)):
            found.setdefault(outcome.kind, []).append(outcome)
        groups = [Group(kind[0], min(each, key=lambda one: one.turns), each) for kind, each in found.items()]
        return sorted(groups, key=lambda group: -len(group.outcomes))
