"""StaticSink: fields, conditions, ranges and codings; bodies in pieces, and descriptors closed."""

from __future__ import annotations

import os
from email.utils import formatdate
from urllib.parse import unquote_to_bytes

import falcon
import pytest
from falcon import testing
from hypothesis import given, settings
from hypothesis import strategies as st

from hio.core.http.sinking import FilePart, StaticSink
from tests.core.http.sinktree import BIG, MTIME, MISSING_PATHS, makeClient


def test_head_is_get_without_the_body(visitor):
    for path in ("/", "/static/big.bin", "/static/empty.txt", "/static/coded.js"):
        for accepts in ("identity", "gzip"):
            get = visitor.simulate_get(path, headers={"Accept-Encoding": accepts})
            head = visitor.simulate_head(path, headers={"Accept-Encoding": accepts})
            assert head.status == get.status == falcon.HTTP_200
            assert dict(head.headers) == dict(get.headers)
            assert head.content == b""


def test_fields(visitor):
    rep = visitor.simulate_get("/static/robots.txt")
    assert rep.headers["last-modified"] == formatdate(MTIME, usegmt=True)
    assert rep.headers["accept-ranges"] == "bytes"
    assert rep.headers["vary"] == "Accept-Encoding"
    assert rep.headers["etag"].startswith('"') and rep.headers["etag"].endswith('"')


def test_etag_changes_with_the_file_even_if_size_and_mtime_stay(tmp_path):
    path = tmp_path / "x.txt"
    visitor = makeClient(tmp_path)
    path.write_bytes(b"one")
    os.utime(path, (MTIME, MTIME))
    first = visitor.simulate_get("/x.txt").headers["etag"]
    assert visitor.simulate_get("/x.txt").headers["etag"] == first
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:  # until the kernel's clock for files has moved on, a few ms
        path.write_bytes(b"two")
        os.utime(path, (MTIME, MTIME))
    assert visitor.simulate_get("/x.txt").headers["etag"] != first


def test_not_modified(visitor):
    fresh = visitor.simulate_get("/static/big.bin")
    for name, value in (
        ("If-None-Match", fresh.headers["etag"]),
        ("If-None-Match", "*"),
        ("If-Modified-Since", fresh.headers["last-modified"]),
    ):
        for method in ("GET", "HEAD"):
            rep = visitor.simulate_request(method, "/static/big.bin", headers={name: value, "Range": "bytes=0-0"})
            assert rep.status == falcon.HTTP_304
            assert rep.content == b""
            assert rep.headers["etag"] == fresh.headers["etag"]
            assert rep.headers["vary"] == "Accept-Encoding"
            assert not {"content-type", "content-length", "content-range"} & set(rep.headers)
    for name, value in (("If-None-Match", '"x"'), ("If-Modified-Since", formatdate(MTIME - 1, usegmt=True))):
        assert visitor.simulate_get("/static/big.bin", headers={name: value}).content == BIG


def test_precondition_failed(visitor):
    etag = visitor.simulate_get("/static/big.bin").headers["etag"]
    assert visitor.simulate_get("/static/big.bin", headers={"If-Match": etag}).status == falcon.HTTP_200
    rep = visitor.simulate_get("/static/big.bin", headers={"If-Match": '"x"'})
    assert rep.status == falcon.HTTP_412
    assert rep.headers["etag"] == etag


@pytest.mark.parametrize("ranges, part, contentRange", [
    ("bytes=0-0", BIG[:1], f"bytes 0-0/{len(BIG)}"),
    ("bytes=100-299", BIG[100:300], f"bytes 100-299/{len(BIG)}"),
    ("bytes=-7", b"the end", f"bytes {len(BIG) - 7}-{len(BIG) - 1}/{len(BIG)}"),
    ("bytes=5-", BIG[5:], f"bytes 5-{len(BIG) - 1}/{len(BIG)}"),
    ("bytes=0-", BIG, f"bytes 0-{len(BIG) - 1}/{len(BIG)}"),
])
def test_range(visitor, ranges, part, contentRange):
    rep = visitor.simulate_get("/static/big.bin", headers={"Range": ranges})
    assert rep.status == falcon.HTTP_206
    assert rep.content == part
    assert rep.headers["content-length"] == str(len(part))
    assert rep.headers["content-range"] == contentRange
    assert rep.headers["content-type"] == "application/octet-stream"
    assert "etag" in rep.headers and "last-modified" in rep.headers


