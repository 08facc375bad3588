"""Whatever a server does: every request has one answer, nothing is raised, nothing is mixed up, nothing hangs."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hio.core.http.bounding import Bounds
from tests.core.http.scripting import Stage, moved, ok

PIECES = [
    ok(b"whole"), ok(b"last", b"Connection: close"), ok(b""), b"HTTP/1.1 200 OK\r\n",
    b"Content-Length: 3\r\n\r\n", b"abc", b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n",
    b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
    moved("/elsewhere"), moved("http://10.0.0.2:8001/"), ok(b"busy", b"Retry-After: 1", status=b"503 Busy"),
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", b"data: x\n\n", b"\0garbage\r\n",
    b"HTTP/9.9 1 x\r\n\r\n",
]  # fmt: skip

DEEDS = ["close", "reset", "wait", "ask", "turn"]
ACTIONS = st.lists(
    st.one_of(st.sampled_from(PIECES), st.binary(max_size=8), st.sampled_from(DEEDS)), max_size=25
)

BOUNDS = Bounds(body=100, connectTymeout=3.0, headTymeout=3.0, stallTymeout=3.0, totalTymeout=20.0, redirects=2,
                backoff=0.5, backoffMost=1.0)


def play(stage, actions, ask):
    """Have the server do actions while requests are made, then let every tymeout pass."""
    for action in actions:
        if action == "ask":
            ask()
        elif action == "wait":
            stage.turn(1, tock=1.0)
        elif action == "turn":
            stage.turn()
        elif stage.fars and not stage.far.closed:
            if action == "close":
                stage.far.close()
            elif action == "reset":
                stage.far.reset()
            else:
                stage.far.say(action)
                stage.turn()
    stage.turn(400, tock=0.5)


@settings(max_examples=150)
@given(actions=ACTIONS, depth=st.sampled_from([1, 3]), retries=st.sampled_from([0, 2]))
def test_a_queue(actions, depth, retries):
    stage = Stage(8000, 8001)
    client = stage.client(bounds=BOUNDS, depth=depth, retries=retries)
    asked = []

    def ask():
        asked.append(len(asked))
        client.request("POST" if len(asked) % 3 == 0 else "GET", "/", tag=asked[-1])

    ask()
    play(stage, actions, ask)
    streaming = client.waited and client.streaming
    answered = [record["request"]["tag"] for record in client.responses]
    assert answered == asked[: len(answered)]
    assert streaming or len(answered) == len(asked)
    for record in client.responses:
        assert record["errored"] is bool(record["error"])
        assert record["errored"] or record["status"] is not None
        assert len(record["body"]) <= 100
    stage.close()


@settings(max_examples=150)
@given(actions=ACTIONS, depth=st.sampled_from([1, 3]), retries=st.sampled_from([0, 2]))
def test_calls_of_a_pool(actions, depth, retries):
    stage = Stage(8000, 8001)
    pool = stage.pool(bounds=BOUNDS, depth=depth, retries=retries, perHost=2, total=3)
    calls, waits = [], []

    def ask():
        calls.append(pool.begin("POST" if len(calls) % 3 == 2 else "GET", "http://10.0.0.2:8000/"))
        waits.append(iter(calls[-1]))

    ask()
    play(stage, actions, ask)
    for wait in waits:
        for _ in wait:
            stage.turn(1, tock=0.5)
            assert stage.tymist.tyme < 1000.0
    assert all(call.done for call in calls)
    assert pool.size <= 3 and not pool.hungry and not pool.delayed
    assert pool.size == len(pool.idle) == sum(len(lane.channels) for lane in pool.lanes.values())
    stage.close()
