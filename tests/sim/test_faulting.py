"""Faults: what each verb breaks, and what its mending brings back."""

import errno

import pytest

from hio.sim import PAIRS, VERBS, Fault, SimError, SimFailure, run
from hio.sim.faulting import TROUBLES
from hio.sim.networking import PATIENCE
from tests.sim.playing import TICK, Sim, attempt, dial, give, mirror, notes, pair, serve, still, take, tymes


def ask(host, sock, word=b"hello"):
    """Send a word and note when what came back, or which error."""
    failure = yield from give(sock, word)
    back = failure or (yield from take(sock))
    host.note(f"{host.tyme:.1f} {what(back)}")
    return back


def what(found):
    """Return a short word for data or an error."""
    return errno.errorcode[found.errno] if isinstance(found, OSError) else found.decode() or "end"


def asking(*tymes_):
    """Return a client that asks on one connection, at these tymes."""

    def client(host):
        sock = yield from dial(host)
        for tyme in tymes_:
            yield tyme - host.tyme
            yield from ask(host, sock)

    return client


# -- links ----------------------------------------------------------------------------------------------------------


def test_partition_and_repair():
    """What is sent meanwhile comes when TCP sends it again: after 0.2, 0.6, 1.4, 3.0, ... seconds."""
    sim = pair(asking(1.0))
    sim.at(0.5).partition("client", "server")
    sim.at(2.5).repair("client", "server")
    sim.run()
    assert tymes(sim, "wait") == [1.0] and tymes(sim, "arrive")[0] == 4.047


def test_partition_one_way():
    """The answer of the server cannot pass, while what the client sends arrives."""
    sim = pair(asking(1.0))
    sim.at(0.5).partition("server", "client", oneway=True)
    sim.at(1.7).repair("server", "client", oneway=True)
    sim.run()
    assert tymes(sim, "arrive", "server") == [1.0] and tymes(sim, "arrive", "client")[0] > 1.7


def test_partition_from_all_others():
    sim = Sim(tock=TICK)
    for name in "abc":
        sim.host(name, serve(mirror))
    sim.partition("a")
    blocked = [(link.src, link.dst) for link in sim.network.links.values() if link.blocked]
    assert sorted(blocked) == [("a", "b"), ("a", "c"), ("b", "a"), ("c", "a")]
    sim.repair(["a"], ["b", "c"])
    assert not any(link.blocked for link in sim.network.links.values())


def test_partition_of_groups():
    sim = Sim(tock=TICK)
    for name in "abcd":
        sim.host(name, serve(mirror))
    sim.partition(["a", "b"], ["c", "d"], oneway=True)
    blocked = [(link.src, link.dst) for link in sim.network.links.values() if link.blocked]
    assert sorted(blocked) == [("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")]


def test_partition_that_lasts_breaks_who_sends():
    """After a quarter of an hour TCP gives up; who only waits is told nothing."""
    sim = pair(asking(1.0))
    sim.at(0.5).partition("client", "server")
    sim.run(limit=2000.0)
    assert notes(sim) == [f"{1.0 + PATIENCE:.1f} ETIMEDOUT"] and tymes(sim, "timeout") == [1.0 + PATIENCE]


def test_a_lost_answer_breaks_who_sends():
    """What arrives but is never acknowledged is as good as lost."""
    sim = pair(asking(1.0), still)
    sim.at(0.5).partition("server", "client", oneway=True)
    sim.run(limit=2000.0)
    assert tymes(sim, "arrive", "server") == [1.0] and tymes(sim, "timeout") == [1.0 + PATIENCE]


def test_hold_and_release():
    """What was held up goes on at once, in order."""

    def client(host):
        sock = yield from dial(host)
        for word in (b"a", b"b", b"c"):
            yield from give(sock, word)
            yield 1.0
        while True:
            back = yield from take(sock)
            host.note(f"{host.tyme:.1f} {what(back)}")
            if host.tyme > 5.0:
                return

    sim = pair(client)
    sim.at(0.5).hold("client", "server", oneway=True)
    sim.at(5.5).release("client", "server", oneway=True)
    sim.run()
    assert notes(sim) == ["3.0 a", "5.5 bc"]


def test_swallow_and_answer():
    """Dialing finds no answer until then; a connection that stands goes on."""

    def client(host):
        sock = yield from dial(host)
        yield 1.0
        yield from ask(host, sock)
        other = yield from dial(host)
        host.note(f"{host.tyme:.1f} {other.getpeername()[1]}")

    def both(host):
        listener = host.net.listen(("", 7), bl=5, bs=1)
        socks = []
        while True:
            socks += [found[0] for found in [attempt(listener.accept)] if found]
            for sock in socks:
                attempt(lambda sock=sock: sock.send(sock.recv(100)))
            yield TICK

    sim = Sim(tock=TICK)
    sim.host("server", both)
    sim.client("client", client)
    sim.at(0.5).swallow("client", "server")
    sim.at(3.0).answer("client", "server")
    sim.run()
    assert notes(sim) == ["1.0 hello", "4.0 7"]