@pytest.mark.parametrize("ranges", ["bytes=0-1,5-6", "bytes=9-1", "lines=0-1", "rubbish"])
def test_range_ignored(visitor, ranges):
    rep = visitor.simulate_get("/static/big.bin", headers={"Range": ranges})
    assert (rep.status, rep.content) == (falcon.HTTP_200, BIG)
    assert "content-range" not in rep.headers


def test_range_is_for_get(visitor):
    rep = visitor.simulate_head("/static/big.bin", headers={"Range": "bytes=0-1"})
    assert rep.status == falcon.HTTP_200
    assert rep.headers["content-length"] == str(len(BIG))


def test_range_not_satisfiable(visitor):
    for path, size in (("/static/big.bin", len(BIG)), ("/static/empty.txt", 0)):
        rep = visitor.simulate_get(path, headers={"Range": f"bytes={size}-"})
        assert rep.status == falcon.HTTP_416
        assert rep.headers["content-range"] == f"bytes */{size}"


def test_if_range(visitor):
    fields = visitor.simulate_get("/static/big.bin").headers
    for value, status in (
        (fields["etag"], falcon.HTTP_206),
        (fields["last-modified"], falcon.HTTP_206),
        ("W/" + fields["etag"], falcon.HTTP_200),
        ('"other"', falcon.HTTP_200),
        (formatdate(MTIME + 1, usegmt=True), falcon.HTTP_200),
    ):
        rep = visitor.simulate_get("/static/big.bin", headers={"Range": "bytes=0-9", "If-Range": value})
        assert (rep.status, len(rep.content)) == (status, 10 if status == falcon.HTTP_206 else len(BIG))
    # a range that no longer fits is no error when the file has changed
    rep = visitor.simulate_get("/static/big.bin", headers={"Range": "bytes=9999999-", "If-Range": '"other"'})
    assert rep.status == falcon.HTTP_200


@settings(deadline=None)
@given(first=st.integers(0, len(BIG) + 9), last=st.none() | st.integers(0, len(BIG) + 9))
def test_ranges_agree_with_slicing(visitor, first, last):
    ranges = f"bytes={first}-{'' if last is None else last}"
    rep = visitor.simulate_get("/static/big.bin", headers={"Range": ranges})
    if last is not None and last < first:
        assert (rep.status, rep.content) == (falcon.HTTP_200, BIG)
    elif first >= len(BIG):
        assert rep.status == falcon.HTTP_416
    else:
        assert (rep.status, rep.content) == (falcon.HTTP_206, BIG[first:None if last is None else last + 1])


@pytest.mark.parametrize("name, accepts, coding", [
    ("coded.js", None, ""),
    ("coded.js", "identity", ""),
    ("coded.js", "br", "br"),
    ("coded.js", "gzip", "gzip"),
    ("coded.js", "gzip, deflate, br", "br"),
    ("coded.js", "br;q=0.5, gzip", "gzip"),
    ("coded.js", "br;q=0, *;q=0.1", "gzip"),
    ("coded.js", "gzip;q=0", ""),
    ("zipped.css", "br, gzip;q=0.1", "gzip"),  # no .br beside it
    ("zipped.css", "br", ""),
    ("index.html", "br, gzip", ""),
    ("leaky.txt", "gzip", ""),  # the sibling is a link that leads out
])
def test_precompressed(visitor, tree, name, accepts, coding):
    headers = {} if accepts is None else {"Accept-Encoding": accepts}
    rep = visitor.simulate_get("/static/" + name, headers=headers)
    ending = {"": "", "br": ".br", "gzip": ".gz"}[coding]
    assert rep.status == falcon.HTTP_200
    assert rep.content == (tree / (name + ending)).read_bytes()
    assert rep.headers.get("content-encoding", "") == coding
    assert rep.headers["content-length"] == str(len(rep.content))
    assert rep.headers["vary"] == "Accept-Encoding"
    assert rep.headers["content-type"] == visitor.simulate_get("/static/" + name).headers["content-type"]


