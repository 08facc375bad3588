"""Look at a schedule as at a deque.

Deed    what a program sees of an entry: dog (the running generator), retyme (its next turn), doer
Queue   the methods of a deque, over entries

A program may look at the deeds of a scheduler and meddle with them by hand. It sees triples, in the order of entering.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Self

from .sleeping import TIGHT, Entry


class Deed(NamedTuple):
    """One deed as a program sees it: what iterating or indexing a Schedule gives."""

    dog: Any
    retyme: Any  # tyme of the next turn, in seconds
    doer: Any


class Queue(deque[Any]):
    """Base of Schedule: reads like a deque of (dog, retyme, doer) and takes such triples.

    What has its turn at the moment is not in it, as it would not be in a queue. A deed that rests reads the tyme of the
    first pass in which it might have had a turn, so that a program which takes it out and puts it back only ends its
    rest. Reading costs up to O(number of deeds). Not for several threads.
    """

    entries: dict[int, Entry]
    retyme: float

    def __init__(self) -> None:
        super().__init__()

    @property
    def running(self) -> Entry | None:
        """The entry whose turn it is right now; None between turns."""
        raise NotImplementedError

    def enter(self, dog: Any, retyme: float, doer: Any) -> Entry:
        """Append a deed; return its entry."""
        raise NotImplementedError

    def drop(self, entry: Entry) -> None:
        """Take entry out."""
        raise NotImplementedError

    def _seen(self) -> list[Entry]:
        """Return the entries but the running one."""
        running = self.running
        return [entry for entry in self.entries.values() if entry is not running]

    def _deed(self, entry: Entry) -> Deed:
        """Return what a program sees of entry."""
        return Deed(entry.dog, self.retyme if entry.mode == TIGHT else entry.retyme, entry.doer)

    def __iter__(self) -> Iterator[Deed]:
        return iter([self._deed(entry) for entry in self._seen()])

    def __reversed__(self) -> Iterator[Deed]:
        return iter([self._deed(entry) for entry in reversed(self._seen())])

    def __len__(self) -> int:
        return len(self.entries) - (self.running is not None)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __contains__(self, deed: object) -> bool:
        return any(deed == other for other in self)

    def __getitem__(self, index: Any) -> Any:
        return self._deed(self._seen()[index])

    def __setitem__(self, index: Any, deed: Any) -> None:
        deeds = list(self)
        deeds[index] = deed
        self._refill(deeds)

    def __delitem__(self, index: Any) -> None:
        self.drop(self._seen()[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, deque) and list(self) == list(other)

    __hash__ = None  # like any deque

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

    # What is made of a Queue is a plain deque: no dog may be in two schedules.

    def __copy__(self) -> deque[Any]:  # type: ignore[override]
        return deque(self)

    copy = __copy__  # type: ignore[assignment]

    def __add__(self, other: deque[Any]) -> deque[Any]:  # type: ignore[override]
        return deque([*self, *other])

    def __iadd__(self, other: Iterable[Any]) -> Self:
        self.extend(other)
        return self

    def __mul__(self, count: int) -> deque[Any]:  # type: ignore[override]
        return deque(self) * count

    __rmul__ = __mul__  # type: ignore[assignment]

    def __imul__(self, count: int) -> Self:
        raise TypeError("deeds cannot be multiplied: a dog runs once")

    def __reduce__(self) -> Any:
        raise TypeError("deeds cannot be pickled: they hold running generators")

    def append(self, deed: tuple[Any, Any, Any]) -> None:
        """Enter deed, a triple, behind all others."""
        dog, retyme, doer = deed
        self.enter(dog, retyme, doer)

    def appendleft(self, deed: tuple[Any, Any, Any]) -> None:
        """Enter deed before all others. As any change of the order, it ends whatever rest there is."""
        self._refill([deed, *self])

    def extend(self, deeds: Iterable[tuple[Any, Any, Any]]) -> None:
        """Append each of deeds."""
        for deed in list(deeds):
            self.append(deed)

    def extendleft(self, deeds: Iterable[tuple[Any, Any, Any]]) -> None:
        """Enter deeds before all others, each before the one that came before it, as a deque does."""
        self._refill([*reversed(list(deeds)), *self])

    def insert(self, index: int, deed: tuple[Any, Any, Any]) -> None:
        """Enter deed before the one at index."""
        deeds = list(self)
        deeds.insert(index, deed)
        self._refill(deeds)

    def rotate(self, count: int = 1) -> None:
        """Have the last count deeds be the first ones."""
        deeds = deque(self)
        deeds.rotate(count)
        self._refill(deeds)

    def reverse(self) -> None:
        """Turn the order round."""
        self._refill(list(reversed(self)))

    def pop(self) -> Deed:  # type: ignore[override]
        """Take the deed that entered last out, and return it. Raises IndexError when there is none."""
        return self._take(reversed(self.entries.values()))

    def popleft(self) -> Deed:
        """Take the deed that entered first out, and return it. Raises IndexError when there is none."""
        return self._take(iter(self.entries.values()))

    def remove(self, deed: tuple[Any, Any, Any]) -> None:
        """Take the first deed out that equals deed. Raises ValueError when none does."""
        for entry in self._seen():
            if self._deed(entry) == deed:
                self.drop(entry)
                return
        raise ValueError(f"{deed!r} is not in the deeds")

    def clear(self) -> None:
        """Take all deeds out but the running one."""
        for entry in self._seen():
            self.drop(entry)

    def count(self, deed: object) -> int:
        """Return how many deeds equal deed."""
        return list(self).count(deed)

    def index(self, deed: Any, *bounds: int) -> int:
        """Return where deed is, in bounds (start, stop). Raises ValueError when it is not there."""
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
