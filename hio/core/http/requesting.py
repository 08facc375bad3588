"""Requestant: takes one request after the other out of the bytes that a connection received (RFC 9112).

A whole head is parsed in one pass, straight into the environ that the application will get; only what is not whole
yet is waited for. The facts of a request, headers and body among them, are made when they are first looked at.

Knows no socket and no tyme. In a server it also stands for its connection: see Phase.
"""

from __future__ import annotations

import io
import tempfile
from enum import IntEnum
from typing import IO, Any, Protocol
from wsgiref.types import WSGIEnvironment

from ..tcp.deadlining import Never
from ..tcp.remoting import Remoter
from ...help.helping import typed
from .faulting import HTTPException, PrematureClosure
from .framing import NOTHING, BodyReader, Framing, Kind, Sink, frameRequest
from .heading import BLANK, HTTP_11, HeadFinder, RequestHead, expects, parseRequestHead, persists
from .limiting import LIMITS, Limits
from .naming import TOKENS
from .staging import ENDED, HEADED, NONE, WAITING, Staged
from .targeting import unquotePath


class Phase(IntEnum):
    """What a server's connection is doing. Each phase has its tymeout; see Limits."""

    IDLE = 0  # waits for the first byte of a request
    HEAD = 1  # has part of a head
    BODY = 2  # has a head and part of a body
    ANSWER = 3  # the application is at it
    DRAIN = 4  # all is said, not all is sent; then the end
    LINGER = 5  # has ended sending, drains what the peer still sends
    GONE = 6  # closed


IDLE, HEAD, BODY, ANSWER, DRAIN, LINGER, GONE = Phase  # PERF: a global is looked up in half the time of Phase.IDLE


class Owner(Protocol):
    """What minds the connection of a Requestant."""

    retiring: bool

    def forget(self, req: Requestant, /) -> None:
        """Hook: the connection of req was closed."""


