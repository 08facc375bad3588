"""Many seeds: what is found, kept and told."""

from __future__ import annotations

import argparse
import io
import json
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio import cli
from hio.sim import SimError
from hio.sim.crewing import Crew, DaskCrew
from hio.sim.finding import find
from hio.sim.ledgering import Ledger, Spans
from hio.sim.progressing import Bar, Line, Nothing, line, progress
from hio.sim.sweeping import Sweep
from hio.sim.trying import Outcome, attempt

SHOP = '''
import os, sys
from marketing import waits

def quick(host):
    yield host.dice.between(1, 50) / 10

def fails(host):
    yield 0.5
    if host.sim.seed % 5 == 0:
        raise ValueError(f"seed {host.sim.seed} is no good")

def fine(sim):
    """Passes, and prints what no sweep may take for an answer."""
    print("hello")
    sim.client("client", quick)

def flaky(sim, extra=3):
    """Fails in three ways, one of which ends the process."""
    sim.client("client", fails)
    sim.run(limit=waits)
    if sim.seed == 7:
        print("the end", file=sys.stderr)
        os._exit(3)
    assert sim.seed not in (8, 13), f"unlucky {sim.seed}"

def reads(sim):
    """Asks somebody who is not there."""
    sim.client("client", quick)
    assert sys.stdin.read() == ""

def helper(host):
    """No scenario."""
'''

SLOW = """
import threading

def quick(host):
    yield 1.0

def slow(sim):
    if sim.seed == 2:
        threading.Event().wait()
    sim.client("client", quick)
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A file of scenarios in the current folder."""
    (tmp_path / "market.py").write_text(SHOP)
    (tmp_path / "marketing.py").write_text("waits = 60.0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)
    yield tmp_path
    for name in [name for name in sys.modules if name not in known]:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


class Inline:
    """A crew that tries seeds at once, here, by a function from seed to cause."""

    def __init__(self, judge, most=3):
        self.judge = judge
        self.most = most
        self.tried = []

    def run(self, take):
        while seeds := take(self.most):
            self.tried += seeds
            yield [Outcome(seed, *self.judge(seed)) for seed in seeds]


def third(seed):
    """Each third seed fails."""
    return ("raised", f"ValueError: {seed}") if seed % 3 == 0 else ("",)


# Scenarios

def test_scenario_is_found_by_name(shop):
    assert str(find("market.py::fine")) == "market.py::fine"
    assert find("market.py::flaky").function.__name__ == "flaky"


def test_lone_scenario_needs_no_name(shop):
    (shop / "lone.py").write_text("def _hidden(sim): pass\ndef only(sim): pass\ndef other(host): pass\n")
    assert find("lone.py").name == "only"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("market.py", r"several scenarios, name one: market.py::fine, market.py::flaky, market.py::reads"),
        ("market.py::gone", r"no scenario 'gone'; it has fine"),
        ("gone.py", r"no file 'gone.py'$"),
        ("market::fine", r"no file 'market'; there is 'market.py'$"),
        ("empty.py", r"has no scenario: no function"),
        ("broken.py", r"importing broken.py raised ZeroDivisionError"),
        ("notes.txt", r"no file of Python"),
    ],
)
def test_what_is_no_scenario_is_told_in_a_line(shop, spec, said):
    (shop / "empty.py").write_text("")
    (shop / "broken.py").write_text("1 / 0\n")
    (shop / "notes.txt").write_text("")
    with pytest.raises(SimError, match=said):
        find(spec)


def test_attempt_tells_how_a_run_ended(shop):
    scenario = find("market.py::flaky")
    outcomes = {seed: attempt(scenario, seed)[1] for seed in (1, 5, 8)}
    assert outcomes[1].cause == "" and outcomes[1].turns > 0
    assert outcomes[5].cause == "raised" and outcomes[5].host == "client" and outcomes[5].digest
    assert outcomes[8].cause == "assert" and "unlucky 8 (" in outcomes[8].reason
    assert outcomes[5].kind == attempt(scenario, 10)[1].kind  # numbers apart


# Spans

