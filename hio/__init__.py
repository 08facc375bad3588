"""HTTP clients and servers inside one cooperative loop, whose clock and network are handed in.

hio.help   small data types and logging
hio.base   the clock and the scheduler
hio.core   byte streams, HTTP, wire logs
"""

from . import help
from .hioing import (
    FilerError,
    HierError,
    HioError,
    MemoerError,
    MemoerVerifyError,
    Mixin,
    MultiError,
    NamerError,
    OglerError,
    SizeError,
    ValidationError,
    VersionError,
)

__version__ = "0.8.0"

__all__ = [
    "FilerError",
    "HierError",
    "HioError",
    "MemoerError",
    "MemoerVerifyError",
    "Mixin",
    "MultiError",
    "NamerError",
    "OglerError",
    "SizeError",
    "ValidationError",
    "VersionError",
    "help",
]
