"""Schedule doers, and nest schedulers.

Scheduler   what a Doist and a DoDoer share: enter, extend, remove, exit, and one turn for one deed
DoDoer      a doer that schedules doers

A root is the Doist at the top, found as the attribute .root of the tymth that everything below is wound to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from functools import partial
from inspect import isgeneratorfunction
from types import MethodType
from typing import Any

from .policing import Policy, checkPolicy, guard
from .polling import Watch
from .scheduling import Entry, Schedule, closed, nameOf
from .tasking import Doer, tempFor
from .tyming import Tymth


class Scheduler:
    """Base of the schedulers.

    Attributes:
        doers (list): the doers it was given, whether they still run or not.
        deeds (Schedule): those that run. A deque of (dog, retyme, doer) to look at, in the order of entering.
    """

    doers: list[Any]
    deeds: Any
    tock: Any
    tyme: Any
    steady: Any = True

    def enter(self, doers: Iterable[Any] | None = None, *, temp: bool | None = None) -> Any:
        """Start dogs; they have their first turn in the next pass.

        doers: those to start, as deeds in a queue of their own, which recur(deeds=) and exit(deeds=) take; None: those
        in .doers, appended to .deeds. temp: true has each use temporary resources, else each decides by its own .temp.
        Returns the queue. When one fails to start, those started before it are closed, last first, and it is raised.
        """
        deeds = self.deeds
        if doers is None:
            doers = self.doers
        else:
            deeds = Schedule(owner=self)
        self._start(list(doers), deeds, temp)
        return deeds

    def extend(self, doers: Iterable[Any]) -> None:
        """Start those of doers that are not in .doers yet, and add them there and their deeds to .deeds.

        May be called by a running doer: the new ones have their first turn in the next pass. When one fails to start,
        those started before it are closed, last first, nothing is added, and it is raised.
        """
        doers = [doer for doer in doers if doer not in self.doers]
        deeds = self.enter(doers=doers)
        self.doers.extend(doers)
        self.deeds.extend(deeds)

    def remove(self, doers: Iterable[Any]) -> None:
        """Take doers out of .doers and close their dogs, last entered first. Those not in .doers are ignored.

        May be called by a running doer. One that is itself among doers runs on to its end.
        Closes all, then raises the first exception that one of them raised.
        """
        doomed = []
        for doer in list(doers):
            if doer in self.doers:
                self.doers.remove(doer)
                doomed.append(doer)
        running = self.deeds.running
        entries = [entry for entry in self.deeds.entries.values() if entry is not running and entry.doer in doomed]
        failures = []
        for entry in reversed(entries):
            if entry.schedule is not None:  # an exit before may have removed it
                self.deeds.drop(entry)
                failures += self._close(entry.dog, entry.doer)
        if entries:
            self.hasten(self.tyme)
        if failures:
            raise failures[0]

    def exit(self, deeds: Any = None) -> None:
        """Close the dogs in deeds (None: .deeds), last entered first, until none is left but a running one.

        Closes all, then raises the first exception that one of them raised.
        """
        if deeds is None:
            deeds = self.deeds
        failures = []
        while deeds:
            dog, _, doer = deeds.pop()
            if dog is not None:  # else a sentinel
                failures += self._close(dog, doer)
        if failures:
            raise failures[0]

    def rerun(self, entry: Entry, ex: BaseException | None = None) -> bool:
        """Give entry a turn at once, at the present tyme, outside of any pass; nobody else has one, nothing ticks.

        ex: is thrown into it instead of the tyme being sent.

        What its dog yields counts only when it is a Watch, or when it rested on one; else its retyme stays as it was.
        When it raises, that takes the way it would in a pass: through the dog of each scheduler above, which aborts,
        up to the root, and out of this call. Returns False when entry is gone or running.
        """
        schedule = entry.schedule
        if schedule is None:
            return False
        root = self._root()
        if root is not None:
            root.stack.append(schedule)
        try:
            resumed: bool = schedule.resume(entry, self.tyme, ex)
            return resumed
        except BaseException as failure:
            self._failed(failure)
            return True
        finally:
            if root is not None:
                root.stack.pop()

    def hasten(self, tyme: float) -> None:
        """Be told that there is something to do at tyme, perhaps earlier than known so far."""

    def settle(self, doer: Any, value: Any) -> None:
        """Be told that the dog of doer returned value; None leaves doer.done as it is."""
        if value is not None:
            _setDone(doer, value)

    def _root(self) -> Any:
        """Return the Doist at the top; None when there is none."""
        raise NotImplementedError

    def _told(self) -> Tymth:
        """Return the tymth to start dogs with."""
        raise NotImplementedError

    def _names(self) -> list[str]:
        """Return what to call this scheduler and those above it, the root first."""
        return [nameOf(self)]

    def _namesTo(self, doer: Any) -> list[str]:
        """Return the same, and what to call doer."""
        return [*self._names(), nameOf(doer)]

    def _policy(self, doer: Any) -> Policy | None:
        """Return what is done about doer when it fails; None: it fails this scheduler."""
        return checkPolicy(getattr(doer, "policy", None))

    def _failed(self, ex: BaseException) -> None:
        """Be told that a dog raised ex in a turn of its own."""
        raise ex

    def _start(self, doers: list[Any], deeds: Schedule, temp: bool | None) -> None:
        """Start doers and put them into deeds."""
        tymth = self._told()
        root = self._root()
        entries: list[Entry] = []
        if root is not None:
            root.catch()
            root.stack.append(None)  # nothing that a doer does now belongs to a deed
        try:
            for doer in doers:
                checkDoer(doer)
                _setDone(doer, False)
                policy = self._policy(doer)
                make = partial(
                    doer,
                    tymth=tymth,
                    tock=doer.tock,
                    **tempFor(doer.do if isinstance(doer, Doer) else doer, temp or getattr(doer, "temp", None) or None),
                    **(getattr(doer, "opts", None) or {}),
                )
                dog = make() if policy is None else guard(policy, make, tymth, partial(self._namesTo, doer))
                if not hasattr(dog, "send"):
                    raise TypeError(f"doer {doer!r} returned {dog!r}, which is no generator")
                try:
                    dog.send(None)
                except StopIteration as ex:
                    self.settle(doer, ex.value)
                else:
                    entries.append(deeds.enter(dog, self.tyme, doer))
        except BaseException:
            for entry in reversed(entries):
                if entry.schedule is not None:
                    deeds.drop(entry)
                    self._close(entry.dog, entry.doer)
            raise
        finally:
            if root is not None:
                root.stack.pop()

    def _close(self, dog: Any, doer: Any) -> list[BaseException]:
        """Close dog, settle doer, and return what was raised meanwhile, for the caller to raise once all are closed."""
        try:
            self.settle(doer, closed(dog))
        except BaseException as ex:
            return [ex]
        return []

    def _pass(self, deeds: Any, tyme: float, root: Any) -> None:
        """Give those of deeds that are due at tyme their turns."""
        if not isinstance(deeds, Schedule):
            self._passPlain(deeds, tyme, root)
        elif root is None:
            deeds.run(tyme)
        else:
            root.stack.append(deeds)
            try:
                deeds.run(tyme)
            finally:
                root.stack.pop()

    def _passPlain(self, deeds: deque[Any], tyme: float, root: Any) -> None:
        """Do the same for a plain deque of triples, which keeps those left and those put in meanwhile."""
        schedule = Schedule((deed for deed in deeds if deed[0] is not None), owner=self, restful=False)
        deeds.clear()
        try:
            self._pass(schedule, tyme, root)
        finally:
            deeds.extendleft(reversed(list(schedule)))
            schedule.clear()


class DoDoer(Scheduler, Doer):
    """A doer that schedules doers, in passes of its own inside its turns.

    With a tock of 0.0, and unless recur is overridden, it rests while all its deeds sleep or rest, and costs nothing.
    """

    def __init__(self, doers: Iterable[Any] | None = None, always: bool = False, **kwa: Any) -> None:
        """Schedule doers (None: none yet); further arguments as for Doer.

        always: True keeps it running when no deed is left, so that it can be extended.
        """
        self._always = bool(always)
        self._entry: Entry | None = None  # its own deed, as of its last turn
        self._rest = Watch()
        super().__init__(**kwa)
        self._doers: list[Any] = []
        self._deeds = Schedule(owner=self)
        self.doers = [] if doers is None else checkDoers(doers)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} tyme={self.tyme} doers={len(self.doers)} deeds={len(self.deeds)}>"

    @property
    def doers(self) -> list[Any]:
        """The doers it was given. Assigning anything but a list raises TypeError."""
        return self._doers

    @doers.setter
    def doers(self, doers: list[Any]) -> None:
        if not isinstance(doers, list):
            raise TypeError(f"doers must be a list, got {doers!r}")
        self._doers = doers

    @property
    def deeds(self) -> Any:
        """The deeds that run. Assigning takes a deque of triples, whose deeds it takes over; else raises TypeError."""
        return self._deeds

    @deeds.setter
    def deeds(self, deeds: Any) -> None:
        self._deeds = asSchedule(deeds, self)
        self._awake()

    @property
    def always(self) -> bool:
        """Whether to go on when no deed is left."""
        return self._always

    @always.setter
    def always(self, always: bool) -> None:
        self._always = bool(always)
        self._awake()

    @property
    def tock(self) -> float:
        """Seconds between turns; 0.0: every pass. Assigning takes the absolute value."""
        return self._tock

    @tock.setter
    def tock(self, tock: float) -> None:
        Doer.tock.__set__(self, tock)  # type: ignore[attr-defined]
        self._awake()

    def do(
        self,
        tymth: Tymth,
        tock: float = 0.0,
        doers: Iterable[Any] | None = None,
        always: bool | None = None,
        *,
        temp: bool | None = None,
        **opts: Any,
    ) -> Generator[float, float, bool | None]:
        """Run as Doer.do does, with the doers given (None: .doers) until they are done; always (None: as it was)."""
        try:
            self.wind(tymth)
            self.tock = tock
            if doers is not None:
                self.doers = checkDoers(doers)
                self.deeds = deque()
            if always is not None:
                self.always = always
            self.enter(**tempFor(self.enter, temp or self.temp))
            recur: Any = self.recur  # either kind; see Doer.do
            if isgeneratorfunction(recur):
                self.done = yield from recur(tock=self.tock)
            else:
                restful = type(self).recur is DoDoer.recur and "recur" not in vars(self)
                while not self.done or self._always:
                    tyme = yield self._resting() if restful else self._tock
                    self.done = self.recur(tyme)
        except GeneratorExit:
            self.cease()
        except Exception as ex:
            self.abort(ex)
            raise
        else:
            self.clean()
        finally:
            self.exit()
        return self.done

    def recur(self, tyme: float, deeds: Any = None) -> Any:
        """Give each of deeds (None: .deeds) that is due at tyme a turn, and return whether none is left.

        A deed that yields a falsy tock is due again at tyme plus the tock of this DoDoer.
        """
        root = self._root()
        if root is not None:
            self._entry = root.located()
        if deeds is not None:
            self._pass(deeds, tyme, root)
            return not deeds
        schedule = self._deeds
        self._pass(schedule, tyme, root)
        return not schedule.entries

    @property
    def steady(self) -> bool:
        """Whether a deed that asks for every pass has a turn in each."""
        return not self._tock

    def hasten(self, tyme: float) -> None:
        """Be told that there is something to do at tyme: end the rest in time."""
        entry = self._rest.deed
        if entry is not None and entry.schedule is not None:
            entry.schedule.advance(entry, tyme)

    def _awake(self) -> None:
        """End the rest now."""
        tyme = self.tyme
        if tyme is not None:
            self.hasten(tyme)

    def _resting(self) -> float:
        """Return what to yield: the tock, or a Watch that says when the first deed is due.

        Below a DoDoer with a tock, a turn every pass is not quite that: it comes that tock after the last one, and so
        may miss a pass. There it does not rest, lest its deeds be early.
        """
        deeds = self._deeds
        if self._tock or deeds.tight:
            return self._tock
        schedule = None if self._entry is None else self._entry.schedule
        if schedule is None or not schedule.owner.steady:
            return self._tock
        due = deeds.due(self._root()._tock)
        self._rest.until = None if due == float("inf") else due
        return self._rest

    def _root(self) -> Any:
        return getattr(self.tymth, "root", None)

    def _told(self) -> Tymth:
        if self.tymth is None:
            raise TypeError(f"{self!r} is not wound to a tymth yet, so it cannot start doers")
        return self.tymth

    def _names(self) -> list[str]:
        schedule = None if self._entry is None else self._entry.schedule
        above: list[str] = [] if schedule is None else schedule.owner._names()
        return [*above, nameOf(self)]

    def _failed(self, ex: BaseException) -> None:
        """Raise ex where this DoDoer's own dog stands, as if it came out of its turn."""
        entry = self._entry
        schedule = None if entry is None else entry.schedule
        if entry is None or schedule is None:
            raise ex
        if not schedule.owner.rerun(entry, ex):
            raise ex


def checkDoer(doer: Any) -> Any:
    """Return doer. Raises TypeError when it is no doer: not callable, or without a tock."""
    if not callable(doer):
        raise TypeError(f"a doer must be callable, got {doer!r}")
    if not hasattr(doer, "tock"):
        raise TypeError(f"{doer!r} has no tock, so it is no doer; make it one with doify or doize")
    return doer


def checkDoers(doers: Iterable[Any]) -> list[Any]:
    """Return doers as a list of its own. Raises TypeError when one of them is no doer."""
    return [checkDoer(doer) for doer in doers]


def asSchedule(deeds: Any, owner: Any) -> Schedule:
    """Return deeds, a deque of triples, as a Schedule of owner. Raises TypeError when it is no deque."""
    if not isinstance(deeds, deque):
        raise TypeError(f"deeds must be a deque, got {deeds!r}")
    if isinstance(deeds, Schedule) and deeds.owner is owner:
        return deeds
    return Schedule(deeds, owner=owner)


def _setDone(doer: Any, done: Any) -> None:
    """Set doer.done; that of a bound method stands at its function."""
    if isinstance(doer, MethodType):
        doer.__func__.done = done  # type: ignore[attr-defined]
    else:
        doer.done = done
