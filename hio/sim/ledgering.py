"""Keep what a sweep has found, so that it can go on after an interruption.

Spans     a set of whole numbers, kept as ranges
Ledger    the state file of a sweep: JSON lines, only ever appended to

The first line says which scenario, with a digest of its file; each further line tells seeds that passed, as "1..250",
or one failure. Whatever interrupts a sweep, what was written stays, and a last line cut in two is dropped.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import TextIO

from .failing import SimError
from .trying import Outcome

_SPAN = re.compile(r"(\d+)(?:\.\.(\d+))?")


class Spans:
    """A set of whole numbers, kept as ranges: small while they lie together."""

    def __init__(self, text: str = "") -> None:
        """Hold what text says, as in "1..250,300". Raises SimError when it says something else."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for part in text.split(",") if text else ():
            match = _SPAN.fullmatch(part.strip())
            first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
            if last < first:
                raise SimError(f"seeds are said as 1..1000, 7 or 1..50,90, not {text!r}")
            self.add(first, last)

    def __repr__(self) -> str:
        return f"<Spans seeds={len(self)} spans={len(self._firsts)}>"

    def add(self, first: int, last: int | None = None) -> None:
        """Add the numbers from first to last (None: first alone)."""
        last = first if last is None else last
        start = bisect_right(self._lasts, first - 2)  # the first range that touches or lies behind
        stop = start
        while stop < len(self._firsts) and self._firsts[stop] <= last + 1:
            first = min(first, self._firsts[stop])
            last = max(last, self._lasts[stop])
            stop += 1
        self._firsts[start:stop] = [first]
        self._lasts[start:stop] = [last]

    def update(self, others: Spans) -> None:
        """Add the numbers of others."""
        for first, last in zip(others._firsts, others._lasts, strict=True):
            self.add(first, last)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers in their order."""
        for first, last in zip(self._firsts, self._lasts, strict=True):
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in zip(self._firsts, self._lasts, strict=True))

    def __str__(self) -> str:
        pairs = zip(self._firsts, self._lasts, strict=True)
        return ",".join(f"{first}..{last}" if last > first else str(first) for first, last in pairs)

    def without(self, others: Spans) -> Iterator[int]:
        """Yield the numbers that are not in others, which may grow meanwhile. Jumps over whole ranges."""
        for first, last in zip(self._firsts[:], self._lasts[:], strict=True):
            number = first
            while number <= last:
                at = bisect_right(others._firsts, number) - 1
                if at >= 0 and number <= others._lasts[at]:
                    number = others._lasts[at] + 1
                else:
                    yield number
                    number += 1


class Ledger:
    """The state file of a sweep.

    Parameters:
        path: where it lies. scenario (str): "FILE::NAME". source (str): digest of FILE, see fingerprint().
    """

    def __init__(self, path: str, scenario: str, source: str) -> None:
        self.path = path
        self.head = {"scenario": scenario, "source": source}
        self._file: TextIO | None = None

    def __repr__(self) -> str:
        return f"<Ledger {self.path!r} open={self._file is not None}>"

    def read(self) -> tuple[Spans, list[Outcome], bool]:
        """Return the seeds that passed, the failures, and whether the scenario's file is still the same.

        Raises SimError when there is no such file, or it is that of another scenario.
        """
        try:
            with open(self.path, encoding="utf-8") as file:
                lines = file.read().split("\n")[:-1]  # behind the last line's end comes a line cut in two, or nothing
            head = json.loads(lines[0])
            entries = [json.loads(line) for line in lines[1:]]
        except FileNotFoundError:
            raise SimError(f"there is no sweep to go on with: no file {self.path}") from None
        except (IndexError, ValueError) as ex:
            raise SimError(f"{self.path} is no state of a sweep: {ex}") from ex
        if not isinstance(head, dict) or head.get("scenario") != self.head["scenario"]:
            raise SimError(f"{self.path} is not the state of a sweep of {self.head['scenario']}")
        passed = Spans()
        failed: dict[int | str, Outcome] = {}
        for entry in entries:
            passed.update(Spans(entry.get("passed", "")))
            if "failed" in entry:
                outcome = Outcome(*entry["failed"])
                failed[outcome.seed] = outcome
        return passed, list(failed.values()), head.get("source") == self.head["source"]

    def start(self, *, anew: bool) -> None:
        """Open it to be written. anew: begin a new file; the old one is kept beside it, as PATH.old."""
        if folder := os.path.dirname(self.path):
            os.makedirs(folder, exist_ok=True)
        if anew and os.path.exists(self.path):
            os.replace(self.path, f"{self.path}.old")
        if not anew:
            self._mend()
        self._file = open(self.path, "w" if anew else "a", encoding="utf-8")
        if anew:
            self._write(self.head)

    def _mend(self) -> None:
        """Cut off a last line that was not written to its end."""
        with open(self.path, "rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Write outcomes down, and have them on the disk's way before returning."""
        passed = Spans()
        for outcome in outcomes:
            if outcome.cause:
                self._write({"failed": list(outcome)})
            else:
                passed.add(int(outcome.seed))
        if passed:
            self._write({"passed": str(passed)})
        if self._file is not None:
            self._file.flush()

    def _write(self, entry: object) -> None:
        assert self._file is not None
        self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def fingerprint(path: str) -> str:
    """Return a digest of the file at path, by which to know whether it has changed."""
    with open(path, "rb") as file:
        return sha256(file.read()).hexdigest()
