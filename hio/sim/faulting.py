"""What goes wrong, and is mended.

Fault    one fault as data: when, which verb, on whom; lists of them can be kept, sent, drawn and shrunk
Faults   the verbs, done now; base of Sim
Later    the same verbs, done at a tyme: sim.at(1.0).partition("a", "b")

Verbs come in pairs (PAIRS): one that breaks and one that mends. Hosts are given by name, or as lists of names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, NamedTuple

from .dicing import Dice
from .failing import SimError
from .hosting import Host
from .linking import HELD, PARTED, Link, grained
from .networking import Network
from .socketing import SimSocket
from .tracing import Kind

#: Verbs that break, with those that mend (None: what they break stays broken, or needs no mending).
PAIRS: dict[str, str | None] = {
    "partition": "repair",
    "hold": "release",
    "swallow": "answer",
    "refuse": "admit",
    "slow": "hasten",
    "crash": "start",
    "pause": "resume",
    "bounce": None,
    "reset": None,
    "sever": None,
    "skew": None,
    "link": None,
}
VERBS = tuple(PAIRS) + tuple(mend for mend in PAIRS.values() if mend)

#: Verbs that can be drawn by chance: those that need no more than to be told whom.
TROUBLES = tuple(verb for verb in PAIRS if verb not in ("link", "skew"))

#: Verbs that are about one host; the others are about two.
LONE = ("refuse", "admit", "slow", "hasten", "crash", "start", "pause", "resume", "bounce", "skew")

Names = str | Sequence[str]


class Fault(NamedTuple):
    """One fault as data.

    Attributes:
        tyme (float): when, in seconds. verb (str): one of VERBS.
        args (tuple): its parameters. options (dict): its keyword parameters.
    """

    tyme: float
    verb: str
    args: tuple[Any, ...] = ()
    options: dict[str, Any] = {}

    def __str__(self) -> str:
        words = [repr(arg) for arg in self.args] + [f"{name}={value!r}" for name, value in self.options.items()]
        return f"at({self.tyme!r}).{self.verb}({', '.join(words)})"


class Faults:
    """The verbs, done now. Each is written into the trace and into .faults, so that it can be done again.

    Attributes:
        faults (list[Fault]): those that were done so far.
        planned (list[Fault]): those that were stated for a tyme.
        schedule (list[Fault]): those of faults that were stated for a tyme or drawn by trouble(), rather than done by
            the code of the scenario: what instead() takes.
    """

    network: Network
    hosts: dict[str, Host]
    seed: Any
    ran: bool

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.planned: list[Fault] = []
        self.schedule: list[Fault] = []
        self._troubles = count()
        self._instead = False

    # -- when ---------------------------------------------------------------------------------------------

    def at(self, tyme: float) -> Later:
        """Return this simulation's verbs, to be done at tyme (seconds) instead of now."""
        return Later(self, tyme)

    def inject(self, faults: Iterable[Fault | tuple[Any, ...]]) -> None:
        """Have each of faults done at its tyme."""
        for one in faults:
            fault = Fault(*one)
            getattr(self.at(fault.tyme), fault.verb)(*fault.args, **fault.options)

    def instead(self, faults: Iterable[Fault | tuple[Any, ...]]) -> None:
        """Have each of faults done at its tyme, and none that is stated for a tyme or drawn by trouble() from now on.

        To be called before the scenario. With the .schedule of a run it repeats that run, with a part of it less goes
        wrong.
        """
        self.inject(faults)
        self._instead = True

    def trouble(
        self,
        *,
        among: Sequence[str] | None = None,
        mend: float | tuple[float, float] = (0.5, 5.0),
        start: float = 0.0,
        until: float | None = None,
        **rates: float,
    ) -> None:
        """Draw faults from the seed: trouble(partition=0.1, crash=0.02) does each so often in a second on average.

        among: names of the hosts that it may befall; None: all, but no client crashes or pauses.
        mend: seconds until a fault is mended, or a range (least, most) of them.
        start, until: tyme at which it begins and ends; None: never.
        rates: verb = times a second; see PAIRS for the verbs. Raises SimError for another word.
        """
        for verb, rate in rates.items():
            if verb not in TROUBLES:
                raise SimError(f"trouble knows no {verb!r}; it knows {', '.join(TROUBLES)}")
            if not rate >= 0.0:
                raise SimError(f"the rate of {verb} must be 0 or more times a second, got {rate!r}")
            if rate and not self._instead:
                trouble = Trouble(self, verb, rate, among, mend, until, next(self._troubles))
                trouble.next(start)

    def _befall(self, verb: str, *args: Any, **options: Any) -> None:
        """Do a verb because of the schedule."""
        before = len(self.faults)
        getattr(self, verb)(*args, **options)
        self.schedule += self.faults[before:]

    def _did(self, verb: str, *args: Any, **options: Any) -> None:
        """Write down that a verb was done."""
        fault = Fault(self.network.now, verb, args, options)
        self.faults.append(fault)
        names = [arg for arg in args if isinstance(arg, str)] + ["", ""]
        self.network.trace.note(self.network.now, Kind.FAULT, names[0], names[1], str(fault).split(").", 1)[1])

    # -- who ----------------------------------------------------------------------------------------------

    def _host(self, name: str) -> Host:
        """Return the host of that name. Raises SimError when there is none, or the run has not begun."""
        self.network.named(name)
        if not self.ran:
            raise SimError(f"host {name!r} has not started yet; say when: at(tyme)")
        return self.hosts[name]

    def _links(self, a: Names, b: Names | None, oneway: bool) -> list[Link]:
        """Return the links from each of a to each of b (None: to all others), and back."""
        ones = [a] if isinstance(a, str) else list(a)
        if b is None:
            others = [name for name in self.network.hosts if name not in ones]
        else:
            others = [b] if isinstance(b, str) else list(b)
        found: dict[Link, None] = {}
        for one in ones:
            for other in others:
                found[self.network.link(one, other)] = None
                if not oneway:
                    found[self.network.link(other, one)] = None
        return list(found)

    def _socks(self, a: Names, b: Names | None) -> list[SimSocket]:
        """Return one end of each open connection between a and b (None: anybody), the end at a."""
        ones = [a] if isinstance(a, str) else list(a)
        others = None if b is None else [b] if isinstance(b, str) else list(b)
        return [
            sock
            for one in ones
            for sock in list(self.network.named(one).socks.values())
            if getattr(sock, "peer", None) is not None and (others is None or sock.peer.net.name in others)
        ]

    # -- links --------------------------------------------------------------------------------------------

    def partition(self, a: Names, b: Names | None = None, *, oneway: bool = False) -> None:
        """Let nothing pass between a and b (None: all others); oneway: only from a to b.

        What is sent meanwhile is sent again after repair, as TCP would: the later, the longer it lasted.
        """
        for link in self._links(a, b, oneway):
            self.network.block(link, PARTED)
        self._did("partition", *given(a, b), **given_(oneway=oneway))

    def repair(self, a: Names, b: Names | None = None, *, oneway: bool = False) -> None:
        """Undo partition between a and b (None: all others); oneway: only from a to b."""
        for link in self._links(a, b, oneway):
            self.network.unblock(link, PARTED)
        self._did("repair", *given(a, b), **given_(oneway=oneway))

    def hold(self, a: Names, b: Names | None = None, *, oneway: bool = False) -> None:
        """Hold up what passes between a and b until release, which lets it go on at once and in order.

        b: None: all others. oneway: only what goes from a to b.
        """
        for link in self._links(a, b, oneway):
            self.network.block(link, HELD)
        self._did("hold", *given(a, b), **given_(oneway=oneway))

    def release(self, a: Names, b: Names | None = None, *, oneway: bool = False) -> None:
        """Undo hold between a and b (None: all others); oneway: only from a to b."""
        for link in self._links(a, b, oneway):
            self.network.unblock(link, HELD, promptly=True)
        self._did("release", *given(a, b), **given_(oneway=oneway))

    def swallow(self, a: Names, b: Names | None = None, *, oneway: bool = False) -> None:
        """Have new connections from a to b, and back, vanish, so that dialing times out. Those that stand go on.

        b: None: all others. oneway: only those from a to b.
        """
        for link in self._links(a, b, oneway):
            link.swallowing = True
        self._did("swallow", *given(a, b), **given_(oneway=oneway))

    def answer(self, a: Names, b: Names | None = None, *, oneway: bool = False) -> None:
        """Undo swallow between a and b (None: all others); oneway: only from a to b."""
        for link in self._links(a, b, oneway):
            link.swallowing = False
        self._did("answer", *given(a, b), **given_(oneway=oneway))

    def link(self, a: Names, b: Names | None = None, *, oneway: bool = False, **terms: Any) -> None:
        """State what the links between a and b are like: latency, bandwidth, loss, split; see Terms.

        b: None: all others. oneway: only the link from a to b. What terms do not state stays as it is.
        """
        for link in self._links(a, b, oneway):
            link.change(link.terms.but(**terms))
        if self.ran:  # while the scenario is being set up it is no fault
            self._did("link", *given(a, b), **given_(oneway=oneway), **terms)

    # -- connections --------------------------------------------------------------------------------------

    def reset(self, a: Names, b: Names | None = None, *, after: int = 0) -> None:
        """Reset the connections between a and b (None: anybody), both ends of each.

        after: bytes that each may still send from a before that; 0: now.
        """
        socks = self._socks(a, b)
        self._did("reset", *given(a, b), **given_(after=after))  # before its effects, as a reader expects
        for sock in socks:
            if after:
                sock.link = Fuse(sock, after)
            else:
                snap(sock)

    def sever(self, a: Names, b: Names | None = None) -> None:
        """Have the connections between a and b carry nothing any more, though both ends believe that they stand.

        What is sent on them is not answered; after minutes who sent it gives up. New connections work.
        """
        for sock in self._socks(a, b):
            peer: Any = sock.peer
            for end in (sock, peer):
                end.link = Link(end.link.src, end.link.dst, end.link.terms, self.seed)
                end.link.blocked = PARTED
        self._did("sever", *given(a, b))

    # -- hosts --------------------------------------------------------------------------------------------

    def refuse(self, host: str, port: int | None = None) -> None:
        """Have connections to port of host (None: to any port) refused. Those that stand go on."""
        self.network.named(host).refusing[port] = None
        self._did("refuse", *given(host, port))

    def admit(self, host: str, port: int | None = None) -> None:
        """Undo refuse of host at port; None: the refusal of all ports."""
        self.network.named(host).refusing.pop(port, None)
        self._did("admit", *given(host, port))

    def slow(self, host: str, rate: float = 1000.0) -> None:
        """Have host take only rate bytes per second from each other host, so that who writes to it has to wait.

        Raises SimError for a rate that is not more than 0.
        """
        if not rate > 0.0:
            raise SimError(f"a slow host must take some bytes per second, got {rate!r}")
        for name in self.network.hosts:
            self.network.link(name, host).throttle(rate)
        self._did("slow", host, rate)

    def hasten(self, host: str) -> None:
        """Undo slow of host."""
        for name in self.network.hosts:
            self.network.link(name, host).throttle(0.0)
        self._did("hasten", host)

    def crash(self, host: str) -> None:
        """End host at once: no farewell on the wire, and what it had in memory is lost. Down already: nothing."""
        one = self._host(host)
        if one.up:
            self._did("crash", host)
            one.crash()

    def start(self, host: str) -> None:
        """Start a host that crashed, or whose doers were done, afresh, by its factory. Up already: nothing."""
        one = self._host(host)
        if not one.up:
            self._did("start", host)
            self._boot(one)

    def bounce(self, host: str, down: float = 0.0) -> None:
        """Crash host and start it afresh after down seconds."""
        one = self._host(host)
        if one.up:
            self._did("bounce", host, *([down] if down else []))
            one.crash()
            self.network.push(self.network.now + grained(down), self._reboot, one)

    def _reboot(self, _: int, one: Host) -> None:
        """Start a host that was bounced, unless somebody has done so meanwhile."""
        if not one.up:
            self._boot(one)

    def _boot(self, host: Host) -> None:
        raise NotImplementedError

    def pause(self, host: str) -> None:
        """Stop host as SIGSTOP does: its tyme goes on, its doers have no turns, its buffers still fill."""
        self._host(host).pause()
        self._did("pause", host)

    def resume(self, host: str) -> None:
        """Undo pause of host; nothing happens, and nothing is noted, when it is not paused."""
        one = self._host(host)
        if one.paused:
            one.resume()
            self._did("resume", host)

    def skew(self, host: str, seconds: float) -> None:
        """Set the wall clock of host off by seconds; 0.0: right. Its tyme, which nobody can set, goes on."""
        self.network.named(host)
        self.hosts[host].skewed = float(seconds)
        self._did("skew", host, seconds)


