"""Charts: well-formed pictures that show what they were given."""

from xml.etree import ElementTree

import pytest
from bench import charts

SVG = "{http://www.w3.org/2000/svg}"


def parts(svg, name, kind=""):
    return [found for found in ElementTree.fromstring(svg).iter(SVG + name) if kind in found.get("class", "")]


def words(svg):
    return [found.text for found in parts(svg, "text")]


def test_bars_are_as_long_as_their_values():
    svg = charts.bars("Rate <&>", {"hio": 200.0, "other": 50.0, "none": 0.0}, "requests/s", mark=100.0)
    ours, other, none = (float(bar.get("width")) for bar in parts(svg, "rect"))
    assert ours == pytest.approx(4 * other, rel=0.01)
    assert 0 < none < 2  # so that it can be seen
    assert len(parts(svg, "rect", "ours")) == 1
    assert {"Rate <&>", "hio", "other", "200", "requests/s"} <= set(words(svg))
    [mark] = parts(svg, "line", "mark")
    assert float(mark.get("x1")) == pytest.approx(charts.LEFT + ours / 2, abs=0.1)


def test_lines_are_straight_where_growth_is_a_power():
    svg = charts.lines("Growth", {"one": [(1, 10), (10, 100), (100, 1000)], "two": [(1, 5)]}, "n", "ms")
    (x1, y1), (x2, y2), (x3, y3) = (map(float, at.split(",")) for at in parts(svg, "polyline")[0].get("points").split())
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2) and y1 - y2 == pytest.approx(y2 - y3, abs=0.2) and y1 > y2
    assert {"one", "two", "1 k", "n", "ms"} <= set(words(svg))


def test_lines_that_end_together_are_named_apart():
    svg = charts.lines("Growth", {name: [(1, 10), (10, 100)] for name in "abc"}, "n", "ms")
    ends = [float(label.get("y")) for label in parts(svg, "text") if label.text in "abc"]
    assert all(abs(one - other) >= 15 for one, other in zip(ends, ends[1:], strict=False))


def test_lines_need_a_point():
    with pytest.raises(ValueError, match="point"):
        charts.lines("Growth", {"one": []}, "n", "ms")


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 10], (0, 1)), ([5], (0, 1)), ([1], (0, 1)), ([0.05, 2000], (-2, 4))]
)
def test_decades(values, expected):
    assert charts.decades(values) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.02, "0.02"), (999, "999"), (1500, "1.5 k"), (2.34e7, "23.4 M"), (1e9, "1 G"), (1, "1")]
)
def test_short(value, expected):
    assert charts.short(value) == expected


def test_pictures_follow_the_colours_of_the_reader():
    assert "prefers-color-scheme: dark" in charts.bars("", {"a": 1.0}, "")
