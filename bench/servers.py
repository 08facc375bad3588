"""How each server is started, watched and ended.

Kind      a table entry: one server and the command that runs it on one app
Running   a server that answers, with its processes' CPU time and memory
serve     the context in which a server runs, pinned to a core; serveAll, in which several do

To add a server, add a line to KINDS. Each gets one worker process, and is otherwise as its own documentation
recommends for a small app behind keep-alive connections.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench import apps

HOST = "127.0.0.1"
TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds; the unit of CPU time in /proc
PATIENCE = 15.0  # seconds for a server to answer for the first time, and again to end


class Failure(Exception):
    """A server did not start, answered wrongly, or did not end."""


@dataclass(frozen=True)
class Job:
    """What a server is asked to serve, and where."""

    app: str  # a name in bench.apps
    port: int
    folder: Path  # a directory of its own, removed afterwards; holds apps.FILE if the app is one of files
    tls: Path | None = None  # a directory with cert.pem and key.pem; None: plain

    @property
    def cert(self) -> str:
        return str(self.tls / "cert.pem") if self.tls else ""

    @property
    def key(self) -> str:
        return str(self.tls / "key.pem") if self.tls else ""


@dataclass(frozen=True)
class Kind:
    """One server: its name, the command for a job, and the module or program that it needs."""

    name: str
    command: Callable[[Job], list[str]]
    module: str = ""
    program: str = ""

    @property
    def installed(self) -> bool:
        if self.program:
            return shutil.which(self.program) is not None
        return importlib.util.find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """The version as installed, or "" where it is not known."""
        if self.program:
            said = subprocess.run([self.program, "-v"], capture_output=True, text=True, check=False)
            return (said.stdout + said.stderr).strip().rpartition("/")[2]
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(self.module)
        return ""


def python(*arguments: object) -> list[str]:
    return [sys.executable, "-m", *map(str, arguments)]


def start(server: str) -> Callable[[Job], list[str]]:
    """Return the command of a server that bench.start runs."""
    return lambda job: python("bench.start", server, job.app, job.port, job.cert, job.key)


def granian(job: Job) -> list[str]:
    tls = ["--ssl-certificate", job.cert, "--ssl-keyfile", job.key] if job.tls else []
    return python(
        "granian", "--interface", "wsgi", "--workers", 1, "--http", 1, "--no-ws", "--no-log", *tls,
        "--backpressure", 16384, "--host", HOST, "--port", job.port, f"bench.apps:{job.app}",
    )  # fmt: skip


def waitress(job: Job) -> list[str]:
    return python(
        "waitress", "--listen", f"{HOST}:{job.port}", "--connection-limit=4000",
        "--max-request-body-size=1073741824", f"bench.apps:{job.app}",
    )  # fmt: skip


def gunicorn(job: Job, kind: str) -> list[str]:
    # The default class, sync, closes the connection after every response; these two keep it.
    threads = ["--threads", 4] if kind == "gthread" else []
    tls = ["--certfile", job.cert, "--keyfile", job.key] if job.tls else []
    return python(
        "gunicorn", "--workers", 1, "--worker-class", kind, *threads, "--worker-connections", 12000, *tls,
        "--keep-alive", 600, "--log-level", "error", "--bind", f"{HOST}:{job.port}", f"bench.apps:{job.app}",
    )  # fmt: skip


def nginx(job: Job) -> list[str]:
    """Serve the right answer as a constant, or as a file: no Python at all, so a limit rather than a peer."""
    conf = job.folder / "nginx.conf"
    tls = f"ssl_certificate {job.cert}; ssl_certificate_key {job.key};" if job.tls else ""
    if job.app in apps.FILES:
        content = f"root {job.folder}; sendfile on; rewrite ^ /{apps.FILE} break;"
    else:
        answer = apps.ANSWERS[job.app].decode().replace('"', r"\"").replace("\n", r"\n")
        content = f'return 200 "{answer}";'
    stored = f"location = /{apps.STORED} {{ root {job.folder}; dav_methods PUT; }}" if job.app == "store" else ""
    conf.write_text(f"""
        daemon off; worker_processes 1; pid {job.folder}/pid; error_log {job.folder}/errors;
        events {{ worker_connections 15000; }}
        http {{
            access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; default_type text/plain;
            client_body_temp_path {job.folder}; proxy_temp_path {job.folder}; fastcgi_temp_path {job.folder};
            uwsgi_temp_path {job.folder}; scgi_temp_path {job.folder}; client_max_body_size 1g;
            ssl_session_tickets on; {tls}
            server {{ listen {HOST}:{job.port} {"ssl" if tls else ""}; {stored} location / {{ {content} }} }}
        }}""")
    return ["nginx", "-c", str(conf), "-e", str(job.folder / "errors")]


KINDS = {
    kind.name: kind
    for kind in [
        Kind("hio", start("hio"), module="hio"),
        Kind("granian", granian, module="granian"),
        Kind("bjoern", start("bjoern"), module="bjoern"),
        Kind("waitress", waitress, module="waitress"),
        Kind("gunicorn", functools.partial(gunicorn, kind="gthread"), module="gunicorn"),
        Kind("gevent", functools.partial(gunicorn, kind="gevent"), module="gevent"),
        Kind("cheroot", start("cheroot"), module="cheroot"),
        Kind("uvicorn", start("uvicorn"), module="uvicorn"),
        Kind("nginx", nginx, program="nginx"),
    ]
}


def cores() -> tuple[int, int]:
    """Return the core for the server and the core for the load; the same one twice where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def freePorts(count: int) -> list[int]:
    """Return as many ports of the loopback interface, all different, that nobody listened on a moment ago."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]


class Running:
    """A server that runs: its port, and what all its processes together have used so far.

    The server leads a session of its own, so its processes are those of that session.
    """

    def __init__(self, kind: Kind, process: subprocess.Popen[bytes], job: Job, output: IO[bytes]) -> None:
        self.kind = kind
        self.process = process
        self.job = job
        self.port = job.port
        self.output = output

    @property
    def cpu(self) -> float:
        """CPU time used so far, in seconds."""
        return sum(int(ticks) for _, stat in self.stats() for ticks in stat[11:13]) * TICK

    @property
    def spent(self) -> float:
        """CPU time used so far by the threads that there are now, in seconds: finer than .cpu, which counts ticks."""
        files = [path for pid, _ in self.stats() for path in Path("/proc", pid, "task").glob("*/schedstat")]
        return sum(int(path.read_text().split()[0]) for path in files) / 1e9

    @property
    def memory(self) -> int:
        """Memory held now, in bytes: each process's own share of what it has resident."""
        return sum(self.read(pid, "smaps_rollup", "Pss:") for pid, _ in self.stats())

    @property
    def peak(self) -> int:
        """Most memory that was ever resident, in bytes; what processes share is counted for each."""
        return sum(self.read(pid, "status", "VmHWM:") for pid, _ in self.stats())

    @staticmethod
    def read(pid: str, file: str, field: str) -> int:
        """Return the bytes that a field of a file in /proc/PID tells in kB."""
        for line in Path("/proc", pid, file).read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
        raise Failure(f"/proc/{pid}/{file} has no {field}")

    def stats(self) -> list[tuple[str, list[str]]]:
        """Return for each of its processes the PID, and the fields of /proc/PID/stat from the third on."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                fields = path.read_text().rpartition(") ")[2].split()
                if int(fields[3]) == self.process.pid:
                    found.append((path.parent.name, fields))
        return found

    def await_(self) -> None:
        """Return once it has answered; raise Failure if it does not, or answers anything else than apps.ANSWERS."""
        try:
            self.expect()
        except Failure as ex:
            self.output.seek(0)
            said = self.output.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise Failure(f"{self.kind.name} {ex}" + (f"; its last words: {said}" if said else "")) from ex

    def expect(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"ended with status {self.process.returncode} before it answered")
            try:
                status, body = ask(self.job)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            if (status, body) != (200, apps.ANSWERS[self.job.app]):
                raise Failure(f"answered {status} {body[:80]!r} to GET / of {self.job.app}")
            return
        raise Failure(f"gave no answer for {PATIENCE} s")

    def end(self) -> None:
        """End it as a user would, and, if it does not listen, with everything that it started."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session, so nobody else is in that group
            self.process.wait()


