"""Run one server in this process until it is ended: python -m bench.start SERVER APP PORT.

For the servers whose own command line cannot do it.
"""

from __future__ import annotations

import sys
from typing import Any

from bench import apps


def hio(app: Any, port: int) -> None:
    """Serve from a real-time Doist with everything at its default but the wait for an idle client."""
    from hio.base import doing
    from hio.core import http

    server = http.Server(host="127.0.0.1", port=port, app=app, tymeout=600.0)
    doing.Doist(real=True, doers=[http.ServerDoer(server=server)]).do()


def bjoern(app: Any, port: int) -> None:
    import bjoern

    bjoern.run(app, "127.0.0.1", port)


if __name__ == "__main__":
    serve = {"hio": hio, "bjoern": bjoern}[sys.argv[1]]
    serve(getattr(apps, sys.argv[2]), int(sys.argv[3]))
