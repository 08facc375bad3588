"""The PROXY protocol: a few bytes before all others, in which a proxy says for whom it connects.

readPreface   bytes to what they say; both versions
Prefaced      servants that expect it from trusted addresses, before TLS
PrefacedServer, PrefacedServerTls, PrefacedHttpServer

The format is that of HAProxy's document "The PROXY protocol", versions 1 (a line of text) and 2 (binary).
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, NamedTuple

from .. import help
from ..base.polling import READ
from ..core import http, tcp
from .trusting import Trust

logger = help.ogler.getLogger()

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LongestLine = 107  # bytes of version 1, its CRLF included
LongestBlock = 4096  # bytes of version 2 that we read: addresses, and what else a proxy may add to them
HEAD = 16  # bytes of version 2 that say how long the rest is
Tymeout = 5.0  # seconds of tyme for all of it

Source = tuple[str, int] | None  # address and port of the client; None: the connection speaks for itself


class BadPreface(ValueError):
    """What came is not the PROXY protocol."""


class Preface(NamedTuple):
    """What is known of a preface.

    size: bytes of what came that belong to it. whole: whether that is all of it. source: once whole.
    """

    size: int
    whole: bool = False
    source: Source = None


def readPreface(data: bytes) -> Preface:
    """Return what data, the beginning of a connection, says; raises BadPreface."""
    if data[: len(SIGNATURE)] == SIGNATURE[: len(data)]:
        return readBlock(data)
    if data[:6] == b"PROXY "[: len(data)]:
        return readLine(data)
    raise BadPreface(f"no PROXY protocol begins with {data[:16]!r}")


def readLine(data: bytes) -> Preface:
    """Return what data, the beginning of a connection, says in version 1; raises BadPreface."""
    end = data.find(b"\r\n", 0, LongestLine)
    if end < 0:
        if len(data) >= LongestLine:
            raise BadPreface("line of the PROXY protocol is too long")
        return Preface(len(data) - data.endswith(b"\r"))
    words = data[:end].decode("latin-1").split(" ")
    if words[1] == "UNKNOWN":
        return Preface(end + 2, True)
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise BadPreface(f"bad line of the PROXY protocol: {data[:end]!r}")
    kind = ipaddress.IPv4Address if words[1] == "TCP4" else ipaddress.IPv6Address
    try:
        source, _ = kind(words[2]), kind(words[3])
    except ValueError as ex:
        raise BadPreface(f"bad address in the PROXY protocol: {ex}") from None
    if not all(port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536 for port in words[4:]):
        raise BadPreface(f"bad port in the PROXY protocol: {data[:end]!r}")
    return Preface(end + 2, True, (str(source), int(words[4])))


def readBlock(data: bytes) -> Preface:
    """Return what data, the beginning of a connection, says in version 2; raises BadPreface."""
    if len(data) < HEAD:
        return Preface(len(data))
    version, command = data[12] >> 4, data[12] & 15
    size = HEAD + int.from_bytes(data[14:16], "big")
    if version != 2 or command > 1 or size > LongestBlock:
        raise BadPreface(f"bad head of the PROXY protocol: {data[:HEAD]!r}")
    if len(data) < size:
        return Preface(len(data))
    family = data[13] >> 4
    width = {1: 4, 2: 16}.get(family)
    if command == 0 or width is None:  # the proxy speaks for itself, or for somebody without an IP address
        return Preface(size, True)
    if size < HEAD + 2 * width + 4:
        raise BadPreface("addresses of the PROXY protocol are cut short")
    address = ipaddress.ip_address(data[HEAD : HEAD + width])
    port = int.from_bytes(data[HEAD + 2 * width : HEAD + 2 * width + 2], "big")
    return Preface(size, True, (str(address), port))


class Caller:
    """A connection whose preface is not whole yet.

    Attributes:
        cs: its socket. ca: its far address, the proxy's. due (float): tyme at which it is closed.
        data (bytes): of the preface, as far as it was read.
    """

    protocol = None  # as of a Remoter on which nothing speaks yet
    cutoff = False
    dirty = True  # nothing is to be sent

    def __init__(self, cs: socket.socket, ca: Any, due: float) -> None:
        self.cs = cs
        self.ca = ca
        self.due = due
        self.data = b""

    def __repr__(self) -> str:
        return f"<Caller {self.ca} read={len(self.data)} due={self.due}>"


class Prefaced(tcp.Server):
    """Part of a servant: expects the PROXY protocol from trusted addresses, and nothing of it from others.

    Parameters:
        trust (Trust): whose.

    A Remoter that came so has an attribute .source, (address, port) of the client, or None.
    """

    def __init__(self, trust: Trust, **kwa: Any) -> None:
        self.trust = trust
        self.callers: dict[Caller, None] = {}
        super().__init__(**kwa)

    def take(self, cs: Any, ca: Any) -> Any:
        """Have a trusted address ca wait for its preface on cs, and return None; take all others as they are."""
        if not self.trust(str(ca[0])):
            return super().take(cs, ca)
        caller = Caller(cs, ca, self.tymth() + Tymeout if self.tymth is not None else float("inf"))
        self.callers[caller] = None
        assert self.watch.poller is not None
        self.watch.poller.register(cs, self.watch, caller, READ)
        self.readable.append(caller)  # type: ignore[arg-type]  # it came along, as a rule
        return None

    def serviceConnects(self) -> list[Any]:
        """Take connections, and those whose preface is whole by now; return the list of those ready for bytes."""
        fresh: list[Any] = super().serviceConnects()
        if self.callers:
            self.collect()
            readable: list[Any] = self.readable
            self.readable = [thing for thing in readable if not isinstance(thing, Caller)]
            ready = dict.fromkeys(thing for thing in readable if isinstance(thing, Caller))  # told of twice, perhaps
            for caller in [thing for thing in ready if thing in self.callers]:
                ix = self.hear(caller)
                if ix is not None and self.ixes.get(ix.ca) is ix:
                    fresh.append(ix)
            now = self.tymth() if self.tymth is not None else float("-inf")
            for caller in [caller for caller in self.callers if caller.due <= now]:
                self.dismiss(caller, f"no PROXY protocol within {Tymeout} s")
        return fresh

    def hear(self, caller: Caller) -> Any:
        """Read of the preface of caller what is there, and not a byte more; return the Remoter once it is whole.

        None: it is not whole yet, or is none (BadPreface), and the connection closed.
        """
        try:
            data = caller.data + caller.cs.recv(LongestBlock, socket.MSG_PEEK)
            if len(data) == len(caller.data):
                raise BadPreface("it ended before the PROXY protocol did")
            preface = readPreface(data)
            more = preface.size - len(caller.data)
            if more > 0:
                caller.cs.recv(more)
                caller.data = data[: preface.size]
        except (BlockingIOError, InterruptedError):
            return None
        except (OSError, BadPreface) as ex:
            self.dismiss(caller, str(ex))
            return None
        if not preface.whole:
            return None
        self.release(caller)
        ix: Any = super().take(caller.cs, caller.ca)
        if ix is not None:
            ix.source = preface.source
            self.watch.wake()  # what follows the preface may be here already
        return ix

    def release(self, caller: Caller) -> None:
        """Mind a caller no longer."""
        del self.callers[caller]
        if self.watch.poller is not None:
            self.watch.poller.unregister(caller.cs)

    def dismiss(self, caller: Caller, why: str) -> None:
        """Close the connection of caller, whose preface is none; why: words for the log."""
        logger.info("%s is closed: %s", caller.ca, why)
        self.release(caller)
        caller.cs.close()

    def held(self) -> int:
        """Return the number of connections that count against .connections."""
        return super().held() + len(self.callers)

    def registrations(self) -> Any:
        """Yield (socket, thing, events) for all that is to be registered with the poller."""
        yield from super().registrations()
        for caller in self.callers:
            yield caller.cs, caller, READ

    def rest(self, tock: float = 0.0) -> Any:
        """Return what a doer of this servant may yield; tock: what it yields when it must not rest, in seconds."""
        watch = super().rest(tock)
        if watch is self.watch and self.callers:
            due = next(iter(self.callers)).due
            watch.until = due if watch.until is None else min(due, watch.until)
        return watch

    def close(self) -> None:
        """Close everything."""
        for caller in list(self.callers):
            self.dismiss(caller, "the server closes")
        super().close()


class PrefacedServer(Prefaced):
    """A tcp.Server that expects the PROXY protocol."""


class PrefacedServerTls(Prefaced, tcp.ServerTls):
    """A tcp.ServerTls that expects the PROXY protocol, before the handshake."""


class PrefacedHttpServer(http.Server):
    """An HTTP server whose servant is one of the above: its requests come from whom the preface says."""

    def buildEnviron(self, requestant: Any) -> Any:
        """Return the environ of the request of requestant, which is complete."""
        environ = super().buildEnviron(requestant)
        source = getattr(requestant.remoter, "source", None)
        if source is not None:
            environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = source[0], str(source[1])
        return environ
