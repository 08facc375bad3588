"""Keeper: the life of an HTTP server's connections, whatever answers on them.

A connection is in one Phase at a time, kept with its Requestant:

    IDLE -> HEAD -> BODY -> ANSWER -> IDLE          a request and its answer, and the next
    ANSWER -> DRAIN -> LINGER -> GONE               the last answer: all of it is sent, then the end, then a bounded
                                                    wait for what the peer still sends, lest a reset kill the answer
    any -> DRAIN by refuse()                        a bad or late request: an error answer, then as above
    any -> GONE by closeConnection()                the peer reset, stalled, or the server closes

Each phase has its tymeout (Limits). A connection that is not ready and whose deadline is not due costs nothing.
"""

from __future__ import annotations

from ...base.polling import READ
from ..tcp.deadlining import Never
from ..tcp.remoting import Remoter
from .faulting import MessageTimeout, PrematureClosure
from .holding import Holder
from .requesting import ANSWER, BODY, DRAIN, HEAD, IDLE, LINGER, Requestant
from .staging import ENDED, HEADED

#: Bytes that one turn reads from one connection at the most.
ReceiveBudget = 1 << 18
#: Bytes of one read while a body is on its way: more than for heads, to need fewer of them.
BodyBs = 1 << 16
#: Bytes of one read, and all that one turn reads, of a body in tiny chunks, each of which costs as much as a large one.
CrumbBs = 1 << 13
#: Rounds of parsing and answering that one turn does at the most, so that pipelined requests cannot hold it.
RoundBudget = 16

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Keeper(Holder):
    """Base of HTTP servers: holds connections and gives each its turn. Subclasses say what answers.

    In all methods req is the Requestant of a connection, and ix its Remoter.

    Parameters: see Server.
    """

    def serviceConnects(self) -> None:
        """Take new connections, end those that are to be ended, and those whose tymeout has passed."""
        servant = self.servant
        tymth = servant.tymth
        self.now = now = tymth() if tymth is not None else None
        for ix in servant.serviceConnects():
            self.welcome(ix)
            servant.readable.append(ix)  # what it wants came along with it, as a rule
        if self.closings:
            closings, self.closings = self.closings, []
            for req in closings:
                self.drain(req)
        if now is not None and self.deadlines.heap:
            for req in self.deadlines.expired(now):
                self.expire(req)

    def serviceReceives(self) -> None:
        """Read from those that are ready; what has something to parse goes to .fed."""
        servant = self.servant
        if not servant.readable:
            return
        readable, servant.readable = servant.readable, []
        for ix in readable:
            req: Requestant | None = ix.protocol
            if req is None or ix.cutoff:
                continue
            count = ix.serviceReceiveOnce()
            if count == ix.bs:
                self.receiveMore(req, ix)
            if ix.cutoff:
                self.ended(req, ix)
            elif count:
                ix.moved = self.now
                if req.phase <= BODY:
                    self.fed.append(req)
                else:
                    self.receivedLate(req, ix)

    def receiveMore(self, req: Requestant, ix: Remoter) -> None:
        """Read on from ix, whose last read was a full one: of a body more than of pipelined requests."""
        budget = ReceiveBudget
        if req.phase is not BODY:
            budget = min(BodyBs, self.limits.rxMark - len(ix.rxbs))
        elif ix.bs <= CrumbBs:
            return
        more = size = ix.bs
        ix.bs = max(size, BodyBs)  # PERF: it sends much at a time, so next time one read does; POST of 10 KB: +15 %
        while budget > 0 and more >= size:
            size = ix.bs
            more = ix.serviceReceiveOnce()
            budget -= more

    def receivedLate(self, req: Requestant, ix: Remoter) -> None:
        """Mind bytes that came from ix while it is answered or ends."""
        if req.phase is LINGER:
            self.linger(req)
        elif len(ix.rxbs) >= self.limits.rxMark:
            ix.heed(ix.events & ~READ)  # until the answer is given

    def ended(self, req: Requestant, ix: Remoter) -> None:
        """Mind that ix sends no more: what is complete is answered, what is not is refused, and then it is over."""
        if ix.broken:
            self.drop(req)
            return
        req.close()
        if req.phase <= BODY:
            if req.phase is IDLE and not ix.rxbs:
                self.conclude(req)
            else:
                self.fed.append(req)
        elif req.phase is LINGER and not req.doomed:
            self.drop(req)

    def serviceReqs(self) -> None:
        """Parse what came; admit each request that is complete, refuse each that is bad."""
        fed, self.fed = self.fed, []
        for req in fed:
            if req.phase <= BODY:
                req.parse()
                if req.stage is ENDED and not req.errored:
                    req.phase = ANSWER
                    req.due = Never
                    self.admit(req)
                else:
                    self.parsed(req)

    def parsed(self, req: Requestant) -> None:
        """Act on req, which is not whole, or not good."""
        fault = req.fault
        if fault is not None:
            if isinstance(fault, PrematureClosure) and not req.remoter.rxbs and req.phase is IDLE:
                self.conclude(req)  # it ended before a request began
            else:
                self.refuse(req, fault)
        elif req.stage is HEADED:
            self.awaitBody(req)
        elif req.phase is IDLE and req.msg:
            req.phase = HEAD
            self.arm(req, self.limits.headTymeout)
            self.listen(req)
            if self.journal is not None:
                self.journal.began(req)

    def listen(self, req: Requestant) -> None:
        """Read on from the connection of req, if reading had stopped."""
        ix = req.remoter
        if not ix.events & READ and not ix.cutoff:
            ix.heed(ix.events | READ)

    def awaitBody(self, req: Requestant) -> None:
        """Mind that part of a body is there: ask for the rest if the peer waits to be asked, and judge its pace."""
        ix = req.remoter
        tymeout = self.limits.bodyTymeout
        if req.phase is not BODY:
            if self.journal is not None:
                self.journal.began(req)
            req.phase = BODY
            ix.bs = max(ix.bs, BodyBs)
            req.since, req.got = self.now, 0
            self.listen(req)
        if req.expectant:
            req.expectant = False
            ix.tx(CONTINUE)
        reader = req.reader
        size = reader.size if reader is not None else 0
        if reader is not None and reader.crumbly:
            ix.bs = CrumbBs
        since = req.since
        if since is None:
            req.since, req.got = self.now, size
        elif self.now is not None and tymeout and self.now - since >= tymeout:
            if size - req.got < self.limits.bodyRate * (self.now - since):
                self.refuse(req, MessageTimeout(f"body slower than {self.limits.bodyRate} bytes a second"))
                return
            req.since, req.got = self.now, size
        self.arm(req, tymeout)

    def admit(self, req: Requestant) -> None:
        """Begin to answer req, which is complete. For subclasses."""
        raise NotImplementedError

    def answered(self, req: Requestant, persisted: bool) -> None:
        """Go on with the next request, if persisted, else end the connection: the response to req is in txbs."""
        ix = req.remoter
        if req.file is not None:
            req.release()
        if not persisted:
            self.conclude(req)
            return
        if ix.txbs and len(ix.txbs) >= self.limits.txMark:
            self.defer(req)
            return
        req.armed = True
        req.phase = IDLE
        if ix.cutoff:
            if ix.rxbs:
                self.fed.append(req)  # complete requests may wait there
            else:
                self.conclude(req)
            return
        if ix.rxbs:
            self.fed.append(req)
        if ix.rxbs or not ix.events & READ:
            self.pace(ix)
        if self.now is not None and self.tymeout:
            due = self.now + self.tymeout
            if due < req.check:
                self.deadlines.arm(req, due)
            else:
                req.due = due

    def pace(self, ix: Remoter) -> None:
        """Read on from ix, unless it sent more requests than a turn answers."""
        if len(ix.rxbs) >= self.limits.rxMark:
            ix.heed(ix.events & ~READ)
        elif not ix.events & READ:
            ix.heed(ix.events | READ)

    def defer(self, req: Requestant) -> None:
        """Have the peer take the answer that it got before the next request of its connection is looked at."""
        req.phase = ANSWER
        req.taking = True
        self.arm(req, self.limits.stallTymeout)

    def serviceSends(self) -> None:
        """Send for those that have something queued what their kernel takes."""
        servant = self.servant
        if servant.dirty:
            dirty, servant.dirty = servant.dirty, []
            for ix in dirty:
                ix.dirty = False
                size = len(ix.txbs)
                ix.serviceSends()
                protocol = ix.protocol
                if ix.txbs or ix.broken or protocol is None or protocol.phase is not IDLE or protocol.owing:
                    self.sent(ix, size)

    def sent(self, ix: Remoter, before: int) -> None:
        """Mind a connection which is more than idle after its bytes were sent, before bytes of them queued earlier."""
        req: Requestant | None = ix.protocol
        if req is None:
            return
        if ix.broken:
            self.drop(req)
            return
        left = len(ix.txbs)
        if req.blocked and left < self.limits.txMark:
            req.blocked = False
            self.unblocked(req)
        if not left:
            self.sentAll(req)
        elif req.phase is IDLE:
            self.defer(req)
        elif req.phase >= ANSWER and (left < before or req.due == Never):
            self.arm(req, self.limits.stallTymeout)  # it takes some, or begins to be waited for

    def sentAll(self, req: Requestant) -> None:
        """Mind that the peer took all that was queued for it."""
        if req.owing and self.journal is not None:
            self.journal.sent(req)
        if req.phase is DRAIN:
            if not req.closing:
                req.closing = True
                self.closings.append(req)
        elif req.phase is ANSWER:
            req.due = Never
            if req.taking:
                req.taking = False
                self.answered(req, True)

    def unblocked(self, req: Requestant) -> None:
        """Mind that the peer took enough for what answers req to go on. For subclasses."""

    # -- all of it ----------------------------------------------------------------------------------------

    def service(self) -> None:
        """Do one turn. Nothing that a peer sends, or that an application raises, is raised."""
        servant = self.servant
        servant.turning = True
        self.dater.render()  # once a turn is enough for all responses of the turn
        if self.journal is not None:
            self.journal.turn()
        try:
            self.serviceConnects()
            self.serviceReceives()
            self.serviceAnswers()
            self.serviceSends()
        finally:
            servant.turning = False

    def serviceAnswers(self) -> None:
        """Parse and answer; for subclasses."""
        raise NotImplementedError
