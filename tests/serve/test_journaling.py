"""One entry a request, whatever becomes of it."""

from __future__ import annotations

import pytest

from hio.core.http.limiting import Limits
from hio.serve.journaling import CountJournal, JournalDoer
from tests.core.http.driving import EPOCH
from tests.serve.rigging import GET, PLAIN, records, streaming


def test_a_request(rigs):
    rig = rigs()
    peer = rig.dial()
    peer.ask(b"GET /x?y HTTP/1.0\r\nHost: a\r\nReferer: /r\r\nUser-Agent: me\r\n\r\n")
    (record,) = records(rig)
    assert record._replace(began=0) == (
        0, "n-1", "127.0.0.1", "GET", "/x?y", "HTTP/1.0", 200, 0, 2, "/r", "me", 0.0, 0.0, 0.0, "",
    )
    assert record.began == pytest.approx(EPOCH)


def test_one_record_a_request_in_order(rigs):
    rig = rigs()
    peer = rig.dial()
    peer.ask(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(5)), count=5)
    peer.ask(GET, count=6)
    assert [record.target for record in records(rig)] == ["/0", "/1", "/2", "/3", "/4", "/x"]
    assert len({record.id for record in records(rig)}) == 6


def test_the_phases_of_a_request_that_takes_its_time(rigs):
    rig = rigs(streaming(PLAIN, [b"", b"ab", b"c"]))
    peer = rig.dial()
    peer.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n")
    rig.tymist.tick(tock=1.0)
    peer.send(b"\r\nbo")
    rig.tymist.tick(tock=1.0)
    peer.unsent += b"dy"
    peer.pump()
    rig.server.service()
    rig.tymist.tick(tock=4.0)
    peer.ask()
    (record,) = records(rig)
    assert (record.wait, record.app, record.send) == (2.0, 4.0, 0.0)
    assert (record.received, record.sent, record.status) == (4, 3, 200)


def large(environ, start_response):
    """Answer with more than a peer that does not read takes, as a whole."""
    start_response(*PLAIN)
    return [b"x" * 60_000]


def test_an_answer_that_is_taken_late_is_recorded_when_all_is_sent(rigs):
    rig = rigs(large)
    peer = rig.choke()
    peer.send(GET)
    rig.turn(5)
    assert records(rig) == []
    rig.tymist.tick(tock=2.0)
    peer.reading = True
    peer.ask()
    (record,) = records(rig)
    assert record.send == 2.0 and record.sent == 60_000 and record.cause == ""


@pytest.mark.parametrize("app, size", [(large, 60_000), (streaming(PLAIN, [b"x" * 3_000_000]), 3_000_000)])
def test_a_peer_that_leaves_before_all_is_sent(rigs, app, size):
    rig = rigs(app)
    peer = rig.choke()
    peer.send(GET)
    rig.turn(5)
    peer.reset()
    rig.until(lambda: not rig.server.reqs)
    (record,) = records(rig)
    assert record.status == 200 and 0 < record.sent < size and record.cause == "peer reset"


def test_a_peer_that_takes_nothing(rigs):
    rig = rigs(streaming(PLAIN, [b"x" * 3_000_000]), limits=Limits(stallTymeout=3.0))
    peer = rig.choke()
    peer.send(GET)
    rig.turn(5)
    rig.wait(4.0)
    rig.until(lambda: not rig.server.reqs)
    assert [record.cause for record in records(rig)] == ["stalled"]


@pytest.mark.parametrize("raw, status, told", [
    (b"GET /x HTTP/1.1\r\n\r\n", 400, ("GET", "/x")),
    (b"G\x00T /x HTTP/1.1\r\n\r\n", 400, ("-", "-")),
    (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414, ("-", "-")),
])
def test_refused_requests(rigs, raw, status, told):
    rig = rigs()
    rig.dial().ask(raw)
    (record,) = records(rig)
    assert record.status == status and record.cause.startswith("refused: ") and record.sent > 0
    assert record.method in (told[0], "-") and record.target in (told[1], "-")


def test_a_head_that_does_not_come(rigs):
    rig = rigs()
    peer = rig.dial().send(b"GET /x HT")
    rig.wait(11.0)
    peer.ask()
    (record,) = records(rig)
    assert record.status == 408 and record.wait == pytest.approx(11.0)


@pytest.mark.parametrize("items, status, cause", [
    ([RuntimeError("no")], 500, "application raised RuntimeError"),
    ([b"a", RuntimeError("no")], 200, "application raised RuntimeError"),
])
def test_an_application_that_fails(rigs, items, status, cause):
    rig = rigs(streaming(PLAIN, items))
    peer = rig.dial().send(GET)
    rig.until(lambda: peer.rx)
    rig.turn(3)
    (record,) = records(rig)
    assert (record.status, record.cause) == (status, cause)


def test_a_peer_that_leaves_while_the_application_is_at_it(rigs):
    rig = rigs(streaming(PLAIN, [b"abc"] + [b""] * 100))
    peer = rig.dial().send(GET)
    peer.reset()
    rig.until(lambda: not rig.server.reqs)
    (record,) = records(rig)
    assert (record.status, record.sent, record.cause) == (200, 3, "peer reset")


def test_a_peer_that_leaves_before_there_is_an_answer(rigs):
    rig = rigs(streaming(PLAIN, [b""] * 100))
    peer = rig.dial().send(GET)
    peer.reset()
    rig.until(lambda: not rig.server.reqs)
    (record,) = records(rig)
    assert (record.status, record.sent) == (None, 0)


def test_a_server_that_closes(rigs):
    rig = rigs(streaming(PLAIN, [b"abc"] + [b""] * 100))
    rig.dial().send(GET)
    rig.dial()
    rig.server.close()
    assert [record.cause for record in records(rig)] == ["server closed"]


def test_a_stream_that_a_retiring_server_ends(rigs):
    rig = rigs(streaming(("200 OK", [("Content-Type", "text/event-stream")]), [b"data: 1\n\n"] + [b""] * 100))
    rig.dial().send(GET)
    rig.server.retire()
    rig.turn(3)
    assert [record.cause for record in records(rig)] == ["server retired"]


def test_connections_without_a_request_are_no_requests(rigs):
    rig = rigs()
    rig.dial().close()
    rig.dial()
    rig.wait(60.0)
    rig.server.close()
    assert records(rig) == []


def test_counting(rigs):
    rig = rigs(journal=CountJournal)
    peer = rig.dial()
    peer.ask(GET * 3, count=3)
    rig.dial().ask(b"nonsense\r\n\r\n")
    assert rig.journal.count == 3


def test_the_doer_hands_on_after_a_moment(rigs):
    rig = rigs()
    doer = JournalDoer(rig.journal)
    dog = doer(tymth=rig.tymist.tymen(), tock=0.0)
    next(dog)
    rig.dial().ask(GET)
    dog.send(rig.tymist.tyme)
    assert rig.sink.records == []
    rig.tymist.tick(tock=0.5)
    dog.send(rig.tymist.tyme)
    assert len(rig.sink.records) == 1
    rig.dial().ask(GET)
    dog.close()
    assert len(rig.sink.records) == 2
