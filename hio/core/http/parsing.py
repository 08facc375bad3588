"""Parsent: what a Requestant (server) and a Respondent (client) have in common.

A Parsent takes one HTTP/1.1 message after the other out of a bytearray that a connection fills, and keeps the last one
for its owner to look at. It knows no socket and no tyme: its owner calls parse() when there may be more to parse, and
close() when nothing more will come.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Protocol

from ...help.helping import typed
from ...help.hicting import Hict
from .faulting import HTTPException, PrematureClosure
from .framing import NOTHING, BodyReader, Framing, Kind
from .heading import Fields, persists
from .limiting import LIMITS, Limits
from .naming import TCHARS

Steps = Generator[None, None, None]


class Head(Protocol):
    """What a Parsent wants of a head: a RequestHead, a ResponseHead."""

    @property
    def fields(self) -> Fields: ...


class Parsent:
    """Base of the message parsers. A subclass gives parseHead; parseBody serves both sides.

    Input
        msg        bytearray shared with the connection, eaten from its start
        dictable   whether dictify() tries JSON whatever the content type says
        method     method of the request, in upper case: its own for a request, that it answers for a response
        limits     Limits that hold

    Progress: flags, all None at first
        parser     generator of the message in work; None once the message is complete, until makeParser()
        started    the first byte of a message is there, its last is not
        headed, bodied, ended   head complete, body complete, message complete or given up
        closed     nothing will be added to msg any more
        errored, error, fault   whether the message was given up, why as text, and the exception itself (status to
                                answer in fault.status); False, None, None for none

    Message: of the last head parsed, until the next one is
        head       as heading parsed it, or None; headers are built from it when first asked for
        version    (1, 0), (1, 1) or None
        length     bytes of body: as declared, in the end as read; None: not known
        chunked    whether the body came in chunks
        persisted  whether the connection survives the message
        body, parms, trails   bytearray; extensions of the last chunk that had any; Hict of trailers, never merged
        text, data            for the owner to fill; data is what dictify() decoded
    """

    Encoding = "ISO-8859-1"

    def __init__(
        self,
        msg: bytearray | None = None,
        dictable: bool | None = None,
        method: str = "GET",
        limits: Limits | None = None,
    ) -> None:
        """Arm a parser for the first message in msg (None: a bytearray of its own). limits None: LIMITS."""
        self.limits = LIMITS if limits is None else limits
        self.msg = bytearray()
        self.dictable = False
        self.started: bool | None = None
        self.errored = False
        self.error: str | None = None
        self.fault: HTTPException | None = None
        self.headed: bool | None = None
        self.bodied: bool | None = None
        self.ended: bool | None = None
        self.closed: bool | None = None
        self.parser: Steps | None = None
        self.renew()
        self.reinit(msg=msg, dictable=dictable, method=method)
        self.makeParser()

    def renew(self) -> None:
        """Forget the last message: nothing of it may be seen in the next. For parseHead, once a head is whole."""
        self.head: Head | None = None
        self._headers: Hict | None = None
        self._content: tuple[bool, str] | None = None  # (jsoned, encoding), once looked at
        self.version: tuple[int, int] | None = None
        self.length: int | None = None
        self.chunked: bool | None = None
        self.persisted: bool | None = None
        self.parms: dict[str, str | bool] | None = None
        self.trails: Hict | None = None
        self.body = bytearray()  # a new one: whoever took the last body keeps it
        self.text = ""
        self.data: object = None

    def reinit(self, msg: bytearray | None = None, dictable: bool | None = None, method: str = "GET") -> None:
        """Make ready for a message in a new exchange, perhaps on a new connection, which is taken to be open.

        msg, dictable: None keeps what there is. Does not arm a parser.
        """
        if msg is not None:
            self.msg = typed("msg", msg, bytearray)
        if dictable is not None:
            self.dictable = bool(dictable)
        self.method = method.upper() if method else "GET"
        self.closed = None

    def makeParser(self, msg: bytearray | None = None) -> None:
        """Arm a parser for the next message in msg (None: the same buffer). No flag changes before parse()."""
        if msg is not None:
            self.msg = msg
        if self.parser:
            self.parser.close()
        self.parser = self.parseMessage()

    def close(self) -> None:
        """Take note that nothing will be added to msg: what is there is still parsed, then it must be complete."""
        self.closed = True

    def parse(self) -> None:
        """Go as far as msg allows; nothing to do once the message is complete."""
        if self.parser:
            next(self.parser, None)

    def parseMessage(self) -> Steps:
        """Parse one message, yielding None where more of it is needed."""
        self.headed = self.bodied = self.ended = self.errored = False
        self.closed = bool(self.closed)  # an end that came before the first step still counts
        self.error = self.fault = None
        try:
            while not self.msg:
                if self.closed:
                    raise PrematureClosure("connection closed before a message began")
                yield None
            self.started = True
            yield from self.parseHead()
            self.headed = True
            yield from self.parseBody()
            self.bodied = True
        except HTTPException as ex:
            self.errored = True
            self.error = str(ex)
            self.fault = ex
        self.ended = True
        self.started = False
        self.parser = None

    def parseHead(self) -> Steps:
        """Parse start line and fields, yielding None where more is needed; call renew() when they are whole."""
        raise NotImplementedError(f"{type(self).__name__} must say how its head is parsed")

    def parseBody(self) -> Steps:
        """Read the body that framing tells of into body, yielding None where more is needed."""
        framing = self.framing()
        self.chunked = framing.kind is Kind.CHUNKED
        self.length = framing.length
        reader = BodyReader(framing, self.body.extend, self.limits)
        while not reader.read(self.msg, bool(self.closed)):
            yield None
        self.length = reader.size
        self.parms = reader.parms
        if reader.trails is not None:
            self.trails = Hict(reader.trails)

    def framing(self) -> Framing:
        """Return how the body of the message in work ends."""
        return NOTHING

    def checkPersisted(self) -> None:
        """Set persisted from version and the Connection field (RFC 9112, 9.3)."""
        options = []
        if self.headers is not None and "Connection" in self.headers:
            options = self.headers.getall("Connection")
        self.persisted = persists(self.version or (1, 0), ", ".join(options) if options else None)

    @property
    def headers(self) -> Hict | None:
        """All fields in order; None before the first head."""
        if self._headers is None and self.head is not None:
            self._headers = Hict(self.head.fields)
        return self._headers

    @headers.setter
    def headers(self, headers: Hict | None) -> None:
        self._headers = headers
        self._content = None

    @property
    def jsoned(self) -> bool | None:
        """Whether the content type is JSON; None before the first head."""
        return None if self.headers is None else self.content()[0]

    @property
    def encoding(self) -> str:
        """Charset of the content type, ISO-8859-1 when it names none."""
        return self.Encoding if self.headers is None else self.content()[1]

    def content(self) -> tuple[bool, str]:
        """Return (jsoned, encoding) as the Content-Type field has it."""
        if self._content is None:
            value = self.headers.get("Content-Type") if self.headers is not None else None
            self._content = readContentType(value or "", self.Encoding)
        return self._content

    def dictify(self) -> None:
        """Set data to what the body holds as JSON, if it is said to be JSON or dictable; else to None.

        Bodies that are not JSON, or nested too deep to be read, leave None.
        """
        self.data = None
        if self.jsoned or self.dictable:
            try:
                self.data = json.loads(bytes(self.body))  # finds out which UTF it is (RFC 8259, 8.1)
            except (ValueError, RecursionError):
                pass


#: A parameter of a media type (RFC 9110, 5.6.6), its value quoted or not. PERF: nothing here can backtrack, and an open
#: quote is looked at once, so that no value takes more than its length; the email package takes seconds for 60 KB
PARAMETER = rf';[ \t]*+([{TCHARS}]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))'
findParameters = re.compile(PARAMETER, re.DOTALL).finditer


def readContentType(value: str, default: str) -> tuple[bool, str]:
    """Return whether value, any Content-Type, means JSON, and its charset parameter, default when it has none."""
    kind = value.partition(";")[0].strip(" \t").lower()
    jsoned = kind == "application/json" or (kind.endswith("+json") and kind.count("/") == 1)
    for name, quoted, plain in (match.groups() for match in findParameters(value)):
        if name.lower() == "charset":
            charset = plain.strip(" \t") if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            return jsoned, charset or default
    return jsoned, default
