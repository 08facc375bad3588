"""The grammar of HTTP/1.1, under the one import path that programs know.

Here: the functions on single lines, queries and dates. The rest lives in files of its own, each with
one concern, and is re-exported:

statusing   status codes and reason phrases
faulting    HTTPException and its kin: what a peer did wrong
erring      HTTPError, for applications to raise
heading     whole heads, fast and strict
framing     how a body ends, and reading it
eventing    EventSource
parsing     Parsent

The generators here take a bytearray, eat what they parsed from its start, and yield None for as long as it does not
hold enough.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Generator, Iterable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from ...help.helping import typed
from ...help.hicting import Hict
from . import statusing
from .erring import HTTPError
from .eventing import EventSource
from .faulting import (
    BadChunk,
    BadExpectation,
    BadFraming,
    BadHeader,
    BadHost,
    BadMethod,
    BadRequestLine,
    BadStatusLine,
    BodyTooLarge,
    HeadTooLarge,
    HTTPException,
    InvalidURL,
    LineTooLong,
    MessageTimeout,
    PrematureClosure,
    RequestLineTooLong,
    UnknownCoding,
    UnknownProtocol,
    shown,
)
from .framing import CHUNKED as CHUNKED_FRAMING
from .framing import BodyReader
from .heading import CONTROLS, METHODS, RequestHead, parseFields, splitStatusLine
from .heading import parseRequestLine as takeRequestLine
from .limiting import LIMITS, Limits
from .naming import isToken
from .parsing import Parsent
from .statusing import *  # noqa: F403  one constant for each status code

__all__ = [
    "BadChunk", "BadExpectation", "BadFraming", "BadHeader", "BadHost", "BadMethod", "BadRequestLine", "BadStatusLine",
    "BodyTooLarge", "CR", "CRLF", "EventSource", "HTTPError", "HTTPException", "HTTPS_PORT", "HTTP_11_VERSION_STRING",
    "HTTP_PORT", "HeadTooLarge", "InvalidURL", "LF", "LineTooLong", "MAXAMOUNT", "MAX_HEADERS", "MAX_LINE_SIZE",
    "METHODS", "MessageTimeout", "Parsent", "PrematureClosure", "RequestLineTooLong", "UnknownCoding",
    "UnknownProtocol", "httpDate1123", "normalizeHostPort", "packChunk", "packHeader", "parseBom", "parseChunk",
    "parseLeader", "parseLine", "parseQuery", "parseRequestLine", "parseStatusLine", "unquoteQuery",
    "updateQargsQuery",
]  # fmt: skip
__all__ += statusing.__all__

CRLF = b"\r\n"
LF = b"\n"
CR = b"\r"

MAX_LINE_SIZE = 65536  # bytes of one line, its end not counted
MAX_HEADERS = 100  # fields of one leader
MAXAMOUNT = 1048576

HTTP_PORT = 80
HTTPS_PORT = 443
HTTP_11_VERSION_STRING = "HTTP/1.1"

ODD_BYTES = re.compile(b"[" + re.escape(CONTROLS) + b"]")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# ---------------------------------------------------------------- dates, addresses, queries


def checkText(name: str, value: object) -> None:
    """Raise TypeError, naming both, unless value, the argument called name, is text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, got {value!r:.80}")


def httpDate1123(dt: datetime) -> str:
    """Return dt as an IMF-fixdate (RFC 9110, 5.6.7), whatever the locale. A naive dt is taken as UTC."""
    if not isinstance(dt, datetime):
        raise TypeError(f"dt must be a datetime, got {dt!r:.80}")
    if dt.tzinfo is not None:
        dt = dt.astimezone(timezone.utc)
    return f"{WEEKDAYS[dt.weekday()]}, {dt.day:02} {MONTHS[dt.month - 1]} {dt.year:04} {dt:%H:%M:%S} GMT"


def normalizeHostPort(host: str, port: int | str | None = None, defaultPort: int = HTTP_PORT) -> tuple[str, int]:
    """Return (host without port and brackets, port): the port in host, else port, else defaultPort.

    An IPv6 address may come without brackets when it comes without a port. Raises InvalidURL for a port that is
    no number from 0 to 65535.
    """
    checkText("host", host)
    name, inner = host, ""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        inner = rest.removeprefix(":")
    elif host.count(":") == 1:
        name, _, inner = host.partition(":")
    text = inner or ("" if port is None else str(port)) or str(defaultPort)
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or int(text) > 65535:
        raise InvalidURL(f"port must be a number from 0 to 65535, got {shown(text)}")
    return name, int(text)


