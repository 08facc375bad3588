"""Client: the queue of requests, responses and events; what servers do wrong; what a reconnect must not mix up."""

from __future__ import annotations

import gzip
from collections import deque

import pytest

from hio.base.tyming import Tymer, Tymist
from hio.core import http, tcp
from hio.core.http import clienting
from hio.core.http.bounding import Bounds
from hio.core.http.clienting import Client, ClientDoer, Requester, Respondent, Response, openClient
from hio.core.http.serving import openServer
from hio.core.tcp.serving import openServer as openTcpServer
from hio.help import Hict
from hio.sim import SimNet
from tests.core.http.scripting import Stage, moved, ok

GARBAGE = b"HTTP/1.1 2_00 OK\r\n\r\n"


@pytest.fixture
def stage():
    stage = Stage(8000, 8001)
    yield stage
    stage.close()


@pytest.fixture
def client(stage):
    return stage.client()


def out(client):
    """Whether the request of client is sent, as far as the client knows."""
    return client.connector.connected and client.waited and not client.connector.txbs


def ask(stage, client, *said, method="GET", path="/", **kwa):
    """Request path, have the server say said, and return the record of the response."""
    client.request(method, path, **kwa)
    stage.turn()
    stage.until(lambda: client.responses or out(client))
    stage.accept()
    for data in said:
        stage.far.say(data)
        stage.turn()
    stage.until(lambda: client.responses)
    assert len(client.responses) == 1 and not client.waited
    return client.responses.popleft()


# ---------------------------------------------------------------- names


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


# ---------------------------------------------------------------- what servers do wrong

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: y\r\n\r\n"


@pytest.mark.parametrize(("said", "then", "word", "partial"), [
    (GARBAGE, None, "garbage", GARBAGE),
    (b"220 mail.example.org ESMTP\r\n", None, "garbage", b"220 mail.example.org ESMTP\r\n"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000, None, "too much", None),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", None, "too much", b""),
    (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000, None, "too much", None),
    (b"", "close", "closed half-way", b""),
    (b"HTTP/1.1 20", "close", "closed half-way", b"HTTP/1.1 20"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "close", "closed half-way", b"HTTP/1.1 200 OK\r\n"),
    (LENGTH + b"half", "close", "closed half-way", b"half"),
    (LENGTH + b"half", "reset", "closed half-way", b"half"),
    (b"HTTP/1.1 200 OK\r\n\r\nhalf", "reset", "closed half-way", b"half"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "close", "closed half-way", b"half"),
    (b"", 4.0, "too slow", b""),
    (b"HTTP/1.1 200 OK\r\n", 4.0, "too slow", b"HTTP/1.1 200 OK\r\n"),
    (LENGTH + b"half", 2.0, "too slow", b"half"),
])
def test_an_errored_response_says_what_went_wrong(stage, said, then, word, partial):
    client = stage.client(bounds=Bounds(body=1000, headTymeout=4.0, stallTymeout=2.0))
    client.request("GET", "/", tag=1)
    stage.turn(3)
    far = stage.far.say(said)
    stage.turn(3)
    if isinstance(then, float):
        stage.turn(int(then / 0.125) - 1, tock=0.125)
        assert not client.responses
        stage.turn(2, tock=0.125)
    elif then == "close":
        far.close()
    elif then == "reset":
        stage.turn(2)
        far.reset()
    stage.turn(3)
    record = client.responses.popleft()
    assert record["errored"] and record["error"].startswith(word + ": ") and record["mishap"] == word
    assert record["body"] == b"" and record["data"] is None and record["request"]["tag"] == 1
    if partial is not None:
        assert record["partial"] == partial
    if said.startswith(LENGTH):
        assert record["status"] == 200 and record["headers"]["X"] == "y"
    assert not client.waited and not client.connector.rxbs and not client.responses
    # and the next request goes its way over another connection
    assert ask(stage, client, ok(b"fine"))["body"] == b"fine"
    assert len(stage.fars) == 2


