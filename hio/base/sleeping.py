"""Keep sleepers until they are due.

Entry      one scheduled dog
Sleepers   entries by the tyme at which they are due

Most sleepers are due some ticks ahead, and those of one tick have their turns together, so most never need to be
compared with each other: they lie in buckets as wide as the default tock, in no order, under a heap of the numbers of
those buckets that are not empty. A bucket is sorted by serial when it comes up. Only when a pass comes in the middle of
a bucket, or somebody asks for the very next tyme, that one bucket is poured into a heap, where each finds its place.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import ceil, inf, nextafter
from operator import attrgetter
from typing import Any

from .polling import Watch

TIGHT = 0  # due in every pass
ASLEEP = 1  # due at .retyme
RESTING = 2  # yielded a Watch: due when woken, or at .due
DUE = 3  # has its turn in the pass that is going on
GONE = 4  # ended or removed

RATE = 32.0  # buckets per second of tyme: one for each default tock; a power of two, so that no rounding moves a due

_SPARE = 64  # stale places that are left alone, however few are in use

bySerial = attrgetter("serial")


class Entry:
    """One scheduled dog.

    Attributes:
        dog: the running generator, or None for a sentinel that a program put in.
        send: its bound send; does nothing once the entry is GONE.
        doer: whose .done its end settles.
        serial (int): place in the order of entering.
        mode (int): TIGHT, ASLEEP, RESTING, DUE or GONE.
        retyme (float): tyme of the next turn, or of the present one while it runs. TIGHT: see Schedule.retyme.
            RESTING: that of the first pass in which it may have a turn without being woken.
        due (float): of one that is RESTING, tyme at which it is due if nothing wakes it; inf: never.
        slot (int | tuple | None): its bucket, or its item in the heap. Found elsewhere it is stale. None: nowhere.
        watch (Watch | None): what it rests on, or rested on last.
        schedule (Schedule | None): where it is scheduled; None once GONE.
    """

    __slots__ = ("dog", "send", "doer", "serial", "mode", "retyme", "due", "slot", "watch", "schedule")

    def __init__(self, schedule: Any, serial: int, dog: Any, retyme: float, doer: Any) -> None:
        self.dog = dog
        self.send = nothing if dog is None else dog.send
        self.doer = doer
        self.serial = serial
        self.mode = ASLEEP
        self.retyme = retyme
        self.due = inf
        self.slot: int | tuple[float, int, Entry] | None = None
        self.watch: Watch | None = None
        self.schedule = schedule

    def __lt__(self, other: Entry) -> bool:
        """Settle the tie of a live and a stale heap item of one entry; either order will do."""
        return False

    def __repr__(self) -> str:
        mode = ("tight", "asleep", "resting", "due", "gone")[self.mode]
        return f"<Entry {self.serial} {mode} retyme={self.retyme} {self.doer!r}>"


class Sleepers:
    """Entries by the tyme at which they are due.

    Attributes:
        buckets (dict[int, list[Entry]]): those due after (number - 1) / RATE and by number / RATE, by number.
        numbers (list[int]): heap of the numbers of the buckets.
        near (list): heap of (due, serial, entry).
        stale (int): places, in buckets and heap, of entries that have left.
        spare (int): how many may be stale before that is looked into.
    """

    __slots__ = ("buckets", "numbers", "near", "stale", "spare")

    def __init__(self) -> None:
        self.buckets: dict[int, list[Entry]] = {}
        self.numbers: list[int] = []
        self.near: list[tuple[float, int, Entry]] = []
        self.stale = 0
        self.spare = _SPARE

    def push(self, entry: Entry, due: float) -> None:
        """Keep entry, from now on only here, until tyme due; inf: do not keep it."""
        if due == inf:
            if entry.slot is not None:
                self.leave(entry)
            return
        number = ceil(due * RATE)
        if entry.slot is not None:
            if entry.slot == number and number in self.buckets:
                return  # PERF: a server that rests again until the same tymeout; 0.3 us in place of 0.8
            self.leave(entry)
        entry.slot = number
        bucket = self.buckets.get(number)
        if bucket is None:
            self.buckets[number] = [entry]
            heappush(self.numbers, number)
        else:
            bucket.append(entry)

    def leave(self, entry: Entry) -> None:
        """Keep entry no longer. Its place is stale, and swept when too many are."""
        entry.slot = None
        self.stale += 1
        if self.stale > self.spare:
            size = len(self.near) + sum(map(len, self.buckets.values()))
            if self.stale * 2 > size:
                self._sweep()
            else:
                self.spare = max(_SPARE, size // 2)

    def take(self, tyme: float) -> list[Entry]:
        """Take out those due at tyme, and return them in the order of entering."""
        x = tyme * RATE
        numbers = self.numbers
        if not numbers or numbers[0] > x:
            due: list[Entry] = []
        else:
            due = self._open(heappop(numbers)) if self.stale else self.buckets.pop(heappop(numbers))
            while numbers and numbers[0] <= x:
                due += self._open(heappop(numbers))
        if self.near or (numbers and numbers[0] < x + 1.0):
            due += self._takeNear(tyme, x + 1.0)
        if len(due) > 1:
            due.sort(key=bySerial)
        return due

    def _takeNear(self, tyme: float, x: float) -> list[Entry]:
        """Take those due at tyme out of the heap, and out of the bucket whose number is below x."""
        if self.numbers and self.numbers[0] < x:
            self._pour()
        near = self.near
        due = []
        while near and near[0][0] <= tyme:
            item = heappop(near)
            if item[2].slot is item:
                item[2].slot = None
                due.append(item[2])
            else:
                self.stale -= 1
        return due

    def soonest(self) -> float:
        """Return a tyme before which none is due, less than 1 / RATE before the next one is; inf: there is none."""
        first = nextafter((self.numbers[0] - 1) / RATE, inf) if self.numbers else inf
        near = self.near
        return near[0][0] if near and near[0][0] < first else first

    def earliest(self) -> float:
        """Return the tyme at which the next is due; inf when there is none."""
        near = self.near
        numbers = self.numbers
        while True:
            while near and near[0][2].slot is not near[0]:
                heappop(near)
                self.stale -= 1
            if not numbers or (near and near[0][0] * RATE <= numbers[0] - 1.0):
                return near[0][0] if near else inf
            self._pour()

    def _open(self, number: int) -> list[Entry]:
        """Take out the bucket of that number, without those that have left it."""
        bucket = self.buckets.pop(number)
        if self.stale:
            size = len(bucket)
            bucket = _living(bucket, number)
            self.stale -= size - len(bucket)
        return bucket

    def _pour(self) -> None:
        """Move the first bucket into the heap."""
        for entry in self._open(heappop(self.numbers)):
            due = entry.due if entry.mode == RESTING else entry.retyme
            entry.slot = item = (due, entry.serial, entry)
            heappush(self.near, item)

    def _sweep(self) -> None:
        """Drop all stale places."""
        buckets = self.buckets
        for number in self.numbers:
            buckets[number] = _living(buckets[number], number)
        self.numbers[:] = sorted(number for number in self.numbers if buckets[number])
        self.buckets = {number: buckets[number] for number in self.numbers}
        self.near[:] = sorted(item for item in self.near if item[2].slot is item)
        self.stale = 0
        self.spare = _SPARE


def _living(bucket: list[Entry], number: int) -> list[Entry]:
    """Return those that are still in bucket, which has that number; one that left and came back is in it twice."""
    return list(dict.fromkeys(entry for entry in bucket if entry.slot == number))


def nothing(_: Any) -> None:
    """Stand in for the send of a dog that is gone: whatever is sent leads nowhere."""
