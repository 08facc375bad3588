"""Clients: connections that this side makes. The front door of this side.

Client          connects, reconnects, sends and receives, turn by turn             (connecting)
ClientTls, initClientContext: the same over TLS                                     (tlsclienting, certifying)
ClientDoer      services a Client from a Doist
openClient      context manager for tests
"""

from __future__ import annotations

from contextlib import contextmanager

from ...base import doing
from .certifying import initClientContext
from .connecting import Client
from .tlsclienting import ClientTls

__all__ = ["Client", "ClientDoer", "ClientTls", "initClientContext", "openClient"]


@contextmanager
def openClient(cls=None, **kwa):
    """Open a Client, or one of class cls made with kwa, for the length of a with block."""
    client = (cls or Client)(**kwa)
    try:
        client.reopen()
        yield client
    finally:
        client.close()


class ClientDoer(doing.Doer):
    """Services a client: opens it on entering, services it each turn, closes it on exit.

    Parameters:
        client: the client, or anything with wind, reopen, service, close.
    """

    def __init__(self, client, **kwa):
        super().__init__(**kwa)
        self.client = client

    def wind(self, tymth):
        """Go by tymth, with the client."""
        super().wind(tymth)
        self.client.wind(tymth)

    def enter(self, *, temp=None):
        """Open the client."""
        if self.tymth is not None:
            self.client.wind(self.tymth)
        self.client.reopen()

    def recur(self, tyme):
        """Service once."""
        self.client.service()
        return False

    def rest(self):
        """Return what to yield: the Watch of the client, unless it wants each turn."""
        if type(self).recur is not ClientDoer.recur:
            return self.tock
        return self.client.rest(self.tock)

    def exit(self):
        """Close the client."""
        self.client.close()
