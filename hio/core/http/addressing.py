"""Where a request goes: URLs taken apart for a client, and put together again (RFC 3986; RFC 9110, 4.2).

Origin      scheme, host and port: what a connection is to, and what credentials belong to
Url         an Origin, and the target of the request there
parseUrl    absolute URL to Url
joinUrl     a reference, as in a Location field, seen from a Url
splitPath   what a program gives as a path to path, query and fragment
quotePath   path fit for a request line; quoteQuery the same for a query

Bytes that may not stand in a target are percent-encoded, as UTF-8 where they are text; an escape that is valid stays.
So no path and no query can end the request line.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urljoin

from .faulting import BadHost, shown
from .targeting import checkAuthority

PORTS = {"http": 80, "https": 443}

isUrl = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL).fullmatch
isPlainPath = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]*").fullmatch
isPlainQuery = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?]*").fullmatch
LONE = re.compile(r"%(?![0-9A-Fa-f]{2})")  # a percent sign that begins no escape

SAFE = "!$&'()*+,;=:@/%"  # of a path, beside what quote() never touches


class Origin(NamedTuple):
    """Whom to connect to."""

    scheme: str  # "http" or "https"
    host: str  # lower case, ASCII, IPv6 without brackets
    port: int

    @property
    def authority(self) -> str:
        """host:port, always with the port, as this client writes its Host field."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def shortest(self) -> str:
        """The authority without a port that is the default of the scheme."""
        return bracketed(self.host) if self.port == PORTS[self.scheme] else self.authority

    def __str__(self) -> str:
        return f"{self.scheme}://{self.shortest}"


class Url(NamedTuple):
    """An absolute http or https URL, its parts quoted as a request wants them."""

    origin: Origin
    path: str  # begins with "/"
    query: str  # without its question mark; "" for none
    fragment: str  # not sent; as given

    @property
    def target(self) -> str:
        """Path and query, as in a request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"


def bracketed(host: str) -> str:
    """Return host as it stands in an authority."""
    return f"[{host}]" if ":" in host else host


@lru_cache(maxsize=1024)
def parseUrl(url: str) -> Url:
    """Return the parts of an absolute http or https URL.

    Raises ValueError, showing it, when it is none, has no valid host or port, or holds a user name: credentials are
    not for URLs, which end in logs (RFC 9110, 4.2.4).
    """
    match = isUrl(url)
    if not match:
        raise ValueError(f"URL must begin with http:// or https://, got {shown(url)}")
    scheme, authority, path, query, fragment = match.groups()
    if scheme.lower() not in PORTS:
        raise ValueError(f"scheme must be http or https, got {shown(scheme)}")
    if "@" in authority:
        raise ValueError("URL must hold no user name or password; hand them over as auth")
    origin = makeOrigin(scheme.lower(), authority)
    return Url(origin, quotePath(path or "/"), quoteQuery(query or ""), fragment or "")


def makeOrigin(scheme: str, authority: str) -> Origin:
    """Return the Origin of scheme and authority, host[:port]. Raises ValueError for what is no host or port."""
    host, _, port = authority.rpartition(":") if re.search(r":[^\]]*\Z", authority) else (authority, "", "")
    return Origin(scheme, checkedHost(host, authority), checkedPort(port, PORTS[scheme]))


def checkedHost(host: str, text: str | None = None) -> str:
    """Return host, perhaps in brackets, as an Origin has it: international names in their ASCII form (IDNA).

    Raises ValueError, showing text, when it is no host.
    """
    host = host.removeprefix("[").removesuffix("]")
    try:
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
        checkAuthority(bracketed(host))
    except (BadHost, UnicodeError) as ex:
        raise ValueError(f"bad host in {shown(host if text is None else text)}") from ex
    return host.lower()


def checkedPort(port: str | int | None, default: int) -> int:
    """Return port as a number, default for None and empty. Raises ValueError unless it is from 1 to 65535."""
    if port is None or port == "":
        return default
    text = str(port)
    if isinstance(port, bool) or not (text.isascii() and text.isdigit()) or not 0 < int(text[:6]) < 65536:
        raise ValueError(f"port must be a number from 1 to 65535, got {shown(port)}")
    return int(text)


def joinUrl(base: Url, reference: str) -> Url:
    """Return where reference (a Location, say) leads from base (RFC 3986, 5; RFC 9110, 10.2.2).

    A fragment of base is kept when reference has none. Raises ValueError like parseUrl.
    """
    reference = reference.strip()
    if "\t" in reference:  # urljoin drops it, and with it "http://a\tb/" would lead to another host
        raise ValueError(f"URL must hold no tab, got {shown(reference)}")
    match = isUrl(reference)
    url = parseUrl(reference if match and not match[2] else urljoin(str(base), reference))
    return url if url.fragment or "#" in reference else url._replace(fragment=base.fragment)


def splitPath(path: str) -> tuple[str, str, str]:
    """Return (path, query, fragment) of a path as a program gives it, not quoted; "//a" is a path."""
    path, _, fragment = path.partition("#")
    path, _, query = path.partition("?")
    return path, query, fragment


def quotePath(path: str) -> str:
    """Return path with all quoted that may not stand in one; it begins with "/" (or is "*")."""
    if not isPlainPath(path):
        path = quote(LONE.sub("%25", path), safe=SAFE)
    return path if path[:1] == "/" or path == "*" else "/" + path


def quoteQuery(query: str) -> str:
    """Return query with all quoted that may not stand in one."""
    return query if isPlainQuery(query) else quote(LONE.sub("%25", query), safe=SAFE + "?")
