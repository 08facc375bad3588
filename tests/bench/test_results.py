"""The page of results: targets, sections, and the files that one run writes."""

import json

from bench import results
from bench.loads import Sample
from bench.results import TARGETS, reached, targets
from bench.scenarios import SCENARIOS
from bench.servers import KINDS


def sample(rate, p50=10.0, cpu=1.0):
    return Sample(rate=rate, p50=p50, p99=p50, cpu=cpu)


FOUND = {
    "hello": {"hio": [sample(120), sample(60)], "granian": [sample(100), sample(50)], "bjoern": [sample(200), None]},
    "one": {"hio": [sample(10, p50=20.0)], "granian": [sample(10, p50=10.0)]},
    "busy": {"hio": [sample(100)]},
    "idle2": {"hio": [sample(99, cpu=0.5)]},
}


def test_every_target_is_measured_by_a_scenario():
    for target in TARGETS:
        scenario = SCENARIOS[target.scenario]
        assert target.peer in scenario.servers if target.peer else scenario.own
        assert not target.peer or target.peer in KINDS


def test_targets_say_whether_they_were_met():
    rows = {tuple(row.split(" | ")[:2]): row.split(" | ")[2:] for row in targets(FOUND).splitlines()[2:]}
    title = "| " + SCENARIOS["hello"].title
    assert rows[title, "at least 1.1 of granian"] == ["1.20", "yes", "1.20 |"]
    assert rows[title, "at least 0.7 of bjoern"] == ["0.60", "**no**", "0.60 |"]
    assert rows["| " + SCENARIOS["one"].title, "p50 at most 1.5 of granian"] == ["2.00", "**no**", " |"]
    assert rows["| " + SCENARIOS["idle2"].title, "at least 0.95 of its own rate"] == ["0.99", "yes", "1.98 |"]
    assert len(rows) == 4  # what was not measured is left out


def test_a_target_without_its_peer_is_not_reached_nor_missed():
    assert reached(TARGETS[0], {"hello": {"hio": [sample(1)]}}, lambda one: one.rate) is None


def test_one_run_writes_the_page_its_data_and_its_charts(tmp_path):
    series = {"MB": [(1, 2.0), (10, 200.0)]}
    curve = {"name": "bodies", "title": "Bytes", "across": "bytes", "up": "MB", "series": series}
    sections = [
        results.suite(FOUND, "granian"),
        results.idle([{"server": "hio", "cpu": 0.001, "memory": 900.0, "closed": 0}], 10_000),
        results.growth([curve]),
        results.instructions("CPython", {"hello": 64000}, {"hello": "GET"}),
        results.printed("switches", "The scheduler", "| a |\n| --- |\n"),
        results.printed("simulated", "Simulation", "plain text"),
    ]
    written = results.write(tmp_path, {"cpu": "one", "python": "3"}, sections)
    page = (tmp_path / "bench" / "RESULTS.md").read_text()
    assert "- cpu: one\n" in page and "64,000" in page and "```\nplain text\n```" in page
    for line in page.splitlines():
        if line.startswith("!["):
            assert (tmp_path / "bench" / line.rpartition("(")[2][:-1]).resolve() in [path.resolve() for path in written]
    data = json.loads((tmp_path / "bench" / "results.json").read_text())
    assert data["servers"]["hello"]["bjoern"][1] is None
    assert data["instructions"] == {"CPython": {"hello": 64000}}
    assert page.count("![") == len(list((tmp_path / "docs" / "charts").glob("*.svg")))
