"""A server in a Doist in real time, in a process of its own: all sorts of clients, and the limits of the system."""

from __future__ import annotations

import http.client
import os
import re
import resource
import shutil
import socket
import statistics
import struct
import subprocess

import pytest

from hio.help.timing import monoTime
from tests.core.http.reading import answers
from tests.kernel.processing import PATIENCE, ROOT, Running

SCRIPT = """
import resource, sys
from hio.base import doing
from hio.core import http

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/echo":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    if path == "/gigabyte":
        start_response("200 OK", [("Content-Length", str(1 << 30))])
        return (PIECE for _ in range(1 << 14))
    if path == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "12")])
    return [b"hello, world"]

def events():
    yield b"retry: 1000\\n\\n"
    while True:
        yield b""

PIECE = bytes(1 << 16)
descriptors, connections = (int(arg) or None for arg in sys.argv[1:3])
if descriptors:
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
from hio.core.http.limiting import Limits
server = http.Server(app=app, ha=("127.0.0.1", 0), tymeout=60.0, limits=Limits(connections=connections))

class Tell(doing.Doer):
    def recur(self, tyme):
        print("http://127.0.0.1:%d/" % server.servant.ha[1], flush=True)
        return True

doing.Doist(real=True, limit=0.0).do(doers=[http.ServerDoer(server), Tell()])
"""


@pytest.fixture
def run(tmp_path):
    """Run a server: run(descriptors=0, connections=0); 0 leaves the limit as it is."""
    running = []

    def start(descriptors=0, connections=0):
        running.append(Running("-c", SCRIPT, str(descriptors), str(connections), cwd=ROOT))
        server = running[-1]
        host, port = re.search(r"//(.+):(\d+)/", server.url).groups()
        server.ha = (host, int(port))
        return server

    yield start
    for server in running:
        server.process.terminate()
        _, errors = server.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in errors, errors


def connect(server):
    """Return a connected socket with a bound on every wait."""
    sock = socket.create_connection(server.ha, timeout=PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def ask(sock, raw=GET):
    """Return the one whole answer to raw."""
    sock.sendall(raw)
    got = b""
    while True:
        data = sock.recv(1 << 16)
        got += data
        found = answers(got, ended=not data)
        if found and found[0].whole:
            return found[0]
        assert data, f"ended after {got[:200]!r}"


def memory(server):
    """Return the resident memory of a server in bytes."""
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def cpu(server):
    """Return the seconds of processor time that a server has used."""
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


procfs = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the figures come from Linux's /proc")


def test_http_client(run):
    """The client of the standard library: many requests on one connection, bodies both ways, 100 Continue."""
    server = run()
    connection = http.client.HTTPConnection(*server.ha, timeout=PATIENCE)
    for count in range(50):
        body = bytes([count]) * count * 1000
        if count % 2:
            pieces, chunked = iter([body, b"x"]), {"Transfer-Encoding": "chunked"}
            connection.request("POST", "/echo", body=pieces, headers=chunked, encode_chunked=True)
        else:
            connection.request("POST", "/echo", body=body)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, body + b"x" * (count % 2))
    connection.request("HEAD", "/")
    response = connection.getresponse()
    assert response.read() == b"" and response.headers["Content-Length"] == "12"
    connection.close()


def curl(*argv):
    """Run curl; return the process once it is done."""
    argv = ["curl", "--max-time", str(PATIENCE), *argv]
    return subprocess.run(argv, check=False, capture_output=True, timeout=2 * PATIENCE)


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")
def test_curl(run, tmp_path):
    """curl: several transfers on one connection, an upload that expects 100 Continue, HTTP/1.0."""
    server = run()
    upload = tmp_path / "upload"
    upload.write_bytes(bytes(range(251)) * 12_000)
    url = server.url
    for argv, want in (
        ([url, url, url], b"hello, world" * 3),
        (["-0", url], b"hello, world"),
        (["-H", "Expect: 100-continue", "--data-binary", f"@{upload}", url + "echo"], upload.read_bytes()),
        (["-H", "Transfer-Encoding: chunked", "--data-binary", f"@{upload}", url + "echo"], upload.read_bytes()),
    ):
        done = curl("-sS", *argv)
        assert (done.returncode, done.stderr) == (0, b"") and done.stdout == want
    done = curl("-sSI", url)
    assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\n") and b"Content-Length: 12\r\n" in done.stdout


