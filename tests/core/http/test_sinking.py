"""StaticSink: what it serves, what it never serves, and how."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from email.utils import formatdate
from urllib.parse import unquote_to_bytes

import falcon
import pytest
from falcon import testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hio.core.http import sinking
from hio.core.http.sinking import FilePart, StaticSink, openBelow

PAGE = b"<!doctype html><title>Hello</title>\n"
SCRIPT = b"console.log('hello');\n"
SECRET = b"TOP SECRET, outside of the tree"
BIG = bytes(range(256)) * 1024 + b"the end"  # four pieces and a bit
MTIME = 1_700_000_000


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A web directory with all sorts of things in it, and a secret beside it."""
    top = tmp_path_factory.mktemp("sink")
    (top / "secret.txt").write_bytes(SECRET)
    (top / "web-secret").mkdir()  # shares the first letters of the path with web
    (top / "web-secret" / "secret.txt").write_bytes(SECRET)
    web = top / "web"
    files = {
        "index.html": PAGE,
        "index.js": SCRIPT,
        "robots.txt": b"User-agent: *\n",
        "big.bin": BIG,
        "empty.txt": b"",
        "no-ending": b"?",
        "UPPER.HTML": PAGE,
        "with space.txt": b"space",
        "naïve.txt": "naïve".encode(),
        "100%.txt": b"percent",
        "a+b.txt": b"plus",
        "..hidden.txt": b"two dots are part of this name",
        "staticx": b"no prefix lost",
        "static/deep.txt": b"a directory with the name of the prefix",
        "docs/index.html": b"docs",
        "docs/guide.css": b"body{}",
        "hollow/file.txt": b"no index here",
        "coded.js": SCRIPT * 100,
        "coded.js.gz": gzip.compress(SCRIPT * 100, mtime=0),
        "coded.js.br": b"pretend that this is brotli",
        "zipped.css": b"p{}" * 100,
        "zipped.css.gz": gzip.compress(b"p{}" * 100, mtime=0),
        "orphan.txt.gz": b"the plain file is missing",
        "leaky.txt": b"plain",
    }
    for name, data in files.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_bytes(data)
        os.utime(web / name, (MTIME, MTIME))
    (web / "inside.html").symlink_to("index.html")
    (web / "insidedir").symlink_to("docs", target_is_directory=True)
    (web / "absolute.html").symlink_to(web / "index.html")
    (web / "outside.txt").symlink_to("../secret.txt")
    (web / "outsidedir").symlink_to("..", target_is_directory=True)
    (web / "neighbour").symlink_to("../web-secret", target_is_directory=True)
    (web / "roundabout.html").symlink_to("../web/index.html")
    (web / "viadir.txt").symlink_to("outsidedir/secret.txt")
    (web / "dangling.txt").symlink_to("nowhere")
    (web / "loop").symlink_to("loop")
    (web / "leaky.txt.gz").symlink_to("../secret.txt")
    (web / "badindex").mkdir()
    (web / "badindex" / "index.html").symlink_to("../../secret.txt")
    (web / "linkindex").mkdir()
    (web / "linkindex" / "index.html").symlink_to("../docs/index.html")
    (web / "dirindex" / "index.html").mkdir(parents=True)
    os.mkfifo(web / "pipe")
    return web


def makeClient(path) -> testing.TestClient:
    app = falcon.App()
    app.add_sink(StaticSink(path), prefix=StaticSink.DefaultStaticSinkBasePath)
    return testing.TestClient(app)


@pytest.fixture(scope="module")
def client(tree):
    return makeClient(tree)


def rawGet(client: testing.TestClient, path: bytes) -> tuple[str, bytes]:
    """Return status and body for a decoded path of any bytes, as a WSGI server would hand it on."""
    environ = testing.create_environ()
    environ["PATH_INFO"] = path.decode("latin-1")
    got = []
    body = client.app(environ, lambda status, headers, exc_info=None: got.append(status))
    try:
        return got[0], b"".join(body)
    finally:
        getattr(body, "close", lambda: None)()


