"""Holder: the connections that an HTTP server holds: how they begin, are given time, and end.

Journal   what a server tells of each request, if somebody wants to know
Holder    base of Keeper, which says what happens in a turn

Ending is most of the work, because an answer is only given once the peer has it; keeping.py draws the phases.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ... import help
from ...base.polling import READ
from ...base.tyming import Tymth
from ...help.helping import typed
from ...hioing import Mixin
from .. import tcp
from ..tcp.deadlining import Deadlines, Never
from ..tcp.netting import Address
from ..tcp.remoting import Remoter
from ..wiring import WireLog
from .erring import HTTPError
from .faulting import HTTPException, MessageTimeout
from .limiting import LIMITS, Limits, check
from .planning import Dater, plan
from .requesting import ANSWER, BODY, DRAIN, GONE, HEAD, IDLE, LINGER, Requestant
from .responding import Responder
from .retiring import Retiring
from .staging import ENDED

logger = help.ogler.getLogger()


class Journal(Protocol):
    """Is told what becomes of each request, at the moment that it does."""

    def turn(self) -> None:
        """A turn of a server begins."""

    def began(self, req: Requestant, /) -> None:
        """Note that the first bytes of a request came from req."""

    def ongoing(self, req: Requestant, /) -> None:
        """Note that the response to req is not whole at the end of a step."""

    def answered(self, req: Requestant, rep: Responder, /) -> None:
        """Note that rep has the whole response to req, or that the application failed."""

    def refused(self, req: Requestant, fault: HTTPException, size: int, /) -> None:
        """Note that the server itself answered req, which it cannot serve, by fault, with size bytes of body."""

    def sent(self, req: Requestant, /) -> None:
        """Note that all that was queued for the connection of req is sent."""

    def gone(self, req: Requestant, /) -> None:
        """Note that the connection of req ends, whatever it was doing."""


#: Bytes of a block that is allocated and freed when a server opens, never touched. PERF: glibc's malloc then keeps
#: twice as much at the top of its heap, which else it gives to the system after each turn with bodies in it, to fault
#: it in again in the next, page by page. POST of 10 KB, 64 connections: 16 to 28 % of the rate
Headroom = 1 << 22

#: Parameters of a servant that mean nothing without TLS.
OF_TLS = ("context", "keypath", "certpath", "cafilepath", "certify", "certs")


class Holder(Retiring, Mixin):
    """Base of HTTP servers: owns a servant and minds its connections.

    Parameters: see Server.

    Attributes:
        servant (tcp.Server): listens and holds the Remoters in .ixes.
        reqs (dict): ca -> Requestant.
        secured (bool): speaks TLS. scheme (str): http or https.
        limits (Limits): what one connection may cost.
        journal (Journal | None): is told what becomes of each request.
    """

    Tymeout = 5.0
    journal: Journal | None = None

    def __init__(
        self,
        name: str = "",
        servant: tcp.Server | None = None,
        reqs: dict[Address, Requestant] | None = None,
        bufsize: int = 8096,
        wl: WireLog | None = None,
        ha: Address | None = None,
        host: str = "",
        port: int | None = None,
        eha: Address | None = None,
        scheme: str = "",
        tymeout: float | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] | None = None,
        **kwa: Any,
    ) -> None:
        self.name = name
        self.limits = LIMITS if limits is None else limits
        if not isinstance(self.limits, Limits):
            raise TypeError(f"limits must be Limits, got {limits!r}")
        if tymeout is None:
            tymeout = self.Tymeout if limits is None else limits.idleTymeout
        self.tymeout = tymeout
        check("idleTymeout", self.tymeout)
        if scheme not in ("", "http", "https"):
            raise ValueError(f"scheme must be 'http' or 'https', got {scheme!r}")
        self.reqs = typed("reqs", reqs, dict) if reqs is not None else {}
        self.reqs.clear()
        if servant is not None:
            agree(servant, ha, host, port)
        else:
            servant = self.make(ha=ha, host=host, port=port, scheme=scheme, bufsize=bufsize, wl=wl, **kwa)
        self.engage(servant, scheme)
        self.dater = Dater(clock)
        self.deadlines = Deadlines()
        self.fed: list[Requestant] = []  # with something new to parse
        self.closings: list[Requestant] = []  # whose last answer is given, to be ended in the next turn
        self.now: float | None = None  # tyme of the turn
        super().__init__()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.servant!r} reqs={len(self.reqs)}>"

    def make(
        self,
        *,
        ha: Address | None,
        host: str,
        port: int | None,
        scheme: str,
        bufsize: int,
        wl: WireLog | None,
        **kwa: Any,
    ) -> tcp.Server:
        """Return the servant for these parameters, see the class; kwa goes to it.

        Raises ValueError for what only TLS needs where there is to be none: it must not be left off unnoticed.
        """
        secured = scheme == "https"
        if ha is None:
            ha = (host, port if port is not None else 443 if secured else 80)
        kind: type[tcp.Server] = tcp.Server
        if secured:
            kind = tcp.ServerTls
            kwa = {"alpn": ("http/1.1",), "handshakeTymeout": self.limits.handshakeTymeout} | kwa
        else:
            for name in OF_TLS:
                if (value := kwa.pop(name, None)) is not None:
                    raise ValueError(f"{name} {value!r} is for TLS: with it goes scheme='https'")
        return kind(ha=ha, bs=bufsize, wl=wl, tymeout=self.tymeout, connections=self.limits.connections, **kwa)

    def engage(self, servant: tcp.Server, scheme: str) -> None:
        """Own servant. Raises ValueError when it is none, or scheme says otherwise."""
        if not isinstance(servant, tcp.Server):
            raise ValueError(f"servant must be a tcp.Server or tcp.ServerTls, got {servant!r}")
        self.servant = servant
        self.secured = isinstance(servant, tcp.ServerTls)
        if scheme and (scheme == "https") != self.secured:
            raise ValueError(f"scheme {scheme!r} contradicts servant {servant!r}")
        self.scheme = "https" if self.secured else "http"
        servant.idling = False  # tymeouts are minded here

    # -- opening and closing ------------------------------------------------------------------------------

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with the servant; every tymeout starts anew."""
        self.servant.wind(tymth)
        self.now = tymth() if tymth is not None else None
        self.deadlines.clear()
        for req in self.reqs.values():
            req.since = None
            self.arm(req, self.patience(req))

    def patience(self, req: Requestant) -> float:
        """Return the tymeout of the phase that req is in; 0.0: none."""
        limits = self.limits
        if req.phase is ANSWER and not req.remoter.txbs:
            return 0.0  # it waits for its application
        return {
            IDLE: self.tymeout, HEAD: limits.headTymeout, BODY: limits.bodyTymeout, LINGER: limits.lingerTymeout,
        }.get(req.phase, limits.stallTymeout)  # fmt: skip

    def reopen(self, **kwa: Any) -> bool:
        """Drop all connections and listen; return whether the address was had. kwa, as of doers, is ignored."""
        self.closeAll()
        bytes(Headroom)
        return self.servant.reopen()

    def close(self) -> None:
        """Close every connection, breaking off what is being answered, then stop listening."""
        self.closeAll()
        self.servant.close()

    def closeAll(self) -> None:
        """Close every connection."""
        for ca, req in list(self.reqs.items()):
            req.cause = req.cause or "server closed"
            self.closeConnection(ca)
        self.fed.clear()
        self.closings.clear()
        self.deadlines.clear()

    def rest(self, tock: float = 0.0) -> float:
        """Return what a doer of this server may yield: its Watch when the root will wake it, else tock."""
        watch = self.servant.watch
        if self.servant.rest(tock) is not watch:
            return tock
        if self.fed or self.closings:
            watch.wake()
        due = self.deadlines.next()
        if due is not None and (watch.until is None or due < watch.until):
            watch.until = due
        return watch

    # -- one connection -----------------------------------------------------------------------------------

    def welcome(self, ix: Remoter) -> None:
        """Make the Requestant of ix, a new connection."""
        req = Requestant(remoter=ix, limits=self.limits)
        self.adopt(req, ix)

    def adopt(self, req: Requestant, ix: Remoter) -> None:
        """Have req stand for the connection ix."""
        req.keeper = self
        ix.protocol = req
        self.reqs[ix.ca] = req
        self.arm(req, self.tymeout)

    def arm(self, req: Requestant, tymeout: float) -> None:
        """Have req expire tymeout seconds from now; 0.0: never."""
        if not tymeout or self.now is None:
            req.due = Never
            return
        due = self.now + tymeout
        if due < req.check:
            self.deadlines.arm(req, due)
        else:
            req.due = due

    def forget(self, req: Requestant) -> None:
        """Drop what is kept of req, whose connection was closed by whomever. Once."""
        if req.phase is not GONE:
            if self.journal is not None:
                self.journal.gone(req)
            req.phase = GONE
            self.deadlines.forget(req)
            ca = req.remoter.ca
            if self.reqs.get(ca) is req:
                del self.reqs[ca]
            if self.servant.ixes.get(ca) is req.remoter:
                del self.servant.ixes[ca]
            req.release()
            req.remoter.protocol = None
            req.keeper = req.reader = req.fault = None  # each leads back to req, which would wait for a collection

    def closeConnection(self, ca: Address) -> None:
        """Close the connection from ca and drop all that is kept of it. Unknown: does nothing."""
        req = self.reqs.get(ca)
        if req is not None:
            self.drop(req)

    def drop(self, req: Requestant) -> None:
        """Close the connection of req after one last attempt to send what is queued."""
        ix = req.remoter
        self.forget(req)
        ix.close()

    def cut(self, req: Requestant) -> None:
        """Reset the connection of req, so that the peer cannot take what it got for the whole."""
        ix = req.remoter
        self.forget(req)
        ix.cut()

    # -- ending a connection in good order ----------------------------------------------------------------

    def conclude(self, req: Requestant) -> None:
        """Note that req has had its last answer: its connection ends once all of it is sent, from the next turn on."""
        if req.phase < DRAIN:
            req.phase = DRAIN
            req.closing = True
            self.closings.append(req)

    def drain(self, req: Requestant) -> None:
        """End the sending direction of req's connection if all is sent, else wait for that."""
        ix = req.remoter
        req.closing = False
        if req.phase is not DRAIN:
            return
        if ix.broken or ix.cs is None:
            self.drop(req)
        elif ix.txbs:
            self.arm(req, self.limits.stallTymeout)
        elif req.doomed:
            req.phase = LINGER
            self.arm(req, self.limits.lingerTymeout)
            if req.due == Never:
                self.cut(req)
        elif ix.cutoff or (req.stage is ENDED and not req.errored and not ix.rxbs and not req.persisted):
            self.drop(req)  # the peer knows that this is the end, and has nothing under way
        else:
            req.phase = LINGER
            ix.shutdownSend()
            ix.heed(READ)
            self.arm(req, self.limits.lingerTymeout)
            self.linger(req)

    def linger(self, req: Requestant) -> None:
        """Discard what came while the connection of req ends."""
        rxbs = req.remoter.rxbs
        req.drained += len(rxbs)
        rxbs.clear()
        if req.doomed:
            if req.drained > self.limits.lingerBytes:
                self.cut(req)
        elif req.remoter.cutoff or req.drained > self.limits.lingerBytes:
            self.drop(req)

    def refuse(self, req: Requestant, fault: HTTPException) -> None:
        """Answer req, which cannot be served, by the status and text of fault, and end its connection."""
        logger.info("%s: %s from %s: %s", fault.status, req.where(), req.remoter.ca, fault)
        req.errored = True
        error = HTTPError(fault.status, detail=getattr(fault, "text", ""))
        body = b"" if req.mute else error.render()  # RFC 9110, 9.3.2
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(error.render())))]
        lead = plan(f"{error.status} {error.reason}", headers).lead
        req.remoter.tx(b"".join((lead, self.dater.render(), b"Connection: close\r\n\r\n", body)))
        req.armed = False
        if self.journal is not None:
            self.journal.refused(req, fault, len(body))
        req.phase = ANSWER
        self.conclude(req)

    def expire(self, req: Requestant) -> None:
        """Act on a connection that was too long in its phase: refuse, drop or cut it."""
        if req.phase is IDLE:
            if req.remoter not in self.servant.readable:  # else a request came at the last moment
                self.drop(req)
        elif req.phase in (HEAD, BODY):
            self.refuse(req, MessageTimeout(f"no progress of a {req.phase.name.lower()} for its tymeout"))
        else:
            if req.phase < LINGER:
                logger.info("%s took nothing of %d bytes in its tymeout", req.remoter.ca, len(req.remoter.txbs))
                req.cause = "stalled"
                self.cut(req)
            elif req.doomed:
                self.cut(req)
            else:
                self.drop(req)


def agree(servant: tcp.Server, ha: Address | None, host: str, port: int | None) -> None:
    """Raise ValueError when an address that was given is not that of the servant that was given."""
    own = getattr(servant, "ha", None)
    if ha is None and isinstance(own, tuple):
        ha = (host or own[0], own[1] if port is None else port)
    if ha is not None and ha != own and not (isinstance(own, tuple) and ha == ("", own[1]) and own[0] == "0.0.0.0"):
        raise ValueError(f"address {ha!r} contradicts servant {servant!r}")
