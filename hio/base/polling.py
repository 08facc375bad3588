"""Wait for sockets and tell the one doer that cares.

Watch    what a servant or client holds: the link between its sockets and the deed that services them
Poller   what any network offers: register sockets for a Watch, poll, know which watches woke
OsPoller the Poller of the operating system: epoll where there is one, else selectors

A servant registers each of its sockets once, with its Watch. When one becomes ready the poller puts it into
.readers or .writers of that Watch and the Watch into .woken; the Doist then resumes the very deed that the
Watch is bound to, at the current tyme and without a tick. A dog that yields its Watch instead of a tock
says: leave me alone until I am woken, or until tyme .until.

Owns, with help.timing, the waiting of the machine; knows no doer and no protocol.
"""

from __future__ import annotations

import select
import selectors
import socket
from collections.abc import Callable
from typing import Any, Protocol

READ = 1  # the values of EPOLLIN and EPOLLOUT, so that an epoll mask needs no translation
WRITE = 4
_GONE = 8 | 16  # EPOLLERR, EPOLLHUP: a read and a write will both tell what happened


class Sock(Protocol):
    """What a poller needs of a socket."""

    def fileno(self) -> int:
        """Return its descriptor; -1 once it is closed."""


class Watch(float):
    """Link between the sockets of a servant or client and the deed that services them.

    A Watch is a float, 0.0 or the tock given, so that whoever drives a dog by hand sees the tock it
    expects. Yielded to a scheduler it means: resume me when woken, or at .until, not every tick.

    Attributes:
        until (float | None): tyme in seconds at which the deed is due even if nothing happens; None: never.
        readers (list): things (as registered) that became ready to read, in the order in which they did.
        writers (list): the same for writing.
        poller (Poller | None): where the sockets are registered.
        owner: the scheduler (Doist or DoDoer) that runs .deed, else None.
        deed: the deed to resume, else None while nobody is known to service this Watch.
        woken (bool): waits in poller.woken to be resumed.
    """

    until: float | None
    readers: list[Any]
    writers: list[Any]
    poller: Poller | None
    owner: Any
    deed: Any
    woken: bool

    __slots__ = ("until", "readers", "writers", "poller", "owner", "deed", "woken")

    def __new__(cls, tock: float = 0.0, poller: Poller | None = None) -> Watch:
        self = super().__new__(cls, tock)
        self.until = None
        self.readers = []
        self.writers = []
        self.poller = poller
        self.owner = None
        self.deed = None
        self.woken = False
        return self

    def __bool__(self) -> bool:
        """True, so that a scheduler which only asks whether a tock was yielded looks closer."""
        return True

    def __repr__(self) -> str:
        return (
            f"<Watch tock={float(self)} until={self.until} readers={len(self.readers)} "
            f"writers={len(self.writers)}{' woken' if self.woken else ''}>"
        )

    def wake(self) -> None:
        """Have the deed resumed as soon as its scheduler can: at once in real time, without a tick."""
        poller = self.poller
        if not self.woken and poller is not None:
            self.woken = True
            poller.woken.append(self)
            if poller.alarm is not None:
                poller.alarm()


class Poller:
    """Base of pollers: keeps who is registered and which watches woke.

    Attributes:
        woken (list[Watch]): watches to be resumed, in the order in which they woke. The Doist empties it.
        alarm (Callable | None): ends the wait of the Doist, while there is one; called by Watch.wake().
        foresees (bool): whether due() may have something to tell, and is to be asked.

    Class attribute Outer: whether what it watches goes on by the clock of the machine, whatever the tyme.
    """

    Outer = False
    foresees = True

    def __init__(self) -> None:
        self.woken: list[Watch] = []
        self.alarm: Callable[[], None] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} sockets={len(self)} woken={len(self.woken)}>"

    def __len__(self) -> int:
        """Number of sockets registered."""
        raise NotImplementedError

    def register(self, sock: Sock, watch: Watch, thing: Any, events: int = READ) -> None:
        """Watch sock for events (READ, WRITE or both) and put thing into watch when they come."""
        raise NotImplementedError

    def modify(self, sock: Sock, events: int) -> None:
        """Change the events that sock is watched for; 0 pauses it."""
        raise NotImplementedError

    def unregister(self, sock: Sock) -> None:
        """Forget sock. Not registered is no error. To be called before sock is closed."""
        raise NotImplementedError

    def poll(self, timeout: float | None = 0.0) -> int:
        """Collect what is ready, waiting for at most timeout seconds (None: until something is).

        Returns:
            int: number of events collected. They stand in the watches, and the watches in .woken.
        """
        raise NotImplementedError

    def due(self) -> float | None:
        """Tyme of the next event that is already certain: None, always, unless the network is simulated."""
        return None

    def fileno(self) -> int:
        """Descriptor that becomes readable when something is ready, so that another loop can wait for it."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what the poller holds of the system. It may be used again afterwards."""
        raise NotImplementedError


