"""What tests of simulations share: tasks on bare sockets, and a look at the trace."""

from __future__ import annotations

import errno

from hio.sim import Sim as Watched

TICK = 1 / 64


def Sim(*pa, **kwa):
    """Return a Sim without oracles: these tests speak no HTTP and leave connections open as they like."""
    return Watched(*pa, **{"oracles": False} | kwa)


def kinds(sim, *only):
    """Return (tyme rounded, kind, host) of the events, those of only if given."""
    return [(round(e.tyme, 3), e.kind, e.host) for e in sim.trace if not only or e.kind in only]


def tymes(sim, kind, host=None):
    """Return the tymes, rounded, of events of a kind."""
    return [round(e.tyme, 3) for e in sim.trace if e.kind == kind and host in (None, e.host)]


def notes(sim, host=None):
    """Return what was noted."""
    return [e.note for e in sim.trace if e.kind == "note" and host in (None, e.host)]


def attempt(function):
    """Return what function returns, an OSError that it raises, or None when it would have to wait."""
    try:
        return function()
    except BlockingIOError:
        return None
    except OSError as ex:
        return ex


def dial(host, to="server", port=7):
    """Return a connected socket, or the errno for which there is none."""
    sock = host.net.dial(("", 0), bs=1)
    ha = (host.net.resolve(to), port)
    while (number := sock.connect_ex(ha)) in (errno.EINPROGRESS, errno.EALREADY):
        yield TICK
    return sock if number in (0, errno.EISCONN) else number


def take(sock):
    """Return the next bytes, b"" at the end, or an OSError."""
    while (data := attempt(lambda: sock.recv(65536))) is None:
        yield TICK
    return data


def give(sock, data):
    """Send all of data; return None, or the OSError that prevented it."""
    while data:
        count = attempt(lambda data=data: sock.send(data))
        if isinstance(count, OSError):
            return count
        data = data[count or 0 :]
        if data:
            yield TICK
    return None


def serve(talk, port=7):
    """Return a factory that listens and runs talk(host, sock) for each connection in turn."""

    def make(host):
        listener = host.net.listen(("", port), bl=5, bs=1)
        while True:
            while (found := attempt(listener.accept)) is None:
                yield TICK
            yield from talk(host, found[0])

    return make


def mirror(host, sock):
    """Send back what comes, until the end."""
    while (data := (yield from take(sock))) and not isinstance(data, OSError):
        yield from give(sock, data)
    sock.close()


def still(host, sock):
    """Do nothing with a connection, for ever."""
    while True:
        yield 1.0


def pair(client, talk=mirror, *, seed=1, **kwa):
    """Return a Sim with a server that talks so, and a client."""
    sizes = {name: kwa.pop(name) for name in ("tx", "rx") if name in kwa}
    sim = Sim(seed, tock=TICK, **kwa)
    sim.host("server", serve(talk), **sizes)
    sim.client("client", client, **sizes)
    return sim
