"""Wait in asyncio.

Ear   ends an await when a descriptor is ready, when it is told to, or when time is up
"""

from __future__ import annotations

import asyncio


class Ear:
    """Waits, in one task of loop, for whatever comes first: seconds, a readable descriptor, or finish().

    It stays registered from wait to wait: that would be two system calls for each, beside the one of the wait itself.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.fd: int | None = None
        self.future: asyncio.Future[None] | None = None

    def listen(self, fd: int | None) -> None:
        """Listen at descriptor fd from now on, and at no other; None: at none."""
        if fd == self.fd:
            return
        if self.fd is not None:
            self.loop.remove_reader(self.fd)
            self.fd = None
        if fd is not None:
            try:
                self.loop.add_reader(fd, self.finish)
            except NotImplementedError:  # a loop without readiness, as one of Windows: then time alone ends the wait
                return
            self.fd = fd

    async def wait(self, seconds: float | None) -> None:
        """Wait at most seconds; None: without end."""
        self.future = self.loop.create_future()
        handle = None if seconds is None else self.loop.call_later(seconds, self.finish)
        try:
            await self.future
        finally:
            self.future = None
            if handle is not None:
                handle.cancel()

    def finish(self) -> None:
        """End the wait that is going on."""
        if self.future is not None and not self.future.done():
            self.future.set_result(None)

    def close(self) -> None:
        """Listen no more."""
        self.listen(None)
