"""Sockets of simulated hosts.

SimSock     what every simulated socket has: a number, options, a place in a poller
SimSocket   one end of a connection: dials, sends, receives and ends as a nonblocking TCP socket of Linux does

The life of a byte: send() copies it into the send buffer, where it stays until it has arrived at the other side; it is
sent as soon as the other side's receive buffer has room for it, travels over the link, and lies in the receive buffer
until recv() takes it. So there are partial sends and EAGAIN, and a peer that does not read stops who writes.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from errno import (
    EAGAIN,
    EALREADY,
    EBADF,
    ECONNREFUSED,
    ECONNRESET,
    EINPROGRESS,
    EISCONN,
    ENETUNREACH,
    ENOENT,
    ENOTCONN,
    EPIPE,
    ETIMEDOUT,
)
from heapq import heappush
from os import strerror
from typing import TYPE_CHECKING, Any

from ..base.polling import READ, WRITE
from .linking import Held, Link
from .tracing import Kind

if TYPE_CHECKING:
    from .netting import SimNet
    from .polling import SimPoller

NEW, DIALING, OPEN, BROKEN, CLOSED, DEAD = range(6)
STATES = ("new", "dialing", "open", "broken", "closed", "dead")

#: Waits between one knock at a door and the next, in seconds, and at last until dialing is given up (Linux: 127 s).
KNOCKS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

SEND, ARRIVE = Kind.SEND.value, Kind.ARRIVE.value  # PERF: plain strings, in records that are written all the time


def error(number: int) -> OSError:
    """Return the OSError of an errno, as the system would raise it."""
    return OSError(number, strerror(number))


class SimSock:
    """What every simulated socket has.

    Attributes:
        net (SimNet): of its host. number (int): unlike that of any other socket of the network.
        poller, watch, thing, events: where it is registered, and for what; see base.polling.
        listed (bool): waits in poller.ready.
    """

    __slots__ = ("net", "number", "poller", "watch", "thing", "events", "listed", "options", "family")

    type = socket.SOCK_STREAM
    proto = 0

    def __init__(self, net: SimNet) -> None:
        self.net = net
        self.number = next(net.network.numbers)
        self.poller: SimPoller | None = None
        self.watch: Any = None
        self.thing: Any = None
        self.events = 0
        self.listed = False
        self.options: dict[tuple[int, int], Any] | None = None
        self.family = socket.AF_INET
        net.socks[self.number] = self

    def fileno(self) -> int:
        """Return a number that is no descriptor of this process, lest it be taken for one; -1 once closed."""
        return self.number + 1_000_000_000 if self.number in self.net.socks else -1

    def tell(self) -> None:
        """Have the poller look at this socket."""
        poller = self.poller
        if poller is not None and not self.listed:
            self.listed = True
            poller.ready.append(self)
            self.net.stir()

    def mask(self) -> int:
        """What is ready of what is asked for."""
        raise NotImplementedError

    def retire(self) -> None:
        """Leave the poller and the host, as the kernel does with what is closed."""
        if self.poller is not None:
            self.poller.unregister(self)
        self.net.socks.pop(self.number, None)

    def setblocking(self, flag: bool) -> None:
        """Take False; a simulated socket never waits."""
        if flag:
            raise ValueError("a simulated socket cannot wait: setblocking(False)")

    def settimeout(self, seconds: float | None) -> None:
        """Take 0.0; a simulated socket never waits."""
        self.setblocking(seconds != 0.0)

    def gettimeout(self) -> float:
        return 0.0

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """Keep value. Only SO_LINGER has an effect."""
        if self.options is None:
            self.options = {}
        self.options[level, option] = value

    def getsockopt(self, level: int, option: int, size: int = 0) -> Any:
        """Return what was set, the sizes of the buffers, or SO_ERROR, which it clears; 0 for what nobody set."""
        if level == socket.SOL_SOCKET and option == socket.SO_ERROR:
            return self.blame()
        if level == socket.SOL_SOCKET and option == socket.SO_TYPE:
            return int(socket.SOCK_STREAM)
        if self.options is not None and (level, option) in self.options:
            return self.options[level, option]
        if level == socket.SOL_SOCKET and option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            return self.net.tx if option == socket.SO_SNDBUF else self.net.rx
        return 0

    def blame(self) -> int:
        """Return the pending error and clear it."""
        return 0

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close this end."""
        raise NotImplementedError

    def die(self) -> None:
        """Be gone with the host, without a word to anybody."""
        raise NotImplementedError


