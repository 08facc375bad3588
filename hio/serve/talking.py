"""Channels between the supervisor and its workers: lines of JSON over a socket pair, without ever waiting.

Channel      one end
ChannelDoer  hands what comes on any of its channels to who wants it
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Generator
from typing import Any

from ..base import doing
from ..base.polling import READ, WRITE, Watch
from ..base.tyming import Tymth

Message = dict[str, Any]

#: Bytes that may wait for a far side that does not read. It is stuck then, and what is said to it is of no use.
Mark = 1 << 20


class Channel:
    """One end of a channel.

    Attributes:
        sock: connected socket, or None once closed.
        ended (bool): the far side is gone.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock: socket.socket | None = sock
        self.rxbs = bytearray()
        self.txbs = bytearray()
        self.ended = False
        self.watch: Watch | None = None

    def __repr__(self) -> str:
        return f"<Channel open={self.sock is not None} ended={self.ended} rx={len(self.rxbs)} tx={len(self.txbs)}>"

    def attach(self, watch: Watch) -> None:
        """Have watch woken when there is something to read."""
        self.watch = watch
        if self.sock is not None and watch.poller is not None:
            watch.poller.register(self.sock, watch, self, READ | (WRITE if self.txbs else 0))

    def detach(self) -> None:
        """Have nobody woken any more."""
        if self.sock is not None and self.watch is not None and self.watch.poller is not None:
            self.watch.poller.unregister(self.sock)
        self.watch = None

    def send(self, message: Message) -> None:
        """Say message, which JSON can hold, now or as soon as there is room.

        Nothing is said to a far side that is gone, or stuck.
        """
        if len(self.txbs) < Mark:
            self.txbs += json.dumps(message, separators=(",", ":")).encode() + b"\n"
            self.flush()

    def flush(self) -> None:
        """Send what the kernel takes."""
        if self.sock is None or self.ended:
            return
        waited = bool(self.txbs)
        try:
            while self.txbs:
                del self.txbs[: self.sock.send(self.txbs)]
        except BlockingIOError:
            pass
        except OSError:  # the far side is gone: receive will tell
            self.txbs.clear()
        if waited and self.watch is not None and self.watch.poller is not None:
            self.watch.poller.modify(self.sock, READ | (WRITE if self.txbs else 0))

    def receive(self) -> list[Message]:
        """Return what came; sets .ended once the far side is gone."""
        if self.sock is None or self.ended:
            return []
        try:
            while data := self.sock.recv(65536):
                self.rxbs += data
            self.ended = True
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True
        *lines, rest = bytes(self.rxbs).split(b"\n")
        self.rxbs[:] = rest
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Close this end."""
        self.detach()
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def drain(self) -> None:
        """Wait until all is sent that was said, for who is about to end; at most a second."""
        if self.sock is not None and self.txbs:
            self.sock.settimeout(1.0)
            try:
                self.sock.sendall(self.txbs)
            except OSError:
                pass

    def forsake(self) -> None:
        """Close the descriptor of this process only, in a child that has no use for it."""
        if self.sock is not None:
            sock, self.sock = self.sock, None
            sock.close()


class ChannelDoer(doing.Doer):
    """Hands what comes to handle(channel, message); message is None once the far side is gone. Rests meanwhile."""

    def __init__(self, handle: Callable[[Channel, Message | None], None], **kwa: Any) -> None:
        super().__init__(**kwa)
        self.handle = handle
        self.watch = Watch()
        self.channels: dict[Channel, None] = {}

    def wind(self, tymth: Tymth) -> None:
        """Go by tymth."""
        super().wind(tymth)
        self.watch.poller = getattr(tymth, "poller", None)
        for channel in self.channels:
            channel.attach(self.watch)

    def add(self, channel: Channel) -> None:
        """Mind a channel from now on."""
        self.channels[channel] = None
        if self.watch.poller is not None:
            channel.attach(self.watch)

    def remove(self, channel: Channel) -> None:
        """Close a channel and mind it no longer."""
        self.channels.pop(channel, None)
        channel.close()

    def recur(self, tock: float = 0.0) -> Generator[float, float, bool]:
        """Rest until something came."""
        while True:
            yield self.watch
            writers, self.watch.writers = list(self.watch.writers), []
            for channel in writers:
                channel.flush()
            readers, self.watch.readers = list(self.watch.readers), []
            for channel in readers:
                if channel not in self.channels:
                    continue
                for message in channel.receive():
                    self.handle(channel, message)
                if channel.ended and channel in self.channels:
                    self.remove(channel)
                    self.handle(channel, None)

    def exit(self) -> None:
        """Mind the channels no longer; whoever owns them may still have something to say."""
        for channel in self.channels:
            channel.detach()
        self.channels.clear()
