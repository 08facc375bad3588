"""Small functions that belong to no one module.

arguments    typed
numbers      isign, sceil
functions    copyfunc, takesKeyword, attributize
sequences    repack, just, isIterator, isNonStringIterable, isNonStringSequence and the classes behind these two
files        ocfn, dump, load
Base64       intToB64, b64ToInt and their kin: integers and bytes as digits of six bits, called sextets
patterns     Reb64, Reat
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import math
import os
import re
from abc import ABC
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from fractions import Fraction
from types import FunctionType, MethodType, ModuleType, TracebackType
from typing import IO, Any, TypeVar

T = TypeVar("T")


# --- arguments


def typed(name: str, value: T, *kinds: type) -> T:
    """Return value, the argument called name. Raises TypeError, naming both, unless it is None or of one of kinds."""
    if value is not None and not isinstance(value, kinds):
        raise TypeError(f"{name} must be a {' or '.join(kind.__name__ for kind in kinds)}, got {value!r:.80}")
    return value


# --- numbers


def isign(i: float) -> int:
    """Return the sign of i: 1, 0 or -1."""
    return (i > 0) - (i < 0)


def sceil(r: float | Fraction) -> int:
    """Return the integer nearest to r that is not nearer to zero: 1.1 gives 2, -1.1 gives -2, 3 gives 3."""
    return math.ceil(r) if r > 0 else math.floor(r)


# --- functions


def copyfunc(f: Callable[..., Any], name: str | None = None) -> FunctionType:
    """Return a function that does what f does and shares nothing of f that can be assigned to.

    f may be a bound method; what comes back then is a plain function that takes self.
    name becomes the copy's __name__; None keeps that of f. Raises TypeError if f is neither function nor method.
    """
    source: Any = f.__func__ if isinstance(f, MethodType) else f
    if not isinstance(source, FunctionType):
        raise TypeError(f"only a function or method of Python can be copied, got {f!r}")
    copy = FunctionType(source.__code__, source.__globals__, source.__name__, source.__defaults__, source.__closure__)
    functools.update_wrapper(copy, source)
    copy.__dict__ = dict(source.__dict__)  # without the __wrapped__ that update_wrapper adds: a copy wraps nothing
    copy.__kwdefaults__ = dict(source.__kwdefaults__) if source.__kwdefaults__ else None
    if "__annotations__" in functools.WRAPPER_ASSIGNMENTS:  # from Python 3.14 on they are computed, not shared
        copy.__annotations__ = dict(source.__annotations__)
    if name is not None:
        copy.__name__ = name
    return copy


def takesKeyword(f: Callable[..., Any], name: str, *, named: bool = False) -> bool:
    """Return whether function or method f can be called with a keyword argument of that name.

    named: True asks for a parameter of that name, so that one which takes any keyword does not count.
    What is decorated by functools.wraps counts as what it wraps; what is no Python function, as taking any keyword.
    """
    f = inspect.unwrap(f)
    code = getattr(getattr(f, "__func__", f), "__code__", None)  # PERF: 3 us, where inspect.signature takes 19
    if code is None:
        return not named
    if name in code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount]:
        return True
    return not named and bool(code.co_flags & inspect.CO_VARKEYWORDS)


class AttributiveGenerator(Generator[Any, Any, Any]):
    """A generator that can carry attributes; made by what attributize decorates."""

    def __init__(self) -> None:
        self._genie: Generator[Any, Any, Any]  # set by attributize, since it is made with this object as argument

    def __next__(self) -> Any:
        return next(self._genie)

    def send(self, value: Any) -> Any:
        """Resume the generator with value."""
        return self._genie.send(value)

    def throw(self, typ: Any, val: Any = None, tb: TracebackType | None = None) -> Any:
        """Raise an exception where the generator stands; typ, val, tb as of the throw of a generator."""
        if val is None and tb is None:
            return self._genie.throw(typ)
        return self._genie.throw(typ, val, tb)

    def close(self) -> None:
        """End the generator where it stands."""
        self._genie.close()


def attributize(genie: Callable[..., Generator[Any, Any, Any]]) -> Callable[..., AttributiveGenerator]:
    """Decorate a generator function or method so that its generators can carry attributes.

    The generator-like object is handed to genie as its first argument, or as the second if the first is called self.
    As with any generator nothing in the body happens before the first next, so neither do attributes exist before.
    """
    skipped = 1 if next(iter(inspect.signature(genie).parameters), None) == "self" else 0

    @functools.wraps(genie)
    def wrapper(*pa: Any, **kwa: Any) -> AttributiveGenerator:
        me = AttributiveGenerator()
        me._genie = genie(*pa[:skipped], me, *pa[skipped:], **kwa)
        return me

    return wrapper


# --- sequences


def repack(n: int, seq: Iterable[Any], default: Any = None) -> Iterator[Any]:
    """Yield n items: the first n-1 elements of seq, default for those that lack, then a tuple of the rest."""
    if n < 1:
        return
    elements = iter(seq)
    for _ in range(n - 1):
        yield next(elements, default)
    yield tuple(elements)


def just(n: int, seq: Iterable[Any], default: Any = None) -> Iterator[Any]:
    """Yield n items: the first n elements of seq, default for those that lack."""
    elements = iter(seq)
    for _ in range(n):
        yield next(elements, default)


class NonStringIterable(ABC):  # noqa: B024
    """What can be iterated over, except str and bytes: for isinstance and issubclass."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        if cls is not NonStringIterable:
            return NotImplemented  # type: ignore[no-any-return]
        return bool(issubclass(other, Iterable) and not issubclass(other, (str, bytes)))


