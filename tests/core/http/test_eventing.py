"""Event streams: the standard's examples in every cut, against a reader of whole streams, and the ends of a stream."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.eventing import EventSource
from hio.core.http.faulting import LineTooLong


def feed(pieces: list[bytes], **kwa: Any) -> EventSource:
    """Return a source that parsed pieces as they came."""
    source = EventSource(**kwa)
    for piece in pieces:
        source.raw += piece
        source.parse()
    return source


def cuts(raw: bytes) -> list[list[bytes]]:
    return [[raw], [raw[i : i + 1] for i in range(len(raw))], [raw[: len(raw) // 2], raw[len(raw) // 2 :]]]


STREAMS = [
    (b"", []),
    (b"data: x\n\n", [(None, "", "x")]),
    (b"data: x\n", []),
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [(None, "", "YHOO\n+2\n10")]),
    (b": test\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
     [("1", "", "first event"), ("", "", "second event"), ("", "", " third event")]),
    (b"data\n\ndata\ndata\n\ndata:", [(None, "", ""), (None, "", "\n")]),
    (b"data:test\n\ndata: test\n\n", [(None, "", "test"), (None, "", "test")]),
    (b"event: add\ndata: 1\n\ndata: 2\n\n", [(None, "add", "1"), (None, "", "2")]),
    (b"event: lost\n\ndata: 2\n\n", [(None, "", "2")]),
    (b"id: 7\n\ndata: x\n\n", [("7", "", "x")]),
    (b"id: 7\nid: 8\ndata: x\n\n", [("8", "", "x")]),
    (b"id: 7\ndata: x\n\nid: a\x00b\ndata: y\n\n", [("7", "", "x"), ("7", "", "y")]),
    (b"data: a: b:c\n\n", [(None, "", "a: b:c")]),
    (b"Data: x\n\ndata : x\n\nother: x\n\n: data: x\n\n", []),
    (b"data: \xc3\xa9\xff\n\n", [(None, "", "\xe9\ufffd")]),
    (b"data: 1\r\ndata: 2\rdata: 3\ndata: 4\r\n\r\n", [(None, "", "1\n2\n3\n4")]),
    (b"data: 1\r\rdata: 2\n\ndata: 3\r\n\r\ndata: 4\n\r\n", [(None, "", text) for text in "1234"]),
    (b"data: 1\n\rdata: 2\r\n\rdata: 3\r\n\n", [(None, "", text) for text in "123"]),
    (b"\n\r\n\r\rdata: x\n\n", [(None, "", "x")]),
    (b"\xef\xbb\xbfdata: x\n\n", [(None, "", "x")]),
    (b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\ndata: y\n\n", [(None, "", "y")]),
    (b"\xef\xbbdata: x\n\ndata: y\n\n", [(None, "", "y")]),
    (b"data: {\"a\":1}\n\n", [(None, "", '{"a":1}')]),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "events"), STREAMS)
def test_stream(raw: bytes, events: list[tuple[str | None, str, str]]) -> None:
    for pieces in cuts(raw):
        source = feed(pieces)
        assert [tuple(event.values()) for event in source.events] == events
        assert all(list(event) == ["id", "name", "data"] for event in source.events)
        assert source.parser is not None
        assert not source.ended


def test_all_that_is_there_is_eaten() -> None:
    for pieces in cuts(b"retry: 1000\n\nid: 4\r\ndata: x\r\n\r\n"):
        source = feed(pieces)
        assert (source.raw, source.retry, source.leid, len(source.events)) == (b"", 1000, "4", 1)
        assert source.bom == b""
    assert feed([b"\xef\xbb\xbf"]).bom == b"\xef\xbb\xbf"
    assert feed([b"\xef\xbb"]).bom is None


@pytest.mark.parametrize("end", [b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r"])
def test_an_event_is_not_held_back(end: bytes) -> None:
    """With its blank line there it is dispatched, although an LF might still follow the CR; it then is no line."""
    source = feed([b"data: 1" + end])
    assert len(source.events) == 1
    source.raw += b"data: 2" + end
    source.parse()
    assert [event["data"] for event in source.events] == ["1", "2"]
    source = feed([b"data: 1\r", b"\ndata: 2\r", b"", b"\n\r", b"\n"])
    assert [event["data"] for event in source.events] == ["1\n2"]


@pytest.mark.parametrize(
    ("value", "retry"),
    [(b"1000", 1000), (b"0", 0), (b"007", 7), (b"+5", None), (b"-5", None), (b"5.0", None), (b"5s", None), (b"", None),
     (b" 5", None), (b"1_0", None), ("٣".encode(), None), ("²".encode(), None), (b"9" * 16, None), (b"9" * 5000, None)],
)  # fmt: skip
def test_retry(value: bytes, retry: int | None) -> None:
    assert feed([b"retry: " + value + b"\n"]).retry == retry


def test_retry_that_is_bad_keeps_the_last() -> None:
    assert feed([b"retry: 5\nretry: x\n"]).retry == 5


def test_last_id_counts_from_the_end_of_its_event() -> None:
    """A stream cut amid an event is asked again for that event: its id does not count yet."""
    source = feed([b"id: 1\ndata: x\n\nid: 2\ndata: y\n"])
    assert source.leid == "1"
    source.raw += b"\n"
    source.parse()
    assert source.leid == "2"


def test_dictable() -> None:
    raw = b'data: {"count":1}\n\ndata: START\n\ndata: [1,\ndata: 2]\n\ndata:\n\ndata: ' + b"[" * 100_000 + b"\n\n"
    data = [event["data"] for event in feed([raw], dictable=True).events]
    assert data[:4] == [{"count": 1}, "START", [1, 2], ""]
    assert data[4] == "[" * 100_000
    assert feed([raw]).events[0]["data"] == '{"count":1}'


def test_shared_buffer_and_events() -> None:
    raw, events = bytearray(b"data: x\n\n"), deque()
    source = EventSource(raw=raw, events=events)
    source.parse()
    assert source.raw is raw and source.events is events
    assert (raw, len(events)) == (b"", 1)


def test_closed_stream_ends_and_drops_what_is_not_complete() -> None:
    source = feed([b"data: x\n\ndata: y\n"])
    assert source.ended is False
    source.raw += b"\nid: 3\ndata: z"
    source.close()
    source.parse()
    assert (source.ended, source.closed, source.parser, source.raw) == (True, True, None, b"")
    assert [event["data"] for event in source.events] == ["x", "y"]
    source.parse()  # does nothing
    assert len(source.events) == 2


def test_closed_before_the_first_step() -> None:
    source = EventSource(raw=bytearray(b"\xef\xbb"))
    source.close()
    source.parse()
    assert (source.ended, source.bom) == (True, b"")


def test_next_stream_keeps_last_id_and_retry() -> None:
    source = feed([b"retry: 5\nid: 1\ndata: x\n\ndata: cut"])
    source.close()
    source.parse()
    source.makeParser(raw=bytearray(b"\xef\xbb\xbfdata: y\n\n"))
    source.parse()
    assert (source.retry, source.leid, source.closed) == (5, "1", False)
    assert [event["data"] for event in source.events] == ["x", "y"]


@pytest.mark.parametrize("piece", [b"x" * 1000, b"data: " + b"x" * 500 + b"\n", b": " + b"x" * 90 + b"\r"])
def test_an_event_is_bounded(piece: bytes) -> None:
    """Neither a line nor an event without end takes more than Limit bytes."""

    class Small(EventSource):
        Limit = 5000

    source = Small()
    with pytest.raises(LineTooLong):
        for _ in range(200):
            source.raw += piece
            source.parse()
            assert len(source.raw) <= Small.Limit
    assert source.parser is None
    source = Small()
    for _ in range(200):  # many events are none too many
        source.raw += b"data: " + b"x" * 90 + b"\n\n"
        source.parse()
    assert len(source.events) == 200


# ---------------------------------------------------------------- against a reader of whole streams


def whole(raw: bytes) -> tuple[list[tuple[str | None, str, str]], str | None]:
    """Return events and last id of a complete stream, read the plainest way."""
    events: list[tuple[str | None, str, str]] = []
    leid: str | None = None
    text = re.sub("\r\n?", "\n", raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))
    *blocks, _ = re.split(r"(?:^|(?<=\n))\n", text)
    for block in blocks:
        lines = [line.partition(":") for line in block.split("\n")[:-1]]
        fields = [(name, value.removeprefix(" ")) for name, _, value in lines]
        ids = [value for name, value in fields if name == "id" and "\0" not in value]
        leid = ids[-1] if ids else leid
        data = [value for name, value in fields if name == "data"]
        if data:
            events.append((leid, ([""] + [value for name, value in fields if name == "event"])[-1], "\n".join(data)))
    return events, leid


LINES = st.sampled_from([b"data: a", b"data", b"data:", b"id: 1", b"id", b"id: \x00", b"event: e", b": c", b"", b"",
b"x",
                         b"\xef\xbb\xbf", b"data: \xe2\x82", b"retry: 3", b"data:  b"])  # fmt: skip
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r"])
RAWS = st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=12).map(b"".join)


@given(RAWS | st.binary(max_size=60), st.lists(st.integers(0), max_size=6))
def test_any_stream_in_any_cut(raw: bytes, marks: list[int]) -> None:
    at = sorted({mark % (len(raw) + 1) for mark in marks})
    pieces = [raw[start:end] for start, end in zip([0, *at], [*at, len(raw)], strict=True)]
    source = feed([*pieces, b""])
    if raw in (b"\xef", b"\xef\xbb"):
        return  # may still become a byte order mark
    events, leid = whole(raw)
    assert [tuple(event.values()) for event in source.events] == events
    assert source.leid == leid
    json.dumps(list(source.events))