@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5))), st.lists(st.integers(0, 60)))
def test_spans_are_a_set(ranges, others):
    spans, model = Spans(), set()
    for first, more in ranges:
        spans.add(first, first + more)
        model |= set(range(first, first + more + 1))
    without = Spans()
    for each in others:
        without.add(each)
    assert list(spans) == sorted(model) and len(spans) == len(model)
    assert all((number in spans) == (number in model) for number in range(70))
    assert list(Spans(str(spans))) == list(spans)
    assert list(spans.without(without)) == sorted(model - set(others))
    both = Spans(str(spans))
    both.update(without)
    assert list(both) == sorted(model | set(others))


@pytest.mark.parametrize("text", ["x", "1-5", "5..1", "1..", "..5", "1,,2", "-1", "1..2..3"])
def test_spans_say_what_is_wrong(text):
    with pytest.raises(SimError, match=re.escape(repr(text))):
        Spans(text)


# Sweeps

def test_sweep_tries_each_seed_once_and_groups_failures():
    crew = Inline(third)
    sweep = Sweep(Spans("1..10,20"), crew)
    assert sum(len(batch) for batch in sweep.run()) == 11
    assert crew.tried == [*range(1, 11), 20]
    (group,) = sweep.groups()
    assert group.seeds == [3, 6, 9] and group.cause == "raised"
    assert sweep.ended and str(sweep.passed) == "1..2,4..5,7..8,10,20"


def test_groups_are_by_cause_and_reason_and_led_by_the_shortest_run():
    def judge(seed):
        if seed % 4 == 0:
            return "raised", f"KeyError: 0x{seed:x} after {seed}.5 s", "h", "d", 1.0, 100 - seed
        return ("limit", "late") if seed == 5 else ("",)

    sweep = Sweep(Spans("1..10"), Inline(judge))
    list(sweep.run())
    assert [(group.cause, group.seeds, group.first.seed) for group in sweep.groups()] == [
        ("raised", [4, 8], 8),
        ("limit", [5], 5),
    ]


def test_sweep_stops_after_so_many_failures():
    crew = Inline(third, most=1)
    sweep = Sweep(Spans("1..100"), crew, stop=2)
    list(sweep.run())
    assert [each.seed for each in sweep.failures] == [3, 6] and crew.tried[-1] == 6 and not sweep.ended
    more = Sweep(Spans("1..100"), Inline(third, most=1), passed=sweep.passed, failures=sweep.failures, stop=1)
    list(more.run())
    assert [each.seed for each in more.failures] == [3, 6, 9]  # those known before do not count


def test_sweep_goes_on_where_it_was_interrupted(tmp_path):
    path = str(tmp_path / "deep" / "state.jsonl")
    ledger = Ledger(path, "market.py::flaky", "digest")
    ledger.start(anew=True)
    sweep = Sweep(Spans("1..20"), Inline(third), ledger=ledger)
    running = sweep.run()
    for _ in range(3):
        next(running)
    running.close()
    ledger.close()
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"passed":"1..')  # cut in two
    ledger = Ledger(path, "market.py::flaky", "digest")
    passed, failures, same = ledger.read()
    assert same and str(passed) == "1..2,4..5,7..8" and [each.seed for each in failures] == [3, 6, 9]
    ledger.start(anew=False)
    crew = Inline(third)
    sweep = Sweep(Spans("1..20"), crew, ledger=ledger, passed=passed, failures=failures)
    assert sweep.done == 9
    list(sweep.run())
    ledger.close()
    assert crew.tried == list(range(10, 21)) and sweep.ended
    passed, failures, _ = ledger.read()
    assert len(passed) == 14 and len(failures) == 6


def test_ledger_knows_a_changed_file_and_another_scenario(tmp_path):
    path = str(tmp_path / "state.jsonl")
    ledger = Ledger(path, "a.py::one", "1")
    with pytest.raises(SimError, match="no sweep to go on with"):
        ledger.read()
    ledger.start(anew=True)
    ledger.add([Outcome(4, "raised", "x")])
    ledger.close()
    assert Ledger(path, "a.py::one", "2").read()[2] is False
    with pytest.raises(SimError, match="not the state of a sweep of a.py::two"):
        Ledger(path, "a.py::two", "1").read()
    ledger.start(anew=True)
    ledger.close()
    assert Ledger(f"{path}.old", "a.py::one", "1").read()[1][0].seed == 4
    (tmp_path / "state.jsonl").write_text("nonsense\n")
    with pytest.raises(SimError, match="no state of a sweep"):
        ledger.read()


