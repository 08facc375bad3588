"""Root exceptions of hio, and the root of its cooperative multiple inheritance.

HioError   root of what hio raises for reasons of its own; below it one exception a concern
Mixin      ends a chain of super().__init__(**kwa) calls

Imports nothing of hio.
"""

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


class Mixin:
    """End of a chain of cooperative constructors: takes any argument and drops it.

    Classes that share one instance through multiple inheritance pass what they do not know on to
    super().__init__; the last of the chain must take whatever is left, and object does not.
    """

    def __init__(self, *pa: Any, **kwa: Any) -> None:
        pass
