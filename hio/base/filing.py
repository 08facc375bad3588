"""Files and directories that a program keeps, or has for a while, at paths made by one rule.

Filer       one directory, or one file in a directory; subclasses keep databases and settings in it
openFiler   an open Filer for the time of a with block
FilerDoer   opens and closes a Filer together with the doers beside it

A path is head, tail, base and name. The head is where the system keeps such things (/usr/local/var) or, if it cannot
be used there, the user's home; the tail is the program's own; base and name tell its files apart. A temporary path has
for head a fresh directory that nobody else knows.

None of tail, base and name may lead out of the head, the last component is never followed if it is a symbolic link,
and levels made below the head are private to the user.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, ClassVar, NamedTuple

from .. import help
from ..help import helping, pathing
from ..hioing import FilerError, Mixin
from . import doing

logger = help.ogler.getLogger()

#: fsync errors that say only that this kind of file, or file system, has nothing to synchronise.
UNSYNCABLE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EROFS}


class _Want(NamedTuple):
    """What is to be made at a path."""

    perm: int
    clean: bool
    filed: bool
    extensioned: bool
    mode: str


class Filer(Mixin):
    """One directory, or one file in a directory: `path` once made, and open while `opened`.

    Class attributes, all read when a path is made, so that they may be overridden or assigned at any time
        HeadDirPath       head of persistent paths
        TailDirPath, CleanTailDirPath         what follows it; the second if clean
        AltHeadDirPath    head of the fallback; a leading ~ is the user's home
        AltTailDirPath, AltCleanTailDirPath   what follows that
        TempHeadDir       where temporary directories are made
        TempPrefix, TempSuffix                around the random part of a temporary directory's name
        Perm, Mode, Fext  defaults of perm, mode and fext

    Attributes
        name, base, temp, perm, mode, fext, filed, extensioned   see __init__
        headDirPath   the head asked for, whether or not it could be used
        path          absolute path; None before it is first made, kept after close
        file          open file object if filed, else None; kept, closed, after close without clear
        opened        bool

    Made for multiple inheritance: a subclass may override reopen and close, which this constructor already calls.
    """

    Takers = ("__init__", "reopen")  # the surplus goes to reopen too
    HeadDirPath = "/usr/local/var"
    TailDirPath = "hio"
    CleanTailDirPath = os.path.join("hio", "clean")
    AltHeadDirPath = os.path.expanduser("~")
    AltTailDirPath = ".hio"
    AltCleanTailDirPath = os.path.join(".hio", "clean")
    TempHeadDir: ClassVar[str] = pathing.TempHead()  # type: ignore[assignment]  # reads as str
    TempPrefix = "hio_"
    TempSuffix = "_test"
    Perm = 0o1700  # the owner's alone; sticky
    Mode = "r+"
    Fext = "text"

    def __init__(
        self,
        *,
        name: str = "main",
        base: str = "",
        temp: bool = False,
        headDirPath: str | None = None,
        perm: int | None = None,
        reopen: bool = True,
        clear: bool = False,
        reuse: bool = False,
        clean: bool = False,
        filed: bool = False,
        extensioned: bool = False,
        mode: str | None = None,
        fext: str | None = None,
        **kwa: Any,
    ) -> None:
        """Say what path; with reopen make and open it.

        name: last component or components of the path.
        base: components before it; "" for none.
        temp: the path is temporary, and removed by close(clear=True) with the directory that was made for it.
        headDirPath: head of the path if it is not temporary; None is HeadDirPath.
        perm: permission bits of the directory; of a file those of them that can read or write. None is Perm.
        reopen, clear, reuse, clean: whether to call reopen(clear=, reuse=, clean=) at once. There is no path yet, so
            clear removes nothing.
        filed: the path is a file, opened with mode, and name gets an extension if it has none.
        extensioned: the same for name, but the file is made by a subclass, if at all.
        mode: as in open; text is UTF-8. A new file can be read and written whatever mode says. None is Mode.
        fext: that extension, without dot; None is Fext.
        kwa: for the next class in the method resolution order, and for reopen.

        Raises FilerError for name, base, fext or headDirPath that make no path below the head, and what reopen raises.
        """
        self._tempRoots: dict[str, str] = {}  # path: the directory that mkdtemp made for it
        if getattr(self, "name", None) != name:  # a subclass may have set it, and may take offence at a second time
            self.name = name
        super().__init__(name=name, **kwa)

        self.base = base
        self.temp = bool(temp)
        self.headDirPath = _absolute(self.HeadDirPath if headDirPath is None else headDirPath)
        self.perm = self.Perm if perm is None else perm
        self.filed = bool(filed)
        self.extensioned = bool(extensioned)
        self.mode = self.Mode if mode is None else mode
        self.fext = self.Fext if fext is None else fext
        self.path: str | None = None
        self.file: IO[Any] | None = None
        self.opened = False
        _check(self.name, self.base, self.fext, self.headDirPath)

        if reopen:
            self._open(clear=clear, reuse=reuse, clean=clean, **kwa)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} opened={self.opened} path={self.path!r}>"

    def _open(self, **kwa: Any) -> None:
        """Do the reopen of the constructor. When it raises nobody gets this instance, so nobody else could clear it."""
        try:
            self.reopen(**kwa)
        except BaseException:
            with suppress(OSError):  # the first error is the one to tell
                self._closeFile()
            self._removeTemps()
            raise

    @property
    def name(self) -> str:
        """Last component or components of the path; a new one counts from the next reopen without reuse."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    def reopen(
        self,
        temp: bool | None = None,
        headDirPath: str | None = None,
        perm: int | None = None,
        clear: bool = False,
        reuse: bool = False,
        clean: bool = False,
        mode: str | None = None,
        fext: str | None = None,
        **kwa: Any,
    ) -> bool:
        """Make the path anew and open it, after close(clear=clear); return opened.

        temp, headDirPath, perm, mode, fext: new values; None keeps the present one.
        clear: first remove what is at the present path.
        reuse: keep the present path if something is there.
        clean: make the path with the clean tail, new and empty. This is not remembered for the next time.
        kwa: for the reopen of a subclass; left alone here.

        Raises FilerError, for a path that would leave the head or is taken by another kind of thing; OSError, if the
        fallback cannot be used either.
        """
        self.close(clear=clear)
        if temp is not None:
            self.temp = bool(temp)
        if headDirPath is not None:
            self.headDirPath = _absolute(headDirPath)
        if perm is not None:
            self.perm = perm
        if mode is not None:
            self.mode = mode
        if fext is not None:
            self.fext = fext

        if reuse and self.path is not None and os.path.lexists(self.path):
            self.file = _reuse(self.path, self.filed, self.extensioned, self.mode, self.perm)
        else:
            self.path, self.file = self.remake(
                name=self.name, base=self.base, temp=self.temp, headDirPath=self.headDirPath, perm=self.perm,
                clean=clean, filed=self.filed, extensioned=self.extensioned, mode=self.mode, fext=self.fext,
            )  # fmt: skip
        self.opened = not self.filed or (self.file is not None and not self.file.closed)
        return self.opened

    def remake(
        self,
        *,
        name: str = "",
        base: str = "",
        temp: bool | None = None,
        headDirPath: str | None = None,
        perm: int | None = None,
        clean: bool = False,
        filed: bool = False,
        extensioned: bool = False,
        mode: str | None = None,
        fext: str | None = None,
        **kwa: Any,
    ) -> tuple[str, IO[Any] | None]:
        """Make the directory or file that the parameters say; return its path and open file, None for a directory.

        name, base, temp, headDirPath, perm, filed, extensioned, mode, fext are as in the constructor and clean as in
        reopen, but None is the default of the class, not the value of this instance. kwa is left alone. No attribute
        changes, so this serves for further paths. A temporary one of them is removed together with the instance's own.

        Raises as reopen does.
        """
        headDirPath = self.HeadDirPath if headDirPath is None else headDirPath
        name = self._named(name, base, headDirPath, fext, filed or extensioned)
        perm = self.Perm if perm is None else perm
        mode = self.Mode if mode is None else mode
        _checkKind("perm", perm, int)
        _checkKind("mode", mode, str)
        want = _Want(perm=perm, clean=bool(clean), filed=bool(filed), extensioned=bool(extensioned), mode=mode)
        if temp:
            tail = self.CleanTailDirPath if clean else self.TailDirPath
            return self._makeTemp(os.path.join(tail, base, name), want)

        head, path = self._primary(name, base, headDirPath, clean)
        try:
            return path, _make(head, path, want)
        except OSError as ex:
            althead, altpath = self._fallback(name, base, clean)
            logger.info("%s instead of %s: %s", altpath, path, ex)
            return altpath, _make(althead, altpath, want)

    def exists(
        self,
        name: str = "",
        base: str = "",
        headDirPath: str | None = None,
        clean: bool = False,
        filed: bool = False,
        extensioned: bool = False,
        fext: str | None = None,
    ) -> bool:
        """Return whether anything is at the persistent path that the parameters say, or at its fallback.

        name, base, headDirPath, filed, extensioned, fext are as in the constructor and clean as in reopen, but None is
        the default of the class, not the value of this instance. Raises FilerError as the constructor does.
        """
        headDirPath = self.HeadDirPath if headDirPath is None else headDirPath
        name = self._named(name, base, headDirPath, fext, filed or extensioned)
        _, path = self._primary(name, base, headDirPath, clean)
        _, altpath = self._fallback(name, base, clean)
        return os.path.lexists(path) or os.path.lexists(altpath)

    def flush(self) -> None:
        """Bring what was written to the file, if one is open, to the disk."""
        if self.file is None or self.file.closed:
            return
        self.file.flush()
        try:
            os.fsync(self.file.fileno())
        except OSError as ex:
            if ex.errno not in UNSYNCABLE:
                raise

    def close(self, clear: bool = False) -> bool:
        """Flush and close the file if there is one; return True. Safe at any time, any number of times.

        clear: also remove what is at path, a directory with all it holds, and everything temporary that was made by
            this instance. Without clear nothing is removed, even if temp.

        Raises OSError if the last bytes could not be written; it is closed and cleared all the same.
        """
        try:
            self.flush()
        finally:
            self.opened = False
            try:
                self._closeFile()
            finally:
                if clear:
                    self._clear()
        return True

    # --- inside

    def _named(self, name: str, base: str, headDirPath: str, fext: str | None, extended: bool) -> str:
        """Check all parts; return name, if extended and without extension with fext (None: of the class)."""
        fext = self.Fext if fext is None else fext
        _check(name, base, fext, headDirPath)
        name = os.path.normpath(name)  # else "a/." and an empty extension would make "a/.."
        return f"{name}.{fext}" if extended and not os.path.splitext(name)[1] else name

    def _primary(self, name: str, base: str, headDirPath: str, clean: bool) -> tuple[str, str]:
        """Return head and path of the first choice."""
        head = os.path.abspath(os.path.expanduser(headDirPath))
        tail = self.CleanTailDirPath if clean else self.TailDirPath
        return head, os.path.normpath(os.path.join(head, tail, base, name))

    def _fallback(self, name: str, base: str, clean: bool) -> tuple[str, str]:
        """Return head and path of the second choice."""
        head = os.path.abspath(os.path.expanduser(self.AltHeadDirPath))
        tail = self.AltCleanTailDirPath if clean else self.AltTailDirPath
        return head, os.path.normpath(os.path.join(head, tail, base, name))

    def _makeTemp(self, below: str, want: _Want) -> tuple[str, IO[Any] | None]:
        """Make a fresh temporary directory and what is wanted below it; return path and file."""
        root = os.path.abspath(tempfile.mkdtemp(prefix=self.TempPrefix, suffix=self.TempSuffix, dir=self.TempHeadDir))
        path = os.path.normpath(os.path.join(root, below))
        try:
            file = _make(root, path, want)
        except BaseException:
            pathing.remove(root)
            raise
        self._tempRoots[path] = root
        return path, file

    def _closeFile(self) -> None:
        """Close the file if there is one."""
        if self.file is not None:
            self.file.close()

    def _clear(self) -> None:
        """Remove what is at path, and all temporary directories."""
        if self.path is not None and self.path not in self._tempRoots:
            pathing.remove(self.path)
        self._removeTemps()
        self.file = None

    def _removeTemps(self) -> None:
        """Remove the directories that were made for temporary paths."""
        while self._tempRoots:
            pathing.remove(self._tempRoots.popitem()[1])


