"""Tell servants and clients on a simulated network what is ready.

SimPoller   the Poller of one host

As the epoll of Linux does: what became ready is put on a list, and each poll tells of what is still ready then, again
and again until it is read or written, or nobody asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..base.polling import READ, WRITE, Poller, Watch

if TYPE_CHECKING:
    from .netting import SimNet
    from .plugging import SimSock


class SimPoller(Poller):
    """Poller of the sockets of one host.

    Attributes:
        net (SimNet): whose sockets may be registered.
        entries (dict[int, SimSock]): those that are, by their number.
        ready (list[SimSock]): those that may be ready, in the order in which they became so.
    """

    def __init__(self, net: SimNet) -> None:
        super().__init__()
        self.net = net
        self.foresees = net.network.loose
        self.entries: dict[int, SimSock] = {}
        self.ready: list[SimSock] = []

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
            if sock.listed:
                sock.listed = False
                self.ready.remove(sock)

    def poll(self, timeout: float | None = 0.0) -> int:
        """Collect what is ready now. Never waits: tyme is not a poller's to turn."""
        if self.net.network.loose:
            self.net.network.catchUp()
        if not self.ready:
            return 0
        ready, self.ready = self.ready, []
        count = 0
        for sock in ready:
            mask = sock.mask() if sock.poller is self else 0
            if not mask:
                sock.listed = False
                continue
            count += 1
            self.ready.append(sock)  # and told again as long as it is so
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
        """Tyme of the next event of the network; None: none is certain, or the run that turns the tyme knows."""
        heap = self.net.network.heap
        return heap[0][0] if self.foresees and heap else None

    def fileno(self) -> int:
        raise NotImplementedError("a simulated network has no descriptor that another loop could wait for")

    def close(self) -> None:
        """Forget all that is registered."""
        for sock in list(self.entries.values()):
            self.unregister(sock)
        self.woken.clear()
