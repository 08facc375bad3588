"""Dates of fields, in every format that is met."""

from __future__ import annotations

from calendar import timegm

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.dating import parseDate

MOMENT = 784111777


@pytest.mark.parametrize("text", [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "6 nov 1994 8:49:37",
    "08:49:37 1994 NOVEMBER 06",
    "Sun, 06-Nov-1994 08:49:37 GMT; junk",
])
def test_formats(text):
    assert parseDate(text) == MOMENT


@pytest.mark.parametrize("text", [
    "", "tomorrow", "Sun, 06 Nov 1994", "06 Nov 1994 24:00:00", "32 Nov 1994 08:49:37", "06 Nov 1500 08:49:37",
    "06 Nov 08:49:37", "6 Nov 1994 8:60:00", "0 Nov 1994 08:00:00",
])
def test_what_is_no_date(text):
    assert parseDate(text) is None


def test_years_of_two_digits():
    assert parseDate("01 Jan 69 00:00:00") == timegm((2069, 1, 1, 0, 0, 0))
    assert parseDate("01 Jan 70 00:00:00") == 0


@given(st.text(max_size=60))
def test_text_is_a_date_or_none(text):
    assert parseDate(text) is None or isinstance(parseDate(text), int)
