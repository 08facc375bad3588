"""Log handlers that nothing outside the program can stop, mislead or make wait, and the formatter that they share.

LineFormatter       'prefix: message', one line a record whatever the message holds
ConsoleHandler      to whatever the standard error stream is when the record comes
SystemLogHandler    to the system log of the machine if there is one, without ever waiting for it
PrivateFileHandler  to a rotating file that only its owner can read

They are the standard library's handlers and differ from them only as said here.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
from logging.handlers import SysLogHandler, TimedRotatingFileHandler
from typing import Any, TextIO

from . import pathing, timing

#: Where the system log listens, by sys.platform; other platforms have none.
SYSTEM_LOGS = {"linux": "/dev/log", "darwin": "/var/run/syslog"}

#: C0 and C1 controls, DEL and the two line separators of Unicode, and what is written in their place.
ESCAPES = {
    code: chr(code).encode("unicode_escape").decode() for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
}


class LineFormatter(logging.Formatter):
    """Format a record as prefix, colon, blank, message.

    Messages quote what peers sent. So that a peer cannot forge a line of the log or command a terminal, control
    characters in the message are written as escapes, and the lines of a traceback are set in from the margin.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix.replace("%", "%%") + ": %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the text for record, without a line end."""
        record.message = record.getMessage().translate(ESCAPES)
        lines = [self.formatMessage(record)]
        # exc_text is where formatters share a traceback; another one's text is not indented and ours is of no use to it
        if record.exc_info:
            lines += self._inset(self.formatException(record.exc_info))
        elif record.exc_text:
            lines += self._inset(record.exc_text)
        if record.stack_info:
            lines += self._inset(self.formatStack(record.stack_info))
        return "\n".join(lines)

    @staticmethod
    def _inset(text: str) -> list[str]:
        return ["    " + line.translate(ESCAPES) for line in text.split("\n")]


class ConsoleHandler(logging.StreamHandler[Any]):
    """Write to sys.stderr, looked up for each record; records are dropped while that is None or closed.

    Assigning another stream, or setStream, makes it write there instead.
    """

    _stream: TextIO | None = None  # None: sys.stderr

    @property
    def stream(self) -> TextIO | None:
        """The stream that the next record goes to."""
        return sys.stderr if self._stream is None else self._stream

    @stream.setter
    def stream(self, stream: TextIO | None) -> None:
        self._stream = None if stream is sys.stderr else stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write record."""
        stream = self.stream
        if stream is not None and not getattr(stream, "closed", False):
            super().emit(record)


class SystemLogHandler(SysLogHandler):
    """Send records to the system log, as datagrams to a UNIX domain socket at address, facility user.

    Nothing is opened before the first record. A record that cannot be sent at once is dropped, silently: a program
    must not wait for the log of its machine, nor fill its own with complaints about it.
    """

    Patience = 60.0  #: seconds between attempts to connect: a machine without a system log seldom gets one

    def __init__(self, address: str) -> None:
        self._triedAt: float | None = None  # monoTime of the last attempt that failed
        super().__init__(address=address, facility=SysLogHandler.LOG_USER, socktype=socket.SOCK_DGRAM)

    def createSocket(self) -> None:
        """Do nothing: the base class would connect while the handler is made."""
        self.unixsocket = True
        self.socket: socket.socket | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Send record, or drop it."""
        try:
            packet = self._pack(record)
        except Exception:  # as in every handler of logging: a record that cannot be formatted is the caller's bug
            self.handleError(record)
            return
        for _ in range(2):  # the second time to a system log that was restarted since the last record
            if self.socket is None and not self._connect():
                return
            assert self.socket is not None
            try:
                self.socket.send(packet)
                return
            except BlockingIOError:
                return  # its queue is full
            except OSError as ex:
                if ex.errno == errno.EMSGSIZE:
                    return  # longer than a datagram may be
                self.socket.close()
                self.socket = None

    def _pack(self, record: logging.LogRecord) -> bytes:
        """Return record as a packet: priority (RFC 3164, 4.1.1), text and the NUL that old system logs want."""
        priority = self.encodePriority(self.facility, self.mapPriority(record.levelname))
        return f"<{priority}>{self.ident}{self.format(record)}\0".encode("utf-8", "backslashreplace")

    def _connect(self) -> bool:
        """Connect unless that failed a short while ago; return whether there is a connection now."""
        now = timing.monoTime()
        if self._triedAt is not None and now - self._triedAt < self.Patience:
            return False
        sock = None
        try:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)  # every platform in SYSTEM_LOGS has these
            sock.setblocking(False)
            sock.connect(str(self.address))
        except OSError:
            if sock is not None:
                sock.close()
            self._triedAt = now
            return False
        self.socket = sock
        self._triedAt = None
        return True


class PrivateFileHandler(TimedRotatingFileHandler):
    """Append to a file of mode 0600, UTF-8, and start another one every so often.

    Records that come after close are dropped; the base class would open the file again.
    """

    def __init__(self, path: str, when: str, interval: int, count: int) -> None:
        """Open the file at path at once; OSError if that is impossible.

        when, interval: unit of time, as in TimedRotatingFileHandler, and how many of them between two files.
        count: how many old files are kept; 0 keeps all.
        """
        self.ended = False
        super().__init__(
            path, when=when, interval=interval, backupCount=count, encoding="utf-8", errors="backslashreplace"
        )

    def _open(self) -> Any:
        def opener(name: str, flags: int) -> int:
            return os.open(name, flags, pathing.PRIVATE_FILE)

        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=opener)

    def emit(self, record: logging.LogRecord) -> None:
        """Write record, after a change of file if it is time."""
        if not self.ended:
            super().emit(record)

    def close(self) -> None:
        """Close the file for good."""
        self.ended = True
        super().close()
