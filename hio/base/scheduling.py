"""Hold the deeds of one scheduler and give each its turn.

Schedule  the deeds of a Doist or DoDoer: a deque to look at, a tight list and sleepers inside
closed    close a dog and learn what it returned
Failing   which doers an exception came through

A pass gives every dog that is due one turn, in the order of entering. A dog that yields a falsy tock is due in every
pass: it stays in the tight list, where a turn costs one call. A dog that yields seconds sleeps until they have passed.
A dog that yields a Watch rests until it is woken, or until watch.until. Who sleeps or rests costs a pass nothing.

Knows generators and tyme; no doer, no clock of the machine, no socket.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from heapq import heappush
from math import ceil, inf
from operator import length_hint
from types import GeneratorType
from typing import Any

from .polling import Watch
from .queueing import Deed, Queue
from .sleeping import ASLEEP, DUE, GONE, RATE, RESTING, TIGHT, Entry, Sleepers, bySerial, nothing

__all__ = ["Deed", "Entry", "Schedule", "closed"]

_SPARE = 64  # holes in a dict that are left alone before their share counts


class Schedule(Queue):
    """The deeds of one scheduler, in the order of entering.

    Attributes:
        owner: the scheduler whose deeds these are; has .tock, .hasten(tyme) and .settle(doer, value).
        restful (bool): False takes a Watch for its tock.
        entries (dict[int, Entry]): all that are not GONE, by serial, in order.
        tight (list[Entry]): those due in every pass, in order.
        sleepers (Sleepers): those due at some tyme.
        retyme (float): tyme from which on the tight ones are due: that of their last pass plus the owner's tock.
    """

    def __init__(self, deeds: Iterable[tuple[Any, Any, Any]] = (), *, owner: Any, restful: bool = True) -> None:
        """Hold deeds for owner. Not restful: as for a queue that lasts one pass only."""
        super().__init__()
        self.owner = owner
        self.restful = restful
        self.entries: dict[int, Entry] = {}
        self.tight: list[Entry] = []
        self.sleepers = Sleepers()
        self.retyme = -inf
        self._holes = 0  # in .entries
        self._next = 0  # serial of the next entry
        self._rested = False  # whether an entry ever was RESTING with an end
        self._batch: list[Entry] | None = None  # whose turns the pass that is going on gives
        self._turns: Iterator[Entry] = iter(())  # over it
        self._fresh: list[Entry] = []  # those of a batch with tight ones that were not tight before
        self._again: list[Entry] = []  # those that were not tight before and yielded a falsy tock
        self._tyme = -inf  # of the pass that is going on
        self._thinned = False  # an entry left the tight list in mid-pass
        self._lone: Entry | None = None  # what resume() runs
        self.extend(deeds)

    # A pass

    def run(self, tyme: float) -> bool:
        """Give every deed that is due at tyme one turn, in the order of entering; return whether there was one.

        Raises whatever a dog raises; its entry is gone then and the others keep their places.
        """
        if self._batch is not None:
            raise RuntimeError(f"{self.owner!r} is in the middle of a pass: recur was called from within a doer's turn")
        fresh = self.sleepers.take(tyme)
        if fresh and self._rested:
            _rouse(fresh, tyme)
        tight = self.tight
        if tight and self.retyme <= tyme:
            give = self._giveTight
            batch = self._mixed(fresh) if fresh else tight
        elif fresh:
            give = self._giveFresh
            batch = fresh
        else:
            return False
        self._batch = batch
        self._turns = iter(batch)
        self._tyme = tyme
        try:
            while give(tyme):  # again, when a dog has ended
                pass
        except BaseException as ex:
            reached = self._reached()
            if reached >= 0:
                Failing.note(ex, batch[reached].doer)
            self._broken(tyme)
            self._batch = None
            raise
        if self._again or self._thinned:
            self._settle(tyme + self.owner._tock)
        self._batch = None
        return True

    def _giveTight(self, tyme: float) -> bool:
        """Give turns to a batch of tight entries, and perhaps fresh ones between them; return whether to go on."""
        try:
            for entry in self._turns:  # PERF: as bare as a switch gets: 25 ns, the generator's own part included
                if tock := entry.send(tyme):
                    self._yielded(entry, tock, tyme)
        except StopIteration as ex:
            self._ended(entry, ex.value)
            return True
        self._again = [entry for entry in self._fresh if entry.mode == DUE]
        self._fresh = []
        self.retyme = tyme + self.owner._tock
        return False

    def _giveFresh(self, tyme: float) -> bool:
        """Give turns to a batch that has no tight entry in it; return whether to go on."""
        sleepers = self.sleepers
        buckets = sleepers.buckets
        try:
            for entry in self._turns:
                tock = entry.send(tyme)
                if type(tock) is float and tock > 0.0:
                    # PERF: the common sleeper goes to sleep in line: 0.15 us a wake-up instead of 0.35
                    entry.retyme = retyme = entry.retyme + tock
                    entry.slot = number = ceil(retyme * RATE)
                    if number in buckets:
                        buckets[number].append(entry)
                    else:
                        buckets[number] = [entry]
                        heappush(sleepers.numbers, number)
                elif tock:
                    entry.slot = None
                    self._yielded(entry, tock, tyme)
                elif entry.mode != GONE:
                    entry.slot = None
                    self._again.append(entry)
        except StopIteration as ex:
            self._ended(entry, ex.value)
            return True
        except OverflowError:
            if entry.retyme < inf:  # it was not ceil, for one that sleeps for ever
                raise
            entry.slot = None
            return True
        return False

    def _mixed(self, fresh: list[Entry]) -> list[Entry]:
        """Return the tight and the fresh ones, in the order of entering."""
        for entry in fresh:
            entry.slot = None
            entry.mode = DUE
        self._fresh = fresh
        return _merged(self.tight, fresh)

    def _settle(self, retyme: float) -> None:
        """End a pass: those that yielded a falsy tock are due at retyme, in the next pass and every one after."""
        if self._thinned:
            self._thinned = False
            self.tight = [entry for entry in self.tight if entry.mode == TIGHT]
        again, self._again = self._again, []
        if self.tight and self.retyme != retyme:  # the clock was set back, or the owner's tock is long
            for entry in again:
                self._sleep(entry, retyme)
        elif again:
            for entry in again:
                entry.mode = TIGHT
            self.tight = _merged(self.tight, again)
            self.retyme = retyme

    def _broken(self, tyme: float) -> None:
        """End a pass in which a turn raised: who had one waits for the next tyme, who had none is still due."""
        batch: list[Entry] = self._batch or []
        reached = self._reached()
        again = {entry.serial for entry in self._again}
        if reached >= 0:
            last = batch[reached]
            again.add(last.serial)
            if last.mode != GONE and getattr(last.dog, "gi_frame", None) is None:
                self.drop(last)  # else it stands at a yield of something that is no tock, and will have to be closed
        for entry in batch[: reached + 1]:
            if entry.mode in (TIGHT, DUE) or (entry.mode == ASLEEP and entry.serial in again):
                entry.slot = None
                self._sleep(entry, tyme + self.owner._tock)
        for entry in batch[reached + 1 :]:
            if entry.mode in (DUE, ASLEEP):
                entry.slot = None
                self._sleep(entry, entry.retyme)
        self._fresh = []
        self._again = []
        self._thinned = False
        self.tight = [entry for entry in self.tight if entry.mode == TIGHT]

    def _yielded(self, entry: Entry, tock: Any, tyme: float) -> None:
        """Place entry anew, whose turn in a pass yielded a truthy tock."""
        mode = entry.mode
        if mode == TIGHT:
            entry.retyme = self.retyme
            self._thinned = True
        if isinstance(tock, Watch):
            if self.restful:
                self._rest(entry, tock, tyme + self.owner._tock)
                return
            tock = float.__pos__(tock)
            if not tock:  # such a schedule lasts one pass, and all its entries are fresh
                self._again.append(entry)
                return
        self._sleep(entry, self._after(entry, entry.retyme, tock))

    def _after(self, entry: Entry, retyme: float, tock: Any) -> float:
        """Return retyme + tock. Raises ValueError or TypeError, naming the doer, for what is no tock."""
        try:
            due = float(retyme + tock)
        except (TypeError, ValueError) as ex:
            raise TypeError(f"doer {entry.doer!r} yielded {tock!r}, which is no tock in seconds") from ex
        if due != due:
            raise ValueError(f"doer {entry.doer!r} yielded {tock!r}, which is no tock in seconds")
        return due

    def _sleep(self, entry: Entry, due: float) -> None:
        """Have entry sleep until tyme due."""
        entry.retyme = due
        entry.mode = ASLEEP
        self.sleepers.push(entry, due)

    def _rest(self, entry: Entry, watch: Watch, again: float) -> None:
        """Have entry rest until watch is woken, or tyme watch.until, but unless woken not before tyme again."""
        watch.owner = self.owner
        watch.deed = entry
        entry.watch = watch
        entry.retyme = again
        until = watch.until
        due = inf
        if until is not None:
            self._rested = True
            due = until if type(until) is float and until == until else self._after(entry, until, 0.0)
            if due < again:
                due = again
        if entry.mode != RESTING or entry.due != due:  # else it lies where it belongs
            entry.mode = RESTING
            entry.due = due
            self.sleepers.push(entry, due)

    # One entry

    def enter(self, dog: Any, retyme: float, doer: Any) -> Entry:
        """Append a deed that is due at tyme retyme, at the next pass at the earliest; return its entry."""
        entry = Entry(self, self._next, dog, retyme, doer)
        self._next += 1
        self.entries[entry.serial] = entry
        if dog is not None:
            self.sleepers.push(entry, retyme)
            self.owner.hasten(retyme)
        return entry

    def drop(self, entry: Entry) -> None:
        """Take entry out, whatever it is doing. Its dog is left as it is."""
        if entry.mode == GONE:
            return
        if entry.mode == TIGHT:
            self._loosen(entry)
        elif entry.slot is not None and not self._taken(entry):
            self.sleepers.leave(entry)
        entry.slot = None
        if entry.watch is not None and entry.watch.deed is entry:
            entry.watch.owner = entry.watch.deed = None
        entry.watch = None
        entry.mode = GONE
        entry.schedule = None
        entry.send = nothing
        self._forget(entry.serial)

    def resume(self, entry: Entry, tyme: float, ex: BaseException | None = None) -> bool:
        """Give entry a turn of its own at tyme, outside of any pass, or throw ex into it.

        What it yields counts only if it was or goes to rest: seconds count from tyme, and a falsy tock means the next
        pass and every one after. Else its retyme stays. Raises whatever the dog raises;
        entry is gone then. Returns False, with nothing done, when entry is running already.
        """
        running = getattr(entry.dog, "gi_running", None)
        if running or (running is None and self.running is entry):
            return False
        lone, self._lone = self._lone, entry
        try:
            tock = entry.send(tyme) if ex is None else entry.dog.throw(ex)
        except StopIteration as stop:
            self._lone = lone
            self._ended(entry, stop.value)
            self.owner.hasten(tyme)  # whoever has no deeds left has to end
        except BaseException as failure:
            self._lone = lone
            Failing.note(failure, entry.doer)
            self.drop(entry)
            raise
        else:
            self._lone = lone
            self._resumed(entry, tock, tyme)
        return True

    def advance(self, entry: Entry, tyme: float) -> None:
        """Have an entry that rests be due at tyme, if that is earlier than it would be.

        During a pass at that tyme, an entry behind the running one gets its turn in this very pass.
        """
        tyme = max(tyme, entry.retyme)  # the latter only when the clock was set back
        if entry.mode != RESTING or entry.due <= tyme:
            return
        if self._batch is not None and tyme <= self._tyme and entry.serial > self._batch[self._reached()].serial:
            if entry.slot is not None:
                self.sleepers.leave(entry)
            entry.retyme = tyme
            entry.mode = ASLEEP
            if self.tight and self.retyme <= self._tyme:
                entry.mode = DUE
                insort(self._fresh, entry, key=bySerial)
                self._thinned = True
            insort(self._batch, entry, key=bySerial)
        else:
            entry.due = tyme
            self._rested = True
            self.sleepers.push(entry, tyme)
            self.owner.hasten(tyme)

    def due(self, tock: float) -> float:
        """Tyme before which no pass has anything to do, for one that ticks by tock; inf: never, of what is known now.

        PERF: with ticks about as wide as the sleepers' buckets or wider that is the start of a bucket, not the tyme of
        the very next sleeper: 100 that wake together need not be sorted by tyme, 0.15 us a wake-up instead of 0.6.
        """
        first = self.sleepers.soonest() if tock * RATE > 0.5 else self.sleepers.earliest()
        return min(self.retyme, first) if self.tight else first

    @property
    def running(self) -> Entry | None:
        """The entry whose turn it is right now; None between turns."""
        entry = self._lone
        if entry is None and self._batch is not None:
            reached = self._reached()
            entry = self._batch[reached] if reached >= 0 else None
        return None if entry is None or entry.mode == GONE else entry

    def _reached(self) -> int:
        """Place in the batch of the entry whose turn it is."""
        return len(self._batch or ()) - length_hint(self._turns) - 1

    def _taken(self, entry: Entry) -> bool:
        """Whether the pass that is going on took entry from the sleepers and has not put it back."""
        if self._batch is None:
            return False
        place = bisect_left(self._batch, entry.serial, key=bySerial)
        return place >= self._reached() and place < len(self._batch) and self._batch[place] is entry

    def _loosen(self, entry: Entry) -> None:
        """Take entry out of the tight list, at the end of the pass if one is going on."""
        if self._batch is not None:
            self._thinned = True
        else:
            del self.tight[bisect_left(self.tight, entry.serial, key=bySerial)]

    def _ended(self, entry: Entry, value: Any) -> None:
        """Settle entry, whose dog returned value."""
        self.drop(entry)
        self.owner.settle(entry.doer, value)

    def _resumed(self, entry: Entry, tock: Any, tyme: float) -> None:
        """Place entry anew, whose turn of its own yielded tock."""
        if isinstance(tock, Watch) and self.restful:
            if entry.mode == GONE:
                return
            if entry.mode == TIGHT:
                self._loosen(entry)
            self._rest(entry, tock, tyme)
            if entry.due != inf:
                self.owner.hasten(entry.due)
        elif entry.mode == RESTING:  # it has had enough of rest
            due = self._after(entry, tyme, tock) if tock else tyme  # the next pass comes at the present tyme
            self._sleep(entry, due)
            self.owner.hasten(due)

    def _forget(self, serial: int) -> None:
        """Take serial out of the entries, so that taking one after the other from either end stays cheap.

        A dict leaves a hole where something was deleted, and whoever looks for its first or last item walks over them.
        """
        entries = self.entries
        if next(reversed(entries)) == serial:
            entries.popitem()
            return
        del entries[serial]
        self._holes += 1
        if self._holes > _SPARE and self._holes > len(entries):
            self.entries = {entry.serial: entry for entry in entries.values()}
            self._holes = 0


class Failing:
    """Keeps with an exception which doers it came through, innermost first."""

    @staticmethod
    def note(ex: BaseException, doer: Any) -> None:
        """Note that ex came out of a turn of doer."""
        doers = ex.__dict__.setdefault("_doers", [])
        if not doers or doers[-1] is not doer:
            doers.append(doer)

    @staticmethod
    def path(ex: BaseException) -> list[str]:
        """Return the names of the doers that ex came through, outermost first, and forget them."""
        return [nameOf(doer) for doer in reversed(ex.__dict__.pop("_doers", []))]


def nameOf(doer: Any) -> str:
    """Return what to call a doer in a message: its name if it has one, else what it is."""
    name = getattr(doer, "name", None) or getattr(doer, "__name__", None)
    return name if isinstance(name, str) else type(doer).__name__


def closed(dog: Any) -> Any:
    """Close dog and return what it returned for that; None when it ended before.

    Generator.close answers that from Python 3.13 on; before, it has to be read off the StopIteration.
    Raises RuntimeError when dog goes on yielding.
    """
    if sys.version_info >= (3, 13) or not isinstance(dog, GeneratorType):
        return dog.close()
    try:
        dog.throw(GeneratorExit)
    except StopIteration as ex:
        return ex.value
    except GeneratorExit:
        return None
    raise RuntimeError("generator ignored GeneratorExit")


def _rouse(fresh: list[Entry], tyme: float) -> None:
    """Have those that rested be awake, as of tyme."""
    for entry in fresh:
        if entry.mode == RESTING:
            entry.mode = ASLEEP
            entry.retyme = tyme


def _merged(some: list[Entry], others: list[Entry]) -> list[Entry]:
    """Return both, each in the order of entering, as one list in that order."""
    if len(others) * 8 < len(some):
        merged = some[:]
        for entry in others:
            insort(merged, entry, key=bySerial)
        return merged
    return sorted(some + others, key=bySerial)
