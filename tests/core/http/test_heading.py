"""Heads: the corpus in every cut, the memories and their bounds, and what must hold for any bytes at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http import heading, naming, targeting
from hio.core.http.answerheading import parseResponseHead
from hio.core.http.faulting import (
    BadExpectation,
    BadHeader,
    BadStatusLine,
    HeadTooLarge,
    HTTPException,
    InvalidURL,
    RequestLineTooLong,
    UnknownProtocol,
)
from hio.core.http.heading import (
    HeadFinder,
    expects,
    parseFields,
    parseRequestHead,
    persists,
)
from hio.core.http.limiting import LIMITS, Limits
from hio.core.http.targeting import unquotePath
from tests.core.http.corpus import CASES, NEIGHBOUR, Case
from tests.core.http.feeding import cuts, serve

TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    """Each case has one outcome, whole, byte by byte, and cut in two."""
    for pieces in cuts(case.raw):
        outcomes, left = serve(pieces)
        assert [outcome.status for outcome in outcomes] == [case.status], case.clause
        if not case.status:
            assert left == b""
            assert {name: outcomes[0].of(name) for name in case.want} == case.want, case.clause


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_neighbour(case: Case) -> None:
    """What follows is the next request when the connection lives on, and is never looked at when it does not."""
    outcomes, left = serve([case.raw + NEIGHBOUR])
    assert outcomes[0].status == case.status
    if outcomes[0].persisted:
        assert [outcome.target for outcome in outcomes[1:]] == ["/neighbour"]
        assert left == b""
    else:
        assert len(outcomes) == 1


def test_corpus_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 1000


# ---------------------------------------------------------------- any bytes at all

PIECES = st.sampled_from(
    [b"\r\n", b"\r\n\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\x00", b"\x7f", b"\xff", b"chunked",
    b"Content-Length: 3\r\n",
     b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"GET / HTTP/1.1\r\n", b"0\r\n\r\n", b"5", b",", b";", b'"',
     b"#",
     b"http://x/", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"A" * 9000, b"X: y\r\n" * 101]
)  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """Return a case of the corpus with some bytes cut out or put in, perhaps with another behind it."""
    cases = st.sampled_from([case for case in CASES if len(case.raw) < 2000])
    raw = draw(cases).raw
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 8)))
        raw = raw[:start] + draw(PIECES | st.binary(max_size=3)) + raw[end:]
    return raw + draw(st.just(b"") | st.just(NEIGHBOUR) | cases.map(lambda case: case.raw))


def sliced(raw: bytes, marks: list[int]) -> list[bytes]:
    """Return raw cut at marks, each taken modulo its length."""
    at = sorted({mark % (len(raw) + 1) for mark in marks})
    return [raw[start:end] for start, end in zip([0, *at], [*at, len(raw)], strict=True)]


@given(mutants() | st.binary(max_size=300), st.lists(st.integers(0), max_size=8))
def test_any_bytes_in_any_cut(raw: bytes, marks: list[int]) -> None:
    """Nothing but an HTTPException comes out, and the outcome is the same however the bytes were cut.

    serve catches the HTTPExceptions, and them alone.
    """
    whole, _ = serve([raw])
    assert serve(sliced(raw, marks))[0] == whole
    assert serve([raw[i : i + 1] for i in range(len(raw))])[0] == whole


@given(mutants(), st.lists(st.integers(0), max_size=8))
def test_any_cut_under_tight_limits(raw: bytes, marks: list[int]) -> None:
    """Where several limits are near each other, the same one answers in every cut."""
    tight = Limits(line=40, head=80, fields=3, blanks=1, chunk=8, trailer=12, body=20, extensions=6)
    whole, _ = serve([raw], tight)
    assert serve(sliced(raw, marks), tight)[0] == whole
    assert serve([raw[i : i + 1] for i in range(len(raw))], tight)[0] == whole


values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)


@given(
    st.text(TOKEN, min_size=1, max_size=12).filter(lambda method: method != "CONNECT"),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=30),
    st.lists(st.tuples(st.text(TOKEN, min_size=1, max_size=20).map(lambda name: "X" + name), values), max_size=10),
)
def test_round_trip(method: str, rest: str, fields: list[tuple[str, str]]) -> None:
    """What is written by the grammar is read back as it was."""
    lines = [f"{method} /{rest} HTTP/1.1", "Host: a", *(f"{name}:{value}" for name, value in fields)]
    environ: dict[str, Any] = {}
    head = parseRequestHead("\r\n".join(lines).encode("latin-1"), environ)
    assert (head.method, head.target, head.version) == (method, "/" + rest, (1, 1))
    assert head.path + ("?" + head.query if "?" in rest else "") == "/" + rest
    stripped = [(name, value.strip(" \t")) for name, value in fields]
    assert head.fields == [("Host", "a"), *stripped]
    mapped: dict[str, list[str]] = {}
    for name, value in stripped:
        if "_" not in name:
            mapped.setdefault("HTTP_" + name.upper().replace("-", "_"), []).append(value)
    assert environ == {"HTTP_HOST": "a"} | {key: ", ".join(several) for key, several in mapped.items()}


# ---------------------------------------------------------------- the request head


def head(*lines: bytes) -> dict[str, Any]:
    """Return the environ of a request with these field lines."""
    environ: dict[str, Any] = {}
    parseRequestHead(b"\r\n".join((b"GET / HTTP/1.1", b"Host: a", *lines)), environ)
    return environ


def test_environ_keeps_what_it_had() -> None:
    environ = {"wsgi.version": (1, 0)}
    request = parseRequestHead(bytearray(b"GET /a?b HTTP/1.0\r\nAccept: c"), environ)
    assert environ == {"wsgi.version": (1, 0), "HTTP_ACCEPT": "c"}
    assert request.environ is environ
    assert request.lines == ["Accept: c"]
    assert repr(request) == "<RequestHead GET /a?b (1, 0) fields=1>"


def test_fields_keep_order_spelling_and_repeats() -> None:
    request = parseRequestHead(b"GET / HTTP/1.1\r\nhOst:a\r\nX_Y: 1\r\nx-y:\t2 \r\nProxy: p\r\nX_Y:", {})
    assert request.fields == [("hOst", "a"), ("X_Y", "1"), ("x-y", "2"), ("Proxy", "p"), ("X_Y", "")]


def test_no_fields() -> None:
    request = parseRequestHead(b"GET / HTTP/1.0", {})
    assert (request.fields, request.environ) == ([], {})


def test_names_that_are_learnt_are_forgotten_again() -> None:
    """A peer that makes up names costs a bounded memory, and the usual names stay known."""
    for number in range(3 * targeting.REMEMBERED):
        assert head(b"X-%d: y" % number) == {"HTTP_HOST": "a", f"HTTP_X_{number}": "y"}
        assert len(naming.NAMES) <= naming.SEEDED + targeting.REMEMBERED
    assert "User-Agent" in naming.NAMES


def test_names_that_are_long_or_unmapped_are_not_learnt() -> None:
    assert head(b"X" * 65 + b": y")["HTTP_" + "X" * 65] == "y"
    for _ in range(2):
        assert head(b"X_Y: y", b"Proxy: y") == {"HTTP_HOST": "a"}
    assert not {"X" * 65, "X_Y", "Proxy"} & set(naming.NAMES)


@pytest.mark.parametrize(
    "lines",
    [
        (b"X" * 65 + b": y",),
        (b"X_Y: 1", b"Proxy: p", b"X-Y: 2", b"x-y: 3", b"Cookie: a", b"cookie: b"),
        (b"Content-Length: 3, 3", b"Content-Type: a/b"),
        (b"Transfer-Encoding: chunked",),
    ],
)
def test_a_head_that_comes_again_means_the_same(lines: tuple[bytes, ...]) -> None:
    """Whatever is remembered of it, and whatever its request did to its environ."""
    first = head(*lines)
    for _ in range(4):
        environ = head(*lines)
        assert environ == first
        environ["HTTP_X_Y"] = "changed"
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        naming.forget()


def test_fields_that_come_again_do_not_lend_their_host() -> None:
    """What a target or a version made of them the next time counts."""
    fields = b"\r\nHost: a\r\nX: again"
    for _ in range(4):
        for line, host in ((b"GET http://b/ HTTP/1.1", "b"), (b"GET / HTTP/1.0", "a"), (b"GET / HTTP/1.1", "a")):
            environ: dict[str, Any] = {}
            request = parseRequestHead(line + fields, environ)
            assert (environ["HTTP_HOST"], request.version) == (host, (1, 1) if line.endswith(b"1.1") else (1, 0))
    for _ in range(4):
        assert parseRequestHead(b"GET / HTTP/1.0\r\nX: hostless", {}).fields == [("X", "hostless")]
        with pytest.raises(HTTPException):
            parseRequestHead(b"GET / HTTP/1.1\r\nX: hostless", {})


def test_fields_that_come_again_are_held_to_the_limits_of_the_day() -> None:
    raw = b"GET / HTTP/1.1\r\nHost: a\r\nX: limited"
    for _ in range(4):
        parseRequestHead(raw, {})
    for limits, status in ((Limits(fields=1), 431), (Limits(head=20), 431), (Limits(line=5), 414)):
        with pytest.raises(HTTPException) as caught:
            parseRequestHead(raw, {}, limits)
        assert caught.value.status == status
    for line in (b"GET / HTTP/1.1 ", b"GET /\x00 HTTP/1.1", b"GET / HTTP/2.0", b"G@T / HTTP/1.1", b"GET /\t HTTP/1.1"):
        with pytest.raises(HTTPException):
            parseRequestHead(line + raw[14:], {})


def test_heads_that_are_remembered_are_bounded() -> None:
    for number in range(4 * heading.REMEMBERED_BLOCKS):
        head(b"X: %d" % number)
        head(b"X: %d" % number)
        assert len(heading.BLOCKS) <= heading.REMEMBERED_BLOCKS
        assert len(heading.SEEN) <= heading.REMEMBERED_BLOCKS
    for _ in range(3):
        head(b"X: " + b"y" * heading.LONGEST_BLOCK)
    assert max(map(len, [*heading.BLOCKS, *heading.SEEN])) <= heading.LONGEST_BLOCK


def test_lines_that_come_again_say_the_same_and_are_bounded() -> None:
    fields = b"\r\nHost: a\r\nX: lines"
    lines = [b"GET /x HTTP/1.1", b"HEAD /x HTTP/1.0", b"GET /%41/? HTTP/1.1", b"OPTIONS * HTTP/1.1"]
    lines.append(b"GET http://b/x HTTP/1.1")
    for line in lines:
        seen = [parseRequestHead(line + fields, {}) for _ in range(4)]
        for name in ("method", "target", "version", "path", "query", "authority", "scheme", "lines"):
            assert len({str(getattr(request, name)) for request in seen}) == 1
    for number in range(2 * heading.REMEMBERED_BLOCKS):
        parseRequestHead(b"GET /%d HTTP/1.1" % number + fields, {})
        assert len(heading.LINES) <= heading.REMEMBERED_BLOCKS
    parseRequestHead(b"GET /" + b"y" * heading.LONGEST_LINE + b" HTTP/1.1" + fields, {})
    assert max(map(len, heading.LINES)) <= heading.LONGEST_LINE


def test_a_query_is_not_kept_beyond_its_request() -> None:
    for _ in range(4):
        request = parseRequestHead(b"GET /reset?token=secret HTTP/1.1\r\nHost: a\r\nX: queried", {})
        assert request.query == "token=secret"
    assert b"secret" not in b"".join(heading.LINES)


def test_hosts_that_are_remembered_are_bounded() -> None:
    for number in range(2 * targeting.REMEMBERED):
        parseRequestHead(b"GET / HTTP/1.1\r\nHost: h%d" % number, {})
        assert len(targeting.HOSTS) <= targeting.REMEMBERED
    parseRequestHead(b"GET / HTTP/1.1\r\nHost: " + b"h" * 65, {})
    assert "h" * 65 not in targeting.HOSTS


@pytest.mark.parametrize(
    ("path", "info"),
    [("/a", "/a"), ("/a%20b%2Fc", "/a b/c"), ("/%C3%A9", "/\xc3\xa9"), ("/%ff%00", "/\xff\x00"), ("/%zz%", "/%zz%"),
    ("*", "*")],
)
def test_unquote_path(path: str, info: str) -> None:
    assert unquotePath(path) == info


def test_persists() -> None:
    """The field as an application server asks for it: as joined text, or None."""
    assert persists((1, 1), None) and not persists((1, 0), None)
    assert persists((1, 0), "x,\tKeep-Alive ") and not persists((1, 1), "keep-alive,Close")


def test_expects() -> None:
    assert expects((1, 1), "100-continue, 100-Continue")
    assert not expects((1, 1), "") and not expects((1, 1), None) and not expects((1, 0), "100-continue")
    with pytest.raises(BadExpectation):
        expects((1, 1), "100-continue, other")


# ---------------------------------------------------------------- the finder


def test_finder_serves_one_head_after_the_other() -> None:
    finder = HeadFinder()
    raw = bytearray(b"\r\n" + NEIGHBOUR + b"\r\n\r\n" + NEIGHBOUR[:-1])
    for _ in range(2):
        end = finder.find(raw)
        if end < 0:
            raw += NEIGHBOUR[-1:]
            end = finder.find(raw)
        assert raw[:end] == NEIGHBOUR[:-4]
        del raw[: end + 4]
    assert finder.find(raw) == -1


def test_finder_searches_no_byte_twice() -> None:
    """A peer that drips makes it look at each byte a bounded number of times."""
    finder = HeadFinder()
    raw = bytearray(b"GET / HTTP/1.1\r\nX: y")
    while len(raw) < 60000:
        assert finder.find(raw) == -1
        assert finder.seen == len(raw) - 3
        raw += b"\r\nX: y" if len(raw) % 7 else b"Y"
    raw += b"\r\n\r\n"
    assert finder.find(raw) == len(raw) - 4
    assert finder.seen == 0


def test_finder_counts_empty_lines_over_calls_and_afresh_for_each_head() -> None:
    finder = HeadFinder(Limits(blanks=2))
    raw = bytearray()
    for _ in range(2):
        for blank in (b"\r", b"\n", b"\r\n"):
            raw += blank
            assert finder.find(raw) == -1
        assert raw == b""
        raw += NEIGHBOUR
        assert finder.find(raw) == len(NEIGHBOUR) - 4
        raw.clear()
    raw += b"\r\n\r\n\r\n"
    with pytest.raises(HTTPException):
        finder.find(raw)


def test_finder_reset() -> None:
    finder = HeadFinder()
    finder.find(bytearray(b"\r\n"))
    finder.find(bytearray(b"GET / HTTP/1.1\r\nX: y"))
    finder.reset()
    assert (finder.seen, finder.skipped, finder.lined) == (0, 0, False)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"\x16", HTTPException), (b"\n", HTTPException), (b"GET / HTTP/1.1\n", HTTPException),
        (b"GET /\r\n", HTTPException), (b"GET / HTTP/2.0\r\n", UnknownProtocol), (b"GET /\x00", HTTPException),
        (b"GET / HTTP/1.1\r\nX: y\n", BadHeader), (b"GET / HTTP/1.1\r\nX: y\rz", BadHeader),
        (b"G" * (LIMITS.line + 2), RequestLineTooLong), (b"GET / HTTP/1.1\r\n" + b"x" * LIMITS.head, HeadTooLarge),
    ],
)  # fmt: skip
def test_finder_does_not_wait_out_what_is_wrong(raw: bytes, fault: type[HTTPException]) -> None:
    """Refused although more bytes may come, so that the peer need not be timed out."""
    with pytest.raises(fault):
        HeadFinder().find(bytearray(raw))


# ---------------------------------------------------------------- responses


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        (b"HTTP/1.1 200 OK", ((1, 1), 200, "OK")), (b"HTTP/1.0 404 Not Found", ((1, 0), 404, "Not Found")),
        (b"HTTP/1.1 200 ", ((1, 1), 200, "")), (b"HTTP/1.1 200", ((1, 1), 200, "")), (b"HTTP/1.3 999 x", ((1, 1),
        999, "x")),
        (b"HTTP/1.1 200  two  ", ((1, 1), 200, " two  ")), (b"HTTP/1.1 200 \xe9\t", ((1, 1), 200, "\xe9\t")),
    ],
)  # fmt: skip
def test_status_line(line: bytes, parsed: tuple[Any, ...]) -> None:
    head = parseResponseHead(line)
    assert (head.version, head.status, head.reason, head.fields) == (*parsed, [])


@pytest.mark.parametrize(
    "line",
    [
        b"", b"HTTP/1.1", b"HTTP/1.1 ", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 2_0 OK", b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 20x OK", b"HTTP/1.1 099 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK", b" HTTP/1.1 200 OK",
        b"http/1.1 200 OK", b"HTTP/1.1 200OK", b"HTTP/11 200 OK", b"HTTP/1.10 200 OK", b"ICY 200 OK", b"200 OK",
        b"HTTP/1.1 20\xb2 OK", b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 200 O\rK", b"HTTP/1.1 200 O\nK", b"GET / HTTP/1.1",
    ],
)  # fmt: skip
def test_bad_status_line(line: bytes) -> None:
    with pytest.raises(BadStatusLine):
        parseResponseHead(line)


def test_status_line_of_another_protocol() -> None:
    with pytest.raises(UnknownProtocol, match="HTTP/2.0"):
        parseResponseHead(b"HTTP/2.0 200 OK")


def test_response_fields_are_unfolded() -> None:
    """RFC 9112, 5.2: whoever reads a response makes white space of a line folding."""
    parsed = parseResponseHead(b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\t c\r\nSet-Cookie: d\r\nSet-Cookie: e")
    assert parsed.fields == [("X", "a b c"), ("Set-Cookie", "d"), ("Set-Cookie", "e")]


@pytest.mark.parametrize("block", [b" X: a", b"X", b"X : a", b": a", b"X: a\nY: b", b"X: a\r", b"X: \x00", b"\r\n",
b"X@: a"])
def test_bad_response_fields(block: bytes) -> None:
    with pytest.raises(BadHeader):
        parseResponseHead(b"HTTP/1.1 200 OK\r\n" + block)


def test_response_limits() -> None:
    with pytest.raises(HeadTooLarge):
        parseResponseHead(b"HTTP/1.1 200 OK\r\n" + b"\r\n".join([b"X: y"] * 101))
    with pytest.raises(HeadTooLarge):
        parseResponseHead(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000)


def test_fields_are_not_unfolded_elsewhere() -> None:
    assert parseFields(b"") == []
    assert parseFields(b"A:1\r\nb: \t2\t") == [("A", "1"), ("b", "2")]
    with pytest.raises(BadHeader):
        parseFields(b"X: a\r\n b")


@given(st.binary(max_size=200))
def test_any_bytes_as_a_response_head(raw: bytes) -> None:
    for block in (raw, b"HTTP/1.1 200 OK\r\n" + raw):
        try:
            parsed = parseResponseHead(block)
        except HTTPException:
            continue
        assert 100 <= parsed.status <= 999


# ---------------------------------------------------------------- limits


def test_limits_name_what_is_wrong() -> None:
    for name, value in (
        ("line", 0), ("line", "8190"), ("head", -1), ("fields", 1.5), ("body", -1), ("connections", "x"), ("spool",
        None),
        ("idleTymeout", -0.1), ("headTymeout", "5"), ("bodyTymeout", float("inf")), ("stallTymeout", float("nan")),
        ("lingerTymeout", None), ("handshakeTymeout", True), ("rxMark", 0), ("digits", True),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=name):
            Limits(**{name: value})  # type: ignore[arg-type]


def test_limits_that_are_allowed() -> None:
    limits = Limits(body=None, connections=None, fields=0, idleTymeout=0, spool=0)
    assert (limits.body, limits.connections, limits.idleTymeout) == (None, None, 0)
    assert Limits() == LIMITS


@pytest.mark.parametrize("field", [
    b"Authorization: Basic c2VjcmV0", b"Cookie: sid=secret", b"proxy-authorization: secret",
])
def test_credentials_are_not_kept_beyond_their_request(field: bytes) -> None:
    for _ in range(3):
        environ: dict[str, object] = {}
        heading.parseRequestHead(b"GET / HTTP/1.1\r\nHost: a\r\n" + field, environ)
        assert any("secret" in str(value) or "c2VjcmV0" in str(value) for value in environ.values())
    kept = b"".join([*heading.BLOCKS, *heading.SEEN])
    assert b"secret" not in kept and b"c2VjcmV0" not in kept


@pytest.mark.parametrize("target", ["http:///a", "http://", "http:a", "*", "a"])
def test_a_target_without_a_host_is_a_bad_target(target):
    """And not a bad Host field, which its sender would look for in vain."""
    with pytest.raises(InvalidURL):
        targeting.parseTarget("GET", target)
