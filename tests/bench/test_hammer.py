"""The load generator in Python: it must count whole responses, however their bytes come."""

import pytest
from bench.hammer import Replies, Tally, request
from bench.loads import Load

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello"
EMPTY = b"HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n"
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"
BODY = b"HTTP/1.1 500 No\r\nContent-Length: 9999\r\n\r\nabcde"  # looks like a response, but is the body of one
TRICKY = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)

STREAMS = [
    (LENGTH, [200]),
    (EMPTY, [404]),
    (CHUNKED, [201]),
    (TRICKY, [200]),
    (LENGTH + CHUNKED + EMPTY + TRICKY + LENGTH, [200, 201, 404, 200, 200]),
    (LENGTH[:-1], []),
    (CHUNKED[:-1], []),
    (b"", []),
]


def cuts(raw):
    yield [raw]
    yield [raw[i : i + 1] for i in range(len(raw))]
    for i in range(1, len(raw)):
        yield [raw[:i], raw[i:]]


@pytest.mark.parametrize(("raw", "statuses"), STREAMS)
def test_replies_counts_whole_responses_in_every_cut(raw, statuses):
    for pieces in cuts(raw):
        replies = Replies()
        assert [status for piece in pieces for status in replies.feed(piece)] == statuses


@pytest.mark.parametrize("raw", [b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", b"SSH-2.0-x\r\n\r\n"])
def test_replies_refuses_what_has_no_end(raw):
    with pytest.raises(ValueError, match="response"):
        list(Replies().feed(raw))


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (Load(), b"GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"),
        (Load(headers={"Accept": "*/*"}), b"GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAccept: */*\r\n\r\n"),
        (Load(method="POST", body=3), b"POST / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nContent-Length: 3\r\n\r\nxxx"),
        (Load(method="PUT"), b"PUT / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_request(load, expected):
    assert request(load, 80) == expected


def test_tally_counts_good_answers_and_failures_apart():
    tally = Tally()
    tally.add([200, 304, 500], 10.0)
    tally.add([200], 30.0)
    found = tally.sample(2.0)
    assert (found.rate, found.p50, found.p99, found.errors) == (1.5, 10.0, 30.0, 1)
    assert Tally().sample(1.0).rate == 0