@contextlib.contextmanager
def launch(kind: Kind, app: str, core: int, tls: Path | None, port: int) -> Iterator[Running]:
    """Run a server on one core for as long as the context lasts. It does not answer yet: see Running.await_."""
    with tempfile.TemporaryDirectory() as folder:
        job = Job(app=app, port=port, folder=Path(folder), tls=tls)
        if app in apps.FILES:
            (job.folder / apps.FILE).write_bytes(apps.ANSWERS[app])
        with open(job.folder / "output", "w+b") as output:
            process = subprocess.Popen(
                kind.command(job),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, apps.FOLDER: folder},
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - there is one thread
            )
            running = Running(kind, process, job, output)
            try:
                yield running
            finally:
                running.end()


@contextlib.contextmanager
def serve(kind: Kind, app: str, core: int, tls: Path | None = None) -> Iterator[Running]:
    """Run a server on one core for as long as the context lasts; it has answered once, rightly.

    Raises Failure if it does not start, or answers anything else than apps.ANSWERS.
    """
    with launch(kind, app, core, tls, *freePorts(1)) as running:
        running.await_()
        yield running


@contextlib.contextmanager
def serveAll(
    kinds: Sequence[Kind], app: str, core: int, tls: Path | None, complain: Callable[[str], None]
) -> Iterator[Mapping[str, Running]]:
    """Run several servers, which start at the same time; give those that answer by their names.

    complain: is told why another one does not.
    """
    with contextlib.ExitStack() as stack:
        ports = freePorts(len(kinds))
        each = zip(kinds, ports, strict=True)
        started = [stack.enter_context(launch(kind, app, core, tls, port)) for kind, port in each]
        for running in started:
            stack.callback(running.process.terminate)  # all of them, before any is waited for
        answering = {}
        for running in started:
            try:
                running.await_()
                answering[running.kind.name] = running
            except Failure as ex:
                complain(str(ex))
        yield answering


def ask(job: Job) -> tuple[int, bytes]:
    """Return status and body of one GET /."""
    connection = http.client.HTTPConnection(HOST, job.port, timeout=5)
    if job.tls:
        connection = http.client.HTTPSConnection(HOST, job.port, timeout=5, context=trusting())
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def trusting() -> ssl.SSLContext:
    """Return a client context that takes whatever certificate it is shown: it talks to this machine alone."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def certificate() -> Iterator[Path]:
    """Give a directory with cert.pem and key.pem (ECDSA, P-256) for the loopback address."""
    import trustme

    issued = trustme.CA().issue_cert(HOST)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cert.pem").write_bytes(issued.cert_chain_pems[0].bytes())
        (folder / "key.pem").write_bytes(pkcs8(issued.private_key_pem.bytes()))
        yield folder


def pkcs8(pem: bytes) -> bytes:
    """Return a private key in the one form that all servers read."""
    from cryptography.hazmat.primitives import serialization as form

    key = form.load_pem_private_key(pem, None)
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
