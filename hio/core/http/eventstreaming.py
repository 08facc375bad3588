"""Server-sent events, the server's side: an event stream out of a generator (WHATWG HTML, 9.2).

    def app(environ, start_response):
        return EventStream(ticks(environ))(environ, start_response)

    def ticks(environ):
        for number in range(int(lastEventId(environ) or 0) + 1, 100):
            while not ready():
                yield None                                  # nothing to say yet
            yield {"id": number, "data": {"tick": number}}

EventStream   the stream: a WSGI application, and the iterable that it returns
packEvent     one event as it goes out
lastEventId   the last event that a client saw which comes again

A stream that has nothing to say is asked again at the next tick, and other requests are served meanwhile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .faulting import shown

#: The fields of the response. The last one has nginx pass events on as they come.
HEADERS = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))

LINE_END = re.compile(r"\r\n|\n|\r")
BEAT = b":\n\n"


def lastEventId(environ: Mapping[str, Any]) -> str:
    """Return the id of the last event that the client saw whose request environ is; "" when it comes first."""
    value = str(environ.get("HTTP_LAST_EVENT_ID", ""))
    try:
        return value.encode("latin-1").decode("utf-8")  # ids are UTF-8, environ values are bytes shown in latin-1
    except UnicodeError:
        return value


def packEvent(
    data: Any = None, name: str = "", id: object = None, retry: int | None = None, comment: str = ""
) -> bytes:
    """Return one event as bytes.

    Parameters:
        data: text of any number of lines, or whatever JSON has; None: no data, so no event for the program at the
            other end, but id and retry count.
        name: type of the event; "": message.
        id: of the event, made text; None: that of the event before holds on; "": forget it.
        retry: milliseconds after which a client that lost the stream asks for it again; None: as before.
        comment: for who looks at the bytes.

    Raises ValueError for a name or id that is more than a line, and for a retry that is no whole number.
    """
    lines = [f": {line}" for line in LINE_END.split(comment)] if comment else []
    if retry is not None:
        if isinstance(retry, bool) or not isinstance(retry, int) or retry < 0:
            raise ValueError(f"retry must be 0 or more milliseconds, got {retry!r}")
        lines.append(f"retry: {retry}")
    if id is not None:
        lines.append(f"id: {checked('id', str(id))}")
    if name:
        lines.append(f"event: {checked('name', name)}")
    if data is not None:
        text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
        lines += [f"data: {line}" for line in LINE_END.split(text)]
    return ("\n".join(lines) + "\n\n").encode() if lines else b""


def checked(what: str, text: str) -> str:
    """Return text, the field called what. Raises ValueError unless it is one line without a NUL, which undoes an id."""
    if LINE_END.search(text) or "\0" in text:
        raise ValueError(f"{what} of an event must be one line without NUL, got {shown(text)}")
    return text


class EventStream:
    """An event stream.

    Parameters:
        events: iterator, a generator say, of what is to be said:
            None, or anything else that is empty: nothing yet
            str: the data of an event
            mapping: parameters of packEvent
            bytes: goes out as it is
        retry (int): milliseconds after which a client that lost the stream asks for it again; None: as it likes.
        beat (float): seconds of tyme without an event after which a comment is sent, so that nobody on the way takes
            the stream for dead; 0.0: never. Needs tymth.
        tymth: tells the tyme.

    Call it as a WSGI application, or iterate over it where a framework wants just the body; the fields it then needs
    are in .headers. When the response ends, however it does, events is closed.

    Raises ValueError for a beat without a tymth.
    """

    headers = HEADERS

    def __init__(
        self,
        events: Iterable[Any],
        retry: int | None = None,
        beat: float = 0.0,
        tymth: Callable[[], float] | None = None,
    ) -> None:
        if beat and tymth is None:
            raise ValueError(f"a beat of {beat} s needs a tymth")
        self.events = events
        self.iterator = iter(events)
        self.beat = beat
        self.tymth = tymth
        self.said = tymth() if tymth is not None else 0.0  # tyme at which something was said last
        self.first = packEvent(retry=retry)

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> EventStream:
        """Begin the response and return its body."""
        start_response("200 OK", list(self.headers))
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return what is to be sent now; empty when there is nothing to say."""
        if self.first:
            said, self.first = self.first, b""
        else:
            said = self.pack(next(self.iterator))
        if self.tymth is not None:
            tyme = self.tymth()
            if not said and self.beat and tyme - self.said >= self.beat:
                said = BEAT
            if said:
                self.said = tyme
        return said

    @staticmethod
    def pack(event: Any) -> bytes:
        """Return one item of events as bytes."""
        if not event:
            return b""
        if isinstance(event, str):
            return packEvent(event)
        if isinstance(event, Mapping):
            return packEvent(**event)
        return bytes(event)

    def close(self) -> None:
        """Close events, if it can be."""
        close = getattr(self.events, "close", None) or getattr(self.iterator, "close", None)
        if close is not None:
            close()
