"""Samples to medians, ratios and tables. Pure: no server, no clock.

Rounds     the samples of one server in one scenario, by round; None where it failed
summarize  those of all servers to Rows
markdown   Rows to a table
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.loads import Sample

Rounds = Sequence["Sample | None"]

@dataclass(frozen=True)
class Row:
    """One server in one scenario: medians over the rounds. A ratio is None without the other server."""

    server: str
    rounds: int  # that gave a sample
    rate: float  # requests per second
    lowest: float
    highest: float
    p50: float  # microseconds
    p99: float
    cpu: float  # share of the core
    perCpu: float  # requests per second of the server's own CPU time: moves least when others use the core too
    errors: int  # in all rounds together
    peak: int  # bytes: most memory that the server ever had, in any round
    rateRatio: float | None
    p50Ratio: float | None
    cpuRatio: float | None  # of perCpu
    ownRatio: float | None = None  # of rate, to the server's own rate in another scenario


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the least value of an ascending sequence that at least that share of the values does not exceed.

    Raises ValueError if there is no value, or the share is not above 0 and at most 1.
    """
    if not ordered or not 0 < share <= 1:
        raise ValueError(f"needs values and a share in (0, 1], got {len(ordered)} values and share {share!r}")
    return ordered[math.ceil(share * len(ordered)) - 1]


def paired(rounds: Rounds, others: Rounds, value: Callable[[Sample], float]) -> float | None:
    """Return the median over the rounds of the ratio of one server to another in the same round.

    Within a round the machine is nearly the same, so this moves less than the ratio of the medians. None if there is no
    round in which both gave a sample.
    """
    ratios = [
        value(one) / value(other)
        for one, other in zip(rounds, others, strict=False)
        if one is not None and other is not None and value(other)
    ]
    return median(ratios) if ratios else None


def perCpu(sample: Sample) -> float:
    """Return the requests per second of the server's own CPU time, 0 where it used none that the system noticed."""
    return sample.rate / sample.cpu if sample.cpu else 0.0


def summarize(results: Mapping[str, Rounds], baseline: str, own: Mapping[str, Rounds] | None = None) -> list[Row]:
    """Return a row for each server that gave a sample, in the order given.

    own: the same servers in the scenario that theirs is compared with; None: there is none.
    """
    base = results.get(baseline, ())
    rows = []
    for server, rounds in results.items():
        samples = [sample for sample in rounds if sample is not None]
        if not samples:
            continue
        rates = [sample.rate for sample in samples]
        rows.append(
            Row(
                server=server,
                rounds=len(samples),
                rate=median(rates),
                lowest=min(rates),
                highest=max(rates),
                p50=median(sample.p50 for sample in samples),
                p99=median(sample.p99 for sample in samples),
                cpu=median(sample.cpu for sample in samples),
                perCpu=median(map(perCpu, samples)),
                errors=sum(sample.errors for sample in samples),
                peak=max(sample.peak for sample in samples),
                rateRatio=paired(rounds, base, lambda sample: sample.rate),
                p50Ratio=paired(rounds, base, lambda sample: sample.p50),
                cpuRatio=paired(rounds, base, perCpu),
                ownRatio=paired(rounds, own.get(server, ()), lambda sample: sample.rate) if own is not None else None,
            )
        )
    return rows


Column = tuple[str, Callable[[Row], str]]


def columns(rows: Sequence[Row], baseline: str, unit: str) -> list[Column]:
    """Return the columns of a table of these rows: heading, and what stands in a row."""
    bulky = unit.startswith("MB")
    scale, letter = (1e3, "ms") if bulky or "shakes" in unit else (1.0, "µs")
    found: list[Column] = [
        ("server", lambda row: row.server),
        (unit, lambda row: f"{row.rate:,.0f}"),
        ("lowest to highest", lambda row: f"{row.lowest:,.0f} to {row.highest:,.0f}"),
        (f"of {baseline}", lambda row: ratio(row.rateRatio)),
        (f"p50, {letter}", lambda row: latency(row.p50, scale)),
        (f"p99, {letter}", lambda row: latency(row.p99, scale)),
        ("CPU", lambda row: f"{row.cpu:.0%}"),
        ("per CPU s", lambda row: f"{row.perCpu:,.0f}" if row.perCpu else ""),
        (f"of {baseline}", lambda row: ratio(row.cpuRatio)),
    ]
    if any(row.ownRatio is not None for row in rows):
        found.insert(4, ("of its own", lambda row: ratio(row.ownRatio)))
    if bulky:
        found.append(("most memory, MB", lambda row: f"{row.peak / 1e6:,.0f}"))
    if any(row.errors for row in rows):
        found.append(("bad", lambda row: str(row.errors)))
    return found


def markdown(title: str, rows: Sequence[Row], baseline: str, unit: str = "requests/s", note: str = "") -> str:
    """Return one scenario as a heading and a Markdown table."""
    found = columns(rows, baseline, unit)
    cells = [[cell(row) for _, cell in found] for row in rows]
    return section(title, table([heading for heading, _ in found], cells), note)


def section(title: str, text: str, note: str = "") -> str:
    """Return a heading, a note below it if there is one, and the text."""
    return "\n\n".join([f"### {title}", *([note] if note else []), text])


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text and whose others are numbers."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (headings, rule, *rows))


def latency(microseconds: float, scale: float) -> str:
    """Return a latency in units of so many microseconds; "" for the 0 that wrk gives when it cannot tell."""
    return f"{microseconds / scale:,.{1 if scale > 1 else 0}f}" if microseconds else ""


def ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
