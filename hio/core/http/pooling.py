"""Pool: connections to any number of servers, made when they are needed, kept while they are of use.

Pool       makes calls; each gets a connection to its origin, an idle one if there is one
Lane       what a Pool keeps of one origin: its connections, and the calls that wait for one
openPool   context manager for a doer: closes the Pool when the doer ends
PoolDoer   closes a Pool on exit, and its idle connections in time

    def fetch(tymth=None, tock=0.0, **opts):
        with http.openPool(tymth=tymth) as pool:
            yield tock
            reply = yield from pool.get("http://127.0.0.1:8080/notes")
            if reply.errored:
                ...

Calls beyond the limits wait: those to one origin in their order, the origins in turn.
"""

from __future__ import annotations

import ssl
from collections import deque
from contextlib import AbstractContextManager, closing
from typing import Any, TypeVar, overload

from ...base import doing
from ...base.polling import Poller
from ...base.tyming import Tymth
from .. import tcp
from ..tcp.certifying import Path, initClientContext
from ..tcp.deadlining import Never
from ..tcp.netting import Net, osNet
from ..wiring import WireLog
from .addressing import Origin
from .answering import Respondent
from .channeling import Channel
from .failing import Mishap
from .fetching import Fetch, Fetcher
from .replying import Reply
from .retrying import IDEMPOTENT


class PoolChannel(Channel[Fetch]):
    """A connection of a Pool."""

    def __init__(self, pool: Pool, lane: Lane, **kwa: Any) -> None:
        self.pool = pool
        self.lane = lane
        self.idled: float | None = None  # tyme since which it carries nothing
        super().__init__(**kwa)

    def answered(self, exchange: Fetch, reply: Reply) -> None:
        exchange.channel = None
        served = self.served
        if not self.exchanges:
            self.pool.release(self)
        self.pool.judge(exchange, reply, served)

    def unanswered(self, exchange: Fetch, reply: Reply) -> None:
        exchange.channel = None
        self.pool.unanswered(exchange, reply)

    def turn(self) -> None:
        """Do one turn; a connection that its server ended while it was idle is closed."""
        super().turn()
        if not self.exchanges and not self.alive:
            self.pool.release(self)


class Lane:
    """What a Pool keeps of one origin.

    Attributes:
        channels (list): all, oldest first. idle (list): those that carry nothing, the latest used last.
        waiting (deque): calls without a channel.
    """

    __slots__ = ("channels", "idle", "origin", "waiting")

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.channels: list[PoolChannel] = []
        self.idle: list[PoolChannel] = []
        self.waiting: deque[Fetch] = deque()


