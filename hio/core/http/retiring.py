"""Retiring: how a server ends without losing a request.

    retire()      no new connections; each connection's next answer is its last
    retired       whether all connections are gone
    leftovers()   what is still under way, in words, for whoever has to break it off

A keep-alive connection that rests may have a request on its way which nobody here has seen. So it is not closed at
once: it is given some patience, and a request that comes within it is answered, with Connection: close.
"""

from __future__ import annotations

from .. import tcp
from ..tcp.netting import Address
from .requesting import ANSWER, DRAIN, HEAD, IDLE, LINGER, Requestant

#: Times that a server which retires looks for those who wait at the door; one look takes in hundreds.
Sweeps = 16


class Retiring:
    """Part of Keeper.

    Attributes:
        retiring (bool): retire() was called; the server is not opened again.
    """

    Patience = 1.0  # seconds of tyme: several round trips around the world

    retiring = False
    tymeout: float
    servant: tcp.Server
    reqs: dict[Address, Requestant]

    def retire(self, patience: float | None = None) -> None:
        """Accept what waits at the door, then no more; answer what is asked, and end each connection after that.

        Requests of which all bytes are here are answered before the Connection: close of the last one. Event streams,
        which would never end, are ended in good order. patience: seconds of tyme for which a connection that rests is
        kept for a request that may be on its way, or for the rest of a head; None: Patience. Twice is as good as once.
        """
        if self.retiring:
            return
        servant = self.servant
        servant.budget = None
        servant.knocked = True
        for _ in range(Sweeps):
            if servant.knocked:
                self.serviceConnects()
        self.retiring = True
        servant.deafen()
        patience = self.Patience if patience is None else patience
        self.tymeout = min(self.tymeout, patience) if self.tymeout else patience
        for req in list(self.reqs.values()):
            if req.phase is IDLE or req.phase is HEAD:
                self.arm(req, self.tymeout)
            elif req.phase is ANSWER:
                self.dismiss(req)
        servant.watch.wake()

    def idle(self) -> bool:
        """Whether no request is being received or answered: a connection may still have to be ended, by later turns."""
        return all(
            req.phase is IDLE or req.phase >= LINGER or (req.phase is DRAIN and not req.remoter.txbs)
            for req in self.reqs.values()
        )

    @property
    def retired(self) -> bool:
        """Whether retire() was called and no connection is left."""
        return self.retiring and not self.reqs and not self.servant.held()

    def dismiss(self, req: Requestant) -> None:
        """End a response that would go on for ever; for subclasses."""

    def leftovers(self) -> list[str]:
        """Return a text for each request that is being received or answered, in the order of their connections."""
        return [
            f"{req.where()} from {req.remoter.ca} in phase {req.phase.name}"
            for req in self.reqs.values() if req.phase is not IDLE and req.phase < LINGER
        ]

    def serviceConnects(self) -> None:
        """Take new connections."""
        raise NotImplementedError

    def arm(self, req: Requestant, tymeout: float) -> None:
        """Have req expire tymeout seconds from now."""
        raise NotImplementedError
