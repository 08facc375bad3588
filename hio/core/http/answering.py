"""Respondent: takes one response after the other out of the bytes that a connection received (RFC 9112).

A whole response is parsed in one pass; only what is not whole yet is waited for. The facts of a response are made when
they are first looked at. Knows no socket and no tyme.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from ...help.helping import typed
from ...help.hicting import Hict
from .answerheading import ResponseHead, parseResponseHead
from .decoding import Decoder, decoder
from .eventing import Event, EventSource
from .failing import Mishap, mishap
from .faulting import BadHeader, BadStatusLine, HeadTooLarge, HTTPException, PrematureClosure
from .framing import NOTHING, BodyReader, Kind, frameResponse
from .heading import BLANK, HTTP_10, HTTP_11, ODD, persists
from .limiting import LIMITS, Limits
from .replying import Reply
from .staging import ENDED, HEADED, NONE, WAITING, Staged

REDIRECTS = frozenset((300, 301, 302, 303, 307, 308))
EVENTS = "text/event-stream"
FRAMING = ("content-length", "transfer-encoding")

INTERIM = 10  # heads' worth of bytes that interim responses may have before one response

MEMORABLE = 2048  # most bytes of a head that is kept to be compared with the next


class Respondent(Staged):
    """Parses responses; see Parsent for the attributes that it shares with its counterpart in the server.

    Parameters:
        redirects (list): to use for .redirects; None: a new one.
        redirectable (bool): whether redirects are to be followed.
        events (deque): to use for .events; None: a new one.
        retry (int): milliseconds until an event stream is asked for again; None: Retry.
        leid (str): last event id to begin with.
        decodable (bool): undo the content codings that decoding.OFFER names.
        endless (Limits): that hold for event streams; None: limits.
        decoded (int | None): most bytes of a body once its coding is undone; None: no limit.
        eventable (bool): take event streams for what they are; else their body is a body like any other.
        further ones as for Parsent.

    Attributes:
        status, code (int), reason (str): of the status line; None before the first one.
        redirectant (bool): status is one of a redirect. redirected (bool): a redirect was followed.
        redirects (list): records of the redirects followed so far. For the owner to fill.
        errored (bool), error (str), mishap (Mishap): whether the response was given up, and why.
        evented (bool): the content is an event stream: its events go to .events as they come, and none of it to .body.
        events (deque): events; see EventSource. retry (int), leid (str): as the last stream left them.
        eventSource (EventSource): parser of the stream, None before the first.
    """

    Retry = 100

    # PERF: class attributes for what few responses change
    head: ResponseHead | None = None
    fresh = True  # nothing of the response in work was parsed yet
    whole = False  # the head of the response in work is
    mishap: Mishap | None = None
    detail = ""
    decoder: Decoder | None = None
    eventSource: EventSource | None = None
    evented = False
    redirected = False
    seen = 0  # bytes of a head that need not be searched again
    raw = b""  # the last head as it came, if it can be taken as it is when it comes again
    rawMethod = ""  # method of the request that it answered
    interim = 0  # bytes of interim responses before the response in work

    def __init__(
        self,
        redirects: list[dict[str, Any]] | None = None,
        redirectable: bool = True,
        events: deque[Event] | None = None,
        retry: int | None = None,
        leid: str | None = None,
        msg: bytearray | None = None,
        dictable: bool | None = None,
        method: str = "GET",
        limits: Limits | None = None,
        endless: Limits | None = None,
        decodable: bool = False,
        decoded: int | None = None,
        eventable: bool = True,
    ) -> None:
        self.redirects: list[dict[str, Any]] = redirects if redirects is not None else []
        self.redirectable = redirectable
        self.events: deque[Event] = typed("events", events, deque) if events is not None else deque()
        self.retry = self.Retry if retry is None else retry
        self.leid = leid
        self.limits: Limits = LIMITS if limits is None else limits
        self.endless: Limits = self.limits if endless is None else endless
        self.decodable = decodable
        self.decoded = decoded
        self.eventable = eventable
        self.msg = typed("msg", msg, bytearray) if msg is not None else bytearray()
        self.dictable = bool(dictable)
        self.method = method.upper() if method else "GET"
        self.body = bytearray()

    # -- progress -----------------------------------------------------------------------------------------

    @property
    def headed(self) -> bool | None:  # type: ignore[override]
        """Whether the head is complete; None before anything was parsed."""
        return None if self.stage is NONE else self.whole

    def makeParser(self, msg: bytearray | None = None) -> None:
        """Arm for the next response, in msg or the same buffer. No flag changes before parse()."""
        if msg is not None:
            self.msg = msg
        self.armed = self.fresh = True

    def reinit(  # type: ignore[override]  # its first parameter is another one than that of other Parsents
        self,
        redirectable: bool | None = None,
        msg: bytearray | None = None,
        dictable: bool | None = None,
        method: str = "GET",
        **kwa: Any,
    ) -> None:
        """Make ready for a response in another exchange, perhaps on another connection; None keeps what there is.

        method: of the request that it answers; "": GET. kwa are for who passes parameters on to several, and ignored.
        Does not arm.
        """
        super().reinit(msg=msg, dictable=dictable, method=method)
        if redirectable is not None:
            self.redirectable = redirectable
        self.head = None
        self.raw = b""
        self.evented = False
        self.headers = None

    def close(self) -> None:
        """Take note that nothing will be added to msg: what is there is still parsed, then it must be complete."""
        self.closed = True
        if self.eventSource is not None:
            self.eventSource.close()

    def begin(self) -> None:
        """Begin with a response: nothing of how the last one was parsed counts any more."""
        self.fresh = False
        self.stage = WAITING
        self.whole = False
        self.reader = self.decoder = None
        self.seen = self.interim = 0
        if self.errored:
            self.errored = False
            self.fault = self.error = self.mishap = None
        if self.closed is None:
            self.closed = False

    def parse(self) -> None:
        """Go as far as the bytes allow. Whatever is wrong with them ends the response with .errored and .fault."""
        if not self.armed:
            return
        if self.fresh:
            self.begin()
        try:
            reader = self.reader
            if reader is None:
                if not self.takeHead():
                    return
                reader = self.reader
                if reader is None:
                    self.end()
                    return
            self.takeBody(reader)
        except HTTPException as ex:
            self.fault = ex
            self.giveUp(mishap(ex), str(ex))

    def giveUp(self, mishap: Mishap, detail: str) -> None:
        """End the response in work as an errored one: .mishap says how it failed, and detail the rest of it."""
        if self.fresh:
            self.begin()
        self.errored = True
        self.mishap = mishap
        self.detail = detail
        self.error = f"{mishap.value}: {detail}"
        self.end()

    def takeHead(self) -> bool:
        """Parse a head, and a body that is whole already; return whether the head was. Raises HTTPException."""
        msg = self.msg
        raw = self.raw
        if raw and self.rawMethod == self.method and not self.seen and msg.startswith(raw):
            self.stage = HEADED  # PERF: the head of the last response again, as many are within a second; saves 5 us
            self.whole = True
            self._headers = self._content = self._trails = self._parms = self.data = None
            self.body = bytearray()
            end = len(raw)
        else:
            end = self.findHead(msg)
            if end < 0:
                return False
        framing = self.framing_
        length = framing.length
        if length is not None and self.reader is None and len(msg) - end >= length:
            stop = end + length  # PERF: all of it is there, as with most responses
            self.body = msg[end:stop]
            if stop == len(msg):
                msg.clear()
            else:
                del msg[:stop]
        else:
            del msg[:end]
            if framing is not NOTHING and self.reader is None:
                self.reader = BodyReader(framing, self.body.extend, self.limits)
        return True

    def findHead(self, msg: bytearray) -> int:
        """Parse a head at the start of msg; return its size, with the empty line after it, -1 while it is not whole.

        Eats interim responses before it (RFC 9110, 15.2). Raises HTTPException.
        """
        while True:
            end = msg.find(BLANK, self.seen)
            if end < 0:
                self.awaitHead(msg)
                return -1
            self.seen = 0
            head = parseResponseHead(msg[:end], self.limits)
            end += 4
            if head.status >= 200 or head.status == 101:
                break
            del msg[:end]
            self.interim += end
            if self.interim > INTERIM * self.limits.head:
                raise HeadTooLarge(f"more than {INTERIM * self.limits.head} bytes of interim responses")
        self.renew(head)
        again = self.reader is None and end <= MEMORABLE
        self.raw = bytes(msg[:end]) if again else b""
        self.rawMethod = self.method
        return end

    def awaitHead(self, msg: bytearray) -> None:
        """Raise what is surely wrong with a head that is not whole, an HTTPException; note how far msg was searched."""
        if not b"HTTP/".startswith(msg[:5]):
            raise BadStatusLine(bytes(msg[:64]))
        odd = ODD.search(msg, self.seen, self.limits.head)
        if odd:
            raise BadHeader("control character, bare CR or bare LF in head")
        if len(msg) > self.limits.head + 3:
            raise HeadTooLarge(f"head of more than {self.limits.head} bytes")
        self.seen = max(0, len(msg) - 3)  # BLANK may come cut
        if self.closed:
            raise PrematureClosure(f"connection ended {'within the head of' if msg else 'before'} a response")

    def renew(self, head: ResponseHead) -> None:  # type: ignore[override]  # it takes what a Parsent makes itself
        """Take head as that of the response in work: all that is known of the last response is forgotten.

        Makes the reader for a body that has to be looked at as it comes.
        """
        self.stage = HEADED
        self.whole = True
        self.head = head
        self._headers = self._content = self._trails = self._parms = self.data = None
        self.evented = False
        self.body = bytearray()  # a new one: whoever took the last body keeps it
        known = head.known
        framed = [(name, known[name]) for name in FRAMING if name in known]
        self.framing_ = framing = frameResponse(self.method, head.status, framed, self.limits)
        connection = known.get("connection")
        self.persisted = head.version is HTTP_11 if connection is None else persists(head.version, connection)
        if framing.kind is Kind.CLOSE or (framing.kind is Kind.CHUNKED and head.version is HTTP_10):
            self.persisted = False
        if framing is not NOTHING:
            if self.eventable and head.status == 200 and known.get("content-type", "")[:17].lower() == EVENTS:
                self.watchEvents(known.get("content-type", ""))
            if self.decodable and "content-encoding" in known:
                self.decoder = decoder(known["content-encoding"], self.body.extend, self.decoded)
            if self.evented or self.decoder is not None:
                sink = self.body.extend if self.decoder is None else self.decoder.feed
                self.reader = BodyReader(framing, sink, self.endless if self.evented else self.limits)

    def watchEvents(self, kind: str) -> None:
        """Have the body parsed as an event stream as it comes, if kind, its content type, says that it is one."""
        if kind[17:].lstrip(" \t")[:1] not in ("", ";"):
            return
        self.evented = True
        source = EventSource(raw=self.body, events=self.events, dictable=self.dictable)
        source.leid = self.leid
        source.makeParser()
        self.eventSource = source

    def takeBody(self, reader: BodyReader) -> None:
        """Have reader read what is there of the body; end the response when it is complete. Raises HTTPException."""
        source = self.eventSource if self.evented else None
        try:
            complete = reader.read(self.msg, bool(self.closed))
        finally:
            if source is not None:
                self.parseEvents(source)
        if complete:
            self._parms = reader.parms
            self._trails = reader.trails
            if self.decoder is not None:
                self.decoder.finish()
            if source is not None:
                source.close()
                self.parseEvents(source)
            self.end()

    def parseEvents(self, source: EventSource) -> None:
        """Have source parse what is there of an event stream, and take over the id and the retry that it came to."""
        source.parse()
        self.leid = source.leid
        if source.retry is not None:
            self.retry = source.retry

    def reply(self) -> Reply:
        """Return a Reply for the response that has ended. Its body is the reply's own from then on."""
        reply = Reply(self.body if self.whole else self.msg[: self.limits.head])
        reply.dictable = self.dictable
        head = self.head
        if self.whole and head is not None:
            reply.head = head
            reply.version = head.version
            reply.status = head.status
            reply.reason = head.reason
            if self._trails is not None:
                reply.trails = Hict(self._trails)
        if self.errored and self.mishap is not None:
            reply.fail(self.mishap, self.detail)
        return reply

    # -- the response -------------------------------------------------------------------------------------

    @property
    def status(self) -> int | None:
        """Status code; None before the first head."""
        return self.head.status if self.head is not None else None

    code = status

    @property
    def reason(self) -> str | None:
        """Reason phrase, perhaps empty; None before the first head."""
        return self.head.reason if self.head is not None else None

    @property
    def redirectant(self) -> bool:
        """Whether the status is one of a redirect that says where to."""
        return self.status in REDIRECTS

    @property
    def length(self) -> int | None:  # type: ignore[override]
        """Bytes of body: as declared, in the end as read; None: not known."""
        if self.head is None:
            return None
        if self.stage is ENDED and self.whole:
            return self.reader.size if self.reader is not None else len(self.body)
        return self.framing_.length

    def checkPersisted(self) -> None:
        """Set .persisted, whether the connection survives the response as far as its head goes (RFC 9112, 9.3)."""
        if self.head is not None:
            self.persisted = persists(self.head.version, self.head.known.get("connection"))

    def __repr__(self) -> str:
        return f"<Respondent {self.status} {self.stage.name}{' errored' if self.errored else ''}>"
