"""A long run under load beside peers that misbehave: nothing lost, memory flat.

    python -m bench.soak --seconds 180

One server process gets steady load from wrk, where that is installed, and at the same time peers that drip, stall,
reset, send garbage, half-close and hang up. Every good request must get its whole answer. The server's memory is read
every second: its median over the last quarter of the run may not be a tenth above that over the second.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

SERVER = """
import sys
from hio.base import doing
from hio.core import http
from hio.core.http.limiting import Limits

def app(environ, start):
    path = environ["PATH_INFO"]
    if path == "/fail":
        raise ValueError("on purpose")
    if path == "/stream":
        start("200 OK", [("Content-Type", "text/plain")])
        return (b"x" * 1000 for _ in range(100))
    body = environ["wsgi.input"].read() or b"Hello, world!"
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]

limits = Limits(headTymeout=2.0, bodyTymeout=2.0, stallTymeout=2.0, lingerTymeout=1.0)
server = http.Server(host="127.0.0.1", port=0, app=app, limits=limits, tymeout=3.0)
server.reopen()
print(server.servant.ha[1], flush=True)
doing.Doist(real=True, doers=[http.ServerDoer(server=server)]).do()
"""

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
RESET = struct.pack("ii", 1, 0)


def drip(sock: socket.socket, dice: random.Random) -> None:
    """Send a head byte by byte, and give up in the middle or never end it."""
    for byte in GET[: dice.randrange(len(GET))]:
        sock.send(bytes([byte]))
        time.sleep(0.02)


def stall(sock: socket.socket, dice: random.Random) -> None:
    """Ask for a lot and read nothing."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
    time.sleep(dice.uniform(0.5, 3.0))


def reset(sock: socket.socket, dice: random.Random) -> None:
    """Ask, and reset at some moment."""
    sock.sendall(GET * dice.randrange(1, 5))
    time.sleep(dice.uniform(0.0, 0.01))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def garbage(sock: socket.socket, dice: random.Random) -> None:
    """Send bytes that are no HTTP, or nearly."""
    raw = bytearray(GET + dice.randbytes(dice.randrange(200)))
    for _ in range(dice.randrange(5)):
        raw[dice.randrange(len(raw))] = dice.randrange(256)
    sock.sendall(raw)
    sock.settimeout(0.5)
    sock.recv(4096)


def halve(sock: socket.socket, dice: random.Random) -> None:
    """Send requests, half-close, and expect every answer."""
    count = dice.randrange(1, 8)
    sock.sendall(GET * count)
    sock.shutdown(socket.SHUT_WR)
    sock.settimeout(5.0)
    answer = b""
    while data := sock.recv(65536):
        answer += data
    if answer.count(b"HTTP/1.1 200 OK") != count or not answer.endswith(b"Hello, world!"):
        raise AssertionError(f"{count} requests before a half-close got {answer!r}")


def upload(sock: socket.socket, dice: random.Random) -> None:
    """Send a body in pieces and expect it back, whole."""
    body = dice.randbytes(dice.randrange(1, 300_000))
    sock.settimeout(10.0)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    sock.sendall(head + body)
    answer = b""
    while data := sock.recv(65536):
        answer += data
    if not answer.endswith(b"\r\n\r\n" + body):
        raise AssertionError(f"an upload of {len(body)} bytes came back as {len(answer)}")


def fail(sock: socket.socket, dice: random.Random) -> None:
    """Ask for what the application fails at."""
    sock.sendall(b"GET /fail HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    sock.settimeout(5.0)
    if not sock.recv(4096).startswith(b"HTTP/1.1 500 "):
        raise AssertionError("a failing application was not answered by 500")


PEERS = (drip, stall, reset, garbage, halve, upload, fail)


class Misbehaving(threading.Thread):
    """One peer after the other until the end; counts them, and keeps what should not have happened."""

    def __init__(self, port: int, seed: int, end: float) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.dice = random.Random(seed)
        self.end = end
        self.count = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        while time.monotonic() < self.end:
            peer = self.dice.choice(PEERS)
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5.0) as sock:
                    peer(sock, self.dice)
            except AssertionError as ex:
                self.wrong.append(f"{peer.__name__}: {ex}")
            except OSError as ex:
                if peer in (halve, upload, fail):  # these behave, so nothing may be lost on them
                    self.wrong.append(f"{peer.__name__}: {ex!r}")
            self.count += 1


def memory(pid: int) -> int:
    """Return the resident memory of a process in KiB."""
    with open(f"/proc/{pid}/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


def main(argv: list[str] | None = None) -> int:
    """Run the soak; return 0 when nothing was lost and memory stayed flat."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=180, help="length of the run (%(default)s)")
    parser.add_argument("--peers", type=int, default=24, help="misbehaving peers at one time (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what the peers do (%(default)s)")
    args = parser.parse_args(argv)
    command = [sys.executable, "-c", SERVER]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        return soak(server.pid, port, args)
    finally:
        server.terminate()
        server.wait(10)


def soak(pid: int, port: int, args: argparse.Namespace) -> int:
    """Load the server and watch it."""
    end = time.monotonic() + args.seconds
    peers = [Misbehaving(port, args.seed * 1000 + number, end) for number in range(args.peers)]
    for peer in peers:
        peer.start()
    wrk = None
    if shutil.which("wrk"):
        command = ["wrk", "-t1", "-c32", f"-d{args.seconds}s", f"http://127.0.0.1:{port}/"]
        wrk = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    sizes = []
    while time.monotonic() < end:
        time.sleep(1.0)
        sizes.append(memory(pid))
        if sys.stderr.isatty():
            print(f"\r{len(sizes)}/{args.seconds} s  {sizes[-1]:,} KiB ", end="", file=sys.stderr, flush=True)
    for peer in peers:
        peer.join(20.0)
    told = wrk.communicate()[0] if wrk is not None else ""
    wrong = [text for peer in peers for text in peer.wrong]
    errors = re.findall(r"(?:Socket errors|Non-2xx).*", told)
    requests = re.findall(r"(\d+) requests in", told)
    quarter = max(1, len(sizes) // 4)
    early, late = statistics.median(sizes[quarter : 2 * quarter]), statistics.median(sizes[-quarter:])
    files = len(os.listdir(f"/proc/{pid}/fd"))
    print(f"seconds {args.seconds}, peers {sum(peer.count for peer in peers):,}, wrk requests {requests or 'none'}")
    print(f"memory, KiB: first {sizes[0]:,}, second quarter {early:,}, last quarter {late:,}, most {max(sizes):,}")
    print(f"lost or wrong: {len(wrong)}; wrk errors: {errors or 'none'}; open files: {files}")
    for text in wrong[:10]:
        print("  ", text[:200])
    return 0 if not wrong and not errors and late < 1.1 * early else 1


if __name__ == "__main__":
    sys.exit(main())
