"""What was measured, as a page: bench/RESULTS.md, its charts and its data. Pure but for write.

Section   one part of the page: Markdown, what goes into the JSON file, and charts
TARGETS   the ratios to be reached, and where each is measured
write     the files, below a directory
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import charts, report
from bench.loads import Sample
from bench.scenarios import SCENARIOS
from bench.suite import Results

CHARTS = "docs/charts"


@dataclass(frozen=True)
class Section:
    """One part of the page."""

    name: str
    text: str  # Markdown
    data: Any = None  # for JSON
    charts: Mapping[str, str] = field(default_factory=dict)  # file name without its ending, to SVG


@dataclass(frozen=True)
class Target:
    """A ratio that hio is to reach within one run."""

    scenario: str
    peer: str  # a server; "": hio itself in the scenario that this one's rate is compared with
    goal: float
    latency: bool = False  # of the p50, and to stay below

    @property
    def words(self) -> str:
        if self.latency:
            return f"p50 at most {self.goal:g} of {self.peer}"
        return f"at least {self.goal:g} of {self.peer or 'its own rate'}"


TARGETS = (
    Target("hello", "granian", 1.1), Target("hello", "bjoern", 0.7), Target("hello", "waitress", 6.0),
    Target("nine", "granian", 1.0), Target("json", "granian", 1.0), Target("json", "bjoern", 0.8),
    Target("one", "granian", 1.5, latency=True), Target("post", "granian", 1.0),
    Target("idle2", "", 0.95), Target("idle10", "", 0.9),
    Target("upload", "nginx", 0.8), Target("store", "nginx", 0.8), Target("large", "nginx", 0.8),
    Target("file", "nginx", 0.8), Target("sink", "nginx", 0.8), Target("tls", "gunicorn", 2.0),
)  # fmt: skip


def reached(target: Target, results: Results, value: Callable[[Sample], float]) -> float | None:
    """Return the ratio that hio reached, the median of the rounds; None if one of the two was not measured."""
    rounds = results.get(target.scenario, {})
    if target.peer:
        others: Any = rounds.get(target.peer, ())
    else:
        others = results.get(SCENARIOS[target.scenario].own, {}).get("hio", ())
    return report.paired(rounds.get("hio", ()), others, value)


def targets(results: Results) -> str:
    """Return the table of targets, of those that were measured."""
    rows = []
    for target in TARGETS:
        found = reached(target, results, (lambda one: one.p50) if target.latency else (lambda one: one.rate))
        if found is None:
            continue
        met = found <= target.goal if target.latency else found >= target.goal
        perCpu = None if target.latency else reached(target, results, report.perCpu)
        title = SCENARIOS[target.scenario].title
        rows.append([title, target.words, f"{found:.2f}", "yes" if met else "**no**", report.ratio(perCpu)])
    return report.table(["scenario", "to reach", "reached", "met", "per CPU second"], rows)


def suite(results: Results, baseline: str) -> Section:
    """Return the part that compares servers."""
    texts = [report.section("Targets", targets(results), PER_CPU), picture("ratios", f"hio beside {baseline}")]
    drawn = {"ratios": ratios(results, baseline)}
    for name, found in results.items():
        scenario = SCENARIOS[name]
        own = results.get(scenario.own) if scenario.own else None
        rows = report.summarize(found, baseline, own)
        texts.append(report.markdown(f"{scenario.title} (`{name}`)", rows, baseline, scenario.unit, scenario.note))
        if name in DRAWN and rows:
            drawn[name] = charts.bars(scenario.title, {row.server: row.rate for row in rows}, scenario.unit)
            texts.append(picture(name, scenario.title))
    return Section("servers", "\n".join(texts), plain(results), drawn)


#: Scenarios that get a chart of their own.
DRAWN = ("one", "hello", "json", "idle10")

PER_CPU = (
    "A rate is bounded by the load generator where a server is quicker than that; a rate per second of the server's "
    "own CPU time is not, and moves little when others use the machine."
)


def ratios(results: Results, baseline: str) -> str:
    """Return the chart of hio's rate in every scenario, as a share of one peer's, nginx where that has none."""
    values = {}
    for name, found in results.items():
        for peer in (baseline, "nginx"):
            ratio = report.paired(found.get("hio", ()), found.get(peer, ()), lambda one: one.rate)
            if ratio is not None:
                values[name if peer == baseline else f"{name} (nginx)"] = ratio
                break
    return charts.bars(f"Rate of hio, {baseline} is 1", values or {"none": 0.0}, "", tuple(values), mark=1.0)


def plain(results: Results) -> dict[str, dict[str, list[dict[str, float] | None]]]:
    """Return the results as JSON has them."""
    return {
        scenario: {
            name: [None if sample is None else vars(sample) for sample in rounds] for name, rounds in found.items()
        }
        for scenario, found in results.items()
    }


def idle(costs: Sequence[Mapping[str, Any]], connections: int) -> Section:
    """Return the part on what idle connections cost."""
    rows = [
        [str(cost["server"]), f"{cost['cpu']:.2%}", f"{cost['memory']:,.0f}", str(cost["closed"])] for cost in costs
    ]
    title = f"{connections:,} idle connections and nothing else"
    text = report.section(title, report.table(["server", "CPU", "bytes each", "closed by the server"], rows))
    drawn = charts.bars(f"Bytes for each of {connections:,} idle connections", {
        str(cost["server"]): float(cost["memory"]) for cost in costs
    }, "bytes")  # fmt: skip
    return Section("idle", text + "\n" + picture("idle", title), list(costs), {"idle": drawn})


def growth(curves: Sequence[Mapping[str, Any]]) -> Section:
    """Return the part on how costs grow."""
    texts, drawn = [], {}
    for curve in curves:
        xs = [x for x, _ in next(iter(curve["series"].values()))]
        headings = [curve["up"], *(f"{x:,.0f}" for x in xs)]
        rows = [[name, *(number(y) for _, y in line)] for name, line in curve["series"].items()]
        texts += [report.section(f"{curve['title']}: {curve['across']}", report.table(headings, rows))]
        name = f"growth-{curve['name']}"
        drawn[name] = charts.lines(curve["title"], curve["series"], curve["across"], curve["up"])
        texts.append(picture(name, curve["title"]))
    return Section("growth", "\n".join(texts), list(curves), drawn)


def number(value: float) -> str:
    """Return a number to three digits, or to the last before the point."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def instructions(key: str, figures: Mapping[str, int], titles: Mapping[str, str]) -> Section:
    """Return the part on instructions per request."""
    rows = [[titles[name], f"{figure:,}"] for name, figure in figures.items()]
    note = f"Counted by callgrind, without kernel and network, on {key}."
    text = report.section("Instructions per request", report.table(["request", "instructions"], rows), note)
    return Section("instructions", text, {key: dict(figures)})


