"""StaticSink: what it serves, what it never serves, and where its tree is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from urllib.parse import unquote_to_bytes

import falcon
import pytest
from falcon import testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hio.core.http import sinking
from hio.core.http.sinking import StaticSink, openBelow
from tests.core.http.sinktree import BIG, PAGE, MISSING_PATHS, SECRET, makeClient, rawGet


# What it serves

@pytest.mark.parametrize("path", ["/", "/static", "/static/", "/index.html", "/static/index.html"])
def test_page(visitor, path):
    rep = visitor.simulate_get(path)
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
def test_found(visitor, path, body):
    rep = visitor.simulate_get(path)
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
def test_media_types(visitor, name, mediaType):
    rep = visitor.simulate_get("/static/" + name)
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

@pytest.mark.parametrize("path", MISSING_PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_missing(visitor, tree, path, method):
    environ = testing.create_environ(method=method)
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    srmock = testing.StartResponseMock()
    body = b"".join(visitor.app(environ, srmock))
    assert srmock.status == falcon.HTTP_404
    if method == "GET":
        assert dict(srmock.headers)["content-type"] == "application/json"
        assert json.loads(body)["title"] == "Missing Resource"
        assert str(tree).encode() not in body
        assert SECRET not in body


def test_all_missing_are_alike(visitor):
    bodies = {rawGet(visitor, path)[1] for path in (b"/nothing", b"/static/../secret.txt", b"/static/outside.txt")}
    assert len(bodies) == 1  # what exists outside cannot be told from what does not


NAMES = st.sampled_from([
    b"..", b".", b"", b"secret.txt", b"web", b"web-secret", b"outsidedir", b"neighbour", b"insidedir", b"docs",
    b"index.html", b"static", b"\0", b"\\", b"..\\", b"%2e%2e", b"\xff", b"\xc0\xae", b"etc", b"outside.txt",
]) | st.binary(max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(names=st.lists(NAMES, max_size=8), coded=st.booleans())
def test_no_path_leads_out(visitor, names, coded):
    path = b"/" + b"/".join(names)
    status, body = rawGet(visitor, unquote_to_bytes(path) if coded else path)
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
def test_other_methods(visitor, method):
    rep = visitor.simulate_request(method, "/static/index.html", body="x")
    assert rep.status == falcon.HTTP_405
    assert rep.headers["allow"] == "GET, HEAD"


def test_out_of_descriptors_is_no_404(visitor, monkeypatch):
    def exhausted(*pa, **kwa):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", exhausted)
    assert visitor.simulate_get("/static/index.html").status == falcon.HTTP_500


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
    visitor = makeClient(tmp_path / "later")
    assert visitor.simulate_get("/").status == falcon.HTTP_404
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "index.html").write_bytes(PAGE)
    assert visitor.simulate_get("/").content == PAGE


def test_directory_may_be_a_link_and_may_be_moved(tmp_path):
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "x.txt").write_text(release)
        (tmp_path / release / "link.txt").symlink_to("x.txt")
    current = tmp_path / "current"
    visitor = makeClient(current)
    for release in ("one", "two"):
        current.unlink(missing_ok=True)
        current.symlink_to(release)
        assert visitor.simulate_get("/x.txt").text == visitor.simulate_get("/link.txt").text == release


def test_directory_that_is_a_file(tmp_path):
    (tmp_path / "file").write_bytes(SECRET)
    visitor = makeClient(tmp_path / "file")
    assert {visitor.simulate_get(path).status for path in ("/", "/static", "/x")} == {falcon.HTTP_404}


def test_another_prefix(tree):
    class Assets(StaticSink):
        StaticSinkBasePath = "/assets/"

    app = falcon.App()
    app.add_sink(Assets(tree), prefix="/assets")
    visitor = testing.TestClient(app)
    assert visitor.simulate_get("/assets/robots.txt").status == falcon.HTTP_200
    assert visitor.simulate_get("/assets").content == PAGE


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
