"""Small data types, timers on the machine's clocks, and logging: what everything else in hio may use.

lapsing, timing     what all timers have in common; the clocks of the machine, and timers on them
hicting, decking    mappings with several values a name, as header fields are; a queue between doers
pathing, placing    directories that nobody else can read or redirect; what keeps its files in one
handling, ogling    where what is logged goes; loggers
helping             small functions that belong to no one module

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
