"""The guard: clocks and chance come from tyme and seed, and the real world raises."""

import datetime
import multiprocessing
import os
import random
import secrets
import socket
import subprocess
import threading
import time
import uuid
from random import SystemRandom
from uuid import uuid4

import pytest

from hio.core import http
from hio.help import timing
from hio.sim import EPOCH, Sim, SimError, SimFailure, guarding

# Code under test, which looks these up when it runs.
# ruff: noqa: TID251, PLW0108


def noting(function, *, skew=0.0, seed=1, **kwa):
    """Return what function notes, called at tyme 1.5 by a host."""
    seen = []

    def make(host):
        yield 1.5
        seen.append(function())

    sim = Sim(seed, **kwa)
    sim.client("client", make, skew=skew)
    sim.run()
    return seen[0]


@pytest.fixture(params=["plain", "time-machine"], autouse=True)
def clocks(request, monkeypatch):
    """With and without time-machine."""
    if request.param == "plain":
        monkeypatch.setattr(guarding, "time_machine", None)
    elif guarding.time_machine is None:
        pytest.skip("time-machine is not installed")


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda: time.time(), EPOCH + 1.5),
        (lambda: time.time_ns(), int(EPOCH) * 10**9 + 1_500_000_000),
        (lambda: time.monotonic(), 1.5),
        (lambda: time.perf_counter_ns(), 1_500_000_000),
        (lambda: time.clock_gettime(time.CLOCK_REALTIME), EPOCH + 1.5),
        (lambda: time.clock_gettime(time.CLOCK_MONOTONIC), 1.5),
        (lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC), 1_500_000_000),
        (lambda: time.process_time(), 1.5),
        (lambda: time.thread_time_ns(), 1_500_000_000),
        (lambda: datetime.date.today().isoformat(), "2020-01-01"),
        (lambda: time.gmtime().tm_year, 2020),
        (lambda: time.gmtime(0).tm_year, 1970),
        (lambda: time.strftime("%Y", time.gmtime()), "2020"),
        (lambda: datetime.datetime.now(datetime.timezone.utc).isoformat(), "2020-01-01T00:00:01.500000+00:00"),
        (lambda: isinstance(datetime.datetime.now(), datetime.datetime), True),
        (lambda: datetime.datetime(2000, 1, 1).year, 2000),
        (lambda: timing.wallTime(), EPOCH + 1.5),
        (lambda: timing.monoTime(), 1.5),
        (lambda: timing.nowIso8601(), "2020-01-01T00:00:01.500000+00:00"),
    ],
)
def test_clocks(read, expected):
    assert noting(read) == expected


def test_each_host_has_its_wall_clock():
    assert noting(lambda: time.time(), skew=100.0) == EPOCH + 101.5
    assert noting(lambda: time.monotonic(), skew=100.0) == 1.5


CHANCE = [
    lambda: random.random(),
    lambda: random.Random().random(),
    lambda: SystemRandom().random(),
    lambda: secrets.token_hex(8),
    lambda: os.urandom(8),
    lambda: uuid.uuid4(),
    lambda: uuid4(),
    lambda: uuid.uuid1(),
]


@pytest.mark.parametrize("draw", CHANCE)
def test_chance(draw):
    assert noting(draw) == noting(draw) != noting(draw, seed=2)


def test_numbers_that_are_given_a_seed_are_left_alone():
    assert noting(lambda: random.Random(5).random()) == random.Random(5).random()


def test_all_is_as_it_was():
    random.seed(3)
    state = random.getstate()
    before = (time.time, time.monotonic, time.sleep, os.urandom, uuid._generate_time_safe, random.Random.seed)
    noting(random.random)
    after = (time.time, time.monotonic, time.sleep, os.urandom, uuid._generate_time_safe, random.Random.seed)
    assert before == after and random.getstate() == state
    assert abs(time.time() - EPOCH) > 86400 and datetime.datetime.now().year > 2020
    with pytest.raises(SimFailure):
        noting(lambda: 1 / 0)
    assert time.time is before[0] and random.getstate() == state
    with socket.socket():
        pass


LEAKS = {
    "socket": lambda: socket.socket(),
    "name": lambda: socket.getaddrinfo("localhost", 80),
    "thread": lambda: threading.Thread(target=len).start(),
    "process": lambda: subprocess.run(["true"], check=False),
    "system": lambda: os.system("true"),
    "spawn": lambda: multiprocessing.get_context("spawn").Process(target=len).start(),
    "fork": lambda: multiprocessing.get_context("fork").Process(target=len).start(),
    "sleep": lambda: time.sleep(1),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_leaks(kind):
    """Each names the line of the culprit, the host, and what to do instead."""
    with pytest.raises(SimFailure) as caught:
        noting(LEAKS[kind])
    failure = caught.value
    assert (failure.cause, failure.host, failure.tyme) == ("leak", "client", 1.5)
    line = LEAKS[kind].__code__.co_firstlineno
    assert f"at {__file__}:{line} in code of host 'client': " in failure.reason


def test_a_leak_that_is_swallowed():
    def hide():
        try:
            socket.socket()
        except Exception:
            pass

    with pytest.raises(SimFailure, match="socket.__new__ at "):
        noting(hide)


def test_a_server_without_its_net():
    def make(host):
        return http.ServerDoer(server=http.Server(host="127.0.0.1", port=0, app=None))

    sim = Sim()
    sim.client("client", make)
    with pytest.raises(SimFailure, match="hand net=host.net to servers and clients") as caught:
        sim.run()
    assert caught.value.cause == "leak"


def test_what_is_allowed():
    def thread():
        one = threading.Thread(target=lambda: done.append(socket.socket().close()))
        one.start()
        one.join()

    done = []
    noting(thread, allow=("thread",))
    assert done == [None]  # other threads may do what they like
    noting(lambda: socket.socket().close(), allow=("socket",))
    with pytest.raises(SimError, match="allow knows no 'sockets'; it knows socket, thread"):
        Sim(allow=("sockets",))


def test_without_guard():
    assert noting(lambda: time.time(), guard=False) > EPOCH + 86400


def test_one_within_another():
    with pytest.raises(SimFailure, match="within another"):
        noting(lambda: noting(time.time))
