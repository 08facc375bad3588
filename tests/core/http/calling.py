"""One WSGI call by itself: a Responder on a connection made of memory.

Wire   the connection
make   a Responder; run takes it to its end; read reads what it sent
"""

from __future__ import annotations

from hio.core.http.planning import Dater
from hio.core.http.responding import Responder
from tests.core.http.reading import answers


class Wire:
    """A connection made of memory."""

    def __init__(self):
        self.sent = bytearray()
        self.pieces = []

    def tx(self, data):
        self.pieces.append(bytes(data))
        self.sent += data

    push = tx


def make(app, method="GET", chunkable=True, persisted=True):
    """Return a Responder for one request."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/p", "SERVER_PROTOCOL": "HTTP/1.1" if chunkable else "HTTP/1.0"}
    return Responder(Wire(), app, environ, chunkable, persisted=persisted, dater=Dater(lambda: 784111777.0))


def run(app, steps=50, **kwa):
    """Return a Responder after it has ended, and the bytes that it sent."""
    rep = make(app, **kwa)
    for _ in range(steps):
        if rep.ended:
            break
        rep.service()
    assert rep.ended, "it does not end"
    before = bytes(rep.incomer.sent)
    rep.service()
    assert bytes(rep.incomer.sent) == before, "it goes on after its end"
    return rep, before


def read(raw, method="GET", ended=False):
    (answer,) = answers(raw, [method], ended)
    return answer
