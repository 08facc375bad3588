"""Root exceptions of hio, and the root of its cooperative multiple inheritance.

HioError   root of what hio raises for reasons of its own; below it one exception a concern
UnknownArgumentWarning   a constructor was given a keyword that nobody has a use for
Mixin      ends a chain of super().__init__(**kwa) calls

Imports nothing of hio.
"""

from __future__ import annotations

import sys
import warnings
from types import FrameType
from typing import Any


class HioError(Exception):
    """Root of the exceptions that hio defines."""


class SizeError(HioError):
    """A size is out of its bounds."""


class ValidationError(HioError):
    """A value does not hold what it must."""


class VersionError(ValidationError):
    """A version is unknown or does not fit."""


class OglerError(HioError):
    """A log cannot be set up as asked."""


class FilerError(HioError):
    """A path or file is not what it must be."""


class NamerError(HioError):
    """A name or address cannot be mapped."""


class MultiError(HioError):
    """Cooperating processes went wrong."""


class HierError(HioError):
    """A hierarchy of actions is not well formed."""


class MemoerError(HioError):
    """A memo cannot be sent or received."""


class MemoerVerifyError(MemoerError):
    """The signature of a memo does not verify."""


class UnknownArgumentWarning(UserWarning):
    """A constructor was given a keyword argument that nobody in its chain knows: misspelt perhaps."""


class Mixin:
    """End of a chain of cooperative constructors: takes any argument and drops it.

    Classes that share one instance through multiple inheritance pass what they do not know on to
    super().__init__; the last of the chain must take whatever is left, and object does not.

    Class attribute Takers names the methods whose parameters a constructor of the class takes on their behalf.
    """

    Takers: tuple[str, ...] = ("__init__",)

    def __init__(self, *pa: Any, **kwa: Any) -> None:
        """Drop pa and kwa, with an UnknownArgumentWarning for keywords that no class of the chain has a use for."""
        unknown = [name for name in kwa if not _knows(type(self), name)]
        if unknown:
            warnings.warn(
                f"{type(self).__name__} takes no argument {', '.join(unknown)}, and ignores it",
                UnknownArgumentWarning,
                stacklevel=_depth(),
            )


def _knows(cls: type[Mixin], name: str) -> bool:
    """Whether some class in the chain of cls has a parameter of that name; it may pass it on all the same."""
    for base in cls.__mro__:
        for taker in cls.Takers:
            code = getattr(vars(base).get(taker), "__code__", None)
            if code is not None and name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
                return True
    return False


def _depth() -> int:
    """Return how far up the call stack, seen from Mixin.__init__, the program's call is that led to the instance."""
    frame = sys._getframe(1)
    depth = 1
    while frame.f_back is not None and (frame.f_code.co_name == "__init__" or _ours(frame)):
        frame = frame.f_back
        depth += 1
    return depth


def _ours(frame: FrameType) -> bool:
    """Whether a frame is of hio itself."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "hio"