def parseQuery(query: str) -> dict[str, str]:
    """Return the query as a dict of decoded names and values.

    Only "&" separates (WHATWG URL, 5.1). A name without "=" has the value "true"; of repeated names the last wins.
    """
    return dict(splitQuery(query))


def splitQuery(query: str) -> list[tuple[str, str]]:
    """Return the decoded (name, value) pairs of a query, in order."""
    checkText("query", query)
    pairs = []
    for part in query.split("&"):
        if part:
            name, equals, value = part.partition("=")
            pairs.append((unquote_plus(name), unquote_plus(value) if equals else "true"))
    return pairs


def updateQargsQuery(qargs: dict[str, Any] | None = None, query: str = "") -> tuple[dict[str, Any], str]:
    """Merge query into qargs, in place, and return (qargs, the query that qargs make).

    A name that repeats in query becomes a list of its values, so that none is lost; what query says of a name replaces
    what qargs said. The query returned has names and values escaped, a list or tuple of values as repeated names.
    """
    qargs = {} if qargs is None else typed("qargs", qargs, dict)
    merged: dict[str, Any] = {}
    for name, value in splitQuery(query):
        if name not in merged:
            merged[name] = value
        elif isinstance(merged[name], list):
            merged[name].append(value)
        else:
            merged[name] = [merged[name], value]
    qargs.update(merged)
    parts = []
    for name, value in qargs.items():
        for one in value if isinstance(value, (list, tuple)) else (value,):
            parts.append(f"{quote_plus(str(name))}={quote_plus(str(one))}")
    return qargs, "&".join(parts)


def unquoteQuery(query: str) -> str:
    """Return query with its values decoded, for people to read; names stay as they are."""
    checkText("query", query)
    parts = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        parts.append(name + equals + unquote_plus(value))
    return "&".join(parts)


# ---------------------------------------------------------------- building


def packHeader(name: str | bytes, *values: str | bytes | bytearray | int) -> bytes:
    """Return a field line without line end: name in title case, values joined by ", ".

    str values are sent as latin-1. Raises ValueError for a name that is no token, and for a control character in a
    value, which could begin a field of its own (RFC 9110, 5.5); TypeError for a value that is no str, bytes or int.
    """
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    if not isToken(text):
        raise ValueError(f"field name must be a token, got {shown(name)}")
    for one in values:
        if not isinstance(one, (str, bytes, bytearray, int)):
            raise TypeError(f"value of field {text} must be a str, bytes or int, got {one!r:.80}")
    value = b", ".join(packValue(one) for one in values)
    if ODD_BYTES.search(value):
        raise ValueError(f"value of field {text} must be without control characters, got {shown(value)}")
    return text.title().encode("latin-1") + b": " + value


