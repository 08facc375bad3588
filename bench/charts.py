"""Charts as SVG text, for light and dark pages alike. Pure.

bars    one horizontal bar for each name, those of hio in colour
lines   series over a logarithmic axis, each named at its end

Colours come from a style sheet within the picture, which follows what the reader's system prefers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 720
BAR, GAP = 20, 8
LEFT, RIGHT, TOP, BOTTOM = 170, 110, 46, 46

STYLE = """<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600; font-size: 15px }
  .dim { fill: #6e7781; font-size: 12px } .grid { stroke: #d0d7de; stroke-width: 1 }
  .other { fill: #afb8c1 } .ours { fill: #0969da } .mark { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3 }
  .line { fill: none; stroke-width: 2 }
  .c0 { stroke: #0969da } .c1 { stroke: #bc4c00 } .c2 { stroke: #1a7f37 } .c3 { stroke: #8250df }
  .c4 { stroke: #bf3989 } .c5 { stroke: #6e7781 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .dim { fill: #8d96a0 } .grid { stroke: #30363d }
    .other { fill: #57606a } .ours { fill: #4493f8 } .mark { stroke: #f85149 }
    .c0 { stroke: #4493f8 } .c1 { stroke: #f0883e } .c2 { stroke: #3fb950 } .c3 { stroke: #ab7df8 }
    .c4 { stroke: #db61a2 } .c5 { stroke: #8d96a0 }
  }
</style>"""


def bars(
    title: str, values: Mapping[str, float], unit: str, ours: Sequence[str] = ("hio",), mark: float | None = None
) -> str:
    """Return a bar chart of values by name, in the order given; mark: a value to draw a line at."""
    most = max([*values.values(), mark or 0.0]) or 1.0
    room = WIDTH - LEFT - RIGHT
    height = TOP + len(values) * (BAR + GAP) + 12
    found = [text(12, 24, title, "title"), text(WIDTH - 12, 24, unit, "dim", "end")]
    for number, (name, value) in enumerate(values.items()):
        y = TOP + number * (BAR + GAP)
        length = max(1.0, room * value / most)
        kind = "ours" if name in ours else "other"
        found += [
            text(LEFT - 8, y + 15, name, "", "end"),
            f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>',
            text(LEFT + length + 6, y + 15, short(value), "dim"),
        ]
    if mark is not None:
        x = LEFT + room * mark / most
        found.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{height - 8}"/>')
    return picture(height, found)


def lines(
    title: str, series: Mapping[str, Sequence[tuple[float, float]]], across: str, up: str, height: int = 360
) -> str:
    """Return a line chart of (x, y) points, all above 0, with both axes logarithmic; across, up: what they show.

    Raises ValueError without a point.
    """
    points = [point for line in series.values() for point in line]
    if not points:
        raise ValueError("a chart needs a point")
    left, right = 70, WIDTH - 120
    low, high = TOP + 14, height - BOTTOM
    xs, ys = decades([x for x, _ in points]), decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * share(x, *xs), high - (high - low) * share(y, *ys)

    found = [text(12, 24, title, "title"), text(left, TOP + 4, up, "dim")]
    found.append(text(right, height - 8, across, "dim", "end"))
    for power in range(xs[0], xs[1] + 1):
        x, _ = place(10.0**power, 10.0 ** ys[0])
        found.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{low}" y2="{high}"/>')
        found.append(text(x, high + 18, short(10.0**power), "dim", "middle"))
    for power in range(ys[0], ys[1] + 1):
        _, y = place(10.0 ** xs[0], 10.0**power)
        found.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        found.append(text(left - 6, y + 4, short(10.0**power), "dim", "end"))
    ends: dict[str, tuple[float, float]] = {}
    for number, (name, line) in enumerate(series.items()):
        placed = [place(x, y) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        found.append(f'<polyline class="line c{number % 6}" points="{path}"/>')
        found += [f'<circle class="line c{number % 6}" cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in placed]
        ends[name] = placed[-1]
    taken: list[float] = []
    for name, (x, y) in sorted(ends.items(), key=lambda item: item[1][1]):
        found.append(text(x + 8, apart(y, taken) + 4, name))
    return picture(height, found)


def decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten that enclose values; two different ones."""
    least, most = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return least, max(most, least + 1)


def share(value: float, least: int, most: int) -> float:
    """Return where value lies between the powers, from 0 to 1."""
    return (math.log10(value) - least) / (most - least)


def apart(y: float, taken: list[float], distance: float = 15.0) -> float:
    """Return the place nearest below y, or y itself, that is distance from those taken, and take it."""
    while any(abs(y - other) < distance for other in taken):
        y += 1.0
    taken.append(y)
    return y


def short(value: float) -> str:
    """Return a number as people read it: 1.5 k, 23 M, 0.02."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def picture(height: int, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    return "\n".join([head, STYLE, *parts, "</svg>\n"])
