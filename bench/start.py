"""Run one server in this process until it is ended: python -m bench.start SERVER APP PORT [CERT KEY].

For the servers whose own command line cannot do it.
"""

from __future__ import annotations

import sys
from typing import Any

from bench import apps

HOST = "127.0.0.1"


def hio(app: Any, port: int, cert: str, key: str) -> None:
    """Serve from a real-time Doist with everything at its default but the wait for an idle client."""
    from hio.base import doing
    from hio.core import http

    tls: dict[str, Any] = {"scheme": "https", "certpath": cert, "keypath": key, "certify": False} if cert else {}
    server = http.Server(host=HOST, port=port, app=app, tymeout=600.0, **tls)
    doing.Doist(real=True, doers=[http.ServerDoer(server=server)]).do()


def bjoern(app: Any, port: int, cert: str, key: str) -> None:
    import bjoern

    bjoern.run(app, HOST, port)


def cheroot(app: Any, port: int, cert: str, key: str) -> None:
    from cheroot import wsgi
    from cheroot.ssl.builtin import BuiltinSSLAdapter

    server = wsgi.Server((HOST, port), app, numthreads=4, request_queue_size=1024, timeout=600)
    server.keep_alive_conn_limit = 12000
    if cert:
        server.ssl_adapter = BuiltinSSLAdapter(cert, key)
    server.start()


def uvicorn(app: Any, port: int, cert: str, key: str) -> None:
    """Serve with uvloop and httptools, and the WSGI bridge that uvicorn's documentation names."""
    import a2wsgi
    import uvicorn as package

    package.run(
        a2wsgi.WSGIMiddleware(app, workers=4), host=HOST, port=port, log_level="error", access_log=False,
        timeout_keep_alive=600, ssl_certfile=cert or None, ssl_keyfile=key or None, lifespan="off",
    )  # fmt: skip


if __name__ == "__main__":
    serve = {"hio": hio, "bjoern": bjoern, "cheroot": cheroot, "uvicorn": uvicorn}[sys.argv[1]]
    app = getattr(apps, sys.argv[2])
    serve(app, int(sys.argv[3]), *(sys.argv[4:6] or ("", "")))
