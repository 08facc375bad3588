"""Make, check and remove the directories that hio writes to, so that nobody else can read or redirect them.

A path is made of a head, which belongs to the administrator (/usr/local/var, the home, the temporary directory), and
levels of our own below it. The head is taken as it is found; own levels are private to the user.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from contextlib import suppress

PRIVATE_DIR = 0o700  # permission bits: nobody but the owner
PRIVATE_FILE = 0o600

_SEPARATORS = re.compile("[" + re.escape(os.sep + (os.altsep or "")) + "]")


class TempHead:
    """Class attribute that reads as the directory for temporary files: what tempfile says, but /tmp on macOS.

    It is asked at each reading since tempfile writes a file to find out, which must not happen on import.
    """

    def __get__(self, obj: object, owner: type | None = None) -> str:
        return "/tmp" if sys.platform == "darwin" else tempfile.gettempdir()


def flaw(part: str, *, nested: bool = True) -> str:
    """Return what is wrong with part as a relative path that must stay where it is put, or "" if nothing.

    nested: whether part may have several components.
    """
    pieces = _SEPARATORS.split(part)
    if "\0" in part:
        return "holds a NUL"
    if os.path.splitdrive(part)[0]:
        return "names a drive"
    if len(pieces) > 1 and not pieces[0]:
        return "is absolute"
    if os.pardir in pieces:
        return f"holds a component {os.pardir!r}"
    if not nested and len(pieces) > 1:
        return "holds a path separator"
    return ""


def isBlank(part: str) -> bool:
    """Return whether the relative path part leads nowhere: empty, or made of dots and separators only."""
    return os.path.normpath(part) == os.curdir


def makeDirs(path: str, head: str, mode: int = PRIVATE_DIR) -> None:
    """Make directory path with all parents that are missing.

    path and head are absolute and normal. Levels that are made below head get exactly mode, others what the umask
    leaves; what exists is not changed. Raises OSError if that is impossible.
    """
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent != path:
        makeDirs(parent, head, mode)
    own = path != head and os.path.commonpath([path, head]) == head
    try:
        os.mkdir(path, mode & PRIVATE_DIR if own else 0o777)
    except FileExistsError:
        if not os.path.isdir(path):  # else somebody else made it just now
            raise
    else:
        if own:
            os.chmod(path, mode)


def makeTempDir(head: str, below: str, prefix: str, suffix: str) -> tuple[str, str]:
    """Make a fresh private directory head/below/prefix<random>suffix.

    The levels of below are shared by all who ask, so somebody else may have made them first. Unless each is a real
    directory of this user that nobody else can write to, they are made anew inside a fresh directory in head.
    Returns (path, root): the directory, and the topmost one made for this call alone, which is the one to remove.
    """
    shared = os.path.join(head, below)
    if _secured(head, below):
        path = tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=shared)
        return path, path
    root = tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=head)
    shared = os.path.join(root, below)
    makeDirs(shared, root)
    return tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=shared), root


def _secured(head: str, below: str) -> bool:
    """Return whether all levels of below in head, made if missing, are safe from other users."""
    level = head
    for piece in os.path.normpath(below).split(os.sep):
        level = os.path.join(level, piece)
        try:
            with suppress(FileExistsError):
                os.mkdir(level, PRIVATE_DIR)
            found = os.lstat(level)
        except OSError:
            return False
        if not stat.S_ISDIR(found.st_mode) or not isOwn(found) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
    return True


def claimDir(path: str, perm: int) -> None:
    """Take the directory at path into use: give it exactly perm if it belongs to this user.

    Raises NotADirectoryError if it is anything else, a symbolic link to a directory included; PermissionError if it
    cannot be used.
    """
    if not hasattr(os, "O_DIRECTORY"):  # Windows, where a directory cannot be opened and has no such bits
        if os.path.islink(path) or not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    else:
        # by descriptor, so that nobody can put something else in its place between the questions
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if isOwn(os.fstat(fd)):
                os.fchmod(fd, perm)
        finally:
            os.close(fd)
    checkUsable(path)


def claimFile(fd: int, perm: int) -> None:
    """Give the open file fd exactly perm if it belongs to this user."""
    if hasattr(os, "fchmod") and isOwn(os.fstat(fd)):
        os.fchmod(fd, perm)


def checkUsable(path: str) -> None:
    """Raise PermissionError unless this user can read and write what is at path, and search it if a directory."""
    wanted = os.R_OK | os.W_OK | (os.X_OK if os.path.isdir(path) else 0)
    if not os.access(path, wanted, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def isOwn(found: os.stat_result) -> bool:
    """Return whether what was found belongs to this user; always true where there are no user ids."""
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def remove(path: str) -> None:
    """Remove what is at path, a directory with all it holds; a symbolic link itself. Nothing there is no error."""
    with suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path)
        else:
            os.unlink(path)
