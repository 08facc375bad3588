"""ClientTls: a Client over TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from .certifying import Certify, Path, initClientContext
from .connecting import Client
from .securing import Secured
from .tlsing import TlsFilter


class ClientTls(Secured, Client):
    """This side of a TLS connection to ha; see Secured for what it tells.

    A handshake that fails closes the connection and sets .aborted and .failure; another attempt is made by reopen(), or
    by a reconnectable client when its tymeout has passed.

    Parameters (beside those of Client):
        context, version, certify, hostify, keypath, certpath, cafilepath, alpn: see initClientContext. The server's
            certificate is verified, and must be for its host name, unless told otherwise.
        certedhost (str): name or address that the certificate must be for, also sent as server name; "": the host.
        session: SSLSession of an earlier connection with the same context and host, to be resumed; None: none.
        handshakeTymeout (float): seconds of tyme that a handshake may take; None: HandshakeTymeout; 0.0: for ever.

    Attributes:
        accepted (bool): the TCP connection stands. connected (bool): the handshake is done as well.
        session: SSLSession that another connection to the same host can resume, None when there is none. It is kept
            from connection to connection by itself.
        alpns: alpn as given.

    Raises: see initClientContext; ValueError: there is no host name to be checked.
    """

    HandshakeTymeout = 10.0

    context: ssl.SSLContext

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        version: int | None = None,
        certify: Certify = None,
        hostify: bool | None = None,
        certedhost: str = "",
        keypath: Path | None = None,
        certpath: Path | None = None,
        cafilepath: Path | None = None,
        alpn: Iterable[str] | None = None,
        session: ssl.SSLSession | None = None,
        handshakeTymeout: float | None = None,
        **kwa: Any,
    ) -> None:
        self.version = version
        self.certify = certify
        self.hostify = hostify
        self.keypath = keypath
        self.certpath = certpath
        self.cafilepath = cafilepath
        self.alpns = alpn
        self.handshakeTymeout = self.HandshakeTymeout if handshakeTymeout is None else handshakeTymeout
        self.began: float | None = None  # tyme at which the TCP connection stood
        self.asked = ""  # certedhost of the present session
        self._kept: tuple[str, ssl.SSLSession] | None = None  # the latest that can be resumed, and its host
        context = initClientContext(context, version, certify, hostify, keypath, certpath, cafilepath, alpn=alpn)
        super().__init__(context=context, **kwa)
        self.certedhost = certedhost or self.hostname
        if not self.certedhost and context.check_hostname:
            raise ValueError(f"certedhost must name whose certificate is expected at {self.ha!r}, or hostify be False")
        if session is not None:
            self._kept = (self.certedhost, session)

    # -- facts --------------------------------------------------------------------------------------------

    @property
    def sni(self) -> str | None:
        """Server name that is sent: certedhost unless it is an address."""
        try:
            ip_address(self.certedhost)
        except ValueError:
            return self.certedhost or None
        return None

    @property
    def session(self) -> ssl.SSLSession | None:
        """SSLSession that another connection to certedhost can resume, None when there is none."""
        obj = self.established
        if obj is not None and self.tls.failure is None:
            session = obj.session
            if session is not None and session.has_ticket:
                self._kept = (self.asked, session)
        host, session = self._kept or (None, None)
        return session if host == self.certedhost else None

    def peer(self) -> str:
        """Return the far side as people know it, for messages."""
        return f"{self.certedhost!r} at {self.ha}"

    def due(self) -> float | None:
        """Tyme at which an attempt that is under way is given up; None: never."""
        dues = [due for due in (super().due(), self.dueHandshake()) if due is not None]
        return min(dues, default=None)

    def dueHandshake(self) -> float | None:
        """Tyme at which the handshake is out of tyme, None when there is none or it may take for ever."""
        if self.began is None or not self.handshakeTymeout or self.tymth is None:
            return None
        return self.began + self.handshakeTymeout

    # -- connecting ---------------------------------------------------------------------------------------

    def wind(self, tymth: Any) -> None:
        """Go by tymth; a handshake under way has its whole tymeout anew."""
        super().wind(tymth)
        if self.began is not None:
            self.began = self.tyme

    def open(self) -> bool:
        """Make a new socket, not connected yet; return True."""
        self.renew()
        self.began = None
        return super().open()

    def close(self) -> None:
        """Send at once what the kernel takes of what is queued and close_notify, then close. .cutoff stays as it is."""
        self.session  # noqa: B018  # keeps it
        super().close()

    def connect(self) -> bool:
        """Take one step towards a usable connection; return whether it is."""
        if self.aborted or (not self.accepted and not self.accept()):
            return False
        if self.tls is None:
            self.began = self.tyme
        if not self.handshake() and not self.aborted:
            due = self.dueHandshake()
            if due is not None and self.tymth is not None and self.tymth() >= due:
                self.abort(f"not done after {self.handshakeTymeout} s")
        return self.connected

    def wrap(self) -> None:
        """Begin a session, without a byte of handshake yet."""
        self.asked = self.certedhost
        host = self.asked.rstrip(".") or None
        try:
            self.tls = TlsFilter(self.context, hostname=host, session=self.session)
        except ValueError:  # the session is of another context: one that was replaced
            self._kept = None
            self.tls = TlsFilter(self.context, hostname=host)

    def shaken(self) -> None:
        """Send the last flight, along with what is queued."""
        self.began = None
        self.serviceSends()

    def abort(self, ex: BaseException | str) -> None:
        """Give up the handshake because of ex; the next one is a full one."""
        self._kept = None
        self.began = None
        super().abort(ex)
