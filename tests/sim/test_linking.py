"""Links: how long a segment takes, in which pieces it goes, and what waits on a blocked one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.sim.dicing import Dice
from hio.sim.failing import SimError
from hio.sim.linking import GRAIN, RETRY, RETRY_MOST, Link, Terms, exponential, grained, mixture


def link(**terms):
    return Link("a", "b", Terms(**terms), 7)


def test_constant_latency_is_the_quick_way():
    assert link(latency=0.5).constant == link(latency=0.5).delay() == 0.5
    assert link().constant == 0.0
    assert link(latency=(0.1, 0.2)).constant is link(loss=0.1).constant is link(bandwidth=1.0).constant is None


def test_range():
    one = link(latency=(0.1, 0.2))
    delays = [one.delay() for _ in range(1000)]
    assert 0.1 - GRAIN <= min(delays) < 0.11 and 0.19 < max(delays) <= 0.2


@pytest.mark.parametrize(
    ("latency", "mean"),
    [(exponential(0.1), 0.1), (exponential(0.1, least=0.5), 0.6), (mixture((3, 0.1), (1, (0.2, 0.4))), 0.15)],
)
def test_distributions(latency, mean):
    one = link(latency=latency)
    delays = [one.delay() for _ in range(10_000)]
    assert abs(sum(delays) / len(delays) - mean) < 0.005


def test_delays_are_on_the_grain():
    one = link(latency=(0.0, 1.0))
    assert all(delay / GRAIN == int(delay / GRAIN) for delay in (one.delay() for _ in range(100)))
    assert grained(1.0) == 1.0 and grained(0.1) <= 0.1


def test_bandwidth_queues():
    one = link(latency=1.0, bandwidth=1000.0)
    dues = [due for _ in range(3) for _, due, _ in one.carry(b"x" * 100, 0.0)]
    assert [round(due, 4) for due in dues] == [1.1, 1.2, 1.3]
    [(_, due, _)] = one.carry(b"x" * 100, 10.0)  # the queue is long gone
    assert round(due, 4) == 11.1


def test_loss_is_delay():
    one = link(latency=1.0, loss=0.5)
    found = [(due, lost) for _ in range(2000) for _, due, lost in one.carry(b"x", 0.0)]
    for due, lost in found:
        assert due == 1.0 + sum(min(RETRY * 2**time, RETRY_MOST) for time in range(lost))
    assert 0.9 < sum(lost for _, lost in found) / len(found) < 1.1


@given(data=st.binary(max_size=3000), split=st.floats(0.0, 1.0), seed=st.integers())
def test_pieces_make_up_the_whole(data, split, seed):
    one = Link("a", "b", Terms(split=min(split, 0.9)), seed)
    pieces = [piece for piece, _, _ in one.carry(data, 0.0)]
    assert b"".join(pieces) == data
    assert all(pieces) or not data


def test_splits_everywhere():
    one = link(split=1.0)
    assert {len(piece) for piece, _, _ in one.carry(b"x" * 50, 0.0)} >= {1}
    assert len(list(one.carry(b"x" * 1000, 0.0))) > 5


@pytest.mark.parametrize(
    ("lasted", "due"),
    [(0.0, RETRY), (RETRY, RETRY), (0.3, 3 * RETRY), (1.0, 7 * RETRY), (1000.0, None)],
)
def test_what_waited_is_sent_when_tcp_would(lasted, due):
    """After 1, 2, 4, ... times the first wait, but at least every two minutes."""
    again = link().again(0.0, lasted)
    assert again == due if due is not None else lasted <= again <= lasted + 120.0


@pytest.mark.parametrize(
    "terms",
    [
        {"latency": -1}, {"latency": (2, 1)}, {"latency": (1,)}, {"latency": "soon"}, {"latency": float("inf")},
        {"loss": 1.0}, {"loss": -0.1}, {"split": 1.1}, {"bandwidth": -5.0}, {"bandwidth": float("nan")},
    ],
)  # fmt: skip
def test_terms_that_cannot_be(terms):
    with pytest.raises(SimError, match=next(iter(terms))):
        Terms(**terms)


def test_unknown_terms():
    with pytest.raises(SimError, match="latency, bandwidth, loss, split; not lateny"):
        Terms().but(lateny=1.0)


def test_changing_terms():
    one = link(latency=0.5)
    one.throttle(100.0)
    assert one.constant is None
    [(_, due, _)] = one.carry(b"x" * 100, 0.0)
    assert round(due, 3) == 1.5
    one.throttle(0.0)
    assert one.constant == 0.5


def test_each_link_has_its_own_dice():
    terms = Terms(latency=(0.0, 1.0))
    one, back = Link("a", "b", terms, 1), Link("b", "a", terms, 1)
    assert one.delay() != back.delay()
    assert Link("a", "b", terms, 1).delay() == grained(Dice(1, "link", "a", "b").random())
