"""Apps of three frameworks, unchanged, behind the server: the same answers from each.

Those of Falcon and Bottle go through wsgiref's validator. Flask's do not pass it: it reads its input without a size.
"""

from __future__ import annotations

import json
from wsgiref.validate import validator

import bottle
import falcon
import flask
import pytest

from tests.core.http.corpus import get

ECHO = {"method": "GET", "path": "/echo/a b", "query": "fame", "body": ""}


def falconApp():
    class Echo:
        def on_get(self, req, rep, word):
            rep.media = {"method": req.method, "path": req.path, "query": req.get_param("name"), "body": ""}

        def on_post(self, req, rep, word):
            body = req.bounded_stream.read().decode()
            rep.media = {"method": req.method, "path": req.path, "query": req.get_param("name"), "body": body}

    app = falcon.App()
    app.add_route("/echo/{word}", Echo())
    app.add_sink(stream, "/stream")
    return app


def stream(req, rep):
    rep.content_type = "text/plain"
    rep.stream = (str(number).encode() for number in range(5))


def bottleApp():
    app = bottle.Bottle()

    @app.route("/echo/<word>", ["GET", "POST"])
    def echo(word):
        request = bottle.request
        path, body = request.path, request.body.read().decode()
        return {"method": request.method, "path": path, "query": request.query.get("name"), "body": body}

    @app.get("/stream")
    def pieces():
        bottle.response.content_type = "text/plain"
        return (str(number).encode() for number in range(5))

    return app


def flaskApp():
    app = flask.Flask("frameworks")

    @app.route("/echo/<word>", methods=["GET", "POST"])
    def echo(word):
        request = flask.request
        path, body = request.path, request.get_data(as_text=True)
        return {"method": request.method, "path": path, "query": request.args.get("name"), "body": body}

    @app.get("/stream")
    def pieces():
        return flask.Response((str(number).encode() for number in range(5)), mimetype="text/plain")

    return app


APPS = {
    "falcon": falconApp, "bottle": bottleApp, "flask": flaskApp,
    "falcon valid": lambda: validator(falconApp()), "bottle valid": lambda: validator(bottleApp()),
}  # fmt: skip


@pytest.fixture(params=APPS)
def rig(request, rigs):
    return rigs(APPS[request.param]())


def test_get(rig):
    (answer,) = rig.dial().ask(get(target=b"/echo/a%20b?name=fame"))
    assert answer.status == 200
    assert json.loads(answer.body) == ECHO


def test_post(rig):
    head = get(b"Content-Length: 5", method=b"POST", target=b"/echo/a%20b?name=fame")
    (answer,) = rig.dial().ask(head + b"hello")
    assert json.loads(answer.body) == {**ECHO, "method": "POST", "body": "hello"}


def test_generator(rig):
    (answer,) = rig.dial().ask(get(target=b"/stream"))
    assert (answer.status, answer.body) == (200, b"01234")


def test_missing(rig):
    (answer,) = rig.dial().ask(get(target=b"/nowhere"))
    assert answer.status == 404


def test_one_after_the_other(rig):
    peer = rig.dial()
    for count in range(1, 4):
        answers = peer.ask(get(target=b"/echo/a%20b?name=fame"), count=count)
        assert json.loads(answers[-1].body) == ECHO
