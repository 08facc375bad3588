"""A network in memory for tests of one connection at a time: what a peer does and when is up to the test.

MemoryNet      a Net; what is sent arrives at once
MemorySocket   one end of a connection, with faults: small buffers, few bytes at a time, a cut, a reset
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from itertools import count

from hio.base.polling import READ, WRITE, Poller


class MemorySocket:
    """One end of a connection.

    Attributes:
        inbox (bytearray): came and is not received yet. ended (bool): nothing more comes.
        room (int): bytes that the inbox holds. grain (int): bytes that one recv or send moves at the most.
        error (int): errno that each call raises from now on, 0 for none.
        far (MemorySocket): the other end. sent (bytearray): all that was ever sent.
    """

    def __init__(self, net, name=None):
        self.net = net
        self.name = name
        self.far = None
        self.inbox = bytearray()
        self.sent = bytearray()
        self.ended = False
        self.finished = False
        self.room = net.room
        self.grain = net.grain
        self.error = 0
        self.number = next(net.numbers)
        self.closed = False

    def fileno(self):
        return self.number

    def getsockname(self):
        return self.name

    def getpeername(self):
        return self.far.name

    def getsockopt(self, *pa):
        return self.room

    def setsockopt(self, level, option, value):
        if option == socket.SO_LINGER:
            self.resetting = True

    resetting = False

    def setblocking(self, flag):
        assert not flag

    def check(self):
        if self.error:
            raise OSError(self.error, "fault of the test")

    def connect_ex(self, ha):
        if self.far is None:
            listener = self.net.listeners.get(ha)
            if listener is None:
                return errno.ECONNREFUSED
            self.name = ("10.0.0.1", next(self.net.ports))
            self.far = MemorySocket(self.net, ha)
            self.far.far = self
            listener.backlog.append(self.far)
        return 0

    def recv(self, size):
        self.check()
        size = min(size, self.grain)
        if self.inbox:
            data = bytes(self.inbox[:size])
            del self.inbox[:size]
            return data
        if self.ended:
            return b""
        raise BlockingIOError

    def send(self, data):
        self.check()
        if self.finished or self.far.closed:
            raise OSError(errno.EPIPE, "far side is closed")
        size = min(len(data), self.far.room - len(self.far.inbox), self.grain)
        if size <= 0:
            raise BlockingIOError
        self.far.inbox += data[:size]
        self.sent += data[:size]
        return size

    def shutdown(self, how):
        self.check()
        if how != socket.SHUT_RD:
            self.finished = True
            self.far.ended = True

    def close(self):
        self.closed = True
        if self.far is not None:
            self.far.ended = True
            if self.resetting:
                self.far.error = errno.ECONNRESET

    def ready(self):
        """Return the events for which this end is ready."""
        readable = self.inbox or self.ended or self.error
        writable = self.error or (self.far is not None and len(self.far.inbox) < self.far.room)
        return (READ if readable else 0) | (WRITE if writable else 0)


class MemoryListener(MemorySocket):
    """A listening socket."""

    def __init__(self, net, name):
        super().__init__(net, name)
        self.backlog = deque()

    def accept(self):
        if not self.backlog:
            raise BlockingIOError
        cs = self.backlog.popleft()
        return cs, cs.far.name

    def close(self):
        super().close()
        self.net.listeners.pop(self.name, None)

    def ready(self):
        return READ if self.backlog else 0


class MemoryPoller(Poller):
    """Poller of sockets in memory, level triggered."""

    def __init__(self):
        super().__init__()
        self.entries = {}  # number -> [sock, watch, thing, events]

    def __len__(self):
        return len(self.entries)

    def register(self, sock, watch, thing, events=READ):
        self.entries[sock.fileno()] = [sock, watch, thing, events]

    def modify(self, sock, events):
        self.entries[sock.fileno()][3] = events

    def unregister(self, sock):
        self.entries.pop(sock.fileno(), None)

    def poll(self, timeout=0.0):
        found = 0
        for sock, watch, thing, events in list(self.entries.values()):
            ready = sock.ready() & events
            if ready & READ:
                watch.readers.append(thing)
            if ready & WRITE:
                watch.writers.append(thing)
            if ready:
                found += 1
                watch.wake()
        return found

    def fileno(self):
        raise OSError(errno.ENOTSUP, "nothing of the operating system here")

    def close(self):
        self.entries.clear()
        self.woken.clear()


class MemoryNet:
    """A network whose links are as fast as memory.

    room: bytes that the inbox of a socket holds. grain: bytes that one call moves at the most.
    Attribute dialed has the sockets that clients made, in order.
    """

    def __init__(self, room=1 << 18, grain=1 << 30):
        self.room = room
        self.grain = grain
        self.listeners = {}
        self.numbers = count(1)
        self.ports = count(50000)
        self.dialed = []

    def listen(self, ha, *, bl, bs, reuseport=False):
        ha = (ha[0] or "0.0.0.0", ha[1] or next(self.ports))
        listener = self.listeners[ha] = MemoryListener(self, ha)
        return listener

    def dial(self, ha, *, bs):
        self.dialed.append(MemorySocket(self))
        return self.dialed[-1]

    def resolve(self, host):
        return host if host[:1].isdigit() else "10.0.0.2" if host else "0.0.0.0"

    def poller(self):
        return MemoryPoller()

    def serves(self, poller):
        return isinstance(poller, MemoryPoller)
