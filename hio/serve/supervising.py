"""Supervisor: the process that starts the workers, minds them, and serves nobody but its operator.

It opens the addresses, so that no connection is lost when a worker goes, and hands them to each worker that it forks.
It never imports the app: so a reload finds the app as it is now, and what the app does to a process ends with a worker.
What is to be done with the workers is decided by a Crew; here is how.
"""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from .. import help
from ..base import doing
from ..base.polling import Watch
from ..base.tyming import Tymth
from ..core import http
from .binding import Listener, describeAddress, nextBind, openBind, parseBind
from .building import buildContext, isSecured
from .configuring import Config
from .crewing import Crew, State
from .forking import describeEnd, fork, removePid, writePid
from .logs import ErrorLog
from .measuring import Ledger
from .notifying import notify, reloading
from .overseeing import Admin
from .refusing import Refusal, Status
from .reloading import checkWatcher, watchFiles
from .signaling import Signals, Twice
from .talking import Channel, ChannelDoer, Message
from .working import Worker, makeLive

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

logger = help.ogler.getLogger()

Patience = 1.0  # seconds of tyme that a worker may take to answer for a scrape
#: Options that a reload leaves as they are.
Lasting = ("admin", "live", "error-log", "pidfile", "reload", "reuseport", "backlog")
Mine = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT, signal.SIGCHLD)


