"""Client: its front door; requests, responses and events turn by turn; generators that wait for them."""

from __future__ import annotations

from collections import deque

import pytest

from hio.base.tyming import Tymist
from hio.core import http, tcp
from hio.core.http import clienting
from hio.core.http.clienting import Client, ClientDoer, Requester, Respondent, Response, openClient
from hio.core.http.serving import openServer
from hio.core.tcp.serving import openServer as openTcpServer
from hio.help import Hict
from tests.core.http.scripting import ask, ok


def test_names_of_the_front_door():
    for name in ("logger", "CRLF", "LF", "CR", "Response", "Requester", "Respondent", "openClient", "Client",
                 "backendRequest", "ClientDoer"):
        assert hasattr(clienting, name)
    assert (clienting.CRLF, clienting.LF, clienting.CR) == (b"\r\n", b"\n", b"\r")
    assert Response._fields == (
        "version", "status", "reason", "headers", "body", "data", "request", "errored", "error")
    for name in ("Client", "openClient", "ClientDoer", "clienting"):
        assert hasattr(http, name)
    assert issubclass(ClientDoer, tcp.ClientDoer) and Respondent.Retry == 100


def test_defaults():
    client = Client()
    assert isinstance(client.connector, tcp.Client) and client.connector.ha == ("127.0.0.1", 80)
    assert not client.secured and not client.waited and client.latest is None
    assert isinstance(client.requests, deque) and isinstance(client.responses, deque)
    assert isinstance(client.events, deque) and client.redirects == []
    assert isinstance(client.requester, Requester) and isinstance(client.respondent, Respondent)
    assert client.respondent.msg is client.connector.rxbs
    client.close()


def test_a_path_may_be_a_url():
    client = Client(path="http://10.0.0.9:8123/a/b?c=d#e", hostname="other", port=1, scheme="http")
    assert client.connector.ha == ("10.0.0.9", 8123)
    requester = client.requester
    assert (requester.hostname, requester.port, requester.path) == ("10.0.0.9", 8123, "/a/b")
    assert (requester.qargs, requester.fragment) == ({"c": "d"}, "e")


def test_the_connector_fixes_the_scheme():
    connector = tcp.Client(host="127.0.0.1", port=8000)
    assert Client(connector=connector, hostname="127.0.0.1", port=8000).connector is connector
    with pytest.raises(ValueError, match="contradicts"):
        Client(connector=connector, scheme="https")
    with pytest.raises(ValueError, match="tcp.Client"):
        Client(connector=object())
    with pytest.raises(ValueError, match="scheme"):
        Client(scheme="gopher")


def test_the_connector_tells_the_server():
    client = Client(connector=tcp.Client(host="localhost", port=8123))
    assert (client.requester.hostname, client.requester.port) == ("localhost", 8123)
    client = Client(connector=tcp.Client(host="localhost", port=8123), hostname="shop.example")
    assert (client.requester.hostname, client.requester.port) == ("shop.example", 8123)
    assert Client(connector=tcp.Client(ha="/run/shop")).requester.port == 80
    for kwa in ({"port": 80}, {"path": "http://localhost:81/"}):
        with pytest.raises(ValueError, match="port 8[01] contradicts connector"):
            Client(connector=tcp.Client(port=8123), **kwa)


def test_queues_may_be_handed_in():
    requests, responses, events, redirects, msg = deque(), deque(), deque(), [], bytearray()
    client = Client(requests=requests, responses=responses, events=events, redirects=redirects, msg=msg)
    assert client.requests is requests and client.responses is responses and client.events is events
    assert client.redirects is redirects and client.connector.rxbs is msg


# ---------------------------------------------------------------- a request and its response, turn by turn


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def test_turns_of_an_exchange():
    tymist = Tymist(tock=0.125)
    with openServer(port=0, app=hello, tymth=tymist.tymen()) as server:
        with openClient(port=server.servant.ha[1], tymth=tymist.tymen()) as client:
            client.request("GET", "/")
            seen = []
            for _ in range(4):
                server.service()
                client.service()
                seen.append((client.connector.connected, bool(client.connector.txbs), client.waited,
                             len(client.responses), client.respondent.ended))
                tymist.tick()
            assert seen == [
                (False, True, True, 0, False),  # it begins to connect; the request is composed already
                (True, False, True, 0, False),  # it is connected, and sends in the same turn
                (True, False, False, 1, True),  # the answer is there in the turn in which the server gave it
                (True, False, False, 1, True),
            ]
            assert server.idle() and not client.connector.rxbs


