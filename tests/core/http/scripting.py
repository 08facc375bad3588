"""Drive an HTTP client by hand against a server that says what the test tells it, in tyme that only the test advances.

Stage   a network in memory, a clock, and the servers on it
Far     the server's side of one connection: all that came, and whatever the test wants said
"""

from __future__ import annotations

from hio.base.tyming import Tymist
from hio.core.http.clienting import Client
from hio.core.http.pooling import Pool
from tests.core.tcp.memory import MemoryNet

TOCK = 0.125  # exact in floats
TURNS = 500


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
            while not self.gone and not self.sock.closed:
                data = self.sock.recv(1 << 20)
                self.rx += data
                self.gone = not data
        except OSError:
            pass

    def heads(self):
        """Return the request lines that came, in order, as text; for requests without bodies."""
        self.pump()
        return [head.partition(b"\r\n")[0].decode() for head in bytes(self.rx).split(b"\r\n\r\n")[:-1]]

    def say(self, data):
        """Send data whole."""
        self.sock.far.inbox += data
        return self

    def close(self):
        """End this direction, and the other one."""
        self.sock.close()
        return self

    def reset(self):
        """Break the connection."""
        self.sock.setsockopt(1, 13, b"")
        self.sock.close()
        return self


class Stage:
    """A network with a listener on each of ports, and a clock.

    Attributes:
        net, tymist. fars (list[Far]): connections in the order in which they were accepted.
    """

    def __init__(self, *ports):
        self.net = MemoryNet()
        self.tymist = Tymist(tock=TOCK)
        self.listeners = {port: self.net.listen(("10.0.0.2", port), bl=5, bs=0) for port in ports or (8000,)}
        self.fars = []
        self.clients = []

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
            while listener.backlog:
                self.fars.append(Far(listener.accept()[0]))
        for far in self.fars:
            far.pump()

    @property
    def far(self):
        """The latest connection."""
        self.accept()
        return self.fars[-1]

    def turn(self, count=1, tock=0.0):
        """Let each client do count turns, tock seconds of tyme apart."""
        for _ in range(count):
            self.tymist.tick(tock=tock)
            for client in self.clients:
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
        """Close all clients and listeners."""
        for client in self.clients:
            client.close()


def ok(body=b"", *lines, status=b"200 OK"):
    """Return a response with a length."""
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def moved(location, status=b"302 Found", body=b""):
    """Return a redirect."""
    return ok(body, b"Location: " + location.encode(), status=status)
