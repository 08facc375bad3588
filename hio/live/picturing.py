"""Say what a Doist is doing as plain data: dicts, lists, texts and numbers that JSON can carry.

picture   all of it
nameOf, kindOf, placeOf   what a doer is called, what it is, and where in the source its dog stands

Counts begin when somebody begins to look (observing.py), and are None for who is not counted. Nothing here changes what
it looks at. Names are texts of the program's own: whoever shows them has to escape them as its medium wants.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from .. import __version__
from ..base.doing import Schedule
from .observing import DeedsLimit, Observer, scheduleOf

#: Connections that are listed, at the most; all are counted.
ConnectionsLimit = 200
EndedLimit = 20  # doers of one scheduler that have ended
NameLimit = 120  # characters of a name

#: State of a deed by the mode of its entry.
MODES = ("ready", "sleeping", "resting", "due", "gone")
#: State of a connection by the name of its phase.
PHASES = {
    "IDLE": "idle", "HEAD": "reading head", "BODY": "reading body", "ANSWER": "answering", "DRAIN": "sending",
    "LINGER": "closing", "GONE": "gone",
}  # fmt: skip

#: Where a dog that stands in one of these files stands for no more than "between two turns".
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCHEDULING = tuple(os.path.join(HERE, "base", name) for name in ("tasking.py", "nesting.py"))


def picture(observer: Observer) -> dict[str, Any]:
    """Return what observer sees.

    hio: version; pid; doist: see doistOf; deeds: see deedsOf; servers: see serverOf; connections: see connectionsOf
    counting: None while nothing is counted, else watch (number of the counting: counts of two pictures can be compared
        if it is the same), elapsed (seconds), busy (seconds of it that turns took), count, failed (requests), rx, tx
        (bytes) and pulse (see Pulse.lines)
    """
    doist = observer.doist
    deeds = deedsOf(observer, doist, doist.deeds, dict.fromkeys(observer.entries()))
    servers = observer.servers()
    connections, more = connectionsOf(observer, servers)
    return {
        "hio": __version__,
        "pid": os.getpid(),
        "doist": doistOf(doist),
        "deeds": deeds,
        "moreDeeds": max(0, len(doist.deeds.entries) - sum(deed["done"] is None for deed in deeds)),
        "servers": [serverOf(observer, server) for server in servers],
        "connections": connections,
        "moreConnections": more,
        "counting": countingOf(observer),
    }


def doistOf(doist: Any) -> dict[str, Any]:
    """Return name, tyme and tock (seconds), real, and limit (seconds; None: none) of doist."""
    return {
        "name": text(doist.name),
        "tyme": number(doist.tyme),
        "tock": number(doist.tock),
        "real": doist.real,
        "limit": number(doist.limit) if doist.limit else None,
    }


def countingOf(observer: Observer) -> dict[str, Any] | None:
    """Return what observer counts of all deeds and servers together; None while it counts nothing.

    watch: number of the counting. elapsed, busy: seconds since it began, and of those spent in turns. count, failed: of
    requests. rx, tx: bytes. pulse: see Pulse.lines().
    """
    if not observer.counting:
        return None
    pulse = observer.pulse
    return {
        "watch": observer.watch,
        "elapsed": observer.elapsed,
        "busy": sum(meter.spent for meter in observer.meters.values()),
        "count": pulse.count,
        "failed": pulse.failed,
        "rx": pulse.rx,
        "tx": pulse.tx,
        "pulse": pulse.lines(observer.clock()),
    }


# Deeds

def deedsOf(
    observer: Observer, scheduler: Any, schedule: Schedule, shown: Mapping[Any, None], path: str = ""
) -> list[dict[str, Any]]:
    """Return the deeds of a scheduler in the order of entering, then its doers that have ended.

    observer: counts them. schedule: the deeds of scheduler. shown: the entries to be told of. path: key of the
    scheduler's own deed, and a dot.

    Of each deed: key, a text that no other deed has and that stays the same; name, kind; state; tock; next, the tyme of
    its next turn, None when only a wake brings one; place; count of turns; own, their run time in seconds, and spent,
    with that of the deeds below; done; deeds, those below, None for who schedules none, and more, how many of them are
    left out.
    """
    running = schedule.running
    entries = [entry for entry in islice(schedule.entries.values(), DeedsLimit) if entry in shown]
    rows = [deedOf(observer, entry, shown, f"{path}{entry.serial}", entry is running) for entry in entries]
    if len(schedule.entries) <= DeedsLimit >= len(scheduler.doers):
        alive = {id(entry.doer) for entry in schedule.entries.values()}
        ended = [(index, doer) for index, doer in enumerate(scheduler.doers) if id(doer) not in alive]
        rows += [endedOf(doer, f"{path}x{index}") for index, doer in ended[:EndedLimit]]
    return rows


def deedOf(
    observer: Observer, entry: Any, shown: Mapping[Any, None], key: str, running: bool
) -> dict[str, Any]:
    """Return the deed of entry, by that key; observer, shown, and what it is: see deedsOf.

    running: it is having its turn.
    """
    doer = entry.doer
    inner = scheduleOf(doer)
    deeds = None
    more = 0
    if inner is not None:
        deeds = deedsOf(observer, doer, inner, shown, f"{key}.")
        more = max(0, len(inner.entries) - sum(deed["done"] is None for deed in deeds))
    meter = observer.meters.get(entry)
    own = None if meter is None else meter.spent
    return {
        "key": key,
        "name": nameOf(doer),
        "kind": kindOf(doer),
        "state": MODES[entry.mode],
        "running": running,
        "tock": number(getattr(doer, "tock", None)),
        "next": number(nextOf(entry)),
        "place": placeOf(entry.dog),
        "count": None if meter is None else meter.count,
        "own": own,
        "spent": None if own is None else own + sum(deed["spent"] or 0.0 for deed in deeds or ()),
        "done": None,
        "deeds": deeds,
        "more": more,
    }


def endedOf(doer: Any, key: str) -> dict[str, Any]:
    """Return a doer that runs no longer, or never did, by that key: done tells how it ended."""
    done = getattr(doer, "done", None)
    return {
        "key": key, "name": nameOf(doer), "kind": kindOf(doer), "state": "ended" if done is not None else "not started",
        "running": False, "tock": number(getattr(doer, "tock", None)), "next": None, "place": "", "count": None,
        "own": None, "spent": None, "done": bool(done), "deeds": None, "more": 0,
    }  # fmt: skip


def nextOf(entry: Any) -> float | None:
    """Return the tyme of the next turn of entry; None when only a wake brings one."""
    state = MODES[entry.mode]
    if state == "ready":
        return float(entry.schedule.retyme)
    return float(entry.due if state == "resting" else entry.retyme)


def nameOf(doer: Any) -> str:
    """Return what a person would call doer: its name, or its server's, or the name of its function or class."""
    for thing in (doer, getattr(doer, "server", None), getattr(doer, "client", None)):
        name = getattr(thing, "name", None)
        if isinstance(name, str) and name:
            return text(name)
    name = getattr(doer, "__name__", None)
    if not isinstance(name, str):
        return text(type(doer).__name__)
    path = getattr(doer, "__qualname__", name).rpartition("<locals>.")[2]
    return text(path if path.rpartition(".")[2] == name else name)  # doify may have given it another name


