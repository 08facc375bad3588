"""Servants and clients on a network, driven by hand."""

from __future__ import annotations

from hio.base.tyming import Tymist
from hio.core.tcp import Client, Server
from hio.core.tcp.netting import osNet

TOCK = 0.03125
TURNS = 300  # most turns that anything may take which must happen


class Pairs:
    """A servant that listens, and its clients, in tyme that only a test advances.

    Parameters:
        net: network; None: the operating system's. wound (bool): whether the servant is told the tyme.
        kwa: for the servant.
    """

    def __init__(self, net=None, wound=True, kind=Server, **kwa):
        self.net = net or osNet
        self.tymist = Tymist(tock=TOCK)
        self.tymth = self.tymist.tymen() if wound else None
        self.server = kind(net=self.net, tymth=self.tymth, **{"ha": ("127.0.0.1", 0), "tymeout": 0.0} | kwa)
        if not self.server.reopen():
            raise self.server.failure
        self.clients = []

    def client(self, **kwa):
        """Return a client of the servant, opened and serviced from now on."""
        client = Client(net=self.net, tymth=self.tymth, **{"ha": self.server.eha} | kwa)
        client.reopen()
        self.clients.append(client)
        return client

    def pair(self, **kwa):
        """Return a client and its Remoter, connected."""
        before = set(self.server.ixes)
        client = self.client(**kwa)
        self.until(lambda: client.connected and len(set(self.server.ixes) - before) == 1)
        (ca,) = set(self.server.ixes) - before
        return client, self.server.ixes[ca]

    def turn(self, count=1):
        """Let everybody do count turns, in no tyme."""
        for _ in range(count):
            self.server.service()
            for client in self.clients:
                client.service()

    def wait(self, seconds):
        """Let tyme pass, and give everybody two turns at its end."""
        self.tymist.tick(tock=seconds)
        self.turn(2)

    def until(self, what, turns=TURNS):
        """Let turns pass until what() is true; fail if it never is."""
        for _ in range(turns):
            if what():
                return
            self.turn()
        raise AssertionError(f"not within {turns} turns: {self.server.ixes} {self.clients}")

    def close(self):
        """Close all."""
        for client in self.clients:
            client.close()
        self.server.close()
