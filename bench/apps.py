"""The WSGI apps that the servers serve. Each answers one path, "/", and says what the right answer is.

hello   the smallest app there is: what remains is the server
echo    answers what it was sent, through json.loads and json.dumps; hello if it was sent nothing
api     a small Falcon app with a JSON resource: what a user has
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import falcon

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

HELLO = b"Hello, world!\n"
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

#: What GET / must answer, by the name of the app.
ANSWERS = {"hello": HELLO, "echo": HELLO, "api": json.dumps(READING).encode()}
