"""Wait between the turns of a run.

Waiter       waits in a poller, or in asyncio, until something is ready, time is up, or somebody rings
StallError   nothing can ever happen again
"""

from __future__ import annotations

import asyncio

from ..hioing import HioError
from .awaiting import Ear
from .interrupting import Interrupts
from .polling import Bell, Poller, Watch, nap


class StallError(HioError):
    """All that is left waits for something that cannot come."""


class Waiter:
    """Waits for the run of a Doist.

    Attributes:
        poller (Poller): in which it waits. While it does, poller.alarm ends that.
        bell (Bell | None): hangs in the poller, if that is one that can wait, so that a wait ends whenever it is rung.
        interrupts (Interrupts | None): whose signals ring the bell.
    """

    def __init__(self, poller: Poller) -> None:
        self.poller = poller
        self.bell: Bell | None = None
        self.interrupts: Interrupts | None = None

    def hang(self) -> None:
        """Hang up a bell, if the poller is one that can wait."""
        if self.bell is not None:
            return
        try:
            self.poller.fileno()
        except NotImplementedError:
            return
        self.bell = Bell(self.poller)
        if self.interrupts is not None:
            self.interrupts.ring(self.bell.fd)

    def unhang(self) -> None:
        """Take the bell down."""
        if self.interrupts is not None:
            self.interrupts.hush()
        if self.bell is not None:
            self.bell.close()
            self.bell = None

    def ring(self) -> None:
        """End the wait that is going on, or the next one if there is a bell. From any thread if there is one."""
        if self.bell is not None:
            self.bell.ring()
        elif self.poller.alarm is not None:
            self.poller.alarm()

    def quiet(self, watch: Watch) -> bool:
        """Take back all rings so far, if watch is that of the bell; return whether it is."""
        if self.bell is None or watch is not self.bell.watch:
            return False
        self.bell.quiet()
        return True

    @property
    def lonely(self) -> bool:
        """Whether no socket is registered, the bell left aside."""
        return len(self.poller) <= (self.bell is not None)

    def wait(self, seconds: float | None, blind: bool) -> None:
        """Wait for seconds, or without end; blind: for no socket, as one that is ready is nobody's.

        Raises StallError for a wait without end in a poller that cannot wait.
        """
        bell, poller = self.bell, self.poller
        if bell is None:
            if seconds is None:
                raise StallError(f"{poller!r} cannot wait for what is to wake the doers left")
            nap(seconds)
            return
        poller.alarm = bell.ring
        try:
            if blind and seconds is not None:
                bell.wait(seconds)
            elif not poller.woken:
                poller.poll(seconds)
        finally:
            poller.alarm = None

    async def listen(self, seconds: float | None, blind: bool, ear: Ear) -> None:
        """Do the same in asyncio; for 0.0 seconds, let others have their turn."""
        if seconds == 0.0:
            await asyncio.sleep(0)
            return
        bell, poller = self.bell, self.poller
        ear.listen(None if bell is None else bell.rx.fileno() if blind else poller.fileno())
        poller.alarm = ear.finish
        try:
            if not poller.woken:
                await ear.wait(seconds)
        finally:
            poller.alarm = None
        poller.poll(0.0)
