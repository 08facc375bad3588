"""hio serve: from parsed arguments to a running server and its exit status.

start       serve what a Config says, with a supervisor or without
checkAll    look for whatever would keep it from serving, short of listening
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .binding import Listener, openBind, parseBind
from .building import buildApp, buildContext, buildObservers, isSecured
from .configuring import Config
from .forking import removePid, writePid
from .logs import ErrorLog
from .measuring import Ledger
from .notifying import notify
from .overseeing import Admin
from .refusing import Status
from .reloading import checkWatcher
from .supervising import Supervisor
from .working import Worker, makeLive

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def start(
    config: Config, reread: Callable[[], Config], title: str = "", app: WSGIApplication | None = None
) -> Status:
    """Serve until a signal ends it; return the exit status. Raises Refusal when it cannot begin, or gives up.

    reread: returns the Config as it is when a signal asks for a reload. title: what is served, for the line that tells
    where; "": as config has it. app: to serve in place of the one that config names.
    """

    def announce(urls: list[str]) -> None:
        print(f"hio serves {title or config.title} at {' and '.join(urls)} (Ctrl-C ends it)", flush=True)

    if config["workers"]:
        return Supervisor(config, reread, announce, app).run()
    return Alone(config, announce, app).run()


def checkAll(config: Config) -> None:
    """Raise Refusal for an app, a file or a certificate of config that is not what it must be."""
    buildContext(config)
    buildApp(config, None, None, lambda: True)
    buildObservers(config)
    if config["reload"]:
        checkWatcher(config["reload-dir"])


class Alone:
    """One process that serves without a supervisor; also the Overseer of its Admin.

    Parameters config, announce and app: see Supervisor.
    """

    def __init__(
        self, config: Config, announce: Callable[[list[str]], Any], app: WSGIApplication | None = None
    ) -> None:
        self.config = config
        self.announce = announce
        self.app = app
        self.ledger = Ledger()
        self.ledger.starts = 1
        self.listeners: list[Listener] = []
        self.worker: Worker | None = None

    def run(self) -> Status:
        """Serve until a signal ends it; return the exit status."""
        config = self.config
        errors = ErrorLog(config)
        try:
            for spec in config["bind"]:
                self.listeners += openBind(parseBind(spec), config["backlog"])
            places = [(listener.bind, listener.socks[0]) for listener in self.listeners]
            urls = [listener.describe(isSecured(config, listener.bind)) for listener in self.listeners]
            self.worker = Worker(
                config, places, app=self.app, sidelines=self.sidelines(), errors=errors.handler,
                announce=lambda: self.served(urls), farewell=self.hush,
            )
            writePid(config["pidfile"])
            return self.worker.run()
        finally:
            for listener in self.listeners:
                listener.close()
            removePid(config["pidfile"])
            errors.close()

    def served(self, urls: list[str]) -> None:
        """Announce urls, and tell systemd: it serves."""
        self.announce(urls)
        notify("READY=1")

    def hush(self) -> None:
        """Let no new connections come."""
        for listener in self.listeners:
            listener.hush()

    def sidelines(self) -> list[Any]:
        """Return what else is served, and where."""
        sides: list[Any] = []
        for name, make in (("admin", lambda worker: Admin(self)), ("live", makeLive)):
            if self.config[name]:
                (listener,) = openBind(parseBind(self.config[name]), 64)
                self.listeners.append(listener)
                sides.append((make, listener.socks[0]))
        return sides

    # -- what Admin asks ----------------------------------------------------------------------------------

    @property
    def serving(self) -> int:
        """1 while requests are served, else 0."""
        return int(self.worker is not None and self.worker.ready and not self.worker.retiring)

    def poll(self) -> Callable[[], bool]:
        """Note the counts; return a callable that says whether all are there, which here they are at once."""
        if self.worker is not None:
            self.ledger.note(os.getpid(), self.worker.snapshot())
        return lambda: True

    def roll(self) -> list[dict[str, Any]]:
        """Return a dict about the one process."""
        worker = self.worker
        if worker is None:
            return []
        state = "retiring" if worker.retiring else "ready" if worker.ready else "born"
        age = worker.doist.tyme - worker.born
        return [{"slot": 0, "pid": os.getpid(), "generation": 1, "state": state, "age": age, "live": None}]
