"""Records: the requests of a Client that wait or are out, as its owner sees them and as it keeps them.

Request      record of a request in the queue; a dict
Inbox        the queue; wakes who services it
Question     a request that is out
ClientCall   who waits for the answer
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Self

from .addressing import Url
from .calling import Call, Caller, Wait
from .replying import Reply

Record = dict[str, Any]


class Asking(Caller):
    """What an Inbox and a ClientCall ask of their client."""

    def stir(self) -> None:
        """Have the doer resumed that services this, if it rests."""
        raise NotImplementedError

    def impel(self) -> None:
        """Do now what can be done, from within whatever turn this is."""
        raise NotImplementedError

    def withdraw(self, call: ClientCall) -> None:
        """Take the response of call, if it is there already, out of .responses."""
        raise NotImplementedError


class Request(Record):
    """Record of a request in a queue.

    Attributes:
        call (Call | None): who waits for it. tymeout (float | None): seconds of tyme for it; None: as usual.
        exchange (Question | None): as which it was made before, if it is to be made again.
        key: what it can be remembered by once it was built; None: it is not remembered.
    """

    call: ClientCall | None = None
    exchange: Question | None = None
    tymeout: float | None = None
    key: tuple[Any, ...] | None = None


class Inbox(deque[Record]):
    """A deque that has its owner's doer resumed when something is put in."""

    client: Asking | None = None

    def stir(self) -> None:
        """Have the doer resumed that services the client, if it rests."""
        if self.client is not None:
            self.client.stir()

    def append(self, request: Record) -> None:
        """Put request behind all others."""
        super().append(request)
        self.stir()

    def appendleft(self, request: Record) -> None:
        """Put request before all others."""
        super().appendleft(request)
        self.stir()

    def extend(self, requests: Iterable[Record]) -> None:
        """Put requests behind all others."""
        super().extend(requests)
        self.stir()

    def extendleft(self, requests: Iterable[Record]) -> None:
        """Put requests before all others, each before the one that came before it."""
        super().extendleft(requests)
        self.stir()

    def insert(self, index: int, request: Record) -> None:
        """Put request before the one at index."""
        super().insert(index, request)
        self.stir()

    def __iadd__(self, requests: Iterable[Record]) -> Self:
        self.extend(requests)
        return self


class Question:
    """A request of a Client that is on its channel.

    Attributes (beside those of channeling.Exchange):
        request (dict): the request as it was asked for. parts (dict | None): of its record, as they were sent.
        call (ClientCall | None): who waits for it.
        launched (bool): it was on a channel before; then url (Url) says where to.
        streamed (bool): an event stream answered it, so that it is made again even if that breaks before an answer.
        tries, renewals (int): times that it was made; that it was put on another connection.
        redirects (list[Reply]): those followed so far.
    """

    __slots__ = (
        "_record", "call", "launched", "method", "parts", "patient", "redirects", "renewals", "request", "since",
        "streamed", "tries", "tymeout", "url",
    )  # fmt: skip

    method: str
    since: float | None
    tymeout: float
    patient: bool
    request: Record
    parts: Record | None
    call: ClientCall | None
    launched: bool
    streamed: bool
    url: Url
    tries: int
    renewals: int
    redirects: list[Reply]
    _record: Record | None

    @property
    def record(self) -> Record:
        """The request as it was sent: made when it is first looked at, its own from then on."""
        if self._record is None:
            self._record = record = dict(self.request)
            if self.parts is not None:
                record.update(self.parts, qargs=dict(self.parts["qargs"]), headers=self.parts["headers"].copy())
        return self._record

    def send(self, parts: Record) -> None:
        """Note that it is sent, as parts say."""
        self.parts = parts
        self._record = None


class ClientCall(Call):
    """A call of a Client.

    Attributes:
        claimed (bool): somebody waits for it, so its response does not go to .responses.
    """

    __slots__ = ("claimed",)

    caller: Asking

    def __init__(self, caller: Asking, claimed: bool) -> None:
        super().__init__(caller)
        self.claimed = claimed

    def __iter__(self) -> Wait:
        if not self.claimed:
            self.claimed = True
            if self.reply is None:
                self.caller.impel()
            else:
                self.caller.withdraw(self)
        return super().__iter__()
