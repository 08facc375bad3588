"""The scheduler as the reference API states it, in a few lines and without any cleverness: a model to compare with.

NaiveDoist, NaiveDoDoer   one deque of (dog, retyme, doer, serial), rotated once a pass

In one point it follows the rule that deeds run in the order of entering instead: there, a deed that extends in its
turn ends up behind those it added.
"""

from __future__ import annotations

from collections import deque
from math import inf
from types import MethodType

from hio.base.polling import Poller, Watch
from hio.base.scheduling import closed

ROUNDS = 64


class Quiet(Poller):
    """A poller of no sockets: watches are woken by doers alone."""

    def __len__(self):
        return 0

    def poll(self, timeout=0.0):
        return 0

    def close(self):
        pass


def settle(doer, value, always=False):
    if value is not None or always:
        (doer.__func__ if isinstance(doer, MethodType) else doer).done = value


class Naive:
    """What both have in common."""

    def __init__(self, doers=(), tock=0.0, always=False):
        self.doers = list(doers)
        self.deeds = deque()
        self.tock = tock
        self.always = always
        self.done = None
        self.temp = None
        self.opts = {}
        self.serial = 0
        self.rested = set()  # dogs that rest

    def start(self, doers):
        deeds = deque()
        for doer in list(doers):
            settle(doer, False, always=True)
            dog = doer(tymth=self.tymth, tock=doer.tock, temp=None, **doer.opts)
            try:
                dog.send(None)
            except StopIteration as ex:
                settle(doer, ex.value)
            else:
                self.serial += 1
                deeds.append((dog, self.tymth(), doer, self.serial))
        return deeds

    def extend(self, doers):
        doers = [doer for doer in doers if doer not in self.doers]
        self.deeds.extend(self.start(doers))
        self.doers.extend(doers)

    def remove(self, doers):
        doers = [doer for doer in list(doers) if doer in self.doers]
        self.doers = [doer for doer in self.doers if doer not in doers]
        doomed = [deed for deed in self.deeds if deed[2] in doers]
        self.deeds = deque(deed for deed in self.deeds if deed[2] not in doers)
        self.close(doomed)

    def close(self, deeds):
        for dog, _, doer, _ in sorted(deeds, key=lambda deed: -deed[3] if deed[3] else 0):
            if dog is not None:
                settle(doer, closed(dog))

    def exit(self):
        deeds, self.deeds = self.deeds, deque()
        self.close(deeds)

    def rest(self, dog, watch, again):
        watch.owner, watch.deed = self, dog
        self.rested.add(dog)
        return inf if watch.until is None else max(again, watch.until)

    def rerun(self, dog):
        found = [deed for deed in self.deeds if deed[0] is dog]
        if not found:
            return
        self.deeds = deque(deed for deed in self.deeds if deed[0] is not dog)  # what runs is not in the queue
        _, retyme, doer, serial = found[0]
        tyme = self.tymth()
        try:
            tock = dog.send(tyme)
        except StopIteration as ex:
            settle(doer, ex.value)
            return
        if isinstance(tock, Watch):
            retyme = self.rest(dog, tock, tyme)
        elif dog in self.rested:
            self.rested.discard(dog)
            retyme = tyme + (tock or 0.0)
        self.deeds.append((dog, retyme, doer, serial))
        self.deeds = deque(sorted(self.deeds, key=lambda deed: deed[3]))

    def turn(self, tyme):
        self.deeds.append((None, None, None, None))
        while True:
            dog, retyme, doer, serial = self.deeds.popleft()
            if dog is None:
                break
            if retyme > tyme:
                self.deeds.append((dog, retyme, doer, serial))
                continue
            if dog in self.rested:
                retyme = tyme
            try:
                tock = dog.send(tyme)
            except StopIteration as ex:
                settle(doer, ex.value)
            else:
                self.rested.discard(dog)
                if isinstance(tock, Watch):
                    retyme = self.rest(dog, tock, tyme + self.tock)
                else:
                    retyme = retyme + tock if tock else tyme + self.tock
                self.deeds.append((dog, retyme, doer, serial))
        self.deeds = deque(sorted(self.deeds, key=lambda deed: deed[3]))


class NaiveDoist(Naive):
    """Ticks one by one and never waits."""

    def __init__(self, doers=(), tock=0.03125, tyme=0.0, limit=None, poller=None):
        super().__init__(doers, tock)
        self.tyme = tyme
        self.poller = poller
        self.limit = limit
        self.tymth = lambda: self.tyme

    def enter(self):
        self.deeds.extend(self.start(self.doers))

    def collect(self, rounds):
        for _ in range(rounds):
            woken, self.poller.woken[:] = self.poller.woken[:], []
            for watch in woken:
                watch.woken = False
                if watch.deed is not None:
                    watch.owner.rerun(watch.deed)

    def recur(self):
        self.collect(1)
        self.turn(self.tyme)
        self.collect(ROUNDS)
        self.tyme += self.tock

    def do(self):
        self.done = False
        begin = self.tyme
        try:
            self.enter()
            while True:
                self.recur()
                if not self.deeds:
                    self.done = True
                    break
                if self.limit and self.tyme >= begin + self.limit:
                    break
        finally:
            self.exit()


class NaiveDoDoer(Naive):
    """Is a doer itself."""

    def __call__(self, tymth, tock=0.0, temp=None):
        self.tymth = tymth
        self.tock = tock
        try:
            self.deeds.extend(self.start(self.doers))
            while not self.done or self.always:
                tyme = yield self.tock
                self.turn(tyme)
                self.done = not self.deeds
        except GeneratorExit:
            pass
        finally:
            self.exit()
        return self.done
