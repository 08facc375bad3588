"""The WSGI server as a whole: requests in, responses out, in order, over a network and in every cut."""

from __future__ import annotations

import errno
import re
import socket

import pytest

from hio import __version__
from hio.base import doing
from hio.core import http, tcp
from hio.core.http.serving import BareServer, Server, ServerDoer, WsgiServer, openServer
from hio.core.wiring import WireLog
from tests.core.http.apps import App, echo, hello, told
from tests.core.http.asking import GET, REQUESTS
from tests.core.http.corpus import get
from tests.core.http.driving import Peer


def cuts(raw):
    """Yield raw whole, byte by byte, and in two at each place that matters."""
    yield [raw]
    yield [raw[i : i + 1] for i in range(len(raw))]
    for end in (b"\r\n", b"\r\n\r\n"):
        at = raw.index(end)
        yield from ([raw[: at + i], raw[at + i :]] for i in range(1, len(end) + 1))


# ---------------------------------------------------------------- one request, one response


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


def test_parameters_may_be_positional():
    wl, reqs, reps = WireLog(), {1: 2}, {3: 4}
    server = Server("n", hello, reqs, reps, None, 100, wl, None, "127.0.0.1", 0, None, "http", 7.0)
    assert (server.name, server.app, server.reqs is reqs, server.reps is reps) == ("n", hello, True, True)
    servant = server.servant
    assert (servant.bs, servant.wl, servant.ha, servant.tymeout) == (100, wl, ("127.0.0.1", 0), 7.0)
    assert reqs == reps == {} and server.scheme == "http"
    stewards = {1: 2}
    bare = BareServer(servant, stewards, "b", 100, wl, None, "", None, None, "http", True, 3.0)
    assert (bare.servant, bare.stewards is stewards, bare.dictable, bare.tymeout) == (servant, True, True, 3.0)


@pytest.mark.parametrize("name", ["certpath", "keypath", "cafilepath", "context", "certs", "certify"])
def test_what_only_tls_needs_is_no_use_without(name):
    with pytest.raises(ValueError, match=f"{name} 'x' is for TLS: with it goes scheme='https'"):
        Server(**{name: "x"})
    Server(**{name: None}).close()


def test_an_address_that_contradicts_the_servant():
    for cls in (Server, BareServer):
        for kwa in ({"port": 80}, {"ha": ("", 80)}, {"host": "127.0.0.2"}, {"ha": "/p"}):
            with pytest.raises(ValueError, match="address .* contradicts servant"):
                cls(servant=tcp.Server(host="127.0.0.1", port=8123), **kwa)
        for kwa in ({"port": 8123}, {"ha": ("127.0.0.1", 8123)}, {"host": "127.0.0.1"}, {}):
            assert cls(servant=tcp.Server(host="127.0.0.1", port=8123), **kwa).servant.ha == ("127.0.0.1", 8123)


@pytest.mark.parametrize(("cls", "kwa"), [
    (Server, {"app": 5}), (Server, {"reqs": 5}), (Server, {"reps": [1]}), (BareServer, {"stewards": 5}),
    (http.Client, {"requests": []}), (http.Client, {"responses": 5}), (http.Client, {"events": 5}),
    (http.Client, {"redirects": 5}), (http.Client, {"requester": 5}), (http.Client, {"respondent": 5}),
    (tcp.ServerTls, {"context": 5}), (tcp.ClientTls, {"context": 5}), (WireLog, {"fmt": "text"}),
    (doing.Doer, {"opts": 5}),
], ids=repr)  # fmt: skip
def test_parameters_of_no_fit_type(cls, kwa):
    ((name, value),) = kwa.items()
    with pytest.raises(TypeError, match=re.escape(f"{name} must be a ")) as info:
        cls(**kwa)
    assert str(info.value).endswith(f"got {value!r}")


