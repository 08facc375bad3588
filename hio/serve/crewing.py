"""Crew: which workers there should be, and what to do when they come, tire, or die. Decides; its hands do.

    BORN -> READY -> RETIRING -> gone

Each worker has a slot. A new one is started before an old one of its slot is told to retire: when that one is worn out,
and when all are reloaded. A reload is whole or not at all: the old go when all of the new are ready, and if one of the
new dies before, the old stay. Who dies unasked is replaced, at once for the first time and then after longer and longer
waits; when nobody serves any more after some tries, the crew gives up. Who serves is asked now and then whether its
loop turns; who does not answer in time is taken to hang, and ended.

Knows processes by number only, and tyme; no system, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ..core.http.dicing import Dice, dice
from .refusing import Status

Tries = 5  # deaths in a row with nobody ready, then the crew gives up
Base = 0.25  # seconds of tyme before the second replacement in a row, doubled for each further one
Longest = 30.0  # seconds of tyme between tries while others serve
Settled = 10.0  # seconds of tyme that a worker has to serve for its death not to count as one at once
Margin = 2.0  # seconds of tyme that a worker has beyond its grace to end by itself, then it is killed
Abort = 1.0  # the same for one that was told to end at once
Often = 0.25  # share of the timeout after which a worker that answered is asked again whether it turns
Late = 1.0  # seconds of tyme by which a turn of the crew may be late, else it slept itself, and nobody is blamed


class State(Enum):
    """What a worker is doing."""

    BORN = 1  # loads the app
    READY = 2  # serves
    RETIRING = 3  # finishes what it has begun


@dataclass
class Member:
    """One worker.

    Attributes:
        pid (int), slot (int), generation (int): which it is.
        state (State): what it is. since (float): tyme at which it became that.
        replaces (int | None): pid of the one that retires when this one is ready.
        due (float | None): tyme at which it is killed.
        heard (float): tyme at which it was known to turn. asked (float | None): tyme at which it was asked whether it
            does, None once it has answered.
        reason (str): what it said before it died.
    """

    pid: int
    slot: int
    generation: int
    since: float
    state: State = State.BORN
    replaces: int | None = None
    due: float | None = None
    heard: float = 0.0
    asked: float | None = None
    reason: str = ""


class Hands(Protocol):
    """What a crew needs done."""

    def spawn(self, slot: int, generation: int) -> int:
        """Start a worker in slot, with the configuration of generation; return its pid."""

    def retire(self, pid: int) -> None:
        """Tell the worker pid to finish what it has begun, and end."""

    def abort(self, pid: int) -> None:
        """Tell the worker pid to end at once."""

    def ask(self, pid: int) -> None:
        """Ask the worker pid whether it turns."""

    def halt(self, pid: int) -> None:
        """Have the worker pid, which hangs, say where, and end."""

    def kill(self, pid: int) -> None:
        """End the worker pid, whatever it does."""

    def settle(self, generation: int) -> None:
        """Take note that this generation serves, and will go on to."""

    def say(self, level: str, text: str) -> None:
        """Tell the operator text; level: "info" or "error"."""


class Crew:
    """The workers.

    Parameters:
        hands (Hands): do what is to be done.
        size (int): number of slots. grace (float): seconds of tyme that a worker may take to retire.
        timeout (float): seconds of tyme in which the loop of a worker that serves has to turn; 0.0: that is not asked.
        dice: for the waits, so that several crews do not try in step.

    Attributes:
        members (dict[int, Member]): by pid, oldest first.
        status (Status | None): exit status, once it is over.
        reason (str): why it gave up.

    Methods are given tyme, that of the call in seconds, and the pid of the worker that they are about.
    """

    def __init__(
        self, hands: Hands, size: int, grace: float = 30.0, timeout: float = 0.0, dice: Dice = dice
    ) -> None:
        self.hands = hands
        self.size = size
        self.grace = grace
        self.timeout = timeout
        self.dice = dice
        self.members: dict[int, Member] = {}
        self.generation = 0  # that serves
        self.coming: int | None = None  # that is to serve
        self.comingSize = size
        self.again = False  # a reload was asked for during one
        self.pending: list[tuple[float, int]] = []  # (tyme, slot) of those to be started later
        self.failures = 0  # deaths in a row
        self.resting: dict[int, float] = {}  # slot -> tyme before which its worn-out worker is not replaced again
        self.stopping = False
        self.ending = Status.DONE
        self.status: Status | None = None
        self.reason = ""

    def __repr__(self) -> str:
        return f"<Crew size={self.size} members={len(self.members)} generation={self.generation} status={self.status}>"

    # -- what happens -------------------------------------------------------------------------------------

    def start(self, tyme: float) -> None:
        """Start all workers, at tyme."""
        self.coming = self.generation + 1
        for slot in range(self.size):
            self.spawn(slot, tyme)

    def ready(self, pid: int, tyme: float) -> None:
        """Note that the worker pid serves, from tyme on."""
        member = self.members.get(pid)
        if member is None or member.state is not State.BORN:
            return
        member.state, member.since, member.heard = State.READY, tyme, tyme
        if member.replaces in self.members:
            self.retire(self.members[member.replaces], tyme)
        member.replaces = None
        if self.coming == member.generation:
            fresh = [each for each in self.members.values() if each.generation == self.coming]
            if len({each.slot for each in fresh if each.state is State.READY}) == self.comingSize:
                self.arrived(tyme)

    def turns(self, pid: int, tyme: float) -> None:
        """Note that the worker pid answers at tyme that it turns."""
        member = self.members.get(pid)
        if member is not None:
            member.heard, member.asked = tyme, None

    def weary(self, pid: int, reason: str, tyme: float) -> None:
        """Replace the worker pid, which has served for long enough, at tyme; it may say so more than once.

        reason: words for the operator.
        """
        member = self.members.get(pid)
        if (
            member is None or member.state is not State.READY or self.stopping or self.coming is not None
            or self.resting.get(member.slot, 0.0) > tyme
            or any(each.replaces == pid for each in self.members.values())
        ):
            return
        self.hands.say("info", f"worker {pid} is replaced: {reason}")
        self.spawn(member.slot, tyme, replaces=pid)

    def leaving(self, pid: int, tyme: float) -> None:
        """Note that the worker pid retires at tyme without having been told to, by a signal of its own."""
        member = self.members.get(pid)
        if member is not None and member.state is not State.RETIRING:
            member.state, member.since, member.due = State.RETIRING, tyme, tyme + self.grace + Margin
            if not self.stopping:
                self.refill(member, tyme)

    def exited(self, pid: int, how: str, refused: str | None, tyme: float, cut: bool = False) -> None:
        """Note that the worker pid ended at tyme, and start another one if one is missing.

        how: exit status or signal, in words. refused: why it could not begin, None if it began. cut: it broke requests
        off.
        """
        member = self.members.pop(pid, None)
        if member is None:
            return
        if cut and self.ending is Status.DONE:
            self.ending = Status.CUT
        if self.stopping:
            self.ended()
        elif member.state is not State.RETIRING:
            self.died(member, how, refused, tyme)
        else:
            self.refill(member, tyme)

    def reload(
        self, tyme: float, size: int | None = None, grace: float | None = None, timeout: float | None = None
    ) -> bool:
        """Start a new worker for each slot, of which there are size from then on; the old retire when all are ready.

        tyme: of this call. grace, timeout: from then on. None: as before. Returns False if that has to wait, or is of
        no use.
        """
        if self.stopping:
            return False
        if self.coming is not None:
            self.again = True
            return False
        self.coming = self.generation + 1
        self.comingSize = self.size if size is None else size
        self.grace = self.grace if grace is None else grace
        self.timeout = self.timeout if timeout is None else timeout
        self.pending.clear()
        for slot in range(self.comingSize):
            self.spawn(slot, tyme)
        return True

    def stop(self, tyme: float, status: Status = Status.DONE) -> None:
        """Have all workers retire, at tyme, and end with status; once is enough."""
        if self.stopping:
            return
        self.stopping = True
        self.ending = status
        self.pending.clear()
        for member in list(self.members.values()):
            self.retire(member, tyme)
        self.ended()

    def abort(self, tyme: float) -> None:
        """Have all workers end at once, at tyme."""
        self.stop(tyme)
        for member in self.members.values():
            self.hands.abort(member.pid)
            member.due = tyme + Abort

    def turn(self, tyme: float) -> None:
        """Do what is due at tyme."""
        due = [slot for when, slot in self.pending if when <= tyme]
        self.pending = [(when, slot) for when, slot in self.pending if when > tyme]
        for slot in due:
            if not self.filled(slot) and slot < self.size:
                self.spawn(slot, tyme)
        for member in list(self.members.values()):
            self.judge(member, tyme)
            if member.due is not None and member.due <= tyme:
                member.due = tyme + Margin
                self.hands.say("error", f"worker {member.pid} does not end and is killed")
                self.hands.kill(member.pid)

    def due(self) -> float | None:
        """Return the tyme at which the next turn has something to do; None: there is nothing to wait for."""
        dues = [when for when, _ in self.pending]
        for member in self.members.values():
            if member.due is not None:
                dues.append(member.due)
            elif self.timeout and member.state is State.READY:
                dues.append(self.answerable(member))
        return min(dues, default=None)

    @property
    def serving(self) -> int:
        """Number of workers that are ready."""
        return sum(member.state is State.READY for member in self.members.values())

    def answerable(self, member: Member) -> float:
        """Return the tyme at which member is to be asked whether it turns, or has to have answered."""
        return member.heard + self.timeout * Often if member.asked is None else member.asked + self.timeout

    # -- what follows -------------------------------------------------------------------------------------

    def filled(self, slot: int, generation: int | None = None) -> bool:
        """Whether there is a worker, of that generation (None: any), in slot that serves or is about to."""
        return any(
            each.slot == slot and each.state is not State.RETIRING and generation in (None, each.generation)
            for each in self.members.values()
        )

    def spawn(self, slot: int, tyme: float, replaces: int | None = None) -> None:
        """Start a worker in slot at tyme; replaces: pid of the one that then retires, None: nobody does."""
        generation = self.generation if self.coming is None else self.coming
        pid = self.hands.spawn(slot, generation)
        self.members[pid] = Member(pid, slot, generation, tyme, replaces=replaces)

    def refill(self, member: Member, tyme: float) -> None:
        """Start a worker at tyme in the place of member, which goes, unless there is one or none is needed any more."""
        size = self.size if self.coming is None else self.comingSize
        wanted = member.slot < size and self.coming in (None, member.generation)
        if wanted and not self.filled(member.slot, self.coming):
            self.spawn(member.slot, tyme)

    def retire(self, member: Member, tyme: float) -> None:
        """Have member retire, at tyme."""
        if member.state is not State.RETIRING:
            self.hands.retire(member.pid)
            member.state, member.since, member.due = State.RETIRING, tyme, tyme + self.grace + Margin

    def arrived(self, tyme: float) -> None:
        """Have the old workers retire at tyme, as all of the new generation are ready."""
        assert self.coming is not None
        self.generation, self.coming = self.coming, None
        self.size = self.comingSize
        self.failures = 0
        self.hands.settle(self.generation)
        for member in list(self.members.values()):
            if member.generation < self.generation:
                self.retire(member, tyme)
        if self.again:
            self.again = False
            self.hands.say("info", "reloading once more, as was asked for meanwhile")
            self.reload(tyme)

    def died(self, member: Member, how: str, refused: str | None, tyme: float) -> None:
        """Decide what follows from the death of member, unasked, at tyme. how, refused: as for exited()."""
        text = f"worker {member.pid} {refused or how}"
        if member.state is State.READY and tyme - member.since >= Settled:
            self.failures = 0
        if self.coming == member.generation and self.generation:
            self.abandon(text, tyme)
        elif member.replaces is not None:
            self.hands.say("error", f"{text}; worker {member.replaces}, which it was to replace, goes on")
            self.resting[member.slot] = tyme + Longest
        elif refused is not None and not self.generation:
            self.giveUp(refused, tyme, Status.REFUSED)  # the first generation: trying again would change nothing
        elif self.coming is None or not self.generation:
            self.replace(member, text, tyme)
        else:
            self.hands.say("error", f"{text}; the one that is to replace it is on its way")

    def judge(self, member: Member, tyme: float) -> None:
        """Ask member at tyme whether it turns, if it serves; end it if it has not answered in time."""
        if not self.timeout or member.state is not State.READY or member.due is not None:
            return
        late = tyme - self.answerable(member)
        if late < 0.0:
            return
        if member.asked is None:
            member.asked = tyme
            self.hands.ask(member.pid)
        elif late > Late:
            member.asked = tyme
        else:
            self.hands.say("error", f"worker {member.pid} hangs: its loop has not turned for {self.timeout:g} s")
            member.due = tyme + Abort
            self.hands.halt(member.pid)

    def replace(self, member: Member, text: str, tyme: float) -> None:
        """Start another worker for member, which died at tyme, unless there is no hope; text: words about its death."""
        self.failures += 1
        if self.failures >= Tries and not self.serving:
            self.giveUp(f"{self.failures} workers in a row died at once; the last one, {text}", tyme, Status.DYING)
            return
        if self.failures == 1:
            wait = 0.0
        else:
            wait = min(Longest, Base * 2.0 ** (self.failures - 2)) * (0.75 + 0.5 * self.dice.random())
        self.hands.say("error", f"{text}; another one is started {f'in {wait:.2f} s' if wait else 'at once'}")
        self.pending.append((tyme + wait, member.slot))

    def abandon(self, text: str, tyme: float) -> None:
        """Stay with the old generation, as one of the new one died at tyme; text: words about its death."""
        self.hands.say("error", f"{text}; nothing is reloaded, and the old workers go on")
        doomed, self.coming, self.again = self.coming, None, False
        for member in list(self.members.values()):
            if member.generation == doomed:
                member.state, member.due = State.RETIRING, tyme + Abort
                self.hands.abort(member.pid)
        for slot in range(self.size):
            if not self.filled(slot):
                self.spawn(slot, tyme)

    def giveUp(self, reason: str, tyme: float, status: Status) -> None:
        """End all at tyme, with status, for this reason."""
        self.reason = reason
        self.stop(tyme, status)

    def ended(self) -> None:
        """Take note that it is over, if it is."""
        if self.stopping and not self.members:
            self.status = self.ending