def _checkKind(what: str, value: object, kind: type) -> None:
    """Raise TypeError unless value, for the parameter called what, is of that kind."""
    if not isinstance(value, kind):
        raise TypeError(f"{what} of a file must be of type {kind.__name__}, got {value!r}")


def _check(name: str, base: str, fext: str, headDirPath: str) -> None:
    """Raise FilerError unless these make a path below headDirPath, TypeError for what is no text."""
    for what, part, nested in (("name", name, True), ("base", base, True), ("fext", fext, False)):
        _checkKind(what, part, str)
        if wrong := pathing.flaw(part, nested=nested):
            raise FilerError(f"{what} of a file {wrong}: {part!r}")
    if pathing.isBlank(name):
        raise FilerError(f"name of a file must not be empty, got {name!r}")
    if not headDirPath or "\0" in headDirPath:
        raise FilerError(f"headDirPath must name a directory, got {headDirPath!r}")


def _absolute(head: str) -> str:
    """Return head, made absolute if it is relative to the working directory, which may change; "" stays an error."""
    return os.path.abspath(head) if head and not head.startswith("~") and not os.path.isabs(head) else head


def _make(head: str, path: str, want: _Want) -> IO[Any] | None:
    """Make what is wanted at path, with the directories above it below head; return the open file if it is one."""
    if want.clean:
        pathing.remove(path)
    parent = os.path.dirname(path)
    pathing.makeDirs(parent, head, mode=want.perm & 0o777 | pathing.PRIVATE_DIR)
    if want.filed:
        return _openFile(path, want.mode, want.perm)
    if want.extensioned:
        pathing.checkUsable(path if os.path.lexists(path) else parent)
    else:
        _makeDir(path, want.perm)
    return None


