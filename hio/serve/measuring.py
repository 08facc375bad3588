"""Numbers for Prometheus: counted in each worker, added up by the supervisor.

Meter     counts the requests of one process; a sink of its Journal
Ledger    the counts of all processes there are, and of those there were
expose    a Ledger as text for Prometheus, or as OpenMetrics

A worker that ends hands its counts over, so that none goes back. Of one that is killed what it had when it was last
asked is kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .journaling import Entry, Journal

#: Seconds: upper bounds of the buckets of durations, from what hio itself takes to what a client gives up on.
BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

#: Methods that are told apart. Whoever invents methods does not get to invent time series.
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"))

#: What a worker tells of the present moment, beside its counts; added up over the living only.
GAUGES = {
    "connections": "Open connections.",
    "answering": "Requests that are being received or answered.",
    "memory": "Resident memory of the workers, in bytes.",
}

Snapshot = dict[str, Any]  # as JSON: what a worker tells


class Meter:
    """Counts of one process.

    Attributes:
        requests (Counter): by (method, status), status "none" where no answer was begun.
        causes (Counter): of requests that ended early, by the first word of the cause.
        received, sent (int): bytes of bodies.
        buckets (list[int]): requests by duration, one for each of BOUNDS and one beyond. seconds (float): their sum.
    """

    naming = False

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.causes: Counter[str] = Counter()
        self.received = 0
        self.sent = 0
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def __repr__(self) -> str:
        return f"<Meter requests={self.requests.total()} received={self.received} sent={self.sent}>"

    def take(self, entries: list[Entry], journal: Journal) -> None:
        """Count entries; journal, whose they are, does not matter here."""
        for (method, status), count in Counter([(entry[0][1], entry[0][4]) for entry in entries]).items():
            known = method if method in METHODS else "other"
            self.requests[known, "none" if status is None else str(status)] += count
        for facts, began, _, _, sent, received, _, cause in entries:
            self.received += received
            self.sent += facts[5]
            duration = sent - began
            self.buckets[bisect_left(BOUNDS, duration)] += 1
            self.seconds += duration
            if cause:
                self.causes[causeLabel(cause)] += 1

    def snapshot(self) -> Snapshot:
        """Return all counts as what JSON can hold."""
        return {
            "requests": [[*key, count] for key, count in self.requests.items()],
            "causes": dict(self.causes),
            "received": self.received,
            "sent": self.sent,
            "buckets": list(self.buckets),
            "seconds": self.seconds,
        }


class Ledger:
    """Counts of all workers.

    Attributes:
        latest (dict): what each living worker told last, by process id.
        past (dict): what those that ended told in the end, added up.
        starts (int): workers started. deaths (int): those that died of themselves.
    """

    def __init__(self) -> None:
        self.latest: dict[int, Snapshot] = {}
        self.past: Snapshot = {}
        self.starts = 0
        self.deaths = 0

    def __repr__(self) -> str:
        return f"<Ledger workers={len(self.latest)} starts={self.starts} deaths={self.deaths}>"

    def note(self, pid: int, snapshot: Snapshot) -> None:
        """Take snapshot, what the worker pid tells, in place of what it told before."""
        self.latest[pid] = snapshot

    def depart(self, pid: int) -> None:
        """Add up what the worker pid, which ended, told last; nothing when it told nothing."""
        snapshot = self.latest.pop(pid, None)
        if snapshot is not None:
            counts = {name: value for name, value in snapshot.items() if name not in GAUGES}
            self.past = total([self.past, counts])

    def total(self) -> Snapshot:
        """Return the sum of all."""
        return total([self.past, *self.latest.values()])


def total(snapshots: list[Snapshot]) -> Snapshot:
    """Return the sum of snapshots."""
    requests: Counter[tuple[str, str]] = Counter()
    causes: Counter[str] = Counter()
    buckets = [0] * (len(BOUNDS) + 1)
    plain: Counter[str] = Counter()
    for snapshot in snapshots:
        for method, status, count in snapshot.get("requests", ()):
            requests[method, status] += count
        causes.update(snapshot.get("causes", {}))
        buckets = [a + b for a, b in zip(buckets, snapshot.get("buckets", [0] * len(buckets)), strict=True)]
        plain.update({name: value for name, value in snapshot.items() if isinstance(value, (int, float))})
    return {
        **plain,
        "requests": [[*key, count] for key, count in sorted(requests.items())],
        "causes": dict(sorted(causes.items())),
        "buckets": buckets,
    }


def causeLabel(cause: str) -> str:
    """Return the label for a cause: one of few, whatever a client or an application does."""
    for label in ("refused", "application raised", "peer", "stalled", "server"):
        if cause.startswith(label):
            return label.split(" ")[0]
    return "other"


class Collector:
    """What prometheus_client asks for the families of ledger; workers: number of those that serve."""

    def __init__(self, ledger: Ledger, workers: int) -> None:
        self.ledger = ledger
        self.workers = workers

    def collect(self) -> Iterator[Any]:
        """Yield the families."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        sums = self.ledger.total()
        requests = CounterMetricFamily("hio_requests", "Requests that are over.", labels=["method", "status"])
        for method, status, count in sums["requests"]:
            requests.add_metric([method, status], count)
        yield requests
        causes = CounterMetricFamily("hio_requests_cut", "Requests that ended early.", labels=["cause"])
        for cause, count in sums["causes"].items():
            causes.add_metric([cause], count)
        yield causes
        durations = HistogramMetricFamily(
            "hio_request_duration_seconds", "Seconds from the first byte of a request to the last of its answer."
        )
        running, buckets = 0, []
        for bound, count in zip([*map(str, BOUNDS), "+Inf"], sums["buckets"], strict=True):
            running += count
            buckets.append((bound, running))
        durations.add_metric([], buckets, sums.get("seconds", 0.0))
        yield durations
        for name, text in (("received", "Bytes of request bodies."), ("sent", "Bytes of response bodies.")):
            yield CounterMetricFamily(f"hio_{name}_bytes", text, value=sums.get(name, 0))
        for name, text in GAUGES.items():
            unit = "_bytes" if name == "memory" else ""
            yield GaugeMetricFamily(f"hio_{name}{unit}", text, value=sums.get(name, 0))
        yield GaugeMetricFamily("hio_workers", "Workers that serve.", value=self.workers)
        yield CounterMetricFamily("hio_worker_starts", "Workers started.", value=self.ledger.starts)
        yield CounterMetricFamily("hio_worker_deaths", "Workers that died of themselves.", value=self.ledger.deaths)


def expose(ledger: Ledger, workers: int, accept: str = "") -> tuple[str, bytes]:
    """Return (media type, body) of ledger for a scrape with that Accept field.

    accept: OpenMetrics if it asks for that, else the classic text. workers: number of those that serve. Raises
    ImportError without prometheus_client.
    """
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector(ledger, workers))
    encode, kind = choose_encoder(accept)
    return kind, encode(registry)
