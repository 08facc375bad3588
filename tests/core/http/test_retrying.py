"""Which requests are made again, and after how long."""

from __future__ import annotations

import random  # noqa: TID251  # of known seeds

import pytest

from hio.core.http.answering import parseResponseHead
from hio.core.http.bounding import Bounds
from hio.core.http.failing import Mishap
from hio.core.http.replying import Reply
from hio.core.http.retrying import backoff, delay, renewable, retryAfter

NOW = 784111777.0
BOUNDS = Bounds(backoff=1.0, backoffMost=8.0, retryAfterMost=60.0)


def reply(status, *lines):
    """Return a Reply with that status and those field lines."""
    answer = Reply()
    answer.head = parseResponseHead("\r\n".join([f"HTTP/1.1 {status} X", *lines]).encode())
    answer.status = status
    return answer


def wait(tries, answer, method="GET", retries=3):
    """Return the delay with fixed dice."""
    return delay(tries, retries, method, answer, BOUNDS, random.Random(1), lambda: NOW)


@pytest.mark.parametrize(("value", "seconds"), [
    ("0", 0.0), ("120", 120.0), ("Sun, 06 Nov 1994 08:49:47 GMT", 10.0), ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
    ("soon", None), ("-1", None), ("1.5", None), ("", None),
])
def test_retry_after(value, seconds):
    assert retryAfter(reply(503, f"Retry-After: {value}"), lambda: NOW) == seconds
    assert retryAfter(reply(503), lambda: NOW) is None


@pytest.mark.parametrize(("answer", "again"), [
    (reply(503), True), (reply(502), True), (reply(504), True), (reply(429), True), (reply(500), False),
    (reply(200), False), (reply(404), False),
    (Reply.failed(Mishap.CLOSED, ""), True), (Reply.failed(Mishap.UNCONNECTED, ""), True),
    (Reply.failed(Mishap.GARBAGE, ""), False), (Reply.failed(Mishap.SLOW, ""), False),
    (Reply.failed(Mishap.EXCESS, ""), False), (Reply.failed(Mishap.INSECURE, ""), False),
])
def test_what_is_worth_another_try(answer, again):
    assert (wait(1, answer) is not None) is again
    assert wait(1, answer, method="POST") is None
    assert wait(1, answer, method="PATCH") is None
    assert wait(4, answer) is None
    assert wait(1, answer, retries=0) is None


def test_the_server_says_when():
    assert wait(1, reply(503, "Retry-After: 7")) == 7.0
    assert wait(1, reply(503, "Retry-After: 60")) == 60.0
    assert wait(1, reply(503, "Retry-After: 61")) is None


def test_backoff_doubles_up_to_a_bound_less_a_random_part():
    for tries, most in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (10_000, 8.0)):
        found = [backoff(tries, 1.0, 8.0, random.Random(seed)) for seed in range(50)]
        assert all(most / 2 <= seconds <= most for seconds in found)
        assert max(found) - min(found) > most / 4


def test_a_request_that_met_a_dead_connection_is_renewed():
    lost = Reply.failed(Mishap.CLOSED, "")
    assert renewable("GET", lost, served=1)
    assert not renewable("GET", lost, served=0)
    assert not renewable("POST", lost, served=1)
    assert not renewable("GET", Reply.failed(Mishap.SLOW, ""), served=1)
    part = Reply(bytearray(b"part"))
    part.fail(Mishap.CLOSED, "")
    assert not renewable("GET", part, served=1)
