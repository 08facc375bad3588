"""The simulated examples: each bug is found by a sweep, shrunk, replayed, and gone once it is mended."""

from __future__ import annotations

import pytest

from examples import sim_payment, sim_session, sim_witness
from hio.sim import Fault, SimFailure, check_determinism, run
from hio.sim.exploring import everyFault, moments
from hio.sim.scheming import faults, search

#: (example with the bug, without it, what the failure says)
PAIRS = [
    (sim_payment.careless, sim_payment.careful, "always 'paid at most once' does not hold"),
    (sim_session.forgetful, sim_session.mindful, "always 'logged in' does not hold"),
    (sim_witness.hasty, sim_witness.pool, "always 'one event for a place' does not hold"),
]


def sweep(scenario, seeds):
    """Return {seed: reason} of those under which scenario fails."""
    found = {}
    for seed in seeds:
        try:
            run(scenario, seed)
        except SimFailure as failure:
            found[seed] = failure.reason
    return found


@pytest.mark.parametrize("wrong, right, reason", PAIRS, ids=["payment", "session", "witness"])
def test_sweep_finds_the_bug_and_only_that_and_nothing_where_it_is_mended(wrong, right, reason):
    found = sweep(wrong, range(60))
    assert found and set(found.values()) == {reason}
    assert sweep(right, range(60)) == {}


@pytest.mark.parametrize("wrong", [pair[0] for pair in PAIRS], ids=["payment", "session", "witness"])
def test_failing_seed_is_replayed_to_the_byte(wrong):
    seed = min(sweep(wrong, range(60)))
    assert check_determinism(wrong, seed, hashSeeds=())


def test_payment_shrinks_to_a_reset_behind_the_request():
    moment = moments(sim_payment.calm)
    found = search(sim_payment.calm, faults(["payer", "bank"], verbs=["reset", "partition"], tymes=moment))
    assert [fault.verb for fault in found.value if fault.verb != "repair"] in (["reset"], ["partition"])
    assert found.failure.reason == "always 'paid at most once' does not hold"
    with pytest.raises(SimFailure):
        run(lambda sim: [sim.inject(found.value), sim_payment.calm(sim)])
    run(lambda sim: [sim.inject(found.value), sim_payment.calmAndCareful(sim)])


def test_payment_with_a_key_is_proven_for_every_single_fault():
    verbs = ("reset", "partition", "hold", "bounce", "refuse", "swallow", "pause", "sever")
    proof = everyFault(sim_payment.calmAndCareful, ["payer", "bank"], verbs=verbs)
    assert proof and proof.runs > 50, str(proof)
    proof = everyFault(sim_payment.calm, ["payer", "bank"], verbs=verbs)
    assert proof.complete and {fault.verb for fault, _ in proof.failures} >= {"reset", "bounce", "partition"}


def test_session_shrinks_to_one_bounce():
    moment = moments(sim_session.calm)
    verbs = ["reset", "bounce", "partition"]
    found = search(sim_session.calm, faults(["server", "visitor"], verbs=verbs, tymes=moment), examples=100)
    assert [fault[1:3] for fault in found.value] == [("bounce", ("server",))]
    run(lambda sim: [sim.inject(found.value), sim_session.calmAndMindful(sim)])


def test_witnesses_shrink_to_one_partition_with_three_on_each_side():
    hosts = sim_witness.CONTROLLERS + sim_witness.WITNESSES
    found = search(sim_witness.calm, faults(hosts, verbs=["partition"], until=0.25, most=2), examples=60)
    breaking = [fault for fault in found.value if fault.verb == "partition"]
    assert len(breaking) == 1
    sides = [sorted(side) for side in breaking[0].args]
    assert all(sum(name.startswith("witness") for name in side) >= 3 for side in sides)
    assert isinstance(breaking[0], Fault)
