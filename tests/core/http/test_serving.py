"""The WSGI server as a whole: requests in, responses out, in order, over a network and in every cut."""

from __future__ import annotations

import io
import os
import socket
from wsgiref.validate import validator

import falcon
import pytest

from hio import __version__
from hio.core import http, tcp
from hio.core.http.limiting import Limits
from hio.core.http.serving import BareServer, FileWrapper, Server, ServerDoer, WsgiServer, openServer
from tests.core.http.apps import App, echo, hello, told
from tests.core.http.corpus import CASES, NEIGHBOUR, chunked, get, post

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


def path(text, *lines, version=b"HTTP/1.1"):
    """Return a GET for the path text."""
    return get(*lines, target=text.encode(), version=version)


def cuts(raw):
    """Yield raw whole, byte by byte, and in two at each place that matters."""
    yield [raw]
    yield [raw[i : i + 1] for i in range(len(raw))]
    for end in (b"\r\n", b"\r\n\r\n"):
        at = raw.index(end)
        yield from ([raw[: at + i], raw[at + i :]] for i in range(1, len(end) + 1))


# ---------------------------------------------------------------- every request of the corpus


@pytest.fixture(scope="module")
def keeper():
    """Say what became of a request: the environ of each that the application got."""

    class Witness:
        def __init__(self):
            self.seen = []

        def __call__(self, environ, start_response):
            body = environ["wsgi.input"].read()
            self.seen.append((environ, body))
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]

    return Witness()


@pytest.fixture(scope="module")
def corpusRig(keeper):
    from tests.core.http.driving import Rig

    rig = Rig(keeper)
    yield rig
    rig.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_corpus(case, corpusRig, keeper):
    """What the grammar admits reaches the application once; what it refuses gets its status, and the end."""
    rig = corpusRig
    raw = case.raw
    ways = [[raw], [raw, NEIGHBOUR], [raw + NEIGHBOUR]]
    if len(raw) < 400:
        ways.append([raw[i : i + 1] for i in range(len(raw))])
    method = raw.lstrip(b"\r\n").partition(b" ")[0].decode("latin-1")
    for way in ways:
        neighbour = len(way) < 3 and way != [raw]
        keeper.seen.clear()
        peer = rig.dial()
        peer.send(*way)
        if not case.status:
            check(case, neighbour, rig, peer, keeper, method)
        else:
            rig.until(lambda: peer.gone)
            assert peer.ended, peer.broken
            answers = peer.answers()
            final = [answer for answer in answers if answer.status >= 200]
            assert [answer.status for answer in final] == [case.status]
            assert final[0].whole and final[0].closing
            assert keeper.seen == []
        peer.close()
        rig.peers.remove(peer)
        rig.until(lambda: rig.empty)


def check(case, neighbour, rig, peer, keeper, method):
    """See that an admitted request came whole and once, and its neighbour exactly if the connection lives on."""
    persisted = case.want.get("persisted")
    rig.until(lambda: keeper.seen)
    rig.turn(4)
    environ, body = keeper.seen[0]
    for name, value in case.want.items():
        if name == "body":
            assert body == value
        elif name == "method":
            assert environ["REQUEST_METHOD"] == value
        elif name == "target":
            assert environ["RAW_URI"] == value
        elif name.isupper():
            assert environ.get(name) == value
    assert "HTTP_TRANSFER_ENCODING" not in environ
    answers = [answer for answer in peer.answers(method) if answer.status >= 200]
    assert all(answer.whole for answer in answers)
    if neighbour and persisted is not False and not answers[0].closing:
        assert len(answers) == 2 and keeper.seen[1][0]["PATH_INFO"] == "/neighbour"
    else:
        assert len(answers) == 1 and len(keeper.seen) == 1
    assert peer.ended == answers[0].closing


# ---------------------------------------------------------------- one request, one response


