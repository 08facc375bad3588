"""Requester: the bytes of requests, in the order and spelling that programs count on, and nothing injected."""

from __future__ import annotations

import random  # noqa: TID251  # of known seeds
import re
from email.parser import BytesParser
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.composing import Requester, basic, fieldLine
from hio.core.http.forming import packForm, packJson, packMultipart
from hio.help import Hict


def echo(**kwa):
    """Return a Requester for the server that the cases have in common."""
    return Requester(**{"hostname": "127.0.0.1", "port": 6101, **kwa})


def fields(requester):
    """Return the names in the head of the last build, in order."""
    return [line.partition(b":")[0].decode() for line in requester.lines[1:-2]]


def value(requester, name):
    """Return the value of the field name in the last build; None when there is none."""
    for line in requester.lines[1:-2]:
        key, _, text = line.decode("latin-1").partition(": ")
        if key.lower() == name.lower():
            return text
    return None


# ---------------------------------------------------------------- what goes out, and in which order


def test_before_a_build_there_is_nothing():
    requester = Requester()
    assert (requester.lines, requester.head, requester.msg) == ([], b"", b"")
    assert (requester.hostname, requester.port, requester.scheme) == ("127.0.0.1", 80, "http")
    assert isinstance(requester.headers, Hict)
    assert requester.body == b"" and requester.data is None and requester.fargs is None
    assert Requester(scheme="https").port == 443


def test_get_with_a_query_in_its_path():
    requester = echo(path="/echo?name=fame", headers={"Accept": "application/json"})
    message = requester.build()
    assert requester.lines == [
        b"GET /echo?name=fame HTTP/1.1",
        b"Host: 127.0.0.1:6101",
        b"Accept-Encoding: identity",
        b"Accept: application/json",
        b"",
        b"",
    ]
    assert requester.head == b"\r\n".join(requester.lines)
    assert message == requester.msg == requester.head
    assert requester.path == "/echo"
    assert requester.qargs == {"name": "fame"}


def test_put_with_data_as_json():
    requester = echo(method="PUT", path="/echo", headers={"Accept": "application/json"})
    requester.rebuild(data={"first": "John", "last": "Smith"})
    assert fields(requester) == ["Host", "Accept-Encoding", "Content-Length", "Accept", "Content-Type"]
    assert value(requester, "content-length") == "31"
    assert value(requester, "content-type") == "application/json; charset=utf-8"
    assert requester.msg == requester.head + b'{"first":"John","last":"Smith"}'
    assert list(requester.headers) == ["Accept", "content-type"]


def test_multipart_form():
    requester = echo(method="POST", path="/echo", headers={"Accept": "application/json"}, dice=random.Random(1))
    text, html = "text default, in three lines, end.", "<p>some html, end here</p>"[:25]
    requester.headers["content-type"] = "multipart/form-data"
    requester.rebuild(fargs={"text": text, "html": html})
    assert fields(requester) == ["Host", "Accept-Encoding", "Content-Length", "Accept", "Content-Type"]
    kind = value(requester, "content-type")
    boundary = re.fullmatch("multipart/form-data; boundary=([A-Za-z0-9]{24})", kind)[1]
    assert (len(text), len(html), value(requester, "content-length")) == (34, 25, "325")
    delimiter = f"--{boundary}\r\n"
    part = 'Content-Disposition: form-data; name="{}"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n'
    parts = delimiter + part.format("text", text) + delimiter + part.format("html", html)
    assert requester.sent.decode() == f"{parts}--{boundary}--\r\n"


@pytest.mark.parametrize(("scheme", "port", "optional", "host"), [
    ("https", 443, True, "127.0.0.1"),
    ("http", 80, True, "127.0.0.1"),
    ("http", 443, True, "127.0.0.1:443"),
    ("https", 5564, True, "127.0.0.1:5564"),
    ("http", 1234, True, "127.0.0.1:1234"),
    ("https", 443, False, "127.0.0.1:443"),
    ("http", 80, False, "127.0.0.1:80"),
    ("http", 4321, False, "127.0.0.1:4321"),
])
def test_port_in_host(scheme, port, optional, host):
    requester = Requester(hostname="127.0.0.1", port=port, scheme=scheme, portOptional=optional)
    requester.build()
    assert value(requester, "host") == host


