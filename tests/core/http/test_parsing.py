"""Parsent: the life of its flags, what is kept and forgotten between messages, and the end of a connection."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.answerheading import ResponseHead, parseResponseHead
from hio.core.http.faulting import BadStatusLine, PrematureClosure
from hio.core.http.framing import Framing, frameResponse
from hio.core.http.heading import BLANK
from hio.core.http.limiting import LIMITS, Limits
from hio.core.http.parsing import Parsent, readContentType


class Answer(Parsent):
    """A Parsent of plain responses."""

    def parseHead(self) -> Generator[None, None, None]:
        while (end := self.msg.find(BLANK)) < 0:
            if self.closed:
                raise PrematureClosure("connection closed amid a head")
            yield None
        head = parseResponseHead(self.msg[:end], self.limits)
        del self.msg[: end + 4]
        self.renew()
        self.head = head
        self.version = head.version
        self.checkPersisted()

    def framing(self) -> Framing:
        assert isinstance(self.head, ResponseHead)
        return frameResponse(self.method, self.head.status, self.head.fields, self.limits)


def flags(parsent: Parsent) -> tuple[Any, ...]:
    names = ("started", "headed", "bodied", "ended", "closed", "errored")
    return tuple(getattr(parsent, name) for name in names)


HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"
JSON = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}'
CHUNKS = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;p=q\r\nhi\r\n0\r\nX: y\r\nX: z\r\n\r\n"


def done(raw: bytes, **kwa: Any) -> Answer:
    """Return an Answer that parsed raw."""
    answer = Answer(msg=bytearray(raw), **kwa)
    while answer.parser:
        answer.parse()
    return answer


def test_before_anything() -> None:
    parsent = Parsent()
    assert flags(parsent) == (None, None, None, None, None, False)
    assert (parsent.msg, parsent.body, parsent.text, parsent.data) == (b"", b"", "", None)
    assert (parsent.version, parsent.length, parsent.chunked, parsent.persisted) == (None, None, None, None)
    assert (parsent.headers, parsent.parms, parsent.trails, parsent.jsoned) == (None, None, None, None)
    assert (parsent.encoding, parsent.error, parsent.fault) == ("ISO-8859-1", None, None)
    assert (parsent.dictable, parsent.method, parsent.limits) == (False, "GET", LIMITS)
    assert parsent.parser is not None
    tight = Limits(body=1)
    parsent = Parsent(msg=bytearray(b"x"), dictable=True, method="head", limits=tight)
    assert (parsent.msg, parsent.dictable, parsent.method, parsent.limits) == (b"x", True, "HEAD", tight)


def test_the_base_knows_no_head() -> None:
    with pytest.raises(NotImplementedError, match="Parsent"):
        Parsent(msg=bytearray(b"x")).parse()


def test_flags_step_by_step() -> None:
    answer = Answer(msg=bytearray())
    answer.parse()
    assert flags(answer) == (None, False, False, False, False, False)
    answer.msg += HELLO[:1]
    answer.parse()
    assert flags(answer) == (True, False, False, False, False, False)
    answer.msg += HELLO[1:-1]
    answer.parse()
    assert flags(answer) == (True, True, False, False, False, False)
    assert answer.length == 5  # as declared
    answer.msg += HELLO[-1:] + b"next"
    answer.parse()
    assert flags(answer) == (False, True, True, True, False, False)
    assert (answer.parser, answer.msg, answer.body, answer.length) == (None, b"next", b"hello", 5)
    answer.parse()  # does nothing
    assert answer.msg == b"next"


def test_arming_changes_no_flag() -> None:
    answer = done(HELLO)
    before = flags(answer)
    answer.makeParser()
    assert flags(answer) == before
    assert answer.body == b"hello"
    answer.parse()
    assert flags(answer) == (False, False, False, False, False, False)
    assert (answer.body, answer.headers["Content-Length"]) == (b"hello", "5")  # until the next head is there


def test_any_cut() -> None:
    for raw, body in ((HELLO, b"hello"), (CHUNKS, b"hi")):
        for end in range(len(raw)):
            answer = Answer(msg=bytearray(raw[:end]))
            answer.parse()
            assert not answer.ended
            answer.msg += raw[end:]
            answer.parse()
            assert (answer.ended, answer.errored, answer.body, answer.msg) == (True, False, body, b"")


def test_nothing_of_one_message_is_seen_in_the_next() -> None:
    answer = done(JSON + CHUNKS + HELLO)
    answer.dictify()
    first, headers = answer.body, answer.headers
    assert (answer.jsoned, answer.data, answer.chunked) == (True, {"a": 1}, False)
    answer.makeParser()
    answer.parse()
    assert (answer.version, answer.jsoned, answer.data, answer.persisted) == ((1, 0), False, None, False)
    assert answer.chunked
    assert (answer.parms, list(answer.trails.items()), answer.length) == ({"p": "q"}, [("X", "y"), ("X", "z")], 2)
    answer.makeParser()
    answer.parse()
    assert (answer.parms, answer.trails, answer.encoding, answer.persisted) == (None, None, "utf-8", True)
    assert answer.body == b"hello"
    assert first == b'{"a": 1}'  # who took the body has it
    assert headers["Content-Type"] == "application/json"


def test_trailers_stay_out_of_headers() -> None:
    assert "X" not in done(CHUNKS).headers


# ---------------------------------------------------------------- the end of the connection, and errors


@pytest.mark.parametrize("raw", [HELLO, CHUNKS])
def test_end_is_seen_after_what_is_buffered(raw: bytes) -> None:
    for end in range(len(raw) + 1):
        for early in (True, False):
            answer = Answer(msg=bytearray(raw[:end]))
            if not early:
                answer.parse()
            answer.close()
            answer.parse()
            assert (answer.ended, answer.closed, answer.parser) == (True, True, None)
            assert answer.errored is (end < len(raw))
            if answer.errored:
                assert isinstance(answer.fault, PrematureClosure)
                assert answer.error == str(answer.fault)
            else:
                assert answer.bodied


def test_body_that_the_end_delimits() -> None:
    answer = Answer(msg=bytearray(b"HTTP/1.1 200 OK\r\n\r\nhel"))
    answer.parse()
    answer.msg += b"lo"
    answer.parse()
    assert not answer.ended
    answer.close()
    answer.parse()
    assert (answer.ended, answer.errored, answer.body, answer.length) == (True, False, b"hello", 5)


def test_the_end_stays_until_a_new_exchange() -> None:
    answer = done(HELLO)
    answer.close()
    answer.makeParser()
    answer.parse()
    assert (answer.ended, answer.errored, answer.closed) == (True, True, True)
    answer.msg += HELLO
    answer.reinit(method="post")
    assert answer.method == "POST"
    answer.makeParser()
    answer.parse()
    assert (answer.ended, answer.errored, answer.closed, answer.error, answer.fault) == (True, False, False, None, None)


def test_error_ends_the_message() -> None:
    answer = done(b"garbage\r\n\r\n" + HELLO)
    assert flags(answer) == (False, False, False, True, False, True)
    assert isinstance(answer.fault, BadStatusLine)
    assert answer.error == str(answer.fault) and "garbage" in answer.error
    assert answer.parser is None


def test_reinit() -> None:
    answer = done(HELLO, dictable=True)
    raw = bytearray(HELLO)
    answer.reinit()
    assert (answer.dictable, answer.method, answer.parser) == (True, "GET", None)
    answer.reinit(msg=raw, dictable=False, method="HEAD")
    answer.makeParser()
    answer.parse()
    assert (answer.ended, answer.body, answer.length, answer.dictable) == (True, b"", 0, False)
    assert answer.msg is raw
    other = bytearray(HELLO)
    answer.makeParser(msg=other)
    assert answer.msg is other


# ---------------------------------------------------------------- content


@pytest.mark.parametrize(
    ("value", "jsoned", "encoding"),
    [
        ("application/json", True, "ISO-8859-1"), ("Application/JSON; Charset=UTF-8", True, "UTF-8"),
        ("application/ld+json;charset=\"utf-8\"", True, "utf-8"), ("text/plain; charset=latin-1; x=y",
        False, "latin-1"),
        ("text/json", False, "ISO-8859-1"), ("", False, "ISO-8859-1"), ("application/json; charset=",
        True, "ISO-8859-1"),
        ("garbage;;=;", False, "ISO-8859-1"), ("text/x-json; charset=' x", False, "' x"),
    ],
)  # fmt: skip
def test_content_type(value: str, jsoned: bool, encoding: str) -> None:
    answer = done(f"HTTP/1.1 200 OK\r\nContent-Type: {value}\r\nContent-Length: 0\r\n\r\n".encode())
    assert (answer.jsoned, answer.encoding) == (jsoned, encoding)


@pytest.mark.parametrize(
    ("value", "jsoned", "encoding"),
    [
        ("a/b;x*;x*0", False, "ISO-8859-1"), ("application/json;charset*=utf-8''x", True, "ISO-8859-1"),
        (f"a/b; charset*{'1' * 5000}=x; charset=y", False, "y"),
        ('a/b; x="; charset=z"; charset = "\\"y"', False, '"y'),
        ('a/b; charset="y', False, '"y'), ("a/b; charset=y; charset=z", False, "y"), ("+json", False, "ISO-8859-1"),
        ("a/b" + ';x="\\"' * 9000, False, "ISO-8859-1"), ("a/b;" + "; " * 30000 + "charset=y", False, "y"),
        ("a/b;x=" + " " * 60000, False, "ISO-8859-1"), ('a/b;x="' + "\\" * 60000, False, "ISO-8859-1"),
    ],
)  # fmt: skip
def test_content_type_that_means_harm(value: str, jsoned: bool, encoding: str) -> None:
    """Values with which the email package raises TypeError or ValueError, or takes seconds."""
    assert readContentType(value, "ISO-8859-1") == (jsoned, encoding)


PIECES = ["charset", "x", "*", "0", "=", ";", '"', "\\", "%ff", "utf-8", "\xff", " ", "\t", "''"]


@given(st.lists(st.sampled_from(PIECES)))
def test_any_content_type_is_read(parts: list[str]) -> None:
    jsoned, encoding = readContentType("application/json" + "".join(parts), "default")
    assert isinstance(jsoned, bool) and encoding


def test_no_content_type() -> None:
    answer = done(b"HTTP/1.1 204 \r\n\r\n")
    assert (answer.jsoned, answer.encoding) == (False, "ISO-8859-1")


@pytest.mark.parametrize(
    ("kind", "body", "dictable", "data"),
    [
        ("application/json", b'{"a": [1]}', False, {"a": [1]}), ("application/json", b"[1]", False, [1]),
        ("application/json", '"é"'.encode(), False, "é"), ("application/json", '"é"'.encode("utf-16"), False, "é"),
        ("application/json", b"", False, None), ("application/json", b"{", False, None),
        ("application/json", b"\xff", False, None), ("application/json", b"[" * 200_000, False, None),
        ("text/plain", b'{"a": 1}', False, None), ("text/plain", b'{"a": 1}', True, {"a": 1}),
        ("text/plain", b"no", True, None),
    ],
)  # fmt: skip
def test_dictify(kind: str, body: bytes, dictable: bool, data: Any) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    answer = done(head + body, dictable=dictable)
    answer.data = "old"
    answer.dictify()
    assert answer.data == data


@pytest.mark.parametrize(
    ("head", "persisted"),
    [
        (b"HTTP/1.1 204 \r\n\r\n", True), (b"HTTP/1.0 204 \r\n\r\n", False),
        (b"HTTP/1.1 204 \r\nConnection: x\r\nconnection: Close\r\n\r\n", False),
        (b"HTTP/1.0 204 \r\nConnection: Keep-Alive\r\n\r\n", True),
    ],
)  # fmt: skip
def test_persisted(head: bytes, persisted: bool) -> None:
    assert done(head).persisted is persisted


def test_headers_can_be_set() -> None:
    answer = done(HELLO)
    assert answer.headers is answer.headers
    answer.headers = None
    assert answer.headers is not None and not answer.jsoned  # from the head again
