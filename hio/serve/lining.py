"""Journals of an access log that is all there is.

LineJournal   in the common or combined format, which have no phases
JsonJournal   in JSON

They cost a fraction of what a Journal costs, as they make no entry of a request that was answered as most are, but its
line at once. Most requests are like the one before, then so is the line, but for a few numbers in JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..core.http.framing import NOTHING
from .accessing import AccessLog, Common, Json, millis
from .journaling import Batch, Entry, Facts, Journal, factsOf

#: Bytes of body beyond which it matters whether all of it was sent.
Large = 1 << 14
#: Parts of a line of JSON: time and turn, number within the turn, and the rest.
Parts = 3


#: What a request is compared with: target, field lines, plan, size, method, version, address; and the text for those
#: that are like it. Heads of the same fields share their lines, as a rule, so these tell of referer, user agent and
#: framing. PERF: no named one, which takes thrice as long to unpack
Like: TypeAlias = "tuple[str | None, list[str] | None, Any, int, str, Any, str, str]"
NONE: Like = (None, None, None, 0, "", None, "", "")


class BriefJournal(Journal):
    """What these journals have in common.

    Parameters:
        log: the sink, with no other handler beside it.
        outgrown: called when the log has got another handler, a filter or another level, which want a Journal. The
            lines until then are handed to them without their records.
        kwa: for Journal.
    """

    def __init__(self, log: AccessLog, outgrown: Callable[[], Any] | None = None, **kwa: Any) -> None:
        self.log = log
        self.outgrown = outgrown
        self.lines: list[str] = []
        self.like = NONE
        super().__init__([log], **kwa)

    def resemble(self, req: Any, rep: Any, facts: Facts, text: str) -> None:
        """Have text, the line of req, told of the next requests, as long as they are like it. rep, facts: of it."""
        head = req.head
        self.like = (head.target, head.lines, rep.plan, rep.size, head.method, head.version, facts[0], text)

    def successor(self) -> Journal:
        """Return a Journal to go on with."""
        wide = Journal([self.log], self.name, self.clock, self.wall)
        wide.serials, wide.count, wide.watch = self.serials, self.count, self.watch
        return wide

    def write(self) -> None:
        """Write all lines."""
        lines, self.lines = self.lines, []
        if lines:
            self.log.write("".join(lines))
        if self.outgrown is not None and not self.log.lone:
            self.outgrown()


class LineJournal(BriefJournal):
    """A Journal whose one sink is an access log in the common or combined format. Parameters: see BriefJournal.

    Raises TypeError for a log in another format.
    """

    def __init__(self, log: AccessLog, *pa: Any, **kwa: Any) -> None:
        if not isinstance(log.form, Common):
            raise TypeError(f"lines of {type(log.form).__name__} need another journal")
        self.form: Common = log.form
        super().__init__(log, *pa, **kwa)

    def turn(self) -> None:
        """A turn of a server begins."""
        second = int(self.wall())
        if second != self.second or len(self.lines) >= Batch:
            self.flush()
            self.second = second
            self.form.tick(second)
            self.like = NONE
            self.now = self.clock()
            self.offset = second - self.now

    def began(self, req: Any) -> None:
        """Part of a request came: of no interest."""

    def ongoing(self, req: Any) -> None:
        """A response is not whole at the end of a step: of no interest."""

    def answered(self, req: Any, rep: Any) -> None:
        """The application gave the whole response, or failed."""
        # PERF: comparing tells 0.1 us sooner than looking it up that a request is like the one before
        target, fields, plan, size, method, version, address, text = self.like
        head = req.head
        if (
            head.target is target and head.lines is fields and rep.plan is plan and rep.size == size
            and head.method is method and head.version is version and rep.environ["REMOTE_ADDR"] == address
        ):
            self.lines.append(text)
        elif rep.size < Large:
            facts = factsOf(req, rep)
            text = self.form.memo[facts]
            self.tell(text)
            self.resemble(req, rep, facts, text)
        else:
            super().answered(req, rep)

    def add(self, entry: Entry, sent: float) -> None:
        """Add an entry."""
        self.tell(self.form.memo[entry[0]])

    def tell(self, text: str) -> None:
        """Add text, a line."""
        if not self.lines:
            self.watch.wake()
        self.lines.append(text)

    def flush(self) -> None:
        """Write all lines."""
        self.like = NONE  # the first line of a batch has somebody woken to write it
        self.count += len(self.lines)
        self.write()


class JsonJournal(BriefJournal):
    """A Journal whose one sink is an access log in JSON. Parameters: see BriefJournal.

    Requests that came whole, and were answered in one step, have their line at once, all others have entries. The ids
    of the former are the number of the turn and one within the turn. Raises TypeError for a log in another format.
    """

    def __init__(self, log: AccessLog, *pa: Any, **kwa: Any) -> None:
        if not isinstance(log.form, Json):
            raise TypeError(f"lines of {type(log.form).__name__} need another journal")
        self.form: Json = log.form
        self.told: list[str] = []  # of this turn: the lines without their beginnings
        self.waited = 0  # milliseconds that those waited that are like self.like
        self.until = 0.0  # clock until which that is so
        self.turns = 0
        self.ends = [f'-{number}",' for number in range(Batch)]  # of ids
        super().__init__(log, *pa, **kwa)

    def turn(self) -> None:
        """A turn of a server begins."""
        if self.told:
            self.collect()
        if len(self.lines) >= Parts * Batch or len(self.entries) >= Batch:
            self.flush()
        super().turn()
        self.until = self.now + 1e-3
        if self.waited:
            self.waited, self.like = 0, NONE

    def answered(self, req: Any, rep: Any) -> None:
        """The application gave the whole response, or failed."""
        done = self.clock()
        # PERF: see LineJournal. Numbers in a line cost 0.1 us each: what took less than a millisecond has none
        target, fields, plan, size, method, version, address, text = self.like
        head = req.head
        if (
            head.target is target and head.lines is fields and rep.plan is plan and rep.size == size
            and head.method is method and head.version is version and rep.environ["REMOTE_ADDR"] == address
            and done < self.until and req.times is None and rep.failure is None
        ):
            self.last = done
            self.told.append(text)
        elif req.times is None and rep.size < Large and req.framing_ is NOTHING and not (rep.failure or req.cause):
            self.tell(req, rep, done)
        else:
            super().answered(req, rep)

    def tell(self, req: Any, rep: Any, done: float) -> None:
        """Add the line of req, which came whole and was answered by rep in one step, at done by the clock."""
        wait, app = millis(self.last - self.now), millis(done - self.last)
        facts = factsOf(req, rep)
        text = f'{self.form.memo[facts]},"wait":{wait},"app":{app},"send":0}}\n'
        if not self.told:
            self.watch.wake()
        self.told.append(text)
        self.last = done
        if not app:
            self.resemble(req, rep, facts, text)
            self.waited, self.until = wait, self.now + (wait + 1) * 1e-3

    def collect(self) -> None:
        """Give the lines of the turn their beginnings."""
        told, self.told = self.told, []
        size = len(told)
        while len(self.ends) < size:
            self.ends.append(f'-{len(self.ends)}",')
        self.turns += 1
        stamp = self.form.isoTime(self.now + self.offset)
        parts = [f'{{"time":"{stamp}","id":"{self.name}-t{self.turns}'] * Parts * size
        parts[1::Parts] = self.ends[:size]
        parts[2::Parts] = told
        self.lines += parts
        self.count += size

    def flush(self) -> None:
        """Write all lines."""
        if self.told:
            self.collect()
        self.like = NONE  # the first line of a batch has somebody woken to write it
        if self.entries:
            entries, self.entries = self.entries, []
            self.count += len(entries)
            self.lines += self.form.lines(entries, self)
        self.write()
