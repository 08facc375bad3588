"""Tell systemd how it goes (sd_notify(3)): one datagram to a socket that it names in the environment."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from ..help import timing


def notify(*words: str, environ: Mapping[str, str] | None = None) -> bool:
    """Send words, such as READY=1; return whether there was somebody to tell. Never waits, and fails in silence.

    environ: where NOTIFY_SOCKET names who listens; None: that of the process.
    """
    path = (os.environ if environ is None else environ).get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return False
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(words).encode(), address)
    except OSError:
        return False
    return True


def reloading() -> str:
    """Return what a service of Type=notify-reload has to say with RELOADING=1."""
    return f"MONOTONIC_USEC={int(timing.monoTime() * 1e6)}"