def given(a: Any, b: Any) -> tuple[Any, ...]:
    """Return the parameters a and b as they were given: (a,) when b is None."""
    return (a,) if b is None else (a, b)


def given_(**options: Any) -> dict[str, Any]:
    """Return those keyword parameters that say something."""
    return {name: value for name, value in options.items() if value}


def snap(sock: SimSocket) -> None:
    """Break the connection of sock at both ends."""
    peer: Any = sock.peer
    sock.snap("by fault")
    peer.snap("by fault")


class Fuse(Link):
    """The link of one connection, from sock to its peer, that breaks after so many bytes more."""

    __slots__ = ("sock", "left")

    def __init__(self, sock: SimSocket, after: int) -> None:
        link = sock.link
        self.left = after
        self.sock = sock
        super().__init__(link.src, link.dst, link.terms, sock.net.network.seed)
        self.blocked = link.blocked

    def change(self, terms: Any) -> None:
        """Be like terms, and never take the quick way."""
        super().change(terms)
        self.constant = None

    def carry(self, data: bytes, now: float) -> Any:
        """Yield the pieces of data that still pass, sent at tyme now; break the connection when the last arrives."""
        network = self.sock.net.network
        passing, self.left = data[: self.left], self.left - len(data[: self.left])
        due = now
        if passing:
            for piece, due, lost in super().carry(passing, now):
                yield piece, due, lost
        if not self.left:
            network.push(max(due, self.sock.last), lambda _, sock: snap(sock), self.sock)


