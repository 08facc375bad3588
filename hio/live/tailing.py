"""Remember the last lines of a log.

Tail   a logging handler that keeps records in memory, the latest ones
"""

from __future__ import annotations

import logging
from collections import deque
from itertools import islice
from typing import NamedTuple

#: Characters of one record that are kept: a traceback of some depth.
TextLimit = 4000


class Line(NamedTuple):
    """One record of a log."""

    serial: int  # counts up from 1
    wall: float  # seconds since the epoch
    level: str  # its name, as "INFO"
    name: str  # of the logger
    text: str  # its message, and the traceback under it


class Tail(logging.Handler):
    """Keeps the latest records that come to it, as texts: a record itself may hold on to much.

    Attributes:
        lines (deque[Line]): oldest first.
        serial (int): of the latest; 0: there was none.
    """

    Length = 200  # lines: some screens

    def __init__(self, length: int | None = None, level: int = logging.NOTSET) -> None:
        """Keep length lines (None: Length) of level and above."""
        super().__init__(level)
        self.lines: deque[Line] = deque(maxlen=self.Length if length is None else length)
        self.serial = 0
        self.setFormatter(logging.Formatter("%(message)s"))

    def __repr__(self) -> str:
        return f"<Tail lines={len(self.lines)} serial={self.serial}>"

    def emit(self, record: logging.LogRecord) -> None:
        """Keep record. Handlers are called under a lock, so several threads may log."""
        try:
            text = self.format(record).encode("utf-8", "backslashreplace").decode()
            if len(text) > TextLimit:
                text = text[: TextLimit - 1] + "…"
            self.serial += 1
            self.lines.append(Line(self.serial, record.created, record.levelname, record.name, text))
        except Exception:
            self.handleError(record)

    def after(self, serial: int) -> list[Line]:
        """Return the lines that came after the one of that serial, as far as they are kept, oldest first."""
        lines = list(self.lines)
        return list(islice(lines, max(0, len(lines) - max(0, self.serial - serial)), None))
