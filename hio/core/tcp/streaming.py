"""Stream: what both ends of a TCP connection have in common.

Bytes come in by receive into .rxbs and go out of .txbs by send. Three facts are kept apart:

cutoff    the far side sends no more: it closed, or the connection broke
broken    nothing can be sent any more, and .failure says why; what is queued is dropped, and what is queued later
shut      this side has ended its sending itself

So an end of file from the peer ends one direction only: what is queued is still sent.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

from ... import help
from ...base import tyming
from ...base.polling import READ, WRITE, Watch
from ...base.tyming import Tymth
from ..wiring import WireLog
from .netting import GONE, Address, Data, Socket

logger = help.ogler.getLogger()

#: Bytes that one service call reads from one connection at the most, so that a fast peer cannot hold the turn.
RxBudget = 1 << 20
RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: on, 0 seconds


class Stream(tyming.Tymee):
    """One end of a connection: nonblocking reads and writes, buffers, and the facts about its end.

    Parameters:
        tymeout, bs, txbs, rxbs, wl: as below; txbs, rxbs None: new ones.
        refreshable (bool): each read and write counts as activity, by which .tymer and .moved go; else refresh() alone.

    Attributes:
        ha, ca: address pairs; see the subclass for which side each is.
        cs: connected socket, or None.
        bs (int): bytes that one read takes at the most.
        txbs, rxbs (bytearray): to be sent; received. Each is one object for the life of the connection.
        cutoff (bool): the far side closed its direction, or the connection is lost.
        broken (bool): sending is over; tx drops what it is given.
        failure (OSError | None): what broke it. dropped (int): bytes that were queued when it did.
        wl: WireLog or None.
        tymeout (float): seconds of tyme without a byte either way after which it counts as idle; 0.0: never.
        tymer (Tymer): runs from the last activity, for tymeout.
        moved (float | None): tyme of the last activity.
        truncated (bool): the far side ended without saying that this is the end. Only TLS can tell; else False.
    """

    Tymeout = 0.0
    truncated = False
    dropped = 0
    ha: Address
    ca: Address | tuple[None, None]

    def __init__(
        self,
        tymeout: float | None = None,
        refreshable: bool = True,
        bs: int = 8096,
        txbs: bytearray | None = None,
        rxbs: bytearray | None = None,
        wl: WireLog | None = None,
        **kwa: Any,
    ) -> None:
        self._tymer: tyming.Tymer | None = None
        self.moved: float | None = None
        self.tymeout = tymeout if tymeout is not None else self.Tymeout
        self.refreshable = refreshable
        self.bs = bs
        self.txbs = txbs if txbs is not None else bytearray()
        self.rxbs = rxbs if rxbs is not None else bytearray()
        self.wl = wl
        self.cs: Socket | None = None
        self.cutoff = False
        self.broken = False
        self.failure: OSError | None = None
        self.shut = False
        self.corked = False  # more will be queued in this turn: what is pushed waits for it
        self.watch: Watch | None = None  # set while the socket is registered with a poller
        self.events = 0  # what it is registered for
        super().__init__(**kwa)

    # -- tyme ---------------------------------------------------------------------------------------------

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth from now on; the idle timer starts anew."""
        super().wind(tymth)
        if self._tymer is not None:
            self._tymer.wind(tymth)
        self.moved = tymth() if tymth is not None else None

    @property
    def tymer(self) -> tyming.Tymer:
        """Tymer of .tymeout seconds, started at the last activity. Made when first asked for."""
        tymer = self._tymer
        if tymer is None:
            tymer = self._tymer = tyming.Tymer(duration=self.tymeout, start=self.moved, tymth=self.tymth)
        elif self.moved is not None:
            tymer.start(duration=self.tymeout, start=self.moved)
        return tymer

    def refresh(self) -> None:
        """Count idle tyme from now on. Does nothing while not wound."""
        tymth = self.tymth
        if tymth is not None:
            self.moved = tymth()

    @property
    def far(self) -> Address | tuple[None, None]:
        """Address of the far side, by which traffic is logged."""
        return self.ca

    # -- readiness ----------------------------------------------------------------------------------------

    def attach(self, watch: Watch, events: int = READ) -> None:
        """Register the socket with the poller of watch, for events: READ, WRITE or both."""
        self.watch = watch
        self.events = events
        if events and watch.poller is not None and self.cs is not None:
            watch.poller.register(self.cs, watch, self, events)

    def detach(self) -> None:
        """Take the socket out of its poller."""
        watch = self.watch
        if self.events and watch is not None and watch.poller is not None and self.cs is not None:
            watch.poller.unregister(self.cs)
        self.events = 0
        self.watch = None

    def heed(self, events: int) -> None:
        """Be told of events (READ, WRITE, both or 0) from now on.

        For 0 the socket leaves its poller: a kernel tells of a connection that ended over and over, asked or not.
        """
        if events == self.events or self.watch is None or self.cs is None:
            return
        before, self.events = self.events, events
        poller = self.watch.poller
        if poller is None:
            return  # the next one is told of them
        if not events:
            poller.unregister(self.cs)
        elif not before:
            poller.register(self.cs, self.watch, self, events)
        else:
            poller.modify(self.cs, events)

    # -- raw reads and writes -----------------------------------------------------------------------------

    def receive(self) -> bytes | None:
        """Read once without waiting.

        Returns:
            bytes | None: at most .bs bytes; None when nothing came yet; b"" with .cutoff set once the far side
            closed or the connection is lost.

        Raises:
            AttributeError: closed. OSError: an error that is no end of a connection.
        """
        try:
            data = self.cs.recv(self.bs)  # type: ignore[union-attr]  # AttributeError when closed, as promised
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as ex:
            if ex.errno not in GONE:
                raise
            self.fail(ex)
            return b""
        if not data:
            self.cutoff = True
            self.heed(self.events & ~READ)
            return data
        if self.refreshable:
            self.refresh()
        if self.wl:
            self.wl.writeRx(data, who=self.far)
        return data

    def send(self, data: Data) -> int:
        """Write once without waiting.

        Returns:
            int: bytes that were taken; 0 when nothing can be taken now, or when the connection is lost, which
            sets .cutoff and .broken.

        Raises:
            AttributeError: closed. BrokenPipeError: after the own shutdownSend().
            OSError: an error that is no end of a connection.
        """
        try:
            count = self.cs.send(data)  # type: ignore[union-attr]  # AttributeError when closed, as promised
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as ex:
            if ex.errno not in GONE or self.shut:
                raise
            self.fail(ex)
            return 0
        if count:
            if self.refreshable:
                self.refresh()
            if self.wl:
                self.wl.writeTx(data[:count], who=self.far)
        return count

    def fail(self, ex: OSError | None) -> None:
        """Note that the connection is lost, by ex (None: nobody knows): nothing comes or goes any more."""
        self.cutoff = True
        self.broken = True
        self.failure = ex.with_traceback(None) if ex is not None else None  # whose frames would hold on to all this
        self.dropped += len(self.txbs)
        self.txbs.clear()
        self.heed(0)

    # -- buffered service ---------------------------------------------------------------------------------

    def tx(self, data: Data) -> None:
        """Queue a copy of data to be sent. Dropped when sending is over (.broken)."""
        if self.broken or self.shut:
            logger.debug("dropped %d bytes for %s: sending is over (%s)", len(data), self.ca, self.failure)
            return
        self.txbs.extend(data)
        if self.watch is not None:
            self.stir()

    def push(self, data: Data) -> None:
        """Send data now as far as the kernel takes it and queue a copy of the rest; all of it behind what is queued."""
        if self.txbs or self.corked or self.broken or self.shut:
            self.tx(data)
            return
        try:
            count = self.send(data)
        except OSError as ex:
            logger.info("send to %s failed: %s", self.ca, ex)
            self.fail(ex)
            return
        if count < len(data):
            self.tx(memoryview(data)[count:])

    def pushParts(self, head: Data, body: Data) -> int:
        """Send head and body now, in one go and without putting them together, as far as the kernel takes them.

        What is left of head is queued, what is left of body is not: push it.

        Returns:
            int: bytes of body that were taken.
        """
        cs = self.cs
        if self.txbs or self.corked or self.wl or self.broken or self.shut or not isinstance(cs, socket.socket):
            self.push(head)
            return 0
        try:
            count = cs.sendmsg((head, body))
        except (BlockingIOError, InterruptedError):
            count = 0
        except OSError as ex:
            logger.info("send to %s failed: %s", self.ca, ex)
            self.fail(ex)
            return 0
        if count and self.refreshable:
            self.refresh()
        if count < len(head):
            self.tx(memoryview(head)[count:])
            return 0
        return count - len(head)

    def pushFile(self, file: int, offset: int, count: int) -> int:
        """Have the kernel send bytes of an open file, which then pass through no buffer of this process.

        Parameters:
            file: descriptor. offset: of the first byte, in bytes from the start of the file. count: bytes at the most.

        Returns:
            int: bytes taken; 0 when none can be taken now, when the file has ended there, and when the kernel cannot do
            it, or must not as something is queued or the traffic is logged: read them and push them then.
        """
        cs = self.cs
        if self.txbs or self.corked or self.wl or self.broken or self.shut or not isinstance(cs, socket.socket):
            return 0
        try:
            taken = os.sendfile(cs.fileno(), file, offset, count)
        except OSError as ex:
            if ex.errno in GONE:
                self.fail(ex)
            return 0
        if taken and self.refreshable:
            self.refresh()
        return taken

    def stir(self) -> None:
        """Hook: something was queued on a watched stream; have its owner come by."""
        if self.watch is not None:
            self.watch.wake()

    def serviceReceives(self) -> None:
        """Read into .rxbs until nothing is left to read, or the far side is gone, or RxBudget is read."""
        budget = RxBudget
        while budget > 0 and (count := self.serviceReceiveOnce()):
            budget -= count

    def serviceReceiveOnce(self) -> int:
        """Read once into .rxbs; return the number of bytes read, 0 when there was nothing."""
        if self.cs is None or self.cutoff:
            return 0
        try:
            data = self.receive()
        except OSError as ex:
            logger.info("receive from %s failed: %s", self.ca, ex)
            self.fail(ex)
            return 0
        if not data:
            return 0
        self.rxbs.extend(data)
        return len(data)

    def serviceSends(self) -> None:
        """Write what the kernel takes of .txbs in one attempt; wait for write-readiness with the rest."""
        txbs = self.txbs
        if txbs and self.cs is not None and not self.broken:
            try:
                count = self.send(txbs)
            except OSError as ex:
                logger.info("send to %s failed: %s", self.ca, ex)
                self.fail(ex)
                return
            if count:
                del txbs[:count]
            if self.watch is not None:
                self.heedWrites()

    def heedWrites(self) -> None:
        """Ask for write-readiness exactly while something is queued."""
        if self.txbs:
            self.heed(self.events | WRITE)
        elif self.events & WRITE:
            self.heed(self.events & ~WRITE)

    def clearRxbs(self) -> None:
        """Empty .rxbs in place."""
        self.rxbs.clear()

    # -- the end ------------------------------------------------------------------------------------------

    def shutdown(self, how: int = socket.SHUT_RDWR) -> None:
        """Shut down one or both directions, as socket.shutdown does; an error, as when the peer is gone, is ignored."""
        if self.cs is not None:
            if how in (socket.SHUT_WR, socket.SHUT_RDWR):
                self.shut = True
            try:
                self.cs.shutdown(how)
            except OSError:
                pass

    def shutdownSend(self) -> None:
        """Tell the far side that nothing more will be sent."""
        self.shutdown(socket.SHUT_WR)

    def shutdownReceive(self) -> None:
        """Take nothing more from the far side."""
        self.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """Send what the kernel takes at once of what is queued, then close. Closed already: does nothing."""
        if self.cs is not None:
            if self.txbs and not self.shut:
                self.serviceSends()
            self.detach()
            if not self.shut:
                self.shutdown()
            cs, self.cs = self.cs, None
            cs.close()

    def cut(self) -> None:
        """Close by a reset and drop what is queued, so that the far side cannot take what it got for the whole."""
        if self.cs is not None:
            self.txbs.clear()
            self.shut = True  # nothing more is said, not even that this is the end
            try:
                self.cs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            except (OSError, AttributeError):
                pass
            self.close()

    def __repr__(self) -> str:
        state = [word for word in ("cutoff", "broken", "shut") if getattr(self, word)]
        if self.cs is None:
            state.append("closed")
        return f"<{type(self).__name__} {self.far!r} rx={len(self.rxbs)} tx={len(self.txbs)} {' '.join(state)}>"
