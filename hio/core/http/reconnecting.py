"""Reconnector: the connection of a Client, and the ones that take its place.

It is made for the first request, made again when it ended, by itself or for the next request, and made to another
server when a redirect leads there.
"""

from __future__ import annotations

from typing import Any

from ...base.tyming import Tymth
from .. import tcp
from .addressing import Origin
from .asking import Asker
from .failing import Mishap
from .recording import Question
from .replying import Reply

#: Options of a connector that are for one server alone, and not for another one that a redirect leads to.
OWN = ("ha", "host", "port", "session", "txbs", "rxbs")

#: Options that say who is there and who asks: for every port of one host, as its name is what certificates vouch for.
NAMED = ("certedhost", "keypath", "certpath")


class Reconnector(Asker):
    """An Asker with its connection. See Client.

    Attributes:
        home (Origin): the server. settings (dict): what the connector was made with. bufsize (int): bytes of one read.
    """

    home: Origin
    settings: dict[str, Any]
    bufsize: int

    @property
    def secured(self) -> bool:
        """Whether this speaks TLS."""
        return isinstance(self.connector, tcp.ClientTls)

    @property
    def enduring(self) -> bool:
        """Whether a connection that ended is made again by itself."""
        return bool(self.connector.reconnectable and self.connector.tymeout > 0.0)

    @property
    def tymth(self) -> Tymth | None:
        """What tells the tyme; None while unwound."""
        return self.connector.tymth

    def dial(self, origin: Origin, **kwa: Any) -> tcp.Client:
        """Return a connector for origin, not opened, made with kwa. Raises OSError when there is no address for it."""
        kind = tcp.ClientTls if origin.scheme == "https" else tcp.Client
        settings = {"host": origin.host, "port": origin.port, "bs": self.bufsize, **kwa}
        return kind(**settings)

    def visit(self, origin: Origin) -> None:
        """Have the connection, and the requester, be to origin from now on. Raises OSError when it has no address.

        The connection stays when it leads there already.
        """
        requester = self.requester
        if requester.origin == origin:
            return
        old = self.connector
        ha = (old.net.resolve(origin.host), origin.port)
        secured = origin.scheme == "https"
        if ha != old.ha or secured != self.secured or (secured and origin.host != requester.hostname):
            for exchange in self.forsake():
                self.unanswered(exchange, Reply.failed(Mishap.CLOSED, "for a redirect to another server"))
            left = () if origin == self.home else OWN if origin.host == self.home.host else OWN + NAMED
            settings = {key: value for key, value in self.settings.items() if key not in left}
            if secured and isinstance(old, tcp.ClientTls) and "keypath" not in self.settings:
                settings["context"] = old.context
            settings.update(tymth=old.tymth, wl=old.wl, net=old.net)
            connector = self.dial(origin, **settings)
            old.txbs.clear()
            old.close()
            connector.own = old.own  # so that the doer that rests on it goes on to do so
            self.connector = connector
            connector.reopen()
            self.again = None
            self.failures = 0
            self.refresh()
        requester.turnTo(origin.host, origin.port, origin.scheme)
        self.away = origin != self.home

    def ready(self, question: Question) -> bool:
        """Have the connection fit for question; return whether it is, else question was answered.

        A connection that ended before it carried a single request is not made again for one that was queued: that
        one hears of it, and the next may try.
        """
        connector = self.connector
        if self.exchanges or (connector.opened and not connector.connected):
            return True
        if connector.private and connector.connected:
            self.serviceResponse()  # nobody told whether the server has ended it
        if self.alive:
            return True
        if connector.cutoff and connector.opened and not (self.spent or self.served or self.enduring):
            if question.patient:
                self.spent = True
                self.refuse(question, Mishap.CLOSED, "the connection ended before the request was made")
                return False
        self.renew()
        return True

    def serviceReconnect(self) -> None:
        """Begin a new generation if the last one has ended and a connection is to be made again by itself."""
        connector = self.connector
        if not self.enduring or self.exchanges:
            return
        if connector.cutoff or (self.spent and not connector.opened) or (self.streamed is not None and self.spent):
            wait = self.respondent.retry / 1000.0 if self.streamed is not None else connector.tymeout
            self.renew()
            self.postpone(wait)

    def unconnected(self, failure: OSError) -> None:
        """Note that an attempt to connect ended in failure: connect again later, if that is wanted, else give up."""
        if self.enduring:
            streaming = self.streamed is not None
            self.postpone(self.respondent.retry / 1000.0 if streaming else self.connector.tymeout)
            if self.connector.cs is None:
                self.connector.reopen()
        else:
            super().unconnected(failure)

    def restream(self) -> None:
        """Ask again for an event stream that ended, from the event after its last."""
        question, self.streamed = self.streamed, None
        if question is None:
            return
        self.connector.txbs.clear()
        if self.respondent.leid is not None:
            question.record["headers"]["Last-Event-ID"] = self.respondent.leid
        question.since = self.now
        self.revive(question, question.method, question.url, question.record["headers"])
        self.launch(question, self.compose())
