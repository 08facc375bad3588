"""The error log: hio's own messages, to standard error or to a file that can be opened anew."""

from __future__ import annotations

import logging
import os

from .. import help
from ..help import timing
from ..help.handling import LineFormatter
from .configuring import Config
from .refusing import Refusal
from .writing import LineHandler


class ErrorFormatter(LineFormatter):
    """Lines for a file: with time, process and level."""

    def __init__(self) -> None:
        super().__init__("hio")

    def format(self, record: logging.LogRecord) -> str:
        """Return the text for record."""
        return f"{timing.nowIso8601()} [{os.getpid()}] {record.levelname.lower()} {super().format(record)}"


class ErrorLog:
    """Owns where hio's messages go.

    Parameters:
        config (Config): has the file and the level. Raises Refusal for a file that cannot be opened.

    Attributes:
        handler (LineHandler): writes them.
        logger: hio's own.
    """

    def __init__(self, config: Config) -> None:
        self.handler = LineHandler(config["error-log"])
        if self.handler.filed:
            self.handler.setFormatter(ErrorFormatter())
        try:
            self.handler.open()
        except OSError as ex:
            raise Refusal(f"--error-log {config['error-log']}: {ex.strerror}") from ex
        ogler = help.ogler
        self.logger = ogler.getLogger()
        self.before = [handler for handler in self.logger.handlers]
        self.level = self.logger.level
        for handler in self.before:
            self.logger.removeHandler(handler)
        self.logger.addHandler(self.handler)
        self.setLevel(config)

    def __repr__(self) -> str:
        return f"<ErrorLog {self.handler!r}>"

    def setLevel(self, config: Config) -> None:
        """Log what config says is serious enough."""
        help.ogler.resetLevel(level=getattr(logging, config["log-level"].upper()), globally=True)

    def say(self, level: str, text: str) -> None:
        """Log text; level: "debug", "info", "warning" or "error"."""
        self.logger.log(getattr(logging, level.upper()), "%s", text)

    def close(self) -> None:
        """Put the logger back as it was."""
        self.logger.removeHandler(self.handler)
        for handler in self.before:
            self.logger.addHandler(handler)
        help.ogler.resetLevel(level=self.level, globally=True)
        self.handler.close()
