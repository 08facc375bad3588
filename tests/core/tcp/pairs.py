"""Servants and clients on a network, driven by hand.

Pairs         a servant and its clients, in tyme that only a test advances
SecurePairs   the same over TLS
over, fail    see how a connection ended for a bare socket; have a simulated one fail in any way
RESET         value of SO_LINGER with which a close breaks the connection
"""

from __future__ import annotations

import ssl
import struct

from hio.base.tyming import Tymist
from hio.core.tcp import Client, ClientTls, Server, ServerTls
from hio.sim import SimNet
from hio.sim.dialing import BROKEN

TOCK = 0.03125
TURNS = 300  # most turns that anything may take which must happen
RESET = struct.pack("ii", 1, 0)
TLS12 = ssl.TLSVersion.TLSv1_2
TLS13 = ssl.TLSVersion.TLSv1_3


class Pairs:
    """A servant that listens, and its clients. The servant may be that of an HTTP server.

    Parameters:
        net: network; None: a simulated one, on which all arrives at once. wound (bool): whether the servant is told
        the tyme. room (int): bytes that a buffer of a simulated socket holds; 0: as many as Linux begins with.
        kwa: for the servant.
    """

    Kind = Server
    Ha = ("127.0.0.1", 0)
    Turns = TURNS

    def __init__(self, net=None, wound=True, room=0, **kwa):
        self.sizes = {"bs": room} if room else {}  # as bs is the least that a buffer holds
        self.net = net or (SimNet(tx=room, rx=room) if room else SimNet())
        self.tymist = Tymist(tock=TOCK)
        self.tymth = self.tymist.tymen() if wound else None
        if self.tymth and isinstance(self.net, SimNet):
            self.net.wind(self.tymth)
        kwa = {"ha": self.Ha, "tymeout": 0.0} | self.sizes | kwa
        self.server = self.Kind(net=self.net, tymth=self.tymth, **kwa)
        self.servant = getattr(self.server, "servant", self.server)  # an HTTP server has one
        self.clients = []
        if not self.server.reopen():
            raise self.servant.failure

    def make(self, **kwa):
        """Return a client of the servant, not opened."""
        return Client(net=self.net, tymth=self.tymth, **{"ha": self.servant.eha} | self.sizes | kwa)

    def client(self, opened=True, **kwa):
        """Return a client of the servant, opened unless told otherwise, and serviced from now on."""
        client = self.make(**kwa)
        if opened:
            client.reopen()
        self.clients.append(client)
        return client

    def pair(self, **kwa):
        """Return a client and its Remoter, connected."""
        ixes = self.servant.ixes
        before = set(ixes)
        client = self.client(**kwa)
        self.until(lambda: client.connected and len(set(ixes) - before) == 1)
        (ca,) = set(ixes) - before
        return client, ixes[ca]

    def raw(self):
        """Return a simulated socket that is connected to the servant, and nothing else."""
        ha = self.servant.eha
        sock = self.net.dial(ha, bs=8096)
        sock.connect_ex(ha)
        assert sock.connect_ex(ha) == 0
        return sock

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

    def until(self, what, turns=0):
        """Let turns pass until what() is true; fail if it never is."""
        turns = turns or self.Turns
        for _ in range(turns):
            if what():
                return
            self.turn()
        raise AssertionError(f"not within {turns} turns: {self.server} {self.servant.ixes} {self.clients}")

    def close(self):
        """Close all."""
        for client in self.clients:
            client.close()
        self.server.close()


class SecurePairs(Pairs):
    """A servant over TLS that shows a certificate for localhost, and clients that trust its authority.

    Parameters:
        certs: Certificates. kwa: as for Pairs; for the servant certify is False unless stated.
    """

    Kind = ServerTls
    Ha = ("127.0.0.1", 443)
    Turns = 5000

    def __init__(self, certs, /, **kwa):
        self.certs = certs
        super().__init__(**{"certify": False} | certs.serving() | kwa)

    def make(self, host="localhost", **kwa):
        """Return a client of the servant, not opened."""
        kwa = {"cafilepath": self.certs.cafilepath, "hostify": True} | self.sizes | kwa
        return ClientTls(ha=(host, self.servant.ha[1]), net=self.net, tymth=self.tymth, **kwa)

    @property
    def dials(self):
        """How often anybody has dialed so far."""
        return sum(event.kind == "dial" for event in self.net.network.trace)


def over(sock):
    """Return whether the far side has ended the connection of a bare socket, in whatever way."""
    try:
        while sock.recv(1 << 20):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def fail(sock, code):
    """Have the next call on a simulated socket raise code, and its poller tell of it, as of an error in the kernel."""
    sock.state, sock.failure = BROKEN, code
    sock.tell()


def accepted(rig):
    """Return a client whose connection stands and that has not begun to shake hands."""
    client = rig.client()
    assert not client.accept() and client.accept()
    rig.clients.clear()
    return client
