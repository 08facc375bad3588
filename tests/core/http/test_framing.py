"""Framing: what is decided for requests and responses, the reader of bodies, and what two other parsers make of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hio.core.http.faulting import (
    BadChunk,
    BadFraming,
    BadHeader,
    BodyTooLarge,
    HeadTooLarge,
    HTTPException,
    PrematureClosure,
    UnknownCoding,
)
from hio.core.http.framing import (
    CHUNKED,
    NOTHING,
    UNTIL_CLOSE,
    BodyReader,
    Framing,
    Kind,
    frameRequest,
    frameResponse,
    parseChunkLine,
    parseLength,
)
from hio.core.http.limiting import LIMITS, Limits
from tests.core.http.corpus import CASES, post
from tests.core.http.feeding import serve

FIVE = Framing(Kind.LENGTH, 5)


# ---------------------------------------------------------------- requests


def test_request_framing_tidies_the_environ() -> None:
    """The application learns of the length in its plain form, and of no coding that is taken off."""
    environ: dict[str, Any] = {"CONTENT_LENGTH": "005, 005"}
    assert frameRequest((1, 1), environ) == FIVE
    assert environ == {"CONTENT_LENGTH": "5"}
    environ = {"HTTP_TRANSFER_ENCODING": "Chunked", "HTTP_X": "y"}
    assert frameRequest((1, 1), environ) == CHUNKED
    assert environ == {"HTTP_X": "y"}
    assert frameRequest((1, 1), {}) == NOTHING
    assert frameRequest((1, 0), {"CONTENT_LENGTH": "0"}) == NOTHING


@pytest.mark.parametrize(
    ("version", "environ", "fault"),
    [
        ((1, 1), {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"}, BadFraming),
        ((1, 0), {"HTTP_TRANSFER_ENCODING": "chunked"}, BadFraming),
        ((1, 1), {"HTTP_TRANSFER_ENCODING": "gzip"}, BadFraming),
        ((1, 1), {"HTTP_TRANSFER_ENCODING": "gzip, chunked"}, UnknownCoding),
        ((1, 1), {"CONTENT_LENGTH": "+5"}, BadFraming),
        ((1, 1), {"CONTENT_LENGTH": str((100 << 20) + 1)}, BodyTooLarge),
    ],
)
def test_request_framing_that_is_refused(
    version: tuple[int, int], environ: dict[str, Any], fault: type[HTTPException]
) -> None:
    with pytest.raises(fault):
        frameRequest(version, environ)


def test_length_limits() -> None:
    assert parseLength("7", Limits(body=7)) == 7
    assert parseLength("9" * 19, Limits(body=None)) == 10**19 - 1
    with pytest.raises(BodyTooLarge):
        parseLength("8", Limits(body=7))
    with pytest.raises(BadFraming):
        parseLength("9" * 20, Limits(body=None))


# ---------------------------------------------------------------- responses, RFC 9112, 6.3


@pytest.mark.parametrize(
    ("method", "status", "fields", "framing"),
    [
        ("GET", 200, [], UNTIL_CLOSE),
        ("GET", 200, [("content-length", "5")], FIVE),
        ("GET", 200, [("Content-Length", "5"), ("Content-Length", "5")], FIVE),
        ("GET", 200, [("Content-Length", "0")], NOTHING),
        ("GET", 200, [("TRANSFER-ENCODING", "Chunked")], CHUNKED),
        ("GET", 404, [("Content-Length", "5")], FIVE),
        ("HEAD", 200, [("Content-Length", "5")], NOTHING),
        ("HEAD", 200, [("Transfer-Encoding", "chunked")], NOTHING),
        ("GET", 100, [("Content-Length", "5")], NOTHING),
        ("GET", 103, [], NOTHING),
        ("GET", 204, [("Transfer-Encoding", "chunked")], NOTHING),
        ("GET", 304, [("Content-Length", "5")], NOTHING),
        ("CONNECT", 200, [("Content-Length", "5")], NOTHING),
        ("CONNECT", 404, [("Content-Length", "5")], FIVE),
        ("GET", 205, [("Content-Length", "0")], NOTHING),
    ],
)
def test_response_framing(method: str, status: int, fields: list[tuple[str, str]], framing: Framing) -> None:
    assert frameResponse(method, status, fields) == framing


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ([("Content-Length", "five")], BadFraming),
        ([("Content-Length", "+5")], BadFraming),
        ([("Content-Length", "")], BadFraming),
        ([("Content-Length", "5"), ("content-length", "6")], BadFraming),
        ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], BadFraming),
        ([("Transfer-Encoding", "gzip, chunked")], UnknownCoding),
        ([("Transfer-Encoding", "gzip"), ("Transfer-Encoding", "chunked")], UnknownCoding),
        ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], BadFraming),
        ([("Transfer-Encoding", "identity")], BadFraming),
        ([("Content-Length", "999999999999")], BodyTooLarge),
    ],
)
def test_response_framing_that_is_refused(fields: list[tuple[str, str]], fault: type[HTTPException]) -> None:
    with pytest.raises(fault):
        frameResponse("GET", 200, fields)


# ---------------------------------------------------------------- reading


def read(
    framing: Framing, *pieces: bytes, closed: bool = False, limits: Limits = LIMITS
) -> tuple[BodyReader, bytes, bytes]:
    """Return the reader after pieces, the body it delivered, and what it left."""
    raw, body = bytearray(), bytearray()
    reader = BodyReader(framing, body.extend, limits)
    for piece in pieces:
        raw += piece
        reader.read(raw)
    reader.read(raw, closed)
    assert reader.size == len(body)
    return reader, bytes(body), bytes(raw)


@pytest.mark.parametrize(
    ("framing", "raw", "body"),
    [
        (NOTHING, b"", b""),
        (FIVE, b"hello", b"hello"),
        (CHUNKED, b"0\r\n\r\n", b""),
        (CHUNKED, b"2;a=b\r\nhe\r\n3\r\nllo\r\n0;c\r\nX: y\r\n\r\n", b"hello"),
    ],
)
def test_read_in_any_cut_with_a_neighbour(framing: Framing, raw: bytes, body: bytes) -> None:
    for size in (1, 2, 3, 1000):
        pieces = [raw[i : i + size] for i in range(0, len(raw), size)]
        reader, got, left = read(framing, *pieces, b"GET")
        assert (reader.complete, got, left) == (True, body, b"GET")


@pytest.mark.parametrize(
    ("framing", "raw"),
    [(FIVE, b"hello"), (CHUNKED, b"5\r\nhello\r\n0\r\n\r\n"), (CHUNKED, b"5\r\nhello\r\n0\r\nX: y\r\n\r\n")],
)
def test_end_of_the_connection(framing: Framing, raw: bytes) -> None:
    """What is there is used first: a whole body is whole, any part of it is an error."""
    assert read(framing, raw, closed=True)[0].complete
    for end in range(len(raw)):
        assert not read(framing, raw[:end])[0].complete
        with pytest.raises(PrematureClosure):
            read(framing, raw[:end], closed=True)


def test_body_until_the_end_of_the_connection() -> None:
    reader, body, left = read(UNTIL_CLOSE, b"hel", b"lo")
    assert (reader.complete, body, left) == (False, b"hello", b"")
    reader, body, left = read(UNTIL_CLOSE, b"hel", b"lo", closed=True)
    assert (reader.complete, body, left) == (True, b"hello", b"")
    assert read(UNTIL_CLOSE, closed=True)[0].complete


def test_parms_and_trails() -> None:
    reader, _, _ = read(CHUNKED, b'1;a=b;c="d\\"e;";f\r\nx\r\n1\r\nx\r\n0\r\nX: y\r\nx: \r\n\r\n')
    assert reader.parms == {"a": "b", "c": 'd"e;', "f": True}
    assert reader.trails == [("X", "y"), ("x", "")]
    assert read(CHUNKED, b"0\r\n\r\n")[0].trails == []
    assert read(FIVE, b"hello")[0].trails is None


def test_chunk_line() -> None:
    assert parseChunkLine(b"0fF") == (255, {})
    assert parseChunkLine(b"f" * 16) == (16**16 - 1, {})
    assert parseChunkLine(b'1 ;\ta = b; c="d e" ; f') == (1, {"a": "b", "c": "d e", "f": True})
    for line in (b"", b"f" * 17, b"1\r", b"1\n", b"1 ", b"+1", b"0x1", b"1_1", b"1;",
                 b'1;a="\x00"', b"1; ", b"1 a", b"1;a "):  # fmt: skip
        with pytest.raises(BadChunk):
            parseChunkLine(line)


def test_body_limit_counts_decoded_bytes() -> None:
    five = Limits(body=5)
    assert read(FIVE, b"hello", limits=five)[0].complete
    with pytest.raises(BodyTooLarge):
        BodyReader(Framing(Kind.LENGTH, 6), bytearray().extend, five)
    assert read(CHUNKED, b"1;a\r\nx\r\n" * 5 + b"0\r\n\r\n", limits=five)[1] == b"xxxxx"
    with pytest.raises(BodyTooLarge):
        read(CHUNKED, b"1\r\nx\r\n" * 5 + b"1\r\n", limits=five)
    with pytest.raises(BodyTooLarge):
        read(UNTIL_CLOSE, b"hel", b"lo!", limits=five)
    assert read(UNTIL_CLOSE, b"hello", closed=True, limits=five)[0].complete


TIGHT = Limits(chunk=8, trailer=10, extensions=12, fields=2)


@pytest.mark.parametrize("raw", [b"00000000\r\nX: 4567890\r\n\r\n", b"0;345678\r\nA:\r\nB: 890\r\n\r\n"])
def test_chunk_and_trailer_limits_are_reached(raw: bytes) -> None:
    assert read(CHUNKED, raw, limits=TIGHT)[0].complete
    assert read(CHUNKED, *(raw[i : i + 1] for i in range(len(raw))), limits=TIGHT)[0].complete


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"000000000\r\n", BadChunk),
        (b"0000000000", BadChunk),
        (b"1;a\r\nx\r\n" * 4 + b"1;a\r\n", BadChunk),
        (b"0\r\nX: 45678901\r\n\r\n", HeadTooLarge),
        (b"0\r\nX: 456789012345", HeadTooLarge),
        (b"0\r\nX:\nz5678901234", BadChunk),
        (b"0\r\nA:\r\nB:\r\nC:\r\n\r\n", HeadTooLarge),
    ],
)
def test_chunk_and_trailer_limits_are_not_passed(raw: bytes, fault: type[HTTPException]) -> None:
    for pieces in ([raw], [raw[i : i + 1] for i in range(len(raw))]):
        with pytest.raises(fault):
            read(CHUNKED, *pieces, limits=TIGHT)


def test_trailers_are_strict() -> None:
    for raw in (b"X : y", b"X", b": y", b" X: y", b"X: y\r\n z"):
        with pytest.raises(BadHeader):
            read(CHUNKED, b"0\r\n" + raw + b"\r\n\r\n")
    with pytest.raises(BadFraming):
        read(CHUNKED, b"0\r\ncontent-length: 5\r\n\r\n")


def test_a_drip_is_searched_once() -> None:
    """Neither a long chunk line nor a long trailer section is searched again for each byte that comes."""
    raw = bytearray(b"0;")
    reader = BodyReader(CHUNKED, bytearray().extend)
    for _ in range(4000):
        raw += b"a"
        assert not reader.read(raw)
        assert reader.seen == len(raw) - 1
    raw += b"\r\n"
    for _ in range(16000):
        raw += b"x"
        assert not reader.read(raw)
        assert reader.seen == max(0, len(raw) - 3)


def test_sink_may_keep_what_it_gets() -> None:
    kept: list[bytearray] = []
    raw = bytearray(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nnext")
    assert BodyReader(CHUNKED, kept.append).read(raw)
    raw += b"more"
    assert (kept, raw) == ([b"abc", b"de"], b"nextmore")


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.lists(st.integers(0), max_size=6),
st.binary(max_size=9))
def test_chunks_round_trip_in_any_cut(parts: list[bytes], marks: list[int], behind: bytes) -> None:
    raw = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    at = sorted({mark % (len(raw) + 1) for mark in marks})
    pieces = [raw[start:end] for start, end in zip([0, *at], [*at, len(raw)], strict=True)]
    reader, body, left = read(CHUNKED, *pieces, behind)
    assert (reader.complete, body, left) == (True, b"".join(parts), behind)


# ---------------------------------------------------------------- against other parsers
# What h11 or llhttp (httptools) refuses for its framing is refused here, and what all admit is one body to all.


class Heard:
    """Callbacks of httptools."""

    def __init__(self) -> None:
        self.body = b""
        self.ended = False

    def on_body(self, body: bytes) -> None:
        self.body += b"" if self.ended else body

    def on_message_complete(self) -> None:
        self.ended = True


def byLlhttp(raw: bytes) -> bytes | None:
    """Return the body of the first request of raw, None for refused."""
    httptools = pytest.importorskip("httptools")
    heard = Heard()
    try:
        httptools.HttpRequestParser(heard).feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        if not heard.ended:
            return None
    return heard.body


def byH11(raw: bytes) -> bytes | None:
    """Return the body of the first request of raw, None for refused."""
    h11 = pytest.importorskip("h11")
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(raw)
    body = b""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return None
        if isinstance(event, h11.Data):
            body += bytes(event.data)
        elif not isinstance(event, h11.Request):
            return body


#: Admitted here although one of the two refuses it, and why that is not a matter of framing, or settled by the RFC
EXCUSED = {
    "length-twice-same": "RFC 9112, 6.3: a list of the same valid length is that length",
    "length-list-same": "the same",
    "coding-ows": "RFC 9110, 5.5: a tab around a value is white space",
}
EXCUSED |= {
    case.name: "RFC 9110, 5.6.3: bad white space must be read and dropped; llhttp does not"
    for case in CASES
    if case.name.startswith("extension-blank")
}
FRAMED = [case for case in CASES if case.name.startswith(("length", "coding", "chunk", "extension", "trailer"))]


@pytest.mark.parametrize("case", [case for case in FRAMED if not case.status], ids=lambda case: case.name)
def test_admitted_cases_are_one_body_to_all(case: Any) -> None:
    (outcome,), _ = serve([case.raw])
    h11s, llhttps = byH11(case.raw), byLlhttp(case.raw)
    if case.name in EXCUSED:
        assert None in (h11s, llhttps), "needs no excuse any more"
    else:
        assert outcome.body == h11s == llhttps


LENGTHS = st.sampled_from([b"0", b"5", b"05", b"6", b"+5", b"-5", b"5 ", b" 5", b"5\x0b", b"0x5", b"5_0", b"5, 6",
b"", b"\xb2"])
CODINGS = st.sampled_from(
    [b"chunked", b"Chunked", b"chunked ", b"\x0bchunked", b"chunked\x0c", b"xchunked", b"chunked, chunked", b"identity",
     b"gzip, chunked", b"chunked, gzip", b"", b'"chunked"', b"chunked;a", b"chunked\x00", b"\xa0chunked", b",chunked"]
)  # fmt: skip
LINES = st.one_of(
    LENGTHS.map(lambda value: b"Content-Length: " + value),
    CODINGS.map(lambda value: b"Transfer-Encoding: " + value),
    st.sampled_from([b"Content-Length : 5", b"Transfer-Encoding : chunked", b" Content-Length: 5", b"Content_Length: 5",
                     b"X: y\nContent-Length: 5", b"X: y\rTransfer-Encoding: chunked", b"X: y\r\n Content-Length: 5",
                     b"Connection: close", b"Content-Length\r: 5", b"content-length:5", b"X:"]),
)  # fmt: skip
BITS = st.sampled_from(
    [b"5", b"0", b"a", b"5;a=b", b"05", b"0x5", b"+5", b"5 ", b" 5", b"-1", b"\r\n", b"\r\n", b"\n", b"\r", b"hello",
     b"hello", b"X: y", b";", b'a="', b'"', b"0\r\n\r\n", b"5\r\nhello\r\n", b"G", b"\x00"]
)  # fmt: skip


@given(st.lists(LINES, max_size=3), st.lists(BITS, max_size=8).map(b"".join))
def test_whatever_another_parser_refuses_is_refused(lines: list[bytes], body: bytes) -> None:
    assume(b" ;" not in body and b"; " not in body)  # around extensions: see EXCUSED
    raw = post(*lines, body=body)
    outcomes, _ = serve([raw])
    assume(outcomes and not outcomes[0].status)
    lengths = [line for line in lines if line.lower().startswith(b"content-length:")]
    assume(len(lengths) < 2)  # the same length twice: see EXCUSED
    assert outcomes[0].body == byH11(raw) == byLlhttp(raw)
