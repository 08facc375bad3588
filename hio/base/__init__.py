"""The clock and the scheduler.

tyming    tyme: who keeps it, who follows it, timers on it
doing     doers, and the Doist and DoDoers that run them
polling   readiness of sockets, and the watch that ties it to a deed
filing    a directory or file with a name, and the doer that opens and closes it
"""

from __future__ import annotations

from . import doing, filing, polling, tyming
from .basing import State
from .doing import DoDoer, Doer, Doist, doify, doize
from .filing import Filer, FilerDoer, openFiler
from .tyming import Tymee, Tymer, Tymist

__all__ = [
    "DoDoer",
    "Doer",
    "Doist",
    "Filer",
    "FilerDoer",
    "State",
    "Tymee",
    "Tymer",
    "Tymist",
    "doify",
    "doing",
    "doize",
    "filing",
    "openFiler",
    "polling",
    "tyming",
]