REQUESTS = {
    "get": path("/a"),
    "query": path("/a?b=c"),
    "length": post(b"Content-Length: 5", body=b"hello"),
    "chunked": chunked(b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: v\r\n\r\n"),
    "old": path("/a", b"Connection: keep-alive", version=b"HTTP/1.0"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_cut_gets_the_same_answer(rigs, name):
    """A request is answered alike however it is cut, and with a neighbour before or behind it."""
    raw = REQUESTS[name]
    rig = rigs(echo)
    (first,) = rig.dial().ask(raw)
    assert first.status == 200 and first.whole
    for cut in cuts(raw):
        (answer,) = rig.dial().ask(*cut)
        assert {**told(answer), "REMOTE_PORT": ""} == {**told(first), "REMOTE_PORT": ""}
        both = rig.dial().ask(*cut[:-1], cut[-1] + GET, count=2)
        assert [told(a)["PATH_INFO"] for a in both] == [told(first)["PATH_INFO"], "/x"]
        both = rig.dial().ask(GET + cut[0], *cut[1:], count=2)
        assert told(both[1])["PATH_INFO"] == told(first)["PATH_INFO"]


def test_response_comes_in_one_turn(rigs):
    """The turn that reads a request also sends the response; the connection stays, and everything can be inspected."""
    rig = rigs(hello)
    peer = rig.dial()
    peer.sock.send(GET)
    rig.server.service()
    peer.pump()
    assert peer.answers()[0].body == b"/x"
    server = rig.server
    assert len(server.servant.ixes) == len(server.reqs) == len(server.reps) == 1
    assert server.idle()
    req, rep = server.reqs[peer.ca], server.reps[peer.ca]
    assert (req.method, req.url, req.path, req.version) == ("GET", "/x", "/x", (1, 1))
    assert [(k.lower(), v) for k, v in rep.headers.items()] == [(k.lower(), v) for k, v in peer.answers()[0].fields]
    assert rep.status == "200 OK" and rep.ended and not rep.aborted


def test_head_on_the_wire(rigs):
    """Status line, the application's fields in order, then Server and Date; names in title case."""
    app = App({"items": [b"hi"], "headers": [("x-b", "1"), ("CONTENT-LENGTH", "2"), ("x-A", "2")], "status": "201 Made"})
    peer = rigs(app).dial()
    peer.ask(GET)
    assert bytes(peer.rx) == (
        f"HTTP/1.1 201 Made\r\nX-B: 1\r\nContent-Length: 2\r\nX-A: 2\r\nServer: hio/{__version__}\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhi"
    ).encode()


def test_date_follows_the_clock_handed_in(rigs):
    rig = rigs(hello)
    peer = rig.dial()
    assert peer.ask(GET)[0]["Date"] == "Sun, 06 Nov 1994 08:49:37 GMT"
    rig.wait(2.0)
    assert peer.ask(GET, count=2)[1]["Date"] == "Sun, 06 Nov 1994 08:49:39 GMT"


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "304 Not Modified", "205 Reset Content", "404 Not Found"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("length", [None, "5"])
@pytest.mark.parametrize("kind", ["list", "iterator", "write"])
def test_bodies_where_they_belong(rigs, status, method, length, kind):
    """HEAD, 204 and 304 have no body and leave the connection in step; HEAD keeps the fields of GET."""

    def app(environ, start_response):
        write = start_response(status, [("Content-Length", length)] if length else [])
        if kind == "write":
            write(b"hello")
            return []
        return [b"hello"] if kind == "list" else iter([b"he", b"", b"llo"])

    peer = rigs(app).dial()
    raw = get(method=method.encode())
    answer, after = peer.ask(raw + get(), count=2, methods=[method])
    bodiless = method == "HEAD" or status[:3] in ("204", "304")
    assert answer.status == int(status[:3])
    assert answer.body == (b"" if bodiless else b"hello")
    assert after.body == (b"" if status[:3] in ("204", "304") else b"hello") and not peer.gone
    if method == "HEAD":
        assert answer.fields == after.fields
    if bodiless and method != "HEAD":
        assert answer["Content-Length"] == (None if status[:3] == "204" else length)


def test_interim_status_of_the_application_ends_the_connection(rigs):
    """A 1xx is no final response: nobody could tell what follows, so nothing does, and no body goes with it."""
    peer = rigs(App({"items": [b"hello"], "status": "102 Processing"})).dial()
    peer.send(GET + GET)
    peer.rig.until(lambda: peer.gone)
    assert peer.rx.startswith(b"HTTP/1.1 102 ") or peer.rx.startswith(b"HTTP/1.1 500 ")
    assert b"hello" not in peer.rx and peer.rx.count(b"HTTP/1.1") == 1


# ---------------------------------------------------------------- versions and persistence


PERSISTENCE = [
    # request version, its Connection, the application's Connection; whether the connection stays, what is said of it
    ("1.1", None, None, True, None),
    ("1.1", "keep-alive", None, True, None),
    ("1.1", "close", None, False, "close"),
    ("1.1", "Close", None, False, "close"),
    ("1.1", "x, close", None, False, "close"),
    ("1.1", None, "close", False, "close"),
    ("1.1", None, "Close", False, "close"),
    ("1.1", "keep-alive", "close", False, "close"),
    ("1.1", None, "keep-alive", True, None),
    ("1.0", None, None, False, "close"),
    ("1.0", "keep-alive", None, True, "keep-alive"),
    ("1.0", "Keep-Alive", None, True, "keep-alive"),
    ("1.0", "keep-alive", "close", False, "close"),
    ("1.0", "close", None, False, "close"),
]


@pytest.mark.parametrize("version,asked,answered,stays,said", PERSISTENCE)
@pytest.mark.parametrize("items", [[b"hello"], [b"he", b"llo"]], ids=["one", "two"])
def test_persistence(rigs, version, asked, answered, stays, said, items):
    """Close when either side says so, keep when both can; nothing behind a close is admitted (RFC 9112, 9.3)."""
    headers = [("Content-Length", "5")] + ([("Connection", answered)] if answered else [])
    app = App({"items": items, "headers": headers})
    lines = [f"Connection: {asked}".encode()] if asked else []
    rig = rigs(app)
    peer = rig.dial()
    raw = get(*lines, version=f"HTTP/{version}".encode())
    answers = peer.ask(raw + raw, count=2 if stays else 1)
    rig.turn(5)
    assert [answer["Connection"] for answer in answers] == [said] * (2 if stays else 1)
    assert peer.ended == (not stays)
    assert len(app.calls) == len(answers)
    assert all(iterable.closed == 1 for iterable in app.iterables)
    assert rig.knows(peer)  # or drains what the peer still sends
    peer.close()
    rig.until(lambda: rig.empty)


@pytest.mark.parametrize("kind", ["list", "tuple", "generator", "write"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_no_length(rigs, kind, version):
    """Without a length: chunks for 1.1; for 1.0 a length where it is known, else the end of the connection."""

    def app(environ, start_response):
        write = start_response("200 OK", [])
        if kind == "write":
            write(b"abc")
            return [b"def"]
        items = [b"abc", b"def"]
        return {"list": items, "tuple": tuple(items), "generator": (item for item in items)}[kind]

    rig = rigs(app)
    peer = rig.dial()
    raw = get(b"Connection: keep-alive", version=f"HTTP/{version}".encode())
    known = kind in ("list", "tuple")
    count = 2 if version == "1.1" or known else 1
    answers = peer.ask(raw + raw, count=count)
    rig.turn(3)
    answers = peer.answers()
    assert [answer.body for answer in answers] == [b"abcdef"] * count
    assert all(answer.whole and answer.chunked == (version == "1.1") for answer in answers)
    if version == "1.0":
        assert peer.ended == (not known) and "Transfer-Encoding" not in dict(answers[0].fields)
        assert answers[0]["Connection"] == ("keep-alive" if known else "close")


def test_each_response_is_framed_by_its_own_request(rigs):
    """Nothing of one response's framing is left in the next on the connection."""
    scripts = [
        {"items": [b"abc"], "headers": [("Content-Length", "3")]},
        [b"de", b"f"],
        {"items": [], "status": "204 No Content"},
        {"items": [b"data: x\n\n"], "headers": [("Content-Type", "text/event-stream")]},
        {"items": [b"ghi"], "headers": [("Content-Length", "3")]},
        [b"jkl"],
    ]
    app = App(*scripts)
    peer = rigs(app).dial()
    answers = peer.ask(GET * 6, count=6)
    assert [a.body for a in answers] == [b"abc", b"def", b"", b"data: x\n\n", b"ghi", b"jkl"]
    assert [a.chunked for a in answers] == [False, True, False, True, False, True]
    (again,) = peer.rig.dial().ask(get(b"Connection: keep-alive", version=b"HTTP/1.0"))
    assert again.chunked is False


# ---------------------------------------------------------------- pipelining


def test_pipelined_in_order(rigs):
    """Many requests in one packet: as many responses, in their order."""
    app = App(*[[str(i).encode()] for i in range(200)])
    peer = rigs(app).dial()
    answers = peer.ask(b"".join(path(f"/{i}") for i in range(200)), count=200)
    assert [a.body for a in answers] == [str(i).encode() for i in range(200)]
    assert app.paths == [f"/{i}" for i in range(200)]


def test_pipelined_behind_a_slow_one(rigs):
    """Nothing is admitted while the response before it is not complete."""
    app = App([b"", b"", b"a", b"", b"b"], [b"c"])
    rig = rigs(app)
    peer = rig.dial()
    peer.sock.send(path("/1") + path("/2"))
    for _ in range(4):
        rig.server.service()
        assert app.paths == ["/1"]
    answers = peer.ask(count=2)
    assert [a.body for a in answers] == [b"ab", b"c"] and app.paths == ["/1", "/2"]


@pytest.mark.parametrize("limit", [0, 1, 2, 5])
def test_pipelined_with_bodies_and_mistakes(rigs, limit):
    """Requests of every kind before one that is refused: all those before it are answered, none behind it."""
    good = [path("/a"), post(b"Content-Length: 3", body=b"abc"), chunked(b"1\r\nx\r\n0\r\n\r\n"), path("/d"), path("/e")]
    app = App([b"ok"])
    rig = rigs(app)
    peer = rig.dial()
    peer.send(b"".join(good[:limit]) + b"GET /bad HTTP/1.1\r\nHost : a\r\n\r\n" + GET)
    rig.until(lambda: peer.gone)
    assert [a.status for a in peer.answers()] == [200] * limit + [400] and len(app.calls) == limit
    assert peer.ended


def test_thousand_requests_cannot_hold_a_turn(rigs):
    """One turn answers a bounded number of pipelined requests of all connections; others get their share."""
    calls = []

    def app(environ, start_response):
        calls.append(environ["PATH_INFO"])
        return hello(environ, start_response)

    rig = rigs(app)
    greedy, modest = rig.dial(), rig.dial()
    greedy.sock.send(GET * 500)
    modest.sock.send(path("/modest"))
    rig.server.service()
    assert 1 <= len(calls) < 100
    modest.pump()
    assert modest.answers()[0].whole
    assert len(greedy.ask(count=500)) == 500


# ---------------------------------------------------------------- environ


def test_environ(rigs):
    """Exactly what PEP 3333 and CGI say, each value a str where it is no wsgi. key."""
    app = App([b"ok"])
    rig = rigs(app)
    peer = rig.dial()
    peer.ask(
        b"POST /a%20b/%C3%A9%FF?q=%20&r=1;2 HTTP/1.1\r\nHost: localhost:80\r\nContent-Type: text/x\r\n"
        b"Content-Length: 3\r\nX-Real-IP: 1.1.1.1\r\nX_Real_IP: 2.2.2.2\r\nProxy: evil\r\nAccept: a\r\nAccept: b\r\n"
        b"Cookie: a=1\r\ncookie: b=2\r\nX-Empty:\r\nX-Latin: \xe9\r\n\r\nabc"
    )
    environ = app.calls[0]
    host, port = rig.ha
    want = {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/a b/\xc3\xa9\xff", "QUERY_STRING": "q=%20&r=1;2",
        "RAW_URI": "/a%20b/%C3%A9%FF?q=%20&r=1;2", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": host,
        "SERVER_PORT": str(port), "SERVER_SOFTWARE": f"hio/{__version__}", "REMOTE_ADDR": peer.ca[0],
        "REMOTE_PORT": str(peer.ca[1]), "CONTENT_TYPE": "text/x", "CONTENT_LENGTH": "3",
        "HTTP_HOST": "localhost:80", "HTTP_X_REAL_IP": "1.1.1.1", "HTTP_ACCEPT": "a, b", "HTTP_COOKIE": "a=1; b=2",
        "HTTP_X_EMPTY": "", "HTTP_X_LATIN": "\xe9",
    }  # fmt: skip
    cgi = {key: value for key, value in environ.items() if "." not in key}
    assert cgi == want and all(type(value) is str for value in cgi.values())
    wsgi = {key: value for key, value in environ.items() if key.startswith("wsgi.")}
    assert wsgi.pop("wsgi.version") == (1, 0) and wsgi.pop("wsgi.url_scheme") == "http"
    stream = wsgi.pop("wsgi.input")
    assert stream.read() == b"abc" and stream.seek(0) == 0 and stream.read(2) == b"ab" and stream.read(9) == b"c"
    assert wsgi.pop("wsgi.file_wrapper") is FileWrapper and hasattr(wsgi.pop("wsgi.errors"), "write")
    assert wsgi == {
        "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False, "wsgi.input_terminated": True,
    }  # fmt: skip
    assert type(environ) is dict and environ["hio.remoter"] is rig.ix(peer)


def test_environ_is_each_request_s_own(rigs):
    """What one application call does to its environ is not seen by the next."""
    seen = []

    def app(environ, start_response):
        seen.append(dict(environ))
        environ.clear()
        environ["HTTP_X_LEFT"] = "over"
        environ["REQUEST_METHOD"] = "GET"
        return hello({"PATH_INFO": "/"}, start_response)

    rig = rigs(app)
    rig.dial().ask(post(b"Content-Length: 1", b"X-Own: 1", body=b"a") + GET, count=2)
    assert seen[1]["PATH_INFO"] == "/x" and seen[1]["REQUEST_METHOD"] == "GET"
    assert not {"HTTP_X_OWN", "HTTP_X_LEFT", "CONTENT_LENGTH"} & set(seen[1])
    assert seen[1]["wsgi.input"].read() == b""


TARGETS = [
    # method, target; PATH_INFO, QUERY_STRING, HTTP_HOST
    ("GET", "/", "/", "", "a"),
    ("GET", "//evil/x?y", "//evil/x", "y", "a"),
    ("GET", "//a:b/c", "//a:b/c", "", "a"),
    ("GET", "/a?b?c", "/a", "b?c", "a"),
    ("GET", "/a?", "/a", "", "a"),
    ("GET", "/%zz%2F%41", "/%zz/A", "", "a"),
    ("GET", "/a;b=c/../d", "/a;b=c/../d", "", "a"),
    ("GET", "http://other:81/p?q", "/p", "q", "other:81"),
    ("GET", "HTTP://other", "/", "", "other"),
    ("OPTIONS", "*", "*", "", "a"),
    ("BREW", "/pot", "/pot", "", "a"),
    ("get", "/", "/", "", "a"),
]


@pytest.mark.parametrize("method,target,info,query,host", TARGETS)
def test_targets(rigs, method, target, info, query, host):
    """A target is read by its form, and the host of an absolute one is the host (RFC 9112, 3.2)."""
    app = App([b"ok"])
    rigs(app).dial().ask(get(target=target.encode(), method=method.encode()))
    (environ,) = app.calls
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"]) == (method, info, query)
    assert environ["HTTP_HOST"] == host and environ["RAW_URI"] == target


def test_chunked_request_has_its_length(rigs):
    """A decoded body is whole when the application is called: it may rely on CONTENT_LENGTH; trailers are no headers."""
    app = App([b"ok"])
    rigs(app).dial().ask(chunked(b"3\r\nabc\r\n0\r\nX-Trailer: v\r\nHost: evil\r\n\r\n"))
    environ = app.calls[0]
    assert environ["CONTENT_LENGTH"] == "3" and environ["wsgi.input"].read() == b"abc"
    assert "HTTP_X_TRAILER" not in environ and environ["HTTP_HOST"] == "a"
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 100_000])
def test_bodies_are_spooled(rigs, size):
    """A body beyond the mark goes to a file, and reads the same."""
    body = bytes(i * i % 256 for i in range(size))
    streams = []

    def app(environ, start_response):
        stream = environ["wsgi.input"]
        streams.append(stream)
        assert stream.read() == body and stream.read() == b"" and stream.seek(0) == 0 and stream.read(10) == body[:10]
        return hello(environ, start_response)

    rig = rigs(app, limits=Limits(spool=100))
    peer = rig.dial()
    half = size // 2
    for raw in (
        post(b"Content-Length: %d" % size, body=body),
        chunked(b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (half, body[:half], size - half, body[half:])) if half else GET,
    ):
        assert rig.dial().ask(raw)[0].status == 200 or not half
    assert isinstance(streams[0], io.BytesIO) == (size <= 100)
    assert size <= 100 or streams[0].closed  # the file does not outlive the answer
    peer.close()


def test_spool_of_a_body_that_never_ends_is_closed(rigs):
    rig = rigs(hello, limits=Limits(spool=10))
    peer = rig.dial()
    peer.send(post(b"Content-Length: 100", body=b"x" * 50))
    file = rig.server.reqs[peer.ca].file
    assert not file.closed
    peer.reset()
    rig.until(lambda: rig.empty)
    assert file.closed


# ---------------------------------------------------------------- other address families, other applications


def test_unix_socket(rigs, tmp_path):
    """A server on a path: served alike, names in the environ are strings that are not empty, file removed at close."""
    where = str(tmp_path / "hio.sock")
    app = App({"items": [b"ok"], "headers": [("Content-Type", "text/plain")]})
    rig = rigs(validator(app), ha=where)
    for _ in range(2):
        peer = rig.dial()
        (answer,) = peer.ask(GET)
        assert answer.status == 200 and answer.body == b"ok"
    environ = app.calls[0]
    assert environ["SERVER_NAME"] and environ["SERVER_PORT"].isdigit() and isinstance(environ["REMOTE_ADDR"], str)
    rig.close()
    assert not os.path.exists(where)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_ipv6(rigs, host):
    app = App([b"ok"])
    try:
        rig = rigs(app, ha=(host, 0))
    except OSError as ex:
        pytest.skip(f"no IPv6 here: {ex}")
    peer = rig.dial()
    peer.ask(GET)
    environ = app.calls[0]
    assert environ["SERVER_NAME"] == environ["REMOTE_ADDR"] == "::1" and rig.ha[0] == "::1"
    assert environ["SERVER_PORT"] == str(rig.ha[1])


@pytest.mark.parametrize("raw", list(REQUESTS.values()) + [get(method=b"HEAD")], ids=[*REQUESTS, "head"])
def test_wsgiref_validates(rigs, raw):
    """The standard library's validator finds no fault with this server."""

    @validator
    def app(environ, start_response):
        environ["wsgi.input"].read(10)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"fine"]

    peer = rigs(app).dial()
    (answer,) = peer.ask(raw, methods=["HEAD" if raw.startswith(b"HEAD") else "GET"])
    assert answer.status == 200, answer


def test_falcon(rigs):
    """A Falcon app runs as it is, also for a path that is UTF-8."""

    class Thing:
        def on_get(self, req, resp, name):
            resp.media = {"name": name, "query": req.params, "url": req.url, "addr": req.remote_addr}

        def on_post(self, req, resp, name):
            resp.media = {"got": req.media}

        def on_delete(self, req, resp, name):
            resp.status = falcon.HTTP_204

    app = falcon.App()
    app.add_route("/things/{name}", Thing())
    peer = rigs(app).dial()
    answers = peer.ask(
        path("/things/a%20%C3%A9?x=1&y=2") + path("/none%C3%A9")
        + get(b"Content-Type: application/json", b"Content-Length: 7", target=b"/things/b", method=b"POST") + b'{"a":1}'
        + get(target=b"/things/b", method=b"DELETE") + get(target=b"/things/b", method=b"PUT"),
        count=5,
    )
    assert [a.status for a in answers] == [200, 404, 200, 204, 405]
    assert told(answers[0]) == {
        "name": "a \u00e9", "query": {"x": "1", "y": "2"}, "url": "http://a/things/a \u00e9?x=1&y=2", "addr": "127.0.0.1",
    }  # fmt: skip
    assert told(answers[2]) == {"got": {"a": 1}}


def test_file_wrapper(rigs):
    """wsgi.file_wrapper sends a file in pieces and closes it once."""
    content = bytes(range(256)) * 1000
    files = []

    def app(environ, start_response):
        files.append(io.BytesIO(content))
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](files[-1], 1000)

    (answer,) = rigs(app).dial().ask(GET)
    assert answer.body == content and files[0].closed


# ---------------------------------------------------------------- parameters and names


def test_names():
    """The names promised at this path."""
    from hio.core.http import serving

    for name in ("logger", "CRLF", "LF", "CR", "Requestant", "Responder", "openServer", "Server", "WsgiServer",
                 "CustomResponder", "Steward", "BareServer", "StaticSink", "ServerDoer"):  # fmt: skip
        assert hasattr(serving, name)
    assert (serving.CRLF, serving.LF, serving.CR) == (b"\r\n", b"\n", b"\r")
    assert WsgiServer is Server is http.Server and http.BareServer is BareServer and http.ServerDoer is ServerDoer
    assert Server.Tymeout == 5.0 and BareServer.Timeout == 5.0


@pytest.mark.parametrize("kind", [Server, BareServer])
def test_servant(kind):
    """Made from the parameters, or handed in; a contradiction is told at once."""
    server = kind(host="127.0.0.1", port=0)
    assert type(server.servant) is tcp.Server and server.servant.ha == ("127.0.0.1", 0)
    assert not server.secured and server.scheme == "http" and server.servant.tymeout == 5.0
    assert kind().servant.ha == ("", 80)
    assert kind(tymeout=0.0).servant.tymeout == 0.0
    assert kind(bufsize=131072).servant.bs == 131072
    assert kind(tymeout=2.5).servant.tymeout == 2.5
    mine = tcp.Server(ha=("127.0.0.1", 0))
    assert kind(servant=mine).servant is mine
    for kwa in ({"servant": mine, "scheme": "https"}, {"servant": object()}, {"scheme": "gopher"}, {"tymeout": -1.0},
                {"port": 70000}, {"bufsize": 0}):  # fmt: skip
        with pytest.raises(ValueError):
            kind(**kwa)
    with pytest.raises(TypeError):
        kind(limits={"line": 1})


def test_dicts_handed_in_are_used_and_cleared():
    reqs, reps, stewards = {"a": 1}, {"b": 2}, {"c": 3}
    server = Server(reqs=reqs, reps=reps)
    assert server.reqs is reqs and server.reps is reps and not reqs and not reps
    assert BareServer(stewards=stewards).stewards is stewards and not stewards


def test_open_server(net):
    """Opens, says where it listens with the real port, and closes."""
    from hio.base.tyming import Tymist

    tymist = Tymist(tyme=3.0)
    with openServer(port=0, bufsize=131072, app=hello, tymth=tymist.tymen(), net=net) as server:
        assert server.servant.opened and server.servant.tyme == 3.0
        assert server.servant.ha[0] == "0.0.0.0" and server.servant.ha[1] > 0
        assert server.servant.eha == ("127.0.0.1", server.servant.ha[1])
        with openServer(port=server.servant.ha[1], app=hello, net=net) as other:
            assert not other.servant.opened  # a failed bind is no error here
            other.service()
        with openServer(BareServer, port=0, net=net) as bare:
            assert isinstance(bare, BareServer) and bare.servant.opened
    assert not server.servant.opened


def test_reopen_drops_and_serves_again(rigs):
    """close() ends all; reopen() begins anew, on the same port when it was given by the system."""
    app = App([b"", b"a"] * 50)
    rig = rigs(app)
    peer = rig.dial()
    peer.send(GET)
    assert app.iterables[0].closed == 0
    rig.server.close()
    assert app.iterables[0].closed == 1 and rig.empty
    peer.pump()
    assert peer.gone
    rig.server.close()  # again is no error
    rig.server.service()
    assert rig.server.reopen(temp=True) is True
    rig.ha = rig.server.servant.eha
    assert rig.dial().ask(GET)[0].whole
