"""The fixtures for users, used as users use them: over the loopback, in one thread."""

from __future__ import annotations

import pytest

from hio.base import doing

pytest_plugins = ["hio.testing"]


@pytest.fixture
def hio_app():
    def app(environ, start_response):
        body = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return app


def test_ask(hio_rig, hio_client):
    reply = hio_rig.ask(hio_client, "GET", "/prices")
    assert (reply.status, bytes(reply.body)) == (200, b"GET /prices")
    assert bytes(hio_rig.ask(hio_client, "POST", "/orders", body=b"x").body) == b"POST /orders"


def test_tyme_stands_still_until_it_is_moved(hio_rig, hio_tymist, hio_server, hio_client):
    hio_rig.ask(hio_client)
    assert hio_tymist.tyme == 0.0
    hio_rig.elapse(hio_server.tymeout - 1.0)
    assert len(hio_server.reqs) == 1
    hio_rig.elapse(2.0)
    assert not hio_server.reqs
    assert hio_tymist.tyme == hio_server.tymeout + 1.0


def test_several_of_each(hio_rig, hio_app):
    servers = [hio_rig.serve(hio_app, name=name) for name in ("one", "other")]
    clients = [hio_rig.connect(server) for server in servers for _ in range(2)]
    for client in clients:
        client.request(method="GET", path="/x")
    hio_rig.until(lambda: all(client.responses for client in clients))
    assert [len(server.reqs) for server in servers] == [2, 2]
    assert servers[0].servant.ha != servers[1].servant.ha


def test_doers_beside(hio_rig, hio_client):
    replies = []

    def asking(tymth, tock=0.0, **opts):
        yield tock  # started
        yield 1.0
        hio_client.request(method="GET", path="/later")
        while not hio_client.responses:
            yield tock
        replies.append((tymth(), bytes(hio_client.respond().body)))

    doist = hio_rig.run(doing.doify(asking), limit=2.0)
    assert [body for _, body in replies] == [b"GET /later"]
    assert 1.0 <= replies[0][0] < 1.5
    assert doist.tyme == 2.0
    assert hio_rig.tymist.tyme <= 2.0


def test_waiting_in_vain_is_told(hio_rig):
    with pytest.raises(AssertionError, match="3 turns at tyme 0.0"):
        hio_rig.until(lambda: None, turns=3)


def test_a_server_that_cannot_listen_is_told(hio_rig, hio_server, hio_app):
    with pytest.raises(OSError, match="cannot listen"):
        hio_rig.serve(hio_app, port=hio_server.servant.ha[1])


def test_everything_is_closed_at_the_end(hio_rig, hio_app):
    rig = type(hio_rig)()
    server = rig.serve(hio_app)
    client = rig.connect(server)
    rig.ask(client)
    rig.close()
    assert not server.servant.opened
    assert not client.connector.opened
