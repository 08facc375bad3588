"""Requestant by itself: requests out of a bytearray, one after the other, and what each tells of itself."""

from __future__ import annotations

import inspect
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.faulting import HTTPException, PrematureClosure
from hio.core.http.limiting import Limits
from hio.core.http.parsing import Parsent
from hio.core.http.requesting import Phase, Requestant
from hio.core.http.staging import Stage
from tests.core.http.corpus import CASES, chunked, get, post

GET = b"GET /echo?name=fame HTTP/1.1\r\nHost: localhost:6101\r\nAccept-Encoding: identity\r\nContent-Length: 0\r\n\r\n"
FLAGS = ("started", "headed", "bodied", "ended", "closed", "errored", "error")


def flags(req):
    return tuple(getattr(req, name) for name in FLAGS)


def fed(raw, **kwa):
    """Return a Requestant that was given raw and parsed as far as it goes."""
    req = Requestant(msg=bytearray(raw), **kwa)
    req.parse()
    return req


def test_as_the_api_has_it():
    """while parser: parse(), and everything can be read afterwards; msg is empty."""
    msg = bytearray(GET)
    req = Requestant(msg=msg)
    assert isinstance(req, Parsent) and req.parser and req.method == "GET" and flags(req)[:5] == (None,) * 5
    while req.parser:
        req.parse()
    assert not msg and req.msg is msg
    assert req.url == "/echo?name=fame" and req.method == "GET" and req.version == (1, 1)
    assert list(req.headers) == ["Host", "Accept-Encoding", "Content-Length"]
    assert list(req.headers.values()) == ["localhost:6101", "identity", "0"]
    assert (req.path, req.query, req.fragment, req.scheme) == ("/echo", "name=fame", "", "")
    assert (req.hostname, req.port) == ("localhost", 6101)
    assert req.body == b"" and req.length == 0 and req.persisted and not req.chunked and not req.errored
    assert req.ended and req.headed and req.bodied and not req.started and req.parser is None


def test_a_parser_is_a_generator_that_can_be_given_up():
    req = Requestant()
    parser = req.parser
    assert inspect.isgenerator(parser) and next(parser) is None and req.parser
    req.msg += GET[:10]
    assert next(parser) is None and req.started
    parser.close()
    assert req.parser and not req.closed, "closing it is not the end of the connection"
    req.parser = None
    req.msg += GET[10:]
    req.parse()
    assert not req.parser and not req.ended and bytes(req.msg) == GET
    req.makeParser()
    assert list(req.parser) == [] and req.ended and req.url == "/echo?name=fame"


@pytest.mark.parametrize("cut", [0, 10, len(post(b"Content-Length: 2", body=b"")) + 1, -1])
def test_the_generators_of_the_parts(cut):
    raw = post(b"Content-Length: 2", body=b"ab")
    req = Requestant(msg=bytearray(raw[:cut]))
    whole, head, body = req.parseMessage(), req.parseHead(), req.parseBody()
    assert next(whole) is None
    if not req.headed:
        assert next(head) is None
    req.msg += raw[cut:]
    assert list(head) == [] and req.headed
    assert list(body) == [] and list(whole) == [] and req.body == b"ab" and req.ended


def test_life_of_the_flags():
    """Creating and makeParser change no flag; the first parse() clears; each comes when its part is complete."""
    req = Requestant()
    assert flags(req) == (None, None, None, None, None, False, None)
    req.parse()
    assert flags(req) == (False, False, False, False, False, False, None)
    req.msg += b"P"
    req.parse()
    assert flags(req) == (True, False, False, False, False, False, None)
    req.msg += post(b"Content-Length: 2", body=b"a")[1:]
    req.parse()
    assert flags(req) == (True, True, False, False, False, False, None) and req.length == 2
    req.msg += b"b" + GET
    req.parse()
    assert flags(req) == (False, True, True, True, False, False, None)
    assert req.parser is None and bytes(req.msg) == GET
    req.parse()
    assert bytes(req.msg) == GET, "nothing is parsed before makeParser"
    req.makeParser()
    assert flags(req) == (False, True, True, True, False, False, None) and req.body == b"ab" and req.parser
    req.parse()
    assert flags(req) == (False, True, True, True, False, False, None) and req.body == b"" and not req.msg


def test_error_ends_the_message():
    req = fed(b"GET / HTTP/1.1\r\nHost : a\r\n\r\nrest")
    assert req.errored and req.ended and req.parser is None and req.error and isinstance(req.fault, HTTPException)
    assert req.fault.status == 400 and not req.bodied
    req.makeParser(bytearray(GET))
    req.parse()
    assert not req.errored and req.error is None and req.fault is None and req.url == "/echo?name=fame"


