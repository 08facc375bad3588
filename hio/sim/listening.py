"""The listening socket of a simulated host.

SimListener   keeps who knocks in its backlog until the application accepts
"""

from __future__ import annotations

import socket
from collections import deque
from errno import EAGAIN, EBADF, ENOTCONN
from os import strerror
from typing import Any

from ..base.polling import READ
from .dialing import OPEN
from .networking import Station
from .plugging import SimSock
from .socketing import SimSocket
from .tracing import Kind


class SimListener(SimSock):
    """A nonblocking listening socket, as Net.listen returns it.

    Attributes:
        ha: (host, port), or a path. bl (int): connections that wait at the most; others knock again later.
        bs (int): bytes that the buffers of a connection hold at the least.
        reuseport (bool): whether others may listen at the same address, if they say so too.
        queue (deque[SimSocket]): connected and not accepted yet.
        net (Station): of the host.
    """

    __slots__ = ("ha", "bl", "bs", "queue", "reuseport", "closed")

    def __init__(self, net: Station, ha: Any, bl: int, bs: int, reuseport: bool) -> None:
        super().__init__(net)
        self.ha = ha
        self.bl = max(1, bl)
        self.bs = bs
        self.reuseport = reuseport
        self.queue: deque[SimSocket] = deque()
        self.closed = False
        self.family = socket.AF_UNIX if isinstance(ha, str) else socket.AF_INET6 if ":" in ha[0] else socket.AF_INET

    def __repr__(self) -> str:
        state = " closed" if self.closed else f" waiting={len(self.queue)}"
        return f"<SimListener {self.net.name} {self.ha!r}{state}>"

    def overlaps(self, host: str) -> bool:
        """Whether host, an address on the same port, cannot be had beside this one."""
        mine = self.ha[0]
        return mine == host or "::" in (mine, host) or ("0.0.0.0" in (mine, host) and ":" not in mine + host)

    def takes(self, address: str) -> bool:
        """Whether what is sent to address comes here."""
        mine = self.ha[0]
        return mine == address or mine == "::" or (mine == "0.0.0.0" and ":" not in address)

    @property
    def full(self) -> bool:
        """Whether the backlog is."""
        return len(self.queue) > self.bl  # Linux takes one more than asked for

    def mask(self) -> int:
        """Return what is ready of what is asked for, bits READ and WRITE."""
        return self.events & READ if self.queue else 0

    def greet(self, caller: Any) -> None:
        """Make the other end of caller's connection, and put it into the backlog."""
        net = self.net
        child = SimSocket(net, max(net.tx, self.bs), max(net.rx, self.bs))
        child.family = caller.family
        child.state = OPEN
        child.connection = caller.connection
        child.way = "<"
        child.laddr, child.raddr = caller.raddr, caller.laddr
        child.link = net.network.link(net.name, caller.net.name)
        child.meet(caller)
        caller.meet(child)
        caller.credit, child.credit = child.rxCap, caller.rxCap
        child.note(Kind.KNOCK)
        self.queue.append(child)
        if self.events & READ:
            self.tell()

    def accept(self) -> tuple[SimSocket, Any]:
        """Return (socket, far address) of who waits longest.

        Raises BlockingIOError when nobody does, OSError, EBADF, when this socket is closed.
        """
        if self.net.network.loose:
            self.net.network.catchUp()
        if self.closed:
            raise OSError(EBADF, strerror(EBADF))
        if not self.queue:
            raise BlockingIOError(EAGAIN, strerror(EAGAIN))
        child = self.queue.popleft()
        child.note(Kind.ACCEPT)
        return child, child.raddr

    def getsockname(self) -> Any:
        """Return the address; four fields for IPv6."""
        self.alive()
        return self.ha if self.family != socket.AF_INET6 else (*self.ha, 0, 0)

    def getpeername(self) -> Any:
        """Raise OSError, ENOTCONN, as Linux does; it never returns."""
        raise OSError(ENOTCONN, strerror(ENOTCONN))

    def listen(self, backlog: int = 128) -> None:
        """Change the backlog."""
        self.alive()
        self.bl = max(1, backlog)

    def shutdown(self, how: int) -> None:
        """Refuse from now on, whatever how says, as Linux does."""
        self.alive()
        self._withdraw()

    def alive(self) -> None:
        """Raise OSError, EBADF, once closed."""
        if self.closed:
            raise OSError(EBADF, strerror(EBADF))

    def close(self) -> None:
        """Stop listening and reset who waits in the backlog."""
        if not self.closed:
            self.closed = True
            self.retire()
            self._withdraw()

    def die(self) -> None:
        """Be gone with the host, without a word."""
        self.closed = True
        self.retire()
        self.queue.clear()

    def _withdraw(self) -> None:
        """Leave the port or path, and reset who waits."""
        net = self.net
        if isinstance(self.ha, str):
            if net.paths.get(self.ha) is self:
                del net.paths[self.ha]
        else:
            socks = net.ports.get(self.ha[1], [])
            if self in socks:
                socks.remove(self)
            if not socks:
                net.ports.pop(self.ha[1], None)
        while self.queue:
            self.queue.popleft().abandon("nobody accepts any more")
