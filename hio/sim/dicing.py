"""Chance from one seed.

Dice    a stream of draws for one named concern

Each concern (a link, a host, the faults) draws from a stream of its own, made from the seed and its name. A draw more
in one place therefore shifts no draw in another.

All draws come down to random.Random.random() of an integer seed, the one method whose sequence Python promises to keep
from version to version, and to arithmetic that IEEE 754 fixes. No logarithm or root, whose last bit depends on the
machine.
"""

from __future__ import annotations

import random
from collections.abc import MutableSequence, Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of draws for the concern that names say.

    Attributes:
        seed: what all streams of a run come from; anything with a repr that is always the same, int or str mostly.
        names (tuple): the concern.
        random: callable that returns a float from 0.0 up to, not including, 1.0.
    """

    __slots__ = ("seed", "names", "random", "_child")

    def __init__(self, seed: int | str, *names: str | int) -> None:
        self.seed = seed
        self.names = names
        digest = sha256(ascii((seed, names)).encode()).digest()
        self.random = random.Random(int.from_bytes(digest[:16], "big")).random

    def __repr__(self) -> str:
        return f"<Dice {self.seed!r} {'/'.join(map(str, self.names))}>"

    def child(self, *names: str | int) -> Dice:
        """Return the dice of a concern within this one. Takes no draw."""
        return Dice(self.seed, *self.names, *names)

    def chance(self, probability: float) -> bool:
        """Return True with probability (0.0 to 1.0)."""
        return self.random() < probability

    def uniform(self, low: float, high: float) -> float:
        """Return a float from low up to high."""
        return low + (high - low) * self.random()

    def below(self, bound: int) -> int:
        """Return an int from 0 up to, not including, bound. Raises ValueError when bound is not positive."""
        if bound < 1:
            raise ValueError(f"bound must be at least 1, got {bound!r}")
        return int(self.random() * bound)

    def between(self, low: int, high: int) -> int:
        """Return an int from low to high, both included."""
        return low + self.below(high - low + 1)

    def choice(self, things: Sequence[T]) -> T:
        """Return one of things, each as likely as the other. Raises ValueError when there is none."""
        return things[self.below(len(things))]

    def shuffle(self, things: MutableSequence[T]) -> None:
        """Bring things into any order, each as likely as the other."""
        for index in range(len(things) - 1, 0, -1):
            other = self.below(index + 1)
            things[index], things[other] = things[other], things[index]

    def exponential(self, mean: float) -> float:
        """Return a float of the exponential distribution: the wait for what happens every mean seconds on average.

        By von Neumann's method, which compares uniform draws: runs that fall an even number of times count as one unit.
        """
        draw = self.random
        units = 0
        while True:
            first = last = draw()
            falls = 0
            while (after := draw()) < last:
                last = after
                falls += 1
            if falls % 2 == 0:
                return mean * (units + first)
            units += 1

    def bytes(self, count: int) -> bytes:
        """Return count bytes."""
        draw = self.random
        return bytes([int(draw() * 256) for _ in range(count)])