def test_a_connection_that_a_program_puts_in(rigs):
    rig = rigs(hello)
    servant = tcp.Server(ha=("127.0.0.1", 0), net=rig.net)
    servant.reopen()
    sock = rig.net.dial(servant.ha, bs=8096)
    while sock.connect_ex(servant.ha) not in (0, errno.EISCONN) or not servant.ixes:
        servant.service()
    ((ca, given),) = servant.ixes.items()
    given.detach()
    rig.server.servant.ixes[ca] = tcp.Remoter(ha=given.ha, ca=ca, cs=given.cs)
    sock.send(GET)
    rig.turn(3)
    assert sock.recv(1000).startswith(b"HTTP/1.1 200 OK") and len(rig.server.reqs) == len(rig.server.reps) == 1
    sock.close()
    rig.until(lambda: rig.empty)
    servant.close()


def test_what_no_doer_can_service():
    for doer in (ServerDoer, tcp.ServerDoer, http.ClientDoer, tcp.ClientDoer):
        for thing in (None, 5, object()):
            with pytest.raises(TypeError, match=f"(server|client) must have a method wind, got {thing!r}"):
                doer(thing)


def test_a_server_of_another_kind_has_every_turn():
    class Other:
        turns = 0

        def wind(self, tymth): ...
        def reopen(self, **kwa): ...
        def close(self): ...
        def service(self):
            self.turns += 1

    server, client = Other(), Other()
    doing.Doist(tock=1.0, limit=3.0, doers=[ServerDoer(server), http.ClientDoer(client)]).do()
    assert (server.turns, client.turns) == (3, 3)


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
    app = App(
        {"items": [b"hi"], "headers": [("x-b", "1"), ("CONTENT-LENGTH", "2"), ("x-A", "2")], "status": "201 Made"}
    )
    peer = rigs(app).dial()
    peer.ask(GET)
    assert (
        bytes(peer.rx)
        == (
            f"HTTP/1.1 201 Made\r\nX-B: 1\r\nContent-Length: 2\r\nX-A: 2\r\nServer: hio/{__version__}\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhi"
        ).encode()
    )


def test_date_follows_the_clock_handed_in(rigs):
    rig = rigs(hello)
    peer = rig.dial()
    assert peer.ask(GET)[0]["Date"] == "Sun, 06 Nov 1994 08:49:37 GMT"
    rig.wait(2.0)
    assert peer.ask(GET, count=2)[1]["Date"] == "Sun, 06 Nov 1994 08:49:39 GMT"


