"""Signals: the system's, handled in a turn of a doer rather than in the middle of another one's.

Signals   a doer that calls a function for each signal that came
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Generator, Mapping
from types import FrameType
from typing import Any

from ..base import doing
from ..base.polling import Bell
from ..help import timing

Twice = 0.25  # seconds within which the same request comes twice: who ends a group of processes may signal each and all


class Signals(doing.Doer):
    """Calls what is to be called for each signal, in the order in which they came. Rests meanwhile.

    Parameters:
        handlers: number of a signal -> callable without arguments.
        urgent: numbers of which a second one, of any of them, raises KeyboardInterrupt at once, wherever the program
            is.

    For the main thread. On exit the handlers are what they were before.
    """

    def __init__(self, handlers: Mapping[int, Callable[[], Any]], urgent: tuple[int, ...] = (), **kwa: Any) -> None:
        super().__init__(**kwa)
        self.handlers = dict(handlers)
        self.urgent = urgent
        self.hurried: float | None = None  # clock when the first of the urgent ones came
        self.pending: deque[int] = deque()
        self.previous: dict[int, Any] = {}
        self.bell: Bell | None = None
        self.wakeup = -1

    def enter(self, *, temp: bool | None = None) -> None:
        """Take over the signals."""
        assert self.tymth is not None
        self.bell = Bell(self.tymth.poller)  # type: ignore[attr-defined]
        self.wakeup = signal.set_wakeup_fd(self.bell.fd, warn_on_full_buffer=False)
        for number in self.handlers:
            self.previous[number] = signal.signal(number, self.note)

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take note of the signal number, a handler as signal.signal() wants it, with frame.

        Raises KeyboardInterrupt for a second urgent one.
        """
        if number in self.urgent:
            now = timing.monoTime()
            if self.hurried is not None and now - self.hurried >= Twice:
                raise KeyboardInterrupt
            self.hurried = now if self.hurried is None else self.hurried
        self.pending.append(number)

    def recur(self, tock: float = 0.0) -> Generator[float, float, bool]:
        """Rest until a signal came; call what is to be called."""
        assert self.bell is not None
        while True:
            while self.pending:
                self.handlers[self.pending.popleft()]()
            yield self.bell.watch
            self.bell.quiet()

    def exit(self) -> None:
        """Give the signals back."""
        for number, handler in self.previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self.previous.clear()
        if self.bell is not None:
            signal.set_wakeup_fd(self.wakeup)
            bell, self.bell = self.bell, None
            bell.close()
