"""What any Net must do for who waits: its sockets and pollers, of the operating system and simulated."""

from __future__ import annotations

from hio.base.polling import READ, WRITE, Watch
from hio.core.tcp.netting import pair
from tests.core.tcp.ends import TURNS, WAIT


def test_readable_is_told_until_it_is_read(ends):
    near, far, _ = ends.joined()
    watch = ends.watch(far)
    ends.watches.clear()
    near.send(b"abc")
    ends.until(lambda: far in watch.readers)
    for _ in range(3):
        watch.readers.clear()
        ends.poller.poll(0.0)
        assert watch.readers == [far]
    far.recv(10)
    watch.readers.clear()
    ends.poller.poll(0.0)
    assert watch.readers == [] and watch.writers == []


def test_a_watch_is_woken_once(ends):
    near, far, listener = ends.joined()
    watch = Watch(poller=ends.poller)
    for sock in (near, far):
        ends.poller.register(sock, watch, sock, READ)
    near.send(b"a")
    far.send(b"b")
    for _ in range(TURNS):
        if near in watch.readers and far in watch.readers:
            break
        ends.poller.poll(WAIT)
    assert ends.poller.woken == [watch] and watch.woken


def test_a_listener_is_readable_while_somebody_waits(ends):
    listener = ends.listen()
    ha = pair(listener.getsockname())
    watch = ends.watch(listener)
    ends.watches.clear()
    ends.connect(ends.dial(ha), ha)
    ends.until(lambda: listener in watch.readers)
    ends.accept(listener)
    watch.readers.clear()
    ends.poller.poll(0.0)
    assert watch.readers == []


def test_writable_is_told_as_long_as_it_is_asked(ends):
    near, _, _ = ends.joined()
    watch = ends.watch(near, READ | WRITE)
    ends.poller.poll(0.0)
    assert watch.writers == [near] and watch.readers == []
    ends.poller.modify(near, READ)
    watch.writers.clear()
    ends.poller.poll(0.0)
    assert watch.writers == []


def test_who_left_is_told_nothing(ends):
    near, far, _ = ends.joined()
    watch = ends.watch(far)
    ends.watches.clear()
    near.send(b"abc")
    ends.until(lambda: far in watch.readers)
    watch.readers.clear()
    ends.poller.unregister(far)
    ends.poller.unregister(far)
    ends.poller.poll(0.0)
    assert watch.readers == []
    ends.poller.register(far, watch, "thing", READ)  # what waits is told to who comes late
    ends.until(lambda: "thing" in watch.readers)


def test_moving_from_poller_to_poller(ends):
    near, far, _ = ends.joined()
    ends.watch(far)
    near.send(b"abc")
    ends.poller.poll(WAIT)
    ends.poller.unregister(far)
    other = ends.net.poller()
    watch = Watch(poller=other)
    other.register(far, watch, far, READ)
    other.poll(WAIT)
    assert watch.readers == [far] and far.recv(10) == b"abc"
    other.close()
    near.send(b"def")
    watch = ends.watch(far)
    ends.watches.clear()
    ends.until(lambda: far in watch.readers)


def test_end_of_file_is_readable(ends):
    near, far, _ = ends.joined()
    watch = ends.watch(far)
    ends.watches.clear()
    near.close()
    ends.until(lambda: far in watch.readers)
    assert far.recv(10) == b""


def test_pollers_count_and_forget(ends):
    near, far, _ = ends.joined()
    ends.watch(near)
    ends.watch(far)
    assert len(ends.poller) == 2
    ends.poller.close()
    assert len(ends.poller) == 0
