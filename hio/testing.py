"""Fixtures for pytest: a server and clients in one thread, on free ports, in tyme that moves when the test says so.

Not loaded by itself. In the conftest.py at the root of the tests:

    pytest_plugins = ["hio.testing"]

    @pytest.fixture
    def hio_app():
        return shop.app

and in a test:

    def test_prices(hio_rig, hio_client):
        reply = hio_rig.ask(hio_client, "GET", "/prices")
        assert reply.status == 200

    def test_idle_connections_are_closed(hio_rig, hio_server, hio_client):
        hio_rig.ask(hio_client, "GET", "/prices")
        hio_rig.elapse(hio_server.tymeout + 1.0)
        assert not hio_server.reqs

hio_rig      a Rig: serves, connects, gives everybody turns, moves tyme
hio_tymist   its Tymist
hio_app      the WSGI app: to be overridden
hio_server   a Server of hio_app
hio_client   a Client of hio_server

All of it is closed at the end of the test. Nothing sleeps, no thread is started, and the network is the loopback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest

from .base import doing, tyming
from .base.polling import nap
from .core import http

T = TypeVar("T")


class Rig:
    """What a test holds: servers, clients and doers that have their turns when it says so, and their tyme.

    Attributes:
        tymist (Tymist): keeps the tyme; 0.0 at first.
        serviced (list): servers and clients, in the order in which they have their turns.
    """

    Turns = 1000  # until a wait is given up: the loopback takes a handful
    Brisk = 50  # turns before a wait lets the machine breathe between two
    Breath = 0.001  # seconds

    def __init__(self) -> None:
        self.tymist = tyming.Tymist()
        self.tymth = self.tymist.tymen()
        self.serviced: list[Any] = []
        self.stack = ExitStack()

    def __repr__(self) -> str:
        return f"<Rig tyme={self.tymist.tyme} serviced={len(self.serviced)}>"

    def serve(self, app: Any = None, cls: Any = None, **kwa: Any) -> Any:
        """Return a server of app (None: it needs none, as a BareServer) that listens on a free port of 127.0.0.1.

        cls: its class; None: http.Server. kwa: its further parameters, or others in place of host and port.
        Raises OSError when it cannot listen.
        """
        settings = {"host": "127.0.0.1", "port": 0, "tymth": self.tymth} | kwa
        if app is not None:
            settings["app"] = app
        server = self.stack.enter_context(http.openServer(cls, **settings))
        if not server.servant.opened:
            raise OSError(f"cannot listen on {server.servant.ha}: {server.servant.failure}")
        self.serviced.append(server)
        return server

    def connect(self, server: Any, cls: Any = None, **kwa: Any) -> Any:
        """Return a client of server. cls: its class; None: http.Client. kwa: its further parameters."""
        host, port = server.servant.eha
        settings = {"hostname": host, "port": port, "scheme": server.scheme, "tymth": self.tymth} | kwa
        client = self.stack.enter_context(http.openClient(cls, **settings))
        self.serviced.append(client)
        return client

    def turn(self) -> None:
        """Give each server and client one turn, in the order in which they were made. Tyme stands still."""
        for each in self.serviced:
            each.service()

    def until(self, condition: Callable[[], T], turns: int | None = None) -> T:
        """Give turns until condition() is true, and return what it is then. Tyme stands still.

        Raises AssertionError after so many turns (None: Turns): what is waited for does not come, or needs tyme.
        """
        turns = self.Turns if turns is None else turns
        for count in range(turns):
            if found := condition():
                return found
            self.turn()
            if count >= self.Brisk:
                nap(self.Breath)
        raise AssertionError(f"{condition!r} did not become true in {turns} turns at tyme {self.tymist.tyme}")

    def ask(self, client: Any, method: str = "GET", path: str = "/", **kwa: Any) -> Any:
        """Have client send a request, and return its Response once that is whole.

        method, path, kwa: as for Client.request. Raises AssertionError when it does not come, as until() does.
        """
        client.request(method=method, path=path, **kwa)
        self.until(lambda: client.responses)
        return client.respond()

    def elapse(self, seconds: float) -> float:
        """Let seconds of tyme pass, tick by tick with a turn at each, and return the tyme."""
        stop = self.tymist.tyme + seconds
        while self.tymist.tyme < stop:
            self.tymist.tick()
            self.turn()
        return self.tymist.tyme

    def run(self, *doers: Any, limit: float) -> Any:
        """Run doers in a Doist of their own, beside servers and clients, for limit seconds of tyme; return the Doist.

        It begins at the present tyme, ticks as fast as it goes, and leaves the rig's tyme where it ends. Doers that
        are not done by then are closed.
        """
        beside = doing.doify(self._beside, name="rig")
        doist = doing.Doist(tyme=self.tymist.tyme, tock=self.tymist.tock, limit=limit, doers=[beside, *doers])
        doist.do()
        return doist

    def _beside(self, tymth: Callable[[], float], tock: float = 0.0, **opts: Any) -> Iterator[float]:
        """Give servers and clients a turn in each pass of a Doist, and keep the rig's tyme with its own."""
        while True:
            self.tymist.tyme = tymth()
            self.turn()
            yield tock

    def close(self) -> None:
        """Close all servers and clients, the latest first."""
        self.serviced.clear()
        self.stack.close()


@pytest.fixture
def hio_rig() -> Iterator[Rig]:
    """Yield a Rig of its own for each test, closed behind it."""
    rig = Rig()
    try:
        yield rig
    finally:
        rig.close()


@pytest.fixture
def hio_tymist(hio_rig: Rig) -> tyming.Tymist:
    """Return the Tymist that everything in hio_rig goes by."""
    return hio_rig.tymist


@pytest.fixture
def hio_app() -> Any:
    """Return the WSGI app to be served: override this fixture in a conftest.py or a test module."""
    pytest.fail("define a fixture hio_app that returns the WSGI app to be tested")


@pytest.fixture
def hio_server(hio_rig: Rig, hio_app: Any) -> Any:
    """Return a Server of hio_app on a free port of 127.0.0.1, serviced by hio_rig."""
    return hio_rig.serve(hio_app)


@pytest.fixture
def hio_client(hio_rig: Rig, hio_server: Any) -> Any:
    """Return a Client of hio_server, on a connection of its own, serviced by hio_rig."""
    return hio_rig.connect(hio_server)
