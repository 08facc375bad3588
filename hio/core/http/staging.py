"""Staged: a Parsent without a generator, which parses a whole message in one pass and waits only for what is not whole.

Stage     how far a message got
Staged    base of Requestant and Respondent: its flags follow from the stage, its facts are made when looked at

Knows no socket, no tyme, and no side: how a head is parsed, and when, is for the subclass.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from ...help import Hict
from .faulting import HTTPException
from .framing import NOTHING, BodyReader, Framing, Kind
from .heading import Fields
from .parsing import Head, Parsent, Steps


class Stage(IntEnum):
    """How far a message got."""

    NONE = 0  # nothing was parsed ever
    WAITING = 1  # for the end of the head
    HEADED = 2  # for the end of the body
    ENDED = 3  # complete, or given up


NONE, WAITING, HEADED, ENDED = Stage  # PERF: a global is looked up in half the time of Stage.ENDED


class VersionedHead(Head, Protocol):
    """What a Staged wants of a head."""

    @property
    def version(self) -> tuple[int, int]: ...


class Staged(Parsent):
    """A Parsent whose progress is a Stage. See Parsent for what its attributes mean.

    What other Parsents keep is worked out here when it is asked for: hence the properties that override attributes.
    """

    # PERF: class attributes where most messages never have another value: an idle connection costs 0.4 KB, not 1 KB
    head: VersionedHead | None = None
    stage: Stage = NONE
    armed = True
    errored = False
    error: str | None = None
    fault: HTTPException | None = None
    closed: bool | None = None
    framing_: Framing = NOTHING
    reader: BodyReader | None = None
    text = ""
    data: object = None
    persisted: bool | None = None
    _headers: Hict | None = None
    _content: tuple[bool, str] | None = None
    _trails: Fields | None = None
    _parms: dict[str, str | bool] | None = None

    @property
    def parser(self) -> Steps | None:
        """A generator of the steps to the end of the message; None once there are none, until makeParser().

        Whoever sets it to None gives the message up where it is.
        """
        return self.parseMessage() if self.armed else None

    @parser.setter
    def parser(self, parser: Steps | None) -> None:
        self.armed = parser is not None

    def parseMessage(self) -> Steps:
        """Parse the message in work, yielding None where more of it is needed."""
        while self.armed:
            self.parse()
            if self.armed:
                yield None

    def parseHead(self) -> Steps:
        """As parseMessage, but no longer than until the head is whole; what is there of the body is read as well."""
        while self.armed and self.stage < HEADED:
            self.parse()
            if self.armed and self.stage < HEADED:
                yield None

    def parseBody(self) -> Steps:
        """As parseMessage."""
        return self.parseMessage()

    @property
    def started(self) -> bool | None:  # type: ignore[override]
        """Whether the first byte of a message came and its last did not; None before anything was parsed."""
        if self.stage is NONE:
            return None
        return self.stage is HEADED or (self.stage is WAITING and bool(self.msg))

    @property
    def bodied(self) -> bool | None:  # type: ignore[override]
        """Whether the body is complete; None before anything was parsed."""
        return None if self.stage is NONE else self.stage is ENDED and not self.errored

    @property
    def ended(self) -> bool | None:  # type: ignore[override]
        """Whether the message is complete or given up; None before anything was parsed."""
        return None if self.stage is NONE else self.stage is ENDED

    @property
    def version(self) -> tuple[int, int] | None:  # type: ignore[override]
        """(1, 0) or (1, 1); None before the first head."""
        return self.head.version if self.head is not None else None

    @property
    def chunked(self) -> bool | None:  # type: ignore[override]
        """Whether the body comes in chunks; None before a head."""
        return self.framing_.kind is Kind.CHUNKED if self.head is not None else None

    @property
    def parms(self) -> dict[str, str | bool] | None:  # type: ignore[override]
        """Extensions of the last chunk that had any, else None."""
        return self._parms

    @property
    def trails(self) -> Hict | None:  # type: ignore[override]
        """Hict of the trailer fields, which are never merged into headers; None without a chunked body."""
        return None if self._trails is None else Hict(self._trails)

    def end(self) -> None:
        """Note that the message is complete or given up."""
        self.stage = ENDED
        self.armed = False
