"""What an application is told: the environ of PEP 3333, on every kind of address, and applications of others."""

from __future__ import annotations

import io
import os
import socket
from wsgiref.validate import validator

import falcon
import pytest

from hio import __version__
from hio.core.http.clienting import Client
from hio.core.http.limiting import Limits
from hio.core.http.serving import FileWrapper, Requestant, Server
from tests.core.http.apps import App, hello, told
from tests.core.http.asking import GET, REQUESTS, path
from tests.core.http.corpus import chunked, get, post


def test_environ_is_whole_whoever_opened_the_servant(net):
    """Programs open, and open again, the servant of a server, and never the server."""
    app = App([b"ok"])
    server = Server(port=0, app=app, net=net)
    for count in (1, 2):
        server.servant.ha = ("127.0.0.1", 0)
        assert server.servant.reopen()
        host, port = server.servant.eha
        client = Client(hostname=host, port=port, net=net)
        client.request(headers={})
        while not client.responses:
            server.service()
            client.service()
        environ = app.calls[-1]
        assert (environ["wsgi.version"], environ["wsgi.url_scheme"]) == ((1, 0), "http")
        assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (host, str(port))
        assert {"wsgi.errors", "wsgi.input", "wsgi.multithread", "SCRIPT_NAME"} <= environ.keys()
        assert len(app.calls) == count
        client.close()
        server.servant.close()
    server.close()


def test_environ_of_a_request_that_was_answered(rigs):
    """Of a request that can still be looked at the environ can be made again, and is a dict of its own."""
    app = App([b"ok"])
    rig = rigs(app)
    peer = rig.dial()
    peer.ask(b"GET /a?b HTTP/1.1\r\nHost: h:81\r\nCookie: a\r\nX-A: 1\r\nx-a: 2\r\nCookie: b\r\nX_A: 3\r\n\r\n")
    req = rig.server.reqs[peer.ca]
    again = rig.server.buildEnviron(req)
    first = app.calls[0]
    assert again.pop("wsgi.input").read() == first.pop("wsgi.input").read() and again == first
    assert (req.hostname, req.port) == ("h", 81)
    peer.ask(GET)
    assert "HTTP_COOKIE" not in app.calls[1]


def test_environ_of_a_request_that_somebody_else_parsed(rigs):
    rig = rigs(hello)
    peer = rig.dial()
    req = Requestant(remoter=rig.ix(peer), msg=bytearray(GET))
    req.parse()
    environ = rig.server.buildEnviron(req)
    assert environ["wsgi.version"] == (1, 0) and environ["REQUEST_METHOD"] == "GET" and environ["HTTP_HOST"]


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
    """A decoded body is whole when the application is called: it may rely on CONTENT_LENGTH."""
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
        path("/things/a%20%C3%A9?x=1&y=2")
        + path("/none%C3%A9")
        + get(b"Content-Type: application/json", b"Content-Length: 7", target=b"/things/b", method=b"POST")
        + b'{"a":1}'
        + get(target=b"/things/b", method=b"DELETE")
        + get(target=b"/things/b", method=b"PUT"),
        count=5,
    )
    assert [a.status for a in answers] == [200, 404, 200, 204, 405]
    assert told(answers[0]) == {
        "name": "a \u00e9", "query": {"x": "1", "y": "2"}, "url": "http://a/things/a \u00e9?x=1&y=2",
        "addr": "127.0.0.1",
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
