"""hio sim, where it fails: the fewest faults, a picture, and the commands that repeat it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from examples import sim_payment
from hio import cli
from hio.sim.finding import find
from hio.sim.shrinking import read
from hio.sim.trying import attempt

ROOT = Path(__file__).parent.parent.parent
CARELESS = f"{Path(sim_payment.__file__)}::careless"
OWN = """
import os

def wait(host):
    yield 1.0

def dies(sim):
    os._exit(3)

def bare(sim):
    print("something")
    sim.client("a", wait)
    sim.run()
    assert False, "always"

def moody(sim, known=[]):
    sim.client("a", wait)
    sim.run()
    known.append(1)
    assert len(known) > 1

def several(sim):
    sim.client("a", wait)
    sim.at(0.5).skew("a", 1.0)
    sim.run()
    assert False, "abcdefghijkl"[sim.seed]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


@pytest.fixture
def hio(capsys):
    """Run hio sim with words; return (status, stdout, stderr)."""

    def run(*args):
        status = cli.main(["sim", *args])
        return status, *capsys.readouterr()

    return run


class Here:
    """A crew that tries seeds in this process."""

    def __init__(self, path, name, jobs=1):
        self.scenario = find(f"{path}::{name}")

    def run(self, take):
        while seeds := take(10):
            yield [attempt(self.scenario, seed)[1] for seed in seeds]


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr("hio.sim.commanding.Crew", Here)


def test_a_sweep_ends_with_the_fewest_faults_a_picture_and_the_commands(hio, here, folder):
    status, out, err = hio(CARELESS, "--seeds", "40..50")
    assert status == 1 and err == ""
    assert "1 x always: always 'paid at most once' does not hold" in out
    assert "    shrunk to 1 fault of 5, in 10 runs\n        sim.at(0.175).reset('payer', 'bank')\n" in out
    again, under = re.findall(r"^    hio sim (.*)$", out, re.M)
    chart = re.search(r"^    chart: (.*)$", out, re.M)[1]
    page = (folder / chart).read_text()
    assert page.startswith("<!doctype html>") and "paid at most once" in page and "seed 44" in page
    first, second = hio(*shlex.split(again)), hio(*shlex.split(under))
    assert first[0] == second[0] == 1
    assert "seed 44 failed: always, digest" in second[1] and first[1] != second[1]
    (fault,) = read(shlex.split(under)[-1])
    assert str(fault) == "at(0.175).reset('payer', 'bank')"


def test_the_tutorial_shows_what_is_printed(hio, here, folder):
    text = (ROOT / "docs" / "simulation.md").read_text()
    command, shown = re.search(r"```console\n\$ hio sim (.*)\n((?:.*\n)+?)```", text).groups()
    (folder / "examples").symlink_to(ROOT / "examples")
    _, out, _ = hio(*shlex.split(command))
    outcome = re.compile(r"tried in .*|digest \w+")
    assert outcome.sub("", out) == outcome.sub("", shown)


def test_the_files_lie_beside_the_state(hio, here, folder):
    hio(CARELESS, "--seeds", "44", "--state", "deep/er/state.jsonl")
    assert {each.name for each in (folder / "deep" / "er").iterdir()} == {
        "state.jsonl", "state.seed44.html", "state.seed44.json",
    }  # fmt: skip
    assert not (folder / ".hio").exists()


def test_one_seed_is_shrunk_if_asked_for(hio, folder):
    status, out, _ = hio(CARELESS, "--seed", "44")
    assert status == 1 and "shrunk" not in out and not (folder / ".hio").exists()
    status, out, _ = hio(CARELESS, "--seed", "44", "--shrink", "--trace", "all.txt")
    assert status == 1 and "shrunk to 1 fault of 5" in out
    assert (folder / "all.txt").read_text().count(" fault ") == 5  # of the whole run
    assert len(list((folder / ".hio" / "sim").iterdir())) == 2


