"""The runner: how a run begins, ends and fails, and what a failure says."""

import pytest

from hio.base.doing import Doer, DoDoer
from hio.core.tcp.clienting import Client, ClientDoer
from hio.sim import EPOCH, SimError, SimFailure, Terms, run
from tests.sim.playing import TICK, Sim, dial, mirror, notes, pair, serve, still, take, tymes
from tests.sim.scenarios import browse, serveEcho, serveHttp


def wait(seconds):
    """A factory whose task does nothing for so long."""

    def make(host):
        yield seconds

    return make


def alone(make, **kwa):
    """Return a Sim with one client."""
    sim = Sim(**kwa)
    sim.client("client", make)
    return sim


def failing(sim, limit=None):
    """Return the failure in which a run ends."""
    with pytest.raises(SimFailure) as caught:
        sim.run(limit=limit)
    assert sim.failure is caught.value
    return caught.value


# -- beginning and end ----------------------------------------------------------------------------------------------


def test_ends_when_all_clients_are_done():
    sim = Sim()
    sim.host("server", serve(mirror))
    sim.client("quick", wait(1.0))
    sim.client("late", wait(3.0))
    assert sim.run() is sim
    assert tymes(sim, "stop") == [1.031, 3.031] and sim.tyme == 3.03125


def test_without_clients_it_ends_at_the_limit():
    sim = Sim()
    sim.host("server", serve(mirror))
    sim.run(limit=2.5)
    assert sim.tyme == 2.5


def test_without_clients_it_ends_when_nothing_can_happen():
    sim = Sim()
    sim.host("server", serveHttp)
    assert sim.run().tyme < 0.1


def test_idle_tyme_costs_next_to_nothing():
    sim = Sim()
    for number in range(10):
        sim.host(f"host{number}", serveHttp)
    sim.client("client", wait(3600.0))
    assert sim.run().tyme == 3600.03125 and sim.taken < 40


@pytest.mark.parametrize("kind", ["doer", "list", "tuple", "generator", "nested", "callable"])
def test_what_a_factory_may_return(kind):
    class Once(Doer):
        def recur(self, tyme):
            seen.append(tyme)
            return True

    seen = []
    made = {
        "doer": lambda host: Once(),
        "list": lambda host: [Once()],
        "tuple": lambda host: (Once(),),
        "nested": lambda host: DoDoer(doers=[Once()]),
        "generator": lambda host: (seen.append(0.0) for _ in range(1)),
        "callable": lambda host: Once(),
    }[kind]
    alone(made).run(limit=10.0)
    assert len(seen) == 1


def test_a_factory_is_handed_its_host():
    def make(host):
        assert (host.name, host.net.name, host.client, host.boots, host.up) == ("client", "client", True, 1, True)
        assert host.net.serves(host.tymth.poller) and host.tymth.root is host.doist
        assert host.clock() == EPOCH and host.tyme == 0.0
        return []

    alone(make).run()


def test_ticks_are_on_schedule():
    """And what happens on the network happens in between."""

    def client(host):
        sock = yield from dial(host)
        for _ in range(5):
            host.note(str(host.tyme))
            yield
        sock.close()

    sim = Sim(tock=0.25)
    sim.host("server", serve(still))
    sim.client("client", client)
    sim.link("client", "server", latency=0.1)
    assert notes(sim.run()) == ["0.25", "0.5", "0.75", "1.0", "1.25"]


@pytest.mark.parametrize("tock", [1 / 32, 0.1, 0.0173, 1 / 3])
def test_any_tock(tock):
    """Ticks that no float adds up without error are not lost and not made twice."""

    def make(host):
        for _ in range(1000):
            yield
        host.note(str(round(host.tyme / tock, 6)))

    assert notes(alone(make, tock=tock).run(limit=1000.0)) == ["1000.0"]


def test_terms_are_stated_once_for_all_links():
    sim = Sim(latency=0.5, loss=0.1)
    sim.host("a", still)
    sim.host("b", still)
    assert sim.network.link("a", "b").terms == Terms(latency=0.5, loss=0.1)
    assert sim.network.link("a", "a").terms == Terms()


def test_run_a_scenario():
    def scenario(sim):
        sim.client("client", wait(1.0))

    assert run(scenario, 5, tock=0.5).seed == 5

    def whole(sim):
        scenario(sim)
        sim.run(limit=2.0)

    assert run(whole).tyme == 1.03125


def test_a_run_takes_down_what_it_started():
    """In reverse order, after the trace is closed."""
    closed = []

    def make(host):
        try:
            while True:
                yield 1.0
        finally:
            host.note("late")
            closed.append(host.name)

    sim = Sim()
    for name in "ab":
        sim.host(name, make)
    sim.client("client", wait(1.5))
    sim.run()
    assert closed == ["b", "a"] and notes(sim) == []


