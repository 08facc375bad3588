"""Watch a run for what no HTTP server or client may do.

Oracles    of one Sim, on by default: watches every byte of every connection, the applications, and the servers' books

What is looked at:
- framing: each message is as RFC 9112 wants it; read by a reader of its own (reading.py)
- one response for each request, in order; what is on the wire is what the application had and gave (conversing.py)
- what arrives is what was sent, byte for byte and in order
- the iterable that an application returns is closed exactly once (attending.py)
- no request beyond a server's limits reaches the application, and no buffer grows beyond its mark
- at the end no server holds a connection any more, and no socket is left open

Servers are found among the doers of a host: whatever has .server.app, or .server.servant. One that is made elsewhere is
to be shown: sim.oracles.mind(host, server). A connection that does not begin as HTTP does, TLS for example, is let be.
What is said here of a server is said of any: nothing of hio.core.http is imported.
"""

from __future__ import annotations

from typing import Any, Protocol

from ..hioing import HioError
from .attending import Call, attend
from .conversing import Conversation, Wrong
from .hosting import Host
from .networking import Network
from .tracing import Kind, Record, Trace

#: Bytes by which a buffer may be over its mark: one read, and the framing of what is in it.
SLACK = 1 << 17
#: Seconds without a byte after which a server may give up a client that takes nothing.
PATIENCE = 1.0

DIAL, START, STOP, FAULT = (kind.value for kind in (Kind.DIAL, Kind.START, Kind.STOP, Kind.FAULT))


class Run(Protocol):
    """What is asked of the run that is watched; see Sim."""

    hosts: dict[str, Host]
    network: Network

    @property
    def tyme(self) -> float:
        """Tyme of the network, in seconds."""

    @property
    def trace(self) -> Trace:
        """What happened so far."""

    def note(self, text: str) -> None:
        """Write text into the trace."""


class Violation(HioError):
    """What must not be was seen. Names connection, tyme and event.

    Attributes:
        rule (str): which. connection (int): serial, 0 for none in particular. tyme (float): seconds.
        event (int): serial of the event by which it was seen, in the trace.

    Made with where, the words for the connection, which begin the message.
    """

    def __init__(self, rule: str, where: str, connection: int, tyme: float, event: int) -> None:
        super().__init__(f"{where}, tyme {tyme:.6f}, event {event}: {rule}")
        self.rule = rule
        self.connection = connection
        self.tyme = tyme
        self.event = event


