"""Response heads: what an application asked for, checked once and rendered once.

plan       status and header fields of an application to a Plan, remembered
Plan       a rendered head, and what it says about framing
dateLine   the Date field, rendered once a second

A head is checked as PEP 3333 and RFC 9110 want it: a token for a name, no control character in a value, digits in a
Content-Length, no hop-by-hop field. What is wrong is the application's error and raised at its start_response.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.utils import formatdate

from ... import __version__
from ...help import timing
from .naming import isToken
from .statusing import STATUS_DESCRIPTIONS

#: Value of the Server field.
SERVER = f"hio/{__version__}"

#: Heads that are remembered, and the size in characters up to which a value makes one worth it.
REMEMBERED = 512
SHORT = 128

isStatus = re.compile(r"([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?").fullmatch
isValue = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch

#: Fields between this server and its peer, which are not the application's to set (RFC 9110, 7.6.1).
HOPS = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})


class Plan:
    """A response head as far as it depends on the application alone.

    Attributes:
        status (str): code and reason. code (int).
        fields (list[tuple[str, str]]): the fields that go out, names in title case, Server included.
        lead (bytes): status line and fields, each line with its CRLF.
        dated (bool): a Date is among the fields.
        length (int | None): the Content-Length declared.
        closing (bool): the application asked for the connection to be closed.
        bodiless (bool): no body may follow (1xx, 204, 205, 304).
        evented (bool): the content is an event stream.
    """

    __slots__ = ("bodiless", "closing", "code", "dated", "evented", "fields", "lead", "length", "status")

    status: str
    code: int
    fields: list[tuple[str, str]]
    lead: bytes
    dated: bool
    length: int | None
    closing: bool
    bodiless: bool
    evented: bool

    def __repr__(self) -> str:
        return f"<Plan {self.status!r} fields={len(self.fields)} length={self.length}>"


#: {(status, headers): Plan} of heads that came twice, and of those that came once. Two, so that heads which never come
#: again, as with an ETag or a length in them, do not push out those that do.
PLANS: dict[tuple[object, tuple[object, ...]], Plan] = {}
ONCE: dict[tuple[object, tuple[object, ...]], Plan] = {}


def plan(status: object, headers: object) -> Plan:
    """Return the Plan for what an application passed to start_response.

    Parameters:
        status (str | int): code and reason; a reason that is missing comes from the table.
        headers (list[tuple[str, str]]): the fields.

    Raises:
        TypeError, ValueError: what PEP 3333 does not allow; names the value.
    """
    if not isinstance(headers, list):
        return make(status, headers)  # says what is wrong, whatever is remembered
    try:
        key = (status, tuple(headers))
        found = PLANS.get(key)
    except TypeError:  # what cannot be a key is wrong as well; make says how
        return make(status, headers)
    return remembered(key) if found is None else found


def remembered(key: tuple[object, tuple[object, ...]]) -> Plan:
    """Return the Plan for key, a head not in PLANS; remember it, within bounds, unless it has a cookie in it."""
    found = ONCE.pop(key, None)
    if found is not None:
        if len(PLANS) >= REMEMBERED:
            PLANS.clear()
        PLANS[key] = found
        return found
    found = make(key[0], list(key[1]))
    if all(len(value) <= SHORT and name != "Set-Cookie" for name, value in found.fields):
        if len(ONCE) >= REMEMBERED:
            ONCE.clear()
        ONCE[key] = found
    return found


def make(status: object, headers: object) -> Plan:
    """Return a new Plan for status and headers; raises as plan does."""
    self = Plan()
    self.code, self.status = parseStatus(status)
    self.bodiless = self.code < 200 or self.code in (204, 205, 304)
    self.fields = []
    self.length = None
    self.closing = self.evented = False
    for name, value in pairs(headers):
        lower = name.lower()
        if lower in HOPS:
            self.closing |= hop(lower, value)
            continue
        if lower == "content-length":
            length = parseLength(value)
            if self.length is not None and self.length != length:
                raise ValueError(f"contradicting Content-Length, {self.length} and {length}")
            if self.length is not None or (self.bodiless and self.code != 304):
                continue
            self.length = length
        elif lower == "content-type":
            self.evented = value.partition(";")[0].strip().lower() == "text/event-stream"
        self.fields.append((name.title(), value))
    names = [name for name, _ in self.fields]
    self.dated = "Date" in names
    if self.code == 205:  # unlike the others, it has to say that it has none (RFC 9110, 15.3.6)
        self.length = 0
        self.fields.append(("Content-Length", "0"))
    if "Server" not in names:
        self.fields.append(("Server", SERVER))
    lines = [f"HTTP/1.1 {self.status}"] + [f"{name}: {value}" for name, value in self.fields]
    self.lead = ("\r\n".join(lines) + "\r\n").encode("latin-1")
    return self


def unsized(plan: Plan) -> Plan:
    """Return plan without a Content-Length."""
    fields = [field for field in plan.fields if field[0] != "Content-Length"]
    closing = [("Connection", "close")] if plan.closing else []
    return make(plan.status, fields + closing)


def parseStatus(status: object) -> tuple[int, str]:
    """Return (code, code and reason) of a status as applications give it. Raises TypeError, ValueError for no such."""
    if isinstance(status, int) and not isinstance(status, bool):
        status = str(status)
    if not isinstance(status, str):
        raise TypeError(f"status must be a str like '200 OK', got {status!r}")
    match = isStatus(status)
    if not match:
        raise ValueError(f"status must be three digits, a space and a reason, got {status!r}")
    code = int(match[1])
    return code, f"{code} {match[2] or STATUS_DESCRIPTIONS.get(code, 'Unknown')}"


def pairs(headers: object) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of headers as an application gives them, checked. Raises TypeError, ValueError."""
    if not isinstance(headers, list):
        raise TypeError(f"headers must be a list of (name, value) tuples, got {type(headers).__name__}")
    for item in headers:
        if not isinstance(item, tuple) or len(item) != 2:
            raise TypeError(f"header must be a (name, value) tuple, got {item!r}")
        name, value = item
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"header name and value must be str, got {item!r}")
        if not isToken(name):
            raise ValueError(f"bad header name {name!r}")
        if not isValue(value):
            raise ValueError(f"control character or beyond latin-1 in value of header {name!r}: {value!r}")
        yield name, value.strip(" \t")


def hop(name: str, value: str) -> bool:
    """Return whether a hop-by-hop field asks for a close. Raises ValueError for one that is the server's to set."""
    if name == "connection":
        options = {option.strip().lower() for option in value.split(",")}
        if options <= {"close", "keep-alive", ""}:
            return "close" in options
    elif name == "keep-alive":
        return False
    raise ValueError(f"header {name!r} is the server's to set, not the application's (PEP 3333)")


def parseLength(value: str) -> int:
    """Return the number that value, the Content-Length of an application, declares. Raises ValueError for no number."""
    if not (value.isascii() and value.isdigit()) or len(value) > 19:
        raise ValueError(f"Content-Length must be a number of bytes, got {value!r}")
    return int(value)


def wallTime() -> float:
    """Return the wall clock's seconds since the epoch; looked up anew each time, as tests may replace it."""
    return timing.wallTime()


class Dater:
    """The Date field, rendered once a second (RFC 9110, 6.6.1).

    Parameters:
        clock: callable that answers seconds since the epoch; None: the wall clock of help.timing. In a simulation
            that is epoch + tyme.
    """

    __slots__ = ("clock", "line", "second", "text")

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.clock = clock if clock is not None else wallTime
        self.second = -1
        self.text = ""
        self.line = b""
        self.render()

    def render(self) -> bytes:
        """Return the field line with its CRLF, for now."""
        second = int(self.clock())
        if second != self.second:
            self.second = second
            self.text = formatdate(second, usegmt=True)
            self.line = f"Date: {self.text}\r\n".encode("ascii")
        return self.line


class LoneDater:
    """A Dater for who has no turn in which to render: .line is rendered whenever it is read."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.dater = Dater(clock)
        self.render = self.dater.render

    @property
    def line(self) -> bytes:
        """The field line with its CRLF, for now."""
        return self.dater.render()

    @property
    def text(self) -> str:
        """The value of the field, for now."""
        self.dater.render()
        return self.dater.text


#: The Dater of those that were handed none.
dater = LoneDater()
