"""Servants: listening TCP endpoints, nonblocking, serviced turn by turn. The front door of this side.

Acceptor        a listening socket                                                 (accepting)
Server          an Acceptor that keeps a Remoter for each connection                (servanting)
Remoter         one accepted connection                                            (remoting)
ServerTls, RemoterTls, initServerContext: the same over TLS                         (tlsserving, certifying)
ServerDoer      services a servant from a Doist; EchoServerDoer sends back what comes
openServer      context manager for tests
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, TypeVar, overload

from ...base import doing
from ...base.tyming import Tymth
from .accepting import Acceptor
from .certifying import initServerContext
from .remoting import Remoter
from .servanting import Server
from .servicing import Serviced, opening, serviceable
from .tlsserving import RemoterTls, ServerTls

__all__ = [
    "Acceptor", "EchoServerDoer", "Remoter", "RemoterTls", "Server", "ServerDoer", "ServerTls", "initServerContext",
    "openServer",
]


S = TypeVar("S", bound=Server)


@overload
def openServer(cls: None = None, **kwa: Any) -> AbstractContextManager[Server]: ...


@overload
def openServer(cls: type[S], **kwa: Any) -> AbstractContextManager[S]: ...


def openServer(cls: Any = None, **kwa: Any) -> AbstractContextManager[Any]:
    """Open a Server, or one of class cls made with kwa, for the length of a with block.

    Usage:
        with openServer(port=0) as server:
            server.service()
    """
    return opening((cls or Server)(**kwa))


class ServerDoer(doing.Doer):
    """Services a servant: opens it on entering, services it each turn, closes it on exit.

    Between turns it rests until a socket is ready or a deadline is due, so an idle servant costs nothing.

    Parameters:
        server: the servant, or anything with wind, reopen, service, close.
    """

    def __init__(self, server: Serviced, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.server = serviceable("server", server)

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with the server."""
        super().wind(tymth)
        self.server.wind(tymth)

    def enter(self, *, temp: bool | None = None) -> None:
        """Open the server unless it is open already; raise OSError when it cannot listen."""
        if self.tymth is not None:
            self.server.wind(self.tymth)
        if not listening(self.server) and self.server.reopen(temp=temp) is False:
            raise refusal(self.server)

    def recur(self, tyme: float) -> bool:
        """Service once."""
        self.server.service()
        return False

    def rest(self) -> float:
        """Return what to yield: the Watch of the server, unless a subclass has a recur of its own, for every turn."""
        if type(self).recur not in RESTFUL:
            return self.tock
        rest = getattr(self.server, "rest", None)
        return self.tock if rest is None else rest(self.tock)

    def exit(self) -> None:
        """Close the server."""
        self.server.close()


def listening(server: Serviced) -> bool:
    """Whether server, or the servant that it owns, listens already."""
    return bool(getattr(getattr(server, "servant", server), "opened", False))


def refusal(server: Serviced) -> OSError:
    """Return the OSError that tells why server cannot listen."""
    servant: Any = getattr(server, "servant", server)
    failure = getattr(servant, "failure", None) or OSError("cannot listen")
    return OSError(failure.errno, f"cannot listen on {servant.ha}: {failure.strerror or failure}")


class EchoServerDoer(ServerDoer):
    """A ServerDoer that sends back what each connection sends."""

    server: Server

    def recur(self, tyme: float) -> bool:
        """Service once and queue what came to be sent back."""
        self.server.service()
        for ix in self.server.ixes.values():
            if ix.rxbs:
                ix.tx(ix.rxbs)
                ix.clearRxbs()
        return False


#: What recur may be for a ServerDoer to rest while its server has nothing to do.
RESTFUL = (ServerDoer.recur, EchoServerDoer.recur)
