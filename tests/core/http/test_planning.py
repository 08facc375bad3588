"""Plans of response heads: what an application may ask for, what it may not, and the Date."""

from __future__ import annotations

from wsgiref.handlers import format_date_time

import pytest

from hio import __version__
from hio.core.http import planning
from hio.core.http.planning import Dater, make, plan
from hio.core.http.statusing import STATUS_DESCRIPTIONS
from hio.help import timing

SERVER = f"hio/{__version__}"


@pytest.fixture(autouse=True)
def forgetful():
    """Nothing is remembered from other tests."""
    planning.PLANS.clear()
    planning.ONCE.clear()
    yield
    planning.PLANS.clear()
    planning.ONCE.clear()


def test_lead():
    """Status line and fields in order, names in title case, Server last unless the application gave one."""
    made = plan("200 OK", [("content-type", "text/plain"), ("X-Y", " a b\t"), ("ETag", '"1"')])
    assert made.lead == (
        f'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Y: a b\r\nEtag: "1"\r\nServer: {SERVER}\r\n'.encode()
    )
    assert made.fields == [("Content-Type", "text/plain"), ("X-Y", "a b"), ("Etag", '"1"'), ("Server", SERVER)]
    assert (made.code, made.status) == (200, "200 OK")
    assert made.length is None and not (made.dated or made.closing or made.bodiless or made.evented)
    assert plan("200 OK", [("server", "mine")]).lead == b"HTTP/1.1 200 OK\r\nServer: mine\r\n"
    assert plan("200 OK", [("date", "now")]).dated
    assert plan("200 OK", [("X", "\xe9\xff")]).lead.startswith(b"HTTP/1.1 200 OK\r\nX: \xe9\xff\r\n")
    assert plan("200 OK", [("Set-Cookie", "a"), ("Set-Cookie", "b")]).lead.count(b"Set-Cookie") == 2


@pytest.mark.parametrize("status,want", [
    ("200 OK", "200 OK"), ("200 Fine, thanks", "200 Fine, thanks"), ("404", "404 Not Found"), ("299", "299 Unknown"),
    ("200 ", "200 OK"), (404, "404 Not Found"), (308, "308 Permanent Redirect"), (422, "422 Unprocessable Content"),
    (451, "451 Unavailable For Legal Reasons"), (700, "700 Unknown"), ("500 Fehl\xe4nzeige", "500 Fehl\xe4nzeige"),
])  # fmt: skip
def test_status(status, want):
    made = plan(status, [])
    assert made.status == want and made.lead.startswith(f"HTTP/1.1 {want}\r\n".encode("latin-1"))


@pytest.mark.parametrize("code", sorted(STATUS_DESCRIPTIONS))
def test_every_status_has_its_reason(code):
    made = plan(code, [("Content-Length", "5")])
    assert made.status == f"{code} {STATUS_DESCRIPTIONS[code]}"
    assert made.bodiless == (code < 200 or code in (204, 205, 304))
    assert made.length == (0 if code == 205 else 5 if code == 304 or not made.bodiless else None)


@pytest.mark.parametrize("status", [
    "", "OK", "20 OK", "2000 OK", "200OK", "200  \n", "200 a\rb", "200 a\nb", "200 \x00", "099 X", "200 \u20ac",
    "+20 X", " 200 OK", "\u0662\u0660\u0660 OK", 99, 1000, -200,
])  # fmt: skip
def test_bad_status(status):
    with pytest.raises(ValueError, match="status must be"):
        plan(status, [])


@pytest.mark.parametrize("status", [None, b"200 OK", 200.5, True, ["200 OK"], ("200 OK",)])
def test_status_of_a_wrong_type(status):
    with pytest.raises(TypeError, match="status must be"):
        plan(status, [])


@pytest.mark.parametrize("headers", [
    None, (), (("A", "b"),), {"A": "b"}, "A: b", iter([("A", "b")]), [["A", "b"]], ["Ab"], [("A",)], [("A", "b", "c")],
    [("A", 1)], [(b"A", "b")], [("A", b"b")], [("A", None)], [None],
])  # fmt: skip
def test_headers_of_a_wrong_type(headers):
    """Also when the same fields, rightly given, are remembered."""
    plan("200 OK", [("A", "b")])
    plan("200 OK", [])
    with pytest.raises(TypeError, match="header"):
        plan("200 OK", headers)


