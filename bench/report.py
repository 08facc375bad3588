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

HEAD = "| server | requests/s | lowest to highest | of {0} | p50, µs | p99, µs | p50 of {0} | CPU | per CPU s | bad |"
RULE = "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"


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
    rateRatio: float | None
    p50Ratio: float | None


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


def summarize(results: Mapping[str, Rounds], baseline: str) -> list[Row]:
    """Return a row for each server that gave a sample, in the order given."""
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
                perCpu=median(sample.rate / sample.cpu if sample.cpu else 0.0 for sample in samples),
                errors=sum(sample.errors for sample in samples),
                rateRatio=paired(rounds, base, lambda sample: sample.rate),
                p50Ratio=paired(rounds, base, lambda sample: sample.p50),
            )
        )
    return rows


def markdown(title: str, rows: Sequence[Row], baseline: str) -> str:
    """Return one scenario as a heading and a Markdown table."""
    lines = [f"### {title}", "", HEAD.format(baseline), RULE]
    for row in rows:
        cells = [
            row.server,
            f"{row.rate:,.0f}",
            f"{row.lowest:,.0f} to {row.highest:,.0f}",
            ratio(row.rateRatio),
            f"{row.p50:,.0f}",
            f"{row.p99:,.0f}",
            ratio(row.p50Ratio),
            f"{row.cpu:.0%}",
            f"{row.perCpu:,.0f}" if row.perCpu else "",
            str(row.errors),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
