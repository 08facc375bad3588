"""Servants over TLS.

RemoterTls   a Remoter whose bytes go through TLS
ServerTls    a Server of them: a connection is in .cxes while it shakes hands, then in .ixes

A handshake that fails or stalls ends that connection and no other.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import Any

from ... import help
from .certifying import Certify, Certs, Path, initServerContext
from .remoting import Remoter
from .securing import Secured
from .servanting import Server
from .tlsing import TlsFilter

logger = help.ogler.getLogger()

#: Handshakes that one turn takes a step at the most. A step may cost a signature, up to a millisecond.
ShakeBudget = 32


class RemoterTls(Secured, Remoter):
    """One accepted connection over TLS; see Secured for what it tells.

    Parameters (beside those of Remoter):
        context: SSLContext, used as it is; None, or any of the others given: see initServerContext.
        version, certify, keypath, certpath, cafilepath: see initServerContext.
    """

    context: ssl.SSLContext

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        version: int | None = None,
        certify: Certify = None,
        keypath: Path | None = None,
        certpath: Path | None = None,
        cafilepath: Path | None = None,
        **kwa: Any,
    ) -> None:
        settings = (version, certify, keypath, certpath, cafilepath)
        if context is None or any(setting is not None for setting in settings):
            context = initServerContext(context, version, certify, keypath, certpath, cafilepath)
        super().__init__(context=context, **kwa)

    def wrap(self) -> None:
        """Begin a session, without a byte of handshake yet."""
        self.tls = TlsFilter(self.context, server=True)

    def shaken(self) -> None:
        """Have the session tickets sent at the end of the turn, along with an answer if there is one by then."""
        if self.watch is not None:
            self.stir()


class ServerTls(Server):
    """A Server over TLS.

    Parameters (beside those of Server):
        context, version, certify, keypath, certpath, cafilepath, alpn, certs: see initServerContext. With certify None
            clients must show a certificate.
        handshakeTymeout (float): seconds of tyme that a handshake may take; None: HandshakeTymeout; 0.0: for ever.

    Attributes:
        cxes (dict): ca -> RemoterTls that shakes hands, oldest first.
        context (ssl.SSLContext): the finished one, made once and used for every connection.
        alpns, certs: alpn and certs as given.

    Raises: see initServerContext.
    """

    HandshakeTymeout = 10.0  # many times what the slowest network needs for four flights
    Remoter: Any = RemoterTls

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        version: int | None = None,
        certify: Certify = None,
        keypath: Path | None = None,
        certpath: Path | None = None,
        cafilepath: Path | None = None,
        alpn: Iterable[str] | None = None,
        certs: Certs | None = None,
        handshakeTymeout: float | None = None,
        **kwa: Any,
    ) -> None:
        self.owned = context  # made by somebody else, who may have set it up in ways that we cannot repeat
        self.version = version
        self.certify = certify
        self.keypath = keypath
        self.certpath = certpath
        self.cafilepath = cafilepath
        self.alpns = alpn
        self.certs = certs
        self.context = self.makeContext(context)
        self.handshakeTymeout = self.HandshakeTymeout if handshakeTymeout is None else handshakeTymeout
        self.cxes: dict[Any, Any] = {}
        self.shakers: dict[Any, None] = {}  # those in cxes that may take a step, in the order they became ready
        super().__init__(**kwa)

    # -- certificates -------------------------------------------------------------------------------------

    def makeContext(self, context: ssl.SSLContext | None) -> ssl.SSLContext:
        """Return context, or a new one for None, completed with what this servant was given."""
        return initServerContext(context, self.version, self.certify, self.keypath, self.certpath, self.cafilepath,
                                 alpn=self.alpns, certs=self.certs)

    def recertify(
        self,
        keypath: Path | None = None,
        certpath: Path | None = None,
        cafilepath: Path | None = None,
        certs: Certs | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Show other certificates to connections from now on; those that stand are not touched.

        Parameters:
            keypath, certpath, cafilepath, certs: see initServerContext; None: the same files as before, read again.
            context: SSLContext to use. Needed if the servant was given one; else None: a new one is made.

        Raises: as initServerContext does; the certificates in use then stay in use. ValueError: context missing.
        """
        if context is None and self.owned is not None:
            raise ValueError("a servant that was given a context cannot make another: give a context to recertify")
        before = self.keypath, self.certpath, self.cafilepath, self.certs
        self.keypath = self.keypath if keypath is None else keypath
        self.certpath = self.certpath if certpath is None else certpath
        self.cafilepath = self.cafilepath if cafilepath is None else cafilepath
        self.certs = self.certs if certs is None else certs
        try:
            self.context = self.makeContext(context)
        except BaseException:
            self.keypath, self.certpath, self.cafilepath, self.certs = before
            raise
        self.owned = context

    # -- readiness ----------------------------------------------------------------------------------------

    def wind(self, tymth: Any) -> None:
        """Go by tymth, with all connections; handshakes have their whole tymeout anew."""
        super().wind(tymth)
        for ix in self.cxes.values():
            ix.wind(tymth)

    def registrations(self) -> Iterator[tuple[Any, Any, int]]:
        """Yield (socket, thing, events) for the listening socket and each connection."""
        yield from super().registrations()
        for ix in self.cxes.values():
            if ix.cs is not None and ix.events:
                yield ix.cs, ix, ix.events

    def rest(self, tock: float = 0.0) -> float:
        """Return what a doer of this servant may yield: its Watch when the root will wake it, else tock."""
        watch = super().rest(tock)
        if watch is self.watch:
            if self.shakers:
                watch.wake()
            due = self.dueCxes()
            if due is not None and (watch.until is None or due < watch.until):
                watch.until = due
        return watch

    # -- connections --------------------------------------------------------------------------------------

    def open(self) -> bool:
        """Drop what an earlier opening left, then listen; see Acceptor.open."""
        self.cxes.clear()
        self.shakers.clear()
        return super().open()

    def close(self) -> None:
        """Close the listening socket and every connection. The entries of .ixes stay readable."""
        self.closeCxes()
        super().close()

    def closeCxes(self) -> None:
        """Close all connections that shake hands."""
        for ix in list(self.cxes.values()):
            ix.close()
        self.cxes.clear()
        self.shakers.clear()

    def held(self) -> int:
        """Number of connections that count against .connections."""
        return super().held() + len(self.cxes)

    def remoting(self) -> dict[str, Any]:
        """Return the keywords with which Remoters are made."""
        return super().remoting() | {"context": self.context}

    def enroll(self, ix: Any) -> None:
        """Have ix shake hands, in .cxes, or keep it in .ixes once it has."""
        if ix.connected:
            super().enroll(ix)
            return
        stale = self.cxes.pop(ix.ca, None)
        if stale is not None:  # the same far address again: the old connection is over
            stale.close()
        self.cxes[ix.ca] = ix
        self.shakers[ix] = None

    def closed(self, ix: Any) -> None:
        """Note that ix was closed: there may be room for another connection."""
        if self.cxes.get(ix.ca, self) is ix:
            del self.cxes[ix.ca]
            self.shakers.pop(ix, None)
        super().closed(ix)

    def serviceConnects(self) -> list[Any]:
        """Take connections that wait and handshakes further; return the list of Remoters that are ready for bytes."""
        super().serviceConnects()
        return self.serviceCxes()

    def serviceCxes(self) -> list[Any]:
        """Take a step with each handshake that can go on; those done move to .ixes, and the list of them is returned.

        Those that failed, or took longer than handshakeTymeout, are closed and dropped.
        """
        if not self.cxes:
            return []
        self.collect()
        self.sift()
        fresh = []
        for ix in list(self.shakers)[:ShakeBudget]:
            del self.shakers[ix]
            if ix.handshake():
                del self.cxes[ix.ca]
                ix.refresh()
                self.enroll(ix)
                if ix.unsealed or ix.over:
                    self.readable.append(ix)  # it came along with the handshake: no socket will tell of it
                fresh.append(ix)
        self.expireCxes()
        return fresh

    def sift(self) -> None:
        """Have those of .readable that are in mid-handshake take a step rather than be read from."""
        shaking = [ix for ix in self.readable if self.cxes.get(ix.ca) is ix]
        if shaking:
            self.shakers.update(dict.fromkeys(shaking))
            self.readable = [ix for ix in self.readable if self.cxes.get(ix.ca) is not ix]

    def dueCxes(self) -> float | None:
        """Tyme at which the oldest handshake is out of tyme, None when there is none or it may take for ever."""
        if not self.cxes or not self.handshakeTymeout or self.tymth is None:
            return None
        moved: float = next(iter(self.cxes.values())).moved
        return moved + self.handshakeTymeout

    def expireCxes(self) -> None:
        """Close those whose handshake is out of tyme."""
        while (due := self.dueCxes()) is not None and self.tymth is not None and due <= self.tymth():
            next(iter(self.cxes.values())).abort(f"not done after {self.handshakeTymeout} s")
