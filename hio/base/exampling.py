"""Doers to learn from and to test with.

ReDoer                 its recur is a generator
ExDoer, TryDoer        record each hook that is called
bareDo                 the least that a generator function needs to be a doer
doifyExDo, doizeExDo   the same for doify and doize, recording
tryDo                  yields its count, to see what goes in and out
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ..help import helping
from .basing import State
from .tasking import Doer, doize
from .tyming import Tymth

Steps = Generator[Any, Any, Any]


class ReDoer(Doer):
    """Doer whose recur is a generator method: done after its third turn."""

    def recur(self, tock: float | None = None) -> Steps:
        """Yield the tock three times, telling of each turn, then return True."""
        for turn in range(3):
            tyme = yield self.tock
            print(f"{type(self).__name__} turn {turn} at tyme {tyme}")
        return True


class ExDoer(Doer):
    """Doer that records its hooks: done in its fourth turn.

    Attributes:
        states (list[State]): one for each hook called.
        count (int | None): number of the latest; None before enter.
    """

    Stop = 3

    def __init__(self, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.states: list[State] = []
        self.count: int | None = None

    def record(self, context: str, feed: Any) -> int:
        """Record that hook context was called with feed; return its count."""
        self.count = 0 if self.count is None or context == "enter" else self.count + 1
        self.states.append(State(tyme=self.tyme, context=context, feed=feed, count=self.count))
        return self.count

    def enter(self, *, temp: bool | None = None) -> None:
        self.record("enter", self.tyme)

    def recur(self, tyme: float) -> bool:
        return self.record("recur", self.tyme) > self.Stop

    def cease(self) -> None:
        self.record("cease", None)

    def abort(self, ex: Exception) -> None:
        self.record("abort", ex.args[0] if ex.args else None)

    def exit(self) -> None:
        self.record("exit", None)


class TryDoer(ExDoer):
    """ExDoer that records what it was sent, and is done once its count is above stop."""

    def __init__(self, stop: int = 3, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.stop = stop

    def enter(self, *, temp: bool | None = None) -> None:
        self.record("enter", "Default")

    def recur(self, tyme: Any) -> bool:
        return self.record("recur", tyme) > self.stop


def bareDo(tymth: Tymth | None = None, tock: float = 0.0, *, temp: bool | None = None, **opts: Any) -> Steps:
    """Take one turn and be done: the frame for a generator function of one's own. Parameters as of Doer.do."""
    done = False
    try:  # enter
        while not done:  # recur
            yield tock
            done = True
    except GeneratorExit:  # cease: closed before it was done
        pass
    # an exception, abort, is left to rise; exit belongs into a finally
    return done


def doifyExDo(
    tymth: Tymth,
    tock: float = 0.0,
    states: list[State] | None = None,
    *,
    temp: bool | None = None,
    **opts: Any,
) -> Steps:
    """Record each turn into states (None: nowhere to be seen) until the fourth; done however it ends, unless it raises.

    For doify: as it stands it has no attributes of a doer, which doizeExDo has.
    """
    seen: list[State] = [] if states is None else states
    count = 0
    feed: Any = tymth()
    try:
        seen.append(State(tyme=tymth(), context="enter", feed=feed, count=count))
        while True:
            feed = yield tock
            count += 1
            seen.append(State(tyme=tymth(), context="recur", feed=feed, count=count))
            if count > 3:
                break
    except GeneratorExit:
        count += 1
        seen.append(State(tyme=tymth(), context="cease", feed=None, count=count))
    except Exception as ex:
        count += 1
        seen.append(State(tyme=tymth(), context="abort", feed=ex.args[0] if ex.args else None, count=count))
        raise
    finally:
        count += 1
        seen.append(State(tyme=tymth(), context="exit", feed=None, count=count))
    return True


# A copy rather than a function that delegates: one that is closed while it delegates returns nothing.
doizeExDo = doize(tock=0, states=None)(helping.copyfunc(doifyExDo, name="doizeExDo"))


@doize()
def tryDo(
    states: list[State] | None,
    tymth: Tymth,
    tock: float = 0.0,
    *,
    temp: bool | None = None,
    **opts: Any,
) -> Steps:
    """Yield the count instead of a tock, and record what was sent last in every state, until the fourth turn.

    states: where to; None: nowhere to be seen. The others as of Doer.do.
    """
    seen: list[State] = [] if states is None else states
    count = 0
    feed: Any = "Default"

    def record(context: str) -> None:
        seen.append(State(tyme=tymth(), context=context, feed=feed, count=count))

    try:
        record("enter")
        while True:
            feed = yield count
            count += 1
            record("recur")
            if count > 3:
                break
    except GeneratorExit:
        count += 1
        record("cease")
    except Exception:
        count += 1
        record("abort")
        raise
    finally:
        count += 1
        record("exit")
    return True
