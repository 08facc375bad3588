"""Clients: how they connect step by step, come to know a failure, and try again."""

from __future__ import annotations

import errno
import socket

import pytest

from hio.base import doing
from hio.base.tyming import Tymist
from hio.core import tcp
from hio.core.tcp.clienting import Client, ClientDoer, openClient
from hio.core.tcp.netting import osNet
from hio.core.tcp.serving import Server
from hio.sim.linking import Terms
from tests.core.tcp.pairs import TOCK, fail


@pytest.fixture
def nobody():
    """An address at which nobody listens."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()


def test_defaults():
    """Constructed unwound, nothing open."""
    client = Client()
    assert client.ha == ("127.0.0.1", 56000) and client.hostname == client.host == "127.0.0.1" and client.port == 56000
    assert client.cs is None and client.ca == (None, None) and client.tyme is None
    assert not (client.accepted or client.connected or client.cutoff or client.opened or client.reconnectable)
    assert client.tymer.duration == client.tymeout == Client.Tymeout == 0.0 and client.Reconnectable is False
    assert client.rxbs == client.txbs == bytearray() and client.wl is None and client.bs == 8096
    assert client.actualBufSizes() == (0, 0) and tcp.Client is Client
    client.close()
    client.serviceReceives()
    client.serviceSends()


@pytest.mark.filterwarnings("ignore::hio.hioing.UnknownArgumentWarning")
def test_parameters():
    rxbs, txbs = bytearray(), bytearray()
    client = Client(host="localhost", port=80, bufsize=100, rxbs=rxbs, txbs=txbs, name="x", uid=3)
    assert client.ha == ("127.0.0.1", 80) and client.hostname == "localhost" and client.bs == 100
    assert client.rxbs is rxbs and client.txbs is txbs
    client.host, client.port = "127.0.0.9", 81
    assert client.ha == ("127.0.0.9", 81)
    assert Client(ha="/a/path").ha == "/a/path"
    with pytest.raises(OSError):
        Client(host="no such name")


def test_opened_but_never_connected(nobody):
    with openClient(ha=nobody) as client:
        assert client.opened and not (client.accepted or client.connected or client.cutoff)
        assert all(size > 0 for size in client.actualBufSizes())
        assert client.reopen() is True
    assert not (client.opened or client.accepted or client.connected or client.cutoff) and client.cs is None


def test_connect(pairs):
    """Step by step, without waiting; what is queued before goes out in the step that connects."""
    each = pairs()
    client = each.client()
    client.tx(b"early")
    each.until(lambda: client.connected and each.server.ixes)
    assert client.accepted and not client.txbs and client.ca == client.cs.getsockname() and client.ha == each.server.ha
    (ix,) = each.server.ixes.values()
    each.until(lambda: ix.rxbs == b"early")
    assert client.serviceConnect() is True and client.failure is None


def test_service_order(pairs):
    """A turn connects, sends, receives: an answer that is there already is had in the turn that sends."""
    each = pairs()
    client = each.client()
    client.tx(b"question")
    client.service()
    assert not client.connected
    client.service()
    assert client.connected and not client.txbs
    each.server.service()
    (ix,) = each.server.ixes.values()
    assert ix.rxbs == b"question"
    ix.push(b"answer")
    client.tx(b"more")
    client.service()
    assert client.rxbs == b"answer" and not client.txbs


def test_accept_opens(pairs):
    """A step on a client that is not open opens it."""
    each = pairs()
    with Closing(each.make()) as client:
        for _ in range(100):
            if client.accept():
                break
        assert client.opened and client.connected and client.connect() is True


class Closing:
    """Close a client in the end."""

    def __init__(self, client):
        self.client = client

    def __enter__(self):
        return self.client

    def __exit__(self, *exc):
        self.client.close()


@pytest.mark.parametrize(("kwa", "error", "named"), [
    ({"bs": 0}, ValueError, "bs must be a positive number of bytes, got 0"),
    ({"bs": "x"}, ValueError, "bs must be a positive number of bytes, got 'x'"),
    ({"bufsize": -1}, ValueError, "bs must be a positive number of bytes, got -1"),
    ({"tymeout": -1}, ValueError, "tymeout must be 0 or more seconds, got -1"),
    ({"tymeout": "x"}, ValueError, "tymeout must be 0 or more seconds, got 'x'"),
    ({"tymeout": float("nan")}, ValueError, "tymeout must be 0 or more seconds, got nan"),
    ({"port": "x"}, ValueError, "port must be 0 to 65535, got 'x'"),
    ({"port": 65536}, ValueError, "port must be 0 to 65535, got 65536"),
    ({"port": None}, ValueError, "port must be 0 to 65535, got None"),
    ({"host": 5}, TypeError, "host must be a str, got 5"), ({"ha": 5}, TypeError, "address must be .*, got 5"),
    ({"ha": ("h",)}, TypeError, r"address must be .*, got \('h',\)"), ({"ha": b"/p"}, TypeError, "got b'/p'"),
    ({"ha": (5, 80)}, TypeError, "host must be a str, got 5"),
    ({"txbs": "x"}, TypeError, "txbs must be a bytearray, got 'x'"),
    ({"rxbs": b""}, TypeError, "rxbs must be a bytearray, got b''"),
], ids=repr)  # fmt: skip
def test_bad_parameters(kwa, error, named):
    with pytest.raises(error, match=named):
        Client(**kwa)
    for name in {"host", "port"} & kwa.keys():
        with pytest.raises(error, match=named):
            setattr(Client(), name, kwa[name])


def test_refused(nobody):
    """Nothing is raised; the reason is kept; a new socket is there for the next step; what waits goes on waiting."""
    with openClient(ha=nobody) as client:
        client.tx(b"wait")
        for _ in range(20):
            client.service()
        assert client.failure.errno == errno.ECONNREFUSED and client.opened and client.cs is not None
        assert not client.connected and client.txbs == b"wait" and client.serviceConnect() is False
        with Listening(nobody) as server:
            for _ in range(200):
                client.service()
                server.service()
            assert client.connected and client.failure is None
            assert [bytes(ix.rxbs) for ix in server.ixes.values()] == [b"wait"]


class Listening:
    """A servant that listens at ha, though a socket is bound there that does not listen."""

    def __init__(self, ha):
        self.ha = ha

    def __enter__(self):
        self.server = Server(ha=self.ha, reuseport=True, tymeout=0.0)
        assert self.server.reopen()
        return self.server

    def __exit__(self, *exc):
        self.server.close()


@pytest.mark.parametrize(
    "code", [errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ECONNRESET, errno.EACCES]
)
def test_failed_attempt(pairs, code):
    """Whatever the reason, the next step begins anew with a fresh socket."""
    each = pairs()
    client = each.client()
    first = client.cs
    fail(first, code)
    client.service()
    assert client.failure.errno == code and client.cs is not first and first.fileno() == -1
    client.service()
    client.service()
    assert client.connected


def test_attempt_under_way(pairs):
    """It is not begun again while it is on its way, and is waited for in the poller."""
    each = pairs()
    way(each).change(Terms(latency=0.5))
    client = each.client()
    cs = client.cs
    for _ in range(3):
        client.service()
        assert not client.connected and client.cs is cs and len(client.own.poller) == 1
    each.wait(1.0 - TOCK)
    assert not client.connected and client.cs is cs
    each.wait(TOCK)
    assert client.connected and client.cs is cs


def way(each):
    """Return the link from the clients to the servant."""
    return each.net.network.link(each.net.name, each.net.name)


def test_reconnect(nobody):
    """A reconnectable client tries anew each tymeout, raises nothing, and connects once the server is up."""
    tymist = Tymist(tock=0.05)
    with openClient(ha=nobody, tymeout=0.2, reconnectable=True, tymth=tymist.tymen()) as client:
        for _ in range(30):
            client.service()
            tymist.tick()
        assert not client.connected and client.opened
        with Listening(nobody) as server:
            for _ in range(60):
                client.service()
                server.service()
                tymist.tick()
            assert client.connected and len(server.ixes) == 1


def test_stuck_attempt_is_begun_anew(pairs):
    """At the tick at which its tymeout has passed, if it is reconnectable; else it waits for its first one."""
    each = pairs()
    for reconnectable in (True, False):
        client = each.client(tymeout=2.0, reconnectable=reconnectable)
        first = client.cs
        client.tx(b"wait")
        way(each).swallowing = True  # TCP tries again after 1 s, and 2 s later
        each.wait(2.0 - TOCK)
        way(each).swallowing = False
        each.turn()
        assert client.cs is first and not client.connected
        each.wait(TOCK)
        each.turn()
        assert (client.cs is not first) == reconnectable and client.connected == reconnectable
        assert client.txbs == (b"" if reconnectable else b"wait")


def test_unwound_without_tymeout(pairs):
    """A client without tyme works as long as it has no tymeout."""
    each = pairs(wound=False)
    client, ix = each.pair(reconnectable=True)
    client.tx(b"abc")
    each.until(lambda: ix.rxbs == b"abc")
    client.refresh()


def test_reopen_after_a_cut(pairs):
    """cutoff stays through close(), is cleared by reopen(), and the same client connects again."""
    each = pairs()
    client, ix = each.pair()
    ix.close()
    each.until(lambda: client.cutoff)
    client.close()
    assert client.cutoff and not client.connected and not client.opened
    client.reopen()
    assert not client.cutoff and not client.broken and not client.shut
    each.server.ixes.clear()
    each.until(lambda: client.connected and each.server.ixes)
    (ix,) = each.server.ixes.values()
    client.tx(b"again")
    each.until(lambda: ix.rxbs == b"again")


def test_close_sends_what_is_queued(pairs):
    each = pairs()
    client, ix = each.pair()
    client.tx(b"last words")
    client.close()
    each.clients.clear()
    each.until(lambda: ix.cutoff)
    assert ix.rxbs == b"last words"


def test_after_a_terminal_failure(pairs):
    """The client knows that sending is over and why; late bytes are dropped; nothing is raised."""
    each = pairs()
    client, ix = each.pair()
    ix.cut()
    each.until(lambda: client.broken)
    client.tx(b"late")
    each.turn(5)
    assert not client.txbs and client.failure.errno == errno.ECONNRESET and client.cutoff


def test_unix_socket(pairs, tmp_path):
    each = pairs(net=osNet, ha=str(tmp_path / "s"))
    client, ix = each.pair()
    client.tx(b"abc")
    each.until(lambda: ix.rxbs == b"abc")
    assert client.ha == str(tmp_path / "s")
    gone = Client(ha=str(tmp_path / "none"))
    gone.service()
    assert gone.failure.errno == errno.ENOENT and not gone.connected
    gone.close()


def test_ipv6(pairs):
    try:
        each = pairs(ha=("::1", 0))
    except OSError as ex:
        pytest.skip(f"no IPv6 here: {ex}")
    client, ix = each.pair()
    assert client.ca[0] == client.ha[0] == "::1" and ix.ca == client.ca


def test_client_doer(pairs):
    """Winds and opens on entering, services each turn, closes on exit."""
    each = pairs()
    client = each.make()
    doer = ClientDoer(client)
    assert doer.client is client

    class Talk(doing.Doer):
        def recur(self, tyme):
            each.server.service()
            client.txbs or client.tx(b"x")
            return False

    doist = doing.Doist(tock=TOCK, real=False, limit=0.5)
    doist.do(doers=[doer, Talk()])
    assert client.tymth is not None and not client.opened and client.cs is None
    assert all(set(ix.rxbs) == {ord("x")} for ix in each.server.ixes.values())


@pytest.mark.parametrize("when", ["opened", "connecting", "connected", "cut off"])
def test_rewound(pairs, when):
    """A client that goes to a Doist's poller at any moment is served there, and makes no noise."""
    each = pairs()
    client = each.client()
    if when == "connecting":
        client.serviceConnect()
    elif when != "opened":
        each.until(lambda: client.connected and each.server.ixes)
        (ix,) = each.server.ixes.values()
        if when == "cut off":
            ix.close()
            each.until(lambda: client.cutoff)
    doist = doing.Doist(tock=TOCK, real=False, poller=each.net.poller())
    client.wind(doist.tymen())
    if when in ("opened", "cut off"):
        assert doist.poller.poll(0.0) == 0
        assert len(doist.poller) == 0
    if when == "cut off":
        return
    each.until(lambda: client.connected and each.server.ixes)
    (ix,) = each.server.ixes.values()
    ix.tx(b"abc")
    each.until(lambda: client.rxbs == b"abc")
    assert client.own.poller is doist.poller and len(doist.poller) == 1
