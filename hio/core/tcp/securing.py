"""Secured: what the TLS streams of both sides add to a Stream.

rxbs and txbs hold plaintext; ciphertext lives in between:

    socket -> tls.incoming -> unsealed -> rxbs        unsealed: plaintext that a raw receive() has not handed out yet
    txbs -> tls.outgoing -> sealed -> socket          sealed: ciphertext that the kernel did not take yet

What was sealed stays in txbs until the kernel has taken its ciphertext. So txbs is empty exactly when all is
sent, on TLS as on plain TCP, and a peer that does not read is felt by whoever minds the size of txbs. Each read
from the socket is unsealed as a whole, so nothing ever waits inside TLS for a socket event that will not come.
"""

from __future__ import annotations

import errno
import ssl
from socket import SHUT_RD, SHUT_RDWR, SHUT_WR
from typing import Any

from ... import help
from ...base.polling import READ, WRITE
from .netting import Data, Socket
from .streaming import Stream
from .tlsing import WIRE, TlsError, TlsFilter, reason

logger = help.ogler.getLogger()

#: Bytes of plaintext that are sealed at one time, four records; more wait in txbs until the kernel took these.
SealMark = 1 << 16
#: Times that one service call seals and sends, so that a fast peer cannot hold the turn: 1 MiB.
SealBudget = 16
#: Bytes of ciphertext beyond that of txbs (answers to key updates) that may wait for a peer that takes nothing.
AnswerMark = 1 << 14
#: Reads that one service call makes in search of a whole record, or of the next flight of a handshake.
PullBudget = 4


