"""What hio serve cannot do, and how it ends.

Refusal   what was asked for cannot be done; its text is one line for the user
Status    exit statuses, as the documentation has them
"""

from __future__ import annotations

from enum import IntEnum

from ..hioing import HioError


class Status(IntEnum):
    """Exit statuses."""

    DONE = 0  # served until a signal ended it, and everybody was answered
    FAILED = 1  # a bug of hio's own, with a traceback
    REFUSED = 2  # flags, files, addresses or the app are not what they must be; nothing was served
    DYING = 3  # workers die as soon as they are started
    CUT = 4  # a signal ended it, and some requests had to be broken off, which the log lists


class Refusal(HioError):
    """What was asked for cannot be done. Its text is one line for the user: what is wrong, and what would be right.

    Attributes:
        status (Status): with which the program ends.
    """

    def __init__(self, text: str, status: Status = Status.REFUSED) -> None:
        super().__init__(text)
        self.status = status
