"""Talk to the terminal of the process in between other things.

Console   lines from a terminal, and text to it, without waiting
"""

from __future__ import annotations

import os
from typing import Any


class Console:
    """A terminal, read by lines. A doer can ask it each turn: nothing here waits.

    Parameters:
        bs (int): bytes that one get() reads at most; None: 256.

    Attributes:
        bs (int): as given.
        fd (int | None): descriptor of the terminal; None while closed.
        opened (bool): whether it is open.
    """

    def __init__(self, bs: int | None = None) -> None:
        self.bs = 256 if bs is None else bs
        self.fd: int | None = None
        self._line = bytearray()  # of the lines to come, what was read so far

    def __repr__(self) -> str:
        return f"<{type(self).__name__} fd={self.fd}>"

    @property
    def opened(self) -> bool:
        """Whether it is open."""
        return self.fd is not None

    def open(self, port: str = "") -> bool:
        """Open the terminal at path port, "": that of the process. Return False, and be closed, where there is none."""
        self.close()
        try:
            fd = os.open(port or os.ctermid(), os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        except (AttributeError, OSError):  # the first where the system has no terminals of that kind
            return False
        if not os.isatty(fd):
            os.close(fd)
            return False
        self.fd = fd
        return True

    def reopen(self, **kwa: Any) -> bool:
        """Close it and open the terminal of the process; return whether there is one. Keywords are ignored."""
        return self.open()

    def close(self) -> None:
        """Close it, and forget what was read of a line. Safe at any time."""
        if self.fd is not None:
            os.close(self.fd)
        self.fd = None
        self._line.clear()

    def get(self, bs: int | None = None) -> bytearray:
        """Return the next line without its end; empty when none is there yet, and for an empty one.

        bs: bytes to read at most; None: .bs. A longer line comes with the call that reads its end.
        Raises ValueError when closed, OSError when the terminal is gone.
        """
        fd = self._opened()
        if b"\n" not in self._line:
            try:
                self._line += os.read(fd, self.bs if bs is None else bs)
            except BlockingIOError:
                pass
        line, end, rest = self._line.partition(b"\n")
        if not end:
            return bytearray()
        self._line = rest
        return line

    def put(self, data: bytes | bytearray | memoryview = b"\n") -> int:
        """Write data and return how many bytes of it the terminal took; 0 while it takes none.

        Raises ValueError when closed, OSError when the terminal is gone.
        """
        try:
            return os.write(self._opened(), data)
        except BlockingIOError:
            return 0

    def _opened(self) -> int:
        """Return the descriptor. Raises ValueError when there is none."""
        if self.fd is None:
            raise ValueError("the console is not open")
        return self.fd
