"""Simulations in pytest, seen from outside: tests of tests."""

from __future__ import annotations

import json
import re

import pytest

from hio.sim import SimError
from hio.sim.plugin import spread

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def nobodysCI(monkeypatch):
    """Where pytest takes itself to be in CI it cuts no line short, and says much of this twice."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


TESTS = '''
import pytest

def waits(host):
    yield host.dice.uniform(0.1, 0.9)

def breaks(host):
    yield 0.5
    if host.sim.seed in (2, 4):
        raise ValueError(f"no good {host.sim.seed}")

@pytest.mark.sim(seeds=5)
def test_doer(sim):
    sim.always("calm", lambda: True)
    sim.client("client", breaks)
    sim.run(limit=10.0)

@pytest.mark.sim(seeds="3..4", latency=0.5)
def test_mark(sim, sim_seed):
    assert sim.seed == sim_seed and sim_seed in (3, 4)
    assert sim.network.terms.latency == 0.5
    sim.client("client", waits)

@pytest.mark.parametrize("word", ["a", "b"])
def test_after(sim, word):
    sim.client("client", waits)
    sim.run()
    assert word == "a", "wrong word"

def test_forgotten(sim):
    sim.client("client", breaks)
'''


@pytest.fixture
def tests(pytester):
    """A folder with tests in it, and the plugin loaded as its users load it."""
    pytester.makeconftest('pytest_plugins = ["hio.sim.plugin"]')
    pytester.makepyfile(test_it=TESTS)
    return pytester


def run(tests, *args):
    """Return the result of a run of pytest in this process."""
    return tests.runpytest_inprocess("-p", "no:randomly", *args)


def test_a_test_of_each_seed(tests):
    result = run(tests, "-k", "doer or mark", "-v")
    result.assert_outcomes(passed=5, failed=2)
    result.stdout.fnmatch_lines(["*test_doer?seed1? PASSED*", "*test_doer?seed2? FAILED*", "*test_mark?seed3? PASSED*"])


def test_a_failure_tells_how_to_see_it_again(tests):
    text = run(tests, "-k", "doer", "-p", "no:cacheprovider", "--sim-trace", "here").stdout.str()
    assert "ValueError: no good 2" in text and 'raise ValueError(f"no good' in text  # the doer's own line
    assert "always calm: holds" in text and "the last events:" in text
    assert "hio/sim/running.py" not in text.split("The above exception")[-1]  # no inside of the simulator
    section = re.search(r"-+ simulation -+\n(?P<body>.*?)\n_", text, re.S)["body"]
    found = dict(re.findall(r"^(\w+) +(.*)$", section, re.M))
    assert found["seed"] == "2" and found["replay"] == "pytest 'test_it.py::test_doer[seed2]' --sim-seed 2"
    assert (tests.path / found["chart"]).read_text().startswith("<!doctype html>")
    first = json.loads((tests.path / found["trace"]).read_text().splitlines()[0])
    assert first["serial"] == 0 and re.fullmatch("[0-9a-f]{16}", found["digest"])
    # the second seed in a line, and all of them summed up
    assert "seed 4: raised: ValueError: no good 4" in text and text.count("the last events:") == 1
    assert "test_it.py::test_doer failed under 2 seeds: 2 4" in text


def test_the_replay_command_fails_alike(tests):
    result = run(tests, "test_it.py::test_doer[seed4]", "--sim-seed", "4")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no good 4*", "replay  pytest 'test_it.py::test_doer?seed4?' --sim-seed 4"])


def test_an_assertion_behind_the_run_shows_trace_and_chart(tests):
    result = run(tests, "-k", "after")
    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    assert "wrong word" in text and "the last events:" in text
    replay = re.search(r"^replay  pytest (.*)$", text, re.M)[1]
    assert replay == "'test_it.py::test_after[seed1-b]' --sim-seed 1"
    charts = re.findall(r"^chart   (.*)$", text, re.M)
    assert len(charts) == 1 and ".pytest_cache" in charts[0]


def test_what_a_test_sets_up_but_does_not_run_is_run(tests):
    run(tests, "-k", "forgotten", "--sim-seed", "2").assert_outcomes(failed=1)
    run(tests, "-k", "forgotten").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("args", "passed", "failed"),
    [
        (["--sim-seeds", "3", "-k", "doer"], 2, 1),
        (["--sim-seeds", "2..4", "-k", "doer"], 1, 2),
        (["--sim-seeds", "10", "-k", "forgotten"], 8, 2),
        (["--sim-seed", "two", "-k", "forgotten"], 1, 0),  # any text is a seed
    ],
)
def test_options_say_which_seeds(tests, args, passed, failed):
    run(tests, *args).assert_outcomes(passed=passed, failed=failed)


def test_wrong_seeds_are_told(tests):
    result = run(tests, "--sim-seeds", "many")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--sim-seeds: seeds are said as*'many'*"])


@pytest.mark.parametrize(
    ("seeds", "expected"), [(3, [1, 2, 3]), ("3", [1, 2, 3]), ("2..3,9", [2, 3, 9]), ([7, "x"], [7, "x"])]
)
def test_spread(seeds, expected):
    assert spread(seeds) == expected


@pytest.mark.parametrize("seeds", [0, "0", "", [], None, 1.5])
def test_spread_refuses(seeds):
    with pytest.raises(SimError, match="seeds are said as"):
        spread(seeds)


@pytest.mark.kernel
def test_xdist_spreads_the_seeds(tests):
    pytest.importorskip("xdist")
    result = tests.runpytest_subprocess("-n", "2", "-k", "doer or forgotten", "--sim-seeds", "6")
    result.assert_outcomes(passed=8, failed=4)
    text = result.stdout.str()
    assert "replay  pytest 'test_it.py::test_doer[seed2]' --sim-seed 2" in text
    assert "test_it.py::test_doer failed under 2 seeds: " in text  # summed up by who runs the workers
