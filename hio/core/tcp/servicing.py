"""Serviced: what a doer of this package services, whatever it is, turn by turn."""

from __future__ import annotations

from typing import Any, Protocol

from ...base.tyming import Tymth


class Serviced(Protocol):
    """A servant, a client, or what owns one."""

    def wind(self, tymth: Tymth, /) -> None:
        """Go by tymth."""

    def reopen(self, *, temp: Any = None) -> bool:
        """Close, then open; return whether that went well."""
        ...

    def service(self) -> None:
        """Do one turn."""

    def rest(self, tock: float, /) -> float:
        """Return what the doer may yield: a Watch to rest on, or tock for every turn."""
        ...

    def close(self) -> None:
        """Close."""
