"""The access log: one line a request, in one of the formats that the world's tools read.

common     the format that the servers of NCSA and CERN agreed on
combined   the same with referer and user agent, as Apache and nginx have it
json       an object a line, with all that is known of the request

Under it is a logger of the standard library, hio.access. A handler that a program adds to that gets a LogRecord for
each request, with its Record as attribute .request.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import datetime, timezone

from .journaling import Entry, Facts, Journal, protocol
from .writing import LineHandler

#: What a program that looks for a status in the common formats is told of a request that got none, as nginx has it.
Nothing = 499

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: Logger under the access log; its name is part of the API.
logger = logging.getLogger("hio.access")

unsafe = re.compile(r'["\\\x00-\x1f\x7f-\xff]')  # heads are read as Latin-1


class Memo(dict[Facts, str]):
    """The text for facts, made once: most requests of a second are like others of it.

    Parameters:
        render: callable that makes the text.
    """

    Size = 4096  # facts that are remembered

    def __init__(self, render: Callable[[Facts], str]) -> None:
        self.render = render

    def __missing__(self, facts: Facts) -> str:
        if len(self) >= self.Size:
            self.clear()
        text = self[facts] = self.render(facts)
        return text


class Common:
    """Lines in the common log format."""

    def __init__(self) -> None:
        self.second = -1
        self.stamp = ""
        self.memo = Memo(self.render)

    def lines(self, entries: list[Entry], journal: Journal) -> list[str]:
        """Return a line for each of entries, with its line end; journal: whose .second is the time on them."""
        self.tick(journal.second)
        memo = self.memo
        return [memo[entry[0]] for entry in entries]

    def tick(self, second: int) -> None:
        """Render for this second from now on."""
        if second != self.second:
            self.second = second
            self.stamp = clfTime(second)
            self.memo.clear()

    def render(self, facts: Facts) -> str:
        """Return the line for facts, at the second that is rendered."""
        return self.common(facts) + "\n"

    def common(self, facts: Facts) -> str:
        """Return what the formats have in common, for the facts of a request."""
        address, method, target, version, status, size, _, _ = facts
        line = "-" if version is None else f"{method} {target} {protocol(version)}"
        return f'{address or "-"} - - [{self.stamp}] "{escape(line)}" {status or Nothing} {size or "-"}'


class Combined(Common):
    """Lines in the combined log format."""

    def render(self, facts: Facts) -> str:
        """Return the line for facts, at the second that is rendered."""
        return f'{self.common(facts)} "{escape(facts[6] or "-")}" "{escape(facts[7] or "-")}"\n'


class Json:
    """Lines of JSON.

    time (ISO 8601, UTC) is that of the request's first byte; wait, app and send are its phases, in whole milliseconds;
    id names the request; cause, only there if it ended early, says why; status is null if no answer was begun.
    """

    def __init__(self) -> None:
        self.memo = Memo(self.render)
        self.second = -1
        self.stamp = ""

    def lines(self, entries: list[Entry], journal: Journal) -> list[str]:
        """Return a line for each of entries, with its line end; journal names requests and knows the wall clock."""
        memo, lines, last, stamp = self.memo, [], -1.0, ""
        for facts, began, whole, done, sent, received, given, cause in entries:
            if began != last:
                stamp, last = self.isoTime(began + journal.offset), began
            ident = given or journal.newId()
            extra = f',"received":{received}' if received else ""
            if cause:
                extra += f',"cause":{json.dumps(cause)}'
            lines.append(
                f'{{"time":"{stamp}","id":"{ident}",{memo[facts]}'
                f',"wait":{millis(whole - began)},"app":{millis(done - whole)},"send":{millis(sent - done)}{extra}}}\n'
            )
        return lines

    def isoTime(self, wall: float) -> str:
        """Return wall, seconds since 1970, as ISO 8601 has them, in UTC and with microseconds."""
        second = int(wall)
        if second != self.second:
            self.second = second
            self.stamp = datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self.stamp}.{int((wall - second) * 1e6):06d}Z"

    @staticmethod
    def render(facts: Facts) -> str:
        """Return the members that facts decide."""
        address, method, target, version, status, size, referer, agent = facts
        told = {"address": address, "method": method, "target": target, "protocol": protocol(version),
                "status": status, "sent": size, "referer": referer, "agent": agent}  # fmt: skip
        kept = {name: value for name, value in told.items() if value is not None or name == "status"}
        return json.dumps(kept, separators=(",", ":"))[1:-1]


FORMATS: dict[str, Callable[[], Common | Json]] = {"common": Common, "combined": Combined, "json": Json}


class AccessLog:
    """Sink of a Journal that writes a line for each request.

    Parameters:
        handler: where the lines go.
        form (str): one of FORMATS.
    """

    naming = True

    def __init__(self, handler: LineHandler, form: str = "combined") -> None:
        self.handler = handler
        self.form = FORMATS[form]()

    def __repr__(self) -> str:
        return f"<AccessLog {type(self.form).__name__} {self.handler!r}>"

    def open(self) -> None:
        """Begin to log; raise OSError when the file cannot be had."""
        self.handler.open()
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addHandler(self.handler)

    def close(self) -> None:
        """Log no more."""
        logger.removeHandler(self.handler)
        self.handler.close()

    @property
    def lone(self) -> bool:
        """Whether nobody else has a say in what becomes of the lines."""
        return logger.handlers == [self.handler] and not logger.filters and logger.isEnabledFor(logging.INFO)

    def take(self, entries: list[Entry], journal: Journal) -> None:
        """Write a line for each of entries, which come from journal.

        Handlers that a program added to the logger get a record for each.
        """
        if not logger.isEnabledFor(logging.INFO):
            return
        lines = self.form.lines(entries, journal)
        if self.lone:
            self.handler.write("".join(lines))  # PERF: LogRecords would cost more than the requests
            return
        for entry, line in zip(entries, lines, strict=True):
            request = journal.record(entry, journal.ident(entry))
            record = logger.makeRecord(
                logger.name, logging.INFO, __file__, 0, "%s", (line[:-1],), None, extra={"request": request},
            )
            self.handle(record, line)

    def write(self, lines: str) -> None:
        """Write lines. Handlers that a program added to the logger get them without their requests."""
        if self.lone:
            self.handler.write(lines)
        elif logger.isEnabledFor(logging.INFO):
            for line in lines.split("\n")[:-1]:
                record = logger.makeRecord(logger.name, logging.INFO, __file__, 0, "%s", (line,), None)
                self.handle(record, line + "\n")

    def handle(self, record: logging.LogRecord, line: str) -> None:
        """Hand one record to whoever wants it; line: the same as text, for the log's own handler."""
        if not logger.filter(record):
            return
        for handler in list(logger.handlers):
            if handler is self.handler:
                self.handler.write(line)
            elif record.levelno >= handler.level:
                handler.handle(record)


def clfTime(second: int) -> str:
    """Return second, since 1970, as the common log format has it; in UTC, whatever the zone and locale."""
    t = datetime.fromtimestamp(second, timezone.utc)
    return f"{t.day:02d}/{MONTHS[t.month - 1]}/{t.year:04d}:{t.hour:02d}:{t.minute:02d}:{t.second:02d} +0000"


def millis(seconds: float) -> int:
    """Return the whole milliseconds in seconds."""
    return int(seconds * 1e3)


def escape(text: str) -> str:
    """Return text with what could end a quoted field, or command a terminal, as \\xhh."""
    return unsafe.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
