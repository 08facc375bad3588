"""A doer that keeps a log, for tests."""

from __future__ import annotations

from hio.base.doing import Doer


class Note(Doer):
    """Appends (tyme, name, hook) to log; raises where told to."""

    def __init__(self, name, log, stop=None, raises=(), **kwa):
        super().__init__(**kwa)
        self.name, self.log, self.stop, self.raises, self.turns = name, log, stop, raises, 0

    def note(self, hook):
        self.log.append((self.tyme, self.name, hook))
        if hook in self.raises:
            raise ValueError(f"{self.name} {hook}")

    def enter(self, *, temp=None):
        self.turns = 0
        self.note("enter")

    def recur(self, tyme):
        self.turns += 1
        self.note("recur")
        return self.turns == self.stop

    def exit(self):
        self.note("exit")


def contexts(states):
    """Return the hooks that an example doer recorded, each with its count."""
    return [(state.context, state.count) for state in states]


def recurs(doer):
    """Return the tymes of the turns that an example doer recorded."""
    return [state.tyme for state in doer.states if state.context == "recur"]
