"""Hict and Mict: several values a name."""

from __future__ import annotations

import copy
import pickle
from collections.abc import MutableMapping

import multidict
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.help import Hict, Mict

NAMES = st.text(alphabet="aAbB-", min_size=1, max_size=2)
PAIRS = st.lists(st.tuples(NAMES, st.integers(0, 3)), max_size=6)


@pytest.mark.parametrize("cls", [Hict, Mict])
class TestBoth:
    def test_kind(self, cls):
        assert isinstance(cls(), multidict.MultiDict)
        assert isinstance(cls(), MutableMapping)
        assert not isinstance(cls(), dict)

    @pytest.mark.parametrize("arg", [(), (None,), ([],), ({},)])
    def test_empty(self, cls, arg):
        assert repr(cls(*arg)) == f"{cls.__name__}([])"
        assert len(cls(*arg)) == 0

    @pytest.mark.parametrize(
        "make",
        [
            lambda cls: cls(a=1, b=2),
            lambda cls: cls({"a": 1, "b": 2}),
            lambda cls: cls([("a", 1), ("b", 2)]),
            lambda cls: cls(iter([("a", 1), ("b", 2)])),
            lambda cls: cls(Mict(a=1), b=2),
            lambda cls: cls(Hict(a=1), b=2),
            lambda cls: cls(None, a=1, b=2),
        ],
    )
    def test_made_of(self, cls, make):
        assert list(make(cls).items()) == [("a", 1), ("b", 2)]

    def test_a_field_may_be_called_arg(self, cls):
        assert cls(arg=1).items() == cls([("arg", 1)]).items()

    def test_keys_must_be_text(self, cls):
        with pytest.raises(TypeError):
            cls([(1, 2)])

    def test_add_and_replace(self, cls):
        many = cls([("a", 1), ("b", 2), ("a", 3)])
        many["a"] = 4
        assert list(many.items()) == [("a", 4), ("b", 2)]
        many.add("a", 5)
        assert list(many.items()) == [("a", 4), ("b", 2), ("a", 5)]

    def test_newest(self, cls):
        many = cls([("a", 1), ("b", 2), ("a", 3)])
        assert (many["a"], many.get("a"), many.getone("a"), many.getall("a")) == (1, 1, 1, [1, 3])
        assert (many.nabone("a"), many.nab("a"), many.naball("a")) == (3, 3, [3, 1])

    def test_newest_of_a_missing_name(self, cls):
        many = cls(a=1)
        assert many.nabone("z", 5) == many.nabone("z", default=5) == 5
        assert many.nabone("z", None) is None
        assert many.nab("z") is None
        assert many.nab("z", 5) == many.nab("z", default=5) == 5
        assert many.naball("z", []) == many.naball("z", default=[]) == []
        assert many.getone("z", 5) == 5 and many.get("z") is None and many.getall("z", []) == []
        for method in (many.nabone, many.naball, many.getone, many.getall):
            with pytest.raises(KeyError, match="z"):
                method("z")

    def test_a_value_may_be_none(self, cls):
        many = cls(a=None)
        assert many.nabone("a", 1) is None
        assert many.naball("a", 1) == [None]

    def test_update_and_extend(self, cls):
        many = cls([("a", 1), ("a", 2), ("b", 3)])
        many.update({"a": 4, "c": 5})
        assert list(many.items()) == [("a", 4), ("b", 3), ("c", 5)]
        many.extend([("a", 6)])
        assert list(many.items()) == [("a", 4), ("b", 3), ("c", 5), ("a", 6)]

    def test_update_takes_repeats(self, cls):
        many = cls(a=0)
        many.update(cls([("a", 1), ("b", 2), ("a", 3)]))
        assert sorted(many.getall("a")) == [1, 3]

    @pytest.mark.parametrize(
        "duplicate", [lambda m: m.copy(), copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
    )
    def test_copies(self, cls, duplicate):
        many = cls([("a", 1), ("b", 2), ("a", 3)])
        other = duplicate(many)
        assert type(other) is cls and other == many and other is not many
        other.add("c", 4)
        assert "c" not in many

    @given(pairs=PAIRS)
    def test_lists_every_item(self, cls, pairs):
        many = cls(pairs)
        assert list(many.items()) == pairs
        assert list(many.keys()) == list(many) == [key for key, _ in pairs]
        assert list(many.values()) == [value for _, value in pairs]
        assert len(many) == len(many.keys()) == len(pairs)
        assert repr(many) == f"{cls.__name__}({pairs!r})"

    @given(pairs=PAIRS)
    def test_newest_first_is_oldest_first_reversed(self, cls, pairs):
        many = cls(pairs)
        for key in many:
            assert many.naball(key) == many.getall(key)[::-1]
            assert many.nab(key) == many.nabone(key) == many.naball(key)[0]

    @given(pairs=PAIRS)
    def test_firsts_and_lasts_name_each_key_once(self, cls, pairs):
        many = cls(pairs)
        firsts, lasts = many.firsts(), many.lasts()
        assert [key for key, _ in firsts] == [key for key, _ in lasts]
        assert len(cls(firsts).keys()) == len({many._fold(key) for key in many})
        assert firsts == [(key, many.getone(key)) for key, _ in firsts]
        assert lasts == [(key, many.nabone(key)) for key, _ in lasts]

    @given(one=PAIRS, other=PAIRS)
    def test_equal_pair_by_pair(self, cls, one, other):
        fold = cls._fold
        expected = [(fold(k), v) for k, v in one] == [(fold(k), v) for k, v in other]
        assert (cls(one) == cls(other)) is expected
        assert (cls(one) != cls(other)) is not expected

    @given(pairs=PAIRS, other=st.dictionaries(NAMES, st.integers(0, 3), max_size=4))
    def test_equal_to_a_dict_by_exact_spelling(self, cls, pairs, other):
        expected = len(pairs) == len(other) and all(k in other and other[k] == v for k, v in pairs)
        assert (cls(pairs) == other) is expected
        assert (other == cls(pairs)) is expected


def test_mict_by_example():
    many = Mict(a=1, b=2, c=3)
    for key, value in (("a", 7), ("b", 8), ("c", 9)):
        many.add(key, value)
    assert list(many.keys()) == ["a", "b", "c", "a", "b", "c"]
    assert many.getall("a") == [1, 7]
    assert many.naball("a") == [7, 1]
    assert many.firsts() == [("a", 1), ("b", 2), ("c", 3)]
    assert many.lasts() == [("a", 7), ("b", 8), ("c", 9)]
    assert repr(many) == "Mict([('a', 1), ('b', 2), ('c', 3), ('a', 7), ('b', 8), ('c', 9)])"


def test_mict_minds_case():
    many = Mict(a=1, A=2)
    assert many.getall("a") == [1]
    assert many.firsts() == many.lasts() == [("a", 1), ("A", 2)]
    assert Mict(a=1) != Mict(A=1)


def test_hict_by_example():
    many = Hict(A=1, b=2, C=3)
    for key, value in (("a", 7), ("B", 8), ("c", 9)):
        many.add(key, value)
    assert list(many.keys()) == ["A", "b", "C", "a", "B", "c"]
    assert many.getall("A") == many.getall("a") == [1, 7]
    assert many.nab("A") == many.nab("a") == 7
    assert many.firsts() == [("A", 1), ("b", 2), ("C", 3)]
    assert many.lasts() == [("A", 7), ("b", 8), ("C", 9)]
    assert "B" in many.keys() and "d" not in many.keys()


def test_hict_keeps_the_new_spelling():
    many = Hict([("Content-Length", "1"), ("Date", "now"), ("content-length", "2")])
    many["CONTENT-LENGTH"] = "3"
    assert list(many.items()) == [("CONTENT-LENGTH", "3"), ("Date", "now")]


def test_hict_equality():
    assert Hict([("Host", "h"), ("Accept", "*")]) == Hict([("HOST", "h"), ("accept", "*")])
    assert Hict([("Host", "h"), ("Accept", "*")]) != Hict([("Accept", "*"), ("Host", "h")])
    assert Hict([("Host", "h"), ("Accept", "*")]) == {"Accept": "*", "Host": "h"}
    assert {"Accept": "*", "Host": "h"} == Hict([("Host", "h"), ("Accept", "*")])
    assert Hict(Host="h") != {"host": "h"}
