"""The trace: what is written, how it reads, and that its digest counts all of it."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.sim.tracing import Event, Kind, Trace, load, toEvent

KNOWN = "7e8ef8a93425d42e225e11d2c8749e24aa30a3b2644dee085df700ffd75e3513"
RECORDS = st.tuples(
    st.floats(0.0, 1e6), st.sampled_from([kind.value for kind in Kind]),
    st.tuples(st.text(max_size=5), st.text(max_size=5), st.integers(0, 9), st.sampled_from(["", "<", ">"])),
    st.integers(0, 99), st.binary(max_size=9), st.text(max_size=9),
)  # fmt: skip


def filled(records, limit=None):
    trace = Trace(limit)
    for record in records:
        trace.records.append(record)
        trace.tell()
    return trace


def test_an_event():
    trace = Trace()
    trace.note(1.5, Kind.SEND, "a", "b", connection=3, way=">", segment=9, data=b"GET / HTTP/1.1\r\n")
    event = trace[0]
    assert event == Event(0, 1.5, "send", "a", "b", 3, ">", 9, b"GET / HTTP/1.1\r\n", "")
    assert event.kind == Kind.SEND and type(event.kind) is str and event.size == 16
    line = "     0     1.500000  a > b                  #3   send     s9 16 B 'GET / HTTP/1.1\\r\\n'"
    assert str(event) == line and trace.text() == line + "\n"


@given(st.lists(RECORDS, max_size=20))
def test_json_lines_say_it_all(records):
    trace = filled(records)
    stream = io.StringIO()
    trace.dump(stream)
    lines = stream.getvalue().split("\n")[:-1]
    assert load(lines) == list(trace)
    assert all(set(json.loads(line)) == set(Event._fields) for line in lines)


@given(st.lists(RECORDS, min_size=1, max_size=30), st.data())
def test_any_difference_shows_in_the_digest(records, data):
    at = data.draw(st.integers(0, len(records) - 1))
    field = data.draw(st.integers(0, 5))
    other = data.draw(RECORDS)
    changed = [*records]
    changed[at] = (*records[at][:field], other[field], *records[at][field + 1 :])
    assert (filled(records).digest() == filled(changed).digest()) == (records == changed)
    assert filled(records).digest() != filled(records[:-1]).digest()


@given(st.lists(RECORDS, max_size=40), st.integers(1, 10))
def test_the_digest_counts_what_is_dropped(records, limit):
    trace = filled(records, limit)
    assert trace.digest() == filled(records).digest()
    assert len(trace) == len(records) and len(trace.records) < 2 * limit or len(records) <= 2 * limit
    assert [event.serial for event in trace] == list(range(trace.dropped, len(records)))
    assert list(trace) == [toEvent(serial, record) for serial, record in enumerate(records)][trace.dropped :]


def test_digest_on_the_way_changes_nothing():
    one, other = Trace(), Trace()
    for number in range(10):
        for trace in (one, other):
            trace.note(0.0, Kind.NOTE, note=str(number))
        one.digest()
    assert one.digest() == other.digest()


def test_known_digest():
    """As every version of Python on every machine must count it."""
    trace = Trace()
    trace.note(0.1, Kind.SEND, "höst", "b", "n", connection=1, way=">", segment=2, data=bytes(range(256)))
    assert trace.digest() == KNOWN


def test_tail_and_places():
    trace = filled([(float(number), "note", ("", "", 0, ""), 0, b"", str(number)) for number in range(50)], limit=10)
    assert [event.note for event in trace.tail(3)] == ["47", "48", "49"]
    assert trace[-1].serial == 49 and trace[45].note == "45"
    assert trace.tail(0) == [] and len(trace.tail(1000)) == len(trace.records)
    for gone in (0, 50):
        with pytest.raises(IndexError, match="are kept"):
            trace[gone]


def test_watchers_see_all_once():
    trace = Trace(limit=2)
    seen = []
    trace.watch(seen.extend)
    for number in range(10):
        trace.note(0.0, Kind.NOTE, note=str(number))
        if number % 3 == 0:
            trace.tell()
    trace.tell()
    assert [(event.serial, event.note) for event in seen] == [(number, str(number)) for number in range(10)]


def test_closed():
    trace = Trace()
    trace.note(0.0, Kind.NOTE)
    trace.close()
    trace.note(0.0, Kind.NOTE)
    assert len(trace) == 1


@pytest.mark.parametrize("line", ["", "[]", "{}", '{"serial": 1}', "nonsense"])
def test_lines_that_are_none(line):
    good = next(filled([(0.0, "note", ("", "", 0, ""), 0, b"", "")]).lines())
    with pytest.raises(ValueError, match="line 2 is no event"):
        load([good, line])


def test_limits_that_cannot_be():
    with pytest.raises(ValueError, match="at least 1"):
        Trace(0)
