"""Several apps as one: by host and by the beginning of the path.

Mount      what --mount and --static name
parseMount, parseStatic
Mounts     the WSGI app that chooses among them

What is mounted at /api sees SCRIPT_NAME /api and the rest of the path as PATH_INFO (PEP 3333). The longest prefix wins;
a host that is named wins over *.example.com, and that over no host at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.http.sinking import StaticSink
from .refusing import Refusal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Where hio serve has the files of --static DIR, when no prefix is given.
StaticPrefix = "/static"


class Mount(NamedTuple):
    """One app at one place."""

    host: str  # "" for any; "*.example.com" for each name below it
    prefix: str  # "" for all paths, else /a or /a/b
    target: str  # module:attribute, or a directory


def parseMount(text: str) -> Mount:
    """Return what --mount names by text, [HOST][/PREFIX]=MODULE:ATTRIBUTE; raises Refusal for what is none."""
    place, equals, target = text.partition("=")
    if not equals or not target or not place:
        raise Refusal(f"--mount takes /PREFIX=MODULE:ATTRIBUTE or HOST/PREFIX=MODULE:ATTRIBUTE, not {text!r}")
    return Mount(*parsePlace(place, "--mount"), target)


def parseStatic(text: str) -> Mount:
    """Return what --static names by text, DIR or [HOST]/PREFIX=DIR; raises Refusal when there is no such directory."""
    place, equals, path = text.partition("=")
    if not equals or os.path.isdir(text):
        place, path = StaticPrefix, text
    if not os.path.isdir(path):
        raise Refusal(f"--static: {path!r} is {'no directory' if os.path.exists(path) else 'not there'}")
    return Mount(*parsePlace(place, "--static"), path)


def parsePlace(place: str, flag: str) -> tuple[str, str]:
    """Return (host, prefix) of a place, HOST/PREFIX; each may be "".

    Raises Refusal, which begins with flag, for what is no place.
    """
    host, slash, path = place.partition("/")
    path = path.rstrip("/")
    if any(part in ("", ".", "..") for part in path.split("/")) and path:
        raise Refusal(f"{flag}: {place!r} is no place: a path has no empty and no dotted parts")
    if any(char in host for char in " :?#@[]"):
        raise Refusal(f"{flag}: {host!r} is no host name; a path begins with a slash")
    return host.lower().rstrip("."), f"/{path}" if path else ""


class Mounts:
    """A WSGI app that hands each request to the app mounted at its place, 404 if there is none.

    Parameters:
        apps: (host, prefix, app) of each; see Mount.
    """

    def __init__(self, apps: Iterable[tuple[str, str, WSGIApplication]]) -> None:
        self.hosts: dict[str, dict[str, WSGIApplication]] = {}
        for host, prefix, app in apps:
            self.hosts.setdefault(host, {})[prefix] = app
        self.named = any(self.hosts.keys() - {""})
        self.any = self.hosts.get("", {})

    def __repr__(self) -> str:
        return f"<Mounts {({host: list(apps) for host, apps in self.hosts.items()})}>"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app answers that the request belongs to; environ, start_response: as of PEP 3333."""
        path = environ.get("PATH_INFO", "")
        found = self.find(environ, path)
        if found is None:
            return notFound(environ, start_response)
        prefix, app = found
        if prefix:
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            environ["PATH_INFO"] = path[len(prefix):]
        return app(environ, start_response)

    def find(self, environ: WSGIEnvironment, path: str) -> tuple[str, WSGIApplication] | None:
        """Return (prefix, app) of what is mounted closest to path, for the host of environ; None: nothing is."""
        for apps in self.candidates(environ) if self.named else (self.any,):
            for prefix in prefixes(path):
                if prefix in apps:
                    return prefix, apps[prefix]
        return None

    def candidates(self, environ: WSGIEnvironment) -> list[dict[str, WSGIApplication]]:
        """Return the apps of the hosts that the request of environ may mean, by prefix, the closest host first."""
        host = environ.get("HTTP_HOST", "").lower()
        if not host.startswith("["):
            host = host.partition(":")[0].rstrip(".")
        names = [host, *("*" + host[i:] for i, char in enumerate(host) if char == "."), ""]
        return [self.hosts[name] for name in dict.fromkeys(names) if name in self.hosts]


def prefixes(path: str) -> Iterator[str]:
    """Yield path, then less of it by a part each time, and "" at the end."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def notFound(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer that nothing is here; environ, start_response: as of PEP 3333."""
    body = b"404 Not Found\nNothing is served here.\n"
    start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


def makeStaticApp(path: str, mounted: bool = True) -> WSGIApplication:
    """Return an app that serves the files below path, at wherever it is mounted; not mounted: at / and at /static."""
    import falcon

    app: Any = falcon.App()
    app.add_sink(Tree(path) if mounted else StaticSink(path), prefix="/")
    return app  # type: ignore[no-any-return]


class Tree(StaticSink):
    """A StaticSink that takes no part of the path for its own: the mount has done that."""

    StaticSinkBasePath = ""
