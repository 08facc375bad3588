"""Keep tyme and tell it.

Tymist   keeps tyme and advances it by tock
Tymee    is told the tyme by the tymth that it was wound to
Tymer    a Tymee that tells how much of a duration of tyme has passed
leap     where repeated ticks arrive, without making each

Tyme is cycle time in seconds: simulated, or paced by a clock elsewhere. A tock is its step. A tymth is a function
without parameters that answers the tyme now; objects hold it instead of the Tymist. To wind is to hand a tymth over.

Knows no clock of the machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..help.lapsing import Lapse
from ..hioing import Mixin

Tymth = Callable[[], float]


class Tymist(Mixin):
    """Keeper of tyme.

    Class attribute Tock is the default tock in seconds.
    """

    Tock = 0.03125  # 1/32 s: a power of two, so that floats add it up without drift

    def __init__(self, tyme: float = 0.0, tock: float | None = None, **kwa: Any) -> None:
        """Begin at tyme (seconds), to be advanced by tock (seconds; None: Tock).

        Raises ValueError when either is not a number, TypeError when it cannot become a float.
        """
        super().__init__(**kwa)
        self._tyme: float = 0.0
        self._tock: float = 0.0
        self.tyme = tyme
        self.tock = self.Tock if tock is None else tock

    def __repr__(self) -> str:
        return f"<{type(self).__name__} tyme={self._tyme} tock={self._tock}>"

    @property
    def tyme(self) -> float:
        """Tyme now, in seconds."""
        return self._tyme

    @tyme.setter
    def tyme(self, tyme: float) -> None:
        self._tyme = finite(tyme, "tyme")

    @property
    def tock(self) -> float:
        """Step of tyme that one tick makes, in seconds."""
        return self._tock

    @tock.setter
    def tock(self, tock: float) -> None:
        self._tock = finite(tock, "tock")

    def tick(self, tock: float | None = None) -> float:
        """Advance tyme by tock seconds (None: .tock) and return it."""
        self._tyme += self._tock if tock is None else finite(tock, "tock")
        return self._tyme

    def tymen(self) -> Tymth:
        """Return a plain function that answers the tyme at the moment of its call."""

        def tymth() -> float:
            return self._tyme

        return tymth


def checkedTymth(tymth: Tymth | None) -> Tymth | None:
    """Return tymth. Raises TypeError unless it is None or can be called."""
    if tymth is not None and not callable(tymth):
        raise TypeError(f"tymth must be a function that tells the tyme, as tymen() returns, got {tymth!r}")
    return tymth


class Tymee(Mixin):
    """Follower of tyme.

    Attributes:
        tymth (Callable | None): tells the tyme; None while unwound.
    """

    def __init__(self, tymth: Tymth | None = None, **kwa: Any) -> None:
        """Follow tymth; None: unwound, to be wound later. Raises TypeError for what cannot be called."""
        super().__init__(**kwa)
        self.tymth: Tymth | None = checkedTymth(tymth)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} tyme={self.tyme}>"

    @property
    def tyme(self) -> float | None:
        """Tyme now, in seconds; None while unwound."""
        return None if self.tymth is None else self.tymth()

    def wind(self, tymth: Tymth) -> None:
        """Follow tymth from now on. Whoever owns further Tymees winds them here as well.

        Raises TypeError for what cannot be called.
        """
        self.tymth = checkedTymth(tymth)


class Tymer(Lapse, Tymee):
    """Timer on tyme. While it is unwound, elapsed, remaining and expired raise TypeError.

    Class attribute Duration is the default duration in seconds.
    """

    Duration = 0.0

    def __init__(
        self,
        duration: float | None = None,
        start: float | None = None,
        tymth: Tymth | None = None,
        **kwa: Any,
    ) -> None:
        """Start at once.

        duration is in seconds (None: Duration); start is the tyme to count from (None: now, or 0.0 while unwound);
        tymth and kwa as for Tymee.
        """
        super().__init__(tymth=tymth, **kwa)
        self.start(self.Duration if duration is None else duration, start)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} start={self._start} stop={self._stop} tyme={self.tyme}>"

    def start(self, duration: float | None = None, start: float | None = None) -> float:
        """Begin at tyme start (None: now, 0.0 while unwound) and return it; duration in seconds (None: as before)."""
        if start is None:
            start = self.tyme
        return self._begin(0.0 if start is None else start, duration)

    def wind(self, tymth: Tymth) -> None:
        """Follow tymth and start at its tyme, with the same duration."""
        super().wind(tymth)
        self.start()

    def _now(self) -> float:
        if self.tymth is None:
            raise TypeError(f"{type(self).__name__} is not wound to a tymth yet, so it cannot tell the tyme")
        return self.tymth()


def leap(tyme: float, tock: float, due: float) -> float:
    """Return the first of tyme, tyme + tock, tyme + tock + tock, ... (each sum rounded) that is no less than due.

    The very value that plain ticking would arrive at, in a few steps for each power of two on the way. Between two
    powers of two all floats are multiples of one ulp, and adding tock adds one constant number of them: tock / ulp
    rounded. Only where that lies half-way between two integers does the first sum depend on the parity of tyme (ties
    go to even), and from then on it is constant too. So two sums show the increment, and a multiplication, exact
    because its result is a multiple of the ulp below 2**53 of them, does the rest.

    Parameters are in seconds. Raises ValueError when due is never reached: tock is so small that tyme + tock == tyme,
    or it is not positive.
    """
    while tyme < due:
        ulp = math.ulp(tyme)
        last, tyme = tyme, tyme + tock
        if tyme <= last:
            raise ValueError(f"ticks of {tock!r} do not lead from tyme {last!r} to {due!r}")
        if math.ulp(tyme) != ulp or tyme < 0.0 < last or last < 0.0 < tyme:
            continue  # a boundary was crossed
        bound = min(due, _ceiling(tyme))
        step = (tyme + tock) - tyme
        if step > 0.0:
            count = int((bound - tyme) / step) - 4  # the quotient may be off by some, plain steps make up for it
            if count > 0:
                tyme += count * step
    return tyme


def _ceiling(tyme: float) -> float:
    """Return the power of two, or the negative one, where the ulp of the floats above tyme changes next."""
    power = math.ldexp(1.0, math.frexp(tyme)[1])
    return power if tyme >= 0.0 else -power / 2.0


def finite(value: float, name: str) -> float:
    """Return value as a float. Raises ValueError, with its name, when that is infinite or not a number."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number of seconds, got {value!r}")
    return number
