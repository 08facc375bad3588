"""Serving without WSGI: a Steward minds each connection of a BareServer.

BareServer        hands each request that is complete to the Steward of its connection
Steward           answers: override respond(); the default echoes the request as JSON
CustomResponder   builds a response as bytes

To answer with a body that comes piece by piece, respond() calls stream(); the server then calls pour() once a turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from ... import help
from ...help import Hict
from ...help.helping import typed
from .. import tcp
from ..tcp.netting import Address, Data
from ..tcp.remoting import Remoter
from ..wiring import WireLog
from . import planning
from .erring import HTTPError
from .httping import packChunk, packHeader
from .keeping import Keeper, RoundBudget
from .planning import SERVER
from .requesting import ANSWER, GONE, Requestant
from .responding import Raised
from .statusing import STATUS_DESCRIPTIONS

logger = help.ogler.getLogger()

#: Header fields as a steward gives them; values are made text.
Given: TypeAlias = "Mapping[str, object] | Iterable[tuple[str, object]]"


class CustomResponder:
    """Builds responses.

    Parameters:
        steward: whose connection it answers on; gives the Date and knows the request. None: by hand.
        status (int): code. headers: mapping or pairs of the fields. body (bytes): content.
        data: serialised as JSON for content when not None, instead of body.

    Attributes:
        status, headers (Hict), body, data: of the response; after build() headers holds all that goes out.
        ended (bool): the response is whole. msg (bytes): all of it. lines (list[bytes]): of the head. head (bytes).
    """

    HttpVersionString = "HTTP/1.1"

    def __init__(
        self,
        steward: Steward | None = None,
        status: int = 200,
        headers: Given | None = None,
        body: Data | str = b"",
        data: object = None,
    ) -> None:
        self.steward = steward
        self.ended = False
        self.msg = self.head = b""
        self.lines: list[bytes] = []
        self.status = status
        self.headers = Hict(headers or {})
        self.body = body
        self.data = data

    def reinit(
        self,
        status: int | None = None,
        headers: Given | None = None,
        body: Data | str | None = None,
        data: object = None,
    ) -> None:
        """Begin another response: what is not given is as at first, nothing of the last one is kept."""
        self.status = 200 if status is None else status
        self.headers = Hict(headers or {})
        self.body = b"" if body is None else body
        self.data = data
        self.ended = False
        self.lines = []
        self.msg = self.head = b""

    def build(
        self,
        status: int | None = None,
        headers: Given | None = None,
        body: Data | str | None = None,
        data: object = None,
    ) -> bytes:
        """Return a whole response as bytes. Any argument given begins another response; see reinit.

        Raises:
            ValueError, TypeError: status or a field is not valid, or a Content-Length is not that of the content; named
            in the text.
        """
        if not (status is None and headers is None and body is None and data is None) or self.ended:
            self.reinit(status=status, headers=headers, body=body, data=data)
        self.ready()
        content = self.body
        if isinstance(content, str):
            content = content.encode()
        if self.data is not None:
            content = json.dumps(self.data, separators=(",", ":")).encode()
            self.headers["Content-Type"] = "application/json; charset=utf-8"
        elif "Content-Type" not in self.headers and content:
            self.headers["Content-Type"] = "application/octet-stream"
        if self.status < 200 or self.status == 204 or self.tunneled:
            self.headers.pop("Content-Length", None)  # RFC 9110, 8.6 and 9.3.6
        elif "Content-Length" not in self.headers:
            self.headers["Content-Length"] = str(len(content))
        if self.bodiless:
            content = b""
        elif not self.tunneled and str(self.headers["Content-Length"]) != str(len(content)):
            raise ValueError(f"Content-Length {self.headers['Content-Length']!r} for a content of {len(content)} bytes")
        self.buildHead()
        self.msg = self.head + content
        self.ended = True
        return self.msg

    @property
    def bodiless(self) -> bool:
        """Whether no content may follow the head (RFC 9112, 6.3)."""
        head = self.steward is not None and self.steward.method == "HEAD"
        return head or self.status < 200 or self.status in (204, 205, 304)

    @property
    def tunneled(self) -> bool:
        """Whether this grants a CONNECT: then what follows the head has no framing (RFC 9110, 9.3.6)."""
        return self.steward is not None and self.steward.method == "CONNECT" and 200 <= self.status < 300

    def begin(self, status: int = 200, headers: Given | None = None, chunked: bool = True) -> bytes:
        """Return the head of a response whose content follows piece by piece: chunked, else until the close.

        Raises:
            ValueError, TypeError: status or a field is not valid, or a Content-Length is among them.
        """
        self.reinit(status=status, headers=headers)
        self.ready()
        if "Content-Length" in self.headers:
            raise ValueError("a content that comes piece by piece has no Content-Length: give it as a whole")
        if chunked and self.status >= 200 and self.status not in (204, 205, 304):
            self.headers["Transfer-Encoding"] = "chunked"
        self.buildHead()
        return self.head

    def ready(self) -> None:
        """Check status and headers, take out what is the server's to say, and add Server and Date if missing."""
        planning.parseStatus(self.status)
        for name, value in planning.pairs([(name, str(value)) for name, value in self.headers.items()]):
            if name.lower() in planning.HOPS:
                if planning.hop(name.lower(), value) and self.steward is not None:
                    self.steward.requestant.persisted = False
                self.headers.popall(name, None)
        if "Server" not in self.headers:
            self.headers["Server"] = SERVER
        if "Date" not in self.headers:
            dater = self.steward.dater if self.steward is not None else planning.dater
            dater.render()
            self.headers["Date"] = dater.text

    def buildHead(self) -> None:
        """Make .lines and .head from status and headers, and what there is to say of the connection."""
        if self.status == 205:
            self.headers["Content-Length"] = "0"  # it has to say that it has none (RFC 9110, 15.3.6)
        steward = self.steward
        if steward is not None and not steward.persisted:
            self.headers["Connection"] = "close"
        elif steward is not None and steward.version == (1, 0):
            self.headers["Connection"] = "keep-alive"
        reason = STATUS_DESCRIPTIONS.get(self.status, "Unknown")
        self.lines = [f"{self.HttpVersionString} {self.status} {reason}".encode("latin-1")]
        self.lines += [packHeader(name, value) for name, value in self.headers.items()]
        self.lines += [b"", b""]
        self.head = b"\r\n".join(self.lines)