@pytest.mark.parametrize(("hostname", "port", "host"), [
    ("::1", 8080, "[::1]:8080"),
    ("[::1]:8080", None, "[::1]:8080"),
    ("Example.ORG:81", 82, "example.org:81"),
    ("bücher.example", 80, "xn--bcher-kva.example:80"),
])
def test_hosts_as_fields_have_them(hostname, port, host):
    requester = Requester(hostname=hostname, port=port)
    requester.build()
    assert value(requester, "host") == host


def test_fields_given_replace_those_made():
    requester = echo(headers=[("Host", "other"), ("Accept-Encoding", "gzip"), ("X-Zero", 0), ("X-Bytes", b"b")])
    requester.build()
    assert requester.lines[1:-2] == [b"Host: other", b"Accept-Encoding: gzip", b"X-Zero: 0", b"X-Bytes: b"]


def test_a_field_may_come_twice():
    requester = echo(headers=[("Accept", "a"), ("accept", "b")])
    requester.build()
    assert requester.lines[3:-2] == [b"Accept: a", b"Accept: b"]


# ---------------------------------------------------------------- keeping and dropping parts


def test_rebuild_keeps_all_but_the_body():
    requester = echo(method="PUT", path="/a?b=c", headers={"X-A": "1"}, body=b"first")
    assert requester.build().endswith(b"\r\n\r\nfirst")
    assert requester.build().endswith(b"\r\n\r\nfirst")
    assert requester.rebuild().startswith(b"PUT /a?b=c HTTP/1.1\r\n")
    assert requester.msg.endswith(b"X-A: 1\r\n\r\n")
    assert value(requester, "content-length") == "0"
    requester.rebuild(method="post", path="/d", qargs={}, headers={}, body="text")
    assert requester.msg.startswith(b"POST /d HTTP/1.1\r\n")
    assert requester.msg.endswith(b"\r\n\r\ntext")


def test_rebuild_takes_whether_the_port_is_told():
    requester = Requester(hostname="h", port=80)
    requester.rebuild(portOptional=True)
    assert value(requester, "host") == "h"
    requester.rebuild()
    assert value(requester, "host") == "h"


def test_reinit_takes_another_server():
    requester = echo()
    requester.reinit(hostname="Other", port=81, scheme="https", portOptional=True)
    requester.build()
    assert value(requester, "host") == "other:81"


@pytest.mark.parametrize(("method", "body", "length"), [
    ("GET", b"dropped", None), ("GET", b"", None), ("HEAD", b"", None), ("DELETE", b"", None), ("OPTIONS", b"", None),
    ("POST", b"", "0"), ("PUT", b"", "0"), ("PATCH", b"", "0"), ("POST", b"abc", "3"), ("DELETE", b"abc", "3"),
])
def test_content_length_says_what_is_sent(method, body, length):
    requester = echo(method=method, body=body)
    requester.build()
    assert value(requester, "content-length") == length
    assert len(requester.sent) == int(length or 0)


@pytest.mark.parametrize(("method", "body", "expected"), [
    ("POST", b"abc", [b"X-A: 1", b"Content-Length: 3", b"X-B: 2"]),
    ("POST", b"", [b"X-A: 1", b"Content-Length: 0", b"X-B: 2"]),
    ("GET", b"", [b"X-A: 1", b"Content-Length: 0", b"X-B: 2"]),
    ("DELETE", b"", [b"X-A: 1", b"Content-Length: 0", b"X-B: 2"]),
])
def test_a_content_length_given_keeps_its_place_and_tells_the_truth(method, body, expected):
    headers = [("X-A", "1"), ("content-length", "77"), ("X-B", "2"), ("Content-Length", "78")]
    requester = echo(method=method, body=body, headers=headers)
    requester.build()
    assert requester.lines[3:-2] == expected


# ---------------------------------------------------------------- targets