def test_whole_of_http():
    sim = Sim(seed=3)
    sim.host("server", serveHttp)
    sim.client("browser", browse)
    sim.link("browser", "server", latency=(0.01, 0.1), split=0.5)
    sim.run(limit=60.0)
    assert len(notes(sim)) == 6 and all(" 200 " in note for note in notes(sim))
    dates = {line for e in sim.trace if e.kind == "send" for line in e.data.split(b"\r\n") if line.startswith(b"Date:")}
    assert dates and all(date.startswith(b"Date: Wed, 01 Jan 2020 00:00:0") for date in dates)


# -- properties -----------------------------------------------------------------------------------------------------


def test_always():
    counts = []

    def make(host):
        for number in range(10):
            counts.append(number)
            yield 0.5

    sim = alone(make)
    sim.always("few", lambda: len(counts) < 4)
    failure = failing(sim)
    assert (failure.cause, failure.tyme) == ("always", 1.5)
    assert failure.properties == ["always few: broken at 1.500000"]
    assert [e.note for e in sim.trace if e.kind == "property"] == ["few: broken"]


def test_eventually():
    """The run goes on until each is decided, though its clients are done."""
    sim = Sim()
    sim.client("client", wait(1.0))
    sim.host("clock", wait(5.0))
    sim.eventually("late", lambda: sim.tyme > 3.0, within=10.0)
    sim.run()
    assert sim.tyme == 5.0 and str(sim.properties[0]) == "eventually late, by 10.000000: fulfilled at 5.000000"


def test_eventually_not_in_time():
    sim = alone(wait(1.0))
    sim.eventually("never", lambda: False, within=2.0)
    failure = failing(sim)
    assert (failure.cause, failure.tyme) == ("eventually", 2.0) and "never" in failure.reason


def test_eventually_stated_on_the_way():
    def make(host):
        yield 1.0
        host.sim.eventually("soon", lambda: False, within=0.5)
        yield 5.0

    assert failing(alone(make)).tyme == 1.5


def test_property_that_raises():
    sim = alone(wait(1.0))
    sim.always("broken", lambda: 1 / 0)
    failure = failing(sim)
    assert failure.cause == "raised" and "property 'broken' raised ZeroDivisionError" in failure.reason


def test_watchers_end_a_run():
    def object_(events):
        if any(event.tyme > 1.0 for event in events):
            raise AssertionError("too late for me")

    sim = alone(wait(2.0))
    sim.trace.watch(object_)
    failure = failing(sim)
    assert failure.cause == "oracle" and "too late for me" in failure.reason


# -- failures -------------------------------------------------------------------------------------------------------


class Fragile(Doer):
    """Raises at tyme 1."""

    def __repr__(self):
        return "<Fragile>"

    def recur(self, tyme):
        if tyme >= 1.0:
            raise ValueError("it broke")


@pytest.mark.parametrize(
    "make", [lambda host: Fragile(), lambda host: DoDoer(doers=[DoDoer(doers=[Fragile()])])], ids=["plain", "nested"]
)
def test_a_doer_that_raises(make):
    sim = Sim(seed=9)
    sim.host("server", make)
    sim.client("client", wait(5.0))
    sim.always("fine", lambda: True)
    failure = failing(sim)
    assert (failure.cause, failure.seed, failure.tyme, failure.host) == ("raised", 9, 1.0, "server")
    assert failure.doer == "<Fragile>" and isinstance(failure.__cause__, ValueError)
    text = str(failure)
    assert all(part in text for part in ("ValueError: it broke", __file__, "seed 9, tyme 1.0", "always fine: holds"))
    assert "host server, doer <Fragile>" in text and "server                      fail     ValueError: it broke" in text
    assert failure.digest == sim.trace.digest() and failure.tail[-1].kind == "fail"


def test_a_factory_that_raises():
    failure = failing(alone(lambda host: 1 / 0))
    assert (failure.cause, failure.host, failure.tyme) == ("raised", "client", 0.0)


def test_a_factory_that_raises_at_a_bounce():
    def make(host):
        if host.boots > 1:
            raise ValueError("not again")
        return wait(5.0)(host)

    sim = alone(make)
    sim.at(1.0).bounce("client", 0.5)
    failure = failing(sim)
    assert (failure.host, failure.tyme) == ("client", 1.5) and "not again" in failure.reason


def test_an_exit_that_raises():
    class Fussy(Doer):
        def exit(self):
            raise ValueError("cannot close")

    sim = Sim()
    sim.host("server", lambda host: Fussy())
    sim.client("client", wait(1.0))
    failure = failing(sim)
    assert failure.host == "server" and "cannot close, while closing" in failure.reason


