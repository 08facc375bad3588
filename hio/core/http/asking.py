"""Asker: what becomes of the requests of a Client.

It takes them from the queue, has them composed and sent, follows redirects, tries again, and hands responses over. The
connection that all this travels on is minded by the subclass; recording.py has the requests and their queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ...help import timing
from ...help.hicting import Hict
from .. import tcp
from .addressing import Origin, Url, isUrl, makeOrigin
from .answering import Respondent
from .calling import Call
from .channeling import Channel
from .composing import (
    Args, Body, Headers, Requester, basic, checkedMethod, checkedPairs, checkPart, fieldLine, formPairs,
)  # fmt: skip
from .failing import Mishap
from .jarring import CookieJar
from .recording import Asking, ClientCall, Inbox, Question, Record, Request
from .redirecting import Redirect, RedirectError, redirect, stripped
from .replying import Reply
from .retrying import IDEMPOTENT, delay, renewable

#: Times that a request is put on another connection because the one it was on had ended by itself.
RENEWALS = 3

#: Requests that a Client remembers as it built them, and the most bytes of one.
REMEMBERED = 256
LONGEST = 1024

PARTS = ("method", "path", "qargs", "fragment", "headers", "body", "data", "fargs")


class Known(NamedTuple):
    """A request that was built."""

    message: bytes
    method: str
    url: Url
    parts: Record  # of its record


class Asker(Channel[Question], Asking):
    """The requests of a Client, and their responses. See Client for the parameters, which all have a value here."""

    home: Origin

    def __init__(
        self,
        requester: Requester,
        connector: tcp.Client,
        respondent: Respondent,
        requests: deque[Record] | None,
        responses: deque[Record] | None,
        redirects: list[Record],
        redirectable: bool,
        depth: int,
        retries: int,
        auth: tuple[str, str] | None,
        cookies: bool | CookieJar,
        clock: Callable[[], float] | None,
        **kwa: Any,
    ) -> None:
        super().__init__(connector=connector, respondent=respondent, **kwa)
        self.requester = requester
        self.defaults = requester.headers.copy()  # fields of calls that bring none of their own
        self.requests: deque[Record] = Inbox() if requests is None else requests
        if isinstance(self.requests, Inbox):
            self.requests.client = self
        self.responses: deque[Record] = deque() if responses is None else responses
        self.redirects = redirects
        self.redirectable = redirectable
        self.depth = depth
        self.retries = retries
        self.auth = None if auth is None else basic(*auth)
        self.clock = clock
        self.jar = cookies if isinstance(cookies, CookieJar) else CookieJar(clock) if cookies else None
        self._latest: Question | None = None
        self.streamed: Question | None = None  # whose event stream ended, and is to be asked for again
        self.resume: float | None = None  # tyme before which no request is taken
        self.step_: tuple[Question, Redirect] | None = None  # that is to be followed
        self.away = False  # a redirect led to another origin
        self.known: dict[Any, Known] = {}  # of calls that differ in method and path alone

    # -- asking -------------------------------------------------------------------------------------------

    @property
    def latest(self) -> Record | None:
        """Record of the request that is answered next, or was answered last; None before the first."""
        return None if self._latest is None else self._latest.record

    @property
    def waited(self) -> bool:
        """Whether a request is out that has no response yet."""
        return bool(self.exchanges) or self.streamed is not None

    def request(
        self,
        method: str | None = None,
        path: str | None = None,
        qargs: Args | None = None,
        fragment: str | None = None,
        headers: Headers | None = None,
        body: Body | None = None,
        data: object = None,
        fargs: Args | None = None,
        reply: object = None,
        **kwa: Any,
    ) -> ClientCall:
        """Queue a request, and return its Call: `response = yield from client.request("GET", "/")`.

        Who does not wait for the Call finds the response in .responses, or takes it by respond().

        Parameters:
            method, path, qargs, fragment, headers: see Requester; None: as the requester has them now.
            body, data, fargs: see Requester; None: none.
            reply, kwa: travel along in the record of the request, and are not sent.

        Raises ValueError or TypeError for what cannot be part of a request.
        """
        requester = self.requester
        request = Request(
            method=requester.method if method is None else method,
            path=requester.path if path is None else path,
            qargs=dict(requester.qargs) if qargs is None else qargs,
            fragment=requester.fragment if fragment is None else fragment,
            headers=requester.headers.copy() if headers is None else headers,
            body=b"" if body is None else body, data=data, fargs=fargs,
        )  # fmt: skip
        if reply is not None:
            request["reply"] = reply
        request.update(kwa)
        self.checkRequest(request)
        request.call = call = ClientCall(self, claimed=False)
        self.requests.append(request)
        return call

    def begin(
        self,
        method: str,
        url: str,
        headers: Headers | None = None,
        qargs: Args | None = None,
        body: Body | None = None,
        data: object = None,
        fargs: Args | None = None,
        tymeout: float | None = None,
    ) -> ClientCall:
        """Begin a request, and return its Call: `response = yield from client.get("/")`.

        Parameters:
            method (str): any token.
            url (str): path, perhaps with a query; or a URL of the client's server.
            headers: fields, a mapping or pairs; None: those that the client was made with.
            qargs, body, data, fargs: see Requester; None: none.
            tymeout (float): seconds of tyme for all of it; None: Bounds.totalTymeout; 0.0: for ever.

        Raises ValueError or TypeError for what cannot be part of a request.
        """
        request = Request(method=method, path=url, qargs={} if qargs is None else qargs, fragment="",
                          headers=self.defaults if headers is None else headers, body=b"" if body is None else body,
                          data=data, fargs=fargs)
        key = None
        if headers is None and qargs is None and body is None and data is None and fargs is None and self.jar is None:
            request.key = key = (method, url, self.requester.hostname, self.requester.port)
        if key not in self.known:
            self.checkRequest(request)
        if tymeout is not None:
            request.tymeout = tymeout
        request.call = call = ClientCall(self, claimed=True)
        deque.append(self.requests, request)  # without a word to who services this, as it is begun now
        self.impel()
        return call

    def impel(self) -> None:
        """Ask now, from within whatever turn this is, and have the root hand the socket over.

        What is received at once, from a server that is quick, has to wait: a doer whose calls never waited would keep
        all others from their turn.
        """
        self.reach()
        if not self.connector.connected and self.connector.watch is None and self.again is None:
            self.reach()  # a new socket, which has to begin to connect
        self.bind(self)
        self.rouse()

    def checkRequest(self, request: Record) -> None:
        """Raise ValueError or TypeError for what is wrong with a request, which will only be composed later."""
        checkedMethod(request["method"])
        for name in ("path", "fragment", "body"):
            checkPart(name, request[name])
        kinds: tuple[tuple[str, Callable[[Any], Any]], ...] = (("qargs", dict), ("headers", Hict), ("fargs", formPairs))
        for name, kind in kinds:
            if isinstance(request[name], Iterator):
                request[name] = list(request[name])
            if request[name] is not None:
                checkedPairs(name, request[name], kind)
        for field, value in Hict(request["headers"]).items():
            fieldLine(field, value)
        match = isUrl(request["path"])
        if match and makeOrigin(match[1].lower(), match[2]) != self.home:
            raise ValueError(f"path must be on {self.home}, got {request['path']!r}")

    def transmit(
        self,
        method: str | None = None,
        path: str | None = None,
        qargs: Args | None = None,
        fragment: str | None = None,
        headers: Headers | None = None,
        body: Body | None = None,
        data: object = None,
        fargs: Args | None = None,
        **kwa: Any,
    ) -> None:
        """Compose a request and queue it on the connection, whatever else is queued.

        method, path, qargs, fragment, headers, body, data, fargs are its parts, as of Requester. All None: the request
        that the client was made for; any given: None is as the requester has it, and no body.
        kwa travel along in the record of the request. Raises ValueError for what cannot be part of a request.
        """
        if not self.respondent.armed:
            self.exchanges.clear()  # whoever parsed the last response by hand has it
        parts: tuple[Any, ...] = (method, path, qargs, fragment, headers, body, data, fargs)
        question = self.question(Request(kwa))
        if any(part is not None for part in parts):
            self.requester.reinit(**dict(zip(PARTS, parts, strict=True)))
        self.launch(question, self.compose())
        self.stir()

    def question(self, request: Record) -> Question:
        """Return a new Question for the record of a request."""
        question = Question()
        if not isinstance(request, Request):
            request = Request(request)  # a copy: its owner may use it again
        question.request = request
        question.parts = question._record = None
        question.call = request.call
        question.tries = 1
        question.renewals = 0
        question.launched = question.streamed = False
        question.redirects = []
        question.tymeout = self.bounds.totalTymeout if request.tymeout is None else request.tymeout
        question.patient = question.call is None or not question.call.claimed
        tymth = self.connector.tymth
        question.since = None if tymth is None else tymth()
        return question

    def compose(self) -> bytes:
        """Return the bytes of what the requester has. Raises ValueError, TypeError."""
        requester = self.requester
        if self.auth and not self.away and "authorization" not in requester.headers:
            requester.headers["Authorization"] = self.auth
        requester.cookie = ""
        if self.jar is not None and "cookie" not in requester.headers:
            requester.cookie = self.jar.header(Url(requester.origin, requester.buildTarget().partition("?")[0], "", ""))
        return requester.build()

    def launch(self, question: Question, message: bytes) -> Known:
        """Put question on the channel as message, which the requester has just built. Return what is known of that."""
        requester = self.requester
        path, _, query = requester.target.partition("?")
        method = checkedMethod(requester.method)
        url = Url(requester.origin, path, query, requester.fragment)
        known = Known(message, method, url, {
            "host": requester.hostname,
            "port": requester.port,
            "scheme": requester.scheme,
            "method": method,
            "path": requester.path,
            "fragment": requester.fragment,
            "qargs": dict(requester.qargs),
            "headers": requester.headers.copy(),
            "body": requester.sent if requester.data is None and requester.fargs is None else b"",
            "data": requester.data,
            "fargs": requester.fargs,
        })
        self.dispatch(question, known)
        return known

    def dispatch(self, question: Question, known: Known) -> None:
        """Put question on the channel as known; its record has the parts of that from then on."""
        question.launched = True
        question.method = known.method
        question.url = known.url
        question.send(known.parts)
        if not self.exchanges:
            self._latest = question
        self.carry(question, known.message)

    def serviceRequests(self) -> None:
        """Take a request if none is out, and queue it on the connection, connected or not.

        With depth, further ones behind it, as long as all are idempotent.
        """
        while self.requests and self.free():
            request = self.requests.popleft()
            question = getattr(request, "exchange", None) or self.question(request)
            try:
                if self.ready(question):
                    self.ask(question, request)
            except OSError as ex:
                self.refuse(question, Mishap.UNCONNECTED, f"to {self.home.host}: {ex.strerror or ex}")
            except (ValueError, TypeError, LookupError, AttributeError) as ex:  # a record that was put in by hand
                self.refuse(question, Mishap.REFUSED, f"{type(ex).__name__}: {ex}")

    def ask(self, question: Question, request: Record) -> None:
        """Compose request and launch question with it. Raises ValueError and its like for what is no request."""
        key = request.key if isinstance(request, Request) and not self.away else None
        known = self.known.get(key) if key is not None else None
        if known is not None:
            self.dispatch(question, known)
            return
        if question.launched:
            self.visit(question.url.origin)
        elif self.away:
            self.visit(self.home)
        self.requester.reinit(**{part: request.get(part) for part in PARTS})
        known = self.launch(question, self.compose())
        if key is not None and len(known.message) <= LONGEST:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            self.known[key] = known

    def free(self) -> bool:
        """Whether the next request can be put on the channel now."""
        if self.resume is not None:
            if self.now is not None and self.now < self.resume:
                return False
            self.resume = None
        if not self.exchanges:
            return self.streamed is None
        return (
            len(self.exchanges) < self.depth
            and self.served > 0
            and self.alive
            and not self.streaming
            and str(self.requests[0].get("method")).upper() in IDEMPOTENT
            and all(question.method in IDEMPOTENT for question in self.exchanges)
        )

    def refuse(self, question: Question, mishap: Mishap, detail: str) -> None:
        """Answer a question that cannot be put on the channel by an errored reply: mishap says how, detail the rest."""
        reply = Reply.failed(mishap, detail)
        reply.request = question.record
        self.deliver(question, reply)

    def due(self, call: Call | None = None) -> float:
        """Return the tyme at which something is to be done if nothing comes; Never: none."""
        due = super().due()
        return due if self.resume is None else min(due, self.resume)

    # -- answers ------------------------------------------------------------------------------------------

    def answered(self, exchange: Question, reply: Reply) -> None:
        """A question has its reply: hand it over, unless another request is to be made for it."""
        if self.exchanges:
            self._latest = self.exchanges[0]
        streamed = exchange.streamed if reply.status is None else self.respondent.evented and self.respondent.whole
        if streamed and self.enduring:
            self.streamed = exchange
            self.spent = exchange.streamed = True
            return
        reply.question = exchange
        if self.jar is not None and "set-cookie" in reply.headers:
            self.jar.take(exchange.url, reply.headers.getall("set-cookie"))
        if reply.status is None or reply.status >= 300 or reply.errored:
            reply.request = exchange.record  # as it was asked this time
            if self.askAgain(exchange, reply):
                return
        self.deliver(exchange, reply)

    def unanswered(self, exchange: Question, reply: Reply) -> None:
        """The connection ended before exchange had its turn on it: it goes back to the front of the queue."""
        if exchange.method in IDEMPOTENT and exchange.renewals < RENEWALS:
            exchange.renewals += 1
            self.requeue(exchange)
        else:
            text = f"the connection ended with the response to an earlier request ({reply.error or reply.status})"
            self.refuse(exchange, Mishap.CLOSED, text)

    def requeue(self, question: Question) -> None:
        """Have question asked again, before whatever waits."""
        request = Request(question.record, path=question.url.target, qargs={})
        request.exchange = question
        waiting = [question for question in self.requests if getattr(question, "exchange", None) is not None]
        self.requests.insert(len(waiting), request)

    def deliver(self, question: Question, reply: Reply) -> None:
        """Give reply to who waits for the answer to question, or put it into .responses."""
        reply.redirects = question.redirects
        self.respondent.redirected = bool(question.redirects)
        self.redirects.clear()
        call = question.call
        if call is None or not call.claimed:
            self.responses.append(reply.asdict())
        if call is not None:
            self.settle(call, reply)

    def withdraw(self, call: ClientCall) -> None:
        """Take the response of call, if it is there already, out of .responses: its call is waited for after all."""
        if call.reply is not None:
            for index, record in enumerate(self.responses):
                if record["request"] is call.reply.request:
                    del self.responses[index]
                    break

    def askAgain(self, question: Question, reply: Reply) -> bool:
        """Make another request for question if reply asks for it; return whether it does."""
        call = question.call
        claimed = call is not None and call.claimed
        if (claimed or self.retries) and reply.errored and question.renewals < RENEWALS:
            if renewable(question.method, reply, self.served):
                question.renewals += 1
                self.requeue(question)
                return True
        if self.redirectable and not reply.errored:
            self.step_ = self.follow(question, reply)
            if self.step_ is not None:
                question.redirects.append(reply)
                self.redirects.append(reply.asdict())
                self.redirect()
                return True
        wait = delay(question.tries, self.retries, question.method, reply, self.bounds, self.dice,
                     self.clock or timing.wallTime)
        tymth = self.connector.tymth
        if wait is None or (wait and question.since is None):
            return False
        question.tries += 1
        self.resume = None if question.since is None or tymth is None else tymth() + wait
        self.requeue(question)
        return True

    def follow(self, question: Question, reply: Reply) -> tuple[Question, Redirect] | None:
        """Return (question, where reply redirects it), None if it does not. What must not be followed is errored."""
        try:
            step = redirect(reply, question.method, question.url)
            if step is not None and len(question.redirects) >= self.bounds.redirects:
                raise RedirectError(f"more than {self.bounds.redirects} in a row")
        except RedirectError as ex:
            reply.fail(Mishap.REDIRECT, str(ex))
            return None
        return None if step is None else (question, step)

    def redirect(self) -> None:
        """Follow the newest redirect, if it was not followed yet: ask there, over a new connection if need be."""
        if self.step_ is None:
            return
        (question, step), self.step_ = self.step_, None
        try:
            self.visit(step.url.origin)
            self.revive(question, step.method, step.url, stripped(question.record["headers"], step), step.bodied)
            message = self.compose()
        except OSError as ex:
            self.refuse(question, Mishap.UNCONNECTED, f"to {step.url.origin.host}: {ex.strerror or ex}")
        else:
            if self.ready(question):
                self.launch(question, message)

    def revive(self, question: Question, method: str, url: Url, headers: Headers, bodied: bool = True) -> None:
        """Have the requester hold question's parts, for url by method, with headers; bodied: with its body too."""
        record = question.record
        self.requester.reinit(
            method=method,
            path=url.target,
            qargs={},
            fragment=url.fragment,
            headers=headers,
            body=record["body"] if bodied else None,
            data=record["data"] if bodied else None,
            fargs=record["fargs"] if bodied else None,
        )

    def reach(self) -> None:
        """Do the first half of a turn: connect, take a request, send."""
        raise NotImplementedError

    def visit(self, origin: Origin) -> None:
        """Have the connection, and the requester, be to origin from now on. Raises OSError when it has no address."""
        raise NotImplementedError

    def ready(self, question: Question) -> bool:
        """Have the connection fit for question; return whether it is, else question was answered."""
        raise NotImplementedError

    def waiting(self, channel: object) -> ClientCall | None:
        """Return the call that waits for the oldest exchange, None when none does."""
        return self.exchanges[0].call if self.exchanges else None

    def stir(self) -> None:
        """Have the doer resumed that services this, if it rests."""
        own = self.connector.own
        if own.deed is not None and own.deed is not self:
            own.wake()
