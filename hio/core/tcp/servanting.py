"""Server: a servant, a listening TCP endpoint that keeps a Remoter (an ix) for each connection, by its far address ca.

In a turn, service() does: accept what waits, receive from those that are ready, send to those that have something
queued. Connections that are not ready cost nothing. Under a Doist the poller of the root tells who is
ready and resumes the doer at once; by hand, each service method asks the poller itself.
"""

from __future__ import annotations

import socket

from ... import help
from ...base.polling import READ
from .accepting import AcceptBudget, Acceptor
from .deadlining import Deadlines
from .remoting import Remoter

logger = help.ogler.getLogger()


class Server(Acceptor):
    """A servant: listens, accepts, and keeps a Remoter for each connection.

    Parameters (beside those of Acceptor):
        host, port: make up ha when ha is None.
        tymeout (float): seconds of tyme without a byte either way after which service() closes a connection, leaving
            it in .ixes with .cutoff set; None: Tymeout; 0.0: never.
        connections (int): connections held at one time, the others wait in the backlog; None: as many as come.
        wl: WireLog for the traffic of all connections, or None.

    Attributes:
        ixes (dict): ca -> Remoter. Entries stay after close() and are dropped by reopen().
        dirty (list): Remoters with something queued that was not tried yet.
    """

    Tymeout = 1.0
    Remoter = Remoter  # class of what it keeps
    refreshable = True  # whether Remoters note each of their reads and writes as activity

    def __init__(self, ha=None, host="", port=56000, tymeout=None, wl=None, connections=None, **kwa):
        self.tymeout = tymeout if tymeout is not None else self.Tymeout
        if connections is not None and connections < 1:
            raise ValueError(f"connections must be at least 1 or None, got {connections!r}")
        self.connections = connections
        self.wl = wl
        self.ixes = {}
        self.dirty = []
        self.readable = []
        self.turning = False  # in a turn, which ends with sending: what is queued meanwhile wakes nobody
        self.idling = True  # whether idle connections are this servant's to close
        self.deadlines = Deadlines()
        super().__init__(ha=ha if ha is not None else (host, port), **kwa)

    # -- readiness ----------------------------------------------------------------------------------------

    def wind(self, tymth):
        """Go by tymth, with all connections."""
        super().wind(tymth)
        self.deadlines.clear()
        for ix in self.ixes.values():
            ix.wind(tymth)
            if ix.cs is not None:
                self.time(ix)

    def registrations(self):
        """Yield (socket, thing, events) for the listening socket and each connection."""
        if self.ss is not None:
            yield from super().registrations()
        for ix in self.ixes.values():
            if ix.cs is not None and ix.events:
                yield ix.cs, ix, ix.events

    def collect(self):
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

    def rest(self, tock=0.0):
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

    def open(self):
        """Drop what an earlier opening left in .ixes, then listen; see Acceptor.open."""
        self.ixes.clear()
        self.dirty.clear()
        self.readable.clear()
        self.deadlines.clear()
        return super().open()

    def close(self):
        """Close the listening socket and every connection. The entries of .ixes stay readable."""
        super().close()
        for ix in list(self.ixes.values()):
            ix.close()
        self.leave()

    def serviceAccepts(self):
        """Accept all that wait into .axes, as far as .connections allows."""
        if self.room() <= 0:
            if self.resumption is None and self.ss is not None:
                self.resumption = float("inf")  # until one leaves
                self.watch.poller.modify(self.ss, 0)
            return
        super().serviceAccepts()

    def held(self):
        """Number of connections that count against .connections."""
        return len(self.ixes) + len(self.axes)

    def room(self):
        """Number of connections that may be taken now."""
        return AcceptBudget if self.connections is None else min(AcceptBudget, self.connections - self.held())

    def serviceAxes(self):
        """Accept, and make a Remoter in .ixes of each connection accepted; return the list of them."""
        self.serviceAccepts()
        fresh = []
        while self.axes:
            cs, ca = self.axes.popleft()
            ix = self.take(cs, ca)
            if ix is not None:
                fresh.append(ix)
        return fresh

    def take(self, cs, ca):
        """Return a Remoter, registered and in .ixes, for the accepted socket; None when it is gone already."""
        ha = self.ha
        if not isinstance(ha, str) and ha[0] in ("0.0.0.0", "::"):
            try:
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

    def enroll(self, ix):
        """Keep ix in .ixes: it is ready for bytes."""
        self.time(ix)
        self.ixes[ix.ca] = ix

    def time(self, ix):
        """Have ix looked at once it may have been idle for its tymeout."""
        if self.idling and ix.tymeout and self.tymth is not None:
            self.deadlines.arm(ix, ix.moved + ix.tymeout)

    def remoting(self):
        """Return the keywords with which Remoters are made."""
        return dict(tymth=self.tymth, tymeout=self.tymeout, refreshable=self.refreshable, bs=self.bs, wl=self.wl)

    def serviceConnects(self):
        """Take the connections that wait into .ixes; return the list of their Remoters."""
        self.collect()
        return self.serviceAxes() if self.knocked or self.resumption is not None else []

    def closed(self, ix):
        """Note that ix was closed: there may be room for another connection."""
        self.deadlines.forget(ix)
        if ix.protocol is not None:
            ix.protocol.lost()
        if self.resumption is not None:
            self.resume()
            self.watch.wake()

    def serviceTymeouts(self):
        """Close the connections that were idle for their tymeout."""
        if self.deadlines.heap:
            tyme = self.tyme
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

    def remoter(self, ca):
        """Return the Remoter at ca; raise ValueError when there is none."""
        try:
            return self.ixes[ca]
        except KeyError:
            raise ValueError(f"no connection from {ca!r}") from None

    def transmitIx(self, data, ca):
        """Queue bytes for ca."""
        self.remoter(ca).tx(data)

    def serviceReceivesIx(self, ca):
        """Read from ca what is there."""
        self.remoter(ca).serviceReceives()

    def shutdownIx(self, ca, how=socket.SHUT_RDWR):
        """Shut down one or both directions of the connection from ca."""
        self.remoter(ca).shutdown(how)

    def shutdownSendIx(self, ca):
        """Tell ca that nothing more will be sent."""
        self.remoter(ca).shutdownSend()

    def shutdownReceiveIx(self, ca):
        """Take nothing more from ca."""
        self.remoter(ca).shutdownReceive()

    def closeIx(self, ca):
        """Close the connection from ca; it stays in .ixes until removeIx."""
        self.remoter(ca).close()

    def closeAllIx(self):
        """Close all connections; they stay in .ixes."""
        for ix in list(self.ixes.values()):
            ix.close()

    def removeIx(self, ca, close=True):
        """Take the connection from ca out of .ixes, closing it unless told not to."""
        ix = self.remoter(ca)
        if close:
            ix.close()
        self.ixes.pop(ca, None)  # its protocol may have done so
        if self.resumption is not None:
            self.resume()

    # -- all ----------------------------------------------------------------------------------------------

    def serviceReceivesAllIx(self):
        """Read from each connection that is ready what is there."""
        self.collect()
        if self.readable:
            readable, self.readable = self.readable, []
            for ix in readable:
                ix.serviceReceives()

    def serviceSendsAllIx(self):
        """Send, for each connection that has something queued and may send, what the kernel takes."""
        self.collect()
        if self.dirty:
            dirty, self.dirty = self.dirty, []
            for ix in dirty:
                ix.dirty = False
                ix.serviceSends()

    def service(self):
        """Do one turn: connections, receives, sends, tymeouts. Nothing that a peer does is raised."""
        self.serviceConnects()
        self.serviceReceivesAllIx()
        self.serviceSendsAllIx()
        self.serviceTymeouts()
