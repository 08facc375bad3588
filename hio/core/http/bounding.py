"""What a server may make a client spend: sizes and waits, each with its default.

Bounds   immutable, so that one instance can serve every connection
BOUNDS   the defaults
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from .limiting import Limits


#: The least that each size and number may be.
LEASTS = {"head": 1, "fields": 1, "body": 0, "decoded": 0, "events": 1, "redirects": 0}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of an HTTP/1.1 client.

    Sizes are in bytes; None is no limit. Tymeouts are in seconds of tyme; 0.0 waits for ever. Passing one of them
    ends the exchange with an errored response, and the connection. While the client is not wound to a tymth there is
    no tyme, and the tymeouts do not run.

    grammar and endless are the Limits that follow from the sizes, endless without a limit on the body, for event
    streams.

    Raises ValueError, naming the bound and its value, for what is no number of the right kind and sign.
    """

    head: int = 65536  # status line and fields with their line ends; ten of these for interim responses together
    fields: int = 200  # field lines of a head, and again of a trailer section
    body: int | None = 100 << 20  # body as it comes, without the framing of chunks
    decoded: int | None = 100 << 20  # body once gzip or deflate is undone
    events: int | None = 10000  # events of a stream that wait to be taken; then reading stops until some were

    connectTymeout: float = 10.0  # from the first try until a request can be sent, TLS handshake included
    headTymeout: float = 60.0  # from the last byte of the request sent to the last of the response's head
    stallTymeout: float = 60.0  # without a byte of a body that is not an event stream, or of a request taken
    eventTymeout: float = 0.0  # without a byte of an event stream, comments included; 0.0: it may be silent for ever
    totalTymeout: float = 300.0  # whole exchange, tries and redirects included; ends with the head of an event stream

    redirects: int = 10  # redirects that one request is followed through

    backoff: float = 0.5  # before the second try of a request, doubled with each further one, less a random part
    backoffMost: float = 30.0  # most that a backoff comes to, when reconnecting too
    retryAfterMost: float = 60.0  # a server that asks for more patience (Retry-After) is not asked again

    grammar: Limits = field(init=False, repr=False, compare=False)
    endless: Limits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.init:
                check(one.name, getattr(self, one.name))
        grammar = Limits(head=self.head, fields=self.fields, body=self.body)
        object.__setattr__(self, "grammar", grammar)
        object.__setattr__(self, "endless", replace(grammar, body=None))


def check(name: str, value: object) -> None:
    """Raise ValueError unless value is one that the bound called name may have."""
    if name in LEASTS:
        if value is None and name in ("body", "decoded", "events"):
            return
        if isinstance(value, bool) or not isinstance(value, int) or value < LEASTS[name]:
            raise ValueError(f"bound {name} must be an int of at least {LEASTS[name]}, got {value!r}")
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value < float("inf"):
        raise ValueError(f"bound {name} must be 0 or more seconds, got {value!r}")


BOUNDS = Bounds()
