"""Drive an HTTP server by hand, turn by turn, with peers that are nothing but a socket and bytes.

Rig     a server on a network, in tyme that only a test advances
Peer    a far side that sends what it is told, byte for byte, and keeps what comes
"""

from __future__ import annotations

import errno
import socket
import struct

from hio.base.tyming import Tymist
from hio.core.http.limiting import Limits
from hio.core.http.serving import Server
from hio.core.tcp.netting import UNDERWAY, osNet
from tests.core.http.reading import answers

TOCK = 0.03125
NEVER = 1e6  # seconds: more than any tymeout here
IDLE = 5.0
TURNS = 500  # most turns that anything may take which must happen

#: every tymeout another one, so that none can pass for another
LIMITS = Limits(
    headTymeout=3.0, bodyTymeout=7.0, bodyRate=100, stallTymeout=11.0, lingerTymeout=2.0, lingerBytes=1000,
    txMark=10_000, rxMark=5_000,
)  # fmt: skip
EPOCH = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date that RFC 9110 uses


def endless(size=10_000):
    """A body that does not end."""
    while True:
        yield b"x" * size


class Peer:
    """The far side of one connection.

    Attributes:
        rx (bytearray): all that came. unsent (bytearray): what the network did not take yet.
        reading (bool): whether it reads; a peer that does not is one that stalls.
        ended (bool): the server closed its direction in good order. broken (OSError | None): the connection broke.
        methods (list[str]): of the requests it sent, for whoever reads the answers.
    """

    def __init__(self, rig, sock):
        self.rig = rig
        self.sock = sock
        self.ca = sock.getsockname()[:2]
        self.rx = bytearray()
        self.unsent = bytearray()
        self.reading = True
        self.ended = False
        self.broken = None

    @property
    def gone(self):
        """Whether nothing more can come."""
        return self.ended or self.broken is not None

    def send(self, *pieces):
        """Send pieces, giving the server a turn after each; return self."""
        for piece in pieces:
            self.unsent += piece
            self.rig.turn()
        return self

    def pump(self):
        """Send and receive what the network takes and has."""
        if self.sock is None:
            return
        try:
            while self.unsent and self.broken is None:
                del self.unsent[: self.sock.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError as ex:
            self.broken = self.broken or ex
        try:
            while self.reading and not self.gone:
                data = self.sock.recv(1 << 20)
                self.rx += data
                self.ended = not data
        except BlockingIOError:
            pass
        except OSError as ex:
            self.broken = ex

    def answers(self, *methods):
        """Return the responses that came so far."""
        return answers(self.rx, methods, self.ended)

    def ask(self, *pieces, count=1, methods=()):
        """Send pieces and return the first count final responses, once they are whole; fail when they do not come."""
        self.send(*pieces)
        self.rig.until(lambda: self.gone or sum(a.whole and a.status >= 200 for a in self.answers(*methods)) >= count)
        return self.answers(*methods)

    def finish(self):
        """Close this direction: no more is sent."""
        self.pump()
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def close(self):
        """Close both directions."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def reset(self):
        """Break the connection: the server gets a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


class Rig:
    """A server, opened, with its peers.

    Parameters:
        app: WSGI application. net: network; None: the operating system's. kind: class of the server.
        ha: address to listen on. wound (bool): whether the server is told the tyme. kwa: for the server.
    """

    def __init__(self, app=None, net=None, kind=Server, ha=("127.0.0.1", 0), wound=True, **kwa):
        self.net = net or osNet
        self.tymist = Tymist(tock=TOCK)
        if app is not None:
            kwa["app"] = app
        if wound:
            kwa["tymth"] = self.tymist.tymen()
        self.server = kind(ha=ha, net=self.net, clock=lambda: EPOCH + self.tymist.tyme, **kwa)
        if not self.server.reopen():
            raise self.server.servant.failure
        self.ha = self.server.servant.eha
        self.peers = []

    def close(self):
        """Close the server and all peers."""
        self.server.close()
        for peer in self.peers:
            peer.close()

    def turn(self, count=1):
        """Let everybody do count turns, in no tyme."""
        for _ in range(count):
            for peer in self.peers:
                peer.pump()
            self.server.service()
        for peer in self.peers:
            peer.pump()

    def wait(self, seconds):
        """Let tyme pass, and give everybody two turns at its end."""
        self.tymist.tick(tock=seconds)
        self.turn(2)

    def expires(self, seconds, over):
        """Fail unless over() becomes true seconds from now, and not one tick earlier."""
        self.wait(seconds - TOCK)
        assert not over(), "too early"
        self.wait(TOCK)
        assert over(), "too late"

    def take(self, peer):
        """Have a peer that does not read take what is there, so that the server can send more."""
        peer.reading = True
        self.turn(2)
        peer.reading = False
        self.turn(2)

    def stall(self, peer):
        """Let turns pass until nothing more can be sent to a peer that does not read."""
        last = -1
        for _ in range(400):
            taken = sum(iterable.taken for iterable in self.server.app.iterables)
            if taken == last and self.ix(peer).txbs:
                return
            last = taken
            self.turn(3)
        raise AssertionError("it never stalls")

    def until(self, what, turns=TURNS):
        """Let turns pass until what() is true; fail if it never is."""
        for _ in range(turns):
            if what():
                return
            self.turn()
        raise AssertionError(f"not within {turns} turns; {self.server.reqs} {[bytes(p.rx[-300:]) for p in self.peers]}")

    def choke(self):
        """Return a Peer that does not read, with next to no room in the network between it and the server."""
        peer = self.dial(narrow=True)
        self.ix(peer).cs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        peer.reading = False
        return peer

    def dial(self, taken=True, bs=8096, narrow=False):
        """Return a Peer that is connected, and taken by the server unless told not to wait for that."""
        sock = self.net.dial(self.ha, bs=bs)
        if narrow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(TURNS):
            error = sock.connect_ex(self.ha)
            if error in (0, errno.EISCONN):
                break
            assert error in UNDERWAY, error
            self.turn()
        peer = Peer(self, sock)
        self.peers.append(peer)
        if taken:
            before = len(self.server.servant.ixes)
            self.until(lambda: len(self.server.servant.ixes) > before or self.knows(peer))
        return peer

    def knows(self, peer):
        """Whether the server has peer's connection."""
        return peer.ca in self.server.reqs

    def ix(self, peer):
        """Return the server's Remoter for peer, which must be there."""
        return self.server.servant.ixes[peer.ca]

    @property
    def empty(self):
        """Whether the server keeps nothing of any connection."""
        server = self.server
        kept = getattr(server, "reps", None) or getattr(server, "stewards", None)
        return not (server.reqs or server.servant.ixes or kept)
