"""The small server that the tests run raw requests through.

serve     feeds bytes, in any pieces, through finder, head, framing and body, as a server does
Outcome   what became of one request
cuts      the ways in which a request is fed
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from hio.core.http.faulting import HTTPException
from hio.core.http.framing import BodyReader, frameRequest
from hio.core.http.heading import HeadFinder, expects, parseRequestHead, persists
from hio.core.http.limiting import LIMITS, Limits


class Outcome(NamedTuple):
    """What became of one request."""

    status: int  # 0: admitted
    method: str = ""
    target: str = ""
    path: str = ""
    query: str = ""
    version: tuple[int, int] = (0, 0)
    persisted: bool = False
    expected: bool = False
    body: bytes = b""
    trails: tuple[tuple[str, str], ...] = ()
    environ: tuple[tuple[str, str], ...] = ()

    def of(self, name: str) -> Any:
        """Return what is called name: an attribute, or in capitals a key of environ (None: not there)."""
        return dict(self.environ).get(name) if name.isupper() else getattr(self, name)


def serve(pieces: Iterable[bytes], limits: Limits = LIMITS) -> tuple[list[Outcome], bytes]:
    """Return the outcome of each request in pieces, in order, and the bytes left over.

    Stops as a server does: at a request that is refused, and after one that ends the connection.
    """
    raw = bytearray()
    outcomes: list[Outcome] = []
    work = requests(raw, outcomes, limits)
    for piece in pieces:
        raw += piece
        try:
            if next(work, "over") == "over":
                break
        except HTTPException as ex:
            outcomes.append(Outcome(ex.status))
            break
    return outcomes, bytes(raw)


def requests(raw: bytearray, outcomes: list[Outcome], limits: Limits) -> Iterator[None]:
    """Take requests out of raw for as long as the connection lasts, yielding when more is needed."""
    finder = HeadFinder(limits)
    persisted = True
    while persisted:
        while (end := finder.find(raw)) < 0:
            yield None
        environ: dict[str, Any] = {}
        head = parseRequestHead(raw[:end], environ, limits)
        del raw[: end + 4]
        expected = expects(head.version, environ.get("HTTP_EXPECT"))
        body = bytearray()
        reader = BodyReader(frameRequest(head.version, environ, limits), body.extend, limits)
        while not reader.read(raw):
            yield None
        persisted = persists(head.version, environ.get("HTTP_CONNECTION"))
        outcomes.append(
            Outcome(
                0, head.method, head.target, head.path, head.query, head.version, persisted, expected,
                bytes(body), tuple(reader.trails or ()), tuple(environ.items()),
            )  # fmt: skip
        )


def cuts(raw: bytes) -> Iterator[list[bytes]]:
    """Yield raw whole, byte by byte, and cut in the middle."""
    yield [raw]
    yield [raw[i : i + 1] for i in range(len(raw))]
    yield [raw[: len(raw) // 2], raw[len(raw) // 2 :]]
