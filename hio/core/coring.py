"""Names of hosts and the addresses behind them."""

from __future__ import annotations

import socket
import sys
from typing import NoReturn


def normalizeHost(host: str) -> str:
    """Return the numeric address of host, which is a name or an address already, in brackets or not.

    An empty host is all interfaces of this machine: 0.0.0.0, but 127.0.0.1 on Windows. An IPv4 address is preferred;
    an IPv6 address is returned for a host that has no other. This may wait for a name server, as long as the system
    lets it.

    Raises socket.gaierror, an OSError, if host has no address or is no valid name, and TypeError if it is no text.
    """
    if not isinstance(host, str):
        raise TypeError(f"host must be a str, got {host!r}")
    if not host:
        return "127.0.0.1" if sys.platform == "win32" else "0.0.0.0"
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]  # an IPv6 address as a URL has it: RFC 3986, 3.2.2
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except ValueError as ex:  # a NUL, or a label that IDNA refuses: UnicodeError is a ValueError
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is no host name: {ex}") from ex
    for family in (socket.AF_INET, socket.AF_INET6):
        for foundFamily, _, _, _, address in found:
            if foundFamily == family:
                return str(address[0])
    raise socket.gaierror(socket.EAI_NONAME, f"{host!r} has neither an IPv4 nor an IPv6 address")


def arpCreate(ether: str, host: str, interface: str = "en0", temp: bool = True) -> NoReturn:
    """Raise NotImplementedError: to enter ether as host's link address on interface takes a privileged command."""
    raise NotImplementedError("hio does not change the address table of the machine")


def arpDelete(host: str, interface: str = "en0") -> NoReturn:
    """Raise NotImplementedError: to forget host's link address on interface takes a privileged command."""
    raise NotImplementedError("hio does not change the address table of the machine")
