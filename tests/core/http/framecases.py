"""The part of the corpus that is about framing: Content-Length, Transfer-Encoding, chunks (RFC 9112, 6 and 7)."""

from __future__ import annotations

from collections.abc import Iterator

from hio.core.http.limiting import LIMITS
from tests.core.http.casing import CONTROLS, Case, accept, chunked, get, post, refuse, show


def lengths() -> Iterator[Case]:
    c = "RFC 9112, 6.3"
    yield accept("length", post(b"Content-Length: 3", body=b"abc"), c, body=b"abc", CONTENT_LENGTH="3")
    yield accept("length-zero", post(b"Content-Length: 0"), c, body=b"")
    yield accept("length-none", post(), c, body=b"", CONTENT_LENGTH=None)
    yield accept("length-get", get(b"Content-Length: 3") + b"abc", c, body=b"abc")
    yield accept("length-1.0", post(b"Content-Length: 3", body=b"abc", version=b"HTTP/1.0"), c, body=b"abc")
    yield accept("length-zeros", post(b"Content-Length: 003", body=b"abc"), c, body=b"abc", CONTENT_LENGTH="3")
    yield accept("length-ows", post(b"Content-Length: \t 3 \t", body=b"abc"), c, body=b"abc")
    yield accept("length-case", post(b"conTENT-Length: 3", body=b"abc"), c, body=b"abc")
    yield accept("length-twice-same", post(b"Content-Length: 3", b"content-length: 3", body=b"abc"), c, body=b"abc")
    yield accept("length-list-same", post(b"Content-Length: 3, 3", body=b"abc"), c, body=b"abc", CONTENT_LENGTH="3")
    yield accept("length-binary", post(b"Content-Length: 256", body=bytes(range(256))), c, body=bytes(range(256)))
    for value in (
        b"", b" ", b"-1", b"-0", b"+3", b"+0", b"0x3", b"3x", b"x3", b"3 ,4", b"3,", b",3", b"3;3", b"3 3", b"3\t3",
        b"3_0", b"3.0", b"3e1", b"three", b"\xb2", b"\xb3", "٣".encode(), "３".encode(), b'"3"', b"3, 4", b"3, 03",
        b"3,-3", b"3, 3, 4", b"chunked", b"0b11", b"3L", b"9" * 20, b"1" + b"0" * 40, b"0" * 40, b"\xa03", b"3\xa0",
        b"3\x85", b"None", b"infinity", b"(3)", b"3#", b"0003" + b" 4", b"'3'",
    ):  # fmt: skip
        raw = post(b"Content-Length: " + value, body=b"abc")
        yield refuse(f"length-bad-{value.decode('latin-1')[:24]}", raw, "RFC 9110, 8.6")
    for byte in CONTROLS:
        yield refuse(f"length-control-{show(byte)}", post(b"Content-Length: 3%c" % byte, body=b"abc"), "RFC 9110, 5.5")
        yield refuse(f"length-control-first-{show(byte)}", post(b"Content-Length:%c3" % byte, body=b"abc"), c)
    yield refuse("length-twice", post(b"Content-Length: 3", b"Content-Length: 4", body=b"abc"), c)
    yield refuse("length-twice-zeros", post(b"Content-Length: 3", b"Content-Length: 03", body=b"abc"), c)
    yield refuse("length-twice-empty", post(b"Content-Length: 3", b"Content-Length:", body=b"abc"), c)
    yield refuse("length-thrice", post(b"Content-Length: 3", b"Content-Length: 3", b"Content-Length: 0"), c)
    yield refuse("length-twice-sign", post(b"Content-Length: 3", b"Content-Length: +3", body=b"abc"), c)
    yield refuse("length-large", post(b"Content-Length: 9999999999"), "RFC 9110, 15.5.14", 413)
    yield refuse("length-limit", post(b"Content-Length: %d" % (LIMITS.body + 1)), "RFC 9110, 15.5.14", 413)


