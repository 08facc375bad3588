"""Timers and time stamps, on clocks that the tests set by hand."""
# ruff: noqa: TID251  # two tests compare with the machine's own clocks

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio import HioError
from hio.help import MonoTimer, RetroTimerError, Timer, TimerError, fromIso8601, nowIso8601, timing, toIso8601
from hio.hioing import UnknownArgumentWarning


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "wallTime", clock)
    return clock


def test_errors():
    assert issubclass(TimerError, HioError) and issubclass(RetroTimerError, TimerError)


def test_the_clocks_are_those_of_the_machine():
    before, wall, after = time.time(), timing.wallTime(), time.time()
    assert before <= wall <= after
    before, mono, after = time.monotonic(), timing.monoTime(), time.monotonic()
    assert before <= mono <= after
    assert timing.nowUTC().tzinfo is timezone.utc
    assert abs(timing.nowUTC().timestamp() - time.time()) < 60


@pytest.mark.parametrize("cls", [Timer, MonoTimer])
class TestBoth:
    def test_new(self, cls, clock):
        timer = cls()
        assert (timer.duration, timer.elapsed, timer.remaining, timer.expired) == (0.0, 0.0, 0.0, True)
        assert timer._start == timer._stop == 1000.0

    def test_takes_what_it_does_not_know(self, cls, clock):
        with pytest.warns(UnknownArgumentWarning, match=f"{cls.__name__} takes no argument name"):
            assert cls(duration=1.0, name="unknown").duration == 1.0

    def test_runs_out(self, cls, clock):
        timer = cls()
        assert timer.start(duration=0.125) == 1000.0
        clock.now += 0.0625
        assert (timer.elapsed, timer.remaining, timer.expired) == (0.0625, 0.0625, False)
        clock.now += 0.0625
        assert (timer.elapsed, timer.remaining, timer.expired) == (0.125, 0.0, True)
        clock.now += 1
        assert (timer.elapsed, timer.remaining, timer.expired) == (1.125, -1.0, True)

    def test_start_keeps_the_duration(self, cls, clock):
        timer = cls(duration=2.0)
        clock.now += 5
        assert timer.start() == 1005.0
        assert (timer._start, timer._stop, timer.duration) == (1005.0, 1007.0, 2.0)
        assert timer.start(duration=0.0) == 1005.0
        assert timer.expired

    def test_restart_begins_at_the_stop(self, cls, clock):
        timer = cls(duration=1.0)
        clock.now += 1.5
        assert timer.restart() == 1001.0
        assert (timer.elapsed, timer.remaining) == (0.5, 0.5)
        assert timer.restart(duration=4.0) == 1002.0
        assert (timer._start, timer._stop) == (1002.0, 1006.0)

    def test_restart_before_the_stop_is_no_clock_set_back(self, cls, clock):
        timer = cls(duration=1.0)
        clock.now += 0.25
        timer.restart()
        assert (timer.elapsed, timer.remaining, timer.expired) == (-0.75, 1.75, False)

    def test_start_in_the_past(self, cls, clock):
        timer = cls(duration=1.0, start=999.5)
        assert (timer.elapsed, timer.remaining) == (0.5, 0.5)


def test_timer_with_a_start_in_the_future(clock):
    timer = Timer(duration=0.125, start=clock.now + 0.5)
    assert (timer.elapsed, timer.remaining, timer.expired) == (-0.5, 0.625, False)


def test_timer_reads_the_scale_of_time_time():
    timer = Timer(duration=1000.0, start=time.time() - 10.0)
    assert 10.0 <= timer.elapsed < 70.0 and not timer.expired


def test_monotimer_pulls_a_start_in_the_future_back_to_the_present(clock):
    timer = MonoTimer(duration=0.125, start=clock.now + 0.0625)
    assert timer.elapsed == 0.0
    clock.now += 2**-10
    assert (timer.elapsed, timer.remaining) == (2**-10, 0.125 - 2**-10)


def test_monotimer_follows_a_clock_that_is_set_back(clock):
    timer = MonoTimer(duration=10.0)
    clock.now += 4
    assert timer.elapsed == 4.0
    clock.now -= 500
    assert (timer.elapsed, timer.remaining, timer.duration) == (4.0, 6.0, 10.0)
    clock.now += 6
    assert timer.expired


@pytest.mark.parametrize("reading", ["latest", "elapsed", "remaining", "expired"])
def test_monotimer_raises_without_retro(clock, reading):
    timer = MonoTimer(duration=10.0, retro=False)
    timer._last = timer._start + 0.05
    with pytest.raises(RetroTimerError, match="set back"):
        getattr(timer, reading)


@pytest.mark.parametrize("reading", ["latest", "elapsed", "remaining", "expired"])
def test_monotimer_any_reading_makes_up_for_the_step(clock, reading):
    timer = MonoTimer(duration=10.0)
    timer._last = timer._start + 0.5
    getattr(timer, reading)
    assert (timer._start, timer._stop, timer._last) == (999.5, 1009.5, 1000.0)
    assert (timer.elapsed, timer.remaining) == (0.5, 9.5)


def test_monotimer_without_retro_minds_no_clock_that_goes_on(clock):
    timer = MonoTimer(duration=1.0, retro=False)
    clock.now += 1
    assert timer.latest == timer._last == 1001.0
    assert timer.expired


@given(st.lists(st.floats(-50, 50), min_size=1))
def test_monotimer_elapsed_is_the_time_gone_forward(steps):
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "wallTime", clock)
        timer = MonoTimer(duration=100.0)
        for step in steps:
            clock.now += step
            timer.latest  # noqa: B018  # reading has an effect
        assert timer.elapsed == pytest.approx(sum(step for step in steps if step > 0), abs=1e-6)
        assert timer.elapsed + timer.remaining == pytest.approx(100.0)


def test_asynctimer_reads_the_loop():
    async def main():
        loop = asyncio.get_running_loop()
        timer = timing.AsyncTimer(duration=1000.0)
        assert timer._start <= loop.time() and timer.duration == pytest.approx(1000.0)
        assert not timer.expired and 0 <= timer.elapsed < 1000 and timer.remaining > 0
        assert timing.AsyncTimer(start=loop.time()).expired
        assert timing.AsyncTimer(duration=1.0, start=loop.time() + 60).elapsed < 0

    asyncio.run(main())


def test_asynctimer_without_a_loop():
    with pytest.raises(RuntimeError):
        timing.AsyncTimer()


def test_iso8601_looks_its_clock_up(monkeypatch):
    monkeypatch.setattr(timing, "nowUTC", lambda: datetime(2020, 8, 22, 17, 50, 9, tzinfo=timezone.utc))
    assert nowIso8601() == toIso8601() == "2020-08-22T17:50:09.000000+00:00"


@pytest.mark.parametrize(
    "text", ["2021-01-01T00:00:00.000000+00:00", "2020-08-22T17:50:09.988921+00:00", "2020-08-22T17:50:09.988921-03:30"]
)
def test_iso8601_there_and_back(text):
    assert toIso8601(fromIso8601(text)) == toIso8601(fromIso8601(text.encode())) == text
    assert fromIso8601(text).utcoffset() is not None


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=2)))))
def test_iso8601_back_and_there(dt):
    assert fromIso8601(toIso8601(dt)) == dt


def test_iso8601_refuses_other_text():
    with pytest.raises(ValueError):
        fromIso8601("yesterday")