def kindOf(doer: Any) -> str:
    """Return the name of the class of doer; "function" for a generator function and "method" for a method."""
    return text({"function": "function", "method": "method"}.get(type(doer).__name__, type(doer).__name__))


def placeOf(dog: Any) -> str:
    """Return where dog stands, as file:line function; "" for one that stands where all doers wait for their turn."""
    while (inner := getattr(dog, "gi_yieldfrom", None)) is not None and hasattr(inner, "gi_frame"):
        dog = inner
    frame = getattr(dog, "gi_frame", None)
    if frame is None or frame.f_code.co_filename in SCHEDULING:
        return ""
    return text(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno} {frame.f_code.co_name}")


# Servers

def serverOf(observer: Observer, server: Any) -> dict[str, Any]:
    """Return what there is to tell of server; observer: counts its requests, or does not.

    name, where (it listens), scheme, open, retiring; count and failed of requests, None when they are not counted;
    states, {state: connections}.
    """
    gauge = observer.gauges.get(server)
    states = dict.fromkeys(PHASES.values(), 0)
    for req in server.reqs.values():
        states[PHASES[req.phase.name]] += 1
    shaking = len(getattr(server.servant, "cxes", ()))
    if shaking:
        states["handshake"] = shaking
    return {
        "name": text(server.name),
        "where": addressOf(server.servant.ha),
        "scheme": server.scheme,
        "open": bool(server.servant.opened),
        "retiring": bool(getattr(server, "retiring", False)),
        "count": None if gauge is None else gauge.count,
        "failed": None if gauge is None else gauge.failed,
        "states": {state: count for state, count in states.items() if count},
    }


