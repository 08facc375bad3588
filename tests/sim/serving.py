"""A server, an application that does as the path says, and traffic for it: what several tests need."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hio.core import http
from hio.sim.loading import Mix, load


class Items:
    """An iterable that is closed; not a generator, so that nothing is forgiven."""

    def __init__(self, items):
        self.items = iter(items)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.items)

    def close(self):
        pass


def app(environ, start_response):
    """Give `count` items of `size` bytes, each after `idle` empty ones, with the Content-Length if `length`.

    fail=N: raise before the item N. what=list, gen, items: kind of the iterable. A body is echoed at the end.
    """
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    count, size, idle, fail = (int(query.get(key, default)) for key, default in
                               (("count", 1), ("size", 10), ("idle", 0), ("fail", -1)))
    echo = environ["wsgi.input"].read()
    mark = environ.get("HTTP_X_ASK", "?")
    items = [f"{mark}:{index};".encode().ljust(size, b".") for index in range(count)] + [echo]
    fields = [("Content-Type", "text/plain"), ("X-Mark", mark)]
    if query.get("length"):
        fields.append(("Content-Length", str(sum(map(len, items)))))

    def give():
        for index, item in enumerate(items):
            for _ in range(idle):
                yield b""
            if index == fail:
                raise RuntimeError("as asked for")
            yield item

    if fail == 0:
        raise RuntimeError("as asked for")
    start_response("200 OK", fields)
    kind = query.get("what", "gen")
    return items if kind == "list" else Items(give()) if kind == "items" else give()


TARGETS = (
    "/", "/?what=list", "/?what=items&count=3", "/?what=list&length=1&size=500", "/?what=items&count=4&idle=2&size=99",
    "/?what=gen&count=8&size=30000&length=1", "/?what=items&count=20&size=9000", "/?what=items&count=3&fail=2",
    "/?what=gen&fail=0", "/?what=list&count=40&size=10000&length=1",
)  # fmt: skip


def serve(kind=http.Server, application=app, **kwa):
    """Return a factory of a server of this kind on port 80."""
    return lambda host: http.ServerDoer(server=kind(port=80, app=application, net=host.net, clock=host.clock, **kwa))


def crowd(sim, kind=http.Server, mix=None, application=app, rx=None, **kwa):
    """A server and three clients that load it, over links that cut and delay."""
    sim.host("server", serve(kind, application, **kwa), tx=20_000)
    mix = mix or Mix(targets=TARGETS)
    for index in range(3):
        sim.client(f"client{index}", load("server", 80, mix, lanes=2), rx=rx or 8_000)
    sim.link(["client0", "client1", "client2"], "server", latency=(0.001, 0.02), split=0.2)
    sim.run(limit=3600.0)
