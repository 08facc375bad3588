"""Steady load that counts: every request that was sent whole is answered whole, or it is known which was not.

Load       clients with keep-alive connections, each in a thread
Serving    hio serve as a process, with its workers
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter

from tests.kernel.processing import PATIENCE, Running, environment

REQUEST = b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAUSE = threading.Event()  # is never set
LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)


class Client(threading.Thread):
    """One client: asks again and again, on a new connection when the server closes the old one.

    Attributes:
        answered (int): whole answers. bodies (Counter): by body.
        refused (int): connections that could not be made.
        lost (list): of requests that were sent, those that got no answer, or not all of it: what came of it.
    """

    def __init__(self, address, request=REQUEST):
        super().__init__(daemon=True)
        self.address = address
        self.request = request
        self.answered = 0
        self.refused = 0
        self.bodies = Counter()
        self.lost = []
        self.ending = False
        self.sock = None

    def run(self):
        while not self.ending:
            if self.sock is None and not self.connect():
                continue
            self.ask()
        if self.sock is not None:
            self.sock.close()

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET)
        self.sock.settimeout(PATIENCE)
        try:
            self.sock.connect(self.address)
        except OSError:
            self.refused += 1
            self.sock.close()
            self.sock = None
            PAUSE.wait(0.002)
        return self.sock is not None

    def ask(self):
        rx = b""
        try:
            self.sock.sendall(self.request)
            while not (end := whole(rx)):
                data = self.sock.recv(65536)
                if not data:
                    raise ConnectionError("closed")
                rx += data
        except OSError as ex:
            self.lost.append((ex, rx))
            self.sock.close()
            self.sock = None
            return
        self.answered += 1
        self.bodies[rx[rx.index(b"\r\n\r\n") + 4 : end]] += 1
        if not rx.startswith(b"HTTP/1.1 200"):
            self.lost.append((None, rx))
        if b"\r\nconnection: close" in rx.lower():
            self.sock.close()
            self.sock = None


def whole(rx):
    """Return where the answer in rx ends if it is whole, else 0."""
    head = rx.find(b"\r\n\r\n")
    if head < 0:
        return 0
    length = LENGTH.search(rx[: head + 2])
    end = head + 4 + int(length[1])
    return end if len(rx) >= end else 0


class Load:
    """Clients that ask until they are told to end.

        with Load(address, 8) as load:
            load.wait(500)
        assert load.lost == []
    """

    def __init__(self, address, count=8, request=REQUEST):
        self.clients = [Client(address, request) for _ in range(count)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *exc):
        for client in self.clients:
            client.ending = True
        for client in self.clients:
            client.join(PATIENCE)

    def wait(self, more):
        """Wait until so many more requests were answered."""
        goal = self.answered + more
        wait(lambda: self.answered >= goal, "requests to be answered")

    @property
    def answered(self):
        return sum(client.answered for client in self.clients)

    @property
    def lost(self):
        return [loss for client in self.clients for loss in client.lost]

    @property
    def refused(self):
        return sum(client.refused for client in self.clients)

    @property
    def bodies(self):
        return sum((client.bodies for client in self.clients), Counter())


def wait(what, name, patience=PATIENCE):
    """Wait until what() is true; fail if it never is."""
    for _ in range(int(patience / 0.01)):
        if what():
            return
        PAUSE.wait(0.01)
    raise AssertionError(f"waited in vain for {name}")


class Serving(Running):
    """hio serve as a process.

    Attributes:
        address: (host, port) where it serves.
    """

    def __init__(self, *argv, cwd):
        super().__init__("-m", "hio", "serve", *argv, cwd=cwd)
        match = re.search(r"https?://([0-9.]+):([0-9]+)/", self.line)
        self.address = (match[1], int(match[2])) if match else None
        self.pid = self.process.pid

    def __exit__(self, *exc):
        for pid in self.workers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        super().__exit__(*exc)

    def signal(self, number):
        self.process.send_signal(number)

    def workers(self):
        """Return the pids of its child processes."""
        return childrenOf(self.pid)


def childrenOf(pid):
    """Return the pids of the children of a process that are no zombies, oldest first."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if int(parent) == pid and state != "Z":
                found.append(int(name))
    return sorted(found)


def run(*argv, cwd, env=None, pass_fds=()):
    """Run hio serve to its end; return (exit status, stdout, stderr)."""
    done = subprocess.run(
        [sys.executable, "-m", "hio", "serve", *argv], check=False, cwd=cwd, env=environment() | (env or {}), text=True,
        capture_output=True, timeout=PATIENCE, pass_fds=pass_fds,
    )
    return done.returncode, done.stdout, done.stderr


def connect(hio):
    """Return a socket that is connected to a server."""
    return socket.create_connection(hio.address, timeout=PATIENCE)


def get(path, *fields):
    """Return a GET request."""
    return b"".join((b"GET ", path.encode(), b" HTTP/1.1\r\nHost: localhost\r\n", *fields, b"\r\n"))


def until(sock, end):
    """Return what comes until end is in it, or the connection ends."""
    rx = b""
    while end not in rx and (data := sock.recv(65536)):
        rx += data
    return rx


def asked(address, path):
    """Return (status, body) of a GET at an address."""
    with socket.create_connection(address, timeout=PATIENCE) as sock:
        sock.sendall(get(path, b"Connection: close\r\n"))
        head, _, body = until(sock, b"never").partition(b"\r\n\r\n")
    return int(head.split()[1]), body
