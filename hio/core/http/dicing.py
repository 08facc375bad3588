"""The default dice of the HTTP client: for what nobody should be able to guess, and for waits that should not coincide.

Whoever wants a run that can be played again hands in a random.Random of a known seed instead.
"""

from __future__ import annotations

import random
from typing import Protocol, TypeVar

T = TypeVar("T")


class Dice(Protocol):
    """What is asked of dice: the two methods of random.Random that are used here."""

    def random(self) -> float:
        """Return a number from 0.0 up to, not including, 1.0."""

    def choice(self, seq: str) -> str:
        """Return one character of seq, each as likely as the other."""


#: The dice of the operating system, shared; it has no state.
dice: Dice = random.SystemRandom()
