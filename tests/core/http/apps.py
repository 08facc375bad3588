"""WSGI applications for tests of servers."""

from __future__ import annotations

import json


def hello(environ, start_response):
    """Answer with the path, and a length."""
    body = environ["PATH_INFO"].encode("latin-1")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def echo(environ, start_response):
    """Answer with the environ as JSON, and the body of the request in "body"."""
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    told["body"] = environ["wsgi.input"].read().decode("latin-1")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


def told(answer):
    """Return what echo told in an answer."""
    return json.loads(answer.body)


class Iterable:
    """An iterable that gives items, raises those that are exceptions, and counts what is done with it.

    Attributes: taken (int): items taken. closed (int): calls of close. iterated (int): calls of iter.
    """

    def __init__(self, items, closing=None):
        self.items = iter(items)
        self.closing = closing
        self.taken = self.closed = self.iterated = 0

    def __iter__(self):
        self.iterated += 1
        if self.iterated > 1:
            raise AssertionError("iterated again")
        return self

    def __next__(self):
        item = next(self.items)
        self.taken += 1
        if isinstance(item, BaseException):
            raise item
        return item

    def close(self):
        self.closed += 1
        if self.closing is not None:
            raise self.closing


class App:
    """An application that answers each request by the next of its scripts, the last one again and again.

    A script is a list of body items, or a dict: items, status, headers, write (items for the write callable), closing
    (what close() raises).

    Attributes: calls (list): environs. iterables (list): what was returned.
    """

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.calls = []
        self.iterables = []

    def __call__(self, environ, start_response):
        self.calls.append(environ)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        if not isinstance(script, dict):
            script = {"items": script}
        write = start_response(script.get("status", "200 OK"), list(script.get("headers", [])))
        for item in script.get("write", ()):
            write(item)
        iterable = Iterable(script["items"], script.get("closing"))
        self.iterables.append(iterable)
        return iterable

    @property
    def paths(self):
        return [environ["PATH_INFO"] for environ in self.calls]


def ticking(tymist):
    """Return an application with an event stream of one event a turn, which ends 2 s after it began."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        begin = tymist.tyme
        yield b"retry: 1000\n\n"
        yield b"id: 0\n"
        yield b"data: START\n\n"
        number = 1
        while tymist.tyme < begin + 2.0:
            yield f"id: {number}\n".encode()
            yield f"data: {number}\n\n".encode()
            number += 1
        yield f"id: {number}\n".encode()
        yield b"data: END\n\n"

    return app
