"""The deeds of a Doist, looked at and meddled with as a deque."""

from __future__ import annotations

from collections import deque

import pytest

from hio.base.doing import Doist, TryDoer, doify, doifyExDo
from hio.base.polling import Watch
from hio.base.scheduling import Deed
from tests.base.notes import Note, recurs


class TestQueue:
    def test_of_its_own(self):
        mine, other = TryDoer(stop=1), TryDoer(stop=2)
        doist = Doist(doers=[mine])
        deeds = doist.enter(doers=[other])
        assert isinstance(deeds, deque)
        assert len(deeds) == 1
        assert not doist.deeds
        assert doist.doers == [mine]
        doist.recur(deeds=deeds)
        assert (other.count, mine.count, doist.tyme) == (1, None, 0.03125)
        doist.recur(deeds=deeds)
        doist.exit(deeds=deeds)
        assert not deeds
        assert other.done is False

    def test_plain_deque(self):
        doer = TryDoer(stop=9, tock=0.0625)
        doist = Doist()
        deeds = deque(tuple(deed) for deed in doist.enter(doers=[doer]))
        (dog, retyme, same), = deeds
        assert (retyme, same) == (0.0, doer)
        for want in (0.0625, 0.0625, 0.125):
            doist.recur(deeds)
            assert list(deeds) == [(dog, want, doer)]
        assert recurs(doer) == [0.0, 0.0625]
        deeds.append((None, None, None))
        doist.exit(deeds)
        assert not deeds
        assert doer.done is False

    def test_plain_deque_takes_a_watch_for_its_tock(self):
        turns = []

        def resting(tymth=None, tock=0.0, temp=None, **opts):
            while True:
                turns.append((yield Watch(tock)))

        doist = Doist()
        deeds = deque(doist.enter(doers=[doify(resting), doify(resting, tock=0.0625)]))
        for _ in range(3):
            doist.recur(deeds)
        assert turns == [0.0, 0.0, 0.03125, 0.0625, 0.0625]
        doist.exit(deeds)

    def test_deeds_of_a_plain_deque_can_be_assigned(self):
        doist = Doist()
        deeds = doist.enter(doers=[TryDoer(), TryDoer()])
        doist.deeds = deque(deeds)
        assert list(doist.deeds) == list(deeds)
        deeds.clear()
        doist.recur()
        assert len(doist.deeds) == 2
        doist.exit()
        with pytest.raises(TypeError, match="deque"):
            doist.deeds = []

    def test_reads_as_a_deque(self):
        doers = [TryDoer(tock=tock) for tock in (0.0, 1.0, 0.0)]
        doist = Doist(doers=doers)
        doist.enter()
        doist.recur()
        deeds = doist.deeds
        plain = deque(deeds)
        assert type(plain[0]) is Deed
        assert [deed.retyme for deed in deeds] == [0.03125, 1.0, 0.03125]
        assert deeds == plain
        assert plain == deeds
        assert deeds != deque()
        assert deeds.copy() == plain
        assert type(deeds.copy()) is deque
        assert repr(deeds) == f"Schedule({list(plain)!r})"
        assert (deeds[1], deeds[-1], plain[1] in deeds, None in deeds) == (plain[1], plain[2], True, False)
        assert list(reversed(deeds)) == list(reversed(plain))
        assert (deeds.index(plain[2]), deeds.count(plain[0]), len(deeds), bool(deeds)) == (2, 1, 3, True)
        with pytest.raises(TypeError):
            hash(deeds)
        with pytest.raises(IndexError):
            deeds[3]
        with pytest.raises(ValueError):
            deeds.index(None)
        doist.exit()
        assert not deeds
        for method in (deeds.pop, deeds.popleft):
            with pytest.raises(IndexError):
                method()

    def test_meddling(self):
        """Any way to change a deque does to the deeds what it would do to one, and the dogs run on in that order."""
        changes = [
            lambda deeds: deeds.append(deeds.popleft()),
            lambda deeds: deeds.appendleft(deeds.pop()),
            lambda deeds: deeds.rotate(),
            lambda deeds: deeds.rotate(-2),
            lambda deeds: deeds.reverse(),
            lambda deeds: deeds.insert(1, deeds.pop()),
            lambda deeds: deeds.extendleft([deeds.pop(), deeds.pop()]),
            lambda deeds: deeds.extend([deeds.popleft(), deeds.popleft()]),
            lambda deeds: deeds.remove(deeds[1]),
            lambda deeds: deeds.__delitem__(0),
            lambda deeds: deeds.__setitem__(0, deeds.pop()),
            lambda deeds: deeds.__iadd__([deeds.popleft()]),
            lambda deeds: deeds.append((None, None, None)),
        ]
        for change in changes:
            log = []
            doers = [Note(name, log, tock=tock) for name, tock in zip("abcd", (0.0, 0.0625, 0.0, 0.0), strict=True)]
            doist = Doist(doers=doers)
            doist.enter()
            doist.recur()
            plain = deque(doist.deeds)
            change(doist.deeds)
            change(plain)
            assert list(doist.deeds) == list(plain)
            del log[:]
            doist.recur()
            assert [name for _, name, _ in log] == [doer.name for _, _, doer in plain if doer and not doer.tock]
            doist.recur()
            doist.exit()
            for dog, _, _ in plain:
                if dog is not None:
                    dog.close()

    def test_is_emptied_cheaply_from_either_end(self):
        """A dict remembers where it was emptied; were that not seen to, this would take minutes."""
        for end in ("pop", "popleft"):
            doist = Doist(doers=[doify(doifyExDo) for _ in range(20_000)])
            doist.enter()
            take = getattr(doist.deeds, end)
            while doist.deeds:
                take().dog.close()
