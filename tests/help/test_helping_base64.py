"""Integers and bytes as digits of Base64, and what patterns match."""

from __future__ import annotations

import base64
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.help import Reat
from hio.help.helping import (
    B64ChrByIdx,
    B64IdxByChr,
    Reb64,
    b64ToInt,
    codeB2ToB64,
    codeB64ToB2,
    intToB64,
    intToB64b,
    nabSextets,
)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DIGITS = st.text(alphabet=ALPHABET, min_size=1, max_size=20)


class TestBase64:
    def test_tables(self):
        assert "".join(B64ChrByIdx[i] for i in range(64)) == ALPHABET
        assert all(B64IdxByChr[B64ChrByIdx[i]] == i for i in range(64))
        assert len(B64ChrByIdx) == len(B64IdxByChr) == 64

    @pytest.mark.parametrize(
        "i, l, text",
        [
            (0, 1, "A"),
            (0, 0, ""),
            (None, 0, ""),
            (27, 1, "b"),
            (27, 2, "Ab"),
            (80, 1, "BQ"),
            (4095, 1, "__"),
            (4096, 1, "BAA"),
            (6011, 1, "Bd7"),
            (6011, 5, "AABd7"),
        ],
    )
    def test_integers(self, i, l, text):  # noqa: E741
        assert intToB64(i, l=l) == text
        assert intToB64b(i, l=l) == text.encode()
        if text:
            assert b64ToInt(text) == b64ToInt(text.encode()) == i

    def test_not_integers(self):
        with pytest.raises(ValueError, match="0 or more"):
            intToB64(-1)
        for odd in (None, "x", 1.5):
            with pytest.raises(TypeError, match=f"got {odd!r}"):
                intToB64(odd)
            assert intToB64(odd, l=0) == ""
        for bad in ("", b"", "A=", "A+", b"A\xff", "Ä", "A\n"):
            with pytest.raises(ValueError):
                b64ToInt(bad)

    @given(st.integers(0, 2**200), st.integers(1, 50))
    def test_integers_there_and_back(self, i, l):  # noqa: E741
        text = intToB64(i, l)
        assert b64ToInt(text) == i
        assert len(text) == l or (len(text) > l and text[0] != "A")

    @pytest.mark.parametrize(
        "text, raw", [("-BAC", b"\xf8\x10\x02"), ("-BA", b"\xf8\x10\x00"), ("-B", b"\xf8\x10"), ("-", b"\xf8")]
    )
    def test_codes(self, text, raw):
        assert codeB64ToB2(text) == codeB64ToB2(text.encode()) == raw
        assert codeB2ToB64(raw, len(text)) == text
        assert nabSextets(raw, len(text)) == raw

    @given(DIGITS)
    def test_codes_there_and_back(self, text):
        raw = codeB64ToB2(text)
        assert len(raw) == math.ceil(3 * len(text) / 4)
        assert codeB2ToB64(raw + b"more", len(text)) == text
        assert nabSextets(raw + b"\xff", len(text)) == raw
        with pytest.raises(ValueError, match="sextets"):
            codeB2ToB64(raw[:-1], len(text))
        with pytest.raises(ValueError, match="sextets"):
            nabSextets(raw[:-1], len(text))

    @given(st.binary(max_size=30).map(lambda raw: raw[: len(raw) // 3 * 3]).filter(bool))
    def test_codes_are_base64(self, raw):
        text = base64.urlsafe_b64encode(raw).decode()
        assert codeB64ToB2(text) == raw
        assert codeB2ToB64(raw, len(text)) == text

    def test_the_unused_bits_are_cleared(self):
        assert nabSextets(b"\xff", 1) == b"\xfc"
        assert nabSextets(b"\xff\xff", 2) == b"\xff\xf0"
        assert nabSextets(b"\xff\xff\xff", 3) == b"\xff\xff\xc0"

    def test_none_at_all(self):
        assert codeB2ToB64(b"", 0) == "" and nabSextets(b"xyz", 0) == b""


class TestPatterns:
    def test_reb64(self):
        assert Reb64.match(b"") and Reb64.match(ALPHABET.encode())
        assert not any(Reb64.match(raw) for raw in (b"A=", b"A\n", b"A B", b"+", b"/"))

    def test_reat(self):
        assert all(Reat.match(text) for text in ("a", "_", "Ab_9"))
        assert not any(Reat.match(text) for text in ("", "9a", "a-b", "a\n", "ä", "a b", "a.b"))
