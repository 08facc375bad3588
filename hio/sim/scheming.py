"""Have Hypothesis choose what goes wrong, so that a run that fails shrinks to the least that still does.

faults    a strategy for schedules of faults
visits    a strategy for traffic
search    looks for a schedule, or traffic, under which a scenario fails; returns the smallest that it comes to

    found = search(scenario, faults(["client", "server"], until=2.0))
    if found:
        print(found)  # the schedule, as code, and how the run failed

Within a test of your own: `@given(faults([...]))`, and sim.inject(schedule). This module alone needs Hypothesis: the
extra hio[sim] installs it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, NoSuchExample

from .failing import SimError
from .faulting import LONE, PAIRS, TROUBLES, Fault
from .loading import BROKEN, ENDS, Ask, Visit
from .running import Sim
from .trying import play

#: Verbs that are drawn unless told otherwise.
COMMON = ("partition", "hold", "reset", "crash", "bounce", "pause", "refuse")
#: Tymes are drawn as multiples of this, in seconds, so that they shrink to numbers that are easy to read.
STEP = 1 / 64


#: Verbs that befall two hosts, or two sides that all hosts are divided into.
SIDED = ("partition", "hold", "swallow")


def faults(
    hosts: Sequence[str],
    *,
    verbs: Sequence[str] = COMMON,
    start: float = 0.0,
    until: float = 10.0,
    mend: tuple[float, float] = (0.25, 5.0),
    most: int = 5,
    after: int = 0,
    tymes: Sequence[float] | None = None,
) -> st.SearchStrategy[list[Fault]]:
    """Return a strategy for schedules: lists of Fault, for sim.inject().

    hosts: names of those that they befall: one, two, or all of them divided into two sides.
    verbs: to choose from. most: faults that break something, at the most.
    start, until: tyme in seconds of the first and the last. mend: seconds, least and most, until each is mended.
    after: bytes that a reset may still let pass, at the most.
    tymes: to choose from instead of start to until: those at which something happens, which exploring.moments() tells,
    leave nothing to luck.

    Fewer, simpler, earlier, shorter is smaller. Raises SimError for a verb that cannot be drawn, or too few hosts.
    """
    for verb in verbs:
        if verb not in TROUBLES:
            raise SimError(f"faults cannot draw {verb!r}; it can draw {', '.join(TROUBLES)}")
        if len(hosts) < (1 if verb in LONE else 2):
            raise SimError(f"{verb} needs more hosts than {list(hosts)}")
    one = st.tuples(
        st.sampled_from(list(verbs)),
        steps(start, until) if tymes is None else st.sampled_from(list(tymes)),
        st.permutations(list(hosts)),
        steps(*mend),
        st.integers(0, after),
        st.integers(0, max(0, len(hosts) - 1)),
    )
    return st.lists(one, max_size=most).map(schedule)


def steps(low: float, high: float) -> st.SearchStrategy[float]:
    """Return a strategy for multiples of STEP from low to high, in seconds."""
    return st.integers(int(low / STEP), int(high / STEP)).map(lambda count: count * STEP)


def schedule(drawn: list[tuple[str, float, list[str], float, int, int]]) -> list[Fault]:
    """Return what was drawn as faults and their mending, by tyme."""
    found = []
    for verb, tyme, whom, span, passing, side in drawn:
        args: tuple[Any, ...] = tuple(whom[:1] if verb in LONE else whom[:2])
        if verb in SIDED and side and len(whom) > 2:
            args = (sorted(whom[:side]), sorted(whom[side:]))
        found.append(Fault(tyme, verb, args, {"after": passing} if verb == "reset" and passing else {}))
        mending = PAIRS[verb]
        if mending is not None:
            found.append(Fault(tyme + span, mending, args))
    return sorted(found, key=lambda fault: fault.tyme)


def visits(
    targets: Sequence[str] = ("/",),
    *,
    methods: Sequence[str] = ("GET", "HEAD", "POST", "DELETE"),
    most: int = 4,
    asks: int = 4,
    size: int = 20_000,
    broken: bool = True,
) -> st.SearchStrategy[list[Visit]]:
    """Return a strategy for traffic: lists of Visit, for load().

    targets, methods: to choose from. most: visits. asks: requests on each. size: bytes of a body. All at the most.
    broken: whether the last request of a visit may be none.
    """
    one = st.builds(
        toVisit,
        st.lists(requests(targets, methods, size), min_size=1, max_size=asks),
        st.sampled_from(ENDS),
        steps(0.0, 1.0),
        st.booleans(),
        st.sampled_from((0, 1, 7, 100, 3000)),
        st.one_of(st.none(), st.integers(0, len(BROKEN) - 1)) if broken else st.none(),
    )
    return st.lists(one, max_size=most)


def requests(targets: Sequence[str], methods: Sequence[str], size: int) -> st.SearchStrategy[Ask]:
    """Return a strategy for requests that are well formed.

    targets, methods: to choose from. size: most bytes of a body, where there is one.
    """
    return st.builds(
        Ask,
        method=st.sampled_from(list(methods)),
        target=st.sampled_from(list(targets)),
        size=st.integers(0, size),
        chunks=st.integers(0, 4),
        minor=st.sampled_from((1, 0)),
        closing=st.booleans(),
        broken=st.none(),  # else drawn by its type
    ).map(lambda ask: ask if ask.method in ("POST", "PUT", "PATCH") else ask._replace(size=0, chunks=0))


def toVisit(asked: list[Ask], end: str, wait: float, pipelined: bool, pieces: int, flaw: int | None) -> Visit:
    """Return the Visit of what was drawn: asked, end, wait, pipelined and pieces as Visit has them.

    flaw: which of BROKEN its last request is; None: none.
    """
    if flaw is not None:
        asked = [*asked[:-1], asked[-1]._replace(broken=flaw)]
    return Visit(tuple(asked), wait, pipelined, pieces, STEP if pieces else 0.0, 0, end)


@dataclass
class Found:
    """What a search came to.

    Attributes:
        value: the smallest schedule or traffic under which the scenario fails.
        failure (SimFailure | AssertionError): how. sim (Sim): that run, with its trace.
    """

    value: Any
    failure: Exception
    sim: Sim

    def __str__(self) -> str:
        lines = [f"sim.{one}" if isinstance(one, Fault) else repr(one) for one in self.value]
        return "\n".join([*(lines or ["nothing has to go wrong"]), str(self.failure)])


def search(
    scenario: Callable[..., Any],
    strategy: st.SearchStrategy[Any],
    *,
    seed: int | str = 0,
    examples: int = 300,
    **kwa: Any,
) -> Found | None:
    """Return the smallest of what strategy gives under which scenario fails; None: none was found.

    scenario: takes a Sim, into which the faults are injected before; or a Sim and what the strategy gives, traffic for
    example: scenario(sim, visits).
    seed: of each run. examples: runs before a search is given up. kwa: for Sim.

    What is smaller must fail in the same way: by the same cause. Shrinking leaves out and simplifies; where that ends,
    another search begins for less than what is left, until none is found. The same search comes to the same end.
    Raises SimError when what failed does not fail again.
    """
    cause = ""  # of the first failure

    def fails(value: Any) -> bool:
        nonlocal cause
        failure = playWith(scenario, value, Sim(seed, **kwa))
        if failure is None:
            return False
        kind = getattr(failure, "cause", "assert")
        cause = cause or kind
        return bool(kind == cause)

    try:
        value = smallest(strategy, fails, examples)
    except NoSuchExample:
        return None
    except Flaky:
        raise SimError("what failed does not fail again: the scenario depends on more than its seed") from None
    sim = Sim(seed, **kwa)
    failure = playWith(scenario, value, sim)
    if failure is None:
        raise SimError(f"{value!r} does not fail again: the scenario depends on more than its seed")
    return Found(value, failure, sim)


def smallest(strategy: st.SearchStrategy[Any], fails: Callable[[Any], bool], examples: int) -> Any:
    """Return the smallest of what strategy gives for which fails(it) is true, by searches of so many examples.

    Raises NoSuchExample when the first search finds none, Flaky when fails changes its mind.
    """
    value = find(strategy, fails, settings=searching(examples))
    while least := weight(value):
        smaller = strategy.filter(lambda one: weight(one) < least)  # noqa: B023  # it is not used later
        try:
            value = find(smaller, fails, settings=searching(examples))
        except NoSuchExample:
            break
    return value


def searching(examples: int) -> settings:
    """Return the settings of a search of so many examples: the same each time, however long a run takes."""
    return settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def weight(value: Any) -> int:
    """Return how much there is of value: faults that break something, or requests; 0: not known."""
    if not isinstance(value, list):
        return 0
    return sum(
        one.verb in PAIRS if isinstance(one, Fault) else len(one.asks) if isinstance(one, Visit) else 0 for one in value
    )


def playWith(scenario: Callable[..., Any], value: Any, sim: Sim) -> Exception | None:
    """Run scenario with sim and value: the faults to inject, or its second parameter; return how it failed."""
    if takesTwo(scenario):
        return play(lambda sim: scenario(sim, value), sim)
    sim.inject(value)
    return play(scenario, sim)


def takesTwo(scenario: Callable[..., Any]) -> bool:
    """Whether scenario needs a second parameter."""
    parameters = inspect.signature(scenario).parameters.values()
    return sum(one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
               for one in parameters) > 1


__all__ = ["COMMON", "STEP", "Found", "faults", "search", "visits"]
