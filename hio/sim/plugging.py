"""What every simulated socket has, and who is told of it.

SimSock     a number, options, and a place in a poller
SimPoller   the Poller of one host: tells servants and clients what is ready
error       an errno as the system would raise it

As the epoll of Linux does: what became ready is put on a list, and each poll tells of what is still ready then, again
and again until it is read or written, or nobody asks for it.
"""

from __future__ import annotations

import socket
from os import strerror
from typing import Any

from ..base.polling import READ, WRITE, Poller, Watch
from .networking import Station

#: Bytes that a buffer can be made to hold at the least.
LEAST_BUFFER = 2048


def error(number: int) -> OSError:
    """Return the OSError of an errno, number, as the system would raise it."""
    return OSError(number, strerror(number))


class SimSock:
    """What every simulated socket has.

    Attributes:
        net (Station): of its host. network (Network): that it is on.
        number (int): unlike that of any other socket of the network.
        poller, watch, thing, events: where it is registered, and for what; see base.polling.
    """

    __slots__ = ("net", "network", "number", "poller", "watch", "thing", "events", "options", "family")

    type = socket.SOCK_STREAM
    proto = 0

    def __init__(self, net: Station) -> None:
        self.net = net
        self.network = net.network
        self.number = next(net.network.numbers)
        self.poller: SimPoller | None = None
        self.watch: Any = None
        self.thing: Any = None
        self.events = 0
        self.options: dict[tuple[int, int], Any] | None = None
        self.family = socket.AF_INET
        net.socks[self.number] = self

    def fileno(self) -> int:
        """Return a number that is no descriptor of this process, lest it be taken for one; -1 once closed."""
        return self.number + 1_000_000_000 if self.number in self.net.socks else -1

    def tell(self) -> None:
        """Have the poller look at this socket."""
        poller = self.poller
        if poller is not None and self not in poller.ready:
            poller.ready[self] = None
            self.net.stir()

    def mask(self) -> int:
        """Return what is ready of what is asked for, bits READ and WRITE."""
        raise NotImplementedError

    def retire(self) -> None:
        """Leave the poller and the host, as the kernel does with what is closed."""
        if self.poller is not None:
            self.poller.unregister(self)
        self.net.socks.pop(self.number, None)

    def setblocking(self, flag: bool) -> None:
        """Take False; a simulated socket never waits, so that a true flag raises ValueError."""
        if flag:
            raise ValueError("a simulated socket cannot wait: setblocking(False)")

    def settimeout(self, seconds: float | None) -> None:
        """Take 0.0 seconds; a simulated socket never waits, so that all others and None raise ValueError."""
        self.setblocking(seconds != 0.0)

    def gettimeout(self) -> float:
        """Return 0.0: a simulated socket never waits."""
        return 0.0

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """Keep value for option at level. SO_SNDBUF, SO_RCVBUF and SO_LINGER have an effect."""
        if level == socket.SOL_SOCKET and option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self.resize(option, max(int(value), LEAST_BUFFER))
            return
        if self.options is None:
            self.options = {}
        self.options[level, option] = value

    def getsockopt(self, level: int, option: int, size: int = 0) -> Any:
        """Return what was set for option at level, the sizes of the buffers, or SO_ERROR, which it clears.

        0 for what nobody set. size, the bytes of an answer that is no number, does not matter here.
        """
        if level == socket.SOL_SOCKET and option == socket.SO_ERROR:
            return self.blame()
        if level == socket.SOL_SOCKET and option == socket.SO_TYPE:
            return int(socket.SOCK_STREAM)
        if self.options is not None and (level, option) in self.options:
            return self.options[level, option]
        if level == socket.SOL_SOCKET and option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            return self.room(option)
        return 0

    def resize(self, option: int, size: int) -> None:
        """Have the buffer of option, SO_SNDBUF or SO_RCVBUF, hold size bytes."""

    def room(self, option: int) -> int:
        """Return how many bytes the buffer of option, SO_SNDBUF or SO_RCVBUF, holds."""
        return self.net.tx if option == socket.SO_SNDBUF else self.net.rx

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


class SimPoller(Poller):
    """Poller of the sockets of one host.

    Attributes:
        net (Station): whose sockets may be registered.
        entries (dict[int, SimSock]): those that are, by their number.
        ready (dict[SimSock, None]): those that may be ready, in the order in which they became so.
    """

    def __init__(self, net: Station) -> None:
        super().__init__()
        self.net = net
        self.foresees = net.network.loose
        self.entries: dict[int, SimSock] = {}
        self.ready: dict[SimSock, None] = {}

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"<SimPoller of {self.net.name} sockets={len(self.entries)} ready={len(self.ready)}>"

    def register(self, sock: Any, watch: Watch, thing: Any, events: int = READ) -> None:
        if sock.poller is not None and sock.poller is not self:
            sock.poller.unregister(sock)
        sock.poller = self
        sock.watch = watch
        sock.thing = thing
        sock.events = events
        self.entries[sock.number] = sock
        if events:
            sock.tell()

    def modify(self, sock: Any, events: int) -> None:
        sock.events = events
        if events:
            sock.tell()

    def unregister(self, sock: Any) -> None:
        if self.entries.pop(sock.number, None) is not None:
            sock.poller = sock.watch = sock.thing = None
            sock.events = 0
            self.ready.pop(sock, None)

    def poll(self, timeout: float | None = 0.0) -> int:
        """Collect what is ready now; return how many sockets that are.

        Never waits, whatever timeout says: tyme is not a poller's to turn.
        """
        if self.foresees:
            self.net.network.catchUp()
        ready = self.ready
        count = 0
        for sock in list(ready):
            mask = sock.mask()
            if not mask:
                del ready[sock]
                continue
            count += 1  # it stays, and is told again as long as it is so
            watch = sock.watch
            if mask & READ:
                watch.readers.append(sock.thing)
            if mask & WRITE:
                watch.writers.append(sock.thing)
            if not watch.woken:
                watch.woken = True
                self.woken.append(watch)
        return count

    def due(self) -> float | None:
        """Return the tyme of the network's next event; None: none is certain, or the run that turns the tyme knows."""
        heap = self.net.network.heap
        return heap[0][0] if self.foresees and heap else None

    def fileno(self) -> int:
        """Raise NotImplementedError: a simulated network has no descriptor, as base.polling would return one."""
        raise NotImplementedError("a simulated network has no descriptor that another loop could wait for")

    def close(self) -> None:
        """Forget all that is registered."""
        for sock in list(self.entries.values()):
            self.unregister(sock)
        self.woken.clear()
