"""Fetcher: makes requests of what a program asks for, and more of them when the answer is a redirect or a failure.

Fetch     a call: what is asked for now, and what became of it so far
Fetcher   base of a Pool: composes requests, follows redirects, tries again, minds cookies

On which connection a request travels is for the subclass.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from ...base.tyming import Tymth
from ...help import timing
from ...help.hicting import Hict
from .addressing import Url, parseUrl, quoteQuery
from .bounding import BOUNDS, Bounds
from .calling import Call, Caller
from .channeling import Channel
from .composing import Args, Body, Headers, basic, checkedMethod, composeHead, fieldLine, queryOf
from .decoding import OFFER
from .dicing import Dice
from .dicing import dice as fairDice
from .failing import Mishap
from .forming import FORM_TYPE, JSON_TYPE, packForm, packJson, packMultipart
from .jarring import CookieJar
from .redirecting import RedirectError, redirect, stripped
from .replying import Reply
from .retrying import IDEMPOTENT, delay, renewable

#: Messages without fields of their own that are remembered, and the most characters of their target.
REMEMBERED = 256
LONGEST = 256

#: Times that a request is put on another connection because the one it was on had ended by itself.
RENEWALS = 3

BODILESS = frozenset(("GET", "HEAD", "TRACE"))


class Fetch(Call):
    """A call of a Fetcher, and the exchange that it is on a channel; see Call and channeling.Exchange.

    Attributes:
        url (Url), headers (Hict | None), body (bytes | None): of the request, with method.
        message (bytes): the request.
        redirectable (bool), redirects (list | None): whether redirects are followed; those that were.
        renewals (int), tries (int): times that the request was put on another connection; that it was made.
        resume (float | None): tyme of the next try, while that is waited for.
        channel: that carries it, None while none does.
        serial (int): order of beginning.
    """

    __slots__ = (
        "body", "channel", "headers", "message", "method", "patient", "redirectable", "redirects", "renewals", "resume",
        "serial", "since", "tries", "tymeout", "url",
    )  # fmt: skip

    method: str
    url: Url
    headers: Hict | None
    body: bytes | None
    message: bytes
    since: float | None
    tymeout: float
    patient: bool
    redirectable: bool
    redirects: list[Reply] | None
    renewals: int
    tries: int
    resume: float | None
    channel: Channel[Fetch] | None
    serial: int

    def answer(self, reply: Reply) -> Reply:
        """Have reply know the request as it is now; return reply."""
        reply.asked = (self.method, self.url, self.headers, self.body or b"")
        return reply


class Fetcher(Caller):
    """Makes requests. The parameters are those of Pool that concern requests rather than connections; see there.
    """

    def __init__(
        self,
        tymth: Tymth | None = None,
        bounds: Bounds | None = None,
        headers: Headers | None = None,
        auth: tuple[str, str] | None = None,
        redirectable: bool = True,
        retries: int = 0,
        cookies: bool | CookieJar = False,
        decoding: bool = False,
        dictable: bool = False,
        dice: Dice | None = None,
        clock: Callable[[], float] | None = None,
        **kwa: Any,
    ) -> None:
        super().__init__(**kwa)
        self.tymth = tymth
        self.bounds = BOUNDS if bounds is None else bounds
        self.headers = self.common(headers, auth)
        self.redirectable = redirectable
        self.retries = retries
        self.clock = clock
        self.jar = cookies if isinstance(cookies, CookieJar) else CookieJar(clock) if cookies else None
        self.decoding = decoding
        self.offer = OFFER if decoding else "identity"
        self.dictable = dictable
        self.dice = fairDice if dice is None else dice
        self.messages: dict[tuple[str, Url], bytes] = {}
        self.delayed: list[tuple[float, int, Fetch]] = []  # heap of (tyme, serial, fetch)
        self.serial = count()

    @staticmethod
    def common(headers: Headers | None, auth: tuple[str, str] | None) -> Hict | None:
        """Return headers and the field for auth as the fields of every request, None for none. Raises ValueError."""
        fields = Hict(headers)
        if auth is not None:
            fields["Authorization"] = basic(*auth)
        for name, value in fields.items():
            fieldLine(name, value)
        return fields or None

    @property
    def tyme(self) -> float | None:
        """Tyme now, in seconds; None while unwound."""
        return None if self.tymth is None else self.tymth()

    # -- for subclasses -----------------------------------------------------------------------------------

    def place(self, fetch: Fetch) -> None:
        """Put fetch on a channel, or have it wait for one."""
        raise NotImplementedError

    # -- asking -------------------------------------------------------------------------------------------

    def request(self, method: str, url: str, **kwa: Any) -> Fetch:
        """Begin a request of url by method; see begin for kwa too."""
        return self.begin(method, url, **kwa)

    def begin(
        self,
        method: str,
        url: str,
        headers: Headers | None = None,
        qargs: Args | None = None,
        body: Body | None = None,
        data: object = None,
        fargs: Args | None = None,
        auth: tuple[str, str] | None = None,
        tymeout: float | None = None,
        redirectable: bool | None = None,
    ) -> Fetch:
        """Begin a request, and return its Call: `reply = yield from pool.begin("GET", url)`.

        Parameters:
            method (str): any token.
            url (str): absolute, http or https.
            headers: fields: a mapping or pairs; None: none beyond those that all requests have.
            qargs: names and values to be added to the query of url; a list or tuple is several values.
            body (bytes | str): to be sent; None: none. data: the same as JSON; fargs: the same as a form, which is
                multipart if headers say Content-Type: multipart/form-data. At most one of the three.
            auth (tuple): (user, password), sent as Basic credentials.
            tymeout (float): seconds of tyme for all of it; None: Bounds.totalTymeout; 0.0: for ever.
            redirectable (bool): follow redirects; None: as all requests do.

        Raises ValueError for what cannot be part of a request, TypeError for data that JSON does not have.
        """
        fetch = Fetch(self)
        fetch.method = method if method in IDEMPOTENT else checkedMethod(method)
        fetch.url = parsed = parseUrl(url)
        if qargs:
            fetch.url = parsed._replace(query="&".join(filter(None, (parsed.query, quoteQuery(queryOf(qargs))))))
        fetch.headers = fetch.body = None
        if headers is not None or auth is not None or body is not None or data is not None or fargs is not None:
            self.furnish(fetch, headers, body, data, fargs, auth)
        fetch.message = self.compose(fetch)
        fetch.tymeout = self.bounds.totalTymeout if tymeout is None else tymeout
        fetch.redirectable = self.redirectable if redirectable is None else redirectable
        fetch.patient = False
        fetch.redirects = fetch.resume = fetch.channel = None
        fetch.renewals = 0
        fetch.tries = 1
        fetch.serial = next(self.serial)
        fetch.since = self.tyme
        self.place(fetch)
        if self.settled:
            self.rouse()
        return fetch

    def furnish(
        self,
        fetch: Fetch,
        headers: Headers | None,
        body: Body | None,
        data: object,
        fargs: Args | None,
        auth: tuple[str, str] | None,
    ) -> None:
        """Give fetch its fields and body, of the parts that begin takes. Raises ValueError, TypeError as it does."""
        if sum(part is not None for part in (body, data, fargs)) > 1:
            raise ValueError("a request has one body: give body, data or fargs")
        fetch.headers = fields = Hict(headers)
        if auth is not None:
            fields["Authorization"] = basic(*auth)
        kind = None
        if data is not None:
            body, kind = packJson(data), JSON_TYPE
        elif fargs is not None:
            if str(fields.get("Content-Type", "")).lower().startswith("multipart/form-data"):
                body, kind = packMultipart(fargs, self.dice)
            else:
                body, kind = packForm(fargs), FORM_TYPE
        if kind is not None:
            fields["Content-Type"] = kind
        if body is not None:
            if fetch.method in BODILESS:
                raise ValueError(f"{fetch.method} must have no body")
            if not isinstance(body, (str, bytes, bytearray, memoryview)):
                raise TypeError(f"body must be bytes or a str, got {body!r:.80}")
            fetch.body = body.encode() if isinstance(body, str) else bytes(body)

    def compose(self, fetch: Fetch) -> bytes:
        """Return the bytes of the request that fetch is now. Raises ValueError for what is no field."""
        url = fetch.url
        plain = fetch.headers is None and fetch.body is None and self.jar is None
        if plain:
            message = self.messages.get((fetch.method, url))
            if message is not None:
                return message
        headers = Hict(fetch.headers)
        for name, value in self.headers.items() if self.headers else ():
            if fetch.headers is None or name not in fetch.headers:
                headers.add(name, value)
        if self.jar is not None and "Cookie" not in headers:
            cookie = self.jar.header(url)
            if cookie:
                headers["Cookie"] = cookie
        body = fetch.body
        length = None if body is None else len(body)
        lines = composeHead(fetch.method, url.target, url.origin.shortest, headers, length, self.offer)
        message = b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")
        if plain and len(url.target) <= LONGEST:
            if len(self.messages) >= REMEMBERED:
                self.messages.clear()
            self.messages[fetch.method, url] = message
        return message

    # -- answers ------------------------------------------------------------------------------------------

    def judge(self, fetch: Fetch, reply: Reply, served: int) -> None:
        """Settle fetch by reply, unless that asks for another request.

        served: responses that had come over its connection before.
        """
        fetch.answer(reply)
        if self.jar is not None and "set-cookie" in reply.headers:
            self.jar.take(fetch.url, reply.headers.getall("set-cookie"))
        if (reply.status is None or reply.status >= 300 or reply.errored) and self.again(fetch, reply, served):
            return
        if fetch.redirects:
            reply.redirects = fetch.redirects
        self.settle(fetch, reply)

    def unanswered(self, fetch: Fetch, reply: Reply) -> None:
        """The connection ended with reply to an earlier request, before fetch had its turn on it."""
        if fetch.method in IDEMPOTENT and fetch.renewals < RENEWALS:
            fetch.renewals += 1
            self.place(fetch)
        else:
            text = f"the connection ended with the response to an earlier request ({reply.error or reply.status})"
            self.judge(fetch, Reply.failed(Mishap.CLOSED, text), 0)

    def again(self, fetch: Fetch, reply: Reply, served: int) -> bool:
        """Make another request for fetch if reply asks for it; return whether it does. served: as for judge."""
        if reply.errored and renewable(fetch.method, reply, served) and fetch.renewals < RENEWALS:
            fetch.renewals += 1
            self.place(fetch)
            return True
        if fetch.redirectable and not reply.errored and self.follow(fetch, reply):
            return not reply.errored
        clock = self.clock or timing.wallTime
        wait = delay(fetch.tries, self.retries, fetch.method, reply, self.bounds, self.dice, clock)
        if wait is None or (wait and fetch.since is None):
            return False
        fetch.tries += 1
        tyme = self.tyme
        if wait and tyme is not None:
            fetch.resume = tyme + wait
            heappush(self.delayed, (fetch.resume, fetch.serial, fetch))
        else:
            self.place(fetch)
        return True

    def follow(self, fetch: Fetch, reply: Reply) -> bool:
        """Have fetch go where reply redirects it; return whether it does. What must not be followed is errored."""
        try:
            step = redirect(reply, fetch.method, fetch.url)
            if step is None:
                return False
            if len(fetch.redirects or ()) >= self.bounds.redirects:
                raise RedirectError(f"more than {self.bounds.redirects} in a row")
        except RedirectError as ex:
            reply.fail(Mishap.REDIRECT, str(ex))
            return True
        fetch.redirects = [*(fetch.redirects or ()), reply]
        fetch.method = step.method
        fetch.url = step.url
        if fetch.headers is not None:
            fetch.headers = stripped(fetch.headers, step)
        if not step.bodied:
            fetch.body = None
        fetch.message = self.compose(fetch)
        self.place(fetch)
        return True

    def resume(self, tyme: float | None) -> None:
        """Make the requests whose wait is over at tyme; None: all of them, as no tyme passes."""
        while self.delayed and (tyme is None or self.delayed[0][0] <= tyme):
            fetch = heappop(self.delayed)[2]
            fetch.resume = None
            if fetch.reply is None:
                self.place(fetch)
