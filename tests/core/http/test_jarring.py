"""Cookies: who sees which, for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.addressing import parseUrl
from hio.core.http.jarring import MOST, PER_DOMAIN, CookieJar

SITE = parseUrl("https://www.example.org/a/b")


class Jar(CookieJar):
    """A jar with a clock that a test sets."""

    def __init__(self):
        self.moment = 1000.0
        super().__init__(lambda: self.moment)

    def set(self, *values, url="https://www.example.org/a/b"):
        self.take(parseUrl(url), values)
        return self

    def at(self, url):
        return self.header(parseUrl(url))


@pytest.fixture
def jar():
    return Jar()


@pytest.mark.parametrize(("value", "seen", "unseen"), [
    ("a=b", ["https://www.example.org/a/x", "https://www.example.org/a", "http://www.example.org/a/"],
     ["https://www.example.org/", "https://example.org/a/b", "https://x.www.example.org/a/b"]),
    ("a=b; Path=/", ["https://www.example.org/", "https://www.example.org:8443/q"], ["https://other.org/"]),
    ("a=b; Path=/a/b", ["https://www.example.org/a/b", "https://www.example.org/a/b/c"],
     ["https://www.example.org/a/bc", "https://www.example.org/a"]),
    ("a=b; Domain=example.org; Path=/", ["https://example.org/", "https://x.example.org/", "https://www.example.org/"],
     ["https://anexample.org/", "https://org/"]),
    ("a=b; Domain=.EXAMPLE.org; Path=/", ["https://x.example.org/"], []),
    ("a=b; Secure; Path=/", ["https://www.example.org/"], ["http://www.example.org/"]),
    ("a=b; path=relative", ["https://www.example.org/a/"], ["https://www.example.org/"]),
    ('a="quoted; stays"; Path=/', [], []),
])
def test_who_sees_it(jar, value, seen, unseen):
    jar.set(value)
    for url in seen:
        assert jar.at(url) == "a=b", url
    for url in unseen:
        assert jar.at(url) == "", url


@pytest.mark.parametrize("value", [
    "", "novalue", "=value", " = ", "a\x01=b", "a=b\x00", "a=" + "x" * 5000,
    "a=b; Domain=other.org", "a=b; Domain=org", "a=b; Domain=x.www.example.org", "a=b; Domain=ww.example.org",
    "__Secure-a=b", "__Host-a=b; Secure", "__Host-a=b; Secure; Path=/; Domain=www.example.org", "__host-a=b; Path=/",
])
def test_what_is_ignored(jar, value):
    assert not list(jar.set(value))


def test_promises_that_are_held(jar):
    jar.set("__Secure-a=b; Secure", "__Host-c=d; Secure; Path=/")
    assert jar.at("https://www.example.org/a/") == "__Secure-a=b; __Host-c=d"


def test_secure_needs_https(jar):
    assert not list(jar.set("a=b; Secure", url="http://www.example.org/"))


def test_addresses_have_no_domain(jar):
    jar.set("a=b; Domain=127.0.0.1; Path=/", url="http://127.0.0.1/")
    jar.set("c=d; Domain=0.0.1; Path=/", url="http://127.0.0.1/")
    assert jar.at("http://127.0.0.1:8080/") == "a=b"


def test_expiry(jar):
    jar.set("a=1; Max-Age=10; Path=/", "b=2; Expires=Thu, 01 Jan 1970 00:16:50 GMT; Path=/", "c=3; Path=/",
            "d=4; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/", "e=5; Expires=nonsense; Path=/")
    assert jar.at("https://www.example.org/") == "a=1; b=2; c=3; d=4; e=5"
    jar.moment = 1009.9
    assert jar.at("https://www.example.org/") == "a=1; b=2; c=3; d=4; e=5"
    jar.moment = 1010.0
    assert jar.at("https://www.example.org/") == "c=3; e=5"
    assert len(jar) == 2


@pytest.mark.parametrize("end", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_server_takes_its_cookie_back(jar, end):
    jar.set("a=b; Path=/", f"a=; Path=/; {end}")
    assert jar.at("https://www.example.org/") == "" and len(jar) == 0


def test_order_and_replacement(jar):
    jar.set("x=1; Path=/", "y=2; Path=/a/b", "z=3; Path=/")
    assert jar.at("https://www.example.org/a/b") == "y=2; x=1; z=3"
    jar.set("x=9; Path=/")
    assert jar.at("https://www.example.org/a/b") == "y=2; x=9; z=3"
    assert len(jar) == 3
    jar.clear()
    assert len(jar) == 0 and bool(jar)


def test_bounds(jar):
    jar.set(*(f"n{number}=v; Path=/" for number in range(PER_DOMAIN + 5)))
    assert len(jar) == PER_DOMAIN
    assert "n4=" not in jar.at("https://www.example.org/") and "n5=" in jar.at("https://www.example.org/")
    for site in range(MOST // PER_DOMAIN + 2):
        jar.set(*(f"n{number}=v" for number in range(PER_DOMAIN)), url=f"http://s{site}.example.org/")
    assert len(jar) == MOST


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_cookie_can_be_more_than_one_line(text):
    jar = Jar().set(text)
    header = jar.at("https://www.example.org/a/b")
    assert not set(header) & set("\r\n\0")
