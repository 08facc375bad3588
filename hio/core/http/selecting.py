"""Choose what a conditional or partial GET gets (RFC 9110, 12.5.3, 13 and 14).

Validators      what tells one state of a representation from another
judge           send it, "not modified" or "precondition failed", by the If-... fields
rangeApplies    whether If-Range lets the Range field count
selectSpan      the one span of bytes that a Range field asks for
rankCodings     the content codings that a client would rather have than the plain file, best first
parseHttpDate   an HTTP-date as seconds since the epoch

Pure functions on field values as text: knows no file, no application framework and no clock.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple

from ...hioing import HioError

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

#: The three forms of RFC 9110, 5.6.7: IMF-fixdate, RFC 850 and asctime. All have to be understood.
DATE_FORMS = tuple(
    re.compile(form.replace("CLOCK", "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"))
    for form in (
        "[A-Z][a-z]{2}, (?P<day>[0-9]{2}) (?P<month>[A-Z][a-z]{2}) (?P<year>[0-9]{4}) CLOCK GMT",
        "[A-Z][a-z]+, (?P<day>[0-9]{2})-(?P<month>[A-Z][a-z]{2})-(?P<year>[0-9]{2}) CLOCK GMT",
        "[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[ 0-9][0-9]) CLOCK (?P<year>[0-9]{4})",
    )
)

ENTITY_TAG = re.compile(r'(?P<weak>W/)?(?P<opaque>"[\x21\x23-\x7e\x80-\xff]*")')

#: One range-spec. Twenty digits are more than any file has bytes; more of them are no number of ours to parse.
RANGE_SPEC = re.compile(r"(?P<first>[0-9]{0,20})-(?P<last>[0-9]{0,20})")

WEIGHT = re.compile(r"[qQ]=(?P<weight>0(\.[0-9]{0,3})?|1(\.0{0,3})?)")


class Unsatisfiable(HioError):
    """A Range field is well formed, but nothing of it lies inside the representation: 416."""


class Validators(NamedTuple):
    """What tells one state of a representation from another (RFC 9110, 8.8)."""

    etag: str  # strong, with its quotes
    modified: int  # whole seconds since the epoch, as a Last-Modified field can say them


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes of a representation."""

    offset: int  # of its first byte
    count: int  # of its bytes


class Verdict(enum.Enum):
    """What the preconditions of a GET or HEAD come to."""

    SEND = 200
    UNMODIFIED = 304
    FAILED = 412


def judge(field: Callable[[str], str | None], validators: Validators) -> Verdict:
    """Evaluate the preconditions of a GET or HEAD in the order of RFC 9110, 13.2.2.

    field answers a request field's value by its name, None when it is absent; validators are those of what would be
    sent. A date that is none is ignored, as 13.1.3 and 13.1.4 have it.
    """
    if (tags := field("If-Match")) is not None:
        if not _matches(tags, validators.etag, strongly=True):
            return Verdict.FAILED
    elif (date := parseHttpDate(field("If-Unmodified-Since"))) is not None and validators.modified > date:
        return Verdict.FAILED
    if (tags := field("If-None-Match")) is not None:
        return Verdict.UNMODIFIED if _matches(tags, validators.etag, strongly=False) else Verdict.SEND
    if (date := parseHttpDate(field("If-Modified-Since"))) is not None and validators.modified <= date:
        return Verdict.UNMODIFIED
    return Verdict.SEND


def _matches(tags: str, etag: str, strongly: bool) -> bool:
    """Tell whether the list of entity tags, or a lone *, has etag in it (RFC 9110, 8.8.3.2)."""
    if tags.strip() == "*":
        return True
    return any(
        match["opaque"] == etag and not (strongly and match["weak"])
        for match in ENTITY_TAG.finditer(tags)
    )


def rangeApplies(ifRange: str | None, validators: Validators) -> bool:
    """Tell whether a Range field counts beside this If-Range (RFC 9110, 13.1.5); None: there is no such field.

    A tag has to be the strong one of validators, a date the very one that their Last-Modified says: a later one proves
    nothing about what the client holds.
    """
    if ifRange is None:
        return True
    ifRange = ifRange.strip()
    return ifRange == validators.etag or parseHttpDate(ifRange) == validators.modified


def selectSpan(ranges: str | None, size: int) -> Span | None:
    """Return the span of a representation of size bytes that a Range field asks for, None for all of it.

    All of it goes out where the field is absent, malformed, in another unit than bytes, or names several ranges:
    RFC 9110, 14.2, lets a server ignore those, and clients that ask for several at once are mostly up to no good.
    Raises Unsatisfiable where the one range lies past the end.
    """
    unit, equals, listed = (ranges or "").partition("=")
    specs = [spec for part in listed.split(",") if (spec := part.strip(" \t"))]
    if not equals or unit.strip().lower() != "bytes" or len(specs) != 1:
        return None
    if not (match := RANGE_SPEC.fullmatch(specs[0])) or specs[0] == "-":
        return None
    if not match["first"]:
        return _selectSuffix(int(match["last"]), size)
    first = int(match["first"])
    last = int(match["last"]) if match["last"] else first
    if last < first:  # invalid, not unsatisfiable (14.1.1)
        return None
    if first >= size:
        raise Unsatisfiable(f"range {specs[0]} begins past the last of {size} bytes")
    end = min(last + 1, size) if match["last"] else size
    return Span(first, end - first)


def _selectSuffix(count: int, size: int) -> Span | None:
    """Return the span of the last count bytes out of size."""
    if not count:
        raise Unsatisfiable("a suffix of no bytes")
    if not size:  # satisfiable by 14.1.2, but Content-Range has no way to write an empty span
        return None
    count = min(count, size)
    return Span(size - count, count)


def rankCodings(accepts: str | None, offered: Sequence[str]) -> list[str]:
    """Return those offered content codings that the client likes at least as well as none, best first.

    accepts is the Accept-Encoding field (RFC 9110, 12.5.3), None when it is absent: nothing is chosen then, since
    clients that stay silent seldom decode. Between equal weights the order of offered decides.
    """
    weights: dict[str, float] = {}
    for item in (accepts or "").split(","):
        coding, *parameters = (part.strip(" \t").lower() for part in item.split(";"))
        weights[coding.removeprefix("x-")] = _parseWeight(parameters)
    rest = weights.get("*", 0.0)
    plain = weights.get("identity", rest)
    liked = [coding for coding in offered if weights.get(coding, rest) > 0 and weights.get(coding, rest) >= plain]
    return sorted(liked, key=lambda coding: -weights.get(coding, rest))


def _parseWeight(parameters: list[str]) -> float:
    """Return the weight among the parameters of a coding: 1.0 without any, 0.0 when it is malformed."""
    if not parameters:
        return 1.0
    match = WEIGHT.fullmatch(parameters[0])
    return float(match["weight"]) if match else 0.0


def parseHttpDate(text: str | None) -> int | None:
    """Return text, an HTTP-date (RFC 9110, 5.6.7), as seconds since 1970; None for None and for what is no such date.

    The two digits of an RFC 850 year stand for 1970 to 2069: what a clock would decide, without one.
    """
    match = next((m for form in DATE_FORMS if (m := form.fullmatch((text or "").strip()))), None)
    if match is None:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 1900 if year >= 70 else 2000
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    if second == 60:  # a leap second: POSIX time has none, the one before stands in
        second = 59
    try:
        month = MONTHS.index(match["month"]) + 1
        moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:  # no such month, the 31st of June, 25 o'clock
        return None
    return int(moment.timestamp())
