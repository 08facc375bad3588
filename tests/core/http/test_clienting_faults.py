"""Client: what servers do wrong, and what a reconnect must not mix up."""

from __future__ import annotations

import pytest

from hio.core.http.bounding import Bounds
from hio.core.http.clienting import Client
from tests.core.http.scripting import Stage, ask, moved, ok

GARBAGE = b"HTTP/1.1 2_00 OK\r\n\r\n"


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