class EpollPoller(Poller):
    """Poller of Linux. Level triggered: what was not read or written yet is told again."""

    Outer = True
    foresees = False

    def __init__(self) -> None:
        super().__init__()
        self.epoll: select.epoll | None = None
        self.entries: dict[int, tuple[Watch, Any]] = {}  # descriptor -> (watch, thing)

    def __len__(self) -> int:
        return len(self.entries)

    def register(self, sock: Sock, watch: Watch, thing: Any, events: int = READ) -> None:
        if self.epoll is None:
            self.epoll = select.epoll()
        fd = sock.fileno()
        self.entries[fd] = (watch, thing)
        try:
            self.epoll.register(fd, events)
        except FileExistsError:  # a number that was closed without being unregistered and is in use again
            self.epoll.modify(fd, events)

    def modify(self, sock: Sock, events: int) -> None:
        if self.epoll is not None:
            self.epoll.modify(sock.fileno(), events)

    def unregister(self, sock: Sock) -> None:
        fd = sock.fileno()
        if self.entries.pop(fd, None) is not None and self.epoll is not None:
            try:
                self.epoll.unregister(fd)
            except OSError:  # closed already: the kernel has forgotten it by itself
                pass

    def poll(self, timeout: float | None = 0.0) -> int:
        if self.epoll is None:
            if timeout:
                nap(timeout)
            return 0
        events = self.epoll.poll(timeout)
        entries = self.entries
        woken = self.woken
        for fd, mask in events:
            try:
                watch, thing = entries[fd]
            except KeyError:  # unregistered by an earlier event's doing
                continue
            if mask & ~WRITE:  # PERF: one test for READ and for all that tells of an end
                watch.readers.append(thing)
            if mask & (WRITE | _GONE):
                watch.writers.append(thing)
            if not watch.woken:
                watch.woken = True
                woken.append(watch)
        return len(events)

    def fileno(self) -> int:
        if self.epoll is None:
            self.epoll = select.epoll()
        return self.epoll.fileno()

    def close(self) -> None:
        if self.epoll is not None:
            self.epoll.close()
            self.epoll = None
        self.entries.clear()
        self.woken.clear()


class SelectorPoller(Poller):
    """Poller for systems without epoll, over the best selector that the standard library has."""

    Outer = True
    foresees = False

    def __init__(self) -> None:
        super().__init__()
        self.selector = selectors.DefaultSelector()
        self.paused: dict[int, tuple[Watch, Any]] = {}  # registered for no event, which selectors refuse

    def __len__(self) -> int:
        return len(self.selector.get_map()) + len(self.paused)

    @staticmethod
    def _mask(events: int) -> int:
        return (selectors.EVENT_READ if events & READ else 0) | (selectors.EVENT_WRITE if events & WRITE else 0)

    def register(self, sock: Sock, watch: Watch, thing: Any, events: int = READ) -> None:
        self.unregister(sock)
        if events:
            self.selector.register(sock.fileno(), self._mask(events), (watch, thing))
        else:
            self.paused[sock.fileno()] = (watch, thing)

    def modify(self, sock: Sock, events: int) -> None:
        fd = sock.fileno()
        watch, thing = self.paused.get(fd) or self.selector.get_key(fd).data
        self.register(sock, watch, thing, events)

    def unregister(self, sock: Sock) -> None:
        fd = sock.fileno()
        if self.paused.pop(fd, None) is None and fd in self.selector.get_map():
            self.selector.unregister(fd)

    def poll(self, timeout: float | None = 0.0) -> int:
        if timeout and not self.selector.get_map():
            nap(timeout)
            return 0
        events = self.selector.select(timeout)
        for key, mask in events:
            watch, thing = key.data
            if mask & selectors.EVENT_READ:
                watch.readers.append(thing)
            if mask & selectors.EVENT_WRITE:
                watch.writers.append(thing)
            watch.wake()
        return len(events)

    def fileno(self) -> int:
        return self.selector.fileno()

    def close(self) -> None:
        self.selector.close()
        self.selector = selectors.DefaultSelector()
        self.paused.clear()
        self.woken.clear()


OsPoller: type[Poller] = EpollPoller if hasattr(select, "epoll") else SelectorPoller


def nap(seconds: float) -> None:
    """Sleep seconds when there is no socket to wait for; a signal handler may end it by raising."""
    select.select([], [], [], seconds)


class Bell:
    """A socket pair that ends a poller's wait from a signal handler or another thread.

    Attributes:
        fd (int): descriptor to write to, as signal.set_wakeup_fd wants it.
    """

    def __init__(self, poller: Poller) -> None:
        self.poller = poller
        self.rx, self.tx = socket.socketpair()
        self.rx.setblocking(False)
        self.tx.setblocking(False)
        self.fd = self.tx.fileno()
        self.watch = Watch(poller=poller)
        poller.register(self.rx, self.watch, self)

    def ring(self) -> None:
        """End the wait that is going on, or the next one. Safe from any thread."""
        try:
            self.tx.send(b"\0")
        except OSError:  # it rings already, or is taken down at this moment
            pass

    def wait(self, timeout: float) -> None:
        """Wait for a ring, and for nothing else, at most timeout seconds."""
        select.select([self.rx], [], [], timeout)

    def quiet(self) -> None:
        """Take back all rings so far."""
        self.watch.readers.clear()
        try:
            while self.rx.recv(4096):
                pass
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Let go of both ends."""
        self.poller.unregister(self.rx)
        self.rx.close()
        self.tx.close()
