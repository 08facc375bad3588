"""Instructions per request: what is read from valgrind, what is compared, and that the driver serves what it says."""

import json

import pytest
from bench import instructions
from bench.inmemory import WORKLOADS, run
from bench.instructions import MORE, START, judge, main, parse
from bench.servers import Failure

TOLD = f"11 {START} 'hello'\n12 {START + MORE} 'hello'\n13 {START} 'post'\n14 {START + MORE} 'post'\n"
COUNTED = f"""\
==11== Collected : 1000
==12== Collected : {1000 + 50 * MORE}
==13== Collected : 3000
==14== Collected : {3000 + 70 * MORE + 1}
==10== Collected : 99
"""


def test_the_cost_of_starting_cancels_out():
    assert parse(TOLD, COUNTED, ["hello", "post"]) == {"hello": 50, "post": 70}


@pytest.mark.parametrize("gone", ["==11== Collected : 1000\n", "==14=="])
def test_a_process_that_was_not_counted_is_told(gone):
    with pytest.raises(Failure, match="did not count"):
        parse(TOLD, COUNTED.replace(gone, ""), ["hello", "post"])


@pytest.mark.parametrize(
    ("figure", "grew", "words"),
    [(1000, False, "+0.0% of 1,000"), (1050, False, "+5.0%"), (1051, True, "above the"), (900, False, "well below")],
)
def test_judge(figure, grew, words):
    [line], found = judge({"hello": figure}, {"hello": 1000})
    assert found is grew and words in line


def test_judge_without_a_record_of_it():
    [line], grew = judge({"hello": 10}, {})
    assert not grew and "none on record" in line


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Have a record of its own, and figures that need no valgrind."""
    path, figures = tmp_path / "instructions.json", {"hello": 1000}
    monkeypatch.setattr(instructions, "RECORD", path)
    monkeypatch.setattr(instructions.shutil, "which", lambda name: name)
    monkeypatch.setattr(instructions, "measure", lambda names: dict(figures))
    return path, figures


def test_a_build_without_a_record_is_skipped_and_says_so(recorded, capsys):
    assert main(["--check"]) == 0
    assert "skipped" in capsys.readouterr().out


def test_growth_fails_the_check_and_needs_a_note_to_be_recorded(recorded, capsys):
    path, figures = recorded
    assert main(["--update"]) == 0
    assert main(["--check"]) == 0
    figures["hello"] = 1100
    assert main(["--check"]) == 1
    assert main(["--update"]) == 1
    assert "--note" in capsys.readouterr().out
    assert main(["--update", "--note", "a check of the Host field"]) == 0
    assert main(["--check"]) == 0
    [entry] = json.loads(path.read_text()).values()
    assert entry == {"figures": {"hello": 1100}, "notes": ["a check of the Host field"]}


def test_without_valgrind_a_check_that_could_be_made_fails(recorded, monkeypatch, capsys):
    main(["--update"])
    monkeypatch.setattr(instructions.shutil, "which", lambda name: None)
    assert main(["--check"]) == 1
    assert "valgrind" in capsys.readouterr().out


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_driver_serves_every_workload(name):
    workload = WORKLOADS[name]
    assert run(workload, 40).endswith(b"\r\n\r\n" + workload.answer)
