"""What can end an exchange without a whole response: one word for each, so that a program can tell them apart.

Mishap    the kinds
mishap    the kind of a fault that parsing a response met
"""

from __future__ import annotations

from enum import Enum

from .faulting import (
    BodyTooLarge,
    HeadTooLarge,
    HTTPException,
    LineTooLong,
    MessageTimeout,
    PrematureClosure,
)


class Mishap(Enum):
    """Why a response is errored. Its text begins with the value, then a colon and the details."""

    GARBAGE = "garbage"  # the server broke the protocol
    EXCESS = "too much"  # it sent more than a bound allows
    SLOW = "too slow"  # a tymeout passed
    CLOSED = "closed half-way"  # the connection ended before the response did
    UNCONNECTED = "not connected"  # no connection came about
    INSECURE = "TLS"  # the secure connection failed, or was ended without saying so
    REDIRECT = "redirect"  # to nowhere, too often, or from https to http
    REFUSED = "refused"  # the request is one that cannot be sent
    ABANDONED = "abandoned"  # the client was closed


def mishap(fault: HTTPException) -> Mishap:
    """Return the kind of a fault."""
    if isinstance(fault, (HeadTooLarge, BodyTooLarge, LineTooLong)):
        return Mishap.EXCESS
    if isinstance(fault, PrematureClosure):
        return Mishap.CLOSED
    if isinstance(fault, MessageTimeout):
        return Mishap.SLOW
    return Mishap.GARBAGE