def test_failures_come_first_when_the_file_has_changed():
    crew = Inline(third)
    sweep = Sweep(Spans("1..9"), crew, again=[6, 8, 40])
    list(sweep.run())
    assert crew.tried == [6, 8, 1, 2, 3, 4, 5, 7, 9]


# Processes

@pytest.mark.kernel
def test_a_crew_survives_seeds_that_end_its_processes(shop):
    sweep = Sweep(Spans("1..15"), Crew("market.py", "flaky", 2))
    list(sweep.run())
    assert sweep.ended
    assert {each.seed: each.cause for each in sweep.failures} == {
        5: "raised", 7: "died", 8: "assert", 10: "raised", 13: "assert", 15: "raised",
    }  # fmt: skip
    died = next(each for each in sweep.failures if each.seed == 7)
    assert died.reason == "its process ended with status 3: the end"


@pytest.mark.kernel
def test_a_worker_has_no_input_and_its_output_is_no_answer(shop):
    for name in ("reads", "fine"):
        sweep = Sweep(Spans("1..3"), Crew("market.py", name))
        list(sweep.run())
        assert str(sweep.passed) == "1..3"


@pytest.mark.kernel
def test_a_seed_that_hangs_is_ended(shop):
    (shop / "slow.py").write_text(SLOW)
    sweep = Sweep(Spans("1..3"), Crew("slow.py", "slow", tymeout=2.0))
    list(sweep.run())
    assert [(each.seed, each.cause) for each in sweep.failures] == [(2, "hung")] and str(sweep.passed) == "1,3"


@pytest.mark.kernel
def test_a_process_that_cannot_even_start_ends_the_sweep(shop):
    with pytest.raises(SimError, match="before it was ready: .*no file 'gone.py'"):
        list(Sweep(Spans("1..3"), Crew("gone.py", "x")).run())


def test_dask_is_named_when_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SimError, match="needs distributed"):
        list(Sweep(Spans("1..3"), DaskCrew("x.py", "x", "tcp://127.0.0.1:1")).run())


@pytest.mark.kernel
@pytest.mark.filterwarnings("default")  # of distributed's own
def test_workers_of_a_dask_cluster_try_seeds(shop):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install 'hio[sim]'")
    settings = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(protocol="tcp", host="127.0.0.1", **settings) as cluster:
        sweep = Sweep(Spans("1..15"), DaskCrew("market.py", "flaky", cluster.scheduler_address))
        list(sweep.run())
        assert sweep.ended
        assert [(each.seed, each.cause) for each in sorted(sweep.failures)] == [
            (5, "raised"), (7, "died"), (8, "assert"), (10, "raised"), (13, "assert"), (15, "raised"),
        ]  # fmt: skip
        with pytest.raises(SimError, match="before it was ready: .*has no scenario 'gone'"):
            list(Sweep(Spans("1..3"), DaskCrew("market.py", "gone", cluster.scheduler_address)).run())


# The command

def hioSim(capsys, *args):
    """Return (status, stdout, stderr) of hio sim."""
    status = cli.main(["sim", *args])
    return status, *capsys.readouterr()


@pytest.mark.kernel
def test_command_sweeps_replays_and_resumes(shop, capsys):
    status, out, err = hioSim(capsys, "market.py::flaky", "--seeds", "1..10", "--jobs", "1")
    assert status == 1 and err == ""  # no bar where nobody looks on
    assert out.startswith("6 of 10 seeds passed, 4 failed; 10 tried in ")
    assert "2 x raised: ValueError: seed 5 is no good" in out and "also seeds 10" in out
    replays = re.findall(r"^    hio (sim .*)$", out, re.M)
    assert replays == [f"sim market.py::flaky --seed {seed}" for seed in (5, 7, 8)]
    status, out, err = hioSim(capsys, "market.py::flaky", "--seeds", "1..12", "--resume", "--jobs", "1")
    assert status == 1 and "going on: 10 of 12 seeds are done, 4 of them failed" in out
    assert "; 2 tried in" in out and "8 of 12 seeds passed, 4 failed" in out
    status, out, err = hioSim(capsys, *replays[0].split()[1:], "--trace", "run.txt", "--trace", "run.jsonl")
    assert status == 1 and "seed 5 failed: raised, digest" in out and "the last events:" in out
    assert "fail" in (shop / "run.txt").read_text()
    events = [json.loads(each) for each in (shop / "run.jsonl").read_text().splitlines()]
    assert [each["serial"] for each in events] == list(range(len(events)))