def test_the_first_failure_counts():
    class Both(Fragile):
        def exit(self):
            raise KeyError("second")

    failure = failing(alone(lambda host: [Both(), Both()]))
    assert failure.cause == "raised" and isinstance(failure.__cause__, (ValueError, KeyError))


def test_limit():
    sim = Sim()
    sim.host("server", serve(still))

    def client(host):
        sock = yield from dial(host)
        yield from take(sock)

    sim.client("client", client)
    failure = failing(sim, limit=3.0)
    assert (failure.cause, failure.tyme) == ("limit", 3.0)
    assert "client: <Task test_limit.<locals>.client>" in failure.reason


def test_unknown_host():
    """The failure says which, who asked for it, and which there are."""
    sim = alone(lambda host: ClientDoer(Client(host="servr", port=80, net=host.net)))
    failure = failing(sim)
    assert (failure.cause, failure.host, failure.tyme) == ("raised", "client", 0.0)
    assert "no host is called 'servr' in this simulation; there are client" in failure.reason


def test_deadlock():
    """All that is left waits for what cannot come; known at once, and not only at the limit."""

    sim = Sim()
    sim.host("server", serveEcho)
    sim.client("client", lambda host: ClientDoer(Client(host="server", port=7, net=host.net)))
    failure = failing(sim, limit=1e9)
    assert (failure.cause, failure.tyme) == ("deadlock", 0.0)
    assert "and not done are client: <ClientDoer" in failure.reason


def test_deadlock_of_who_rests():
    class Rest(Doer):
        def __repr__(self):
            return "<Rest>"

        def rest(self):
            from hio.base.polling import Watch

            return Watch(poller=self.tymth.poller)

    failure = failing(alone(lambda host: Rest()), limit=1e6)
    assert (failure.cause, failure.tyme) == ("deadlock", 0.0)
    assert failure.reason == "nothing can ever happen again, at tyme 0.0, and not done are client: <Rest>"


def test_client_that_crashed():
    sim = alone(wait(5.0))
    sim.at(1.0).crash("client")
    failure = failing(sim, limit=100.0)
    assert failure.cause == "deadlock" and "client: down" in failure.reason


def test_watchdog_on_turns():
    def make(host):
        while True:
            yield

    failure = failing(alone(make, turns=1000))
    assert (failure.cause, failure.turns, failure.host) == ("turns", 1001, "client")


def test_watchdog_on_tyme_that_stands_still():
    class Spin(Doer):
        def rest(self):
            watch = self.watch = Watch_(self.tymth.poller, self)
            return watch

    def Watch_(poller, doer):
        from hio.base.polling import Watch

        watch = Watch(poller=poller)
        watch.owner, watch.deed = doer.tymth.root.locate()
        watch.wake()
        return watch

    failure = failing(alone(lambda host: Spin(), turns=300_000), limit=1e6)
    assert failure.cause == "stuck" and "'client' spins" in failure.reason and failure.tyme < 1.0


def test_turn_that_does_not_end():
    def make(host):
        yield
        while True:
            pass

    failure = failing(alone(make, patience=0.05))
    assert (failure.cause, failure.host) == ("stuck", "client")
    assert "a turn has not ended after 0.05 s" in failure.reason and __file__ in failure.reason


def test_interrupt():
    def make(host):
        yield
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        alone(make).run()


# -- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (lambda sim: sim.run(limit=0.0), "limit must be seconds"),
        (lambda sim: sim.run(limit=-1.0), "limit must be seconds"),
        (lambda sim: sim.host("client", wait(1.0)), "a name of its own, got 'client'"),
        (lambda sim: sim.host("", wait(1.0)), "a name of its own"),
        (lambda sim: sim.host("b", "no factory"), "needs a factory"),
        (lambda sim: sim.host("b", wait(1.0), rx=0), "at least 1 byte"),
        (lambda sim: sim.eventually("x", lambda: True, within=0.0), "within must be seconds"),
        (lambda sim: (sim.run(), sim.run()), "runs once"),
    ],
)
def test_mistakes(state, says):
    with pytest.raises(SimError, match=says):
        state(alone(wait(1.0)))


def test_no_host():
    with pytest.raises(SimError, match="no host"):
        Sim().run()


def test_terms_that_are_none():
    with pytest.raises(SimError, match="a link has latency"):
        Sim(lattency=1.0)


def test_a_factory_that_returns_nonsense():
    failure = failing(alone(lambda host: 7))
    assert "must return doers or be a generator function; it gave 7" in failure.reason


def test_representations():
    sim = pair(wait(1.0))
    sim.run()
    assert repr(sim).startswith("<Sim seed=1 tyme=1.015625 hosts=['server', 'client'] turns=")
    assert repr(sim.hosts["client"]) == "<Host client done boots=1 doers=1>"
    assert repr(sim.hosts["server"].net).startswith("<SimNet server 10.0.0.1 sockets=")
    assert TICK