class Pool(Fetcher):
    """Connections to servers, and calls over them.

    Parameters:
        tymth: tells the tyme; None: to be wound later, or never: then nothing is ever too late.
        perHost (int): connections to one origin at a time.
        total (int): connections in all.
        idleTymeout (float): seconds of tyme after which a connection that carries nothing is closed, at the next use of
            the Pool, or in time by a PoolDoer; 0.0: never.
        depth (int): requests that one connection carries at a time, if their methods are idempotent; 1: no pipelining.
        bounds (Bounds): sizes and tymeouts; None: BOUNDS.
        headers: fields for every request, unless it has its own of the name; None: none.
        auth (tuple): (user, password) for every request; None: none. Sent to every origin: for a Pool with one.
        redirectable (bool): follow redirects.
        retries (int): further tries of idempotent requests that fail for want of a connection, or are answered by 429,
            502, 503 or 504; they wait as Retry-After says, else by Bounds.backoff. A request whose connection had ended
            before the server saw it is made again in any case.
        cookies (bool | CookieJar): keep cookies, in a jar of its own or in the one given.
        decoding (bool): offer gzip and deflate, and undo them.
        dictable (bool): take every body for JSON whatever its type.
        context: SSLContext for https; None: one that verifies by the authorities that the system trusts, or that are in
            the file cafilepath.
        net, bufsize, wl: for the connections; see tcp.Client.
        dice, clock: for backoff and boundaries; for cookies and dates. None: those of the machine.

    Attributes:
        jar (CookieJar | None). lanes (dict): origin -> Lane. size (int): connections.

    Event streams are for a Client: a Pool takes one for a body like any other, which ends in a bound or a tymeout.

    Names of hosts are resolved when a connection is made, by the system, which may block.

    Raises ValueError, naming the parameter, for a number that is none or too small, and for headers that are no fields.
    """

    def __init__(
        self,
        tymth: Tymth | None = None,
        perHost: int = 16,
        total: int = 100,
        idleTymeout: float = 30.0,
        depth: int = 1,
        context: ssl.SSLContext | None = None,
        cafilepath: Path | None = None,
        net: Net | None = None,
        bufsize: int = 8096,
        wl: WireLog | None = None,
        **kwa: Any,
    ) -> None:
        for name, value in (("perHost", perHost), ("total", total), ("depth", depth)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be an int of at least 1, got {value!r}")
        super().__init__(tymth=tymth, **kwa)
        self.perHost = perHost
        self.total = total
        self.idleTymeout = idleTymeout
        self.depth = depth
        self.context = context
        self.cafilepath = cafilepath
        self.net = net or osNet
        self.bufsize = bufsize
        self.wl = wl
        self.lanes: dict[Origin, Lane] = {}
        self.size = 0
        self.idle: dict[PoolChannel, None] = {}  # those that carry nothing, longest idle first
        self.hungry: dict[Lane, None] = {}  # those with calls that wait, in the order of their turns

    # -- the root -----------------------------------------------------------------------------------------

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with all connections."""
        self.tymth = tymth
        for lane in self.lanes.values():
            for channel in lane.channels:
                channel.connector.wind(tymth)
                channel.bind(self)

    def poller(self) -> Poller | None:
        """Return the poller of the root that hands sockets over, None when there is none."""
        poller: Poller | None = getattr(self.tymth, "poller", None)
        return poller if poller is not None and self.net.serves(poller) else None

    # -- calls and channels -------------------------------------------------------------------------------

    def place(self, fetch: Fetch) -> None:
        """Put fetch on a channel, or have it wait for one."""
        tymth = self.tymth
        if self.idle and fetch.since is not None and tymth is not None:
            self.prune(tymth())
        origin = fetch.url.origin
        lane = self.lanes.get(origin)
        if lane is None:
            lane = self.lanes[origin] = Lane(origin)
        channel = None if lane.waiting else self.find(lane, fetch)
        if channel is not None:
            self.load(channel, fetch)
        elif fetch.reply is None:
            lane.waiting.append(fetch)
            self.hungry[lane] = None
        else:
            self.tidy(lane)

    def load(self, channel: PoolChannel, fetch: Fetch) -> None:
        """Put fetch on channel, and send what can be sent at once."""
        fetch.channel = channel
        channel.tell()
        channel.carry(fetch, fetch.message)
        if channel.connector.connected:
            channel.serviceSends()
        else:
            channel.turn()

    def feed(self) -> None:
        """Put calls that wait on channels, each origin in its turn, as far as the limits allow."""
        for lane in list(self.hungry):
            while lane.waiting:
                fetch = lane.waiting[0]
                channel = self.find(lane, fetch)
                if channel is None and fetch.reply is None:
                    break
                lane.waiting.popleft()
                del self.hungry[lane]
                if lane.waiting:
                    self.hungry[lane] = None  # behind the others
                if channel is not None:
                    self.load(channel, fetch)

    def find(self, lane: Lane, fetch: Fetch) -> PoolChannel | None:
        """Return a channel of lane to put fetch on; None when there is none now, or its host has no address."""
        while lane.idle:
            channel = lane.idle.pop()
            del self.idle[channel]
            if channel.connector.private:
                channel.receive()  # nobody told whether its server has ended it
            if channel.alive and not channel.connector.rxbs:
                return channel
            self.remove(channel)
        if len(lane.channels) < self.perHost:
            if self.size >= self.total and self.idle:
                channel = next(iter(self.idle))
                self.remove(channel)
                self.tidy(channel.lane)
            if self.size < self.total:
                return self.open(lane, fetch)
        if self.depth > 1 and fetch.method in IDEMPOTENT:
            return self.shared(lane)
        return None

    def shared(self, lane: Lane) -> PoolChannel | None:
        """Return that of lane which carries the fewest requests, all idempotent; None when none may have one more.

        A connection shows by its first response that it persists; before that it carries no second request.
        """
        fit = [
            channel for channel in lane.channels
            if len(channel.exchanges) < self.depth and channel.served and channel.alive and not channel.streaming
            and all(fetch.method in IDEMPOTENT for fetch in channel.exchanges)
        ]  # fmt: skip
        return min(fit, key=lambda channel: len(channel.exchanges), default=None)

    def open(self, lane: Lane, fetch: Fetch) -> PoolChannel | None:
        """Return a new channel of lane; None, with fetch settled, when its host has no address."""
        try:
            connector = self.dial(lane.origin)
        except OSError as ex:
            self.judge(fetch, Reply.failed(Mishap.UNCONNECTED, f"to {lane.origin.host}: {ex.strerror or ex}"), 0)
            return None
        respondent = Respondent(
            dictable=self.dictable, limits=self.bounds.grammar, endless=self.bounds.endless, decodable=self.decoding,
            decoded=self.bounds.decoded, eventable=False,
        )  # fmt: skip
        channel = PoolChannel(
            self, lane, connector=connector, respondent=respondent, bounds=self.bounds, dice=self.dice
        )
        lane.channels.append(channel)
        self.size += 1
        connector.reopen()
        channel.bind(self)
        return channel

    def dial(self, origin: Origin) -> tcp.Client:
        """Return a connector for origin, not opened. Raises OSError when its host has no address."""
        settings: dict[str, Any] = {
            "ha": (origin.host, origin.port), "tymth": self.tymth, "net": self.net, "bs": self.bufsize, "wl": self.wl,
        }  # fmt: skip
        if origin.scheme != "https":
            return tcp.Client(**settings)
        if self.context is None:
            self.context = initClientContext(cafilepath=self.cafilepath)
        return tcp.ClientTls(context=self.context, **settings)

    def release(self, channel: PoolChannel) -> None:
        """A channel carries nothing now: keep it for the next call, or close it if it is of no use."""
        if channel.alive:
            lane = channel.lane
            if channel not in self.idle:
                lane.idle.append(channel)
            self.idle[channel] = None
            channel.idled = channel.now
        else:
            self.remove(channel)
        if self.hungry:
            self.feed()
        self.tidy(channel.lane)

    def remove(self, channel: PoolChannel) -> None:
        """Close channel and forget it. Done already: does nothing."""
        lane = channel.lane
        if channel in lane.channels:
            lane.channels.remove(channel)
            self.size -= 1
            if channel in self.idle:
                del self.idle[channel]
                lane.idle.remove(channel)
            channel.connector.close()

    def tidy(self, lane: Lane) -> None:
        """Forget lane if there is nothing in it."""
        if not lane.channels and not lane.waiting and self.lanes.get(lane.origin) is lane:
            del self.lanes[lane.origin]

    def prune(self, tyme: float) -> None:
        """Close the connections that were idle for too long."""
        while self.idle and self.idleTymeout:
            channel = next(iter(self.idle))
            if channel.idled is None or tyme - channel.idled < self.idleTymeout:
                break
            self.remove(channel)
            self.tidy(channel.lane)

    # -- turns --------------------------------------------------------------------------------------------

    def due(self, call: Fetch) -> float:  # type: ignore[override]  # a Pool has no other calls
        """Return the tyme at which something is to be done for call if nothing comes; Never: none."""
        if call.resume is not None:
            due = call.resume
        elif call.channel is not None:
            due = call.channel.due()
        else:
            due = Never
        if call.since is not None and call.tymeout:
            due = min(due, call.since + call.tymeout)
        return due

    def waiting(self, channel: PoolChannel) -> Fetch | None:
        """Return the call that waits for the oldest exchange of channel, None when none does."""
        return channel.exchanges[0] if channel.exchanges else None

    def tend(self, call: Fetch) -> None:  # type: ignore[override]
        """Do what can be done for call: its waiter was resumed without a reply."""
        tyme, since = self.tyme, call.since
        if self.poller() is None:
            self.service()
        else:
            self.resume(tyme)
            if call.channel is not None:
                call.channel.turn()
        if call.reply is None and call.tymeout and tyme is not None and since is not None:
            if tyme >= since + call.tymeout:
                self.abandon(call, f"at tyme {tyme}")
        self.rouse()

    def abandon(self, fetch: Fetch, when: str) -> None:
        """Give up fetch if it is not on its way: it waited for too long."""
        if fetch.channel is None:
            lane = self.lanes.get(fetch.url.origin)
            if lane is not None and fetch in lane.waiting:
                lane.waiting.remove(fetch)
                if not lane.waiting:
                    del self.hungry[lane]
                    self.tidy(lane)
            where = "between two tries" if fetch.resume is not None else "waiting for a free connection"
            self.settle(fetch, fetch.answer(Reply.failed(Mishap.SLOW, f"{when}, {where}")))

    def service(self) -> None:
        """Do one turn of all connections. For whoever steps by hand; under a root nothing has to call it."""
        tyme = self.tyme
        if tyme is not None:
            self.prune(tyme)
        self.resume(tyme)
        for lane in list(self.lanes.values()):
            for channel in list(lane.channels):
                if channel.exchanges:
                    channel.turn()
        self.rouse()

    def close(self) -> None:
        """Close all connections. Calls that are under way are settled as errored; new ones may be begun."""
        calls = [fetch for _, _, fetch in self.delayed]
        self.delayed.clear()
        self.hungry.clear()
        for lane in list(self.lanes.values()):
            calls += lane.waiting
            lane.waiting.clear()
            for channel in list(lane.channels):
                calls += channel.exchanges
                channel.exchanges.clear()
                self.remove(channel)
        self.lanes.clear()
        for fetch in calls:
            if fetch.reply is None:
                self.settle(fetch, fetch.answer(Reply.failed(Mishap.ABANDONED, "the pool was closed")))
        self.rouse()

    def __repr__(self) -> str:
        waiting = sum(len(lane.waiting) for lane in self.lanes.values())
        return f"<Pool origins={len(self.lanes)} connections={self.size} idle={len(self.idle)} waiting={waiting}>"


P = TypeVar("P", bound=Pool)


@overload
def openPool(cls: None = None, **kwa: Any) -> AbstractContextManager[Pool]: ...


@overload
def openPool(cls: type[P], **kwa: Any) -> AbstractContextManager[P]: ...


def openPool(cls: Any = None, **kwa: Any) -> AbstractContextManager[Any]:
    """Make a Pool, or one of class cls, with kwa, for the length of a with block; it is closed at its end."""
    return closing((cls or Pool)(**kwa))


class PoolDoer(doing.Doer):
    """Minds a pool: winds it, closes its connections that are idle for too long, and all of it on exit.

    Parameters:
        pool (Pool): to be used by other doers.
    """

    def __init__(self, pool: Pool, **kwa: Any) -> None:
        super().__init__(**kwa)
        self.pool = pool

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with the pool."""
        super().wind(tymth)
        self.pool.wind(tymth)

    def recur(self, tyme: float) -> bool:
        """Close what was idle for too long."""
        self.pool.prune(tyme)
        return False

    def exit(self) -> None:
        """Close the pool."""
        self.pool.close()
