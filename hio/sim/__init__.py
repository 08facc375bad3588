"""The same servers and clients on a simulated network, from one seed.

    sim = Sim(seed=7)
    sim.host("server", makeServerDoers)
    sim.client("client", makeDoer)
    sim.link("client", "server", latency=(0.01, 0.05))
    sim.at(1.0).partition("client", "server")
    sim.run(limit=60.0)

What is promised stands below; loading, exploring, scheming and shrinking are to be imported from where they are. Each
line rests on those above it:

dicing, tracing                 chance from one seed; what happened
failing                         what ends a simulation before its time
linking                         the way from one host to another
networking                      hosts, the links between them, and what will happen
plugging                        what every simulated socket has, and who is told of it
dialing, socketing, listening   how a connection comes to be, its two ends, and who waits for one
netting                         SimNet: what servants and clients are handed as net=
enciphering, guarding           TLS of one seed; the real world kept out of a run
hosting                         Host: a machine, with a Doist of its own
faulting                        what goes wrong, and is mended
attending, reading, conversing  an application, the bytes of a connection, and one held against the other
watching                        Oracles: what no HTTP server or client may do
loading                         traffic, drawn from the seed
running                         Sim: hosts, faults and properties, and the run
charting                        a run as a picture
checking                        that one seed gives one trace
finding, trying, shrinking      scenarios in files, under a seed, with the fewest faults that it takes
exploring, scheming             everything within a bound; what Hypothesis chooses
ledgering, crewing, sweeping    many seeds: what was found, who tries them, and all of it
progressing, commanding         hio sim: how far it has come, and what it does
plugin                          simulations in pytest
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
