"""Peer: a servant that also keeps outgoing connections."""

from __future__ import annotations

from typing import Any

from ...base.tyming import Tymth
from .clienting import Client
from .netting import Address
from .serving import Server


class Peer(Server):
    """A Server that dials as well.

    Attributes (beside those of Server):
        oxes (dict): ha -> Client, the outgoing connections.
    """

    def __init__(self, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.oxes: dict[Address, Client] = {}

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with all connections both ways."""
        super().wind(tymth)
        for client in self.oxes.values():
            client.wind(tymth)

    def dial(self, ha: Address, **kwa: Any) -> Client:
        """Return the Client for ha, opened now if there is none yet. kwa as for Client."""
        client = self.oxes.get(ha)
        if client is None:
            client = self.oxes[ha] = Client(ha=ha, tymth=self.tymth, net=self.net, wl=self.wl, **kwa)
            client.reopen()
        return client

    def hang(self, ha: Address) -> None:
        """Close the outgoing connection to ha and forget it; raise ValueError when there is none."""
        try:
            self.oxes.pop(ha).close()
        except KeyError:
            raise ValueError(f"no connection to {ha!r}") from None

    def close(self) -> None:
        """Close the servant and every connection both ways."""
        super().close()
        for client in self.oxes.values():
            client.close()

    def service(self) -> None:
        """Do one turn of the servant and of each outgoing connection."""
        super().service()
        for client in list(self.oxes.values()):
            client.service()