def connectionsOf(observer: Observer, servers: list[Any]) -> tuple[list[dict[str, Any]], int]:
    """Return connections of servers in the order in which they came, and how many are left out, those at rest first.

    observer: counts their bytes, or does not. Of each: server (its index), peer (far address), state; request (the
    latest, as method and path); rx, tx (bytes since counting began); rxWait, txWait (bytes received and not parsed yet,
    bytes not sent yet); age and still (seconds of tyme since it was accepted, and since it last received), None when
    there is no tyme.
    """
    every = [(index, req) for index, server in enumerate(servers) for req in server.reqs.values()]
    shown: Iterator[tuple[int, Any]] | list[tuple[int, Any]] = every
    if len(every) > ConnectionsLimit:
        busy = [pair for pair in every if pair[1].phase.name != "IDLE"][:ConnectionsLimit]
        spare = ConnectionsLimit - len(busy)
        kept = {id(req) for _, req in busy}
        rest = islice((pair for pair in every if pair[1].phase.name == "IDLE"), spare)
        kept.update(id(req) for _, req in rest)
        shown = (pair for pair in every if id(pair[1]) in kept)
    rows = [connectionOf(observer.gauges.get(servers[index]), index, req) for index, req in shown]
    return rows, len(every) - len(rows)


def connectionOf(gauge: Any, index: int, req: Any) -> dict[str, Any]:
    """Return the connection of req, on the server with that index, as connectionsOf has it.

    gauge: counts the server's bytes; None: nothing does.
    """
    ix = req.remoter
    head = req.head
    return {
        "server": index,
        "peer": addressOf(ix.ca, path=isinstance(ix.ha, str)),
        "state": PHASES[req.phase.name],
        "request": "" if head is None else text(f"{head.method} {head.target.partition('?')[0]}"),
        "rx": None if gauge is None else gauge.tally.rx.get(ix.ca, 0),
        "tx": None if gauge is None else gauge.tally.tx.get(ix.ca, 0),
        "rxWait": len(ix.rxbs),
        "txWait": len(ix.txbs),
        "age": since(ix, getattr(ix, "accepted", None)),
        "still": since(ix, ix.moved),
    }


def since(ix: Any, tyme: float | None) -> float | None:
    """Return the seconds of tyme that have passed for the connection ix since tyme; None when there is none."""
    now = ix.tyme
    return None if tyme is None or now is None else max(0.0, now - tyme)


def addressOf(address: Any, path: bool = False) -> str:
    """Return host:port, [ipv6]:port, or unix:path; path: the address is (path, number), of a client at a path."""
    if isinstance(address, str):
        return text(f"unix:{address}")
    host, port = address[:2]
    if path:
        return text(f"unix:{host}#{port}")
    return text(f"[{host}]:{port}" if ":" in host else f"{host or '*'}:{port}")


# Plain data

def text(value: Any) -> str:
    """Return value as a text of a bearable length that every encoding can carry."""
    plain = str(value).encode("utf-8", "backslashreplace").decode()
    return plain if len(plain) <= NameLimit else plain[: NameLimit - 1] + "…"


def number(value: Any) -> float | None:
    """Return value as a number; None for what is none, or is not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
