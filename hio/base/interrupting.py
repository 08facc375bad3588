"""End a run when the system asks for it.

Interrupts   turns SIGINT and SIGTERM into a request to stop, while it is entered

The first signal lets the turn that is going on come to its end; the second one raises KeyboardInterrupt at once.
Only in the main thread, and only in place of handlers that nobody has set: a program's own handlers stay.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_DEFAULTS = ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL))


class Interrupts:
    """Context in which a first SIGINT or SIGTERM calls stop, and a second one raises KeyboardInterrupt.

    On leaving it the handlers are what they were before.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self.stop = stop
        self.stopped = False
        self.previous: list[tuple[int, Any]] = []
        self.ringing = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number, default in _DEFAULTS:
                if signal.getsignal(number) == default:
                    self.previous.append((number, signal.signal(number, self.handle)))
        return self

    def __exit__(self, kind: type[BaseException] | None, ex: BaseException | None, trace: TracebackType | None) -> None:
        self.hush()
        for number, handler in self.previous:
            signal.signal(number, handler)

    def ring(self, fd: int) -> None:
        """Have each signal write to fd as it arrives, so that one that comes just before a wait still ends it.

        Does nothing when no handler is ours, or when the program uses the signal module's one descriptor itself.
        """
        if not self.previous or self.ringing:
            return
        theirs = signal.set_wakeup_fd(fd, warn_on_full_buffer=False)
        if theirs == -1:
            self.ringing = True
        else:
            signal.set_wakeup_fd(theirs)

    def hush(self) -> None:
        """Have no signal write to that descriptor any more, so that it can be closed."""
        if self.ringing:
            signal.set_wakeup_fd(-1)
            self.ringing = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle signal number, in whatever frame: stop the run. Raises KeyboardInterrupt the second time."""
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True
        self.stop()
