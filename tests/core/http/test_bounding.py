"""Bounds: checked when made."""

from __future__ import annotations

import pytest

from hio.core.http.bounding import BOUNDS, Bounds


def test_defaults_and_what_follows_from_them():
    assert BOUNDS.grammar.head == BOUNDS.head and BOUNDS.grammar.body == BOUNDS.body
    assert BOUNDS.endless.body is None and BOUNDS.endless.head == BOUNDS.head
    bounds = Bounds(body=10, head=100, fields=5)
    assert (bounds.grammar.body, bounds.grammar.head, bounds.grammar.fields) == (10, 100, 5)
    assert Bounds(body=None).grammar.body is None


@pytest.mark.parametrize("bad", [
    {"head": 0}, {"head": None}, {"fields": 1.5}, {"body": -1}, {"decoded": True}, {"redirects": -1}, {"events": 0},
    {"connectTymeout": -1.0}, {"headTymeout": float("inf")}, {"stallTymeout": "1"}, {"totalTymeout": None},
    {"backoff": float("nan")},
])
def test_what_is_no_bound(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Bounds(**bad)
