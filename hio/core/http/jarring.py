"""CookieJar: keeps the cookies that servers set, and says which go with a request (RFC 6265).

Stricter than a browser where that costs nothing: a cookie for a whole domain is taken only if the domain has a dot
inside and the host is no address; names that begin with __Secure- or __Host- hold what they promise (RFC 6265bis,
4.1.3). Which domains are registries ("co.uk") is not known here, so do not share a jar between parties that trust
each other less than their registry allows.

http.cookiejar of the standard library reads the clock of the machine, so nothing done with it could be played again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import count

from ...help import timing
from .addressing import Url
from .dating import parseDate

SIZE = 4096  # most characters of name and value together (RFC 6265, 6.1)
PER_DOMAIN = 50  # most cookies of one domain (RFC 6265, 6.1); then its oldest goes
MOST = 3000  # most cookies in all (RFC 6265, 6.1); then the oldest goes

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie."""

    name: str
    value: str
    domain: str  # lower case, no leading dot
    hostOnly: bool  # for this very host; else for those below the domain too
    path: str
    secure: bool  # for https alone
    httpOnly: bool  # of no meaning here
    expires: float | None  # seconds since 1970; None: with the jar
    serial: int  # order of creation


class CookieJar:
    """Cookies by domain.

    clock: answers the seconds since 1970; None: the wall clock of help.timing.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.clock = clock
        self.domains: dict[str, dict[tuple[str, str], Cookie]] = {}
        self.serial = count()

    def now(self) -> float:
        """Return the seconds since 1970."""
        return timing.wallTime() if self.clock is None else self.clock()

    def __iter__(self) -> Iterator[Cookie]:
        return iter([cookie for cookies in self.domains.values() for cookie in cookies.values()])

    def __len__(self) -> int:
        return sum(map(len, self.domains.values()))

    def __bool__(self) -> bool:
        return True  # an empty jar is a jar

    def __repr__(self) -> str:
        return f"<{type(self).__name__} domains={len(self.domains)} cookies={len(self)}>"

    def clear(self) -> None:
        """Drop all cookies."""
        self.domains.clear()

    def take(self, url: Url, values: Iterable[str]) -> None:
        """Store what the Set-Cookie values of a response from url say; what is not valid is ignored."""
        for value in values:
            cookie = self.parse(url, value)
            if cookie is not None:
                self.store(cookie)

    def header(self, url: Url) -> str:
        """Return the value of Cookie for a request to url, longer paths first, then older ones; "" for none."""
        now = self.now()
        secured = url.origin.scheme == "https"
        found = []
        for domain in lineage(url.origin.host):
            cookies = self.domains.get(domain)
            for key, cookie in list(cookies.items()) if cookies else ():
                if cookie.expires is not None and cookie.expires <= now:
                    self.drop(domain, key)
                elif (
                    (domain == url.origin.host or not cookie.hostOnly)
                    and (secured or not cookie.secure)
                    and pathMatches(url.path, cookie.path)
                ):
                    found.append(cookie)
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.serial))
        return "; ".join(f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in found)

    def store(self, cookie: Cookie) -> None:
        """Keep a cookie in place of one of the same name, domain and path; one that has expired removes that."""
        cookies = self.domains.setdefault(cookie.domain, {})
        key = (cookie.path, cookie.name)
        old = cookies.get(key)
        if cookie.expires is not None and cookie.expires <= self.now():
            self.drop(cookie.domain, key)
            return
        if old is not None:
            cookie = replace(cookie, serial=old.serial)
        cookies[key] = cookie
        if len(cookies) > PER_DOMAIN:
            self.dropOldest(cookies.values())
        if len(self) > MOST:
            self.dropOldest(self)

    def drop(self, domain: str, key: tuple[str, str]) -> None:
        """Drop the cookie of domain with key, (path, name), if it is there, and the domain with its last one."""
        cookies = self.domains.get(domain)
        if cookies is not None:
            cookies.pop(key, None)
            if not cookies:
                del self.domains[domain]

    def dropOldest(self, cookies: Iterable[Cookie]) -> None:
        """Drop that one of cookies, some of the jar, which was created first."""
        oldest = min(cookies, key=lambda cookie: cookie.serial)
        self.drop(oldest.domain, (oldest.path, oldest.name))

    def parse(self, url: Url, text: str) -> Cookie | None:
        """Return the cookie that text, a Set-Cookie from url, means; None: it is to be ignored (RFC 6265, 5.2, 5.3)."""
        pair, *attributes = text.split(";")
        name, equals, value = (part.strip(" \t") for part in pair.partition("="))
        if not equals or not name or len(name) + len(value) > SIZE or CONTROL(text):
            return None
        given: dict[str, str] = {}
        for attribute in attributes:
            key, _, setting = attribute.partition("=")
            given[key.strip(" \t").lower()] = setting.strip(" \t")
        domain = self.domainOf(url.origin.host, given.get("domain", ""))
        path = given.get("path", "")
        secured = url.origin.scheme == "https"
        secure = "secure" in given
        if domain is None or (secure and not secured):
            return None
        if path[:1] != "/":
            path = defaultPath(url.path)
        hostOnly = not given.get("domain")
        if name.lower().startswith("__secure-") and not secure:
            return None
        if name.lower().startswith("__host-") and not (secure and hostOnly and given.get("path") == "/"):
            return None
        expires = self.expiry(given)
        return Cookie(name, value, domain, hostOnly, path, secure, "httponly" in given, expires, next(self.serial))

    def expiry(self, given: dict[str, str]) -> float | None:
        """Return when a cookie with the attributes given expires, in seconds since 1970; None: with the jar."""
        age = given.get("max-age", "")
        digits = age.removeprefix("-")
        if digits.isascii() and digits.isdigit():
            return float("-inf") if age[0] == "-" else self.now() + float(digits[:15])
        return parseDate(given["expires"]) if "expires" in given else None

    @staticmethod
    def domainOf(host: str, domain: str) -> str | None:
        """Return the domain of a cookie that host sets for domain ("": none given); None when it may not."""
        domain = domain.removeprefix(".").lower()
        if not domain or domain == host:
            return host
        return domain if domain in lineage(host) and "." in domain.strip(".") else None


def lineage(host: str) -> list[str]:
    """Return host and the domains above it, the nearest first; an address has none."""
    if ":" in host or isAddress(host):
        return [host]
    labels = host.split(".")
    return [".".join(labels[index:]) for index in range(len(labels))]


def isAddress(host: str) -> bool:
    """Whether host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def defaultPath(path: str) -> str:
    """Return the path of a cookie that gives none, from that of the request (RFC 6265, 5.1.4)."""
    return path[: path.rfind("/")] or "/"


def pathMatches(path: str, cookiePath: str) -> bool:
    """Whether a cookie for cookiePath goes with a request for path (RFC 6265, 5.1.4)."""
    return path.startswith(cookiePath) and (
        len(path) == len(cookiePath) or cookiePath[-1] == "/" or path[len(cookiePath)] == "/"
    )
