"""Responder by itself: one WSGI call, its steps, and the bytes that come of it."""

from __future__ import annotations

import io
import logging

import pytest

from hio.core.http import responding
from hio.core.http.responding import Responder
from tests.core.http.apps import App, Iterable
from tests.core.http.calling import Wire, make, read, run


# ---------------------------------------------------------------- steps


def test_before_and_after():
    """Each service() takes one item; the head goes with the first that is not empty; the last call finds the end."""
    app = App([b"", b"a", b"", b"b"])
    rep = make(app)
    assert rep.iterator is None and rep.status == "200 OK" and list(rep.headers.items()) == []
    assert not (rep.started or rep.headed or rep.ended or rep.closed) and rep.length is None and rep.size == 0
    rep.service()
    assert rep.started and not rep.headed and not rep.gave and rep.incomer.sent == b"" and rep.iterator is not None
    rep.service()
    assert rep.headed and rep.gave and rep.incomer.sent.endswith(b"\r\n\r\n1\r\na\r\n") and len(rep.incomer.pieces) == 1
    rep.service()
    assert not rep.gave and not rep.ended and len(rep.incomer.pieces) == 1
    rep.service()
    assert rep.gave and rep.incomer.pieces[1] == b"1\r\nb\r\n" and not rep.ended
    rep.service()
    assert rep.ended and rep.incomer.pieces[2] == b"0\r\n\r\n" and rep.size == 2
    assert app.iterables[0].closed == 1 and app.iterables[0].taken == 4


@pytest.mark.parametrize(("environ", "chunkable", "fields"), [
    ({}, True, ["Server", "Date", "Transfer-Encoding"]),
    ({"SERVER_PROTOCOL": "HTTP/1.1"}, True, ["Server", "Date", "Transfer-Encoding"]),
    ({"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_CONNECTION": "close"}, True,
     ["Server", "Date", "Connection", "Transfer-Encoding"]),
    ({"SERVER_PROTOCOL": "HTTP/1.1"}, False, ["Server", "Date", "Connection"]),
    ({"SERVER_PROTOCOL": "HTTP/1.0"}, False, ["Server", "Date", "Connection"]),
    ({}, False, ["Server", "Date", "Connection"]),
])  # fmt: skip
def test_one_made_by_hand_frames_by_its_environ(environ, chunkable, fields):
    """Connection: close says that the connection ends with the response, and nothing else."""
    rep = Responder(Wire(), App([b"a", b"b"]), {"REQUEST_METHOD": "GET"} | environ, chunkable)
    for _ in range(2):
        while not rep.ended:
            rep.service()
        assert list(rep.headers) == fields
        rep.reset({"REQUEST_METHOD": "GET"} | environ, chunkable)


def test_ends_with_its_length():
    """A response with a length is ended in the call that reached it; the iterable still runs to its end."""
    app = App({"items": [b"ab", b"c", b"", b""], "headers": [("Content-Length", "3")]})
    rep = make(app)
    rep.service()
    assert not rep.ended
    rep.service()
    assert rep.ended and not rep.chunked and rep.length == 3 and rep.persisted
    assert app.iterables[0].taken == 4 and app.iterables[0].closed == 1


def test_endless_empty_items_after_the_length_do_not_hold_the_turn():
    def endless():
        yield b"abc"
        while True:
            yield b""

    rep, sent = run(App({"items": endless(), "headers": [("Content-Length", "3")]}))
    assert read(sent).body == b"abc" and not rep.aborted


def test_positional_start_response():
    """start_response is passed by position (PEP 3333)."""

    def app(surroundings, begin, /):
        begin("200 OK", [("Content-Length", "0")])
        return []

    assert read(run(app)[1]).status == 200


class Indexed:
    """Iterable by its index alone."""

    def __getitem__(self, index):
        return [b"abc", b"def"][index]


