"""Applications that break PEP 3333, raise, or end themselves, at every point of a call."""

from __future__ import annotations

import sys

import pytest

from hio.core.http.httping import HTTPError
from tests.core.http.apps import App, Iterable
from tests.core.http.calling import make, read, run


# ---------------------------------------------------------------- start_response


def test_start_response_twice():
    """A second call without exc_info is the application's error, and answered by 500."""

    def app(environ, start_response):
        start_response("200 OK", [])
        start_response("200 OK", [])
        return [b"never"]

    assert read(run(app)[1]).status == 500


def test_start_response_with_exc_info_replaces_all():
    """Before the head went out the last call counts, whole: status, fields and framing."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "2"), ("X-Old", "1"), ("Connection", "close")])
        try:
            raise KeyError("oops")
        except KeyError:
            start_response("503 Down", [("X-New", "1")], sys.exc_info())
        return [b"sorry"]

    rep, sent = run(app)
    answer = read(sent)
    assert (answer.status, answer.reason, answer.body, answer.chunked) == (503, "Down", b"sorry", True)
    assert answer["X-Old"] is None and answer["X-New"] == "1" and answer["Connection"] is None and rep.persisted


def test_start_response_with_exc_info_during_iteration():
    """Empty items do not send the head: it can still be replaced; once it is sent, the exception is raised again."""

    def app(environ, start_response):
        start_response("200 OK", [])

        def body(late):
            yield b""
            if late:
                yield b"data"
            try:
                raise KeyError("oops")
            except KeyError:
                start_response("500 Own", [], sys.exc_info())
            yield b"replaced"

        return body(environ["PATH_INFO"] == "/late")

    assert read(run(app)[1]).reason == "Own"
    rep = make(app)
    rep.environ["PATH_INFO"] = "/late"
    while not rep.ended:
        rep.service()
    assert rep.aborted and isinstance(rep.failure, KeyError)
    assert rep.incomer.sent.endswith(b"4\r\ndata\r\n") and b"500" not in rep.incomer.sent


def test_start_response_as_late_as_the_first_item():
    def app(environ, start_response):
        yield b""
        start_response("201 Created", [])
        yield b"x"

    assert read(run(app)[1]).status == 201


WRONG = {
    "no start_response": lambda environ, start: [b"x"],
    "no start_response, nothing": lambda environ, start: [],
    "no start_response, iterator": lambda environ, start: iter([b"x"]),
    "no start_response, empty iterator": lambda environ, start: iter([]),
    "no start_response, empties": lambda environ, start: iter([b"", b""]),
    "none": lambda environ, start: start("200 OK", []) and None,
    "int": lambda environ, start: start("200 OK", []) and 7,
    "str": lambda environ, start: start("200 OK", []) and "text",
    "list of str": lambda environ, start: start("200 OK", []) and ["text"],
    "list with str": lambda environ, start: start("200 OK", []) and [b"a", "text"],
    "list of int": lambda environ, start: start("200 OK", []) and [3],
    "list of none": lambda environ, start: start("200 OK", []) and [None],
    "iterator of str": lambda environ, start: start("200 OK", []) and iter(["text"]),
    "iterator of empty str": lambda environ, start: start("200 OK", []) and iter([""]),
    "iterator of none": lambda environ, start: start("200 OK", []) and iter([None]),
    "iterator of int": lambda environ, start: start("200 OK", []) and iter([0]),
    "returns str in the end": lambda environ, start: start("200 OK", []) and returning("text"),
    "bad status": lambda environ, start: start("OK", []) and [b"x"],
    "status with line end": lambda environ, start: start("200 OK\r\nX: y", []) and [b"x"],
    "header with line end": lambda environ, start: start("200 OK", [("X", "a\r\nSet-Cookie: b")]) and [b"x"],
    "hop-by-hop": lambda environ, start: start("200 OK", [("Transfer-Encoding", "chunked")]) and [b"x"],
    "bad length": lambda environ, start: start("200 OK", [("Content-Length", "+1")]) and [b"x"],
    "one argument": lambda environ: [b"x"],
    "start without fields": lambda environ, start: start("200 OK") and [b"x"],
    "too few bytes, known before the head": lambda environ, start: start("200 OK", [("Content-Length", "9")]) and [],
}


def returning(value):
    """A generator that gives nothing and returns value."""
    return value
    yield


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_pep_3333(name, logged):
    """An application's mistake before the head is answered by 500, and logged; nothing is raised."""
    rep, sent = run(WRONG[name])
    if name.startswith("too few"):  # 500, or an end that shows that it is not whole
        assert rep.aborted or read(sent).status == 500
        return
    answer = read(sent)
    assert (answer.status, answer.body) == (500, b"500 Internal Server Error\n\n\n")
    assert answer.whole and answer["Content-Type"].startswith("text/plain") and rep.failure is not None
    assert logged.causes == [rep.failure]
    assert "/p" in logged.text


