"""Seven witnesses who agree by HTTP, whatever the network does.

    hio sim examples/sim_witness.py::pool --seeds 1..1000      they never disagree
    hio sim examples/sim_witness.py::hasty --seeds 1..1000     they do, when three are believed to be enough

A controller has events to be witnessed, one after the other. Two controllers hold the same key, as when a backup comes
alive too early, and each proposes an event of its own for each place in the log. A witness signs the first event that
it sees for a place and no other, and remembers that through a crash. An event that a majority has signed is agreed
upon. Since two majorities have a member in common, no place can have two such events: unless a bug makes it so.
"""

from falcon import App, HTTPConflict

from hio.core import http
from hio.core.http.bounding import Bounds

WITNESSES = [f"witness{index}" for index in range(7)]
CONTROLLERS = ["alice", "backup"]
PLACES = 3  # events of the log
BOUNDS = Bounds(connectTymeout=2.0, headTymeout=2.0)


class Receipts:
    """A Falcon resource: PUT an event for a place in the log; the answer is 200 with a receipt, or 409."""

    def __init__(self, signed):
        self.signed = signed  # place -> event

    def on_put(self, req, resp, place):
        event = req.bounded_stream.read().decode()
        if self.signed.setdefault(place, event) != event:
            raise HTTPConflict(title="there is another event at this place")
        resp.text = f"{place}:{event}"


def makeWitness(host):
    """Return the doer of a witness."""
    app = App()
    app.add_route("/log/{place:int}", Receipts(host.disk))
    return http.ServerDoer(server=http.Server(port=80, app=app, net=host.net, clock=host.clock))


def propose(host, enough, agreed):
    """Have each place of the log witnessed by enough witnesses; note in agreed what was."""
    clients = {
        name: http.Client(hostname=name, port=80, net=host.net, tymth=host.tymth, bounds=BOUNDS) for name in WITNESSES
    }
    for client in clients.values():
        client.reopen()
    try:
        for place in range(PLACES):
            event = f"event {place} of {host.name}"
            signed = yield from witness(host, clients, place, event, enough)
            if signed:
                agreed.setdefault(place, []).append(event)
            host.note(f"{event}: {'agreed' if signed else 'refused'}")
    finally:
        for client in clients.values():
            client.close()


def witness(host, clients, place, event, enough):
    """Ask all witnesses again and again until enough have signed, or too few can; return whether they have."""
    signed, refused = [], []
    while len(signed) < enough and len(refused) <= len(WITNESSES) - enough:
        calls = {
            name: client.put(f"/log/{place}", body=event.encode())
            for name, client in clients.items()
            if name not in signed and name not in refused
        }
        for name, call in calls.items():
            reply = yield from call
            if reply.ok:
                signed.append(name)
            elif reply.status == 409:
                refused.append(name)
        yield host.dice.uniform(0.1, 1.0)
    return len(signed) >= enough


def network(sim, enough, latency=(0.005, 0.05)):
    """Seven witnesses, two controllers, and the property that no place has two events."""
    agreed = {}
    for name in WITNESSES:
        sim.host(name, makeWitness)
    for name in CONTROLLERS:
        sim.client(name, lambda host: propose(host, enough, agreed))
    sim.link(CONTROLLERS, WITNESSES, latency=latency)
    sim.always("one event for a place", lambda: all(len(set(events)) == 1 for events in agreed.values()))
    return agreed


def trouble(sim):
    """What befalls the network in the first half minute; then it heals, so that all ends well if it can."""
    sim.trouble(partition=1.0, hold=0.3, reset=0.5, among=WITNESSES + CONTROLLERS, mend=(0.5, 5.0), until=30.0)
    sim.trouble(bounce=0.3, pause=0.2, among=WITNESSES, mend=(0.5, 5.0), until=30.0)


def pool(sim):
    """A majority is four of seven."""
    network(sim, enough=4)
    trouble(sim)
    sim.run(limit=300.0)


def hasty(sim):
    """Three are taken to be enough: two such groups need have nobody in common."""
    network(sim, enough=3)
    trouble(sim)
    sim.run(limit=300.0)


def calm(sim):
    """Three are enough, alice is always first, and nothing goes wrong unless whoever runs this says so."""
    network(sim, enough=3, latency=0.01)
    sim.run(limit=300.0)