def codings() -> Iterator[Case]:
    c = "RFC 9112, 6.1"
    end = b"0\r\n\r\n"
    yield accept("coding", chunked(b"3\r\nabc\r\n" + end), c, body=b"abc", HTTP_TRANSFER_ENCODING=None)
    yield accept("coding-case", post(b"transfer-encoding: CHUNKED", body=b"3\r\nabc\r\n" + end), c, body=b"abc")
    yield accept("coding-ows", post(b"Transfer-Encoding:\t chunked \t", body=end), c, body=b"")
    yield accept("coding-get", get(b"Transfer-Encoding: chunked") + end, c, body=b"")
    for value in (
        b"", b"xchunked", b"chunkedx", b"chunkedchunked", b"chunk", b"chunked, chunked", b"chunked,chunked",
        b'"chunked"',
        b"'chunked'", b"chunked;", b"chunked;q=1", b"chunked; foo", b";chunked", b"chunked,", b",chunked", b", chunked",
        b"chunked, identity", b"chunked, gzip", b"gzip", b"identity", b"identity, identity", b"pigeons", b"chun ked",
        b"chunked chunked", b"chunked identity", b"identity chunked", b"cow", b"chunked:", b"x: chunked", b"(chunked)",
        b"chunked\xa0", b"\xa0chunked", b"\x85chunked", b"chunked\x85", "chun\u212aed".encode(), b"chunked#",
        b"chunKed.",
        b"chunked,,", b"gzip, chunked, chunked", b"deflate,", b"chunked, \xff", b"\xffchunked", b"null", b"CHUNKED, x",
        b"chunked=1", b"chunked\\", b"gzip,, chunked",
    ):  # fmt: skip
        raw = post(b"Transfer-Encoding: " + value, body=b"3\r\nabc\r\n" + end)
        yield refuse(f"coding-bad-{value.decode('latin-1')}", raw, c)
    for byte in CONTROLS:
        yield refuse(f"coding-control-{show(byte)}", post(b"Transfer-Encoding: chunked%c" % byte, body=end), c)
        yield refuse(f"coding-control-first-{show(byte)}", post(b"Transfer-Encoding:%cchunked" % byte, body=end), c)
    for value in (b"gzip, chunked", b"gzip,chunked", b"identity, chunked", b"deflate, gzip, CHUNKED", b"x, chunked"):
        yield refuse(f"coding-unknown-{value.decode()}", post(b"Transfer-Encoding: " + value, body=end), c, 501)
    two = b"Transfer-Encoding: chunked"
    yield refuse("coding-twice", post(two, two, body=end), c)
    yield refuse("coding-twice-other", post(b"Transfer-Encoding: gzip", two, body=end), c)
    yield refuse("coding-twice-identity", post(b"Transfer-Encoding: identity", two, body=end), c)
    yield refuse("coding-twice-after", post(two, b"Transfer-encoding: cow", body=end), c)
    yield refuse("coding-twice-empty", post(two, b"Transfer-Encoding:", body=end), c)
    yield refuse("coding-1.0", post(two, body=end, version=b"HTTP/1.0"), c)
    yield refuse("coding-1.0-keep", post(two, b"Connection: keep-alive", body=end, version=b"HTTP/1.0"), c)
    yield refuse("coding-length", post(two, b"Content-Length: 5", body=end), "RFC 9112, 6.3")
    yield refuse("length-coding", post(b"Content-Length: 5", two, body=end), "RFC 9112, 6.3")
    yield refuse("length-zero-coding", post(b"Content-Length: 0", two, body=end), "RFC 9112, 6.3")
    yield refuse("length-identity", post(b"Content-Length: 5", b"Transfer-Encoding: identity", body=b"World"), c)
    yield refuse("length-coding-empty", post(b"Content-Length: 5", b"Transfer-Encoding:", body=b"hello"), c)
    yield refuse("length-coding-1.0", post(b"Content-Length: 5", two, body=end, version=b"HTTP/1.0"), c)
    yield refuse("length-bad-coding", post(b"Content-Length: x", two, body=end), c)