def test_a_server_that_drips_is_too_slow_as_well(stage):
    client = stage.client(bounds=Bounds(headTymeout=4.0, stallTymeout=2.0, totalTymeout=6.0))
    client.request("GET", "/")
    stage.turn(3)
    for byte in b"HTTP/1.1 200 OK\r\n":
        stage.far.say(bytes([byte]))
        stage.turn(1, tock=1.0)
    assert client.responses[0]["error"] == "too slow: at tyme 4.0, waiting for the head of the response"
    client.request("GET", "/")
    stage.turn(3)
    stage.far.say(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
    for _ in range(10):
        stage.far.say(b"x")
        stage.turn(1, tock=1.0)
    assert client.responses[1]["error"].endswith("whole exchange")
    assert client.responses[1]["partial"] == b"x" * 6


def test_a_request_that_is_not_taken(stage):
    stage.net.tx = stage.host.rx = 8096
    client = stage.client(bounds=Bounds(stallTymeout=2.0))
    client.request("POST", "/", body=b"x" * 100000)
    for _ in range(30):
        client.service()  # and nobody reads over there
        stage.tymist.tick()
    assert client.responses[0]["error"].endswith("sending the request")


@pytest.mark.parametrize(("status", "lines"), [
    (b"204 No Content", [b"Transfer-Encoding: chunked"]), (b"304 Not Modified", [b"Content-Length: 5"]),
    (b"304 Not Modified", [b"Transfer-Encoding: chunked"]),
])
def test_responses_without_a_body_whatever_they_say(stage, client, status, lines):
    said = b"HTTP/1.1 " + status + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n"
    record = ask(stage, client, said)
    assert record["body"] == b"" and not record["errored"] and client.alive


def test_head_has_no_body(stage, client):
    record = ask(stage, client, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", method="HEAD")
    assert record["status"] == 200 and record["headers"]["Content-Length"] == "5"
    assert ask(stage, client, ok(b"fine"))["body"] == b"fine"


def test_interim_responses_are_skipped(stage, client):
    said = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", ok(b"fine")
    assert ask(stage, client, *said)["body"] == b"fine"
    assert ask(stage, client, ok(b"next"))["body"] == b"next"


@pytest.mark.parametrize("surplus", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"])
@pytest.mark.parametrize("later", [False, True])
def test_bytes_beyond_a_response_answer_nothing(stage, client, surplus, later):
    record = ask(stage, client, ok(b"mine") + (b"" if later else surplus))
    assert record["body"] == b"mine" and not client.connector.rxbs
    if later:
        stage.far.say(surplus)
        stage.turn()
        assert not client.connector.rxbs
    assert ask(stage, client, ok(b"real"))["body"] == b"real"
    assert len(stage.fars) == 2


def test_a_close_that_was_announced_waits_for_the_next_request(stage, client):
    record = ask(stage, client, ok(b"last", b"Connection: close"))
    assert record["body"] == b"last"
    assert client.connector.connected and not client.connector.cutoff
    stage.far.close()
    stage.turn(3)
    assert ask(stage, client, ok(b"anew"))["body"] == b"anew"
    assert len(stage.fars) == 2


def test_close_delimited_body(stage, client):
    client.request("GET", "/")
    stage.turn(3)
    stage.far.say(b"HTTP/1.1 200 OK\r\n\r\nall ").say(b"of it").close()
    stage.turn(2)
    assert client.responses[0]["body"] == b"all of it" and not client.responses[0]["errored"]


def test_a_kept_connection_that_its_server_closed_is_made_again(stage, client):
    assert ask(stage, client, ok(b"1"))["body"] == b"1"
    stage.far.close()
    stage.turn(3)
    assert client.connector.cutoff
    assert ask(stage, client, ok(b"2"))["body"] == b"2"


def test_a_connection_that_ended_before_any_request_is_an_error_once(stage, client):
    stage.turn(2)
    stage.far.close()
    stage.turn(2)
    client.request("GET", "/a")
    client.request("GET", "/b")
    stage.turn(3)
    record = client.responses.popleft()
    assert record["errored"] and record["mishap"] == "closed half-way" and record["request"]["path"] == "/a"
    stage.far.say(ok(b"fine"))
    stage.turn(2)
    assert client.responses.popleft()["body"] == b"fine"


def test_no_connection_in_time(stage):
    client = stage.client(port=9999, bounds=Bounds(connectTymeout=2.0))
    client.request("GET", "/")
    stage.turn(15, tock=0.125)
    assert not client.responses
    stage.turn(3, tock=0.125)
    record = client.responses.popleft()
    assert record["mishap"] == "not connected" and "refused" in record["error"].lower()
    assert "10.0.0.2" in record["error"]


def test_a_server_that_comes_up_late(stage):
    client = stage.client(port=9000)
    client.request("GET", "/")
    stage.turn(10, tock=0.125)
    assert not client.connector.connected
    stage.listen(9000)
    stage.turn(3)
    stage.far.say(ok(b"late"))
    stage.turn()
    assert client.responses[0]["body"] == b"late"


def test_nothing_is_too_late_while_unwound():
    stage = Stage(8000)
    client = Client(hostname="10.0.0.2", port=8000, net=stage.net)
    client.reopen()
    stage.clients.append(client)
    client.request("GET", "/")
    stage.turn(5)
    stage.far.say(ok(b"fine"))
    stage.turn()
    assert client.responses[0]["body"] == b"fine"
    stage.close()


# ---------------------------------------------------------------- generations


@pytest.mark.parametrize("how", ["reopen", "fail", "redirect"])
def test_nothing_of_one_connection_is_part_of_another(stage, client, how):
    client.request("GET", "/first")
    client.request("GET", "/second")
    stage.turn(3)
    if how == "reopen":
        stage.far.say(LENGTH + b"half")
        stage.turn()
        client.reopen()
    elif how == "fail":
        stage.far.say(LENGTH + b"half").close()
    else:
        stage.far.say(moved("http://10.0.0.2:8001/there") + b"HTTP/1.1 200 OK\r\nContent-Le")
    stage.turn(4)
    assert len(stage.fars) == 2
    if how == "redirect":
        assert stage.far.heads() == ["GET /there HTTP/1.1"]
        stage.far.say(ok(b"moved"))
        stage.turn(4)
        assert client.responses.popleft()["body"] == b"moved"
    else:
        assert client.responses.popleft()["mishap"] == "closed half-way"
    assert stage.far.heads() == ["GET /second HTTP/1.1"]
    stage.far.say(ok(b"clean"))
    stage.turn(2)
    assert client.responses.popleft()["body"] == b"clean"


def test_a_request_that_was_not_sent_survives_reopening(stage):
    client = stage.client(opened=False)
    client.transmit(path="/x")
    client.reopen()
    client.reopen()
    stage.turn(2)
    assert stage.far.heads() == ["GET /x HTTP/1.1"]
    stage.far.say(ok(b"fine"))
    stage.turn()
    assert client.responses[0]["body"] == b"fine"


def test_rxbs_is_one_object_over_reconnects(stage, client):
    rxbs = client.connector.rxbs
    ask(stage, client, ok(b"1", b"Connection: close"))
    ask(stage, client, ok(b"2"))
    assert client.connector.rxbs is rxbs and client.respondent.msg is rxbs


def test_reconnecting_by_itself_later_and_later(stage):
    client = stage.client(reconnectable=True, tymeout=1.0, bounds=Bounds(backoffMost=4.0))
    assert ask(stage, client, ok(b"1"))["body"] == b"1"
    client.dice = type("Dice", (), {"random": staticmethod(lambda: 0.0)})
    stage.far.close()
    listener = stage.listeners.pop(8000)
    listener.close()
    stage.turn(2)
    assert not client.connector.connected and not client.connector.cutoff
    dials = []
    tries = stage.dials
    begin = stage.tymist.tyme
    for _ in range(20 * 8):
        stage.turn(1, tock=0.125)
        if stage.dials > tries:
            tries = stage.dials
            dials.append(stage.tymist.tyme - begin)
    gaps = [round(b - a, 3) for a, b in zip(dials, dials[1:], strict=False)]
    assert dials[0] == 1.0 and gaps[:4] == [1.0, 2.0, 4.0, 4.0]
    stage.listen(8000)
    stage.turn(40, tock=0.125)
    assert client.connector.connected


# ---------------------------------------------------------------- redirects


def test_redirects_are_followed_and_told(stage, client):
    client.request("GET", "/a?b=c", headers={"Accept": "x", "Authorization": "secret", "Cookie": "k"}, tag=1)
    stage.turn(3)
    stage.far.say(moved("/d?e=f#g", b"307 T", b"old"))
    stage.turn(3)
    assert stage.far.heads() == ["GET /a?b=c HTTP/1.1", "GET /d?e=f HTTP/1.1"]
    assert stage.far.rx.count(b"Authorization: secret") == 2 and len(stage.fars) == 1
    stage.far.say(moved("http://10.0.0.2:8001/h", b"307 T"))
    stage.turn(4)
    assert len(stage.fars) == 2 and stage.fars[0].gone
    assert bytes(stage.far.rx) == (b"GET /h HTTP/1.1\r\nHost: 10.0.0.2:8001\r\nAccept-Encoding: identity\r\n"
                                   b"Accept: x\r\n\r\n")
    assert client.waited and not client.responses
    stage.far.say(ok(b"new"))
    stage.turn(2)
    record = client.responses.popleft()
    assert record["body"] == b"new" and record["status"] == 200
    assert [one["status"] for one in record["redirects"]] == [307, 307]
    assert record["redirects"][0]["body"] == b"old" and record["redirects"][0]["request"]["path"] == "/a"
    assert record["redirects"][1]["request"]["path"] == "/d"
    request = record["request"]
    assert (request["host"], request["port"], request["path"], request["body"]) == ("10.0.0.2", 8001, "/h", b"")
    assert request["tag"] == 1 and client.redirects == [] and client.respondent.redirected


def test_after_a_redirect_elsewhere_the_next_request_goes_home(stage, client):
    client.request("GET", "/a")
    stage.turn(3)
    stage.far.say(moved("http://10.0.0.2:8001/h"))
    stage.turn(4)
    stage.far.say(ok(b"new"))
    stage.turn(2)
    client.request("GET", "/b", headers={"Authorization": "secret"})
    stage.turn(4)
    assert len(stage.fars) == 3
    assert stage.fars[0].heads() == ["GET /a HTTP/1.1"] and stage.fars[1].heads() == ["GET /h HTTP/1.1"]
    assert stage.far.heads() == ["GET /b HTTP/1.1"] and b"secret" in stage.far.rx


def test_a_redirect_to_the_same_address_by_another_name(stage):
    client = stage.client(hostname="10.0.0.2")
    client.request("GET", "/a", headers={"Authorization": "secret"})
    stage.turn(3)
    stage.far.say(moved("http://server:8000/redirect"))
    stage.turn(3)
    assert len(stage.fars) == 1
    assert b"GET /redirect HTTP/1.1\r\nHost: server:8000\r\n" in stage.far.rx and stage.far.rx.count(b"secret") == 1
    stage.far.say(ok(b"same"))
    stage.turn(2)
    assert client.responses[0]["request"]["host"] == "server"


@pytest.mark.parametrize(("status", "method", "then", "body"), [
    (b"303 See", "POST", "GET", b""), (b"302 Found", "POST", "GET", b""), (b"307 T", "POST", "POST", b'{"a":1}'),
    (b"308 P", "PUT", "PUT", b'{"a":1}'), (b"303 See", "HEAD", "HEAD", b""),
])
def test_methods_and_bodies_over_redirects(stage, client, status, method, then, body):
    client.request(method, "/a", data=None if method == "HEAD" else {"a": 1})
    stage.turn(3)
    stage.far.rx.clear()
    stage.far.say(b"HTTP/1.1 " + status + b"\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    stage.turn(3)
    head, _, sent = bytes(stage.far.rx).partition(b"\r\n\r\n")
    assert head.startswith(f"{then} /b HTTP/1.1\r\n".encode()) and sent == body
    assert (b"Content-Type" in head) == bool(body)


@pytest.mark.parametrize(("said", "word"), [
    (moved("ftp://x/"), "redirect: to what is no place"), (moved("http://[/"), "redirect: to what is no place"),
    (ok(b"", b"Location: /a", b"Location: /b", status=b"302 Found"), "redirect: to several places"),
    (moved("http://nobody.invalid:1/"), None),
])
def test_redirects_that_lead_nowhere(stage, client, said, word):
    if word is None:
        word = "not connected: to nobody.invalid: no host is called 'nobody.invalid'"
    record = ask(stage, client, said)
    assert record["errored"] and record["error"].startswith(word)
    if record["status"] == 302:
        assert "location" in record["headers"]


def test_a_redirect_without_location_is_the_answer(stage, client):
    record = ask(stage, client, ok(b"where?", status=b"302 Found"))
    assert record["status"] == 302 and not record["errored"] and "redirects" not in record


def test_redirects_are_limited(stage):
    client = stage.client(bounds=Bounds(redirects=3))
    client.request("GET", "/")
    for _ in range(20):
        stage.turn(2)
        if client.responses:
            break
        stage.far.say(moved("/"))
    record = client.responses.popleft()
    assert record["error"] == "redirect: more than 3 in a row" and len(record["redirects"]) == 3
    assert ask(stage, client, ok(b"fine"))["body"] == b"fine"


def test_redirects_are_not_followed_unless_wanted(stage):
    client = stage.client(redirectable=False)
    assert ask(stage, client, moved("/x"))["status"] == 302


def test_settings_survive_a_redirect_elsewhere(stage):
    client = stage.client(reconnectable=True, tymeout=2.5, bufsize=5000)
    client.request("GET", "/")
    stage.turn(3)
    stage.far.say(moved("http://10.0.0.2:8001/"))
    stage.turn(3)
    connector = client.connector
    assert (connector.reconnectable, connector.tymeout, connector.bs) == (True, 2.5, 5000)
    assert connector.tymth is not None and connector.ha == ("10.0.0.2", 8001)


# ---------------------------------------------------------------- codings, cookies, credentials, tries


def test_codings_are_undone_if_offered(stage):
    client = stage.client(decoding=True)
    record = ask(stage, client, ok(gzip.compress(b"hello"), b"Content-Encoding: gzip"))
    assert b"Accept-Encoding: gzip, deflate\r\n" in stage.far.rx and record["body"] == b"hello"


def test_a_bomb_is_too_much(stage):
    client = stage.client(decoding=True, bounds=Bounds(decoded=1 << 16))
    record = ask(stage, client, ok(gzip.compress(bytes(1 << 24)), b"Content-Encoding: gzip"))
    assert record["mishap"] == "too much" and len(record["partial"]) <= 1 << 16


def test_cookies(stage):
    client = stage.client(cookies=True, clock=lambda: 1000.0)
    ask(stage, client, ok(b"", b"Set-Cookie: a=1; Path=/", b"Set-Cookie: b=2; Max-Age=0"))
    ask(stage, client, ok(b""), path="/x")
    assert stage.far.rx.endswith(b"Cookie: a=1\r\n\r\n") and b"Cookie" not in stage.far.rx[:80]
    ask(stage, client, ok(b""), path="/x", headers={"Cookie": "own=1"})
    assert stage.far.rx.endswith(b"Cookie: own=1\r\n\r\n")
    plain = stage.client()
    ask(stage, plain, ok(b"", b"Set-Cookie: a=1"))
    ask(stage, plain, ok(b""))
    assert b"Cookie" not in stage.far.rx


def test_credentials_are_for_the_home_server(stage):
    client = stage.client(auth=("user", "pass"))
    client.request("GET", "/")
    stage.turn(3)
    assert b"Authorization: Basic dXNlcjpwYXNz\r\n" in stage.far.rx
    stage.far.say(moved("http://10.0.0.2:8001/"))
    stage.turn(4)
    assert b"Authorization" not in stage.far.rx


def test_tries_wait_as_the_server_asks(stage):
    client = stage.client(retries=2, bounds=Bounds(backoff=1.0))
    client.request("GET", "/a?b=%20", tag=1)
    client.request("GET", "/next")
    stage.turn(3)
    stage.far.say(ok(b"", b"Retry-After: 3", status=b"503 Busy"))
    stage.turn(23, tock=0.125)
    assert len(stage.far.heads()) == 1 and not client.responses
    stage.turn(3, tock=0.125)
    assert stage.far.heads() == ["GET /a?b=%20 HTTP/1.1"] * 2
    stage.far.say(ok(b"fine"))
    stage.turn(2)
    record = client.responses.popleft()
    assert record["body"] == b"fine" and record["request"]["tag"] == 1 and record["request"]["qargs"] == {"b": " "}
    assert stage.far.heads()[2] == "GET /next HTTP/1.1"


def test_tries_come_to_an_end(stage):
    client = stage.client(retries=2, bounds=Bounds(backoff=1.0, backoffMost=1.0))
    client.request("GET", "/")
    for _ in range(3):
        stage.turn(12, tock=0.125)
        stage.far.close()
    stage.turn(12, tock=0.125)
    assert client.responses[0]["mishap"] == "closed half-way" and len(stage.fars) == 3
    client.request("POST", "/")
    stage.turn(3)
    stage.far.say(ok(b"", status=b"503 Busy"))
    stage.turn()
    assert client.responses[1]["status"] == 503


# ---------------------------------------------------------------- pipelining


def test_requests_behind_one_another(stage):
    client = stage.client(depth=3)
    for number in range(6):
        client.request("GET", f"/{number}")
    client.request("POST", "/last")
    stage.turn(4)
    assert stage.far.heads() == ["GET /0 HTTP/1.1"]  # whether the connection persists is not known yet
    stage.far.say(ok(b"0"))
    stage.turn(2)
    assert len(stage.far.heads()) == 4 and client.latest["path"] == "/1"
    stage.far.say(ok(b"1") + ok(b"2")[:20])
    stage.turn(2)
    assert len(stage.far.heads()) == 5
    stage.far.say(ok(b"2")[20:] + ok(b"3") + ok(b"4"))
    stage.turn(2)
    assert stage.far.heads()[-1] == "GET /5 HTTP/1.1"
    stage.far.say(ok(b"5"))
    stage.turn(2)
    stage.far.say(ok(b"6"))
    stage.turn(2)
    assert [bytes(record["body"]) for record in client.responses] == [b"0", b"1", b"2", b"3", b"4", b"5", b"6"]
    assert [record["request"]["path"][1:] for record in client.responses][:6] == list("012345")


def test_requests_whose_turn_never_came_are_made_again_in_order(stage):
    client = stage.client(depth=5)
    ask(stage, client, ok(b"first"))
    for number in range(4):
        client.request("GET", f"/{number}")
    stage.turn(2)
    assert len(stage.far.heads()) == 5
    stage.far.say(ok(b"0", b"Connection: close")).close()
    stage.turn(4)
    assert len(stage.fars) == 2 and stage.far.heads() == ["GET /1 HTTP/1.1"]
    stage.far.say(ok(b"1"))
    stage.turn(2)
    stage.far.say(ok(b"2") + ok(b"3"))
    stage.turn(2)
    assert [record["request"]["path"] for record in client.responses] == ["/0", "/1", "/2", "/3"]
    assert [bytes(record["body"]) for record in client.responses] == [b"0", b"1", b"2", b"3"]


# ---------------------------------------------------------------- event streams

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    """Return data as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_an_event_stream_goes_on_after_a_cut(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream", headers=Hict([("Accept", "text/event-stream")]))
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 1000\n\nid: 4\ndata: x\n\n"))
    stage.turn()
    assert client.waited and not client.responses and client.respondent.leid == "4"
    assert list(client.events) == [{"id": "4", "name": "", "data": "x"}]
    stage.turn(80, tock=1.0)  # nothing to say is no fault of a stream
    assert client.waited and client.connector.connected
    stage.far.close()
    stage.turn(1, tock=0.125)
    stage.turn(1, tock=0.125)
    assert not client.connector.connected and not client.connector.cutoff and client.waited
    stage.turn(7, tock=0.125)
    assert len(stage.fars) == 1  # a second since it ended is not over
    stage.turn(3, tock=0.125)
    assert len(stage.fars) == 2 and client.connector.connected
    assert bytes(stage.far.rx).endswith(b"Accept: text/event-stream\r\nLast-Event-Id: 4\r\n\r\n")
    stage.far.say(EVENTS + chunk(b"id: 6\ndata: y\n\n"))
    stage.turn(2)
    assert client.respondent.leid == "6" and client.waited and not client.responses
    assert [event["data"] for event in client.events] == ["x", "y"]


def test_the_last_retry_of_a_stream_is_the_delay(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 3000\n\nretry: 500\n\n")).close()
    stage.turn(2)
    stage.turn(3, tock=0.125)
    assert len(stage.fars) == 1
    stage.turn(2, tock=0.125)
    assert len(stage.fars) == 2 and b"Last-Event-Id" not in stage.far.rx


def test_a_stream_that_ends_in_good_order_is_asked_for_again_too(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 250\nid: 1\n\n") + b"0\r\n\r\n")
    stage.turn(6, tock=0.125)
    assert len(stage.fars) == 2 and stage.far.rx.endswith(b"Last-Event-Id: 1\r\n\r\n")
    stage.far.say(b"HTTP/1.1 204 Enough\r\n\r\n")
    stage.turn(2)
    assert client.responses[0]["status"] == 204 and not client.waited


def test_a_stream_that_is_not_to_be_asked_for_again_ends(stage, client):
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"data: x\n\n")).close()
    stage.turn(2)
    assert client.responses[0]["mishap"] == "closed half-way" and client.responses[0]["status"] == 200
    assert len(client.events) == 1 and not client.waited


def test_a_delay_counts_from_the_cut_however_long_ago_the_last_one_was(stage):
    client = stage.client(reconnectable=True, tymeout=1.0)
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS + chunk(b"retry: 1000\n\ndata: x\n\n"))
    stage.turn(50, tock=1.0)
    stage.far.close()
    stage.turn(7, tock=0.125)
    assert len(stage.fars) == 1
    stage.turn(5, tock=0.125)
    assert len(stage.fars) == 2


def test_events_that_nobody_takes_stop_the_stream(stage):
    client = stage.client(bounds=Bounds(events=3, stallTymeout=5.0))
    client.request("GET", "/stream")
    stage.turn(3)
    stage.far.say(EVENTS)
    for number in range(6):
        stage.far.say(chunk(b"data: %d\n\n" % number))
        stage.turn()
    assert len(client.events) == 3 and client.full
    stage.turn(20, tock=1.0)
    assert client.waited
    client.events.popleft()
    stage.turn()
    assert [event["data"] for event in client.events] == ["1", "2", "3", "4", "5"]
    client.events.clear()
    stage.turn()
    stage.far.say(chunk(b"data: last\n\n") + b"0\r\n\r\n")
    stage.turn(2)
    assert [event["data"] for event in client.events] == ["last"] and not client.waited


def stream(tymist):
    """Return an application whose stream ends 2 s after it began."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        begin = tymist.tyme
        yield b"retry: 1000\n\n"
        yield b"id: 0\n"
        yield b"data: START\n\n"
        number = 1
        while tymist.tyme < begin + 2.0:
            yield f"id: {number}\n".encode()
            yield f"data: {number}\n\n".encode()
            number += 1
        yield f"id: {number}\n".encode()
        yield b"data: END\n\n"

    return app


def test_cadence_of_an_event_stream():
    tymist = Tymist(tyme=0.0)
    net = SimNet()
    with openServer(port=80, net=net, app=stream(tymist), tymth=tymist.tymen()) as server:
        with openClient(port=80, net=net, tymth=tymist.tymen(), reconnectable=True, tymeout=1.0) as client:
            client.request("GET", "/stream")
            tymer = Tymer(tymth=tymist.tymen(), duration=1.0)
            while not tymer.expired:
                server.service()
                client.service()
                tymist.tick(tock=0.1)
            assert len(client.events) == 4
            assert client.respondent.leid == "3" and client.respondent.retry == 1000
            assert [event["data"] for event in client.events] == ["START", "1", "2", "3"]
            assert client.waited and not client.responses
            client.events.clear()
            tymer.start(duration=1.5)
            while not tymer.expired:
                server.service()
                client.service()
                tymist.tick(tock=0.1)
            assert len(client.events) == 7
            assert [event["data"] for event in client.events] == ["4", "5", "6", "7", "8", "9", "END"]


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