# ---------------------------------------------------------------- where it raises


class Raising:
    """An application that raises at a point: call, iter, first, later, close."""

    def __init__(self, point, ex, headers=(), started=True):
        self.point = point
        self.ex = ex
        self.headers = list(headers)
        self.started = started
        self.iterable = None

    def __call__(self, environ, start_response):
        if self.point == "call":
            raise self.ex
        if self.started:
            start_response("200 OK", self.headers)
        if self.point == "called":
            raise self.ex
        items = {"first": [self.ex], "empty": [b"", self.ex], "later": [b"abc", b"def", self.ex], "close": [b"abcdef"]}
        self.iterable = Iterable(items.get(self.point, [b"abcdef"]), self.ex if self.point == "close" else None)
        if self.point == "iter":
            self.iterable.iterated = 1
        return self.iterable


CAUSES = [ValueError("boom"), OSError(9, "boom"), SystemExit(1), GeneratorExit(), RecursionError()]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda ex: type(ex).__name__)
@pytest.mark.parametrize("point", ["call", "called", "iter", "first", "empty"])
def test_raises_before_the_head(point, cause, logged):
    """500, telling nothing of the cause; logged once, with its traceback; the iterable closed once."""
    app = Raising(point, cause, [("Content-Length", "6"), ("X-Own", "1")])
    rep, sent = run(app)
    answer = read(sent)
    assert (answer.status, answer.body) == (500, b"500 Internal Server Error\n\n\n") and b"boom" not in sent
    assert answer["X-Own"] is None and not rep.aborted and rep.persisted
    assert app.iterable is None or app.iterable.closed == 1
    assert logged.causes == [rep.failure] and (point == "iter" or rep.failure is cause)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda ex: type(ex).__name__)
@pytest.mark.parametrize("headers", [(), [("Content-Length", "9")]], ids=["chunked", "length"])
def test_raises_after_the_head(cause, headers, logged):
    """Nothing follows the bytes sent, no end mark among them; the connection is to be cut; closed once; logged."""
    app = Raising("later", cause, headers)
    rep, sent = run(app)
    answer = read(sent)
    assert rep.aborted and not rep.persisted and not answer.whole and answer.body == b"abcdef"
    assert b"0\r\n\r\n" not in sent and app.iterable.closed == 1
    assert logged.causes == [cause]


def test_raises_after_write():
    """What write() sent is the head sent: a failure in the same call cuts the connection."""

    def app(environ, start_response):
        start_response("200 OK", [])(b"abc")
        raise ValueError("boom")

    rep, sent = run(app)
    assert rep.aborted and sent.endswith(b"3\r\nabc\r\n")


def test_item_that_is_no_bytes_after_the_head():
    rep, sent = run(App([b"abc", "def"]))
    assert rep.aborted and sent.endswith(b"3\r\nabc\r\n")


@pytest.mark.parametrize("cause", CAUSES, ids=lambda ex: type(ex).__name__)
def test_close_raises(cause, logged):
    """An error in close() is logged and harms nothing: the response was whole."""
    app = Raising("close", cause)
    rep, sent = run(app)
    assert read(sent).whole and not rep.aborted and rep.persisted and app.iterable.closed == 1
    assert logged.causes == [cause]


def test_iterator_that_raises_each_time():
    """It is not asked again."""

    class Stubborn:
        asked = closed = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.asked += 1
            raise ValueError("again")

        def close(self):
            self.closed += 1

    stubborn = Stubborn()
    run(lambda environ, start: start("200 OK", []) and stubborn)
    assert (stubborn.asked, stubborn.closed) == (1, 1)