class Steward:
    """Minds one connection of a BareServer: its requests, and what answers them. Override respond().

    Parameters:
        remoter: the connection. requestant, responder: to use; None: new ones.
        dictable (bool): try JSON on each body whatever its type, for requestant.data.

    Attributes:
        remoter, requestant, responder, dictable: as given or made.
        waited (bool): a response is under way, which pour() continues.
        msg (bytes): the last that was queued.
        answered (bool | None): the request has its answer, or the beginning of it. None without a BareServer.
    """

    def __init__(
        self,
        remoter: Remoter,
        requestant: Requestant | None = None,
        responder: CustomResponder | None = None,
        dictable: bool = False,
    ) -> None:
        self.remoter = remoter
        self.requestant = requestant if requestant is not None else Requestant(remoter=remoter, dictable=dictable)
        self.responder = responder if responder is not None else CustomResponder(steward=self)
        if self.responder.steward is None:
            self.responder.steward = self
        self.dictable = bool(dictable)
        self.waited = False
        self.answered: bool | None = None
        self.msg = b""
        self.pieces: Iterable[Data] | None = None  # what stream() was given
        self.pourer: Iterator[Data] | None = None  # its iterator
        self.chunked = False
        self.dater: planning.Dater | planning.LoneDater = planning.dater

    # -- what the request says ----------------------------------------------------------------------------

    @property
    def method(self) -> str:
        """Method of the request."""
        return self.requestant.method

    @property
    def version(self) -> tuple[int, int] | None:
        """Version of the request."""
        return self.requestant.version

    @property
    def persisted(self) -> bool:
        """Whether the connection survives the request; what comes behind a CONNECT is none."""
        req = self.requestant
        if req.method == "CONNECT":
            return False
        last = req.closed or (req.keeper is not None and req.keeper.retiring)
        return bool(req.persisted) and (not last or len(req.msg) > 0)  # whole requests may wait behind it

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.requestant!r} waited={self.waited}>"

    def refresh(self) -> None:
        """Count the connection's idle tyme from now on."""
        self.remoter.refresh()

    # -- answering ----------------------------------------------------------------------------------------

    def respond(self) -> None:
        """Answer the request in .requestant: override. The default echoes it as JSON.

        Either queue a whole response by self.answer(...), or begin one by self.stream(...). An HTTPError raised here
        becomes the response, any other exception a 500.
        """
        self.answer(data=self.echo())

    def echo(self) -> dict[str, Any]:
        """Return the request as a dict: version, method, path, qargs, fragment, headers, body, data."""
        req = self.requestant
        path, _, query = (req.url or "").partition("?")
        return dict(
            version=CustomResponder.HttpVersionString,
            method=req.method,
            path=unquote(path, errors="replace"),
            qargs=dict(parse_qsl(query, keep_blank_values=True)),
            fragment=req.fragment,
            headers=[list(field) for field in req.headers.items()] if req.headers is not None else [],
            body=bytes(req.body).decode("utf-8", errors="replace"),
            data=req.data,
        )

    def answer(
        self, status: int = 200, headers: Given | None = None, body: Data | str | None = None, data: object = None
    ) -> None:
        """Queue a whole response; parameters as of CustomResponder.

        Raises RuntimeError when the request was answered already, ValueError and TypeError as CustomResponder.build.
        """
        self.once()
        self.msg = self.responder.build(status=status, headers=headers, body=body, data=data)
        self.say()
        self.waited = False

    def once(self) -> None:
        """Raise RuntimeError when the request was answered already."""
        if self.answered:
            raise RuntimeError(f"{self.requestant.where()} was answered already")

    def say(self) -> None:
        """Queue .msg, with which the request is answered."""
        self.remoter.tx(self.msg)
        if self.answered is not None:
            self.answered = True

    def stream(self, pieces: Iterable[Data], status: int = 200, headers: Given | None = None) -> None:
        """Begin a response whose content is what pieces, an iterable of bytes, gives: one a turn.

        status, headers: as of CustomResponder. An empty piece means nothing yet: it is asked again at the next tick.

        Raises RuntimeError when the request was answered already.
        """
        self.once()
        self.chunked = self.version is not None and self.version > (1, 0) and self.method != "CONNECT"
        if not self.chunked:
            self.requestant.persisted = False  # only the end of the connection ends the content
        self.pieces = pieces
        self.msg = self.responder.begin(status=status, headers=headers, chunked=self.chunked)
        self.say()
        self.waited = True
        if self.responder.bodiless:
            self.release()

    def pour(self) -> bool:
        """Continue a response that stream() began by one piece; return whether the piece held anything."""
        if self.pieces is None:
            return False
        if self.pourer is None:
            self.pourer = iter(self.pieces)
        piece = next(self.pourer, None)
        if piece is None:
            if self.chunked:
                self.remoter.tx(b"0\r\n\r\n")
            self.release()
            return False
        if piece:
            view = memoryview(piece)  # TypeError for an int, of which bytes() would make that many zeros
            self.msg = packChunk(view) if self.chunked else bytes(view)
            self.remoter.tx(self.msg)
        return bool(piece)

    def release(self) -> None:
        """Let go of what a response was made of, closing it once."""
        pieces, self.pieces, self.pourer = self.pieces, None, None
        self.waited = False
        if pieces is not None and hasattr(pieces, "close"):
            pieces.close()


