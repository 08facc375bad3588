"""Clients: connections that this side makes. The front door of this side.

Client          connects, reconnects, sends and receives, turn by turn             (connecting)
ClientTls, initClientContext: the same over TLS                                     (tlsclienting, certifying)
ClientDoer      services a Client from a Doist
openClient      context manager for tests
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, TypeVar, overload

from ...base import doing
from ...base.tyming import Tymth
from .certifying import initClientContext
from .connecting import Client
from .servicing import Serviced, opening, serviceable
from .tlsclienting import ClientTls

__all__ = ["Client", "ClientDoer", "ClientTls", "initClientContext", "openClient"]


C = TypeVar("C", bound=Client)


@overload
def openClient(cls: None = None, **kwa: Any) -> AbstractContextManager[Client]: ...


@overload
def openClient(cls: type[C], **kwa: Any) -> AbstractContextManager[C]: ...


def openClient(cls: Any = None, **kwa: Any) -> AbstractContextManager[Any]:
    """Open a Client, or one of class cls made with kwa, for the length of a with block."""
    return opening((cls or Client)(**kwa))


class ClientDoer(doing.Doer):
    """Services a client: opens it on entering, services it each turn, closes it on exit.

    Parameters:
        client: the client, or anything with wind, reopen, service, close.
    """

    def __init__(self, client: Serviced, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.client = serviceable("client", client)

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with the client."""
        super().wind(tymth)
        self.client.wind(tymth)

    def enter(self, *, temp: bool | None = None) -> None:
        """Open the client."""
        if self.tymth is not None:
            self.client.wind(self.tymth)
        self.client.reopen()

    def recur(self, tyme: float) -> bool:
        """Service once."""
        self.client.service()
        return False

    def rest(self) -> float:
        """Return what to yield: the Watch of the client, unless it wants each turn."""
        if type(self).recur is not ClientDoer.recur:
            return self.tock
        rest = getattr(self.client, "rest", None)
        return self.tock if rest is None else rest(self.tock)

    def exit(self) -> None:
        """Close the client."""
        self.client.close()