def test_link_changes_on_the_way():
    sim = pair(asking(1.0, 3.0))
    sim.at(2.0).link("client", "server", latency=0.5)
    sim.run()
    assert notes(sim) == ["1.0 hello", "4.0 hello"]
    assert str(sim.faults[0]) == "at(2.0).link('client', 'server', latency=0.5)"


# -- connections ----------------------------------------------------------------------------------------------------


def test_reset_now():
    sim = pair(asking(1.0))
    sim.at(0.5).reset("client", "server")
    sim.run()
    assert notes(sim) == ["1.0 ECONNRESET"] and sorted(e.host for e in sim.trace if e.kind == "broken") == [
        "client", "server",
    ]  # fmt: skip


def test_reset_in_mid_stream():
    """After just so many bytes from there."""

    def client(host):
        sock = yield from dial(host)
        yield 1.0
        yield from give(sock, b"x" * 100)
        got = b""
        while not isinstance(back := (yield from take(sock)), OSError):
            got += back
        host.note(f"{len(got)} {what(back)}")

    sim = pair(client)
    sim.at(0.5).reset("server", "client", after=60)
    sim.run()
    assert notes(sim) == ["60 ECONNRESET"]


def test_sever():
    """Both ends believe that it stands; new connections do."""

    def client(host):
        sock = yield from dial(host)
        yield 1.0
        sock.send(b"lost")
        yield 10.0
        assert attempt(lambda: sock.recv(10)) is None
        other = yield from dial(host)
        host.note(str(other.getpeername()[1]))

    sim = pair(client)
    sim.at(0.5).sever("client", "server")
    assert notes(sim.run()) == ["7"] and tymes(sim, "arrive") == []


# -- hosts ----------------------------------------------------------------------------------------------------------


def test_refuse_and_admit():
    def client(host):
        for _ in range(2):
            found = yield from dial(host)
            host.note(str(found if isinstance(found, int) else "stands"))
            yield 2.0

    sim = pair(client)
    sim.refuse("server", 7)
    sim.at(1.0).admit("server", 7)
    assert notes(sim.run()) == [str(errno.ECONNREFUSED), "stands"]


def test_slow_and_hasten():
    """A host that takes 100 bytes a second has a thousand after ten seconds."""

    def client(host):
        sock = yield from dial(host)
        for _ in range(2):
            yield from give(sock, b"x" * 1000)
            got = b""
            while len(got) < 1000:
                got += yield from take(sock)
            host.note(f"{host.tyme:.1f}")

    sim = pair(client)
    sim.slow("server", 100.0)
    sim.at(10.01).hasten("server")
    assert notes(sim.run()) == ["10.0", "10.1"]


def test_crash_says_nothing():
    """No farewell: the peer learns of it when the host is back and does not know the connection."""
    sim = pair(asking(1.0, 2.0))
    sim.at(1.5).crash("server")
    sim.at(5.0).start("server")
    sim.run()
    assert not [e for e in sim.trace if e.kind in ("finish", "close", "reset") and e.host == "server" and e.tyme < 5.0]
    assert [note.split()[1] for note in notes(sim)] == ["hello", "ECONNRESET"]
    assert tymes(sim, "start", "server") == [0.0, 5.0]


def test_crash_runs_no_cleanup():
    """Whoever is killed saves nothing."""
    saved = []

    def make(host):
        try:
            while True:
                yield 1.0
        finally:
            saved.append(host.sim.trace.open)

    sim = Sim()
    sim.host("server", make)
    sim.client("client", lambda host: wait(5.0))
    sim.at(1.0).crash("server")
    sim.run()
    assert saved == [False]  # only when the run was over


def wait(seconds):
    """Do nothing for so long."""
    yield seconds


def test_bounce_starts_afresh():
    """What was in memory is gone, what is on disk is not."""

    def make(host):
        host.disk["boots"] = host.disk.get("boots", 0) + 1
        memory = 0
        while True:
            memory += 1
            host.note(f"{host.boots} {host.disk['boots']} {memory}")
            yield 1.0

    sim = Sim()
    sim.host("server", make)
    sim.client("client", lambda host: wait(4.2))
    sim.at(1.5).bounce("server", 1.0)
    assert notes(sim.run()) == ["1 1 1", "1 1 2", "2 2 1", "2 2 2"]


def test_bounced_client_begins_again():
    def make(host):
        yield 2.0
        host.note("done")

    sim = Sim()
    sim.client("client", make)
    sim.at(1.0).bounce("client")
    assert notes(sim.run()) == ["done"] and sim.tyme == 3.03125


def test_connecting_to_who_is_down():
    """As to nobody: no answer. It is found when it is back."""

    def client(host):
        yield 1.0
        found = yield from dial(host)
        host.note(f"{host.tyme:.1f} {found.getpeername()[1]}")

    sim = pair(client)
    sim.at(0.5).crash("server")
    sim.at(3.0).start("server")
    assert notes(sim.run()) == ["4.0 7"]