class Later:
    """The verbs of the simulation sim, done at tyme, in seconds; a tyme below 0 raises SimError."""

    def __init__(self, sim: Any, tyme: float) -> None:
        if not tyme >= 0.0:
            raise SimError(f"tyme must be 0 or more seconds, got {tyme!r}")
        self._sim = sim
        self._tyme = float(tyme)

    def __getattr__(self, verb: str) -> Callable[..., None]:
        if verb not in VERBS:
            raise SimError(f"there is no verb {verb!r}; there are {', '.join(VERBS)}, and do")

        def plan(*args: Any, **options: Any) -> None:
            if not self._sim._instead:
                self._sim.planned.append(Fault(self._tyme, verb, args, options))
                self.do(lambda: self._sim._befall(verb, *args, **options))

        return plan

    def do(self, function: Callable[[], Any]) -> None:
        """Have function called, without parameters, between two turns."""
        self._sim.network.push(self._tyme, lambda _, function: function(), function)


class Trouble:
    """A verb that befalls hosts by chance, again and again.

    Parameters:
        sim (Sim): the simulation. verb: of PAIRS. rate: times per second of tyme, on average.
        among: names of hosts; None: all that there are. until: tyme of the last; None: until the run ends.
        mend: seconds until it is mended, or a range to draw them from.
        serial: which trouble of sim this is, so that each has dice of its own.
    """

    def __init__(
        self,
        sim: Any,
        verb: str,
        rate: float,
        among: Sequence[str] | None,
        mend: float | tuple[float, float],
        until: float | None,
        serial: int,
    ) -> None:
        self.sim = sim
        self.verb = verb
        self.mean = 1.0 / rate
        self.among = among
        self.mend = (mend, mend) if isinstance(mend, (int, float)) else mend
        self.until = until
        self.dice = Dice(sim.seed, "trouble", serial, verb)

    def next(self, tyme: float) -> None:
        """Have it befall somebody after a while from tyme."""
        tyme += grained(self.dice.exponential(self.mean))
        if self.until is None or tyme <= self.until:
            self.sim.network.push(tyme, self.befall)

    def befall(self, _: int, __: Any) -> None:
        """Do it to somebody now, have it mended later, and go on."""
        sim = self.sim
        args = self.victims()
        if args:
            sim._befall(self.verb, *args)
            mend = PAIRS[self.verb]
            wait = grained(self.dice.uniform(*self.mend))
            if mend:
                sim.network.push(sim.network.now + wait, lambda _, args: sim._befall(mend, *args), args)
        self.next(sim.network.now)

    def victims(self) -> tuple[str, ...]:
        """Return who it is to befall; nobody when there are too few."""
        names = list(self.sim.hosts) if self.among is None else list(self.among)
        if self.verb in LONE:
            if self.among is None:
                names = [name for name in names if not self.sim.hosts[name].client]
            return (self.dice.choice(names),) if names else ()
        if len(names) < 2:
            return ()
        one = names.pop(self.dice.below(len(names)))
        return one, self.dice.choice(names)
