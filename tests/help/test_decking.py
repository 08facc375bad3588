"""Deck: a deque with push and pull."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.help import Deck


def test_made_of():
    assert Deck() == deque()
    assert Deck("ABC") == Deck(["A", "B", "C"]) == deque("ABC")
    assert Deck("ABC", maxlen=2) == Deck("BC")
    assert Deck("ABC") != Deck("CBA")
    assert Deck("ABC") != ["A", "B", "C"]


def test_repr():
    assert repr(Deck(["A", "B", "C"])) == str(Deck(["A", "B", "C"])) == "Deck(['A', 'B', 'C'])"
    assert repr(Deck()) == "Deck([])"


def test_false_elements_pass_and_none_does_not():
    deck = Deck()
    assert [deck.push(elem) for elem in (False, "", None, [])] == [True, True, False, True]
    assert [deck.pull() for _ in range(4)] == [False, "", [], None]


def test_pull_of_an_empty_deck():
    assert Deck().pull() is None
    with pytest.raises(IndexError):
        Deck().pull(emptive=False)


@given(st.lists(st.integers()))
def test_first_in_first_out(elems):
    deck = Deck()
    assert all(deck.push(elem) for elem in elems)
    assert [deck.pull(emptive=False) for _ in elems] == elems
    assert not deck


def test_copy_is_a_deck():
    assert type(Deck("AB").copy()) is Deck


def test_a_bounded_deck_looks_like_any_other():
    deck = Deck([1, 2, 3], maxlen=2)
    assert repr(deck) == str(deck) == "Deck([2, 3])" and deck.maxlen == 2
    assert type(deck.copy()) is Deck and deck.copy() == deck
    deck.append(deck)
    assert repr(deck) == "Deck([3, Deck([...])])"