def test_one_request_at_a_time_and_records_come_back(stage, client):
    request = {"method": "GET", "path": "/a?b=c", "qargs": {}, "headers": {"Accept": "x"}, "tracking": 7, "reply": "r"}
    client.requests.append(request)
    client.requests.append(request)
    client.request("PUT", "/d", headers=Hict([("Accept", "y")]), data={"e": 1}, reply="mine", other="too")
    stage.turn(3)
    assert client.waited and len(client.requests) == 2 and client.latest["tracking"] == 7
    assert stage.far.heads() == ["GET /a?b=c HTTP/1.1"]
    stage.far.say(ok(b"one"))
    stage.turn()
    assert not client.waited and client.respondent.ended and len(client.responses) == 1
    request["path"] = "/updated"
    stage.turn()
    assert client.waited and client.respondent.ended is False
    assert stage.far.heads()[1] == "GET /updated HTTP/1.1"
    stage.far.say(ok(b"two"))
    stage.turn(2)
    stage.far.say(ok(b"three"))
    stage.turn(2)
    first, second, third = client.responses
    assert first["request"] == {
        "method": "GET", "path": "/a", "qargs": {"b": "c"}, "headers": Hict([("Accept", "x")]), "tracking": 7,
        "reply": "r", "host": "10.0.0.2", "port": 8000, "scheme": "http", "fragment": "", "body": b"", "data": None,
        "fargs": None}
    assert [bytes(record["body"]) for record in client.responses] == [b"one", b"two", b"three"]
    assert second["request"]["path"] == "/updated"
    assert third["request"]["reply"] == "mine" and third["request"]["other"] == "too"
    assert list(third["request"]["headers"]) == ["Accept", "content-type"]
    assert third["request"]["body"] == b"" and third["request"]["data"] == {"e": 1}


def test_records_and_responses(stage, client):
    fields = b"Content-Type: application/json", b"Set-Cookie: a=1", b"Set-Cookie: b=2"
    record = ask(stage, client, ok(b'{"a":1}', *fields))
    assert list(record) == ["version", "status", "reason", "headers", "body", "data", "request", "errored", "error"]
    assert record["version"] == (1, 1) and record["status"] == 200 and record["reason"] == "OK"
    assert isinstance(record["headers"], Hict) and record["headers"].getall("set-cookie") == ["a=1", "b=2"]
    assert record["body"] == bytearray(b'{"a":1}') and record["data"] == {"a": 1}
    assert record["errored"] is False and record["error"] is None
    response = Client.attrify(record)
    assert isinstance(response, Response) and response.status == 200 and response.body == record["body"]
    client.responses.append(record)
    assert client.respond() == response
    assert client.respond() is None


def test_transmit_as_constructed_and_anew(stage):
    client = stage.client(method="POST", path="/made?x=y", headers={"X-A": "1"}, body=b"body")
    client.transmit()
    assert client.waited
    stage.turn(2)
    assert bytes(stage.far.rx).startswith(b"POST /made?x=y HTTP/1.1\r\n")
    assert bytes(stage.far.rx).endswith(b"X-A: 1\r\n\r\nbody")
    stage.far.say(ok(b"1"))
    stage.turn()
    client.transmit(path="/other", tag="t")
    stage.turn()
    assert b"POST /other?x=y HTTP/1.1\r\n" in stage.far.rx
    assert stage.far.rx.endswith(b"Content-Length: 0\r\nX-A: 1\r\n\r\n")
    stage.far.say(ok(b"2"))
    stage.turn()
    assert client.responses[1]["request"]["tag"] == "t"


def test_missing_parts_are_as_the_requester_has_them(stage):
    client = stage.client(method="DELETE", path="/p", headers={"X-A": "1"}, body=b"not again")
    record = client.requests
    client.request()
    client.request(method="GET")
    assert [(r["method"], r["path"], dict(r["headers"]), r["body"]) for r in record] == [
        ("DELETE", "/p", {"X-A": "1"}, b""), ("GET", "/p", {"X-A": "1"}, b"")]


@pytest.mark.parametrize("parts", [
    {"method": "GET /"}, {"headers": {"X": "a\r\nY: b"}}, {"headers": {"X Y": "a"}}, {"headers": [("X", "\0")]},
    {"path": "http://elsewhere:8000/"}, {"path": "https://10.0.0.2:8000/"},
], ids=repr)  # fmt: skip
def test_a_bad_request_is_refused_at_the_call(client, parts):
    with pytest.raises(ValueError):
        client.request(**parts)
    with pytest.raises(ValueError):
        client.begin(**{"method": "GET", "url": "/", **{"url" if k == "path" else k: v for k, v in parts.items()}})
    assert not client.requests and not client.waited


