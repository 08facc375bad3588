"""Old defects of HTTP servers, put back into a copy of ours: each is caught by a sweep over a few seeds."""

from __future__ import annotations

import logging
import re

import pytest

from hio.core import http
from hio.core.http import serving
from hio.core.http.responding import Responder
from hio.sim import SimFailure, run

from hio.sim.loading import Ask, Visit, load
from tests.sim.serving import crowd, serve

SEEDS = range(20)


# -- 1. responses are cut at the reset, or at the end, of a connection -----------------------------------------------


class DropsAtTheEnd(http.Server):
    """The peer sends no more: whatever is being answered is dropped."""

    def ended(self, req, ix):
        self.drop(req)


class DoesNotLinger(http.Server):
    """Closes at once though the peer still sends: a reset kills what is not sent yet."""

    def conclude(self, req):
        super().conclude(req)
        self.drop(req)


# -- 2. pipelined responses swapped ----------------------------------------------------------------------------------


class Swap:
    """Stands between a responder and its connection, and has one response wait for the next."""

    def __init__(self, ix):
        self.ix = ix
        self.held = None  # a response that waits
        self.holding = False

    def begin(self, more):
        self.holding = more and self.held is None
        if self.holding:
            self.held = bytearray()

    def tx(self, data):
        if self.holding:
            self.held += data
        else:
            self.ix.tx(data)

    def end(self):
        if not self.holding and self.held:
            self.ix.tx(self.held)
            self.held = None
        self.holding = False


class SwapsPipelined(http.Server):
    """Of two requests that came together the second is answered first."""

    def admit(self, req):
        super().admit(req)
        rep, ix = req.responder, req.remoter
        if not isinstance(rep.incomer, Swap):
            rep.incomer = Swap(ix)
            rep.push = rep.incomer.tx
        rep.incomer.begin(len(ix.rxbs) > 0)

    def answered(self, req, persisted):
        if isinstance(req.responder.incomer, Swap):
            req.responder.incomer.end()
        super().answered(req, persisted)


# -- 3. the iterable is closed twice, or never -----------------------------------------------------------------------


class ClosesTwice(Responder):
    def release(self):
        iterable = self.iterable
        super().release()
        if hasattr(iterable, "close"):
            iterable.close()


class NeverCloses(Responder):
    def release(self):
        self.iterable = None


# -- 4. the end of chunks is sent after an error of the application --------------------------------------------------


class CompletesWhatFailed(Responder):
    def fail(self, ex):
        if self.headed and self.chunked and not self.ended:
            self.incomer.tx(b"0\r\n\r\n")
        super().fail(ex)


# -- 5. state of one request leaks into the next of its connection ---------------------------------------------------


class LeaksFraming(Responder):
    """Only the first response on a connection knows that it may be chunked."""

    def __init__(self, *pa, **kwa):
        self.count = 0
        super().__init__(*pa, **kwa)

    def reset(self, environ, chunkable=None, persisted=None):
        super().reset(environ, chunkable, persisted)
        self.count += 1

    def build(self):
        persisted = self.persisted
        if self.count > 1:
            self.chunkable = False
        head = super().build()
        self.persisted = persisted
        return head.replace(b"Connection: close\r\n", b"") if self.count > 1 else head


class LeaksEnviron(http.Server):
    """Fields of earlier requests are seen in later ones."""

    def buildEnviron(self, requestant):
        environ = super().buildEnviron(requestant)
        last = getattr(requestant.responder, "last", {})
        for name, value in last.items():
            environ.setdefault(name, value)
        return environ

    def admit(self, req):
        super().admit(req)
        rep = req.responder
        rep.last = {name: value for name, value in rep.environ.items() if name.startswith(("HTTP_", "CONTENT_"))}


# -- and some more, of bytes and books -------------------------------------------------------------------------------


class LosesAByte(Responder):
    """The last byte of a large item is lost."""

    def frame(self, item):
        return super().frame(item[:-1] if self.chunkable and self.length is None and len(item) > 1000 else item)


class AnswersHeadWithABody(Responder):
    @property
    def bodiless(self):
        return self.plan.bodiless


class LeavesUnanswered(http.Server):
    """Ends the connection after its third request, which it has read."""

    count = 0

    def admit(self, req):
        self.count += 1
        if self.count % 3 == 0:
            self.drop(req)
        else:
            super().admit(req)


class ForgetsToClose(http.Server):
    """A connection of which the books know nothing any more stays open."""

    def drop(self, req):
        req.remoter.heed(0)
        self.forget(req)

    cut = drop


SERVERS = {
    DropsAtTheEnd: "amid its response|without an answer",
    DoesNotLinger: "amid its response|without an answer",
    SwapsPipelined: "the application gave|application says|status line|before the application does",
    LeaksEnviron: "the application is given",
    LeavesUnanswered: "without an answer",
    ForgetsToClose: "is left open",
}
RESPONDERS = {
    ClosesTwice: "closed a second time",
    NeverCloses: "is not closed|was never closed",
    CompletesWhatFailed: "though the application failed amid it",
    LeaksFraming: "whose body has no end",
    LosesAByte: "where the application gave|bytes of",
    AnswersHeadWithABody: "no status line|sends more after",
}


@pytest.fixture(autouse=True)
def quiet():
    """The application fails as asked for, and servers log that."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def sweep(kind=http.Server, seeds=SEEDS):
    """Return the failures of a sweep, by seed."""
    failures = {}
    for seed in seeds:
        try:
            run(lambda sim: crowd(sim, kind), seed)
        except SimFailure as failure:
            failures[seed] = failure
    return failures


def test_nothing_is_found_in_the_server_as_it_is():
    assert sweep() == {}


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.__name__)
def test_defect_of_a_server_is_caught(kind):
    check(sweep(kind), SERVERS[kind])


@pytest.mark.parametrize("kind", RESPONDERS, ids=lambda kind: kind.__name__)
def test_defect_of_a_responder_is_caught(kind, monkeypatch):
    monkeypatch.setattr(serving, "Responder", kind)
    check(sweep(), RESPONDERS[kind])


def check(failures, rule):
    """The sweep found what it should, and says where."""
    found = [failure for failure in failures.values() if re.search(rule, failure.reason)]
    assert found, [failure.reason for failure in failures.values()]
    for failure in found:
        assert failure.cause == "oracle"
        assert re.search(r"connection #\d+|no connection in particular", failure.reason)
        assert re.search(r"tyme \d+\.\d+, event \d+", failure.reason)


def test_a_failing_seed_fails_again_in_the_same_way():
    first = sweep(SwapsPipelined)
    seed = min(first)
    again = sweep(SwapsPipelined, [seed])[seed]
    assert (again.reason, again.digest) == (first[seed].reason, first[seed].digest)


def test_a_response_that_is_broken_off_does_not_take_the_one_before_it_along():
    """Found by a sweep: the body that only the end of the connection ends is broken off by a reset, behind another."""
    asks = (Ask(target="/?what=items&count=20&size=9000"), Ask(target="/?what=items&count=3&fail=2", minor=0))

    def scenario(sim):
        sim.host("server", serve(), tx=20_000)
        sim.client("client", load("server", 80, [Visit(asks, pipelined=True)]), rx=8_000)
        sim.link("client", "server", latency=0.01)
        sim.run(limit=600.0)

    run(scenario)
