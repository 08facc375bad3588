"""The strict reader of the oracles: what it takes, in every cut, and what it refuses."""

from __future__ import annotations

import pytest

from hio.sim.loading import BROKEN, Ask
from hio.sim.reading import Malformed, Part, Reader, Unclear
from tests.core.http.corpus import CASES

ASKED = [
    Ask().render(), Ask("HEAD", "/a?b").render(), Ask("POST", "/", 5).render(), Ask("POST", "/", 500, 3).render(),
    Ask(minor=0).render(), b"\r\n" + Ask(closing=True).render(), Ask("PUT", "/", 0).render(),
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: b\r\n\r\n",
]  # fmt: skip
TOLD = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "GET", b"abc"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", b""),
    (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", b""),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET", b""),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n", "GET", b"0123456789"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "POST", b"x"),
    (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", "GET", b"all of it"),
]
BAD = [
    b"HTTP/1.1 200 OK\r\n\r\n",  # no end
    b"HTTP/2 200 OK\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"200 OK\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\n", b"HTTP/1.1 200 OK\r\n folded: 3\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
]  # fmt: skip


def cuts(raw):
    """The same bytes whole, one by one, and in halves."""
    return [raw], [raw[at : at + 1] for at in range(len(raw))], [raw[: len(raw) // 2], raw[len(raw) // 2 :]]


def read(reader, pieces):
    parts = [part for piece in pieces for part in reader.feed(piece)]
    return parts, b"".join(value for part, value in parts if part is Part.BODY)


@pytest.mark.parametrize("raw", ASKED)
def test_requests_are_read_alike_in_every_cut(raw):
    seen = []
    for pieces in cuts(raw + raw):
        reader = Reader()
        parts, body = read(reader, pieces)
        assert not reader.begun
        heads = [value for part, value in parts if part is Part.HEAD]
        assert len(heads) == 2 == sum(part is Part.END for part, _ in parts)
        seen.append((heads, body))
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("raw, method, content", TOLD)
def test_responses_are_read_alike_in_every_cut(raw, method, content):
    for pieces in cuts(raw):
        reader = Reader(lambda ahead: method)
        parts, body = read(reader, pieces)
        parts += reader.finish()
        assert body == content and parts[-1] == (Part.END, None) and not reader.begun


def test_each_of_several_responses_is_read_by_its_own_request():
    methods = ["HEAD", "GET", "HEAD"]
    reader = Reader(lambda ahead: methods[ahead])
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    parts, body = read(reader, [raw + raw + b"abc" + raw])
    assert body == b"abc" and sum(part is Part.END for part, _ in parts) == 3


@pytest.mark.parametrize("raw", BAD)
def test_bad_responses_are_refused(raw):
    for pieces in cuts(raw):
        with pytest.raises(Malformed):
            read(Reader(lambda ahead: "GET"), pieces)


@pytest.mark.parametrize("raw", [flaw.replace(b"{}", b"/") for flaw in BROKEN])
def test_what_broken_visitors_send_is_refused(raw):
    with pytest.raises(Malformed):
        Reader().feed(raw)


def test_part_of_a_message_is_known_to_be_one():
    for raw in (ASKED[2], ASKED[3]):
        for at in range(1, len(raw)):
            reader = Reader()
            reader.feed(raw[:at])
            assert reader.begun, raw[:at]


def test_what_can_be_read_in_two_ways_is_not_judged():
    for raw in (b"GET / HTTP/1.1\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n"):
        with pytest.raises(Unclear):
            Reader().feed(raw)


@pytest.mark.parametrize("case", [case for case in CASES if not case.status], ids=lambda case: case.name)
def test_what_the_server_rightly_takes_is_not_called_wrong(case):
    reader = Reader()
    try:
        parts = reader.feed(case.raw)
    except Unclear:
        return
    assert (Part.END, None) in parts and not reader.begun