class Oracles:
    """Watches a Sim.

    Parameters:
        sim (Sim): the simulation, before it runs.

    Attributes:
        conversations (dict[int, Conversation]): connections by serial, those that are not over.
        calls (dict[Call, None]): of applications, whose iterable is not closed.
        judged (int): connections that were judged. answered (int): calls of applications that were watched.
    """

    def __init__(self, sim: Run) -> None:
        self.sim = sim
        self.conversations: dict[int, Conversation] = {}
        self.calls: dict[Call, None] = {}
        self.answered = 0
        self._rude: dict[str, None] = {}
        self._servers: dict[str, list[Any]] = {}  # by host, those of its latest start
        self._clients: dict[tuple[str, str], Conversation] = {}  # by (host, port) of who dialed
        self._latest: dict[tuple[str, str], Call] = {}  # the same, its latest call
        self._crashed: dict[str, None] = {}
        self._wrongs: list[tuple[str, int]] = []  # found between events: (rule, connection)
        sim.trace.watch(self.see, raw=True)

    def __repr__(self) -> str:
        return f"<Oracles conversations={len(self.conversations)} calls={len(self.calls)} answered={self.answered}>"

    def excuse(self, host: str) -> None:
        """Let connections that host makes carry what is no HTTP: its server is judged for what it does about it."""
        self._rude[host] = None

    # -- servers and their applications -------------------------------------------------------------------

    def mind(self, host: Host, server: Any) -> None:
        """Watch a server of host, and its application."""
        servers = self._servers.setdefault(host.name, [])
        if server in servers:
            return
        servers.append(server)
        app = getattr(server, "app", None)
        if callable(app) and not hasattr(app, "attended"):
            server.app = self.attend(host, app)

    def attend(self, host: Host, app: Any) -> Any:
        """Return an application that does what app, served by host, does, and is watched."""
        boot = host.boots

        def called(call: Call) -> None:
            call.host, call.boot = host, boot
            self._called(call)

        return attend(app, called, self._opened, self._closed)

    def _find(self, host: Host, doers: Any) -> None:
        """Mind the servers among doers, and theirs."""
        for doer in doers:
            server = getattr(doer, "server", None)
            if server is not None and (hasattr(server, "app") or hasattr(server, "servant")):
                self.mind(host, server)
            inner = getattr(doer, "doers", None)
            if isinstance(inner, (list, tuple)):
                self._find(host, inner)

    def _called(self, call: Call) -> None:
        """An application is called."""
        self.answered += 1
        before = self._latest.get(call.address)
        conversation = call.conversation = self._clients.get(call.address)
        if before is not None and before in self.calls and before.conversation is conversation:
            self._wrong(f"the iterable of {before} is not closed, and the next request is answered", conversation)
        self._latest[call.address] = call
        if conversation is None:
            call.muted = True
        else:
            conversation.calls.append(call)
            servers = self._servers.get(conversation.server)
            if conversation.limits is None and servers:
                conversation.bind(getattr(servers[0], "limits", None))

    def _opened(self, call: Call) -> None:
        """A call has returned an iterable."""
        self.calls[call] = None

    def _closed(self, call: Call) -> None:
        """The iterable of a call is closed."""
        self.calls.pop(call, None)
        if call.closes > 1:
            self._wrong(f"the iterable of {call} is closed a second time", call.conversation)

    def _wrong(self, rule: str, conversation: Conversation | None) -> None:
        """Note what was found while a server has its turn; the run ends behind the turn."""
        self._wrongs.append((rule, conversation.number if conversation is not None else 0))
        self.sim.note(f"oracle: {rule}")  # so that there is an event to be told of

    # -- events -------------------------------------------------------------------------------------------

    def see(self, first: int, records: list[Record]) -> None:
        """Take the records of a turn, the first of which has serial first. Raises Violation."""
        conversations = self.conversations
        touched: dict[int, Conversation] = {}
        stopped: dict[str, None] = {}
        for serial, (tyme, kind, who, segment, data, note) in enumerate(records, first):
            connection = who[2]
            if not connection:
                self._happened(kind, who[0], note, stopped)
                continue
            conversation = conversations.get(connection)
            if conversation is None:
                if kind == DIAL:
                    self._dialed(connection, who[0], who[1], note)
                continue
            try:
                conversation.see(tyme, kind, who[3], segment, data)
            except Wrong as wrong:
                raise self._violation(wrong, conversation, tyme, serial) from None
            touched[connection] = conversation
        last = first + len(records) - 1
        for conversation in touched.values():
            self._behind(conversation, stopped, last)
            if conversation.closes > 1 and not conversation.flights[">"] and not conversation.flights["<"]:
                self._forget(conversation)
        if self._wrongs:
            rule, connection = self._wrongs[0]
            where = f"connection #{connection}" if connection else "no connection in particular"
            raise Violation(rule, where, connection, self.sim.tyme, last)

    def _dialed(self, connection: int, client: str, server: str, note: str) -> None:
        """A connection is asked for."""
        conversation = Conversation(connection, client, server, client in self._rude)
        self.conversations[connection] = conversation
        host, colon, port = note.split(" > ")[0].rpartition(":")
        if colon and port.isdigit():  # no path
            conversation.ca = (host, int(port))
            self._clients[host, port] = conversation

    def _happened(self, kind: str, host: str, note: str, stopped: dict[str, None]) -> None:
        """Something happens that is about no connection."""
        if kind == START:
            self._crashed.pop(host, None)
            self._servers.pop(host, None)
            self._find(self.sim.hosts[host], self.sim.hosts[host].doers)
        elif kind == STOP:
            stopped[host] = None
        elif kind == FAULT and note.startswith(("crash(", "bounce(")):
            self._crashed[host] = None
            self.calls = {call: None for call in self.calls if call.host.name != host}
            for conversation in self.conversations.values():
                if host in (conversation.client, conversation.server):
                    conversation.lost = True

    def _behind(self, conversation: Conversation, stopped: dict[str, None], last: int) -> None:
        """Look at a connection behind a turn in which something happened on it."""
        servers = self._servers.get(conversation.server, ())
        tyme = self.sim.tyme
        try:
            if conversation.calls:
                conversation.match()
            if conversation.ending:
                closed = any(not getattr(getattr(server, "servant", None), "opened", True) for server in servers)
                excused = closed or conversation.server in stopped or self._stalled(conversation)
                conversation.judge(tyme, excused)
            ix = conversation.ix
            if ix is None or len(ix.rxbs) > SLACK or len(ix.txbs) > SLACK:  # PERF: else it is within any mark
                for server in servers:
                    self._bounded(server, conversation)
        except Wrong as wrong:
            raise self._violation(wrong, conversation, tyme, last) from None

    def _stalled(self, conversation: Conversation) -> bool:
        """Whether the client has not taken what the server sent, for a while."""
        if self.sim.tyme - conversation.sent < PATIENCE:
            return False
        if conversation.flights["<"]:
            return True
        socks = self.sim.network.hosts[conversation.client].socks.values()
        return any(
            getattr(sock, "connection", 0) == conversation.number and sock.way == ">" and sock.unread > 0
            for sock in socks
        )

    def _bounded(self, server: Any, conversation: Conversation) -> None:
        """What a server holds of a connection is within its marks. Raises Wrong."""
        limits = getattr(server, "limits", None)
        ixes = getattr(getattr(server, "servant", None), "ixes", None)
        if limits is None or not ixes:
            return
        most = getattr(limits, "connections", None)
        if most is not None and len(ixes) > most:
            raise Wrong(f"the server holds {len(ixes)} connections where the limit is {most}")
        ix = conversation.ix = ixes.get(conversation.ca)
        if ix is None:
            return
        call = self._latest.get((conversation.ca[0], str(conversation.ca[1])))
        for name, buffer, mark, slack in (
            ("received", ix.rxbs, limits.rxMark, max(SLACK, ix.bs)),
            ("to be sent", ix.txbs, limits.txMark, SLACK + (call.largest if call is not None else 0)),
        ):
            if len(buffer) > mark + slack:
                raise Wrong(f"the server holds {len(buffer)} bytes {name}, far above its mark of {mark}")

    def _forget(self, conversation: Conversation) -> None:
        """Both ends closed a connection, and nothing is on the way: it is over."""
        del self.conversations[conversation.number]
        key = (conversation.ca[0], str(conversation.ca[1]))
        if self._clients.get(key) is conversation:
            del self._clients[key]
            self._latest.pop(key, None)

    def _violation(self, wrong: Wrong, conversation: Conversation, tyme: float, serial: int) -> Violation:
        """Return the Violation that tells all there is to tell."""
        where = f"connection #{conversation.number} ({conversation.client} > {conversation.server})"
        return Violation(str(wrong), where, conversation.number, tyme, serial)

    # -- the end ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Look at what is left once all doers were closed. Raises Violation."""
        for call in self.calls:
            if call.host.boots == call.boot:
                raise self._last(f"the iterable of {call} was never closed", call.conversation)
        for host in self.sim.hosts.values():
            if host.name in self._crashed:
                continue
            for server in self._servers.get(host.name, ()):
                self._emptied(host, server)
            for sock in host.net.socks.values():
                conversation = self.conversations.get(getattr(sock, "connection", 0))
                if conversation is not None and conversation.accepted and sock.way == "<":
                    raise self._last(f"{sock!r} is left open at the end", conversation)

    def _emptied(self, host: Host, server: Any) -> None:
        """A server that was closed holds nothing. Raises Violation."""
        servant = getattr(server, "servant", None)
        if servant is None or getattr(servant, "opened", True):
            return
        for name in ("reqs", "reps", "stewards"):
            left = getattr(server, name, None)
            if left:
                raise self._last(f"the server of host {host.name} still holds {name} of {list(left)} at the end", None)

    def _last(self, rule: str, conversation: Conversation | None) -> Violation:
        """Return the Violation of a rule about the end."""
        number = conversation.number if conversation is not None else 0
        where = f"connection #{number}" if number else "no connection in particular"
        return Violation(rule, where, number, self.sim.tyme, len(self.sim.trace) - 1)


__all__ = ["Oracles", "Violation"]
