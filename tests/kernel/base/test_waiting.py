"""A Doist on real sockets, signals, threads and asyncio: readiness ends its waits, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import subprocess
import sys
import threading

import pytest

from hio.base import polling
from hio.base.doing import DoDoer, Doer, Doist
from hio.base.polling import Watch
from tests.kernel import processing

NEVER = 30.0  # seconds: a tock that no test waits out; only readiness ends its wait


class Echo(Doer):
    """Sends back what comes, until the end of file. own: binds its watch by itself and yields its tock."""

    def __init__(self, sock, own=False, **kwa):
        super().__init__(**kwa)
        self.sock, self.own = sock, own
        self.turns = 0

    def do(self, tymth, *, tock=0.0, temp=None, **opts):
        self.wind(tymth)
        self.watch = watch = Watch(poller=tymth.poller)
        watch.poller.register(self.sock, watch, self)
        try:
            while True:
                yield tock if self.own else watch
                self.turns += 1
                if self.own and watch.deed is None:
                    watch.owner, watch.deed = tymth.root.locate()
                if watch.readers:
                    watch.readers.clear()
                    data = self.sock.recv(1000)
                    if not data:
                        return True
                    self.sock.send(data)
        finally:
            watch.poller.unregister(self.sock)


class Bystander(Doer):
    """Counts its turns."""

    turns = 0

    def recur(self, tyme):
        self.turns += 1


@pytest.fixture
def pair():
    near, far = socket.socketpair()
    near.setblocking(False)
    far.settimeout(NEVER / 2)
    yield near, far
    near.close()
    far.close()


def ask(far, times, answers, then=lambda: None):
    """In a thread of its own: exchange so many messages, then end."""

    def exchange():
        for number in range(times):
            far.send(b"%d" % number)
            answers.append(far.recv(1000))
        far.shutdown(socket.SHUT_WR)
        then()

    thread = threading.Thread(target=exchange)
    thread.start()
    return thread


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("way", ["do", "ado"])
def test_readiness_ends_the_wait(pair, way, depth, own):
    near, far = pair
    top = Echo(near, own=own)
    for _ in range(depth):
        top = DoDoer(doers=[top])
    bystander = Bystander()
    doist = Doist(real=True, tock=NEVER if not own else 0.03125, doers=[top, bystander], limit=3 * NEVER)
    answers = []
    thread = ask(far, 20, answers, then=doist.stop)
    if way == "do":
        doist.do()
    else:
        asyncio.run(doist.ado())
    thread.join()
    assert answers == [b"%d" % number for number in range(20)]
    assert bystander.turns <= 1 + doist.tyme / doist.tock


def test_all_comes_in_one_tick_without_real_time(pair):
    """Both ends in one Doist: what one sends is read by the other before tyme goes on."""
    near, far = pair
    far.setblocking(False)
    log = []

    class Asker(Doer):
        def do(self, tymth, *, tock=0.0, temp=None, **opts):
            watch = Watch(poller=tymth.poller)
            watch.poller.register(far, watch, self)
            yield tock
            for number in range(10):
                far.send(b"%d" % number)
                yield watch
                watch.readers.clear()
                log.append((tymth(), far.recv(1000)))
            watch.poller.unregister(far)
            far.shutdown(socket.SHUT_WR)
            return True

    doist = Doist(doers=[Asker(), Echo(near)], limit=1.0)
    doist.do()
    assert log == [(0.0, b"%d" % number) for number in range(10)]
    assert (doist.done, doist.tyme) == (True, 0.03125)


def test_without_real_time_it_waits_when_nothing_else_can_happen(pair):
    near, far = pair
    answers = []
    doist = Doist(doers=[Echo(near)])
    thread = ask(far, 5, answers)
    doist.do()
    thread.join()
    assert answers == [b"%d" % number for number in range(5)]
    assert doist.done is True


def test_without_real_time_no_tick_is_skipped_beside_sockets(pair):
    """A peer in another process gets as many looks as without leaps."""
    near, _ = pair
    poller = polling.OsPoller()
    polls = []
    poll = poller.poll
    poller.poll = lambda timeout=0.0: polls.append(timeout) or poll(timeout)
    doist = Doist(doers=[Echo(near), Doer(tock=1.0)], limit=2.0, poller=poller)
    doist.do()
    assert doist.tyme == 2.0
    assert len(polls) >= 64
    assert not any(polls)


def test_idle_costs_nothing(pair):
    near, _ = pair
    doist = Doist(real=True, doers=[DoDoer(doers=[Echo(near)]), Doer(tock=10.0)], limit=0.5)
    before = resource.getrusage(resource.RUSAGE_SELF)
    doist.do()
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.05
    assert after.ru_nvcsw - before.ru_nvcsw < 20  # a plain loop would have slept 16 times besides


def test_nothing_is_left_open(pair):
    near, _ = pair
    gc.collect()
    before = os.listdir("/proc/self/fd")
    doist = Doist(real=True, doers=[Echo(near)], limit=0.03125)
    doist.do()
    assert os.listdir("/proc/self/fd") == before
    Doist().do()
    assert os.listdir("/proc/self/fd") == before


def test_stop_from_another_thread():
    doist = Doist(real=True, tock=NEVER, doers=[Doer(), Doer()])
    thread = threading.Thread(target=doist.stop)

    class Starter(Doer):
        def recur(self, tyme):
            thread.start()
            return True

    doist.doers.append(Starter())
    doist.do()
    thread.join()
    assert doist.done is False


def test_wake_from_another_thread(pair):
    woken = []
    watch = Watch()

    class Sleeper(Doer):
        def do(self, tymth, *, tock=0.0, temp=None, **opts):
            watch.poller = tymth.poller
            yield
            threading.Thread(target=watch.wake).start()
            yield watch
            woken.append(tymth())
            tymth.root.stop()

    Doist(real=True, tock=NEVER, doers=[DoDoer(doers=[Sleeper()])]).do()
    assert woken == [NEVER]


def test_handlers_and_wakeup_descriptor_are_restored():
    seen = []

    class Looker(Doer):
        def recur(self, tyme):
            seen.extend([signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)])
            return True

    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    Doist(real=True, doers=[Looker()]).do()
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before
    assert not set(seen) & set(before)
    assert signal.set_wakeup_fd(-1) == -1


def test_handlers_of_the_program_stay():
    def mine(number, frame):
        caught.append(number)

    class Raiser(Doer):
        def recur(self, tyme):
            signal.raise_signal(signal.SIGTERM)
            return True

    caught = []
    previous = signal.signal(signal.SIGTERM, mine)
    try:
        doist = Doist(doers=[Raiser()])
        doist.do()
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert (caught, doist.done) == ([signal.SIGTERM], True)


def test_in_another_thread_signals_are_left_alone():
    done = []
    doist = Doist(real=True, doers=[Doer()], limit=0.03125)
    thread = threading.Thread(target=lambda: done.append(doist.do()))
    thread.start()
    thread.join()
    assert done == [None]
    assert doist.tyme == 0.03125


PROGRAM = """
import os, signal, sys
from hio.base import Doist, Doer, DoDoer

