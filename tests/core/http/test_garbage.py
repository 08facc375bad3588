"""Anything at all, in any pieces, into a live server: nothing is raised, nothing hangs, nothing is answered twice."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hio.core.http.limiting import Limits
from hio.core.http.serving import BareServer
from hio.sim import SimNet
from tests.core.http.corpus import CASES, chunked, get, post
from tests.core.http.feeding import serve
from tests.core.http.driving import Rig

LIMITS = Limits(body=5000, txMark=2000, rxMark=2000, head=2000, line=500)
EVERY = 3600.0  # seconds: more than any tymeout

REQUESTS = st.sampled_from([
    get(), get(method=b"HEAD"), get(method=b"BREW"), get(target=b"/slow"), get(target=b"/big"), get(target=b"/none"),
    get(target=b"/fail"), get(target=b"/cut"), get(b"Connection: close"), get(version=b"HTTP/1.0"),
    get(b"Connection: keep-alive", version=b"HTTP/1.0"), chunked(b"3\r\nabc\r\n0\r\n\r\n"), b"\r\n",
    post(b"Content-Length: 5", body=b"hello"), post(b"Content-Length: 4000", body=b"x" * 4000),
    post(b"Expect: 100-continue", b"Content-Length: 3", body=b"abc"),
])  # fmt: skip
CORPUS = st.sampled_from([case.raw for case in CASES if len(case.raw) < 400])
PIECES = st.sampled_from([
    b"GET / HTTP/1.1\r\n", b"Host: a\r\n", b"\r\n", b"\n", b"\r", b"0\r\n\r\n", b"Content-Length: 3\r\n", b"abc",
    b"Transfer-Encoding: chunked\r\n", b"X: ", b"\x00", b"\xff", b"GET ",
])  # fmt: skip


class Witness:
    """An application of several moods, which notes the requests that it was called for."""

    def __init__(self):
        self.calls = []
        self.open = 0

    def __call__(self, environ, start_response):
        environ["wsgi.input"].read()
        path = environ["PATH_INFO"]
        self.calls.append(environ["REQUEST_METHOD"])
        number = str(len(self.calls))
        if path == "/fail":
            raise ValueError("on purpose")
        if path == "/none":
            start_response("204 No Content", [("X-Number", number)])
            return []
        start_response("200 OK", [("X-Number", number)])
        return self.body(path) if path in ("/slow", "/big", "/cut") else [b"fine"]

    def body(self, path):
        self.open += 1
        try:
            for _ in range(3):
                yield b"y" * 3000 if path == "/big" else b"y"
                yield b""
                if path == "/cut":
                    raise ValueError("on purpose")
        finally:
            self.open -= 1


def admitted(raw):
    """Return the methods of the requests that raw holds, as the grammar by itself has it."""
    outcomes, _ = serve([raw], LIMITS)
    return [outcome.method for outcome in outcomes if not outcome.status]


def play(rig, pieces, ending):
    """Send pieces to a rig by a new peer, which ends as ending says; return the peer."""
    peer = rig.dial()
    for data, turns, tyme in pieces:
        peer.unsent += data
        rig.tymist.tick(tock=tyme)
        rig.turn(turns)
    rig.turn(2)
    if ending == "finish" and not peer.gone:
        peer.finish()
    elif ending == "reset":
        peer.pump()
        peer.reset()
    return peer


def settle(rig):
    """Let everything come to its end, and see that it does."""
    for _ in range(8):
        rig.turn(40)
        rig.tymist.tick(tock=EVERY)
    rig.turn(5)
    assert rig.empty and not rig.server.fed and not rig.server.closings


PACE = st.integers(0, 3), st.sampled_from([0.0, 0.0, 1.0])  # turns and seconds after a piece
STEPS = st.one_of(
    st.lists(st.tuples(REQUESTS, *PACE), max_size=12),
    st.lists(st.tuples(st.one_of(REQUESTS, REQUESTS, CORPUS, PIECES, st.binary(max_size=10)), *PACE), max_size=12),
)
ENDINGS = st.sampled_from(["stay", "finish", "reset"])


@pytest.mark.parametrize("grain", [8096, 7])
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, ending=ENDINGS, cuts=st.lists(st.integers(1, 50), max_size=3))
def test_any_bytes(grain, steps, ending, cuts):
    """Each admitted request has its answer, in order and well formed, and in the end nothing is left of anybody."""
    app = Witness()
    rig = Rig(app, net=SimNet(tx=grain, rx=grain), bufsize=grain, limits=LIMITS)
    try:
        sound = rig.dial()
        peer = play(rig, [(raw[a:b], turns, tyme) for raw, turns, tyme in steps for a, b in bounds(raw, cuts)], ending)
        settled = app.calls[:]
        settle(rig)
        raw = b"".join(raw for raw, _, _ in steps)
        if ending != "reset":
            verify(peer, app, raw, settled)
        assert app.open == 0 and sound.ended
    finally:
        rig.close()


def bounds(raw, cuts):
    """Yield (start, end) of the pieces of raw that cuts make."""
    at = 0
    for size in cuts:
        if at + size < len(raw):
            yield at, at + size
            at += size
    yield at, len(raw)


def verify(peer, app, raw, settled):
    """See that the answers of peer are those to the requests in raw, in order."""
    answers = [answer for answer in peer.answers(*app.calls) if answer.status >= 200]
    numbers = [int(answer["X-Number"]) for answer in answers if answer["X-Number"]]
    assert numbers == sorted(set(numbers)) and (not numbers or numbers[-1] <= len(app.calls))
    methods = admitted(raw)
    assert app.calls == methods[: len(app.calls)], "the application was called for requests that are none"
    own = answers[: len(app.calls)]
    assert len(own) == len(app.calls) or (peer.broken and len(own) <= len(app.calls)), "one answer to each call"
    assert all(answer.status in (200, 204, 500) for answer in own)
    beyond = answers[len(app.calls) :]
    assert len(beyond) <= 1 and all(400 <= answer.status < 600 and answer.closing for answer in beyond)
    assert all(answer.whole for answer in answers[:-1])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, ending=ENDINGS)
def test_any_bytes_to_a_bare_server(steps, ending):
    rig = Rig(kind=BareServer, net=SimNet(), limits=LIMITS)
    try:
        peer = play(rig, steps, ending)
        settle(rig)
        if ending != "reset":
            methods = admitted(b"".join(raw for raw, _, _ in steps))
            answers = [answer for answer in peer.answers(*methods) if answer.status >= 200]
            fine = [answer for answer in answers if answer.status == 200]
            assert len(fine) <= len(methods) and answers[: len(fine)] == fine and len(answers) - len(fine) <= 1
            assert all(answer.whole for answer in answers)
    finally:
        rig.close()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(STEPS, ENDINGS), min_size=2, max_size=5))
def test_peers_side_by_side(peers):
    """What one peer does has no part in what another gets."""
    app = Witness()
    rig = Rig(app, net=SimNet(tx=1 << 12, rx=1 << 12), bufsize=1 << 12, limits=LIMITS)
    try:
        for steps, ending in peers:
            play(rig, steps, ending)
        sound = rig.dial()
        (answer,) = sound.ask(get(target=b"/slow"))
        assert answer.body == b"yyy"
        settle(rig)
        assert app.open == 0
    finally:
        rig.close()
