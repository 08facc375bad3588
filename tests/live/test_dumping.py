"""The tree in a report."""

from __future__ import annotations

import sys

from hio.base import doing
from hio.live import Observer, dumping

from .watching import Named


def test_report_outside_of_any_turn():
    doist = doing.Doist(doers=[Named("one")])
    doist.enter()
    text = dumping.report(Observer(doist, []), sys._getframe())
    assert "└─ one (Named)" in text
    assert "RUNNING" not in text


def test_report_from_within_a_turn_tells_whose_it_is():
    reports = []

    class Asking(Named):
        def recur(self, tyme):
            reports.append(dumping.report(Observer(doist, []), sys._getframe()))
            return True

    doist = doing.Doist(doers=[Named("other"), doing.DoDoer(doers=[Asking("asker")])])
    doist.enter()
    doist.recur()
    [text] = reports
    assert "asker (Asking) ← running" in text
    assert "other (Named) ← running" not in text
    assert text.rstrip().splitlines()[-1].strip().startswith("reports.append(")


def test_a_report_that_cannot_be_made_tells_why():
    class Doist(doing.Doist):
        @property
        def deeds(self):
            raise ValueError("on purpose")

        @deeds.setter
        def deeds(self, deeds):
            pass

    text = dumping.report(Observer(Doist(), []))
    assert "cannot be told" in text
    assert "on purpose" in text
