"""Where redirects lead, by status, method and Location."""

from __future__ import annotations

import pytest

from hio.core.http.addressing import parseUrl
from hio.core.http.answering import parseResponseHead
from hio.core.http.failing import Mishap
from hio.core.http.redirecting import RedirectError, redirect, stripped
from hio.core.http.replying import Reply

HERE = parseUrl("https://a.example/x/y?z")


def reply(status, *lines):
    """Return a Reply with that status and those field lines."""
    answer = Reply()
    answer.head = parseResponseHead("\r\n".join([f"HTTP/1.1 {status} X", *lines]).encode())
    answer.status = status
    return answer


@pytest.mark.parametrize(("status", "method", "then", "bodied"), [
    (301, "GET", "GET", True), (301, "POST", "GET", False), (301, "PUT", "PUT", True), (301, "HEAD", "HEAD", True),
    (302, "POST", "GET", False), (302, "DELETE", "DELETE", True),
    (303, "POST", "GET", False), (303, "PUT", "GET", False), (303, "HEAD", "HEAD", True), (303, "GET", "GET", False),
    (307, "POST", "POST", True), (307, "GET", "GET", True), (308, "POST", "POST", True), (308, "PUT", "PUT", True),
    (300, "GET", "GET", True),
])
def test_methods(status, method, then, bodied):
    step = redirect(reply(status, "Location: /to"), method, HERE)
    assert (step.method, step.bodied, step.foreign) == (then, bodied, False)
    assert str(step.url) == "https://a.example/to"


@pytest.mark.parametrize("answer", [
    reply(200, "Location: /to"), reply(201, "Location: /to"), reply(304, "Location: /to"), reply(305, "Location: /to"),
    reply(306, "Location: /to"), reply(302), Reply.failed(Mishap.CLOSED, ""),
])
def test_what_is_no_redirect(answer):
    assert redirect(answer, "GET", HERE) is None


@pytest.mark.parametrize(("location", "target", "foreign"), [
    ("to", "https://a.example/x/to", False),
    ("?q", "https://a.example/x/y?q", False),
    ("//b.example/", "https://b.example/", True),
    ("https://a.example:443/", "https://a.example/", False),
    ("https://A.EXAMPLE/", "https://a.example/", False),
    ("https://a.example:444/", "https://a.example:444/", True),
    ("/\u00e9".encode().decode("latin-1"), "https://a.example/%C3%A9", False),
])
def test_targets(location, target, foreign):
    step = redirect(reply(302, f"Location: {location}") if location.isascii() else latin(location), "GET", HERE)
    assert (str(step.url), step.foreign) == (target, foreign)


def latin(location):
    """Return a redirect to a location that came as bytes beyond ASCII."""
    answer = Reply()
    answer.head = parseResponseHead(f"HTTP/1.1 302 X\r\nLocation: {location}".encode("latin-1"))
    answer.status = 302
    return answer


@pytest.mark.parametrize("lines", [
    ["Location: http://a.example/"], ["Location: ftp://a.example/"], ["Location: https://"], ["Location: https://a:x/"],
    ["Location: https://u:p@a.example/"], ["Location: /a", "Location: /b"], ["Location: javascript:alert(1)"],
    ["Location: https://a b/"], ["Location: https://a\tb/"], ["Location: /a\tb"],
])
def test_what_must_not_be_followed(lines):
    with pytest.raises(RedirectError):
        redirect(reply(302, *lines), "GET", HERE)


def test_the_same_location_twice_is_one():
    assert redirect(reply(302, "Location: /a", "location: /a"), "GET", HERE).url.path == "/a"


def test_credentials_stay_with_their_origin_and_content_fields_with_the_body():
    headers = [("Accept", "x"), ("Authorization", "secret"), ("cookie", "a=b"), ("Proxy-Authorization", "p"),
               ("Host", "a.example"), ("Content-Type", "text/plain"), ("Accept", "y")]
    abroad = stripped(headers, redirect(reply(307, "Location: https://b.example/"), "POST", HERE))
    assert list(abroad.items()) == [("Accept", "x"), ("Content-Type", "text/plain"), ("Accept", "y")]
    home = stripped(headers, redirect(reply(303, "Location: /b"), "POST", HERE))
    assert "content-type" not in home and home["Authorization"] == "secret" and home["cookie"] == "a=b"