# What it serves

@pytest.mark.parametrize("path", ["/", "/static", "/static/", "/index.html", "/static/index.html"])
def test_page(client, path):
    rep = client.simulate_get(path)
    assert rep.status == falcon.HTTP_200
    assert rep.content == PAGE
    assert rep.headers["content-type"] == "text/html; charset=UTF-8"
    assert rep.headers["content-length"] == str(len(PAGE))


@pytest.mark.parametrize("path, body", [
    ("/static/robots.txt", b"User-agent: *\n"),
    ("/static/big.bin", BIG),
    ("/static/empty.txt", b""),
    ("/static/with%20space.txt", b"space"),
    ("/static/na%C3%AFve.txt", "naïve".encode()),
    ("/static/100%25.txt", b"percent"),
    ("/static/a+b.txt", b"plus"),
    ("/static/..hidden.txt", b"two dots are part of this name"),
    ("/staticx", b"no prefix lost"),
    ("/static/staticx", b"no prefix lost"),
    ("/static/static/deep.txt", b"a directory with the name of the prefix"),
    ("/docs", b"docs"),
    ("/docs/", b"docs"),
    ("/static/docs/./index.html", b"docs"),
    ("/static/docs/../robots.txt", b"User-agent: *\n"),
    ("/static/docs/guide.css", b"body{}"),
    ("/static/docs/..", PAGE),
    ("/static/index.html/..", PAGE),
    ("/static/inside.html", PAGE),
    ("/static/insidedir", b"docs"),
    ("/static/insidedir/guide.css", b"body{}"),
    ("/static/absolute.html", PAGE),
    ("/static/roundabout.html", PAGE),
    ("/static/linkindex/", b"docs"),
    ("/static/outsidedir/web/robots.txt", b"User-agent: *\n"),  # where all the links end is what counts
    ("/static/orphan.txt.gz", b"the plain file is missing"),
])
def test_found(client, path, body):
    rep = client.simulate_get(path)
    assert (rep.status, rep.content) == (falcon.HTTP_200, body)


@pytest.mark.parametrize("name, mediaType", [
    ("index.html", "text/html; charset=UTF-8"),
    ("UPPER.HTML", "text/html; charset=UTF-8"),
    ("index.js", "text/javascript; charset=UTF-8"),
    ("docs/guide.css", "text/css; charset=UTF-8"),
    ("robots.txt", "text/plain; charset=UTF-8"),
    ("big.bin", "application/octet-stream"),
    ("no-ending", "application/octet-stream"),
    ("coded.js.gz", "application/gzip"),
])
def test_media_types(client, name, mediaType):
    rep = client.simulate_get("/static/" + name)
    assert rep.headers["content-type"] == mediaType
    assert "content-encoding" not in rep.headers


@pytest.mark.parametrize("ending, mediaType", [
    (".js", "text/javascript"), (".mjs", "text/javascript"), (".css", "text/css"), (".csv", "text/csv"),
    (".md", "text/markdown"), (".json", "application/json"), (".map", "application/json"),
    (".svg", "image/svg+xml"), (".xml", "application/xml"), (".wasm", "application/wasm"),
    (".webmanifest", "application/manifest+json"), (".ico", "image/vnd.microsoft.icon"), (".png", "image/png"),
    (".jpg", "image/jpeg"), (".gif", "image/gif"), (".webp", "image/webp"), (".avif", "image/avif"),
    (".woff2", "font/woff2"), (".ttf", "font/ttf"), (".mp4", "video/mp4"), (".mp3", "audio/mpeg"),
    (".pdf", "application/pdf"), (".zip", "application/zip"), (".gz", "application/gzip"),
])
def test_known_endings(ending, mediaType):
    assert sinking.TYPES[ending] == mediaType


# What it does not serve