class NonStringSequence(ABC):  # noqa: B024
    """What is a sequence, except str and bytes: for isinstance and issubclass."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        if cls is not NonStringSequence:
            return NotImplemented  # type: ignore[no-any-return]
        return bool(issubclass(other, Sequence) and not issubclass(other, (str, bytes)))


def isNonStringIterable(obj: Any) -> bool:
    """Return whether obj can be iterated over and is neither str nor bytes."""
    return isinstance(obj, NonStringIterable)


def isNonStringSequence(obj: Any) -> bool:
    """Return whether obj is a sequence and neither str nor bytes."""
    return isinstance(obj, NonStringSequence)


nonStringIterable = isNonStringIterable
nonStringSequence = isNonStringSequence


def isIterator(obj: Any) -> bool:
    """Return whether obj is an iterator: a generator is; a list, or a generator function, is not."""
    return isinstance(obj, Iterator) and iter(obj) is obj


# --- files


def ocfn(path: str | os.PathLike[str], mode: str = "r+", perm: int = 0o600, *, follow: bool = True) -> IO[Any]:
    """Open the file at path, or create it, and return the file object.

    If nothing is there the file is created, atomically, with permission bits perm as far as the umask lets them
    through; it is empty and open for reading and writing, whatever mode says. Otherwise it is opened with mode.
    Either is binary if mode has a b, else UTF-8 text.
    follow: False refuses, with OSError, a symbolic link as the last part of path, where the system can tell.
    """
    binary, encoding = ("b", None) if "b" in mode else ("", "utf-8")
    extra = 0 if follow else getattr(os, "O_NOFOLLOW", 0)

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | extra, perm)

    def maker(name: str, flags: int) -> int:
        return opener(name, flags | os.O_EXCL)

    try:
        return open(path, f"w+{binary}", encoding=encoding, opener=maker)
    except FileExistsError:
        return open(path, mode, encoding=encoding, opener=opener)


def _codec(name: str) -> ModuleType:
    """Return the module of an optional serialisation; ImportError says what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as ex:
        raise ImportError(f"{name} is needed for this file type; install it with: pip install 'hio[serial]'") from ex


_DUMPS: dict[str, Callable[[Any], bytes]] = {
    ".json": lambda data: json.dumps(data, indent=2, ensure_ascii=False).encode(),
    ".mgpk": lambda data: _codec("msgpack").packb(data),
    ".cbor": lambda data: _codec("cbor2").dumps(data),
}

_LOADS: dict[str, Callable[[bytes], Any]] = {
    ".json": json.loads,
    ".mgpk": lambda raw: _codec("msgpack").unpackb(raw),
    ".cbor": lambda raw: _codec("cbor2").loads(raw),
}


def _byExtension(table: dict[str, T], path: str | os.PathLike[str]) -> T:
    """Return the entry of table for the extension of path; OSError if there is none."""
    ext = os.path.splitext(path)[1]
    if ext not in table:
        raise OSError(f"file extension must be one of {', '.join(table)}, got {ext!r} in {os.fspath(path)!r}")
    return table[ext]


