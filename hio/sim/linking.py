"""The way from one host to another.

Link      one direction between two hosts: latency, bandwidth, loss, splitting; blocked or not
Terms     what a link is like, as a scenario states it
toLatency reads a latency: a number, a range, or a distribution
exponential, mixture: distributions

TCP shows a program no loss and no disorder, only delay, so that is what they are here: a lost segment is sent again
after the wait that TCP would make, and a segment never overtakes one before it on its connection.

A blocked link keeps what arrives on it. Once it is open again, held segments go on at once when it was held, and after
a partition when TCP would send them again, which is the later, the longer it lasted (RFC 6298).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, NamedTuple, Protocol

from .dicing import Dice
from .failing import SimError

#: Tymes on the network are multiples of this, in seconds: about a microsecond, and exact in sums of floats.
GRAIN = 2.0**-20
#: Shortest wait before TCP sends a segment again, in seconds, and the longest (as Linux has it; RFC 6298, 2.4 and 2.5).
RETRY = 0.203125
RETRY_MOST = 120.0

Latency = float | int | tuple[float, float] | Callable[[Dice], float]


def grained(seconds: float) -> float:
    """Return seconds as a multiple of GRAIN, rounded down."""
    return int(seconds * 1048576.0) * GRAIN


def exponential(mean: float, least: float = 0.0) -> Callable[[Dice], float]:
    """Return a latency: least seconds and an exponentially distributed wait of mean seconds on top."""
    return lambda dice: least + dice.exponential(mean)


def mixture(*parts: tuple[float, Latency]) -> Callable[[Dice], float]:
    """Return a latency that is one of parts, pairs (weight, latency): mixture((0.99, 0.001), (0.01, (0.1, 2)))."""
    makers = [(weight, toLatency(latency)[1]) for weight, latency in parts]
    total = sum(weight for weight, _ in makers)

    def draw(dice: Dice) -> float:
        mark = dice.random() * total
        for weight, maker in makers:
            mark -= weight
            if mark < 0.0:
                return maker(dice)
        return makers[-1][1](dice)

    return draw


def toLatency(latency: Latency) -> tuple[float | None, Callable[[Dice], float]]:
    """Return (constant or None, draw) for a latency in seconds. Raises SimError for what is none."""
    if isinstance(latency, (int, float)):
        if not isfinite(latency) or latency < 0.0:
            raise SimError(f"latency must be 0 or more seconds, got {latency!r}")
        constant = grained(latency)
        return constant, lambda dice: constant
    if isinstance(latency, tuple):
        if len(latency) != 2 or not 0.0 <= latency[0] <= latency[1] or not isfinite(latency[1]):
            raise SimError(f"a range of latency must be (least, most) seconds, got {latency!r}")
        low, high = latency
        return None, lambda dice: dice.uniform(low, high)
    if callable(latency):
        return None, latency
    raise SimError(f"latency must be seconds, a pair of them, or a callable that takes dice, got {latency!r}")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a link is like.

    Attributes:
        latency: seconds on the way: a number, (least, most), or a callable that takes Dice and returns seconds.
        bandwidth (float): bytes per second; 0.0: no bound.
        loss (float): share of segments (0.0 to below 1.0) that are lost and come later.
        split (float): share of segments (0.0 to 1.0) that are cut in two or more on the way.
    """

    latency: Latency = 0.0
    bandwidth: float = 0.0
    loss: float = 0.0
    split: float = 0.0

    def __post_init__(self) -> None:
        toLatency(self.latency)
        if not isfinite(self.bandwidth) or self.bandwidth < 0.0:
            raise SimError(f"bandwidth must be bytes per second, 0 for no bound, got {self.bandwidth!r}")
        if not 0.0 <= self.loss < 1.0:
            raise SimError(f"loss must be a share from 0.0 to below 1.0, got {self.loss!r}")
        if not 0.0 <= self.split <= 1.0:
            raise SimError(f"split must be a share from 0.0 to 1.0, got {self.split!r}")

    def but(self, **changes: Any) -> Terms:
        """Return these terms with changes. Raises SimError for a word that is none of them."""
        try:
            return replace(self, **changes)
        except TypeError:
            known = ", ".join(self.__dataclass_fields__)
            raise SimError(f"a link has {known}; not {', '.join(w for w in changes if w not in known)}") from None


