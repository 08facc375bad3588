"""Wire logs: a record of the bytes that a connection received and sent, to read or to keep.

WireLog        two logs, or one for both directions, in memory or in files
openWL         an open WireLog for the time of a with block
WireLogDoer    opens and closes a WireLog together with the doers beside it

A wire log holds whatever passes, secrets included. So it is off unless a program makes one, and its files and
directories are private to the user.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import IO, Any

from ..base import doing
from ..help import pathing, timing
from ..help.helping import typed
from ..help.placing import Placed
from ..hioing import FilerError


class WireLog(Placed):
    """Log of traffic: rxl for what was received, txl for what was sent.

    Class attributes beside those of Placed
        Format     default of fmt

    Attributes
        rxed, txed, samed, filed, fmt, name, temp, prefix, headDirPath   see __init__
        dirPath    directory of the files; None in memory or before the first opening
        rxl, txl   binary file objects, the same one if samed; None for a direction that is not logged or before the
                   first opening. They are kept, closed, after close
        opened     whether records are taken
    """

    TailDirPath = "wirelogs"
    TempHeadDir = "/tmp"
    Kind = "wire log"
    Fault = FilerError
    Format = b"\n%(dx)b %(who)b:\n%(data)b\n"

    def __init__(
        self,
        rxed: bool = True,
        txed: bool = True,
        samed: bool = False,
        filed: bool = False,
        fmt: bytes | None = None,
        name: str = "main",
        temp: bool = False,
        prefix: str | None = None,
        headDirPath: str | None = None,
        reopen: bool = False,
        clear: bool = False,
    ) -> None:
        """Prepare a log; with reopen open it.

        rxed, txed: which directions are logged.
        samed: both go into one log, in the order of writing.
        filed: into files; else into memory, which grows as long as the log is open.
        fmt: how a record looks, for bytes formatting with dx (Rx or Tx), who and data; None is Format.
        name: files are called name.<UTC time>.rx.log and .tx.log, or .log if samed.
        temp: the files go into a fresh directory, which is removed by close.
        prefix: first level of the directory; None is Prefix.
        headDirPath: where that directory is; None is HeadDirPath.
        reopen, clear: whether to call reopen(clear=clear) at once.

        Raises FilerError for a name or prefix that would lead out of headDirPath.
        """
        self.rxed = bool(rxed)
        self.txed = bool(txed)
        self.samed = bool(samed)
        self.filed = bool(filed)
        self.fmt = self.Format if fmt is None else typed("fmt", fmt, bytes)
        self.name = name
        self.temp = bool(temp)
        self.prefix = self.Prefix if prefix is None else prefix
        self.headDirPath = self.HeadDirPath if headDirPath is None else headDirPath
        self.rxl: IO[bytes] | None = None
        self.txl: IO[bytes] | None = None
        self.opened = False
        self._check()
        if reopen:
            self.reopen(clear=clear)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} opened={self.opened} dirPath={self.dirPath!r}>"

    def reopen(
        self,
        rxed: bool | None = None,
        txed: bool | None = None,
        samed: bool | None = None,
        filed: bool | None = None,
        fmt: bytes | None = None,
        name: str | None = None,
        temp: bool | None = None,
        headDirPath: str | None = None,
        clear: bool = False,
    ) -> bool:
        """Open new, empty logs, after close(clear=clear) if there are open ones; return opened, which is True.

        The other parameters are new values as in the constructor; None keeps the present one.

        Raises FilerError for a bad name, OSError if neither headDirPath nor AltHeadDirPath can be used.
        """
        if self.opened:
            self.close(clear=clear)
        given: dict[str, Any] = dict(
            rxed=rxed, txed=txed, samed=samed, filed=filed, fmt=fmt, name=name, temp=temp, headDirPath=headDirPath
        )
        for attribute, value in given.items():
            if value is not None:
                setattr(self, attribute, value)
        self._check()
        self.rxl = self.txl = self.dirPath = None
        if self.filed:
            self._makeDir(self._openFilesIn)
        else:
            self._take([io.BytesIO() for _ in self._endings()])
        self.opened = True
        return self.opened

    def flush(self) -> None:
        """Bring what was written to files to the disk."""
        if self.opened and self.filed:
            for log in self._logs():
                log.flush()
                os.fsync(log.fileno())

    def close(self, clear: bool = False) -> None:
        """Flush and close.

        clear: remove the directory with all that it holds; a temporary one is removed anyway. Safe at any time.
        """
        try:
            self.flush()
        finally:
            self.opened = False
            for log in self._logs():
                log.close()
            if clear or (self.temp and self._tempRoot is not None):
                self.clearDirPath()

    def readRx(self) -> bytes | None:
        """Return all that was written for received bytes (for both directions if samed); None if not open."""
        return self._read(self.rxl)

    def readTx(self) -> bytes | None:
        """Return all that was written for sent bytes (for both directions if samed); None if not open."""
        return self._read(self.txl)

    def writeRx(self, data: bytes | bytearray | memoryview, who: Any = b"") -> None:
        """Append a record of received data if that direction is open.

        who: from whom: bytes, text, or anything else, of which str is taken.
        """
        self._write(self.rxl, b"Rx", data, who)

    def writeTx(self, data: bytes | bytearray | memoryview, who: Any = b"") -> None:
        """Append a record of sent data if that direction is open.

        who: to whom: bytes, text, or anything else, of which str is taken.
        """
        self._write(self.txl, b"Tx", data, who)

    # --- inside

    def _endings(self) -> list[str]:
        """Return how the names of the logs end, in the order rx, tx; one for both if samed."""
        wanted = [ending for ending, on in ((".rx.log", self.rxed), (".tx.log", self.txed)) if on]
        return [".log"] if self.samed and wanted else wanted

    def _take(self, logs: list[IO[bytes]]) -> None:
        """Assign logs, made in the order of _endings."""
        self.rxl = logs[0] if self.rxed else None
        self.txl = logs[-1] if self.txed else None

    def _logs(self) -> list[IO[bytes]]:
        """Return the logs there are, each once."""
        logs = [self.rxl] if self.rxl is self.txl else [self.rxl, self.txl]
        return [log for log in logs if log is not None]

    def _openFilesIn(self, dirPath: str) -> None:
        """Open new files in dirPath; if one cannot be opened none is."""
        stamp = f"{timing.nowUTC():%Y%m%dT%H%M%S.%fZ}"
        logs: list[IO[bytes]] = []
        try:
            for ending in self._endings():
                logs.append(self._openNew(os.path.join(dirPath, f"{self.name}.{stamp}"), ending))
        except OSError:
            for log in logs:
                log.close()
            raise
        self._take(logs)

    @staticmethod
    def _openNew(stem: str, ending: str) -> IO[bytes]:
        """Open a private file that was not there; a number tells those of one name and moment apart."""

        def opener(name: str, flags: int) -> int:
            return os.open(name, flags, pathing.PRIVATE_FILE)

        for number in count():
            path = f"{stem}-{number}{ending}" if number else stem + ending
            try:
                return open(path, "x+b", opener=opener)
            except FileExistsError:
                continue
        raise AssertionError("count() does not end")

    def _read(self, log: IO[bytes] | None) -> bytes | None:
        """Return all of log and leave it at its end."""
        if log is None or not self.opened:
            return None
        log.seek(0)
        return log.read()

    def _write(self, log: IO[bytes] | None, dx: bytes, data: bytes | bytearray | memoryview, who: Any) -> None:
        """Append a record to log."""
        if log is None or not self.opened:
            return
        if not isinstance(who, (bytes, bytearray, memoryview)):
            who = str(who).encode("utf-8", "backslashreplace")
        log.write(self.fmt % {b"dx": dx, b"who": who, b"data": data})


@contextmanager
def openWL(cls: type[WireLog] | None = None, name: str = "test", temp: bool = True, **kwa: Any) -> Iterator[WireLog]:
    """Yield a new open cls(name=name, temp=temp, **kwa), cls None being WireLog, and close it at the end."""
    wl = (WireLog if cls is None else cls)(name=name, temp=temp, reopen=True, **kwa)
    try:
        yield wl
    finally:
        wl.close()


class WireLogDoer(doing.Doer):
    """Doer that opens a WireLog as it enters and closes it as it exits; in between it does nothing.

    Attribute wl is the WireLog.
    """

    def __init__(self, wl: WireLog, **kwa: Any) -> None:
        """Take wl, and what a Doer takes."""
        super().__init__(**kwa)
        self.wl = wl

    def enter(self, *, temp: bool | None = None) -> None:
        """Open wl unless it is open; temp, if not None, says whether its directory is temporary."""
        if not self.wl.opened:
            self.wl.reopen(temp=temp)

    def exit(self) -> None:
        """Close wl."""
        self.wl.close()
