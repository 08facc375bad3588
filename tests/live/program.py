"""A program with a live page, for tests that need a process of its own.

    python program.py PORT [DIRECTORY]

It prints the URL of its app, and then that of the page at PORT (0: any free one), or the path of its socket in
DIRECTORY. The app answers /fail by an exception and / by a greeting. SIGQUIT has it tell its doers on stderr.
"""

from __future__ import annotations

import logging
import os
import sys

from hio import help
from hio.base import doing
from hio.core import http
from hio.live import Live, dumpOnSignal

HOSTILE = "<img src=x onerror=document.title='stolen'>"  # a name that a careless page would run


class Sensor(doing.Doer):
    """A doer with a name."""

    def __init__(self, name, **kwa):
        super().__init__(**kwa)
        self.name = name


def app(environ, start_response):
    """Greet."""
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("the shelf is empty")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"hello\n"]


def main(port: int, directory: str | None = None) -> None:
    """Serve until a signal comes."""
    help.ogler.resetLevel(level=logging.INFO, globally=True)
    logger = help.ogler.getLogger(level=logging.INFO)
    sensors = doing.DoDoer(doers=[Sensor("temperature", tock=0.125), Sensor(HOSTILE, tock=1.0)], always=True)
    sensors.name = "sensors"
    shop = http.Server(name="shop", app=app, host="127.0.0.1", port=0)
    place = {"host": "127.0.0.1", "port": port} if directory is None else {"ha": os.path.join(directory, "live")}
    page = http.Server(name="page", **place)
    servers = [http.ServerDoer(server=server) for server in (shop, page)]
    doist = doing.Doist(name="program", real=True, doers=[servers[0], sensors, servers[1]])
    page.app = Live(doist)
    dumpOnSignal(doist)
    for server in (shop, page):
        if not server.reopen():
            raise server.servant.failure
    ha = page.servant.ha
    print(f"app at http://127.0.0.1:{shop.servant.ha[1]}/", flush=True)
    print("page at " + (f"unix:{ha}" if directory is not None else f"http://127.0.0.1:{ha[1]}/-/"), flush=True)
    logger.info("it begins")
    doist.do()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
