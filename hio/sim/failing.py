"""What ends a simulation before its time.

SimError     the scenario asks for what cannot be: an unknown host, a verb with the wrong parameters
LeakError    code under test reached for the real world: a socket, a thread, a process, a sleep
SimFailure   the run failed: says seed, tyme, host, doer, the state of the properties, and the trace's tail
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..hioing import HioError

if TYPE_CHECKING:
    from .tracing import Event


class SimError(HioError):
    """A scenario asks for what cannot be."""


class LeakError(SimError):
    """Code under test reached for the real world. Names the file and line that did."""


class SimFailure(HioError):
    """A run failed.

    Attributes:
        cause (str): what kind of failure, one of CAUSES, so that failures can be grouped.
        reason (str): one line that says what happened.
        seed: of the run. tyme (float): seconds from its start. turns (int): turns that hosts had.
        host, doer (str): where it happened; "" when it is nobody's in particular.
        properties (list[str]): a line for each property.
        tail (list[Event]): the last events.
        digest (str): of the trace up to here.
    """

    def __init__(
        self,
        cause: str,
        reason: str,
        *,
        seed: Any = None,
        tyme: float = 0.0,
        turns: int = 0,
        host: str = "",
        doer: str = "",
        properties: list[str] | None = None,
        tail: list[Event] | None = None,
        digest: str = "",
    ) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason
        self.seed = seed
        self.tyme = tyme
        self.turns = turns
        self.host = host
        self.doer = doer
        self.properties = properties or []
        self.tail = tail or []
        self.digest = digest

    def __str__(self) -> str:
        lines = [f"{self.reason}", f"  seed {self.seed!r}, tyme {self.tyme:.6f}, turn {self.turns}"]
        if self.host:
            lines.append(f"  host {self.host}" + (f", doer {self.doer}" if self.doer else ""))
        lines += [f"  {line}" for line in self.properties]
        if self.tail:
            lines.append("  the last events:")
            lines += [f"    {event}" for event in self.tail]
        return "\n".join(lines)


#: What SimFailure.cause may be.
CAUSES = (
    "raised",     # a doer raised
    "always",     # a property that must always hold did not
    "eventually", # a property that must come to hold did not in time
    "limit",      # the tyme was over before the clients were done
    "deadlock",   # nothing can ever happen again and the clients are not done
    "turns",      # more turns than the watchdog allows
    "stuck",      # one turn does not end, or tyme stands still
    "leak",       # the real world was reached for
    "oracle",     # somebody who watches the trace objects
)
