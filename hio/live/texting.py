"""A picture as text.

render   a whole picture: figures, the tree of doers, servers and connections, the end of the log
Rates    what happened between two pictures, each second
clean    a text without the characters that would steer a terminal
count, seconds, size, rate   numbers as people read them

Shown are texts of the program's own and of its peers. None of them reaches a terminal unescaped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import Any

Least = 0.05  # seconds: a shorter time tells no rate
Width = 100  # columns when nobody says how many
Connections = 20  # rows of connections at the most, and lines of log
LogLines = 8

Picture = dict[str, Any]


class Rates:
    """What happened between two pictures of one counting, for each second.

    Attributes:
        span (float): seconds between them; since counting began where there is no earlier one; 0.0: nothing counted.
    """

    def __init__(self, picture: Picture, before: Picture | None = None) -> None:
        """Compare picture with before, an earlier one; None, or of another counting: there is none."""
        self.counting: dict[str, Any] = picture["counting"] or {}
        if before is None or not same(picture, before):
            before = None
        self.earlier: dict[str, Any] = {} if before is None else before["counting"]
        self.deeds = {} if before is None else {deed["key"]: deed for deed, _ in flatten(before["deeds"])}
        self.span: float = self.counting.get("elapsed", 0.0) - self.earlier.get("elapsed", 0.0)

    def all(self, what: str) -> float | None:
        """Return the rate of what, one of the numbers of counting, each second; None when it is not counted."""
        if what not in self.counting or self.span < Least:
            return None
        return float(self.counting[what] - self.earlier.get(what, 0)) / self.span

    def of(self, deed: dict[str, Any], what: str) -> float | None:
        """Return the rate of what, count, own or spent of a deed, each second; None when it is not counted."""
        if deed[what] is None or self.span < Least:
            return None
        before = self.deeds.get(deed["key"], {}).get(what) or 0
        return max(0.0, float(deed[what] - before)) / self.span


def same(picture: Picture, before: Picture) -> bool:
    """Whether the counts of picture and before can be compared: of one process, and one counting."""
    if picture["counting"] is None or before["counting"] is None:
        return False
    return all(one.get(key) == other.get(key) for one, other, key in (
        (picture, before, "pid"), (picture, before, "began"), (picture["counting"], before["counting"], "watch"),
    ))  # fmt: skip


def render(
    picture: Picture,
    before: Picture | None = None,
    width: int = Width,
    height: int | None = None,
    running: bool = False,
) -> str:
    """Return picture as lines of text, each of width columns at the most, with a line feed after each.

    before: an earlier picture, for rates of the time between; None: of the time since counting began.
    height: of lines at the most; None: as many as there are.
    running: mark the doers that have their turn. Of a picture that a server took that is the server, always.
    """
    rates = Rates(picture, before)
    lines = [
        *heading(picture, rates), "", *tree(picture, rates, width, running), *connections(picture),
        *log(picture.get("log", ())),
    ]  # fmt: skip
    if height is not None and len(lines) > height:
        lines = [*lines[: max(0, height - 1)], f"… {len(lines) - height + 1} more lines"]
    return "".join(cut(line, width) + "\n" for line in lines)


def heading(picture: Picture, rates: Rates) -> Iterator[str]:
    """Yield the figures of the whole picture, with rates for the numbers."""
    doist = picture["doist"]
    pace = "real time" if doist["real"] else "as fast as it goes"
    yield (
        f"hio {picture['hio']}  {clean(picture.get('name') or doist['name'])}  pid {picture['pid']}"
        f"  tyme {doist['tyme'] or 0.0:.3f}  tock {tock(doist['tock'])}  {pace}"
    )
    if picture["counting"] is not None:
        pulse = picture["counting"]["pulse"]
        last = next((each for each in reversed(pulse) if each[2] is not None), (0, 0, None, None))
        yield (
            f"requests {rate(rates.all('count'))}/s  failed {rate(rates.all('failed'))}/s  "
            f"p50 {seconds(last[2])}  p99 {seconds(last[3])}  busy {percent(rates.all('busy'))}  "
            f"in {size(rates.all('rx'))}/s  out {size(rates.all('tx'))}/s"
        )
    for server in picture["servers"]:
        states = ", ".join(f"{number} {clean(state)}" for state, number in server["states"].items())
        held = sum(server["states"].values())
        state = "retiring" if server["retiring"] else "" if server["open"] else "closed"
        yield "  ".join(filter(None, (
            f"server {clean(server['name'])}", clean(f"{server['scheme']} {server['where']}"), state,
            f"{held} connection{'' if held == 1 else 's'}" + (f": {states}" if states else ""),
        )))  # fmt: skip


# The tree

COLUMNS = ("TOCK", "NEXT", "TURNS/S", "TURNS", "RUN TIME", "BUSY")
WIDTHS = (8, 10, 9, 9, 9, 6)


def tree(picture: Picture, rates: Rates, width: int, running: bool) -> Iterator[str]:
    """Yield the doers of picture, one a line, those below a scheduler under it.

    rates: of their numbers. width: columns, within which the names are cut. running: say which have their turn.
    """
    rows = [(deed, clean(stem + label(deed, running))) for deed, stem in flatten(picture["deeds"])]
    room = max(20, min(max((len(name) for _, name in rows), default=0), width - sum(WIDTHS) - len(WIDTHS)))
    yield line("DOER", COLUMNS, room)
    for deed, name in rows:
        yield line(name, cells(deed, rates), room)
    if picture["moreDeeds"]:
        yield f"… {picture['moreDeeds']} more"


def flatten(deeds: Iterable[dict[str, Any]], trunk: str = "", more: int = 0) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield (deed, what is drawn before it) of deeds and of those below them, in the order of the tree.

    trunk: what is drawn before all of them. more: how many are left out behind them.
    """
    deeds = list(deeds)
    for index, deed in enumerate(deeds):
        last = index == len(deeds) - 1 and not more
        yield deed, trunk + ("└─ " if last else "├─ ")
        branch = trunk + ("   " if last else "│  ")
        yield from flatten(deed["deeds"] or (), branch, deed["more"])


