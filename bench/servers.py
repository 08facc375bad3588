"""How each server is started, watched and ended.

Kind      a table entry: one server and the command that runs it on one app
Running   a server that answers, with its processes' CPU time and memory
serve     the context in which a server runs, pinned to a core

To add a server, add a line to KINDS. Each gets one worker process, and is otherwise as its own documentation
recommends for a small app behind keep-alive connections.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
    folder: Path  # an empty directory of its own, removed afterwards


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
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(self.module) if self.module else ""
        return ""


def python(*arguments: object) -> list[str]:
    return [sys.executable, "-m", *map(str, arguments)]


def granian(job: Job) -> list[str]:
    return python(
        "granian", "--interface", "wsgi", "--workers", 1, "--http", 1, "--no-ws", "--no-log",
        "--host", HOST, "--port", job.port, f"bench.apps:{job.app}",
    )  # fmt: skip


def waitress(job: Job) -> list[str]:
    return python("waitress", "--listen", f"{HOST}:{job.port}", "--connection-limit=4000", f"bench.apps:{job.app}")


def gunicorn(job: Job) -> list[str]:
    # The default class, sync, closes the connection after every response; gthread is the nearest that keeps it.
    return python(
        "gunicorn", "--workers", 1, "--worker-class", "gthread", "--threads", 4, "--worker-connections", 4000,
        "--keep-alive", 600, "--log-level", "error", "--bind", f"{HOST}:{job.port}", f"bench.apps:{job.app}",
    )  # fmt: skip


def nginx(job: Job) -> list[str]:
    """Serve the right answer as a constant: no Python at all, so a limit rather than a peer."""
    answer = apps.ANSWERS[job.app].decode().replace('"', r"\"").replace("\n", r"\n")
    conf = job.folder / "nginx.conf"
    conf.write_text(f"""
        daemon off; worker_processes 1; pid {job.folder}/pid; error_log {job.folder}/errors;
        events {{ worker_connections 8000; }}
        http {{
            access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; default_type text/plain;
            client_body_temp_path {job.folder}; proxy_temp_path {job.folder}; fastcgi_temp_path {job.folder};
            uwsgi_temp_path {job.folder}; scgi_temp_path {job.folder};
            server {{ listen {HOST}:{job.port}; location / {{ return 200 "{answer}"; }} }}
        }}""")
    return ["nginx", "-c", str(conf), "-e", str(job.folder / "errors")]


KINDS = {
    kind.name: kind
    for kind in [
        Kind("hio", lambda job: python("bench.start", "hio", job.app, job.port), module="hio"),
        Kind("granian", granian, module="granian"),
        Kind("bjoern", lambda job: python("bench.start", "bjoern", job.app, job.port), module="bjoern"),
        Kind("waitress", waitress, module="waitress"),
        Kind("gunicorn", gunicorn, module="gunicorn"),
        Kind("nginx", nginx, program="nginx"),
    ]
}


def cores() -> tuple[int, int]:
    """Return the core for the server and the core for the load; the same one twice where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def freePort() -> int:
    """Return a port of the loopback interface that nobody listened on a moment ago."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


class Running:
    """A server that runs: its port, and what all its processes together have used so far.

    The server leads a session of its own, so its processes are those of that session.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    @property
    def cpu(self) -> float:
        """CPU time used so far, in seconds."""
        return sum(int(ticks) for stat in self.stats() for ticks in stat[11:13]) * TICK

    @property
    def memory(self) -> int:
        """Memory held now, in bytes: each process's own share of what it has resident."""
        return sum(self.share(Path("/proc") / stat[0]) for stat in self.stats(pid=True))

    @staticmethod
    def share(folder: Path) -> int:
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        raise Failure(f"{folder} does not say how much memory it holds")

    def stats(self, pid: bool = False) -> Iterator[list[str]]:
        """Yield the fields of /proc/PID/stat from the third on for each of its processes; with pid, the PID instead."""
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                fields = path.read_text().rpartition(") ")[2].split()
                if int(fields[3]) == self.process.pid:
                    yield [path.parent.name] if pid else fields


@contextlib.contextmanager
def serve(kind: Kind, app: str, core: int) -> Iterator[Running]:
    """Run a server on one core for as long as the context lasts; it has answered once, rightly.

    Raises Failure if it does not start, or answers anything else than apps.ANSWERS.
    """
    with tempfile.TemporaryDirectory() as folder:
        job = Job(app=app, port=freePort(), folder=Path(folder))
        with open(job.folder / "output", "w+b") as output:
            process = subprocess.Popen(
                kind.command(job),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - there is one thread
            )
            try:
                await_(process, job)
                yield Running(process, job.port)
            except Failure as ex:
                output.seek(0)
                said = output.read().decode(errors="replace").strip().rpartition("\n")[2]
                raise Failure(f"{kind.name} {ex}" + (f"; its last words: {said}" if said else "")) from ex
            finally:
                end(process)


def await_(process: subprocess.Popen[bytes], job: Job) -> None:
    """Return once the server has answered."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failure(f"ended with status {process.returncode} before it answered")
        try:
            answer = ask(job.port)
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
            continue
        if answer != (200, apps.ANSWERS[job.app]):
            raise Failure(f"answered {answer!r} to GET / of {job.app}")
        return
    raise Failure(f"gave no answer for {PATIENCE} s")


def ask(port: int) -> tuple[int, bytes]:
    """Return status and body of one GET /."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server as a user would, and, if it does not listen, with everything that it started."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own session, so nobody else is in that group
        process.wait()
