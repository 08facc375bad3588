"""A Falcon app that keeps its sessions in memory. What becomes of them when it crashes?

    hio sim examples/sim_session.py::forgetful --seeds 1..100     somebody is logged out
    hio sim examples/sim_session.py::mindful --seeds 1..100       nobody is: sessions are on disk

A visitor logs in, gets a cookie, and looks at the page again and again, as a browser does that tries once more when a
connection fails. The server crashes and starts afresh now and then. Whoever logged in must stay so.
"""

import falcon

from hio.core import http
from hio.core.http.bounding import Bounds

LOOKS = 5
BOUNDS = Bounds(connectTymeout=2.0, headTymeout=2.0)


class Login:
    """POST a name: begins a session, and gives a cookie for it."""

    def __init__(self, sessions):
        self.sessions = sessions  # id -> name

    def on_post(self, req, resp):
        key = f"session{len(self.sessions) + 1}"
        self.sessions[key] = req.bounded_stream.read().decode()
        resp.set_cookie("session", key, secure=False)


class Page:
    """GET tells who has the session; 401 for nobody."""

    def __init__(self, sessions):
        self.sessions = sessions

    def on_get(self, req, resp):
        name = self.sessions.get(req.cookies.get("session"))
        if name is None:
            raise falcon.HTTPUnauthorized(title="log in first")
        resp.text = f"Hello, {name}"


def makeServer(host, sessions):
    """Return the doer of a server that keeps its sessions there."""
    app = falcon.App()
    app.add_route("/login", Login(sessions))
    app.add_route("/", Page(sessions))
    return http.ServerDoer(server=http.Server(port=80, app=app, net=host.net, clock=host.clock))


def visit(host, seen):
    """Log in, and look at the page; have what is seen of it in seen."""
    client = http.Client(
        hostname="server", port=80, net=host.net, tymth=host.tymth, clock=host.clock, cookies=True, bounds=BOUNDS
    )
    client.reopen()
    try:
        yield from insist(client.post, "/login", body=b"Ada")
        for _ in range(LOOKS):
            yield 1.0
            reply = yield from insist(client.get, "/")
            seen.append(reply.status)
    finally:
        client.close()


def insist(ask, path, **kwa):
    """Ask until there is an answer, and return it."""
    while True:
        reply = yield from ask(path, **kwa)
        if not reply.errored:
            return reply
        yield 0.5


def site(sim, durable):
    """A server and a visitor, and the property that who logged in stays so."""
    seen = []
    sim.host("server", lambda host: makeServer(host, host.disk if durable else {}))
    sim.client("visitor", lambda host: visit(host, seen))
    sim.link("visitor", "server", latency=(0.01, 0.05))
    sim.always("logged in", lambda: 401 not in seen)


def forgetful(sim):
    """Sessions in memory."""
    site(sim, durable=False)
    sim.trouble(bounce=0.1, among=["server"])
    sim.run(limit=60.0)


def mindful(sim):
    """Sessions on disk."""
    site(sim, durable=True)
    sim.trouble(bounce=0.1, among=["server"])
    sim.run(limit=60.0)


def calm(sim):
    """Sessions in memory, and nothing goes wrong unless whoever runs this says so."""
    site(sim, durable=False)
    sim.run(limit=60.0)


def calmAndMindful(sim):
    """Sessions on disk, and nothing goes wrong unless whoever runs this says so."""
    site(sim, durable=True)
    sim.run(limit=60.0)