def printed(name: str, title: str, text: str) -> Section:
    """Return the part that another command printed: as it is if that is Markdown, else as it looks."""
    body = text.strip() if "| ---" in text else f"```\n{text.strip()}\n```"
    return Section(name, report.section(title, body + "\n"), text)


def picture(name: str, title: str) -> str:
    """Return the Markdown that shows a chart, as seen from bench/RESULTS.md."""
    return f"![{title}](../{CHARTS}/{name}.svg)\n"


def page(machine: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """Return the whole page."""
    facts = "".join(f"- {key}: {value}\n" for key, value in machine.items())
    intro = (
        "# Results\n\nWritten by `python -m bench --publish`; do not edit. What the figures mean, and how to read "
        "them, is in [docs/performance.md](../docs/performance.md).\n\n"
    )
    return intro + facts + "\n" + "\n".join(section.text for section in sections)


def write(folder: Path, machine: Mapping[str, Any], sections: Sequence[Section]) -> list[Path]:
    """Write page, data and charts below folder; return what was written."""
    files = {
        folder / "bench" / "RESULTS.md": page(machine, sections),
        folder / "bench" / "results.json": json.dumps(
            {"machine": machine, **{section.name: section.data for section in sections}}, indent=1
        ) + "\n",
    }  # fmt: skip
    for section in sections:
        files |= {folder / CHARTS / f"{name}.svg": svg for name, svg in section.charts.items()}
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(files)

