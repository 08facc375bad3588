"""The WSGI apps that the servers serve. Each answers one path, "/", and says what the right answer is.

hello   the smallest app there is: what remains is the server
drain   the same, after it has read the body that came, piece by piece
store   the same, after it has copied the body that came into a file
echo    answers what it was sent, through json.loads and json.dumps; hello if it was sent nothing
api     a small Falcon app with a JSON resource: what a user has
large   10 MB, as one bytes object
stream  10 MB in pieces of 64 KiB from a generator, of no declared length
file    a file of 10 MB through wsgi.file_wrapper
sink    the same file through Falcon and hio's StaticSink
sized   as many bytes as the query asks for
mixed   drain at /, large at /large
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from wsgiref.util import FileWrapper

import falcon

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

HELLO = b"Hello, world!\n"
LARGE = b"x" * 10_000_000
PIECE = 65536  # bytes
FILE = "large.bin"  # in the directory that the environment variable FOLDER names
STORED = "stored.bin"  # in the same one
FOLDER = "BENCH_FOLDER"
READING = {"sensor": "roof-7", "unit": "C", "readings": [21.5, 21.25, 20.875, 20.5], "calibrated": True, "note": None}


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a constant."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(HELLO)))])
    return [HELLO]


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer the JSON document that came, written anew."""
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not raw:
        return hello(environ, start_response)
    body = json.dumps(json.loads(raw)).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Reading:
    """A resource with a little data."""

    def on_get(self, req: falcon.Request, rep: falcon.Response) -> None:
        rep.media = READING


api: falcon.App[Any, Any] = falcon.App()
api.add_route("/", Reading())

def drain(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Read the body and answer a constant."""
    source = environ["wsgi.input"]
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (piece := source.read(min(left, PIECE))):
        left -= len(piece)
    return hello(environ, start_response)


def store(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Copy the body into a file and answer a constant."""
    with open(os.path.join(os.environ[FOLDER], STORED), "wb") as target:
        shutil.copyfileobj(environ["wsgi.input"], target, 1 << 18)
    return hello(environ, start_response)


def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a constant of 10 MB."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(LARGE)))])
    return [LARGE]


def stream(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Give 10 MB in pieces."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    piece = LARGE[:PIECE]
    for _ in range(len(LARGE) // PIECE):
        yield piece
    yield LARGE[: len(LARGE) % PIECE]


def file(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Give a file as PEP 3333 has it, by the server's own wrapper if there is one."""
    opened = open(os.path.join(os.environ[FOLDER], FILE), "rb")  # noqa: SIM115 - the server closes it
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(LARGE)))])
    wrapper: Callable[..., Iterable[bytes]] = environ.get("wsgi.file_wrapper", FileWrapper)
    return wrapper(opened, PIECE)


def sized(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as many bytes as the query says, 14 if it says nothing."""
    count = int(environ.get("QUERY_STRING") or len(HELLO))
    body = LARGE[:count] if count <= len(LARGE) else b"x" * count
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(count))])
    return [body]


def mixed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Take much or little, and answer much or little."""
    return (large if environ["PATH_INFO"] == "/large" else drain)(environ, start_response)


def sink(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Give the file at / through a StaticSink of hio; made at the first request, since only then is it known where."""
    if "app" not in SINKS:
        from hio.core.http.sinking import StaticSink

        SINKS["app"] = app = falcon.App()
        app.add_sink(StaticSink(os.environ[FOLDER]), prefix="/")
    answer: Iterable[bytes] = SINKS["app"]({**environ, "PATH_INFO": f"/{FILE}"}, start_response)
    return answer


SINKS: dict[str, falcon.App[Any, Any]] = {}

#: What GET / must answer, by the name of the app.
ANSWERS = {
    "hello": HELLO, "drain": HELLO, "store": HELLO, "echo": HELLO, "mixed": HELLO, "sized": LARGE[: len(HELLO)],
    "api": json.dumps(READING).encode(), "large": LARGE, "stream": LARGE, "file": LARGE, "sink": LARGE,
}  # fmt: skip
#: Those that are served from a file where there is no Python.
FILES = ("large", "stream", "file", "sink")
