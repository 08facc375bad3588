"""The demo app: its REST resource through Falcon's test client, and the page as far as it can be read."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import falcon
import pytest
from falcon import testing
from hypothesis import given
from hypothesis import strategies as st

from hio.demo import makeApp, noting

NOTES = "/api/notes"
AS_JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client():
    return testing.TestClient(makeApp(()))


def test_empty(client):
    rep = client.simulate_get(NOTES)
    assert rep.status == falcon.HTTP_200
    assert rep.json == {"notes": []}
    assert rep.headers["cache-control"] == "no-store"


def test_add_list_read_delete(client):
    added = client.simulate_post(NOTES, json={"text": "  Buy\n milk "})
    assert added.status == falcon.HTTP_201
    assert added.json == {"number": 1, "text": "Buy milk"}
    assert added.headers["location"] == NOTES + "/1"
    client.simulate_post(NOTES, json={"text": "Zoë 🚀"})
    assert client.simulate_get(NOTES).json == {
        "notes": [{"number": 2, "text": "Zoë 🚀"}, {"number": 1, "text": "Buy milk"}],
    }
    assert client.simulate_get(added.headers["location"]).json == added.json
    deleted = client.simulate_delete(NOTES + "/1")
    assert (deleted.status, deleted.content) == (falcon.HTTP_204, b"")
    assert client.simulate_get(NOTES + "/1").status == falcon.HTTP_404
    assert client.simulate_delete(NOTES + "/1").status == falcon.HTTP_404
    assert client.simulate_post(NOTES, json={"text": "next"}).json["number"] == 3  # numbers are not used again


def test_location_counts_from_where_the_app_is_mounted(client):
    rep = client.simulate_post(NOTES, json={"text": "x"}, root_path="/mounted")
    assert rep.headers["location"] == "/mounted/api/notes/1"


@pytest.mark.parametrize("body, contentType, status", [
    (b"", "application/json", falcon.HTTP_400),
    (b"{", "application/json", falcon.HTTP_400),
    (b"\xff", "application/json", falcon.HTTP_400),
    (b"[" * 8000, "application/json", falcon.HTTP_400),
    (b"text=x", "application/x-www-form-urlencoded", falcon.HTTP_415),
    (b'{"text": "x"}', None, falcon.HTTP_415),
    (b'{"text": "x"}', "text/plain", falcon.HTTP_415),
    (b"null", "application/json", falcon.HTTP_422),
    (b"[]", "application/json", falcon.HTTP_422),
    (b'"text"', "application/json", falcon.HTTP_422),
    (b"{}", "application/json", falcon.HTTP_422),
    (b'{"text": 7}', "application/json", falcon.HTTP_422),
    (b'{"text": null}', "application/json", falcon.HTTP_422),
    (b'{"text": ["x"]}', "application/json", falcon.HTTP_422),
    (b'{"text": "x", "colour": "red"}', "application/json", falcon.HTTP_422),
    (b'{"text": ""}', "application/json", falcon.HTTP_422),
    (b'{"text": " \\n\\t"}', "application/json", falcon.HTTP_422),
    (b'{"text": "\\ud800"}', "application/json", falcon.HTTP_422),
    (json.dumps({"text": "x" * (noting.TextLimit + 1)}).encode(), "application/json", falcon.HTTP_422),
    (b'{"text": "' + b"x" * noting.BodyLimit + b'"}', "application/json", falcon.HTTP_413),
])
def test_bad_notes(client, body, contentType, status):
    rep = client.simulate_post(NOTES, body=body, headers=contentType and {"Content-Type": contentType})
    assert rep.status == status
    assert rep.json["title"]
    assert client.simulate_get(NOTES).json == {"notes": []}


def test_the_longest_note_fits(client):
    text = "🚀" * noting.TextLimit
    rep = client.simulate_post(NOTES, body=json.dumps({"text": text}), headers=AS_JSON)  # each of them as two escapes
    assert rep.status == falcon.HTTP_201
    assert rep.json["text"] == text


def test_the_notebook_is_bounded(client):
    for _ in range(noting.NotesLimit):
        assert client.simulate_post(NOTES, json={"text": "x"}).status == falcon.HTTP_201
    assert client.simulate_post(NOTES, json={"text": "x"}).status == falcon.HTTP_409
    client.simulate_delete(NOTES + "/1")
    assert client.simulate_post(NOTES, json={"text": "x"}).status == falcon.HTTP_201


@pytest.mark.parametrize("path", [NOTES + "/0", NOTES + "/-1", NOTES + "/x", NOTES + "/1/2", "/api", "/api/none"])
def test_no_such_path(client, path):
    assert client.simulate_get(path).status == falcon.HTTP_404


@pytest.mark.parametrize("method, path", [("PUT", NOTES), ("DELETE", NOTES), ("POST", NOTES + "/1"), ("POST", "/")])
def test_no_such_method(client, method, path):
    rep = client.simulate_request(method, path)
    assert rep.status == falcon.HTTP_405
    assert "GET" in rep.headers["allow"]


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.just("text") | st.text(max_size=4), inner, max_size=2)
), max_leaves=5)


@given(JSON)
def test_any_json_is_a_note_or_refused(document):
    client = testing.TestClient(makeApp(()))
    rep = client.simulate_post(NOTES, body=json.dumps(document), headers=AS_JSON)
    assert rep.status in (falcon.HTTP_201, falcon.HTTP_422)
    assert client.simulate_get(NOTES).status == falcon.HTTP_200


def test_each_app_has_its_own_notes():
    one, other = (testing.TestClient(makeApp()) for _ in range(2))
    before = other.simulate_get(NOTES).json
    assert len(before["notes"]) == len(noting.Welcome)
    one.simulate_delete(NOTES + "/1")
    assert other.simulate_get(NOTES).json == before


# The page

class Reader(HTMLParser):
    """Collects what a page refers to and which ids it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href"):
                self.links.append(value)
            elif name == "id":
                self.ids.append(value)
            elif name in ("for", "aria-labelledby", "aria-describedby"):
                self.labels += value.split()


def test_page_and_all_it_refers_to_are_served(client):
    page = client.simulate_get("/")
    assert page.headers["content-type"] == "text/html; charset=UTF-8"
    links = Reader(page.text).links
    assert len(links) >= 4
    for link in links:
        assert link.startswith("/")  # no outside host
        rep = client.simulate_get(link)
        assert rep.status == falcon.HTTP_200
        assert rep.headers["content-security-policy"].startswith("default-src 'self'")


def test_nothing_outside_is_named(client):
    for path in ("/", "/static/app.js", "/static/style.css"):
        assert not re.search(r"https?:|@import|url\(", client.simulate_get(path).text)


def test_labels_and_script_find_their_elements(client):
    reader = Reader(client.simulate_get("/").text)
    script = client.simulate_get("/static/app.js").text
    assert len(set(reader.ids)) == len(reader.ids)
    assert set(reader.labels) <= set(reader.ids)
    assert set(re.findall(r'find\("([\w-]+)"\)', script)) <= set(reader.ids)


def test_script_and_server_agree(client):
    script = client.simulate_get("/static/app.js").text
    assert f"LIMIT = {noting.TextLimit};" in script
    assert f'API = "{NOTES}";' in script
    assert "innerHTML" not in script  # a note is text, whatever it looks like
