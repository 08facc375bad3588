"""Where a request goes: its target, and its host (RFC 9112, 3.2; RFC 9110, 4.2 and 7.2).

parseTarget    takes a target apart by its form; unquotePath decodes its path as WSGI has it
checkHost      refuses a Host field that is missing or malformed; checkAuthority any malformed host[:port]
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from .faulting import BadHost, InvalidURL, shown

isPort = re.compile(r"[0-9]{1,5}").fullmatch
isAbsolute = re.compile(r"(?i:https?)://([^/?]*)([^?]*)(\?.*)?").fullmatch

#: reg-name of RFC 3986, 3.2.2, which also covers IPv4 addresses
isRegName = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+").fullmatch
isFutureIP = re.compile(r"[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+").fullmatch

REMEMBERED = 1024  # most names, and most hosts, that are remembered; then those learnt are forgotten
LONGEST = 64  # most characters of a name or host that is remembered, so that the memory is bounded in bytes

#: {Host value: True} of values that are valid
HOSTS: dict[str, bool] = {}


class Target(NamedTuple):
    """A request target, taken apart."""

    path: str  # as received, not decoded; "*" for OPTIONS *, "" for CONNECT
    query: str  # without its question mark; "" when empty and when absent
    authority: str | None  # host[:port] of an absolute or authority form, else None
    scheme: str | None  # "http" or "https" of an absolute form, else None


def parseTarget(method: str, target: str) -> Target:
    """Take apart a request target (RFC 9112, 3.2) of printable ASCII without "#".

    Raises InvalidURL when target has no form that method may have, BadHost for a bad authority.
    """
    if method == "CONNECT":
        host, colon, port = target.rpartition(":")
        if not (colon and host and port):
            raise InvalidURL(f"CONNECT needs host:port, not {shown(target)}")
        checkAuthority(target)
        return Target("", "", target, None)
    if target[:1] == "/":
        path, _, query = target.partition("?")
        return Target(path, query, None, None)
    if target == "*" and method == "OPTIONS":
        return Target("*", "", None, None)
    match = isAbsolute(target)
    if not match:
        raise InvalidURL(f"bad request target {shown(target)}")
    authority, path, query = match.groups()
    if not authority:
        raise InvalidURL(f"request target without a host {shown(target)}")
    checkAuthority(authority)
    scheme = target[: target.index(":")].lower()
    empty = "*" if method == "OPTIONS" and query is None else "/"  # RFC 9112, 3.2.4
    return Target(path or empty, (query or "?")[1:], authority, scheme)


def unquotePath(path: str) -> str:
    """Return the path with its percent escapes decoded, as bytes shown in latin-1: what PEP 3333 wants of PATH_INFO.

    An escape that is none, as in "%zz", stays as it is.
    """
    if "%" not in path:
        return path
    return unquote_to_bytes(path).decode("latin-1")


def checkHost(host: object, version: tuple[int, int]) -> None:
    """Raise BadHost unless host (str, or None without such a field) is what version allows (RFC 9112, 3.2).

    HTTP/1.1 needs a Host, which may be empty; HTTP/1.0 may go without. Remembers what is valid, within bounds.
    """
    if host is None:
        if version > (1, 0):
            raise BadHost("HTTP/1.1 request without a Host field")
        return
    if host:
        checkAuthority(str(host))
    if len(HOSTS) >= REMEMBERED:
        HOSTS.clear()
    if len(str(host)) <= LONGEST:
        HOSTS[str(host)] = True


def checkAuthority(authority: str) -> None:
    """Raise BadHost unless authority is host [ ":" port ] with a host that is not empty, and no userinfo.

    RFC 9110, 4.2 and 7.2; RFC 3986, 3.2.2. A port may be empty, and is at most 65535.
    """
    if authority[:1] == "[":
        host, bracket, rest = authority[1:].partition("]")
        valid = bool(bracket) and isIPLiteral(host) and rest[:1] in ("", ":")
        port = rest[1:]
    else:
        host, _, port = authority.partition(":")
        valid = isRegName(host) is not None
    if not valid or (port and (not isPort(port) or int(port) > 65535)):
        raise BadHost(f"bad host {shown(authority)}")


def isIPLiteral(host: str) -> bool:
    """Whether host, taken out of its brackets, is an IPv6 address without a zone, or an IPvFuture."""
    if isFutureIP(host):
        return True
    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return "%" not in host
