"""Client: requests that are made again, elsewhere or later; codings, cookies and credentials; pipelining."""

from __future__ import annotations

import gzip

import pytest

from hio.core.http.bounding import Bounds
from tests.core.http.scripting import ask, moved, ok


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