@pytest.mark.parametrize(
    "status", ["200 OK", "204 No Content", "304 Not Modified", "205 Reset Content", "404 Not Found"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("length", [None, "5"])
@pytest.mark.parametrize("kind", ["list", "iterator", "write"])
def test_bodies_where_they_belong(rigs, status, method, length, kind):
    """HEAD, 204, 205 and 304 have no body and leave the connection in step; HEAD keeps the fields of GET."""

    def app(environ, start_response):
        write = start_response(status, [("Content-Length", length)] if length else [])
        if kind == "write":
            write(b"hello")
            return []
        return [b"hello"] if kind == "list" else iter([b"he", b"", b"llo"])

    peer = rigs(app).dial()
    raw = get(method=method.encode())
    answer, after = peer.ask(raw + get(), count=2, methods=[method])
    none = status[:3] in ("204", "205", "304")
    bodiless = method == "HEAD" or none
    assert answer.status == int(status[:3])
    assert answer.body == (b"" if bodiless else b"hello")
    assert after.body == (b"" if none else b"hello") and not peer.gone
    if method == "HEAD":
        assert answer.fields == after.fields
    if bodiless and method != "HEAD":
        assert answer["Content-Length"] == {"204": None, "205": "0", "304": length}[status[:3]]


def test_interim_status_of_the_application_ends_the_connection(rigs):
    """A 1xx is no final response: nobody could tell what follows, so nothing does, and no body goes with it."""
    peer = rigs(App({"items": [b"hello"], "status": "102 Processing"})).dial()
    peer.send(GET + GET)
    peer.rig.until(lambda: peer.gone)
    assert peer.rx.startswith(b"HTTP/1.1 102 ") or peer.rx.startswith(b"HTTP/1.1 500 ")
    assert b"hello" not in peer.rx and peer.rx.count(b"HTTP/1.1") == 1


# ---------------------------------------------------------------- cadence


def test_one_item_a_pass(rigs):
    """By hand, each service() takes exactly one item of each response under way, and sends it."""
    app = App([b"0", b"1", b"2", b"", b"4", b"5"])
    rig = rigs(app)
    peer = rig.dial()
    peer.sock.send(GET)
    bodies = []
    for _ in range(7):
        rig.server.service()
        peer.pump()
        bodies.append(peer.answers()[0].body)
    assert bodies == [b"0", b"01", b"012", b"012", b"0124", b"01245", b"01245"] and peer.answers()[0].whole


def test_pipelined_request_is_answered_with_the_end_of_the_one_before(rigs):
    """Its turn comes in the pass in which the response before it is complete, or the next."""
    app = App([b"a", b"b"], [b"c"])
    rig = rigs(app)
    peer = rig.dial()
    peer.sock.send(GET * 2)
    calls = []
    for _ in range(5):
        rig.server.service()
        calls.append(len(app.calls))
    assert calls[:2] == [1, 1] and calls[-1] == 2


def test_last_response_is_not_followed_by_the_close_in_its_own_turn(rigs):
    """In the pass that answers, and until the next, the connection is still there, and its client sees no end."""
    rig = rigs(hello)
    peer = rig.dial()
    peer.sock.send(get(b"Connection: close"))
    rig.server.service()
    peer.pump()
    assert peer.answers()[0].whole and not peer.gone
    assert len(rig.server.servant.ixes) == len(rig.server.reqs) == len(rig.server.reps) == 1
    rig.server.service()
    peer.pump()
    assert peer.ended and rig.empty


class UnderDoist:
    """A server in a Doist whose ticks a test makes: turn() makes one. dial() gives a Peer."""

    def __init__(self, app):
        self.server = Server(app=app, ha=("127.0.0.1", 0))
        self.doist = doing.Doist(tock=0.125, real=False, doers=[ServerDoer(self.server)])
        self.turn = self.doist.recur
        self.peers = []

    def __enter__(self):
        self.doist.enter()
        return self

    def __exit__(self, *exc):
        self.doist.exit()
        for peer in self.peers:
            peer.close()

    def dial(self):
        self.peers.append(Peer(self, socket.create_connection(self.server.servant.ha)))
        self.peers[-1].sock.setblocking(False)
        return self.peers[-1]


def test_waiting_application_is_asked_once_a_tick():
    """Under a Doist, however often others have the server resumed in between."""
    asked = []

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "2")])
        return waiting() if environ["PATH_INFO"] == "/wait" else [b"ok"]

    def waiting():
        while True:
            asked.append(rig.doist.tyme)
            yield b""

    with UnderDoist(app) as rig:
        waiter, busy = rig.dial(), rig.dial()
        waiter.unsent += get(target=b"/wait")
        waiter.pump()
        for _ in range(20):
            busy.unsent += GET
            busy.pump()
            rig.server.service()  # as when readiness resumes it between two ticks
            rig.turn()
        busy.pump()
        assert len(busy.answers()) >= 19
        later = asked[2:]  # in the tick of its call it may be asked again
        assert len(later) > 10 and len(later) == len(set(later)), "asked twice in one tick"


def test_under_a_doist_a_response_does_not_wait_for_ticks():
    """A long response whose items are there goes out in few of them."""
    with UnderDoist(App([b"x" * 10] * 1000)) as rig:
        peer = rig.dial()
        peer.unsent += GET
        for _ in range(100):
            rig.turn()
            peer.pump()
        assert peer.answers()[0].whole


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
