"""Who a request comes from: proxies are believed where they are trusted, and nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.serve.refusing import Refusal
from hio.serve.trusting import ALL_FIELDS, Forwarding, Trust, parseForwarded, split

PROXY = "10.1.2.3"


def seen(fields, peer=PROXY, trust=("10.0.0.0/8",), kind="x-forwarded"):
    """Return the environ that an app gets."""
    got = {}
    environ = {"REMOTE_ADDR": peer, "REMOTE_PORT": "5000", "wsgi.url_scheme": "http", "HTTP_HOST": "inner",
               "SERVER_PORT": "8000", **fields}  # fmt: skip
    Forwarding(lambda environ, _: got.update(environ) or [], Trust(trust), kind)(environ, None)
    return got


@pytest.mark.parametrize("blocks, address, trusted", [
    ((), "127.0.0.1", False),
    (("127.0.0.1",), "127.0.0.1", True),
    (("10.0.0.0/8",), "10.255.0.1", True),
    (("10.0.0.0/8",), "11.0.0.1", False),
    (("10.0.0.1/8",), "10.9.9.9", True),  # host bits set, as people write it
    (("10.0.0.0/8",), "::ffff:10.0.0.1", True),
    (("2001:db8::/32",), "2001:db8::5", True),
    (("fe80::/10",), "fe80::1%eth0", True),
    (("2001:db8::/32",), "10.0.0.1", False),
    (("unix",), "/run/shop.sock", True),
    (("10.0.0.0/8",), "/run/shop.sock", False),
    (("*",), "1.2.3.4", True),
    (("*",), "/run/shop.sock", True),
    (("10.0.0.0/8",), "unknown", False),
])
def test_trust(blocks, address, trusted):
    trust = Trust(blocks)
    assert [trust(address), trust(address)] == [trusted] * 2


@pytest.mark.parametrize("block", ["", "10.0.0.0/33", "example.com", "10.0.0", "::1/129"])
def test_what_is_no_block(block):
    with pytest.raises(Refusal, match="--trust"):
        Trust([block])


@pytest.mark.parametrize("kind", ["x-forwarded", "forwarded"])
@pytest.mark.parametrize("peer", ["192.0.2.9", "/run/shop.sock"])
def test_nobody_else_is_believed_and_nothing_of_it_is_left(kind, peer):
    lies = dict.fromkeys(ALL_FIELDS, "6.6.6.6")
    environ = seen(lies, peer=peer, kind=kind)
    assert environ["REMOTE_ADDR"] == peer and environ["HTTP_HOST"] == "inner"
    assert not set(environ) & set(ALL_FIELDS)


@pytest.mark.parametrize("kind, other", [("x-forwarded", "HTTP_FORWARDED"), ("forwarded", "HTTP_X_FORWARDED_FOR")])
def test_of_a_proxy_only_the_fields_that_it_writes_are_believed(kind, other):
    """It passes on what a client wrote into the others."""
    environ = seen({other: "for=6.6.6.6" if "X" not in other else "6.6.6.6"}, kind=kind)
    assert environ["REMOTE_ADDR"] == PROXY and other not in environ


@pytest.mark.parametrize("value, address", [
    ("192.0.2.1", "192.0.2.1"),
    ("192.0.2.1, 10.0.0.9", "192.0.2.1"),  # two proxies of ours
    ("6.6.6.6, 192.0.2.1", "192.0.2.1"),  # what the client wrote is not believed
    ("6.6.6.6, 192.0.2.1, 10.0.0.9", "192.0.2.1"),
    ("10.7.7.7, 10.0.0.9", "10.7.7.7"),  # a client of our own network
    ("unknown, 10.0.0.9", "10.0.0.9"),
    ("6.6.6.6, nonsense, 10.0.0.9", "10.0.0.9"),
    ("[2001:db8::1]:4711", "2001:db8::1"),
    ("2001:db8::1", "2001:db8::1"),
    ("192.0.2.1:4711", "192.0.2.1"),
    ("", PROXY),
    ("unknown", PROXY),
    (",", PROXY),
])
def test_the_chain(value, address):
    assert seen({"HTTP_X_FORWARDED_FOR": value})["REMOTE_ADDR"] == address


def test_scheme_host_and_port():
    environ = seen({"HTTP_X_FORWARDED_PROTO": "http, HTTPS", "HTTP_X_FORWARDED_HOST": "evil, shop.example:8443",
                    "HTTP_X_FORWARDED_PORT": "8443"})  # fmt: skip
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["HTTP_HOST"] == "shop.example:8443" and environ["SERVER_PORT"] == "8443"


@pytest.mark.parametrize("fields", [
    {"HTTP_X_FORWARDED_PROTO": "gopher"}, {"HTTP_X_FORWARDED_HOST": "a b"}, {"HTTP_X_FORWARDED_HOST": ""},
    {"HTTP_X_FORWARDED_PORT": "x"}, {"HTTP_X_FORWARDED_PORT": "99999"}, {"HTTP_X_FORWARDED_PORT": "9" * 5000},
])
def test_values_that_are_none_change_nothing(fields):
    environ = seen(fields)
    assert (environ["wsgi.url_scheme"], environ["HTTP_HOST"], environ["SERVER_PORT"]) == ("http", "inner", "8000")


@pytest.mark.parametrize("value, elements", [
    ("for=192.0.2.43", [{"for": "192.0.2.43"}]),
    ('For="[2001:db8:cafe::17]:4711"', [{"for": "[2001:db8:cafe::17]:4711"}]),
    ("for=192.0.2.60;proto=http;by=203.0.113.43", [{"for": "192.0.2.60", "proto": "http", "by": "203.0.113.43"}]),
    ("for=a, for=b", [{"for": "a"}, {"for": "b"}]),
    (r'for="a\"b,c;d"', [{"for": 'a"b,c;d'}]),
    ("for=a;for=b", []), ("for", []), ("", []), ("for=a for=b", []), ('for="a', []), ("for=a;", []), (",", []),
])
def test_parseForwarded(value, elements):
    assert parseForwarded(value) == elements


def test_forwarded():
    value = 'for=6.6.6.6, for="[2001:db8::17]:4711";proto=https;host=shop.example'
    environ = seen({"HTTP_FORWARDED": value}, kind="forwarded")
    assert environ["REMOTE_ADDR"] == "2001:db8::17" and environ["REMOTE_PORT"] == "4711"
    assert environ["wsgi.url_scheme"] == "https" and environ["HTTP_HOST"] == "shop.example"


@given(st.text(max_size=200))
def test_garbage_raises_nothing(value):
    parseForwarded(value)
    split(value)
    for kind in ("x-forwarded", "forwarded"):
        environ = seen(dict.fromkeys(ALL_FIELDS, value), kind=kind)
        assert environ["wsgi.url_scheme"] in ("http", "https")