MISSING_PATHS = [
    "/nothing", "/static/nothing.txt", "/static/index.html/", "/static/index.html/x",
    "/hollow", "/hollow/", "/static/dirindex", "/static/pipe", "/static/loop", "/static/loop/x",
    "/static/dangling.txt", "/static/" + "x" * 300, "/static/" + "x/" * 3000 + "y",
    # out of the tree by dots, plain and encoded in every way that one decoding undoes
    "/..", "/../", "/../secret.txt", "/static/..", "/static/../secret.txt", "/static/../../etc/hostname",
    "/../../../../../../../../etc/hostname", "/static/docs/../../secret.txt", "/static/./../secret.txt",
    "/static/%2e%2e/secret.txt", "/static/%2E%2E%2Fsecret.txt", "/static/..%2fsecret.txt", "/%2e%2e/secret.txt",
    "/static/docs/%2e%2e/%2e%2e/secret.txt", "/static/../web/index.html", "/static/../web-secret/secret.txt",
    "/static/%2e%2e", "/static/x/../../secret.txt", "/static/.../secret.txt",
    # encoded twice, or not as UTF-8 has it: names that no file has
    "/static/%252e%252e/secret.txt", "/static/..%252fsecret.txt", "/static/%c0%ae%c0%ae/secret.txt",
    "/static/..%c0%afsecret.txt", "/static/%u002e%u002e/secret.txt",
    # absolute
    "//etc/hostname", "/static//etc/hostname", "/static//", "//", "/static//index.html", "/static/%2fetc/hostname",
    "/docs//index.html", "/static/docs//",
    # backslashes, NUL, streams and drives
    "/static/..\\secret.txt", "/static/..%5csecret.txt", "/static/docs\\index.html", "/static/index.html%00",
    "/static/index.html%00.txt", "/static/..%00/secret.txt", "/%00", "/static/C:/secret.txt", "/static/~root/x",
    # by links
    "/static/outside.txt", "/static/outsidedir/secret.txt",
    "/static/outsidedir", "/static/neighbour/secret.txt", "/static/viadir.txt", "/static/badindex",
    "/static/badindex/index.html",
]


