"""Server: a servant, a listening TCP endpoint that keeps a Remoter (an ix) for each connection, by its far address ca.

In a turn, service() does: accept what waits, receive from those that are ready, send to those that have something
queued. Connections that are not ready cost nothing. Under a Doist the poller of the root tells who is
ready and resumes the doer at once; by hand, each service method asks the poller itself.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

from ... import help
from ...base.polling import READ, Sock
from ...base.tyming import Tymth
from ..wiring import WireLog
from .accepting import Acceptor
from .deadlining import Deadlines
from .netting import Address, Data, Socket, checkedTymeout
from .remoting import Remoter as Ix

logger = help.ogler.getLogger()


class Ixes(dict[Address, Ix]):
    """The connections of a servant, by far address. One that a program puts in is serviced like those accepted."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server

    def __setitem__(self, ca: Address, ix: Ix) -> None:
        super().__setitem__(ca, ix)
        if ix.server is None:  # made by hand
            self.server.adopt(ix)


class Server(Acceptor):
    """A servant: listens, accepts, and keeps a Remoter for each connection.

    Parameters (beside those of Acceptor):
        host, port: make up ha when ha is None.
        tymeout (float): seconds of tyme without a byte either way after which service() closes a connection, leaving
            it in .ixes with .cutoff set; 0.0 and None: never. None shows as .tymeout == Tymeout all the same.
        connections (int): connections held at one time, the others wait in the backlog; None: as many as come.
        wl: WireLog for the traffic of all connections, or None.

    Attributes:
        ixes (dict): ca -> Remoter. Entries stay after close() and are dropped by reopen().
        dirty (list): Remoters with something queued that was not tried yet.

    Raises ValueError for a negative tymeout and for fewer than one connection, and what an Acceptor raises.
    """

    Tymeout = 1.0
    Remoter: type[Ix] = Ix  # class of what it keeps
    refreshable = True  # whether Remoters note each of their reads and writes as activity

    def __init__(
        self,
        ha: Address | os.PathLike[str] | None = None,
        host: str = "",
        port: int = 56000,
        tymeout: float | None = None,
        wl: WireLog | None = None,
        connections: int | None = None,
        **kwa: Any,
    ) -> None:
        self._tymeout = tymeout if tymeout is None else checkedTymeout(tymeout)
        if connections is not None and connections < 1:
            raise ValueError(f"connections must be at least 1 or None, got {connections!r}")
        self.connections = connections
        self.wl = wl
        self.ixes: dict[Address, Ix] = Ixes(self)
        self.adopted: list[Ix] = []  # put into .ixes by a program since the last serviceConnects
        self.dirty: list[Ix] = []
        self.readable: list[Ix] = []
        self.turning = False  # in a turn, which ends with sending: what is queued meanwhile wakes nobody
        self.idling = True  # whether idle connections are this servant's to close
        self.deadlines = Deadlines()
        super().__init__(ha=ha if ha is not None else (host, port), **kwa)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ha!r} opened={self.opened} ixes={len(self.ixes)}>"

    @property
    def tymeout(self) -> float:
        """Seconds of tyme that connections to come may be idle; while none was given, Tymeout shows and none is closed.

        Assigning raises ValueError for a negative one.
        """
        return self.Tymeout if self._tymeout is None else self._tymeout

    @tymeout.setter
    def tymeout(self, tymeout: float) -> None:
        self._tymeout = checkedTymeout(tymeout)

    # -- readiness ----------------------------------------------------------------------------------------

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with all connections."""
        super().wind(tymth)
        self.deadlines.clear()
        for ix in self.ixes.values():
            ix.wind(tymth)
            if ix.cs is not None:
                self.time(ix)

    def registrations(self) -> Iterator[tuple[Sock, Any, int]]:
        """Yield (socket, thing, events) for the listening socket and each connection."""
        yield from super().registrations()
        for ix in self.ixes.values():
            if ix.cs is not None and ix.events:
                yield ix.cs, ix, ix.events

    def collect(self) -> None:
        """Learn what is ready, from the poller unless it has told already."""
        watch = self.watch
        if watch.poller is None:
            return
        if watch.owner is None:
            self.settle()
        if not watch.readers and not watch.writers:
            watch.poller.poll(0.0)
        for thing in watch.readers:
            if thing is self:
                self.knocked = True
            else:
                self.readable.append(thing)
        watch.readers.clear()
        for ix in watch.writers:
            if not ix.dirty:
                ix.dirty = True
                self.dirty.append(ix)
        watch.writers.clear()

    def rest(self, tock: float = 0.0) -> float:
        """Return what a doer of this servant may yield: its Watch when the root will wake it, else tock."""
        watch = self.watch
        if tock or self.private or watch.poller is None:
            return tock
        if self.readable or self.dirty:
            watch.wake()
        watch.until = self.deadlines.next() if self.idling else None
        if self.resumption is not None and (watch.until is None or self.resumption < watch.until):
            watch.until = self.resumption
        return watch

    # -- connections --------------------------------------------------------------------------------------

    def open(self) -> bool:
        """Drop what an earlier opening left in .ixes, then listen; see Acceptor.open."""
        self.ixes.clear()
        self.dirty.clear()
        self.readable.clear()
        self.deadlines.clear()
        return super().open()

    def close(self) -> None:
        """Close the listening socket and every connection. The entries of .ixes stay readable."""
        super().close()
        for ix in list(self.ixes.values()):
            ix.close()
        self.leave()

    def serviceAccepts(self) -> None:
        """Accept all that wait into .axes, as far as .connections allows."""
        if self.room() <= 0:
            if self.resumption is None and self.ss is not None:
                self.resumption = float("inf")  # until one leaves
                if self.watch.poller is not None:
                    self.watch.poller.modify(self.ss, 0)
            return
        super().serviceAccepts()

    def held(self) -> int:
        """Number of connections that count against .connections."""
        return len(self.ixes) + len(self.axes)

    def room(self) -> int:
        """Number of connections that may be taken now."""
        room = super().room()
        return room if self.connections is None else min(room, self.connections - self.held())

    def serviceAxes(self) -> list[Ix]:
        """Accept, and make a Remoter in .ixes of each connection accepted; return the list of them."""
        self.serviceAccepts()
        fresh = []
        while self.axes:
            cs, ca = self.axes.popleft()
            ix = self.take(cs, ca)
            if ix is not None:
                fresh.append(ix)
        return fresh

    def take(self, cs: Socket, ca: Address) -> Ix | None:
        """Return a Remoter, registered and in .ixes, for the accepted socket; None when it is gone already."""
        ha = self.ha
        try:
            cs.getpeername()  # accept also gives what was reset by then
            if not isinstance(ha, str) and ha[0] in ("0.0.0.0", "::"):
                ha = cs.getsockname()[:2]
        except OSError as ex:
            logger.info("%s was gone before it was accepted: %s", ca, ex)
            cs.close()
            return None
        stale = self.ixes.get(ca)
        if stale is not None:  # the same far address again: the old connection is over
            stale.close()
        ix = self.Remoter(ha=ha, ca=ca, cs=cs, server=self, **self.remoting())
        ix.attach(self.watch, READ)
        self.enroll(ix)
        return ix

    def enroll(self, ix: Ix) -> None:
        """Keep ix in .ixes: it is ready for bytes."""
        self.time(ix)
        self.ixes[ix.ca] = ix

    def adopt(self, ix: Ix) -> None:
        """Service ix from now on, which a program made and put into .ixes."""
        ix.server = self
        ix.attach(self.watch, READ)
        self.time(ix)
        self.adopted.append(ix)

    def time(self, ix: Ix) -> None:
        """Have ix looked at once it may have been idle for its tymeout."""
        if self.idling and ix.tymeout and ix.moved is not None:
            self.deadlines.arm(ix, ix.moved + ix.tymeout)

    def remoting(self) -> dict[str, Any]:
        """Return the keywords with which Remoters are made."""
        tymeout = self._tymeout or 0.0
        return dict(tymth=self.tymth, tymeout=tymeout, refreshable=self.refreshable, bs=self.bs, wl=self.wl)

    def serviceConnects(self) -> list[Ix]:
        """Take the connections that wait into .ixes; return the list of their Remoters, and of those put in by hand."""
        self.collect()
        fresh = self.serviceAxes() if self.knocked or self.resumption is not None else []
        if self.adopted:
            fresh += self.adopted
            self.adopted = []
        return fresh

    def closed(self, ix: Ix) -> None:
        """Note that ix was closed: there may be room for another connection."""
        self.deadlines.forget(ix)
        if ix.protocol is not None:
            ix.protocol.lost()
        if self.resumption is not None:
            self.resume()
            self.watch.wake()

    def serviceTymeouts(self) -> None:
        """Close the connections that were idle for their tymeout."""
        tymth = self.tymth
        if self.deadlines.heap and tymth is not None:
            tyme = tymth()
            for ix in self.deadlines.expired(tyme):
                due = ix.moved + ix.tymeout  # it may have moved since the deadline was armed
                if not ix.tymeout or ix.cs is None:
                    continue
                if due > tyme:
                    self.deadlines.arm(ix, due)
                else:
                    logger.info("%s was idle for %s s and is closed", ix.ca, ix.tymeout)
                    ix.close()
                    ix.cutoff = True

    # -- one connection -----------------------------------------------------------------------------------

    def remoter(self, ca: Address) -> Ix:
        """Return the Remoter at ca; raise ValueError when there is none."""
        try:
            return self.ixes[ca]
        except KeyError:
            raise ValueError(f"no connection from {ca!r}") from None

    def transmitIx(self, data: Data, ca: Address) -> None:
        """Queue data, bytes of any kind, for ca."""
        self.remoter(ca).tx(data)

    def serviceReceivesIx(self, ca: Address) -> None:
        """Read from ca what is there."""
        self.remoter(ca).serviceReceives()

    def shutdownIx(self, ca: Address, how: int = socket.SHUT_RDWR) -> None:
        """Shut down one or both directions (how, as of socket.shutdown) of the connection from ca."""
        self.remoter(ca).shutdown(how)

    def shutdownSendIx(self, ca: Address) -> None:
        """Tell ca that nothing more will be sent."""
        self.remoter(ca).shutdownSend()

    def shutdownReceiveIx(self, ca: Address) -> None:
        """Take nothing more from ca."""
        self.remoter(ca).shutdownReceive()

    def closeIx(self, ca: Address) -> None:
        """Close the connection from ca; it stays in .ixes until removeIx."""
        self.remoter(ca).close()

    def closeAllIx(self) -> None:
        """Close all connections; they stay in .ixes."""
        for ix in list(self.ixes.values()):
            ix.close()

    def removeIx(self, ca: Address, close: bool = True) -> None:
        """Take the connection from ca out of .ixes, closing it unless told not to."""
        ix = self.remoter(ca)
        if close:
            ix.close()
        self.ixes.pop(ca, None)  # its protocol may have done so
        if self.resumption is not None:
            self.resume()

    # -- all ----------------------------------------------------------------------------------------------

    def serviceReceivesAllIx(self) -> None:
        """Read from each connection that is ready what is there."""
        self.collect()
        if self.readable:
            readable, self.readable = self.readable, []
            for ix in readable:
                ix.serviceReceives()

    def serviceSendsAllIx(self) -> None:
        """Send, for each connection that has something queued and may send, what the kernel takes."""
        self.collect()
        if self.dirty:
            dirty, self.dirty = self.dirty, []
            for ix in dirty:
                ix.dirty = False
                ix.serviceSends()

    def service(self) -> None:
        """Do one turn: connections, receives, sends, tymeouts. Nothing that a peer does is raised."""
        self.serviceConnects()
        self.serviceReceivesAllIx()
        self.serviceSendsAllIx()
        self.serviceTymeouts()
