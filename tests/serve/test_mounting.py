"""Several apps as one, by host and path."""

from __future__ import annotations

import pytest
from falcon import testing
from hypothesis import given
from hypothesis import strategies as st

from hio.serve.mounting import Mount, Mounts, makeStaticApp, parseMount, parseStatic
from hio.serve.refusing import Refusal


def app(name):
    """Return an app that tells its name, and what it sees of the path."""

    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{name}|{environ.get('SCRIPT_NAME', '')}|{environ['PATH_INFO']}".encode("latin-1")]

    return answer


def ask(mounts, path, host="localhost"):
    """Return (status code, text) for a path."""
    result = testing.TestClient(mounts).simulate_get(path, headers={"Host": host})
    return result.status_code, result.text


PATHS = Mounts([("", "", app("root")), ("", "/api", app("api")), ("", "/api/v2", app("v2")), ("", "/x", app("x"))])


@pytest.mark.parametrize("path, told", [
    ("/", "root||/"),
    ("/other", "root||/other"),
    ("/api", "api|/api|"),
    ("/api/", "api|/api|/"),
    ("/api/a/b", "api|/api|/a/b"),
    ("/api/v2", "v2|/api/v2|"),
    ("/api/v2/z", "v2|/api/v2|/z"),
    ("/api/v22", "api|/api|/v22"),
    ("/apix", "root||/apix"),
    ("//api", "root||//api"),
    ("/x/api", "x|/x|/api"),
])
def test_paths(path, told):
    assert ask(PATHS, path) == (200, told)


def test_nothing_at_a_path():
    mounts = Mounts([("", "/api", app("api"))])
    assert ask(mounts, "/")[0] == 404 and ask(mounts, "/apix")[0] == 404
    assert ask(mounts, "/api/")[0] == 200


HOSTS = Mounts([
    ("a.example", "", app("a")), ("*.a.example", "", app("below")),
    ("b.example", "/api", app("b")), ("", "", app("any")),
])


@pytest.mark.parametrize("host, path, told", [
    ("a.example", "/", "a"),
    ("A.Example.:8080", "/", "a"),
    ("x.a.example", "/", "below"),
    ("x.y.a.example", "/", "below"),
    ("xa.example", "/", "any"),
    ("b.example", "/api/z", "b"),
    ("b.example", "/z", "any"),
    ("[::1]:80", "/", "any"),
    ("", "/", "any"),
])
def test_hosts(host, path, told):
    environ = testing.create_environ(path)
    environ["HTTP_HOST"] = host
    body = b"".join(HOSTS(environ, lambda *_: None))
    assert body.decode().partition("|")[0] == told


def test_mounts_within_mounts():
    assert ask(Mounts([("", "/a", Mounts([("", "/b", app("deep"))]))]), "/a/b/c") == (200, "deep|/a/b|/c")


@given(st.text(st.sampled_from("/apiv2x"), max_size=12))
def test_a_path_is_neither_lost_nor_doubled(path):
    path = "/" + path
    status, text = ask(PATHS, path)
    assert status == 200
    _, script, rest = text.split("|")
    assert script + rest == path and (rest == "" or rest[0] == "/")


@pytest.mark.parametrize("text, mount", [
    ("/api=shop:app", Mount("", "/api", "shop:app")),
    ("/api/v2/=shop:makeApp()", Mount("", "/api/v2", "shop:makeApp()")),
    ("Api.Example=shop:app", Mount("api.example", "", "shop:app")),
    ("*.example/x=shop:app", Mount("*.example", "/x", "shop:app")),
    ("/=shop:app", Mount("", "", "shop:app")),
])
def test_parseMount(text, mount):
    assert parseMount(text) == mount


@pytest.mark.parametrize("text", [
    "shop:app", "=shop:app", "/api=", "/a//b=x:y", "/a/../b=x:y", "/./a=x:y", "h:80/a=x:y", "",
])
def test_parseMount_refuses(text):
    with pytest.raises(Refusal, match="--mount"):
        parseMount(text)


def test_parseStatic(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public").mkdir()
    (tmp_path / "a=b").mkdir()
    (tmp_path / "file").write_text("")
    assert parseStatic("public") == Mount("", "/static", "public")
    assert parseStatic("/assets=public") == Mount("", "/assets", "public")
    assert parseStatic("cdn.example=public") == Mount("cdn.example", "", "public")
    assert parseStatic("a=b") == Mount("", "/static", "a=b")
    for text, told in (("missing", "not there"), ("/x=missing", "not there"), ("file", "no directory")):
        with pytest.raises(Refusal, match=told):
            parseStatic(text)


def test_files_at_their_mount(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "x.txt").write_text("deep")
    (tmp_path / "x.txt").write_text("file")
    (tmp_path / "index.html").write_text("page")
    mounts = Mounts([("", "", app("root")), ("", "/assets", makeStaticApp(str(tmp_path)))])
    assert ask(mounts, "/assets/x.txt") == (200, "file")
    assert ask(mounts, "/assets/static/x.txt") == (200, "deep")
    assert ask(mounts, "/assets/") == ask(mounts, "/assets") == (200, "page")
    assert ask(mounts, "/assets/none")[0] == 404
    assert ask(mounts, "/x.txt") == (200, "root||/x.txt")


def test_files_alone(tmp_path):
    (tmp_path / "index.html").write_text("page")
    alone = makeStaticApp(str(tmp_path), mounted=False)
    assert [ask(alone, path) for path in ("/", "/static/", "/index.html")] == [(200, "page")] * 3
