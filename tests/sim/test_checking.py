"""One seed, one trace: whatever the hash seed, the interpreter, and what ran before."""

import glob
import os
import subprocess
import sys

import pytest

from hio.sim import Divergence, Sim, check_determinism, run
from hio.sim.checking import locate
from tests.sim.scenarios import town, unsteady

SEEDS = range(int(os.environ.get("HIO_SIM_SEEDS", "10")))  # where this is to be proven, 200


def others():
    """Return the other Pythons that HIO_SIM_PYTHONS, a pattern of paths, matches and that have what hio needs."""
    found = []
    for path in sorted(glob.glob(os.environ.get("HIO_SIM_PYTHONS", ""))):
        done = subprocess.run([path, "-c", "import multidict, falcon"], capture_output=True, check=False)
        if not done.returncode and os.path.realpath(path) != os.path.realpath(sys.executable):
            found.append(path)
    return found


def test_one_seed_one_trace():
    """In fresh processes with other hash seeds, and in other versions of Python where there are any."""
    check_determinism(town, SEEDS, hashSeeds=(0, 1, 4242), interpreters=others())


def test_each_seed_its_own():
    assert len({run(town, seed).trace.digest() for seed in SEEDS}) == len(SEEDS)


def test_digest_of_several():
    one, other = (check_determinism(failing, seed, hashSeeds=()) for seed in (1, 2))
    assert check_determinism(failing, (1, 2), hashSeeds=()) not in (one, other)


KNOWN = "633bcd697b43fa98c0059034cc77556b8dbf234b6af1492933d8a0f3f0e2ecf3"


def test_known_digest():
    """That of every version on every machine; it changes with whatever goes over the wire, and then is set anew."""
    sim = Sim(1, latency=(0.1, 0.2))
    sim.client("client", lambda host: (host.note(str(host.dice.random())) for _ in range(3)))
    assert sim.run().trace.digest() == KNOWN


def test_a_difference_is_shown():
    """With the events before it, and the fields in which the two differ."""
    with pytest.raises(Divergence) as caught:
        for hashSeed in range(5):
            check_determinism(unsteady, again=0, hashSeeds=(hashSeed,))
    found = caught.value
    ours, theirs = found.events
    assert found.seed == 0
    assert ours.note != theirs.note and ours[:9] == theirs[:9]
    text = str(found)
    assert f"event {found.serial} differs" in text and f"note: {ours.note!r} and {theirs.note!r}" in text
    assert "in this process:" in text and "PYTHONHASHSEED=" in text


def test_a_difference_in_this_process():
    runs = []

    def forgetful(sim):
        runs.append(sim)
        sim.client("client", lambda host: (host.note("more") for _ in range(len(runs))))

    with pytest.raises(Divergence, match="kind: 'stop' and 'note'"):
        check_determinism(forgetful, hashSeeds=())


def failing(sim):
    """A scenario that fails."""

    def make(host):
        yield 1.0
        raise ValueError(host.dice.random())

    sim.client("client", make)


def test_failing_runs_are_compared_too():
    assert len(check_determinism(failing, hashSeeds=(3,))) == 64


def test_scenarios_that_no_process_finds():
    with pytest.raises(ValueError, match="cannot find"):
        check_determinism(lambda sim: failing(sim) or None)
    with pytest.raises(ValueError, match="JSON"):
        check_determinism(failing, again=0, latency=lambda dice: 1.0)


def broken(sim):
    """A scenario that fails in a fresh process only."""
    if os.environ.get("PYTHONHASHSEED") == "4242":
        raise OSError("no such thing here")
    failing(sim)


def test_a_process_that_fails():
    with pytest.raises(RuntimeError, match="no such thing here"):
        check_determinism(broken, hashSeeds=(4242,))


def test_where_a_scenario_is():
    assert locate(town) == {
        "module": "tests.sim.scenarios", "name": "town", "path": sys.modules[town.__module__].__file__,
    }  # fmt: skip
