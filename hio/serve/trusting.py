"""Who a request comes from, when proxies stand between: what they say is believed from those that are trusted only.

Trust       the addresses that are trusted, as CIDR blocks
Forwarding  WSGI middleware: X-Forwarded-... or Forwarded (RFC 7239) to REMOTE_ADDR, scheme, host and port

A client can send these fields as well as a proxy can. So there is one kind of field that is believed, which is the one
that the proxy is known to write, and what is not believed is taken out before the application sees it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .refusing import Refusal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Fields that tell of proxies, by their WSGI keys.
X_FIELDS = (
    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_SSL", "HTTP_X_REAL_IP",
)
RFC_FIELDS = ("HTTP_FORWARDED",)
ALL_FIELDS = X_FIELDS + RFC_FIELDS

Remembered = 1024  # addresses whose trust is remembered
Hops = 32  # elements of a field that are looked at, from its end; no chain of proxies is as long

isHost = re.compile(r"[A-Za-z0-9._~-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?").fullmatch
PAIR = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&\'*+.^_`|~0-9A-Za-z-]*))\s*')


class Trust:
    """Addresses that are trusted.

    Parameters:
        blocks: texts: a CIDR block, an address, "unix" for UNIX-domain sockets, "*" for all.

    Raises Refusal for what is none of these.
    """

    def __init__(self, blocks: Iterable[str] = ()) -> None:
        self.blocks = list(blocks)
        self.all = "*" in self.blocks
        self.unix = self.all or "unix" in self.blocks
        self.networks = []
        for block in self.blocks:
            if block not in ("*", "unix"):
                try:
                    self.networks.append(ipaddress.ip_network(block, strict=False))
                except ValueError:
                    raise Refusal(f"--trust takes a CIDR block like 10.0.0.0/8, unix or *, not {block!r}") from None
        self.known: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"<Trust {self.blocks}>"

    def __bool__(self) -> bool:
        return bool(self.blocks)

    def __call__(self, address: str) -> bool:
        """Whether address, the text of an IP address or the path of a UNIX-domain socket, is trusted."""
        found = self.known.get(address)
        if found is None:
            if len(self.known) >= Remembered:
                self.known.clear()
            found = self.known[address] = self.look(address)
        return found

    def look(self, address: str) -> bool:
        """Find out whether address is trusted."""
        if self.all:
            return True
        ip = parseIp(address)
        if ip is None:
            return self.unix and "/" in address
        return any(ip in network for network in self.networks)


class Forwarding:
    """WSGI middleware that believes what trusted proxies say of a request, and hides what others do.

    Parameters:
        app: what gets the request.
        trust (Trust): the proxies.
        kind (str): which fields they write: "x-forwarded" or "forwarded"; the others are never believed.

    From a trusted proxy the client is the last address in the chain that is not trusted itself, or the first of all.
    """

    def __init__(self, app: WSGIApplication, trust: Trust, kind: str = "x-forwarded") -> None:
        self.app = app
        self.trust = trust
        self.fields = RFC_FIELDS if kind == "forwarded" else X_FIELDS
        self.apply = self.applyRfc if kind == "forwarded" else self.applyX

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app does; environ, start_response: as of PEP 3333."""
        if not environ.keys().isdisjoint(ALL_FIELDS):
            trusted = self.trust(environ["REMOTE_ADDR"])
            for key in ALL_FIELDS:
                if key in environ and not (trusted and key in self.fields):
                    del environ[key]
            if trusted:
                self.apply(environ)
        return self.app(environ, start_response)

    def applyX(self, environ: WSGIEnvironment) -> None:
        """Believe X-Forwarded-For, -Proto, -Host and -Port in environ."""
        chain = [split(part.strip()) for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")[-Hops:]]
        self.setClient(environ, chain)
        self.setScheme(environ, lastOf(environ.get("HTTP_X_FORWARDED_PROTO", "")))
        self.setHost(environ, lastOf(environ.get("HTTP_X_FORWARDED_HOST", "")))
        port = lastOf(environ.get("HTTP_X_FORWARDED_PORT", ""))
        if port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536:
            environ["SERVER_PORT"] = port

    def applyRfc(self, environ: WSGIEnvironment) -> None:
        """Believe Forwarded in environ (RFC 7239)."""
        elements = parseForwarded(environ.get("HTTP_FORWARDED", ""))[-Hops:]
        if elements:
            self.setClient(environ, [split(element.get("for", "")) for element in elements])
            self.setScheme(environ, elements[-1].get("proto", ""))
            self.setHost(environ, elements[-1].get("host", ""))

    def setClient(self, environ: WSGIEnvironment, chain: list[tuple[str, str]]) -> None:
        """Set the address in environ to that of the client at the other end of chain, (address, port) of proxies.

        chain: in the order of the field, the client first. Its last address was written by who is trusted.
        """
        client = None
        for address, port in reversed(chain):
            if parseIp(address) is None:
                break  # "unknown", or a name that hides who it is: nobody before it can be believed
            client = address, port
            if not self.trust(address):
                break
        if client is not None:
            environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client

    @staticmethod
    def setScheme(environ: WSGIEnvironment, scheme: str) -> None:
        """Set the scheme in environ to that which the client used; one that is neither http nor https is ignored."""
        scheme = scheme.lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme

    @staticmethod
    def setHost(environ: WSGIEnvironment, host: str) -> None:
        """Set the host in environ to that which the client asked for; what is no host is ignored."""
        if isHost(host):
            environ["HTTP_HOST"] = host


def parseIp(text: str) -> Any:
    """Return the IP address that text is, None when it is none; IPv4 inside IPv6 as IPv4."""
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def split(node: str) -> tuple[str, str]:
    """Return (address, port) of a node: 192.0.2.1, 192.0.2.1:80, [2001:db8::1]:80 or 2001:db8::1; port "" for none."""
    if node.startswith("["):
        address, _, port = node[1:].partition("]")
        return address, port.removeprefix(":")
    if node.count(":") == 1:
        address, _, port = node.partition(":")
        return address, port
    return node, ""


def lastOf(value: str) -> str:
    """Return the last element of value, a list, which the closest proxy wrote; "" when it is empty."""
    return value.rpartition(",")[2].strip()


def parseForwarded(value: str) -> list[dict[str, str]]:
    """Return the elements of value, a Forwarded field (RFC 7239, 4), [] when it is malformed anywhere.

    Each as its parameters, by name in lower case.
    """
    elements: list[dict[str, str]] = [{}]
    pos = 0
    while True:
        match = PAIR.match(value, pos)
        if match is None:
            return []
        name = match[1].lower()
        if name in elements[-1]:
            return []
        elements[-1][name] = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        pos = match.end()
        if pos == len(value):
            return elements
        if value[pos] == ",":
            elements.append({})
        elif value[pos] != ";":
            return []
        pos += 1
