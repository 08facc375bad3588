"""A Doist as a task of asyncio: ado(), in a loop without waits."""

from __future__ import annotations

import asyncio

import pytest

from hio.base.doing import DoDoer, Doer, Doist, TryDoer
from hio.base.polling import Watch

TOCK = 0.0625  # a power of two, so that all moments are exact


class Loop(asyncio.SelectorEventLoop):
    """A loop whose time passes only when it would wait, and then at once."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0
        self.waits = 0
        select = self._selector.select

        def skip(timeout=None):
            ready = select(0)
            assert ready or timeout is not None, "waits for ever"
            if not ready and timeout:
                self.waits += 1
                self.now += timeout
            return ready

        self._selector.select = skip

    def time(self):
        return self.now


def play(coroutine):
    """Run coroutine in a Loop to its end and return its result."""
    loop = Loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


class Awaiter(Doer):
    """Starts a task on entering, or one after the other, and notes at which turn and tyme each is seen done."""

    def __init__(self, *naps, **kwa):
        super().__init__(**kwa)
        self.naps = list(naps)
        self.seen = []

    def enter(self, *, temp=None):
        self.count = 0
        self.start()

    def start(self):
        naps = self.naps.pop(0)

        async def nap():
            for seconds in naps:
                await asyncio.sleep(seconds)

        self.task = asyncio.ensure_future(nap())

    def recur(self, tyme):
        self.count += 1
        if not self.task.done():
            return False
        self.seen.append((self.count, round(tyme, 9)))
        if not self.naps:
            return True
        self.start()
        return False


@pytest.mark.parametrize("naps, seen", [
    ([[0.05]], [(3, 0.1)]),
    ([[0.1, 0.1]], [(6, 0.25)]),
    ([[0.05], [0.1, 0.1], [0.1, 0.1]], [(3, 0.1), (8, 0.35), (13, 0.6)]),
])
def test_ado_sees_what_its_tasks_did(naps, seen):
    doer = Awaiter(*naps)
    doist = Doist(real=True, tock=0.05, doers=[doer])
    play(doist.ado())
    assert doer.seen == seen
    assert (doist.done, doer.done) == (True, True)


def test_ado_first_pass_comes_before_any_await():
    doer = TryDoer()
    run = Doist(doers=[doer], limit=1).ado()

    async def main():
        task = asyncio.ensure_future(run)
        seen.append(doer.count)
        await asyncio.sleep(0)
        seen.append(doer.count)
        await task

    seen = []
    play(main())
    assert seen == [None, 1]
    assert [state.tyme for state in doer.states] == [0.0, 0.0, 0.03125, 0.0625, 0.09375, 0.09375]


@pytest.mark.parametrize("real", [False, True])
def test_ado_lets_others_have_their_turns(real):
    async def main():
        others = []

        async def other():
            while not task.done():
                others.append(doist.tyme)
                await asyncio.sleep(0 if not real else 0.03125)

        task = asyncio.ensure_future(doist.ado())
        await asyncio.gather(task, other())
        return others

    doist = Doist(real=real, limit=0.5, doers=[Doer()])
    others = play(main())
    assert len(set(others)) >= 15
    assert doist.tyme == 0.5


def test_ado_wakes_at_once():
    watch = Watch()
    late = []

    class Woken(Doer):
        def do(self, tymth, *, tock=0.0, temp=None, **opts):
            watch.poller = tymth.poller
            yield
            for _ in range(3):
                late.append((asyncio.get_running_loop().time() - 1000.0, tymth()))
                yield watch
            return True

    async def main():
        task = asyncio.ensure_future(doist.ado())
        for seconds in (2.5, 2.25):
            await asyncio.sleep(seconds)
            watch.wake()
        await task

    doist = Doist(real=True, tock=1.0, doers=[DoDoer(doers=[Woken()]), Doer(tock=100.0)], limit=6.0)
    play(main())
    assert late == [(0.0, 0.0), (2.5, 3.0), (4.75, 5.0)]
    assert doist.tyme == 6.0


def test_ado_can_be_extended_from_a_task():
    async def main():
        task = asyncio.ensure_future(doist.ado())
        await asyncio.sleep(2.5)
        doist.extend([doer])
        await task

    doer = TryDoer(stop=2)
    doist = Doist(real=True, tock=1.0, limit=50.0, doers=[Doer(tock=100.0)])
    play(main())
    assert [state.tyme for state in doer.states] == [3.0, 3.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize("real", [False, True])
def test_ado_cancelled_runs_every_exit(real):
    async def main():
        task = asyncio.ensure_future(doist.ado())
        await asyncio.sleep(0 if not real else 3.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    doers = [TryDoer(stop=99), TryDoer(stop=99)]
    doist = Doist(real=real, tock=1.0, doers=[doers[0], DoDoer(doers=doers[1:])])
    play(main())
    assert [[state.context for state in doer.states[-2:]] for doer in doers] == [["cease", "exit"]] * 2
    assert doist.done is False
    assert not doist.deeds


def test_ado_raises_what_a_doer_raises():
    class Failing(TryDoer):
        def recur(self, tyme):
            raise ValueError("Bad")

    doers = [TryDoer(), Failing()]
    with pytest.raises(ValueError, match="Bad"):
        play(Doist(doers=doers).ado())
    assert [doer.states[-1].context for doer in doers] == ["exit", "exit"]


@pytest.mark.parametrize("real", [False, True])
def test_ado_stopped_from_a_task(real):
    async def main():
        task = asyncio.ensure_future(doist.ado())
        await asyncio.sleep(3.3)
        doist.stop()
        await task

    doer = TryDoer(stop=10**9, tock=100.0)
    doist = Doist(real=real, tock=1.0, doers=[doer], limit=None if real else 1e6)
    play(main())
    assert doist.done is False
    assert doer.states[-1].context == "exit"


def test_ado_idle_makes_no_wake_ups():
    async def main():
        loop = asyncio.get_running_loop()
        await doist.ado()
        return loop.waits

    doist = Doist(real=True, tock=1.0, doers=[Doer(tock=1000.0)], limit=10_000.0)
    assert play(main()) < 40
    assert doist.tyme == 10_000.0
