"""A machine in a simulation.

Host   a name, a Net, and a Doist of its own that runs what a factory makes, paced by the clock of the simulation

Each host is what a process with a real Doist is in production: ticks on schedule, and in between, sockets that become
ready resume at once the doer that services them. Only the clock differs: between two turns it goes as far as the next
thing that happens anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from heapq import heappush
from math import inf
from typing import Any, Protocol

from ..base.doing import Doer
from ..base.running import Doist
from ..base.tyming import Tymth
from .dicing import Dice
from .failing import SimError
from .linking import GRAIN
from .netting import SimNet
from .networking import Network
from .plugging import SimPoller
from .tracing import Kind

Factory = Callable[["Host"], Any]


class Run(Protocol):
    """What a host asks of the run that it is part of: the seed of all chance, and the wall clock at tyme 0."""

    seed: Any
    epoch: float
    network: Network


class Host:
    """A machine in a simulation, handed to the factory that makes its doers.

    Attributes:
        sim (Sim): the run. network (Network): its network. name (str): its name on the network.
        net (SimNet): for its servers and clients, as net=.
        tymth: tells its tyme: its uptime clock, which a skew at its making moves and nothing later.
        clock: callable that answers the wall clock of the host in seconds since 1970, for a server's clock=.
        dice (Dice): its own chance.
        doers (list): what the factory made when the host last started.
        boots (int): times that it started.
        skewed (float): seconds by which its wall clock is off.
        client (bool): whether the run waits for it. done (bool): whether its doers are all done.
        up, paused (bool): whether it runs, and whether it gets turns.
        disk (dict): what outlives a crash; for its doers to use as they like.

    Made by Sim.host(), which tells of make, tock and skew. A make that cannot be called raises SimError.
    """

    def __init__(
        self, sim: Run, name: str, make: Factory, net: SimNet, *, client: bool, tock: float, skew: float
    ) -> None:
        if not callable(make):
            raise SimError(f"host {name!r} needs a factory, called with the host to return doers, got {make!r}")
        self.sim: Any = sim
        self.network = net.network
        self.name = name
        self.make = make
        self.net = net
        self.client = client
        self.tock = tock
        self.offset = skew
        self.skewed = skew
        self.dice = Dice(sim.seed, "host", name)
        self.disk: dict[Any, Any] = {}
        self.doers: list[Any] = []
        self.boots = 0
        self.done = False
        self.up = False
        self.paused = False
        self.completed = False  # was done at least once
        self.doist: Doist = None  # type: ignore[assignment]  # made at each start
        self.tymth: Tymth = None  # type: ignore[assignment]
        self.poller: SimPoller = None  # type: ignore[assignment]
        self._run: Generator[float | None, None, None] | None = None
        self._due = inf  # tyme of the network at which it wants its next turn
        self._graves: list[Any] = []  # runs that a crash ended: kept, so that nothing in them runs on
        net.owner = self

    def __repr__(self) -> str:
        state = "paused" if self.paused else "up" if self.up else "done" if self.done else "down"
        return f"<Host {self.name} {state} boots={self.boots} doers={len(self.doers)}>"

    @property
    def tyme(self) -> float:
        """Its tyme now, in seconds."""
        return self.tymth()

    def clock(self) -> float:
        """Return the wall clock of this host, in seconds since 1970."""
        return float(self.sim.epoch) + self.network.now + self.skewed

    def note(self, text: str) -> None:
        """Have text in the trace."""
        self.network.trace.note(self.network.now, Kind.NOTE, self.name, note=text)

    # -- its life -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the doers and start them.

        Raises SimError when it is up already, or its factory made what are no doers.
        """
        if self.up:
            raise SimError(f"host {self.name!r} is up already")
        network = self.network
        if self.net.down:
            network.revive(self.net)
        network.trace.note(network.now, Kind.START, self.name)
        self.boots += 1
        self.up = True
        self.done = False
        self.paused = False
        self.poller = SimPoller(self.net)
        self.doist = Doist(
            name=self.name, real=True, tock=self.tock, tyme=network.now + self.offset, poller=self.poller
        )
        self.tymth = self.doist.tymen()
        self.doers = asDoers(self.make(self), self)
        self._run = self.doist.turns(self.doers, clock=network.clock, shared=True)
        self._want(network.now)

    def crash(self) -> None:
        """End at once: nobody is told, nothing is closed, and what is sent here waits in vain.

        Raises SimError when it is down already.
        """
        if not self.up:
            raise SimError(f"host {self.name!r} is down already")
        self.up = False
        self.network.silence(self.net)
        self._graves.append(self._run)
        self._run = None
        self._due = inf

    @property
    def interrupted(self) -> bool:
        """Whether its Doist ended by a KeyboardInterrupt, which it takes for a wish to end quietly."""
        return not self.doist.done and not self.doist.stopped

    def finished(self) -> None:
        """Note that its doers are all done."""
        self.done = True
        self.up = False
        self._run = None
        self._due = inf

    def pause(self) -> None:
        """Give it no turns until resume(). What is sent to it still arrives, in its buffers."""
        self.paused = True

    def resume(self) -> None:
        """Give it turns again, the first at once."""
        self.paused = False
        self._want(self.network.now)

    def close(self) -> list[BaseException]:
        """Close its doers, at the end of a run, and those that crashed; return what those that did not crash raised."""
        failures: list[BaseException] = []
        run, self._run = self._run, None
        self.up = False
        if run is not None:
            try:
                run.close()
            except Exception as ex:
                failures.append(ex)
        graves, self._graves = self._graves, []
        for grave in graves:
            try:
                grave.close()
            except Exception:  # the dead may not speak
                pass
        return failures

    # -- its turns ----------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Give its doers what turns they want now. Raises whatever they raise."""
        run = self._run
        if run is None or self.paused:
            return
        poller = self.poller
        network = self.network
        early = network.now < self._due
        if poller.ready and not (early and self.doist.blind):
            poller.poll()
        if early and (self.doist.blind or not poller.woken):
            return
        wait = next(run)
        now = network.now
        if poller.woken or (poller.ready and not self.doist.blind and poller.poll()):
            due = now + GRAIN  # there is more to do, and a turn takes a little while
        elif wait is None:
            due = inf
        else:
            due = now + wait
            if due <= now and wait:  # less than a float can tell: the next tick must not be missed for ever
                due = now + GRAIN
        if due != self._due or wait == 0.0:
            self._due = due
            if due < inf:
                heappush(network.heap, (due, next(network.serial), self._fire, 0, due))

    def _want(self, due: float) -> None:
        """Have a turn at tyme due."""
        self._due = due
        self.network.push(due, self._fire, due)

    def _fire(self, _: int, due: float) -> None:
        """The tyme of a turn has come, unless it was put off."""
        if due == self._due:
            self.net.stir()


