"""Which workers there should be: told as what happens, and what the crew does then."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hio.serve.crewing import Abort, Crew, Late, Longest, Margin, Settled, State, Tries
from hio.serve.refusing import Status


class Hands:
    """Does nothing, and keeps what it was to do."""

    def __init__(self):
        self.pids = iter(range(100, 1_000_000))
        self.done = []
        self.said = []

    def take(self):
        """Return what was to be done since the last time."""
        done, self.done = self.done, []
        return done

    def spawn(self, slot, generation):
        pid = next(self.pids)
        self.done.append(("spawn", slot, generation))
        return pid

    def retire(self, pid):
        self.done.append(("retire", pid))

    def abort(self, pid):
        self.done.append(("abort", pid))

    def ask(self, pid):
        self.done.append(("ask", pid))

    def halt(self, pid):
        self.done.append(("halt", pid))

    def kill(self, pid):
        self.done.append(("kill", pid))

    def settle(self, generation):
        self.done.append(("settle", generation))

    def say(self, level, text):
        self.said.append((level, text))


class Dice:
    """Throws low and high in turn."""

    def __init__(self):
        self.thrown = 0

    def random(self):
        self.thrown += 1
        return 0.1 if self.thrown % 2 else 0.9


def crew(size=2, **kwa):
    return Crew(Hands(), size, dice=Dice(), **kwa)


def serving(size=2, tyme=0.0, **kwa):
    """Return a crew whose workers, 100 and up, all serve."""
    made = crew(size, **kwa)
    made.start(tyme)
    for pid in list(made.members):
        made.ready(pid, tyme)
    made.hands.take()
    return made


def test_a_start():
    made = crew(3)
    made.start(0.0)
    assert made.hands.take() == [("spawn", slot, 1) for slot in range(3)]
    made.ready(100, 0.1)
    made.ready(102, 0.1)
    assert made.hands.take() == [] and made.serving == 2
    made.ready(101, 0.2)
    assert made.hands.take() == [("settle", 1)] and made.serving == 3


def test_an_end():
    made = serving()
    made.stop(5.0)
    assert made.hands.take() == [("retire", 100), ("retire", 101)]
    made.exited(100, "ended", None, 6.0)
    assert made.status is None
    made.exited(101, "ended", None, 6.0)
    assert made.status is Status.DONE and made.hands.take() == []


def test_the_status_tells_of_requests_that_were_cut_off():
    made = serving()
    made.stop(5.0)
    made.exited(100, "ended", None, 6.0, cut=True)
    made.exited(101, "ended", None, 6.0)
    assert made.status is Status.CUT


def test_who_does_not_end_is_killed():
    made = serving(grace=10.0)
    made.stop(5.0)
    made.hands.take()
    assert made.due() == 5.0 + 10.0 + Margin
    made.turn(16.9)
    assert made.hands.take() == []
    made.turn(17.0)
    assert made.hands.take() == [("kill", 100), ("kill", 101)]


def test_an_end_at_once():
    made = serving(grace=10.0)
    made.stop(5.0)
    made.abort(6.0)
    assert made.hands.take()[2:] == [("abort", 100), ("abort", 101)]
    made.turn(6.0 + Abort)
    assert made.hands.take() == [("kill", 100), ("kill", 101)]


def test_one_that_dies_is_replaced_at_once():
    made = serving(tyme=0.0)
    made.exited(100, "was ended by SIGKILL", None, 100.0)
    assert made.due() == 100.0
    made.turn(100.0)
    assert made.hands.take() == [("spawn", 0, 1)]
    assert made.hands.said == [("error", "worker 100 was ended by SIGKILL; another one is started at once")]
    made.ready(102, 100.5)
    assert made.hands.take() == [] and made.serving == 2


def test_one_that_dies_again_and_again_is_replaced_after_longer_and_longer_waits():
    """As long as another one serves."""
    made = serving(tyme=0.0)
    tyme, pid, waits = 1.0, 100, []
    for _ in range(12):
        made.exited(pid, "died", None, tyme)
        waits.append(made.due() - tyme)
        tyme = made.due()
        made.turn(tyme)
        pid = max(made.members)
    assert waits[0] == 0.0
    assert all(0.25 * 2**i * 0.7 < wait < 0.25 * 2**i * 1.3 for i, wait in enumerate(waits[1:7]))
    assert max(waits) <= Longest * 1.25 and waits[-1] > Longest / 2
    assert made.status is None and not made.stopping


def test_who_served_for_a_while_has_not_died_at_once():
    made = serving(size=1, tyme=0.0)
    tyme = 0.0
    for pid in range(100, 100 + 3 * Tries):
        tyme += Settled
        made.exited(pid, "died", None, tyme)
        made.turn(tyme)
        made.ready(pid + 1, tyme)
    assert not made.stopping and made.serving == 1


def test_giving_up_when_nobody_serves():
    made = crew(size=1)
    made.start(0.0)
    tyme = 0.0
    for pid in range(100, 100 + Tries):
        assert not made.stopping
        made.exited(pid, "was ended by SIGSEGV", None, tyme)
        if made.due() is not None:
            tyme = made.due()
            made.turn(tyme)
    assert made.status is Status.DYING
    assert made.reason == f"{Tries} workers in a row died at once; the last one, worker 104 was ended by SIGSEGV"
    assert 1.0 < tyme < 10.0


def test_an_app_that_cannot_be_loaded():
    """Trying again would change nothing."""
    made = crew()
    made.start(0.0)
    made.exited(100, "ended with status 2", "importing shop raised", 0.1)
    assert made.stopping and made.status is None
    made.exited(101, "ended with status 2", "importing shop raised", 0.1)
    assert made.status is Status.REFUSED and made.reason == "importing shop raised"


# ---------------------------------------------------------------- replacing


def test_one_that_is_worn_out_goes_when_the_new_one_serves():
    made = serving()
    made.weary(100, "300 requests", 5.0)
    assert made.hands.take() == [("spawn", 0, 1)]
    made.weary(100, "301 requests", 6.0)
    assert made.hands.take() == []
    made.ready(102, 7.0)
    assert made.hands.take() == [("retire", 100)]
    made.exited(100, "ended", None, 8.0)
    assert made.hands.take() == [] and made.serving == 2


def test_when_the_one_that_is_to_replace_it_dies_it_goes_on():
    made = serving()
    made.weary(100, "old", 5.0)
    made.hands.take()
    made.exited(102, "ended with status 2", "no memory", 6.0)
    assert made.hands.take() == [] and made.serving == 2
    made.weary(100, "older", 7.0)
    assert made.hands.take() == []  # not at once
    made.weary(100, "older", 7.0 + Longest)
    assert made.hands.take() == [("spawn", 0, 1)]


def test_one_that_was_told_to_stop_by_somebody_else():
    made = serving()
    made.leaving(100, 5.0)
    assert made.hands.take() == [("spawn", 0, 1)]
    made.leaving(100, 5.1)
    made.exited(100, "ended", None, 6.0)
    assert made.hands.take() == []


# ---------------------------------------------------------------- reloading


def test_a_reload_stops_the_old_when_all_the_new_serve():
    made = serving()
    assert made.reload(5.0)
    assert made.hands.take() == [("spawn", 0, 2), ("spawn", 1, 2)]
    made.ready(103, 6.0)
    assert made.hands.take() == []
    made.ready(102, 7.0)
    assert made.hands.take() == [("settle", 2), ("retire", 100), ("retire", 101)]
    for pid in (100, 101):
        made.exited(pid, "ended", None, 8.0)
    assert made.hands.take() == [] and made.serving == 2 and made.generation == 2


def test_a_reload_that_fails_changes_nothing():
    made = serving()
    made.reload(5.0)
    made.ready(102, 5.5)
    made.hands.take()
    made.exited(103, "ended with status 2", "importing shop raised", 6.0)
    assert made.hands.take() == [("abort", 102)]
    made.exited(102, "ended", None, 6.1)
    assert made.hands.take() == [] and made.serving == 2 and made.generation == 1
    assert "nothing is reloaded" in made.hands.said[-1][1]
    assert made.reload(7.0)
    assert made.hands.take() == [("spawn", 0, 2), ("spawn", 1, 2)]


def test_an_old_one_that_dies_during_a_reload_that_fails_is_replaced():
    made = serving()
    made.reload(5.0)
    made.exited(100, "died", None, 5.5)
    made.hands.take()
    made.exited(102, "died", None, 6.0)
    assert made.hands.take() == [("abort", 103), ("spawn", 0, 1)]


def test_a_reload_during_a_reload_comes_after_it():
    made = serving(size=1)
    made.reload(5.0)
    assert not made.reload(5.1) and not made.reload(5.2)
    made.hands.take()
    made.ready(101, 6.0)
    assert made.hands.take() == [("settle", 2), ("retire", 100), ("spawn", 0, 3)]
    made.ready(102, 7.0)
    assert made.hands.take() == [("settle", 3), ("retire", 101)]


@pytest.mark.parametrize("size", [1, 3])
def test_a_reload_with_another_number_of_workers(size):
    made = serving(size=2)
    made.reload(5.0, size=size)
    fresh = list(made.members)[2:]
    for pid in fresh:
        made.ready(pid, 6.0)
    for pid in (100, 101):
        made.exited(pid, "ended", None, 7.0)
    assert made.serving == size and made.size == size
    made.exited(fresh[0], "died", None, 50.0)
    made.turn(made.due())
    assert len(made.members) == size


def test_a_new_one_that_is_told_to_stop_during_a_reload_is_replaced():
    made = serving(size=2)
    made.reload(5.0)
    made.ready(102, 5.1)
    made.hands.take()
    made.leaving(102, 5.2)
    assert made.hands.take() == [("spawn", 0, 2)]
    made.ready(103, 6.0)
    made.ready(104, 6.0)
    assert made.hands.take() == [("settle", 2), ("retire", 100), ("retire", 101)]


def test_a_stop_during_a_reload():
    made = serving(size=1)
    made.reload(5.0)
    made.hands.take()
    made.stop(5.5)
    assert made.hands.take() == [("retire", 100), ("retire", 101)]
    assert not made.reload(5.6)
    for pid in (100, 101):
        made.exited(pid, "ended", None, 6.0)
    assert made.status is Status.DONE


def test_who_is_not_ours_is_of_no_interest():
    made = serving()
    made.exited(1, "ended", None, 1.0)
    made.ready(1, 1.0)
    made.weary(1, "old", 1.0)
    made.leaving(1, 1.0)
    assert made.hands.take() == []


# ---------------------------------------------------------------- who hangs


def test_who_serves_is_asked_now_and_then_whether_it_turns():
    made = serving(size=1, tyme=10.0, timeout=8.0)
    assert made.due() == 12.0
    made.turn(11.9)
    assert made.hands.take() == []
    made.turn(12.0)
    assert made.hands.take() == [("ask", 100)] and made.due() == 20.0
    made.turns(100, 12.5)
    made.turn(14.0)
    assert made.hands.take() == [] and made.due() == 14.5
    made.turn(14.5)
    assert made.hands.take() == [("ask", 100)]


def test_who_does_not_answer_is_ended_and_replaced():
    made = serving(timeout=8.0)
    made.turn(2.0)
    made.turns(101, 2.1)
    made.hands.take()
    made.turn(9.9)
    assert made.hands.take() == [("ask", 101)]
    made.turn(10.0)
    assert made.hands.take() == [("halt", 100)]
    assert made.hands.said == [("error", "worker 100 hangs: its loop has not turned for 8 s")]
    made.turn(10.0 + Abort)
    assert made.hands.take() == [("kill", 100)], "it did not even end"
    made.exited(100, "was ended by SIGKILL", None, 11.0)
    made.turn(11.0)
    assert made.hands.take() == [("spawn", 0, 1)]


def test_a_crew_that_slept_itself_blames_nobody():
    """As when the machine was suspended, or all processes were stopped."""
    made = serving(size=1, timeout=8.0)
    made.turn(2.0)
    made.hands.take()
    made.turn(10.0 + Late + 0.1)
    assert made.hands.take() == [] and made.due() == 10.0 + Late + 0.1 + 8.0
    made.turn(19.5)
    assert made.hands.take() == [("halt", 100)]


@pytest.mark.parametrize("timeout", [0.0, 8.0])
def test_only_those_who_serve_are_asked(timeout):
    """One that loads its app may take its time; one that retires has its grace."""
    made = crew(size=2, timeout=timeout)
    made.start(0.0)
    made.ready(100, 0.0)
    made.leaving(100, 0.0)
    made.turn(7.0)
    assert ("ask", 100) not in made.hands.done and ("ask", 101) not in made.hands.done
    made.turns(7, 1.0)  # of no interest
    made.ready(101, 7.0)
    made.turn(9.0)
    assert (("ask", 101) in made.hands.done) == bool(timeout)


# ---------------------------------------------------------------- whatever happens


def happen(made, kind, pid, tyme):
    """Have something happen to a crew."""
    {
        "ready": lambda: made.ready(pid, tyme),
        "weary": lambda: made.weary(pid, "old", tyme),
        "leaving": lambda: made.leaving(pid, tyme),
        "died": lambda: made.exited(pid, "died", None, tyme),
        "refused": lambda: made.exited(pid, "died", "no app", tyme),
        "reload": lambda: made.reload(tyme),
        "turn": lambda: made.turn(tyme),
        "turns": lambda: made.turns(pid, tyme),
    }[kind]()


def calm(made, tyme):
    """Have a crew turn, and its workers do what they are told."""
    made.turn(tyme)
    for member in list(made.members.values()):
        made.turns(member.pid, tyme)
        if member.state is State.BORN:
            made.ready(member.pid, tyme)
    for member in list(made.members.values()):
        if member.state is State.RETIRING:
            made.exited(member.pid, "ended", None, tyme)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(["ready", "weary", "leaving", "died", "refused", "reload", "turn",
                                                       "turns"]),
                          st.integers(0, 9), st.floats(0.0, 40.0)), max_size=40))  # fmt: skip
def test_in_the_end_all_slots_are_served_and_a_stop_ends_all(events):
    """Whatever happened: once workers come and stay, each slot has one, and a stop ends every one of them."""
    made = crew(size=2, timeout=20.0)
    made.start(0.0)
    tyme = 0.0
    for kind, which, wait in events:
        tyme += wait
        pids = list(made.members)
        happen(made, kind, pids[which % len(pids)] if pids else 0, tyme)
        if made.status is not None:
            assert made.stopping and not made.members
            return
    for _ in range(10):
        tyme += Longest * 2
        calm(made, tyme)
    if not made.stopping:
        assert sorted(member.slot for member in made.members.values()) == [0, 1]
        assert {member.generation for member in made.members.values()} == {made.generation}
        made.stop(tyme)
    for pid in list(made.members):
        made.exited(pid, "ended", None, tyme)
    assert made.status is not None
