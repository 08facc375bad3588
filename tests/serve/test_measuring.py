"""Counts of many processes, as Prometheus reads them."""

from __future__ import annotations

import json

import pytest
from falcon import testing

from hio.serve.journaling import Journal
from hio.serve.measuring import BOUNDS, Ledger, Meter, expose, total
from hio.serve.overseeing import Admin, Health

pytest.importorskip("prometheus_client")


def entry(method="GET", status=200, sent=10, duration=0.003, received=0, cause=""):
    facts = ("127.0.0.1", method, "/x", (1, 1), status, sent, None, None)
    return (facts, 1.0, 1.0, 1.0, 1.0 + duration, received, None, cause)


def counted(*entries):
    """Return the snapshot after entries, as a supervisor gets it."""
    meter = Meter()
    meter.take(list(entries), Journal())
    return json.loads(json.dumps(meter.snapshot()))


def samples(ledger, workers=1, accept=""):
    """Return the samples of an exposition: name with labels -> value."""
    kind, body = expose(ledger, workers, accept)
    lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_counts_add_up_over_processes_and_their_ends():
    ledger = Ledger()
    ledger.note(1, counted(entry(), entry(status=404), entry("BREW")) | {"connections": 3, "memory": 1000})
    ledger.note(2, counted(entry(), entry(cause="peer reset", status=None)) | {"connections": 2, "memory": 500})
    found = samples(ledger, workers=2)
    assert found['hio_requests_total{method="GET",status="200"}'] == 2
    assert found['hio_requests_total{method="GET",status="404"}'] == 1
    assert found['hio_requests_total{method="GET",status="none"}'] == 1
    assert found['hio_requests_total{method="other",status="200"}'] == 1
    assert found['hio_requests_cut_total{cause="peer"}'] == 1
    assert found["hio_connections"] == 5 and found["hio_memory_bytes"] == 1500 and found["hio_workers"] == 2
    assert found["hio_sent_bytes_total"] == 50
    ledger.depart(1)
    found = samples(ledger)
    assert found['hio_requests_total{method="GET",status="200"}'] == 2, "no counter goes back"
    assert found["hio_connections"] == 2, "but what was open there is not open any more"
    ledger.depart(7)


def test_durations():
    ledger = Ledger()
    ledger.note(1, counted(entry(duration=0.0), entry(duration=0.001), entry(duration=0.0011), entry(duration=99.0)))
    found = samples(ledger)
    buckets = [found[f'hio_request_duration_seconds_bucket{{le="{bound}"}}'] for bound in [*BOUNDS, "+Inf"]]
    assert buckets == sorted(buckets) and buckets[-1] == 4
    assert found['hio_request_duration_seconds_bucket{le="0.0001"}'] == 1
    assert found['hio_request_duration_seconds_bucket{le="0.001"}'] >= 1
    assert found['hio_request_duration_seconds_bucket{le="0.0025"}'] == 3
    assert found["hio_request_duration_seconds_count"] == 4
    assert found["hio_request_duration_seconds_sum"] == pytest.approx(99.0021)


def test_labels_are_few_whatever_comes():
    snapshot = counted(*(entry(method=f"M{i}", cause=f"refused: {i}") for i in range(50)),
                       *(entry(cause=f"application raised E{i}") for i in range(50)))
    assert len(snapshot["requests"]) == 2 and set(snapshot["causes"]) == {"refused", "application"}


def test_nothing_is_something():
    assert total([]) == {"requests": [], "causes": {}, "buckets": [0] * (len(BOUNDS) + 1)}
    assert samples(Ledger(), workers=0)["hio_workers"] == 0


def test_openmetrics():
    kind, body = expose(Ledger(), 1, "application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text") and body.endswith(b"# EOF\n")
    assert expose(Ledger(), 1, "text/html")[0].startswith("text/plain")


class Overseer:
    """Knows two workers, of which one answers late."""

    serving = 2

    def __init__(self):
        self.ledger = Ledger()
        self.ledger.note(1, counted(entry()))
        self.polls = 0

    def poll(self):
        self.polls += 1
        answers = iter([False, False, True])
        return lambda: next(answers)

    def roll(self):
        return [{"slot": 0, "pid": 7, "state": "ready", "age": 5.0, "live": "http://127.0.0.1:9001/"}]


def test_admin():
    overseer = Overseer()
    client = testing.TestClient(Admin(overseer))
    assert client.simulate_get("/-/health").text == "well\n"
    assert client.simulate_get("/-/ready").status_code == 200
    for path in ("/", "/-/", "/-"):
        assert "http://127.0.0.1:9001/" in client.simulate_get(path).text
    assert client.simulate_get("/-/workers.json").json[0]["pid"] == 7
    assert client.simulate_get("/-/none").status_code == 404
    assert client.simulate_post("/-/health").status_code == 405
    overseer.serving = 0
    assert client.simulate_get("/-/ready").status_code == 503
    assert client.simulate_get("/-/health").status_code == 200


def test_metrics_wait_for_all_workers_without_holding_up_the_loop():
    for path in ("/-/metrics", "/metrics"):
        overseer = Overseer()
        started = []
        environ = testing.create_environ(path)
        items = list(Admin(overseer)(environ, lambda *args, to=started: to.append(args)))
        assert items[:2] == [b"", b""] and b'hio_requests_total{method="GET",status="200"} 1.0' in items[2]
        ((status, fields),) = started
        assert status == "200 OK" and dict(fields)["Content-Type"].startswith("text/plain") and overseer.polls == 1


def test_health_where_the_app_is():
    client = testing.TestClient(Health(lambda: False))
    assert client.simulate_get("/health").text == "well\n"
    assert client.simulate_get("/ready").status_code == 503
    assert client.simulate_get("/metrics").status_code == 404
