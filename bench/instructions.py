"""Count machine instructions per request: python -m bench.instructions [--check | --update [--note WHY]].

Times depend on what else the machine does; the number of instructions that a request takes does not. valgrind's
callgrind counts them over bench.inmemory, where no kernel, clock or network has a say. One process warms up and then
forks twice for each workload: the one child serves START requests, the other MORE besides, and what the two differ by
is the cost of those. Two runs of the same code agree to the last digit, as a rule.

--check compares with bench/instructions.json and fails if a figure grew by more than TOLERANCE. The figures hold for
one build of Python; where none is on record for this one, that is said and nothing fails. --update records them, and
asks for a note where one grew by more, so that the reason can be read there.

fingerprint   what identifies a build of Python
parse         what valgrind and the children printed, to instructions per request. Pure
judge         figures against the record: what to say, and whether it failed. Pure
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.servers import Failure

RECORD = Path(__file__).with_suffix(".json")
TOLERANCE = 0.05
START = 320  # requests of each workload in every run: caches are warm, and so is the interpreter's specialisation
MORE = 1280  # further ones of the workload that is counted
ROOT = Path(__file__).parent.parent

Figures = dict[str, int]


def fingerprint() -> str:
    """Return text that two interpreters share only if they are built alike."""
    options = zlib.crc32(str(sysconfig.get_config_var("CONFIG_ARGS")).encode())
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.python_compiler()}, {platform.machine()}, {options:08x}"


def measure(names: Sequence[str]) -> Figures:
    """Return the instructions per request of each workload.

    Raises Failure if they cannot be counted.
    """
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    serve = [sys.executable, "-c", SERVE, *names]
    subprocess.run([*serve[:-len(names)]], cwd=ROOT, env=environment, check=True)  # has the modules compiled
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *serve]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise Failure(f"valgrind ended with status {done.returncode}: {done.stderr[-2000:]}")
    return parse(done.stdout, done.stderr, names)


SERVE = f"""
import os, sys
from bench.inmemory import WORKLOADS, run
for workload in WORKLOADS.values():
    run(workload, {START})
for name in sys.argv[1:]:
    for total in ({START}, {START + MORE}):
        pid = os.fork()
        if not pid:
            run(WORKLOADS[name], total)
            os.write(1, b"%d %d %a\\n" % (os.getpid(), total, name))
            os._exit(0)
        if os.waitpid(pid, 0)[1]:
            sys.exit(f"{{name}} failed")
"""


def parse(told: str, counted: str, names: Iterable[str]) -> Figures:
    """Return instructions per request by workload, of what the children told and what valgrind counted for each.

    Raises Failure if one is missing.
    """
    totals = dict(re.findall(r"==(\d+)== Collected : (\d+)", counted))
    found = {(name, int(total)): totals.get(pid) for pid, total, name in re.findall(r"(\d+) (\d+) '(\w+)'", told)}
    figures = {}
    for name in names:
        before, after = found.get((name, START)), found.get((name, START + MORE))
        if before is None or after is None:
            raise Failure(f"valgrind did not count {name}: {counted[-2000:]}")
        figures[name] = round((int(after) - int(before)) / MORE)
    return figures


def judge(figures: Figures, recorded: Figures) -> tuple[list[str], bool]:
    """Return a line for each figure beside the recorded one, and whether one grew by more than TOLERANCE."""
    lines, grew = [], False
    for name, figure in figures.items():
        before = recorded.get(name)
        if before is None:
            lines.append(f"{name:10} {figure:>9,} instructions per request; none on record")
            continue
        change = figure / before - 1
        verdict = ""
        if figure > before * (1 + TOLERANCE):
            grew = True
            verdict = f"  more than {TOLERANCE:.0%} above the record"
        elif figure < before * (1 - TOLERANCE):
            verdict = "  well below the record: update it"
        lines.append(f"{name:10} {figure:>9,} instructions per request, {change:+.1%} of {before:,}{verdict}")
    return lines, grew


def load() -> dict[str, dict[str, object]]:
    """Return the record: for each fingerprint its figures, and the notes on those that grew."""
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def main(arguments: Sequence[str] | None = None) -> int:
    options = arrange(arguments)
    key = fingerprint()
    record = load()
    entry = record.get(key)
    if options.check and entry is None:
        say([f"skipped: no figures on record for {key}", "record them with: python -m bench.instructions --update"])
        return 0
    if not shutil.which("valgrind"):
        say(["valgrind is not installed (Debian: apt-get install valgrind)"])
        return 1
    figures = measure(options.workload)
    recorded = figuresOf(entry)
    lines, grew = judge(figures, recorded)
    say([key, *lines])
    if options.update:
        if grew and not options.note:
            say(["not recorded: say with --note why it takes more now"])
            return 1
        notes = [*notesOf(entry), options.note] if options.note else notesOf(entry)
        record[key] = {"figures": recorded | figures, "notes": notes}
        RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    return int(options.check and grew)


def arrange(arguments: Sequence[str] | None) -> argparse.Namespace:
    from bench.inmemory import WORKLOADS

    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description="Count instructions per request.")
    parser.add_argument("workload", nargs="*", help=f"of {', '.join(WORKLOADS)} (all)")
    parser.add_argument("--check", action="store_true", help=f"fail if one grew by more than {TOLERANCE:.0%}")
    parser.add_argument("--update", action="store_true", help="record the figures for this build of Python")
    parser.add_argument("--note", default="", help="why they grew, to be recorded")
    options = parser.parse_args(arguments)
    for name in options.workload:
        if name not in WORKLOADS:
            parser.error(f"{name!r} is none of {', '.join(WORKLOADS)}")
    options.workload = options.workload or list(WORKLOADS)
    return options


def figuresOf(entry: Mapping[str, object] | None) -> Figures:
    found = entry["figures"] if entry else {}
    assert isinstance(found, dict)
    return found


def notesOf(entry: Mapping[str, object] | None) -> list[str]:
    found = entry["notes"] if entry else []
    assert isinstance(found, list)
    return found


def say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