BODIES = {
    "list of one": lambda: [b"abcdef"],
    "list": lambda: [b"abc", b"", b"def"],
    "tuple": lambda: (b"abc", b"def"),
    "iterator": lambda: iter([b"abc", b"def"]),
    "generator": lambda: (piece for piece in (b"abc", b"", b"def")),
    "class": lambda: Iterable([b"abc", b"def"]),
    "list subclass": lambda: type("L", (list,), {})([b"abc", b"def"]),
    "bytearray": lambda: [bytearray(b"abcdef")],
    "memoryview": lambda: iter([memoryview(b"abcdef")]),
    "empties first": lambda: iter([b"", b"", b"abcdef", b""]),
    "getitem": Indexed,
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("length", [None, "6"])
@pytest.mark.parametrize("chunkable", [True, False])
def test_bodies(name, length, chunkable):
    """Every kind of iterable comes out the same, framed by length, by chunks, or by the end of the connection."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", length)] if length else [])
        return BODIES[name]()

    rep, sent = run(app, chunkable=chunkable)
    answer = read(sent, ended=True)
    assert answer.body == b"abcdef" and answer.whole and not rep.aborted and rep.size == 6
    assert answer.chunked == rep.chunked == (chunkable and not length)
    known = length or name in ("list of one", "list", "tuple", "bytearray")
    assert rep.persisted == bool(chunkable or known)
    assert answer["Connection"] == (None if chunkable else "keep-alive" if known else "close")
    assert list(map(tuple, rep.headers.items())) == list(answer.fields)


EMPTY = {"list": [], "list of empty": [b""], "iterator": iter([]), "iterator of empty": iter([b"", b""])}


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("chunkable", [True, False])
def test_empty_bodies(name, chunkable):
    """An empty body is whole as well: the last chunk comes once, and no other is empty."""

    def app(environ, start_response):
        start_response("200 OK", [])
        return iter([b""] * 2) if "iterator of" in name else iter([]) if "iterator" in name else EMPTY[name]

    rep, sent = run(app, chunkable=chunkable)
    assert read(sent, ended=True).whole and sent.count(b"0\r\n\r\n") == chunkable and not rep.aborted


def test_one_piece_for_a_whole_body():
    """A body that is there already leaves with its head, in one send."""
    for headers in ([], [("Content-Length", "6")]):
        rep, _ = run(lambda environ, start, headers=headers: start("200 OK", headers) and [b"abc", b"def"])
        assert len(rep.incomer.pieces) == 1


# ---------------------------------------------------------------- write


def test_write():
    """write() sends at once, the head first; what is returned follows it; empty writes send nothing."""

    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"")
        assert rep.incomer.sent == b""
        write(b"abc")
        assert rep.headed and rep.incomer.sent.endswith(b"3\r\nabc\r\n")
        write(b"")
        write(bytearray(b"def"))
        return [b"ghi"]

    rep = make(app)
    rep.service()
    assert read(rep.incomer.sent).body == b"abcdefghi" and rep.ended and rep.incomer.sent.count(b"0\r\n\r\n") == 1


@pytest.mark.parametrize("returned", [list, tuple, iter])
@pytest.mark.parametrize("length", [None, "6"])
@pytest.mark.parametrize("chunkable", [True, False])
def test_write_then_return(returned, length, chunkable):
    """What was written and what is returned make up one body, in every framing."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", length)] if length else [])(b"abc")
        return returned([b"d", b"ef"])

    rep, sent = run(app, chunkable=chunkable)
    answer = read(sent, ended=True)
    assert answer.body == b"abcdef" and answer.whole and not rep.aborted


@pytest.mark.parametrize("bad", ["text", 7, None, ["x"]])
def test_write_of_no_bytes(bad, logged):
    def app(environ, start_response):
        start_response("200 OK", [])(bad)
        return []

    assert read(run(app)[1]).status == 500


def test_write_respects_the_length():
    """Bytes beyond the declared length are cut off, and the connection ends."""

    def app(environ, start_response):
        write = start_response("200 OK", [("Content-Length", "4")])
        write(b"abc")
        write(b"def")
        write(b"ghi")
        return [b"jkl"]

    rep, sent = run(app)
    assert read(sent).body == b"abcd" and not rep.persisted


def test_write_before_start_and_after_the_end():
    """Neither sends anything."""
    rep = make(App([b"a"]))
    with pytest.raises(AssertionError):
        rep.write(b"x")
    kept = []

    def app(environ, start_response):
        kept.append(start_response("200 OK", []))
        return [b"a"]

    rep, sent = run(app)
    kept[0](b"late")
    assert bytes(rep.incomer.sent) == sent


# ---------------------------------------------------------------- length


@pytest.mark.parametrize("items", [[b"abc"], [b"ab", b"c"]])
@pytest.mark.parametrize("kind", [list, iter])
def test_too_few_bytes(items, kind, logged):
    """Logged, and the connection is cut, never filled up."""
    rep, sent = run(lambda environ, start: start("200 OK", [("Content-Length", "5")]) and kind(items))
    answer = read(sent)
    assert rep.aborted and not rep.persisted and answer.body == b"abc" and not answer.whole
    assert logged.causes == [rep.failure] and "3 bytes of body where Content-Length declares 5" in str(rep.failure)


