"""How a connection on a simulated network comes to be.

SimEnd   one end: its state, its addresses, and how it dials

Dialing knocks at the far host, which puts the other end into the backlog of who listens there; the word of that comes
back. Nobody listens: refused. No answer, or no room: knocks again, after 1, 2, 4, ... seconds, as TCP does.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from errno import (
    EAGAIN,
    EALREADY,
    EBADF,
    ECONNREFUSED,
    EINPROGRESS,
    EISCONN,
    ENETUNREACH,
    ENOENT,
    ENOTCONN,
    EPIPE,
    ETIMEDOUT,
)
from typing import Any

from .linking import Link
from .networking import Station
from .plugging import SimSock, error
from .tracing import Kind, Who

NEW, DIALING, OPEN, BROKEN, CLOSED, DEAD = range(6)
STATES = ("new", "dialing", "open", "broken", "closed", "dead")

#: Waits between one knock at a door and the next, in seconds, and at last until dialing is given up (Linux: 127 s).
KNOCKS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


def nowhere(segment: int, data: bytes) -> None:
    """Stand in for the way to a peer that is not there yet: segment and data are dropped."""


class SimEnd(SimSock):
    """One end of a connection, as far as its beginning and its state go.

    Attributes:
        state (int): NEW, DIALING, OPEN, BROKEN (an error ended it), CLOSED (by its application), DEAD (with its host).
        peer (SimEnd | None): the other end. link (Link): the way there.
        laddr, raddr: own and far address. connection (int): serial. way (str): ">" for who dialed, "<" for who listens.
        who, heard (tuple): whose events these are, of what happens here, and of what arrives here.
        deliver: has a segment arrive at the peer.
        rx (deque[bytes]): arrived and not read, unread bytes; rxCap: most of them.
        queue (deque[bytes]): taken and not sent for want of room over there, queued bytes.
        credit (int): bytes that the peer has room for, as far as this side knows: the window of TCP.
        flying (int): bytes that are on the way. txCap: most of queued and flying.
        ended (bool): the peer sends no more. finishing, finned: this side sends no more; and has said so.
        failure (int): errno to be raised next, 0 for none.
        starved (bool): was told EAGAIN, or took a part, and wants to know when there is room.

    Made with net, the Station of its host.
    """

    __slots__ = (
        "state", "peer", "deliver", "link", "laddr", "raddr", "connection", "way", "who", "heard", "rx", "unread",
        "rxCap", "queue", "queued", "flying", "txCap", "ended", "finishing", "finned", "failure", "starved", "deaf",
        "last", "credit", "worried", "fresh",
    )  # fmt: skip

    def __init__(self, net: Station, txCap: int, rxCap: int) -> None:
        super().__init__(net)
        self.state = NEW
        self.peer: SimEnd | None = None
        self.link: Link = None  # type: ignore[assignment]  # set with the peer
        self.laddr: Any = ("0.0.0.0", 0)
        self.raddr: Any = None
        self.connection = 0
        self.way = ""
        self.who: Who = (net.name, "", 0, "")
        self.heard: Who = self.who
        self.deliver: Callable[[int, bytes], None] = nowhere
        self.rx: deque[bytes] = deque()
        self.unread = 0
        self.rxCap = rxCap
        self.queue: deque[bytes] = deque()
        self.queued = 0
        self.flying = 0
        self.txCap = txCap
        self.ended = False
        self.finishing = False
        self.finned = False
        self.failure = 0
        self.starved = False
        self.deaf = False  # shutdown(SHUT_RD)
        self.last = 0.0  # tyme at which the last segment arrives
        self.credit = 0  # bytes that the peer has room for, as far as this side knows
        self.worried = False  # may give up later
        self.fresh = False  # connected, and connect_ex did not say so yet

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.net.name} #{self.connection} {STATES[self.state]} {self.laddr} {self.raddr} "
            f"rx={self.unread} tx={self.queued + self.flying}{' ended' if self.ended else ''}>"
        )

    def note(self, kind: str, segment: int = 0, data: bytes = b"", note: str = "") -> None:
        """Write down what happens here: an event of kind.

        segment: the number of what it is about, 0 for none. data: its bytes. note: words for a reader.
        """
        trace = self.network.trace
        if trace.open:
            trace.records.append((self.network.now, str(kind), self.who, segment, data, note))

    def meet(self, peer: SimEnd) -> None:
        """Have peer for the other end of this connection."""
        self.peer = peer
        self.deliver = peer.arrive
        self.who = (self.net.name, peer.net.name, self.connection, self.way)
        self.heard = (self.net.name, peer.net.name, self.connection, peer.way)

    def resize(self, option: int, size: int) -> None:
        """Have the buffer of option, SO_SNDBUF or SO_RCVBUF, hold size bytes. What is in it already stays."""
        if option == socket.SO_SNDBUF:
            self.txCap = size
        else:
            if self.peer is not None:
                self.peer.credit += size - self.rxCap
            self.rxCap = size

    def room(self, option: int) -> int:
        """Return how many bytes the buffer of option, SO_SNDBUF or SO_RCVBUF, holds."""
        return self.txCap if option == socket.SO_SNDBUF else self.rxCap

    # -- connecting ---------------------------------------------------------------------------------------

    def connect_ex(self, address: Any) -> int:
        """Take a step towards a connection; return 0 once it stands, else an errno: EINPROGRESS, then EALREADY.

        address: (host, port), or the path of a UNIX-domain socket of this host. EISCONN when it stood before; what
        ended the dialing, after which the socket may dial anew; EBADF when the socket is closed.
        """
        network = self.network
        if network.loose:
            network.catchUp()
        if self.state == NEW:
            return self._dial(address)
        if self.state == DIALING:
            return EALREADY
        if self.state == OPEN:
            if self.fresh:
                self.fresh = False
                return 0
            return EISCONN
        if self.state == BROKEN:
            number = self.blame()
            self.state = NEW
            return number or EPIPE
        return EBADF

    def connect(self, address: Any) -> None:
        """Take a step towards address as connect_ex does; raise OSError unless the connection stands.

        BlockingIOError as long as it may come to stand.
        """
        number = self.connect_ex(address)
        if number:
            raise error(number)

    def _dial(self, address: Any) -> int:
        net = self.net
        network = net.network
        if isinstance(address, str):
            return self._dialPath(address)
        host, port = address[0] or "127.0.0.1", address[1]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        far = net.reach(host)
        if far is None:
            return ENETUNREACH
        own = host if far is net else net.ha[1 if ":" in host else 0]
        self.laddr = self.full(own, net.ephemeral())
        net.using[self.laddr[1]] = None
        self.raddr = self.full(host, port)
        self.connection = next(network.connections)
        self.way = ">"
        self.who = (net.name, "", self.connection, ">")
        self.link = network.link(net.name, far.name)
        self.state = DIALING
        note = f"{self.laddr[0]}:{self.laddr[1]} > {host}:{port}"
        network.trace.note(
            network.now, Kind.DIAL, net.name, far.name, note, connection=self.connection, way=">"
        )
        self._knock(far, 0)
        return EINPROGRESS

    def _dialPath(self, path: str) -> int:
        """Connect to a path: within a host that takes no time."""
        net = self.net
        listener = net.paths.get(path)
        if listener is None:
            return ENOENT
        if listener.full:
            return EAGAIN
        self.family = socket.AF_UNIX
        self.link = net.network.link(net.name, net.name)
        self.laddr, self.raddr = "", path
        self.connection = next(net.network.connections)
        self.way = ">"
        self.who = (net.name, "", self.connection, ">")
        self.note(Kind.DIAL, note=path)
        listener.greet(self)
        self.state = OPEN
        return 0

    def full(self, host: str, port: int) -> Any:
        """Return the address of host and port as getsockname has it: with flow and scope for IPv6."""
        return (host, port) if self.family != socket.AF_INET6 else (host, port, 0, 0)

    def _knock(self, far: Station, times: int) -> None:
        """Send the request for a connection, for the first time or again."""
        network = self.network
        network.push(network.now + self.link.delay(), self._knocked, (far, times))

    def _knocked(self, _: int, knock: tuple[Station, int]) -> None:
        """A request for a connection arrives at host far."""
        far, times = knock
        network = self.network
        if self.state != DIALING:
            return
        back = network.link(far.name, self.net.name)
        listener = None
        if not self.link.blocked and not self.link.swallowing and not back.blocked:
            listener = far.find(self.raddr[0], self.raddr[1], self.connection)
            if listener is None or far.refuses(self.raddr[1]):
                network.push(network.now + back.delay(), self._refused, far.name)
                return
            if not listener.full:
                listener.greet(self)
                peer = self.peer
                assert peer is not None
                peer.last = network.now + back.delay()
                network.push(peer.last, self._opened)
                return
        again = network.now + KNOCKS[times]  # nobody answers
        network.push(again, self._unanswered, (far, times + 1))

    def _unanswered(self, _: int, knock: tuple[Station, int]) -> None:
        """Knock again, or give up."""
        far, times = knock
        if self.state == DIALING:
            if times < len(KNOCKS):
                self._knock(far, times)
            else:
                self._fail(ETIMEDOUT, Kind.TIMEOUT)

    def _refused(self, _: int, far: str) -> None:
        """The word that nobody takes the connection arrives."""
        if self.state == DIALING:
            self._fail(ECONNREFUSED, Kind.REFUSE, far)

    def _opened(self, segment: int, _: Any) -> None:
        """The word that the connection stands arrives."""
        if self.state != DIALING:
            return
        peer = self.peer
        assert peer is not None
        if peer.link.blocked:
            self.network.keep(peer.link, peer, self._opened, segment, None)
            return
        self.state = OPEN
        self.fresh = True
        self.note(Kind.OPEN)
        if self.events:
            self.tell()

    def _fail(self, number: int, kind: str, note: str = "") -> None:
        """Be broken by an error, which the next call raises."""
        self.state = BROKEN
        self.failure = number
        self.queue.clear()
        self.queued = self.flying = 0
        self.note(kind, note=note)
        if self.events:
            self.tell()

    def giveUp(self) -> None:
        """What was sent is not answered for too long."""
        if self.state == OPEN:
            self._fail(ETIMEDOUT, Kind.TIMEOUT)

    def arrive(self, segment: int, data: bytes) -> None:
        """Take a segment of the peer, of that number, which arrives with data."""
        raise NotImplementedError

    def blame(self) -> int:
        """Return the pending error and clear it."""
        number, self.failure = self.failure, 0
        return number

    def getsockname(self) -> Any:
        """Return the own address."""
        if self.state in (CLOSED, DEAD):
            raise error(EBADF)
        return self.laddr

    def getpeername(self) -> Any:
        """Return the far address. Raises OSError, ENOTCONN, when there is no connection."""
        if self.state in (CLOSED, DEAD):
            raise error(EBADF)
        if self.state != OPEN:
            raise error(ENOTCONN)
        return self.raddr
