"""Keep the real world out of a run.

Guard      while entered: clocks and chance of the machine come from tyme and seed, and real I/O raises a LeakError
Watchdog   ends a turn that does not end by itself

Only the thread that runs the simulation is kept from real I/O. Clocks are served to all.
"""

from __future__ import annotations

import _thread
import datetime as dates
import importlib
import os
import random
import signal
import ssl
import sys
import sysconfig
import threading
import time
import uuid
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from ..help import timing
from .dicing import Dice
from .enciphering import TlsChance
from .failing import LeakError, SimError

time_machine: Any
try:
    time_machine = importlib.import_module("time_machine")
except ImportError:
    time_machine = None

_posixsubprocess: Any
try:
    _posixsubprocess = importlib.import_module("_posixsubprocess")
except ImportError:  # not POSIX
    _posixsubprocess = None

#: What the real world is reached by: audit events of Python (PEP 578), by what a Sim may allow.
LEAKS = {
    "socket": ("socket.__new__", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
    "thread": ("_thread.start_new_thread", "_thread.start_joinable_thread"),
    "process": (
        "subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec", "os.spawn", "pty.spawn",
    ),
    "sleep": ("time.sleep",),
}  # fmt: skip
ADVICE = {
    "socket": "hand net=host.net to servers and clients, so that they are on the simulated network",
    "thread": "a thread's turns cannot be played again; make it a doer",
    "process": "a process is not part of the simulation; make it a host",
    "sleep": "a doer that sleeps stops every other one; yield the seconds instead",
}
_KINDS = {event: kind for kind, events in LEAKS.items() for event in events}

_STDLIB = os.path.normcase(sysconfig.get_paths()["stdlib"])
_SITE = os.path.normcase(sysconfig.get_paths()["purelib"])
_HIO = os.path.normcase(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

_entered: list[Guard] = []  # the one that is, if any
_hooks: list[Any] = []  # what Python tells of what code does, once that was asked for


class Run(Protocol):
    """What is asked of the run that is guarded; see Sim."""

    seed: Any
    epoch: float
    running: Any
    taken: int

    @property
    def tyme(self) -> float:
        """Tyme of the network, in seconds."""

    def leaked(self, error: LeakError) -> None:
        """Take error, which is raised at once: code under test might catch it, and the run is to fail even then."""


class Guard:
    """Context in which code under test gets clocks and chance from a run, and no real I/O.

    Served: the clocks of the time module, those of CPU time too, and what formats the present; datetime and date; the
    random module and what is made from it; uuid1 and uuid4; os.urandom, secrets; OpenSSL, see TlsChance. With
    time-machine installed the clocks also in modules that have imported these functions, or the class datetime, by
    name; without it only through the modules.

    Parameters:
        sim (Sim): the run. allow (tuple): kinds of LEAKS that are let pass.

    A kind in allow that is not of LEAKS raises SimError.
    """

    def __init__(self, sim: Run, allow: tuple[str, ...] = ()) -> None:
        for kind in allow:
            if kind not in LEAKS:
                raise SimError(f"allow knows no {kind!r}; it knows {', '.join(LEAKS)}")
        self.sim = sim
        self.allow = allow
        self.thread = 0
        self._undo: list[Callable[[], None]] = []
        self._dice: dict[str, Dice] = {}

    def __enter__(self) -> Guard:
        if _entered:
            raise SimError("a simulation cannot run within another one")
        self.thread = threading.get_ident()
        try:
            self._serveTls()
            self._serveChance()
            self._serveClocks()
            self._watchStarts()
        except BaseException:
            self._restore()
            raise
        hook()
        _entered.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _entered.clear()
        self._restore()

    def _restore(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _patch(self, owner: Any, **values: Any) -> None:
        """Set attributes of owner until the end."""
        for name, value in values.items():
            if hasattr(owner, name):
                before = getattr(owner, name)
                self._undo.append(lambda name=name, before=before: setattr(owner, name, before))  # type: ignore[misc]
                setattr(owner, name, value)

    # -- clocks -------------------------------------------------------------------------------------------

    def wall(self) -> float:
        """Return the wall clock of the host whose turn it is."""
        sim = self.sim
        return sim.running.clock() if sim.running is not None else sim.epoch + sim.tyme

    def mono(self) -> float:
        """Return the monotonic clock: the tyme of the network, which all hosts share in this."""
        return self.sim.tyme

    def _serveClocks(self) -> None:
        wall, mono = self.wall, self.mono

        def clock(number: int) -> float:
            return wall() if number == time.CLOCK_REALTIME else mono()

        self._patch(
            time,
            clock_gettime=clock,
            clock_gettime_ns=lambda number: nanoseconds(clock(number)),
            time=wall,
            time_ns=lambda: nanoseconds(wall()),
            monotonic=mono,
            monotonic_ns=lambda: nanoseconds(mono()),
            perf_counter=mono,
            perf_counter_ns=lambda: nanoseconds(mono()),
            process_time=mono,
            process_time_ns=lambda: nanoseconds(mono()),
            thread_time=mono,
            thread_time_ns=lambda: nanoseconds(mono()),
            sleep=self._sleep,
        )
        self._patch(timing, monoTime=mono)
        if not self._travel():
            self._patch(timing, wallTime=wall, nowUTC=lambda: dates.datetime.fromtimestamp(wall(), dates.timezone.utc))
            self._patch(time, **presents(wall))
            self._patch(dates, datetime=clocked(wall))
            self._patch(uuid, _generate_time_safe=None, _UuidCreate=None)
        self._patch(uuid, _last_timestamp=None, _node=0x02_00_00_00_00_01)  # a locally administered address

    def _travel(self) -> bool:
        """Have time-machine serve the clocks that are written in C; return whether it does."""
        if time_machine is None:
            return False
        travel = time_machine.travel(self.wall(), tick=False)
        traveller = travel.start()
        self._undo.append(travel.stop)
        # It would be told each new moment; here it asks. Should a version of it not ask, the clocks are patched.
        traveller.time = self.wall
        traveller.time_ns = lambda: nanoseconds(self.wall())
        now, self.sim.epoch = self.sim.epoch, self.sim.epoch + 86400.0
        try:
            return dates.datetime.now(dates.timezone.utc).timestamp() == self.wall()
        finally:
            self.sim.epoch = now

    def _sleep(self, seconds: float) -> None:
        """Stand in for time.sleep."""
        self.reached("sleep", "time.sleep")

    # -- chance -------------------------------------------------------------------------------------------

    def dice(self) -> Dice:
        """Return the dice of chance for the host whose turn it is."""
        name = self.sim.running.name if self.sim.running is not None else ""
        dice = self._dice.get(name)
        if dice is None:
            dice = self._dice[name] = Dice(self.sim.seed, "chance", name)
        return dice

    def _serveTls(self) -> None:
        chance = TlsChance(lambda count: self.dice().bytes(count))
        chance.start()
        self._undo.append(chance.stop)
        wrap = ssl.SSLContext.wrap_bio

        def wrapped(context: ssl.SSLContext, *pa: Any, **kwa: Any) -> Any:
            if kwa.get("server_side", pa[2] if len(pa) > 2 else False):
                chance.tame(context)
            return wrap(context, *pa, **kwa)

        self._patch(ssl.SSLContext, wrap_bio=wrapped)

    def _serveChance(self) -> None:
        def draw(count: int, flags: int = 0) -> bytes:
            return self.dice().bytes(count)

        seed = random.Random.seed

        def seeded(generator: Any, a: Any = None, version: int = 2) -> None:
            seed(generator, self.dice().below(1 << 52) if a is None else a, version)

        state = random.getstate()
        self._undo.append(lambda: random.setstate(state))
        random.seed(Dice(self.sim.seed, "random").below(1 << 52))
        self._patch(os, urandom=draw, getrandom=draw)
        self._patch(random, _urandom=draw)
        self._patch(random.Random, seed=seeded)

    def _watchStarts(self) -> None:
        """Notice starts that Python has no audit event for: of processes by multiprocessing, of threads before 3.12."""

        def watched(start: Any, kind: str) -> Any:
            def wrapper(*pa: Any, **kwa: Any) -> Any:
                self.reached(kind, f"a {kind} started")
                return start(*pa, **kwa)

            return wrapper

        if _posixsubprocess is not None:
            self._patch(_posixsubprocess, fork_exec=watched(_posixsubprocess.fork_exec, "process"))
        if sys.version_info < (3, 12):
            start = watched(_thread.start_new_thread, "thread")
            self._patch(_thread, start_new_thread=start, start_new=start)
            self._patch(threading, _start_new_thread=start)

    # -- leaks --------------------------------------------------------------------------------------------

    def reached(self, kind: str, event: str) -> None:
        """Raise LeakError: the real world was reached for, by what is of kind of LEAKS; event: its name.

        Does nothing for a kind that is allowed, nor in other threads.
        """
        if kind in self.allow or threading.get_ident() != self.thread:
            return
        host = f" of host {self.sim.running.name!r}" if self.sim.running is not None else ""
        error = LeakError(f"{event} at {place(sys._getframe(1))} in code{host}: {ADVICE[kind]}")
        self.sim.leaked(error)
        raise error


def hook() -> None:
    """Have Python tell of what code does. For good, as it cannot be taken back; without a Guard nothing comes of it."""
    if not _hooks:
        _hooks.append(audit)
        sys.addaudithook(audit)


def audit(event: str, args: Any) -> None:
    """Be told of event, an audit event (PEP 578) of the interpreter. args, its parameters, do not matter here."""
    if _entered and event in _KINDS:
        _entered[0].reached(_KINDS[event], event)


def place(frame: FrameType | None) -> str:
    """Return "file:line" of the innermost frame that is neither Python's own nor hio's; else of one that is hio's."""
    fallback = ""
    while frame is not None:
        path = os.path.normcase(frame.f_code.co_filename)
        if path.startswith(os.path.join(_HIO, "sim")):
            if not path.endswith("guarding.py"):
                break  # from here on it is who runs the simulation
        elif path.startswith(_HIO):
            fallback = fallback or f"{frame.f_code.co_filename}:{frame.f_lineno}"
        elif not path.startswith(("<", _STDLIB)) or path.startswith(_SITE):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return fallback or "an unknown place"


def nanoseconds(seconds: float) -> int:
    """Return seconds in nanoseconds, exact for whole microseconds."""
    whole = int(seconds)
    return whole * 1_000_000_000 + round((seconds - whole) * 1e9)


def presents(wall: Callable[[], float]) -> dict[str, Any]:
    """Return those functions of the time module that take the present when they are given no time, by name.

    wall: callable that answers the present, in seconds since 1970.
    """
    gmtime, localtime, strftime, ctime, asctime = time.gmtime, time.localtime, time.strftime, time.ctime, time.asctime
    return {
        "gmtime": lambda seconds=None: gmtime(wall() if seconds is None else seconds),
        "localtime": lambda seconds=None: localtime(wall() if seconds is None else seconds),
        "ctime": lambda seconds=None: ctime(wall() if seconds is None else seconds),
        "asctime": lambda fields=None: asctime(localtime(wall()) if fields is None else fields),
        "strftime": lambda form, fields=None: strftime(form, localtime(wall()) if fields is None else fields),
    }


def clocked(wall: Callable[[], float]) -> Any:
    """Return a stand-in for the class datetime whose present is that of wall. What it makes are plain datetimes."""
    real: Any = dates.datetime

    class Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real)

    class datetime(real, metaclass=Meta):  # type: ignore[misc]  # noqa: N801 - stands in for a class of that name
        def __new__(cls, *pa: Any, **kwa: Any) -> Any:
            return real(*pa, **kwa)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.fromtimestamp(wall(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            return real.fromtimestamp(wall(), dates.timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return real.fromtimestamp(wall())

    return datetime


class Stuck(BaseException):
    """A turn does not end. No Exception, so that code under test does not take it for its own."""


class Watchdog:
    """Context in which a turn of sim, a Run, that takes patience seconds of CPU or more is ended by Stuck.

    Only in the main thread, and only where nobody else uses the timer (SIGVTALRM). It touches no run that goes on. A
    turn may take twice as long before it is noticed. patience: 0.0: no turn is ended.
    """

    def __init__(self, sim: Run, patience: float) -> None:
        self.sim = sim
        self.patience = patience
        self.seen = (-1, -1.0)
        self.armed = False

    def __enter__(self) -> Watchdog:
        able = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        if self.patience and able and signal.getsignal(signal.SIGVTALRM) == signal.SIG_DFL:
            self.armed = True
            signal.signal(signal.SIGVTALRM, self.look)
            signal.setitimer(signal.ITIMER_VIRTUAL, self.patience, self.patience)
        return self

    def __exit__(self, *_: object) -> None:
        if self.armed:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
            signal.signal(signal.SIGVTALRM, signal.SIG_DFL)

    def look(self, _: int, frame: FrameType | None) -> None:
        """See whether the turn is still the one that it was, and raise Stuck if so.

        A handler of signals: frame is where it interrupted the program.
        """
        now = (self.sim.taken, self.sim.tyme)
        if now == self.seen:
            self.seen = (-1, -1.0)
            raise Stuck(f"a turn has not ended after {self.patience} s of CPU and more, at {place(frame)}")
        self.seen = now