class Requestant(Staged):
    """Parses requests; see Parsent for the attributes that it shares with its counterpart in the client.

    Parameters:
        remoter: connection whose rxbs are parsed; None: msg alone.
        msg (bytearray): input; None: remoter.rxbs, or an own one.
        dictable (bool): try JSON on the body whatever its type; None: False.
        method: not used: a request says its own.
        limits (Limits): that hold; None: LIMITS.
        template (dict): environ to begin each request's environ with; None: an empty one.
        spooled (bool): keep a large body (Limits.spool) in a temporary file rather than in memory.

    Attributes:
        environ (dict): template, and the fields of the request by their CGI names.
        url (str): target as received. path (str): percent-decoded. query (str): raw. fragment: always "".
        scheme, hostname, port: of the target's or the Host field's authority; "" and None where there is none.
        expectant (bool): the peer waits for 100 Continue before it sends the body (RFC 9110, 10.1.1).
        phase (Phase): of the connection, kept by the server.
    """

    # PERF: class attributes where most connections never have another value: an idle one then costs 0.4 KB, not 1 KB
    head: RequestHead | None = None
    file: IO[bytes] | None = None  # temporary file that holds a large body
    expectant = False
    muted = False  # was refused before its head was parsed, and is a HEAD
    phase: Phase = IDLE
    due = Never
    check = Never
    blocked = False  # its application waits for the peer to read
    taking = False  # its answer is whole, and the peer has not taken all of it
    later = False  # has had an answer before
    doomed = False  # ends in a reset, after a while
    closing = False  # is to be ended in the next turn
    responder: Any = None  # whatever answers: a Responder, a Steward
    keeper: Owner | None = None
    since: float | None = 0.0  # tyme at which the span began over which the rate of a body is judged
    got = 0  # bytes of body received in that span
    drained = 0  # bytes discarded while lingering
    cause = ""  # why the server ended the connection early
    times: tuple[float, float | None] | None = None  # of the journal: began, and was whole; None: in this turn
    owing: tuple[Any, ...] | None = None  # of the journal: what it records once all is sent
    _body: bytearray | None = None

    def __init__(
        self,
        remoter: Remoter | None = None,
        msg: bytearray | None = None,
        dictable: bool | None = None,
        method: str = "GET",
        limits: Limits | None = None,
        template: WSGIEnvironment | None = None,
        spooled: bool = False,
    ) -> None:
        self.remoter: Remoter = remoter  # type: ignore[assignment]  # None by hand, in no server
        self.limits: Limits = LIMITS if limits is None else limits
        if msg is None:
            msg = remoter.rxbs if remoter is not None else bytearray()
        self.msg = typed("msg", msg, bytearray)
        self.dictable = bool(dictable)
        self.template: WSGIEnvironment = template if template is not None else {}
        self.environ = self.template
        self.spooled = spooled
        self.finder = HeadFinder(self.limits)

    # -- progress -----------------------------------------------------------------------------------------

    @property
    def headed(self) -> bool | None:  # type: ignore[override]
        """Whether the head is complete; None before anything was parsed."""
        return None if self.stage is NONE else self.head is not None and self.stage >= HEADED

    def makeParser(self, msg: bytearray | None = None) -> None:
        """Arm for the next request, in msg or the same buffer. No flag changes before parse()."""
        if msg is not None:
            self.msg = msg
        self.armed = True
        self.reader = None
        self.finder.reset()

    def reinit(self, msg: bytearray | None = None, dictable: bool | None = None, method: str = "GET") -> None:
        """Make ready for another connection, without arming. msg, dictable None: as they are; method is not used."""
        if msg is not None:
            self.msg = msg
        if dictable is not None:
            self.dictable = bool(dictable)
        self.closed = None

    def parse(self) -> None:
        """Go as far as the bytes allow. Whatever is wrong with them ends the request with .errored and .fault."""
        if not self.armed:
            return
        try:
            if self.reader is None:
                if not self.takeHead():
                    return
                if self.framing_ is NOTHING:
                    self.stage = ENDED
                    self.armed = False
                    return
            self.takeBody()
        except HTTPException as ex:
            self.errored = True
            self.fault = ex
            self.error = str(ex)
            self.end()

    def takeHead(self) -> bool:
        """Parse a head if it is whole; return whether it was. Raises HTTPException."""
        msg = self.msg
        raw: bytes | bytearray = msg
        try:
            if self.stage is not WAITING:
                self.renew()
                end = msg.find(BLANK) if msg and msg[0] in TOKENS else -1  # PERF: a whole head needs no finder
            else:
                end = -1
            if end < 0:
                end = self.finder.find(msg)
                if end < 0:
                    if self.closed:
                        raise PrematureClosure("connection closed before the end of a head")
                    return False
            if len(msg) == end + 4:  # PERF: copied once, not twice, when nothing is behind it
                raw = bytes(msg)[:end]
                msg.clear()
            else:
                raw = bytes(msg[:end])
                del msg[: end + 4]
            self.environ = environ = self.template.copy()
            self.head = head = parseRequestHead(raw, environ, self.limits)
        except HTTPException:
            self.muted = raw.startswith(b"HEAD ")
            raise
        if head.plain:
            self.framing_ = NOTHING
            self.persisted = head.version is HTTP_11
            return True
        self.settle(head)
        return True

    def settle(self, head: RequestHead) -> None:
        """Settle how the body ends and whether the connection survives, and take the body if all of it is there."""
        msg, environ = self.msg, head.environ
        self.framing_ = framing = frameRequest(head.version, environ, self.limits)
        connection = environ.get("HTTP_CONNECTION")
        self.persisted = head.version is HTTP_11 if connection is None else persists(head.version, connection)
        if framing is not NOTHING:
            self.stage = HEADED
            if "HTTP_EXPECT" in environ:
                self.expectant = expects(head.version, environ["HTTP_EXPECT"])
            length = framing.length
            if length is not None and length <= len(msg) and length <= self.limits.spool:
                self._body = msg[:length]  # PERF: all of it is there, and a reader would take 1.6 us
                del msg[:length]
                self.expectant = False
            else:
                self.reader = BodyReader(framing, self.sink(), self.limits)
        elif "HTTP_EXPECT" in environ:
            expects(head.version, environ["HTTP_EXPECT"])

    def renew(self) -> None:
        """Forget the last request: nothing of it may be seen in the next."""
        self.stage = WAITING
        self.head = None
        if self._headers is not None or self._body is not None or self.file is not None or self.data is not None:
            self._headers = self._content = self._body = self._trails = self._parms = self.data = None
            self.release()
        if self.errored:
            self.errored = self.muted = False
            self.fault = self.error = None
        if self.closed is None:
            self.closed = False

    def takeBody(self) -> None:
        """Read what is there of the body; end the request when it is complete. Raises HTTPException."""
        reader = self.reader
        if reader is not None:
            if self.msg:
                self.expectant = False  # it did not wait
            if not reader.read(self.msg, bool(self.closed)):
                return
            self._parms = reader.parms
            self._trails = reader.trails
            self.reader = None
            self.expectant = False
            if self.framing_.kind is Kind.CHUNKED:
                self.environ["CONTENT_LENGTH"] = str(reader.size)  # the body is whole: its length is known by now
                self.framing_ = Framing(Kind.CHUNKED, reader.size)
        self.end()

    def sink(self) -> Sink:
        """Return the callable that takes pieces of the body."""
        self._body = bytearray()
        return self.spool if self.spooled else self._body.extend

    def spool(self, piece: bytearray) -> None:
        """Keep a piece of the body: in memory, or all of it in a temporary file once it is large."""
        body, file = self._body, self.file
        if file is None and body is not None and len(body) + len(piece) <= self.limits.spool:
            body += piece
            return
        if file is None:
            file = self.file = tempfile.TemporaryFile()
            file.write(body or b"")
            self._body = None
        file.write(piece)

    def whole(self) -> IO[bytes]:
        """Return the body as a seekable stream of bytes, at its start. It is closed by release()."""
        if self.file is None:
            return io.BytesIO(self._body or b"")
        self.file.seek(0)
        return self.file

    def release(self) -> None:
        """Close the temporary file of a large body."""
        if self.file is not None:
            self.file.close()
            self.file = None

    # -- the request --------------------------------------------------------------------------------------

    def where(self) -> str:
        """Return text that names the request in a log."""
        head = self.head
        return f"{head.method} {head.target!r}" if head is not None else "request without a head"

    @property
    def method(self) -> str:  # type: ignore[override]
        """Method of the request as received; GET before a head."""
        return self.head.method if self.head is not None else "GET"

    @property
    def mute(self) -> bool:
        """Whether its answer has no body: it is a HEAD, as far as can be told of a head that is not whole or good."""
        if self.head is not None:
            return self.head.method == "HEAD"
        return self.muted or (self.stage is WAITING and self.msg.startswith(b"HEAD "))

    @property
    def url(self) -> str | None:
        """Target as received."""
        return self.head.target if self.head is not None else None

    @property
    def path(self) -> str | None:
        """Path of the target, percent-decoded, as text where it is UTF-8, else as latin-1; None before a head."""
        if self.head is None:
            return None
        raw = unquotePath(self.head.path)
        try:
            return raw.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            return raw

    @property
    def query(self) -> str | None:
        """Query of the target, raw; "" when there is none."""
        return self.head.query if self.head is not None else None

    fragment = ""  # a request target has none (RFC 9112, 3.2)

    @property
    def scheme(self) -> str | None:
        """Scheme of an absolute target, else ""."""
        return (self.head.scheme or "") if self.head is not None else None

    @property
    def hostname(self) -> str:
        """Host of the authority that the request names, without brackets; "" when it names none."""
        host, _ = self.authority()
        return host

    @property
    def port(self) -> int | None:
        """Port of the authority that the request names, None when it names none."""
        _, port = self.authority()
        return int(port) if port else None

    def authority(self) -> tuple[str, str]:
        """Return (host, port) of the authority as texts."""
        if self.head is None or self.headers is None:
            return "", ""
        authority = self.head.authority if self.head.authority is not None else self.headers.get("Host", "")
        host, bracket, rest = authority.rpartition("]")
        if bracket:
            return host[1:], rest[1:]
        host, _, port = rest.partition(":")
        return host, port

    @property
    def length(self) -> int | None:  # type: ignore[override]
        """Bytes of body: as declared, in the end as read; None before a head and while chunks come."""
        return self.framing_.length if self.head is not None else None

    @property
    def body(self) -> bytearray:  # type: ignore[override]
        """The body, a bytearray that is this request's own."""
        if self._body is None:
            self._body = bytearray()
            if self.file is not None:
                self.file.seek(0)
                self._body.extend(self.file.read())
                self.file.seek(0)
        return self._body

    def checkPersisted(self) -> None:
        """Set .persisted, whether the connection survives the request (RFC 9112, 9.3)."""
        if self.head is not None:
            self.persisted = persists(self.head.version, self.environ.get("HTTP_CONNECTION"))

    # -- the connection -----------------------------------------------------------------------------------

    def lost(self) -> None:
        """Hook of the Remoter: it was closed, by whomever."""
        if self.keeper is not None:
            self.keeper.forget(self)

    def __repr__(self) -> str:
        return f"<Requestant {self.where()} {self.stage.name} {self.phase.name}>"
