"""What is done about a doer that fails: a choice for each doer, and for all that a Doist runs.

None      it fails its scheduler, and so on up to the Doist, whose do() raises: the default, and what a test wants
End       it ends, and everybody else goes on
Restart   it is started anew, after waits that grow from failure to failure

    doist = Doist(real=True, doers=[sensor, server], policy=Restart())
    sensor.policy = End()

A DoDoer is a doer as well: a failure below it that nobody there contains aborts it, closes all that it runs, and is
then a matter of its own policy. What is contained is logged, with the path from the Doist down to the doer that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from .. import help
from .scheduling import Failing, closed

logger = help.ogler.getLogger()

Dog = Generator[Any, Any, Any]


class Policy:
    """What to do about a doer that failed. Has no state: one may serve many doers."""

    def wait(self, failures: int) -> float | None:
        """Return the seconds of tyme to wait before the doer is started anew; None: it is not.

        failures: how many there were in a row, this one included.
        """
        raise NotImplementedError

    def settled(self, seconds: float) -> bool:
        """Whether a doer that ran for so many seconds of tyme has not failed in a row with an earlier failure."""
        return False


class End(Policy):
    """It ends; its .done stays False."""

    def wait(self, failures: int) -> float | None:
        """Return None."""
        return None

    def __repr__(self) -> str:
        return "End()"


class Restart(Policy):
    """It is started anew.

    Parameters:
        first (float): seconds of tyme before the first time; doubled for each further failure in a row.
        longest (float): most seconds of tyme to wait.
        tries (int | None): failures in a row after which it ends instead; None: never.
        after (float): seconds of tyme that it must have run for the row to be broken.

    Raises ValueError for what is no such number.
    """

    def __init__(
        self, first: float = 0.25, longest: float = 30.0, tries: int | None = None, after: float = 10.0
    ) -> None:
        for name, value in (("first", first), ("longest", longest), ("after", after)):
            if not 0.0 <= value < float("inf"):
                raise ValueError(f"{name} must be 0 or more seconds, got {value!r}")
        if tries is not None and tries < 1:
            raise ValueError(f"tries must be at least 1 or None, got {tries!r}")
        self.first = first
        self.longest = longest
        self.tries = tries
        self.after = after

    def wait(self, failures: int) -> float | None:
        """Return the seconds to wait, None when that was the last try."""
        if self.tries is not None and failures >= self.tries:
            return None
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 64))

    def settled(self, seconds: float) -> bool:
        """Whether it ran for long enough."""
        return seconds >= self.after

    def __repr__(self) -> str:
        return f"Restart(first={self.first}, longest={self.longest}, tries={self.tries}, after={self.after})"


def checkPolicy(policy: Any) -> Policy | None:
    """Return policy; raise TypeError for what is none."""
    if policy is not None and not isinstance(policy, Policy):
        raise TypeError(f"policy must be None, End() or Restart(), got {policy!r}")
    return policy


def guard(
    policy: Policy, make: Callable[[], Dog], tymth: Callable[[], float], names: Callable[[], list[str]]
) -> Dog:
    """Be the dog that make returns, and the next one when that fails and policy says so.

    make: starts the doer. tymth: tells the tyme. names: tells what to call the doer and those above it, root first.
    """
    failures = 0
    while True:
        began = tymth()
        try:
            return (yield from relay(make()))
        except Exception as ex:
            failures = 1 if policy.settled(tymth() - began) else failures + 1
            wait = policy.wait(failures)
            above = names()
            fate = "ends" if wait is None else f"is started anew in {wait:g} s" if wait else "is started anew at once"
            path = " > ".join([*above, *Failing.path(ex)])
            logger.error("%s failed at tyme %s; %s %s", path, tymth(), above[-1], fate, exc_info=ex)
        if wait is None:
            return None
        due = tymth() + wait
        while (now := tymth()) < due:  # others may wake it before
            yield due - now


def relay(dog: Dog) -> Dog:
    """Pass on all that comes to dog and from it, as yield from does, but for what dog returns for being closed.

    A scheduler wants to know that, and yield from loses it before Python 3.13.
    """
    send = dog.send
    tock = send(None)
    while True:
        try:
            tyme = yield tock
        except GeneratorExit:
            return closed(dog)
        except BaseException as ex:
            try:
                tock = dog.throw(ex)
            except StopIteration as stop:
                return stop.value
            continue
        try:
            tock = send(tyme)
        except StopIteration as stop:
            return stop.value
