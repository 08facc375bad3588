"""Small data types, timers on the machine's clocks, and logging: what everything else in hio may use.

ogler, made here once, is the Ogler of the program. Programs may assign another, so code that logs while it runs looks
it up as help.ogler each time. Importing opens no socket and no file.
"""

from . import decking, helping, hicting, ogling, timing
from .decking import Deck
from .helping import (
    NonStringIterable,
    NonStringSequence,
    Reat,
    isIterator,
    isNonStringIterable,
    isNonStringSequence,
)
from .hicting import Hict, Mict
from .timing import MonoTimer, RetroTimerError, Timer, TimerError, fromIso8601, nowIso8601, toIso8601

ogler = ogling.initOgler(prefix="hio")

__all__ = [
    "Deck",
    "Hict",
    "Mict",
    "MonoTimer",
    "NonStringIterable",
    "NonStringSequence",
    "Reat",
    "RetroTimerError",
    "Timer",
    "TimerError",
    "decking",
    "fromIso8601",
    "helping",
    "hicting",
    "isIterator",
    "isNonStringIterable",
    "isNonStringSequence",
    "nowIso8601",
    "ogler",
    "ogling",
    "timing",
    "toIso8601",
]
