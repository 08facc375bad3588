"""Samples to medians, ratios and a table."""

import pytest
from bench.loads import Sample
from bench.report import markdown, paired, perCpu, percentile, summarize, table
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 0.01, 7.0),
        ([7.0], 1, 7.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0], 0.51, 2.0),
        ([float(i) for i in range(1, 101)], 0.5, 50.0),
        ([float(i) for i in range(1, 101)], 0.99, 99.0),
        ([float(i) for i in range(1, 101)], 1, 100.0),
    ],
)
def test_percentile(values, share, expected):
    assert percentile(values, share) == expected


@given(st.lists(st.integers(0, 9), min_size=1), st.sampled_from([0.01, 0.25, 0.5, 0.9, 0.99, 1.0]))
def test_percentile_is_the_least_value_that_the_share_does_not_exceed(values, share):
    found = percentile(sorted(values), share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0), ([1.0], 1.5), ([1.0], -1)])
def test_percentile_refuses_what_has_no_answer(values, share):
    with pytest.raises(ValueError, match="share"):
        percentile(values, share)


def sample(rate, p50=10.0, **more):
    return Sample(rate=rate, p50=p50, p99=3 * p50, **more)


def test_ratio_is_taken_within_a_round():
    # The machine halves its speed in the second round; the ratio of the medians would be off, the paired one is not.
    ours = [sample(200), sample(100), None]
    theirs = [sample(100), sample(50), sample(60)]
    assert paired(ours, theirs, lambda one: one.rate) == 2.0
    assert paired([None], theirs, lambda one: one.rate) is None
    assert paired(ours, (), lambda one: one.rate) is None


def test_summarize():
    rows = summarize(
        {
            "hio": [sample(90, errors=1, cpu=1.0), sample(110, p50=30.0, cpu=1.0), sample(100, p50=20.0, cpu=0.5)],
            "granian": [sample(90), sample(100), sample(100)],
            "gone": [None, None, None],
            "shaky": [None, sample(50), None],
        },
        "granian",
    )
    assert [(row.server, row.rounds) for row in rows] == [("hio", 3), ("granian", 3), ("shaky", 1)]
    hio, granian, shaky = rows
    assert (hio.rate, hio.lowest, hio.highest, hio.p50, hio.p99, hio.errors) == (100, 90, 110, 20.0, 60.0, 1)
    assert (hio.rateRatio, hio.p50Ratio) == (1.0, 2.0)
    assert (hio.cpu, hio.perCpu) == (1.0, 110)
    assert (granian.rateRatio, granian.p50Ratio) == (1.0, 1.0)
    assert shaky.rateRatio == 0.5


def test_summarize_without_the_other_server_has_no_ratio():
    [row] = summarize({"hio": [sample(1)]}, "granian")
    assert row.rateRatio is None and row.p50Ratio is None and row.cpuRatio is None and row.ownRatio is None


def test_summarize_beside_the_own_rate_of_each():
    own = {"hio": [sample(100), sample(200)], "granian": [None, None]}
    hio, granian, other = summarize(
        {"hio": [sample(90), sample(100)], "granian": [sample(50), None], "other": [sample(1), None]}, "granian", own
    )
    assert hio.ownRatio == pytest.approx((0.9 + 0.5) / 2)
    assert granian.ownRatio is None and other.ownRatio is None


def test_per_cpu_is_what_a_whole_second_would_have_given():
    assert perCpu(sample(100, cpu=0.25)) == 400
    assert perCpu(sample(100)) == 0  # too little to be seen


def test_markdown_is_one_table():
    rows = summarize({"hio": [sample(123456.7, cpu=0.5)], "nginx": [None]}, "granian")
    heading, empty, head, rule, row = markdown("hello", rows, "granian").splitlines()
    assert (heading, empty) == ("### hello", "")
    assert row == "| hio | 123,457 | 123,457 to 123,457 |  | 10 | 30 | 50% | 246,913 |  |"
    assert head.count("|") == rule.count("|") == row.count("|")


def test_markdown_has_the_columns_that_mean_something():
    rows = summarize({"hio": [sample(1000, p50=2500.0, peak=45_600_000, errors=7)]}, "granian", {"hio": [sample(1250)]})
    heading, _, note, _, head, _, row = markdown("10 MB", rows, "granian", "MB/s", "A note.").splitlines()
    assert (heading, note) == ("### 10 MB", "A note.")
    found = dict(zip(head.split(" | ")[1:], row.split(" | ")[1:], strict=True))
    assert found["MB/s"] == "1,000" and found["of its own"] == "0.80" and found["p50, ms"] == "2.5"
    assert found["most memory, MB"] == "46" and found["bad |"] == "7 |"


def test_a_table_of_no_rows_has_its_head():
    assert table(["a", "b"], []).splitlines() == ["| a | b |", "| --- | ---: |"]
