"""Where to listen: texts to places, and what is handed over."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.serve.binding import Bind, Listener, describeAddress, handedOver, nextBind, parseBind
from hio.serve.refusing import Refusal


@pytest.mark.parametrize("text, address", [
    ("127.0.0.1:8000", ("127.0.0.1", 8000)),
    ("localhost:0", ("localhost", 0)),
    ("my-host.example:65535", ("my-host.example", 65535)),
    ("[::1]:80", ("::1", 80)),
    ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
    ("unix:/run/shop.sock", "/run/shop.sock"),
    ("unix:shop", "shop"),
])
def test_an_address(text, address):
    assert parseBind(text) == Bind(text, None, address)
    assert parseBind(f"https://{text}") == Bind(f"https://{text}", "https", address)
    assert parseBind(f"http://{text}").scheme == "http"


def test_what_is_open_already():
    assert parseBind("fd:3") == Bind("fd:3", fd=3)
    assert parseBind("https://fd:3").scheme == "https"
    assert parseBind("systemd") == Bind("systemd", name="")
    assert parseBind("systemd:web") == Bind("systemd:web", name="web")


@pytest.mark.parametrize("text", [
    "", "8000", ":8000", "localhost", "localhost:", "localhost:http", "localhost:-1", "localhost:65536", "::1:80",
    "[::1]", "[]:80", "[::1:80", "localhost:80:90", "localhost:+80", "localhost:٨٠", "unix:", "tcp://localhost:80",
    "localhost:999999", "fd:", "fd:x", "fd:-1", "fd:٣", "https://",
])
def test_what_is_none_is_refused(text):
    with pytest.raises(Refusal, match="--bind"):
        parseBind(text)


@given(st.text())
def test_nothing_else_is_raised(text):
    try:
        parseBind(text)
    except Refusal as ex:
        assert "\n" not in str(ex)


@pytest.mark.parametrize("address, url", [
    (("127.0.0.1", 8000), "http://127.0.0.1:8000/"),
    (("0.0.0.0", 80), "http://127.0.0.1:80/"),
    (("::1", 80), "http://[::1]:80/"),
    (("::", 80), "http://[::1]:80/"),
    (("::1", 80, 0, 0), "http://[::1]:80/"),
    ("/run/shop", "unix:/run/shop"),
    ("fd:3", "fd:3"),
])
def test_describing(address, url):
    assert describeAddress(address) == url
    assert describeAddress(address, "https") == url.replace("http://", "https://")


def test_the_next_places():
    assert nextBind(parseBind("[::1]:9000"), 2).address == ("::1", 9002)
    assert nextBind(parseBind("127.0.0.1:0"), 2).address == ("127.0.0.1", 0)
    assert [nextBind(parseBind("unix:a"), i).address for i in range(2)] == ["a", "a.2"]
    assert nextBind(parseBind("fd:3"), 0).fd == 3
    for text, number in (("localhost:65535", 1), ("fd:3", 1), ("systemd", 1)):
        with pytest.raises(Refusal):
            nextBind(parseBind(text), number)


def test_what_systemd_hands_over():
    environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "3", "LISTEN_FDNAMES": "web:admin:web"}
    assert handedOver("", environ) == [3, 4, 5]
    assert handedOver("web", environ) == [3, 5]
    assert handedOver("", environ | {"LISTEN_FDNAMES": ""}) == [3, 4, 5]
    with pytest.raises(Refusal, match="no such socket among web, admin, web"):
        handedOver("other", environ)


@pytest.mark.parametrize("environ", [
    {}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_PID": str(os.getpid())},
    {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"},
])
def test_what_systemd_meant_for_others_or_nobody(environ):
    with pytest.raises(Refusal, match="handed nothing over"):
        handedOver("", environ)


class Sock:
    """Stands in for a socket that has an address."""

    def getsockname(self):
        return ("127.0.0.1", 80)


@pytest.mark.parametrize("sockets", [1, 2, 3, 5])
@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_every_worker_has_a_socket_and_every_socket_a_worker(sockets, workers):
    """Also after a reload with another number of workers."""
    listener = Listener(parseBind("127.0.0.1:80"), [Sock() for _ in range(sockets)])
    shares = [listener.share(slot, workers) for slot in range(workers)]
    assert all(shares)
    assert {id(sock) for share in shares for sock in share} == {id(sock) for sock in listener.socks}


def test_the_documentation_names_every_kind():
    from hio.serve import binding

    for kind in ("HOST:PORT", "[IPV6]:PORT", "unix:PATH", "fd:NUMBER", "systemd:NAME"):
        assert re.search(re.escape(kind), binding.__doc__)
