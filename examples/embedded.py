"""A web server beside an application's own doers, in one Doist: a thermostat that is steered over HTTP.

    python examples/embedded.py
    curl http://127.0.0.1:8000/            tells the temperature
    curl -X PUT http://127.0.0.1:8000/ -d 23   sets the one to reach

The control loop and the server share one thread, so neither needs a lock, and neither waits for the other.
"""

from hio.base import doing
from hio.core import http


class Thermostat(doing.Doer):
    """Heats towards a temperature, a step every half second of tyme."""

    def __init__(self, **kwa):
        super().__init__(**kwa)
        self.wanted = 21.0
        self.actual = 17.0

    def recur(self, tyme):
        self.actual += 0.1 * (self.wanted - self.actual)
        return False  # not done: go on


def makeApp(thermostat):
    """Return a WSGI app that shows the thermostat and takes another temperature for it."""

    def app(environ, start_response):
        status = "200 OK"
        if environ["REQUEST_METHOD"] == "PUT":
            try:
                thermostat.wanted = float(environ["wsgi.input"].read())
            except ValueError:
                status = "400 Bad Request"
        body = f"{thermostat.actual:.1f} degrees, on the way to {thermostat.wanted:.1f}\n".encode()
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return app


def makeDoers(host="127.0.0.1", port=8000):
    """Return the doers of the program: the thermostat, and the server that shows it."""
    thermostat = Thermostat(tock=0.5)
    server = http.Server(host=host, port=port, app=makeApp(thermostat))
    return [thermostat, http.ServerDoer(server=server)]


if __name__ == "__main__":
    print("http://127.0.0.1:8000/", flush=True)
    doing.Doist(real=True, doers=makeDoers()).do()