@pytest.mark.parametrize("path", MISSING_PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_missing(client, tree, path, method):
    environ = testing.create_environ(method=method)
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    srmock = testing.StartResponseMock()
    body = b"".join(client.app(environ, srmock))
    assert srmock.status == falcon.HTTP_404
    if method == "GET":
        assert dict(srmock.headers)["content-type"] == "application/json"
        assert json.loads(body)["title"] == "Missing Resource"
        assert str(tree).encode() not in body
        assert SECRET not in body


def test_all_missing_are_alike(client):
    bodies = {rawGet(client, path)[1] for path in (b"/nothing", b"/static/../secret.txt", b"/static/outside.txt")}
    assert len(bodies) == 1  # what exists outside cannot be told from what does not


NAMES = st.sampled_from([
    b"..", b".", b"", b"secret.txt", b"web", b"web-secret", b"outsidedir", b"neighbour", b"insidedir", b"docs",
    b"index.html", b"static", b"\0", b"\\", b"..\\", b"%2e%2e", b"\xff", b"\xc0\xae", b"etc", b"outside.txt",
]) | st.binary(max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(names=st.lists(NAMES, max_size=8), coded=st.booleans())
def test_no_path_leads_out(client, names, coded):
    path = b"/" + b"/".join(names)
    status, body = rawGet(client, unquote_to_bytes(path) if coded else path)
    assert status in (falcon.HTTP_200, falcon.HTTP_404)
    assert SECRET not in body


def test_a_link_exchanged_while_it_is_looked_up_leads_nowhere(tree, tmp_path, monkeypatch):
    """Between resolving and opening, an attacker who can write to the tree swaps a directory for a link."""
    web = tmp_path / "web"
    (web / "real").mkdir(parents=True)
    (web / "real" / "secret.txt").write_bytes(b"harmless")
    (web / "link").symlink_to("real", target_is_directory=True)
    (tmp_path / "secret.txt").write_bytes(SECRET)
    resolve = os.path.realpath

    def swap(path, *args, **kwa):
        resolved = resolve(path, *args, **kwa)
        if str(path).endswith("secret.txt"):
            (web / "real").rename(web / "gone")
            (web / "real").symlink_to("..", target_is_directory=True)
        return resolved

    monkeypatch.setattr(os.path, "realpath", swap)
    assert makeClient(web).simulate_get("/link/secret.txt").status == falcon.HTTP_404
    assert (web / "real" / "secret.txt").read_bytes() == SECRET  # the swap did take place


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods(client, method):
    rep = client.simulate_request(method, "/static/index.html", body="x")
    assert rep.status == falcon.HTTP_405
    assert rep.headers["allow"] == "GET, HEAD"


def test_out_of_descriptors_is_no_404(client, monkeypatch):
    def exhausted(*pa, **kwa):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", exhausted)
    assert client.simulate_get("/static/index.html").status == falcon.HTTP_500


# How it serves

def test_head_is_get_without_the_body(client):
    for path in ("/", "/static/big.bin", "/static/empty.txt", "/static/coded.js"):
        for accepts in ("identity", "gzip"):
            get = client.simulate_get(path, headers={"Accept-Encoding": accepts})
            head = client.simulate_head(path, headers={"Accept-Encoding": accepts})
            assert head.status == get.status == falcon.HTTP_200
            assert dict(head.headers) == dict(get.headers)
            assert head.content == b""


def test_fields(client):
    rep = client.simulate_get("/static/robots.txt")
    assert rep.headers["last-modified"] == formatdate(MTIME, usegmt=True)
    assert rep.headers["accept-ranges"] == "bytes"
    assert rep.headers["vary"] == "Accept-Encoding"
    assert rep.headers["etag"].startswith('"') and rep.headers["etag"].endswith('"')


def test_etag_changes_with_the_file_even_if_size_and_mtime_stay(tmp_path):
    path = tmp_path / "x.txt"
    client = makeClient(tmp_path)
    path.write_bytes(b"one")
    os.utime(path, (MTIME, MTIME))
    first = client.simulate_get("/x.txt").headers["etag"]
    assert client.simulate_get("/x.txt").headers["etag"] == first
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:  # until the kernel's clock for files has moved on, a few ms
        path.write_bytes(b"two")
        os.utime(path, (MTIME, MTIME))
    assert client.simulate_get("/x.txt").headers["etag"] != first


def test_not_modified(client):
    fresh = client.simulate_get("/static/big.bin")
    for name, value in (
        ("If-None-Match", fresh.headers["etag"]),
        ("If-None-Match", "*"),
        ("If-Modified-Since", fresh.headers["last-modified"]),
    ):
        for method in ("GET", "HEAD"):
            rep = client.simulate_request(method, "/static/big.bin", headers={name: value, "Range": "bytes=0-0"})
            assert rep.status == falcon.HTTP_304
            assert rep.content == b""
            assert rep.headers["etag"] == fresh.headers["etag"]
            assert rep.headers["vary"] == "Accept-Encoding"
            assert not {"content-type", "content-length", "content-range"} & set(rep.headers)
    for name, value in (("If-None-Match", '"x"'), ("If-Modified-Since", formatdate(MTIME - 1, usegmt=True))):
        assert client.simulate_get("/static/big.bin", headers={name: value}).content == BIG


def test_precondition_failed(client):
    etag = client.simulate_get("/static/big.bin").headers["etag"]
    assert client.simulate_get("/static/big.bin", headers={"If-Match": etag}).status == falcon.HTTP_200
    rep = client.simulate_get("/static/big.bin", headers={"If-Match": '"x"'})
    assert rep.status == falcon.HTTP_412
    assert rep.headers["etag"] == etag


@pytest.mark.parametrize("ranges, part, contentRange", [
    ("bytes=0-0", BIG[:1], f"bytes 0-0/{len(BIG)}"),
    ("bytes=100-299", BIG[100:300], f"bytes 100-299/{len(BIG)}"),
    ("bytes=-7", b"the end", f"bytes {len(BIG) - 7}-{len(BIG) - 1}/{len(BIG)}"),
    ("bytes=5-", BIG[5:], f"bytes 5-{len(BIG) - 1}/{len(BIG)}"),
    ("bytes=0-", BIG, f"bytes 0-{len(BIG) - 1}/{len(BIG)}"),
])
def test_range(client, ranges, part, contentRange):
    rep = client.simulate_get("/static/big.bin", headers={"Range": ranges})
    assert rep.status == falcon.HTTP_206
    assert rep.content == part
    assert rep.headers["content-length"] == str(len(part))
    assert rep.headers["content-range"] == contentRange
    assert rep.headers["content-type"] == "application/octet-stream"
    assert "etag" in rep.headers and "last-modified" in rep.headers


@pytest.mark.parametrize("ranges", ["bytes=0-1,5-6", "bytes=9-1", "lines=0-1", "rubbish"])
def test_range_ignored(client, ranges):
    rep = client.simulate_get("/static/big.bin", headers={"Range": ranges})
    assert (rep.status, rep.content) == (falcon.HTTP_200, BIG)
    assert "content-range" not in rep.headers


def test_range_is_for_get(client):
    rep = client.simulate_head("/static/big.bin", headers={"Range": "bytes=0-1"})
    assert rep.status == falcon.HTTP_200
    assert rep.headers["content-length"] == str(len(BIG))


def test_range_not_satisfiable(client):
    for path, size in (("/static/big.bin", len(BIG)), ("/static/empty.txt", 0)):
        rep = client.simulate_get(path, headers={"Range": f"bytes={size}-"})
        assert rep.status == falcon.HTTP_416
        assert rep.headers["content-range"] == f"bytes */{size}"


def test_if_range(client):
    fields = client.simulate_get("/static/big.bin").headers
    for value, status in (
        (fields["etag"], falcon.HTTP_206),
        (fields["last-modified"], falcon.HTTP_206),
        ("W/" + fields["etag"], falcon.HTTP_200),
        ('"other"', falcon.HTTP_200),
        (formatdate(MTIME + 1, usegmt=True), falcon.HTTP_200),
    ):
        rep = client.simulate_get("/static/big.bin", headers={"Range": "bytes=0-9", "If-Range": value})
        assert (rep.status, len(rep.content)) == (status, 10 if status == falcon.HTTP_206 else len(BIG))
    # a range that no longer fits is no error when the file has changed
    rep = client.simulate_get("/static/big.bin", headers={"Range": "bytes=9999999-", "If-Range": '"other"'})
    assert rep.status == falcon.HTTP_200


@settings(deadline=None)
@given(first=st.integers(0, len(BIG) + 9), last=st.none() | st.integers(0, len(BIG) + 9))
def test_ranges_agree_with_slicing(client, first, last):
    ranges = f"bytes={first}-{'' if last is None else last}"
    rep = client.simulate_get("/static/big.bin", headers={"Range": ranges})
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
def test_precompressed(client, tree, name, accepts, coding):
    headers = {} if accepts is None else {"Accept-Encoding": accepts}
    rep = client.simulate_get("/static/" + name, headers=headers)
    ending = {"": "", "br": ".br", "gzip": ".gz"}[coding]
    assert rep.status == falcon.HTTP_200
    assert rep.content == (tree / (name + ending)).read_bytes()
    assert rep.headers.get("content-encoding", "") == coding
    assert rep.headers["content-length"] == str(len(rep.content))
    assert rep.headers["vary"] == "Accept-Encoding"
    assert rep.headers["content-type"] == client.simulate_get("/static/" + name).headers["content-type"]


def test_each_coding_has_its_own_etag(client):
    def etag(coding):
        return client.simulate_get("/static/coded.js", headers={"Accept-Encoding": coding}).headers["etag"]

    assert len({etag("identity"), etag("br"), etag("gzip")}) == 3
    rep = client.simulate_get("/static/coded.js", headers={"Accept-Encoding": "gzip", "If-None-Match": etag("gzip")})
    assert rep.status == falcon.HTTP_304
    rep = client.simulate_get("/static/coded.js", headers={"Accept-Encoding": "gzip", "If-None-Match": etag("br")})
    assert rep.status == falcon.HTTP_200


def test_an_orphaned_sibling_serves_nothing(client):
    assert client.simulate_get("/static/orphan.txt", headers={"Accept-Encoding": "gzip"}).status == falcon.HTTP_404


def test_vary_keeps_what_others_named(tree):
    class Named:
        def process_request(self, req, rep):
            rep.append_header("Vary", "Origin")

    app = falcon.App(middleware=[Named()])
    app.add_sink(StaticSink(tree), prefix="/")
    rep = testing.TestClient(app).simulate_get("/index.html")
    assert rep.headers["vary"].replace(" ", "") == "Origin,Accept-Encoding"


# Streaming and descriptors

def test_body_comes_in_pieces(client):
    environ = testing.create_environ("/static/big.bin")
    body = client.app(environ, testing.StartResponseMock())
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
def test_no_descriptor_is_left_open(client):
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
            body = client.app(environ, testing.StartResponseMock())
            getattr(body, "close", lambda: None)()
    assert len(os.listdir("/proc/self/fd")) == before


# Where the tree is

def test_default_directory(tmp_path, monkeypatch):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_bytes(PAGE)
    monkeypatch.chdir(tmp_path)
    sink = StaticSink()
    monkeypatch.chdir("/")  # the directory is that of the start, wherever the program goes
    assert sink.staticDirPath == str(tmp_path / "static")
    app = falcon.App()
    app.add_sink(sink, prefix=sink.DefaultStaticSinkBasePath)
    assert testing.TestClient(app).simulate_get("/static").content == PAGE


def test_missing_directory_is_404_until_it_is_there(tmp_path):
    client = makeClient(tmp_path / "later")
    assert client.simulate_get("/").status == falcon.HTTP_404
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "index.html").write_bytes(PAGE)
    assert client.simulate_get("/").content == PAGE


def test_directory_may_be_a_link_and_may_be_moved(tmp_path):
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "x.txt").write_text(release)
        (tmp_path / release / "link.txt").symlink_to("x.txt")
    current = tmp_path / "current"
    client = makeClient(current)
    for release in ("one", "two"):
        current.unlink(missing_ok=True)
        current.symlink_to(release)
        assert client.simulate_get("/x.txt").text == client.simulate_get("/link.txt").text == release


def test_directory_that_is_a_file(tmp_path):
    (tmp_path / "file").write_bytes(SECRET)
    client = makeClient(tmp_path / "file")
    assert {client.simulate_get(path).status for path in ("/", "/static", "/x")} == {falcon.HTTP_404}


def test_another_prefix(tree):
    class Assets(StaticSink):
        StaticSinkBasePath = "/assets/"

    app = falcon.App()
    app.add_sink(Assets(tree), prefix="/assets")
    client = testing.TestClient(app)
    assert client.simulate_get("/assets/robots.txt").status == falcon.HTTP_200
    assert client.simulate_get("/assets").content == PAGE


@pytest.mark.parametrize("path, error", [("", ValueError), (7, TypeError)])
def test_wrong_directory(path, error):
    with pytest.raises(error):
        StaticSink(path)


def test_openBelow_at_the_root(tree):
    fd = openBelow(str(tree), [])
    assert fd is not None
    os.close(fd)


def test_falcon_is_not_needed_to_import():
    """Programs without a sink do not pay for falcon, nor need it."""
    code = "import sys; sys.modules['falcon'] = None; from hio.core.http.sinking import StaticSink; StaticSink('x')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
