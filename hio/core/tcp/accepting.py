"""Acceptor: a listening socket, nonblocking, that survives whatever a connection attempt brings."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Any

from ... import help
from ...base import tyming
from ...base.polling import READ, Poller, Sock, Watch
from ...base.tyming import Tymth
from .netting import SHORT, Address, Listener, Net, Socket, addressed, checkedSize, osNet, pair

logger = help.ogler.getLogger()

#: Connections that one service call accepts at the most, so that a storm of them cannot hold the turn.
AcceptBudget = 256
#: Seconds of tyme for which accepting pauses when descriptors run out, unless one becomes free earlier.
AcceptPause = 1.0


class Acceptor(tyming.Tymee):
    """A listening socket.

    Parameters:
        ha: (host, port) to listen on; host "" is every IPv4 address, "::" every address; port 0 any free port. A str is
            the path of a UNIX-domain socket.
        bs (int): bytes that one read takes at the most, and that the socket's buffers hold at least.
        bl (int): backlog, connections that the kernel keeps until they are accepted.
        ss: an open listening socket to use instead of making one (socket activation); ha is then taken from it.
        reuseport (bool): let other processes listen on the same address.
        net: the network; None: that of the operating system.
        bufsize (int): another name for bs.

    Attributes:
        ha: as given; the socket's own address once opened.
        eha: (host, port) as seen from outside.
        ss: listening socket or None.
        axes (deque): (cs, ca) accepted and not yet looked at.
        opened (bool): whether it listens.
        budget (int | None): connections that one service call accepts at the most; None: AcceptBudget. A small one
            leaves some to other processes that accept from the same socket.

    Raises:
        ValueError: bs, bl, or the port of ha, is none. TypeError: ha is no address. OSError: its host has none.
    """

    budget: int | None = None
    failure: OSError | None = None  # for which the last open() answered False
    inode: tuple[int, int] | None = None  # of the file of the own UNIX-domain socket

    def __init__(
        self,
        ha: Address | os.PathLike[str] | None = None,
        bs: int = 8096,
        bl: int = 128,
        ss: Listener | None = None,
        reuseport: bool = False,
        net: Net | None = None,
        bufsize: int | None = None,
        **kwa: Any,
    ) -> None:
        super().__init__(**kwa)
        self.net = net or osNet
        self.ha = addressed(ha if ha is not None else ("", 56000))
        self.bs = checkedSize("bs", bufsize if bufsize is not None else bs)
        if not isinstance(bl, int) or bl < 0:
            raise ValueError(f"bl must be 0 or more connections, got {bl!r}")
        self.bl = bl
        self.reuseport = reuseport
        self.handed = ss
        self.ss: Listener | None = None
        self.axes: deque[tuple[Socket, Address]] = deque()
        self.opened = False
        self.watch = Watch()
        self.private = False  # whether the poller of .watch is nobody else's
        self.knocked = False  # a connection waits to be accepted
        self.resumption: float | None = None  # tyme at which accepting goes on after a pause
        self.serial = count(1)
        self.eha = self.outside()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ha!r} opened={self.opened}>"

    def outside(self) -> Address:
        """Return .ha as others would write it: a name resolved, a wildcard as the loopback address."""
        if not isinstance(self.ha, tuple):
            return self.ha
        host, port = self.ha
        if host != "::":
            host = self.net.resolve(host)
        return ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)

    def open(self) -> bool:
        """Listen; return True, or False with the reason logged when the address cannot be had."""
        try:
            if self.handed is not None:
                self.ss = self.handed
                self.ss.setblocking(False)
            else:
                ha = self.ha
                if isinstance(ha, tuple) and ha[0] not in ("", "::"):
                    ha = (self.net.resolve(ha[0]), ha[1])
                self.ss = self.net.listen(ha, bl=self.bl, bs=self.bs, reuseport=self.reuseport)
        except OSError as ex:
            logger.error("cannot listen on %s: %s", self.ha, ex)
            self.failure = ex
            return False
        self.failure = None
        self.ha = pair(self.ss.getsockname())
        self.inode = inode(self.ha) if isinstance(self.ss, socket.socket) else None  # else the path is no file's
        self.eha = self.outside()
        self.opened = True
        self.knocked = True
        self.resumption = None
        self.home()
        return True


    def reopen(self, **kwa: Any) -> bool:
        """Close, then open; return whether it listens. Keywords are taken for the sake of doers and ignored."""
        self.close()
        return self.open()

    def close(self) -> None:
        """Stop listening. A handed socket is let go of, not closed for the others that may share it."""
        self.deafen()
        for cs, _ in self.axes:
            cs.close()
        self.axes.clear()
        self.opened = False

    def deafen(self) -> None:
        """Stop listening, and keep what was accepted. Nothing is accepted again before the next open()."""
        if self.ss is not None:
            if self.watch.poller is not None:
                self.watch.poller.unregister(self.ss)
            ss, self.ss = self.ss, None
            if self.handed is None:
                self.unlink()
            ss.close()
            self.handed = None
            self.knocked = False
            self.resumption = None

    def unlink(self) -> None:
        """Remove the file of a UNIX-domain socket, unless somebody else's lies there by now."""
        if isinstance(self.ha, str) and self.inode is not None and inode(self.ha) == self.inode:
            os.unlink(self.ha)

    def actualBufSizes(self) -> tuple[int, int]:
        """Return (send, receive) buffer sizes of the listening socket in bytes; (0, 0) when closed."""
        return bufSizes(self.ss)

    # -- readiness ----------------------------------------------------------------------------------------

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, and by the poller of its root if it is one for this network."""
        super().wind(tymth)
        if self.ss is not None:
            self.home()

    def home(self) -> None:
        """Register the listening socket where readiness will be asked for: with the root, or with an own poller."""
        watch = self.watch
        shared: Poller | None = getattr(self.tymth, "poller", None)
        private = shared is None or not self.net.serves(shared)
        if shared is not None and not private:
            poller = shared
        elif self.private and watch.poller is not None:
            poller = watch.poller
        else:
            poller = self.net.poller()
        if poller is not watch.poller:
            self.leave()
            watch.poller = poller
            watch.owner = watch.deed = None
        self.private = private
        for sock, thing, events in self.registrations():
            poller.register(sock, watch, thing, events)

    def registrations(self) -> Iterator[tuple[Sock, Any, int]]:
        """Yield (socket, thing, events) for all that is to be registered with the poller."""
        if self.ss is not None:
            yield self.ss, self, READ if self.resumption is None else 0

    def leave(self) -> None:
        """Take everything out of the present poller; close it if it is an own one."""
        poller = self.watch.poller
        if poller is not None:
            for sock, _, _ in self.registrations():
                poller.unregister(sock)
            self.watch.readers.clear()
            self.watch.writers.clear()
            if self.private:
                poller.close()
            self.watch.poller = None
            self.private = False

    def settle(self) -> None:
        """Find out which deed services this servant, so that readiness can resume it."""
        root = getattr(self.tymth, "root", None)
        found = root.locate() if root is not None and not self.private else None
        if found is not None:
            self.watch.owner, self.watch.deed = found

    # -- accepting ----------------------------------------------------------------------------------------

    def accept(self) -> tuple[Socket, Address] | tuple[None, None]:
        """Accept once without waiting; return (socket, address), or (None, None) when nobody waits.

        A peer that is gone already is skipped. Out of descriptors or buffers: accepting pauses, which is logged once.
        Raises AttributeError when closed.
        """
        while True:
            try:
                cs, ca = self.ss.accept()  # type: ignore[union-attr]  # AttributeError when closed, as promised
            except (BlockingIOError, InterruptedError):
                self.knocked = False
                return (None, None)
            except OSError as ex:
                if ex.errno in SHORT:
                    self.pause(ex)
                    return (None, None)
                if ex.errno in (errno.EBADF, errno.EINVAL, errno.ENOTSOCK):
                    raise
                logger.info("accept skipped a connection: %s", ex)  # accept(2): its network failed, ours did not
                continue
            cs.setblocking(False)
            return cs, (pair(ca) if isinstance(ca, tuple) else (str(self.ha), next(self.serial)))

    def pause(self, ex: OSError) -> None:
        """Stop accepting, as ex was raised by it, for AcceptPause seconds of tyme or until a connection ends."""
        logger.error("accepting pauses on %s: %s", self.ha, ex)
        self.knocked = False
        self.resumption = self.tymth() + AcceptPause if self.tymth is not None else 0.0
        if self.watch.poller is not None and self.ss is not None:
            self.watch.poller.modify(self.ss, 0)

    def resume(self) -> None:
        """Go on accepting after a pause."""
        self.resumption = None
        self.knocked = True
        if self.watch.poller is not None and self.ss is not None:
            self.watch.poller.modify(self.ss, READ)

    def room(self) -> int:
        """Number of connections that may be taken now."""
        return AcceptBudget if self.budget is None else self.budget

    def serviceAccepts(self) -> None:
        """Accept all that wait, as far as there is room, into .axes."""
        if self.ss is None:
            return
        if self.resumption is not None and (self.tymth is None or self.tymth() >= self.resumption):
            self.resume()
        if self.resumption is None:
            for _ in range(self.room()):
                cs, ca = self.accept()
                if cs is None or ca is None:
                    break
                self.axes.append((cs, ca))


def inode(ha: Address) -> tuple[int, int] | None:
    """Return what tells the file at ha from others at the same path; None where there is none."""
    try:
        found = os.stat(ha) if isinstance(ha, str) else None
    except (OSError, ValueError):  # ValueError: an abstract address, which is no path
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def bufSizes(sock: Socket | Listener | None) -> tuple[int, int]:
    """Return (send, receive) buffer sizes of sock in bytes; (0, 0) for None."""
    if sock is None:
        return (0, 0)
    return (
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF),
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF),
    )