def test_each_coding_has_its_own_etag(visitor):
    def etag(coding):
        return visitor.simulate_get("/static/coded.js", headers={"Accept-Encoding": coding}).headers["etag"]

    assert len({etag("identity"), etag("br"), etag("gzip")}) == 3
    rep = visitor.simulate_get("/static/coded.js", headers={"Accept-Encoding": "gzip", "If-None-Match": etag("gzip")})
    assert rep.status == falcon.HTTP_304
    rep = visitor.simulate_get("/static/coded.js", headers={"Accept-Encoding": "gzip", "If-None-Match": etag("br")})
    assert rep.status == falcon.HTTP_200


def test_an_orphaned_sibling_serves_nothing(visitor):
    assert visitor.simulate_get("/static/orphan.txt", headers={"Accept-Encoding": "gzip"}).status == falcon.HTTP_404


def test_vary_keeps_what_others_named(tree):
    class Named:
        def process_request(self, req, rep):
            rep.append_header("Vary", "Origin")

    app = falcon.App(middleware=[Named()])
    app.add_sink(StaticSink(tree), prefix="/")
    rep = testing.TestClient(app).simulate_get("/index.html")
    assert rep.headers["vary"].replace(" ", "") == "Origin,Accept-Encoding"


# Streaming and descriptors

def test_body_comes_in_pieces(visitor):
    environ = testing.create_environ("/static/big.bin")
    body = visitor.app(environ, testing.StartResponseMock())
    assert isinstance(body, FilePart)  # reaches the server as it is, with its file, offset and count
    assert (body.offset, body.count) == (0, len(BIG))
    pieces = list(body)
    assert b"".join(pieces) == BIG
    assert max(map(len, pieces)) == FilePart.BlockSize < len(BIG)
    assert all(pieces)
    body.close()
    body.close()
    assert body.filelike.closed


def test_a_file_that_shrinks_is_not_passed_off_as_whole(tmp_path):
    (tmp_path / "x.bin").write_bytes(BIG)
    body = makeClient(tmp_path).app(testing.create_environ("/x.bin"), testing.StartResponseMock())
    next(body)
    os.truncate(tmp_path / "x.bin", FilePart.BlockSize + 1)
    assert len(next(body)) == 1
    with pytest.raises(OSError, match="early"):
        next(body)
    body.close()


def test_a_file_that_grows_is_sent_as_promised(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"12345")
    body = makeClient(tmp_path).app(testing.create_environ("/x.bin"), testing.StartResponseMock())
    with (tmp_path / "x.bin").open("ab") as file:
        file.write(b"678")
    assert list(body) == [b"12345"]
    body.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors by /proc")
def test_no_descriptor_is_left_open(visitor):
    cases = [(path, {}) for path in (*MISSING_PATHS, "/", "/docs", "/static/coded.js")]
    cases += [("/static/coded.js", fields) for fields in (
        {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}, {"If-Match": '"x"'}, {"Range": "bytes=1-2"},
        {"Range": "bytes=99999-"}, {"Accept-Encoding": "br", "If-None-Match": "*"},
    )]
    cases.append(("/static/leaky.txt", {"Accept-Encoding": "gzip"}))
    before = len(os.listdir("/proc/self/fd"))
    for path, fields in cases:
        for method in ("GET", "HEAD", "POST"):
            environ = testing.create_environ(method=method, headers=fields)
            environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
            body = visitor.app(environ, testing.StartResponseMock())
            getattr(body, "close", lambda: None)()
    assert len(os.listdir("/proc/self/fd")) == before
