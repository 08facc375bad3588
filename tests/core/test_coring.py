"""Names of hosts and their addresses."""

from __future__ import annotations

import socket
import sys

import pytest

from hio.core import coring
from hio.core.coring import normalizeHost

V4 = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))
V6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 0, 0, 0))
OTHER = (socket.AF_UNSPEC, socket.SOCK_STREAM, 6, "", ("?",))


@pytest.fixture
def resolver(monkeypatch):
    """Answer for every name what the test puts here."""
    found = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *pa, **kwa: found)
    return found


@pytest.mark.parametrize(
    "host, address",
    [
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("::", "::"),
        ("2001:DB8:0::1", "2001:db8::1"),
    ],
)
def test_addresses_and_the_local_name(host, address):
    assert normalizeHost(host) == address


def test_empty_is_every_interface(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert normalizeHost("") == "0.0.0.0"
    monkeypatch.setattr(sys, "platform", "win32")
    assert normalizeHost("") == "127.0.0.1"


@pytest.mark.parametrize(
    "found, address",
    [([V4], "192.0.2.1"), ([V6, V4], "192.0.2.1"), ([V6], "2001:db8::1"), ([OTHER, V6], "2001:db8::1")],
)
def test_ipv4_first_then_ipv6(resolver, found, address):
    resolver[:] = found
    assert normalizeHost("host.example") == address


def test_no_usable_address(resolver):
    resolver[:] = [OTHER]
    with pytest.raises(socket.gaierror, match="neither"):
        normalizeHost("host.example")


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "a\0b", "[", "a b", "1.2.3.4.5", "host.invalid"])
def test_what_is_no_host_is_an_oserror(host, monkeypatch):
    asked = socket.getaddrinfo

    def local(name, *pa, **kwa):  # a name that looks fine must not leave this machine
        if name == "host.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return asked(name, *pa, flags=socket.AI_NUMERICHOST, **kwa)

    monkeypatch.setattr(socket, "getaddrinfo", local)
    with pytest.raises(socket.gaierror):
        normalizeHost(host)


def test_arp_is_importable_and_not_implemented():
    with pytest.raises(NotImplementedError):
        coring.arpCreate("00:00:5e:00:53:01", "192.0.2.1")
    with pytest.raises(NotImplementedError):
        coring.arpDelete("192.0.2.1", interface="en1")


@pytest.mark.parametrize("host", [5, None, b"localhost"], ids=repr)
def test_a_host_is_text(host):
    with pytest.raises(TypeError, match=f"host must be a str, got {host!r}"):
        coring.normalizeHost(host)
