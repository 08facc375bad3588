"""Worker: one process that serves.

It serves until it is told to retire, by its supervisor, a signal, or because its supervisor is gone. Then it takes no
new connections, finishes what it has begun, and ends; what is not finished when its grace is over is cut off, and
listed.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import socket
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from .. import help
from ..base import doing
from ..base.polling import Watch
from ..base.tyming import Tymth
from ..core import http
from ..core.http.dicing import dice
from ..help import timing
from ..live import Live, dumpOnSignal
from .accessing import AccessLog, Common
from .binding import Bind
from .building import Identified, buildApp, buildContext, buildObservers, buildServer
from .configuring import Config
from .journaling import CountJournal, Entry, Journal, JournalDoer, Sink
from .lining import BriefJournal, JsonJournal, LineJournal
from .measuring import Meter, Snapshot
from .offloading import Pool
from .refusing import Refusal, Status
from .signaling import Signals
from .talking import Channel, ChannelDoer, Message
from .trusting import Trust
from .writing import LineHandler

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

logger = help.ogler.getLogger()

Check = 1.0  # seconds of tyme between looks at whether the worker is worn out
Glance = 0.03125  # seconds of tyme between looks at whether all is finished

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # without those that look like others


class Observers:
    """Sink of a Journal that calls observers with the Record of each request. What they raise is logged."""

    naming = True

    def __init__(self, observers: list[Callable[[Any], Any]]) -> None:
        self.observers = observers

    def take(self, entries: list[Entry], journal: Journal) -> None:
        """Call all with each of entries, named by journal."""
        for entry in entries:
            record = journal.record(entry, journal.ident(entry))
            for observer in self.observers:
                try:
                    observer(record)
                except Exception as ex:
                    logger.error("%r failed with the record of a request", observer, exc_info=ex)


class ServingDoer(http.ServerDoer):
    """A ServerDoer that says what it cuts off.

    Parameters:
        server: opened on entering. cut: list to which what is cut off is added.
        several (bool): other processes serve the same app. kwa: for ServerDoer.
    """

    def __init__(self, server: http.Server, cut: list[str], several: bool = False, **kwa: Any) -> None:
        super().__init__(server=server, **kwa)
        self.keeper = server
        self.cut = cut
        self.several = several

    def enter(self, *, temp: bool | None = None) -> None:
        """Open the server."""
        super().enter(temp=temp)
        self.keeper.template["wsgi.multiprocess"] = self.several

    def exit(self) -> None:
        """Close the server, taking note of what that cuts off."""
        self.cut += self.keeper.leftovers()
        super().exit()


class Minder(doing.Doer):
    """Minds how long a worker lives: tells when it is ready, worn out, or finished."""

    def __init__(self, worker: Worker, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.worker = worker
        self.watch = Watch()

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth."""
        super().wind(tymth)
        self.watch.poller = getattr(tymth, "poller", None)

    def recur(self, tock: float = 0.0) -> Generator[float, float, bool]:
        """Look now and then, and rest in between."""
        worker = self.worker
        tyme = yield 0.0
        worker.served(tyme)
        while not worker.retiring:
            self.watch.until = tyme + Check if worker.mortal else None
            tyme = yield self.watch
            worker.examine(tyme)
        deadline = tyme + worker.config["grace"]
        while tyme < deadline and not worker.hurried and not all(server.retired for server in worker.servers):
            tyme = yield Glance
        worker.doist.stop()
        return True


