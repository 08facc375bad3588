"""The same servers and clients on a simulated network, from one seed.

    sim = Sim(seed=7)
    sim.host("server", makeServerDoers)
    sim.client("client", makeDoer)
    sim.link("client", "server", latency=(0.01, 0.05))
    sim.at(1.0).partition("client", "server")
    sim.run(limit=60.0)

Sim, run   running.py      Host       hosting.py    Fault          faulting.py
SimNet     netting.py      Network    networking.py  Terms          linking.py
Dice       dicing.py       Oracles    watching.py    Trace, Event   tracing.py
SimFailure and its kin   failing.py              check_determinism   checking.py

Apart, to be imported from where they are: loading.py makes traffic, exploring.py tries everything within a bound,
scheming.py has Hypothesis choose faults and traffic, and shrinking.py finds the fewest faults with which a seed fails.
"""

from .checking import Divergence, check_determinism
from .dicing import Dice
from .failing import CAUSES, LeakError, SimError, SimFailure
from .faulting import PAIRS, VERBS, Fault
from .hosting import Host
from .linking import Terms, exponential, mixture
from .netting import SimNet
from .networking import Network
from .running import EPOCH, Property, Sim, run
from .tracing import Event, Kind, Trace, load
from .watching import Oracles, Violation

__all__ = [
    "CAUSES", "EPOCH", "PAIRS", "VERBS", "Dice", "Divergence", "Event", "Fault", "Host", "Kind", "LeakError", "Network",
    "Oracles", "Property", "Sim", "SimError", "SimFailure", "SimNet", "Terms", "Trace", "Violation",
    "check_determinism", "exponential", "load", "mixture", "run",
]
