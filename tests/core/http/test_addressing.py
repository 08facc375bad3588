"""URLs taken apart and joined, origins told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.addressing import Origin, joinUrl, parseUrl, quotePath, quoteQuery


@pytest.mark.parametrize(("text", "scheme", "host", "port", "target", "fragment"), [
    ("http://example.org", "http", "example.org", 80, "/", ""),
    ("HTTPS://Example.ORG/", "https", "example.org", 443, "/", ""),
    ("http://h:8080/a/b?c=d#e", "http", "h", 8080, "/a/b?c=d", "e"),
    ("http://h:/", "http", "h", 80, "/", ""),
    ("http://h?x", "http", "h", 80, "/?x", ""),
    ("http://[::1]/", "http", "::1", 80, "/", ""),
    ("http://[::1]:81/", "http", "::1", 81, "/", ""),
    ("http://h/a b%20é%zz", "http", "h", 80, "/a%20b%20%C3%A9%25zz", ""),
    ("http://bücher.example/", "http", "xn--bcher-kva.example", 80, "/", ""),
])
def test_urls(text, scheme, host, port, target, fragment):
    url = parseUrl(text)
    assert url.origin == Origin(scheme, host, port)
    assert (url.target, url.fragment) == (target, fragment)
    assert parseUrl(str(url)).target == target


@pytest.mark.parametrize("text", [
    "", "/a", "example.org", "ftp://h/", "http:///a", "http://", "http://h:0/", "http://h:65536/", "http://h:x/",
    "http://user@h/", "http://user:pw@h/", "http://a b/", "http://a\r\nb/", "http://[::1/", "http://::1/",
    "javascript:x", "http://\u2100/",
])
def test_what_is_no_url(text):
    with pytest.raises(ValueError):
        parseUrl(text)


# RFC 3986, 5.4, without the references that leave http
BASE = "http://a/b/c/d;p?q"


@pytest.mark.parametrize(("reference", "result"), [
    ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
    ("//g", "http://g/"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("", "http://a/b/c/d;p?q"),
    (".", "http://a/b/c/"), ("..", "http://a/b/"), ("../g", "http://a/b/g"), ("../../../g", "http://a/g"),
    ("http://x:81/y", "http://x:81/y"), (" /g ", "http://a/g"),
])
def test_references(reference, result):
    assert str(joinUrl(parseUrl(BASE), reference)) == result


def test_a_fragment_stays_unless_there_is_another():
    base = parseUrl("http://a/b#c")
    assert joinUrl(base, "/d").fragment == "c"
    assert joinUrl(base, "/d#e").fragment == "e"


def test_authority_with_and_without_port():
    assert Origin("http", "h", 80).authority == "h:80"
    assert Origin("http", "h", 80).shortest == "h"
    assert Origin("https", "::1", 80).shortest == "[::1]:80"
    assert str(Origin("https", "h", 443)) == "https://h"


@given(st.text(max_size=30))
def test_quoting_gives_printable_ascii_and_settles_at_once(text):
    for quoted in (quotePath(text), quoteQuery(text)):
        assert quoted.isascii() and (not quoted or quoted.isprintable()) and " " not in quoted and "#" not in quoted
    assert quotePath(quotePath(text)) == quotePath(text)
    assert quoteQuery(quoteQuery(text)) == quoteQuery(text)