@pytest.mark.parametrize("items", [[b"abcdefgh"], [b"ab", b"cdefgh"], [b"abcde", b"fgh"], [b"abcde", b"", b"f"]])
@pytest.mark.parametrize("kind", [list, iter, Iterable])
def test_too_many_bytes(items, kind, logged):
    """Cut to the length and logged; the response is whole, the connection ends."""
    made = []

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        made.append(kind(items))
        return made[0]

    rep, sent = run(app)
    assert read(sent).body == b"abcde" and read(sent).whole and not rep.aborted and not rep.persisted
    assert "Content-Length" in logged.text
    assert kind is not Iterable or made[0].closed == 1


def test_length_zero():
    """Nothing is written behind a head that says so."""
    rep, sent = run(App({"items": [b"x"], "headers": [("Content-Length", "0")]}))
    assert sent.endswith(b"\r\n\r\n") and read(sent).body == b"" and not rep.persisted
    rep, sent = run(App({"items": [], "headers": [("Content-Length", "0")]}))
    assert read(sent).whole and rep.persisted


# ---------------------------------------------------------------- closing


def test_iterable_is_closed_not_its_iterator():
    """close() of what the application returned, not of what iter() made of it (PEP 3333)."""
    closed = []

    class Inner:
        def __init__(self):
            self.items = iter([b"x"])

        def __next__(self):
            return next(self.items)

        def close(self):
            closed.append("inner")

    class Outer:
        def __iter__(self):
            return Inner()

        def close(self):
            closed.append("outer")

    run(lambda environ, start: start("200 OK", []) and Outer())
    assert closed == ["outer"]


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_close_breaks_off(steps):
    """The peer is gone: nothing more is sent, no end mark is made up, the iterable is closed once."""
    app = App([b"", b"a", b"b", b"c"])
    rep = make(app)
    for _ in range(steps):
        rep.service()
    sent = bytes(rep.incomer.sent)
    rep.close()
    rep.close()
    rep.service()
    assert rep.closed and rep.ended and rep.aborted and bytes(rep.incomer.sent) == sent
    assert not app.iterables or app.iterables[0].closed == 1


def test_close_after_the_end_changes_nothing():
    app = App([b"a"])
    rep, sent = run(app)
    rep.close()
    assert not rep.aborted and bytes(rep.incomer.sent) == sent and app.iterables[0].closed == 1


def test_reset():
    """Everything about the last response is forgotten; without other word framing goes by SERVER_PROTOCOL."""
    app = App({"items": [b"abc"], "headers": [("Content-Length", "3"), ("Connection", "close")]}, [b"x"])
    rep, _ = run(app)
    rep.incomer.sent.clear()
    rep.reset({"REQUEST_METHOD": "GET", "PATH_INFO": "/2", "SERVER_PROTOCOL": "HTTP/1.1"})
    assert not (rep.started or rep.headed or rep.ended or rep.aborted) and rep.size == 0 and rep.length is None
    assert rep.chunkable and rep.persisted and rep.iterator is None and list(rep.headers.items()) == []
    while not rep.ended:
        rep.service()
    assert read(rep.incomer.sent).chunked
    rep.reset({"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.0"}, chunkable=None)
    assert not rep.chunkable and not rep.persisted


# ---------------------------------------------------------------- generator conventions


def test_return_value_is_the_last_piece():
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"abc"
        return b"def"

    assert read(run(app)[1]).body == b"abcdef"


def test_return_value_alone():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        return (yield from waiting())

    def waiting():
        yield b""
        yield b""
        return b"abc"

    rep, sent = run(app)
    assert read(sent).body == b"abc" and rep.persisted and not rep.aborted


class Attributed:
    """An iterator with the attributes that override status and headers."""

    def __init__(self, items, status=None, headers=None):
        self.items = iter(items)
        self._status = status
        self._headers = headers

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.items)


@pytest.mark.parametrize(
    "status,want", [(201, "201 Created"), ("202 Mine", "202 Mine"), (799, "799 Unknown"), (None, "200 OK")]
)
def test_status_and_headers_of_the_iterator(status, want):
    """_status overrides, _headers are merged; both as they stand when the head is built."""
    body = Attributed([b"", b"x"], None, None)

    def app(environ, start_response):
        start_response("200 OK", [("X-A", "old"), ("X-B", "kept")])
        return body

    rep = make(app)
    rep.service()
    body._status, body._headers = status, {"Location": "/new", "x-a": "new"}
    while not rep.ended:
        rep.service()
    answer = read(rep.incomer.sent)
    assert f"{answer.status} {answer.reason}" == want == rep.status
    assert answer["Location"] == "/new" and answer["X-A"] == "new" and answer["X-B"] == "kept"
    assert [name for name, _ in answer.fields].count("X-A") == 1
    assert list(map(tuple, rep.headers.items())) == list(answer.fields)


