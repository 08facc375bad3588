"""Deck: a queue between doers that says 'nothing there' with None instead of an exception."""

from __future__ import annotations

from collections import deque
from reprlib import recursive_repr
from typing import TypeVar

T = TypeVar("T")


class Deck(deque[T]):
    """A deque with push and pull: `Deck(iterable=(), maxlen=None)`.

    Since None stands for an empty deck it cannot be pushed. Other false values pass through.
    """

    @recursive_repr("Deck([...])")
    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"

    def push(self, elem: T | None) -> bool:
        """Append elem on the right and return True; refuse None and return False."""
        if elem is None:
            return False
        self.append(elem)
        return True

    def pull(self, emptive: bool = True) -> T | None:
        """Remove the leftmost element and return it.

        On an empty deck: return None if emptive, else raise IndexError.
        """
        if emptive and not self:
            return None
        return self.popleft()
