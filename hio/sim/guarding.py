"""Keep the real world out of a run. (Being written.)"""

from __future__ import annotations

from typing import Any


class Guard:
    """Context in which clocks and chance come from the run."""

    def __init__(self, sim: Any, allow: tuple[str, ...] = ()) -> None:
        self.sim = sim
        self.allow = allow

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        pass
