"""From a Config to what serves it: the app with all that stands before it, and the servers.

buildApp       apps, mounts, files and what is between them and the network, as one WSGI app
buildContext   the TLS context; raises Refusal for certificates that cannot be used
buildServer    a server for one listening socket
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..core import http
from ..core.tcp.certifying import initServerContext
from ..core.tcp.netting import pair
from .binding import Bind
from .configuring import Config
from .journaling import Journal
from .loading import loadApp, loadObject
from .mounting import Mounts, makeStaticApp, parseMount, parseStatic
from .offloading import Offloaded, Pool
from .overseeing import Health
from .prefacing import PrefacedHttpServer, PrefacedServer, PrefacedServerTls
from .refusing import Refusal
from .trusting import Forwarding, Trust

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def buildApp(
    config: Config, app: WSGIApplication | None, pool: Pool | None, ready: Callable[[], bool]
) -> WSGIApplication:
    """Return the one app for config.

    app: to serve in place of the one that config names. pool: where apps are run; None: in the loop. ready: whether
    this process serves, for --admin-here.
    """
    if app is None and config.app:
        app = loadApp(config.app)

    def offload(app: WSGIApplication) -> WSGIApplication:
        return app if pool is None else Offloaded(app, pool)

    places: list[tuple[str, str, WSGIApplication]] = []
    if app is not None:
        places.append(("", "", offload(app)))
    for spec in config["mount"]:
        mount = parseMount(spec)
        places.append((mount.host, mount.prefix, offload(loadApp(mount.target))))
    statics = [parseStatic(spec) for spec in config["static"]]
    if not places and len(statics) == 1 and "=" not in config["static"][0]:
        places.append(("", "", makeStaticApp(statics[0].target, mounted=False)))
    else:
        places += [(mount.host, mount.prefix, makeStaticApp(mount.target)) for mount in statics]
    if config["admin-here"]:
        places.append(("", "/-", Health(ready)))
    whole = places[0][2] if len(places) == 1 and not any(places[0][:2]) else Mounts(places)
    if config["forwarded"] != "keep":
        whole = Forwarding(whole, Trust(config["trust"]), config["forwarded"])
    return whole


class Identified:
    """WSGI middleware that has a request keep the X-Request-Id that a proxy gave it.

    Parameters:
        app: what gets the request. journal (Journal): names requests.
        trust (Trust): which proxies are believed.
    """

    def __init__(self, app: WSGIApplication, journal: Journal, trust: Trust) -> None:
        self.app = app
        self.journal = journal
        self.trust = trust

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app does; environ, start_response: as of PEP 3333."""
        told = environ.get("HTTP_X_REQUEST_ID")
        if told and len(told) <= 128 and told.isascii() and told.isprintable() and self.trust(environ["REMOTE_ADDR"]):
            self.journal.identify(environ, told)
        return self.app(environ, start_response)


def buildObservers(config: Config) -> list[Callable[[Any], Any]]:
    """Return the callables that want a record of each request: what config names with observe.

    Raises Refusal for what is not there or cannot be called.
    """
    found = []
    for spec in config["observe"]:
        observer = loadObject(spec, "what --observe calls")
        if not callable(observer):
            raise Refusal(f"--observe {spec} cannot be called: it is of type {type(observer).__name__}")
        found.append(observer)
    return found


def buildContext(config: Config) -> ssl.SSLContext | None:
    """Return the TLS context that config asks for, None when there is no certificate.

    Raises Refusal for certificates, keys or sni that cannot be used.
    """
    if not config.secured:
        return None
    certs = {}
    for spec in config["sni"]:
        host, equals, files = spec.partition("=")
        cert, _, key = files.partition(",")
        if not (host and equals and cert):
            raise Refusal(f"--sni takes HOST=CERTFILE or HOST=CERTFILE,KEYFILE, not {spec!r}")
        certs[host] = (cert, key or None)
    try:
        return initServerContext(
            certify=bool(config["cafile"]), certpath=config["certfile"], keypath=config["keyfile"] or None,
            cafilepath=config["cafile"] or None, alpn=("http/1.1",), certs=certs,
        )
    except ssl.SSLError as ex:
        raise Refusal(str(ex.args[-1])) from ex
    except (OSError, ValueError) as ex:
        name = getattr(ex, "filename", None)
        raise Refusal(f"{name}: {ex.strerror}" if name and isinstance(ex, OSError) else str(ex)) from ex


def isSecured(config: Config, bind: Bind) -> bool:
    """Whether bind is for https: as it says itself, else if config has a certificate."""
    return config.secured if bind.scheme is None else bind.scheme == "https"


def buildServer(
    config: Config, bind: Bind, sock: socket.socket, app: WSGIApplication, context: ssl.SSLContext | None
) -> http.Server:
    """Return a server of app on sock, which listens already, not opened.

    config: its limits and protocols. bind: what sock was opened for. context: TLS; None: config has no certificate.
    """
    secured = isSecured(config, bind)
    limits = config.limits
    kind: type[http.Server] = http.Server
    kwa: dict[str, Any] = {"ss": sock, "ha": pair(sock.getsockname())}
    if secured:
        kwa["context"] = context
    if config["proxy-protocol"]:
        kind = PrefacedHttpServer
        if secured:
            kwa["handshakeTymeout"] = limits.handshakeTymeout
        servant = (PrefacedServerTls if secured else PrefacedServer)(
            trust=Trust(config["trust"]), connections=limits.connections, tymeout=limits.idleTymeout, **kwa,
        )
        servant.refreshable = False
        kwa = {"servant": servant}
    scheme = "https" if secured else "http"
    server = kind(name=bind.text, app=app, scheme=scheme, tymeout=limits.idleTymeout, limits=limits, **kwa)
    if config["workers"] > 1 and not config["reuseport"]:
        server.servant.budget = 1  # one a turn: who has less to do takes more of them
    return server
