"""Which app meets which load, and which servers are measured at it. To add a scenario, add an entry."""

from __future__ import annotations

from dataclasses import dataclass

from bench.apps import STORED
from bench.loads import Load
from bench.requests import COOKIE, NINE

EVERY = ("hio", "granian", "bjoern", "waitress", "gunicorn", "gevent", "cheroot", "uvicorn", "nginx")
MOST = ("hio", "granian", "bjoern", "waitress", "gunicorn", "uvicorn", "nginx")
SOME = ("hio", "granian", "bjoern", "gunicorn", "nginx")
PIPES = ("hio", "granian", "gunicorn", "nginx")
PATIENT = ("hio", "granian", "bjoern", "gunicorn", "gevent")
TLS = ("hio", "granian", "gunicorn", "cheroot", "uvicorn", "nginx")
SHAKERS = ("hio", "granian", "gunicorn", "uvicorn", "nginx")


@dataclass(frozen=True)
class Scenario:
    """One table of the report."""

    name: str
    title: str
    app: str  # a name in bench.apps
    load: Load
    servers: tuple[str, ...] = EVERY
    idle: int = 0  # connections that are open beside the load and do nothing
    slow: bool = False  # beside the load there are slow clients; see bench.slow
    tls: bool = False
    unit: str = "requests/s"
    own: str = ""  # the scenario whose rate is each server's own, which this one's is compared with
    note: str = ""


HELLO = Load()
SIXTEEN = Load(connections=16)
BULK = Load(connections=4, tool="bulk")
UPLOAD = Load(connections=1, method="POST", body=100_000_000, tool="bulk")
STORE = Load(connections=1, method="PUT", path=f"/{STORED}", body=100_000_000, tool="bulk")

SCENARIOS = {
    scenario.name: scenario
    for scenario in [
        Scenario("one", "hello, 1 connection (latency)", "hello", Load(connections=1)),
        Scenario("hello", "hello, 64 connections", "hello", HELLO),
        Scenario("many", "hello, 1,000 connections", "hello", Load(connections=1000), MOST),
        Scenario(
            "nine", "nine browser headers, 64 connections", "hello", Load(headers=NINE), SOME,
            note="The same nine in every request, which hio remembers once it saw them twice.",
        ),
        Scenario(
            "cookie", "nine browser headers, one of them a cookie, 64 connections", "hello", Load(headers=COOKIE), SOME,
            note="hio remembers no header fields with credentials in them, so each request is parsed anew.",
        ),
        Scenario(
            "changing", "nine browser headers that never repeat, 64 connections", "hello",
            Load(headers=COOKIE, changing=True), SOME, note="Every request has a cookie that no other has.",
        ),
        Scenario(
            "pipelined", "hello, pipelined by 16, 16 connections", "hello", Load(connections=16, pipelined=16), PIPES,
            note="bjoern is left out: of the requests that come together it answers the first alone.",
        ),
        Scenario(
            "new", "hello, a new connection for each request", "hello", Load(headers={"Connection": "close"}), SOME
        ),
        Scenario("busy", "hello, 16 connections", "hello", SIXTEEN, SOME),
        Scenario("idle2", "2,000 idle connections beside 16 busy ones", "hello", SIXTEEN, SOME, 2_000, own="busy"),
        Scenario("idle10", "10,000 idle connections beside 16 busy ones", "hello", SIXTEEN, SOME, 10_000, own="busy"),
        Scenario("json", "Falcon JSON, 64 connections", "api", HELLO),
        Scenario("post", "POST of 10 KB, 64 connections", "drain", Load(method="POST", body=10240), SOME),
        Scenario("upload", "upload of 100 MB, 1 connection", "drain", UPLOAD, SOME, unit="MB/s",
                 note="nginx throws the body away; the others hand it to the application."),
        Scenario("store", "upload of 100 MB into a file, 1 connection", "store", STORE, SOME, unit="MB/s",
                 note="The application copies the body into a file; nginx takes it by its DAV module."),
        Scenario(
            "large", "10 MB as one bytes object, 4 connections", "large", BULK, SOME, unit="MB/s",
            note="nginx, which has no Python, is given a file.",
        ),
        Scenario(
            "stream", "10 MB from a generator, 4 connections", "stream", BULK, SOME, unit="MB/s",
            note="nginx, which has no Python, is given a file.",
        ),
        Scenario(
            "file", "10 MB file by wsgi.file_wrapper, 4 connections", "file", BULK, SOME, unit="MB/s",
            note="nginx sends the file by sendfile.",
        ),
        Scenario(
            "sink", "10 MB file by Falcon and StaticSink, 4 connections", "sink", BULK, ("hio", "nginx"), unit="MB/s"
        ),
        Scenario("quiet", "hello, 16 connections, before slow clients come", "mixed", SIXTEEN, PATIENT),
        Scenario(
            "slow", "160 slow clients beside 16 busy ones", "mixed", SIXTEEN, PATIENT, slow=True, own="quiet",
            note="100 drip their requests a byte at a time, 20 send 1 MB bodies in small pieces, 40 sip 10 MB.",
        ),
        Scenario("tls", "hello over TLS, 64 connections", "hello", HELLO, TLS, tls=True),
        Scenario(
            "shakes", "TLS handshakes, each with one request", "hello", Load(4, tool="handshakes"), SHAKERS, tls=True,
            unit="handshakes/s", note="The client is the slower part: compare by CPU second.",
        ),
        Scenario(
            "resumed", "TLS handshakes that resume a session, each with one request", "hello",
            Load(4, tool="handshakes", resumed=True), SHAKERS, tls=True, unit="handshakes/s",
            note="The client is the slower part: compare by CPU second. Bad are those that were not resumed.",
        ),
    ]
}  # fmt: skip