@pytest.mark.parametrize("parts", [
    {"method": 5}, {"path": 5}, {"headers": 5}, {"headers": {"X": None}}, {"qargs": 5}, {"qargs": "a=b"}, {"body": 5},
    {"fargs": 5}, {"fragment": 5},
], ids=repr)  # fmt: skip
def test_a_part_of_no_fit_type_is_refused_at_the_call(client, parts):
    with pytest.raises(TypeError, match="must be"):
        client.request(**parts)
    assert not client.requests


def test_pairs_may_come_from_an_iterator(stage, client):
    client.request(headers=iter([("X-A", "1")]), qargs=(pair for pair in [("q", "2")]))
    stage.turn()
    assert client.requester.lines[0] == b"GET /?q=2 HTTP/1.1" and b"X-A: 1" in client.requester.lines


@pytest.mark.parametrize("record", [
    {"method": "GET /"}, {"headers": {"X": "a\r\nY: b"}}, {"path": "http://elsewhere/"},
    {"method": "PUT", "data": {1, 2}}, {"path": 7}, {"headers": 7}, {"method": "POST", "fargs": 7},
    {"method": None, "path": b"/"},
], ids=repr)  # fmt: skip
def test_a_bad_record_put_in_by_hand_is_answered(stage, client, record):
    client.requests.append(record)
    client.requests.append({"method": "GET", "path": "/good", "headers": {}})
    stage.turn(3)
    assert client.responses[0]["errored"] and client.responses[0]["error"].startswith("refused: ")
    assert stage.far.heads() == ["GET /good HTTP/1.1"]


# ---------------------------------------------------------------- generators


def test_service_while_generator(stage, client):
    client.request("GET", "/")
    gen = client.serviceWhileGen(tymeout=5.0)
    assert [next(gen) for _ in range(3)] == [b""] * 3
    stage.far.say(ok(b"fine"))
    with pytest.raises(StopIteration) as stop:
        while True:
            next(gen)
    assert isinstance(stop.value.value, Response) and stop.value.value.body == b"fine"
    client.request("GET", "/")
    gen = client.serviceWhileGen(tymeout=1.0)
    next(gen)
    stage.tymist.tick(tock=1.0)
    with pytest.raises(StopIteration) as stop:
        next(gen)
    assert stop.value.value is None


@pytest.mark.parametrize("answering", [True, False])
def test_backend_request(answering):
    tymist = Tymist(tock=0.125)
    seen = []

    def app(environ, start_response):
        seen.append(environ)
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "7")])
        return [b'{"a":1}']

    with openServer(port=0, app=app, tymth=tymist.tymen()) as server:
        gen = clienting.backendRequest(tymist.tymen(), method="POST", host="127.0.0.1", port=server.servant.ha[1],
                                       path="/back", qargs={"q": "r"}, data={"b": 2}, tymeout=1.0)
        record = None
        try:
            for _ in range(50):
                assert next(gen) == b""
                if answering:
                    server.service()
                tymist.tick()
        except StopIteration as stop:
            record = stop.value
        if answering:
            assert record["data"] == {"a": 1} and record["status"] == 200
            assert seen[0]["HTTP_ACCEPT"] == "application/json" and seen[0]["HTTP_CONNECTION"] == "close"
            assert (seen[0]["PATH_INFO"], seen[0]["QUERY_STRING"]) == ("/back", "q=r")
        else:
            assert record is None and tymist.tyme == 1.0


def test_by_hand_as_programs_do_it():
    """A raw tcp server, and the client's steps one by one, unwound."""
    with openTcpServer(port=0, bs=131072) as server:
        client = Client(bufsize=131072, hostname="127.0.0.1", port=server.ha[1], headers={"Accept": "x"},
                        path="/echo?a=b")
        client.reopen()
        while not client.connector.connected or not server.ixes:
            client.connector.serviceConnect()
            server.serviceConnects()
        client.transmit()
        while client.connector.txbs:
            client.connector.serviceSends()
        ix = next(iter(server.ixes.values()))
        while not ix.rxbs:
            ix.serviceReceives()
        assert ix.rxbs.startswith(b"GET /echo?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
        ix.tx(ok(b"by hand", b"Content-Type: text/plain"))
        ix.serviceSends()
        while client.waited:
            client.serviceResponse()
        assert client.respond().body == b"by hand"
        for path in ("/1", "/2"):  # and the parser by hand as well
            client.transmit(path=path)
            client.connector.serviceSends()
            ix.tx(ok(path.encode()))
            ix.serviceSends()
            while client.respondent.parser:
                client.connector.serviceReceives()
                client.respondent.parse()
            assert client.respondent.body == path.encode()
        client.serviceResponse()
        assert client.respond().body == b"/2" and not client.responses and not client.waited
        assert not client.connector.rxbs and client.respondent.ended
        client.close()
