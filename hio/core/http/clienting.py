"""HTTP client: requests to one server, responses and events from it, turn by turn from inside one loop.

Client           queues requests, sends them over one connection, hands responses over; reconnects, follows redirects
ClientDoer       services a Client from a Doist
openClient       context manager for tests
backendRequest   one request from inside a WSGI generator

The front door of the client side. Elsewhere: composing.py makes requests, answering.py takes responses in,
channeling.py has the life of a connection, reconnecting.py which connection is used, asking.py what becomes of a
request, calling.py how a doer waits for a response, pooling.py connections to many servers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar, overload

from ... import help
from ...base import tyming
from ...base.polling import Poller
from ...base.tyming import Tymth
from ...help.helping import typed
from ...help.hicting import Hict
from .. import tcp
from ..tcp.deadlining import Never
from ..tcp.servicing import opening
from ..wiring import WireLog
from .addressing import PORTS, isUrl, makeOrigin
from .answering import Respondent
from .asking import Asker
from .bounding import BOUNDS, Bounds
from .composing import Args, Body, Headers, Requester
from .decoding import OFFER
from .dicing import Dice
from .eventing import Event
from .failing import Mishap
from .httping import CR, CRLF, LF
from .jarring import CookieJar
from .reconnecting import Reconnector
from .recording import Inbox, Record
from .replying import Reply, Response

__all__ = [
    "CR", "CRLF", "LF", "Client", "ClientDoer", "Requester", "Respondent", "Response", "backendRequest", "logger",
    "openClient",
]

logger = help.ogler.getLogger()

C = TypeVar("C", bound=Asker)


@overload
def openClient(cls: None = None, **kwa: Any) -> AbstractContextManager[Client]: ...


@overload
def openClient(cls: type[C], **kwa: Any) -> AbstractContextManager[C]: ...


def openClient(cls: Any = None, **kwa: Any) -> AbstractContextManager[Any]:
    """Open a Client, or one of class cls made with kwa, for the length of a with block.

    Usage:
        with openClient(hostname="127.0.0.1", port=8080) as client:
            client.request("GET", "/")
            client.service()
    """
    return opening((cls or Client)(**kwa))


class Client(Reconnector):
    """Requests to one server.

    There are two ways to use it. A doer that is a generator awaits: `reply = yield from client.get("/")`; nothing else
    has to run. Or a ClientDoer (or a loop of your own) services it, requests are queued by request(), and responses are
    taken from .responses or by respond(). Events of an event stream go to .events in either case.

    Parameters:
        connector: tcp.Client or tcp.ClientTls to use; None: one is made.
        requester (Requester), respondent (Respondent): to use; None: they are made.
        name (str), uid: for people.
        bufsize (int): bytes that one read takes at the most.
        wl: WireLog for all traffic, or None.
        hostname (str), port (int): of the server; port None: that of the scheme.
        scheme (str): "https" for TLS, else plain; "": as path or connector say.
        method, path, headers, qargs, fragment, body, data, fargs: of the request that transmit() makes when it is given
            no other; see Requester. path may be a URL, whose parts then count. headers are for calls too.
        requests, responses, events (deque), redirects (list): to use; None: new ones.
        msg (bytearray): buffer to receive into; None: a new one.
        dictable (bool): take every body, and the data of every event, for JSON whatever its type.
        redirectable (bool): follow redirects.
        portOptional (bool): leave the port out of Host when it is that of the scheme.
        bounds (Bounds): sizes and tymeouts; None: BOUNDS.
        depth (int): requests that are out at a time, if their methods are idempotent; 1: no pipelining.
        retries (int): further tries of idempotent requests that fail for want of a connection, or are answered by 429,
            502, 503 or 504; they wait as Retry-After says, else by Bounds.backoff.
        auth (tuple): (user, password), sent as Basic credentials to this server; None: none.
        cookies (bool | CookieJar): keep cookies, in a jar of its own or in the one given.
        decoding (bool): offer gzip and deflate, and undo them.
        dice, clock: for backoff and boundaries; for cookies and dates. None: those of the machine.
        kwa: for the connector: tymth, tymeout, reconnectable, net, context, certedhost, cafilepath, ...

    Attributes:
        requests (deque): records of requests that wait, see request().
        responses (deque): records of responses: version, status, reason, headers, body, data, request, errored, error;
            redirects (list) if any were followed; partial and mishap if errored.
        events (deque): events of event streams: dicts of id, name, data.
        redirects (list): records of the redirects of the request that is out.
        waited (bool): a request is out. latest (dict): record of the one that is answered next.
        secured (bool): speaks TLS.
        connector, requester, respondent, jar (CookieJar | None), bounds: as above.
        home (Origin): the server. After a redirect elsewhere the next request goes home again.

    With reconnectable true and a connector's tymeout above 0.0 a connection that ends is made again by itself, after
    tymeout seconds, later and later while that fails; an event stream is then asked for again, from the event
    after the last, after as long as it asked for (retry). Otherwise a connection is made again for the next request.

    Raises:
        ValueError: parameters that contradict each other or are no such thing. OSError: hostname has no address.
    """

    def __init__(
        self,
        connector: tcp.Client | None = None,
        requester: Requester | None = None,
        respondent: Respondent | None = None,
        name: str = "",
        uid: object = 0,
        bufsize: int = 8096,
        wl: WireLog | None = None,
        hostname: str = "127.0.0.1",
        port: int | None = None,
        scheme: str = "",
        method: str = "GET",
        path: str = "/",
        headers: Headers | None = None,
        qargs: Args | None = None,
        fragment: str = "",
        body: Body | None = b"",
        data: object = None,
        fargs: Args | None = None,
        requests: deque[Record] | None = None,
        msg: bytearray | None = None,
        dictable: bool | None = None,
        events: deque[Event] | None = None,
        redirectable: bool = True,
        redirects: list[Record] | None = None,
        responses: deque[Record] | None = None,
        portOptional: bool = False,
        bounds: Bounds | None = None,
        depth: int = 1,
        retries: int = 0,
        auth: tuple[str, str] | None = None,
        cookies: bool | CookieJar = False,
        decoding: bool = False,
        dice: Dice | None = None,
        clock: Callable[[], float] | None = None,
        **kwa: Any,
    ) -> None:
        for what, given, kind in (
            ("requests", requests, deque), ("responses", responses, deque), ("events", events, deque),
            ("redirects", redirects, list), ("requester", requester, Requester), ("respondent", respondent, Respondent),
        ):  # fmt: skip
            typed(what, given, kind)
        self.name, self.uid, self.bufsize = name, uid, bufsize
        bounds = BOUNDS if bounds is None else bounds
        scheme = self.chooseScheme(scheme, path, connector, requester)
        if requester is None:
            hostname, port = self.choosePlace(scheme, hostname, port, path, connector)
            requester = Requester(
                hostname=hostname, port=port, scheme=scheme, method=method, path=path, qargs=qargs, fragment=fragment,
                headers=headers, body=body, data=data, fargs=fargs, portOptional=portOptional,
                offer=OFFER if decoding else "identity", dice=dice,
            )  # fmt: skip
        requester.buildTarget()
        self.home = requester.origin
        if connector is None:
            self.settings = kwa
            connector = self.dial(self.home, wl=wl, rxbs=msg, **kwa)
        else:
            self.settings = {"tymeout": connector.tymeout, "reconnectable": connector.reconnectable}
            if isinstance(connector.ha, tuple) and self.home.port != connector.port:
                raise ValueError(f"port {self.home.port} contradicts connector {connector!r}")
        redirects = [] if redirects is None else redirects
        if respondent is None:
            respondent = Respondent(
                redirects=redirects, redirectable=redirectable, events=events, dictable=dictable,
                limits=bounds.grammar, endless=bounds.endless, decodable=decoding, decoded=bounds.decoded,
            )  # fmt: skip
        super().__init__(
            requester=requester, connector=connector, respondent=respondent, requests=requests, responses=responses,
            redirects=redirects, redirectable=redirectable, depth=depth, retries=retries, auth=auth, cookies=cookies,
            clock=clock, bounds=bounds, dice=dice,
        )  # fmt: skip

    @staticmethod
    def chooseScheme(scheme: str, path: str, connector: tcp.Client | None, requester: Requester | None) -> str:
        """Return the scheme that all parameters agree on. Raises ValueError when they do not."""
        if scheme and scheme.lower() not in PORTS:
            raise ValueError(f"scheme must be 'http' or 'https', got {scheme!r}")
        match = isUrl(path)
        found = match[1].lower() if match else requester.scheme if requester is not None else scheme.lower()
        if connector is None:
            return found or "http"
        if not isinstance(connector, tcp.Client):
            raise ValueError(f"connector must be a tcp.Client or tcp.ClientTls, got {connector!r}")
        fixed = "https" if isinstance(connector, tcp.ClientTls) else "http"
        if found and found != fixed:
            raise ValueError(f"scheme {found!r} contradicts connector {connector!r}")
        return fixed

    @staticmethod
    def choosePlace(
        scheme: str, hostname: str, port: int | None, path: str, connector: tcp.Client | None
    ) -> tuple[str, int | None]:
        """Return (hostname, port): of path if it is a URL, else as given; defaults give way to those of connector.

        Raises ValueError for a URL without a valid host or port.
        """
        match = isUrl(path)
        if match:
            origin = makeOrigin(scheme, match[2])
            return origin.host, origin.port
        if connector is not None and isinstance(connector.ha, tuple):
            return (connector.hostname if hostname == "127.0.0.1" else hostname,
                    connector.port if port is None else port)
        return hostname, port

    # -- facts --------------------------------------------------------------------------------------------

    @property
    def events(self) -> deque[Event]:
        """Events of event streams, as they came."""
        return self.respondent.events

    # -- turns --------------------------------------------------------------------------------------------

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth, with the connection."""
        self.connector.wind(tymth)
        if any(question.call is not None and question.call.claimed for question in self.exchanges):
            self.bind(self)

    def reopen(self, **kwa: Any) -> bool:
        """Close the connection if there is one, and begin to make it anew; return True.

        A request that is out is answered by an error, unless nothing of it was sent yet: then it waits for the new
        connection.
        """
        connector = self.connector
        self.tell()
        if self.exchanges and not connector.accepted and connector.txbs:
            message = bytes(connector.txbs)
            connector.txbs.clear()
            connector.reopen()
            connector.txbs[:] = message
            self.dialed = None
        else:
            while self.exchanges:
                self.breakOff(Mishap.CLOSED, "the connection was opened anew")
            self.renew()
        self.again = None
        return True

    def close(self) -> None:
        """Close the connection. A request that is out is dropped; if somebody awaits it, it is answered by an error."""
        calls = [question.call for question in self.exchanges]
        calls += [getattr(request, "call", None) for request in self.requests]
        if self.streamed is not None:
            calls.append(self.streamed.call)
        self.exchanges.clear()
        self.streamed = self.again = None
        self.connector.close()
        for call in calls:
            if call is not None and call.claimed and call.reply is None:
                reply = Reply.failed(Mishap.ABANDONED, "the client was closed")
                reply.request = {}
                self.settle(call, reply)
        self.rouse()

    def turn(self) -> None:
        """Do one turn: reconnect if need be, connect, take a request, send, receive and parse."""
        self.reach()
        self.serviceResponse()
        if self.exchanges:
            self.expire()
        if not self.connector.private:
            self.proceed()

    def reach(self) -> None:
        """Do the first half of a turn: reconnect if need be, connect, take a request, send."""
        self.tell()
        connector = self.connector
        if connector.reconnectable:
            self.serviceReconnect()
            connector = self.connector
        if not connector.connected and (connector.opened or self.exchanges) and self.step():
            if self.streamed is not None:
                self.restream()
        if self.requests:
            self.serviceRequests()
        self.serviceSends()

    def proceed(self) -> None:
        """Begin at once, as the root resumes this only when something comes, what a next turn would begin with."""
        if self.requests and self.free():
            self.serviceRequests()
        connector = self.connector
        if connector.connected:
            if connector.txbs:
                self.serviceSends()
        elif self.exchanges and connector.watch is None and self.again is None:
            self.step()

    def service(self) -> None:
        """Do one turn. Nothing that a server sends, or that was queued, is raised."""
        self.turn()
        self.rouse()

    def serviceWhileGen(self, tymeout: float = 0.5) -> Generator[bytes, Any, Response | None]:
        """Return a generator that services this and yields b"" until there is a response, which it returns.

        It returns None when tymeout seconds of tyme have passed before.
        """
        tymer = tyming.Tymer(tymth=self.tymth, duration=tymeout)
        while not self.responses and (self.requests or self.waited) and not tymer.expired:
            self.service()
            yield b""
        return self.respond()

    def rest(self, tock: float = 0.0) -> float:
        """Return what a doer that services this may yield: a Watch when the root will wake it, else tock."""
        connector = self.connector
        own = connector.own
        if tock or connector.private or own.poller is None or not isinstance(self.requests, Inbox):
            return tock
        if self.again is None and connector.watch is None and (connector.opened or self.exchanges):
            return tock  # to begin to connect
        if self.enduring and not self.exchanges and (connector.cutoff or self.spent):
            return tock  # to connect anew
        if self.full:
            return tock  # to see whether events were taken
        due = self.due()
        own.until = None if due == Never else due
        return own

    def poller(self) -> Poller | None:
        """Return the poller of the root that hands sockets over, None when there is none."""
        connector = self.connector
        if connector.opened and not connector.private:
            return connector.own.poller
        poller = getattr(self.tymth, "poller", None)
        return poller if poller is not None and self.connector.net.serves(poller) else None

    # -- responses ----------------------------------------------------------------------------------------

    def respond(self) -> Response | None:
        """Take the next of .responses as a Response; None when there is none."""
        return self.attrify(self.responses.popleft()) if self.responses else None

    @staticmethod
    def attrify(record: Record) -> Response:
        """Return the record of a response as a Response."""
        return Response(**{name: record[name] for name in Response._fields})

    def __repr__(self) -> str:
        return f"<Client {self.home} requests={len(self.requests)} out={len(self.exchanges)} {self.connector!r}>"


