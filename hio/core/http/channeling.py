"""Channel: the exchanges of requests and responses over one connection, and over the ones that follow it.

A generation is what one connection carried. It is settled before the next begins: whatever was received is
parsed, whatever then misses is an error, the rest is dropped; and the next one begins with empty buffers and a fresh
parser. So nothing of one connection is ever taken for a part of another.

An exchange that fails is answered as well, by an errored Reply that says how. Nothing that a server sends, or does
not send, is raised.
"""

from __future__ import annotations

import ssl
from collections import deque
from typing import Any, Generic, Protocol, TypeVar

from ... import help
from ...base.polling import READ
from ...hioing import Mixin
from .. import tcp
from ..tcp.deadlining import Never
from .answering import Respondent
from .bounding import BOUNDS, Bounds
from .dicing import Dice
from .dicing import dice as fairDice
from .failing import Mishap
from .replying import Reply
from .staging import ENDED
from .retrying import backoff

logger = help.ogler.getLogger()

#: Bytes that one turn reads at the most.
ReceiveBudget = 1 << 20
#: Bytes of one read once a body is known to be long.
BodyBs = 1 << 16


class Exchange(Protocol):
    """One request that was put on a channel and is not answered yet.

    Attributes:
        method (str): of the request.
        since (float | None): tyme at which it was begun, its redirects and earlier tries included; None: unwound.
        tymeout (float): seconds of tyme for all of it; 0.0: for ever.
        patient (bool): while no connection comes about, try until that takes too long; else the first failure counts.
    """

    method: str
    since: float | None
    tymeout: float
    patient: bool


E = TypeVar("E", bound=Exchange)


