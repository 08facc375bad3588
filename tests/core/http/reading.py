"""Read HTTP/1.1 responses as strictly as can be: what this reader takes, every client understands alike.

Answer    one response
answers   all responses in raw bytes, each checked
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

isStatusLine = re.compile(rb"HTTP/1\.1 ([1-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]+)").fullmatch
TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
VISIBLE = rb"[\x21-\x7e\x80-\xff]"
isField = re.compile(rb"(%b): (%b(?:[\t\x20-\x7e\x80-\xff]*%b)?)?" % (TOKEN, VISIBLE, VISIBLE)).fullmatch
isChunk = re.compile(rb"[1-9a-f][0-9a-f]*").fullmatch

#: fields that a response has at most once
ONCE = ("content-length", "transfer-encoding", "date", "server", "connection", "content-type")


class Answer(NamedTuple):
    """One response.

    whole: its end mark was there, or its length was reached. closing: it says that the connection ends.
    """

    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool
    chunked: bool

    def __getitem__(self, name):
        """Return the value of the field called name, None when there is none; ints index as in a tuple."""
        if isinstance(name, int):
            return tuple.__getitem__(self, name)
        for key, value in self.fields:
            if key.lower() == name.lower():
                return value
        return None

    @property
    def closing(self) -> bool:
        return (self["Connection"] or "").lower() == "close"


def answers(raw: bytes, methods: Sequence[str] = (), ended: bool = False) -> list[Answer]:
    """Return the responses in raw; the last may be cut short.

    methods: of the requests, in order, "GET" for those beyond; interim responses count for none. ended: the peer has
    closed its direction, which ends a body without a length.

    Raises AssertionError for a byte that is not as RFC 9112 and 9110 want it of a server.
    """
    raw = bytes(raw)
    found: list[Answer] = []
    final = 0
    while raw:
        method = methods[final] if final < len(methods) else "GET"
        answer, raw = one(raw, method, ended)
        if answer is None:
            break
        found.append(answer)
        final += answer.status >= 200
        if not answer.whole:
            assert not raw, f"bytes after a response that is not whole: {raw[:80]!r}"
    return found


def one(raw: bytes, method: str, ended: bool) -> tuple[Answer | None, bytes]:
    """Return the response at the start of raw, None when its head is not whole, and the bytes behind it."""
    head, blank, rest = raw.partition(b"\r\n\r\n")
    if not blank:
        assert raw.startswith(b"HTTP/1.1"[: len(raw)]), f"no response: {raw[:80]!r}"
        return None, b""
    line, *lines = head.split(b"\r\n")
    match = isStatusLine(line)
    assert match, f"bad status line {line!r}"
    status, reason = int(match[1]), match[2].decode("latin-1")
    fields = []
    for line in lines:
        field = isField(line)
        assert field, f"bad field line {line!r}"
        fields.append((field[1].decode(), (field[2] or b"").decode("latin-1")))
    names = [name.lower() for name, _ in fields]
    for name in ONCE:
        assert names.count(name) <= 1, f"{name} comes more than once"
    if status >= 200:
        assert "date" in names and "server" in names, f"Date or Server missing: {names}"
    body, rest, whole, chunked = content(rest, method, status, {name.lower(): value for name, value in fields}, ended)
    return Answer(status, reason, tuple(fields), body, whole, chunked), rest


def content(rest: bytes, method: str, status: int, fields: dict[str, str], ended: bool):
    """Return (body, bytes behind it, whether it is whole, whether it came in chunks) (RFC 9112, 6.3)."""
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    assert coding is None or length is None, "both Transfer-Encoding and Content-Length"
    if status < 200 or status == 204:
        assert coding is None and length is None, f"a {status} must say nothing of a body (RFC 9110, 8.6)"
    if status == 304:
        assert coding is None
    if method == "HEAD" or status < 200 or status in (204, 304):
        return b"", rest, True, False
    if coding is not None:
        assert coding == "chunked", f"coding {coding!r}"
        return unchunk(rest)
    if length is not None:
        assert length.isascii() and length.isdigit()
        size = int(length)
        return rest[:size], rest[size:], len(rest) >= size, False
    assert fields.get("connection") == "close", "no length, and it does not say that the connection ends"
    return rest, b"", ended, False


def unchunk(rest: bytes):
    """Return what content() does, of a chunked body without extensions and trailers."""
    body = b""
    while True:
        line, end, after = rest.partition(b"\r\n")
        if not end:
            return body, b"", False, True
        if line == b"0":
            if len(after) < 2:
                return body, b"", False, True
            assert after[:2] == b"\r\n", f"after the last chunk: {after[:40]!r}"
            return body, after[2:], True, True
        assert isChunk(line), f"bad chunk size {line[:40]!r}"
        size = int(line, 16)
        if len(after) < size + 2:
            return body + after[:size], b"", False, True
        assert after[size : size + 2] == b"\r\n", "no CRLF after a chunk"
        body += after[:size]
        rest = after[size + 2 :]
