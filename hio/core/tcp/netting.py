"""The network seam: what TCP endpoints ask of a network, and the operating system's.

Net     listen, dial, resolve, poller: all that servants and clients ever ask for
OsNet   the sockets of the operating system

What listen and dial return behaves like a nonblocking socket.socket, as far as Listener and Socket say. Addresses
(ha, ca) are pairs (host, port) for IPv4 and IPv6 alike, or the path of a UNIX-domain socket as str.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import Any, Protocol, TypeAlias

from ...base.polling import OsPoller, Poller, Sock
from .. import coring

Address: TypeAlias = "tuple[str, int] | str"
Data: TypeAlias = "bytes | bytearray | memoryview"

#: The connection is over, by the peer's doing or the network's: errors of recv, send and connect.
GONE = frozenset({
    errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ESHUTDOWN,
    errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ENETRESET, errno.EHOSTDOWN, errno.ECONNREFUSED,
})

#: accept could not make a descriptor or a buffer: pause, nothing is wrong with the peer (accept(2)).
SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

#: connect is on its way.
UNDERWAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR})


class Socket(Sock, Protocol):
    """One end of a connection; each method does what that of socket.socket does.

    Addresses are as the socket has them, IPv6 ones with flow and scope; see pair.
    """

    def connect_ex(self, ha: Address, /) -> int: ...
    def recv(self, size: int, /) -> bytes: ...
    def send(self, data: Data, /) -> int: ...
    def shutdown(self, how: int, /) -> None: ...
    def close(self) -> None: ...
    def getsockname(self) -> Any: ...
    def getpeername(self) -> Any: ...
    def getsockopt(self, level: int, option: int, /) -> int: ...
    def setsockopt(self, level: int, option: int, value: int | bytes, /) -> None: ...
    def setblocking(self, flag: bool, /) -> None: ...


class Listener(Sock, Protocol):
    """A listening socket; each method does what that of socket.socket does."""

    def accept(self) -> tuple[Socket, Any]: ...
    def close(self) -> None: ...
    def getsockname(self) -> Any: ...
    def getsockopt(self, level: int, option: int, /) -> int: ...
    def setblocking(self, flag: bool, /) -> None: ...


class Net(Protocol):
    """What TCP endpoints ask of a network."""

    def listen(self, ha: Address, *, bl: int, bs: int, reuseport: bool = False) -> Listener:
        """Return a nonblocking listening socket bound to ha. Raises OSError when it cannot be had.

        bl: connections that may wait to be accepted. bs: bytes that the buffers of its connections hold at the least.
        reuseport: others may listen on the same port, and share what comes.
        """

    def dial(self, ha: Address, *, bs: int) -> Socket:
        """Return a nonblocking socket for ha's family, on which connect_ex(ha) may be called until connected.

        bs: bytes that its buffers hold at the least.
        """

    def resolve(self, host: str) -> str:
        """Return the address text that host stands for; raise OSError when there is none."""

    def poller(self) -> Poller:
        """Return a new poller for sockets of this network."""

    def serves(self, poller: Poller) -> bool:
        """Whether sockets of this network may be registered with poller."""


def family(ha: Address) -> socket.AddressFamily:
    """Return the address family of ha: a path, or a host with a colon (IPv6) or without."""
    if not isinstance(ha, tuple):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in ha[0] else socket.AF_INET


def addressed(ha: Address | os.PathLike[str]) -> Address:
    """Return ha, a path as str, a pair as tuple. Raises ValueError for a bad port, TypeError for what is no address."""
    if isinstance(ha, (str, os.PathLike)):
        return os.fspath(ha)
    if not isinstance(ha, (tuple, list)) or len(ha) != 2:
        raise TypeError(f"address must be (host, port) or the path of a UNIX-domain socket, got {ha!r}")
    host, port = ha
    if not isinstance(host, str):
        raise TypeError(f"host must be a str, got {host!r}")
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise ValueError(f"port must be 0 to 65535, got {port!r}")
    return host, port


def checkedSize(name: str, size: int) -> int:
    """Return size, the parameter called name. Raises ValueError unless it is a positive number."""
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        raise ValueError(f"{name} must be a positive number of bytes, got {size!r}")
    return size


def checkedTymeout(tymeout: float) -> float:
    """Return tymeout in seconds. Raises ValueError unless it is a number, and 0.0 or more."""
    if not isinstance(tymeout, (int, float)) or isinstance(tymeout, bool) or not tymeout >= 0.0:
        raise ValueError(f"tymeout must be 0 or more seconds, got {tymeout!r}")
    return tymeout


def pair(address: Any) -> Any:
    """Return a socket's address as hio keeps it: (host, port), without IPv6's flow and scope; a path as it is."""
    return address[:2] if isinstance(address, tuple) else address


def grow(sock: socket.socket, bs: int) -> None:
    """Raise the buffers of sock to bs bytes where they are smaller. Never lowers: that would stop autotuning."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        if sock.getsockopt(socket.SOL_SOCKET, option) < bs:
            sock.setsockopt(socket.SOL_SOCKET, option, bs)


class OsNet:
    """The sockets of the operating system."""

    def listen(self, ha: Address, *, bl: int, bs: int, reuseport: bool = False) -> socket.socket:
        """Return a nonblocking socket listening on ha.

        Parameters:
            ha: (host, port) with host "" for every IPv4 address, "::" for every address of both families; or a
                path: what lies there is replaced if it is a socket that nobody listens on.
            bl: backlog, connections the kernel keeps until they are accepted.
            bs: bytes that the socket's buffers hold at least.
            reuseport: let other processes listen on the same address (SO_REUSEPORT).

        Raises:
            OSError: the address is taken, not of this machine, or not permitted.
        """
        kind = family(ha)
        sock = socket.socket(kind, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if kind == socket.AF_UNIX:
                self._vacate(str(ha))
            else:  # accepted sockets inherit it: a response must not wait for an acknowledgement (Nagle)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if kind == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if ha[0] == "::" else 1)
            if reuseport:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            grow(sock, bs)
            sock.bind(ha)
            sock.listen(bl)
        except BaseException:
            sock.close()
            raise
        return sock

    @staticmethod
    def _vacate(path: str) -> None:
        """Remove a socket file that a dead server left behind; leave anything else for bind to refuse."""
        try:
            if not stat.S_ISSOCK(os.stat(path).st_mode):
                return
        except OSError:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            if probe.connect_ex(path) == errno.ECONNREFUSED:
                os.unlink(path)

    def dial(self, ha: Address, *, bs: int) -> socket.socket:
        """Return a nonblocking socket of ha's family, not connected yet."""
        sock = socket.socket(family(ha), socket.SOCK_STREAM)
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        grow(sock, bs)
        return sock

    def resolve(self, host: str) -> str:
        """Return the address that host stands for, IPv4 preferred. Blocks while the resolver of the system asks."""
        return coring.normalizeHost(host)

    def poller(self) -> Poller:
        """Return a new poller of the operating system."""
        return OsPoller()

    def serves(self, poller: Poller) -> bool:
        """Whether poller is one of the operating system's."""
        return isinstance(poller, OsPoller)


#: The network that endpoints use when they are handed none.
osNet: Net = OsNet()