def backendRequest(
    tymth: Tymth,
    *,
    method: str = "GET",
    scheme: str = "",
    host: str = "localhost",
    port: int | None = None,
    path: str = "/",
    qargs: Args | None = None,
    data: object = None,
    buffered: bool = False,
    tymeout: float = 2.0,
) -> Generator[bytes, Any, Record | None]:
    """Return a generator, for use inside one of a WSGI application, that makes one request of a server behind it.

        record = yield from backendRequest(tymth, port=8081, path="/notes")

    It yields b"" until the response is there, and returns its record, or None when tymeout seconds of tyme have passed.
    The connection is closed in any case.

    Parameters:
        tymth: tells the tyme. method, scheme, host, port, path, qargs, data: of the request.
        buffered (bool): log the traffic to a file; see WireLog.
    """
    wl = WireLog(samed=True, filed=True, name="backend", reopen=True) if buffered else None
    client = Client(
        tymth=tymth, wl=wl, method=method, scheme=scheme, hostname=host, port=port, path=path, qargs=qargs, data=data,
        headers=Hict([("Accept", "application/json"), ("Connection", "close")]),
    )  # fmt: skip
    try:
        client.reopen()
        client.transmit()
        tymer = tyming.Tymer(tymth=tymth, duration=tymeout)
        while not client.responses and not tymer.expired:
            client.service()
            yield b""
        return client.responses.popleft() if client.responses else None
    finally:
        client.close()
        if wl is not None:
            wl.close()


class ClientDoer(tcp.ClientDoer):
    """Services an HTTP client: opens it on entering, services it each turn, closes it on exit.

    Between turns it rests until its socket is ready or a tymeout is due, so a client that waits costs nothing.

    Parameters:
        client (Client): the client.
    """
