"""The network of the operating system: addresses, sockets that listen and dial, and what they inherit."""

from __future__ import annotations

import errno
import os
import socket
from functools import partial

import pytest

from hio.base.polling import OsPoller, Poller
from hio.core.tcp.netting import GONE, SHORT, UNDERWAY, OsNet, family, osNet, pair


@pytest.fixture
def opened():
    """Keep sockets, and close them in the end."""
    made = []

    def keep(sock):
        made.append(sock)
        return sock

    yield keep
    for sock in made:
        sock.close()


def connected(opened, listener, ha):
    """Return both ends of a connection to ha."""
    near = opened(osNet.dial(ha, bs=8096))
    for _ in range(1000):
        if near.connect_ex(ha) in (0, errno.EISCONN):
            break
    for _ in range(1000):
        try:
            return near, opened(listener.accept()[0])
        except BlockingIOError:
            pass
    raise AssertionError("no connection")


@pytest.mark.parametrize(
    "ha,kind",
    [(("127.0.0.1", 1), socket.AF_INET), (("", 1), socket.AF_INET), (("::1", 1), socket.AF_INET6),
     (("::", 0), socket.AF_INET6), ("/a/path", socket.AF_UNIX)],
)  # fmt: skip
def test_family(ha, kind):
    assert family(ha) == kind


def test_pair():
    """IPv6's flow and scope are left out; a path stays."""
    assert pair(("::1", 5, 0, 0)) == ("::1", 5) and pair(("h", 5)) == ("h", 5) and pair("/p") == "/p" and pair("") == ""


def test_error_sets():
    """The three kinds of errors never overlap."""
    assert not GONE & SHORT and not GONE & UNDERWAY and not SHORT & UNDERWAY
    assert errno.EMFILE in SHORT and errno.EPIPE in GONE and errno.EINPROGRESS in UNDERWAY


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_listen_and_dial(opened, host):
    """A free port is had; both ends are nonblocking, and neither waits for acknowledgements (Nagle)."""
    try:
        listener = opened(osNet.listen((host, 0), bl=5, bs=8096))
    except OSError as ex:
        pytest.skip(f"no {host} here: {ex}")
    ha = pair(listener.getsockname())
    assert ha[0] == host and ha[1] > 0
    with pytest.raises(BlockingIOError):
        listener.accept()
    near, far = connected(opened, listener, ha)
    far.setblocking(False)
    for sock in (near, far):
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
    assert pair(near.getpeername()) == ha


def test_buffers_are_grown_never_lowered(opened):
    """bs raises small buffers; large ones keep the kernel's autotuning."""
    for make in (partial(osNet.listen, ("127.0.0.1", 0), bl=1), partial(osNet.dial, ("127.0.0.1", 1))):
        default, large = opened(make(bs=1)), opened(make(bs=1 << 19))
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            before = default.getsockopt(socket.SOL_SOCKET, option)
            assert large.getsockopt(socket.SOL_SOCKET, option) >= min(before, 1 << 19) and before > 1


def test_taken_address(opened):
    listener = opened(osNet.listen(("127.0.0.1", 0), bl=5, bs=8096))
    with pytest.raises(OSError) as info:
        osNet.listen(pair(listener.getsockname()), bl=5, bs=8096)
    assert info.value.errno == errno.EADDRINUSE


def test_reuseport(opened):
    """Two may listen on one address when both say so."""
    first = opened(osNet.listen(("127.0.0.1", 0), bl=5, bs=8096, reuseport=True))
    opened(osNet.listen(pair(first.getsockname()), bl=5, bs=8096, reuseport=True))


def test_dual_stack(opened):
    """ "::" takes IPv4 as well; "::1" does not."""
    try:
        both = opened(osNet.listen(("::", 0), bl=5, bs=8096))
    except OSError as ex:
        pytest.skip(f"no IPv6 here: {ex}")
    assert not both.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    connected(opened, both, ("127.0.0.1", both.getsockname()[1]))
    own = opened(osNet.listen(("::1", 0), bl=5, bs=8096))
    assert own.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def test_path(opened, tmp_path):
    """A path: what a dead server left is replaced, what lives or is no socket is left alone."""
    path = str(tmp_path / "sock")
    listener = opened(osNet.listen(path, bl=5, bs=8096))
    near, far = connected(opened, listener, path)
    near.send(b"x")
    assert far.recv(9) == b"x"
    with pytest.raises(OSError) as info:
        osNet.listen(path, bl=5, bs=8096)
    assert info.value.errno == errno.EADDRINUSE and os.path.exists(path)
    listener.close()
    assert os.path.exists(path)  # as when the server was killed
    opened(osNet.listen(path, bl=5, bs=8096))
    plain = tmp_path / "file"
    plain.write_text("mine")
    with pytest.raises(OSError):
        osNet.listen(str(plain), bl=5, bs=8096)
    assert plain.read_text() == "mine"
    with pytest.raises(OSError):
        osNet.listen(str(tmp_path / "no" / "sock"), bl=5, bs=8096)


def test_resolve():
    assert osNet.resolve("127.0.0.1") == "127.0.0.1" and osNet.resolve("localhost") == "127.0.0.1"
    assert osNet.resolve("") == "0.0.0.0" and osNet.resolve("::1") == "::1"
    with pytest.raises(OSError):
        osNet.resolve("no such name")


def test_pollers():
    """Sockets of this network go with pollers of the system, and with no other."""
    poller = OsNet().poller()
    assert isinstance(poller, OsPoller) and poller is not osNet.poller()
    assert osNet.serves(poller) and not osNet.serves(Poller())
    poller.close()
