"""Requests as raw bytes, each with what must become of it.

CASES   all of them; those about framing are in framecases.py, what they are made of in casing.py
"""

from __future__ import annotations

from collections.abc import Iterator

from hio.core.http.limiting import LIMITS
from tests.core.http.casing import CONTROLS, DELIMITERS, Case, accept, bare, get, post, refuse, show
from tests.core.http.casing import NEIGHBOUR as NEIGHBOUR, chunked as chunked
from tests.core.http.framecases import FRAMING


# ---------------------------------------------------------------- line ends, RFC 9112, 2.2


def lineEnds() -> Iterator[Case]:
    c = "RFC 9112, 2.2"
    yield accept("line-crlf", get(), c, method="GET", target="/", path="/", body=b"")
    yield refuse("line-lf-all", get().replace(b"\r\n", b"\n"), c)
    yield refuse("line-lf-request-line", b"GET / HTTP/1.1\nHost: a\r\n\r\n", c)
    yield refuse("line-lf-field", b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", c)
    yield refuse("line-lf-before-blank", b"GET / HTTP/1.1\r\nHost: a\n\r\n", c)
    yield refuse("line-lf-blank", b"GET / HTTP/1.1\r\nHost: a\r\n\n", c)
    yield refuse("line-lf-hides-length", b"POST / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 3\r\n\r\nabc", c)
    yield refuse("line-lf-hides-coding", b"POST / HTTP/1.1\r\nHost: a\r\nX:\nTransfer-Encoding: chunked\r\n\r\n", c)
    yield refuse("line-cr-field", b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", c)
    yield refuse("line-cr-hides-coding", b"POST / HTTP/1.1\r\nHost: a\r\nX:\rTransfer-Encoding: chunked\r\n\r\n", c)
    yield refuse("line-cr-cr-lf", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", c)
    yield refuse("line-cr-request-line", b"GET / HTTP/1.1\rHost: a\r\n\r\n", c)
    yield refuse("line-cr-before-version", b"GET /\rHTTP/1.1\r\nHost: a\r\n\r\n", c)
    yield refuse("line-cr-in-blank", b"GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", c)
    yield refuse("line-cr-in-name", b"PUT / HTTP/1.1\r\nHost: a\r\nContent\rLength: 3\r\n\r\nabc", c)
    yield refuse("line-lf-cr", b"GET / HTTP/1.1\n\rHost: a\n\r\n\r", c)
    yield refuse("line-cr-only", get().replace(b"\r\n", b"\r"), c)
    yield refuse("line-vt", b"GET / HTTP/1.1\x0bHost: a\r\n\r\n", c)
    for count in (1, 2, 8):
        yield accept(f"line-empty-{count}", b"\r\n" * count + get(), c, target="/")
    yield refuse("line-empty-9", b"\r\n" * 9 + get(), c)
    yield refuse("line-empty-1000", b"\r\n" * 1000 + get(), c)
    yield refuse("line-empty-lf", b"\n" + get(), c)
    yield refuse("line-empty-cr", b"\r" + get(), c)
    yield refuse("line-empty-space", b" \r\n" + get(), c)
    yield refuse("line-fields-without-request-line", b"Host: a\r\n\r\n", c)
    yield refuse("line-space-before-first-field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", c)
    yield refuse("line-tab-before-first-field", b"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", c)
    yield refuse("line-space-then-host", b"GET / HTTP/1.1\r\n X: b\r\nHost: a\r\n\r\n", c)


# ---------------------------------------------------------------- request line, RFC 9112, 3


def requestLines() -> Iterator[Case]:
    c = "RFC 9112, 3"
    for name, line in (
        ("two-words", b"GET /"), ("one-word", b"GET"), ("four-words", b"GET / x HTTP/1.1"),
        ("two-spaces-first", b"GET  / HTTP/1.1"), ("two-spaces-second", b"GET /  HTTP/1.1"),
        ("tab-first", b"GET\t/ HTTP/1.1"), ("tab-second", b"GET /\tHTTP/1.1"), ("leading-space", b" GET / HTTP/1.1"),
        ("leading-tab", b"\tGET / HTTP/1.1"), ("trailing-space", b"GET / HTTP/1.1 "),
        ("trailing-tab", b"GET / HTTP/1.1\t"), ("trailing-word", b"GET / HTTP/1.1 x"), ("no-target", b"GET HTTP/1.1"),
        ("no-method", b"/ HTTP/1.1"), ("space-in-target", b"GET /a b HTTP/1.1"), ("nbsp", b"GET\xa0/\xa0HTTP/1.1"),
        ("form-feed", b"GET\x0c/\x0cHTTP/1.1"), ("vertical-tab", b"GET /\x0bHTTP/1.1"), ("nel", b"GET /\x85HTTP/1.1"),
        ("response", b"HTTP/1.1 200 OK"), ("space-cr", b"GET / HTTP/1.1 \r"), ("comma", b"GET,/,HTTP/1.1"),
    ):  # fmt: skip
        yield refuse(f"start-{name}", bare(line, b"Host: a"), c)
    for method in (
        b"GET", b"HEAD", b"PUT", b"PATCH", b"POST", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND", b"MKCOL", b"M-SEARCH",
        b"get", b"Get", b"X", b"BREW", b"-BLARGH", b"#smol", b"!#$%&'*+-.^_`|~", b"A" * 100,
    ):  # fmt: skip
        text = method.decode()
        yield accept(f"method-{text[:20]}", get(method=method), "RFC 9110, 9.1", method=text, target="/")
    for byte in DELIMITERS:
        yield refuse(f"method-delimiter-{show(byte)}", get(method=b"GE%cT" % byte), "RFC 9110, 5.6.2")
    for byte in (*CONTROLS, 0x80, 0xA0, 0xC3, 0xFF):
        yield refuse(f"method-byte-{show(byte)}", get(method=b"GE%cT" % byte), "RFC 9110, 5.6.2")
        yield refuse(f"method-first-byte-{show(byte)}", get(method=b"%cGET" % byte), "RFC 9110, 5.6.2")
    yield refuse("method-utf8", get(method="GÉT".encode()), "RFC 9110, 5.6.2")
    yield refuse("method-bom", b"\xef\xbb\xbf" + get(), "RFC 9110, 5.6.2")
    yield refuse("tls-client-hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x01" * 40, "RFC 9112, 3")
    yield refuse("socks", b"\x05\x01\x00", "RFC 9112, 3")
    yield refuse("ssh", b"SSH-2.0-OpenSSH_9.6\r\n", "RFC 9112, 3")
    yield refuse("proxy-protocol", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + get(), "RFC 9112, 3")


def versions() -> Iterator[Case]:
    c = "RFC 9112, 2.3"
    yield accept("version-1.1", get(), c, version=(1, 1), persisted=True)
    yield accept("version-1.0", get(version=b"HTTP/1.0"), c, version=(1, 0), persisted=False)
    for minor in b"23456789":
        yield accept(f"version-1.{minor - 48}", get(version=b"HTTP/1.%c" % minor), "RFC 9110, 2.5", version=(1, 1))
    for major in (b"0.9", b"0.0", b"2.0", b"2.1", b"3.0", b"5.6", b"9.9"):
        yield refuse(f"version-{major.decode()}", get(version=b"HTTP/" + major), "RFC 9110, 15.6.6", 505)
    yield refuse("version-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "RFC 9110, 15.6.6", 505)
    for version in (
        b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/11", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1.01", b"HTTP/1.1.1",
        b"HTTP/1,1", b"HTTP/-1.1", b"HTTP/+1.1", b"HTTP/1.-1", b"HTTP/1.1a", b"HTTP/1.a", b"HTTP/a.1", b"HTTP 1.1",
        b"http/1.1", b"Http/1.1", b"HTTPS/1.1", b"HTTP/", b"HTTP", b"HTTP//1.1", b"HTTP\\1.1", b"XHTTP/1.1",
        b"IHTTP/1.0", b"ICE/1.0", b"RTSP/1.0", b"ICAP/1.0", b"1.1", b"HTTP/1.1\x00", b"HTTP/1\x001", b"HTTP/\xb9.1",
        b"HTTP/1.\xb2", b"HTTP/0x1.1", b"HTTP/1_1", b"HTTP/2", b"HTTP/1.1;", b"HTTP /1.1", b'"HTTP/1.1"',
    ):  # fmt: skip
        yield refuse(f"version-bad-{version.decode('latin-1')}", get(version=version), c)


def targets() -> Iterator[Case]:
    c = "RFC 9112, 3.2"
    for target, path, query in (
        (b"/a/b", "/a/b", ""), (b"/?", "/", ""), (b"/a?b=c", "/a", "b=c"), (b"/a?b?c", "/a", "b?c"),
        (b"/a?b=/c", "/a", "b=/c"), (b"//evil/path", "//evil/path", ""), (b"//a:b/c", "//a:b/c", ""),
        (b"///x", "///x", ""), (b"/..;/", "/..;/", ""), (b"/../etc", "/../etc", ""), (b"/a%20b", "/a%20b", ""),
        (b"/%00", "/%00", ""), (b"/%zz%", "/%zz%", ""), (b"/a:b@c", "/a:b@c", ""), (b"/http://x/", "/http://x/", ""),
        (b"/[::1", "/[::1", ""), (b"/q?|", "/q", "|"), (b'/"a"?b="c"', '/"a"', 'b="c"'), (b"/{x}", "/{x}", ""),
        (b"/a\\b", "/a\\b", ""), (b"/~u^`", "/~u^`", ""), (b"/;p=1", "/;p=1", ""), (b"/a&b=c", "/a&b=c", ""),
        (b"/*", "/*", ""), (b"/" + b"a" * 4000, "/" + "a" * 4000, ""),
    ):  # fmt: skip
        name = f"target-origin-{target.decode()[:20]}"
        yield accept(name, get(target=target), "RFC 9112, 3.2.1", path=path, query=query, target=target.decode())
    for name, target in (
        ("no-slash", b"a"), ("dot", b"."), ("query-only", b"?a=b"), ("fragment", b"/a#b"), ("fragment-only", b"#b"),
        ("fragment-query", b"/a?b#c"), ("backslash", b"\\"), ("asterisk-get", b"*"), ("asterisk-more", b"*/"),
        ("authority-get", b"a:80"), ("host-get", b"a"), ("scheme-only", b"http:"), ("scheme-slash", b"http:/"),
        ("scheme-slashes", b"http://"), ("no-host", b"http:///a"), ("no-host-port", b"http://:80/a"),
        ("userinfo", b"http://u@a/"), ("userinfo-password", b"http://u:p@a/"), ("bad-port", b"http://a:b/"),
        ("big-port", b"http://a:99999/"), ("open-bracket", b"http://[::1"), ("bad-ipv6", b"http://[::g]/"),
        ("absolute-fragment", b"http://a/#b"), ("ftp", b"ftp://a/"), ("mailto", b"mailto:a@b"),
        ("javascript", b"javascript:x"), ("two-hosts", b"http://a,b c/"), ("port-space", b"http://a:8 0/"),
        ("backslash-host", b"http://a\\b/"), ("percent-host", b"http://a%zz/"), ("port-sign", b"http://a:+80/"),
    ):  # fmt: skip
        yield refuse(f"target-bad-{name}", get(target=target), c)
    for byte in (*CONTROLS, 9, 0x80, 0x85, 0xA0, 0xAD, 0xC3, 0xFF):
        yield refuse(f"target-byte-{show(byte)}", get(target=b"/a%cb" % byte), "RFC 3986, 2")
        yield refuse(f"target-query-byte-{show(byte)}", get(target=b"/a?b%cc" % byte), "RFC 3986, 2")
    yield refuse("target-utf8", get(target="/δ¶".encode()), "RFC 3986, 2")
    for target, path, query, host in (
        (b"http://b/", "/", "", "b"), (b"http://b", "/", "", "b"), (b"http://b?q", "/", "q", "b"),
        (b"HTTP://B/x", "/x", "", "B"), (b"https://b:8443/x?y=z", "/x", "y=z", "b:8443"),
        (b"http://b//x", "//x", "", "b"), (b"http://[::1]:80/x", "/x", "", "[::1]:80"), (b"http://b:/", "/", "", "b:"),
        (b"http://1.2.3.4/", "/", "", "1.2.3.4"), (b"http://b/?http://c/", "/", "http://c/", "b"),
    ):  # fmt: skip
        name = f"target-absolute-{target.decode()}"
        yield accept(name, get(target=target), "RFC 9112, 3.2.2", path=path, query=query, HTTP_HOST=host)
    yield refuse("target-absolute-without-host", b"GET http://b/ HTTP/1.1\r\n\r\n", "RFC 9112, 3.2")
    yield accept(
        "target-absolute-1.0", b"GET http://b/ HTTP/1.0\r\n\r\n", "RFC 9112, 3.2.2", path="/", HTTP_HOST="b"
    )
    yield accept("target-asterisk", get(target=b"*", method=b"OPTIONS"), "RFC 9112, 3.2.4", path="*", target="*")
    yield accept("target-options-path", get(target=b"/x", method=b"OPTIONS"), "RFC 9112, 3.2.1", path="/x")
    yield accept("target-options-absolute", get(target=b"http://b", method=b"OPTIONS"), "RFC 9112, 3.2.4", path="*")
    for target in (b"b:443", b"[::1]:443", b"1.2.3.4:80", b"home_0.example.com:443"):
        raw = get(target=target, method=b"CONNECT")
        yield accept(f"target-connect-{target.decode()}", raw, "RFC 9112, 3.2.3", path="", HTTP_HOST=target.decode())
    for target in (b"b", b"b:", b":443", b"/", b"/b:443", b"*", b"http://b:443/", b"b:x", b"u@b:443", b"::1:443",
                   b"b:443/", b"b:443?x", b"b:70000"):  # fmt: skip
        name = f"target-connect-bad-{target.decode()}"
        yield refuse(name, get(target=target, method=b"CONNECT"), "RFC 9112, 3.2.3")


# ---------------------------------------------------------------- Host, RFC 9112, 3.2


def hosts() -> Iterator[Case]:
    c = "RFC 9112, 3.2"
    for host in (
        b"a", b"A", b"example.com", b"example.com:80", b"example.com:", b"a.b.", b"127.0.0.1", b"127.0.0.1:8080",
        b"[::1]", b"[::1]:80", b"[::1]:", b"[2001:db8::1]:443", b"[::ffff:1.2.3.4]", b"[v1.x:y]", b"a_b", b"a-b",
        b"xn--e1afmkfd",
        b"%41", b"a~b", b"0.0.0.0=5000", b"a:65535", b"a:0", b"localhost", b"",
    ):  # fmt: skip
        yield accept(f"host-{host.decode()}", bare(b"GET / HTTP/1.1", b"Host: " + host), c, HTTP_HOST=host.decode())
    for host in (
        b"a b", b"a/b", b"a?b", b"a#b", b"u@a", b"u:p@a", b"a:b", b"a:80:80", b"a:-1", b"a:+80", b"a:8 0", b"a:65536",
        b"a:999999", b":80", b":", b"[::1", b"::1", b"[::1]x", b"[::1]80", b"[]", b"[a]", b"[::1%25eth0]", b"[1.2.3.4]",
        b"a\\b", b"a<b", b'"a"', b"a, b", b"a\tb", b"http://a", b"a/", b"%zz", b"%4", b"\xe4", "ä".encode(), b"a|b",
        b"a^b", b"{a}", b"a`b", b"[v1.]", b"a:\xb2",
    ):  # fmt: skip
        yield refuse(f"host-bad-{host.decode('latin-1')}", bare(b"GET / HTTP/1.1", b"Host: " + host), c)
    yield refuse("host-missing", b"GET / HTTP/1.1\r\n\r\n", c)
    yield refuse("host-missing-1.2", b"GET / HTTP/1.2\r\n\r\n", c)
    yield refuse("host-missing-among", bare(b"GET / HTTP/1.1", b"Accept: a", b"X-Host: b"), c)
    yield accept("host-missing-1.0", b"GET / HTTP/1.0\r\n\r\n", c, HTTP_HOST=None)
    yield refuse("host-twice", get(b"Host: b"), c)
    yield refuse("host-twice-same", get(b"Host: a"), c)
    yield refuse("host-twice-case", get(b"hOST: a"), c)
    yield refuse("host-twice-1.0", get(b"Host: b", version=b"HTTP/1.0"), c)
    yield refuse("host-twice-empty", get(b"Host:"), c)
    yield refuse("host-bad-1.0", bare(b"GET / HTTP/1.0", b"Host: a b"), c)
    yield refuse("host-bad-with-absolute", bare(b"GET http://b/ HTTP/1.1", b"Host: a b"), c)


# ---------------------------------------------------------------- fields, RFC 9112, 5; RFC 9110, 5


def fields() -> Iterator[Case]:
    c = "RFC 9112, 5.1"
    for name, line, value in (
        ("no-space", b"X:y", "y"), ("spaces", b"X:   y   ", "y"), ("tabs", b"X:\ty\t", "y"), ("empty", b"X:", ""),
        ("only-space", b"X:  \t ", ""), ("colons", b"X: a:b:c", "a:b:c"), ("inner-space", b"X: a  b", "a  b"),
        ("inner-tab", b"X: a\tb", "a\tb"), ("obs-text", b"X: \xe4\xff", "\xe4\xff"), ("nbsp", b"X: \xa0y\xa0",
        "\xa0y\xa0"),
        ("nel", b"X: y\x85", "y\x85"), ("utf8", "X: ü".encode(), "\xc3\xbc"), ("quotes", b'X: "a, b"', '"a, b"'),
        ("delimiters", b"X: " + DELIMITERS, DELIMITERS.decode()), ("colon-first", b"X::y", ":y"),
    ):  # fmt: skip
        yield accept(f"field-{name}", get(line), c, HTTP_X=value)
    yield accept("field-token", get(b"!#$%&'*+.^`|~0aZ: y"), "RFC 9110, 5.6.2", **{"HTTP_!#$%&'*+.^`|~0AZ": "y"})
    for name, line in (
        ("space-before-colon", b"X : y"), ("tab-before-colon", b"X\t: y"), ("no-name", b": y"), ("no-colon", b"X"),
        ("no-colon-known", b"Accept"), ("space-name", b" : y"), ("inner-space-name", b"X Y: z"),
        ("name-only-space", b" "), ("known-space-before-colon", b"Content-Length : 3"),
        ("coding-space-before-colon", b"Transfer-Encoding : chunked"), ("utf8-name", "Ü: y".encode()),
        ("high-name", b"\xffX: y"), ("nbsp-name", b"X\xa0: y"), ("request-line-again", b"GET / HTTP/1.1"),
    ):  # fmt: skip
        yield refuse(f"field-{name}", get(line), c)
    for byte in (*CONTROLS, 10, 13):
        yield refuse(f"field-value-byte-{show(byte)}", get(b"X: a%cb" % byte), "RFC 9110, 5.5")
        yield refuse(f"field-value-end-byte-{show(byte)}", get(b"X: a%c" % byte), "RFC 9110, 5.5")
        yield refuse(f"field-name-byte-{show(byte)}", get(b"X%cY: a" % byte), "RFC 9110, 5.6.2")
    for byte in DELIMITERS.replace(b":", b""):
        yield refuse(f"field-name-delimiter-{show(byte)}", get(b"X%cY: a" % byte), "RFC 9110, 5.6.2")
    fold = "RFC 9112, 5.2"
    yield refuse("fold-space", get(b"X: a", b" b"), fold)
    yield refuse("fold-tab", get(b"X: a", b"\tb"), fold)
    yield refuse("fold-colon", get(b"X: a", b" Y: b"), fold)
    yield refuse("fold-length", get(b"X: a", b" Content-Length: 5"), fold)
    yield refuse("fold-empty", get(b"X: a", b" "), fold)
    yield refuse("fold-name", get(b"name", b" : value"), fold)
    yield refuse("fold-coding", post(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n"), fold)
    yield refuse("fold-coding-more", post(b"Transfer-Encoding: chunked", b" x", body=b"0\r\n\r\n"), fold)


def repeats() -> Iterator[Case]:
    c = "RFC 9110, 5.3"
    yield accept("repeat-list", get(b"X: a", b"Y: b", b"x: c"), c, HTTP_X="a, c", HTTP_Y="b")
    yield accept("repeat-accept", get(b"Accept: a", b"Accept: b", b"Accept: c"), c, HTTP_ACCEPT="a, b, c")
    yield accept("repeat-cookie", get(b"Cookie: a=1, 2", b"cookie: b=2"), "RFC 6265, 5.4", HTTP_COOKIE="a=1, 2; b=2")
    yield accept("repeat-connection", get(b"Connection: keep-alive", b"Connection: close"), c, persisted=False)
    for name in (
        b"Content-Type", b"Authorization", b"Proxy-Authorization", b"Content-Location", b"Content-Range", b"ETag",
        b"Max-Forwards", b"User-Agent", b"Referer", b"From", b"Date", b"Range", b"If-Range", b"If-Modified-Since",
        b"If-Unmodified-Since", b"Origin", b"Server",
    ):  # fmt: skip
        yield refuse(f"repeat-{name.decode()}", get(name + b": a", name.lower() + b": b"), c)
        yield refuse(f"repeat-same-{name.decode()}", get(name + b": a", name + b": a"), c)
    c = "RFC 3875, 4.1.18"
    yield accept("map-underscore", get(b"X_Y: a"), c, HTTP_X_Y=None)
    yield accept("map-underscore-twin", get(b"X_Y: a", b"X-Y: b", b"X_Y: c"), c, HTTP_X_Y="b")
    yield accept("map-length-twin", post(b"Content_Length: 3"),
    c, CONTENT_LENGTH=None, HTTP_CONTENT_LENGTH=None, body=b"")
    yield accept("map-coding-twin", post(b"Transfer_Encoding: chunked"), c, HTTP_TRANSFER_ENCODING=None, body=b"")
    yield accept("map-host-twin", get(b"Ho_st: b"), c, HTTP_HO_ST=None, HTTP_HOST="a")
    yield accept("map-proxy", get(b"Proxy: b", b"pROXY: c"), "CVE-2016-5385", HTTP_PROXY=None)
    yield accept("map-type", get(b"Content-Type: a/b"), c, CONTENT_TYPE="a/b", HTTP_CONTENT_TYPE=None)
    yield accept("map-length", post(b"Content-Length: 0"), c, CONTENT_LENGTH="0", HTTP_CONTENT_LENGTH=None)
    yield accept("map-case", get(b"x-FoO-bAr: z"), c, HTTP_X_FOO_BAR="z")
    yield accept("map-https", get(b"HTTPS: on"), c, HTTP_HTTPS="on", HTTPS=None)


# ---------------------------------------------------------------- limits, connection, expectation


def limits() -> Iterator[Case]:
    line = LIMITS.line - len("GET / HTTP/1.1")
    c = "RFC 9112, 3"
    yield accept("limit-line", get(target=b"/" + b"a" * line), c)
    yield refuse("limit-line-over", get(target=b"/" + b"a" * (line + 1)), c, 414)
    yield refuse("limit-line-endless", b"GET /" + b"a" * 9000, c, 414)
    yield refuse("limit-method-endless", b"A" * 9000, c, 414)
    yield refuse("limit-line-control", b"GET /\x00" + b"a" * 9000, c)
    yield refuse("limit-line-lf", b"GET / HTTP/1.1\n" + b"a" * 9000, c)
    c = "RFC 6585, 5"
    yield refuse("limit-fields-over-cr", get(*(b"X: y",) * 100, b"X: y\r"), c)
    yield accept("limit-fields", get(*(b"X: y",) * 99), c)
    yield refuse("limit-fields-over", get(*(b"X: y",) * 100), c, 431)
    yield refuse("limit-fields-distinct", get(*(b"X%d: y" % i for i in range(150))), c, 431)
    room = LIMITS.head - len(get(b"X: ")) + 4
    yield accept("limit-head", get(b"X: " + b"y" * room), c)
    yield refuse("limit-head-over", get(b"X: " + b"y" * (room + 1)), c, 431)
    yield refuse("limit-head-endless", b"GET / HTTP/1.1\r\nX: " + b"y" * 70000, c, 431)
    yield refuse("limit-head-name-endless", b"GET / HTTP/1.1\r\n" + b"y" * 70000, c, 431)
    yield refuse("limit-head-lines-endless", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 12000, c, 431)


def connections() -> Iterator[Case]:
    c = "RFC 9112, 9.3"
    old = b"HTTP/1.0"
    for value, new, ancient in (
        (b"close", False, False), (b"Close", False, False), (b"keep-alive", True, True), (b"Keep-Alive", True, True),
        (b"keep-alive, close", False, False), (b"close, keep-alive", False, False), (b"x, CLOSE ,y", False, False),
        (b"closed", True, False), (b"notclose", True, False), (b"keep-alivex", True, False), (b"", True, False),
        (b"upgrade", True, False), (b",,close,,", False, False), (b"x,keep-alive", True, True), (b"te", True, False),
    ):  # fmt: skip
        text = value.decode()
        yield accept(f"connection-{text}", get(b"Connection: " + value), c, persisted=new)
        yield accept(f"connection-1.0-{text}", get(b"Connection: " + value, version=old), c, persisted=ancient)
    c = "RFC 9110, 10.1.1"
    yield accept("expect", post(b"Expect: 100-continue", b"Content-Length: 1", body=b"x"), c, expected=True)
    yield accept("expect-case", post(b"expect: 100-Continue", b"Content-Length: 1", body=b"x"), c, expected=True)
    yield accept("expect-1.0", post(b"Expect: 100-continue", version=old), c, expected=False)
    yield accept("expect-1.0-other", post(b"Expect: x", version=old), c, expected=False)
    for value in (b"200-ok", b"100-continuex", b"100", b"continue", b"100-continue, x", b"100-continue; q=1"):
        yield refuse(f"expect-{value.decode()}", post(b"Expect: " + value), c, 417)


CASES = [
    case
    for group in (
        lineEnds, requestLines, versions, targets, hosts, fields, repeats, *FRAMING, limits, connections,
    )
    for case in group()
]  # fmt: skip
