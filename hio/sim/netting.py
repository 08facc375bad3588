"""The Net of a simulated host.

SimNet    what servants and clients are handed as net=

In a Sim, the run turns the tyme. By hand, in a test without a Sim, a network is loose: SimNet() makes one with a single
host, on which everything arrives at once, or when the tymth that it is wound to says so.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from errno import EADDRINUSE, EADDRNOTAVAIL
from os import strerror
from typing import Any

from ..base.polling import Poller
from .listening import SimListener
from .networking import Network, Station
from .plugging import SimPoller
from .socketing import SimSocket

#: Bytes that a socket's send and receive buffers hold unless asked for more: what Linux begins with.
TX_BUFFER = 87_040
RX_BUFFER = 131_072


class SimNet(Station):
    """The Net of one host: hand it to servers and clients as net=.

    Parameters (name and address as for Station):
        network: None: one of its own, loose.
        tx, rx (int): bytes that send and receive buffers hold unless bs asks for more.
    """

    def __init__(
        self,
        name: str = "localhost",
        network: Network | None = None,
        address: str | None = None,
        tx: int = TX_BUFFER,
        rx: int = RX_BUFFER,
    ) -> None:
        super().__init__(name, Network() if network is None else network, address, tx, rx)

    def listen(self, ha: Any, *, bl: int, bs: int, reuseport: bool = False) -> SimListener:
        """Return a nonblocking socket listening on ha: (host, port), or a path, which is known within this host only.

        ha: host "", "0.0.0.0" or "::" for all addresses, port 0 for any. bl: connections that may wait. bs: bytes that
        the buffers of a connection hold at the least. reuseport: whether others may listen there that say so too.
        Raises OSError: EADDRINUSE, or EADDRNOTAVAIL for an address that is not this host's.
        """
        if not isinstance(ha, tuple):
            if ha in self.paths:
                raise OSError(EADDRINUSE, strerror(EADDRINUSE))
            sock = self.paths[ha] = SimListener(self, ha, bl, bs, reuseport)
            return sock
        host, port = ha[0] or "0.0.0.0", ha[1]
        if host not in ("0.0.0.0", "::") and not self.owns(host):
            raise OSError(EADDRNOTAVAIL, f"{strerror(EADDRNOTAVAIL)}: {host} is not an address of host {self.name!r}")
        port = port or self.ephemeral()
        others = self.ports.get(port, [])
        if any(sock.overlaps(host) and not (reuseport and sock.reuseport) for sock in others):
            raise OSError(EADDRINUSE, strerror(EADDRINUSE))
        sock = SimListener(self, (host, port), bl, bs, reuseport)
        self.ports.setdefault(port, []).append(sock)
        return sock

    def dial(self, ha: Any, *, bs: int) -> SimSocket:
        """Return a nonblocking socket on which connect_ex(ha) may be called until connected.

        bs: bytes that its buffers hold at the least.
        """
        return SimSocket(self, max(self.tx, bs), max(self.rx, bs))

    def resolve(self, host: str) -> str:
        """Return the address that host stands for: the name of a host, localhost, an address, or "" for 0.0.0.0.

        Raises socket.gaierror for a name that no host has, and says which there are.
        """
        if not host:
            return "0.0.0.0"
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        if host == "localhost" and "localhost" not in self.network.hosts:
            return "127.0.0.1"
        known = self.network.hosts.get(host)
        if known is not None:
            return known.ha[0] if known is not self or not self.network.loose else "127.0.0.1"
        if isAddress(host):
            return host
        names = ", ".join(self.network.hosts)
        raise socket.gaierror(socket.EAI_NONAME, f"no host is called {host!r} in this simulation; there are {names}")

    def poller(self) -> Poller:
        """Return a new poller for sockets of this host."""
        return SimPoller(self)

    def serves(self, poller: Poller) -> bool:
        """Whether poller is for sockets of this host."""
        return isinstance(poller, SimPoller) and poller.net is self

    def wind(self, tymth: Callable[[], float]) -> None:
        """Have a loose network go by tymth."""
        self.network.wind(tymth)


def isAddress(text: str) -> bool:
    """Whether text is an IPv4 or IPv6 address."""
    kind = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        socket.inet_pton(kind, text)
    except OSError:
        return False
    return True
