"""Requester: composes the requests that a client sends (RFC 9112, 3; RFC 9110, 7 to 9).

Requester     holds the parts of a request and builds its bytes
composeHead   the head of a request from parts that are ready
fieldLine     one field, checked and rendered, remembered
basic         credentials of a user as the value of an Authorization field

What cannot be part of a request is refused when it is built, by ValueError: so no value can add a field, a line or
a second request.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

from ...help.hicting import Hict
from .addressing import PORTS, Origin, checkedHost, checkedPort, isUrl, makeOrigin, quotePath, quoteQuery, splitPath
from .dicing import Dice
from .dicing import dice as fairDice
from .faulting import InvalidURL, shown
from .forming import FORM_TYPE, JSON_TYPE, packForm, packJson, packMultipart
from .httping import normalizeHostPort, packHeader, updateQargsQuery
from .naming import isToken

Headers: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]
Args: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]
Body: TypeAlias = "bytes | bytearray | memoryview | str"
P = TypeVar("P")

#: Methods whose request says so when it has no body (RFC 9110, 8.6).
BODIED = frozenset(("POST", "PUT", "PATCH"))

REMEMBERED = 1024  # most field lines that are remembered
LONGEST = 256  # most characters of a value that is remembered

LINES: dict[tuple[str, str], bytes] = {}


def fieldLine(name: str | bytes, value: Any) -> bytes:
    """Return a field line without its end: name in title case, value as text. Raises ValueError like packHeader."""
    if type(name) is not str or type(value) is not str:
        return packHeader(name, value)
    line = LINES.get((name, value))
    if line is None:
        line = packHeader(name, value)
        if len(line) <= LONGEST:
            if len(LINES) >= REMEMBERED:
                LINES.clear()
            LINES[name, value] = line
    return line


def checkedMethod(method: str) -> str:
    """Return method in upper case. Raises ValueError unless it is a token (RFC 9110, 9.1)."""
    checkPart("method", method)
    if not isToken(method):
        raise ValueError(f"method must be a token, got {shown(method)}")
    return method.upper()


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization field for user and password (RFC 7617).

    Raises ValueError for a user with a colon, which would move the border between the two.
    """
    if ":" in user:
        raise ValueError(f"user must be without a colon, got {shown(user)}")
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def checkPart(name: str, value: object) -> None:
    """Raise TypeError unless value is of a type that part name of a request may have."""
    kinds: tuple[type, ...] = (bytes, bytearray, memoryview, str) if name == "body" else (str,)
    if not isinstance(value, kinds):
        raise TypeError(f"{name} must be {'bytes or ' if name == 'body' else ''}a str, got {value!r:.80}")


def checkedPairs(name: str, given: Args, kind: Callable[[Any], P]) -> P:
    """Return what kind makes of given. Raises TypeError, with the part's name, unless that is a mapping or pairs."""
    try:
        return kind(given)
    except (TypeError, ValueError) as ex:
        raise TypeError(f"{name} must be a mapping or pairs, got {given!r:.80}") from ex


def formPairs(fargs: Args) -> Args:
    """Return fargs, pairs as a list of them. Raises TypeError or ValueError for what is neither mapping nor pairs."""
    return fargs if isinstance(fargs, Mapping) else [(name, value) for name, value in fargs]


def composeHead(
    method: str, target: str, host: str, headers: Hict, length: int | None, offer: str = "identity"
) -> list[bytes]:
    """Return the lines of a head, without line ends: request line, Host, Accept-Encoding, Content-Length, headers.

    method, target: as the request line has them. host, offer: values of Host and Accept-Encoding unless headers have
    their own. length: bytes of the body; None for none. Content-Length says what is sent, at the place where headers
    have it if they do, whatever they say; 0 where there is no body, but only for methods that mostly have one and where
    headers have it (RFC 9110, 8.6).

    Raises ValueError for what would not be one field each, and for a Transfer-Encoding, as bodies are sent whole.
    """
    if length is None and (method in BODIED or "content-length" in headers):
        length = 0
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1")]
    if "host" not in headers:
        lines.append(fieldLine("Host", host))
    if "accept-encoding" not in headers:
        lines.append(fieldLine("Accept-Encoding", offer))
    if length is not None and "content-length" not in headers:
        lines.append(b"Content-Length: %d" % length)
    if "transfer-encoding" in headers:
        raise ValueError("headers must have no Transfer-Encoding: bodies are sent whole, with their length")
    placed = False
    for name, value in headers.items():
        if name.lower() == "content-length":
            if not placed:
                lines.append(b"Content-Length: %d" % (length or 0))
                placed = True
        else:
            lines.append(fieldLine(name, value))
    return lines


class Requester:
    """The parts of a request, and its bytes.

    Attributes, each a parameter as well:
        hostname (str), port (int): of the server, normalised; port None: that of the scheme.
        scheme (str): "http" or "https".
        method (str): in upper case.
        path (str): path, perhaps with a query and fragment, or a URL of this very server. After build() the path alone.
        qargs (dict): names and values of the query; a list or tuple is several values. A query in path is merged into
            it by build().
        fragment (str): not sent.
        headers (Hict): fields beyond those that build() adds; a Hict, any mapping, or pairs.
        body (bytes): sent unless data or fargs are given.
        data: sent as JSON; None: nothing.
        fargs (mapping or pairs): sent as a form, multipart/form-data if headers say that content type; None: nothing.
        portOptional (bool): leave the port out of Host when it is that of the scheme.
        offer (str): value of Accept-Encoding unless headers have one. cookie (str): value of Cookie likewise; "": none.
        dice: for the boundary of multipart forms; None: those of dicing.

    Results of the last build():
        lines (list[bytes]): of the head, without line ends, the two empty ones at its end included; [] before.
        head (bytes), msg (bytes): the head, and the whole request.
        target (str): of the request line.
        sent (bytes): the body in msg.

    A body is never sent with GET. Raises ValueError for a hostname, port or scheme that is none, TypeError for a part
    of a type that it cannot have.
    """

    def __init__(
        self,
        hostname: str = "127.0.0.1",
        port: int | None = None,
        scheme: str = "http",
        method: str = "GET",
        path: str = "/",
        qargs: Args | None = None,
        fragment: str = "",
        headers: Headers | None = None,
        body: Body | None = b"",
        data: object = None,
        fargs: Args | None = None,
        portOptional: bool = False,
        offer: str = "identity",
        dice: Dice | None = None,
    ) -> None:
        if scheme not in PORTS:
            raise ValueError(f"scheme must be 'http' or 'https', got {scheme!r}")
        checkPart("hostname", hostname)
        try:
            hostname, port = normalizeHostPort(hostname, port, PORTS[scheme])
        except InvalidURL as ex:
            raise ValueError(str(ex)) from ex
        self.scheme = scheme
        self.hostname = checkedHost(hostname)
        self.port = checkedPort(port, PORTS[scheme])
        self.portOptional = portOptional
        self.offer = offer
        self.dice = fairDice if dice is None else dice
        self.method, self.path, self.fragment = "GET", "/", ""
        self.qargs: dict[str, Any] = {}
        self.headers = Hict()
        self.reinit(method=method or None, path=path or None, qargs=qargs, fragment=fragment or None, headers=headers,
                    body=body, data=data, fargs=fargs)
        self.lines: list[bytes] = []
        self.head = self.msg = self.sent = b""
        self.target = self.cookie = ""
        self._query: tuple[dict[str, Any], str] | None = None  # qargs as a path gave them, and its query

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.path!r} to {self.origin}>"

    @property
    def origin(self) -> Origin:
        """Scheme, host and port."""
        return Origin(self.scheme, self.hostname, self.port)

    def reinit(
        self,
        hostname: str | None = None,
        port: int | None = None,
        scheme: str | None = None,
        method: str | None = None,
        path: str | None = None,
        qargs: Args | None = None,
        fragment: str | None = None,
        headers: Headers | None = None,
        body: Body | None = None,
        data: object = None,
        fargs: Args | None = None,
        portOptional: bool | None = None,
    ) -> None:
        """Take new parts. None keeps what there is, but body, data and fargs become empty. Raises as the class does."""
        self.turnTo(hostname, port, scheme, portOptional)
        for name, part in (("method", method), ("path", path), ("fragment", fragment)):
            if part is not None:
                checkPart(name, part)
                setattr(self, name, part)
        self.method = self.method.upper()
        if qargs is not None:
            self.qargs = checkedPairs("qargs", qargs, dict)
        if headers is not None:
            self.headers = checkedPairs("headers", headers, Hict)
        if body is not None:
            checkPart("body", body)
        self.body: Body = body if body is not None else b""
        self.data = data
        self.fargs = None if fargs is None else checkedPairs("fargs", fargs, formPairs)

    def turnTo(
        self,
        hostname: str | None = None,
        port: int | None = None,
        scheme: str | None = None,
        portOptional: bool | None = None,
    ) -> None:
        """Have requests be for another server; None keeps what there is. Raises as the class does."""
        if scheme is not None:
            self.scheme = scheme
        if hostname is not None:
            checkPart("hostname", hostname)
            self.hostname = checkedHost(hostname)
        if port is not None:
            self.port = checkedPort(port, PORTS[self.scheme])
        if portOptional is not None:
            self.portOptional = portOptional

    def rebuild(
        self,
        method: str | None = None,
        path: str | None = None,
        qargs: Args | None = None,
        fragment: str | None = None,
        headers: Headers | None = None,
        body: Body | None = None,
        data: object = None,
        fargs: Args | None = None,
        portOptional: bool | None = None,
    ) -> bytes:
        """Take new parts as reinit() does, then build()."""
        self.reinit(method=method, path=path, qargs=qargs, fragment=fragment, headers=headers, body=body, data=data,
                    fargs=fargs, portOptional=portOptional)
        return self.build()

    def build(self) -> bytes:
        """Compose the request and return it. Raises ValueError when a part is not fit for one."""
        method = checkedMethod(self.method)
        self.target = self.buildTarget()
        body = self.buildBody(method)
        length = len(body) if body else None
        host = self.origin.shortest if self.portOptional else self.origin.authority
        lines = composeHead(method, self.target, host, self.headers, length, self.offer)
        if self.cookie and "cookie" not in self.headers:
            lines.append(fieldLine("Cookie", self.cookie))
        self.lines = [*lines, b"", b""]
        self.head = b"\r\n".join(self.lines)
        self.sent = body
        self.msg = self.head + body
        return self.msg

    def buildTarget(self) -> str:
        """Take path apart into path, qargs and fragment; return the target of the request line.

        The query of a path is sent as it came, escapes and order included, unless there are other qargs.
        """
        match = isUrl(self.path)
        if match:
            scheme, authority, path, query, fragment = match.groups()
            if scheme.lower() not in PORTS or makeOrigin(scheme.lower(), authority) != self.origin:
                raise ValueError(f"path must be on {self.origin}, got {shown(self.path)}")
            self.path, query, fragment = path or "/", query or "", fragment or ""
        else:
            self.path, query, fragment = splitPath(self.path)
        if fragment:
            self.fragment = fragment
        if query:
            fresh = not self.qargs
            self.qargs, merged = updateQargsQuery(self.qargs, query)
            self._query = (dict(self.qargs), quoteQuery(query)) if fresh else None
        if self.qargs:
            if self._query is not None and self._query[0] == self.qargs:
                query = self._query[1]
            else:
                query = updateQargsQuery(self.qargs)[1]
        path = quotePath(self.path)
        return f"{path}?{query}" if query else path

    def buildBody(self, method: str) -> bytes:
        """Return the body, and set the content type that belongs to it."""
        if method == "GET":
            return b""
        if self.data is not None:
            self.headers["content-type"] = JSON_TYPE
            return packJson(self.data)
        if self.fargs is not None:
            if str(self.headers.get("content-type", "")).lower().startswith("multipart/form-data"):
                body, self.headers["content-type"] = packMultipart(self.fargs, self.dice)
                return body
            self.headers["content-type"] = FORM_TYPE
            return packForm(self.fargs)
        given = self.body
        return given.encode() if isinstance(given, str) else bytes(given)


def queryOf(qargs: Args) -> str:
    """Return the query that qargs, names and values, make, a list or tuple as repeated names; "" for none."""
    return updateQargsQuery(dict(qargs))[1] if qargs else ""

