"""A directory with an app in it, and hio serve in that directory."""

from __future__ import annotations

import pytest

from tests.kernel.serve.loading import Serving

APP = '''
import logging, os, subprocess, sys, threading, time

released = threading.Event()
WORD = b"first"

class Stream:
    """A body without an end, that notes its close in a file."""
    def __iter__(self):
        return self
    def __next__(self):
        return b"x" * 65536
    def close(self):
        open("closed", "w").close()

class Handler(logging.Handler):
    def emit(self, record):
        with open("handled", "a") as file:
            file.write(record.request.target + "\\n" if hasattr(record, "request") else "")

def plain(start, body):
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]

def app(environ, start):
    path = environ["PATH_INFO"]
    if path == "/pid":
        return plain(start, b"%d" % os.getpid())
    if path == "/word":
        return plain(start, WORD)
    if path == "/wait":
        released.wait(20)
        return plain(start, b"waited")
    if path == "/release":
        released.set()
        return plain(start, b"released")
    if path == "/block":
        open("blocking", "w").close()
        time.sleep(60)
    if path == "/fail":
        raise RuntimeError("out of stock")
    if path == "/failing":
        start("200 OK", [])
        def items():
            yield b"some"
            raise RuntimeError("out of stock")
        return items()
    if path == "/endless":
        start("200 OK", [])
        return Stream()
    if path == "/big":
        start("200 OK", [("Content-Length", str(1 << 26))])
        return (b"y" * 65536 for _ in range(1 << 10))
    if path == "/events":
        start("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    if path == "/never":
        start("200 OK", [])
        return never()
    if path == "/written":
        write = start("200 OK", [])
        write(b"wri")
        return [b"tten"]
    if path == "/twice":
        start("200 OK", [])
        try:
            raise LookupError
        except LookupError:
            start("404 Not Found", [("Content-Length", "0")], sys.exc_info())
        return []
    if path == "/orphan":
        subprocess.run([sys.executable, "-c", "import os; os.fork() or os.execvp('sleep', ['sleep', '0.1'])"])
        return plain(start, b"made")
    if path == "/id":
        return plain(start, environ["hio.identify"](environ).encode())
    if path == "/handler":
        logging.getLogger("hio.access").addHandler(Handler())
    if path == "/echo":
        return plain(start, environ["wsgi.input"].read())
    told = "|".join((environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ["SCRIPT_NAME"], path,
                     str(environ["wsgi.multithread"]), str(environ["wsgi.multiprocess"]), environ["HTTP_HOST"],
                     environ.get("HTTP_X_FORWARDED_FOR", "")))
    return plain(start, told.encode())

def events():
    yield b"data: 1\\n\\n"
    while True:
        yield b""

def never():
    yield b"begun"
    while True:
        yield b""

def observe(record):
    with open("observed", "a") as file:
        file.write(f"{record.method} {record.target} {record.status} {record.id}\\n")
'''


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A directory with shop.py in it."""
    (tmp_path / "shop.py").write_text(APP)
    return tmp_path


@pytest.fixture
def serve(shop):
    """Return what runs hio serve shop:app in that directory, on any free port; all of them are ended."""
    running = []

    def start(*argv, app="shop:app", bind=True):
        address = ["--bind", "127.0.0.1:0"] if bind else []
        running.append(Serving(*([app] if app else []), *address, *argv, cwd=shop))
        return running[-1]

    yield start
    for each in running:
        each.__exit__()


@pytest.fixture
def certificates(shop):
    """cert.pem with key.pem for localhost, and other.pem, the key of another one."""
    trustme = pytest.importorskip("trustme")
    ca = trustme.CA()
    cert, other = ca.issue_cert("localhost", "127.0.0.1"), ca.issue_cert("other.example")
    cert.cert_chain_pems[0].write_to_path(str(shop / "cert.pem"))
    cert.private_key_pem.write_to_path(str(shop / "key.pem"))
    other.private_key_pem.write_to_path(str(shop / "other.pem"))
    ca.cert_pem.write_to_path(str(shop / "ca.pem"))
    return shop
