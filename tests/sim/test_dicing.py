"""Dice: the same draws from the same seed, everywhere, and fair ones."""

import pytest

from hio.sim.dicing import Dice


KNOWN = [0.688485542808, 0.77953905101, 0.149348605604]
KNOWN_TEXT = 910


def test_known_draws():
    """As every version of Python on every machine must draw them."""
    dice = Dice(7, "link", "a", "b")
    assert [round(dice.random(), 12) for _ in range(3)] == KNOWN
    assert Dice("seven").between(1, 1000) == KNOWN_TEXT


def test_same_seed_same_draws():
    draws = [[dice.random() for _ in range(10)] for dice in (Dice(1, "a"), Dice(1, "a"), Dice(1, "b"), Dice(2, "a"))]
    assert draws[0] == draws[1] and draws[0] != draws[2] and draws[0] != draws[3]


def test_a_concern_of_its_own():
    """A draw in one place shifts none in another."""
    one, other = Dice(1), Dice(1)
    other.random()
    assert one.child("x").random() == other.child("x").random() == Dice(1, "x").random()
    assert one.child("x", "y").names == ("x", "y")


def test_names_are_not_run_together():
    assert Dice(1, "ab", "c").random() != Dice(1, "a", "bc").random()
    assert Dice(1, "1").random() != Dice(1, 1).random()


@pytest.mark.parametrize(
    ("draw", "low", "high", "mean"),
    [
        (lambda dice: dice.random(), 0.0, 1.0, 0.5),
        (lambda dice: dice.uniform(2.0, 4.0), 2.0, 4.0, 3.0),
        (lambda dice: dice.below(10), 0, 9, 4.5),
        (lambda dice: dice.between(3, 5), 3, 5, 4.0),
        (lambda dice: dice.choice([1, 2, 6]), 1, 6, 3.0),
        (lambda dice: dice.exponential(2.0), 0.0, 100.0, 2.0),
        (lambda dice: dice.chance(0.25), False, True, 0.25),
        (lambda dice: dice.bytes(1)[0], 0, 255, 127.5),
    ],
)
def test_fair(draw, low, high, mean):
    dice = Dice("fair")
    draws = [draw(dice) for _ in range(20_000)]
    assert low <= min(draws) and max(draws) <= high
    assert abs(sum(draws) / len(draws) - mean) < 0.03 * min(mean, 2.0) * (1 if high < 255 else 50)


def test_exponential_has_its_shape():
    """A share of 1/e is longer than the mean, 1/e**2 longer than twice that."""
    dice = Dice("shape")
    draws = [dice.exponential(1.0) for _ in range(50_000)]
    for bound, share in ((1.0, 0.3679), (2.0, 0.1353), (3.0, 0.0498)):
        assert abs(sum(draw > bound for draw in draws) / len(draws) - share) < 0.01


def test_shuffle_finds_every_order():
    dice = Dice("orders")
    seen = {}
    for _ in range(6000):
        things = [1, 2, 3]
        dice.shuffle(things)
        seen[tuple(things)] = seen.get(tuple(things), 0) + 1
    assert len(seen) == 6 and min(seen.values()) > 850


def test_nothing_to_choose_from():
    with pytest.raises(ValueError, match="at least 1"):
        Dice(1).choice([])
