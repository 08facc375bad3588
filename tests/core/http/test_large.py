"""Large bodies: what is there as a whole, and files, arrive as they are, on any network and for any framing."""

from __future__ import annotations

import gzip
import io
import os

import pytest

from hio.core.http import responding
from hio.core.http.sinking import FilePart
from hio.core.tcp.netting import osNet
from hio.sim import SimNet
from tests.core.http.driving import Rig

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
BODY = bytes(range(256)) * 12_000  # 3 MB, no two neighbouring pieces alike
SIZE = len(BODY)
NETS = {"simulated": SimNet, "system": lambda: osNet}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.kernel if name == "system" else ()) for name in NETS])
def rig(request):
    """rig(app): a server of it, on either network."""
    made = []

    def make(app):
        made.append(Rig(app, net=NETS[request.param]()))
        return made[-1]

    yield make
    for each in made:
        each.close()


def gives(body, length=None):
    """Return an app whose every answer is body, or what body() returns; length: what it declares."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", str(length))] if length is not None else [])
        return body() if callable(body) else body

    return app


@pytest.mark.parametrize("body", [[BODY], (BODY[:100], BODY[100:]), [bytearray(BODY)], [memoryview(BODY)]])
@pytest.mark.parametrize("length", [SIZE, None])
def test_a_whole_body_arrives_and_the_connection_goes_on(rig, body, length):
    peer = rig(gives(body, length)).dial()
    for answer in peer.ask(GET, GET, count=2):
        assert answer.whole and answer.body == BODY
        assert answer.chunked is (length is None)
    assert not peer.gone


@pytest.mark.parametrize("length", [SIZE, None])
def test_an_old_client_gets_a_length_and_the_end(rig, length):
    peer = rig(gives([BODY], length)).dial()
    [answer] = peer.ask(OLD)
    assert answer.body == BODY and answer["Content-Length"] == str(SIZE) and answer.closing


def test_pipelined_requests_get_theirs_in_order(rig):
    bodies = [[BODY], [b"small"], [BODY[::-1]]]

    def app(environ, start_response):
        body = bodies[int(environ["PATH_INFO"][1:])]
        start_response("200 OK", [("Content-Length", str(len(body[0])))])
        return body

    asked = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in (0, 1, 2, 0))
    answers = rig(app).dial().ask(asked, count=4)
    assert [answer.body for answer in answers] == [BODY, b"small", BODY[::-1], BODY]


def test_head_gets_no_body(rig):
    peer = rig(gives([BODY], SIZE)).dial()
    [answer] = peer.ask(GET.replace(b"GET", b"HEAD"), methods=("HEAD",))
    assert answer["Content-Length"] == str(SIZE) and answer.body == b""
    assert peer.rx.endswith(b"\r\n\r\n")


def test_more_than_declared_is_cut_off(rig):
    peer = rig(gives([BODY], SIZE - 7)).dial()
    [answer] = peer.ask(GET)
    assert answer.whole and answer.body == BODY[:-7]


@pytest.mark.parametrize("body", [[BODY], lambda: iter([BODY])])
def test_less_than_declared_does_not_pass_for_whole(rig, body):
    each = rig(gives(body, SIZE + 7))
    peer = each.dial().send(GET)
    each.until(lambda: peer.gone)
    [answer] = peer.answers()
    assert not answer.whole and BODY.startswith(answer.body)


def test_a_peer_that_takes_nothing_costs_no_more_than_a_piece(rig):
    each = rig(gives([BODY * 4], SIZE * 4))
    peer = each.dial()
    peer.reading = False
    peer.send(GET)
    each.turn(20)
    assert 0 < len(each.ix(peer).txbs) <= responding.PieceSize + each.server.limits.txMark
    peer.reading = True
    [answer] = peer.ask()
    assert answer.body == BODY * 4


# ---------------------------------------------------------------- files


@pytest.fixture
def path(tmp_path):
    (tmp_path / "body").write_bytes(BODY)
    return tmp_path / "body"


class Sends:
    """Counts what the kernel is asked to send from files, and has it take at most so many bytes at a time."""

    def __init__(self, monkeypatch, most=1 << 30):
        self.taken = 0
        self.send, self.most = os.sendfile, most
        monkeypatch.setattr(os, "sendfile", self)

    def __call__(self, out, file, offset, count):
        taken = self.send(out, file, offset, min(count, self.most))
        self.taken += taken
        return taken


def wrapped(opening, length=None):
    """Return an app that gives what opening() opens through wsgi.file_wrapper, and what it opened."""
    opened = []

    def app(environ, start_response):
        opened.append(opening())
        start_response("200 OK", [("Content-Length", str(length))] if length is not None else [])
        return environ["wsgi.file_wrapper"](opened[-1])

    return app, opened


def at(file, offset):
    file.seek(offset)
    return file


FILES = {
    "buffered": lambda path: open(path, "rb"),
    "raw": lambda path: open(path, "rb", buffering=0),
    "memory": lambda path: io.BytesIO(path.read_bytes()),
}


@pytest.mark.parametrize("most", [1 << 30, 100_001])
@pytest.mark.parametrize("offset", [0, 1_000_001])
@pytest.mark.parametrize("kind", FILES)
def test_a_file_arrives_from_where_it_stands_and_is_closed(rig, path, monkeypatch, kind, offset, most):
    sends = Sends(monkeypatch, most)
    app, opened = wrapped(lambda: at(FILES[kind](path), offset), SIZE - offset)
    each = rig(app)
    answers = each.dial().ask(GET, GET, count=2)
    assert [answer.body == BODY[offset:] and answer.whole for answer in answers] == [True, True]
    assert all(file.closed for file in opened)
    assert (sends.taken > SIZE) is (each.net is osNet and kind != "memory")


def test_a_file_of_undeclared_length_is_read(rig, path, monkeypatch):
    sends = Sends(monkeypatch)
    [answer] = rig(wrapped(lambda: open(path, "rb"))[0]).dial().ask(GET)
    assert answer.body == BODY and answer.chunked and not sends.taken


def test_a_file_longer_than_declared_is_cut_off(rig, path):
    [answer] = rig(wrapped(lambda: open(path, "rb"), SIZE - 7)[0]).dial().ask(GET)
    assert answer.whole and answer.body == BODY[:-7]


def test_a_file_shorter_than_declared_does_not_pass_for_whole(rig, path):
    app, opened = wrapped(lambda: open(path, "rb"), SIZE + 7)
    each = rig(app)
    peer = each.dial().send(GET)
    each.until(lambda: peer.gone)
    [answer] = peer.answers()
    assert not answer.whole and BODY.startswith(answer.body) and opened[0].closed


def test_what_a_file_stands_for_is_not_what_it_holds(rig, tmp_path, monkeypatch):
    """A GzipFile has a descriptor, too: of the compressed bytes."""
    sends = Sends(monkeypatch)
    with gzip.open(tmp_path / "packed", "wb", compresslevel=1) as file:
        file.write(BODY)
    [answer] = rig(wrapped(lambda: gzip.open(tmp_path / "packed"), SIZE)[0]).dial().ask(GET)
    assert answer.body == BODY and not sends.taken


def test_a_pipe_is_read(rig, monkeypatch):
    sends = Sends(monkeypatch)
    reader, writer = os.pipe()
    os.write(writer, BODY[:60_000])
    os.close(writer)
    [answer] = rig(wrapped(lambda: open(reader, "rb"), 60_000)[0]).dial().ask(GET)
    assert answer.body == BODY[:60_000] and not sends.taken


def test_a_part_of_a_file_arrives(rig, path, monkeypatch):
    """What StaticSink gives for a range."""
    sends = Sends(monkeypatch)
    each = rig(gives(lambda: FilePart(open(path, "rb", buffering=0), 1000, 2_000_000), 2_000_000))
    [answer] = each.dial().ask(GET)
    assert answer.body == BODY[1000:2_001_000]
    assert (sends.taken > 1_000_000) is (each.net is osNet)


def test_a_peer_that_is_gone_ends_it_and_the_file_is_closed(rig, path):
    app, opened = wrapped(lambda: open(path, "rb"), SIZE)
    each = rig(app)
    peer = each.dial()
    peer.reading = False
    peer.send(GET)
    peer.reset()
    each.until(lambda: each.empty)
    assert opened[0].closed