class Sender(Protocol):
    """One end of a connection, as far as a link and the network know it.

    Attributes:
        link (Link): the way to the other end, peer. last (float): tyme at which its last segment arrives there.
        worried (bool): may give up later, as what it sent is not answered.
    """

    link: Link
    last: float
    worried: bool

    @property
    def peer(self) -> Sender | None:
        """The other end; None: there is none yet."""

    def note(self, kind: str, segment: int = 0, data: bytes = b"", note: str = "") -> None:
        """Write down what happens here: an event of kind, as SimEnd.note has it.

        segment: the number of what it is about, 0 for none. data: its bytes. note: words for a reader.
        """

    def giveUp(self) -> None:
        """What was sent is not answered for too long."""

    def die(self) -> None:
        """Be gone with the host, without a word."""


class Held(NamedTuple):
    """Something that waits on a blocked link."""

    since: float  # tyme at which it first could not pass
    sock: Sender | None  # whose unanswered segment it is, who gives up after a while; None: nobody does
    act: Callable[..., None]  # what its arrival does, called with the two that follow
    segment: int
    data: Any


PARTED, HELD, DOWN = 1, 2, 4  # why a link is blocked: bits of Link.blocked


class Link:
    """One direction from host src to host dst.

    Attributes:
        src, dst (str): names of the hosts.
        terms (Terms): what it is like.
        constant (float | None): latency in seconds when every segment takes just that and goes whole: the quick way.
        blocked (int): why nothing passes: bits PARTED, HELD, DOWN; 0: it is open.
        held (list[Held]): what waits, in order.
        free (float): tyme at which the last segment has left, as bandwidth allows.
        swallowing (bool): whether what dials through it vanishes.

    seed: of the run, which its own dice come from.
    """

    __slots__ = (
        "src", "dst", "terms", "constant", "blocked", "held", "free", "swallowing", "choke", "_draw", "_dice", "_seed",
    )  # fmt: skip

    def __init__(self, src: str, dst: str, terms: Terms, seed: int | str) -> None:
        self.src = src
        self.dst = dst
        self.blocked = 0
        self.held: list[Held] = []
        self.free = 0.0
        self.swallowing = False
        self.choke = 0.0  # bytes per second that dst takes, 0.0: any number
        self._seed = seed
        self._dice: Dice | None = None
        self.change(terms)

    def __repr__(self) -> str:
        why = [word for bit, word in ((PARTED, "parted"), (HELD, "held"), (DOWN, "down")) if self.blocked & bit]
        return f"<Link {self.src} > {self.dst} {self.terms} {' '.join(why)} held={len(self.held)}>"

    @property
    def dice(self) -> Dice:
        """Its own dice, made when first needed."""
        if self._dice is None:
            self._dice = Dice(self._seed, "link", self.src, self.dst)
        return self._dice

    def change(self, terms: Terms) -> None:
        """Be like terms from now on."""
        self.terms = terms
        constant, self._draw = toLatency(terms.latency)
        self.constant = None if terms.bandwidth or terms.loss or terms.split or self.choke else constant

    def throttle(self, rate: float) -> None:
        """Pass rate bytes per second at the most, whatever the terms; 0.0: as the terms say."""
        self.choke = rate
        self.change(self.terms)

    def delay(self) -> float:
        """Return the seconds that a segment without payload takes."""
        return self.constant if self.constant is not None else grained(self._draw(self.dice))

    def carry(self, data: bytes, now: float) -> Iterator[tuple[bytes, float, int]]:
        """Yield the pieces in which data travels: (piece, tyme of arrival, times that it is lost before).

        now: tyme at which it is sent, in seconds.
        """
        terms = self.terms
        rates = [rate for rate in (terms.bandwidth, self.choke) if rate]
        for piece in self.cut(data) if terms.split else (data,):
            start = now
            if rates:
                start = max(now, self.free)
                self.free = start = start + grained(len(piece) / min(rates)) + GRAIN
            lost = 0
            wait = RETRY
            while terms.loss and lost < 12 and self.dice.chance(terms.loss):
                lost += 1
                start += wait
                wait = min(2.0 * wait, RETRY_MOST)
            yield piece, start + self.delay(), lost

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield data in pieces, cut at places that chance chooses, or whole."""
        dice = self.dice
        while len(data) > 1 and dice.chance(self.terms.split):
            at = dice.between(1, len(data) - 1) if dice.chance(0.5) else dice.between(1, min(8, len(data) - 1))
            yield data[:at]
            data = data[at:]
        yield data

    def again(self, since: float, now: float) -> float:
        """Return the tyme, now or later, at which TCP sends again what it sent first at since."""
        wait = RETRY
        due = since + wait
        while due < now:
            wait = min(2.0 * wait, RETRY_MOST)
            due += wait
        return due
