"""How a server ends: nothing that it has seen of a request is lost, and nothing goes on for ever."""

from __future__ import annotations

import pytest

from hio.core.http.serving import BareServer
from tests.core.http.apps import Iterable, hello
from tests.core.http.driving import Rig

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
PLAIN = ("200 OK", [("Content-Type", "text/plain")])
EVENTS = ("200 OK", [("Content-Type", "text/event-stream")])


@pytest.fixture
def rigs():
    """Make a Rig; all are closed in the end."""
    made = []

    def make(app=hello, **kwa):
        made.append(Rig(app, **kwa))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def streaming(head, iterable):
    """Return an app that answers with iterable under head."""

    def app(environ, start_response):
        start_response(*head)
        return iterable

    return app


def test_nobody_comes_in_any_more(rigs):
    rig = rigs()
    rig.server.retire()
    assert rig.server.retired and rig.server.retiring
    assert not rig.server.servant.ss
    rig.turn(3)  # it may still be serviced, and told again
    rig.server.retire()


def test_who_waits_at_the_door_is_served(rigs):
    rig = rigs()
    peer = rig.dial(taken=False)
    peer.unsent += GET
    peer.pump()
    rig.server.retire()
    rig.until(lambda: peer.gone)
    (answer,) = peer.answers()
    assert answer.status == 200 and answer.whole


@pytest.mark.parametrize("kind", [None, BareServer])
def test_a_request_on_its_way_is_answered_and_told_that_it_is_the_last(rigs, kind):
    rig = rigs() if kind is None else rigs(None, kind=kind)
    peer = rig.dial()
    peer.ask(GET)
    rig.server.retire(patience=1.0)
    rig.turn(3)
    assert not peer.gone  # a request may be under way
    answers = peer.ask(GET, count=2)
    assert [answer.whole for answer in answers] == [True, True]
    assert [answer.closing for answer in answers] == [False, True]
    rig.until(lambda: peer.ended)
    peer.close()
    rig.until(lambda: rig.server.retired)


def test_a_connection_that_rests_is_closed_after_some_patience(rigs):
    rig = rigs()
    peer, other = rig.dial(), rig.dial()
    peer.ask(GET)
    rig.server.retire(patience=1.0)
    rig.wait(0.9)
    assert not peer.gone and not other.gone and not rig.server.retired
    rig.wait(0.2)
    assert peer.ended and other.ended and rig.server.retired


def test_a_request_of_the_last_moment_is_answered(rigs):
    """It lies in the kernel when the tymeout of its connection is due."""
    rig = rigs()
    peer = rig.dial()
    rig.server.retire(patience=1.0)
    peer.unsent += GET
    peer.pump()
    rig.tymist.tick(tock=2.0)
    rig.until(lambda: peer.gone)
    assert [answer.status for answer in peer.answers()] == [200]


def test_half_a_request_may_become_whole(rigs):
    rig = rigs()
    peer = rig.dial().send(GET[:9])
    rig.server.retire(patience=1.0)
    rig.wait(0.5)
    assert rig.server.leftovers() == [f"request without a head from {peer.ca} in phase HEAD"]
    (answer,) = peer.ask(GET[9:])
    assert answer.status == 200 and answer.closing


def test_half_a_head_is_not_waited_for_longer_than_a_connection_that_rests(rigs):
    rig = rigs()
    peer = rig.dial().send(GET[:9])
    rig.server.retire(patience=1.0)
    rig.wait(1.1)
    (answer,) = peer.ask()
    assert answer.status == 408 and peer.ended


def test_pipelined_requests_are_all_answered(rigs):
    rig = rigs()
    peer = rig.dial()
    peer.unsent += GET * 3
    peer.pump()
    rig.server.retire()
    answers = peer.ask(count=3)
    assert [answer.closing for answer in answers] == [False, False, True]
    rig.until(lambda: peer.ended)


def test_a_response_under_way_goes_on_to_its_end(rigs):
    rig = rigs(streaming(PLAIN, Iterable([b"a", b"", b"", b"b"])))
    peer = rig.dial().send(GET)
    rig.server.retire(patience=1.0)
    (answer,) = peer.ask()
    assert answer.whole and answer.body == b"ab" and not answer.closing  # its head was out before
    rig.wait(1.1)
    assert peer.ended


def test_a_response_without_a_head_yet_says_that_it_is_the_last(rigs):
    rig = rigs(streaming(PLAIN, Iterable([b"", b"", b"b"])))
    peer = rig.dial()
    peer.unsent += GET
    peer.pump()
    rig.server.service()
    rig.server.retire()
    (answer,) = peer.ask()
    assert answer.whole and answer.body == b"b" and answer.closing
    rig.until(lambda: peer.ended)


def test_an_event_stream_is_ended_in_good_order(rigs):
    def events():
        yield b"data: 1\n\n"
        while True:
            yield b""

    iterable = Iterable(events())
    rig = rigs(streaming(EVENTS, iterable))
    peer = rig.dial().send(GET)
    rig.turn(5)
    assert not peer.gone and not iterable.closed
    rig.server.retire()
    rig.until(lambda: peer.ended)
    (answer,) = peer.answers()
    assert answer.whole and answer.body == b"data: 1\n\n" and iterable.closed == 1
    peer.close()
    rig.until(lambda: rig.server.retired)


def test_an_event_stream_that_said_nothing_yet(rigs):
    iterable = Iterable([b""] * 1000)
    rig = rigs(streaming(EVENTS, iterable))
    peer = rig.dial().send(GET)
    rig.server.retire()
    rig.until(lambda: peer.ended)
    (answer,) = peer.answers()
    assert answer.status == 200 and answer.whole and answer.body == b"" and answer.closing and iterable.closed == 1


def test_what_is_left_at_the_deadline_can_be_told(rigs):
    iterable = Iterable([b"a"] + [b""] * 1000)
    rig = rigs(streaming(PLAIN, iterable))
    peer = rig.dial().send(GET)
    rig.server.retire()
    rig.wait(5.0)
    assert rig.server.leftovers() == [f"GET '/x' from {peer.ca} in phase ANSWER"]
    rig.server.close()
    rig.turn()
    assert not peer.answers()[0].whole and iterable.closed == 1


# ---------------------------------------------------------------- iterators that call back


class Parking:
    """An iterator that parks itself until it has something."""

    def __init__(self):
        self.parked = False
        self.items = []
        self.asked = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.asked += 1
        if not self.items:
            self.parked = True
            return b""
        item = self.items.pop(0)
        if item is None:
            raise StopIteration
        return item


def test_an_iterator_that_parks_itself_is_asked_again_when_it_calls(rigs):
    parking = Parking()
    rig = rigs(streaming(PLAIN, parking))
    peer = rig.dial().send(GET)
    req = rig.server.reqs[peer.ca]
    rig.wait(1.0)
    assert parking.asked == 1 and not rig.server.waiting
    parking.items += [b"a", b"b", None]
    rig.server.rouse(req)
    rig.server.rouse(req)  # once is enough
    (answer,) = peer.ask()
    assert answer.body == b"ab"
    rig.server.rouse(req)
    peer.ask(GET[:5])  # the connection goes on


def test_one_that_calls_when_its_peer_is_gone(rigs):
    parking = Parking()
    rig = rigs(streaming(PLAIN, parking))
    peer = rig.dial().send(GET)
    req = rig.server.reqs[peer.ca]
    peer.reset()
    rig.until(lambda: not rig.server.reqs)
    rig.server.rouse(req)
    rig.turn(3)
    assert rig.empty
