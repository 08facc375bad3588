"""Tries: which requests may be made again, and when (RFC 9110, 9.2.2 and 10.2.3; RFC 9112, 9.3.1).

IDEMPOTENT   methods whose request may be made twice
renewable    whether a request is lost without the server's doing, so that it may be made again at once
retryAfter   the wait that a response asks for
delay        the wait before another try, or None for no other
"""

from __future__ import annotations

from collections.abc import Callable

from .bounding import Bounds
from .dating import parseDate
from .dicing import Dice
from .failing import Mishap
from .replying import Reply

IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"))

#: Statuses that say: not now. Too many requests, a gateway in trouble, out of service.
PASSING = frozenset((429, 502, 503, 504))

#: Mishaps after which another try may go better.
CONNECTIVE = frozenset((Mishap.CLOSED, Mishap.UNCONNECTED))


def renewable(method: str, reply: Reply, served: int) -> bool:
    """Whether reply says that a request of method failed as its connection, which had served others, had ended."""
    return served > 0 and reply.mishap is Mishap.CLOSED and not reply.partial and method in IDEMPOTENT


def retryAfter(reply: Reply, clock: Callable[[], float]) -> float | None:
    """Return the seconds that the Retry-After of reply asks for, 0.0 or more; None when there is no valid one.

    clock: seconds since 1970, for a date.
    """
    value = reply.headers.get("Retry-After")
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:15])
    date = parseDate(value)
    return None if date is None else max(0.0, date - clock())


def backoff(tries: int, first: float, most: float, dice: Dice) -> float:
    """Return the seconds to wait after tries that failed: first, doubled with each, at most most, less up to half.

    The random part, drawn from dice, keeps many that failed together from coming back together.
    """
    return min(most, first * 2.0 ** min(tries - 1, 64)) * (1.0 - 0.5 * dice.random())


def delay(
    tries: int, retries: int, method: str, reply: Reply, bounds: Bounds, dice: Dice, clock: Callable[[], float]
) -> float | None:
    """Return the seconds to wait before the request is made again; None: it is not.

    tries: requests of that method made so far; retries: how many more than one are allowed. reply: to the last one.
    bounds: of the waits; dice: for their random part; clock: seconds since 1970, for a Retry-After that is a date.
    """
    if tries > retries or method not in IDEMPOTENT:
        return None
    if reply.errored:
        if reply.mishap not in CONNECTIVE:
            return None
    elif reply.status not in PASSING:
        return None
    asked = retryAfter(reply, clock)
    if asked is not None:
        return asked if asked <= bounds.retryAfterMost else None
    return backoff(tries, bounds.backoff, bounds.backoffMost, dice)