def test_keyboard_interrupt_ends_the_program():
    """It is the user's wish, not the application's failure."""
    rep = make(Raising("first", KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        rep.service()
    rep.close()
    assert rep.app.iterable.closed == 1


# ---------------------------------------------------------------- HTTPError


ERROR = HTTPError(404, title="Backend Validation Error", detail="Error backend validation. unknown")
TEXT = b"404 Not Found\nBackend Validation Error\nError backend validation. unknown\n"


@pytest.mark.parametrize("point", ["call", "called", "first", "empty"])
def test_http_error_before_the_head(point, logged):
    """It becomes the response, with its headers; it is no failure to be logged with a traceback."""
    rep, sent = run(Raising(point, ERROR, [("Content-Length", "6")]))
    answer = read(sent)
    assert (answer.status, answer.reason, answer.body) == (404, "Not Found", TEXT)
    assert answer["Content-Type"] == "text/plain" and answer["Content-Length"] == str(len(TEXT)) and rep.persisted
    assert rep.status == "404 Not Found" and logged.causes == []


def test_http_error_headers():
    """Its fields go out; a Content-Type of its own is kept; what is no valid field makes it a plain 500."""
    error = HTTPError(405, headers={"Allow": "GET", "content-type": "text/html", "Content-Length": "1", "X-N": 5})
    answer = read(run(Raising("call", error))[1])
    assert answer["Allow"] == "GET" and answer["Content-Type"] == "text/html" and answer["X-N"] == "5"
    assert answer.whole and answer.body.startswith(b"405 Method Not Allowed")
    assert read(run(Raising("call", HTTPError(404, headers={"X": "a\r\nb"})))[1]).status == 500
    assert read(run(Raising("call", HTTPError(404, reason="a\r\nb")))[1]).status == 500
    assert read(run(Raising("call", HTTPError(299)))[1]).reason == "Unknown"


def test_http_error_after_the_head():
    rep, sent = run(Raising("later", ERROR))
    assert rep.aborted and b"404" not in sent


def test_http_error_to_head():
    """No body, but the length that GET would have."""
    answer = read(run(Raising("call", ERROR), method="HEAD")[1], "HEAD")
    assert answer.status == 404 and answer["Content-Length"] == str(len(TEXT))


@pytest.mark.parametrize("status", [204, 304])
def test_http_error_without_body(status):
    rep, sent = run(Raising("call", HTTPError(status)))
    assert read(sent).status == status and sent.endswith(b"\r\n\r\n")


# ---------------------------------------------------------------- an application that ends itself


class Ender:
    """An application that closes its own connection at a point, and then goes on as if nothing were.

    Attributes: rep, to be set. closed (list): what was closed.
    """

    def __init__(self, point):
        self.point = point
        self.rep = None
        self.closed = []

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        self.end("call")
        return self.items()

    def end(self, point):
        """Close the connection if this is the point, and raise if it wants that."""
        if self.point.startswith(point):
            self.rep.close()
            if "raises" in self.point:
                raise ValueError("boom")

    def items(self):
        try:
            self.end("first")
            yield b"a"
            self.end("later")
            yield b"b"
            self.end("last")
            return b"never"
        finally:
            self.closed.append("generator")


@pytest.mark.parametrize("raises", ["", " raises"])
@pytest.mark.parametrize("point", ["call", "first", "later", "last"])
def test_application_closes_its_own_connection(point, raises, logged):
    """Nothing more is sent, the iterable is closed once, and what it does afterwards has no effect."""
    app = Ender(point + raises)
    rep = app.rep = make(app)
    for _ in range(5):
        rep.service()
    assert rep.ended and rep.closed and rep.aborted and rep.iterable is None
    assert app.closed == ["generator"] * (point != "call")
    assert not any(word in rep.incomer.sent for word in (b"never", b"0\r\n\r\n", b"500"))
    assert logged.causes == [rep.failure] * bool(raises)


@pytest.mark.parametrize("when", ["call", "next"])
def test_iterable_of_one_who_closes_its_own_connection(when):
    """Its close() is called once."""

    class Own(Iterable):
        def __next__(self):
            rep.close()
            return super().__next__()

    made = Own([b"a", b"b"])

    def app(environ, start_response):
        start_response("200 OK", [])
        if when == "call":
            rep.close()
        return made

    rep = make(app)
    for _ in range(3):
        rep.service()
    assert made.closed == 1 and rep.aborted and rep.incomer.sent == b""


def test_memoryview_of_larger_items():
    """It is not as many bytes as it has items: refused rather than framed wrongly."""
    wide = memoryview(bytes(16)).cast("I")
    assert read(run(App([wide]))[1]).status == 500
    assert read(run(lambda e, s: s("200 OK", []) and [wide])[1]).status == 500
    assert read(run(App([memoryview(b"abcdef")[::2]]))[1]).status == 500
