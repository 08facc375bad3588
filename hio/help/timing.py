"""The clocks of the machine. Nobody else in hio may ask for the time.

wallTime, nowUTC       time of day, as seconds since 1970 and as a datetime
monoTime, monoClock    seconds that only go forward, for pacing; what tells them
nowIso8601, toIso8601, fromIso8601   time of day as text
Timer                  expires by the time of day
MonoTimer              the same, and notices when that clock was set back
AsyncTimer             expires by the clock of the running asyncio loop

A program that runs on tyme uses hio.base.tyming.Tymer instead. The clock functions are looked up in this module at
each use, so whoever replaces timing.wallTime, timing.monoTime or timing.nowUTC here replaces it for everybody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from ..hioing import HioError, Mixin
from .lapsing import Lapse


class TimerError(HioError):
    """A timer cannot answer."""


class RetroTimerError(TimerError):
    """The clock under a timer was set back."""


def wallTime() -> float:
    """Return the time of day in seconds since 1970-01-01 UTC. It may jump, also backwards."""
    return time.time()


def monoTime() -> float:
    """Return seconds since some moment in the past. It never goes backwards."""
    return time.monotonic()


def monoClock() -> Callable[[], float]:
    """Return the clock under monoTime, for who asks it for each request: that takes half as long."""
    return time.monotonic


def nowUTC() -> datetime:
    """Return the time of day as an aware datetime in UTC."""
    return datetime.now(timezone.utc)


def nowIso8601() -> str:
    """Return the time of day as ISO 8601 text in UTC, as 2020-08-22T17:50:09.988921+00:00."""
    return toIso8601(nowUTC())


def toIso8601(dt: datetime | None = None) -> str:
    """Return dt as ISO 8601 text, always with six digits of microseconds; None is now, in UTC."""
    return (nowUTC() if dt is None else dt).isoformat(timespec="microseconds")


def fromIso8601(dts: str | bytes) -> datetime:
    """Return the datetime that ISO 8601 text dts says, aware if it has an offset. Raises ValueError for other text."""
    return datetime.fromisoformat(dts.decode() if isinstance(dts, bytes) else dts)


class Timer(Lapse, Mixin):
    """Expires a duration after its start, by the time of day.

    Attributes `_start` and `_stop` are on the scale of time.time(), in seconds.
    """

    def __init__(self, duration: float = 0.0, start: float | None = None, **kwa: Any) -> None:
        """Start at once.

        duration is in seconds; 0.0 is expired at its start.
        start is the moment to count from, which may lie in the future; None is now.
        """
        super().__init__(**kwa)
        self.start(duration=duration, start=start)

    def _now(self) -> float:
        """Return the time of day."""
        return wallTime()


class MonoTimer(Timer):
    """A Timer that notices when the clock was set back.

    Each reading compares the clock with what it was at the reading before. A start in the future therefore looks
    like a clock set back: with retro the first reading pulls it back to the present.

    Attribute `retro`: True moves start and stop back together with the clock, False raises RetroTimerError.
    """

    def __init__(self, duration: float = 0.0, start: float | None = None, retro: bool = True, **kwa: Any) -> None:
        """Start at once; see Timer, and retro above."""
        self.retro = bool(retro)
        super().__init__(duration=duration, start=start, **kwa)

    def start(self, duration: float | None = None, start: float | None = None) -> float:
        """Begin at start (None: now) for duration seconds (None: as before); return the start."""
        self._last = super().start(duration, wallTime() if start is None else start)
        return self._last

    @property
    def latest(self) -> float:
        """The clock now, after a step back since the last reading was made up for, or raised RetroTimerError."""
        return self._now()

    def _now(self) -> float:
        """Return what latest is."""
        now = wallTime()
        delta = now - self._last
        if delta < 0:
            if not self.retro:
                raise RetroTimerError(f"clock was set back by {-delta} s, from {self._last} to {now}")
            self._start += delta
            self._stop += delta
        self._last = now
        return now


class AsyncTimer(Timer):
    """A Timer on the scale of the running asyncio loop's time(); RuntimeError where no loop runs."""

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
