"""Small data types that the doers share.

State   what an example doer records of one of its turns
"""

from __future__ import annotations

from typing import Any, NamedTuple


class State(NamedTuple):
    """One turn of an example doer."""

    tyme: float | None  # in seconds
    context: str  # which of enter, recur, clean, cease, abort, exit
    feed: Any  # what came in with the turn
    count: int | None  # type: ignore[assignment]  # number of the turn; hides the count() of tuples
