"""BareServer, its Stewards and CustomResponder: serving without WSGI."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from hio import __version__
from hio.base import doing
from hio.core.http.httping import HTTPError
from hio.core.http.requesting import Requestant
from hio.core.http.serving import BareServer, CustomResponder, Server, ServerDoer, Steward
from hio.help import Hict
from tests.core.http.apps import Iterable, told
from tests.core.http.corpus import chunked, get, post

GET = b"GET /echo?name=fame HTTP/1.1\r\nHost: a\r\nAccept-Encoding: identity\r\nAccept: x\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def serve(rigs):
    """Serve with respond(steward) as what answers; return a Peer."""

    def make(respond, **kwa):
        class Own(Steward):
            pass

        Own.respond = respond
        kind = type("OwnServer", (BareServer,), {"Steward": Own})
        return rigs(kind=kind, **kwa).dial()

    return make


# ---------------------------------------------------------------- the echo


def test_echo(rigs):
    """200 and a JSON object with these keys in this order."""
    rig = rigs(kind=BareServer)
    peer = rig.dial()
    (answer,) = peer.ask(GET)
    assert (answer.status, answer.reason) == (200, "OK") and answer["Content-Type"] == "application/json; charset=utf-8"
    assert answer.body == json.dumps({
        "version": "HTTP/1.1", "method": "GET", "path": "/echo", "qargs": {"name": "fame"}, "fragment": "",
        "headers": [["Host", "a"], ["Accept-Encoding", "identity"], ["Accept", "x"], ["Content-Length", "0"]],
        "body": "", "data": None,
    }, separators=(",", ":")).encode()  # fmt: skip
    steward = rig.server.stewards[peer.ca]
    assert steward.responder.status == 200 and steward.responder.ended and steward.remoter is rig.ix(peer)
    assert [(name.title(), value) for name, value in steward.responder.headers.items()] == list(answer.fields)
    assert [name for name, _ in answer.fields] == ["Server", "Date", "Content-Type", "Content-Length"]
    assert steward.requestant is rig.server.reqs[peer.ca] and rig.server.idle() and not steward.waited


@pytest.mark.parametrize("target,path,qargs", [
    ("/a%20b", "/a b", {}), ("/a%3Fb?c=d", "/a?b", {"c": "d"}), ("/?a=b%26c&d=", "/", {"a": "b&c", "d": ""}),
    ("/%FF", "/\ufffd", {}), ("//evil/x?y=z", "//evil/x", {"y": "z"}), ("/?a=%FF", "/", {"a": "\ufffd"}),
])  # fmt: skip
def test_echo_of_targets(rigs, target, path, qargs):
    """Split first, then decoded, whatever the bytes are."""
    (answer,) = rigs(kind=BareServer).dial().ask(get(target=target.encode()))
    assert told(answer)["path"] == path and told(answer)["qargs"] == qargs


def test_echo_of_bodies(rigs):
    """Any bytes; JSON as data where it is such; nothing of one request in the next."""
    peer = rigs(kind=BareServer).dial()
    answers = peer.ask(
        post(b"Content-Type: application/json", b"Content-Length: 7", body=b'{"a":1}')
        + post(b"Content-Length: 3", body=b"\xff\x00\xfe")
        + chunked(b"3\r\nabc\r\n0\r\nX-T: t\r\n\r\n")
        + GET,
        count=4,
    )
    assert [told(a)["data"] for a in answers] == [{"a": 1}, None, None, None]
    assert [told(a)["body"] for a in answers] == ['{"a":1}', "\ufffd\x00\ufffd", "abc", ""]
    assert all("X-T" not in dict(told(a)["headers"]) for a in answers)


def test_dictable(rigs):
    """JSON is tried on each body, whatever its type."""
    (answer,) = rigs(kind=BareServer, dictable=True).dial().ask(post(b"Content-Length: 3", body=b"[1]"))
    assert told(answer)["data"] == [1]


@pytest.mark.parametrize("lines,version,stays,said", [
    ((), b"HTTP/1.1", True, None), ((b"Connection: close",), b"HTTP/1.1", False, "close"),
    ((), b"HTTP/1.0", False, "close"), ((b"Connection: keep-alive",), b"HTTP/1.0", True, "keep-alive"),
])  # fmt: skip
def test_persistence(rigs, lines, version, stays, said):
    """Answer, drain, and only then close."""
    rig = rigs(kind=BareServer)
    peer = rig.dial()
    (answer,) = peer.ask(get(*lines, version=version))
    assert answer["Connection"] == said and answer.status == 200
    rig.turn(3)
    assert peer.ended != stays and rig.empty != stays


def test_each_response_has_its_own_fields(rigs):
    """Length and Date of one are not those of the next."""
    rig = rigs(kind=BareServer)
    peer = rig.dial()
    first = peer.ask(get(target=b"/" + b"x" * 100))[0]
    rig.wait(2.0)
    second = peer.ask(get(), count=2)[1]
    assert first["Date"] != second["Date"] and int(first["Content-Length"]) > int(second["Content-Length"])


def test_head(rigs):
    peer = rigs(kind=BareServer).dial()
    answers = peer.ask(get(method=b"HEAD") + get(), count=2, methods=["HEAD"])
    assert answers[0].body == b"" and int(answers[0]["Content-Length"]) == len(answers[1].body) + 1  # "HEAD"


# ---------------------------------------------------------------- stewards of one's own


def test_answer(serve):
    """A whole response, of any status, fields and content."""
    scripts = [
        {}, {"body": b"abc"}, {"body": "h\u00e9"}, {"data": [1]}, {"status": 204}, {"status": 299, "body": b"x"},
        {"status": 304}, {"headers": {"X-A": "1", "Content-Type": "text/x"}, "body": b"y"},
        {"status": 204, "body": b"z"},
        {"headers": [("Set-Cookie", "a"), ("Set-Cookie", "b")]}, {"headers": {"Content-Length": "3"}, "body": b"abc"},
    ]  # fmt: skip
    left = scripts[:]
    peer = serve(lambda self: self.answer(**left.pop(0)))
    answers = peer.ask(GET * len(scripts), count=len(scripts))
    assert [a.status for a in answers] == [200, 200, 200, 200, 204, 299, 304, 200, 204, 200, 200]
    assert [a.body for a in answers] == [
        b"",
        b"abc",
        "h\u00e9".encode(),
        b"[1]",
        b"",
        b"x",
        b"",
        b"y",
        b"",
        b"",
        b"abc",
    ]
    assert answers[1]["Content-Type"] == "application/octet-stream" and answers[7]["Content-Type"] == "text/x"
    assert answers[7]["X-A"] == "1" and answers[8]["X-A"] is None and answers[5].reason == "Unknown"
    assert [value for name, value in answers[9].fields if name == "Set-Cookie"] == ["a", "b"]


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_stream(serve, version):
    """Piece by piece, one a turn, in chunks or until the end; empty ones mean nothing yet; closed once."""
    made = []

    def respond(self):
        made.append(Iterable([b"ab", b"", b"c"]))
        self.stream(made[0], headers={"X-A": "1"})

    peer = serve(respond)
    rig = peer.rig
    peer.sock.send(get(b"Connection: keep-alive", version=version))
    taken = []
    for _ in range(5):
        rig.turn()
        taken.append(made[0].taken if made else 0)
    assert taken[-1] == 3 and all(b - a <= 1 for a, b in pairwise(taken))
    rig.until(lambda: peer.answers() and peer.answers()[0].whole)
    (answer,) = peer.answers()
    assert answer.body == b"abc" and answer.chunked == (version == b"HTTP/1.1") and answer["X-A"] == "1"
    assert made[0].closed == 1 and (answer["Connection"] == "close") == peer.ended == (version == b"HTTP/1.0")


@pytest.mark.parametrize("method,status", [(b"HEAD", 200), (b"GET", 204), (b"GET", 304)])
def test_stream_without_content(serve, method, status):
    """Where no content may be none is taken; the connection stays in step."""
    made = []

    def respond(self):
        made.append(Iterable([b"abc"]))
        self.stream(made[-1], status=status)

    answers = serve(respond).ask(get(method=method) * 2, count=2, methods=[method.decode()] * 2)
    assert [a.status for a in answers] == [status] * 2 and [m.closed for m in made] == [1, 1] and made[0].taken == 0


def test_stream_to_a_stalled_reader(serve):
    """It is not advanced while the peer has enough to take."""
    made = Iterable(b"x" * 100_000 for _ in range(1000))
    peer = serve(lambda self: self.stream(made))
    peer.reading = False
    peer.send(GET)
    peer.rig.turn(400)
    taken = made.taken
    peer.rig.turn(50)
    assert made.taken == taken < 400
    peer.rig.wait(30.0)
    assert peer.rig.empty and made.closed == 1


FAILURES = {
    "raises": lambda self: 1 / 0,
    "exits": lambda self: (_ for _ in ()).throw(SystemExit(1)),
    "says nothing": lambda self: None,
    "bad field": lambda self: self.answer(headers={"X": "a\r\nb: c"}),
    "bad name": lambda self: self.answer(headers={"X Y": "a"}),
    "bad status": lambda self: self.answer(status=42),
    "hop-by-hop": lambda self: self.answer(headers={"Transfer-Encoding": "chunked"}),
    "wrong length": lambda self: self.answer(headers={"Content-Length": "5"}, body=b"abc"),
    "no content": lambda self: self.answer(body=7),
    "stream with a length": lambda self: self.stream([b"abc"], headers={"Content-Length": "3"}),
    "stream with a bad field": lambda self: self.stream([b"abc"], headers={"X": "a\nb"}),
    "error with a bad field": lambda self: (_ for _ in ()).throw(HTTPError(404, headers={"X": "a\nb"})),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure_before_the_answer(serve, name, logged):
    """500, once, and the connection goes on."""
    calls = []

    def respond(self):
        calls.append(self.requestant.url)
        if len(calls) == 1:
            FAILURES[name](self)
        else:
            self.answer(body=b"fine")

    answers = serve(respond).ask(GET + get(), count=2)
    assert [a.status for a in answers] == [500, 200] and answers[0].body == b"500 Internal Server Error\n\n\n"
    assert answers[1].body == b"fine" and len(calls) == 2 and logged.records


def test_http_error(serve):
    def respond(self):
        raise HTTPError(405, title="No", headers={"Allow": "PUT"})

    (answer,) = serve(respond).ask(GET)
    assert (answer.status, answer["Allow"], answer.body) == (405, "PUT", b"405 Method Not Allowed\nNo\n\n")


def test_failure_after_the_whole_answer(serve, logged):
    """What was said stands, once; the failure is logged."""

    def respond(self):
        self.answer(body=b"said")
        raise ValueError("too late")

    answers = serve(respond).ask(GET * 2, count=2)
    assert [a.body for a in answers] == [b"said"] * 2 and len(logged.causes) == 2


def test_answering_twice(serve, logged):
    """The first answer stands; no second one follows it."""

    def respond(self):
        self.answer(body=b"first")
        self.answer(body=b"second")

    answers = serve(respond).ask(GET * 2, count=2)
    assert [a.body for a in answers] == [b"first"] * 2 and "answered already" in str(logged.causes[0])


@pytest.mark.parametrize("when", ["at once", "later", "str", "int"])
def test_failure_amid_a_stream(serve, when, logged):
    """The connection is cut without an end mark; the pieces are closed once."""
    made = Iterable([b"abc", {"str": "def", "int": 7}.get(when, ValueError("boom"))])

    def respond(self):
        self.stream(made)
        if when == "at once":
            raise ValueError("boom")

    peer = serve(respond)
    peer.send(GET * 2)
    peer.rig.until(lambda: peer.gone)
    assert peer.broken or not peer.answers()[0].whole
    assert made.closed == 1 and len(logged.causes) == 1 and peer.rx.count(b"HTTP/1.1") <= 1
    peer.rig.until(lambda: peer.rig.empty)


def test_pieces_that_fail_to_close(serve, logged):
    made = Iterable([b"abc"], closing=ValueError("boom"))
    (answer,) = serve(lambda self: self.stream(made)).ask(GET)
    assert answer.body == b"abc" and made.closed == 1


@pytest.mark.parametrize("how", ["reset", "close"])
def test_peer_goes_amid_a_stream(serve, how):
    made = Iterable([b"abc"] * 10 + [b""] * 10_000)
    peer = serve(lambda self: self.stream(made))
    peer.send(GET)
    peer.rig.turn(20)
    getattr(peer, how)()
    peer.rig.turn(5)
    peer.rig.server.close()
    assert peer.rig.empty and made.closed == 1


def test_connection_close_from_the_steward(serve):
    """It is said once, and done."""
    peer = serve(lambda self: self.answer(headers={"Connection": "close"}, body=b"x"))
    peer.send(GET * 2)
    peer.rig.until(lambda: peer.ended)
    (answer,) = peer.answers()
    assert answer.closing and answer.body == b"x"


def test_steward_that_sends_by_itself(serve):
    """As written against the reference API: build, tx, and pour on."""

    def respond(self):
        self.responder.reinit(status=201, body=b"own")
        self.msg = self.responder.build()
        self.remoter.tx(self.msg)

    answers = serve(respond).ask(GET * 3, count=3)
    assert [(a.status, a.body) for a in answers] == [(201, b"own")] * 3


# ---------------------------------------------------------------- by hand


class Wire:
    """A connection made of memory."""

    ca = ("h", 1)

    def __init__(self, raw=b""):
        self.rxbs = bytearray(raw)
        self.sent = bytearray()
        self.refreshed = 0

    def tx(self, data):
        self.sent += data

    def refresh(self):
        self.refreshed += 1


def test_steward_by_hand():
    """Without a server it can answer again and again."""
    wire = Wire(GET)
    steward = Steward(remoter=wire)
    assert isinstance(steward.requestant, Requestant) and isinstance(steward.responder, CustomResponder)
    assert not steward.waited and not steward.dictable and steward.responder.steward is steward
    steward.requestant.parse()
    steward.respond()
    steward.respond()
    assert bytes(wire.sent).count(b"HTTP/1.1 200 OK") == 2 and steward.msg and not steward.waited
    steward.refresh()
    assert wire.refreshed == 1 and steward.pour() is False
    steward.release()
    req, rep = Requestant(remoter=wire), CustomResponder()
    own = Steward(remoter=wire, requestant=req, responder=rep, dictable=True)
    assert own.requestant is req and own.responder is rep and rep.steward is own and own.dictable


def test_custom_responder():
    """Builds whole messages; each with its own fields."""
    rep = CustomResponder()
    assert (rep.status, rep.body, rep.data, rep.ended, rep.msg, rep.head, rep.lines) == (
        200,
        b"",
        None,
        False,
        b"",
        b"",
        [],
    )
    msg = rep.build(status=201, headers={"x-a": "b", "Date": "now"}, body=b"abc")
    assert (
        msg
        == (
            f"HTTP/1.1 201 Created\r\nX-A: b\r\nDate: now\r\nServer: hio/{__version__}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\nabc"
        ).encode()
    )
    assert rep.msg == msg and rep.head + b"abc" == msg and rep.ended and rep.status == 201
    assert rep.lines[0] == b"HTTP/1.1 201 Created" and isinstance(rep.headers, Hict)
    assert rep.head == b"\r\n".join(rep.lines) and rep.lines[-2:] == [b"", b""]
    again = rep.build(data={"a": 1})
    assert again.endswith(b'Content-Length: 7\r\n\r\n{"a":1}') and b"X-A" not in again and b"201" not in again
    rep.reinit()
    assert (rep.status, rep.body, rep.data, rep.ended, len(rep.headers)) == (200, b"", None, False, 0)
    rep.reinit(status=404, headers=[("A", "b"), ("A", "c")], body=b"x")
    assert rep.build().count(b"A: ") == 2
    assert (
        CustomResponder(status=404, headers={"A": "b"}, body=b"x")
        .build()
        .startswith(b"HTTP/1.1 404 Not Found\r\nA: b\r\n")
    )
    assert b"Content-Length: 0" in CustomResponder().build()


# ---------------------------------------------------------------- in a Doist


@pytest.mark.parametrize("kind", [Server, BareServer])
def test_server_doer(kind):
    """Both kinds of servers run in a ServerDoer: wound, opened, serviced, closed."""
    server = kind(ha=("127.0.0.1", 0))
    doist = doing.Doist(tock=0.03125, real=False, limit=0.25)
    doist.do(doers=[ServerDoer(server)])
    assert server.servant.tymth is not None and not server.servant.opened and server.servant.ha[1] > 0


def test_parameters():
    """timeout and tymeout are the same; the Timeout of the class is the default."""
    assert BareServer(port=0).tymeout == BareServer.Timeout == 5.0
    assert BareServer(port=0, timeout=3.0).tymeout == BareServer(port=0, tymeout=3.0).tymeout == 3.0
    server = BareServer(port=0, dictable=True)
    assert server.dictable and server.stewards == {} and server.idle() and not server.secured
    server.close()
    server.closeConnection(("nobody", 1))


@pytest.mark.parametrize("streamed", [False, True])
def test_reset_content_says_that_it_has_none(rigs, streamed):
    """RFC 9110, 15.3.6."""

    class Resetting(Steward):
        def respond(self):
            if streamed:
                self.stream([b"abc"], status=205)
            else:
                self.answer(205, {"Content-Length": "3"}, b"abc")

    class Resetter(BareServer):
        pass

    Resetter.Steward = Resetting
    peer = rigs(kind=Resetter).dial()
    answers = peer.ask(GET * 2, count=2)
    assert [(a.status, a["Content-Length"], a.body, a.chunked) for a in answers] == [(205, "0", b"", False)] * 2


@pytest.mark.parametrize("kind", [b"a/b;x*;x*0", b"a/b;charset*" + b"1" * 5000 + b"=x", b"x/json;charset=\xff"])
def test_no_content_type_leaves_service(rigs, kind):
    """Looked at before respond() is called, so nobody would catch what it raised."""
    peer = rigs(kind=BareServer).dial()
    (answer,) = peer.ask(post(b"Content-Type: " + kind, b"Content-Length: 2", body=b"{}"))
    assert answer.status == 200 and not peer.gone