def test_readiness_cuts_the_sleep_short(run):
    """At the default tock of 1/32 s a request is answered in much less than one, as no tock is slept out."""
    server = run()
    with connect(server) as sock:
        ask(sock)
        spans = []
        for _ in range(300):
            begin = monoTime()
            ask(sock)
            spans.append(monoTime() - begin)
    assert statistics.median(spans) < 1 / 32 / 8  # 32 ms if it were slept out


@procfs
def test_idle_connections_use_no_cpu(run):
    """Neither connections that wait for a next request nor a Doist that ticks beside them keep a core busy."""
    server = run()
    socks = [connect(server) for _ in range(300)]
    for sock in socks[:5]:
        ask(sock)
    before, begin = cpu(server), monoTime()
    with connect(server) as waiter:  # half a second that the server spends without anything to do
        waiter.settimeout(0.5)
        with pytest.raises(TimeoutError):
            waiter.recv(1)
    span = monoTime() - begin
    assert (cpu(server) - before) / span < 0.1
    assert ask(socks[-1]).status == 200
    for sock in socks:
        sock.close()


@procfs
def test_gigabyte_to_a_stalled_reader(run):
    """The application waits for the peer: memory stays flat while it reads nothing, and while it reads all."""
    server = run()
    with connect(server) as other:
        ask(other)
        before = memory(server)
        most = 0
        with connect(server) as sock:
            sock.sendall(b"GET /gigabyte HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            for _ in range(200):  # the other is served meanwhile; the server has time to do something foolish
                assert ask(other).status == 200
                most = max(most, memory(server))
            size, head = 0, b""
            view = memoryview(bytearray(1 << 20))
            while count := sock.recv_into(view):
                head = head or bytes(view[:count]).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                size += count
                if not size % 64:
                    most = max(most, memory(server))
        assert size == len(head) + (1 << 30)
        assert most - before < 16 << 20, f"grew by {most - before} bytes"


def test_out_of_descriptors(run):
    """Accepting pauses, connections that stand are served, and the others are when there is room again."""
    server = run(descriptors=40)
    first = connect(server)
    ask(first)
    crowd = [connect(server) for _ in range(60)]
    for _ in range(20):
        assert ask(first).status == 200
    served = 0
    for sock in crowd[:50]:
        sock.close()
        served += 1
    late = crowd[50:]
    for sock in late:
        assert ask(sock).status == 200
        sock.close()
    assert ask(first).status == 200
    first.close()


def test_connection_limit(run):
    """Those beyond the limit wait in the backlog until one leaves."""
    server = run(connections=5)
    first = [connect(server) for _ in range(5)]
    for sock in first:
        ask(sock)
    late = connect(server)
    late.sendall(GET)
    late.settimeout(0.2)
    with pytest.raises(TimeoutError):
        late.recv(1)
    late.settimeout(PATIENCE)
    first[0].close()
    assert answers(late.recv(1 << 16))[0].status == 200
    for sock in (*first, late):
        sock.close()


def test_resets(run):
    """Peers that reset at any moment, by the hundred, leave a server that serves."""
    server = run()
    raws = [b"", b"GET", GET, GET * 50, b"\x00", b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx",
            b"GET /gigabyte HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n"]  # fmt: skip
    with connect(server) as other:
        for count in range(200):
            sock = connect(server)
            sock.sendall(raws[count % len(raws)])
            if count % 3 == 0:
                ask(other)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        assert ask(other).status == 200


def test_event_streams_do_not_slow_others(run):
    """Beside hundreds of streams that have nothing to say a request is answered at once."""
    server = run()
    streams = []
    for _ in range(300):
        streams.append(connect(server))
        streams[-1].sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
    for sock in streams:
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 200 OK")
    with connect(server) as sock:
        ask(sock)
        spans = []
        for _ in range(200):
            begin = monoTime()
            ask(sock)
            spans.append(monoTime() - begin)
    assert statistics.median(spans) < 1 / 32 / 8
    for sock in streams:
        sock.close()


def test_signal_ends_it(run):
    """SIGTERM ends the Doist in good order: the listening socket is closed, the exit status is clean."""
    server = run()
    with connect(server) as sock:
        ask(sock)
        server.process.terminate()
        assert sock.recv(1) == b""
    assert server.process.wait(PATIENCE) in (0, -15)
    with pytest.raises(OSError):
        connect(server)
