"""Slow clients, until ended: python -m bench.slow PORT.

Drippers   send the head of a request a byte at a time, take the answer, and begin again
Loaders    send a body of 1 MB in small pieces
Sippers    ask for 10 MB and read 4 KiB of it at a time

Each does one step in every PAUSE seconds; the steps of all are spread evenly. What they cost a server beyond bytes
that are due anyway is how well it waits.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator

from bench.requests import NINE, render
from bench.servers import HOST

PAUSE = 0.1
DRIPPERS, LOADERS, SIPPERS = 100, 20, 40


def dripper(port: int) -> Iterator[None]:
    connection = connect(port)
    request = render("GET", NINE)
    while True:
        for number in range(len(request)):
            connection.send(request[number : number + 1])
            yield
        while not read(connection, 65536):
            yield


def loader(port: int) -> Iterator[None]:
    connection = connect(port)
    size = 1 << 20
    while True:
        connection.send(render("POST", {}).replace(b"Content-Length: 0", b"Content-Length: %d" % size))
        for _ in range(size // 4096):
            connection.send(b"x" * 4096)
            yield
        while not read(connection, 65536):
            yield


def sipper(port: int) -> Iterator[None]:
    connection = connect(port, window=16384)
    connection.send(render("GET", {}).replace(b" / ", b" /large "))
    while True:
        read(connection, 4096)
        yield


def connect(port: int, window: int = 0) -> socket.socket:
    connection = socket.socket()
    if window:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    connection.connect((HOST, port))
    connection.setblocking(False)
    return connection


def read(connection: socket.socket, size: int) -> bytes:
    """Return what there is, b"" for nothing yet; raise ConnectionError at the end."""
    try:
        data = connection.recv(size)
    except BlockingIOError:
        return b""
    if not data:
        raise ConnectionError("the server closed the connection")
    return data


def main() -> None:
    port = int(sys.argv[1])
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    clients = [kind(port) for kind in kinds]
    while True:
        for number, kind in enumerate(kinds):
            try:
                next(clients[number])
            except OSError:  # the server had enough of it
                clients[number] = kind(port)
            time.sleep(PAUSE / len(clients))


KINDS = {dripper: DRIPPERS, loader: LOADERS, sipper: SIPPERS}

if __name__ == "__main__":
    main()
