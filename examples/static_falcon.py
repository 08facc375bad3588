"""A Falcon app with a static sink: routes for data, a directory of files for all the rest.

Run it, and look at the URL that it prints; a number as argument is the port:

    python examples/static_falcon.py
"""

import os
import sys

import falcon

from hio.base import doing
from hio.core import http
from hio.core.http.serving import StaticSink

FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")


class Greeting:
    """GET /greeting?name=Ada"""

    def on_get(self, req, resp):
        """Answer a greeting as JSON."""
        resp.media = {"greeting": f"Hello, {req.get_param('name', default='world')}!"}


def makeApp():
    """Return the WSGI app: what no route takes is looked for in the directory static beside this file."""
    app = falcon.App()
    app.add_route("/greeting", Greeting())
    app.add_sink(StaticSink(FILES), prefix=StaticSink.DefaultStaticSinkBasePath)
    return app


def main(port=8000):
    """Serve until Ctrl-C. Port 0 is any free one."""
    server = http.Server(host="127.0.0.1", port=port, app=makeApp())
    if not server.reopen():  # opened here and not by the doer, to know the port
        raise SystemExit(f"port {port} is taken")
    host, port = server.servant.ha
    print(f"http://{host}:{port}/", flush=True)

    doist = doing.Doist(real=True, doers=[http.ServerDoer(server=server)])
    doist.do()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
