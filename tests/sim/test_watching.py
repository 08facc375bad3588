"""The oracles: on by default, what they let be, and what they say. That they find defects: test_defects.py."""

from __future__ import annotations

import pytest

from hio.core import http
from hio.core.tcp.serving import EchoServerDoer
from hio.core.tcp.serving import Server as TcpServer
from hio.sim import Oracles, Sim, SimFailure, run
from hio.sim.loading import Ask, Mix, Visit, load
from tests.sim.scenarios import echo, serveEcho, town
from tests.sim.serving import TARGETS, Items, serve

BAD = b"HTTP/1.1 200 OK\r\n\r\n"  # a response without an end


class Parrot(EchoServerDoer):
    """Answers anything with the same bytes, whatever they are."""

    def __init__(self, host, answer, **kwa):
        super().__init__(server=TcpServer(port=80, net=host.net, tymeout=0.0), **kwa)
        self.answer = answer

    def recur(self, tyme):
        self.server.service()
        for ix in self.server.ixes.values():
            if ix.rxbs:
                ix.rxbs.clear()
                ix.tx(self.answer)
        return False


def parrot(answer, *visits):
    """A scenario in which visits meet a Parrot."""

    def scenario(sim):
        sim.host("server", lambda host: Parrot(host, answer))
        sim.client("client", load("server", 80, list(visits) or [Visit()]))
        sim.link("client", "server", latency=0.25)
        sim.run(limit=100.0)

    return scenario


def test_they_are_on_by_default_and_can_be_left_out():
    assert isinstance(Sim().oracles, Oracles)
    with pytest.raises(SimFailure, match="whose body has no end") as caught:
        run(parrot(BAD))
    assert caught.value.cause == "oracle"
    assert "connection #1 (client > server), tyme 0.7" in caught.value.reason and "event " in caught.value.reason
    run(parrot(BAD), oracles=False)


@pytest.mark.parametrize("answer, rule", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2, "there is no request that it answers"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\nmore", "no status line|sends more after"),
    (b"hello\r\n\r\n", "no status line: b'hello'"),
    (b"HTTP/1.1 101 Switching Protocols\r\nContent-Length: 3\r\n\r\n", "speaks of a body"),
])
def test_a_server_without_wsgi_is_judged_by_what_it_sends(answer, rule):
    with pytest.raises(SimFailure, match=rule):
        run(parrot(answer, Visit((Ask(), Ask()))))


def test_a_response_to_a_request_that_is_not_whole_must_be_a_refusal():
    def half(host):
        yield from echo(host, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", port=80)

    def scenario(sim, answer):
        sim.host("server", lambda host: Parrot(host, answer))
        sim.client("client", half)
        sim.run(limit=100.0)

    with pytest.raises(SimFailure, match="before request 1 .* is whole"):
        run(lambda sim: scenario(sim, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + b" " * 50))
    with pytest.raises(SimFailure, match="more after its last response"):
        run(lambda sim: scenario(sim, b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" * 2))


def test_a_client_that_sends_what_is_no_http_is_told_unless_it_is_excused():
    raw = b"GET / HTTP/1.1\r\nno colon\r\n\r\n"

    def scenario(sim):
        sim.host("server", serve())
        sim.client("client", lambda host: echo(host, raw + b" " * 200, port=80))
        sim.run(limit=100.0)

    with pytest.raises(SimFailure, match="the client sends no field line: b'no colon'"):
        run(scenario)
    run(lambda sim: [sim.oracles.excuse("client"), scenario(sim)])


def test_what_does_not_begin_as_http_is_let_be():
    def scenario(sim):
        sim.host("server", serveEcho)
        sim.client("client", lambda host: echo(host, b"HELO there, this is no HTTP at all\r\n\r\n"))
        sim.run(limit=100.0)

    sim = run(scenario)
    assert sim.oracles.answered == 0


def test_an_application_made_elsewhere_can_be_shown():
    def app(environ, start_response):
        start_response("200 OK", [])
        return Items([b"a", b"b"])

    def make(host):
        server = http.Server(port=80, app=app, net=host.net, clock=host.clock, tymth=host.tymth)
        host.sim.oracles.mind(host, server)
        server.reopen()
        try:
            while True:
                server.service()
                yield 0.25
        finally:
            server.close()

    def scenario(sim):
        sim.host("server", make)
        sim.client("client", load("server", 80, [Visit((Ask(), Ask()))]))
        sim.run(limit=100.0)

    assert run(scenario).oracles.answered == 2


def test_an_application_is_watched_once_though_its_host_starts_again():
    answers = []

    def scenario(sim):
        sim.host("server", serve())
        visits = [Visit((Ask(target="/?what=items"),), wait=1.0) for _ in range(4)]
        sim.client("client", load("server", 80, visits, answers=answers))
        sim.at(2.5).bounce("server")
        sim.run(limit=1000.0)

    assert run(scenario).oracles.answered == 4
    assert [one.statuses for one in answers] == [[200]] * 4


def test_an_iterable_that_runs_when_its_host_crashes_is_no_violation():
    def scenario(sim):
        sim.host("server", serve())
        sim.client("client", load("server", 80, [Visit((Ask(target="/?what=items&count=50&idle=9"),))]))
        sim.at(0.5).bounce("server", 1.0)
        sim.run(limit=1000.0)

    run(scenario)


def test_they_change_nothing_of_the_run():
    for seed in range(5):
        with_, without = run(town, seed), run(town, seed, oracles=False)
        assert with_.trace.digest() == without.trace.digest()


@pytest.mark.sim(seeds=10)
def test_nothing_is_found_amid_faults(sim, caplog):
    caplog.set_level("CRITICAL")
    sim.host("server", serve(), tx=20_000)
    for name in ("a", "b"):
        sim.client(name, load("server", 80, Mix(targets=TARGETS, wait=(0.0, 1.0)), lanes=2), rx=8_000)
    sim.link(["a", "b"], "server", latency=(0.001, 0.02), split=0.2, loss=0.02)
    sim.trouble(partition=0.1, hold=0.1, reset=0.2, bounce=0.1, pause=0.1, slow=0.1, refuse=0.1, swallow=0.1,
                sever=0.05, until=20.0)
    sim.run(limit=7200.0)
    assert sim.oracles.answered > 5