def chunks() -> Iterator[Case]:
    c = "RFC 9112, 7.1"
    end = b"0\r\n\r\n"
    yield accept("chunks", chunked(b"5\r\nhello\r\n6\r\n world\r\n" + end), c, body=b"hello world")
    yield accept("chunks-hex", chunked(b"a\r\n0123456789\r\nA\r\n0123456789\r\n" + end), c, body=b"0123456789" * 2)
    yield accept("chunks-1e", chunked(b"1e\r\n" + b"x" * 30 + b"\r\n" + end), c, body=b"x" * 30)
    yield accept("chunks-zeros", chunked(b"0003\r\nabc\r\n" + end), c, body=b"abc")
    yield accept("chunks-end-zeros", chunked(b"3\r\nabc\r\n000\r\n\r\n"), c, body=b"abc")
    yield accept("chunks-crlf-inside", chunked(b"4\r\n\r\n\r\n\r\n" + end), c, body=b"\r\n\r\n")
    yield accept("chunks-binary", chunked(b"100\r\n" + bytes(range(256)) + b"\r\n" + end), c, body=bytes(range(256)))
    yield accept("chunks-many", chunked(b"1\r\nx\r\n" * 200 + end), c, body=b"x" * 200)
    for size in (
        b"", b" ", b"-1", b"+3", b"0x3", b"x", b"g", b"zz", b"3g", b"3 3", b" 3", b"\t3", b"3_0", b"0_3", b"3.", b"3,",
        b"3 ", b"3\t", b"3\x00", b"3\x0b", b"\xb3", "٣".encode(), b"3\xa0", b"3 x", b"3=x", b'"3"',
        b"ffffffffffffffff1",
        b"0" * 17, b"3\n", b"3\r", b"3\r\r;x", b"\n3", b"\r3", b"0x", b"3h", b"#3",
    ):  # fmt: skip
        yield refuse(f"chunk-size-{size.decode('latin-1')}", chunked(size + b"\r\nabc\r\n" + end), c)
    yield refuse("chunk-size-huge", chunked(b"fffffffffffffff\r\nabc"), "RFC 9110, 15.5.14", 413)
    yield refuse("chunk-size-max", chunked(b"ffffffffffffffff\r\nabc"), "RFC 9110, 15.5.14", 413)
    yield refuse("chunk-size-limit", chunked(b"%x\r\nabc" % (LIMITS.body + 1)), "RFC 9110, 15.5.14", 413)
    yield refuse("chunk-size-lf", chunked(b"3\nabc\r\n" + end), c)
    yield refuse("chunk-size-lf-all", chunked(b"3\nabc\n0\n\n"), c)
    yield refuse("chunk-size-cr", chunked(b"3\rabc\r\n" + end), c)
    yield refuse("chunk-size-long", chunked(b"0" * 5000), c)
    yield refuse("chunk-end-missing", chunked(b"3\r\nabc" + end), c)
    yield refuse("chunk-end-lf", chunked(b"3\r\nabc\n" + end), c)
    yield refuse("chunk-end-cr", chunked(b"3\r\nabc\r" + end), c)
    yield refuse("chunk-end-lf-cr", chunked(b"3\r\nabc\n\r" + end), c)
    yield refuse("chunk-end-long", chunked(b"3\r\nabcd\r\n" + end), c)
    yield refuse("chunk-end-short", chunked(b"3\r\nab\r\n" + end), c)
    yield refuse("chunk-end-other", chunked(b"3\r\nabcxx" + end), c)
    yield refuse("chunk-end-null", chunked(b"3\r\nabc\x00\x00" + end), c)
    yield refuse("chunk-last-missing", chunked(b"3\r\nabc\r\n\r\n"), c)
    yield refuse("chunk-smuggle", chunked(b"5\r\r;ABCD\r\n34\r\nE\r\n" + end), c)


