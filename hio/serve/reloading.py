"""Reload when a file changes, for development: a process of its own that watches, so that no thread is forked.

watchFiles   watch directories, and say on a channel what changed
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

from .refusing import Refusal
from .talking import Channel

Debounce = 200  # milliseconds in which further changes are part of the same one, as when an editor saves


def checkWatcher(directories: Iterable[str]) -> None:
    """Raise Refusal unless the files below directories can be watched."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise Refusal("--reload needs the package watchfiles, as pip install 'hio[prod]' brings it") from None
    for path in directories:
        if not os.path.isdir(path):
            raise Refusal(f"--reload-dir {path}: there is no such directory")


def watchFiles(directories: Iterable[str], channel: Channel) -> None:
    """Watch the Python files below directories, and send {"changed": [paths]} on channel each time.

    Returns when channel has ended; SIGTERM ends the process.
    """
    from watchfiles import PythonFilter, watch

    def orphaned() -> bool:
        channel.receive()
        return channel.ended

    class Ended:
        """Stands in for the event that watchfiles asks whether to end."""

        is_set = staticmethod(orphaned)

    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for changes in watch(
        *directories, watch_filter=PythonFilter(), debounce=Debounce, rust_timeout=1000, yield_on_timeout=True,
        stop_event=Ended(), raise_interrupt=False,
    ):
        if changes:
            channel.send({"changed": sorted(os.path.relpath(path) for _, path in changes)})
