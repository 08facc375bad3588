"""A test in simulated time: half an hour of a server's life, stepped through as fast as it goes.

    python -m pytest examples/test_stepped_tyme.py

The Doist is not real, so nothing waits. Tyme moves only as it ticks, and every run comes out the same.
"""

import socket

from hio.base import doing
from hio.core import http


class Uptime(doing.Doer):
    """Counts minutes, and is the app that tells them."""

    def __init__(self, **kwa):
        super().__init__(tock=60.0, **kwa)
        self.minutes = 0

    def recur(self, tyme):
        self.minutes = round(tyme / 60.0)
        return False

    def app(self, environ, start_response):
        body = f"up {self.minutes} minutes".encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]


def ask(doist, address):
    """Return the body of the answer to a request, having the doist tick until it is there."""
    client = socket.create_connection(address)
    client.setblocking(False)
    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b""
    while True:
        doist.recur()
        try:
            data = client.recv(4096)
        except BlockingIOError:
            continue
        if not data:
            client.close()
            return answer.partition(b"\r\n\r\n")[2]
        answer += data


def test_half_an_hour_of_uptime():
    uptime = Uptime()
    server = http.Server(host="127.0.0.1", port=0, app=uptime.app)
    doist = doing.Doist(tock=1.0, doers=[uptime, http.ServerDoer(server=server)])
    doist.enter()
    try:
        for minutes in (1, 2, 30):
            while doist.tyme < minutes * 60.0 + 1.0:
                doist.recur()
            assert ask(doist, server.servant.ha) == f"up {minutes} minutes".encode()
    finally:
        doist.exit()
