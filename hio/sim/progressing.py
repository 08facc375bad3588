"""Show how far a sweep has come.

progress   what to use for the sweep: Bar with rich, Line without, and Nothing where nobody looks on
status     what to use for the rest: Line, or Nothing
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

    def say(self, text: str) -> None:
        """Show text, which is one line, unless something was shown just now."""


class Line(Nothing):
    """Shows one line on stream, a terminal, that is written over again and again."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._last = -INTERVAL

    def show(self, sweep: Sweep) -> None:
        """Show sweep as it is, unless something was shown just now."""
        self.say(line(sweep))

    def say(self, text: str) -> None:
        """Show text, which is one line, unless something was shown just now."""
        now = monoTime()
        if now - self._last >= INTERVAL:
            self._last = now
            self.stream.write(f"\r{text}\x1b[K")
            self.stream.flush()

    def __exit__(self, *_: object) -> None:
        self.stream.write("\r\x1b[K")
        self.stream.flush()


class Bar(Nothing):
    """Shows a bar on stream; rich, console: modules of the package rich, rich.progress and rich.console."""

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


def status(stream: TextIO) -> Nothing:
    """Return what shows lines on stream: to be entered, then say() called as often as one likes."""
    return Line(stream) if stream.isatty() else Nothing(stream)


def line(sweep: Sweep) -> str:
    """Return the state of sweep as a line of text."""
    total = len(sweep.seeds)
    full = CELLS * sweep.done // total if total else CELLS
    text = f"[{'#' * full}{'.' * (CELLS - full)}] {sweep.done:,} of {total:,} seeds, {sweep.rate:,.0f}/s"
    if sweep.rate:
        text += f", {(total - sweep.done) / sweep.rate:,.0f} s left"
    return text + (f", {len(sweep.failures):,} failed" if sweep.failures else "")
