"""Write down what happens on a simulated network, and read it.

Kind    what an event may be
Event   one event, as a reader sees it
Trace   all events of a run, in order: text, JSON lines, and a digest that two equal runs share

A run writes plain tuples, Records, because that is cheap; a reader gets Events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from hashlib import sha256
from math import inf
from typing import Any, NamedTuple, TextIO


class Kind(StrEnum):
    """What an event may be. Whoever is meant by host and peer is said for each."""

    # The life of host
    START = "start"        # its doers start, at the beginning or after a crash
    STOP = "stop"          # its doers are all done
    FAIL = "fail"          # a doer raised; note: what
    # Connections: host does it or is told, peer is at the other end
    DIAL = "dial"          # host asks for a connection; note: "from > to", its addresses
    KNOCK = "knock"        # what peer dialed arrived at the listening host
    OPEN = "open"          # host, which dialed, learns that the connection stands
    ACCEPT = "accept"      # the application of host, which listens, takes it
    REFUSE = "refuse"      # host, which dialed, learns that nobody takes it
    TIMEOUT = "timeout"    # host gives up: no answer to its dialing, or to what it sent
    SEND = "send"          # a segment leaves host; data: its bytes
    ARRIVE = "arrive"      # a segment of peer arrives at host, in its buffer; data: its bytes
    FINISH = "finish"      # host says that it sends no more (FIN)
    FINISHED = "finished"  # host learns that peer sends no more
    RESET = "reset"        # host breaks the connection (RST); note: why
    BROKEN = "broken"      # host learns that the connection is broken
    CLOSE = "close"        # the application of host closes its end
    # Segments on the way from host to peer
    LOSE = "lose"          # lost, will be sent again; note: when
    WAIT = "wait"          # cannot pass, will be sent again when it can; note: why
    VANISH = "vanish"      # gone for good; note: why
    # From above
    FAULT = "fault"        # a verb of the faults; note: the verb and its parameters
    PROPERTY = "property"  # a property was fulfilled or broken; note: its name and which
    NOTE = "note"          # what the scenario or a doer wanted to be noted


class Event(NamedTuple):
    """One event.

    Attributes:
        serial (int): place in the run, from 0.
        tyme (float): seconds from the start of the run, on the clock of the network.
        kind (str): one of Kind.
        host (str): name of the host where it happens; "" for nowhere in particular.
        peer (str): name of the host at the other end; "" for none.
        connection (int): serial of the connection, from 1; 0 for none. Its addresses stand in the note of its DIAL.
        way (str): ">" from who dialed to who listened, "<" back, "" for neither.
        segment (int): serial of the segment, the same in SEND, LOSE, WAIT, VANISH and ARRIVE of one segment, and of a
            FINISH and FINISHED, or RESET and BROKEN; 0 for none.
        data (bytes): payload of a segment.
        note (str): whatever else is to be said.
    """

    serial: int
    tyme: float
    kind: str
    host: str
    peer: str
    connection: int
    way: str
    segment: int
    data: bytes
    note: str

    @property
    def size(self) -> int:
        """Bytes of payload."""
        return len(self.data)

    def __str__(self) -> str:
        """One line for people: serial, tyme, who to whom, connection, what, and the beginning of the data."""
        where = f"{self.host} {ARROWS.get(self.kind, '-')} {self.peer}" if self.peer else self.host
        which = f"#{self.connection}" if self.connection else ""
        line = f"{self.serial:6d} {self.tyme:12.6f}  {where:<22} {which:<4} {self.kind:<8}"
        if self.segment:
            line += f" s{self.segment}"
        if self.data:
            line += f" {len(self.data)} B {excerpt(self.data)}"
        return f"{line} {self.note}".rstrip() if self.note else line.rstrip()

    def asDict(self) -> dict[str, Any]:
        """Return a dict that JSON can hold. data is text, one character for each byte (Latin-1)."""
        fields = self._asdict()
        fields["data"] = self.data.decode("latin-1")
        return fields


#: How the text form shows between host and peer what travels, by kind.
ARROWS: dict[str, str] = {
    Kind.DIAL: ">", Kind.SEND: ">", Kind.FINISH: ">", Kind.RESET: ">", Kind.LOSE: "x", Kind.WAIT: "|", Kind.VANISH: "x",
    Kind.KNOCK: "<", Kind.OPEN: "<", Kind.ARRIVE: "<", Kind.FINISHED: "<", Kind.BROKEN: "<", Kind.REFUSE: "<",
}  # fmt: skip

Who = tuple[str, str, int, str]  # whose event it is: host, peer, connection, way
Record = tuple[float, str, Who, int, bytes, str]  # an Event without its serial: tyme, kind, who, segment, data, note


def toEvent(serial: int, record: Record) -> Event:
    """Return the Event of a record; serial: its number in the trace."""
    tyme, kind, who, segment, data, note = record
    return Event(serial, tyme, kind, *who, segment, data, note)


class Trace:
    """The events of a run.

    Parameters:
        limit: events that are kept at least; older ones go once there are twice as many, though the digest still
            counts them. None: keep all.

    Attributes:
        records (list[Record]): the events that are kept, oldest first.
        dropped (int): how many older ones are gone.
        open (bool): whether events are still taken; a run closes its trace when it ends.
        most (float): records at which older ones go.
        watched (bool): whether somebody watches; see watch().

    A limit below 1 raises ValueError.
    """

    Limit = 200_000

    def __init__(self, limit: int | None = Limit) -> None:
        if limit is not None and limit < 1:
            raise ValueError(f"limit must be at least 1 event or None, got {limit!r}")
        self.limit = limit
        self.most = inf if limit is None else 2 * limit
        self.records: list[Record] = []
        self.dropped = 0
        self.open = True
        self._hash = sha256()
        self._hashed = 0  # records[:_hashed] are in the hash
        self.watched = False
        self._watchers: list[Callable[[list[Event]], None]] = []
        self._rawWatchers: list[Callable[[int, list[Record]], None]] = []
        self._told = 0  # serial of the first event that watchers have not seen

    def __len__(self) -> int:
        """Number of events so far, dropped ones included."""
        return self.dropped + len(self.records)

    def __iter__(self) -> Iterator[Event]:
        """Yield the events that are kept."""
        for serial, record in enumerate(self.records, self.dropped):
            yield toEvent(serial, record)

    def __getitem__(self, serial: int) -> Event:
        """Return the event with that serial; negative: from the end. Raises IndexError when it is gone or not yet."""
        index = serial - self.dropped if serial >= 0 else len(self.records) + serial
        if not 0 <= index < len(self.records):
            raise IndexError(f"no event {serial}: {self.dropped} to {len(self) - 1} are kept")
        return toEvent(self.dropped + index, self.records[index])

    def __repr__(self) -> str:
        return f"<Trace {len(self)} events, {self.dropped} dropped>"

    def tail(self, count: int = 20) -> list[Event]:
        """Return the last count events."""
        start = max(0, len(self.records) - count)
        return [toEvent(serial, record) for serial, record in enumerate(self.records[start:], self.dropped + start)]

    # Being written

    def note(
        self,
        tyme: float,
        kind: str,
        host: str = "",
        peer: str = "",
        note: str = "",
        *,
        connection: int = 0,
        way: str = "",
        segment: int = 0,
        data: bytes = b"",
    ) -> None:
        """Write an event down, unless the trace is closed; parameters as Event has them.

        tyme, kind, host, peer, note, connection, way, segment, data. Hot paths append to .records themselves.
        """
        if self.open:
            self.records.append((tyme, str(kind), (host, peer, connection, way), segment, data, note))

    def watch(self, watcher: Callable[..., None], *, raw: bool = False) -> None:
        """Have watcher called with the new events after each turn that made some. What it raises ends the run.

        raw: call it with the serial of the first and a list of records instead, which costs less.
        """
        if raw:
            self._rawWatchers.append(watcher)
        else:
            self._watchers.append(watcher)
        self.watched = True

    def tell(self) -> None:
        """Tell the watchers what is new, and drop what is too old. Called by the run between turns."""
        first = self._told
        fresh = self.records[first - self.dropped :] if self.watched else None
        if fresh:
            self._told += len(fresh)
            for rawWatcher in self._rawWatchers:
                rawWatcher(first, fresh)
            if self._watchers:
                events = [toEvent(serial, record) for serial, record in enumerate(fresh, first)]
                for watcher in self._watchers:
                    watcher(events)
        if self.limit is not None and len(self.records) >= self.most:
            self._forget(len(self.records) - self.limit)

    def close(self) -> None:
        """Take no more events."""
        self.open = False

    def _forget(self, count: int) -> None:
        """Drop the oldest count events, once they are in the digest."""
        if self._hashed < count:
            self._digest(count)
        del self.records[:count]
        self._hashed -= count
        self.dropped += count

    def _digest(self, stop: int) -> None:
        """Take the records up to stop into the hash.

        ascii() of floats, ints, bytes and str is the same in every version and on every machine.
        """
        for start in range(self._hashed, stop, 1000):
            batch = self.records[start : min(start + 1000, stop)]
            lines = [ascii((tyme, kind, *who, *rest)) for tyme, kind, who, *rest in batch]
            self._hash.update(("\n".join(lines) + "\n").encode())
        self._hashed = stop

    # Being read

    def digest(self) -> str:
        """Return 64 hexadecimal digits (SHA-256) over all events so far, also those that are no longer kept."""
        self._digest(len(self.records))
        return self._hash.copy().hexdigest()

    def text(self) -> str:
        """Return the events that are kept, a line each."""
        return "".join(f"{event}\n" for event in self)

    def lines(self) -> Iterator[str]:
        """Yield the events that are kept as JSON, one object a line, with the fields of Event."""
        for event in self:
            yield json.dumps(event.asDict(), separators=(",", ":"))

    def dump(self, stream: TextIO) -> None:
        """Write JSON lines to a text stream."""
        for line in self.lines():
            stream.write(line + "\n")


def load(lines: Iterator[str] | list[str]) -> list[Event]:
    """Return the Events of JSON lines, as lines() or dump() made them.

    Raises ValueError, with its number, for a line that is none.
    """
    events = []
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(line)
            fields["data"] = fields["data"].encode("latin-1")
            events.append(Event(**fields))
        except (KeyError, TypeError, ValueError) as ex:
            raise ValueError(f"line {number} is no event of a trace: {line[:80]!r} ({ex})") from ex
    return events


def excerpt(data: bytes, limit: int = 48) -> str:
    """Return the first limit bytes of data as one short piece of printable text, "..." behind it if there are more."""
    text = ascii(data[:limit].decode("latin-1"))
    return text + ("..." if len(data) > limit else "")
