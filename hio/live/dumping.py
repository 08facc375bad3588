"""Write the tree of doers when a signal comes: what is my Doist doing right now?

dumpOnSignal   from now on, on SIGQUIT

SIGQUIT is what Ctrl-\\ sends from a terminal, to every worker at once, and what else would end the process with a core
dump; nobody loses anything by it. The signal is heard even while a doer does not return from its turn: then the text
tells which one, and where it is.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from .observing import Observer
from .picturing import picture
from .texting import render

#: The signal: None where the system has none of that name.
Signal: int | None = getattr(signal, "SIGQUIT", None)


def dumpOnSignal(
    observed: Any, write: Callable[[str], Any] | None = None, number: int | None = Signal
) -> Callable[[], None]:
    """Have the tree written each time that a signal comes; return a callable that undoes it.

    observed: a Doist, an Observer or a Live. write: takes the text, of many lines; None: to stderr, flushed.
    number: of the signal; None, as by default on a system without SIGQUIT: does nothing.
    For the main thread, and before or while the Doist runs. Raises ValueError from another thread.
    """
    if number is None:
        return lambda: None
    observer = observed if isinstance(observed, Observer) else getattr(observed, "observer", None)
    if observer is None:
        observer = Observer(observed)

    def handle(_: int, frame: FrameType | None) -> None:
        (toStderr if write is None else write)(report(observer, frame))

    before = signal.signal(number, handle)

    def undo() -> None:
        signal.signal(number, signal.SIG_DFL if before is None else before)

    return undo


def report(observer: Observer, frame: FrameType | None = None) -> str:
    """Return the tree of doers that observer sees, as text.

    frame: where the program was interrupted; None: that is not told. Whatever goes wrong is told in the text too: a
    handler that raised would break off what it interrupted.
    """
    try:
        seen = picture(observer)
        text = render(seen, width=120, running=True)
        if frame is not None and running(seen["deeds"]):
            text += "\nRUNNING, innermost call last\n" + "".join(traceback.format_stack(frame)[-12:])
        return text
    except Exception:
        return f"the tree of doers cannot be told:\n{traceback.format_exc()}"


def running(deeds: list[dict[str, Any]]) -> bool:
    """Whether any of deeds has its turn."""
    return any(deed["running"] or running(deed["deeds"] or []) for deed in deeds)


def toStderr(text: str) -> None:
    """Write text to stderr."""
    print(text, file=sys.stderr, flush=True)
