"""Content codings: whatever the cuts, the bytes come back; whatever is sent, memory is bounded."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.decoding import PIECE, BadCoding, decoder
from hio.core.http.faulting import BodyTooLarge


def bare(data):
    """Return data as deflate without the zlib format around it."""
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


CODERS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "Deflate": bare}


def decode(coding, pieces, limit=None):
    """Return what pieces are, decoded."""
    out = bytearray()
    found = decoder(coding, out.extend, limit)
    for piece in pieces:
        found.feed(piece)
    found.finish()
    return bytes(out)


@pytest.mark.parametrize("coding", CODERS)
@given(data=st.binary(max_size=300), cut=st.integers(1, 40))
def test_every_cut_gives_the_same(coding, data, cut):
    coded = CODERS[coding](data)
    assert decode(coding, [coded[i : i + cut] for i in range(0, len(coded), cut)]) == data


def test_several_codings_and_members():
    data = b"some data" * 100
    assert decode("deflate, gzip", [gzip.compress(zlib.compress(data))]) == data
    assert decode("gzip", [gzip.compress(data, mtime=0) + gzip.compress(b"more")]) == data + b"more"
    assert decode("identity, gzip", [gzip.compress(data, mtime=0)]) == data


def test_what_is_not_to_be_undone():
    for coding in ("", "identity", "br", "gzip, br"):
        assert decoder(coding, bytearray().extend, None) is None


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_nothing_is_nothing(coding):
    assert decode(coding, []) == b""


@pytest.mark.parametrize(("coding", "coded"), [
    ("gzip", b"no gzip at all"),
    ("gzip", gzip.compress(b"data", mtime=0)[:-1]),
    ("gzip", gzip.compress(b"data", mtime=0)[:3]),
    ("gzip", gzip.compress(b"data", mtime=0)[:-8] + b"\0" * 8),
    ("gzip", gzip.compress(b"data", mtime=0) + b"more"),
    ("deflate", zlib.compress(b"data")[:-1]),
    ("deflate", zlib.compress(b"data") + b"more"),
    ("deflate", b"\xff\xff\xff"),
    ("deflate", b"x"),
    ("gzip, gzip, gzip, gzip", b""),
])
def test_what_is_not_what_it_says(coding, coded):
    for pieces in ([coded], [coded[i : i + 1] for i in range(len(coded))]):
        with pytest.raises(BadCoding):
            decode(coding, pieces)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "deflate, gzip"])
def test_a_bomb_is_stopped_one_piece_beyond_the_limit(coding):
    coded = zlib.compress(bytes(64 << 20)) if "deflate" in coding else gzip.compress(bytes(64 << 20))
    if coding == "deflate, gzip":
        coded = gzip.compress(coded, mtime=0)
    sizes = []
    found = decoder(coding, lambda piece: sizes.append(len(piece)), 1 << 20)
    with pytest.raises(BodyTooLarge):
        found.feed(coded)
    assert sum(sizes) <= 1 << 20
    assert max(sizes) <= PIECE


def test_the_limit_itself_is_allowed():
    assert decode("gzip", [gzip.compress(b"12345", mtime=0)], limit=5) == b"12345"