def label(deed: dict[str, Any], running: bool) -> str:
    """Return what a deed is called, what it is if that says more, and where it stands.

    running: and whether it has its turn.
    """
    words = [deed["name"]]
    if deed["kind"] not in (deed["name"], "function", "method"):
        words.append(f"({deed['kind']})")
    if deed["place"]:
        words.append(f"at {deed['place']}")
    if running and deed["running"]:
        words.append("← running")
    if deed["more"]:
        words.append(f"+{deed['more']} more")
    return " ".join(words)


def cells(deed: dict[str, Any], rates: Rates) -> tuple[str, ...]:
    """Return the columns of a deed behind its name, with rates for its numbers."""
    if deed["done"] is not None:
        return ("", "done" if deed["done"] else deed["state"], "", "", "", "")
    return (
        tock(deed["tock"]), when(deed), rate(rates.of(deed, "count")), count(deed["count"]),
        seconds(deed["spent"]), percent(rates.of(deed, "spent")),
    )  # fmt: skip


def when(deed: dict[str, Any]) -> str:
    """Return the tyme of the next turn of a deed."""
    if deed["state"] == "ready":
        return "each pass"
    return "when woken" if deed["next"] is None else f"{deed['next']:.3f}"


def line(name: str, cells: Iterable[str], room: int) -> str:
    """Return a row of the tree: name, in room columns, and cells."""
    return pad(name, room) + "".join(" " + cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))


# Connections and log

def connections(picture: Picture) -> Iterator[str]:
    """Yield the connections of picture, as far as there is room; nothing where there are none."""
    rows = picture["connections"]
    if not rows:
        return
    yield ""
    yield f"{'CONNECTION':<24} {'STATE':<12} {'AGE':>8} {'STILL':>8} {'IN':>8} {'OUT':>8} {'QUEUED':>8}  REQUEST"
    for row in rows[:Connections]:
        yield (
            f"{cut(clean(row['peer']), 24):<24} {clean(row['state']):<12} {seconds(row['age']):>8} "
            f"{seconds(row['still']):>8} {size(row['rx']):>8} {size(row['tx']):>8} {size(row['txWait']):>8}  "
            f"{clean(row['request'])}"
        )
    more = len(rows) - Connections + picture["moreConnections"]
    if more > 0:
        yield f"… {more} more"


def log(lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the latest lines of the log."""
    lines = list(lines)[-LogLines:]
    if lines:
        yield ""
        yield "LOG"
    for each in lines:
        text = each["text"].partition("\n")[0]
        yield f"{clock(each['wall'])} {clean(each['level']):<8} {clean(text)}"


def clock(wall: float) -> str:
    """Return the time of day, UTC, of wall, seconds since the epoch."""
    return datetime.fromtimestamp(wall, timezone.utc).strftime("%H:%M:%S")


# Numbers and texts

def count(value: float | None) -> str:
    """Return value, a number of things; None: a dash."""
    return "–" if value is None else f"{value:,.0f}"


def rate(value: float | None) -> str:
    """Return value, a number of things each second; None: a dash."""
    return "–" if value is None else f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.1f}"


def percent(value: float | None) -> str:
    """Return value, a share of 1.0; None: a dash."""
    return "–" if value is None else f"{100.0 * value:.1f}%"


def tock(value: float | None) -> str:
    """Return value, a tock in seconds; None: a dash."""
    return "–" if value is None else f"{value:g}"


def seconds(value: float | None) -> str:
    """Return value, a span of seconds, in the unit that suits it; None: a dash."""
    if not value:
        return "–" if value is None else "0 s"
    for limit, unit, scale in ((1e-3, "µs", 1e6), (1.0, "ms", 1e3)):
        if value < limit:
            return f"{value * scale:.3g} {unit}" if value * scale < 999.5 else f"{value * scale:.0f} {unit}"
    if value < 600:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def size(value: float | None) -> str:
    """Return value, a number of bytes, in the unit that suits it, powers of 1000; None: a dash."""
    if value is None:
        return "–"
    unit = 0
    while value >= 999.5 and unit < 4:
        value /= 1000.0
        unit += 1
    return f"{value:.0f} B" if unit == 0 else f"{value:.3g} {'kMGT'[unit - 1]}B"


def clean(text: str) -> str:
    """Return text with every character escaped that is no plain one: controls, and those that turn the direction."""
    return "".join(char if char == " " or char.isprintable() else escape(char) for char in text)


def escape(char: str) -> str:
    """Return char, unprintable, as Python would write it; for a space of any kind a space."""
    return " " if unicodedata.category(char) == "Zs" else ascii(char)[1:-1]


def pad(text: str, width: int) -> str:
    """Return text with exactly width columns."""
    return cut(text, width).ljust(width)


def cut(text: str, width: int) -> str:
    """Return text with width columns at the most."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"
