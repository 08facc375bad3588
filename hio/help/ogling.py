"""Logging for programs built on hio: an Ogler hands out loggers that write to console, system log and a file.

Ogler       decides level and destinations of loggers, and owns the log file
initOgler   makes one
openOgler   makes one for the time of a with block

Whoever calls getLogger without a name gets the same logger, so that the last call decides about level and
destinations for a whole program. Loggers do not propagate: handlers of the root logger see nothing of them.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..hioing import OglerError
from .handling import SYSTEM_LOGS, ConsoleHandler, LineFormatter, PrivateFileHandler, SystemLogHandler
from .placing import Placed


class _Setup(NamedTuple):
    """What getLogger last did to a logger."""

    ogler: Ogler
    handlers: list[logging.Handler]


#: For each logger that any Ogler ever handed out the latest setup. Loggers live as long as the program.
_setups: dict[logging.Logger, _Setup] = {}


class _Place(NamedTuple):
    """All that the path of a log file depends on."""

    temp: bool
    headDirPath: str
    prefix: str
    name: str


def initOgler(level: int = logging.CRITICAL, **kwa: Any) -> Ogler:
    """Return a new Ogler(level=level, **kwa)."""
    return Ogler(level=level, **kwa)


@contextmanager
def openOgler(
    cls: type[Ogler] | None = None, name: str = "test", temp: bool = True, **kwa: Any
) -> Iterator[Ogler]:
    """Yield a new open cls(name=name, temp=temp, **kwa), cls None being Ogler, and close it at the end."""
    ogler = (Ogler if cls is None else cls)(name=name, temp=temp, reopen=True, **kwa)
    try:
        yield ogler
    finally:
        ogler.close()


class Ogler(Placed):
    """Hands out loggers of one level that write to the same destinations, and owns their log file.

    Class attributes: see Placed.

    Attributes
        name, level, temp, prefix, headDirPath, consoled, syslogged, filed, when, interval, count   see __init__; level
            may be assigned at any time, what concerns the file counts at the next reopen
        dirPath, path   directory and log file, None until the first reopen, kept after close
        opened          whether getLogger adds the file
        baseFormatter   'prefix: message'
        baseConsoleHandler, baseSysLogHandler, baseFileHandler   one for each destination. The second is None where
            there is no system log, the third until the first reopen
    """

    AltHeadDirPath = os.path.expanduser("~")
    Fault = OglerError

    def __init__(
        self,
        name: str = "main",
        level: int = logging.ERROR,
        temp: bool = False,
        prefix: str | None = None,
        headDirPath: str | None = None,
        reopen: bool = False,
        clear: bool = False,
        consoled: bool = True,
        syslogged: bool = True,
        filed: bool = True,
        when: str = "H",
        interval: int = 1,
        count: int = 48,
    ) -> None:
        """Make the handlers for console and system log, which open nothing yet; with reopen the file as well.

        name: of the log file, without extension; a false one is main.
        level: of the loggers, as in logging.
        temp: the file goes into a fresh directory, which is removed by close.
        prefix: of the lines, and first level of the directory; None is Prefix.
        headDirPath: where that directory is; None is HeadDirPath.
        reopen, clear: whether to call reopen(clear=clear) at once.
        consoled, syslogged, filed: destinations. syslogged becomes False where there is no system log.
        when, interval, count: a new log file every interval units of when, as in TimedRotatingFileHandler, hours
            for instance; count old ones are kept.

        Raises OglerError if no destination is left, or for a name or prefix that would lead out of headDirPath.
        """
        self.name = name or "main"
        self.level = level
        self.temp = bool(temp)
        self.prefix = self.Prefix if prefix is None else prefix
        self.headDirPath = self.HeadDirPath if headDirPath is None else headDirPath
        self.path: str | None = None
        self.opened = False

        address = SYSTEM_LOGS.get(sys.platform)
        self.consoled = bool(consoled)
        self.syslogged = bool(syslogged) and address is not None
        self.filed = bool(filed)
        if not (self.consoled or self.syslogged or self.filed):
            raise OglerError("a log needs one of consoled, syslogged and filed at least")
        self.when, self.interval, self.count = when, interval, count

        self._place: _Place | None = None  # what path was made for
        self._orphans: list[logging.Logger] = []  # loggers that lost the file when it was closed
        self._check()
        self._makeHandlers(address)
        if reopen:
            self.reopen(clear=clear)

    def _makeHandlers(self, address: str | None) -> None:
        """Make the handlers, but that of the file; address of the system log: None where there is none."""
        self.baseFormatter: logging.Formatter = LineFormatter(self.prefix)
        self.baseConsoleHandler: logging.Handler = ConsoleHandler()
        self.baseConsoleHandler.setFormatter(self.baseFormatter)
        self.baseSysLogHandler: logging.Handler | None = None
        if address is not None:
            self.baseSysLogHandler = SystemLogHandler(address)
            self.baseSysLogHandler.setFormatter(self.baseFormatter)
        self.baseFileHandler: PrivateFileHandler | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} level={self.level} opened={self.opened} path={self.path!r}>"

    # --- the file

    def reopen(
        self, name: str | None = None, temp: bool | None = None, headDirPath: str | None = None, clear: bool = False
    ) -> None:
        """Open the log file, after close(clear=clear) if it is open.

        name, temp, headDirPath: new values; None keeps the present one.
        The file is as it was, or empty, at the path that name, temp, headDirPath and prefix say; a temporary one
        stays where it was as long as these are the same and its directory exists. Loggers that had this file before
        it was closed have it again.

        Raises OSError if neither headDirPath nor AltHeadDirPath can be used, OglerError for a bad name or prefix.
        """
        if self.opened:
            self.close(clear=clear)
        if name is not None:
            self.name = name or "main"
        if temp is not None:
            self.temp = bool(temp)
        if headDirPath is not None:
            self.headDirPath = headDirPath
        self._check()

        place = _Place(self.temp, self.headDirPath, self.prefix, self.name)
        if place != self._place or self.dirPath is None or not os.path.isdir(self.dirPath):
            self._makeDir(self._openFile)
            self._place = place
        else:
            self._openFile(self.dirPath)
        self.opened = True
        self._reattach()

    def close(self, clear: bool = False) -> None:
        """Close the log file and take it away from the loggers that write to it.

        clear: remove the directory with all that it holds; a temporary one is removed anyway. Safe at any time.
        """
        self.opened = False
        self._detach()
        if clear or (self.temp and self._tempRoot is not None):
            self.clearDirPath()

    # --- loggers

    def getLogger(self, name: str = __name__, level: int | None = None) -> logging.Logger:
        """Return the logger called name, set to this Ogler's destinations in place of those any Ogler set before.

        name: loggers of one name are one object; callers who give none share one.
        level: of this logger; None is the level of this Ogler.
        Handlers that others added to the logger stay, but for those of the root logger, which are to see nothing of it.
        """
        logger = logging.getLogger(name)
        logger.propagate = False
        ours = _setups[logger].handlers if logger in _setups else []
        for handler in [*ours, *logging.getLogger().handlers]:
            logger.removeHandler(handler)

        candidates = [
            self.baseConsoleHandler if self.consoled else None,
            self.baseSysLogHandler if self.syslogged else None,
            self.baseFileHandler if self.filed and self.opened else None,
        ]
        handlers = [handler for handler in candidates if handler is not None]
        for handler in handlers:
            logger.addHandler(handler)
        _setups[logger] = _Setup(self, handlers)
        self.resetLevel(name, level)
        return logger

    def resetLevel(self, name: str = __name__, level: int | None = None, globally: bool = False) -> None:
        """Set the level of the logger called name.

        level: None is the level of this Ogler.
        globally: also make it the level of this Ogler; further loggers have it from their next getLogger.
        """
        level = self.level if level is None else level
        logging.getLogger(name).setLevel(level)
        if globally:
            self.level = level

    # --- inside

    def _openFile(self, dirPath: str) -> None:
        """Open the log file in dirPath with a new handler, which looks like the old one if there was one."""
        path = os.path.join(dirPath, f"{self.name}.log")
        handler = PrivateFileHandler(path, when=self.when, interval=self.interval, count=self.count)
        handler.setFormatter(self.baseFormatter)
        if (old := self.baseFileHandler) is not None:
            handler.setFormatter(old.formatter)
            handler.setLevel(old.level)
        self.baseFileHandler = handler
        self.path = path

    def _detach(self) -> None:
        """Close the file handler and take it off every logger that has it."""
        handler = self.baseFileHandler
        if handler is None:
            return
        handler.close()
        for logger, setup in _setups.items():
            if handler in setup.handlers:
                logger.removeHandler(handler)
                setup.handlers.remove(handler)
                self._orphans.append(logger)

    def _reattach(self) -> None:
        """Give the file handler to the loggers that lost it at the last close and are still set up by this Ogler."""
        assert self.baseFileHandler is not None
        for logger in self._orphans:
            setup = _setups[logger]
            if setup.ogler is self and self.baseFileHandler not in setup.handlers:
                logger.addHandler(self.baseFileHandler)
                setup.handlers.append(self.baseFileHandler)
        self._orphans.clear()
