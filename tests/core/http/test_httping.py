"""The front door: what is promised at hio.core.http.httping."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http import httping
from hio.core.http.answering import Respondent
from hio.core.http.httping import CR, CRLF, LF
from hio.core.http.requesting import Requestant
from hio.help.hicting import Hict


def run(parser: Generator[Any, None, None], raw: bytearray, data: bytes) -> Any:
    """Return what parser yields once data has come into raw byte by byte, which it must not before its end."""
    for byte in data:
        assert next(parser) is None
        raw.append(byte)
    return next(parser)


# ---------------------------------------------------------------- constants and exceptions


def test_constants() -> None:
    assert (CRLF, LF, CR) == (b"\r\n", b"\n", b"\r")
    assert (httping.MAX_LINE_SIZE, httping.MAX_HEADERS, httping.MAXAMOUNT) == (65536, 100, 1048576)
    assert (httping.HTTP_PORT, httping.HTTPS_PORT, httping.HTTP_11_VERSION_STRING) == (80, 443, "HTTP/1.1")
    assert httping.METHODS == ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT")


def test_each_status_has_a_constant() -> None:
    """Its reason phrase in capitals; some have an older name besides."""
    for code, reason in httping.STATUS_DESCRIPTIONS.items():
        name = reason.upper().replace("-", "_").replace(" ", "_").replace("'", "_").replace("I_M", "IM")
        assert getattr(httping, name) == code
        assert name in httping.__all__
    assert (httping.CREATED, httping.SERVICE_UNAVAILABLE, httping.MULTIPLE_CHOICES) == (201, 503, 300)
    assert httping.REQUEST_ENTITY_TOO_LARGE == 413


def test_the_front_door_holds_what_it_lists() -> None:
    for name in httping.__all__:
        assert getattr(httping, name) is not None
    assert len(set(httping.__all__)) == len(httping.__all__)


KINDS = [value for value in vars(httping).values() if isinstance(value, type)]
FAULTS = [kind for kind in KINDS if issubclass(kind, httping.HTTPException)]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_says_what_to_answer(fault: type[httping.HTTPException]) -> None:
    assert 400 <= fault.status < 600
    assert fault.status in httping.STATUS_DESCRIPTIONS
    assert fault.text.endswith(".") and fault.text.isascii()


@pytest.mark.parametrize(
    ("name", "attribute", "status"),
    [
        ("UnknownProtocol", "version", 505), ("BadStatusLine", "line", 400), ("BadRequestLine", "line", 400),
        ("BadMethod", "method", 400), ("PrematureClosure", "msg", 400), ("LineTooLong", None, 431),
        ("InvalidURL", None, 400), ("RequestLineTooLong", None, 414), ("BodyTooLarge", None, 413),
        ("HeadTooLarge", None, 431), ("UnknownCoding", None, 501), ("BadExpectation", None, 417),
        ("MessageTimeout", None, 408),
    ],
)  # fmt: skip
def test_faults_keep_their_argument(name: str, attribute: str | None, status: int) -> None:
    fault = getattr(httping, name)("what")
    assert isinstance(fault, httping.HTTPException)
    assert "what" in str(fault)
    assert fault.status == status
    if attribute:
        assert getattr(fault, attribute) == "what"


def test_family() -> None:
    assert issubclass(httping.BadRequestLine, httping.BadStatusLine)
    assert not issubclass(httping.HTTPError, httping.HTTPException)


def test_what_a_fault_says_is_fit_for_a_log() -> None:
    """Quoted, on one line, cut short; and what it says to the peer holds nothing of the peer's."""
    fault = httping.BadRequestLine(b"GET \x1b[2J\r\n<script>" + b"x" * 9000)
    assert str(fault).isprintable()
    assert len(str(fault)) < 150
    assert "script" not in fault.text


def test_http_error() -> None:
    error = httping.HTTPError(status=400)
    assert repr(error) == "<HTTPError: 400>"
    assert error.render() == b"400 Bad Request\n\n\n"
    assert (error.reason, error.title, error.detail, error.fault, error.headers) == ("Bad Request", "", "", None, {})
    error = httping.HTTPError(700, title="Validation Error", detail="Bad mojo", fault=50, headers=Hict(a="b"))
    assert error.render() == b"700 Unknown\nValidation Error\nBad mojo\n50"
    assert type(error.headers) is dict and error.headers == {"a": "b"}
    assert error.render(jsonify=True) == (
        b'{\n  "status": 700,\n  "reason": "Unknown",\n  "title": "Validation Error",\n  "detail": "Bad mojo",\n'
        b'  "fault": 50\n}'
    )
    assert b'"fault": null' in httping.HTTPError(404, reason="Gone fishing").render(jsonify=True)
    assert httping.HTTPError(404, reason="Gone fishing").render() == b"404 Gone fishing\n\n\n"
    assert httping.HTTPError(500, fault=0).render().endswith(b"\n0")


# ---------------------------------------------------------------- dates, addresses, queries


def test_date() -> None:
    naive = datetime(2015, 9, 30, 14, 29, 18, 999)
    assert httping.httpDate1123(naive) == "Wed, 30 Sep 2015 14:29:18 GMT"
    east = naive.replace(tzinfo=timezone(timedelta(hours=2)))
    assert httping.httpDate1123(east) == "Wed, 30 Sep 2015 12:29:18 GMT"
    assert httping.httpDate1123(datetime(33, 1, 2, 3, 4, 5)) == "Sun, 02 Jan 0033 03:04:05 GMT"


@pytest.mark.parametrize(
    ("args", "result"),
    [
        (("a",), ("a", 80)), (("a", None, 443), ("a", 443)), (("a", 8080), ("a", 8080)), (("a:1", 2, 3), ("a", 1)),
        (("a:",), ("a", 80)), (("[::1]",), ("::1", 80)), (("[::1]:8080",), ("::1", 8080)), (("::1",), ("::1", 80)),
        (("::1", 5), ("::1", 5)), (("a", "8080"), ("a", 8080)), (("a", 0), ("a", 0)), (("",), ("", 80)),
    ],
)  # fmt: skip
def test_host_and_port(args: tuple[Any, ...], result: tuple[str, int]) -> None:
    assert httping.normalizeHostPort(*args) == result


@pytest.mark.parametrize("host", ["a:b", "a:-1", "a:+1", "a:65536", "a:999999", "[::1]:x", "a:1 ", "a:٣"])
def test_bad_port(host: str) -> None:
    with pytest.raises(httping.InvalidURL):
        httping.normalizeHostPort(host)


def test_query() -> None:
    assert httping.parseQuery("a=1&b=x%20y+z&c&d=&a=2") == {"a": "2", "b": "x y z", "c": "true", "d": ""}
    assert httping.parseQuery("") == {}
    assert httping.parseQuery("a=1;b=2&&c=3=4") == {"a": "1;b=2", "c": "3=4"}  # only & separates


def test_update_query() -> None:
    qargs: dict[str, Any] = {"a": 1, "b": "x y"}
    assert httping.updateQargsQuery(qargs, "b=2&c=%26") == (qargs, "a=1&b=2&c=%26")
    assert qargs == {"a": 1, "b": "2", "c": "&"}
    assert httping.updateQargsQuery() == ({}, "")
    assert httping.updateQargsQuery(None, "name=fame") == ({"name": "fame"}, "name=fame")
    assert httping.updateQargsQuery({}, "a=1&a=2&a=3") == ({"a": ["1", "2", "3"]}, "a=1&a=2&a=3")
    assert httping.updateQargsQuery({"a b&c": "d=é\r\n"}) == ({"a b&c": "d=é\r\n"}, "a+b%26c=d%3D%C3%A9%0D%0A")


def test_unquote_query() -> None:
    assert httping.unquoteQuery("a=b%20c&d+e=f+g&h&i=") == "a=b c&d+e=f g&h&i="


# ---------------------------------------------------------------- building


def test_pack_header() -> None:
    assert httping.packHeader("content-type", "text/plain") == b"Content-Type: text/plain"
    assert httping.packHeader(b"ETAG", b"x", 5, "\xe9") == b"Etag: x, 5, \xe9"
    assert httping.packHeader("Last-Event-ID", 0) == b"Last-Event-Id: 0"
    assert httping.packHeader("X") == b"X: "


@pytest.mark.parametrize(
    ("name", "value"),
    [("X", "a\r\nY: b"), ("X", "a\n"), ("X", "a\r"), ("X", b"\x00"), ("X", "\x7f"), ("X\r\nY", "a"), ("", "a"),
     ("X Y", "a"), ("X:", "a"), (b"X\xe9", "a"), ("X", "\u20ac")],
)  # fmt: skip
def test_pack_header_refuses(name: str | bytes, value: str | bytes) -> None:
    with pytest.raises(ValueError):
        httping.packHeader(name, value)


def test_pack_chunk() -> None:
    assert httping.packChunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert httping.packChunk(bytearray()) == b"0\r\n\r\n"


# ---------------------------------------------------------------- lines and leaders


def test_line_ends_at_the_earliest_end() -> None:
    raw = bytearray(b"a\rb\nc\r\nd\n\re\r")
    lines = []
    while (line := next(httping.parseLine(raw, (CRLF, LF, CR), "event line"))) is not None:
        lines.append(line)
    assert lines == [b"a", b"b", b"c", b"d", b""]
    assert raw == b"e\r"  # an LF may still come
    raw += b"f"
    assert next(httping.parseLine(raw, (CRLF, LF, CR), "event line")) == b"e"
    assert raw == b"f"


def test_line_byte_by_byte() -> None:
    raw = bytearray()
    assert run(httping.parseLine(raw, (CRLF,), "line"), raw, b"abc\r\n") == b"abc"
    assert raw == b""
    raw += b"rest"
    assert list(httping.parseLine(bytearray(b"a\r\nb"), (CRLF,), "line")) == [b"a"]


def test_line_without_tolerance() -> None:
    for data in (b"a\nb\r\n", b"a\rb\r\n", b"a\n"):
        with pytest.raises(httping.BadHeader):
            list(httping.parseLine(bytearray(data), (CRLF,), "header line"))


def test_line_too_long() -> None:
    most = b"x" * httping.MAX_LINE_SIZE
    assert next(httping.parseLine(bytearray(most + CRLF), (CRLF,), "line")) == most
    assert next(httping.parseLine(bytearray(most + CR), (CRLF,), "line")) is None
    for data in (most + b"x\r\n", most + b"xx"):
        with pytest.raises(httping.LineTooLong, match="status line"):
            next(httping.parseLine(bytearray(data), (CRLF,), "status line"))


def test_leader() -> None:
    raw = bytearray()
    headers = run(httping.parseLeader(raw, (CRLF,), "header line"), raw, b"A:1\r\nb: \t2 \r\nA:\r\n\r\n")
    assert isinstance(headers, Hict)
    assert list(headers.items()) == [("A", "1"), ("b", "2"), ("A", "")]
    kept, raw = Hict(x="y"), bytearray(b"a: b\r\n\r\nnext")
    assert list(httping.parseLeader(raw, headers=kept)) == [kept]
    assert (list(kept.items()), raw) == ([("x", "y"), ("a", "b")], b"next")


@pytest.mark.parametrize("block", [b"a\r\n", b"a : b\r\n", b": b\r\n", b" a: b\r\n", b"a: b\r\n c\r\n",
b"a: \x00\r\n", b"a: b\n"])
def test_bad_leader(block: bytes) -> None:
    with pytest.raises(httping.BadHeader):
        list(httping.parseLeader(bytearray(block + b"\r\n")))


def test_leader_is_bounded() -> None:
    assert len(next(httping.parseLeader(bytearray(b"a: b\r\n" * 100 + b"\r\n"))) or ()) == 100
    with pytest.raises(httping.HTTPException):
        next(httping.parseLeader(bytearray(b"a: b\r\n" * 101)))


def test_chunk() -> None:
    raw = bytearray()
    size, parms, trails, chunk = run(httping.parseChunk(raw), raw, b'3;a="b;c";d\r\nxyz\r\n')
    assert (size, parms, list(trails), chunk, raw) == (3, {"a": "b;c", "d": True}, [], b"xyz", b"")
    size, parms, trails, chunk = run(httping.parseChunk(raw), raw, b"0\r\nA: b\r\nA: c\r\n\r\n")
    assert (size, parms, list(trails.items()), chunk, raw) == (0, {}, [("A", "b"), ("A", "c")], b"", b"")
    raw += b"1\r\nx\r\nnext"
    assert [found[3] for found in httping.parseChunk(raw) if found] == [b"x"]
    assert raw == b"next"


@pytest.mark.parametrize("data", [b"x\r\n", b"+1\r\nx\r\n", b"0x1\r\nx\r\n", b"1\r\nxy\r\n", b"1\r\nx\n", b"\r\n",
b"1\n", b"-1\r\n"])
def test_bad_chunk(data: bytes) -> None:
    with pytest.raises(httping.BadChunk):
        list(httping.parseChunk(bytearray(data)))


def test_bom() -> None:
    raw = bytearray()
    assert run(httping.parseBom(raw, b"\xef\xbb\xbf"), raw, b"\xef\xbb\xbf") == b"\xef\xbb\xbf"
    assert raw == b""
    raw = bytearray()
    assert run(httping.parseBom(raw), raw, b"\xefx") == b""
    assert raw == b"\xefx"


def test_start_lines() -> None:
    assert httping.parseStatusLine(b"HTTP/1.1 200 All Good") == ("HTTP/1.1", 200, "All Good")
    assert httping.parseStatusLine("HTTP/1.0 404") == ("HTTP/1.0", 404, "")
    assert httping.parseRequestLine(b"get /a?b HTTP/1.0") == ("get", "/a?b", "HTTP/1.0")
    assert httping.parseRequestLine("OPTIONS * HTTP/1.1") == ("OPTIONS", "*", "HTTP/1.1")
    for line, fault in (
        (b"GET /", httping.BadRequestLine), (b"GET / x HTTP/1.1", httping.BadRequestLine),
        (b"G@T / HTTP/1.1", httping.BadMethod), (b"GET / HTTP/3.0", httping.UnknownProtocol),
        (b"GET x HTTP/1.1", httping.InvalidURL), (b"GET / HTTP/1.0abc", httping.BadRequestLine),
    ):  # fmt: skip
        with pytest.raises(fault):
            httping.parseRequestLine(line)
    for line, fault in ((b"HTTP/1.1 2_00 OK", httping.BadStatusLine), (b"HTTP/2.0 200 OK", httping.UnknownProtocol)):
        with pytest.raises(fault):
            httping.parseStatusLine(line)


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    """The parsers raise nothing but HTTPExceptions, and end or ask for more."""
    for make in (
        lambda raw: httping.parseLine(raw, (CRLF, LF, CR), "line"), lambda raw: httping.parseLine(raw, (CRLF,), "line"),
        httping.parseLeader, httping.parseChunk, httping.parseBom,
    ):  # fmt: skip
        raw = bytearray(data)
        try:
            next(make(raw))
        except httping.HTTPException:
            continue
        assert data.endswith(raw)
    for parse in (httping.parseStatusLine, httping.parseRequestLine):
        try:
            parse(data)
        except httping.HTTPException:
            pass


@pytest.mark.parametrize(("act", "pa", "named"), [
    (httping.httpDate1123, (5,), "dt must be a datetime, got 5"),
    (httping.normalizeHostPort, (None,), "host must be a str, got None"),
    (httping.parseQuery, (5,), "query must be a str, got 5"),
    (httping.unquoteQuery, (b"a",), "query must be a str, got b'a'"),
    (httping.updateQargsQuery, (5, "a=1"), "qargs must be a dict, got 5"),
    (httping.updateQargsQuery, ({}, 5), "query must be a str, got 5"),
    (httping.packChunk, ("abc",), "a chunk must be bytes, got 'abc'"),
    (httping.parseStatusLine, (5,), "line must be bytes or a str, got 5"),
    (httping.parseRequestLine, (None,), "line must be bytes or a str, got None"),
    (httping.EventSource, (b"x",), "raw must be a bytearray, got b'x'"),
    (httping.EventSource, (None, []), r"events must be a deque, got \[\]"),
    (httping.Parsent, ("x",), "msg must be a bytearray, got 'x'"),
    (lambda msg: Requestant(msg=msg), (b"",), "msg must be a bytearray, got b''"),
    (lambda msg: Respondent(msg=msg), (5,), "msg must be a bytearray, got 5"),
])  # fmt: skip
def test_what_is_of_no_fit_type_is_refused_by_name(act, pa, named):
    with pytest.raises(TypeError, match=named):
        act(*pa)