class Loud(Doer):
    def __init__(self, name, **kwa):
        super().__init__(**kwa)
        self.name = name
    def exit(self):
        print(self.name, flush=True)
        {at_exit}

class Slow(Loud):
    def recur(self, tyme):
        print("ready", flush=True)
        {in_turn}

doers = [Loud("a", tock=1e6 if {real} else 0.0), DoDoer(doers=[Slow("b", tock=1e6)]), Loud("c", tock=1e6)]
doist = Doist(real={real}, tock={tock}, doers=doers)
doist.do()
print("done", doist.done, flush=True)
"""


def run(number, again=False, real=True, tock=NEVER, in_turn="pass", at_exit="pass"):
    """Run PROGRAM, send it the signal once it is ready, and again after; return its output and exit status."""
    program = PROGRAM.format(real=real, tock=tock, in_turn=in_turn, at_exit=at_exit)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=processing.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        lines = [process.stdout.readline().strip()]
        process.send_signal(number)
        if again:
            lines.append(process.stdout.readline().strip())
            process.send_signal(number)
        try:
            out, err = process.communicate(timeout=NEVER)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return lines + out.split("\n")[:-1], err, process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_a_wait(number):
    lines, err, status = run(number)
    assert (lines, err, status) == (["ready", "c", "b", "a", "done False"], "", 0)


def test_a_signal_during_a_turn_lets_it_end():
    turn = "import time; time.sleep(0.2); print('turned', flush=True)"
    lines, err, status = run(signal.SIGINT, in_turn=turn)
    assert (lines, err, status) == (["ready", "turned", "c", "b", "a", "done False"], "", 0)


def test_a_signal_without_real_time():
    lines, err, status = run(signal.SIGINT, real=False, tock=1e-3)
    assert (lines, err, status) == (["ready", "c", "b", "a", "done False"], "", 0)


def test_a_second_signal_interrupts_a_turn_at_once():
    turn = (
        "import time\n        told = False\n        while True:\n            time.sleep(0.05)\n"
        "            if doist.stopped and not told: told = True; print('again', flush=True)"
    )
    lines, err, status = run(signal.SIGINT, again=True, in_turn=turn)
    assert (lines, status) == (["ready", "again", "b", "c", "a", "done False"], 0)


def test_a_second_signal_interrupts_an_exit_and_the_rest_still_exit():
    # Not one long sleep: a signal that comes after Python looked for one, and before the sleep begins, does not end it
    at_exit = "import time\n        while self.name == 'c': time.sleep(0.05)"
    lines, err, status = run(signal.SIGINT, again=True, at_exit=at_exit)
    assert lines == ["ready", "c", "b", "a"]
    assert "KeyboardInterrupt" in err
    assert status


class TestPollers:
    """The fallback does what epoll does."""

    @pytest.fixture(params=[polling.EpollPoller, polling.SelectorPoller])
    def poller(self, request):
        poller = request.param()
        yield poller
        poller.close()

    def test_in_a_doist(self, poller, pair):
        near, far = pair
        answers = []
        doist = Doist(real=True, tock=NEVER, doers=[Echo(near)], poller=poller, limit=2 * NEVER)
        thread = ask(far, 5, answers, then=doist.stop)
        doist.do()
        thread.join()
        assert answers == [b"%d" % number for number in range(5)]
        assert len(poller) == 0
