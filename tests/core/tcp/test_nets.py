"""What any Net must do: one suite for the network of the operating system and for the simulated one."""

from __future__ import annotations

import errno
import socket

import pytest

from hio.base.polling import READ, WRITE
from hio.core.tcp.netting import UNDERWAY, osNet, pair
from hio.sim.netting import SimNet
from tests.core.tcp.ends import HERE, RESET, attempt


# -- beginning ------------------------------------------------------------------------------------------------------


def test_connecting(ends):
    listener = ends.listen()
    ha = pair(listener.getsockname())
    near = ends.dial(ha)
    assert near.connect_ex(ha) in (errno.EINPROGRESS, 0)
    assert ends.connect(near, ha) in (0, errno.EISCONN)
    assert near.connect_ex(ha) == errno.EISCONN
    far, ca = ends.accept(listener)
    assert ca == near.getsockname() == far.getpeername()
    assert near.getpeername() == far.getsockname() == listener.getsockname()


def test_nobody_knocks(ends):
    with pytest.raises(BlockingIOError):
        ends.listen().accept()


def test_port_zero_is_any_free_one(ends):
    one, other = ends.listen(), ends.listen()
    assert 0 < one.getsockname()[1] != other.getsockname()[1] > 0


def test_address_in_use(ends):
    ha = pair(ends.listen().getsockname())
    with pytest.raises(OSError) as caught:
        ends.listen(ha)
    assert caught.value.errno == errno.EADDRINUSE


def test_address_is_free_again(ends):
    listener = ends.listen()
    ha = pair(listener.getsockname())
    listener.close()
    assert pair(ends.listen(ha).getsockname()) == ha


def test_reuseport(ends):
    ha = pair(ends.listen(reuseport=True).getsockname())
    assert pair(ends.listen(ha, reuseport=True).getsockname()) == ha


def test_address_of_somebody_else(ends):
    with pytest.raises(OSError) as caught:
        ends.listen(("192.0.2.1", 0))  # RFC 5737: nobody's
    assert caught.value.errno == errno.EADDRNOTAVAIL


@pytest.mark.parametrize("host", ["", "0.0.0.0"])
def test_listening_on_all_addresses(ends, host):
    listener = ends.listen((host, 0))
    assert listener.getsockname()[0] == "0.0.0.0"
    ha = (HERE, listener.getsockname()[1])
    near = ends.dial(ha)
    assert ends.connect(near, ha) in (0, errno.EISCONN)
    far, _ = ends.accept(listener)
    assert far.getsockname() == ha


