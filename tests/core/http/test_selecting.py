"""Preconditions, ranges and content codings (RFC 9110), as text in and decisions out."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.selecting import (
    Span,
    Unsatisfiable,
    Validators,
    Verdict,
    judge,
    parseHttpDate,
    rangeApplies,
    rankCodings,
    selectSpan,
)

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
VALIDATORS = Validators('"tag"', MODIFIED)


@pytest.mark.parametrize("text, seconds", [
    (DATE, MODIFIED),
    ("  Sun, 06 Nov 1994 08:49:37 GMT ", MODIFIED),
    ("Sunday, 06-Nov-94 08:49:37 GMT", MODIFIED),
    ("Sun Nov  6 08:49:37 1994", MODIFIED),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ("Thursday, 01-Jan-70 00:00:00 GMT", 0),
    ("Tuesday, 31-Dec-69 23:59:59 GMT", 3155759999),  # 2069
    ("Sat, 31 Dec 2016 23:59:60 GMT", 1483228799),  # a leap second
    (None, None),
    ("", None),
    ("0", None),
    ("yesterday", None),
    ("Sun, 06 Nov 1994 08:49:37 CET", None),
    ("Sun, 06 Nov 1994 08:49:37 GMT, and more", None),
    ("Sun, 6 Nov 1994 08:49:37 GMT", None),
    ("Sun, 31 Jun 1994 08:49:37 GMT", None),
    ("Sun, 06 Foo 1994 08:49:37 GMT", None),
    ("Sun, 06 Nov 1994 25:49:37 GMT", None),
    ("Sun, 06 Nov 1994 08:49:99 GMT", None),
    ("Sun, 06 Nov 0000 08:49:37 GMT", None),
    ("Sun, ٠٦ Nov 1994 08:49:37 GMT", None),  # digits, but not HTTP's
])
def test_parseHttpDate(text, seconds):
    assert parseHttpDate(text) == seconds


@given(st.text())
def test_parseHttpDate_raises_nothing(text):
    parseHttpDate(text)


@given(st.integers(0, int(datetime(9999, 12, 31, tzinfo=timezone.utc).timestamp())))
def test_parseHttpDate_reads_what_formatdate_writes(seconds):
    assert parseHttpDate(formatdate(seconds, usegmt=True)) == seconds


@pytest.mark.parametrize("fields, verdict", [
    ({}, Verdict.SEND),
    ({"If-None-Match": '"tag"'}, Verdict.UNMODIFIED),
    ({"If-None-Match": 'W/"tag"'}, Verdict.UNMODIFIED),  # compared weakly
    ({"If-None-Match": '"other", "tag"'}, Verdict.UNMODIFIED),
    ({"If-None-Match": '"a,b","tag"'}, Verdict.UNMODIFIED),
    ({"If-None-Match": "*"}, Verdict.UNMODIFIED),
    ({"If-None-Match": '"other"'}, Verdict.SEND),
    ({"If-None-Match": "tag"}, Verdict.SEND),
    ({"If-None-Match": ""}, Verdict.SEND),
    ({"If-Modified-Since": DATE}, Verdict.UNMODIFIED),
    ({"If-Modified-Since": LATER}, Verdict.UNMODIFIED),
    ({"If-Modified-Since": EARLIER}, Verdict.SEND),
    ({"If-Modified-Since": "rubbish"}, Verdict.SEND),
    ({"If-None-Match": '"other"', "If-Modified-Since": DATE}, Verdict.SEND),  # the tag overrules the date
    ({"If-None-Match": '"tag"', "If-Modified-Since": EARLIER}, Verdict.UNMODIFIED),
    ({"If-Match": '"tag"'}, Verdict.SEND),
    ({"If-Match": "*"}, Verdict.SEND),
    ({"If-Match": 'W/"tag"'}, Verdict.FAILED),  # compared strongly
    ({"If-Match": '"other"'}, Verdict.FAILED),
    ({"If-Match": '"other"', "If-None-Match": '"tag"'}, Verdict.FAILED),  # comes first
    ({"If-Match": '"tag"', "If-None-Match": '"tag"'}, Verdict.UNMODIFIED),
    ({"If-Unmodified-Since": DATE}, Verdict.SEND),
    ({"If-Unmodified-Since": EARLIER}, Verdict.FAILED),
    ({"If-Unmodified-Since": "rubbish"}, Verdict.SEND),
    ({"If-Match": '"tag"', "If-Unmodified-Since": EARLIER}, Verdict.SEND),
])
def test_judge(fields, verdict):
    assert judge(fields.get, VALIDATORS) is verdict


@pytest.mark.parametrize("ifRange, applies", [
    (None, True),
    ('"tag"', True),
    (' "tag" ', True),
    (DATE, True),
    ('"other"', False),
    ('W/"tag"', False),
    ("*", False),
    ("", False),
    (EARLIER, False),
    (LATER, False),  # exact, unlike If-Modified-Since
    ("rubbish", False),
])
def test_rangeApplies(ifRange, applies):
    assert rangeApplies(ifRange, VALIDATORS) is applies


@pytest.mark.parametrize("ranges, span", [
    ("bytes=0-0", Span(0, 1)),
    ("bytes=0-", Span(0, 10)),
    ("bytes=3-5", Span(3, 3)),
    ("bytes=9-9", Span(9, 1)),
    ("bytes=3-99", Span(3, 7)),
    ("bytes=-1", Span(9, 1)),
    ("bytes=-10", Span(0, 10)),
    ("bytes=-99", Span(0, 10)),
    ("BYTES=1-2", Span(1, 2)),
    ("bytes= 1-2 ", Span(1, 2)),
    ("bytes=,1-2, ,", Span(1, 2)),  # empty elements of a list do not count
    ("bytes=00-" + "9" * 20, Span(0, 10)),
    (None, None),
    ("", None),
    ("bytes", None),
    ("bytes=", None),
    ("bytes=-", None),
    ("bytes=,", None),
    ("bytes=5-3", None),
    ("bytes=a-b", None),
    ("bytes=+1-2", None),
    ("bytes=1_0-20", None),
    ("bytes=٣-٥", None),
    ("bytes=0x1-2", None),
    ("bytes=1 - 2", None),
    ("bytes=0-" + "9" * 5000, None),
    ("lines=0-1", None),
    ("bytes=0-1,3-4", None),
    ("bytes=0-0,0-0,0-0,0-0", None),
])
def test_selectSpan(ranges, span):
    assert selectSpan(ranges, 10) == span


@pytest.mark.parametrize("ranges, size", [
    ("bytes=10-", 10), ("bytes=10-10", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-0", 0),
])
def test_selectSpan_unsatisfiable(ranges, size):
    with pytest.raises(Unsatisfiable):
        selectSpan(ranges, size)


def test_selectSpan_suffix_of_nothing_is_all_of_it():
    assert selectSpan("bytes=-5", 0) is None


@given(first=st.integers(0, 40), last=st.none() | st.integers(0, 40), size=st.integers(0, 30))
def test_selectSpan_agrees_with_slicing(first, last, size):
    data = bytes(range(size))
    try:
        span = selectSpan(f"bytes={first}-{'' if last is None else last}", size)
    except Unsatisfiable:
        assert first >= size
    else:
        if span is None:
            assert last is not None and last < first
        else:
            assert data[span.offset:span.offset + span.count] == data[first:None if last is None else last + 1] != b""


@given(st.text(), st.integers(0, 100))
def test_selectSpan_never_leaves_the_representation(text, size):
    for ranges in (text, "bytes=" + text):
        try:
            span = selectSpan(ranges, size)
        except Unsatisfiable:
            continue
        assert span is None or 0 <= span.offset < span.offset + span.count <= size


@pytest.mark.parametrize("accepts, codings", [
    (None, []),
    ("", []),
    ("identity", []),
    ("gzip", ["gzip"]),
    ("br", ["br"]),
    ("gzip, br", ["br", "gzip"]),  # equal weights: ours is the choice
    ("gzip, deflate, br, zstd", ["br", "gzip"]),
    ("gzip;q=0.9, br;q=0.8", ["gzip", "br"]),
    ("gzip;q=1.0,br;q=1", ["br", "gzip"]),
    ("GZIP", ["gzip"]),
    ("x-gzip", ["gzip"]),
    ("gzip ; Q=0.5", ["gzip"]),
    ("gzip;q=0", []),
    ("gzip;q=0.000, br", ["br"]),
    ("*", ["br", "gzip"]),
    ("*;q=0", []),
    ("*;q=0, gzip", ["gzip"]),
    ("br;q=0, *", ["gzip"]),
    ("identity;q=0.5, gzip;q=0.4", []),
    ("identity;q=0.5, gzip;q=0.5", ["gzip"]),
    ("*;q=0.5, gzip;q=0.1", ["br"]),
    ("identity;q=0", []),
    ("gzip;q=2", []),  # no weight: not worth a guess
    ("gzip;q=0.1234", []),
    ("gzip;level=9", []),
    (";;,,;q=1", []),
])
def test_rankCodings(accepts, codings):
    assert rankCodings(accepts, ("br", "gzip")) == codings


@given(st.text(alphabet=st.sampled_from("gzipbr*identity;q=0.15, ")))
def test_rankCodings_offers_what_was_offered(accepts):
    ranked = rankCodings(accepts, ("br", "gzip"))
    assert set(ranked) <= {"br", "gzip"} and len(set(ranked)) == len(ranked)
