"""Run a server as a process of its own: wait for its URL, ask it, end it by a signal."""

from __future__ import annotations

import http.client
import os
import queue
import re
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 30  # seconds until a process that says nothing is given up: many times what it takes


def environment() -> dict[str, str]:
    """Return the environment for a process that is to import the hio of this tree, whatever its directory."""
    return os.environ | {"PYTHONPATH": ROOT}


class Running:
    """A Python process that prints one line with its URL in it, and serves there.

        with Running("-m", "hio", "demo") as server:
            status, fields, body = server.ask("GET", "/")

    line: the first line of its stdout. url: what of it is one.
    """

    def __init__(self, *argv: str, cwd: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *argv], cwd=str(cwd), env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()
        try:
            self.line = lines.get(timeout=PATIENCE)
            self.url = re.search(r"(https?://|unix:|fd:)\S+", self.line).group()
        except (queue.Empty, AttributeError) as ex:
            self.process.kill()
            raise AssertionError(f"no URL from {argv}, but {self.process.communicate()}") from ex

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def ask(self, method, path, body=None, headers=()):
        """Return (status, fields, body) of one exchange on a connection of its own."""
        host, port = re.fullmatch(r"http://(.+):(\d+)/", self.url).groups()
        connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def end(self, number: int) -> tuple[int, str, str]:
        """Send it a signal; return its exit status, and what else it said on stdout and stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err
