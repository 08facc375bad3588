"""Requests to send."""

from __future__ import annotations

from tests.core.http.corpus import chunked, get, post

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


def path(text, *lines, version=b"HTTP/1.1"):
    """Return a GET for the path text."""
    return get(*lines, target=text.encode(), version=version)


REQUESTS = {
    "get": path("/a"),
    "query": path("/a?b=c"),
    "length": post(b"Content-Length: 5", body=b"hello"),
    "chunked": chunked(b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: v\r\n\r\n"),
    "old": path("/a", b"Connection: keep-alive", version=b"HTTP/1.0"),
}

CLOSING = get(b"Connection: close")

#: requests of which part of the body is missing
BODIES = {"length": post(b"Content-Length: 100000", body=b"x"), "chunked": chunked(b"1\r\nx\r\n")}
