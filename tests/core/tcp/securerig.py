"""Drive TLS servants and clients by hand, on a network in memory, in tyme that only a test advances.

Rig   a ServerTls and the clients that it is given
"""

from __future__ import annotations

import ssl

from hio.base.tyming import Tymist
from hio.core.tcp import ClientTls, ServerTls
from tests.core.tcp.memory import MemoryNet

TURNS = 5000  # most turns that anything may take which must happen
TLS12 = ssl.TLSVersion.TLSv1_2
TLS13 = ssl.TLSVersion.TLSv1_3


class Rig:
    """A servant over TLS that listens, and its clients.

    Parameters:
        certs: Certificates. net: network; None: one in memory, with room and grain. wound (bool): told the tyme.
        kwa: for the servant, over certify False and a certificate for localhost.
    """

    def __init__(self, certs, /, net=None, room=1 << 18, grain=1 << 30, wound=True, **kwa):
        self.certs = certs
        self.net = net or MemoryNet(room, grain)
        self.tymist = Tymist(tock=0.125)
        self.tymth = self.tymist.tymen() if wound else None
        kwa = {"certify": False, "ha": ("10.0.0.2", 443), "tymeout": 0.0} | certs.serving() | kwa
        self.server = ServerTls(net=self.net, tymth=self.tymth, **kwa)
        assert self.server.reopen()
        self.clients = []

    def client(self, host="localhost", opened=True, **kwa):
        """Return a client that trusts the authority of the servant, opened and serviced from now on."""
        kwa = {"cafilepath": self.certs.cafilepath, "hostify": True} | kwa
        client = ClientTls(ha=(host, self.server.ha[1]), net=self.net, tymth=self.tymth, **kwa)
        if opened:
            client.reopen()
        self.clients.append(client)
        return client

    def pair(self, **kwa):
        """Return a client and its Remoter once they have shaken hands."""
        client = self.client(**kwa)
        self.until(lambda: client.connected and client.ca in self.server.ixes)
        return client, self.server.ixes[client.ca]

    def raw(self):
        """Return a socket that is connected to the servant and speaks no TLS by itself."""
        sock = self.net.dial(self.server.ha, bs=8096)
        assert sock.connect_ex(self.server.ha) == 0
        return sock

    def turn(self, count=1):
        """Let everybody do count turns, in no tyme."""
        for _ in range(count):
            self.server.service()
            for client in self.clients:
                client.service()

    def wait(self, seconds):
        """Let tyme pass, and give everybody a turn."""
        self.tymist.tick(tock=seconds)
        self.turn()

    def until(self, what, turns=TURNS):
        """Let turns pass until what() is true; fail if it never is."""
        for _ in range(turns):
            if what():
                return
            self.turn()
        raise AssertionError(f"not so after {turns} turns: {self.server.cxes} {self.server.ixes} {self.clients}")

    def close(self):
        """Close everybody."""
        for client in self.clients:
            client.close()
        self.server.close()
