"""A net under test, of the operating system or simulated, with sockets on it."""

from __future__ import annotations

import errno
import struct


from hio.base.polling import READ, Watch
from hio.core.tcp.netting import UNDERWAY, pair

HERE = "127.0.0.1"
TURNS = 2000  # most polls that anything may take which must happen
WAIT = 0.002  # seconds that one poll of the operating system may last
RESET = struct.pack("ii", 1, 0)


class Ends:
    """A net under test, its sockets, and a poller that knows them all."""

    def __init__(self, net):
        self.net = net
        self.poller = net.poller()
        self.watches = {}
        self.socks = []

    def close(self):
        for sock in self.socks:
            sock.close()
        self.poller.close()

    def listen(self, ha=(HERE, 0), bl=16, **kwa):
        sock = self.net.listen(ha, bl=bl, bs=8096, **kwa)
        self.socks.append(sock)
        return sock

    def dial(self, ha):
        sock = self.net.dial(ha, bs=8096)
        self.socks.append(sock)
        return sock

    def watch(self, sock, events=READ):
        watch = self.watches[sock.fileno()] = Watch(poller=self.poller)
        self.poller.register(sock, watch, sock, events)
        return watch

    def until(self, what):
        """Poll until what() is neither None nor False, and return it."""
        for _ in range(TURNS):
            found = what()
            if found is not None and found is not False:
                return found
            self.poller.poll(WAIT)
            for watch in self.watches.values():
                watch.readers.clear()
                watch.writers.clear()
                watch.woken = False
            self.poller.woken.clear()
        raise AssertionError(f"{what} never came")

    def accept(self, listener):
        sock, ca = self.until(lambda: attempt(listener.accept))
        sock.setblocking(False)
        self.socks.append(sock)
        return sock, ca

    def connect(self, sock, ha):
        """Return the errno with which dialing ended: 0 or EISCONN when it stands."""
        return self.until(lambda: None if (number := sock.connect_ex(ha)) in UNDERWAY else number)

    def joined(self):
        """Return (dialing end, accepted end, listening socket)."""
        listener = self.listen()
        ha = pair(listener.getsockname())
        near = self.dial(ha)
        assert self.connect(near, ha) in (0, errno.EISCONN)
        far, _ = self.accept(listener)
        return near, far, listener

    def take(self, sock, count=1 << 30):
        """Return what sock receives: count bytes, or all up to the end."""
        got = bytearray()

        def more():
            data = attempt(lambda: sock.recv(65536))
            if data is None:
                return None
            got.extend(data)
            return not data or len(got) >= count or None

        self.until(more)
        return bytes(got)

    def failing(self, function):
        """Return the errno that function comes to raise."""

        def look():
            try:
                function()
            except BlockingIOError:
                return None
            except OSError as ex:
                return ex.errno
            return None

        return self.until(look)


def attempt(function):
    """Return what function returns, None when it would have to wait."""
    try:
        return function()
    except BlockingIOError:
        return None
