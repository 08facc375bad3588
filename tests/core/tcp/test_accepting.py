"""Acceptors in hard times: attempts that fail, descriptors that run out, storms, and a bound on connections."""

from __future__ import annotations

import errno

import pytest

from hio.sim.listening import SimListener
from tests.core.tcp.pairs import TOCK


class Scripted(SimListener):
    """A listening socket whose accept raises what it is told, one each call: a network does not run out of
    descriptors or memory, its host does."""

    def __init__(self, *pa):
        super().__init__(*pa)
        self.script = []

    def accept(self):
        if self.script:
            raise OSError(self.script.pop(0), "fault of the test")
        return super().accept()

    def mask(self):
        return self.events if self.script else super().mask()

    def befall(self, *codes):
        """Have the next calls of accept raise codes."""
        self.script = list(codes)
        self.tell()


@pytest.fixture
def scripted(pairs, monkeypatch):
    monkeypatch.setattr("hio.sim.netting.SimListener", Scripted)
    return pairs


@pytest.mark.parametrize("code", [errno.ECONNABORTED, errno.EPERM, errno.EPROTO, errno.ENETDOWN])
def test_accept_skips(scripted, code):
    """What befell one connection attempt is no reason to stop."""
    each = scripted()
    each.server.ss.befall(code, code, code)
    client, ix = each.pair()
    assert ix in each.server.ixes.values() and not each.server.ss.script


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
@pytest.mark.parametrize("wound", [True, False])
def test_accept_pauses(scripted, code, wound):
    """Out of descriptors: accepting pauses, connections that stand are served, then it resumes."""
    each = scripted(wound=wound)
    client, ix = each.pair()
    each.server.ss.befall(code)
    late = each.client()
    each.server.service()
    assert len(each.server.ixes) == 1
    assert not each.server.ss.script
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
    each = scripted()
    client, ix = each.pair()
    each.server.ss.befall(errno.EMFILE)
    each.client()
    each.turn(3)
    assert list(each.server.ixes) == [ix.ca]
    each.server.closeIx(ix.ca)
    each.server.removeIx(ix.ca)
    each.turn(2)
    assert len(each.server.ixes) == 1 and ix.ca not in each.server.ixes


def test_accept_after_foreign_close(scripted):
    """Somebody closed the listening socket behind the servant's back: that is the program's error, and raised."""
    each = scripted()
    each.server.ss.befall(errno.EBADF)
    with pytest.raises(OSError):
        each.server.accept()


def test_accept_takes_one(pairs):
    """accept() answers a socket and an address, or (None, None)."""
    each = pairs()
    assert each.server.accept() == (None, None)
    with each.raw() as sock:
        cs, ca = each.server.accept()
        assert ca == sock.getsockname() and cs.gettimeout() == 0.0
        cs.close()
    with each.raw() as sock:
        each.server.serviceAccepts()
        assert each.server.axes[0][1] == sock.getsockname() and not each.server.ixes
        each.server.close()
        assert not each.server.axes


def test_connection_limit(pairs):
    """The others wait in the backlog until one leaves."""
    each = pairs(connections=2)
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
    each = pairs()
    for _ in range(10):
        each.client().service()  # sends the request for a connection
    each.server.service()
    assert len(each.server.ixes) == 4
    each.server.service()
    each.server.service()
    assert len(each.server.ixes) == 10
