"""What the tests of the live page share: a clock by hand, doers to look at, and WSGI calls by hand."""

from __future__ import annotations

import json
from wsgiref.util import setup_testing_defaults

from hio.base import doing


class Clock:
    """A clock that goes when told, and by step at each reading."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 1000.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Named(doing.Doer):
    """A doer with a name."""

    def __init__(self, name, **kwa):
        super().__init__(**kwa)
        self.name = name


class Costly(Named):
    """Takes seconds of a clock in each turn."""

    def __init__(self, name, clock, cost, **kwa):
        super().__init__(name, **kwa)
        self.clock = clock
        self.cost = cost

    def recur(self, tyme):
        self.clock.now += self.cost
        return False


class Answer:
    """What a WSGI app answers: status, fields, and its iterable, unread."""

    def __init__(self, app, path="/", method="GET", **environ):
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "127.0.0.1:9000"} | environ
        environ = {name: value for name, value in environ.items() if value is not None}
        setup = {}
        setup_testing_defaults(setup)
        if "HTTP_HOST" not in environ:
            setup.pop("HTTP_HOST")
        self.items = app(setup | environ, self.start)

    def start(self, status, fields, exc_info=None):
        self.status = int(status[:3])
        self.fields = {name.lower(): value for name, value in fields}
        assert len(self.fields) == len(fields)  # none twice

    @property
    def body(self) -> bytes:
        return b"".join(self.items)

    @property
    def json(self):
        return json.loads(self.body)


def flat(deeds):
    """Yield deeds and those below them."""
    for deed in deeds:
        yield deed
        yield from flat(deed["deeds"] or [])


def named(picture):
    """Return the deeds of a picture by name."""
    return {deed["name"]: deed for deed in flat(picture["deeds"])}