def test_pause_and_resume():
    """A paused host takes no turns, but its buffers and backlog fill."""
    sim = pair(asking(1.0))
    sim.at(0.2).pause("server")
    sim.at(3.0).resume("server")
    sim.run()
    assert notes(sim) == ["3.0 hello"] and tymes(sim, "arrive", "server") == [1.0] and tymes(sim, "accept") == [0.016]


def test_pause_before_the_run():
    sim = pair(asking(1.0))
    with pytest.raises(SimError, match="has not started yet; say when"):
        sim.pause("server")


def test_skew():
    """The wall clock is off, and can be set; the tyme of a host is ahead from its start and goes on evenly."""

    def make(host):
        for _ in range(4):
            host.note(f"{host.clock() - host.sim.epoch:.0f} {host.tyme:.0f}")
            yield 1.0

    sim = Sim()
    sim.client("right", make)
    sim.client("ahead", make, skew=100.0)
    sim.at(1.5).skew("ahead", -5.0)
    sim.at(2.5).skew("ahead", 0.0)
    sim.run()
    assert notes(sim, "right") == ["0 0", "1 1", "2 2", "3 3"]
    assert notes(sim, "ahead") == ["100 100", "101 101", "-3 102", "3 103"]


# -- schedules ------------------------------------------------------------------------------------------------------


def test_every_verb_that_breaks_names_the_one_that_mends():
    for verb in VERBS:
        assert callable(getattr(Sim(), verb))
    assert {"partition", "hold", "crash", "pause", "slow", "refuse", "swallow"} <= set(TROUBLES) < set(PAIRS)


def test_faults_as_data():
    """What was done can be done again, and gives the same run."""

    def setup(faults):
        sim = pair(asking(1.0, 2.0, 3.0))
        sim.inject(faults)
        return sim.run(limit=100.0)

    faults = [
        Fault(0.5, "partition", ("client", "server")),
        (0.9, "repair", ("client", "server")),
        Fault(1.5, "hold", ("client", "server"), {"oneway": True}),
        Fault(1.75, "release", ("client", "server"), {"oneway": True}),
    ]
    sim = setup(faults)
    assert [fault.verb for fault in sim.faults] == ["partition", "repair", "hold", "release"]
    assert setup(sim.faults).trace.digest() == sim.trace.digest()


def test_trouble_is_drawn_from_the_seed():
    def town(sim):
        for name in "abc":
            sim.host(name, serve(mirror))
        sim.client("client", lambda host: wait(300.0))
        sim.trouble(partition=0.1, crash=0.05, mend=(1.0, 2.0), start=10.0, until=200.0)

    one, other, third = (run(town, seed) for seed in (1, 1, 2))
    assert one.faults == other.faults != third.faults
    verbs = [fault.verb for fault in one.faults]
    assert 10 <= verbs.count("partition") <= 30 and 4 <= verbs.count("crash") <= 20
    assert abs(verbs.count("partition") - verbs.count("repair")) == 0
    assert all(10.0 <= fault.tyme <= 202.0 for fault in one.faults)
    assert all("client" not in fault.args for fault in one.faults if fault.verb == "crash")


def test_function_at_a_tyme():
    sim = pair(asking(1.0))
    sim.at(0.5).do(lambda: sim.note("now"))
    assert tymes(sim.run(), "note")[0] == 0.5


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (lambda sim: sim.at(1.0).partition("client", "servr"), "no host is called 'servr'; there are server, client"),
        (lambda sim: sim.at(1.0).crash("nobody"), "at\\(1.0\\).crash\\('nobody'\\): no host"),
        (lambda sim: sim.at(1.0).partition(["client"], ["nobody"]), "nobody"),
        (lambda sim: sim.partition("client", "nobody"), "no host is called 'nobody'"),
        (lambda sim: sim.at(1.0).explode("client"), "there is no verb 'explode'; there are partition"),
        (lambda sim: sim.at(-1.0), "tyme must be 0 or more"),
        (lambda sim: sim.trouble(explode=1.0), "trouble knows no 'explode'"),
        (lambda sim: sim.trouble(crash=-1.0), "the rate of crash"),
        (lambda sim: sim.link("client", "server", latncy=1.0), "a link has latency"),
        (lambda sim: sim.link("client", "server", latency=-1.0), "latency must be"),
        (lambda sim: sim.slow("server", 0.0), "some bytes per second"),
    ],
)
def test_verbs_that_cannot_be(state, says):
    sim = pair(asking(1.0))
    with pytest.raises(SimError, match=says):
        state(sim)
        sim.run()


def test_function_that_raises():
    sim = pair(asking(1.0))
    sim.at(0.5).do(lambda: 1 / 0)
    with pytest.raises(SimFailure, match="ZeroDivisionError: division by zero") as caught:
        sim.run()
    assert caught.value.tyme == 0.5 and __file__ in caught.value.reason