def test_iterator_overrides_keep_framing_right():
    """A length, a bodiless status or a wish to close that come this way count like those of start_response."""
    answer = read(run(lambda e, s: s("200 OK", []) and Attributed([b"abc"], headers={"Content-Length": "3"}))[1])
    assert not answer.chunked and answer.body == b"abc"
    rep, sent = run(lambda e, s: s("200 OK", []) and Attributed([b"abc"], 304))
    assert read(sent).status == 304 and sent.endswith(b"\r\n\r\n")
    rep, sent = run(lambda e, s: s("200 OK", []) and Attributed([b"abc"], headers={"Connection": "close"}))
    assert read(sent).closing and not rep.persisted
    rep, sent = run(lambda e, s: s("200 OK", [("Connection", "close")]) and Attributed([b"abc"], 201))
    assert read(sent).closing and read(sent).status == 201
    assert read(run(lambda e, s: s("200 OK", []) and Attributed([b"abc"], headers={"X": "a\nb"}))[1]).status == 500
    assert read(run(lambda e, s: s("200 OK", []) and Attributed([b"abc"], "no status"))[1]).status == 500


def test_event_stream():
    """Sent in chunks without a length, one event a step; known as evented."""
    app = App({"items": [b"retry: 1\n\n", b"", b"data: a\n\n"], "headers": [("Content-Type", "text/event-stream")]})
    rep, sent = run(app)
    answer = read(sent)
    assert rep.evented and answer.chunked and answer["Content-Type"] == "text/event-stream"
    assert answer["Transfer-Encoding"] == "chunked" and answer.body == b"retry: 1\n\ndata: a\n\n"


def test_int_status_and_plain_repr():
    rep, sent = run(App({"items": [b"x"], "status": 451}))
    assert read(sent).reason == "Unavailable For Legal Reasons" and "451" in repr(rep)


@pytest.mark.parametrize("script", [
    {"items": [b"abc"]}, {"items": [b"abc"], "headers": [("Content-Length", "3")]}, {"items": []},
])  # fmt: skip
def test_reset_content_says_that_it_has_none(script):
    """RFC 9110, 15.3.6: no content, and since 205 is not one of those that never have any, a length of 0."""
    rep, sent = run(App({**script, "status": "205 Reset Content"}))
    answer = read(sent)
    assert answer["Content-Length"] == "0" and sent.endswith(b"\r\n\r\n") and rep.persisted


@pytest.mark.parametrize("items", [[b"abc"], [b"a", b"bc"]])
@pytest.mark.parametrize("sized", [True, False])
def test_date_and_server_of_the_application(items, sized):
    """Its own go out, once, in the place of those of the server."""
    date = "Thu, 01 Jan 1970 00:00:00 GMT"
    fields = [("date", date), ("SERVER", "mine")] + [("Content-Length", "3")] * sized

    def app(environ, start_response):
        start_response("200 OK", list(fields))
        return items

    for _ in range(3):  # heads that come again are remembered
        answer = read(run(app)[1])  # refuses a field that comes twice
        assert (answer["Date"], answer["Server"], answer.body) == (date, "mine", b"abc")


# ---------------------------------------------------------------- what is told of failures


def quiet(level):
    """Return a logger of that level which nobody reads."""
    logger = logging.Logger("quiet", level)
    logger.addHandler(logging.NullHandler())
    return logger


def failing(started):
    """Return an application that raises, after the first bytes of its body if started."""
    def app(environ, start_response):
        if started:
            start_response("200 OK", [])
            yield b"a"
        raise KeyError("where is it")

    return app


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize(("level", "told"), [(logging.CRITICAL, True), (logging.ERROR, False)])
def test_a_failure_that_no_log_tells_is_written_to_wsgi_errors(monkeypatch, started, level, told):
    monkeypatch.setattr(responding, "logger", quiet(level))
    errors = io.StringIO()
    rep = make(failing(started))
    rep.environ["wsgi.errors"] = errors
    for _ in range(3):
        rep.service()
    assert rep.ended or rep.aborted
    text = errors.getvalue()
    assert ("application failed" in text and "KeyError: 'where is it'" in text) is told


def test_errors_that_cannot_be_written_harm_nobody(monkeypatch):
    monkeypatch.setattr(responding, "logger", quiet(logging.CRITICAL))
    rep = make(failing(False))
    rep.environ["wsgi.errors"] = errors = io.StringIO()
    errors.close()
    rep.service()
    assert rep.ended and b" 500 " in rep.incomer.sent
