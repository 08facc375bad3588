"""What the clients do, and the tools that do it.

Load        connections, requests and how they are sent
Sample      what one server did under one load in one round
parseWrk    what wrk printed, as a Sample

Requests come from wrk, or from bench.hammer where wrk is missing; large bodies from bench.bulk; TLS handshakes from
bench.handshakes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bench.requests import changing, render
from bench.servers import HOST, Failure, Running

MICROSECONDS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6}  # the units that wrk prints latencies in
TOOLS = ("wrk", "python")


@dataclass(frozen=True)
class Load:
    """Clients that each send the next request, or the next few, as soon as the last is answered."""

    connections: int = 64
    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)  # besides Host
    body: int = 0  # bytes
    pipelined: int = 1  # requests sent at once
    changing: bool = False  # the headers are those of bench.requests.changing
    tool: str = ""  # "bulk" or "handshakes"; "": whatever makes requests
    resumed: bool = False  # handshakes resume the session of the one before


@dataclass(frozen=True)
class Sample:
    """One measurement."""

    rate: float  # requests per second that were answered with 2xx; MB or handshakes per second
    p50: float  # latency in microseconds: half of the requests were quicker
    p99: float  # and all but one in a hundred
    errors: int = 0  # requests that failed or were answered with anything but 2xx or 3xx
    cpu: float = 0.0  # share of its core that the server used; 1.0 is all of it
    peak: int = 0  # bytes: most memory that the server ever had


def choose(tool: str = "") -> str:
    """Return the tool asked for, or, for "", wrk if it is installed."""
    return tool or ("wrk" if shutil.which("wrk") else "python")


def measure(load: Load, server: Running, seconds: float, core: int, tool: str) -> Sample:
    """Put a server under load from one core for a while.

    Raises Failure if the load could not be made.
    """
    tls = server.job.tls is not None
    used, began = server.cpu, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if load.tool:
            command = python(load.tool, load, server.port, seconds)
        else:
            command = {"wrk": wrk, "python": hammer}[tool](load, server.port, seconds, Path(folder), tls)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + 30,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - there is one thread
        )
    share = (server.cpu - used) / (time.monotonic() - began)
    if done.returncode:
        raise Failure(f"{command[0]} ended with status {done.returncode}: {done.stderr.strip()[-500:]}")
    sample = parseWrk(done.stdout) if command[0] == "wrk" else Sample(**json.loads(done.stdout))
    return replace(sample, cpu=share, peak=server.peak)


def python(module: str, load: Load, port: int, seconds: float) -> list[str]:
    return [sys.executable, "-m", f"bench.{module}", json.dumps(asdict(load)), str(port), str(seconds)]


def hammer(load: Load, port: int, seconds: float, folder: Path, tls: bool = False) -> list[str]:
    if tls:
        raise Failure("only wrk can make requests over TLS")
    return python("hammer", load, port, seconds)


def wrk(load: Load, port: int, seconds: float, folder: Path, tls: bool = False) -> list[str]:
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    for name, value in load.headers.items():
        command += ["-H", f"{name}: {value}"]
    if script := lua(load, port):
        path = folder / "load.lua"
        path.write_text(script)
        command += ["-s", str(path)]
    return [*command, f"http{'s' if tls else ''}://{HOST}:{port}{load.path}"]


def lua(load: Load, port: int = 0) -> str:
    """Return the script that teaches wrk what its options cannot say; "" if they can say it all."""
    lines = []
    if load.method != "GET":
        lines.append(f'wrk.method = "{load.method}"')
    if load.body:
        lines.append(f'wrk.body = string.rep("x", {load.body})')
    if load.pipelined > 1:
        lines += [
            "local batch",
            f"init = function() batch = string.rep(wrk.format(), {load.pipelined}) end",
            "request = function() return batch end",
        ]
    if load.changing:
        before, _, after = render("GET", changing(0), host=f"{HOST}:{port}").decode().partition("0000000")
        lines += [
            f"local before, after, number = {quoted(before)}, {quoted(after)}, 0",
            "request = function()",
            "    number = number + 1",
            '    return before .. string.format("%07d", number) .. after',
            "end",
        ]
    return "\n".join(lines)


def quoted(text: str) -> str:
    """Return text as a string of Lua, whose escapes for what a head may hold are those of JSON."""
    return json.dumps(text)


def parseWrk(text: str) -> Sample:
    """Read what wrk --latency printed.

    Raises Failure, with the text, if rate or latencies are not in it.
    """
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", text, re.M)
    seconds = re.search(r"requests in ([\d.]+)(us|ms|s|m|h),", text)
    latency = dict(re.findall(r"^\s+(50|99)%\s+([\d.]+(?:us|ms|s|m|h))\s*$", text, re.M))
    if not (rate and seconds and len(latency) == 2):
        raise Failure(f"cannot read what wrk printed: {text!r}")
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    failed = int(refused[1]) if refused else 0
    return Sample(
        # wrk counts answers of any status; only the good ones are worth a rate.
        rate=max(0.0, float(rate[1]) - failed / (microseconds(seconds[1] + seconds[2]) / 1e6)),
        p50=microseconds(latency["50"]),
        p99=microseconds(latency["99"]),
        errors=failed + (sum(map(int, sockets.groups())) if sockets else 0),
    )


def microseconds(text: str) -> float:
    """Return the microseconds of a time as wrk prints it, such as 615.29us or 1.20ms."""
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text)
    if not found:
        raise ValueError(f"a time must be a number and one of {', '.join(MICROSECONDS)}, got {text!r}")
    return float(found[1]) * MICROSECONDS[found[2]]