def asDoers(made: Any, host: Host) -> list[Any]:
    """Return what the factory of host made as a list: of one doer, an iterable of them, or the generator of a task.

    None makes an empty list. Raises SimError for anything else.
    """
    if isinstance(made, Generator):
        return [Task(made)]
    if made is None:
        return []
    if callable(made):
        return [made]
    if isinstance(made, Iterable):
        return list(made)
    raise SimError(f"the factory of host {host.name!r} must return doers or be a generator function; it gave {made!r}")


class Task(Doer):
    """A doer that runs dog, a generator: the body of a factory that is a generator function itself."""

    def __init__(self, dog: Generator[Any, Any, Any]) -> None:
        super().__init__()
        self.dog = dog

    def __repr__(self) -> str:
        return f"<Task {getattr(self.dog, '__qualname__', '')}>"

    def do(
        self, tymth: Tymth, *, tock: float = 0.0, temp: bool | None = None, **opts: Any
    ) -> Generator[Any, Any, bool | None]:
        """Run the generator: it yields tocks and is sent tymes. It begins in the first pass.

        tymth: what to be wound to. tock, temp, opts: as a Doist gives them; not used, for the generator knows none.
        Returns what the generator returns, as a bool; True for None.
        """
        self.wind(tymth)
        yield 0.0  # what is yielded on entering is no tock
        result = yield from self.dog
        return True if result is None else bool(result)



__all__ = ["Factory", "Host"]