class Channel(Mixin, Generic[E]):
    """Exchanges over one connection at a time.

    Parameters:
        connector: tcp.Client or tcp.ClientTls.
        respondent: parses what it receives; None: a new Respondent.
        bounds (Bounds): sizes and tymeouts; None: BOUNDS.
        dice: for backoff; None: those of dicing.

    Attributes:
        exchanges (deque): those put on the connection and not answered, oldest first.
        spent (bool): this connection must not carry another request.
        full (bool): too many events of a stream wait to be taken, so nothing is read.
        served (int): responses that came over this connection.
        again (float | None): tyme before which no connection is tried; None: at once.
        failures (int): attempts to connect that failed in a row.
    """

    def __init__(
        self,
        connector: tcp.Client,
        respondent: Respondent | None = None,
        bounds: Bounds | None = None,
        dice: Dice | None = None,
        **kwa: Any,
    ) -> None:
        self.bounds = BOUNDS if bounds is None else bounds
        self.dice = fairDice if dice is None else dice
        self.connector = connector
        if respondent is None:
            respondent = Respondent(limits=self.bounds.grammar, endless=self.bounds.endless)
        self.respondent = respondent
        self.respondent.msg = connector.rxbs
        self.exchanges: deque[E] = deque()
        self.bs = connector.bs
        self.spent = self.full = False
        self.served = 0
        self.again: float | None = None
        self.failures = 0
        self.dialed: float | None = None  # tyme since which a connection is tried for
        self.sent: float | None = None  # tyme at which all of a request was taken, or the response before it ended
        self.now: float | None = None  # tyme of the turn
        super().__init__(**kwa)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} exchanges={len(self.exchanges)} served={self.served} {self.connector!r}>"

    # -- facts --------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the connection stands and can carry another request."""
        connector = self.connector
        return connector.connected and not self.spent and not connector.cutoff and not connector.broken

    @property
    def enduring(self) -> bool:
        """Whether connections are tried for as long as it takes."""
        return False

    @property
    def streaming(self) -> bool:
        """Whether the response in work is an event stream."""
        respondent = self.respondent
        return respondent.evented and respondent.whole and not respondent.fresh and respondent.stage is not ENDED

    def due(self) -> float:
        """Tyme at which the oldest exchange fails, or a connection is tried again, if nothing comes; Never: none."""
        due = Never if self.again is None else self.again
        if self.full and self.now is not None:
            return self.now  # to see whether events were taken
        if self.exchanges:
            due = min(due, self.deadline()[0])
            if not self.connector.connected:
                due = min(due, self.connector.due() or Never)
        return due

    def deadline(self) -> tuple[float, str]:
        """Return (tyme, bound) that limit the oldest exchange, as far as it has come; (Never, "") without one."""
        connector = self.connector
        respondent = self.respondent
        bounds = self.bounds
        exchange = self.exchanges[0]
        if exchange.since is None:
            return Never, ""
        if respondent.evented and self.streaming:
            if self.full or not bounds.eventTymeout or connector.moved is None:
                return Never, ""  # full: it is not the server who is silent
            return connector.moved + bounds.eventTymeout, "waiting for events"
        due, name = Never, ""
        if exchange.tymeout:
            due, name = exchange.since + exchange.tymeout, "whole exchange"
        if not connector.connected:
            start = None if self.dialed is None else max(self.dialed, exchange.since)
            tymeout, stage = 0.0 if self.enduring else bounds.connectTymeout, "connecting"
        elif connector.txbs:
            start, tymeout, stage = connector.moved, bounds.stallTymeout, "sending the request"
        elif respondent.fresh or not respondent.whole:
            start, tymeout, stage = self.sent, bounds.headTymeout, "waiting for the head of the response"
        else:
            start, tymeout, stage = connector.moved, bounds.stallTymeout, "waiting for more of the body"
        if tymeout and start is not None and start + tymeout < due:
            return start + tymeout, stage
        return due, name

    # -- generations --------------------------------------------------------------------------------------

    def renew(self) -> None:
        """Begin another generation on a new socket, not connected yet. What the last one left over is dropped."""
        connector = self.connector
        connector.txbs.clear()
        connector.rxbs.clear()
        connector.reopen()
        connector.rxbs.clear()
        self.refresh()

    def refresh(self) -> None:
        """Begin another generation on whatever the connector is now."""
        connector = self.connector
        connector.bs = self.bs
        respondent = self.respondent
        respondent.msg = connector.rxbs
        respondent.closed = None
        respondent.makeParser()
        self.spent = self.full = False
        self.served = 0
        self.dialed = self.sent = None

    def bind(self, owner: object) -> None:
        """Have the root hand the socket over to owner, unless a doer services it."""
        own = self.connector.own
        if own.deed is None or own.deed.schedule is None:
            own.owner, own.deed = owner, self

    #: For the root: see Caller.
    schedule = True

    def step(self) -> bool:
        """Take one step towards a connection; return whether it stands. A failed attempt is noted."""
        connector = self.connector
        now = self.now
        if self.again is not None:
            if now is not None and now < self.again:
                return False
            self.again = None
            connector.refresh()
        if self.dialed is None:
            self.dialed = now
            connector.failure = None  # what ended the connection before this is no reason that there is none now
        before = connector.failure
        if connector.serviceConnect():
            self.failures = 0
            self.dialed = None
            self.sent = now
            return True
        if connector.failure is not before and connector.failure is not None:
            self.failures += 1
            self.unconnected(connector.failure)
        return False

    def unconnected(self, failure: OSError) -> None:
        """Note that an attempt to connect ended in failure: exchanges that are not patient fail with it."""
        secured = isinstance(failure, ssl.SSLError)
        if self.exchanges and (secured or not self.exchanges[0].patient):
            where = self.connector.hostname or self.connector.ha
            text = str(failure) if secured else f"to {where} {self.connector.ha}: {failure.strerror or failure}"
            self.breakOff(Mishap.INSECURE if secured else Mishap.UNCONNECTED, text)

    def postpone(self, seconds: float) -> None:
        """Try to connect again in seconds, more if attempts failed before; at once when there is no tyme."""
        if self.now is None:
            self.again = None
        elif self.failures:
            self.again = self.now + max(seconds, backoff(self.failures, seconds, self.bounds.backoffMost, self.dice))
        else:
            self.again = self.now + seconds

    # -- exchanges ----------------------------------------------------------------------------------------

    def carry(self, exchange: E, message: bytes) -> None:
        """Queue message, the bytes of exchange. The response in work is that of the oldest one."""
        connector = self.connector
        self.exchanges.append(exchange)
        if len(self.exchanges) == 1:
            self.arm(exchange)
        connector.txbs.extend(message)

    def arm(self, exchange: E) -> None:
        """Make ready for the response to exchange."""
        respondent = self.respondent
        respondent.method = exchange.method
        respondent.makeParser()
        respondent.begin()
        if self.connector.connected:
            self.sent = self.now

    def answered(self, exchange: E, reply: Reply) -> None:
        """Hook: exchange has its reply, and is off this channel."""
        raise NotImplementedError

    def unanswered(self, exchange: E, reply: Reply) -> None:
        """Hook: the connection ended with reply to an earlier exchange, before exchange had its turn."""
        self.answered(exchange, reply)

    # -- a turn -------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """Note the tyme of the turn, and that whatever is ready will be looked at."""
        connector = self.connector
        own = connector.own
        own.readers.clear()
        own.writers.clear()
        tymth = connector.tymth
        self.now = tymth() if tymth is not None else None

    def turn(self) -> None:
        """Do one turn."""
        self.tell()
        if self.connector.connected or (self.exchanges and self.step()):
            self.serviceSends()
            self.serviceResponse()
        if self.exchanges:
            self.expire()

    def serviceSends(self) -> None:
        """Send what the kernel takes."""
        connector = self.connector
        txbs = connector.txbs
        if txbs:
            connector.serviceSends()
            if not txbs:
                self.sent = self.now

    def receive(self) -> None:
        """Read what is there, up to a budget."""
        connector = self.connector
        count = connector.serviceReceiveOnce()
        if count >= connector.bs:  # there may be more
            budget = ReceiveBudget - count
            while budget > 0 and (count := connector.serviceReceiveOnce()):
                budget -= count

    def serviceResponse(self) -> None:
        """Read, and parse as far as that goes. Of an event stream only while its events are taken."""
        connector = self.connector
        if (self.full or self.respondent.evented) and self.heedEvents():
            return
        if not connector.cutoff:
            self.receive()
        if connector.rxbs or connector.cutoff or not self.respondent.armed:
            self.serviceParse()

    def heedEvents(self) -> bool:
        """Stop reading while too many events wait to be taken; return whether that is so."""
        connector = self.connector
        most = self.bounds.events
        full = most is not None and len(self.respondent.events) >= most and self.streaming
        if full is not self.full:
            self.full = full
            connector.refresh()  # what was not read while it was full is no silence of the server's
            if not connector.cutoff:
                connector.heed(connector.events & ~READ if full else connector.events | READ)
        return full

    def serviceParse(self) -> None:
        """Parse what was received; settle the generation if it is over."""
        connector = self.connector
        respondent = self.respondent
        while self.exchanges:
            lost = connector.cutoff and (connector.failure is not None or connector.truncated)
            if connector.cutoff and not lost:
                respondent.close()
            respondent.parse()
            if respondent.stage is ENDED and not respondent.armed:
                self.complete()
                if not connector.rxbs and not connector.cutoff:
                    break
            elif lost:
                self.lose(connector.failure)
                break
            else:
                if respondent.reader is not None and connector.bs < BodyBs:
                    connector.bs = BodyBs
                break
        if not self.exchanges and connector.rxbs:
            self.spent = True  # nobody asked for these: they answer nothing
            connector.rxbs.clear()

    def complete(self) -> None:
        """The response in work has ended: hand it over, and make ready for the next."""
        connector = self.connector
        respondent = self.respondent
        exchange = self.exchanges.popleft()
        reply = respondent.reply()
        if connector.bs != self.bs:
            connector.bs = self.bs
        forsaken: deque[E] | tuple[()] = ()
        if reply.errored:
            forsaken = self.forsake()
            self.hangUp()
        else:
            self.served += 1
            if not respondent.persisted or reply.status == 101:
                forsaken = self.forsake()
            elif self.exchanges:
                self.arm(self.exchanges[0])
        if connector.rxbs and not self.exchanges:
            self.spent = True  # nobody asked for these: they answer nothing
            connector.rxbs.clear()
        self.answered(exchange, reply)
        for other in forsaken:
            self.unanswered(other, reply)

    def forsake(self) -> deque[E]:
        """The connection carries no further response: return the exchanges that still waited for one."""
        self.spent = True
        forsaken, self.exchanges = self.exchanges, deque()
        return forsaken

    def hangUp(self) -> None:
        """Close a connection that is of no use any more, so that no more comes over it."""
        connector = self.connector
        if not connector.cutoff:
            connector.txbs.clear()
            connector.close()
        connector.rxbs.clear()

    def lose(self, failure: OSError | None) -> None:
        """The connection broke in the middle of the response; failure None: TLS was cut."""
        if isinstance(failure, ssl.SSLError):
            self.breakOff(Mishap.INSECURE, str(failure))
        elif failure is None:
            self.breakOff(Mishap.INSECURE, "the connection ended without close_notify, so more may be missing")
        else:
            self.breakOff(Mishap.CLOSED, f"connection lost: {failure.strerror or failure}")

    def breakOff(self, mishap: Mishap, detail: str) -> None:
        """Give up the oldest exchange, and the connection with it: mishap says how it failed, detail the rest."""
        respondent = self.respondent
        respondent.giveUp(mishap, detail)
        reply = respondent.reply()
        exchange = self.exchanges.popleft()
        forsaken = self.forsake()
        self.hangUp()
        self.answered(exchange, reply)
        for other in forsaken:
            self.unanswered(other, reply)

    def expire(self) -> None:
        """Give up the oldest exchange if its tyme is over."""
        if self.now is not None:
            due, stage = self.deadline()
            if self.now >= due:
                connector = self.connector
                if not connector.connected:
                    failure = connector.failure
                    reason = f", the last failure was: {failure.strerror or failure}" if failure else ""
                    where = connector.hostname or connector.ha
                    self.breakOff(Mishap.UNCONNECTED, f"to {where} {connector.ha} in time, {stage}{reason}")
                else:
                    self.breakOff(Mishap.SLOW, f"at tyme {self.now}, {stage}")
