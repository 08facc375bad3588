"""LineJournal: the journal of an access log that is all there is, in a format that has no phases.

It costs half of what a Journal costs. While requests are answered it notes no more than which ones; their lines are
made at the beginning of the next turn, when all that they tell of is still there, one after the other, by the same few
instructions. Most lines of a second are like another one, so they are looked up rather than made.
"""

from __future__ import annotations

from typing import Any

from ..core.http.heading import HTTP_11
from .accessing import AccessLog, Common
from .journaling import Batch, Entry, Facts, Journal

#: Bytes of body beyond which it matters whether all of it was sent.
Large = 1 << 14
#: Lines that are remembered.
Remembered = 4096


class LineJournal(Journal):
    """A Journal whose one sink is an access log in the common or combined format.

    Parameters:
        log: the sink.
        peers (bool): the address in a line is that of the connection; False: that in the environ, which may be one that
            a proxy told of.
        kwa: for Journal.
    """

    def __init__(self, log: AccessLog, peers: bool = True, **kwa: Any) -> None:
        if not isinstance(log.form, Common):
            raise TypeError(f"lines of {type(log.form).__name__} need a Journal")
        self.log = log
        self.form = log.form
        self.peers = peers
        self.noted: list[Any] = []  # requestants, answered in this turn
        self.facts: list[Facts] = []  # of others, answered or not
        self.lines: list[str] = []
        self.memo: dict[Any, str] = {}
        self.pins: list[Any] = []  # field lines whose id is part of a key
        self.idle = True  # nothing waits to be written
        super().__init__([log], **kwa)

    def turn(self) -> None:
        """A turn of a server begins."""
        if self.noted:
            self.note()
        second = int(self.wall())
        if second != self.second or len(self.lines) >= Batch or len(self.facts) >= Batch:
            self.flush()
            self.second = second
            self.now = self.clock()
            self.offset = second - self.now

    def began(self, req: Any) -> None:
        """Part of a request came: of no interest."""

    def ongoing(self, req: Any) -> None:
        """A response is not whole: of no interest."""

    def answered(self, req: Any, rep: Any) -> None:
        """The application gave the whole response, or failed."""
        head = req.head
        if self.idle:
            self.idle = False
            self.watch.wake()
        if head.plain and rep.size < Large and not req.msg and self.peers:
            self.noted.append(req)  # PERF: head and plan stay with it until the next turn: no request waits behind it
        elif rep.size < Large:
            environ = rep.environ
            self.facts.append((
                environ["REMOTE_ADDR"], head.method, head.target, head.version, rep.plan.code, rep.size,
                environ.get("HTTP_REFERER"), environ.get("HTTP_USER_AGENT"),
            ))
        else:
            super().answered(req, rep)

    def gone(self, req: Any) -> None:
        """A connection ends, whatever it was doing."""
        if self.noted:
            self.note()
        super().gone(req)

    def add(self, entry: Entry, sent: float) -> None:
        """Add an entry."""
        self.facts.append(entry[0])
        self.idle = False
        self.watch.wake()

    def note(self) -> None:
        """Make the lines of the requests that were noted."""
        noted, self.noted = self.noted, []
        lines = self.lines
        if not lines:
            if self.form.second != self.second or len(self.memo) >= Remembered:
                self.form.tick(self.second)
                self.memo.clear()
                self.pins.clear()
        find = self.memo.get
        push = lines.append
        line = ""
        host = method = target = version = plan = size = fields = None
        for req in noted:
            head = req.head
            rep = req.responder
            # PERF: often it is like the one before, which comparing tells 0.1 us sooner than looking it up. Plain
            # heads of one kind share their field lines, so that the list tells of referer and user agent
            if not (
                head.target is target and rep.plan is plan and head.lines is fields and head.method is method
                and rep.size == size and head.version is version and req.remoter.ca[0] == host
            ):
                host, method, target, version = req.remoter.ca[0], head.method, head.target, head.version
                plan, size, fields = rep.plan, rep.size, head.lines
                key = (host, method, target, version is HTTP_11, plan, size, id(fields))
                line = find(key) or self.render(key, req)
            push(line)

    def render(self, key: Any, req: Any) -> str:
        """Return the line for a request that was noted, and remember it."""
        head, rep = req.head, req.responder
        facts = (
            str(req.remoter.ca[0]), head.method, head.target, head.version, rep.plan.code, rep.size,
            fieldOf(head.lines, "referer"), fieldOf(head.lines, "user-agent"),
        )
        line = self.memo[key] = self.form.memo[facts]
        self.pins.append(head.lines)
        return line

    def flush(self) -> None:
        """Write all lines."""
        if self.noted:
            self.note()
        if self.facts:
            self.form.tick(self.second)
            self.lines += [self.form.memo[facts] for facts in self.facts]
            self.facts.clear()
        lines, self.lines = self.lines, []
        self.idle = True
        if lines:
            self.count += len(lines)
            self.log.handler.write("".join(lines))


def fieldOf(lines: list[str], name: str) -> str | None:
    """Return the value of the field called name in field lines, None when there is none; several as one list."""
    found = [value.strip(" \t") for field, _, value in (line.partition(":") for line in lines) if field.lower() == name]
    return ",".join(found) if found else None
