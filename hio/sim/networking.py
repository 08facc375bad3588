"""Hosts, the links between them, and what will happen.

Network   the heap of what will happen: the tyme of the network is that of its last event
Station   one host on it: its addresses, ports and open sockets

Knows what a socket is only as far as what it sent may have to wait, and nothing of what a host runs.
"""

from __future__ import annotations

from collections.abc import Callable
from errno import EADDRNOTAVAIL
from heapq import heapify, heappop, heappush
from itertools import count
from os import strerror
from typing import Any

from .failing import SimError
from .linking import DOWN, Held, Link, Sender, Terms
from .tracing import Kind, Trace

#: Seconds for which TCP sends again what is not answered, before it gives up (Linux: tcp_retries2 of 15).
PATIENCE = 924.6
EPHEMERAL = (49152, 65535)  # RFC 6335, 6

Action = Callable[[int, Any], None]


class Network:
    """Hosts, the links between them, and what will happen.

    Parameters:
        seed: what every chance comes from.
        trace: where it is written down; None: a new one.
        terms (Terms): what links are like unless told otherwise.

    Attributes:
        now (float): tyme of the network in seconds.
        heap (list): (due, serial, act, segment, data): act(segment, data) is called at tyme due.
        hosts (dict[str, Station]): by name. addresses (dict[str, Station]): by address.
        links (dict[tuple[str, str], Link]): by (from, to), those that were asked for so far.
        ready (list[Station]): hosts that something happened to, for the run to give a turn.
        loose (bool): whether nobody turns the tyme.
        serial (count): numbers segments and whatever else is in the heap.
        connections (count): numbers connections, from 1.
    """

    def __init__(self, seed: int | str = 0, trace: Trace | None = None, terms: Terms | None = None) -> None:
        self.seed = seed
        self.trace = trace if trace is not None else Trace()
        self.terms = terms or Terms()
        self.now = 0.0
        self.heap: list[tuple[float, int, Action, int, Any]] = []
        self.hosts: dict[str, Station] = {}
        self.addresses: dict[str, Station] = {}
        self.links: dict[tuple[str, str], Link] = {}
        self.ready: list[Station] = []
        self.loose = True
        self.tymth: Callable[[], float] | None = None
        self.serial = count(1)
        self.connections = count(1)
        self.numbers = count(1)

    def __repr__(self) -> str:
        return f"<Network now={self.now} hosts={list(self.hosts)} due={len(self.heap)}>"

    def named(self, name: str) -> Station:
        """Return the station of the host of that name. Raises SimError, with the names there are, when it is none."""
        try:
            return self.hosts[name]
        except KeyError:
            raise SimError(f"no host is called {name!r}; there are {', '.join(self.hosts) or 'none'}") from None

    def link(self, src: str, dst: str) -> Link:
        """Return the link from host src to host dst, made when it is first asked for.

        Raises SimError for an unknown host.
        """
        link = self.links.get((src, dst))
        if link is None:
            self.named(src)
            down = self.named(dst).down
            terms = Terms() if src == dst else self.terms
            link = self.links[src, dst] = Link(src, dst, terms, self.seed)
            link.blocked = DOWN if down else 0
        return link

    # -- tyme ---------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """Return the tyme: what paces hosts."""
        return self.now

    def push(self, due: float, act: Action, data: Any = None) -> int:
        """Have act(serial, data) called at tyme due; return the serial."""
        serial = next(self.serial)
        heappush(self.heap, (due, serial, act, serial, data))
        return serial

    def wind(self, tymth: Callable[[], float] | None) -> None:
        """Go by tymth, for a loose network."""
        self.tymth = tymth

    def catchUp(self) -> None:
        """Let happen what is due. Only for a loose network."""
        tymth = self.tymth
        if tymth is not None and tymth() > self.now:
            goal = tymth()
        else:
            goal = self.now
        heap = self.heap
        while heap and heap[0][0] <= goal:
            due, _, act, segment, data = heappop(heap)
            self.now = due
            act(segment, data)
        self.now = goal

    # -- blocked links ------------------------------------------------------------------------------------

    def keep(self, link: Link, sock: Sender, act: Action, segment: int, data: Any) -> None:
        """Keep what cannot pass link; sock, whose it is, sends it again, and gives up after a while.

        act(segment, data) is what its arrival does.
        """
        link.held.append(Held(self.now, sock, act, segment, data))
        sock.note(Kind.WAIT, segment, note=f"{link.src} > {link.dst} is blocked")
        self.worry(sock)

    def worry(self, sock: Sender) -> None:
        """Have sock give up if it is not answered for PATIENCE seconds."""
        if not sock.worried:
            sock.worried = True
            self.push(self.now + PATIENCE, self.despair, sock)

    def despair(self, _: int, sock: Sender) -> None:
        """See whether what sock sent is still not answered."""
        sock.worried = False
        waits = [held.since for held in sock.link.held if held.sock is sock]
        if sock.peer is not None:
            waits += [held.since for held in sock.peer.link.held if held.sock is sock]
        if not waits:
            return
        if self.now - min(waits) >= PATIENCE:
            for link in (sock.link, sock.peer.link if sock.peer is not None else sock.link):
                link.held[:] = [held for held in link.held if held.sock is not sock]
            sock.giveUp()
        else:
            sock.worried = True
            self.push(min(waits) + PATIENCE, self.despair, sock)

    def block(self, link: Link, why: int) -> None:
        """Block link for one reason more; why: PARTED, HELD or DOWN."""
        link.blocked |= why

    def unblock(self, link: Link, why: int, promptly: bool = False) -> None:
        """Take the reason why away from link; if none is left, what waits goes on.

        promptly: at once; else when TCP would send it again.
        """
        if not link.blocked & why:
            return
        link.blocked &= ~why
        if link.blocked or not link.held:
            return
        held, link.held = link.held, []
        last = self.now
        late: dict[Any, float] = {}
        behind = self.heap[:]
        for one in held:
            sent = self.now if promptly else link.again(one.since, self.now)
            last = max(last, sent + link.delay())
            if one.sock is not None and one.sock.link is link:
                one.sock.last = max(one.sock.last, last)
                late[one.sock.peer] = last
            heappush(self.heap, (last, next(self.serial), one.act, one.segment, one.data))
        self._lineUp(behind, late)

    def _lineUp(self, behind: list[tuple[float, int, Action, int, Any]], late: dict[Any, float]) -> None:
        """Have what was on the way to the sockets in late arrive behind what was held up, at the tymes that late says.

        behind: what the heap held before. A segment that was sent before the link was blocked, and is due after it is
        open again, would else overtake those before it.
        """
        moved = [one for one in behind if one[0] <= late.get(getattr(one[2], "__self__", None), -1.0)]
        if not moved:
            return
        gone = {one[1] for one in moved}
        self.heap[:] = [one for one in self.heap if one[1] not in gone]
        heapify(self.heap)
        for _, _, act, segment, data in sorted(moved, key=lambda one: one[:2]):
            heappush(self.heap, (late[act.__self__], next(self.serial), act, segment, data))  # type: ignore[attr-defined]

    def silence(self, net: Station) -> None:
        """Take the host net off the network without a word: it crashed.

        Its sockets are dead, what is sent to it waits.
        """
        net.down = True
        for name in self.hosts:
            self.block(self.link(name, net.name), DOWN)
        for sock in list(net.socks.values()):
            sock.die()
        net.socks.clear()
        net.ports.clear()
        net.paths.clear()

    def revive(self, net: Station) -> None:
        """Put the host net back on the network, with no memory of its connections."""
        net.down = False
        for name in self.hosts:
            self.unblock(self.link(name, net.name), DOWN)


