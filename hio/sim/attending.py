"""See what passes between a server and its WSGI application (PEP 3333), without either noticing.

attend    wraps an application
Call      one call of it: what it was asked, what it gave, and how that ended
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any

#: Fields of a request that environ has by another name, or as many times as it likes.
BARE = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
#: PERF: the keys of environ that are fields, with their names, by all its keys: they are mostly the same.
NAMES: dict[tuple[str, ...], list[tuple[str, str]]] = {}
MEMORY = 512  # most of those
#: Bytes of a request's body that are looked at.
BODY_MOST = 1 << 22


class Call:
    """One call of an application.

    Attributes:
        address (tuple): (host, port) of the client, as text. method, target (str): of the request.
        fields (dict): name in lower case -> value of the request's fields, as environ has them.
        body (bytes | None): of the request; None: not to be had without disturbing the application.
        status (str): "" before start_response. headers (list): pairs.
        given (bytearray): what it gave as body and is not on the wire yet. size (int): all that it gave.
        largest (int): bytes of the largest item.
        failed (bool): it raised, or gave what is no item. ended (bool): it gave all that it wants to give.
        closes (int): times that its iterable was closed.
        changed (bool): its iterator changes status or fields by attributes of its own.
        muted (bool): nobody compares what it gives, so that it is not kept.
    """

    __slots__ = (
        "address", "method", "target", "fields", "body", "status", "headers", "given", "size", "largest", "failed",
        "ended", "closes", "changed", "muted", "host", "boot", "conversation", "index",
    )  # fmt: skip

    def __init__(self, environ: dict[str, Any]) -> None:
        self.address = (environ.get("REMOTE_ADDR", ""), str(environ.get("REMOTE_PORT", "")))
        self.method: str = environ["REQUEST_METHOD"]
        self.target: str | None = environ.get("RAW_URI")
        keys = tuple(environ)
        names = NAMES.get(keys) or learn(keys)
        self.fields = {name: value for key, name in names if (value := environ[key]) or key not in BARE}
        self.body = peek(environ.get("wsgi.input"))
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.given = bytearray()
        self.size = self.largest = 0
        self.failed = self.ended = self.changed = self.muted = False
        self.closes = 0
        self.host: Any = None
        self.boot = 0
        self.conversation: Any = None
        self.index = 0

    def __repr__(self) -> str:
        return f"<Call {self.method} {self.target} {self.status or 'not begun'} gave {self.size}>"

    def asks(self, other: Call) -> bool:
        """Whether the application was asked the same by other, the body left aside."""
        return self.method == other.method and self.target == other.target and self.fields == other.fields

    def answers(self, other: Call) -> bool:
        """Whether the application answered other with the same status and headers."""
        return self.status == other.status and self.headers == other.headers

    def give(self, item: Any) -> None:
        """The application gave an item."""
        if not isinstance(item, (bytes, bytearray, memoryview)):
            self.failed = True
            return
        size = len(item)
        self.size += size
        self.largest = max(self.largest, size)
        if not self.muted:
            self.given += item

    def start(self, status: Any, headers: Any) -> None:
        """The application called start_response, and the server accepted that.

        status: as given to start_response, "200 OK". headers: its (name, value) pairs; a copy is kept.
        """
        self.status = status
        self.headers = list(headers)


class Attended:
    """The iterable of an application, which counts what is done with it.

    Parameters:
        iterable: what the application returned.
        call (Call): where it is counted.
        closed: called with call each time that the server closes the iterable.
    """

    def __init__(self, iterable: Any, call: Call, closed: Callable[[Call], None]) -> None:
        self._iterable = iterable
        self._iterator: Iterator[Any] | None = None
        self._call = call
        self._closed = closed
        self._late = False

    def __iter__(self) -> Attended:
        try:
            self._iterator = iter(self._iterable)
        except BaseException:
            self._call.failed = True
            raise
        call = self._call
        call.changed = hasattr(self._iterator, "_status") or hasattr(self._iterator, "_headers")
        return self

    def __next__(self) -> Any:
        call = self._call
        try:
            item = next(self._iterator)  # type: ignore[arg-type]  # a server iterates before it asks for the next
        except StopIteration as ex:
            call.ended = True
            if ex.value is not None:
                call.give(ex.value)
            raise
        except BaseException:
            call.failed = True
            raise
        finally:
            if self._late:  # it closed its own connection, and was running then
                self._late = False
                self.shut()
        call.give(item)
        return item

    def close(self) -> None:
        """Close the iterable, as the server wants."""
        self._call.closes += 1
        self._closed(self._call)
        if type(self._iterable) is GeneratorType and self._iterable.gi_running:
            self._late = True
        else:
            self.shut()

    def shut(self) -> None:
        """Close the iterable, if it can be closed."""
        close = getattr(self._iterable, "close", None)
        if close is not None:
            close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._iterable if self._iterator is None else self._iterator, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._iterable if self._iterator is None else self._iterator, name, value)


def attend(
    app: Any, called: Callable[[Call], None], opened: Callable[[Call], None], closed: Callable[[Call], None]
) -> Any:
    """Return an application that does what app does.

    called: told of each Call, before app is called. opened: told if it returned an iterable that is to be closed.
    closed: told each time that the iterable is closed.
    """

    def attended(environ: dict[str, Any], start_response: Any) -> Any:
        call = Call(environ)
        called(call)

        def start(status: Any, headers: Any, exc_info: Any = None) -> Any:
            write = start_response(status, headers, exc_info) if exc_info else start_response(status, headers)
            call.start(status, headers)

            def giving(data: bytes) -> Any:
                call.give(data)
                return write(data)

            return giving

        try:
            iterable = app(environ, start)
        except BaseException:
            call.failed = True
            raise
        if type(iterable) is list or type(iterable) is tuple:
            for item in iterable:
                call.give(item)
            call.largest = call.size  # a server may send it as one
            call.ended = True
            return iterable
        opened(call)
        return Attended(iterable, call, closed)

    attended.attended = app  # type: ignore[attr-defined]  # so that nobody attends twice
    return attended


def learn(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return those of keys, of an environ, that are fields of a request, with their names in lower case."""
    names = [(key, key[5:].replace("_", "-").lower()) for key in keys if key.startswith("HTTP_")]
    names += [(key, name) for key, name in BARE.items() if key in keys]
    if len(NAMES) >= MEMORY:
        NAMES.clear()
    NAMES[keys] = names
    return names


def peek(stream: Any) -> bytes | None:
    """Return what a stream holds, and leave it as it is; None when that cannot be done, or is too much."""
    if isinstance(stream, io.BytesIO):
        return stream.getvalue() if stream.getbuffer().nbytes <= BODY_MOST else None
    return None