@pytest.mark.parametrize("case", [case for case in CASES if len(case.raw) < 300], ids=lambda case: case.name)
def test_corpus_in_every_cut(case):
    """Whatever the cut, a request comes out the same, or is refused with the same status."""
    whole = fed(case.raw)
    assert (whole.fault.status if whole.errored else 0) == case.status
    dripped = Requestant()
    for byte in case.raw:
        dripped.msg.append(byte)
        dripped.parse()
    assert dripped.errored == whole.errored and dripped.ended and bytes(dripped.msg) == b"" or case.status
    if not case.status:
        assert dripped.environ == whole.environ and dripped.body == whole.body
        assert list(dripped.headers.items()) == list(whole.headers.items())
        assert dripped.persisted == whole.persisted == case.want.get("persisted", whole.persisted)
    else:
        assert dripped.fault.status == case.status and dripped.where() and repr(dripped)


# ---------------------------------------------------------------- the end of the input


@pytest.mark.parametrize("raw", [GET, post(b"Content-Length: 3", body=b"abc"), chunked(b"1\r\nx\r\n0\r\n\r\n")])
@pytest.mark.parametrize("when", ["before", "with", "latched"])
def test_complete_before_the_end(raw, when):
    """Buffered bytes first, then the end: what is complete is complete, whenever the end was told."""
    req = Requestant()
    if when == "latched":
        req.close()
        assert req.closed
        req.msg += raw
    elif when == "before":
        req.msg += raw[:-1]
        req.parse()
        req.msg += raw[-1:]
        req.close()
    else:
        req.msg += raw
        req.close()
    req.parse()
    assert req.ended and not req.errored and req.closed


@pytest.mark.parametrize("raw", [
    b"", b"\r\n", b"G", GET[:-1], post(b"Content-Length: 3", body=b"ab"), chunked(b"1\r\nx\r\n"), chunked(b"1\r\nx"),
    chunked(b"1"), chunked(b"0\r\nX: y\r\n"),
])  # fmt: skip
@pytest.mark.parametrize("when", ["before", "with"])
def test_cut_short_by_the_end(raw, when):
    """An incomplete request settles as an error; it never waits for ever."""
    req = Requestant()
    if when == "before":
        req.msg += raw
        req.parse()
        assert not req.ended
        req.close()
    else:
        req.close()
        req.msg += raw
    req.parse()
    assert req.ended and req.errored and isinstance(req.fault, PrematureClosure) and req.parser is None


# ---------------------------------------------------------------- nothing is left over


def test_nothing_of_one_request_is_seen_in_the_next():
    """Body, data, trailers, extensions, content type, framing: each request has its own."""
    kind = b"Content-Type: application/json; charset=ascii"
    first = chunked(b'7;a=b\r\n{"a":1}\r\n0\r\nX-T: t\r\n\r\n', kind, b"X-Own: 1")
    req = fed(first + GET)
    req.dictify()
    body = req.body
    assert req.data == {"a": 1} and req.jsoned and req.encoding == "ascii" and req.chunked and req.length == 7
    assert req.parms == {"a": "b"} and list(req.trails.items()) == [("X-T", "t")] and "X-T" not in req.headers
    req.makeParser()
    req.parse()
    assert req.data is None and not req.jsoned and req.encoding == "ISO-8859-1" and not req.chunked and req.length == 0
    assert req.parms is None and req.trails is None and req.body == b"" and "X-Own" not in req.headers
    assert body == b'{"a":1}', "whoever took the last body keeps it"
    assert "HTTP_X_OWN" not in req.environ and "CONTENT_TYPE" not in req.environ
    req.dictify()
    assert req.data is None


def test_environ_begins_with_the_template():
    """A dict of its own for each request."""
    template = {"wsgi.version": (1, 0)}
    req = fed(GET + GET, template=template)
    first = req.environ
    assert first["wsgi.version"] == (1, 0) and first["HTTP_HOST"] == "localhost:6101"
    req.makeParser()
    req.parse()
    assert req.environ is not first and req.environ == first and template == {"wsgi.version": (1, 0)}


@pytest.mark.parametrize("dictable,kind,body,data", [
    (False, "application/json", b'{"a": [1]}', {"a": [1]}), (False, "text/plain", b"[1]", None),
    (True, "text/plain", b"[1]", [1]), (False, "application/json", b"{", None), (True, "x", b"[" * 100_000, None),
    (False, "application/problem+json; charset=utf-8", "\"\u00e9\"".encode(), "\u00e9"),
    (True, "text/plain", b"\xff\xfe\xfd", None),
])  # fmt: skip
def test_dictify(dictable, kind, body, data):
    """JSON where the type says so, or always; what is none leaves None."""
    req = fed(post(b"Content-Length: %d" % len(body), b"Content-Type: " + kind.encode(), body=body), dictable=dictable)
    req.dictify()
    assert req.data == data and req.dictable is dictable


def test_reinit():
    """Ready for another connection: another buffer, an end forgotten, not armed."""
    req = fed(GET)
    req.close()
    req.reinit(msg=bytearray(GET), dictable=True)
    assert req.closed is None and req.dictable and req.parser is None
    req.makeParser()
    req.parse()
    assert req.ended and not req.errored and not req.closed


# ---------------------------------------------------------------- facts


