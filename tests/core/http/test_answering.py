"""Respondent: responses out of bytes, the same in every cut, and nothing but a settled error out of garbage."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.answerheading import LOWERS, REMEMBERED, STATUSES, parseResponseHead
from hio.core.http.answering import Respondent
from hio.core.http.failing import Mishap
from hio.core.http.faulting import HTTPException
from hio.core.http.limiting import Limits

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
ONE = b"Content-Length: 1\r\n\r\nx"


def cuts(raw):
    """Yield raw whole, byte by byte, and in two at each place."""
    yield [raw]
    yield [raw[i : i + 1] for i in range(len(raw))]
    yield from ([raw[:i], raw[i:]] for i in range(1, len(raw)))


def feed(pieces, closed=True, **kwa):
    """Return a Respondent that was fed pieces, and told of the end if it wants more."""
    respondent = Respondent(msg=bytearray(), **kwa)
    for piece in pieces:
        respondent.msg.extend(piece)
        respondent.parse()
    if respondent.parser and closed:
        respondent.close()
        respondent.parse()
    return respondent


def facts(respondent):
    """Return what can be told of a response."""
    fields = None if respondent.headers is None else list(respondent.headers.items())
    return (respondent.version, respondent.status, respondent.reason, fields, bytes(respondent.body),
            respondent.ended, respondent.errored, respondent.mishap, respondent.persisted, bytes(respondent.msg))


# ---------------------------------------------------------------- whole responses

# name: (raw, status, body, persisted, rest, further parameters)
WHOLE = {
    "length": (OK + b"Content-Length: 5\r\n\r\nhello", 200, b"hello", True, b"", {}),
    "lengthTwice": (OK + b"Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", 200, b"hello", True, b"", {}),
    "empty": (OK + b"Content-Length: 0\r\n\r\n", 200, b"", True, b"", {}),
    "neighbour": (OK + b"Content-Length: 5\r\n\r\nhelloHTTP/1.1", 200, b"hello", True, b"HTTP/1.1", {}),
    "noSpace": (OK + b"Content-Length:5\r\nX:\r\n\r\nhello", 200, b"hello", True, b"", {}),
    "noReason": (b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", 200, b"x", True, b"", {}),
    "noReasonNoBlank": (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True, b"", {}),
    "chunked": (OK + CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 200, b"abcde", True, b"", {}),
    "trailers": (OK + b"Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\nrest", 200, b"a", True,
        b"rest", {}),
    "chunked10": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + CHUNKED + b"1\r\na\r\n0\r\n\r\n", 200, b"a", False,
                  b"", {}),
    "close": (OK + b"\r\nuntil the end", 200, b"until the end", False, b"", {}),
    "closeEmpty": (OK + b"\r\n", 200, b"", False, b"", {}),
    "connectionClose": (OK + b"Content-Length: 1\r\nConnection: foo, Close\r\n\r\nx", 200, b"x", False, b"", {}),
    "version10": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x", False, b"", {}),
    "version10kept": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx", 200, b"x", True,
        b"", {}),
    "folded": (OK + b"X-A: a\r\n b\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True, b"", {}),
    "continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + ONE, 200, b"x", True, b"", {}),
    "hints": (b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + ONE,
              200, b"x", True, b"", {}),
    "switching": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nraw", 101, b"", True, b"raw", {}),
    "head": (OK + b"Content-Length: 5\r\n\r\n", 200, b"", True, b"", {"method": "HEAD"}),
    "headChunked": (OK + b"Transfer-Encoding: chunked\r\n\r\n", 200, b"", True, b"", {"method": "HEAD"}),
    "noContent": (b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", 204, b"", True, b"", {}),
    "notModified": (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 304, b"", True, b"", {}),
    "gzip": (OK + b"Content-Encoding: gzip\r\nContent-Length: 25\r\n\r\n" + gzip.compress(b"hello", mtime=0), 200,
        b"hello",
             True, b"", {"decodable": True}),
    "gzipUnasked": (OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello", True, b"", {}),
    "brotli": (OK + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello", True, b"",
        {"decodable": True}),
    "latin": (b"HTTP/1.1 200 \xe9\r\nX: \xe9\r\nContent-Length: 0\r\n\r\n", 200, b"", True, b"", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_whole_responses_in_every_cut(name):
    raw, status, body, persisted, rest, kwa = WHOLE[name]
    for pieces in cuts(raw):
        respondent = feed(pieces, **kwa)
        assert not respondent.errored, respondent.error
        assert (respondent.status, respondent.code, bytes(respondent.body)) == (status, status, body)
        assert (respondent.headed, respondent.bodied, respondent.ended, respondent.started) == (True, True, True, False)
        assert respondent.persisted is persisted and respondent.parser is None
        assert bytes(respondent.msg) == rest
        assert respondent.length == len(body) or kwa.get("decodable")


def test_facts_of_a_response():
    raw = OK + b'Set-Cookie: a=1\r\nContent-TYPE: application/json; charset="utf-8"\r\nSet-Cookie: b=2\r\n' \
        b"Content-Length: 9\r\n\r\n{\"a\": 12}"
    respondent = feed([raw])
    assert list(respondent.headers.items())[:2] == [
        ("Set-Cookie", "a=1"), ("Content-TYPE", 'application/json; charset="utf-8"')]
    assert respondent.headers.getall("set-cookie") == ["a=1", "b=2"]
    assert respondent.jsoned and respondent.encoding == "utf-8"
    assert respondent.data is None
    respondent.dictify()
    assert respondent.data == {"a": 12}
    assert respondent.version == (1, 1) and respondent.reason == "OK" and not respondent.chunked


def test_chunk_extensions_and_trailers():
    respondent = feed([WHOLE["chunked"][0]])
    assert respondent.chunked and respondent.parms == {"x": "y"} and list(respondent.trails.items()) == []
    respondent = feed([WHOLE["trailers"][0]])
    assert list(respondent.trails.items()) == [("X", "y")]
    assert "X" not in respondent.headers
    assert list(respondent.reply().trails.items()) == [("X", "y")]


# ---------------------------------------------------------------- the life of the flags


def test_flags_before_during_and_after():
    respondent = Respondent(msg=bytearray())
    flags = ("started", "headed", "bodied", "ended", "closed")
    assert [getattr(respondent, flag) for flag in flags] == [None] * 5
    assert respondent.parser and respondent.errored is False and respondent.error is None
    assert (respondent.status, respondent.reason, respondent.headers, respondent.version) == (None, None, None, None)
    respondent.parse()
    assert [getattr(respondent, flag) for flag in flags] == [False] * 5
    respondent.msg.extend(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    respondent.parse()
    assert [getattr(respondent, flag) for flag in flags] == [True, True, False, False, False]
    respondent.msg.extend(b"b")
    respondent.parse()
    assert [getattr(respondent, flag) for flag in flags] == [False, True, True, True, False]
    respondent.makeParser()
    assert respondent.ended and respondent.status == 200 and respondent.body == b"ab"
    respondent.parse()
    assert respondent.ended is False and respondent.status == 200 and respondent.body == b"ab"


def test_each_response_owns_its_body_and_nothing_leaks_into_the_next():
    respondent = feed([OK + b"X: y\r\nContent-Length: 2\r\n\r\nab"])
    first = respondent.reply()
    for raw, body in ((b"Content-Length: 1\r\n\r\nc", b"c"), (b"Content-Length: 0\r\n\r\n", b""),
                      (b"Content-Length: 1\r\n\r\nc", b"c"), (CHUNKED + b"0\r\n\r\n", b"")):
        respondent.makeParser()
        respondent.msg.extend(OK + raw)
        respondent.parse()
        assert respondent.ended and bytes(respondent.body) == body
        assert "X" not in respondent.headers
    assert first.body == b"ab" and first.headers["X"] == "y"


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_response_that_comes_again_is_the_same_again(name):
    raw, status, body, persisted, _, kwa = WHOLE[name]
    if not persisted or name in ("neighbour", "trailers", "switching"):
        return
    respondent = Respondent(msg=bytearray(), **kwa)
    for _ in range(3):
        for pieces in ([raw], [raw[:20], raw[20:]], [raw[:-1], raw[-1:]]):
            respondent.makeParser()
            for piece in pieces:
                respondent.msg.extend(piece)
                respondent.parse()
            assert facts(respondent) == facts(feed([raw], **kwa))
    other = OK + b"Content-Length: 3\r\n\r\nnew"
    respondent.makeParser()
    respondent.method = "GET"
    respondent.msg.extend(other)
    respondent.parse()
    assert facts(respondent) == facts(feed([other]))


def test_the_same_head_to_another_method():
    respondent = feed([OK + b"Content-Length: 2\r\n\r\nab"])
    respondent.makeParser()
    respondent.method = "HEAD"
    respondent.msg.extend(OK + b"Content-Length: 2\r\n\r\n")
    respondent.parse()
    assert respondent.ended and respondent.body == b"" and not respondent.errored


# ---------------------------------------------------------------- what is no whole response

LIMITS = Limits(head=200, fields=10, body=20)

# name: (raw, kind); every cut, then the end of the connection
FAULTS = {
    "nothing": (b"", Mishap.CLOSED),
    "partLine": (b"HTTP/1.1 20", Mishap.CLOSED),
    "partHead": (OK + b"X: y\r\n", Mishap.CLOSED),
    "partContinue": (b"HTTP/1.1 100 Continue\r\n", Mishap.CLOSED),
    "continueAlone": (b"HTTP/1.1 100 Continue\r\n\r\n", Mishap.CLOSED),
    "partBody": (OK + b"Content-Length: 5\r\n\r\nhell", Mishap.CLOSED),
    "partChunkLine": (OK + CHUNKED + b"3", Mishap.CLOSED),
    "partChunk": (OK + CHUNKED + b"3\r\nab", Mishap.CLOSED),
    "noLastChunk": (OK + CHUNKED + b"3\r\nabc\r\n", Mishap.CLOSED),
    "partTrailer": (OK + CHUNKED + b"0\r\nX: y\r\n", Mishap.CLOSED),
    "noHttp": (b"SSH-2.0-OpenSSH\r\n\r\n", Mishap.GARBAGE),
    "emptyLine": (b"\r\n" + OK + b"Content-Length: 0\r\n\r\n", Mishap.GARBAGE),
    "version2": (b"HTTP/2.0 200 OK\r\n\r\n", Mishap.GARBAGE),
    "status2": (b"HTTP/1.1 20 OK\r\n\r\n", Mishap.GARBAGE),
    "statusUnderscore": (b"HTTP/1.1 2_00 OK\r\n\r\n", Mishap.GARBAGE),
    "status0": (b"HTTP/1.1 099 OK\r\n\r\n", Mishap.GARBAGE),
    "statusWord": (b"HTTP/1.1 OK\r\n\r\n", Mishap.GARBAGE),
    "bareLf": (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", Mishap.GARBAGE),
    "bareLfIn": (OK + b"X: y\nZ: a\r\n\r\n", Mishap.GARBAGE),
    "bareCr": (OK + b"X: y\rZ: a\r\n\r\n", Mishap.GARBAGE),
    "nul": (OK + b"X: y\0\r\n\r\n", Mishap.GARBAGE),
    "noColon": (OK + b"X y\r\n\r\n", Mishap.GARBAGE),
    "noName": (OK + b": y\r\n\r\n", Mishap.GARBAGE),
    "blankName": (OK + b"X : y\r\n\r\n", Mishap.GARBAGE),
    "lengthWord": (OK + b"Content-Length: five\r\n\r\n", Mishap.GARBAGE),
    "lengthPlus": (OK + b"Content-Length: +5\r\n\r\n", Mishap.GARBAGE),
    "lengthEmpty": (OK + b"Content-Length:\r\n\r\n", Mishap.GARBAGE),
    "lengthsDiffer": (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", Mishap.GARBAGE),
    "lengthAndChunked": (OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", Mishap.GARBAGE),
    "codingGzip": (OK + b"Transfer-Encoding: gzip\r\n\r\n", Mishap.GARBAGE),
    "codingGzipChunked": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", Mishap.GARBAGE),
    "chunkSize": (OK + CHUNKED + b"+5\r\nhello\r\n", Mishap.GARBAGE),
    "chunkEnd": (OK + CHUNKED + b"1\r\nab\r\n0\r\n\r\n", Mishap.GARBAGE),
    "longHead": (OK + b"X: " + b"y" * 300 + b"\r\n\r\n", Mishap.EXCESS),
    "longLine": (b"HTTP/1.1 200 " + b"y" * 300, Mishap.EXCESS),
    "manyFields": (OK + b"X: y\r\n" * 11 + b"\r\n", Mishap.EXCESS),
    "longLength": (OK + b"Content-Length: 21\r\n\r\n", Mishap.EXCESS),
    "longChunk": (OK + CHUNKED + b"15\r\n", Mishap.EXCESS),
    "longChunks": (OK + CHUNKED + b"5\r\nhello\r\n" * 5, Mishap.EXCESS),
    "longClose": (OK + b"\r\n" + b"x" * 21, Mishap.EXCESS),
    "longInterim": (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 90, Mishap.EXCESS),
    "gzipBomb": (OK + b"Content-Encoding: deflate\r\nContent-Length: 17\r\n\r\n" + zlib.compress(bytes(1000)),
        Mishap.EXCESS),
    "gzipCut": (OK + b"Content-Encoding: deflate\r\nContent-Length: 9\r\n\r\n" + zlib.compress(b"abc")[:9],
        Mishap.GARBAGE),
    "gzipBad": (OK + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!", Mishap.GARBAGE),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults_in_every_cut_are_one_errored_response(name):
    raw, kind = FAULTS[name]
    for pieces in cuts(raw) if raw else [[b""]]:
        respondent = feed(pieces, limits=LIMITS, decodable=True, decoded=100)
        assert respondent.ended and respondent.errored and respondent.parser is None, pieces
        assert respondent.mishap is kind, (pieces, respondent.error)
        assert respondent.error.startswith(kind.value + ": ")
        reply = respondent.reply()
        assert reply.errored and reply.error == respondent.error and reply.body == b""
        respondent.parse()
        assert respondent.reply().error == reply.error


def test_what_came_of_a_body_is_kept_apart():
    reply = feed([OK + b"Content-Length: 5\r\nX: y\r\n\r\nhell"]).reply()
    assert (reply.status, reply.headers["X"], reply.body, reply.partial) == (200, "y", b"", b"hell")
    assert feed([b"HTTP/1.1 2"]).reply().partial == b"HTTP/1.1 2"
    record = reply.asdict()
    assert record["errored"] and record["body"] == b"" and record["partial"] == b"hell"
    assert record["mishap"] == "closed half-way"


def test_a_fault_is_known_as_soon_as_it_is_certain():
    for raw in (b"S", b"HTTQ", OK + b"X: y\n", OK + b"X: " + b"y" * 300):
        assert feed([raw], closed=False, limits=LIMITS).errored


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_garbage_raises_nothing(pieces):
    respondent = feed(pieces)
    assert respondent.ended


@given(st.lists(st.sampled_from([
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404 No\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
    b"X: y\r\n", b"abc", b"3\r\n", b"0\r\n", b"Connection: close\r\n", b"Content-Type: text/event-stream\r\n", b" ",
        b"data: x\n\n",
]), max_size=10))  # fmt: skip
def test_every_cut_of_whatever_comes_ends_alike(parts):
    raw = b"".join(parts)
    whole = feed([raw])
    for pieces in ([raw[i : i + 1] for i in range(len(raw))], [raw[: len(raw) // 2], raw[len(raw) // 2 :]]):
        assert facts(feed(pieces))[:7] == facts(whole)[:7]


@given(st.binary(max_size=60))
def test_a_head_is_parsed_or_refused(block):
    try:
        head = parseResponseHead(OK + b"Content-Length: 0\r\n" + block)
    except HTTPException:
        return
    assert all(name and not set(name + value) & set("\r\n\0") for name, value in head.fields)


def test_what_is_remembered_is_bounded():
    for number in range(3 * REMEMBERED):
        parseResponseHead(f"HTTP/1.1 200 R{number}\r\nX-{number}: y".encode())
    parseResponseHead(b"HTTP/1.1 200 " + b"r" * 1000 + b"\r\n" + b"X" * 1000 + b": y")
    assert len(LOWERS) <= REMEMBERED and len(STATUSES) <= REMEMBERED
    assert max(map(len, LOWERS)) <= 64 and max(map(len, STATUSES)) <= 64


# ---------------------------------------------------------------- event streams

STREAM = b"retry: 1000\n\ndata: START\n\ndata: 1\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: END\n\n"
IDS = b"retry: 1000\n\n" + b"".join(
    b"id: %d\n%b\n\n" % (number, data)
    for number, data in enumerate([b"data: START", b"data: 1\ndata: 2", b"data: 3", b"data: 4", b"data: END"])
)
KIND = b"Content-Type: text/event-stream\r\n"


def chunks(raw, size=7):
    """Return raw in chunks that end anywhere, without the last one."""
    return b"".join(b"%x\r\n%b\r\n" % (len(raw[i : i + size]), raw[i : i + size]) for i in range(0, len(raw), size))


HEADS = {
    "unchunked10": (b"HTTP/1.0 200 OK\r\nConnection: close\r\n" + KIND + b"\r\n", lambda raw: raw),
    "chunked11": (OK + KIND + b"Transfer-Encoding: chunked\r\n\r\n", chunks),
    "chunked10": (b"HTTP/1.0 200 OK\r\n" + KIND + b"Transfer-Encoding: chunked\r\n\r\n", chunks),
    "gzipped": (OK + KIND + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
                lambda raw: chunks(gzip.compress(raw))),
}  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("stream", [STREAM, IDS])
def test_event_streams(head, stream):
    start, framed = HEADS[head]
    raw = start + framed(stream)
    ids = [None] * 5 if stream is STREAM else ["0", "1", "2", "3", "4"]
    for pieces in ([raw], [raw[i : i + 1] for i in range(len(raw))], [raw[i : i + 11] for i in range(0, len(raw), 11)]):
        events = deque()
        respondent = feed(pieces, closed=False, events=events, decodable=True)
        assert respondent.evented and respondent.parser and not respondent.ended
        assert respondent.retry == 1000 and respondent.leid == ids[-1]
        assert list(events) == [{"id": i, "name": "", "data": d} for i, d in zip(ids, ["START", "1\n2", "3", "4",
            "END"], strict=True)]
        assert not respondent.msg and not respondent.body and not respondent.eventSource.raw
        respondent.parser.close()
        respondent.parser = None  # as programs do that have seen enough of a stream
        respondent.dictify()
        assert respondent.parser is None and respondent.data is None and respondent.retry == 1000


def test_event_data_as_json():
    raw = HEADS["chunked11"][0] + chunks(b'data: START\n\ndata: {"count":1}\n\n')
    respondent = feed([raw], closed=False, dictable=True)
    assert [event["data"] for event in respondent.events] == ["START", {"count": 1}]


def test_a_stream_that_ends():
    head, framed = HEADS["chunked11"]
    respondent = feed([head + framed(b"id: 7\ndata: x\n\n") + b"0\r\n\r\n"])
    assert respondent.ended and not respondent.errored and respondent.leid == "7"
    respondent = feed([head + framed(b"id: 8\ndata: y\n\ndata: lost")])
    assert respondent.errored and respondent.mishap is Mishap.CLOSED
    assert [event["data"] for event in respondent.events] == ["y"]


def test_the_last_id_and_retry_go_on_to_the_next_stream():
    respondent = feed([HEADS["unchunked10"][0] + IDS], leid="x")
    respondent.closed = None
    respondent.makeParser()
    respondent.msg.extend(HEADS["unchunked10"][0] + b"data: more\n\n")
    respondent.parse()
    assert respondent.events[-1] == {"id": "4", "name": "", "data": "more"} and respondent.retry == 1000


def test_an_event_stream_has_no_end_of_its_own_but_each_event_has():
    limits = Limits(body=100)
    head = HEADS["unchunked10"][0]
    respondent = feed([head, *[b"data: x\n\n"] * 100], closed=False, limits=limits, endless=Limits(body=None))
    assert len(respondent.events) == 100 and not respondent.errored
    respondent = feed([head, *[b"data: " + b"x" * 65536] * 20], closed=False, endless=Limits(body=None))
    assert respondent.errored and respondent.mishap is Mishap.EXCESS


@pytest.mark.parametrize("raw", [
    b"HTTP/1.1 404 No\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: x\n\n",
    OK + b"Content-Type: text/event-streamer\r\nContent-Length: 9\r\n\r\ndata: x\n\n",
])
def test_what_is_no_event_stream(raw):
    respondent = feed([raw])
    assert not respondent.evented and respondent.body == b"data: x\n\n" and not respondent.events


# ---------------------------------------------------------------- replies


def test_replies():
    body = json.dumps({"é": 1}).encode()
    head = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    reply = feed([OK + head + body]).reply()
    assert reply.ok and reply.data == {"é": 1} and reply.text == body.decode()
    assert repr(reply) == "<Reply 200 OK body=13>"
    assert list(reply.asdict()) == ["version", "status", "reason", "headers", "body", "data", "request", "errored",
        "error"]
    plain = feed([OK + b"Content-Type: text/plain; charset=latin-1\r\nContent-Length: 1\r\n\r\n\xe9"]).reply()
    assert plain.text == "é" and plain.data is None
    assert feed([OK + b"Content-Type: text/plain; charset=no\r\nContent-Length: 1\r\n\r\nx"]).reply().text == "x"
    assert feed([OK + b"Content-Length: 4\r\n\r\ntrue"], dictable=True).reply().data is True
    assert feed([OK + b"Content-Length: 4\r\n\r\ntrue"]).reply().data is None
    assert feed([OK + b"Content-Type: a/b+json\r\nContent-Length: 1\r\n\r\n{"]).reply().data is None


@pytest.mark.parametrize("charset", ["idna", "undefined", "punycode", "base64", "nonsense", "\xff", '"', "rot13"])
def test_text_whatever_its_charset_is_called(charset):
    """Some codecs of Python are for no bytes, or cannot replace what they cannot decode."""
    raw = f"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset={charset}\r\nContent-Length: 3\r\n\r\n".encode("latin-1")
    assert isinstance(feed([raw + b"a\xff."]).reply().text, str)
