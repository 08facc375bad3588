"""Large bodies: where a response ends, however its bytes come."""

import pytest
from bench.bulk import Tail

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + b"x" * 40
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"
BARE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


def cuts(raw):
    yield [raw]
    yield [raw[i : i + 1] for i in range(len(raw))]
    for i in range(1, len(raw)):
        yield [raw[:i], raw[i:]]


@pytest.mark.parametrize(("raw", "status"), [(LENGTH, 200), (CHUNKED, 201), (EMPTY, 200), (BARE, 200), (GONE, 204)])
def test_the_last_byte_ends_it_and_no_other(raw, status):
    for pieces in cuts(raw):
        tail = Tail()
        assert [tail.feed(memoryview(piece)) for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        assert tail.status == status
        assert raw[: tail.size].endswith(b"\r\n\r\n")


def test_what_is_no_response_is_refused():
    with pytest.raises((TypeError, ValueError)):
        Tail().feed(memoryview(b"SSH-2.0-x\r\n\r\n"))
