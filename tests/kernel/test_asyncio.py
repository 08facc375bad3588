"""A server and a client inside a running asyncio program, with an asyncio task beside them."""

from __future__ import annotations

import asyncio

import pytest

from hio.base import doing
from hio.core import http

COUNT = 20


def app(environ, start):
    body = environ["PATH_INFO"].encode("latin-1")
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


class Asking(doing.Doer):
    """Sends one request after the other; done when all are answered."""

    def __init__(self, client, **kwa):
        super().__init__(**kwa)
        self.client = client
        self.bodies = []

    def enter(self, *, temp=None):
        for number in range(COUNT):
            self.client.request(method="GET", path=f"/{number}")

    def recur(self, tyme):
        while (response := self.client.respond()) is not None:
            self.bodies.append(bytes(response.body).decode())
        return len(self.bodies) == COUNT


async def program(real):
    """Run the doers and a task that counts its turns; return (bodies, turns of the task)."""
    server = http.Server(host="127.0.0.1", port=0, app=app)
    assert server.reopen()
    client = http.Client(hostname="127.0.0.1", port=server.servant.ha[1])
    asking = Asking(client)
    turns = 0

    async def beside():
        nonlocal turns
        while not asking.done:
            turns += 1
            await asyncio.sleep(0)

    doist = doing.Doist(real=real, limit=20.0, doers=[http.ServerDoer(server=server), http.ClientDoer(client), asking])
    task = asyncio.create_task(beside())
    run = asyncio.create_task(doist.ado())
    await asyncio.wait_for(task, 20.0)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert not server.servant.opened and not client.connector.opened
    return asking.bodies, turns


@pytest.mark.parametrize("real", [True, False], ids=["real", "stepped"])
def test_server_and_client_in_asyncio(real):
    bodies, turns = asyncio.run(program(real))
    assert bodies == [f"/{number}" for number in range(COUNT)]
    assert turns > 1


def test_asyncio_streams_talk_to_the_server():
    async def ask():
        server = http.Server(host="127.0.0.1", port=0, app=app)
        assert server.reopen()
        doist = doing.Doist(real=True, doers=[http.ServerDoer(server=server)])
        run = asyncio.create_task(doist.ado())
        await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection(*server.servant.ha)
        writer.write(b"GET /from/asyncio HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 10.0)
        writer.close()
        await writer.wait_closed()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        return answer

    answer = asyncio.run(ask())
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n/from/asyncio")
