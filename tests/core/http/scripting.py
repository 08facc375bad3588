"""Drive an HTTP client by hand against a server that says what the test tells it, in tyme that only the test advances.

Stage       a simulated network, a clock, and the servers on it
Far         the server's side of one connection: all that came, and whatever the test wants said
ask         one exchange, from the request to the record of its response
ok, moved   what a server may say
"""

from __future__ import annotations

import socket

from hio.base.tyming import Tymist
from hio.core.http.clienting import Client
from hio.core.http.pooling import Pool
from hio.sim.netting import Network, SimNet
from tests.core.tcp.pairs import RESET

TOCK = 0.125  # exact in floats
TURNS = 500
ROOM = 1 << 24  # bytes that a buffer holds: all that a test says at once


class Far:
    """The server's side of one connection.

    Attributes:
        rx (bytearray): all that came. gone (bool): the client closed its direction.
    """

    def __init__(self, sock):
        self.sock = sock
        self.rx = bytearray()
        self.gone = False

    def pump(self):
        """Receive what came."""
        try:
            while not self.gone and not self.closed:
                data = self.sock.recv(1 << 20)
                self.rx += data
                self.gone = not data
        except OSError:
            pass

    @property
    def closed(self):
        """Whether this end is closed."""
        return self.sock.fileno() < 0

    def heads(self):
        """Return the request lines that came, in order, as text; for requests without bodies."""
        self.pump()
        return [head.partition(b"\r\n")[0].decode() for head in bytes(self.rx).split(b"\r\n\r\n")[:-1]]

    def say(self, data):
        """Send data whole; it vanishes once the connection is over."""
        try:
            assert self.sock.send(data) == len(data)
        except OSError:
            pass
        return self

    def close(self):
        """End this direction, and the other one."""
        self.pump()  # what was not read would make it a reset
        self.sock.close()
        return self

    def reset(self):
        """Break the connection."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.sock.close()
        return self


class Stage:
    """A host that listens on each of ports, one for the clients, and a clock. On the network all arrives at once.

    Attributes:
        net (SimNet): of the clients. host (SimNet): of the servers, at 10.0.0.2. tymist (Tymist): the clock.
        listeners (dict): listening sockets by port. servers, clients (list): who is serviced.
        fars (list[Far]): connections in the order in which they were accepted.
    """

    def __init__(self, *ports):
        network = Network()
        self.net, self.host = (SimNet(name, network, tx=ROOM, rx=ROOM) for name in ("client", "server"))
        self.tymist = Tymist(tock=TOCK)
        network.wind(self.tymist.tymen())
        self.listeners = {}
        for port in ports or (8000,):
            self.listen(port)
        self.fars = []
        self.servers = []
        self.clients = []

    def listen(self, port):
        """Have the server listen on port."""
        self.listeners[port] = self.host.listen(("10.0.0.2", port), bl=5, bs=0)

    def open(self, server):
        """Have server, on .host, listen and be serviced from now on; return it."""
        assert server.reopen()
        self.servers.append(server)
        return server

    @property
    def dials(self):
        """How often anybody has dialed so far."""
        return sum(event.kind == "dial" for event in self.net.network.trace)

    def client(self, port=8000, opened=True, **kwa):
        """Return a Client of the server on port."""
        client = Client(hostname=kwa.pop("hostname", "10.0.0.2"), port=port, net=self.net, tymth=self.tymist.tymen(),
                        **kwa)
        if opened:
            client.reopen()
        self.clients.append(client)
        return client

    def pool(self, **kwa):
        """Return a Pool on this network."""
        pool = Pool(net=self.net, tymth=self.tymist.tymen(), **kwa)
        self.clients.append(pool)
        return pool

    def accept(self):
        """Accept what waits; receive what came."""
        for listener in self.listeners.values():
            while listener.queue:
                self.fars.append(Far(listener.accept()[0]))
        for far in self.fars:
            far.pump()

    @property
    def far(self):
        """The latest connection."""
        self.accept()
        return self.fars[-1]

    def turn(self, count=1, tock=0.0):
        """Let each server and each client do count turns, tock seconds of tyme apart.

        One that dials is serviced again, as whoever heeds readiness would do: here it is connected at once.
        """
        for _ in range(count):
            self.tymist.tick(tock=tock)
            for server in self.servers:
                server.service()
            for client in self.clients:
                port = self.net.dialed
                client.service()
                if self.net.dialed != port:
                    client.service()
            self.accept()

    def until(self, what, turns=TURNS):
        """Let turns pass until what() is true; fail if it never is."""
        for _ in range(turns):
            if what():
                return
            self.turn()
        raise AssertionError(f"not within {turns} turns; {self.clients} {[bytes(far.rx[-200:]) for far in self.fars]}")

    def close(self):
        """Close all clients and servers."""
        for one in self.clients + self.servers:
            one.close()


def ok(body=b"", *lines, status=b"200 OK"):
    """Return a response with a length."""
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def moved(location, status=b"302 Found", body=b""):
    """Return a redirect."""
    return ok(body, b"Location: " + location.encode(), status=status)


def out(client):
    """Whether the request of client is sent, as far as the client knows."""
    return client.connector.connected and client.waited and not client.connector.txbs


def ask(stage, client, *said, method="GET", path="/", **kwa):
    """Request path, have the server say said, and return the record of the response."""
    client.request(method, path, **kwa)
    stage.turn()
    stage.until(lambda: client.responses or out(client))
    stage.accept()
    for data in said:
        stage.far.say(data)
        stage.turn()
    stage.until(lambda: client.responses)
    assert len(client.responses) == 1 and not client.waited
    return client.responses.popleft()