def test_ipv6(ends):
    try:
        listener = ends.listen(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    ha = pair(listener.getsockname())
    near = ends.dial(ha)
    assert ends.connect(near, ha) in (0, errno.EISCONN)
    far, ca = ends.accept(listener)
    assert len(ca) == len(far.getsockname()) == 4 and near.family == socket.AF_INET6


def test_refused(ends):
    listener = ends.listen()
    ha = pair(listener.getsockname())
    listener.close()
    assert ends.connect(ends.dial(ha), ha) == errno.ECONNREFUSED


def test_refused_is_told_to_who_watches_for_writing(ends):
    listener = ends.listen()
    ha = pair(listener.getsockname())
    listener.close()
    near = ends.dial(ha)
    assert near.connect_ex(ha) in UNDERWAY
    watch = ends.watch(near, WRITE)
    ends.watches.clear()
    ends.until(lambda: near in watch.writers)
    assert near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
    assert near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_standing_is_told_to_who_watches_for_writing(ends):
    listener = ends.listen()
    ha = pair(listener.getsockname())
    near = ends.dial(ha)
    near.connect_ex(ha)
    watch = ends.watch(near, WRITE)
    ends.watches.clear()
    ends.until(lambda: near in watch.writers)
    assert near.connect_ex(ha) in (0, errno.EISCONN)


def test_backlog_keeps_them_in_order(ends):
    listener = ends.listen()
    ha = pair(listener.getsockname())
    dialed = []
    for _ in range(5):
        near = ends.dial(ha)
        ends.connect(near, ha)
        dialed.append(near.getsockname())
    assert [ends.accept(listener)[1] for _ in dialed] == dialed


def test_closing_a_listener_resets_who_waits(ends):
    listener = ends.listen()
    ha = pair(listener.getsockname())
    near = ends.dial(ha)
    ends.connect(near, ha)
    ends.watch(near)
    listener.close()
    assert ends.failing(lambda: near.recv(10)) == errno.ECONNRESET


def test_paths(ends, tmp_path):
    path = str(tmp_path / "s")
    near = ends.dial(path)
    assert near.connect_ex(path) == errno.ENOENT
    listener = ends.listen(path)
    near = ends.dial(path)
    assert near.connect_ex(path) == 0
    far, ca = ends.accept(listener)
    assert (near.getpeername(), far.getsockname(), ca) == (path, path, "")
    near.send(b"hello")
    assert ends.take(far, 5) == b"hello"


def test_resolving(ends):
    assert ends.net.resolve("") == "0.0.0.0"
    assert ends.net.resolve(HERE) == ends.net.resolve("localhost") == HERE
    assert ends.net.resolve("[::1]") == "::1"
    with pytest.raises(OSError):
        ends.net.resolve("nobody.invalid")


def test_serves_its_own_pollers(ends):
    other = SimNet().poller() if ends.net is osNet else osNet.poller()
    assert ends.net.serves(ends.poller) and not ends.net.serves(other)


# -- bytes ----------------------------------------------------------------------------------------------------------


def test_bytes_both_ways(ends):
    near, far, _ = ends.joined()
    assert near.send(b"ping") == 4
    assert ends.take(far, 4) == b"ping"
    assert far.send(bytearray(b"pong")) == 4
    assert ends.take(near, 4) == b"pong"


def test_nothing_to_read_yet(ends):
    near, far, _ = ends.joined()
    for sock in (near, far):
        with pytest.raises(BlockingIOError):
            sock.recv(10)


def test_send_copies(ends):
    near, far, _ = ends.joined()
    data = bytearray(b"before")
    near.send(data)
    data[:] = b"after!"
    assert ends.take(far, 6) == b"before"


@pytest.mark.parametrize("piece", [b"abc", bytearray(b"abc"), memoryview(b"abc")])
def test_kinds_of_bytes(ends, piece):
    near, far, _ = ends.joined()
    assert near.send(piece) == 3
    assert ends.take(far, 3) == b"abc"


def test_sendmsg_joins(ends):
    near, far, _ = ends.joined()
    assert near.sendmsg([b"ab", bytearray(b"cd"), memoryview(b"ef")]) == 6
    assert ends.take(far, 6) == b"abcdef"


def test_small_reads(ends):
    near, far, _ = ends.joined()
    near.send(b"abcdefgh")
    assert ends.until(lambda: attempt(lambda: far.recv(3))) == b"abc"
    assert far.recv(3) == b"def"
    assert far.recv(3) == b"gh"


def test_several_sends_may_come_in_one_read(ends):
    near, far, _ = ends.joined()
    for piece in (b"a", b"bc", b"def"):
        near.send(piece)
    assert ends.take(far, 6) == b"abcdef"


def test_peek_and_recv_into(ends):
    near, far, _ = ends.joined()
    near.send(b"abc")
    assert ends.until(lambda: attempt(lambda: far.recv(2, socket.MSG_PEEK))) == b"ab"
    buffer = bytearray(8)
    assert far.recv_into(buffer) == 3 and buffer[:3] == b"abc"


def test_buffers_are_finite(ends):
    """A peer that does not read stops who writes; once it reads, all goes on and nothing is lost."""
    near, far, _ = ends.joined()
    pattern = bytes(range(251)) * 400
    sent = bytearray()
    calm = 0
    while calm < 3:  # what is on the way makes room as it arrives
        before = len(sent)
        full(near, pattern, sent)
        assert len(sent) < 64 << 20
        calm = calm + 1 if len(sent) == before else 0
        ends.poller.poll(0.0)
    stopped = len(sent)
    watch = ends.watch(near, WRITE)
    ends.poller.poll(0.0)
    assert near not in watch.writers
    got = bytearray()

    def drain():
        data = attempt(lambda: far.recv(65536))
        if data:
            got.extend(data)
        return near in watch.writers or None

    del ends.watches[near.fileno()]
    ends.until(drain)
    ends.poller.unregister(near)
    assert near.send(b"more") == 4
    sent += b"more"
    got += ends.take(far, len(sent) - len(got))
    assert stopped and got == sent


def full(sock, pattern, sent):
    """Send until there is no room."""
    while (count := attempt(lambda: sock.send(pattern))) is not None:
        sent.extend(pattern[:count])


def test_sizes_of_buffers(ends):
    near, _, listener = ends.joined()
    for sock in (near, listener):
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            assert sock.getsockopt(socket.SOL_SOCKET, option) >= 8096


def test_options_are_kept(ends):
    near, _, _ = ends.joined()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    assert near.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


# -- ends -----------------------------------------------------------------------------------------------------------


def test_half_close(ends):
    near, far, _ = ends.joined()
    near.send(b"question")
    near.shutdown(socket.SHUT_WR)
    assert ends.take(far) == b"question"
    assert far.recv(10) == b""
    far.send(b"answer")
    assert ends.take(near, 6) == b"answer"
    with pytest.raises(BrokenPipeError):
        near.send(b"more")


def test_shut_for_reading(ends):
    near, far, _ = ends.joined()
    near.shutdown(socket.SHUT_RD)
    assert near.recv(10) == b""
    near.send(b"still")
    assert ends.take(far, 5) == b"still"


def test_close_in_good_order(ends):
    near, far, _ = ends.joined()
    near.send(b"last words")
    near.close()
    assert ends.take(far) == b"last words"


def test_close_with_something_unread_resets(ends):
    near, far, _ = ends.joined()
    far.send(b"never read")
    ends.watch(near)
    ends.until(lambda: attempt(lambda: near.recv(1, socket.MSG_PEEK)))
    near.close()
    assert ends.failing(lambda: far.recv(10)) == errno.ECONNRESET


def test_linger_of_zero_resets(ends):
    near, far, _ = ends.joined()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    near.close()
    assert ends.failing(lambda: far.recv(10)) == errno.ECONNRESET
    assert far.recv(10) == b""  # told once
    with pytest.raises(BrokenPipeError):
        far.send(b"x")


def test_what_came_before_a_reset_can_be_read(ends):
    near, far, _ = ends.joined()
    near.send(b"before")
    ends.until(lambda: attempt(lambda: far.recv(1, socket.MSG_PEEK)))
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    near.close()
    ends.watch(far)
    assert ends.take(far, 6) == b"before"
    assert ends.failing(lambda: far.recv(10)) == errno.ECONNRESET


def test_a_reset_is_told_to_who_watches_for_anything(ends):
    near, far, _ = ends.joined()
    watch = ends.watch(far, READ)
    ends.watches.clear()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    near.close()
    ends.until(lambda: far in watch.readers and far in watch.writers)


def test_sending_to_who_has_closed(ends):
    near, far, _ = ends.joined()
    far.close()
    ends.watch(near)
    ends.until(lambda: attempt(lambda: near.recv(10)) == b"")
    assert ends.failing(lambda: near.send(b"x")) == errno.EPIPE


def test_closed(ends):
    near, far, listener = ends.joined()
    for sock in (near, listener):
        sock.close()
        sock.close()
        assert sock.fileno() == -1
        with pytest.raises(OSError) as caught:
            sock.getsockname()
        assert caught.value.errno == errno.EBADF
    for call in (lambda: near.recv(1), lambda: near.send(b"x"), lambda: near.shutdown(socket.SHUT_WR), listener.accept):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == errno.EBADF
    assert near.connect_ex((HERE, 9)) == errno.EBADF


def test_not_connected(ends):
    near = ends.dial((HERE, 9))
    for call, number in (
        (lambda: near.recv(1), errno.ENOTCONN),
        (lambda: near.send(b"x"), errno.EPIPE),
        (near.getpeername, errno.ENOTCONN),
        (lambda: near.shutdown(socket.SHUT_WR), errno.ENOTCONN),
    ):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == number
