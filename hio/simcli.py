"""hio sim: a scenario under one seed or under many.

describe   adds the arguments of the command
run        runs it; what it does is in sim/commanding.py, imported only then, so that other commands do not wait for it
"""

from __future__ import annotations

import argparse

DETAILS = """examples:
  hio sim shop.py                                   the one scenario of shop.py under seeds 1 to 1000
  hio sim shop.py::payment --seeds 1..10000         one of several; on every processor of this machine
  hio sim shop.py::payment --seeds 1..1000 --stop 1     until the first failure
  hio sim shop.py::payment --seeds 1..10000 --resume    go on after Ctrl-C, or with more seeds
  hio sim shop.py::payment --seed 17                again, under the seed that failed
  hio sim shop.py::payment --seed 17 --trace run.html   the same, with a picture of what went over the wire
  hio sim shop.py::payment --seed 17 --shrink       with the fewest faults under which it still fails that way
  hio sim shop.py::payment --seed 17 --faults .hio/sim/shop.payment.seed17.json     under these faults again
  hio sim shop.py --dask tcp://cluster:8786         on a Dask cluster; hio and shop.py are at the same path there

A scenario is a function of the file whose one parameter is called sim. What a sweep finds is written down at once, to
.hio/sim/ in this folder. In the end the failures are grouped by cause; of each group the shortest run is repeated with
fewer and fewer faults, and the last that still fails is kept there: its faults as .json, its picture as .html. Ctrl-C
ends what goes on, and what was found is kept.

Exit status: 0 all seeds passed, 1 some failed, 2 wrong arguments, 130 interrupted."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of hio sim to parser."""
    parser.add_argument("scenario", metavar="FILE[::SCENARIO]", help="a function of a file that takes a Sim")
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--seeds", metavar="RANGE", default="1..1000", help="as 1..10000 or 1..50,90 (default: %(default)s)"
    )
    one.add_argument("--seed", metavar="SEED", help="run once, under this seed, and tell how it went")
    parser.add_argument(
        "--trace", metavar="PATH", action="append", default=[],
        help="with --seed: write what happened, as a picture for .html, as JSON lines for .jsonl, else as text",
    )
    parser.add_argument(
        "--faults", metavar="PATH", help="with --seed: have the faults of this file happen, not those of the scenario"
    )
    parser.add_argument(
        "--shrink", action=argparse.BooleanOptionalAction,
        help="look for the fewest faults that it takes (default: for each group of a sweep, not with --seed)",
    )
    parser.add_argument("--jobs", metavar="N", type=int, default=0, help="processes (default: one for each processor)")
    parser.add_argument("--dask", metavar="ADDRESS", help="use the Dask cluster whose scheduler is there")
    parser.add_argument("--stop", metavar="N", type=int, default=0, help="end after N failures (with --resume: N more)")
    parser.add_argument("--resume", action="store_true", help="go on with what the state file knows")
    parser.add_argument("--state", metavar="PATH", help="the state file (default: one for each scenario in .hio/sim)")


def run(args: argparse.Namespace) -> int:
    """Run hio sim with args, and return its exit status."""
    from .sim.commanding import run as command

    return command(args)