def _makeDir(path: str, perm: int) -> None:
    """Make the directory path with permission bits perm, or take the one that is there."""
    with suppress(FileExistsError):
        os.mkdir(path, pathing.PRIVATE_DIR)
    try:
        pathing.claimDir(path, perm)
    except NotADirectoryError as ex:
        raise FilerError(f"there is something else where a directory is to be: {path!r}") from ex


def _openFile(path: str, mode: str, perm: int) -> IO[Any]:
    """Open the file path with mode, or make it; give it those bits of perm that make sense for a file."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise FilerError(f"there is something else where a file is to be: {path!r}")
    file = helping.ocfn(path, mode, perm=pathing.PRIVATE_FILE, follow=False)
    try:
        pathing.claimFile(file.fileno(), perm & 0o666)
    except OSError:
        file.close()
        raise
    return file


def _reuse(path: str, filed: bool, extensioned: bool, mode: str, perm: int) -> IO[Any] | None:
    """Open what is at path as it is."""
    if filed:
        return _openFile(path, mode, perm)
    if not extensioned and not stat.S_ISDIR(os.lstat(path).st_mode):
        raise FilerError(f"there is something else where a directory is to be: {path!r}")
    return None


@contextmanager
def openFiler(
    cls: type[Filer] | None = None,
    name: str = "test",
    temp: bool = True,
    reopen: bool = True,
    clear: bool = False,
    **kwa: Any,
) -> Iterator[Filer]:
    """Yield a new cls(name=name, temp=temp, reopen=reopen, clear=clear, **kwa), cls None being Filer; close it at last.

    It is cleared then if clear, or if it is temporary at that time.
    """
    filer = (Filer if cls is None else cls)(name=name, temp=temp, reopen=reopen, clear=clear, **kwa)
    try:
        yield filer
    finally:
        filer.close(clear=filer.temp or clear)


class FilerDoer(doing.Doer):
    """Doer that opens a Filer as it enters and closes it as it exits, with clear if temporary; it never completes.

    Attribute filer is the Filer.
    """

    def __init__(self, filer: Filer, **kwa: Any) -> None:
        """Take filer, and what a Doer takes."""
        super().__init__(**kwa)
        self.filer = filer

    def enter(self, *, temp: bool | None = None) -> None:
        """Open filer unless it is open; temp, if not None, says whether it is temporary."""
        if not self.filer.opened:
            self.filer.reopen(temp=temp)

    def exit(self) -> None:
        """Close filer."""
        self.filer.close(clear=self.filer.temp)
