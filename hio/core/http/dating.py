"""Dates in fields, read the way cookies ask for, which takes in all three formats of HTTP (RFC 6265, 5.1.1)."""

from __future__ import annotations

import re
from calendar import timegm

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
isTime = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D.*)?", re.ASCII | re.DOTALL).fullmatch
isDay = re.compile(r"(\d{1,2})(?:\D.*)?", re.ASCII | re.DOTALL).fullmatch
isYear = re.compile(r"(\d{2,4})(?:\D.*)?", re.ASCII | re.DOTALL).fullmatch


def parseDate(text: str) -> int | None:
    """Return the seconds since 1970-01-01 UTC that text names; None when it is no date."""
    clock: tuple[int, ...] | None = None
    day = month = year = None
    for token in DELIMITERS.split(text):
        if clock is None and (match := isTime(token)):
            clock = tuple(map(int, match.groups()))
        elif day is None and (match := isDay(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in MONTHS:
            month = MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := isYear(token)):
            year = int(match[1])
    if clock is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if not (1 <= day <= 31 and year >= 1601 and clock[0] < 24 and clock[1] < 60 and clock[2] < 60):
        return None
    return timegm((year, month, day, *clock))
