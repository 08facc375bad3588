"""Mappings from text to several values each, kept in the order in which they were added.

Hict   names compared without case: header fields (RFC 9110, 5.1 and 5.3)
Mict   names compared exactly: anything else where a name may come twice

Both are multidicts, so add, getall, getone, extend, update, popall and the rest are inherited. What is added here:
the newest value of a name (nabone, nab, naball), one pair for each name (firsts, lasts), and keys that list a name
as often as it is there. To nab is to take from the newest end.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict, MultiDict

_RAISE = object()  # stands for: no default was given, a missing key is a KeyError

if TYPE_CHECKING:

    class _Multi:
        """What _Nabbing takes from the multidict that it is mixed with."""

        def items(self) -> ItemsView[str, Any]: ...
        def getall(self, key: str) -> list[Any]: ...
        def extend(self, arg: Mapping[str, Any]) -> None: ...

else:
    _Multi = object


class _Nabbing(_Multi):
    """The methods that Hict and Mict have beyond a multidict."""

    __slots__ = ()

    def __init__(self, arg: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None, /, **kwa: Any) -> None:
        """Start with the items of arg, then those of kwa.

        arg is a mapping or an iterable of (key, value); None is an empty one.
        """
        super().__init__(() if arg is None else arg)  # type: ignore[call-arg]
        if kwa:
            self.extend(kwa)  # as a mapping: multidict without its C extension would take a key called arg for its own

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.items())!r})"

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys as keys() lists them."""
        return iter([key for key, _ in self.items()])

    def keys(self) -> KeysView[str]:
        """Return a view of the keys: one for each stored item, in order, as spelled, repeats included."""
        return KeysView(self)  # type: ignore[arg-type]

    def nabone(self, key: str, default: Any = _RAISE) -> Any:
        """Return the newest value of key; if there is none default, or KeyError without default."""
        values = self.naball(key, None)
        if values:
            return values[0]
        if default is _RAISE:
            raise KeyError(key)
        return default

    def nab(self, key: str, default: Any = None) -> Any:
        """Return the newest value of key; default if there is none."""
        return self.nabone(key, default)

    def naball(self, key: str, default: Any = _RAISE) -> Any:
        """Return the list of all values of key, newest first; if there is none default, or KeyError without default."""
        try:
            return self.getall(key)[::-1]
        except KeyError:
            if default is _RAISE:
                raise
            return default

    def firsts(self) -> list[tuple[str, Any]]:
        """Return (key, oldest value) for each key, in order of first appearance and in its first spelling."""
        return [(key, values[0]) for key, values in self._grouped()]

    def lasts(self) -> list[tuple[str, Any]]:
        """Return (key, newest value) for each key, in order of first appearance and in its first spelling."""
        return [(key, values[-1]) for key, values in self._grouped()]

    def _grouped(self) -> list[tuple[str, list[Any]]]:
        """Return (key, all its values) for each key once."""
        groups: dict[str, tuple[str, list[Any]]] = {}
        for key, value in self.items():
            groups.setdefault(self._fold(key), (key, []))[1].append(value)
        return list(groups.values())

    @staticmethod
    def _fold(key: str) -> str:
        """Return what two spellings of one key have in common."""
        return key


class Hict(_Nabbing, CIMultiDict[Any]):  # type: ignore[misc]  # keys() differs on purpose
    """Several values a name, names compared without case: `Hict(arg=None, **kwa)`.

    Two Hict are equal when they hold as many items in the same order, names compared without case. A Hict equals a
    plain dict when they hold as many items and each item of the Hict is in the dict in exactly that spelling.
    """

    @staticmethod
    def _fold(key: str) -> str:
        return key.lower()  # as multidict folds case


class Mict(_Nabbing, MultiDict[Any]):  # type: ignore[misc]  # keys() differs on purpose
    """Several values a name, names compared exactly: `Mict(arg=None, **kwa)`."""
