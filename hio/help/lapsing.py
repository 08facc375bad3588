"""Lapse: what all timers have in common, whatever clock they go by."""

from __future__ import annotations


class Lapse:
    """A stretch from a start to a stop, in seconds on some clock. A subclass says what that clock shows: _now."""

    _start = 0.0
    _stop = 0.0

    def _now(self) -> float:
        """Return what the clock shows, in seconds."""
        raise NotImplementedError(f"{type(self).__name__} must say by which clock it goes")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} start={self._start} stop={self._stop}>"

    @property
    def duration(self) -> float:
        """Seconds from start to stop."""
        return self._stop - self._start

    @property
    def elapsed(self) -> float:
        """Seconds since the start; negative before it."""
        return self._now() - self._start

    @property
    def remaining(self) -> float:
        """Seconds until the stop; negative after it."""
        now = self._now()  # first, for it may move the stop
        return self._stop - now

    @property
    def expired(self) -> bool:
        """Whether the stop has come."""
        return self._now() >= self._stop

    def start(self, duration: float | None = None, start: float | None = None) -> float:
        """Begin at start (None: now) for duration seconds (None: as before); return the start."""
        return self._begin(self._now() if start is None else start, duration)

    def restart(self, duration: float | None = None) -> float:
        """Begin where the timer stops, so that a row of restarts does not drift; return the start.

        duration is in seconds; None: as before.
        """
        return self._begin(self._stop, duration)

    def _begin(self, start: float, duration: float | None) -> float:
        """Set start and stop; return the start."""
        if duration is None:
            duration = self.duration
        self._start = float(start)
        self._stop = self._start + float(duration)
        return self._start
