"""Acceptors in hard times: attempts that fail, descriptors that run out, storms, and a bound on connections."""

from __future__ import annotations

import errno
import socket

import pytest

from tests.core.tcp.memory import MemoryListener, MemoryNet
from tests.core.tcp.pairs import TOCK, Pairs


@pytest.fixture
def pairs():
    """Make pairs(net=None, **kwa): a servant and its clients."""
    made = []

    def make(*pa, **kwa):
        made.append(Pairs(*pa, **kwa))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Scripted(MemoryListener):
    """A listening socket whose accept raises what it is told, one each call."""

    def __init__(self, net, name):
        super().__init__(net, name)
        self.script = []

    def accept(self):
        if self.script:
            raise OSError(self.script.pop(0), "fault of the test")
        return super().accept()

    def ready(self):
        return 1 if self.script or self.backlog else 0


@pytest.fixture
def scripted(pairs, monkeypatch):
    monkeypatch.setattr("tests.core.tcp.memory.MemoryListener", Scripted)
    return pairs(MemoryNet())


@pytest.mark.parametrize("code", [errno.ECONNABORTED, errno.EPERM, errno.EPROTO, errno.ENETDOWN])
def test_accept_skips(scripted, code):
    """What befell one connection attempt is no reason to stop."""
    scripted.server.ss.script = [code] * 3
    client, ix = scripted.pair()
    assert ix in scripted.server.ixes.values()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
@pytest.mark.parametrize("wound", [True, False])
def test_accept_pauses(pairs, monkeypatch, code, wound):
    """Out of descriptors: accepting pauses, connections that stand are served, then it resumes."""
    monkeypatch.setattr("tests.core.tcp.memory.MemoryListener", Scripted)
    each = pairs(MemoryNet(), wound=wound)
    client, ix = each.pair()
    each.server.ss.script = [code]
    late = each.client()
    each.server.service()
    assert len(each.server.ixes) == 1
    each.server.ss.script = [] if not wound else each.server.ss.script
    client.tx(b"abc")
    each.until(lambda: ix.rxbs == b"abc")
    if wound:
        assert len(each.server.ixes) == 1, "it waits for its pause to end"
        each.wait(1.0 - TOCK)
        assert len(each.server.ixes) == 1
        each.wait(TOCK)
    each.turn(2)
    assert len(each.server.ixes) == 2 and late.connected


def test_accept_resumes_when_one_leaves(scripted):
    """A descriptor became free: there is no need to wait for the end of the pause."""
    client, ix = scripted.pair()
    scripted.server.ss.script = [errno.EMFILE]
    scripted.client()
    scripted.turn(3)
    assert len(scripted.server.ixes) == 1
    scripted.server.closeIx(ix.ca)
    scripted.server.removeIx(ix.ca)
    scripted.turn(2)
    assert len(scripted.server.ixes) == 1 and ix.ca not in scripted.server.ixes


def test_accept_after_foreign_close(scripted):
    """Somebody closed the listening socket behind the servant's back: that is the program's error, and raised."""
    scripted.server.ss.script = [errno.EBADF]
    with pytest.raises(OSError):
        scripted.server.accept()


def test_accept_takes_one(pairs):
    """accept() answers a socket and an address, or (None, None)."""
    each = pairs()
    assert each.server.accept() == (None, None)
    with socket.create_connection(each.server.eha) as sock:
        cs = None
        while cs is None:
            cs, ca = each.server.accept()
        assert ca == sock.getsockname() and not cs.getblocking()
        cs.close()
    with socket.create_connection(each.server.eha) as sock:
        while not each.server.axes:
            each.server.serviceAccepts()
        assert each.server.axes[0][1] == sock.getsockname() and not each.server.ixes
        each.server.close()
        assert not each.server.axes


def test_connection_limit(pairs):
    """The others wait in the backlog until one leaves."""
    each = pairs(MemoryNet(), connections=2)
    clients = [each.client() for _ in range(5)]
    each.turn(5)
    assert len(each.server.ixes) == 2
    for _ in range(3):
        ca = next(iter(each.server.ixes))
        each.server.removeIx(ca)
        each.turn(3)
        assert len(each.server.ixes) == 2
    assert all(client.connected for client in clients)


def test_a_storm_of_connections_does_not_hold_the_turn(pairs, monkeypatch):
    monkeypatch.setattr("hio.core.tcp.accepting.AcceptBudget", 4)
    each = pairs(MemoryNet())
    for _ in range(10):
        each.client().service()
    each.server.service()
    assert len(each.server.ixes) == 4
    each.server.service()
    each.server.service()
    assert len(each.server.ixes) == 10