@pytest.mark.parametrize("name", ["", " A", "A ", "A B", "A:", "A\r\nB", "A\x00", "\xc4", "A(", "\u20ac"])
def test_bad_name(name):
    with pytest.raises(ValueError, match="bad header name"):
        plan("200 OK", [(name, "b")])


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "\n", "a\x00b", "a\x1fb", "\x7f", "\u20ac", "a\r\n b"])
def test_bad_value(value):
    """No field of somebody else's making gets in through a value."""
    with pytest.raises(ValueError, match="in value of header 'X-Y'"):
        plan("200 OK", [("X-Y", value)])


@pytest.mark.parametrize("name", [
    "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
    "connection", "CONNECTION",
])  # fmt: skip
def test_hop_by_hop(name):
    """What is between this server and its peer is not the application's to set."""
    with pytest.raises(ValueError, match="the server's to set"):
        plan("200 OK", [(name, "chunked")])


@pytest.mark.parametrize("value,closing", [
    ("close", True), ("Close", True), ("keep-alive, close", True), ("keep-alive", False), ("", False),
    (" close ", True),
])  # fmt: skip
def test_connection(value, closing):
    """Only a wish to close is heeded, and no such field is in the lead: the server says what is to be said."""
    made = plan("200 OK", [("Connection", value), ("Keep-Alive", "timeout=5")])
    assert made.closing == closing and b"onnection" not in made.lead and b"Keep-Alive" not in made.lead


@pytest.mark.parametrize("value", ["", "+1", "-1", "1.0", "0x1", "1_0", "one", "1 1", "1,1", "9" * 20])
def test_bad_length(value):
    with pytest.raises(ValueError, match="Content-Length must be"):
        plan("200 OK", [("Content-Length", value)])


def test_length():
    assert plan("200 OK", [("content-length", " 12 ")]).length == 12
    assert plan("200 OK", [("Content-Length", "0")]).length == 0
    same = plan("200 OK", [("Content-Length", "5"), ("Content-Length", "5")])
    assert same.length == 5 and same.lead.count(b"Content-Length") == 1
    with pytest.raises(ValueError, match="contradicting"):
        plan("200 OK", [("Content-Length", "5"), ("Content-Length", "6")])
    assert b"Content-Length" not in plan("204 No Content", [("Content-Length", "5")]).lead  # RFC 9110, 8.6


@pytest.mark.parametrize("value,evented", [
    ("text/event-stream", True), ("text/event-stream; charset=utf-8", True), ("Text/Event-Stream", True),
    ("text/event-streams", False), ("text/plain", False),
])  # fmt: skip
def test_evented(value, evented):
    assert plan("200 OK", [("Content-Type", value)]).evented == evented


def test_remembered():
    """The same head is the same Plan; large values are not kept, and there are never more than so many."""
    assert plan("200 OK", [("A", "b")]) is plan("200 OK", [("A", "b")])
    assert plan("200 OK", [("A", "b")]) is not plan("200 OK", [("A", "c")])
    assert plan("200 OK", [("A", "b" * 200)]) is not plan("200 OK", [("A", "b" * 200)])
    for count in range(planning.REMEMBERED * 2):
        plan("200 OK", [("A", str(count))])
    assert len(planning.PLANS) <= planning.REMEMBERED
    assert len(planning.ONCE) <= planning.REMEMBERED
    assert make("200 OK", [("A", "b")]) is not make("200 OK", [("A", "b")])


def test_what_comes_again_is_not_pushed_out_by_what_does_not():
    often = plan("200 OK", [("A", "b")])
    assert plan("200 OK", [("A", "b")]) is often
    for count in range(planning.REMEMBERED * 3):
        plan("200 OK", [("ETag", str(count))])
    assert plan("200 OK", [("A", "b")]) is often
    assert len(planning.PLANS) == 1


def test_cookies_are_not_remembered():
    for _ in range(3):
        plan("200 OK", [("Set-Cookie", "sid=secret")])
    assert "secret" not in repr([*planning.PLANS, *planning.ONCE])


def test_dater():
    """The field line for now, by the clock handed in; rendered once a second."""
    now = [784111777.9]
    dater = Dater(lambda: now[0])
    first = dater.render()
    assert first == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" and dater.text == "Sun, 06 Nov 1994 08:49:37 GMT"
    now[0] = 784111777.1
    assert dater.render() is first
    now[0] = 784111778.0
    assert dater.render() == b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
    for now[0] in (0.0, 951782400.0, 1709164799.0, 4102444800.0):
        assert dater.render() == f"Date: {format_date_time(now[0])}\r\n".encode()


def test_dater_without_a_clock(monkeypatch):
    """Goes by the wall clock of help.timing, whoever stands in for it."""
    monkeypatch.setattr(timing, "wallTime", lambda: 784111777.0)
    assert Dater().render() == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
