"""Show how far a sweep has come.

progress   what to use for a stream: Bar with rich, Line without, and nothing where nobody looks on
"""

from __future__ import annotations

import importlib
from typing import Any, TextIO

from ..help.timing import monoTime
from .sweeping import Sweep

#: Seconds between two pictures.
INTERVAL = 0.1
#: Cells of the plain bar.
CELLS = 24


class Nothing:
    """Shows nothing: the stream is a file or a pipe. Base of those that show something."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no trace of what was shown."""

    def show(self, sweep: Sweep) -> None:
        """Show sweep as it is."""


class Line(Nothing):
    """Shows one line that is written over again and again."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._last = -INTERVAL

    def show(self, sweep: Sweep) -> None:
        """Show sweep as it is, unless that was done just now."""
        now = monoTime()
        if now - self._last >= INTERVAL:
            self._last = now
            self.stream.write(f"\r{line(sweep)}\x1b[K")
            self.stream.flush()

    def __exit__(self, *_: object) -> None:
        self.stream.write("\r\x1b[K")
        self.stream.flush()


class Bar(Nothing):
    """Shows a bar of rich's."""

    def __init__(self, stream: TextIO, rich: Any, console: Any) -> None:
        super().__init__(stream)
        self._bar = rich.Progress(
            rich.TextColumn("{task.fields[label]}"),
            rich.BarColumn(),
            rich.TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
            rich.TextColumn("{task.fields[rate]}"),
            rich.TimeRemainingColumn(),
            rich.TextColumn("{task.fields[failed]}"),
            console=console.Console(file=stream),
            transient=True,
            refresh_per_second=1.0 / INTERVAL,
        )
        self._task = self._bar.add_task("", total=1.0, label="seeds", rate="", failed="")

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, sweep: Sweep) -> None:
        """Show sweep as it is."""
        failed = f"[red]{len(sweep.failures):,} failed[/red]" if sweep.failures else ""
        rate = f"{sweep.rate:,.0f}/s"
        self._bar.update(self._task, completed=sweep.done, total=len(sweep.seeds), rate=rate, failed=failed)


def progress(stream: TextIO) -> Nothing:
    """Return what shows a sweep on stream: to be entered, then show() called as often as one likes."""
    if not stream.isatty():
        return Nothing(stream)
    try:
        return Bar(stream, importlib.import_module("rich.progress"), importlib.import_module("rich.console"))
    except ImportError:
        return Line(stream)


def line(sweep: Sweep) -> str:
    """Return the state of sweep as a line of text."""
    total = len(sweep.seeds)
    full = CELLS * sweep.done // total if total else CELLS
    text = f"[{'#' * full}{'.' * (CELLS - full)}] {sweep.done:,} of {total:,} seeds, {sweep.rate:,.0f}/s"
    if sweep.rate:
        text += f", {(total - sweep.done) / sweep.rate:,.0f} s left"
    return text + (f", {len(sweep.failures):,} failed" if sweep.failures else "")
