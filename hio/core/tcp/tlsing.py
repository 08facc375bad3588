"""TlsFilter: one end of a TLS session between two buffers, without a socket.

    ciphertext from the peer  ->  feed    shake, then unseal  ->  plaintext
    plaintext                 ->  seal    take                ->  ciphertext for the peer

The same object serves both sides and any network: its owner carries the bytes. Four things that look alike on a
socket are kept apart: nothing yet, a clean end (.notified), a failure (.failure), and a cut, which the owner
sees as the end of the ciphertext without .notified.

Knows no socket, no tyme and no buffer limits; see securing.py for those.
"""

from __future__ import annotations

import ssl

#: Bytes of plaintext that a TLS record holds at the most (RFC 8446, 5.1).
RECORD = 1 << 14
#: Bytes that a record takes on the wire at the most: TLS 1.2 allows it 2048 more (RFC 5246, 6.2.3), and 5 of head.
WIRE = RECORD + 2048 + 5


class TlsError(ssl.SSLError):
    """A TLS session that failed; its text names the far side and the reason. An OSError, as ssl.SSLError is."""

    def __init__(self, text: str) -> None:
        super().__init__(ssl.SSL_ERROR_SSL, text)


class TlsObject(ssl.SSLObject):
    """SSLObject that remembers the server name its peer asked for (RFC 6066, 3)."""

    sni: str | None = None


class TlsFilter:
    """One end of a TLS session.

    Parameters:
        context: SSLContext.
        server (bool): the side that answers.
        hostname (str | None): name or address that a client expects of the server; sent as server name unless it is an
            address; None: neither sent nor checked.
        session: SSLSession of an earlier session with the same context, for a client to resume; None: a full handshake.

    Attributes:
        established (bool): the handshake is done.
        version (str | None): TLSv1.2 or TLSv1.3 once established.
        notified (bool): the peer ended its direction by close_notify.
        ended (bool): this side did.
        failure (OSError | None): why the session is dead: what ssl raised, or what the owner put here.
        incoming, outgoing (ssl.MemoryBIO): ciphertext from and for the peer; .outgoing.pending is the size that waits.
        obj (ssl.SSLObject): the session itself.

    Raises:
        ValueError: hostname missing where context demands its check.
    """

    __slots__ = ("incoming", "outgoing", "obj", "established", "version", "notified", "ended", "failure")

    def __init__(
        self,
        context: ssl.SSLContext,
        server: bool = False,
        hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        if not server and context.check_hostname and not hostname:
            raise ValueError("hostname must be given, the context demands that it is checked")  # ssl would not check it
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.obj = context.wrap_bio(self.incoming, self.outgoing, server, hostname, session)
        self.established = False
        self.version: str | None = None
        self.notified = False
        self.ended = False
        self.failure: OSError | None = None

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} established={self.established} notified={self.notified} "
            f"failure={self.failure!r}>"
        )

    def feed(self, data: bytes | bytearray) -> None:
        """Take data, ciphertext that came from the peer."""
        self.incoming.write(data)

    def take(self) -> bytes:
        """Return all ciphertext that waits for the peer, b"" when there is none."""
        return self.outgoing.read()

    def shake(self) -> bool:
        """Take the handshake as far as what was fed allows; return whether it is done.

        Once it failed, .failure says why, and take() may hold an alert that tells the peer.
        """
        if not self.established and self.failure is None:
            try:
                self.obj.do_handshake()
            except ssl.SSLWantReadError:
                return False
            except ssl.SSLError as ex:
                self.failure = ex.with_traceback(None)  # whose frames would hold on to all this
                return False
            self.established = True
            self.version = self.obj.version()
        return self.established

    def unseal(self) -> bytes:
        """Return the plaintext of all that was fed; b"" when there is none yet, or none any more.

        Nothing is left for later but the beginning of a record that is not whole: who unseals after each feed need
        not ask again before the next. A peer's close_notify sets .notified; a broken record sets .failure and
        what came before it is still returned.
        """
        incoming, read = self.incoming, self.obj.read
        data = b""
        try:
            while incoming.pending and not self.notified:  # PERF: a read just to be told "no more" takes 1 us
                part = read(RECORD)
                if part:
                    data = data + part if data else part
                else:
                    self.notified = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.notified = True
        except ssl.SSLError as ex:
            self.failure = ex.with_traceback(None)  # whose frames would hold on to all this
        return data

    def seal(self, data: bytes | bytearray | memoryview) -> None:
        """Have data wait as ciphertext. Raises ssl.SSLError when the session cannot send any more."""
        if data:
            self.obj.write(data)

    def end(self) -> None:
        """End this direction by close_notify (RFC 8446, 6.1); the other one stays as it is. Once; no error if dead."""
        if not self.ended and self.established and self.failure is None:
            self.ended = True
            try:
                self.obj.unwrap()  # writes the alert, then finds that the answer is not there yet
            except ssl.SSLError:
                pass


def reason(ex: BaseException) -> str:
    """Return what people can make of ex, an error that ssl raised: the reason without the library's decoration."""
    if isinstance(ex, ssl.SSLCertVerificationError):
        return f"certificate refused: {ex.verify_message}"
    word = getattr(ex, "reason", None) if isinstance(ex, ssl.SSLError) else None
    if word:
        return str(word).lower().replace("_", " ")
    return str(ex)
