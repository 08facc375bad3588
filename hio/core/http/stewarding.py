"""Serving without WSGI: a Steward minds each connection of a BareServer.

BareServer        hands each request that is complete to the Steward of its connection
Steward           answers: override respond(); the default echoes the request as JSON
CustomResponder   builds a response as bytes

To answer with a body that comes piece by piece, respond() calls stream(); the server then calls pour() once a turn.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, unquote

from ... import help
from ...help import Hict
from . import planning
from .erring import HTTPError
from .httping import packChunk, packHeader
from .keeping import Keeper, RoundBudget
from .planning import SERVER
from .requesting import ANSWER, GONE, Requestant
from .statusing import STATUS_DESCRIPTIONS

logger = help.ogler.getLogger()


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

    def __init__(self, steward=None, status=200, headers=None, body=b"", data=None):
        self.steward = steward
        self.ended = False
        self.msg = self.head = b""
        self.lines = []
        self.status = status
        self.headers = Hict(headers or {})
        self.body = body
        self.data = data

    def reinit(self, status=None, headers=None, body=None, data=None):
        """Begin another response: what is not given is as at first, nothing of the last one is kept."""
        self.status = 200 if status is None else status
        self.headers = Hict(headers or {})
        self.body = b"" if body is None else body
        self.data = data
        self.ended = False
        self.lines = []
        self.msg = self.head = b""

    def build(self, status=None, headers=None, body=None, data=None):
        """Return a whole response as bytes. Any argument given begins another response; see reinit.

        Raises:
            ValueError, TypeError: status or a field is not valid, named in the text.
        """
        if not (status is None and headers is None and body is None and data is None) or self.ended:
            self.reinit(status=status, headers=headers, body=body, data=data)
        content = self.body
        if isinstance(content, str):
            content = content.encode()
        if self.data is not None:
            content = json.dumps(self.data, separators=(",", ":")).encode()
            self.headers["Content-Type"] = "application/json; charset=utf-8"
        elif "Content-Type" not in self.headers and content:
            self.headers["Content-Type"] = "application/octet-stream"
        bodiless = self.status < 200 or self.status == 204
        if not bodiless and "Content-Length" not in self.headers:
            self.headers["Content-Length"] = str(len(content))
        self.buildHead()
        if bodiless or self.status == 304 or (self.steward is not None and self.steward.method == "HEAD"):
            content = b""
        self.msg = self.head + content
        self.ended = True
        return self.msg

    def begin(self, status=200, headers=None, chunked=True):
        """Return the head of a response whose content follows piece by piece, in chunks or until the close."""
        self.reinit(status=status, headers=headers)
        if chunked:
            self.headers["Transfer-Encoding"] = "chunked"
        self.buildHead()
        return self.head

    def buildHead(self):
        """Make .lines and .head from status and headers, adding Server, Date and Connection where they are missing."""
        steward = self.steward
        if "Server" not in self.headers:
            self.headers["Server"] = SERVER
        if "Date" not in self.headers:
            dater = steward.dater if steward is not None else planning.dater
            dater.render()
            self.headers["Date"] = dater.text
        if steward is not None and not steward.persisted:
            self.headers["Connection"] = "close"
        elif steward is not None and steward.version == (1, 0):
            self.headers["Connection"] = "keep-alive"
        planning.parseStatus(self.status)  # raises what is not valid
        list(planning.pairs([(name, str(value)) for name, value in self.headers.items()]))
        reason = STATUS_DESCRIPTIONS.get(self.status, "Unknown")
        self.lines = [f"{self.HttpVersionString} {self.status} {reason}".encode("latin-1")]
        self.lines += [packHeader(name, value) for name, value in self.headers.items()]
        self.head = b"\r\n".join([*self.lines, b"", b""])


class Steward:
    """Minds one connection of a BareServer: its requests, and what answers them. Override respond().

    Parameters:
        remoter: the connection. requestant, responder: to use; None: new ones.
        dictable (bool): try JSON on each body whatever its type, for requestant.data.

    Attributes:
        remoter, requestant, responder, dictable: as given or made.
        waited (bool): a response is under way, which pour() continues.
        msg (bytes): the last that was queued.
    """

    def __init__(self, remoter, requestant=None, responder=None, dictable=False):
        self.remoter = remoter
        self.requestant = requestant if requestant is not None else Requestant(remoter=remoter, dictable=dictable)
        self.responder = responder if responder is not None else CustomResponder(steward=self)
        if self.responder.steward is None:
            self.responder.steward = self
        self.dictable = bool(dictable)
        self.waited = False
        self.msg = b""
        self.pieces = None
        self.chunked = False
        self.dater = planning.dater

    # -- what the request says ----------------------------------------------------------------------------

    @property
    def method(self):
        """Method of the request."""
        return self.requestant.method

    @property
    def version(self):
        """Version of the request."""
        return self.requestant.version

    @property
    def persisted(self):
        """Whether the connection survives the request."""
        req = self.requestant
        last = req.closed or (req.keeper is not None and req.keeper.retiring)
        return bool(req.persisted) and (not last or len(req.msg) > 0)  # whole requests may wait behind it

    def refresh(self):
        """Count the connection's idle tyme from now on."""
        self.remoter.refresh()

    # -- answering ----------------------------------------------------------------------------------------

    def respond(self):
        """Answer the request in .requestant: override. The default echoes it as JSON.

        Either queue a whole response by self.answer(...), or begin one by self.stream(...). An HTTPError raised here
        becomes the response, any other exception a 500.
        """
        self.answer(data=self.echo())

    def echo(self):
        """Return the request as a dict: version, method, path, qargs, fragment, headers, body, data."""
        req = self.requestant
        path, _, query = (req.url or "").partition("?")
        return dict(
            version=CustomResponder.HttpVersionString,
            method=req.method,
            path=unquote(path, errors="replace"),
            qargs=dict(parse_qsl(query, keep_blank_values=True)),
            fragment=req.fragment,
            headers=[list(field) for field in req.headers.items()],
            body=bytes(req.body).decode("utf-8", errors="replace"),
            data=req.data,
        )

    def answer(self, status=200, headers=None, body=None, data=None):
        """Queue a whole response."""
        self.msg = self.responder.build(status=status, headers=headers, body=body, data=data)
        self.remoter.tx(self.msg)
        self.waited = False

    def stream(self, pieces, status=200, headers=None):
        """Begin a response whose content is what pieces, an iterable of bytes, gives: one a turn.

        An empty piece means nothing yet: it is asked again at the next tick.
        """
        self.chunked = self.version is not None and self.version > (1, 0)
        if not self.chunked:
            self.requestant.persisted = False  # only the end of the connection ends the content
        self.msg = self.responder.begin(status=status, headers=headers, chunked=self.chunked)
        self.remoter.tx(self.msg)
        self.pieces = iter(pieces)
        self.waited = True
        if self.method == "HEAD":
            self.release()

    def pour(self):
        """Continue a response that stream() began by one piece; return whether the piece held anything."""
        if self.pieces is None:
            return False
        piece = next(self.pieces, None)
        if piece is None:
            if self.chunked:
                self.remoter.tx(b"0\r\n\r\n")
            self.release()
            return False
        if piece:
            self.msg = packChunk(piece) if self.chunked else bytes(piece)
            self.remoter.tx(self.msg)
        return bool(piece)

    def release(self):
        """Let go of what a response was made of, closing it once."""
        pieces, self.pieces = self.pieces, None
        self.waited = False
        if pieces is not None and hasattr(pieces, "close"):
            pieces.close()


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
    Steward = Steward

    def __init__(self, servant=None, stewards=None, name="", dictable=False, timeout=None, tymeout=None, **kwa):
        self.stewards = stewards if stewards is not None else {}
        self.stewards.clear()
        self.dictable = bool(dictable)
        self.admitted = []  # stewards with a request to answer
        self.pouring = []  # stewards with a response under way
        tymeout = timeout if tymeout is None else tymeout
        super().__init__(name=name, servant=servant, tymeout=self.Timeout if tymeout is None else tymeout, **kwa)

    def rest(self, tock=0.0):
        """Return what a doer of this server may yield: its Watch when the root will wake it, else tock."""
        return tock if self.pouring else super().rest(tock)

    def welcome(self, ix):
        """Make the Steward of a new connection."""
        steward = self.Steward(remoter=ix, requestant=Requestant(remoter=ix, dictable=self.dictable, limits=self.limits),
                               dictable=self.dictable)
        steward.dater = self.dater
        steward.requestant.responder = steward
        self.stewards[ix.ca] = steward
        self.adopt(steward.requestant, ix)

    def admit(self, req):
        """Have the Steward answer a request that is complete, in this turn."""
        self.admitted.append(req.responder)

    def forget(self, req):
        """Drop what is kept of a connection that was closed."""
        if req.phase is not GONE:
            super().forget(req)
            steward, req.responder = req.responder, None
            if steward is not None:
                self.guard(steward, steward.release)
                if self.stewards.get(req.remoter.ca) is steward:
                    del self.stewards[req.remoter.ca]

    def guard(self, steward, act):
        """Call act; return (whether it went well, what it returned). What it raises is logged."""
        try:
            return True, act()
        except HTTPError as ex:
            return False, ex
        except Exception as ex:
            logger.error("%s failed: %s", act, steward.requestant.where(), exc_info=ex)
            return False, HTTPError(500)

    def serviceStewards(self):
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
                self.proceed(steward, steward.respond)

    def proceed(self, steward, act):
        """Have a steward begin or continue its response, and see whether that is whole now."""
        req = steward.requestant
        begun = steward.waited
        if begun and len(steward.remoter.txbs) >= self.limits.txMark:
            self.pouring.append(steward)  # the peer has enough to take
            return
        well, result = self.guard(steward, act)
        if not well:
            self.guard(steward, steward.release)
            if begun or steward.waited:
                self.cut(req)
                return
            self.guard(steward, lambda: steward.answer(
                status=result.status, headers={"Content-Type": "text/plain", **(result.headers or {})},
                body=result.render()))
        if steward.waited:
            self.pouring.append(steward)
        else:
            self.answered(req, steward.persisted)

    def serviceAnswers(self):
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