class SimSocket(SimSock):
    """One end of a connection, as Net.dial or accept returns it.

    Attributes:
        state (int): NEW, DIALING, OPEN, BROKEN (an error ended it), CLOSED (by its application), DEAD (with its host).
        peer (SimSocket | None): the other end. link (Link): the way there.
        laddr, raddr: own and far address. connection (int): serial. way (str): ">" for who dialed, "<" for who listens.
        rx (deque[bytes]): arrived and not read, unread bytes; rxCap: most of them.
        queue (deque[bytes]): taken and not sent for want of room over there, queued bytes.
        flying (int): bytes that are on the way. txCap: most of queued and flying.
        ended (bool): the peer sends no more. finishing, finned: this side sends no more; and has said so.
        failure (int): errno to be raised next, 0 for none.
        starved (bool): was told EAGAIN, or took a part, and wants to know when there is room.
    """

    __slots__ = (
        "state", "peer", "link", "laddr", "raddr", "connection", "way", "rx", "unread", "rxCap", "queue", "queued",
        "flying", "txCap", "ended", "finishing", "finned", "failure", "starved", "deaf", "last", "pumping", "worried",
        "fresh",
    )  # fmt: skip

    def __init__(self, net: SimNet, txCap: int, rxCap: int) -> None:
        super().__init__(net)
        self.state = NEW
        self.peer: SimSocket | None = None
        self.link: Link = None  # type: ignore[assignment]  # set with the peer
        self.laddr: Any = ("0.0.0.0", 0)
        self.raddr: Any = None
        self.connection = 0
        self.way = ""
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
        self.pumping = False  # the peer has room again and will say so
        self.worried = False  # may give up later
        self.fresh = False  # connected, and connect_ex did not say so yet

    def __repr__(self) -> str:
        return (
            f"<SimSocket {self.net.name} #{self.connection} {STATES[self.state]} {self.laddr} {self.raddr} "
            f"rx={self.unread} tx={self.queued + self.flying}{' ended' if self.ended else ''}>"
        )

    def note(self, kind: str, segment: int = 0, data: bytes = b"", note: str = "") -> None:
        """Write down what happens here."""
        trace = self.net.network.trace
        if trace.open:
            peer = self.peer.net.name if self.peer is not None else ""
            now = self.net.network.now
            trace.records.append((now, str(kind), self.net.name, peer, self.connection, self.way, segment, data, note))

    # -- readiness ----------------------------------------------------------------------------------------

    def mask(self) -> int:
        """What is ready of what is asked for. An error is told to whoever asks for anything."""
        state = self.state
        if state == OPEN:
            mask = READ if self.rx or self.ended or self.deaf else 0
            if self.events & WRITE and not self.starved and self.queued + self.flying < self.txCap:
                mask |= WRITE
            return mask & self.events
        return READ | WRITE if state == BROKEN else 0

    # -- connecting ---------------------------------------------------------------------------------------

    def connect_ex(self, address: Any) -> int:
        """Take a step towards a connection; return 0 once it stands, else an errno: EINPROGRESS, then EALREADY."""
        network = self.net.network
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
        """Take a step as connect_ex does; raise OSError, as BlockingIOError, unless the connection stands."""
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
        self.note(Kind.DIAL, note=path)
        self._join(listener)
        self.state = OPEN
        return 0

    def full(self, host: str, port: int) -> Any:
        """Return an address as getsockname has it: with flow and scope for IPv6."""
        return (host, port) if self.family != socket.AF_INET6 else (host, port, 0, 0)

    def _knock(self, far: SimNet, times: int) -> None:
        """Send the request for a connection, for the first time or again."""
        network = self.net.network
        network.push(network.now + self.link.delay(), self._knocked, (far, times))

    def _knocked(self, _: int, knock: tuple[SimNet, int]) -> None:
        """A request for a connection arrives at host far."""
        far, times = knock
        network = self.net.network
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
                self._join(listener)
                peer = self.peer
                assert peer is not None
                peer.last = network.now + back.delay()
                network.push(peer.last, self._opened)
                return
        again = network.now + KNOCKS[times]  # nobody answers
        network.push(again, self._unanswered, (far, times + 1))

    def _unanswered(self, _: int, knock: tuple[SimNet, int]) -> None:
        """Knock again, or give up."""
        far, times = knock
        if self.state == DIALING:
            if times < len(KNOCKS):
                self._knock(far, times)
            else:
                self._fail(ETIMEDOUT, Kind.TIMEOUT)

    def _join(self, listener: Any) -> None:
        """Make the other end, and put it into the backlog of listener."""
        net = listener.net
        child = SimSocket(net, max(net.tx, listener.bs), max(net.rx, listener.bs))
        child.family = self.family
        child.state = OPEN
        child.connection = self.connection
        child.way = "<"
        child.laddr, child.raddr = self.raddr, self.laddr
        child.link = net.network.link(net.name, self.net.name)
        child.peer = self
        self.peer = child
        child.note(Kind.KNOCK)
        listener.join(child)

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
            self.net.network.keep(peer.link, peer, self._opened, segment, None)
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

    def blame(self) -> int:
        """Return the pending error and clear it."""
        number, self.failure = self.failure, 0
        return number

    # -- sending ------------------------------------------------------------------------------------------

    def send(self, data: Any, flags: int = 0) -> int:
        """Take a copy of as much of data as the send buffer has room for; return how many bytes.

        Raises BlockingIOError when it is full, another OSError when nothing can be sent any more.
        """
        if self.state != OPEN or self.finishing:
            raise self._unable()
        size = len(data)
        room = self.txCap - self.queued - self.flying
        if size > room:
            self.starved = True
            if room <= 0:
                raise BlockingIOError(EAGAIN, strerror(EAGAIN))
            size = room
            data = data[:size]
        peer: SimSocket = self.peer  # type: ignore[assignment]
        if self.queued or self.flying + peer.unread + size > peer.rxCap:
            self.queue.append(bytes(data))
            self.queued += size
            self.pump()
        elif size:
            self.transmit(bytes(data), size)
        return size

    def sendmsg(self, buffers: Any, *_: Any) -> int:
        """Send what the buffers hold, one after the other."""
        return self.send(b"".join(buffers))

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of data, or raise BlockingIOError with a part of it sent, as a nonblocking socket does."""
        if self.send(data) < len(data):
            raise BlockingIOError(EAGAIN, strerror(EAGAIN))

    def _unable(self) -> OSError:
        """Return the error for whoever sends what cannot be sent."""
        if self.state in (CLOSED, DEAD):
            return error(EBADF)
        if self.state == DIALING:
            return error(EAGAIN)
        return error(self.blame() or EPIPE)

    def transmit(self, data: bytes, size: int) -> None:
        """Send data on its way."""
        link = self.link
        net = self.net
        network = net.network
        now = network.now
        self.flying += size
        peer: SimSocket = self.peer  # type: ignore[assignment]
        constant = link.constant
        if constant is None:
            self._carry(data)
            return
        due = now + constant
        if due < self.last:
            due = self.last
        self.last = due
        segment = next(network.serial)
        trace = network.trace
        if trace.open:
            trace.records.append((now, SEND, net.name, peer.net.name, self.connection, self.way, segment, data, ""))
        heappush(network.heap, (due, segment, peer.arrive, segment, data))

    def _carry(self, data: bytes) -> None:
        """Send data over a link that may cut it, lose it, or take its time."""
        network = self.net.network
        peer: SimSocket = self.peer  # type: ignore[assignment]
        for piece, due, lost in self.link.carry(data, network.now):
            self.last = max(due, self.last)
            segment = next(network.serial)
            self.note(SEND, segment, piece)
            if lost:
                self.note(Kind.LOSE, segment, note=f"{lost} times")
            heappush(network.heap, (self.last, segment, peer.arrive, segment, piece))

    def pump(self) -> None:
        """Send of the queue what the peer has room for, and at its end that this was all, if so."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        queue = self.queue
        while queue and (room := peer.rxCap - peer.unread - self.flying) > 0:
            data = queue.popleft()
            if len(data) > room:
                queue.appendleft(data[room:])
                data = data[:room]
            self.queued -= len(data)
            self.transmit(data, len(data))
        if self.finishing and not self.finned and not queue:
            self.finned = True
            self._signal(Kind.FINISH, peer.finished)

    def _pumped(self, _: int, __: Any) -> None:
        """The word arrives that the peer has room again."""
        self.pumping = False
        if self.state in (OPEN, CLOSED) and self.peer is not None:
            self.pump()

    def _signal(self, kind: str, act: Any, note: str = "") -> None:
        """Send a segment without payload, behind all others."""
        network = self.net.network
        self.last = max(self.last, network.now + self.link.delay())
        self.note(kind, network.push(self.last, act), note=note)

    # -- what arrives -------------------------------------------------------------------------------------

    def arrive(self, segment: int, data: bytes) -> None:
        """A segment of the peer arrives."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        net = self.net
        network = net.network
        if peer.link.blocked:
            network.keep(peer.link, peer, self.arrive, segment, data)
            return
        if self.state != OPEN or self.link.blocked:
            if self._odd(segment, data):
                return
        size = len(data)
        peer.flying -= size
        self.rx.append(data)
        self.unread += size
        trace = network.trace
        if trace.open:
            trace.records.append(
                (network.now, ARRIVE, net.name, peer.net.name, self.connection, peer.way, segment, data, "")
            )
        poller = self.poller
        if self.events & READ and not self.listed and poller is not None:  # PERF: tell(), in line
            self.listed = True
            poller.ready.append(self)
            if not net.stirred:
                net.stirred = True
                network.ready.append(net)
        if peer.starved:
            peer.eased()

    def _odd(self, segment: int, data: Any) -> bool:
        """A segment arrives where all is not well. Returns whether that is all there is to do about it."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        network = self.net.network
        if self.state in (CLOSED, DEAD):
            self.note(Kind.VANISH, segment, note="nobody is there any more")
            self._signal(Kind.RESET, peer.broken, "nobody is there any more")
            return True
        if self.state == BROKEN:
            return True
        if self.state == DIALING:  # the word that the connection stands is late: this says as much
            self._opened(segment, None)
        if self.link.blocked:  # it arrives, but who sent it will not learn that
            if not peer.worried:
                network.worry(peer)
                self.link.held.append(Held(network.now, peer, nothing, 0, None))
        return False

    def eased(self) -> None:
        """What was sent has arrived: tell who waits for room, once there is a third of the buffer (as Linux does)."""
        if 3 * (self.queued + self.flying) <= 2 * self.txCap:
            self.starved = False
            if self.events & WRITE:
                self.tell()

    def finished(self, segment: int, _: Any) -> None:
        """The word that the peer sends no more arrives."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        if peer.link.blocked:
            self.net.network.keep(peer.link, peer, self.finished, segment, None)
            return
        if self.state == DIALING:
            self._opened(segment, None)
        if self.state == DEAD:
            self._signal(Kind.RESET, peer.broken, "nobody is there any more")
        if self.state != OPEN:
            return
        self.ended = True
        self.note(Kind.FINISHED, segment)
        if self.events & READ:
            self.tell()

    def broken(self, segment: int, _: Any) -> None:
        """The word that the peer broke the connection arrives, unless the link is blocked: it is said only once."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        if peer.link.blocked:
            peer.note(Kind.VANISH, segment, note=f"{peer.link.src} > {peer.link.dst} is blocked")
        elif self.state in (OPEN, DIALING):
            self.state = BROKEN
            self.failure = EPIPE if self.ended else ECONNRESET
            self.queue.clear()
            self.queued = self.flying = 0
            self.note(Kind.BROKEN, segment)
            if self.events:
                self.tell()
        elif self.state == CLOSED:
            self.queue.clear()

    def giveUp(self) -> None:
        """What was sent is not answered for too long."""
        if self.state == OPEN:
            self._fail(ETIMEDOUT, Kind.TIMEOUT)

    # -- receiving ----------------------------------------------------------------------------------------

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return at most size bytes, b"" at the end. Raises BlockingIOError when nothing came yet, else OSError."""
        if self.net.network.loose:
            self.net.network.catchUp()
        rx = self.rx
        if not rx:
            return self._nothing()
        data = rx.popleft()
        count = len(data)
        if flags & socket.MSG_PEEK:
            rx.appendleft(data)
            return data[:size]
        if count > size:
            rx.appendleft(data[size:])
            data = data[:size]
            count = size
        elif rx and count < size:
            data = self._gather(data, size)
            count = len(data)
        self.unread -= count
        peer = self.peer
        if peer is not None and (peer.queue or peer.pumping) and not peer.pumping:
            peer.pumping = True
            network = self.net.network
            network.push(network.now + self.link.delay(), peer._pumped)
        return data

    def _gather(self, data: bytes, size: int) -> bytes:
        """Return data and of what came after it as much as size allows."""
        rx = self.rx
        pieces = [data]
        size -= len(data)
        while rx and size:
            data = rx.popleft()
            if len(data) > size:
                rx.appendleft(data[size:])
                data = data[:size]
            pieces.append(data)
            size -= len(data)
        return b"".join(pieces)

    def _nothing(self) -> bytes:
        """Tell why there is nothing to read."""
        if self.state == OPEN:
            if self.ended or self.deaf:
                return b""
            raise BlockingIOError(EAGAIN, strerror(EAGAIN))
        if self.state == BROKEN:
            number = self.blame()
            if number and not (number == EPIPE and self.ended):
                raise error(number)
            return b""
        if self.state == DIALING:
            raise error(EAGAIN)
        raise error(ENOTCONN if self.state == NEW else EBADF)

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """Read into buffer; return how many bytes."""
        data = self.recv(size or len(buffer), flags)
        memoryview(buffer)[: len(data)] = data
        return len(data)

    # -- the end ------------------------------------------------------------------------------------------

    def shutdown(self, how: int) -> None:
        """Send no more, or read no more, or both. Raises OSError, ENOTCONN, when there is no connection."""
        if self.state in (CLOSED, DEAD):
            raise error(EBADF)
        if self.state != OPEN:
            raise error(ENOTCONN)
        if how in (socket.SHUT_WR, socket.SHUT_RDWR) and not self.finishing:
            self.finishing = True
            self.pump()
        if how in (socket.SHUT_RD, socket.SHUT_RDWR) and not self.deaf:
            self.deaf = True
            if self.events & READ:
                self.tell()

    def close(self) -> None:
        """Close this end: in good order, or by a reset if something was not read, or SO_LINGER says 0 seconds."""
        state = self.state
        if state in (CLOSED, DEAD):
            return
        self.retire()
        if self.way == ">" and self.laddr:
            self.net.using.pop(self.laddr[1], None)
        if state == OPEN:
            self.note(Kind.CLOSE)
            if self.unread or self._abrupt():
                self._reset("closed with something unread" if self.unread else "closed with SO_LINGER of 0 s")
            elif not self.finishing:
                self.finishing = True
                self.pump()
        elif state == BROKEN and self.peer is not None:
            self.note(Kind.CLOSE)
        self.state = CLOSED
        self.rx.clear()

    def _abrupt(self) -> bool:
        """Whether SO_LINGER is on with 0 seconds."""
        linger = self.options and self.options.get((socket.SOL_SOCKET, socket.SO_LINGER))
        return bool(linger) and struct.unpack("ii", linger)[0] != 0 and struct.unpack("ii", linger)[1] == 0

    def _reset(self, why: str) -> None:
        """Break the connection: what is queued is lost, what is on the way arrives."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        self.queue.clear()
        self.queued = 0
        self._signal(Kind.RESET, peer.broken, why)

    def abandon(self, why: str) -> None:
        """Break the connection from this side, whatever its application thinks, who learns it as from the peer."""
        if self.state == OPEN:
            self._reset(why)
            self.state = CLOSED
            self.retire()

    def snap(self, why: str) -> None:
        """Break the connection at this end, as by somebody on the way who sends a reset."""
        if self.state == OPEN:
            self._fail(ECONNRESET, Kind.BROKEN, why)

    def die(self) -> None:
        """Be gone with the host, without a word."""
        self.state = DEAD
        self.queue.clear()
        self.rx.clear()
        self.queued = self.unread = 0
        if self.poller is not None:
            self.poller.unregister(self)

    def detach(self) -> int:
        """Refuse: there is no descriptor to let go of."""
        raise OSError(EBADF, "a simulated socket has no descriptor")

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


def nothing(_: int, __: Any) -> None:
    """Arrive without effect: an answer that says only that something came."""
