"""LineHandler: log lines to a file or stream, whatever becomes of the disk under it.

It is a handler of the standard library's logging, and takes many lines at once from who has them.
"""

from __future__ import annotations

import logging
import os
import sys

from ..help.handling import LineFormatter

#: Bytes that are kept while they cannot be written; then whole lines are dropped, the oldest first, and counted.
Kept = 1 << 20


class LineHandler(logging.Handler):
    """Appends lines to a file.

    Parameters:
        path (str): file, made if missing, readable by its owner and group only; "-" is standard output, "" is standard
            error.

    Attributes:
        dropped (int): lines lost since the last one that was written.
        failure (OSError | None): why the last attempt failed.
        complain (callable | None): is called with a text when writing begins to fail, and when it goes on.

    Nothing that the file system does is raised by any method but open().
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.fd = -1
        self.kept = bytearray()
        self.dropped = 0
        self.failure: OSError | None = None
        self.complain = complainOnConsole
        self.setFormatter(LineFormatter("hio"))

    def __repr__(self) -> str:
        return f"<LineHandler {self.path!r} kept={len(self.kept)} dropped={self.dropped} failure={self.failure}>"

    @property
    def filed(self) -> bool:
        """Whether this writes to a file of its own, rather than to a stream of the process."""
        return self.path not in ("", "-")

    def open(self) -> None:
        """Open the file; raise OSError when that cannot be."""
        if self.fd < 0:
            if self.filed:
                self.fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            else:
                self.fd = sys.__stdout__.fileno() if self.path == "-" and sys.__stdout__ is not None else 2

    def reopen(self) -> None:
        """Go on in a new file at the same path, for who renamed the old one. When that cannot be, go on in the old."""
        if not self.filed:
            return
        old, self.fd = self.fd, -1
        try:
            self.open()
        except OSError as ex:
            self.fd = old
            self.complain(f"cannot reopen the log {self.path}: {ex.strerror}")
            return
        if old >= 0:
            os.close(old)

    def close(self) -> None:
        """Try to write what is kept, and close the file."""
        if self.fd >= 0:
            if self.kept:
                self.write("")
            if self.filed:
                os.close(self.fd)
            self.fd = -1
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            text = self.format(record)
        except Exception:
            self.handleError(record)
            return
        self.write(text + "\n")

    def write(self, lines: str) -> None:
        """Write text that is whole lines. Those that cannot be written are kept for the next time, up to Kept bytes."""
        data = lines.encode("utf-8", "backslashreplace")
        if self.kept:
            self.kept += data
            data = bytes(self.kept)
            self.kept.clear()
        view = memoryview(data)
        try:
            if self.fd < 0:
                self.open()
            while view:
                view = view[os.write(self.fd, view):]
        except OSError as ex:
            self.keep(bytes(view), ex)
        else:
            if self.failure is not None:
                self.recover()

    def keep(self, data: bytes, ex: OSError) -> None:
        """Keep data that could not be written, for ex, as far as there is room; whole lines go, oldest first."""
        excess = len(data) - Kept
        if excess > 0:
            end = data.find(b"\n", excess)
            end = len(data) if end < 0 else end + 1
            self.dropped += data.count(b"\n", 0, end)
            data = data[end:]
        self.kept += data
        first, self.failure = self.failure is None, ex
        if first and not isinstance(ex, BlockingIOError):
            self.complain(f"cannot write to the log {self.path or 'on standard error'}: {ex.strerror}; serving goes on")

    def recover(self) -> None:
        """Take note that writing goes well again."""
        dropped, self.dropped, self.failure = self.dropped, 0, None
        if dropped:
            self.complain(f"the log {self.path} goes on; {dropped} lines are missing from it")


def complainOnConsole(text: str) -> None:
    """Say text on standard error, if anybody can hear it."""
    try:
        os.write(2, f"hio: {text}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass
