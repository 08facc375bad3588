"""Run hosts on a simulated network from one seed.

Sim        the scenario runner: hosts, links, faults, properties, and the run
Property   what must always hold, or come to hold in time
run        runs a scenario, a function that takes a Sim, under a seed

    def scenario(sim):
        sim.host("server", makeServerDoers)  # called with the Host at each of its starts; returns doers
        sim.client("client", makeClientDoer)  # the run ends when the doers of all clients are done
        sim.link("client", "server", latency=(0.01, 0.05))
        sim.at(1.0).partition("client", "server")
        sim.at(3.0).repair("client", "server")
        sim.run(limit=60.0)

    scenario(Sim(seed=7))
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from heapq import heappop
from math import inf
from typing import Any

from ..base.tyming import Tymist
from .dicing import Dice
from .failing import LeakError, SimError, SimFailure
from .faulting import Faults
from .guarding import Guard, Stuck, Watchdog
from .hosting import Factory, Host
from .linking import GRAIN, Terms
from .netting import SimNet
from .networking import Network
from .tracing import Event, Kind, Trace
from .watching import Oracles, Violation

#: Wall clock of a simulation at tyme 0: 2020-01-01T00:00:00Z, in seconds since 1970.
EPOCH = 1_577_836_800.0
#: Turns that a run may take, so that one that gets nowhere ends: some minutes of work.
TURNS = 10_000_000
#: Seconds of CPU that one turn may take.
PATIENCE = 20.0
#: Turns that may pass without tyme going on by more than this many GRAINs each: what spins spins in vain.
SPIN = 100_000


class Property:
    """What must always hold, or come to hold in time.

    Attributes:
        name (str): for people. predicate: callable without parameters.
        due (float | None): tyme by which it must have held; None: it must always hold.
        held (bool): whether it holds so far (always), or did once (eventually).
        tyme (float | None): when it was decided: broken or fulfilled.
    """

    def __init__(self, name: str, predicate: Callable[[], Any], due: float | None) -> None:
        self.name = name
        self.predicate = predicate
        self.due = due
        self.held = due is None
        self.tyme: float | None = None

    def __repr__(self) -> str:
        return f"<Property {self}>"

    def __str__(self) -> str:
        if self.due is None:
            state = "holds" if self.tyme is None else f"broken at {self.tyme:.6f}"
            return f"always {self.name}: {state}"
        state = f"fulfilled at {self.tyme:.6f}" if self.held else "not yet" if self.tyme is None else "not in time"
        return f"eventually {self.name}, by {self.due:.6f}: {state}"


class Sim(Faults):
    """A simulation: set it up, then run() it, once.

    Parameters:
        seed (int | str): what every chance comes from. The same seed gives the same run.
        tock (float): seconds between the ticks of the hosts, unless they are given their own; None: that of a Doist.
        epoch (float): wall clock at tyme 0, in seconds since 1970.
        turns (int): most turns of hosts in the run.
        patience (float): seconds of CPU after which a turn that has not ended is ended; 0.0: never.
        events (int): events that the trace keeps at least; None: all. The digest counts all in any case.
        guard (bool): serve clocks and chance of the machine from tyme and seed while the run goes on, and raise where
            code under test reaches for a socket, thread, process or sleep of the real world.
        allow (tuple): of "socket", "thread", "process", "sleep": what it may reach for nonetheless.
        oracles (bool): watch every connection for what HTTP and WSGI forbid; see Oracles.
        terms: what links are like unless told otherwise; see Terms: latency, bandwidth, loss, split.

    Attributes:
        hosts (dict[str, Host]): by name, in the order in which they were made.
        network (Network): their network. trace (Trace): what happened.
        properties (list[Property]): in the order in which they were stated.
        taken (int): turns so far.
        running (Host | None): whose turn it is.
        failure (SimFailure | None): how the run failed.
        ran (bool): whether the run has begun. oracles (Oracles | None): who watch it.
    """

    def __init__(
        self,
        seed: int | str = 0,
        *,
        tock: float | None = None,
        epoch: float = EPOCH,
        turns: int = TURNS,
        patience: float = PATIENCE,
        events: int | None = Trace.Limit,
        guard: bool = True,
        allow: tuple[str, ...] = (),
        oracles: bool = True,
        **terms: Any,
    ) -> None:
        super().__init__()
        self.seed = seed
        self.tock = Tymist.Tock if tock is None else tock
        self.epoch = float(epoch)
        self.turns = turns
        self.patience = patience
        self.network = Network(seed, Trace(events), Terms().but(**terms))
        self.network.loose = False
        self.hosts: dict[str, Host] = {}
        self.properties: list[Property] = []
        self.dice = Dice(seed, "scenario")
        self.taken = 0
        self.running: Host | None = None
        self.failure: SimFailure | None = None
        self.ran = False
        self.guard = Guard(self, allow) if guard else None
        self.oracles = Oracles(self) if oracles else None
        self.order: Callable[[Network, float], None] | None = None  # settles what is due at the same tyme
        self._clients = False  # whether there are any
        self._waiting = 0  # those that are not done
        self._unsettled = True  # something happened by which the run may be over
        self._leak: tuple[Host | None, LeakError] | None = None
        self._open: list[Property] = []  # properties that are not decided
        self._calm = (0, 0.0)  # turns taken when the watchdog last looked, and the tyme then
        self._bark = min(SPIN, turns)  # turns after which it looks again

    def __repr__(self) -> str:
        return f"<Sim seed={self.seed!r} tyme={self.tyme} hosts={list(self.hosts)} turns={self.taken}>"

    @property
    def tyme(self) -> float:
        """Tyme of the network in seconds: 0.0 at the start."""
        return self.network.now

    @property
    def trace(self) -> Trace:
        """What happened so far."""
        return self.network.trace

    # -- setting up ---------------------------------------------------------------------------------------

    def host(
        self,
        name: str,
        make: Factory,
        *,
        address: str | None = None,
        tock: float | None = None,
        skew: float = 0.0,
        tx: int | None = None,
        rx: int | None = None,
        client: bool = False,
    ) -> Host:
        """Make a host of that name that runs what make makes; raises SimError for what cannot be one.

        make: called with the Host at each of its starts. Returns a doer or several; or is a generator function, whose
        body is then the one doer: it yields tocks and is sent tymes.
        address: IPv4 address; None: one of 10.0.0.0/8. tock: seconds between ticks; None: that of the simulation.
        skew: seconds by which its tyme and its wall clock are ahead of the others'.
        tx, rx: bytes that send and receive buffers of its sockets hold; None: as Linux begins with.
        client: whether the run waits until its doers are done.
        """
        sizes = {name: size for name, size in (("tx", tx), ("rx", rx)) if size is not None}
        if any(size < 1 for size in sizes.values()):
            raise SimError(f"buffers of host {name!r} must hold at least 1 byte, got {sizes}")
        net = SimNet(name, self.network, address, **sizes)
        host = Host(self, name, make, net, client=client, tock=self.tock if tock is None else tock, skew=skew)
        self.hosts[name] = host
        return host

    def client(self, name: str, make: Factory, **kwa: Any) -> Host:
        """Make a host by name, make and kwa as host() does, and return it; the run ends when all such are done."""
        return self.host(name, make, client=True, **kwa)

    def always(self, name: str, predicate: Callable[[], Any]) -> None:
        """State, by this name, that predicate() is true after every turn, from now on."""
        self._state(Property(name, predicate, None))

    def eventually(self, name: str, predicate: Callable[[], Any], *, within: float) -> None:
        """State that predicate() is true after some turn at most within (more than 0) seconds from now.

        name: for reports. Looked at until it is; a run that would end before goes on. Another within raises SimError.
        """
        if not within > 0.0:
            raise SimError(f"within must be seconds, more than 0, got {within!r} for {name!r}")
        one = Property(name, predicate, self.network.now + within)
        self._state(one)
        self.network.push(self.network.now + within, self._late, one)

    def note(self, text: str) -> None:
        """Have text in the trace."""
        self.trace.note(self.network.now, Kind.NOTE, note=text)

    def _state(self, one: Property) -> None:
        self.properties.append(one)
        self._open.append(one)

    # -- the run ------------------------------------------------------------------------------------------

    def run(self, limit: float | None = None) -> Sim:
        """Run until the doers of all clients are done, and every eventually() is decided; return self.

        limit: tyme in seconds at which it ends at the latest; None: none. With clients, that is a failure.
        Without any client the run ends at limit, or when nothing can happen any more.

        Raises SimFailure, with the trace's tail, when a doer raised, a property did not hold, the limit came, nothing
        can happen any more though clients are not done, or the watchdog barked. Raises SimError for a scenario that
        cannot be: an unknown host, a second run.
        """
        if self.ran:
            raise SimError("a Sim runs once; make another one")
        self._check(limit)
        self.ran = True
        try:
            with self.guard or nullcontext(), Watchdog(self, self.patience):
                self._play(inf if limit is None else limit)
        except SimFailure as failure:
            self.failure = failure
            raise
        return self

    def _check(self, limit: float | None) -> None:
        """Raise SimError for what a scenario cannot mean."""
        if limit is not None and not limit > 0.0:
            raise SimError(f"limit must be seconds of tyme, more than 0, got {limit!r}")
        for fault in self.planned:
            for name in names(fault.args):
                try:
                    self.network.named(name)
                except SimError as ex:
                    raise SimError(f"{fault}: {ex}") from None
        if not self.hosts:
            raise SimError("there is no host to run")

    def _play(self, limit: float) -> None:
        """Start the hosts, run, and close."""
        failure: BaseException | None = None
        try:
            for host in list(self.hosts.values()):
                self._waiting += host.client
            self._clients = self._waiting > 0
            for host in list(self.hosts.values()):
                self._boot(host)
            self._loop(limit)
        except (SimFailure, SimError) as ex:
            failure = ex
            raise
        except Exception as ex:  # neither a doer's nor a property's: that of a function given to at().do()
            failure = ex
            self._fail("raised", f"{type(ex).__name__}: {ex} ({culprit(ex)[1]})", cause=ex)
        except BaseException as ex:
            failure = ex
            raise
        finally:
            self._close(failure)

    def _loop(self, limit: float) -> None:
        """Let happen what is due and give turns to those it happened to, until the run is over."""
        network = self.network
        heap = network.heap
        ready = network.ready
        trace = network.trace
        while True:
            while ready:
                batch = ready[:]
                ready.clear()
                for net in batch:
                    net.stirred = False
                    self._turn(net.owner)
            if trace.watched or self._open or len(trace.records) >= trace.most:
                self._look()
            if self._unsettled or not heap or heap[0][0] > limit:
                self._unsettled = False
                if self._over(limit):
                    break
            network.now = due = heap[0][0]
            if self.order is not None:
                self.order(network, due)
            while heap and heap[0][0] == due:
                _, _, act, segment, data = heappop(heap)
                act(segment, data)

    def _over(self, limit: float) -> bool:
        """Whether the run is; raise SimFailure when it cannot go on though it should."""
        if self._leak is not None:
            self._fail("leak", f"LeakError: {self._leak[1]}", host=self._leak[0], cause=self._leak[1])
        if not self._waiting and self._clients and not any(one.due is not None for one in self._open):
            return True
        heap = self.network.heap
        if not heap:
            if self._waiting:
                self._fail("deadlock", self._stall())
            return True
        if heap[0][0] <= limit:
            return False
        self.network.now = limit
        if self._waiting:
            self._fail("limit", f"the limit of {limit} s is over before {self._undone()}")
        return True

    def _turn(self, host: Host) -> None:
        """Give a host its turn."""
        self.taken += 1
        if self.taken > self._bark:
            self._watch(host)
        self.running = host
        try:
            host.turn()
        except StopIteration:
            self._ended(host)
        except (Exception, Stuck) as ex:
            self._broke(host, ex)
        self.running = None

    def _boot(self, host: Host) -> None:
        """Start a host."""
        self.running = host
        try:
            host.start()
        except (Exception, Stuck) as ex:
            self._broke(host, ex)
        self.running = None

    def _ended(self, host: Host) -> None:
        """The doers of a host are all done."""
        if host.interrupted:
            raise KeyboardInterrupt
        host.finished()
        self.trace.note(self.network.now, Kind.STOP, host.name)
        if host.client and not host.completed:
            self._waiting -= 1
            self._unsettled = True
        host.completed = True

    def _look(self) -> None:
        """Look at what is new in the trace and at the properties."""
        trace = self.network.trace
        if trace.watched or len(trace.records) >= trace.most:
            try:
                trace.tell()
            except SimFailure:
                raise
            except Exception as ex:
                self._fail("oracle", f"{type(ex).__name__}: {ex}", cause=ex)
        if not self._open:
            return
        for one in self._open[:]:
            try:
                holds = one.predicate()
            except Exception as ex:
                self._fail("raised", f"property {one.name!r} raised {type(ex).__name__}: {ex}", cause=ex)
            if one.due is None and not holds:
                one.held = False
                self._decide(one, "broken")
                self._fail("always", f"always {one.name!r} does not hold")
            elif one.due is not None and holds:
                one.held = True
                self._decide(one, "fulfilled")

    def _decide(self, one: Property, how: str) -> None:
        self._open.remove(one)
        self._unsettled = True
        one.tyme = self.network.now
        self.trace.note(self.network.now, Kind.PROPERTY, note=f"{one.name}: {how}")

    def _late(self, _: int, one: Property) -> None:
        """The tyme by which a property must have held has come."""
        if one in self._open:
            self._look()
            if one in self._open:
                self._decide(one, "not in time")
                self._fail("eventually", f"eventually {one.name!r} did not hold in time, by tyme {one.due}")

    # -- the end ------------------------------------------------------------------------------------------

    def _watch(self, host: Host) -> None:
        """See whether all those turns lead somewhere."""
        turns, tyme = self._calm
        now = self.network.now
        if self.taken > self.turns:
            self._fail("turns", f"{self.taken} turns, more than the watchdog allows", host=host)
        if now - tyme < (self.taken - turns) * 4 * GRAIN:
            spins = f"host {host.name!r} spins: {self.taken - turns} turns from tyme {tyme} to {now}"
            self._fail("stuck", spins, host=host)
        self._calm = (self.taken, now)
        self._bark = min(self.taken + SPIN, self.turns)

    def _stall(self) -> str:
        return f"nothing can ever happen again, at tyme {self.network.now}, and not done are {self._undone()}"

    def _undone(self) -> str:
        """Return the clients that are not done, and their doers that are left."""
        parts = []
        for host in self.hosts.values():
            if host.client and not host.done:
                doers = ", ".join(repr(doer) for _, _, doer in host.doist.deeds) if host.up else "down"
                parts.append(f"{'paused ' if host.paused else ''}{host.name}: {doers or 'between doers'}")
        return "; ".join(parts)

    def leaked(self, error: LeakError) -> None:
        """Be told of a leak, in case that code under test swallows the error."""
        if self._leak is None:
            self._leak = (self.running, error)
            self._unsettled = True

    def _broke(self, host: Host, ex: BaseException) -> None:
        """A doer raised."""
        if isinstance(ex, SimFailure):
            raise ex
        doer, place = culprit(ex)
        cause = "leak" if isinstance(ex, LeakError) else "stuck" if isinstance(ex, Stuck) else "raised"
        self.trace.note(self.network.now, Kind.FAIL, host.name, note=f"{type(ex).__name__}: {ex}")
        self._fail(cause, f"{type(ex).__name__}: {ex} ({place})", host=host, doer=doer, cause=ex)

    def _fail(self, kind: str, reason: str, host: Host | None = None, doer: str = "", cause: Any = None) -> None:
        """Raise a SimFailure."""
        raise SimFailure(
            kind,
            reason,
            seed=self.seed,
            tyme=self.network.now,
            turns=self.taken,
            host=host.name if host is not None else "",
            doer=doer,
            properties=[str(one) for one in self.properties],
            tail=self.trace.tail(),
            digest=self.trace.digest(),
        ) from cause

    def _close(self, failure: BaseException | None) -> None:
        """Close what still runs; the trace is over."""
        self.trace.close()
        failures: list[tuple[Host, BaseException]] = []
        for host in reversed(self.hosts.values()):
            self.running = host
            failures += [(host, ex) for ex in host.close()]
        self.running = None
        if failures and failure is None:
            host, ex = failures[0]
            self._fail("raised", f"{type(ex).__name__}: {ex}, while closing", host=host, doer=culprit(ex)[0], cause=ex)
        if self.oracles is not None and failure is None:
            try:
                self.oracles.close()
            except Violation as ex:
                self._fail("oracle", f"Violation: {ex}", cause=ex)


def run(scenario: Callable[[Sim], Any], seed: int | str = 0, **kwa: Any) -> Sim:
    """Run scenario, a function that takes a Sim, under seed; return the Sim.

    A scenario that does not call sim.run() itself is run without a limit. kwa: for Sim. Raises what run() raises.
    """
    sim = Sim(seed, **kwa)
    scenario(sim)
    if not sim.ran:
        sim.run()
    return sim


def names(args: tuple[Any, ...]) -> list[str]:
    """Return the names of hosts among args, the parameters of a verb."""
    found = []
    for arg in args:
        if isinstance(arg, str):
            found.append(arg)
        elif isinstance(arg, (list, tuple)):
            found += [name for name in arg if isinstance(name, str)]
    return found


def culprit(ex: BaseException) -> tuple[str, str]:
    """Return (doer, "file:line") of where ex was raised; the doer as its repr, "" when it is not known."""
    doer = ""
    place = ""
    trace = ex.__traceback__
    while trace is not None:
        entry: Any = trace.tb_frame.f_locals.get("entry")
        if hasattr(entry, "doer"):
            doer = repr(entry.doer)
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return doer, place


__all__ = ["EPOCH", "Event", "Property", "Sim", "run"]
