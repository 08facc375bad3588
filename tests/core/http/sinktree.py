"""A web directory with all sorts of things in it, and a client of a StaticSink that serves it."""

from __future__ import annotations

import gzip
import os

import falcon
from falcon import testing

from hio.core.http.sinking import StaticSink

PAGE = b"<!doctype html><title>Hello</title>\n"
SCRIPT = b"console.log('hello');\n"
SECRET = b"TOP SECRET, outside of the tree"
BIG = bytes(range(256)) * 1024 + b"the end"  # four pieces and a bit
MTIME = 1_700_000_000

#: what is no file of the tree, or not to be served
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


def plant(top):
    """Make a web directory with all sorts of things in it, and a secret beside it, in top; return its path."""
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
    """Return a client of a StaticSink that serves what is at path."""
    app = falcon.App()
    app.add_sink(StaticSink(path), prefix=StaticSink.DefaultStaticSinkBasePath)
    return testing.TestClient(app)


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
