"""Live: a WSGI app that shows a Doist at work.

    GET /            the page (also at /-/, and below wherever the app is mounted)
    GET /tree.json   what is going on, as picture() tells it, with the latest lines of the log
    GET /events      the same as a stream of events, one a second; `log` holds only what is new

It shows the insides of a program: names of doers, addresses of clients, paths of requests, the log. It changes
nothing, but it belongs on an address of its own that only its operator can reach; 127.0.0.1 is one. There, a web page
of somebody else might still try to read it through the operator's browser. So requests that a browser marks as coming
from another site are refused, and so are those that ask for a host name which is not expected here: a name can be made
to lead anywhere by whoever owns it, an address cannot.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .. import help
from ..core.http.eventstreaming import EventStream
from ..help import timing
from .observing import Observer
from .picturing import picture
from .tailing import Tail

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "web")

#: The files of the page by their path, with their media types.
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/live.js": ("live.js", "text/javascript; charset=utf-8"),
    "/drawing.js": ("drawing.js", "text/javascript; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

#: With every answer: the page needs nothing from elsewhere and nobody may frame or embed it; the browser sees to that.
FIELDS = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
]

#: Fetch metadata of requests that this very page, a person, or a program makes. A browser sends it; others need not.
OWN_SITES = ("", "same-origin", "none")


class Live:
    """The app. Its parameters:

    doist: what is shown.
    servers: the HTTP servers to show; None: those that the doers of doist serve.
    loggers: whose lines are shown; None: hio's own. Each gets a handler, until close().
    hosts: host names under which the page may be asked for, beside localhost and every IP address.
    name: for the title of the page, when there are several; "": the name of the doist.
    clock: callable that answers seconds that only go forward; None: that of the machine.

    Attributes:
        observer (Observer): counts while somebody looks.
        tail (Tail): the latest lines of the loggers.
    """

    Beat = 1.0  # seconds from picture to picture of a stream
    Retry = 1000  # milliseconds after which a browser whose stream broke asks again

    def __init__(
        self,
        doist: Any,
        servers: Iterable[Any] | None = None,
        loggers: Iterable[logging.Logger] | None = None,
        hosts: Iterable[str] = (),
        name: str = "",
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.observer = Observer(doist, servers, clock)
        self.name = name
        self.hosts = frozenset(host.lower() for host in hosts)
        self.began = timing.wallTime()
        self.tail = Tail()
        self.loggers = [help.ogler.getLogger()] if loggers is None else list(loggers)
        for logger in self.loggers:
            logger.addHandler(self.tail)
        self.files = {path: (readFile(name), kind) for path, (name, kind) in FILES.items()}

    def __repr__(self) -> str:
        return f"<Live {self.name!r} {self.observer!r}>"

    def close(self) -> None:
        """Count no longer and let go of the loggers. The app may still be asked."""
        self.observer.rest()
        for logger in self.loggers:
            logger.removeHandler(self.tail)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; environ, start_response: as of PEP 3333."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return refuse(start_response, "405 Method Not Allowed", "Here is only something to look at.",
                          [("Allow", "GET, HEAD")])
        if not self.expected(environ.get("HTTP_HOST", "")):
            return refuse(start_response, "403 Forbidden", "This host name is not among those of this page. Ask for "
                          "localhost or an IP address, or have the server started with the name.")
        path = environ.get("PATH_INFO", "")
        path = path.removeprefix("/-") if path == "/-" or path.startswith("/-/") else path
        if path == "":
            return self.redirect(environ, start_response)
        if path in self.files:
            body, kind = self.files[path]
            return answer(start_response, "200 OK", kind, body)
        if path not in ("/tree.json", "/events"):
            return refuse(start_response, "404 Not Found", "There is no such thing here.")
        if environ.get("HTTP_SEC_FETCH_SITE", "") not in OWN_SITES:
            return refuse(start_response, "403 Forbidden", "This is for the page itself, not for other sites.")
        if path == "/tree.json":
            return answer(start_response, "200 OK", "application/json", render(self.picture()))
        stream = EventStream(self.events(), retry=self.Retry)
        names = [name for name, _ in FIELDS]
        start_response("200 OK", [*FIELDS, *(field for field in stream.headers if field[0] not in names)])
        return stream

    def expected(self, host: str) -> bool:
        """Whether host, the value of a Host field, is one to answer for; without one ("") it is no browser."""
        name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
        name = name.lower().rstrip(".")
        if name in ("", "localhost") or name.endswith(".localhost") or name in self.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    @staticmethod
    def redirect(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Send whoever forgot the last slash to the page, whose links are relative to it.

        environ, start_response: as of PEP 3333. Returns the body.
        """
        base = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        place = base.rpartition("/")[2] + "/"  # relative as well, so that it holds behind a proxy
        return refuse(start_response, "308 Permanent Redirect", "The page is at " + place, [("Location", "./" + place)])

    def picture(self, seen: int = 0) -> dict[str, Any]:
        """Look, and return the picture with name, began (seconds since the epoch), wall (now) and log.

        seen: serial of the log line up to which log is known.
        """
        self.observer.look()
        return picture(self.observer) | {
            "name": self.name,
            "began": self.began,
            "wall": timing.wallTime(),
            "log": [line._asdict() for line in self.tail.after(seen)],
        }

    def events(self) -> Iterator[dict[str, Any] | None]:
        """Yield events with a picture each Beat, and None while there is nothing new."""
        clock = self.observer.clock
        due = clock()
        seen = 0
        while True:
            now = clock()
            if now < due:
                yield None
                continue
            due += self.Beat
            if due <= now:  # it fell behind, which is not made up for
                due = now + self.Beat
            news = self.picture(seen)
            seen = self.tail.serial
            yield {"data": news}


def readFile(name: str) -> bytes:
    """Return the file of the page of that name."""
    with open(os.path.join(WEB, name), "rb") as file:
        return file.read()


def render(media: Any) -> bytes:
    """Return media as JSON on one line, in ASCII. Raises ValueError for NaN and infinities."""
    return json.dumps(media, separators=(",", ":"), allow_nan=False).encode("ascii")


def answer(
    start_response: StartResponse, status: str, kind: str, body: bytes, fields: Iterable[tuple[str, str]] = ()
) -> list[bytes]:
    """Answer with a body that is there as a whole; return what a WSGI app returns (PEP 3333).

    start_response: is given status, as "200 OK". kind: media type. fields: more (name, value) pairs, beside FIELDS.
    """
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *fields, *FIELDS])
    return [body]


def refuse(
    start_response: StartResponse, status: str, why: str, fields: Iterable[tuple[str, str]] = ()
) -> list[bytes]:
    """Answer with a line of text that says why; parameters: as for answer(), start_response, status and fields."""
    return answer(start_response, status, "text/plain; charset=utf-8", f"{why}\n".encode(), fields)
