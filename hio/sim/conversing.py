"""Judge one connection that HTTP/1.1 is spoken on.

Conversation   reads both directions, and holds them against each other and against what the application had and gave
Query          one request, as read off the wire

    requests as they arrive at the server  ->  calls of the application  ->  responses as the server sends them

The first request belongs to the first call and to the first response, and so on; each is dropped once all is well.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from ..hioing import HioError
from .attending import BODY_MOST, Call
from .reading import Head, Malformed, Part, Reader, Unclear
from .tracing import Kind

#: How a request begins: what makes a connection one to be judged.
isHttp = re.compile(rb"(?:\r\n)*(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) ").match
isAnswer = re.compile(rb"HTTP/1\.[01] ").match
HEAD, BODY = Part.HEAD, Part.BODY  # PERF: Python 3.11 takes its time to find a member in its Enum
UNDECIDED = 12  # bytes of which it can be told

#: Fields that a server settles itself, so that the application's need not be on the wire.
SETTLED = ("connection", "content-length", "transfer-encoding", "server", "date")

KINDS = (Kind.SEND, Kind.ARRIVE, Kind.ACCEPT, Kind.FINISH, Kind.RESET, Kind.BROKEN, Kind.TIMEOUT, Kind.CLOSE)
SEND, ARRIVE, ACCEPT, FINISH, RESET, BROKEN, TIMEOUT, CLOSE = (kind.value for kind in KINDS)  # PERF: plain strings


class Wrong(HioError):
    """A rule is broken; says which."""


class Query:
    """One request.

    Attributes:
        number (int): from 1, on its connection. head (Head). body (bytearray | None): None: too long to be kept.
        whole (bool): all of it arrived. tyme (float): when that was. call (Call | None): of the application, for it.
    """

    __slots__ = ("number", "head", "body", "size", "whole", "tyme", "call")

    def __init__(self, number: int, head: Head) -> None:
        self.number = number
        self.head = head
        self.body: bytearray | None = bytearray()
        self.size = 0
        self.whole = False
        self.tyme = 0.0
        self.call: Call | None = None

    def __repr__(self) -> str:
        return f"<Query #{self.number} {' '.join(map(str, self.head.line))} size={self.size} whole={self.whole}>"

    def __str__(self) -> str:
        return f"request {self.number} ({self.head.line[0]} {self.head.line[1][:60]})"

    def take(self, data: bytes) -> None:
        """Take data, more of the body that arrived; a body beyond BODY_MOST bytes is counted and not kept."""
        self.size += len(data)
        if self.body is not None:
            if self.size > BODY_MOST:
                self.body = None
            else:
                self.body += data


class Conversation:
    """One connection.

    Parameters:
        number (int): serial of the connection. client, server (str): names of hosts.
        rude (bool): the client may send what is no HTTP: it is the server that is judged for what it does about it.

    Attributes:
        judged (bool | None): whether this is HTTP, None as long as that is not known.
        queries (deque[Query]): whose response is not whole yet. calls (deque[Call]): not matched with a request yet.
        over (bool): the server said that it will not answer further requests.
        ending (str): how the server ended the connection, to be judged at the end of the turn; "" if it did not.
    """

    def __init__(self, number: int, client: str, server: str, rude: bool) -> None:
        self.number = number
        self.client = client
        self.server = server
        self.rude = rude
        self.judged: bool | None = None
        self.queries: deque[Query] = deque()
        self.calls: deque[Call] = deque()
        self.over = False
        self.ending = ""
        self.sent = 0.0  # tyme at which the server last sent something
        self.lost = False  # the way between the two is no good any more, or the client broke it off
        self.limits: Any = None  # of the server, if known
        self.ca: tuple[str, int] = ("", 0)  # of the client, as a server has it for a key
        self.accepted = False
        self.ix: Any = None  # what the server keeps for it, if known
        self.closes = 0  # ends that their application closed
        self.flights: dict[str, deque[tuple[int, bytes]]] = {">": deque(), "<": deque()}
        self._start = bytearray()
        self._asked = Reader()
        self._told = Reader(self._method)
        self._count = 0  # requests so far
        self._called = 0  # of which the application was called
        self._fault = ""  # what is wrong with the request behind those in queries
        self._unclear = False
        self._head: Head | None = None  # of the response that is under way
        self._query: Query | None = None  # that it answers
        self._size = 0  # bytes of its body so far
        self._compared: tuple[Head, Call] | None = None  # PERF: the last that agreed: most are like those before
        self._agreed: tuple[Head, Call] | None = None

    def __repr__(self) -> str:
        return f"<Conversation #{self.number} {self.client} > {self.server} queries={len(self.queries)}>"

    def see(self, tyme: float, kind: str, way: str, segment: int, data: bytes) -> None:
        """Take an event of the connection; what is wrong by it raises Wrong.

        tyme: of the event, in seconds. kind: SEND, ARRIVE, or how the connection ends. way: ">" from the client,
        "<" from the server. segment: number of what was sent, 0 for none. data: its bytes.
        """
        if kind == SEND:
            self.flights[way].append((segment, data))
            if way == "<" and self.judged is not False:
                self.sent = tyme
                self._answers(data)
        elif kind == ARRIVE:
            flight = self.flights[way]
            if not flight or flight.popleft() != (segment, data):
                raise Wrong(f"segment {segment} arrives, which is not what was sent next")
            if way == ">" and self.judged is not False:
                self._requests(tyme, data)
        else:
            self._ends(kind, way)

    def bind(self, limits: Any) -> None:
        """Hold what the application is asked against the limits of the server from now on."""
        self.limits = limits
        self._compared = None

    def _ends(self, kind: str, way: str) -> None:
        """Take an event that ends the connection, or a part of it."""
        if kind == FINISH:
            if way == "<" and self.judged:
                self._conclude(self._told.finish())
                self.ending = self.ending or "ends the connection"
        elif kind == RESET:
            if way == ">":
                self.lost = True
            elif not self.lost:
                self.ending = self.ending or "resets the connection"
        elif kind == BROKEN or kind == TIMEOUT:
            self.lost = True
        elif kind == CLOSE:
            self.closes += 1
        elif kind == ACCEPT:
            self.accepted = True

    # -- requests -----------------------------------------------------------------------------------------

    def _requests(self, tyme: float, data: bytes) -> None:
        """Bytes of requests arrive at the server."""
        if self.judged is None:
            self._start += data
            data = bytes(self._start)
            if isHttp(data):
                self.judged = True
            elif len(data) >= UNDECIDED:
                self.judged = False
        if not self.judged or self._fault or self._unclear:
            return
        self._start.clear()
        try:
            self._asks(tyme, self._asked.feed(data))
        except Unclear:
            self._unclear = True
        except Malformed as ex:
            self._fault = str(ex)
            if not self.rude:
                raise Wrong(f"the client sends {ex}") from None

    def _asks(self, tyme: float, parts: list[tuple[Part, Any]]) -> None:
        """Take the parts of requests."""
        for part, value in parts:
            if part is HEAD:
                self._count += 1
                self.queries.append(Query(self._count, value))
            elif part is BODY:
                self.queries[-1].take(value)
            else:
                self.queries[-1].whole = True
                self.queries[-1].tyme = tyme

    def match(self) -> None:
        """Hold the calls of the application against the requests. Raises Wrong."""
        while self.calls:
            call = self.calls.popleft()
            if self._unclear or not self.judged:
                mute(call)
                continue
            self._called += 1
            call.index = self._called
            query = next((one for one in self.queries if one.number == self._called), None)
            if query is None:
                what = f": {self._fault}" if self._fault else ""
                raise Wrong(f"the application is called, {call.method} {call.target}, for no request that came{what}")
            self._compare(query, call)
            query.call = call

    def _compare(self, query: Query, call: Call) -> None:
        """What the application is asked is what the client asked, and within the limits."""
        if not query.whole:
            raise Wrong(f"the application is called before {query} is whole")
        if call.body is not None and query.body is not None and call.body != query.body:
            raise Wrong(f"the application is given {len(call.body)} bytes of body by {query}, which has {query.size}: "
                        f"{call.body[:30]!r} for {bytes(query.body[:30])!r}")
        self._within("body", query.size, query)
        head = query.head
        if self._compared is not None:
            before, last = self._compared
            if before is head and last.asks(call):
                return
        self._compareHead(query, call)
        self._compared = (head, call)

    def _compareHead(self, query: Query, call: Call) -> None:
        """What the application is asked by the head is what the client asked, and within the limits."""
        head = query.head
        method, target = head.line
        if call.method != method or (call.target is not None and call.target != target):
            raise Wrong(f"the application is asked for {call.method} {call.target} by {query}")
        asked: dict[str, list[str]] = {}
        for name, value in head.fields:
            asked.setdefault(name.replace("_", "-"), []).append(value)
        for name, value in call.fields.items():
            if name == "content-length" and head.framing == "chunked":
                continue
            values = asked.get(name)
            if values is None or (len(values) == 1 and values[0] != value):
                raise Wrong(f"the application is given {name}: {value!r} by {query}, which has {values}")
        for name, size in (("line", head.first), ("head", head.size), ("fields", len(head.fields))):
            self._within(name, size, query)

    def _within(self, name: str, size: int, query: Query) -> None:
        """What the application is asked is within the limit of that name that the server has."""
        most = getattr(self.limits, name, None)
        if most is not None and size > most:
            raise Wrong(f"the application is called for {query}, with {name} of {size} where the limit is {most}")

    # -- responses ----------------------------------------------------------------------------------------

    def _method(self, ahead: int) -> str:
        """Return the method of the request that the next response belongs to, or the one so many ahead."""
        return self.queries[ahead].head.line[0] if ahead < len(self.queries) else "GET"

    def _answers(self, data: bytes) -> None:
        """The server sends bytes of responses."""
        if self.judged is None:
            self.judged = bool(isAnswer(data))
            if not self.judged:
                return
        if self._unclear:
            return
        if self.calls:
            self.match()
        if self.over and not self._told.begun:
            raise Wrong(f"the server sends more after its last response: {data[:60]!r}")
        try:
            parts = self._told.feed(data)
        except Malformed as ex:
            raise Wrong(f"the server sends {ex}") from None
        self._conclude(parts)

    def _conclude(self, parts: list[tuple[Part, Any]]) -> None:
        """Take the parts of responses."""
        for part, value in parts:
            if part is HEAD:
                if self.over:
                    raise Wrong(f"the server sends more after its last response: {value.line}")
                self._headed(value)
            elif part is BODY:
                self._bodied(value)
            else:
                self._answered()

    def _headed(self, head: Head) -> None:
        """A response begins."""
        self._head = head
        self._size = 0
        self._query = query = self.queries[0] if self.queries else None
        status = head.line[0]
        if status < 200:
            if query is None or not query.head.minor:
                raise Wrong(f"the server sends {status} to nobody who understands it")
            return
        if query is None or not query.whole:
            if status < 400 or not head.closing:
                raise Wrong(f"the server sends {status}, and there is no request that it answers"
                            if query is None else f"the server sends {status} before {query} is whole")
            return
        if not query.head.minor and head.framing == "chunked":
            raise Wrong(f"the server sends chunks to {query}, of HTTP/1.0")
        if query.call is not None:
            self._agree(query, query.call, head)
        elif self._called and (status < 400 or not head.closing):
            raise Wrong(f"the server sends {status} to {query}, for which the application was not called")

    def _agree(self, query: Query, call: Call, head: Head) -> None:
        """A head says what the application said."""
        if call.failed or call.changed:
            return
        if self._agreed is not None and self._agreed[0] is head and self._agreed[1].answers(call):
            return
        status = head.line[0]
        if not call.status:
            raise Wrong(f"the server sends {status} to {query}, and the application has not said so")
        if call.status.split(" ", 1)[0] != str(status):
            raise Wrong(f"the server sends {status} to {query}, where the application says {call.status}")
        for name, value in call.headers:
            if name.lower() not in SETTLED and (name.lower(), value.strip(" \t")) not in head.pairs:
                raise Wrong(f"the server does not send {name}: {value} to {query}, as the application says")
        self._agreed = (head, call)

    def _bodied(self, data: bytes) -> None:
        """Part of a body is sent: it is what the application gave next."""
        self._size += len(data)
        query, head = self._query, self._head
        call = query.call if query is not None else None
        if call is None or head is None or call.muted:
            return
        if call.failed and not call.size:
            return  # the server speaks for itself
        if call.given[: len(data)] != data:
            if call.failed and head.line[0] >= 500 and not call.status.startswith(str(head.line[0])):
                return
            at = self._size - len(data)
            raise Wrong(f"the server sends {data[:40]!r} to {query}, at {at} of the body, where the application gave "
                        f"{bytes(call.given[:40])!r}")
        del call.given[: len(data)]

    def _answered(self) -> None:
        """A response is whole."""
        head, query = self._head, self._query
        assert head is not None
        self._head = None
        if head.line[0] < 200:
            return
        self._query = None
        if head.closing or (query is not None and query.head.closing):
            self.over = True
        if query is None or not query.whole:
            self.over = True
            return
        call = query.call
        if call is not None:
            if head.framing == "chunked" and call.failed and self._size and self._size == call.size:
                raise Wrong(f"the server completes its response to {query}, though the application failed amid it")
            if head.framing in ("chunked", "close") and call.given and not call.failed:
                raise Wrong(f"the server completes its response to {query} with {self._size} bytes of {call.size}")
            if head.framing in ("chunked", "close") and not call.ended and not call.failed:
                raise Wrong(f"the server completes its response to {query} before the application does")
            mute(call)
        self.queries.popleft()

    # -- the end ------------------------------------------------------------------------------------------

    def judge(self, tyme: float, excused: bool) -> None:
        """Judge how the server ended the connection in this turn; what is wrong by it raises Wrong.

        tyme: of the end of the turn, in seconds. excused: it had to, as its host stops, or its client takes
        nothing.
        """
        how, self.ending = self.ending, ""
        over, self.over = self.over, True
        if excused or self.lost or not self.judged or self._unclear:
            return
        query = self._query
        if self._told.begun:
            call = query.call if query is not None else None
            if call is not None and not call.failed:
                raise Wrong(f"the server {how} amid its response to {query}, at {self._size} of {call.size} bytes that "
                            f"the application gave" + ("" if call.ended else " so far"))
            return
        if over or self._fault:
            return
        for query in self.queries:
            if query.whole and query.tyme < tyme:
                raise Wrong(f"the server {how} and leaves {query} without an answer")


def mute(call: Call) -> None:
    """Keep no more of what a call gives: nobody compares it."""
    call.muted = True
    call.given = bytearray()