class Secured(Stream):
    """Mixin before a Stream: everything that passes goes through TLS.

    Attributes (beside those of Stream):
        context (ssl.SSLContext): as finished.
        tls (TlsFilter | None): the session; None before wrap().
        connected (bool): the handshake is done and bytes can be exchanged.
        aborted (bool): the handshake failed, and the connection is closed. .failure says why.
        truncated (bool): the connection ended without close_notify: what came may not be all (RFC 9112, 9.8).
        failure (OSError | None): a TlsError that names the far side and the reason, or what broke the connection.
        alpn (str | None): application protocol agreed on (RFC 7301).
        sni (str | None): server name that the client asked for (RFC 6066, 3).
        peercert (dict | None): the far side's certificate, as ssl's getpeercert gives it, if it was verified.
        tlsVersion (str | None): TLSv1.2 or TLSv1.3. cipher (tuple | None): name, version, bits.
        resumed (bool): the session continues an earlier one.
    """

    # Both may be None, and are asked for anything only where they are not.
    tls: TlsFilter
    cs: Socket

    def __init__(self, context: ssl.SSLContext | None = None, **kwa: Any) -> None:
        self.context = context
        self.sealed = bytearray()
        self.renew()
        super().__init__(**kwa)

    def renew(self) -> None:
        """Forget the session of an earlier connection."""
        self.tls = None  # type: ignore[assignment]  # before wrap()
        self.sealed.clear()
        self.sealing = 0  # bytes at the front of txbs whose ciphertext is in sealed
        self.unsealed = b""
        self.over = False  # the far side's direction ended, or the session died, which is still to be acted on
        self.parting = False  # close_notify and the end of TCP's direction follow once txbs is empty
        self.aborted = False
        self.truncated = False

    # -- facts --------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the handshake is done and bytes can be exchanged."""
        return self.tls is not None and self.tls.established and self.cs is not None

    @property
    def established(self) -> ssl.SSLObject | None:
        """The SSLObject of a session that is or was established, else None."""
        return self.tls.obj if self.tls is not None and self.tls.established else None

    @property
    def alpn(self) -> str | None:
        """Application protocol agreed on, None when there is none."""
        obj = self.established
        return obj.selected_alpn_protocol() if obj is not None else None

    @property
    def sni(self) -> str | None:
        """Server name that the client asked for, None when it asked for none."""
        return getattr(self.tls.obj, "sni", None) if self.tls is not None else None

    @property
    def peercert(self) -> dict[str, Any] | None:
        """The far side's certificate if it showed one that was verified, else None."""
        obj = self.established
        return (obj.getpeercert() or None) if obj is not None else None

    @property
    def tlsVersion(self) -> str | None:
        """TLSv1.2 or TLSv1.3; None before the handshake is done."""
        return self.tls.version if self.tls is not None else None

    @property
    def cipher(self) -> tuple[str, str, int] | None:
        """Name, version and secret bits of the cipher; None before the handshake is done."""
        obj = self.established
        return obj.cipher() if obj is not None else None

    @property
    def resumed(self) -> bool:
        """Whether the session continues an earlier one."""
        obj = self.established
        return bool(obj.session_reused) if obj is not None else False

    def peer(self) -> str:
        """Return the far side as people know it, for messages."""
        return str(self.ca)

    # -- handshake ----------------------------------------------------------------------------------------

    def wrap(self) -> None:
        """Begin a session, without a byte of handshake yet."""
        raise NotImplementedError

    def begin(self) -> None:
        """Begin a session, and say what a client says before anything came."""
        self.wrap()
        self.tls.shake()

    def handshake(self) -> bool:
        """Take the handshake a step, as far as what came allows; return whether it is done.

        A failure closes the connection and sets .aborted and .failure; nothing that the peer does is raised.
        """
        if self.cs is None:
            return False
        if self.tls is None:
            self.begin()
        tls = self.tls
        if tls.established:
            return True
        done = False
        for _ in range(PullBudget):
            self.flush()  # our flight, that the peer's answer follows
            if not self.pullFlight(tls):
                break
            done = tls.shake()
            if done or tls.failure is not None:
                break
        if tls.failure is not None:
            self.abort(tls.failure)
        elif done:
            self.unsealed = self.unseal()  # what came along with the last flight
            self.shaken()
        else:
            self.heed(self.events)
        return bool(tls.established)

    def pullFlight(self, tls: TlsFilter) -> bool:
        """Feed tls what came; return whether anything did. The end of the connection becomes .failure of tls."""
        try:
            data = self.cs.recv(WIRE)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as ex:
            tls.failure = ex.with_traceback(None)
            return False
        if data:
            tls.feed(data)
        else:
            tls.failure = ConnectionResetError(errno.ECONNRESET, "closed by the far side in mid-handshake")
        return bool(data)

    def shaken(self) -> None:
        """Hook: the handshake is done; ciphertext may wait to be sent."""

    def abort(self, ex: BaseException | str) -> None:
        """Give up the handshake because of ex: tell the peer as far as it takes it, and close."""
        text = ex if isinstance(ex, str) else reason(ex)
        if self.cs is not None:
            self.flush()
        self.failure = TlsError(f"TLS handshake with {self.peer()} failed: {text}")
        self.failure.__cause__ = ex if isinstance(ex, BaseException) else None
        self.aborted = True
        logger.info("%s", self.failure)
        self.close()

    # -- receiving ----------------------------------------------------------------------------------------

    def pull(self) -> bytes | None:
        """Read until there is plaintext, a few times at most; return it, or None when there is nothing yet.

        Returns b"" with .over or .cutoff set when the far side's direction ended without more of it.
        """
        tls = self.tls
        for _ in range(PullBudget):
            try:
                data = self.cs.recv(max(self.bs, WIRE))
            except (BlockingIOError, InterruptedError):
                return None
            except OSError as ex:
                self.fail(ex)
                return b""
            if not data:
                self.over = True
                return b""
            tls.feed(data)
            plain = self.unseal()
            if plain or self.over or self.cutoff:
                return plain
        return None

    def unseal(self) -> bytes:
        """Return the plaintext of what was fed, taking note of an end and of answers that TLS wants sent."""
        tls = self.tls
        plain: bytes = tls.unseal()
        if tls.notified or tls.failure is not None:
            self.over = True
        elif tls.outgoing.pending and tls.established and not self.txbs:
            self.flush()
            self.heed(self.events)
            if len(self.sealed) > AnswerMark:
                self.fail(TlsError(f"{self.peer()} asks for new keys and takes no answers"))
        if plain:
            if self.refreshable:
                self.refresh()
            if self.wl:
                self.wl.writeRx(plain, who=self.far)
        return plain

    def receive(self) -> bytes | None:
        """Read plaintext once without waiting.

        Returns:
            bytes | None: at most .bs bytes; None when nothing came yet; b"" with .cutoff set once the far side
            ended its direction or the connection is lost.

        Raises:
            AttributeError: closed.
        """
        if self.cs is None:
            raise AttributeError(f"TLS with {self.peer()} is closed")
        data: bytes | None = self.unsealed
        if not data:
            if self.cutoff:
                return b""
            if not self.connected:
                return None
            data = self.pull()
            if data is None:
                return None
        self.unsealed = data[self.bs:]
        if self.over and not self.unsealed:
            self.finish()
        return data[: self.bs] if data or self.cutoff else None

    def pushParts(self, head: Data, body: Data) -> int:
        """Push head and return 0: the kernel cannot seal."""
        self.push(head)
        return 0

    def pushFile(self, file: int, offset: int, count: int) -> int:
        """Return 0: the kernel cannot seal."""
        return 0

    def serviceReceiveOnce(self) -> int:
        """Read once into .rxbs; return the number of bytes of plaintext, 0 when there was none."""
        if self.cutoff or not self.connected:
            return 0
        data: bytes | None = self.unsealed
        if data:
            self.unsealed = b""
        else:
            data = self.pull()
        if data:
            self.rxbs.extend(data)
        if self.over:
            self.finish()
        return len(data) if data else 0

    def finish(self) -> None:
        """The far side's direction ended: cleanly, cut off, or because the session died."""
        self.over = False
        tls = self.tls
        if tls.failure is not None:
            self.die(tls.failure)
            return
        self.cutoff = True
        self.truncated = not tls.notified
        if tls.notified and tls.version != "TLSv1.3":  # RFC 5246, 7.2.1: answer at once, discard what is not sent
            self.txbs.clear()
            self.sealing = 0
            self.shut = self.parting = True
            self.serviceSends()
        self.heed(self.events & ~READ)

    # -- sending ------------------------------------------------------------------------------------------

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Seal and write once without waiting.

        Returns:
            int: bytes of data whose ciphertext was taken; 0 as well when the connection is lost, which sets .cutoff
            and .broken. What is not counted may be sealed already: offer the same bytes again, as TLS always asks.

        Raises:
            AttributeError: closed. BrokenPipeError: after the own shutdownSend().
        """
        if self.cs is None:
            raise AttributeError(f"TLS with {self.peer()} is closed")
        if self.shut:
            raise BrokenPipeError(errno.EPIPE, f"this side of TLS with {self.peer()} has ended")
        return self.dispatch(data) if self.connected else 0

    def tx(self, data: bytes | bytearray | memoryview) -> None:
        """Queue a copy of data to be sent. Dropped when sending is over (.broken, .shut)."""
        if not self.txbs:
            self.sealing = 0
        super().tx(data)

    def push(self, data: bytes | bytearray | memoryview) -> None:
        """Send data now as far as the kernel takes it, queue the rest. While something is queued, queue all."""
        if self.txbs or self.corked or self.broken or self.shut or not self.connected:
            self.tx(data)
            return
        self.sealing = 0
        self.txbs.extend(data)
        self.serviceSends()

    def dispatch(self, data: bytes | bytearray | memoryview) -> int:
        """Seal and write data bit by bit as long as the kernel takes it; return the bytes that it took wholly."""
        size = len(data)
        before = self.sealing
        taken = min(before, size)
        moved = 0
        for _ in range(SealBudget):
            if taken < size and not self.sealed:
                if not self.seal(data, taken):
                    return 0
                taken = min(taken + SealMark, size)
            moved += self.flush()
            if self.broken:
                return 0
            if self.sealed or taken == size:
                break
        self.sealing = min(taken, len(self.sealed))
        count = taken - self.sealing
        if moved and self.refreshable:
            self.refresh()
        if count and self.wl:
            self.wl.writeTx(data[:count], who=self.far)
        return count

    def seal(self, data: bytes | bytearray | memoryview, start: int) -> bool:
        """Seal SealMark bytes of data from start on; return whether the session could."""
        try:
            if not start and len(data) <= SealMark:
                self.tls.seal(data)
            else:
                with memoryview(data) as view, view[start : start + SealMark] as part:
                    self.tls.seal(part)
        except ssl.SSLError as ex:
            self.die(ex)
            return False
        return True

    def flush(self) -> int:
        """Write once what waits as ciphertext; return the bytes taken. A loss of the connection is noted."""
        sealed = self.sealed
        data: bytes | bytearray = self.tls.take() if self.tls is not None else b""
        if sealed:
            sealed += data
            data = sealed
        if not data:
            return 0
        try:
            count: int = self.cs.send(data)
        except (BlockingIOError, InterruptedError):
            count = 0
        except OSError as ex:
            if self.tls.ended and not self.txbs:
                sealed.clear()  # all that is lost is the goodbye to one who is gone
            elif self.tls.established:
                self.fail(ex)
            else:
                self.tls.failure = self.tls.failure or ex
            return 0
        if data is sealed:
            del sealed[:count]
        elif count < len(data):
            sealed += data[count:]
        return count

    def serviceSends(self) -> None:
        """Seal and write what the kernel takes of .txbs; wait for write-readiness with the rest."""
        if self.cs is None or self.broken or self.tls is None:
            return
        if self.txbs and self.connected:
            count = self.dispatch(self.txbs)
            if count:
                del self.txbs[:count]
        else:
            self.flush()
            if not self.txbs:
                self.sealing = 0  # also of a txbs that was dropped meanwhile
        if self.parting and not self.txbs and not self.broken:
            self.depart()
        if self.watch is not None:
            self.heedWrites()

    def heed(self, events: int) -> None:
        """Be told of events from now on, and that ciphertext can be written as long as some waits."""
        super().heed(events | WRITE if self.sealed else events)

    def heedWrites(self) -> None:
        """Ask for write-readiness exactly while something is to be sent."""
        if self.txbs and self.connected:
            self.heed(self.events | WRITE)
        else:
            self.heed(self.events & ~WRITE)

    # -- the end ------------------------------------------------------------------------------------------

    def die(self, ex: BaseException) -> None:
        """The session is dead because of ex: tell the peer as far as it takes it; the connection is lost."""
        self.flush()
        failure = TlsError(f"TLS with {self.peer()} failed: {reason(ex)}")
        failure.__cause__ = ex.with_traceback(None)
        self.fail(failure)

    def fail(self, ex: OSError | None) -> None:
        """Note that the connection is lost, and why: nothing more comes and nothing more can be sent."""
        if self.tls is not None and self.tls.established and not self.tls.notified:
            self.truncated = True
        self.sealed.clear()
        self.sealing = 0
        self.parting = False
        super().fail(ex)

    def shutdown(self, how: int = SHUT_RDWR) -> None:
        """End one or both directions in good order, without waiting.

        The own one ends with close_notify and then TCP's end, once what is queued was sent. The far side's is just not
        read any more: it counts as cut off.
        """
        if self.cs is None or not self.connected or self.broken:
            super().shutdown(how)
            return
        if how != SHUT_RD and not self.shut:
            self.shut = self.parting = True
            self.serviceSends()
        if how != SHUT_WR and self.cs is not None:
            self.cutoff = True
            self.heed(self.events & ~READ)

    def depart(self) -> None:
        """All is sent: send close_notify, then end TCP's sending direction."""
        self.tls.end()
        self.flush()
        if not self.sealed and not self.broken:
            self.parting = False
            super().shutdown(SHUT_WR)

    def close(self) -> None:
        """Send at once what the kernel takes of what is queued, close_notify after all of it, then close."""
        if self.cs is not None:
            if self.connected and not self.broken and not self.shut:
                self.shutdown(SHUT_WR)
            self.sealed.clear()
            self.sealing = 0
            self.parting = False
        super().close()