class Worker:
    """One process that serves.

    Parameters:
        config (Config): what and how.
        places: (Bind, listening socket) of each address.
        slot (int): its number among the workers.
        channel (Channel | None): to its supervisor; None: it has none.
        app: to serve in place of the one that config names.
        sidelines: (app factory, socket) of what else is served: the live page and such. A factory takes the Worker.
        announce: is called when it serves. farewell: is called before it retires.
        errors (LineHandler | None): of the error log, opened anew with the others.

    Raises Refusal for an app, files or certificates that are not what they must be.
    """

    def __init__(
        self,
        config: Config,
        places: list[tuple[Bind, socket.socket]],
        slot: int = 0,
        channel: Channel | None = None,
        app: WSGIApplication | None = None,
        sidelines: list[tuple[Callable[[Worker], WSGIApplication], socket.socket]] | None = None,
        announce: Callable[[], Any] | None = None,
        farewell: Callable[[], Any] | None = None,
        errors: LineHandler | None = None,
    ) -> None:
        self.config = config
        self.slot = slot
        self.channel = channel
        self.announce = announce
        self.farewell = farewell
        self.errors = errors
        self.ready = self.retiring = self.hurried = False
        self.born = 0.0
        self.cut: list[str] = []
        self.name = "".join(dice.choice(LETTERS) for _ in range(8))
        self.pool = Pool(config["threads"]) if config["threads"] else None
        self.log: AccessLog | None = None
        self.meter: Meter | None = None
        self.scribe: JournalDoer | None = None
        whole = buildApp(config, app, self.pool, lambda: self.ready and not self.retiring)
        self.journal = self.buildJournal()
        if self.journal is not None and config["trust"]:
            whole = Identified(whole, self.journal, Trust(config["trust"]))
        context = buildContext(config)
        self.servers = [buildServer(config, bind, sock, whole, context) for bind, sock in places]
        self.share()
        self.minder = Minder(self)
        self.doist = doing.Doist(name=f"worker {slot + 1}", real=True)
        self.sides = [http.Server(name="for operators", app=make(self), ss=sock) for make, sock in sidelines or []]
        self.limits = self.mortality()
        self.doist.doers = self.doers()

    def __repr__(self) -> str:
        return f"<Worker slot={self.slot} ready={self.ready} retiring={self.retiring} servers={len(self.servers)}>"

    # -- what it is made of -------------------------------------------------------------------------------

    def buildJournal(self) -> Journal | None:
        """Return the Journal that the configuration asks for, the cheapest that will do; None: none is needed.

        Raises Refusal for a log that cannot be opened.
        """
        config = self.config
        sinks: list[Sink] = []
        if config["access-log"]:
            self.log = AccessLog(LineHandler(config["access-log"]), config["access-format"])
            try:
                self.log.open()
            except OSError as ex:
                raise Refusal(f"--access-log {config['access-log']}: {ex.strerror}") from ex
            sinks.append(self.log)
        if config["admin"]:
            self.meter = Meter()
            sinks.append(self.meter)
        if observers := buildObservers(config):
            sinks.append(Observers(observers))
        if len(sinks) == 1 and self.log is not None and self.log.lone:
            brief: type[BriefJournal] = LineJournal if isinstance(self.log.form, Common) else JsonJournal
            return brief(self.log, outgrown=self.widen, name=self.name, clock=timing.monoClock())
        if sinks:
            return Journal(sinks, name=self.name, clock=timing.monoClock())
        return CountJournal() if config["recycle-requests"] else None

    def widen(self) -> None:
        """From now on make a record of each request: somebody has come who wants that."""
        assert isinstance(self.journal, BriefJournal) and self.scribe is not None
        self.journal = self.scribe.journal = self.journal.successor()
        self.share()

    def share(self) -> None:
        """Have the servers tell the journal."""
        for server in self.servers:
            server.journal = self.journal
            if self.journal is not None:
                server.template["hio.identify"] = self.journal.identify

    def doers(self) -> list[Any]:
        """Return all doers."""
        retire, nothing = self.retire, lambda: None
        handlers: dict[int, Callable[[], Any]] = {
            signal.SIGTERM: retire, signal.SIGUSR1: self.reopen, signal.SIGHUP: nothing, signal.SIGINT: nothing,
        }
        urgent: tuple[int, ...] = ()
        if self.channel is None:
            handlers[signal.SIGINT] = retire
            handlers[signal.SIGHUP] = lambda: logger.error("SIGHUP reloads where there is a supervisor: --workers 1")
            urgent = (signal.SIGTERM, signal.SIGINT)
        doers: list[Any] = [Signals(handlers, urgent)]
        if self.channel is not None:
            switch = ChannelDoer(self.hear)
            switch.add(self.channel)
            doers.append(switch)
        if self.journal is not None:
            self.scribe = JournalDoer(self.journal)
            doers.append(self.scribe)
        if self.pool is not None:
            doers.append(self.pool)
        doers += [http.ServerDoer(server=server) for server in self.sides]
        doers += [ServingDoer(server, self.cut, self.config["workers"] > 1) for server in self.servers]
        return [*doers, self.minder]

    def mortality(self) -> dict[str, float]:
        """Return how many requests, seconds and bytes it may come to, each a bit different from other workers'."""
        config = self.config
        jitter = config["recycle-jitter"]
        names = ("recycle-requests", "recycle-age", "recycle-memory")
        return {name: config[name] * (1.0 - jitter * dice.random()) for name in names if config[name]}

    @property
    def mortal(self) -> bool:
        """Whether it may wear out."""
        return bool(self.limits) and self.channel is not None

    # -- its life -----------------------------------------------------------------------------------------

    def run(self) -> Status:
        """Serve until told to retire; return the exit status."""
        undo = dumpOnSignal(self.doist)
        gc.collect()
        gc.freeze()  # what is loaded now stays: nothing of it needs to be looked at again
        try:
            self.doist.do()
        finally:
            undo()
            if self.log is not None:
                self.log.close()
        for text in self.cut:
            logger.warning("cut off: %s", text)
        if self.channel is not None:
            self.channel.send({"stats": self.snapshot(), "cut": len(self.cut)})
            self.channel.drain()
        return Status.CUT if self.cut else Status.DONE

    def served(self, tyme: float) -> None:
        """Tell the supervisor that it serves, from tyme on, and announce it."""
        self.ready = True
        self.born = tyme
        if self.channel is not None:
            self.channel.send({"ready": True})
        if self.announce is not None:
            self.announce()

    def examine(self, tyme: float) -> None:
        """Tell the supervisor if it is worn out at tyme."""
        now = {
            "recycle-requests": self.journal.count if self.journal is not None else 0,
            "recycle-age": tyme - self.born,
            "recycle-memory": residentMemory() if "recycle-memory" in self.limits else 0,
        }
        reasons = [f"{now[name]:.0f} for {name}" for name, limit in self.limits.items() if now[name] >= limit]
        if reasons and self.channel is not None:
            self.channel.send({"weary": ", ".join(reasons)})

    def retire(self) -> None:
        """Take no new connections, finish what was begun, and end."""
        if self.retiring:
            return
        self.retiring = True
        if self.channel is not None:
            self.channel.send({"leaving": True})
        if self.farewell is not None:
            self.farewell()
        for server in [*self.servers, *self.sides]:
            server.retire()
        self.minder.watch.wake()

    def abort(self) -> None:
        """End at once."""
        self.hurried = True
        self.retire()
        self.minder.watch.wake()

    def reopen(self) -> None:
        """Open the logs anew."""
        if self.journal is not None:
            self.journal.flush()
        if self.log is not None:
            self.log.handler.reopen()
        if self.errors is not None:
            self.errors.reopen()
            if faulthandler.is_enabled():
                faulthandler.enable(self.errors.fd)

    def hear(self, channel: Channel, message: Message | None) -> None:
        """Do what the supervisor says on channel, message; None, as it is gone: retire."""
        if message is None or "retire" in message:
            self.retire()
        elif "abort" in message:
            self.abort()
        elif "reopen" in message:
            self.reopen()
        elif "turning" in message:
            channel.send({"turns": True})
        elif "ask" in message:
            channel.send({"stats": self.snapshot(), "asked": message["ask"]})

    def snapshot(self) -> Snapshot:
        """Return its counts, and what it is doing right now."""
        if self.journal is not None:
            self.journal.flush()
        counts = self.meter.snapshot() if self.meter is not None else {}
        return counts | {
            "connections": sum(len(server.reqs) for server in self.servers),
            "answering": sum(len(server.leftovers()) for server in self.servers),
            "memory": residentMemory(),
        }


def makeLive(worker: Worker) -> WSGIApplication:
    """Return the live page of a worker."""
    return Live(worker.doist, servers=worker.servers, name=f"{worker.config.title}, worker {worker.slot + 1}")


def residentMemory() -> int:
    """Return the bytes of memory that this process occupies; 0 where that cannot be known."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
