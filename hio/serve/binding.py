"""Where to listen: what --bind names, as open sockets.

    HOST:PORT, [IPV6]:PORT    port 0 takes any free one
    unix:PATH                 a UNIX-domain socket, whose file is removed in the end
    fd:NUMBER                 a socket that listens already, inherited as that descriptor
    systemd, systemd:NAME     all sockets that systemd hands over (LISTEN_FDS), or those of that name

Each but the last may have http:// or https:// before it; else it is https:// if there is a certificate.

parseBind        text to a Bind
openBind         a Bind to Listeners
describeAddress  an address as what a browser or curl on this machine can be given
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
import struct
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.tcp.netting import osNet, pair
from .refusing import Refusal

BIND = re.compile(r"(?:\[(?P<bracketed>[^\[\]]+)\]|(?P<host>[^\[\]:]+)):(?P<port>[0-9]{1,5})")

#: Addresses that stand for every interface, with one of them that a browser can ask.
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}

#: Socket option that attaches a filter of packets; None where there is none.
FilterOption: int | None = 26 if sys.platform == "linux" else None  # SO_ATTACH_FILTER, which Python does not name
#: A filter (linux/filter.h) that drops the first packet of a connection, and no other: of the TCP flags, is SYN set?
NOBODY = [
    (0x30, 0, 0, 13),  # load the byte with the flags
    (0x45, 0, 1, 0x02),  # SYN: go on; else skip the next
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass
]
NobodyCode = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in NOBODY))
NobodyAt = ctypes.addressof(NobodyCode)

FirstFd = 3  # of those that systemd hands over (sd_listen_fds(3))

Address = tuple[str, int] | str  # (host, port), or the path of a UNIX-domain socket


@dataclass(frozen=True)
class Bind:
    """One place to listen.

    Attributes:
        text (str): as the user gave it; two Binds of one text are the same place.
        scheme (str | None): http or https; None: https if there is a certificate.
        address: (host, port) or path; None for what is open already.
        fd (int | None): descriptor of a socket that is open already.
        name (str | None): of sockets that systemd hands over; "" for all of them.
    """

    text: str
    scheme: str | None = None
    address: Address | None = None
    fd: int | None = None
    name: str | None = None


@dataclass
class Listener:
    """A place where this process listens.

    Attributes:
        bind (Bind): what asked for it.
        socks (list): listening sockets: one for all workers, or one for each.
        ha: own address.
    """

    bind: Bind
    socks: list[socket.socket]

    def __post_init__(self) -> None:
        self.ha: Address = pair(self.socks[0].getsockname()) or f"fd:{self.socks[0].fileno()}"

    def share(self, slot: int, size: int) -> list[socket.socket]:
        """Return the sockets for the worker in slot, of size workers: each has one at least, and all are served."""
        if size >= len(self.socks):
            return [self.socks[slot % len(self.socks)]]
        return self.socks[slot::size]

    def keep(self, slot: int, size: int) -> list[socket.socket]:
        """Return share() of slot and size, in the child that it is for, where the other sockets are closed."""
        share = self.share(slot, size)
        for sock in self.socks:
            if sock not in share:
                os.close(sock.detach())
        return share

    def hush(self) -> None:
        """Let no new connections come, and keep those that wait to be accepted.

        For who is about to close the socket, which would reset them. On TCP, where that can be done (Linux), clients
        that knock now are not answered, and find nobody listening when they try again a second later. A socket that was
        handed over stays as it is: whoever did that keeps it open, and those that come wait for the next one to serve.
        """
        if isinstance(self.bind.address, str):
            self.unlink()
        elif self.bind.address is not None and FilterOption is not None:
            for sock in self.socks:
                try:
                    sock.setsockopt(socket.SOL_SOCKET, FilterOption, struct.pack("HP", len(NOBODY), NobodyAt))
                except OSError:  # not TCP, or not permitted
                    pass

    def unlink(self) -> None:
        """Remove the file of a UNIX-domain socket, if this process made it."""
        if isinstance(self.bind.address, str):
            try:
                os.unlink(self.bind.address)
            except OSError:
                pass

    def describe(self, secured: bool) -> str:
        """Return its URL; secured: whether that is https."""
        return describeAddress(self.ha, "https" if secured else "http")

    def close(self) -> None:
        """Stop listening."""
        if self.socks[0].fileno() >= 0:
            self.unlink()
        for sock in self.socks:
            sock.close()

    def forsake(self) -> None:
        """Close the sockets of this process only, in a child that does not listen here."""
        for sock in self.socks:
            os.close(sock.detach())


def parseBind(text: str) -> Bind:
    """Return the Bind that text names; raises Refusal."""
    scheme = None
    rest = text
    for prefix in ("http", "https"):
        if text.startswith(prefix + "://"):
            scheme, rest = prefix, text.removeprefix(prefix + "://").rstrip("/")
    if rest.startswith("unix:"):
        if path := rest.removeprefix("unix:"):
            return Bind(text, scheme, address=path)
        raise Refusal("--bind unix: lacks the path, as in unix:/run/shop.sock")
    if rest.startswith("fd:"):
        number = rest.removeprefix("fd:")
        if number.isascii() and number.isdigit() and len(number) < 10:
            return Bind(text, scheme, fd=int(number))
        raise Refusal(f"--bind fd: takes the number of a descriptor, as in fd:3, not {number!r}")
    if rest == "systemd" or rest.startswith("systemd:"):
        return Bind(text, scheme, name=rest.removeprefix("systemd").removeprefix(":"))
    match = BIND.fullmatch(rest)
    if match is None:
        raise Refusal(f"--bind takes HOST:PORT, [IPV6]:PORT, unix:PATH, fd:NUMBER or systemd, not {text!r}")
    port = int(match["port"])
    if port > 65535:
        raise Refusal(f"--bind takes a port from 0 to 65535, not {port}")
    return Bind(text, scheme, address=(match["bracketed"] or match["host"], port))


def nextBind(bind: Bind, number: int) -> Bind:
    """Return the place number places after bind: a port that much higher, or a path with a number at its end.

    Port 0 stays. Raises Refusal when there is no such port, or bind is one socket.
    """
    if isinstance(bind.address, tuple):
        host, port = bind.address
        if port and port + number > 65535:
            raise Refusal(f"there are not enough ports after {bind.text}")
        return replace(bind, address=(host, port + number if port else 0))
    if bind.address is not None:
        return replace(bind, address=f"{bind.address}.{number + 1}" if number else bind.address)
    if number:
        raise Refusal(f"{bind.text} is one socket, and one for each worker is needed")
    return bind


def openBind(
    bind: Bind, backlog: int, copies: int = 0, environ: MutableMapping[str, str] | None = None
) -> list[Listener]:
    """Listen where bind says and return the Listeners: one, or for systemd one of each socket that it handed over.

    backlog: connections that the kernel keeps until they are accepted. copies: 0 for one socket that workers share;
    else that many, one for each worker, among which the kernel shares out connections (SO_REUSEPORT). environ: where
    systemd left word; None: that of the process. Raises Refusal when that cannot be.
    """
    if bind.name is not None:
        handed = handedOver(bind.name, os.environ if environ is None else environ)
        return [adopt(replace(bind, fd=fd), fd) for fd in handed]
    if bind.fd is not None:
        return [adopt(bind, bind.fd)]
    address = bind.address
    assert address is not None
    socks: list[Any] = []
    try:
        ha = address
        if isinstance(ha, tuple) and ha[0] != "::":
            ha = (osNet.resolve(ha[0]), ha[1])
        for _ in range(max(1, copies if isinstance(address, tuple) else 1)):
            socks.append(osNet.listen(ha, bl=backlog, bs=8192, reuseport=copies > 0 and isinstance(address, tuple)))
            ha = pair(socks[0].getsockname())  # the others at the same port, if any free one will do
    except (OSError, ValueError) as ex:  # ValueError: a host name that is none
        for sock in socks:
            sock.close()
        raise Refusal(f"cannot listen on {describeAddress(address)}: {getattr(ex, 'strerror', None) or ex}") from ex
    return [Listener(bind, socks)]


def adopt(bind: Bind, fd: int) -> Listener:
    """Return a Listener on fd, a descriptor that this process was handed; raises Refusal if it does not listen.

    bind: what asked for it. The descriptor itself stays open.
    """
    try:
        sock = socket.socket(fileno=os.dup(fd))
        listening = sock.type == socket.SOCK_STREAM and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as ex:
        raise Refusal(f"--bind {bind.text}: descriptor {fd} is no socket: {ex.strerror}") from ex
    if not listening:
        sock.close()
        raise Refusal(f"--bind {bind.text}: descriptor {fd} does not listen for connections")
    sock.setblocking(False)
    return Listener(bind, [sock])


def handedOver(name: str, environ: MutableMapping[str, str]) -> list[int]:
    """Return the descriptors that systemd handed over under name ("": all), as environ says (sd_listen_fds(3)).

    Raises Refusal if there are none.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()) or not environ.get("LISTEN_FDS", "").isdigit():
        raise Refusal("--bind systemd: systemd handed nothing over; is there a .socket unit, and did it start this?")
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    fds = [FirstFd + i for i in range(int(environ["LISTEN_FDS"]))]
    found = [fd for i, fd in enumerate(fds) if not name or (i < len(names) and names[i] == name)]
    if not found:
        raise Refusal(f"--bind systemd:{name}: there is no such socket among {', '.join(names)}")
    return found


def describeAddress(address: Address, scheme: str = "http") -> str:
    """Return address as what a browser or curl on this machine can be given.

    scheme: of its URL; a path or descriptor has none.
    """
    if isinstance(address, str):
        return address if address.startswith("fd:") else f"unix:{address}"
    host, port = address[:2]
    host = EVERYWHERE.get(host, host)
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
