"""Tyme: who keeps it, who follows it, and where ticks lead."""

from __future__ import annotations

import inspect
import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hio.base import tyming
from hio.base.tyming import Tymee, Tymer, Tymist, leap


class TestTymist:
    def test_defaults(self):
        tymist = Tymist()
        assert (tymist.tyme, tymist.tock) == (0.0, 0.03125)
        assert Tymist.Tock == 0.03125

    def test_ticks_add_up_as_floats_do(self):
        tymist = Tymist(tock=0.05)
        assert [tymist.tick() for _ in range(5)][-1] == 0.25
        tymist = Tymist()
        assert [tymist.tick() for _ in range(4)] == [0.03125, 0.0625, 0.09375, 0.125]
        assert tymist.tick(tock=1) == 1.125
        assert tymist.tick(tock=0.0) == 1.125

    def test_setters_convert(self):
        tymist = Tymist(tyme=2, tock=1)
        assert type(tymist.tyme) is type(tymist.tock) is float
        tymist.tyme = 3
        tymist.tock = "0.5"
        assert (tymist.tyme, tymist.tock) == (3.0, 0.5)

    @pytest.mark.parametrize("name", ["tyme", "tock"])
    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "soon"])
    def test_what_is_no_tyme_is_refused(self, name, value):
        with pytest.raises(ValueError, match=str(value)):
            Tymist(**{name: value})
        with pytest.raises(ValueError, match=str(value)):
            setattr(Tymist(), name, value)

    def test_tymth_tells_the_tyme_of_its_call(self):
        tymist = Tymist(tyme=1.0)
        tymth = tymist.tymen()
        assert inspect.isfunction(tymth)
        assert tymth() == 1.0
        tymist.tick()
        assert tymth() == tymist.tyme == 1.03125


class TestTymee:
    @pytest.mark.parametrize("bad", [5, "tymth", Tymist()], ids=["int", "str", "Tymist"])
    def test_what_tells_no_tyme_is_refused(self, bad):
        for act in (lambda: Tymee(tymth=bad), lambda: Tymee().wind(bad), lambda: Tymer(tymth=bad)):
            with pytest.raises(TypeError, match="tymth must be a function"):
                act()

    def test_unwound(self):
        tymee = Tymee()
        assert tymee.tymth is None
        assert tymee.tyme is None

    def test_wound(self):
        tymist = Tymist(tyme=5.0)
        tymee = Tymee(tymth=tymist.tymen())
        assert tymee.tyme == 5.0
        other = Tymist(tyme=7.0)
        tymee.wind(other.tymen())
        assert tymee.tyme == 7.0
        tymee.tymth = None
        assert tymee.tyme is None
        with pytest.raises(AttributeError):
            tymee.tyme = 1.0


class TestTymer:
    def test_unwound(self):
        tymer = Tymer()
        assert tymer.duration == 0.0
        for name in ("elapsed", "remaining", "expired"):
            with pytest.raises(TypeError, match="not wound"):
                getattr(tymer, name)
        tymer.wind(Tymist(tyme=2.0).tymen())
        assert (tymer.elapsed, tymer.remaining, tymer.expired) == (0.0, 0.0, True)

    def test_over_ticks(self):
        tymist = Tymist(tock=0.25)
        tymer = Tymer(duration=1.0, tymth=tymist.tymen())
        assert (tymer.duration, tymer.elapsed, tymer.remaining, tymer.expired) == (1.0, 0.0, 1.0, False)
        seen = []
        for _ in range(5):
            tymist.tick()
            seen.append((tymer.remaining, tymer.expired))
        assert seen == [(0.75, False), (0.5, False), (0.25, False), (0.0, True), (-0.25, True)]
        assert tymer.restart() == 1.0
        assert (tymer.elapsed, tymer.remaining) == (0.25, 0.75)
        tymist.tyme = 2.0
        tymer.restart(duration=0.25)
        assert (tymer.elapsed, tymer.remaining, tymer.expired) == (0.0, 0.25, False)
        tymist.tick()
        assert tymer.expired
        assert tymer.start() == 2.25
        assert tymer.duration == 0.25
        assert tymer.start(duration=2, start=2) == 2.0
        assert (tymer.elapsed, tymer.remaining) == (0.25, 1.75)

    def test_start_in_the_future(self):
        tymer = Tymer(duration=1.0, start=0.25, tymth=Tymist().tymen())
        assert (tymer.elapsed, tymer.remaining, tymer.expired) == (-0.25, 1.25, False)

    def test_winding_starts_anew(self):
        tymer = Tymer(duration=1.0)
        tymer.wind(Tymist(tyme=5.0).tymen())
        assert (tymer._start, tymer._stop) == (5.0, 6.0)


def plod(tyme, tock, due, patience=20_000):
    """Where leap leads, by ticking; None when that gets nowhere, or not in reasonable time."""
    while tyme < due:
        last, tyme = tyme, tyme + tock
        patience -= 1
        if tyme == last or not patience:
            return None
    return tyme


class TestLeap:
    @given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e3), st.floats(0.0, 5000.0))
    @example(0.0, 0.1, 1.0)
    @example(-1.0, 0.1, 25.0)
    @example(0.0, 0.03125, 4096.0)
    def test_leads_where_ticks_lead(self, tyme, tock, count):
        due = tyme + tock * count
        goal = plod(tyme, tock, due)
        assume(goal is not None)
        assert leap(tyme, tock, due) == goal

    @given(st.integers(-64, 64), st.integers(2**50, 2**53), st.integers(-58, -45), st.floats(0.0, 5000.0))
    def test_where_rounding_decides(self, tyme, mantissa, exponent, count):
        """Tocks near the ulp of tyme, where each sum is rounded, and ties depend on parity."""
        tock = math.ldexp(mantissa, exponent - 53)
        due = tyme + tock * count
        goal = plod(float(tyme), tock, due)
        assume(goal is not None)
        assert leap(float(tyme), tock, due) == goal

    @given(st.integers(1, 9), st.integers(0, 3000))
    def test_half_way_between_two_floats(self, odd, count):
        """A tock of some ulps and a half."""
        ulp = math.ulp(1.0)
        tock = (odd + 0.5) * ulp
        for tyme in (1.0, 1.0 + ulp):
            assert leap(tyme, tock, 1.0 + count * ulp) == plod(tyme, tock, 1.0 + count * ulp)

    def test_far(self):
        assert leap(0.0, 0.03125, 3.6e9) == 3.6e9
        assert leap(0.0, 1.0, 2.0**53) == 2.0**53

    def test_already_there(self):
        assert leap(1.0, 0.25, 1.0) == 1.0
        assert leap(1.0, 0.25, -5.0) == 1.0

    @pytest.mark.parametrize("tyme, tock", [(1.0, 0.0), (1.0, -1.0), (1e18, 1.0)])
    def test_never_there(self, tyme, tock):
        with pytest.raises(ValueError, match="do not lead"):
            leap(tyme, tock, 2e18)


def test_finite_names_the_value():
    assert tyming.finite(1, "tyme") == 1.0
    with pytest.raises(ValueError, match="tock must be a finite number of seconds, got nan"):
        tyming.finite(math.nan, "tock")