class Supervisor:
    """The supervisor; also the Hands of its Crew, and the Overseer of its Admin.

    Parameters:
        config (Config): as it is now. reread: callable that returns it as it is later, for a reload.
        app: to serve in place of the one that config names; shared with the workers, not loaded anew.
        announce: is called with the URLs once all workers serve for the first time.

    Attributes:
        configs (dict): generation -> Config. listeners (dict): text of a Bind -> its Listeners.
        ledger (Ledger): what the workers counted.
    """

    def __init__(
        self,
        config: Config,
        reread: Callable[[], Config],
        announce: Callable[[list[str]], Any],
        app: WSGIApplication | None = None,
    ) -> None:
        self.config = config
        self.reread = reread
        self.announce = announce
        self.app = app
        self.errors = ErrorLog(config)
        self.ledger = Ledger()
        self.channels: dict[int, Channel] = {}  # by pid
        self.said: dict[int, Message] = {}  # pid -> what a worker said of why it ends
        self.waiting: dict[int, set[int]] = {}  # number of a poll -> pids that have not answered
        self.polls = 0
        self.stopped = 0.0  # tyme at which it was asked to stop
        self.serves = False
        self.watcher: int | None = None  # pid of the process that watches files
        self.crew = Crew(
            self, size=config["workers"], grace=config["grace"], timeout=config["worker-timeout"]
        )
        self.configs = {1: config}
        self.listeners: dict[str, list[Listener]] = {}
        self.live: list[Listener] = []
        self.admin: http.Server | None = None
        self.aside: Listener | None = None  # where it listens
        self.doist = doing.Doist(name="supervisor", real=True)
        self.switch = ChannelDoer(self.hear)
        self.chief = Chief(self)

    def __repr__(self) -> str:
        return f"<Supervisor {list(self.listeners)} {self.crew!r}>"

    def run(self) -> Status:
        """Serve until a signal ends it; return the exit status. Raises Refusal when it cannot begin."""
        config = self.config
        buildContext(config)  # a certificate that cannot be used is a reason not to begin
        if config["reload"]:
            checkWatcher(config["reload-dir"])
        try:
            self.listen(config)
            self.listenAside(config)
            writePid(config["pidfile"])
            handlers: dict[int, Callable[[], Any]] = {
                signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self.reload,
                signal.SIGUSR1: self.reopen, signal.SIGQUIT: self.show, signal.SIGCHLD: self.reap,
            }
            doers: list[Any] = [Signals(handlers), self.switch, self.chief]
            if self.admin is not None:
                doers.append(http.ServerDoer(server=self.admin))
            self.doist.do(doers=doers)
        finally:
            for listeners in self.listeners.values():
                for listener in listeners:
                    listener.close()
            for listener in filter(None, (self.aside, *self.live)):
                listener.close()
            for channel in self.channels.values():
                channel.close()
            removePid(config["pidfile"])
            self.errors.close()
        if self.crew.reason:
            raise Refusal(self.crew.reason, self.crew.status or Status.FAILED)
        return self.crew.status or Status.DONE

    # -- where to listen ----------------------------------------------------------------------------------

    def listen(self, config: Config) -> None:
        """Listen at all addresses of config where this process does not listen yet; all of them or none."""
        copies = config["workers"] if config["reuseport"] else 0
        fresh: dict[str, list[Listener]] = {}
        try:
            for spec in config["bind"]:
                if spec not in self.listeners and spec not in fresh:
                    fresh[spec] = openBind(parseBind(spec), config["backlog"], copies)
        except Refusal:
            for listeners in fresh.values():
                for listener in listeners:
                    listener.close()
            raise
        self.listeners |= fresh

    def listenAside(self, config: Config) -> None:
        """Listen at the addresses for the operator that config has."""
        if config["admin"]:
            (self.aside,) = openBind(parseBind(config["admin"]), 64)
            self.admin = http.Server(app=Admin(self), ss=self.aside.socks[0].dup(), ha=self.aside.ha)
        if config["live"]:
            for slot in range(config["workers"]):
                self.live += openBind(nextBind(parseBind(config["live"]), slot), 64)

    def liveListener(self, slot: int) -> Listener | None:
        """Return where the live page of the worker in slot is, None for nowhere."""
        return self.live[slot] if slot < len(self.live) else None

    def urls(self) -> list[str]:
        """Return the URLs where the app is served."""
        return [
            listener.describe(isSecured(self.config, listener.bind))
            for spec in self.config["bind"] for listener in self.listeners[spec]
        ]

    # -- what signals ask for -----------------------------------------------------------------------------

    def stop(self) -> None:
        """Have all workers retire, and end; asked again, end at once."""
        if self.crew.stopping:
            if self.chief.now - self.stopped < Twice:
                return
            logger.warning("ending at once")
            self.crew.abort(self.chief.now)
        else:
            notify("STOPPING=1")
            self.stopped = self.chief.now
            logger.info("stopping: what was begun has %g s to end", self.crew.grace)
            self.hush()
            self.crew.stop(self.chief.now)
        self.chief.watch.wake()

    def hush(self) -> None:
        """Let no new connections come: those that wait are the workers' to accept, and others could only be reset."""
        for listeners in self.listeners.values():
            for listener in listeners:
                listener.hush()
                listener.close()

    def reload(self) -> None:
        """Read the configuration anew and replace all workers; after a Refusal, which is logged, all stays."""
        notify("RELOADING=1", reloading())
        number = (self.crew.coming or self.crew.generation) + 1
        try:
            config = self.reread()
            buildContext(config)
            if config["workers"] < 1:
                raise Refusal("--workers 0 has no supervisor, which this is")
            if self.crew.coming is None:
                self.listen(config)
        except Refusal as ex:
            logger.error("nothing is reloaded, and the old workers go on: %s", ex)
            notify("READY=1")
            return
        if self.crew.coming is None:
            self.configs[number] = config
        self.errors.setLevel(config)
        for name in Lasting:
            if config[name] != self.config[name]:
                logger.warning("--%s is as it was: it changes when hio is started anew", name)
        now, size = self.chief.now, config["workers"]
        if self.crew.reload(now, size=size, grace=config["grace"], timeout=config["worker-timeout"]):
            logger.info("reloading")
        self.chief.watch.wake()

    def reopen(self) -> None:
        """Open the logs anew, here and in the workers."""
        self.errors.handler.reopen()
        for channel in self.channels.values():
            channel.send({"reopen": True})

    def show(self) -> None:
        """Have each worker write what its doers do, by a signal, which reaches one that hangs as well."""
        for pid in self.channels:
            self.kill(pid, signal.SIGQUIT)

    def reap(self) -> None:
        """Take note of the processes that ended: workers, and as process 1 whatever else was left behind."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            self.ended(pid, status)
        self.chief.watch.wake()

    def ended(self, pid: int, status: int) -> None:
        """Note that the process pid ended; status: as waitpid says it."""
        if pid == self.watcher:
            self.watcher = None
            return
        channel = self.channels.pop(pid, None)
        if channel is None:
            return
        for message in channel.receive():
            self.take(pid, message)
        self.switch.remove(channel)
        said = self.said.pop(pid, {})
        for asked in self.waiting.values():
            asked.discard(pid)
        before = self.crew.members.get(pid)
        self.ledger.depart(pid)
        if before is not None and before.state is not State.RETIRING:
            self.ledger.deaths += 1
        self.crew.exited(pid, describeEnd(status), said.get("refused"), self.chief.now, cut=bool(said.get("cut")))

    # -- what workers say ---------------------------------------------------------------------------------

    def hear(self, channel: Channel, message: Message | None) -> None:
        """Act on message, which a worker, or the watcher, says on channel; None: its end is gone."""
        if message is None:
            return  # its end will be noted
        if "changed" in message:
            logger.warning("reloading, as %s changed", ", ".join(message["changed"]))
            self.reload()
            return
        for pid, other in self.channels.items():
            if other is channel:
                self.take(pid, message)
                break
        self.chief.watch.wake()

    def take(self, pid: int, message: Message) -> None:
        """Act on message, which the worker pid says."""
        now = self.chief.now
        if "ready" in message:
            self.crew.ready(pid, now)
        elif "weary" in message:
            self.crew.weary(pid, message["weary"], now)
        elif "turns" in message:
            self.crew.turns(pid, now)
        elif "leaving" in message:
            self.crew.leaving(pid, now)
        elif "stats" in message:
            self.ledger.note(pid, message["stats"])
            self.waiting.get(message.get("asked", 0), set()).discard(pid)
        self.said.setdefault(pid, {}).update({key: message[key] for key in ("refused", "cut") if key in message})

    # -- what Admin asks ----------------------------------------------------------------------------------

    @property
    def serving(self) -> int:
        """Number of workers that serve; 0 once it is stopping."""
        return 0 if self.crew.stopping else self.crew.serving

    def poll(self) -> Callable[[], bool]:
        """Ask all workers for their counts; return a callable that says whether all have answered, or never will."""
        self.polls += 1
        number, deadline = self.polls, self.chief.now + Patience
        self.waiting[number] = set(self.channels)
        for channel in self.channels.values():
            channel.send({"ask": number})

        def answered() -> bool:
            if self.waiting.get(number) and self.chief.now < deadline:
                return False
            self.waiting.pop(number, None)
            return True

        return answered

    def roll(self) -> list[dict[str, Any]]:
        """Return a dict about each worker."""
        workers = []
        for member in self.crew.members.values():
            page = self.liveListener(member.slot)
            workers.append({
                "slot": member.slot, "pid": member.pid, "generation": member.generation,
                "state": member.state.name.lower(), "age": self.chief.now - member.since,
                "live": None if page is None else describeAddress(page.ha),
            })
        return workers

    # -- what the crew needs done -------------------------------------------------------------------------

    def spawn(self, slot: int, generation: int) -> int:
        """Start a worker in slot, with the configuration of generation; return its pid."""
        pid, channel = self.fork(lambda far: self.work(slot, self.configs[generation], far))
        self.ledger.starts += 1
        self.channels[pid] = channel
        self.switch.add(channel)
        return pid

    def retire(self, pid: int) -> None:
        """Tell the worker pid to finish what it has begun, and end."""
        self.channels[pid].send({"retire": True})

    def abort(self, pid: int) -> None:
        """Tell the worker pid to end at once. One that loads its app does not listen; it has nothing to lose."""
        self.channels[pid].send({"abort": True})

    def ask(self, pid: int) -> None:
        """Ask the worker pid whether it turns."""
        self.channels[pid].send({"turning": True})

    def halt(self, pid: int) -> None:
        """Have the worker pid, which hangs, say where, and end."""
        self.kill(pid, signal.SIGABRT)

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Send the worker pid signal number, if it has not ended yet."""
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def settle(self, generation: int) -> None:
        """A generation serves."""
        if generation in self.configs:
            self.config = self.configs[generation]
        self.configs = {generation: self.config}
        kept = set(self.config["bind"])
        for spec in [spec for spec in self.listeners if spec not in kept]:
            for listener in self.listeners.pop(spec):
                listener.close()
        if not self.serves:
            self.serves = True
            self.announce(self.urls())
        else:
            logger.info("reloaded: the new workers serve")
        notify("READY=1", f"STATUS={self.crew.size} workers serve")

    def say(self, level: str, text: str) -> None:
        """Tell the operator text, in the error log; level: as for ErrorLog.say()."""
        self.errors.say(level, text)

    # -- processes ----------------------------------------------------------------------------------------

    def fork(self, act: Callable[[Channel], int]) -> tuple[int, Channel]:
        """Start a process that does act with its end of a channel, and ends; return its pid and the near end."""
        return fork(act, self.forsake, Mine)

    def forsake(self) -> None:
        """In a child: close the descriptors that are the supervisor's alone, without a word to who shares them."""
        poller: Any = self.doist.poller
        if getattr(poller, "epoll", None) is not None:
            poller.epoll.close()
        for channel in self.channels.values():
            channel.forsake()
        if self.admin is not None:
            socks: list[Any] = [ix.cs for ix in self.admin.servant.ixes.values()]
            for sock in [*socks, self.admin.servant.ss]:
                if sock is not None:
                    os.close(sock.detach())
        if self.aside is not None:
            self.aside.forsake()

    def work(self, slot: int, config: Config, channel: Channel) -> int:
        """In a child: be the worker in slot that config wants, heard on channel; return the exit status."""
        places = [
            (listener.bind, sock)
            for spec in config["bind"] for listener in self.listeners[spec]
            for sock in listener.keep(slot, config["workers"])
        ]
        page = self.liveListener(slot)
        for other in self.live:
            if other is not page:
                other.forsake()
        sides: list[Any] = [(makeLive, page.socks[0])] if page is not None else []
        faulthandler.enable(self.errors.handler.fd)  # who crashes, or is ended as it hangs, says where
        try:
            worker = Worker(
                config, places, slot, channel, self.app, sidelines=sides, errors=self.errors.handler,
            )
        except Refusal as ex:
            channel.send({"refused": str(ex)})
            channel.drain()
            return int(Status.REFUSED)
        return int(worker.run())

    def watch(self) -> None:
        """Start the process that watches files."""
        directories = self.config["reload-dir"] or (os.getcwd(),)

        def act(far: Channel) -> int:
            watchFiles(directories, far)
            return 0

        self.watcher, channel = self.fork(act)
        self.switch.add(channel)


class Chief(doing.Doer):
    """Gives the crew of supervisor its turns. Rests until somebody says something, or something is due."""

    def __init__(self, supervisor: Supervisor, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.supervisor = supervisor
        self.watch = Watch()

    @property
    def now(self) -> float:
        """Present tyme."""
        return self.tymth() if self.tymth is not None else 0.0

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth."""
        super().wind(tymth)
        self.watch.poller = getattr(tymth, "poller", None)

    def recur(self, tock: float = 0.0) -> Generator[float, float, bool]:
        """Start the workers, and mind them until it is over."""
        supervisor, crew = self.supervisor, self.supervisor.crew
        tyme = yield 0.0
        crew.start(tyme)
        if supervisor.config["reload"]:
            supervisor.watch()
        while crew.status is None:
            self.watch.until = crew.due()
            tyme = yield self.watch
            crew.turn(tyme)
        supervisor.doist.stop()
        return True
