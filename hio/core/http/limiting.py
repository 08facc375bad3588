"""What one connection, and one server, may be made to spend.

Limits   sizes in bytes, waits in seconds of tyme, each with its default and the status it answers
LIMITS   the defaults
"""

from __future__ import annotations

from dataclasses import dataclass, fields

#: Limits that may be None (no limit at all)
OPTIONAL = frozenset(("body", "connections"))

#: Limits counted in pieces that must be at least 1; all other sizes may be 0
POSITIVE = frozenset(("line", "head", "chunk", "digits", "rxMark", "txMark"))


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of an HTTP/1.1 peer; immutable, so that one instance can serve every connection.

    Sizes are in bytes, numbers in pieces, tymeouts in seconds of tyme. A tymeout of 0.0 waits for ever. In brackets
    the status that a server answers when the bound is passed; the connection is closed after each of them.

    Raises ValueError, naming the limit and its value, for anything that is no number of the right kind and sign.
    """

    line: int = 8190  # request line without its CRLF [414]; the figure of Apache and nginx
    head: int = 65536  # request or status line, fields and their line ends, without the closing empty line [431]
    fields: int = 100  # field lines of a head, and again of a trailer section [431]
    blanks: int = 8  # empty lines skipped before a request line (RFC 9112, 2.2) [400]
    digits: int = 19  # digits of a Content-Length: as many as 2**63 - 1 has [400]
    body: int | None = 100 << 20  # decoded bytes of one body [413]; None: no limit
    spool: int = 1 << 20  # bytes of a body held in memory, what is beyond goes to a temporary file
    chunk: int = 4096  # chunk size line with its extensions, without its CRLF [400]
    extensions: int = 16384  # all chunk extensions of one body, whatever its number of chunks [400]
    trailer: int = 16384  # trailer section with its line ends [431]
    connections: int | None = None  # open connections of one server, others wait in the backlog; None: no limit
    rxMark: int = 262144  # bytes received and not yet parsed, as of pipelined requests; then reading stops
    txMark: int = 262144  # bytes to be sent; then the application is not asked for more

    handshakeTymeout: float = 10.0  # whole TLS handshake; then the connection is cut
    headTymeout: float = 10.0  # first byte of a head to its last [408]
    bodyTymeout: float = 10.0  # without progress of a body, and the span over which bodyRate is judged [408]
    bodyRate: int = 240  # bytes a second that a body must make on average [408]; 0: any rate; as Apache has it
    idleTymeout: float = 5.0  # between the end of a response and the next request; then closed in silence
    stallTymeout: float = 30.0  # with bytes to send of which the peer takes none; then the connection is cut
    lingerTymeout: float = 2.0  # draining what the peer still sends after the last response; then closed
    lingerBytes: int = 262144  # most that is drained so; then closed

    def __post_init__(self) -> None:
        for field in fields(self):
            check(field.name, getattr(self, field.name))


def check(name: str, value: object) -> None:
    """Raise ValueError unless value is one that the limit called name may have."""
    if value is None and name in OPTIONAL:
        return
    if name.endswith("Tymeout"):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value < float("inf"):
            raise ValueError(f"limit {name} must be 0 or more seconds, got {value!r}")
        return
    least = 1 if name in POSITIVE else 0
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        orNone = " or None" if name in OPTIONAL else ""
        raise ValueError(f"limit {name} must be an int of at least {least}{orNone}, got {value!r}")


LIMITS = Limits()
