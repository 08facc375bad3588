"""Client: this side of a TCP connection that it makes, and makes again.

It connects step by step without waiting, reconnects when allowed, and sends and receives through buffers.
"""

from __future__ import annotations

import os
from errno import EISCONN
from typing import Any

from ... import help
from ...base import tyming
from ...base.polling import READ, WRITE, Poller, Watch
from ...base.tyming import Tymth
from ..wiring import WireLog
from .accepting import bufSizes
from .netting import UNDERWAY, Address, Data, Net, Socket, addressed, checkedSize, checkedTymeout, osNet, pair
from .streaming import Stream

logger = help.ogler.getLogger()


class Client(Stream):
    """This side of a connection to ha.

    Parameters:
        ha: (host, port) of the server, or the path of a UNIX-domain socket; None: (host, port).
        host (str), port (int): see ha. A name is resolved now, which may block.
        tymeout (float): seconds of tyme after which a reconnectable client tries anew; None: Tymeout; 0.0: it does not.
        reconnectable (bool): whether a connection that failed or ended is made again; None: Reconnectable.
        bs, bufsize (int): bytes that one read takes at the most.
        txbs, rxbs (bytearray): buffers to use; None: new ones.
        net: the network; None: that of the operating system.

    Raises ValueError or TypeError, naming the value, for what cannot be one of these; OSError for an unknown host.

    Attributes (beside those of Stream):
        ha: resolved address of the server; host and port are its parts.
        hostname (str): host as given.
        ca: own address; (None, None) until connected.
        accepted, connected (bool): the TCP connection stands; bytes can be exchanged (after a handshake, with TLS).
        opened (bool): has a socket.
        failure (OSError | None): why the last attempt or connection ended.
    """

    Tymeout = 0.0
    Reconnectable = False

    def __init__(
        self,
        tymeout: float | None = None,
        ha: Address | os.PathLike[str] | None = None,
        host: str = "127.0.0.1",
        port: int = 56000,
        reconnectable: bool | None = None,
        bs: int = 8096,
        txbs: bytearray | None = None,
        rxbs: bytearray | None = None,
        wl: WireLog | None = None,
        net: Net | None = None,
        bufsize: int | None = None,
        **kwa: Any,
    ) -> None:
        self.net = net or osNet
        self.reconnectable = reconnectable if reconnectable is not None else self.Reconnectable
        self.ca: Address | tuple[None, None] = (None, None)
        self.opened = False
        self.accepted = False
        self.own = Watch()  # how a doer rests on this client
        self.private = False
        for name, buffer in (("txbs", txbs), ("rxbs", rxbs)):
            if buffer is not None and not isinstance(buffer, bytearray):
                raise TypeError(f"{name} must be a bytearray, got {buffer!r}")
        super().__init__(tymeout=tymeout, bs=bufsize if bufsize is not None else bs, txbs=txbs, rxbs=rxbs, wl=wl, **kwa)
        checkedSize("bs", self.bs)
        checkedTymeout(self.tymeout)
        ha = addressed(ha if ha is not None else (host, port))
        self.hostname = ha[0] if isinstance(ha, tuple) else ""
        self.ha = (self.net.resolve(ha[0]), ha[1]) if isinstance(ha, tuple) else ha
        self.retimer = tyming.Tymer(duration=self.tymeout, tymth=self.tymth)

    # -- facts --------------------------------------------------------------------------------------------

    @property
    def tymer(self) -> tyming.Tymer:
        """Tymer of .tymeout seconds until a reconnectable client tries anew."""
        return self.retimer

    @property
    def far(self) -> Address:
        """Address of the far side, by which traffic is logged."""
        return self.ha

    @property
    def host(self) -> str:
        """Host of .ha, "" where that is a path."""
        return self.ha[0] if isinstance(self.ha, tuple) else ""

    @host.setter
    def host(self, host: str) -> None:
        self.ha = addressed((host, self.port))

    @property
    def port(self) -> int:
        """Port of .ha, 0 where that is a path."""
        return self.ha[1] if isinstance(self.ha, tuple) else 0

    @port.setter
    def port(self, port: int) -> None:
        self.ha = addressed((self.host, port))

    @property
    def connected(self) -> bool:
        """Whether bytes can be exchanged."""
        return self.accepted

    def actualBufSizes(self) -> tuple[int, int]:
        """Return (send, receive) buffer sizes of the socket in bytes; (0, 0) when closed."""
        return bufSizes(self.cs)

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, and by the poller of its root if it is one for this network."""
        super().wind(tymth)
        self.retimer.wind(tymth)
        if self.cs is not None:
            events, attached = self.events, self.watch is not None
            self.detach()
            self.home()
            if attached:  # else it is not connecting yet
                self.attach(self.own, events)

    def refresh(self) -> None:
        """Count the tyme until another try from now on. Does nothing while not wound."""
        tymth = self.tymth
        if tymth is not None:
            self.moved = tymth()
            if self.tymeout:
                self.retimer.start(duration=self.tymeout, start=self.moved)

    def home(self) -> None:
        """Choose the poller to register with: that of the root, or an own one."""
        poller: Poller | None = getattr(self.tymth, "poller", None)
        if poller is not None and self.net.serves(poller):
            if self.private and self.own.poller is not None:
                self.own.poller.close()
            self.private = False
        elif self.private:
            return
        else:
            poller = self.net.poller()
            self.private = True
        if poller is not self.own.poller:
            self.own.poller = poller
            self.own.owner = self.own.deed = None

    def rest(self, tock: float = 0.0) -> float:
        """Return what a doer of this client may yield: its Watch when the root will wake it, else tock.

        Until an attempt is under way, and once it was cut off while it may reconnect, the client wants every turn.
        """
        own = self.own
        if tock or self.private or own.poller is None or self.watch is None:
            return tock
        if self.cutoff and self.reconnectable:
            return tock
        own.until = None if self.connected else self.due()
        return own

    def due(self) -> float | None:
        """Tyme at which an attempt that is under way is given up; None: never."""
        if self.tymth is None or not self.reconnectable or self.tymeout <= 0.0:
            return None
        return self.tymth() + self.retimer.remaining

    # -- connecting ---------------------------------------------------------------------------------------

    def open(self) -> bool:
        """Make a new socket, not connected yet; return True."""
        self.accepted = False
        self.cutoff = False
        self.broken = False
        self.shut = False
        self.cs = self.net.dial(self.ha, bs=self.bs)
        self.home()
        self.opened = True
        return True

    def reopen(self, **kwa: Any) -> bool:
        """Close, then open; return True. Keywords are taken for the sake of doers and ignored."""
        self.close()
        return self.open()

    def close(self) -> None:
        """Send what the kernel takes at once of what is queued, then close. .cutoff stays as it is."""
        if not self.accepted:
            self.shut = True  # nothing can be sent on the way
        super().close()
        self.accepted = False
        self.opened = False
        if self.private and self.own.poller is not None:
            self.own.poller.close()

    def accept(self) -> bool:
        """Take one step towards a TCP connection without waiting; return whether it stands.

        A refused or failed attempt opens a new socket for the next step and keeps the reason in .failure.
        """
        if self.cs is None:
            self.reopen()
        try:
            return self.cs is not None and self.step(self.cs)
        except OSError as ex:
            logger.debug("connecting to %s failed: %s", self.ha, ex)
            self.failure = ex
            self.again()
            return False

    def step(self, cs: Socket) -> bool:
        """Take one step with cs; return whether the connection stands. Raises OSError when the attempt failed."""
        error = cs.connect_ex(self.ha)
        if error in UNDERWAY:
            if self.watch is None:
                self.attach(self.own, WRITE)
            return False
        if error and error != EISCONN:
            raise OSError(error, os.strerror(error))
        self.ca, self.ha = pair(cs.getsockname()), pair(cs.getpeername())
        self.accepted = True
        self.cutoff = False
        self.failure = None
        if self.watch is None:
            self.attach(self.own, READ)
        else:
            self.heed(READ)
        return True

    def again(self) -> None:
        """Reopen; what waited for a connection waits for the next."""
        txbs = bytes(self.txbs)
        self.reopen()
        self.txbs[:] = txbs

    def connect(self) -> bool:
        """Take one step towards a usable connection; return whether it is."""
        self.accept()
        return self.connected

    def serviceConnect(self) -> bool:
        """Take one step if not connected; try anew when a reconnectable client waited long enough.

        Returns:
            bool: .connected
        """
        if not self.connected:
            self.connect()
            if not self.connected and self.reconnectable and self.tymeout > 0.0 and self.retimer.expired:
                self.again()
                self.retimer.start()
        return self.connected

    # -- service ------------------------------------------------------------------------------------------

    def tx(self, data: Data) -> None:
        """Queue a copy of data; before there is a connection it waits for one. Dropped when sending is over."""
        if self.cs is None or not self.accepted:
            self.txbs.extend(data)
            self.own.wake()
        else:
            super().tx(data)

    def serviceReceives(self) -> None:
        """Read into .rxbs until nothing is left to read, unless not connected or cut off."""
        if self.connected and not self.cutoff:
            super().serviceReceives()

    def serviceReceiveOnce(self) -> int:
        """Read once into .rxbs, unless not connected or cut off; return the number of bytes."""
        return super().serviceReceiveOnce() if self.connected and not self.cutoff else 0

    def serviceSends(self) -> None:
        """Write what the kernel takes of .txbs, unless not connected or sending is over."""
        if self.connected:
            super().serviceSends()

    def service(self) -> None:
        """Do one turn: connect, sends, receives. Nothing that the peer does is raised."""
        own = self.own
        if own.owner is None and not self.private:
            self.settle()
        own.readers.clear()  # one connection: whatever is ready, all of it is tried
        own.writers.clear()
        if self.serviceConnect():
            self.serviceSends()
            self.serviceReceives()

    def settle(self) -> None:
        """Find out which deed services this client, so that readiness can resume it."""
        root = getattr(self.tymth, "root", None)
        found = root.locate() if root is not None else None
        if found is not None:
            self.own.owner, self.own.deed = found
