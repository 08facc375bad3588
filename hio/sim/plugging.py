"""What every simulated socket has.

SimSock   a number, options, and a place in a poller
error     an errno as the system would raise it
"""

from __future__ import annotations

import socket
from os import strerror
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .netting import SimNet
    from .polling import SimPoller


#: Bytes that a buffer can be made to hold at the least.
LEAST_BUFFER = 2048


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
        """Keep value. SO_SNDBUF, SO_RCVBUF and SO_LINGER have an effect."""
        if level == socket.SOL_SOCKET and option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self.resize(option, max(int(value), LEAST_BUFFER))
            return
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
