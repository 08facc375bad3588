"""Calls: a way to await responses from inside a doer that is a generator.

    response = yield from client.get("/")                 begin and wait
    calls = [client.get("/a"), client.get("/b")]          begin several
    first, second = yield from gather(calls)              collect them

Call      one request that was begun, and in the end its reply
gather    waits for several
Caller    base of whoever makes calls: a Client, a Pool

A call runs from the moment it is begun. The root of the scheduler hands every socket that is ready straight to the
Caller that owns it; a doer that waits for a call rests meanwhile, and is resumed once by the reply. No doer has to
service anything, and nothing is polled. Without a root, as in a test that steps by hand, a call that is waited
for is serviced each time its generator is resumed, and yields 0.0.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

from ...base.polling import Watch
from ...hioing import Mixin
from ..tcp.deadlining import Never
from .replying import Reply

Wait = Generator[float, Any, Reply]


class Call:
    """One request that was begun: `reply = yield from call` waits for what becomes of it.

    Parameters:
        caller (Caller): who began it, and will settle it.

    Attributes:
        reply (Reply | None): the response, or an errored one in its place; None while there is none.

    What a call cannot get is never raised where it is waited for: look at reply.errored.
    """

    __slots__ = ("caller", "reply", "watch")

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.reply: Reply | None = None
        self.watch: Watch | None = None  # on which somebody who waits for this rests

    @property
    def done(self) -> bool:
        """Whether there is a reply."""
        return self.reply is not None

    def __iter__(self) -> Wait:
        """Wait for the reply and return it. At once if it is there."""
        while self.reply is None:
            yield self.caller.pause(self)
            if self.reply is None:
                self.watch = None  # who waits has a turn right now: a reply found in it is to wake nobody later
                self.caller.tend(self)
        return self.reply

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.reply or 'under way'}>"


def gather(calls: Iterable[Call]) -> Generator[float, Any, list[Reply]]:
    """Wait until all of calls have their reply, and return the replies in the order of calls.

    Usage:
        replies = yield from gather(client.get(f"/{number}") for number in range(64))
    """
    calls = list(calls)  # begins them all, if it is a generator that does
    replies = []
    for call in calls:
        replies.append((yield from call))
    return replies


class Caller(Mixin):
    """Base of whoever makes calls: settles them, and resumes the doers that wait for them.

    A subclass offers begin, service, and due.
    """

    #: For the root, which resumes what has a schedule: a Caller stands for the deed of its sockets itself.
    schedule = True

    def __init__(self, **kwa: Any) -> None:
        self.settled: list[Watch] = []  # of calls that have their reply, whose doers are to be resumed
        super().__init__(**kwa)

    # -- for doers ----------------------------------------------------------------------------------------

    def begin(self, method: str, url: str, *pa: Any, **kwa: Any) -> Call:
        """Begin a request and return its Call.

        Parameters:
            method (str): any token. url (str): where to; pa, kwa: what subclasses take beside, headers and body say.

        get, head, options, delete, post, put and patch do the same with a method of their own.
        """
        raise NotImplementedError

    def get(self, url: str, **kwa: Any) -> Call:
        """Begin a GET of url; kwa as for begin."""
        return self.begin("GET", url, **kwa)

    def head(self, url: str, **kwa: Any) -> Call:
        """Begin a HEAD of url; kwa as for begin."""
        return self.begin("HEAD", url, **kwa)

    def options(self, url: str, **kwa: Any) -> Call:
        """Begin an OPTIONS of url; kwa as for begin."""
        return self.begin("OPTIONS", url, **kwa)

    def delete(self, url: str, **kwa: Any) -> Call:
        """Begin a DELETE of url; kwa as for begin."""
        return self.begin("DELETE", url, **kwa)

    def post(self, url: str, **kwa: Any) -> Call:
        """Begin a POST of url; kwa as for begin."""
        return self.begin("POST", url, **kwa)

    def put(self, url: str, **kwa: Any) -> Call:
        """Begin a PUT of url; kwa as for begin."""
        return self.begin("PUT", url, **kwa)

    def patch(self, url: str, **kwa: Any) -> Call:
        """Begin a PATCH of url; kwa as for begin."""
        return self.begin("PATCH", url, **kwa)

    # -- for calls ----------------------------------------------------------------------------------------

    def pause(self, call: Call) -> float:
        """Return what a doer that waits for call is to yield."""
        poller = self.poller()
        if poller is None:
            return 0.0
        watch = call.watch
        if watch is None or watch.poller is not poller:
            watch = call.watch = Watch(poller=poller)
        due = self.due(call)
        watch.until = None if due == Never else due
        return watch

    def tend(self, call: Call) -> None:
        """Do what can be done for call: its waiter was resumed without a reply, as its tyme has come, say."""
        self.service()

    def poller(self) -> Any:
        """Return the poller of the root that hands sockets over, None when there is none."""
        raise NotImplementedError

    def due(self, call: Call) -> float:
        """Return the tyme at which something is to be done for call if nothing comes; Never: none."""
        raise NotImplementedError

    def service(self) -> None:
        """Do one turn."""
        raise NotImplementedError

    def settle(self, call: Call, reply: Reply) -> None:
        """Give call its reply; whoever waits for it is to be resumed."""
        call.reply = reply
        watch = call.watch
        if watch is not None:
            call.watch = None
            if watch.deed is not None:
                self.settled.append(watch)

    # -- for the root -------------------------------------------------------------------------------------

    def rerun(self, deed: Any) -> bool:
        """Turn of the socket that deed, a Channel of this Caller, owns: called by the root, between all other turns.

        Doers that it gave a reply have their turn in it as well, without a detour through the root.
        """
        deed.turn()
        call = self.waiting(deed)
        if call is not None and call.watch is not None:
            self.hasten(call, call.watch)
        if self.settled:
            self.resumeSettled()
        return True

    def resumeSettled(self) -> None:
        """Give the doers whose calls were settled their turns. When one raises, the root resumes those left."""
        settled, self.settled = self.settled, []
        settled.reverse()
        try:
            while settled:
                watch = settled.pop()
                if watch.deed is not None and watch.deed.schedule is not None:
                    watch.owner.rerun(watch.deed)
        finally:
            self.settled = settled
            self.rouse()

    def hasten(self, call: Call, watch: Watch) -> None:
        """Have a doer that rests on watch resumed if it would rest past the tyme at which call is to be looked at."""
        due = self.due(call)
        if due < (Never if watch.until is None else watch.until) and watch.deed is not None:
            self.settled.append(watch)

    def waiting(self, channel: Any) -> Call | None:
        """Return the call that waits for the oldest exchange of channel, None when none does."""
        raise NotImplementedError

    def rouse(self) -> None:
        """Have the root resume the doers whose calls were settled, from within whatever turn this is."""
        if self.settled:
            settled, self.settled = self.settled, []
            for watch in settled:
                watch.wake()