def extensions() -> Iterator[Case]:
    c = "RFC 9112, 7.1.1"
    end = b"0\r\n\r\n"
    for ext in (
        b";a", b";a=b", b";a;b;c", b";a=b;c=d", b';a="b"', b';a="b c;d"', b';a="b\\"c"', b';a=""', b";a=1",
        b';a="\xe4"', b";!#$%&'*+-.^_`|~=x", b';a="\\\\"', b";a=b" * 100,
    ):  # fmt: skip
        name = f"extension-{ext.decode('latin-1')[:24]}"
        yield accept(name, chunked(b"3" + ext + b"\r\nabc\r\n" + end), c, body=b"abc")
        yield accept(f"{name}-last", chunked(b"3\r\nabc\r\n0" + ext + b"\r\n\r\n"), c, body=b"abc")
    for ext in (
        b";", b"; ", b";;", b";a;", b";a=", b";=b", b";a b", b";a=b c", b';a="b', b';a=b"', b";a=\x00", b";a\x00",
        b";a\n", b";a\nb", b";a=b\rc", b";a\r", b';a="\n"', b';a="\r"', b";a==b", b";a=b=c", b";\xe4", b";a=\xe4",
        b";a,b",
        b" a", b",a", b":a", b";a=b ", b";a\x0b",
        b";a=\x7f", b';a="b"c', b";a=(b)", b";" + b"a" * 5000,
    ):  # fmt: skip
        name = f"extension-bad-{ext.decode('latin-1')[:24]}"
        yield refuse(name, chunked(b"3" + ext + b"\r\nabc\r\n" + end), c)
        yield refuse(f"{name}-last", chunked(b"3\r\nabc\r\n0" + ext + b"\r\n\r\n"), c)
    yield refuse("extension-flood", chunked((b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 5 + end), c)


def blanks() -> Iterator[Case]:
    """White space around ; and = is to be read and dropped, as long as an extension is there."""
    c = "RFC 9112, 7.1.1; RFC 9110, 5.6.3"
    end = b"0\r\n\r\n"
    for ext in (
        b"; a", b" ;a", b"\t;a", b";\ta", b";a =b", b";a= b", b" ; a = b", b"; a; b=c", b" \t ;\t a", b'; a = "b c"',
        b"; some; parameters=stuff",
    ):  # fmt: skip
        raw = chunked(b"3" + ext + b"\r\nabc\r\n0" + ext + b"\r\n\r\n")
        yield accept(f"extension-blank-{ext.decode()!r}", raw, c, body=b"abc")
    for ext in (b" ", b"\t", b" ;", b" ; ", b";a ", b"; a b", b"; a = ", b"; = b", b"; a = b c", b"\x0b;a", b";\xa0a"):
        raw = chunked(b"3" + ext + b"\r\nabc\r\n" + end)
        yield refuse(f"extension-blank-bad-{ext.decode('latin-1')!r}", raw, c)


def trailers() -> Iterator[Case]:
    c = "RFC 9112, 7.1.2"
    yield accept("trailer", chunked(b"0\r\nX: y\r\n\r\n"), c, trails=(("X", "y"),), HTTP_X=None)
    yield accept("trailers", chunked(b"0\r\nX: y\r\nZ:\r\nX: w\r\n\r\n"), c, trails=(("X", "y"), ("Z", ""), ("X", "w")))
    yield accept("trailer-type", chunked(b"0\r\nContent-Type: a/b\r\n\r\n"), c, CONTENT_TYPE=None)
    yield refuse("trailer-length", chunked(b"0\r\nContent-Length: 9\r\n\r\n"), "RFC 9110, 6.5.1")
    yield refuse("trailer-coding", chunked(b"0\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n"), "RFC 9110, 6.5.1")
    yield refuse("trailer-length-zero", chunked(b"0\r\ncontent-length: 0\r\n\r\n"), "RFC 9110, 6.5.1")
    yield accept("trailer-host", chunked(b"0\r\nHost: evil\r\n\r\n"), c, HTTP_HOST="a")
    yield accept("trailer-announced", chunked(b"0\r\nX: y\r\n\r\n", b"Trailer: X"), c, HTTP_TRAILER="X", HTTP_X=None)
    for name, block in (
        ("no-colon", b"X\r\n\r\n"), ("space-colon", b"X : y\r\n\r\n"), ("no-name", b": y\r\n\r\n"),
        ("fold", b"X: y\r\n z\r\n\r\n"), ("fold-first", b" X: y\r\n\r\n"), ("lf", b"X: y\n\r\n"), ("lf-only", b"\n"),
        ("cr", b"X: y\rZ: w\r\n\r\n"), ("null", b"X: \x00\r\n\r\n"), ("control", b"X: \x01\r\n\r\n"),
        ("lf-all", b"X: y\n\n"), ("cr-cr", b"X: y\r\r\n\r\n"), ("bad-name", b"X@: y\r\n\r\n"),
        ("request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ("high-name", b"\xff: y\r\n\r\n"), ("del",
        b"X: \x7f\r\n\r\n"),
        ("cr-blank", b"\rX\r\n\r\n"),
    ):  # fmt: skip
        yield refuse(f"trailer-bad-{name}", chunked(b"0\r\n" + block), c)
    yield refuse("trailer-many", chunked(b"0\r\n" + b"X: y\r\n" * 101 + b"\r\n"), c, 431)
    yield refuse("trailer-large", chunked(b"0\r\nX: " + b"y" * 17000 + b"\r\n\r\n"), c, 431)


FRAMING = (lengths, codings, chunks, extensions, blanks, trailers)