class Station:
    """One host on a network, as its sockets and the network know it.

    Parameters:
        name (str): of the host. address: IPv4 address as text; None: the next of 10.0.0.0/8.

    Attributes:
        ha (tuple): its addresses as text, IPv4 and IPv6.
        tx, rx (int): bytes that send and receive buffers hold unless told otherwise.
        ports (dict[int, list]): who listens, by port. paths (dict): the same for UNIX-domain paths.
        socks (dict): all that are open, by number.
        refusing (set of ports, or None for all): ports at which a fault has every connection refused.
        down (bool): it crashed and did not start again yet.
        stirred (bool): waits in network.ready already.
        owner: who is to be given a turn when something happens; None by hand.

    Raises SimError when name is "" or another host's, or an address is.
    """

    def __init__(self, name: str, network: Network, address: str | None, tx: int, rx: int) -> None:
        if not isinstance(name, str) or not name or name in network.hosts:
            raise SimError(f"a host needs a name of its own, got {name!r}; there are {list(network.hosts)}")
        index = len(network.hosts) + 1
        address = address or f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}"
        self.network = network
        self.name = name
        self.ha = (address, f"fd00::{index:x}")
        for text in self.ha:
            if text in network.addresses:
                raise SimError(f"host {name!r} cannot have {text}, which is {network.addresses[text].name!r}'s")
            network.addresses[text] = self
        network.hosts[name] = self
        self.tx = tx
        self.rx = rx
        self.ports: dict[int, list[Any]] = {}
        self.paths: dict[str, Any] = {}
        self.socks: dict[int, Any] = {}
        self.refusing: dict[int | None, None] = {}
        self.down = False
        self.stirred = network.loose
        self.owner: Any = None
        self.dialed = EPHEMERAL[0] - 1  # port of the last socket that dialed
        self.using: dict[int, None] = {}  # ephemeral ports in use

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"<{kind} {self.name} {self.ha[0]} sockets={len(self.socks)}{' down' if self.down else ''}>"

    def owns(self, address: str) -> bool:
        """Whether address is this host's."""
        return address in self.ha or isLoopback(address)

    def ephemeral(self) -> int:
        """Return a port that nobody uses. Raises OSError, EADDRNOTAVAIL, when there is none."""
        low, high = EPHEMERAL
        for _ in range(high - low + 1):
            self.dialed = self.dialed + 1 if self.dialed < high else low
            if self.dialed not in self.using and self.dialed not in self.ports:
                return self.dialed
        raise OSError(EADDRNOTAVAIL, strerror(EADDRNOTAVAIL))

    def find(self, address: str, port: int, serial: int) -> Any:
        """Return who listens at address and port; of several, by serial; None: nobody."""
        able = [sock for sock in self.ports.get(port, ()) if sock.takes(address)]
        return able[serial % len(able)] if able else None

    def refuses(self, port: int) -> bool:
        """Whether a fault has connections to port refused."""
        return None in self.refusing or port in self.refusing

    def reach(self, address: str) -> Station | None:
        """Return the host at address; None: nobody."""
        return self if isLoopback(address) else self.network.addresses.get(address)

    def stir(self) -> None:
        """Ask for a turn."""
        if not self.stirred:
            self.stirred = True
            self.network.ready.append(self)


def isLoopback(address: str) -> bool:
    """Whether address is the host's own: 127.0.0.0/8 or ::1."""
    return address.startswith("127.") or address == "::1"
