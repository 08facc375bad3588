"""Draw a trace: hosts as lanes, tyme downwards, what travels as arrows.

chart    a page of HTML that needs nothing else: to be opened in a browser, mailed, attached to a bug report
label    what a segment carries, in a few words

The page is chart.html beside this file, with the events put in as JSON. It draws only what is in sight, so that a long
run scrolls as easily as a short one. One trace gives one page, byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from .tracing import Event, Trace

#: Events that a page holds; of more, the last ones: a failure is at the end.
EVENTS = 20_000
#: Bytes of a segment that can be looked at.
SHOWN = 1024
#: Beginnings of messages that the label of one segment names.
NAMED = 3

_START = re.compile(
    rb"(?:\A|\n)(?:(?P<method>[A-Z]{3,10}) (?P<target>[^ \r\n]{1,400}) HTTP/1\.[01]"
    rb"|HTTP/1\.[01] (?P<status>[1-9]\d\d)(?P<phrase>[^\r\n]{0,60}))\r\n"
)
_TLS = {20: "TLS change cipher", 21: "TLS alert", 22: "TLS handshake", 23: "TLS data"}
_MARK = "__CHART__"


def chart(trace: Trace | Iterable[Event], *, title: str = "", verdict: str = "", limit: int = EVENTS) -> str:
    """Return a page of HTML that shows the events of trace.

    title: heading of the page; "": that of any simulation. verdict: why the run failed; "": it passed, or is not over.
    limit: events at most; of more, the last ones.
    """
    events = list(trace)
    before = events[: len(events) - limit] if len(events) > limit else []
    shown = events[len(before) :]
    hosts: dict[str, int] = {}
    for event in events:
        for name in (event.host, event.peer):
            if name:
                hosts.setdefault(name, len(hosts))
    data = {
        "title": title or "Simulation",
        "verdict": verdict,
        "dropped": shown[0].serial if shown else 0,
        "hosts": list(hosts),
        "up": standing(before),
        "events": [row(event, hosts) for event in shown],
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    page = files(__package__).joinpath("chart.html").read_text(encoding="utf-8")
    return page.replace(_MARK, text.replace("<", "\\u003c"))  # so that nothing in it ends the script


def row(event: Event, hosts: dict[str, int]) -> list[Any]:
    """Return event as the page wants it: hosts by number, what it carries in words, and the beginning of the data."""
    return [
        event.serial,
        event.tyme,
        str(event.kind),
        hosts.get(event.host, -1),
        hosts.get(event.peer, -1),
        event.connection,
        event.segment,
        event.size,
        label(event.data),
        event.note,
        event.data[:SHOWN].decode("latin-1"),
    ]


def label(data: bytes) -> str:
    """Return what a segment carries, in a few words: "GET /prices", "200 OK", "TLS data"; "" for mere bytes."""
    if len(data) >= 3 and data[1] == 3 and data[0] in _TLS and data[2] < 5:
        return _TLS[data[0]]
    found = []
    for match in _START.finditer(data):
        words = (match["method"], match["target"]) if match["method"] else (match["status"], match["phrase"].strip())
        found.append(b" ".join(words).decode("latin-1").strip())
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more


def standing(events: list[Event]) -> list[str]:
    """Return the hosts that are up after events."""
    up: dict[str, None] = {}
    for event in events:
        if event.kind == "start":
            up[event.host] = None
        elif event.kind == "stop" or (event.kind == "fault" and event.note.startswith(("crash(", "bounce("))):
            up.pop(event.host, None)
    return list(up)
