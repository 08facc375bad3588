"""Hold the deeds of one scheduler and give each its turn.

Deed      what a program sees of an entry: dog (the running generator), retyme (its next turn), doer
Entry     one scheduled dog as the schedule keeps it
Schedule  the deeds of a Doist or DoDoer: a deque to look at, a tight list and a heap inside

A pass gives every dog that is due one turn, in the order of entering. A dog that yields a falsy tock is due in every
pass: it stays in the tight list, where a turn costs one call. A dog that yields seconds sleeps in a heap. A dog that
yields a Watch rests: in the heap until watch.until, or nowhere when that is None, and costs nothing until it is woken.

Knows generators and tyme; no doer, no clock of the machine, no socket.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from heapq import heapify, heappop, heappush
from math import inf
from operator import attrgetter
from types import GeneratorType
from typing import Any, NamedTuple

from .polling import Watch

Dog = Generator[Any, Any, Any]

TIGHT = 0  # due in every pass
ASLEEP = 1  # due at .retyme
RESTING = 2  # yielded a Watch: due when woken, or at watch.until
DUE = 3  # taken out of the heap by the pass that is going on
GONE = 4  # ended or removed

_SPARE = 64  # stale heap items that are left alone before their share counts

_serial = attrgetter("serial")


class Deed(NamedTuple):
    """One deed as a program sees it: what iterating or indexing a Schedule gives."""

    dog: Any
    retyme: Any  # tyme of the next turn, in seconds
    doer: Any


class Entry:
    """One scheduled dog.

    Attributes:
        dog: the running generator, or None for a sentinel that a program put in.
        send: its bound send; does nothing once the entry is GONE.
        doer: whose .done its end settles.
        serial (int): place in the order of entering.
        mode (int): TIGHT, ASLEEP, RESTING, DUE or GONE.
        retyme (float): tyme of the next turn, or of the present one while it runs; TIGHT: see Schedule.retyme.
        item (tuple | None): its live item in the heap. Others there that name this entry are stale.
        watch (Watch | None): what it rests on, or rested on last.
        schedule (Schedule | None): where it is scheduled; None once GONE.
    """

    __slots__ = ("dog", "send", "doer", "serial", "mode", "retyme", "item", "watch", "schedule")

    def __init__(self, schedule: Schedule, serial: int, dog: Any, retyme: float, doer: Any) -> None:
        self.dog = dog
        self.send = _nothing if dog is None else dog.send
        self.doer = doer
        self.serial = serial
        self.mode = ASLEEP
        self.retyme = retyme
        self.item: tuple[float, int, Entry] | None = None
        self.watch: Watch | None = None
        self.schedule: Schedule | None = schedule

    def __lt__(self, other: Entry) -> bool:
        """Settle the tie of a live and a stale heap item of one entry; either order will do."""
        return False

    def __repr__(self) -> str:
        mode = ("tight", "asleep", "resting", "due", "gone")[self.mode]
        return f"<Entry {self.serial} {mode} retyme={self.retyme} {self.doer!r}>"


class Schedule(deque[Any]):
    """The deeds of one scheduler, in the order of entering.

    Reads like a deque of (dog, retyme, doer) and takes such triples, so that a program may look at it and meddle by
    hand; each such call costs up to O(number of deeds). What runs at the moment is not in it, as it would not be in a
    queue. A deed that rests reads the retyme that the tock of its Watch would have given it.

    Attributes:
        owner: the scheduler whose deeds these are; has .tock, .hasten(tyme) and .settle(doer, value).
        entries (dict[int, Entry]): all that are not GONE, by serial, in order.
        tight (list[Entry]): those due in every pass, in order.
        heap (list): (due, serial, entry) of sleepers, and of resting ones with an .until; some stale.
        retyme (float): tyme from which on the tight ones are due: that of the last pass plus the owner's tock.
    """

    def __init__(self, deeds: Iterable[tuple[Any, Any, Any]] = (), *, owner: Any, restful: bool = True) -> None:
        """Hold deeds for owner. Not restful: take a Watch for its tock, as for a queue that lasts one pass only."""
        super().__init__()
        self.owner = owner
        self.restful = restful
        self.entries: dict[int, Entry] = {}
        self.tight: list[Entry] = []
        self.heap: list[tuple[float, int, Entry]] = []
        self.retyme = -inf
        self.stale = 0
        self._holes = 0
        self._next = 0  # serial of the next entry
        self._batch: list[Entry] | None = None  # whose turns the pass that is going on gives
        self._turns: Any = None  # the list iterator over it
        self._fresh: list[Entry] = []  # those of the batch that were not tight before
        self._tyme = -inf  # of the pass that is going on
        self._thinned = False  # an entry left the tight list in mid-pass
        self._lone: Entry | None = None  # what resume() runs
        self.extend(deeds)

    # What a pass does

    def run(self, tyme: float) -> None:
        """Give every deed that is due at tyme one turn, in the order of entering.

        Raises whatever a dog raises; its entry is gone then and the others keep their places.
        """
        if self._batch is not None:
            raise RuntimeError(f"{self.owner!r} is in the middle of a pass: recur was called from within a doer's turn")
        heap = self.heap
        fresh = self._due(tyme) if heap and heap[0][0] <= tyme else []
        ready = self.retyme <= tyme
        batch = _merged(self.tight, fresh) if ready else fresh[:]
        if not batch:
            if ready:
                self.retyme = tyme + self.owner.tock
            return
        self._fresh = fresh
        self._batch = batch
        self._turns = turns = iter(batch)
        self._tyme = tyme
        entry = None
        try:
            while True:
                try:
                    for entry in turns:  # PERF: as bare as a switch gets; 25 ns, the generator's own part included
                        if tock := entry.send(tyme):
                            self._yielded(entry, tock, tyme)
                    break
                except StopIteration as ex:
                    self._ended(entry, ex.value)
        except BaseException:
            self._broken(entry, tyme)
            raise
        else:
            self._settle(tyme, ready)
        finally:
            self._batch = self._turns = None

    def _due(self, tyme: float) -> list[Entry]:
        """Take those due at tyme out of the heap, and return them in the order of entering."""
        heap = self.heap
        due = []
        while heap and heap[0][0] <= tyme:
            item = heappop(heap)
            entry = item[2]
            if entry.item is item:
                entry.item = None
                if entry.mode == RESTING:
                    entry.retyme = item[0]
                entry.mode = DUE
                due.append(entry)
            else:
                self.stale -= 1
        if len(due) > 1:
            due.sort(key=_serial)
        return due

    def _settle(self, tyme: float, ready: bool) -> None:
        """End a pass: those that yielded a falsy tock are due in every pass from now on."""
        again = tyme + self.owner.tock
        fresh = [entry for entry in self._fresh if entry.mode == DUE]
        if self._thinned:
            self._thinned = False
            self.tight = [entry for entry in self.tight if entry.mode == TIGHT]
        if ready or not self.tight:
            self.retyme = again
            if fresh:
                for entry in fresh:
                    entry.mode = TIGHT
                self.tight = _merged(self.tight, fresh)
        else:  # the tight ones have another retyme: the clock was set back, or tock is long
            for entry in fresh:
                self._sleep(entry, again)

    def _broken(self, entry: Entry | None, tyme: float) -> None:
        """End a pass in which entry raised: who had a turn waits for the next tyme, who had none is still due."""
        batch: list[Entry] = self._batch or []
        again = tyme + self.owner.tock
        left = self._turns.__length_hint__()
        if entry is not None and entry.mode != GONE and not _suspended(entry.dog):
            self.drop(entry)
        for index, other in enumerate(batch):
            if index < len(batch) - left:
                if other.mode <= DUE and other.mode in (TIGHT, DUE):
                    self._sleep(other, again)
            elif other.mode == DUE:
                self._sleep(other, other.retyme)
        self._thinned = False
        self.tight = [other for other in self.tight if other.mode == TIGHT]

    def _yielded(self, entry: Entry, tock: Any, tyme: float) -> None:
        """Place entry anew, whose turn in a pass yielded tock."""
        mode = entry.mode
        if mode == DUE and tock.__class__ is float and tock > 0.0:  # PERF: the common sleeper, in line
            entry.retyme = retyme = entry.retyme + tock
            entry.mode = ASLEEP
            entry.item = item = (retyme, entry.serial, entry)
            heappush(self.heap, item)
            return
        if mode == TIGHT:
            entry.retyme = self.retyme
            self._thinned = True
        if isinstance(tock, Watch):
            if self.restful:
                self._rest(entry, tock, tyme + self.owner.tock)
                return
            tock = tock.__float__()
            if not tock:  # such a schedule lasts one pass, so all its entries are DUE and may stay so
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
        self._push(entry, due)

    def _rest(self, entry: Entry, watch: Watch, again: float) -> None:
        """Have entry rest until watch is woken, or tyme watch.until, but not before again."""
        watch.owner = self.owner
        watch.deed = entry
        entry.watch = watch
        entry.mode = RESTING
        tock = watch.__float__()
        entry.retyme = entry.retyme + tock if tock else again
        if watch.until is not None:
            self._push(entry, max(again, self._after(entry, watch.until, 0.0)))

    def _push(self, entry: Entry, due: float) -> None:
        """Put entry into the heap; what stood there for it is stale now."""
        if entry.item is not None:
            self._spoil(entry)
        entry.item = item = (due, entry.serial, entry)
        heappush(self.heap, item)

    def _spoil(self, entry: Entry) -> None:
        """Make entry's heap item stale, and sweep the heap when half of it is."""
        entry.item = None
        self.stale += 1
        heap = self.heap
        if self.stale > _SPARE and self.stale * 2 > len(heap):
            heap[:] = [item for item in heap if item[2].item is item]
            heapify(heap)
            self.stale = 0

    # What happens to one entry

    def enter(self, dog: Any, retyme: float, doer: Any) -> Entry:
        """Append a deed that is due at tyme retyme, at the next pass at the earliest; return its entry."""
        entry = Entry(self, self._next, dog, retyme, doer)
        self._next += 1
        self.entries[entry.serial] = entry
        if dog is not None:
            self._push(entry, retyme)
            self.owner.hasten(retyme)
        return entry

    def drop(self, entry: Entry) -> None:
        """Take entry out, whatever it is doing. Its dog is left as it is."""
        if entry.mode == GONE:
            return
        if entry.item is not None:
            self._spoil(entry)
        if entry.mode == TIGHT:
            if self._batch is not None:
                self._thinned = True
            else:
                del self.tight[bisect_left(self.tight, entry.serial, key=_serial)]
        if entry.watch is not None and entry.watch.deed is entry:
            entry.watch.owner = entry.watch.deed = None
        entry.watch = None
        entry.mode = GONE
        entry.schedule = None
        entry.send = _nothing
        self._forget(entry.serial)

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

    def resume(self, entry: Entry, tyme: float, ex: BaseException | None = None) -> bool:
        """Give entry a turn of its own at tyme, outside of any pass, or throw ex into it.

        What it yields counts only if it was or goes to rest; else its retyme stays. Raises whatever the dog raises;
        entry is gone then. Returns False, with nothing done, when entry is running already.
        """
        if self.running is entry or getattr(entry.dog, "gi_running", False):
            return False
        lone, self._lone = self._lone, entry
        try:
            tock = entry.send(tyme) if ex is None else entry.dog.throw(ex)
        except StopIteration as stop:
            self._lone = lone
            self._ended(entry, stop.value)
            self.owner.hasten(tyme)  # whoever has no deeds left has to end
        except BaseException:
            self.drop(entry)
            raise
        else:
            self._resumed(entry, tock, tyme)
        finally:
            self._lone = lone
        return True

    def _resumed(self, entry: Entry, tock: Any, tyme: float) -> None:
        """Place entry anew, whose turn of its own yielded tock."""
        mode = entry.mode
        if isinstance(tock, Watch) and self.restful:
            if mode == GONE:
                return
            if entry.item is not None:
                self._spoil(entry)
            if mode == TIGHT:
                entry.retyme = self.retyme
                if self._batch is None:
                    del self.tight[bisect_left(self.tight, entry.serial, key=_serial)]
                else:
                    self._thinned = True
            self._rest(entry, tock, tyme)
            if tock.until is not None:
                self.owner.hasten(tock.until)
        elif mode == RESTING:  # it has had enough of rest
            due = self._after(entry, tyme, tock) if tock else tyme + self.owner.tock
            self._sleep(entry, due)
            self.owner.hasten(due)

    def advance(self, entry: Entry, tyme: float) -> None:
        """Have an entry that rests be due at tyme, if that is earlier than it would be.

        During a pass at that tyme, an entry behind the running one gets its turn in this very pass.
        """
        watch = entry.watch
        if entry.mode != RESTING or watch is None or (watch.until is not None and watch.until <= tyme):
            return
        tyme = max(tyme, entry.retyme)  # which is later only when the clock was set back
        watch.until = tyme
        if self._batch is not None and tyme <= self._tyme and entry.serial > self._reached():
            if entry.item is not None:
                self._spoil(entry)
            entry.retyme = tyme
            entry.mode = DUE
            if self._batch is self.tight:
                self._thinned = True
            self._fresh.append(entry)
            self._fresh.sort(key=_serial)
            insort(self._batch, entry, key=_serial)
        else:
            self._push(entry, tyme)
            self.owner.hasten(tyme)

    def _reached(self) -> float:
        """Serial of the entry whose turn the pass has come to."""
        batch: list[Entry] = self._batch or []
        index = len(batch) - self._turns.__length_hint__() - 1
        return batch[index].serial if index >= 0 else -inf

    def _ended(self, entry: Entry | None, value: Any) -> None:
        """Settle entry, whose dog returned value."""
        assert entry is not None
        self.drop(entry)
        self.owner.settle(entry.doer, value)

    @property
    def running(self) -> Entry | None:
        """The entry whose turn it is right now; None between turns."""
        if self._lone is not None:
            return self._lone
        if self._batch is None:
            return None
        index = len(self._batch) - self._turns.__length_hint__() - 1
        entry = self._batch[index] if index >= 0 else None
        return None if entry is None or entry.mode == GONE else entry

    def due(self) -> float:
        """Tyme from which on a pass has something to do; inf: never, of what is known now."""
        heap = self.heap
        while heap and heap[0][2].item is not heap[0]:
            heappop(heap)
            self.stale -= 1
        first = heap[0][0] if heap else inf
        return min(self.retyme, first) if self.tight else first

    # What a deque offers

    def _seen(self) -> list[Entry]:
        """Return the entries but the running one."""
        running = self.running
        return [entry for entry in self.entries.values() if entry is not running]

    def _deed(self, entry: Entry) -> Deed:
        """Return what a program sees of entry."""
        retyme = entry.retyme
        if entry.mode == TIGHT or (entry.mode == RESTING and not float(entry.watch or 0.0)):
            retyme = self.retyme
        return Deed(entry.dog, retyme, entry.doer)

    def __iter__(self) -> Iterator[Deed]:
        return iter([self._deed(entry) for entry in self._seen()])

    def __reversed__(self) -> Iterator[Deed]:
        return iter([self._deed(entry) for entry in reversed(self._seen())])

    def __len__(self) -> int:
        running = self.running
        return len(self.entries) - (running is not None and running.mode != GONE)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __contains__(self, deed: object) -> bool:
        return any(deed == other for other in self)

    def __getitem__(self, index: Any) -> Any:
        return self._deed(self._seen()[index])

    def __setitem__(self, index: Any, deed: tuple[Any, Any, Any]) -> None:
        deeds = list(self)
        deeds[index] = deed
        self._refill(deeds)

    def __delitem__(self, index: Any) -> None:
        self.drop(self._seen()[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, deque) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # like any deque

    def __lt__(self, other: deque[Any]) -> bool:
        return list(self) < list(other)

    def __le__(self, other: deque[Any]) -> bool:
        return list(self) <= list(other)

    def __gt__(self, other: deque[Any]) -> bool:
        return list(self) > list(other)

    def __ge__(self, other: deque[Any]) -> bool:
        return list(self) >= list(other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"

    def __copy__(self) -> deque[Any]:
        return deque(self)

    copy = __copy__

    def __add__(self, other: deque[Any]) -> deque[Any]:
        return deque([*self, *other])

    def __iadd__(self, other: Iterable[Any]) -> Schedule:  # type: ignore[override,misc]
        self.extend(other)
        return self

    def __mul__(self, count: int) -> deque[Any]:  # type: ignore[override]
        return deque(self) * count

    __rmul__ = __mul__

    def __imul__(self, count: int) -> Schedule:  # type: ignore[override,misc]
        raise TypeError("deeds cannot be multiplied: a dog runs once")

    def __reduce__(self) -> Any:
        raise TypeError("deeds cannot be pickled: they hold running generators")

    def append(self, deed: tuple[Any, Any, Any]) -> None:
        dog, retyme, doer = deed
        self.enter(dog, retyme, doer)

    def appendleft(self, deed: tuple[Any, Any, Any]) -> None:
        self._refill([deed, *self])

    def extend(self, deeds: Iterable[tuple[Any, Any, Any]]) -> None:
        for deed in list(deeds):
            self.append(deed)

    def extendleft(self, deeds: Iterable[tuple[Any, Any, Any]]) -> None:
        self._refill([*reversed(list(deeds)), *self])

    def insert(self, index: int, deed: tuple[Any, Any, Any]) -> None:
        deeds = list(self)
        deeds.insert(index, deed)  # type: ignore[arg-type]
        self._refill(deeds)

    def rotate(self, count: int = 1) -> None:
        deeds = deque(self)
        deeds.rotate(count)
        self._refill(deeds)

    def reverse(self) -> None:
        self._refill(list(reversed(self)))

    def pop(self) -> Deed:  # type: ignore[override]
        return self._take(reversed(self.entries.values()))

    def popleft(self) -> Deed:
        return self._take(iter(self.entries.values()))

    def remove(self, deed: tuple[Any, Any, Any]) -> None:
        for entry in self._seen():
            if self._deed(entry) == deed:
                self.drop(entry)
                return
        raise ValueError(f"{deed!r} is not in the deeds")

    def clear(self) -> None:
        for entry in self._seen():
            self.drop(entry)

    def count(self, deed: object) -> int:
        return list(self).count(deed)  # type: ignore[arg-type]

    def index(self, deed: Any, *bounds: int) -> int:  # type: ignore[override]
        return list(self).index(deed, *bounds)

    def _take(self, entries: Iterator[Entry]) -> Deed:
        """Take the first of entries that is not running, and return it."""
        running = self.running
        for entry in entries:
            if entry is not running:
                deed = self._deed(entry)
                self.drop(entry)
                return deed
        raise IndexError("pop from empty deeds")

    def _refill(self, deeds: Iterable[tuple[Any, Any, Any]]) -> None:
        """Hold deeds in place of all that are not running; whatever rested is awake."""
        deeds = list(deeds)
        self.clear()
        self.extend(deeds)


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


def _merged(some: list[Entry], others: list[Entry]) -> list[Entry]:
    """Return both, each in the order of entering, as one list in that order: some itself when others is empty."""
    if not others:
        return some
    if len(others) * 8 < len(some):
        merged = some[:]
        for entry in others:
            insort(merged, entry, key=_serial)
        return merged
    return sorted(some + others, key=_serial)


def _suspended(dog: Any) -> bool:
    """Whether dog is a generator that stands at a yield, so that it has to be closed some time."""
    return getattr(dog, "gi_frame", None) is not None


def _nothing(_: Any) -> None:
    """Stand in for the send of a dog that is gone."""
