"""The sockets of simulated hosts.

SimSocket   one end of a connection: sends, receives and ends as a nonblocking TCP socket of Linux does

The life of a byte: send() copies it into the send buffer, where it stays until it has arrived at the other side; it is
sent as soon as the other side's receive buffer has room for it, travels over the link, and lies in the receive buffer
until recv() takes it. So there are partial sends and EAGAIN, and a peer that does not read stops who writes.
"""

from __future__ import annotations

import socket
import struct
from errno import EAGAIN, EBADF, ECONNRESET, ENOTCONN, EPIPE
from heapq import heappush
from os import strerror
from typing import Any

from ..base.polling import READ, WRITE
from .dialing import BROKEN, CLOSED, DEAD, DIALING, NEW, OPEN, SimEnd
from .linking import Held
from .plugging import error
from .tracing import Kind

SEND, ARRIVE = Kind.SEND.value, Kind.ARRIVE.value  # PERF: plain strings, in records that are written all the time
AGAIN = strerror(EAGAIN)


class SimSocket(SimEnd):
    """One end of a connection, as Net.dial or accept returns it."""

    __slots__ = ()

    # -- readiness ----------------------------------------------------------------------------------------

    def mask(self) -> int:
        """Return what is ready of what is asked for, READ and WRITE; an error is told to who asks for anything."""
        state = self.state
        if state == OPEN:
            mask = READ if self.rx or self.ended or self.deaf else 0
            if self.events & WRITE and not self.starved and self.queued + self.flying < self.txCap:
                mask |= WRITE
            return mask & self.events
        return READ | WRITE if state == BROKEN else 0

    # -- sending ------------------------------------------------------------------------------------------

    def send(self, data: Any, flags: int = 0) -> int:
        """Take a copy of as much of data as the send buffer has room for; return how many bytes.

        Raises BlockingIOError when it is full, another OSError when nothing can be sent any more. flags: of no effect.
        """
        if self.state != OPEN or self.finishing:
            raise self._unable()
        size = len(data)
        room = self.txCap - self.queued - self.flying
        if size > room:
            self.starved = True
            if room <= 0:
                raise BlockingIOError(EAGAIN, AGAIN)
            size = room
            data = data[:size]
        if self.queued or size > self.credit:
            self.queue.append(bytes(data))
            self.queued += size
            self.pump()
        elif size:
            self.transmit(bytes(data), size)
        return size

    def sendmsg(self, buffers: Any, *_: Any) -> int:
        """Send what the buffers hold, one after the other, as send() does; return how many bytes it took."""
        return self.send(b"".join(buffers))

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of data, or raise BlockingIOError with a part of it sent, as a nonblocking socket does.

        flags: of no effect.
        """
        if self.send(data) < len(data):
            raise BlockingIOError(EAGAIN, AGAIN)

    def _unable(self) -> OSError:
        """Return the error for whoever sends what cannot be sent."""
        if self.state in (CLOSED, DEAD):
            return error(EBADF)
        if self.state == DIALING:
            return error(EAGAIN)
        return error(self.blame() or EPIPE)

    def transmit(self, data: bytes, size: int) -> None:
        """Send data on its way, size bytes, for which there is credit."""
        self.flying += size
        self.credit -= size
        constant = self.link.constant
        if constant is None:
            self._carry(data)
            return
        network = self.network
        now = network.now
        due = now + constant
        if due < self.last:
            due = self.last
        self.last = due
        segment = next(network.serial)
        trace = network.trace
        if trace.open:
            trace.records.append((now, SEND, self.who, segment, data, ""))
        heappush(network.heap, (due, segment, self.deliver, segment, data))

    def _carry(self, data: bytes) -> None:
        """Send data over a link that may cut it, lose it, or take its time."""
        network = self.network
        for piece, due, lost in self.link.carry(data, network.now):
            self.last = max(due, self.last)
            segment = next(network.serial)
            self.note(SEND, segment, piece)
            if lost:
                self.note(Kind.LOSE, segment, note=f"{lost} times")
            heappush(network.heap, (self.last, segment, self.deliver, segment, piece))

    def pump(self) -> None:
        """Send of the queue what the peer has room for, and at its end that this was all, if so."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        queue = self.queue
        while queue and (room := self.credit) > 0:
            data = queue.popleft()
            if len(data) > room:
                queue.appendleft(data[room:])
                data = data[:room]
            self.queued -= len(data)
            self.transmit(data, len(data))
        if self.finishing and not self.finned and not queue:
            self.finned = True
            self._signal(Kind.FINISH, peer.finished)

    def credited(self, segment: int, count: int) -> None:
        """Take the word that the peer has room for count bytes more; segment: its number."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        if peer.link.blocked:
            peer.link.held.append(Held(self.network.now, None, self.credited, segment, count))
            return
        self.credit += count
        if self.state in (OPEN, CLOSED):
            self.pump()

    def _signal(self, kind: str, act: Any, note: str = "") -> None:
        """Send a segment without payload, behind all others."""
        network = self.network
        self.last = max(self.last, network.now + self.link.delay())
        self.note(kind, network.push(self.last, act), note=note)

    # -- what arrives -------------------------------------------------------------------------------------

    def arrive(self, segment: int, data: bytes) -> None:
        """Take a segment of the peer, of that number, which arrives with data."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        if peer.link.blocked or self.state != OPEN or self.link.blocked:
            if self._odd(segment, data):
                return
        size = len(data)
        peer.flying -= size
        self.rx.append(data)
        self.unread += size
        network = self.network
        trace = network.trace
        if trace.open:
            trace.records.append((network.now, ARRIVE, self.heard, segment, data, ""))
        poller = self.poller
        if self.events & READ and poller is not None and self not in poller.ready:  # PERF: tell(), in line
            poller.ready[self] = None
            net = self.net
            if not net.stirred:
                net.stirred = True
                network.ready.append(net)
        if peer.starved:
            peer.eased()

    def _odd(self, segment: int, data: Any) -> bool:
        """A segment arrives where all is not well. Returns whether that is all there is to do about it."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        network = self.network
        if peer.link.blocked:
            network.keep(peer.link, peer, self.arrive, segment, data)
            return True
        if self.state in (BROKEN, CLOSED, DEAD):
            if peer.state != DEAD:
                self.note(Kind.VANISH, segment, note="nobody is there any more")
                if peer.state != BROKEN:
                    self._signal(Kind.RESET, peer.broken, "nobody is there any more")
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
        """Take the word, numbered segment, that the peer sends no more."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        if peer.link.blocked:
            self.network.keep(peer.link, peer, self.finished, segment, None)
            return
        if self.state == DIALING:
            self._opened(segment, None)
        if self.state == DEAD and peer.state != DEAD:
            self._signal(Kind.RESET, peer.broken, "nobody is there any more")
        if self.state != OPEN:
            return
        self.ended = True
        self.note(Kind.FINISHED, segment)
        if self.events & READ:
            self.tell()

    def broken(self, segment: int, _: Any) -> None:
        """Take the word, numbered segment, that the peer broke the connection.

        On a blocked link it is lost, as it is said only once.
        """
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

    # -- receiving ----------------------------------------------------------------------------------------

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return at most size bytes, b"" at the end. Raises BlockingIOError when nothing came yet, else OSError.

        flags: MSG_PEEK leaves them to be read again, though of what came as one segment only; others are of no effect.
        """
        if self.network.loose:
            self.network.catchUp()
        rx = self.rx
        if not rx:
            return self._nothing()
        data = rx.popleft()
        count = len(data)
        if flags and flags & int(socket.MSG_PEEK):
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
        # PERF: nothing is left to read and nothing else is asked for, so the next poll need not look here
        if not rx and self.events == READ and self.state == OPEN and not self.ended and not self.deaf:
            self.poller.ready.pop(self, None)  # type: ignore[union-attr]  # who has events has a poller
        peer: SimSocket = self.peer  # type: ignore[assignment]
        if 2 * peer.credit >= self.rxCap:
            peer.credit += count  # PERF: no event while the window is no matter
        else:
            network = self.network
            network.push(network.now + self.link.delay(), peer.credited, count)
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
            raise BlockingIOError(EAGAIN, AGAIN)
        if self.state == BROKEN:
            number = self.blame()
            if number and not (number == EPIPE and self.ended):
                raise error(number)
            return b""
        if self.state == DIALING:
            raise error(EAGAIN)
        raise error(ENOTCONN if self.state == NEW else EBADF)

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """Read at most size bytes (0: as many as it holds) into buffer; return how many.

        flags, and what is raised: as for recv().
        """
        data = self.recv(size or len(buffer), flags)
        memoryview(buffer)[: len(data)] = data
        return len(data)

    # -- the end ------------------------------------------------------------------------------------------

    def shutdown(self, how: int) -> None:
        """Send no more (how: SHUT_WR), or read no more (SHUT_RD), or both (SHUT_RDWR).

        Raises OSError: ENOTCONN when there is no connection, EBADF when the socket is closed.
        """
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
        linger = (self.options or {}).get((socket.SOL_SOCKET, socket.SO_LINGER))
        if not linger:
            return False
        on, seconds = struct.unpack("ii", linger)
        return bool(on) and not seconds

    def _reset(self, why: str) -> None:
        """Break the connection: what is queued is lost, what is on the way arrives."""
        peer: SimSocket = self.peer  # type: ignore[assignment]
        self.queue.clear()
        self.queued = 0
        self._signal(Kind.RESET, peer.broken, why)

    def abandon(self, why: str) -> None:
        """Break the connection from this side, whatever its application thinks, who learns it as from the peer.

        why: words for the trace.
        """
        if self.state == OPEN:
            self._reset(why)
            self.state = CLOSED
            self.retire()

    def snap(self, why: str) -> None:
        """Break the connection at this end, as by somebody on the way who sends a reset; why: words for the trace."""
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
        """Refuse: there is no descriptor to let go of, never one to return. Raises OSError, EBADF."""
        raise OSError(EBADF, "a simulated socket has no descriptor")


def nothing(_: int, __: Any) -> None:
    """Arrive without effect: an answer that says only that something came."""
