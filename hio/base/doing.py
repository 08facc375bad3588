"""Doers and those who run them: the front door.

Doist             the root: keeps tyme and runs doers (running)
Doer, DoDoer      a task; a task that runs tasks (tasking, nesting)
doify, doize      tasks out of generator functions (tasking)
Deed              a running task in a schedule (scheduling)
End, Restart      what to do about a task that fails (policing)
ReDoer, ExDoer, TryDoer, bareDo, doifyExDo, doizeExDo, tryDo   examples (exampling)
"""

from __future__ import annotations

from .basing import State
from .exampling import ExDoer, ReDoer, TryDoer, bareDo, doifyExDo, doizeExDo, tryDo
from .nesting import DoDoer, Scheduler
from .policing import End, Policy, Restart
from .running import Doist, StallError
from .scheduling import Deed, Schedule
from .tasking import Doer, doify, doize

__all__ = [
    "Deed",
    "DoDoer",
    "Doer",
    "Doist",
    "End",
    "ExDoer",
    "Policy",
    "ReDoer",
    "Restart",
    "Schedule",
    "Scheduler",
    "StallError",
    "State",
    "TryDoer",
    "bareDo",
    "doify",
    "doifyExDo",
    "doize",
    "doizeExDo",
    "tryDo",
]
