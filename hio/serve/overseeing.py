"""What a machine asks a server about itself: is it well, is it ready, how much has it done.

    GET /-/health     200 while the process that answers is well
    GET /-/ready      200 while requests are served, else 503
    GET /-/metrics    for Prometheus
    GET /-/           what there is, and where the live page of each worker is

Health    /health and /ready alone, mounted at /- where the app is served (--admin-here)
Admin     all of it, on an address of its own (--admin)
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from .measuring import Ledger, expose

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PLAIN = "text/plain; charset=utf-8"


def answer(
    start_response: StartResponse, status: str, body: str | bytes, kind: str = PLAIN, *fields: tuple[str, str]
) -> list[bytes]:
    """Answer with a body that is there as a whole, and that nobody is to keep.

    start_response: as of PEP 3333, given status, as "200 OK". kind: media type. fields: more (name, value) pairs.
    Returns what a WSGI app returns.
    """
    raw = body.encode() if isinstance(body, str) else body
    start_response(
        status, [("Content-Type", kind), ("Content-Length", str(len(raw))), ("Cache-Control", "no-store"), *fields],
    )
    return [raw]


class Health:
    """WSGI app for /health and /ready.

    Parameters:
        ready: callable that says whether requests are served.
    """

    def __init__(self, ready: Callable[[], bool]) -> None:
        self.ready = ready

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; environ, start_response: as of PEP 3333."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return answer(start_response, "405 Method Not Allowed", "GET it.\n", PLAIN, ("Allow", "GET, HEAD"))
        return self.route(environ.get("PATH_INFO", ""), environ, start_response)

    def route(self, path: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer for path, below the place where this is mounted; environ, start_response: as of PEP 3333."""
        if path == "/health":
            return answer(start_response, "200 OK", "well\n")
        if path == "/ready":
            if self.ready():
                return answer(start_response, "200 OK", "ready\n")
            return answer(start_response, "503 Service Unavailable", "not ready\n")
        return answer(start_response, "404 Not Found", "There is no such thing here.\n")


class Overseer(Protocol):
    """What Admin asks of whoever knows the workers."""

    ledger: Ledger

    def poll(self) -> Callable[[], bool]:
        """Ask all workers for their counts; return a callable that says whether all have answered, or never will."""

    def roll(self) -> list[dict[str, Any]]:
        """Return a dict about each worker, for people and programs."""

    @property
    def serving(self) -> int:
        """Number of workers that serve."""


class Admin(Health):
    """WSGI app with all of it.

    Parameters:
        overseer: knows the workers.
    """

    def __init__(self, overseer: Overseer) -> None:
        super().__init__(lambda: overseer.serving > 0)
        self.overseer = overseer

    def route(self, path: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer for path, with or without /- before it; environ, start_response: as of PEP 3333."""
        path = path.removeprefix("/-") if path == "/-" or path.startswith("/-/") else path
        if path in ("", "/"):
            return answer(start_response, "200 OK", self.page(), "text/html; charset=utf-8",
                          ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"))
        if path == "/workers.json":
            return answer(start_response, "200 OK", json.dumps(self.overseer.roll()), "application/json")
        if path == "/metrics":
            return self.metrics(environ, start_response)
        return super().route(path, environ, start_response)

    def metrics(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        """Ask the workers, wait for them by yielding nothing, then answer; environ, start_response: as of PEP 3333."""
        answered = self.overseer.poll()
        while not answered():
            yield b""
        try:
            kind, body = expose(self.overseer.ledger, self.overseer.serving, environ.get("HTTP_ACCEPT", ""))
        except ImportError:
            yield from answer(start_response, "501 Not Implemented",
                              "Metrics need the package prometheus-client, as pip install 'hio[prod]' brings it.\n")
            return
        yield from answer(start_response, "200 OK", body, kind)

    def page(self) -> str:
        """Return the page that says what there is."""
        rows = "".join(
            f"<tr><td>{worker['slot'] + 1}<td>{worker['pid']}<td>{worker['state']}<td>{worker['age']:.0f} s<td>"
            + (f'<a href="{html.escape(worker["live"])}">live page</a>' if worker.get("live") else "")
            for worker in self.overseer.roll()
        )
        return (
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            "<title>hio</title><style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}"
            "body{max-width:40rem;margin:2rem auto;padding:0 1rem}"
            "td,th{padding:.2rem 1rem .2rem 0;text-align:left}</style>"
            "<h1>hio</h1><p><a href=/-/health>health</a> &middot; <a href=/-/ready>ready</a> &middot; "
            "<a href=/-/metrics>metrics</a></p><table><tr><th>worker<th>process<th>state<th>age<th>"
            f"{rows}</table></html>"
        )
