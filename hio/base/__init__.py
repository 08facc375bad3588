"""The clock and the scheduler.

tyming    tyme: who keeps it, who follows it, timers on it
doing     doers, and the Doist and DoDoers that run them
polling   readiness of sockets, and the watch that ties it to a deed
"""

from __future__ import annotations

from . import doing, polling, tyming
from .basing import State
from .doing import DoDoer, Doer, Doist, doify, doize
from .tyming import Tymee, Tymer, Tymist

__all__ = [
    "DoDoer",
    "Doer",
    "Doist",
    "State",
    "Tymee",
    "Tymer",
    "Tymist",
    "doify",
    "doing",
    "doize",
    "polling",
    "tyming",
]