@pytest.mark.parametrize(("path", "qargs", "target"), [
    ("", None, "/"),
    ("/a b", None, "/a%20b"),
    ("/%41%zz%", None, "/%41%25zz%25"),
    ("/é", None, "/%C3%A9"),
    ("/a\r\nX: y", None, "/a%0D%0AX:%20y"),
    ("relative", None, "/relative"),
    ("//double/slash", None, "//double/slash"),
    ("/a#fragment", None, "/a"),
    ("/a?x=1&x=2", None, "/a?x=1&x=2"),
    ("/a?x=%20&y=+;z", None, "/a?x=%20&y=+;z"),
    ("/a?flag", None, "/a?flag"),
    ("/a?x=1", {"y": "2"}, "/a?y=2&x=1"),
    ("/a?x=1", {"x": "0"}, "/a?x=1"),
    ("/a", {"x y": "1&2=3", "z": [1, 2]}, "/a?x+y=1%262%3D3&z=1&z=2"),
    ("http://127.0.0.1:6101/b?c=d", None, "/b?c=d"),
    ("/a?x=a b\r\n", None, "/a?x=a%20b%0D%0A"),
])
def test_targets(path, qargs, target):
    requester = echo(path=path, qargs=qargs)
    assert requester.build().partition(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()
    assert requester.build().partition(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


@pytest.mark.parametrize("path", [
    "http://127.0.0.1:6102/", "https://127.0.0.1:6101/", "http://other:6101/", "ftp://127.0.0.1:6101/",
])
def test_a_path_on_another_server_is_refused(path):
    with pytest.raises(ValueError, match="path must be on http://127.0.0.1:6101"):
        echo(path=path).build()


# ---------------------------------------------------------------- what is refused


BAD = [
    {"method": "GET /x"}, {"method": "GE\r\nT"}, {"method": "G\0T"},
    {"headers": {"X-A": "a\r\nX-B: b"}}, {"headers": {"X-A": "a\n"}}, {"headers": {"X-A": b"a\rb"}},
    {"headers": {"X-A": "a\0"}}, {"headers": {"X A": "a"}}, {"headers": {"X-A:": "a"}}, {"headers": {"": "a"}},
    {"headers": {"X-A\r\n": "a"}}, {"headers": {"Host": "a\r\nb"}}, {"headers": {"Accept-Encoding": "a\r\nb"}},
    {"headers": {"Transfer-Encoding": "chunked"}}, {"headers": {"X-A": "ā"}},
]  # fmt: skip


@pytest.mark.parametrize("parts", BAD, ids=repr)
def test_what_would_be_more_than_its_part_is_refused(parts):
    with pytest.raises(ValueError):
        echo(**parts).build()


@pytest.mark.parametrize("parts", [
    {"scheme": "ftp"}, {"hostname": "a b"}, {"hostname": "a/b"}, {"hostname": "a\r\nb"}, {"hostname": ""},
    {"port": 0}, {"port": 65536}, {"port": "x"}, {"port": -1}, {"hostname": "u@h"},
], ids=repr)
def test_what_is_no_server_is_refused(parts):
    with pytest.raises(ValueError):
        Requester(**parts)


@pytest.mark.parametrize(("parts", "named"), [
    ({"method": 5}, "method must be a str, got 5"), ({"path": 5}, "path must be a str, got 5"),
    ({"fragment": 5}, "fragment must be a str, got 5"),
    ({"qargs": 5}, "qargs must be a mapping or pairs, got 5"), ({"qargs": "a=1"}, "qargs must be a mapping or pairs"),
    ({"headers": 5}, "headers must be a mapping or pairs, got 5"), ({"headers": ["a"]}, "headers must be a mapping or"),
    ({"fargs": 5}, "fargs must be a mapping or pairs, got 5"),
    ({"body": 5}, "body must be bytes or a str, got 5"), ({"body": ["a"]}, r"body must be bytes or a str, got \['a'\]"),
], ids=repr)
def test_what_is_of_no_fit_type_is_refused_at_the_call(parts, named):
    for act in (Requester, Requester().reinit, Requester().rebuild):
        with pytest.raises(TypeError, match=named):
            act(**parts)


def test_a_hostname_is_text():
    for act in (Requester, Requester().reinit):
        with pytest.raises(TypeError, match="hostname must be a str, got 5"):
            act(hostname=5)


@pytest.mark.parametrize("fault", [None, 1.5, ["a"], {"a": 1}], ids=repr)
def test_a_value_that_is_no_text_is_refused(fault):
    with pytest.raises(TypeError, match="value of field X-A must be"):
        echo(headers={"X-A": fault}).build()


@given(name=st.text(max_size=12), text=st.text(max_size=12))
def test_a_field_is_one_line_or_refused(name, text):
    try:
        line = fieldLine(name, text)
    except ValueError:
        return
    assert b"\r" not in line and b"\n" not in line
    assert line.split(b": ", 1)[1].decode("latin-1") == text


@given(path=st.text(max_size=20), qargs=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_a_target_is_one_word_whatever_is_asked_for(path, qargs):
    requester = Requester(hostname="h", path="/" + path.replace("?", "").replace("#", ""), qargs=qargs)
    method, target, version = requester.build().split(b"\r\n")[0].decode().split(" ")
    assert (method, version) == ("GET", "HTTP/1.1")
    assert target.isascii() and target.isprintable()
    raw, _, query = target.partition("?")
    assert dict(parse_qsl(query, keep_blank_values=True)) == qargs
    if "%" not in path:
        assert unquote(raw) == requester.path


# ---------------------------------------------------------------- bodies


@given(pairs=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5))
def test_forms_come_back_as_they_were(pairs):
    body = packForm(pairs).decode()
    assert parse_qsl(body, keep_blank_values=True, encoding="utf-8", errors="strict") == pairs


def test_a_list_is_several_values():
    assert packForm({"a": [1, 2], "b": "&="}) == b"a=1&a=2&b=%26%3D"


@given(pairs=st.lists(st.tuples(st.text("ab\"\r\né%", max_size=6), st.binary(max_size=30)), max_size=4))
def test_multipart_parts_come_back_as_they_were(pairs):
    body, kind = packMultipart(pairs, random.Random(1))
    message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    if not pairs:
        return
    found = [part.get_payload(decode=False) for part in message.get_payload()]
    assert len(found) == len(pairs)
    boundary = kind.partition("boundary=")[2].encode()
    blocks = body.split(b"--" + boundary + b"\r\n")[1:]
    blocks[-1] = blocks[-1].removesuffix(b"--" + boundary + b"--\r\n")
    assert [block.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for block in blocks] == [v for _, v in pairs]
    for block in blocks:
        assert block.partition(b"\r\n\r\n")[0].count(b"\r\n") == 1


def test_files_in_a_form():
    file, typed = ('a"b.txt', b"data"), ("c.png", b"x", "image/png")
    body, _ = packMultipart({"up": file, "pic": typed}, random.Random(1))
    assert b'name="up"; filename="a%22b.txt"\r\nContent-Type: application/octet-stream\r\n\r\ndata\r\n' in body
    assert b'name="pic"; filename="c.png"\r\nContent-Type: image/png\r\n\r\nx\r\n' in body
    with pytest.raises(ValueError, match="content type"):
        packMultipart({"up": ("a", b"", "text/plain\r\nX: y")}, random.Random(1))
    with pytest.raises(ValueError, match="filename"):
        packMultipart({"up": ("a",)}, random.Random(1))


def test_a_boundary_is_in_no_part():
    class Loaded(random.Random):
        """Dice that give the same boundary twice, then another."""

        letters = iter("a" * 48 + "b" * 24)

        def choice(self, seq):
            return next(self.letters)

    body, kind = packMultipart({"x": "--" + "a" * 24}, Loaded())
    assert kind.endswith("=" + "b" * 24)
    assert body.count(b"--" + b"b" * 24) == 2


def test_the_same_dice_make_the_same_request():
    def build():
        requester = echo(method="POST", headers={"Content-Type": "multipart/form-data"}, dice=random.Random(7))
        return requester.rebuild(fargs={"a": "b"})

    assert build() == build()


def test_json_has_no_numbers_that_json_has_not():
    assert packJson({"a": [1, None, "é"]}) == b'{"a":[1,null,"\\u00e9"]}'
    with pytest.raises(ValueError):
        packJson(float("nan"))
    with pytest.raises(TypeError):
        packJson(object())


def test_credentials():
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    with pytest.raises(ValueError, match="colon"):
        basic("a:b", "c")