def test_a_sweep_need_not_shrink(hio, here, folder):
    status, out, _ = hio(CARELESS, "--seeds", "44", "--no-shrink")
    assert status == 1 and "shrunk" not in out and "chart" not in out
    assert [each.suffix for each in (folder / ".hio" / "sim").iterdir()] == [".jsonl"]


def test_a_failure_without_faults_has_a_picture(hio, here, folder):
    _, out, _ = hio("own.py::bare", "--seeds", "1..3")
    assert "    it fails without any fault\n    chart: .hio/sim/own.bare.seed1.html\n" in out
    assert out.count("something") == 3 and len(re.findall("hio sim", out)) == 1  # said by the sweep, not by shrinking


def test_what_does_not_fail_again_is_told(hio, here):
    _, out, _ = hio("own.py::moody", "--seeds", "1..3")
    assert "not shrunk: it does not fail that way again" in out


def test_what_fails_otherwise_than_in_its_worker_is_not_taken_for_it(hio, here, monkeypatch):
    class There(Here):
        def run(self, take):
            yield from ([one._replace(cause="limit") for one in batch] for batch in super().run(take))

    monkeypatch.setattr("hio.sim.commanding.Crew", There)
    _, out, _ = hio("own.py::bare", "--seeds", "1..3")
    assert "3 x limit" in out and "not shrunk: it does not fail that way again" in out


@pytest.mark.kernel
def test_what_ends_its_process_is_left_alone(hio):
    status, out, _ = hio("own.py::dies", "--seeds", "1..2", "--jobs", "1")
    assert status == 1 and "2 x died" in out and "not shrunk: its process ended" in out


def test_only_the_largest_groups_are_looked_into(hio, here, monkeypatch):
    monkeypatch.setattr("hio.sim.commanding.GROUPS", 2)
    _, out, _ = hio("own.py::several", "--seeds", "1..5")
    assert out.count("1 x assert") == 5 and out.count("it fails without any fault, in 1 run\n") == 2


def test_interrupted_shrinking_says_how_to_go_on(hio, here, monkeypatch):
    def interrupt(*pa, **kwa):
        raise KeyboardInterrupt

    monkeypatch.setattr("hio.sim.commanding.shrink", interrupt)
    status, out, _ = hio(CARELESS, "--seeds", "1..50")
    assert status == 130 and "    interrupted; to shrink it: hio sim " in out and "--seed 29 --shrink" in out
    assert hio(CARELESS, "--seed", "44", "--shrink")[::2] == (130, "interrupted\n")


def test_a_sweep_that_is_resumed_looks_into_what_it_knew(hio, here):
    hio(CARELESS, "--seeds", "40..44", "--no-shrink")
    status, out, _ = hio(CARELESS, "--seeds", "40..44", "--resume")
    assert status == 1 and "0 tried" in out and "shrunk to 1 fault of 5" in out


@pytest.mark.parametrize("args, said", [
    (["--seed", "1", "--faults", "gone.json"], "cannot read gone.json"),
    (["--seed", "1", "--faults", "own.py"], "own.py holds no schedule of faults"),
    (["--seed", "1", "--faults", "own.py", "--shrink"], "either these faults, or the fewest"),
    (["--faults", "x.json"], "--faults is for one run: say --seed too"),
])  # fmt: skip
def test_wrong_words_are_told_in_a_line(hio, args, said):
    status, _, err = hio("own.py::bare", *args)
    assert status == 2 and said in err and err.startswith("hio sim: ")


def test_progress_of_shrinking(hio, here, monkeypatch):
    said = []

    class Shown:
        def __init__(self, stream):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def say(self, text):
            said.append(text)

    monkeypatch.setattr("hio.sim.commanding.status", Shown)
    hio(CARELESS, "--seed", "44", "--shrink")
    assert said[:2] == ["shrinking seed 44: 5 faults after 0 runs", "shrinking seed 44: 5 faults after 1 run"]
    assert said[-1].startswith("shrinking seed 44: 1 fault after ")
