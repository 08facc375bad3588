"""Write a task that a scheduler runs.

Doer     a task as a class: hooks that its dog calls in a fixed order
doify    an independent doer out of a generator function or method
doize    the same as a decorator

A doer is a callable that returns a generator, its dog, and carries tock (seconds from turn to turn; 0.0: every turn),
done, opts (further keyword arguments of the call) and temp. A scheduler calls it with tymth, tock, opts, and temp if it
takes that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from inspect import isgeneratorfunction
from types import FunctionType, MethodType
from typing import Any, TypeVar

from ..help import helping
from .tyming import Tymee, Tymth

F = TypeVar("F", bound=Callable[..., Any])


class Doer(Tymee):
    """A task with hooks: enter, then recur once a turn, then clean, cease or abort, and exit in any case.

    Attributes:
        done (bool | None): None at first, False while running; at the end, whether it completed.
        opts (dict): further keyword arguments that a scheduler calls the doer with.
        temp (bool): whether to use temporary resources; for the hooks to look at.
        policy (Policy | None): what is done when it fails, see policing; None: what its Doist does, else it fails its
            scheduler.
    """

    def __init__(
        self,
        *,
        tymth: Tymth | None = None,
        tock: float = 0.0,
        opts: dict[str, Any] | None = None,
        temp: bool = False,
        policy: Any = None,
        **kwa: Any,
    ) -> None:
        """Make a doer that asks for a turn every tock seconds; 0.0: in every pass of its scheduler."""
        super().__init__(tymth=tymth, **kwa)
        self.done: bool | None = None
        self._tock = 0.0
        self.tock = tock
        self.opts: dict[str, Any] = {} if opts is None else helping.typed("opts", opts, dict)
        self.temp = bool(temp)
        self.policy = policy

    def __repr__(self) -> str:
        return f"<{type(self).__name__} tyme={self.tyme} tock={self._tock} done={self.done}>"

    def __call__(self, *pa: Any, **kwa: Any) -> Generator[float, float, bool | None]:
        """Return a dog, not yet started; takes what do() takes."""
        return self.do(*pa, **kwa)

    @property
    def tock(self) -> float:
        """Seconds between turns; 0.0: every pass. Assigning takes the absolute value."""
        return self._tock

    @tock.setter
    def tock(self, tock: float) -> None:
        self._tock = sound(tock)

    def do(
        self, tymth: Tymth, *, tock: float = 0.0, temp: bool | None = None, **opts: Any
    ) -> Generator[float, float, bool | None]:
        """Run: wind to tymth, take tock, enter; then yield tock and recur with the tyme sent until done; then end.

        temp is handed to enter(); opts are for overriding methods and left alone here.
        Ends with clean() when recur is done, cease() when closed, abort(ex) when something raised, which is raised
        again; and with exit() in any case. Returns .done. Does not reset .done, which is the scheduler's to do: a doer
        that is done already ends at once.
        """
        try:
            self.wind(tymth)
            self.tock = tock
            self.enter(**tempFor(self.enter, temp))
            recur: Any = self.recur  # either kind
            if isgeneratorfunction(recur):
                self.done = yield from recur(tock=self.tock)
            elif type(self).rest is Doer.rest:
                while not self.done:
                    tyme = yield self._tock
                    self.done = self.recur(tyme)
            else:
                while not self.done:
                    tyme = yield self.rest()
                    self.done = self.recur(tyme)
        except GeneratorExit:
            self.cease()
        except Exception as ex:
            self.abort(ex)
            raise
        else:
            self.clean()
        finally:
            self.exit()
        return self.done

    def enter(self, *, temp: bool | None = None) -> None:
        """Hook: acquire what the task needs. temp: whether to use temporary resources; may be left out."""

    def recur(self, tyme: float) -> Any:
        """Hook: take one turn at tyme, and return whether the task is done.

        May be a generator method recur(tock=None) instead: it yields the tock of its next turn, is sent the tyme, and
        its return value says whether the task is done.
        """
        return False

    def rest(self) -> float:
        """Hook: return what to yield before the next turn of a plain recur: the tock, or a Watch to rest on."""
        return self._tock

    def clean(self) -> None:
        """Hook: recur was done."""

    def cease(self) -> None:
        """Hook: the dog was closed before recur was done."""

    def abort(self, ex: Exception) -> None:
        """Hook: enter or recur raised ex, which will be raised again."""

    def exit(self) -> None:
        """Hook: release what the task acquired. Comes last, always, also when enter raised half-way."""


def doify(
    f: Callable[..., Any], *, name: str | None = None, tock: float = 0.0, temp: bool | None = None, **opts: Any
) -> Any:
    """Return a doer that is an independent copy of f: a generator function, or a method, bound to the same object.

    name becomes its __name__ (None: that of f), tock, temp and opts its attributes; f keeps its own.
    Raises TypeError when f is neither a function nor a method, ValueError when tock is not a number.
    """
    if not isinstance(f, (FunctionType, MethodType)):
        raise TypeError(f"doify needs a generator function or method, got {f!r}")
    copy = helping.copyfunc(f, name)
    _equip(copy, tock, temp, opts)
    return MethodType(copy, f.__self__) if isinstance(f, MethodType) else copy


def doize(*, tock: float = 0.0, temp: bool | None = None, **opts: Any) -> Callable[[F], F]:
    """Return a decorator that makes a doer of a generator function by giving it tock, temp, opts and done.

    On a method these are shared by all instances. Raises ValueError when tock is not a number.
    """

    def decorator(f: F) -> F:
        _equip(f, tock, temp, opts)
        return f

    return decorator


def tempFor(f: Callable[..., Any], temp: bool | None) -> dict[str, Any]:
    """Return temp as keyword arguments to call f with: none when f, written before there was temp, does not take it.

    One that takes any keyword is only told a temp that is not None: it may pass on what it gets to who knows no temp.
    """
    return {"temp": temp} if helping.takesKeyword(f, "temp", named=temp is None) else {}


def _equip(f: Any, tock: float, temp: bool | None, opts: dict[str, Any]) -> None:
    """Give function f the attributes of a doer."""
    sound(tock)
    f.tock = tock
    f.done = None
    f.temp = temp
    f.opts = dict(opts)


def sound(tock: float) -> float:
    """Return the absolute value of tock as a float. Raises ValueError when it is not a number."""
    seconds = abs(float(tock))
    if math.isnan(seconds):
        raise ValueError(f"tock must be a number of seconds, got {tock!r}")
    return seconds
