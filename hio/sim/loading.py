"""Traffic for an HTTP server: drawn from a seed, or stated as data that can be kept, sent and shrunk.

Ask      one request     Visit    one connection and the requests on it     Mix   what visits are drawn from
draw     draws visits from dice
visit    a generator that makes one; load: a factory of doers for a host that makes many, one after the other

    sim.client("crowd", load("server", 80, Mix(visits=20, broken=0.1)))

Visits go out byte by byte as they are told to, not by hio's own client, which would never send what is wrong. Whether
all is well is judged by the oracles of the Sim; what came back is noted in the trace, and kept.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base.doing import doify
from ..base.tyming import Tymth
from ..core.tcp.clienting import Client
from .dicing import Dice
from .reading import Malformed, Part, Reader

if TYPE_CHECKING:
    from .hosting import Host

#: What a broken client may send in place of a request; {} is a target.
BROKEN: tuple[bytes, ...] = (
    b"GET {} HTTP/1.1\r\n\r\n",  # no Host
    b"GET {} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET  {} HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET {} HTTP/3.0\r\nHost: a\r\n\r\n",
    b"GET {} HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
    b"GET {} HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET {} HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
    b"POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde",
    b"POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nabcde\r\n0\r\n\r\n",
    b"POST {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdeXX0\r\n\r\n",
    b"\x00\x01\x02\x03\r\n\r\n",
)

#: How a visit may end: the connection is closed once all is answered; its sending side is as soon as all is sent; it is
#: reset after the first byte of the answers; or closed when all is sent, without waiting for an answer.
ENDS = ("close", "finish", "reset", "leave")

#: Seconds that a visitor waits for more of the answers.
PATIENCE = 60.0


class Ask(NamedTuple):
    """One request.

    Attributes:
        method, target (str). size (int): bytes of body. chunks (int): that the body comes in; 0: it has a length.
        minor (int): 0 for HTTP/1.0. closing (bool): it asks for the connection to be closed.
        broken (int | None): index into BROKEN of what is sent instead; None: nothing is wrong with it.
    """

    method: str = "GET"
    target: str = "/"
    size: int = 0
    chunks: int = 0
    minor: int = 1
    closing: bool = False
    broken: int | None = None

    def render(self, serial: int = 0) -> bytes:
        """Return the request as bytes. serial: told in a field X-Ask, and tells one body from another."""
        if self.broken is not None:
            return BROKEN[self.broken].replace(b"{}", self.target.encode("ascii"))
        lines = [f"{self.method} {self.target} HTTP/1.{self.minor}", "Host: load", f"X-Ask: {serial}"]
        if self.closing or not self.minor:
            lines.append("Connection: close" if self.closing else "Connection: keep-alive")
        body = bytes((serial + at) % 251 for at in range(self.size))
        if self.chunks and self.minor:
            lines.append("Transfer-Encoding: chunked")
            body = b"".join(chunked(body, self.chunks))
        elif self.size or self.method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {self.size}")
        return "\r\n".join([*lines, "", ""]).encode("ascii") + body


class Visit(NamedTuple):
    """One connection.

    Attributes:
        asks (tuple[Ask, ...]): the requests on it.
        wait (float): seconds before it.
        pipelined (bool): they go out at once, and not each when the one before is answered.
        pieces (int): bytes that go out at a time; 0: as many as there are. pace (float): seconds between two pieces.
        sloth (int): bytes that are read a turn, at pace; 0: as many as there are.
        end (str): one of ENDS.
    """

    asks: tuple[Ask, ...] = (Ask(),)
    wait: float = 0.0
    pipelined: bool = False
    pieces: int = 0
    pace: float = 0.0
    sloth: int = 0
    end: str = "close"


@dataclass(frozen=True)
class Mix:
    """What visits are drawn from. Shares are from 0.0 to 1.0, ranges are (least, most).

    Attributes:
        visits (int): how many. asks: requests on each. wait: seconds before each.
        methods, targets: to choose from, each as likely as the other.
        sizes: of bodies, of requests that have one; most are near the least.
        pipelined, chunked: shares of visits that pipeline, of bodies in chunks. old: of requests of HTTP/1.0.
        closing: share of requests that ask for the end. cancelled: of visits that end by reset or leaving.
        finished: of visits that end their sending side early. slow: of visits that send or read in drips.
        broken: share of visits whose last request is none.
    """

    visits: int = 10
    asks: tuple[int, int] = (1, 5)
    wait: tuple[float, float] = (0.0, 0.1)
    methods: Sequence[str] = ("GET", "GET", "HEAD", "POST", "PUT", "DELETE")
    targets: Sequence[str] = ("/",)
    sizes: tuple[int, int] = (0, 20_000)
    pipelined: float = 0.3
    chunked: float = 0.3
    old: float = 0.05
    closing: float = 0.1
    cancelled: float = 0.1
    finished: float = 0.1
    slow: float = 0.1
    broken: float = 0.1


def draw(dice: Dice, mix: Mix | None = None) -> Iterator[Visit]:
    """Yield the visits that dice draw from mix (None: the default)."""
    mix = mix or Mix()
    for _ in range(mix.visits):
        asks = [drawAsk(dice, mix) for _ in range(dice.between(*mix.asks))]
        if dice.chance(mix.broken):
            asks[-1] = asks[-1]._replace(broken=dice.below(len(BROKEN)))
        visit = Visit(tuple(asks), wait=dice.uniform(*mix.wait), pipelined=dice.chance(mix.pipelined))
        if dice.chance(mix.slow):
            writes = dice.chance(0.5)
            drips = dice.between(1, 200) if writes else dice.between(20, 2000)
            pace = dice.uniform(0.001, 0.05)
            visit = visit._replace(pace=pace, pieces=drips) if writes else visit._replace(pace=pace, sloth=drips)
        if dice.chance(mix.cancelled):
            visit = visit._replace(end=dice.choice(("reset", "leave")))
        elif dice.chance(mix.finished):
            visit = visit._replace(end="finish")
        yield visit


def drawAsk(dice: Dice, mix: Mix) -> Ask:
    """Return a request that dice draw from mix."""
    method = dice.choice(mix.methods)
    size = chunks = 0
    if method in ("POST", "PUT", "PATCH"):
        low, high = mix.sizes
        size = low + int((high - low) * dice.random() ** 3)
        chunks = dice.between(1, 5) if dice.chance(mix.chunked) else 0
    minor = 0 if dice.chance(mix.old) else 1
    return Ask(method, dice.choice(mix.targets), size, chunks, minor, dice.chance(mix.closing))


def chunked(body: bytes, count: int) -> Iterator[bytes]:
    """Yield body in about count chunks, and the last one."""
    size = max(1, -(-len(body) // count))
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


@dataclass
class Answers:
    """What came of a visit.

    Attributes:
        statuses (list[int]): of the responses that were whole, in order. bodies (list[bytes]): of these.
        cut (bool): the connection ended amid a response, or by an error, or before all was answered.
    """

    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    cut: bool = False


class Visitor:
    """Makes one visit; host, to, port and visit: as for visit()."""

    def __init__(self, host: Host, to: str, port: int, visit: Visit) -> None:
        self.host = host
        self.visit = visit
        self.answers = Answers()
        self.client = Client(host=to, port=port, net=host.net, tymth=host.tymth, bs=65536)
        self.reader = Reader(self._method)
        self.pieces = self._pieces()
        self.sent = False  # all that is to be
        self.status = 0  # of the response that is under way
        self.parts: list[bytes] = []  # of its body

    def _method(self, ahead: int) -> str:
        done = len(self.answers.statuses) + ahead
        asks = self.visit.asks
        return asks[done].method if done < len(asks) and asks[done].broken is None else "GET"

    def _pieces(self) -> Iterator[bytes | None]:
        """Yield what goes out next; None: wait for an answer."""
        visit = self.visit
        for serial, ask in enumerate(visit.asks):
            while not visit.pipelined and serial > len(self.answers.statuses):
                yield None
            raw = ask.render(serial)
            size = visit.pieces or len(raw)
            for at in range(0, len(raw), size):
                yield raw[at : at + size]

    def run(self) -> Generator[float, Any, Answers]:
        """Visit, and return what came of it."""
        client, visit = self.client, self.visit
        client.reopen()
        last = self.host.tyme
        try:
            while not self.over(last):
                if self.step():
                    last = self.host.tyme
                yield visit.pace
            self.end()
        finally:
            client.close()
        self.answers.cut = self.reader.begun or len(self.answers.statuses) < len(visit.asks)
        return self.answers

    def over(self, last: float) -> bool:
        """Whether there is nothing more to do. last: tyme at which something moved last."""
        client, visit = self.client, self.visit
        if self.host.tyme - last > PATIENCE or client.cutoff:
            return True
        if visit.end == "reset" and (self.parts or self.answers.statuses or self.reader.begun):
            return True
        return self.sent and (visit.end == "leave" or len(self.answers.statuses) >= len(visit.asks))

    def step(self) -> bool:
        """Send and receive what can be; return whether anything moved."""
        client, visit = self.client, self.visit
        if visit.sloth:
            client.bs = visit.sloth
        client.service()
        if not client.connected:
            return False
        moved = bool(client.rxbs)
        if moved:
            self.take(bytes(client.rxbs))
            client.rxbs.clear()
        while not self.sent and not client.txbs:
            piece = next(self.pieces, b"")
            if piece is None:
                break
            moved = True
            if piece:
                client.tx(piece)
                client.service()
            else:
                self.sent = True
                if visit.end == "finish":
                    client.shutdownSend()
            if visit.pieces:
                break
        return moved

    def take(self, data: bytes) -> None:
        """Take data, bytes of responses."""
        try:
            parts = self.reader.feed(data)
        except Malformed:  # the oracles of the Sim say so
            self.answers.cut = True
            return
        for part, value in parts:
            if part is Part.HEAD:
                self.status = value.line[0]
                self.parts = []
            elif part is Part.BODY:
                self.parts.append(value)
            elif self.status >= 200:
                self.answers.statuses.append(self.status)
                self.answers.bodies.append(b"".join(self.parts))
                self.parts = []

    def end(self) -> None:
        """End the connection."""
        if self.client.cutoff:
            for _ in self.reader.finish():
                self.answers.statuses.append(self.status)
                self.answers.bodies.append(b"".join(self.parts))
        if self.visit.end == "reset" and self.client.cs is not None:
            self.client.cs.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


def visit(host: Host, to: str, port: int, one: Visit) -> Generator[float, Any, Answers]:
    """Make a visit, one, to port of host to, from host; return its Answers.

    A generator for a doer: it yields tocks, in seconds. It never raises what the server does wrong: see Answers.
    """
    if any(ask.broken is not None for ask in one.asks) and host.sim.oracles is not None:
        host.sim.oracles.excuse(host.name)
    if one.wait:
        yield one.wait
    return (yield from Visitor(host, to, port, one).run())


def load(
    to: str,
    port: int = 80,
    visits: Mix | Sequence[Visit] | None = None,
    *,
    lanes: int = 1,
    answers: list[Answers] | None = None,
) -> Callable[[Host], Any]:
    """Return a factory for a host that makes visits to port of host to.

    visits: those to be made, or the Mix that the host's dice draw them from; None: the default Mix.
    lanes: doers that make them, each its share. answers: list to put what came of them into, in the order of the ends.
    """

    def make(host: Host) -> Any:
        chosen = list(draw(host.dice.child("load"), visits) if visits is None or isinstance(visits, Mix) else visits)

        def lane(number: int) -> Any:
            def run(tymth: Tymth, tock: float = 0.0, **_: Any) -> Generator[Any, Any, bool]:
                for serial, one in enumerate(chosen[number::lanes]):
                    came = yield from visit(host, to, port, one)
                    host.note(f"visit {number + serial * lanes}: {came.statuses}{' cut' if came.cut else ''}")
                    if answers is not None:
                        answers.append(came)
                return True

            return doify(run, name=f"lane{number}")

        return [lane(number) for number in range(lanes)]

    return make


__all__ = ["BROKEN", "ENDS", "Ask", "Mix", "Answers", "Visit", "draw", "load", "visit"]