AnySteward: TypeAlias = Steward  # within BareServer, Steward is the class that its stewards are of


class BareServer(Keeper):
    """An HTTP server without WSGI: each connection has a Steward.

    Parameters (beside those of Keeper):
        stewards (dict): to use for .stewards, cleared; None: a new one.
        dictable (bool): try JSON on each body whatever its type.
        timeout, tymeout (float): seconds of tyme for which a connection may be idle; None: Timeout; 0.0: for ever.

    Attributes:
        stewards (dict): ca -> Steward.

    To answer otherwise than by an echo, subclass Steward, override respond(), and subclass BareServer with
    Steward = yours.
    """

    Timeout = 5.0
    Steward: type[AnySteward] = Steward

    def __init__(
        self,
        servant: tcp.Server | None = None,
        stewards: dict[Address, AnySteward] | None = None,
        name: str = "",
        bufsize: int = 8096,
        wl: WireLog | None = None,
        ha: Address | None = None,
        host: str = "",
        port: int | None = None,
        eha: Address | None = None,
        scheme: str = "",
        dictable: bool = False,
        timeout: float | None = None,
        tymeout: float | None = None,
        **kwa: Any,
    ) -> None:
        self.stewards: dict[Address, AnySteward] = typed("stewards", stewards, dict) if stewards is not None else {}
        self.stewards.clear()
        self.dictable = bool(dictable)
        self.admitted: list[AnySteward] = []  # with a request to answer
        self.pouring: list[AnySteward] = []  # with a response under way
        tymeout = timeout if tymeout is None else tymeout
        super().__init__(name=name, servant=servant, bufsize=bufsize, wl=wl, ha=ha, host=host, port=port, eha=eha,
                         scheme=scheme, tymeout=self.Timeout if tymeout is None else tymeout, **kwa)

    def rest(self, tock: float = 0.0) -> float:
        """Return what a doer of this server may yield: its Watch when the root will wake it, else tock."""
        return tock if self.pouring else super().rest(tock)

    def welcome(self, ix: Remoter) -> None:
        """Make the Steward of a new connection."""
        req = Requestant(remoter=ix, dictable=self.dictable, limits=self.limits)
        steward = self.Steward(remoter=ix, requestant=req, dictable=self.dictable)
        steward.dater = self.dater
        steward.requestant.responder = steward
        self.stewards[ix.ca] = steward
        self.adopt(steward.requestant, ix)

    def admit(self, req: Requestant) -> None:
        """Have the Steward answer a request that is complete, in this turn."""
        self.admitted.append(req.responder)

    def forget(self, req: Requestant) -> None:
        """Drop what is kept of a connection that was closed."""
        if req.phase is not GONE:
            super().forget(req)
            steward, req.responder = req.responder, None
            if steward is not None:
                self.guard(steward, steward.release)
                if self.stewards.get(req.remoter.ca) is steward:
                    del self.stewards[req.remoter.ca]

    def guard(self, steward: AnySteward, act: Callable[[], object]) -> tuple[bool, Any]:
        """Call act for steward; return (whether it went well, what it returned). What it raises is logged."""
        try:
            return True, act()
        except HTTPError as ex:
            return False, ex
        except Raised as ex:
            logger.error("%s failed: %s", act, steward.requestant.where(), exc_info=ex)
            return False, HTTPError(500)

    def serviceStewards(self) -> None:
        """Answer the requests that are complete, and continue the responses under way by one piece each."""
        pouring, self.pouring = self.pouring, []
        for steward in pouring:
            if steward.requestant.phase is ANSWER:
                self.proceed(steward, steward.pour)
        admitted, self.admitted = self.admitted, []
        for steward in admitted:
            if steward.requestant.phase is ANSWER:
                if steward.requestant.jsoned or steward.dictable:
                    steward.requestant.dictify()
                steward.answered = steward.responder.ended = False
                self.proceed(steward, steward.respond)

    def proceed(self, steward: AnySteward, act: Callable[[], object]) -> None:
        """Have steward begin or continue its response, by act, and see whether that is whole now."""
        req = steward.requestant
        begun = steward.waited
        if begun and len(steward.remoter.txbs) >= self.limits.txMark:
            self.pouring.append(steward)  # the peer has enough to take
            return
        size = len(steward.remoter.txbs)
        well, result = self.guard(steward, act)
        said = begun or steward.answered or steward.waited or len(steward.remoter.txbs) > size
        if not said:
            self.excuse(steward, result if not well else None)
        elif not well and (begun or steward.waited or not steward.responder.ended):
            self.guard(steward, steward.release)
            self.cut(req)  # no one may take what was said for the whole
            return
        if steward.waited:
            self.pouring.append(steward)
        else:
            self.answered(req, steward.persisted)

    def excuse(self, steward: AnySteward, error: HTTPError | None) -> None:
        """Answer for steward, which did not: by error, which it raised; None: it raised nothing."""
        if error is None:
            logger.error("%r gave no answer: %s", steward, steward.requestant.where())
        self.guard(steward, steward.release)
        for each in (error or HTTPError(500), HTTPError(500)):  # the fields of the first may not be valid
            headers = Hict({"Content-Type": "text/plain"})
            headers.update(each.headers)
            headers.pop("Content-Length", None)
            if self.guard(steward, partial(steward.answer, each.status, headers, each.render()))[0]:
                return

    def serviceAnswers(self) -> None:
        """Parse and answer, pipelined requests in order."""
        self.serviceReqs()
        self.serviceStewards()
        rounds = RoundBudget
        while self.fed and rounds:
            rounds -= 1
            pouring, self.pouring = self.pouring, []  # those had their piece
            self.serviceReqs()
            self.serviceStewards()
            self.pouring[:0] = pouring
