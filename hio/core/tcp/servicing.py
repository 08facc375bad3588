"""What is serviced turn by turn, whatever it is.

Serviced      what a doer of this package services
opening       a Serviced that is open for the length of a with block
serviceable   refuses what is no Serviced
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ...base.tyming import Tymth


class Serviced(Protocol):
    """A servant, a client, or what owns one."""

    def wind(self, tymth: Tymth, /) -> None:
        """Go by tymth."""

    def reopen(self, *, temp: Any = None) -> bool:
        """Close, then open, with temporary resources if temp is true; return whether that went well."""
        ...

    def service(self) -> None:
        """Do one turn."""

    def rest(self, tock: float, /) -> float:
        """Return what the doer may yield: a Watch to rest on, or tock for every turn."""
        ...

    def close(self) -> None:
        """Close."""


S = TypeVar("S", bound=Serviced)
T = TypeVar("T")


@contextmanager
def opening(serviced: S) -> Iterator[S]:
    """Open serviced for the length of a with block; close it at the end, also when it did not open."""
    try:
        serviced.reopen()
        yield serviced
    finally:
        serviced.close()


def serviceable(name: str, thing: T) -> T:
    """Return thing. Raises TypeError, calling it name, unless a doer can wind, open, service and close it."""
    for method in ("wind", "reopen", "service", "close"):
        if not callable(getattr(thing, method, None)):
            raise TypeError(f"{name} must have a method {method}, got {thing!r}")
    return thing
