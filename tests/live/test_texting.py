"""A picture as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.base import doing
from hio.live import Live, Observer, picture, render, texting

from .watching import Clock, Costly, Named


def test_render():
    clock = Clock()
    leaves = [Costly("sensor", clock, 0.0), Named("battery", tock=60.0)]
    inner = doing.DoDoer(doers=leaves, always=True)
    inner.name = "greenhouse"
    doist = doing.Doist(name="farm", tock=0.25, doers=[inner, Costly("pump", clock, 0.125, tock=0.5)])
    doist.enter()
    live = Live(doist, [], loggers=[], clock=clock)
    before = live.picture()
    for _ in range(8):
        doist.recur()
    clock.now += 0.5
    text = render(live.picture(), before, width=90)
    _, _, _, *tree = text.splitlines()
    assert tree == [
        "DOER                       TOCK       NEXT   TURNS/S     TURNS  RUN TIME   BUSY",
        "├─ greenhouse (DoDoer)        0  each pass       8.0         8       0 s   0.0%",
        "│  ├─ sensor (Costly)         0  each pass       8.0         8       0 s   0.0%",
        "│  └─ battery (Named)        60     60.000       1.0         1       0 s   0.0%",
        "└─ pump (Costly)            0.5      2.000       4.0         4    500 ms  50.0%",
    ]
    head = text.splitlines()[0]
    assert "farm" in head and "tyme 2.000" in head and "tock 0.25" in head


def test_without_counting_nothing_is_made_up():
    doist = doing.Doist(doers=[Named("one")])
    doist.enter()
    [line] = [line for line in render(picture(Observer(doist, []))).splitlines() if "one" in line]
    assert line.split()[-4:] == ["–", "–", "–", "–"]


@given(st.text(), st.integers(min_value=20, max_value=200), st.integers(min_value=1, max_value=60))
def test_whatever_a_doer_is_called_no_terminal_is_steered(name, width, height):
    doist = doing.Doist(doers=[Named(name), doing.DoDoer(doers=[Named(name)], always=True)], name=name)
    doist.enter()
    live = Live(doist, [], loggers=[], clock=Clock())
    text = render(live.picture(), None, width, height)
    lines = text.split("\n")
    assert all(char.isprintable() for line in lines for char in line)
    assert all(len(line) <= width for line in lines)
    assert len(lines) - 1 <= height


@pytest.mark.parametrize("raw, clean", [
    ("plain – ünïcode 🚀", "plain – ünïcode 🚀"),
    ("\x1b[2J\x07", r"\x1b[2J\x07"),
    ("a\nb\tc", r"a\nb\tc"),
    ("\u202eright to left", r"\u202eright to left"),
    ("\x9b1m", r"\x9b1m"),
    ("a\u00a0b", "a b"),
])
def test_clean(raw, clean):
    assert texting.clean(raw) == clean


@pytest.mark.parametrize("value, text", [
    (None, "–"), (0.0, "0 s"), (1e-6, "1 µs"), (0.0009994, "999 µs"), (0.0009999, "1000 µs"), (0.0123456, "12.3 ms"),
    (1.0, "1.0 s"), (599.0, "599.0 s"), (600.0, "10 min"), (7200.0, "2.0 h"),
])
def test_seconds(value, text):
    assert texting.seconds(value) == text


@pytest.mark.parametrize("value, text", [
    (None, "–"), (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (123456, "123 kB"), (999_600, "1 MB"), (5e12, "5 TB"),
])
def test_size(value, text):
    assert texting.size(value) == text


def test_rates_of_different_countings_are_not_compared():
    doist = doing.Doist(doers=[Named("one")])
    doist.enter()
    clock = Clock()
    live = Live(doist, [], loggers=[], clock=clock)
    before = live.picture()
    live.observer.rest()
    live.picture()
    doist.recur()
    clock.now += 2.0
    now = live.picture()
    assert texting.Rates(now, before).span == 2.0
    assert texting.Rates(now, before).of(now["deeds"][0], "count") == 0.5