@pytest.mark.parametrize("raw,facts", [
    (get(target=b"/a%20b/%C3%A9?x=%20"), {"path": "/a b/\u00e9", "query": "x=%20"}),
    (get(target=b"/%FF"), {"path": "/\xff", "url": "/%FF"}),
    (get(target=b"//evil/x?y"), {"path": "//evil/x", "hostname": "a", "query": "y", "scheme": ""}),
    (get(target=b"https://Other:81/p"), {"scheme": "https", "hostname": "Other", "port": 81, "path": "/p"}),
    (get(target=b"*", method=b"OPTIONS"), {"path": "*", "url": "*"}),
    (get(target=b"h:443", method=b"CONNECT"), {"hostname": "h", "port": 443, "url": "h:443", "path": ""}),
    (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", {"hostname": "::1", "port": 80}),
    (b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", {"hostname": "::1", "port": None}),
    (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", {"hostname": "", "port": None}),
    (b"GET / HTTP/1.0\r\n\r\n", {"hostname": "", "port": None, "version": (1, 0), "persisted": False}),
    (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {"persisted": True}),
    (get(b"Connection: close"), {"persisted": False}),
    (get(version=b"HTTP/1.7"), {"version": (1, 1), "persisted": True}),
    (b"\r\n\r\n" + get(), {"url": "/"}),
    (post(b"Expect: 100-continue", b"Content-Length: 3"), {"expectant": True, "ended": False, "length": 3}),
    (post(b"Expect: 100-continue", b"Content-Length: 3", body=b"a"), {"expectant": False, "ended": False}),
])  # fmt: skip
def test_facts(raw, facts):
    req = fed(raw)
    assert {name: getattr(req, name) for name in facts} == facts


def test_before_anything():
    """Attributes that have no value yet are None."""
    req = Requestant()
    for name in "version url path query scheme headers length chunked persisted parms trails data".split():
        assert getattr(req, name) is None, name
    req.checkPersisted()
    assert (req.hostname, req.port, req.text, req.encoding, req.jsoned) == ("", None, "", "ISO-8859-1", None)
    assert req.phase is Phase.IDLE and req.stage is Stage.NONE and "without a head" in repr(req)
    assert Requestant(remoter=None).msg == bytearray() and req.body == bytearray()


def test_check_persisted():
    req = fed(get(b"Connection: close"))
    req.persisted = None
    req.checkPersisted()
    assert req.persisted is False


def test_remoter_gives_its_buffer():
    """rxbs is eaten in place."""

    class Wire:
        rxbs = bytearray(GET)

    req = Requestant(remoter=Wire)
    req.parse()
    assert req.msg is Wire.rxbs and not Wire.rxbs and req.ended


def test_spool():
    """A body is kept in memory up to the mark, beyond it in a file, and reads the same by every way."""
    for size in (0, 10, 11, 1000):
        body = bytes(i % 256 for i in range(size))
        req = Requestant(spooled=True, limits=Limits(spool=10))
        for byte in post(b"Content-Length: %d" % size, body=body):
            req.msg.append(byte)
            req.parse()
        assert req.ended and (req.file is not None) == (size > 10)
        stream = req.whole()
        assert stream.read() == body and isinstance(stream, io.BytesIO) == (size <= 10)
        assert req.body == body and req.length == size
        req.release()
        req.release()
        assert req.file is None


def test_limits_are_its_own():
    req = fed(get(target=b"/" + b"x" * 50), limits=Limits(line=20))
    assert req.errored and req.fault.status == 414


# ---------------------------------------------------------------- anything


PIECES = st.sampled_from([
    b"GET / HTTP/1.1\r\n", b"POST /p HTTP/1.1\r\n", b"Host: a\r\n", b"\r\n", b"Content-Length: 3\r\n", b"abc",
    b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"0\r\n", b"\n", b"\r", b" ", b":",
    b"HTTP/1.0\r\n", b"\x00", b"X: y\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
])  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=30), st.data())
def test_any_bytes_in_any_cuts(pieces, data):
    """Nothing but an errored request comes of garbage, the same for every cut; after the end nothing is waited for."""
    raw = b"".join(pieces)

    def outcomes(chunks):
        req = Requestant()
        found = []
        for piece in chunks:
            req.msg += piece
            drain(req, found)
        req.close()
        drain(req, found)
        assert req.parser is None or not req.msg
        return found

    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    pieces = [raw[a:b] for a, b in pairwise([0, *cuts, len(raw)])]
    assert outcomes([raw]) == outcomes(pieces) == outcomes(raw[i : i + 1] for i in range(len(raw)))


def drain(req, found):
    """Take all requests out of req, until one is refused."""
    while req.parser:
        req.parse()
        if not req.ended:
            return
        if req.errored:
            found.append(req.fault.status)
            return
        found.append((req.method, req.url, bytes(req.body), tuple(sorted(req.environ.items()))))
        req.makeParser()
        if not req.msg and not req.closed:
            return


def test_a_long_line_that_begins_no_method_is_refused_alike_in_every_cut():
    """Found by fuzzing: as a whole it was too long (414), in pieces it was no request (400)."""
    raw = b"\xc3" + b"x" * 300 + b" / HTTP/1.1\r\n\r\n"
    limits = Limits(line=200)
    assert {fed(cut, limits=limits).fault.status for cut in (raw, raw[:1], raw[:40])} == {400}