@pytest.mark.kernel
def test_command_stops_and_says_how_to_go_on(shop, capsys):
    status, out, _ = hioSim(capsys, "market.py::flaky", "--stop", "1", "--jobs", "1", "--state", "here.jsonl")
    assert status == 1
    assert "ended after 1 failures; to go on: hio sim market.py::flaky --seeds 1..1000 --resume --state here" in out


@pytest.mark.kernel
def test_command_passes(shop, capsys):
    assert hioSim(capsys, "market.py::fine", "--seeds", "1..3")[0] == 0
    status, out, _ = hioSim(capsys, "market.py::fine", "--seed", "9")
    assert status == 0 and re.search(r"seed 9 passed: tyme \d+\.\d+, \d+ turns, \d+ events, digest [0-9a-f]{16}$", out)


def test_interrupted_sweep_keeps_what_it_found(shop, capsys, monkeypatch):
    class Interrupted(Inline):
        def __init__(self, *_):
            super().__init__(third)

        def run(self, take):
            for count, outcomes in enumerate(super().run(take)):
                yield outcomes
                if count == 2:
                    raise KeyboardInterrupt

    monkeypatch.setattr("hio.sim.commanding.Crew", Interrupted)
    status, out, _ = hioSim(capsys, "market.py::flaky", "--seeds", "1..100")
    assert status == 130 and "6 of 100 seeds passed, 3 failed" in out
    assert "interrupted; to go on: hio sim market.py::flaky --seeds 1..100 --resume" in out
    monkeypatch.setattr("hio.sim.commanding.Crew", lambda *_: Inline(third))
    status, out, _ = hioSim(capsys, "market.py::flaky", "--seeds", "1..12", "--resume")
    assert status == 1 and "8 of 12 seeds passed, 4 failed; 3 tried" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["gone.py"], "no file 'gone.py'"),
        (["market.py"], "several scenarios"),
        (["market.py::fine", "--seeds", "many"], "seeds are said as"),
        (["market.py::fine", "--seeds", ""], "names no seed"),
        (["market.py::fine", "--jobs", "-1"], "0 or more"),
        (["market.py::fine", "--trace", "x.html"], "say --seed too"),
        (["market.py::fine", "--resume"], "no sweep to go on with"),
        (["market.py::fine", "--seed", "1", "--trace", "no/where.txt"], "cannot write no/where.txt"),
    ],
)
def test_command_says_in_a_line_what_is_wrong(shop, capsys, args, said):
    status, _, err = hioSim(capsys, *args)
    assert status == 2 and said in err and err.startswith("hio sim: ") and err.count("\n") == 1


def test_help_has_examples():
    parser = argparse.ArgumentParser()
    cli.simcli.describe(parser)
    assert "--dask" in parser.format_help()


# Progress

class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def swept(count=10):
    sweep = Sweep(Spans(f"1..{count}"), Inline(third))
    running = sweep.run()
    next(running)
    return sweep


def test_progress_shows_nothing_in_a_pipe():
    stream = io.StringIO()
    with progress(stream) as shown:
        shown.show(swept())
    assert type(shown) is Nothing and stream.getvalue() == ""


def test_progress_is_plain_without_rich(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    stream = Terminal()
    with progress(stream) as shown:
        shown.show(swept())
        shown.show(swept())  # at once: not again
    assert isinstance(shown, Line)
    text = stream.getvalue()
    assert text.count("[#######.................] 3 of 10 seeds, ") == 1 and text.endswith(", 1 failed\x1b[K\r\x1b[K")


def test_progress_uses_rich(monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    stream = Terminal()
    with progress(stream) as shown:
        shown.show(swept())
    assert isinstance(shown, Bar) and "3 of 10" in stream.getvalue() and "1 failed" in stream.getvalue()


def test_line_of_a_sweep_that_has_not_begun():
    sweep = Sweep(Spans("1..4"), Inline(third))
    assert line(sweep) == "[........................] 0 of 4 seeds, 0/s"
