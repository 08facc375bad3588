"""The clock and the scheduler.

Programs need the front doors alone: tyming, doing, filing. Each line rests on those above it:

tyming                   tyme: who keeps it, who follows it, timers on it
polling                  readiness of sockets, and the Watch that ties it to a deed
tasking                  Doer: a task as hooks; a task made of a generator
sleeping, queueing       deeds by the tyme at which they are due; a schedule looked at as a deque
scheduling               Schedule: the deeds of one scheduler, and a turn for each
policing                 what is done about a doer that fails
nesting                  DoDoer, and what it shares with the Doist
awaiting, interrupting   a wait in asyncio; signals that end a run
waiting                  waits between the turns of a run
running                  Doist: turns the clock
basing, exampling        doers to learn from and to test with
doing                    the front door: all kinds of doers, and the Doist
filing                   a directory or file with a name, and the doer that opens and closes it
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
