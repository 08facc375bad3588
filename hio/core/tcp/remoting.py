"""Remoter: a servant's side of one accepted connection, an ix in its .ixes."""

from __future__ import annotations

from typing import Any, Protocol

from ...base.tyming import Tymth
from ..wiring import WireLog
from .deadlining import Never
from .netting import Address, Socket
from .streaming import Stream


class Servant(Protocol):
    """What a Remoter asks of the servant that accepted it."""

    dirty: list[Remoter]
    turning: bool

    def closed(self, ix: Remoter, /) -> None:
        """Hook: ix was closed."""


class Remoter(Stream):
    """One accepted connection.

    Attributes (beside those of Stream):
        ha: (host, port) of the near side, or the path of a UNIX-domain socket.
        ca: (host, port) of the far side, its key in .ixes. On a UNIX-domain socket, where clients have no name,
            (path, serial number).
        server: the servant that accepted it, None for one made by hand.
        protocol: what speaks on it, with lost(), which is called when it is closed; None for none.
        due, check (float): its deadline in tyme, kept by the servant's Deadlines.
        accepted (float | None): tyme at which it was accepted, or wound to another tymth; None: not wound.
    """

    Tymeout = 0.0
    ca: Address

    def __init__(
        self,
        ha: Address | None = None,
        ca: Address | None = None,
        cs: Socket | None = None,
        tymeout: float | None = None,
        refreshable: bool = True,
        bs: int = 8096,
        wl: WireLog | None = None,
        server: Servant | None = None,
        **kwa: Any,
    ) -> None:
        self.server = server
        self.protocol: Any = None  # whose class only those know who put it there
        self.due = Never
        self.check = Never
        self.dirty = False
        super().__init__(tymeout=tymeout, refreshable=refreshable, bs=bs, wl=wl, **kwa)
        self.ha = ha  # type: ignore[assignment]  # None for one made by hand, which is in no .ixes
        self.ca = ca  # type: ignore[assignment]
        self.cs = cs
        self.refresh()
        self.accepted = self.moved

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth from now on; both its age and the idle timer start anew."""
        super().wind(tymth)
        self.accepted = self.moved

    def stir(self) -> None:
        """Have the servant send what is queued when it is next serviced, and have that happen soon."""
        if not self.dirty and self.server is not None:
            self.dirty = True
            self.server.dirty.append(self)
            if self.watch is not None and not self.server.turning:
                self.watch.wake()

    def fail(self, ex: OSError | None) -> None:
        """Note that the connection is lost, and why, and have its owner come by, since no poller tells it any more."""
        super().fail(ex)
        if self.watch is not None:
            self.stir()

    def close(self) -> None:
        """Send what the kernel takes at once of what is queued, then close. Closed already: does nothing."""
        super().close()
        if self.server is not None:
            self.server.closed(self)

    def wrap(self) -> None:
        """Nothing to wrap on a plain connection."""

    def handshake(self) -> bool:
        """No handshake on a plain connection: True."""
        return True