def dump(data: Any, path: str | os.PathLike[str]) -> None:
    """Write data to the file at path, replacing what is there, and wait until it is on the disk.

    The extension decides: .json, .mgpk (MessagePack) or .cbor, the last two with the extra hio[serial].
    Raises OSError for another extension or a blank in path, and what the serialisation raises for data that it
    cannot take; the file is then untouched.
    """
    if " " in os.fspath(path):
        raise OSError(f"path must not hold a blank, got {os.fspath(path)!r}")
    raw = _byExtension(_DUMPS, path)(data)
    with ocfn(path, "w+b") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def load(path: str | os.PathLike[str]) -> Any:
    """Return the data that dump wrote to the file at path; OSError for an extension that dump does not know."""
    loads = _byExtension(_LOADS, path)
    with open(path, "rb") as file:
        return loads(file.read())


# --- Base64, with the alphabet for URLs and file names (RFC 4648, 5) and without padding

B64ChrByIdx = dict(enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
B64IdxByChr = {digit: index for index, digit in B64ChrByIdx.items()}

Reb64 = re.compile(rb"[A-Za-z0-9\-_]*\Z")  # use with match: Base64 digits and nothing else
Reat = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")  # use with match: a name that can be an attribute


def intToB64(i: int, l: int = 1) -> str:  # noqa: E741
    """Return the Base64 digits of i, most significant first, filled up on the left with A to l of them.

    More than l digits are returned if i needs them, but none at all for l=0. Raises ValueError if i is negative,
    TypeError if it is no integer.
    """
    if l == 0:
        return ""
    if not isinstance(i, int):
        raise TypeError(f"only an int has Base64 digits, got {i!r}")
    if i < 0:
        raise ValueError(f"integer must be 0 or more, got {i}")
    digits = []
    while i:
        i, index = divmod(i, 64)
        digits.append(B64ChrByIdx[index])
    return "".join(reversed(digits)).rjust(l, "A")


def intToB64b(i: int, l: int = 1) -> bytes:  # noqa: E741
    """Return what intToB64 does for integer i and at least l digits, as bytes."""
    return intToB64(i, l).encode()


def b64ToInt(s: str | bytes) -> int:
    """Return the integer that the Base64 digits s say. Raises ValueError for none, or for one that is not a digit."""
    if isinstance(s, bytes):
        s = s.decode("latin-1")  # maps each byte to one character: bytes that are no digit are found below
    if not s:
        raise ValueError("no Base64 digits")
    value = 0
    for digit in s:
        if digit not in B64IdxByChr:
            raise ValueError(f"{digit!r} is no URL-safe Base64 digit in {s!r}")
        value = value * 64 + B64IdxByChr[digit]
    return value


def _bytesFor(sextets: int) -> int:
    """Return how many bytes hold so many sextets."""
    return (3 * sextets + 3) // 4


def _padFor(sextets: int) -> int:
    """Return how many bits of those bytes are left over on the right: 0, 2, 4 or 6 of them."""
    return 2 * (sextets % 4)


def codeB64ToB2(s: str | bytes) -> bytes:
    """Return the Base64 digits s as bytes, aligned left, the bits left over on the right zero. Raises as b64ToInt."""
    return (b64ToInt(s) << _padFor(len(s))).to_bytes(_bytesFor(len(s)), "big")


def _sextets(b: bytes, l: int) -> int:  # noqa: E741
    """Return the integer that the first l sextets of b make; ValueError if b is too short."""
    size = _bytesFor(l)
    if size > len(b):
        raise ValueError(f"{l} sextets need {size} bytes, got {len(b)}")
    return int.from_bytes(b[:size], "big") >> _padFor(l)


def codeB2ToB64(b: bytes, l: int) -> str:  # noqa: E741
    """Return the first l sextets of b as Base64 digits. Raises ValueError if b is too short."""
    return intToB64(_sextets(b, l), l)


def nabSextets(b: bytes, l: int) -> bytes:  # noqa: E741
    """Return the first l sextets of b as bytes, the bits left over on the right zero.

    Raises ValueError if b is too short.
    """
    return (_sextets(b, l) << _padFor(l)).to_bytes(_bytesFor(l), "big")
