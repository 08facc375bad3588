"""Deadlines: which of many connections runs out of tyme next, without looking at the others.

A deadline moves at nearly every read and write. So moving it later is one assignment to .due of the thing that
has it; only a move to before the tyme at which the thing will be looked at anyway costs a heap entry.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count
from typing import Any

Never = float("inf")


class Deadlines:
    """Things with a deadline in tyme, earliest first; ties in the order in which they were armed.

    A thing has the attributes due and check (float), both Never at first; due may be moved later by plain
    assignment, and must be moved earlier by arm. check belongs to this class.
    """

    __slots__ = ("heap", "orphans", "serial")

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Any]] = []
        self.orphans = 0  # entries of things that were forgotten, or are looked at earlier by another entry
        self.serial = count()

    def __len__(self) -> int:
        return len(self.heap)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} things={len(self.heap) - self.orphans} next={self.next()}>"

    def arm(self, thing: Any, due: float) -> None:
        """Set the deadline of thing to tyme due; Never takes it away."""
        thing.due = due
        if due < thing.check:
            before, thing.check = thing.check, due
            if before != Never:
                self.orphan()
            heapq.heappush(self.heap, (due, next(self.serial), thing))

    def expired(self, tyme: float) -> Iterator[Any]:
        """Yield each thing whose deadline is at or before tyme, and forget it."""
        heap = self.heap
        while heap and heap[0][0] <= tyme:
            check, _, thing = heapq.heappop(heap)
            if check != thing.check:  # an orphan
                self.orphans = max(0, self.orphans - 1)
                continue
            thing.check = Never
            if thing.due <= tyme:
                thing.due = Never
                yield thing
            elif thing.due != Never:
                self.arm(thing, thing.due)

    def next(self) -> float | None:
        """Tyme at which to call expired again, None when there is nothing to wait for."""
        return self.heap[0][0] if self.heap else None

    def forget(self, thing: Any) -> None:
        """Drop thing: nothing of it will expire."""
        thing.due = Never
        if thing.check != Never:
            thing.check = Never
            self.orphan()

    def orphan(self) -> None:
        """Count an entry that is of no use any more; throw them out once they are most."""
        self.orphans += 1
        if self.orphans > 64 and 2 * self.orphans > len(self.heap):
            self.heap[:] = [entry for entry in self.heap if entry[0] == entry[2].check]
            heapq.heapify(self.heap)
            self.orphans = 0

    def clear(self) -> None:
        """Forget everything; what was armed may be armed anew."""
        for _, _, thing in self.heap:
            thing.due = thing.check = Never
        self.heap.clear()
        self.orphans = 0
