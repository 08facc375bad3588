"""Placed: what keeps its files in a directory of its own, made when they are opened, and private to the user."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from ..hioing import HioError
from . import pathing


class Placed:
    """Base of an Ogler and a WireLog: makes the directory of their files, and removes it.

    Class attributes
        Prefix         default of prefix
        HeadDirPath    default of headDirPath
        TailDirPath    last level of the directory
        AltHeadDirPath head that is taken when the one asked for cannot be used; a leading ~ is the user's home
        TempHeadDir    head of temporary directories
        TempPrefix, TempSuffix   around the random part of the name of a temporary directory
        Kind, Fault    what messages call it, and the class of what is raised for a path that cannot be

    Attributes
        name           of the files
        temp           they go into a fresh directory
        prefix         first level of the directory; with a dot before it in AltHeadDirPath
        headDirPath    where that directory is
        dirPath        the directory; None before it is first made
    """

    Prefix = "hio"
    HeadDirPath = "/usr/local/var"
    TailDirPath = "logs"
    AltHeadDirPath = "~"
    TempHeadDir: ClassVar[str] = pathing.TempHead()  # type: ignore[assignment]  # reads as str
    TempPrefix = "test_"
    TempSuffix = "_temp"
    Kind = "log"
    Fault: type[HioError] = HioError

    name: str
    temp: bool
    prefix: str
    headDirPath: str
    dirPath: str | None = None
    _tempRoot: str | None = None  # what to remove if dirPath is temporary

    def clearDirPath(self) -> None:
        """Remove the directory at dirPath with all that it holds, if it exists."""
        for path in (self.dirPath, self._tempRoot):
            if path is not None:
                pathing.remove(path)
        self._tempRoot = None

    def _check(self) -> None:
        """Raise Fault unless name, prefix and headDirPath make paths that stay below the head."""
        for what, part, nested in (("name", self.name, False), ("prefix", self.prefix, True)):
            if wrong := pathing.flaw(part, nested=nested):
                raise self.Fault(f"{what} of a {self.Kind} {wrong}: {part!r}")
            if pathing.isBlank(part):
                raise self.Fault(f"{what} of a {self.Kind} must not be empty, got {part!r}")
        if not self.headDirPath:
            raise self.Fault(f"headDirPath of a {self.Kind} must not be empty")

    def _makeDir(self, fill: Callable[[str], None]) -> None:
        """Make the directory, or its fallback when fill, which opens the files in it, raises OSError; take it."""
        root = None
        if self.temp:
            below = os.path.join(self.prefix, self.TailDirPath)
            path, root = pathing.makeTempDir(self.TempHeadDir, below, self.TempPrefix, self.TempSuffix)
            try:
                fill(path)
            except BaseException:
                pathing.remove(root)
                raise
        else:
            try:
                path = self._makeBelow(self.headDirPath, self.prefix, fill)
            except OSError:
                path = self._makeBelow(self.AltHeadDirPath, f".{self.prefix}", fill)
        self.dirPath = path
        self._tempRoot = root

    def _makeBelow(self, head: str, prefix: str, fill: Callable[[str], None]) -> str:
        """Make the directory for prefix in head, fill it, and return it."""
        head = os.path.abspath(os.path.expanduser(head))
        path = os.path.join(head, prefix, self.TailDirPath)
        pathing.makeDirs(path, head)
        fill(path)
        return path