def packValue(value: str | bytes | bytearray | int) -> bytes:
    """Return value as bytes of a field."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    return str(value).encode("latin-1")


def packChunk(msg: bytes | bytearray | memoryview) -> bytes:
    """Return msg as a chunk; of an empty msg that is the last chunk, which ends the body."""
    if not isinstance(msg, (bytes, bytearray, memoryview)):
        raise TypeError(f"a chunk must be bytes, got {msg!r:.80}")
    return b"%x\r\n%b\r\n" % (len(msg), bytes(msg))


# ---------------------------------------------------------------- parsing


def parseLine(
    raw: bytearray, eols: Iterable[bytes] = (CRLF, LF, CR), kind: str = "line"
) -> Generator[bytearray | None, None, None]:
    """Yield None until raw holds a line, then the line without its end, both eaten from raw.

    eols: what ends a line; the earliest in raw counts, and of those at one place the longest. So a CR at the end of raw
    waits when CRLF may end a line too. With CRLF alone a bare CR or LF is refused.

    Raises LineTooLong, naming kind, beyond MAX_LINE_SIZE, and BadHeader for a bare CR or LF.
    """
    eols = tuple(eols)
    search = endSearch(eols)
    strict = eols == (CRLF,)
    seen = 0
    while True:
        found = search(raw, seen)
        if found and not (found.end() == len(raw) and found[0] == CR and CRLF in eols):
            break
        if len(raw) > MAX_LINE_SIZE + 1:
            raise LineTooLong(kind)
        seen = max(0, len(raw) - 1)
        yield None
    if found.start() > MAX_LINE_SIZE:
        raise LineTooLong(kind)
    if strict and found[0] != CRLF:
        raise BadHeader(f"bare CR or LF in {kind}")
    line = raw[: found.start()]
    del raw[: found.end()]
    yield line


def endSearch(eols: tuple[bytes, ...]) -> Callable[[bytearray, int], re.Match[bytes] | None]:
    """Return a search for the earliest of eols, line ends; for CRLF alone one that also finds a bare CR or LF."""
    ends = (CRLF, LF, CR) if eols == (CRLF,) else sorted(eols, key=len, reverse=True)
    return re.compile(b"|".join(map(re.escape, ends))).search


def parseLeader(
    raw: bytearray,
    eols: Iterable[bytes] = (CRLF,),
    kind: str = "leader header line",
    headers: Hict | None = None,
) -> Generator[Hict | None, None, None]:
    """Yield None until raw holds all field lines and the empty one after them, then the fields.

    headers: to which the fields are added (None: a new Hict). eols and kind as in parseLine.

    Raises BadHeader, LineTooLong, and HeadTooLarge for more than MAX_HEADERS fields.
    """
    headers = Hict() if headers is None else headers
    count = 0
    while True:
        line = yield from awaited(parseLine(raw, eols, kind))
        if not line:
            break
        count += 1
        if count > MAX_HEADERS:
            raise HeadTooLarge(f"more than {MAX_HEADERS} of {kind}")
        for name, value in parseFields(line):
            headers.add(name, value)
    yield headers


def awaited(parser: Generator[Any, None, None]) -> Generator[None, None, Any]:
    """Yield None for as long as parser does; return what it yields then."""
    for result in parser:
        if result is not None:
            return result
        yield None
    return None


def parseChunk(
    raw: bytearray, limits: Limits = LIMITS
) -> Generator[tuple[int, dict[str, str | bool], Hict, bytearray] | None, None, None]:
    """Yield None until raw holds a whole chunk, then (size, parms, trails, chunk), the chunk eaten from raw.

    parms: its extensions; trails: trailer fields, when size is 0; chunk: its data. RFC 9112, 7.1. limits: those of a
    chunk line, of the trailers and of a body count here.

    Raises BadChunk, BadHeader, HeadTooLarge, BodyTooLarge.
    """
    chunk = bytearray()
    reader = BodyReader(CHUNKED_FRAMING, chunk.extend, limits)
    while not reader.readChunk(raw):
        yield None
    yield len(chunk), reader.parms or {}, Hict(reader.trails or []), chunk


def parseBom(raw: bytearray, bom: bytes = codecs.BOM_UTF8) -> Generator[bytearray | None, None, None]:
    """Yield None until raw tells whether it begins with bom, then bom, eaten from raw, or an empty bytearray."""
    while len(raw) < len(bom) and bom.startswith(raw):
        yield None
    size = len(bom) if raw.startswith(bom) else 0
    found = raw[:size]
    del raw[:size]
    yield found


def lineText(line: bytes | bytearray | str) -> str:
    """Return line as text. Raises TypeError for what is no line."""
    if not isinstance(line, (bytes, bytearray, str)):
        raise TypeError(f"line must be bytes or a str, got {line!r:.80}")
    return line if isinstance(line, str) else line.decode("latin-1")


def parseStatusLine(line: bytes | bytearray | str) -> tuple[str, int, str]:
    """Return (version as text, status, reason) of a status line without its end; reason may be empty (RFC 9112, 4).

    Raises BadStatusLine, UnknownProtocol.
    """
    text = lineText(line)
    _, status, reason = splitStatusLine(text)
    return text[: text.index(" ")], status, reason


def parseRequestLine(line: bytes | bytearray | str) -> tuple[str, str, str]:
    """Return (method, target, version as text) of a request line without its end (RFC 9112, 3).

    Any token is a method, in any case of letters. Raises BadRequestLine, BadMethod, UnknownProtocol, InvalidURL.
    """
    text = lineText(line)
    request = RequestHead()
    takeRequestLine(text, request)
    return request.method, request.target, text[text.rindex(" ") + 1 :]
