"""A client that pays, and tries again when it hears nothing. Does it pay twice?

    hio sim examples/sim_payment.py::careless --seeds 1..100     sometimes
    hio sim examples/sim_payment.py::careful --seeds 1..100      never: each payment has a key

Between client and server, connections are reset by chance. When that befalls a request, trying again is right; when it
befalls the answer, the payment was made already. docs/simulation.md tells the story.
"""

from hio.core import http
from hio.core.http.bounding import Bounds

#: A payer who waits for a minute would not be worth a story.
BOUNDS = Bounds(connectTymeout=5.0, headTymeout=5.0)


class Bank:
    """A WSGI app: POST takes a payment and answers with the balance. What is in the ledger survives a crash."""

    def __init__(self, ledger):
        self.ledger = ledger  # payments: (key, amount)

    def __call__(self, environ, start_response):
        amount = int(environ["wsgi.input"].read())
        key = environ.get("HTTP_IDEMPOTENCY_KEY")
        if key is None or key not in [known for known, _ in self.ledger]:
            self.ledger.append((key, amount))
        body = str(sum(amount for _, amount in self.ledger)).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]


def makeBank(host):
    """Return the doer of the bank's host."""
    app = Bank(host.disk.setdefault("ledger", []))
    return http.ServerDoer(server=http.Server(port=80, app=app, net=host.net, clock=host.clock))


def pay(host, headers):
    """Pay 100, and try again until the bank says that it has it."""
    while True:
        client = http.Client(hostname="bank", port=80, net=host.net, tymth=host.tymth, bounds=BOUNDS)
        client.reopen()
        try:
            reply = yield from client.post("/", body=b"100", headers=headers)
        finally:
            client.close()
        if reply.ok:
            return True
        host.note(f"again, since {reply.error}")
        yield 0.5


def town(sim, headers):
    """A bank, a payer, and a network between them that is not to be trusted."""
    bank = sim.host("bank", makeBank)
    sim.client("payer", lambda host: pay(host, headers))
    sim.link("payer", "bank", latency=(0.01, 0.1))
    sim.always("paid at most once", lambda: len(bank.disk.get("ledger", [])) <= 1)
    sim.eventually("paid", lambda: bank.disk.get("ledger"), within=50.0)
    return bank


def careless(sim):
    """The payer tries again as if nothing had happened."""
    town(sim, {})
    sim.trouble(reset=1.0, among=["bank", "payer"])
    sim.run(limit=60.0)


def careful(sim):
    """The payer names its payment by a key of its own, the same each time."""
    town(sim, {"Idempotency-Key": "payment-1"})
    sim.trouble(reset=1.0, among=["bank", "payer"])
    sim.run(limit=60.0)


def calm(sim):
    """The careless payer where nothing goes wrong unless whoever runs this says so."""
    town(sim, {})
    sim.run(limit=60.0)


def calmAndCareful(sim):
    """The careful payer where nothing goes wrong unless whoever runs this says so."""
    town(sim, {"Idempotency-Key": "payment-1"})
    sim.run(limit=60.0)
