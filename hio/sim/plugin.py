"""Simulations in pytest: a test under many seeds, and for a failure all that is needed to look at it again.

Not loaded by itself, so that nobody's pytest gets slower or sees a fixture `sim` it did not ask for. In the conftest.py
at the root of the tests:

    pytest_plugins = ["hio.sim.plugin"]

and in a test:

    @pytest.mark.sim(seeds=200, latency=(0.01, 0.05))
    def test_payment_is_made_once(sim):
        bank = sim.host("bank", makeBank)
        sim.client("shop", makeShop)
        sim.trouble(reset=0.1)
        sim.run(limit=60.0)
        assert len(bank.disk["payments"]) == 1

sim        a Sim of the seed; runs behind the test if the test did not run it
sim_seed   the seed alone

@pytest.mark.sim(seeds=..., **kwa)   seeds: a number N for 1 to N, text as "5..90", or a list; the rest is for Sim

--sim-seed SEED      this seed only, whatever the mark says
--sim-seeds RANGE    these seeds, for every test that takes sim
--sim-trace DIR      where trace and chart of a failure go; without it, into pytest's cache

Each seed is a test of its own, so pytest-xdist spreads them, -x ends at the first failure, and --lf runs what failed.
The first failure of a test is told in full, further seeds in a line each, and a summary says how many.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any

import pytest

from .charting import chart
from .failing import SimError, SimFailure
from .ledgering import Spans
from .running import Sim
from .trying import judge

SIM = pytest.StashKey[Sim]()
TOLD = pytest.StashKey[dict[str, None]]()  # tests, of which a failure was told in full

MARK = "sim(seeds=1, **kwa): run the test under many seeds; kwa: for its Sim"
#: Characters of the name of a file.
MOST = 120


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options to parser."""
    group = parser.getgroup("hio", "simulations (hio.sim)")
    group.addoption("--sim-seed", metavar="SEED", help="run simulations under this seed only")
    group.addoption("--sim-seeds", metavar="RANGE", help="run simulations under these seeds: 200, or 5..90")
    group.addoption("--sim-trace", metavar="DIR", help="folder for traces and charts of simulations that fail")


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known to config, and raise UsageError for options that cannot be understood."""
    config.addinivalue_line("markers", MARK)
    config.stash[TOLD] = {}
    try:
        spread(config.getoption("--sim-seeds") or 1)
    except SimError as ex:
        raise pytest.UsageError(f"--sim-seeds: {ex}") from None


# Seeds

def spread(seeds: Any) -> list[int | str]:
    """Return the seeds that a mark or an option says. Raises SimError when it says none."""
    if isinstance(seeds, str):
        found: list[int | str] = list(range(1, int(seeds) + 1)) if seeds.isdecimal() else list(Spans(seeds))
    elif isinstance(seeds, int):
        found = list(range(1, seeds + 1))
    elif isinstance(seeds, Iterable):
        found = list(seeds)
    else:
        found = []
    if not found:
        raise SimError(f"seeds are said as 200 for 1 to 200, as '5..90', or as a list, not {seeds!r}")
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each seed, where metafunc wants one. Raises UsageError for seeds that cannot be understood."""
    if "sim_seed" not in metafunc.fixturenames:
        return
    one = metafunc.config.getoption("--sim-seed")
    if one is not None:
        seeds: list[int | str] = [int(one) if one.lstrip("-").isdecimal() else one]
    else:
        mark = metafunc.definition.get_closest_marker("sim")
        stated = mark.kwargs.get("seeds", 1) if mark is not None else 1
        try:
            seeds = spread(metafunc.config.getoption("--sim-seeds") or stated)
        except SimError as ex:
            raise pytest.UsageError(f"{metafunc.definition.nodeid}: {ex}") from None
    metafunc.parametrize("sim_seed", seeds, ids=[f"seed{seed}" for seed in seeds], indirect=True)


@pytest.fixture
def sim_seed(request: pytest.FixtureRequest) -> int | str:
    """Return the seed of this test, which pytest_generate_tests put into request."""
    seed: int | str = request.param
    return seed


@pytest.fixture
def sim(request: pytest.FixtureRequest, sim_seed: int | str) -> Sim:
    """Return a Sim of sim_seed, with the parameters of the mark of the test that request is for.

    It runs behind the test if the test did not run it.
    """
    mark = request.node.get_closest_marker("sim")
    kwa = {name: value for name, value in mark.kwargs.items() if name != "seeds"} if mark is not None else {}
    made = request.node.stash[SIM] = Sim(sim_seed, **kwa)
    return made


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run what the test pyfuncitem has set up but not run; return what the test does.

    Yields once, to have pytest call it. Spares the reader of a failure the inside of the simulator.
    """
    __tracebackhide__ = True
    try:
        result = yield
        made = pyfuncitem.stash.get(SIM, None)
        if made is not None and made.hosts and not made.ran:
            made.run()
    except SimFailure as failure:
        raise failure.with_traceback(outside(failure.__traceback__)) from failure.__cause__
    return result


def outside(trace: TracebackType | None) -> TracebackType | None:
    """Return trace without its end that lies in the simulator."""
    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    inside = os.path.dirname(os.path.abspath(__file__))
    while len(entries) > 1 and os.path.dirname(entries[-1].tb_frame.f_code.co_filename) == inside:
        entries.pop()
    for entry in reversed(entries):
        trace = TracebackType(trace, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return trace


# Failures

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failure of item what is needed to see it again.

    Yields once, to have pytest make it, and returns it. call: how the test went, or its setup or teardown, which are
    left as they are. Of each test the first failing seed is told at length, the others in a line.
    """
    report = yield
    made = item.stash.get(SIM, None)
    if made is None or call.when != "call" or not report.failed or call.excinfo is None:
        return report
    outcome = judge(made, made.seed, call.excinfo.value)
    test = re.sub(rf"-?seed{re.escape(str(made.seed))}(?=\])", "", item.nodeid).removesuffix("[]")
    report.sim = [test, made.seed, outcome.cause, outcome.reason]  # type: ignore[attr-defined]
    told = item.config.stash[TOLD]
    if test in told:
        report.longrepr = f"seed {made.seed}: {outcome.cause}: {outcome.reason}\nreplay: {replay(item, made)}"
        return report
    told[test] = None
    report.sections.append(("simulation", describe(item, made, call.excinfo.value, outcome.reason)))
    return report


def describe(item: pytest.Item, made: Sim, error: BaseException, reason: str) -> str:
    """Return lines about the run made of the test item, which failed by error, in one line: reason.

    What a SimFailure tells itself is left to it. Writes trace and chart.
    """
    lines = [f"seed    {made.seed!r}", f"replay  {replay(item, made)}", f"digest  {made.trace.digest()[:16]}"]
    lines += [f"{what:<7} {path}" for what, path in save(item, made, reason)]
    if not isinstance(error, SimFailure):
        lines += [str(one) for one in made.properties]
        lines += ["the last events:"] + [f"  {event}" for event in made.trace.tail()]
    return "\n".join(lines)


def replay(item: pytest.Item, made: Sim) -> str:
    """Return the command that runs the test item under the seed of made again."""
    return shlex.join(["pytest", item.nodeid, "--sim-seed", str(made.seed)])


def save(item: pytest.Item, made: Sim, reason: str) -> list[tuple[str, str]]:
    """Write trace and chart of the run made of the test item; return pairs of what it is and where it lies.

    reason: stands above the chart. They lie in the folder of --sim-trace, else in the cache of pytest, else in a new
    one.
    """
    folder = item.config.getoption("--sim-trace")
    if folder is None:
        cache = getattr(item.config, "cache", None)  # not there with -p no:cacheprovider
        folder = str(cache.mkdir("hio-sim")) if cache is not None else tempfile.mkdtemp(prefix="hio-sim-")
    os.makedirs(folder, exist_ok=True)
    stem = os.path.join(folder, re.sub(r"[^\w.-]+", "-", item.nodeid).strip("-")[-MOST:])
    with open(f"{stem}.html", "w", encoding="utf-8") as file:
        file.write(chart(made.trace, title=item.nodeid, verdict=reason))
    with open(f"{stem}.jsonl", "w", encoding="utf-8") as file:
        made.trace.dump(file)
    return [("chart", f"{stem}.html"), ("trace", f"{stem}.jsonl")]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say under how many seeds each test failed that did so more than once, by terminalreporter."""
    seeds: dict[str, list[str]] = {}
    for report in terminalreporter.getreports("failed"):
        if said := getattr(report, "sim", None):
            seeds.setdefault(said[0], []).append(str(said[1]))
    many = {test: failed for test, failed in seeds.items() if len(failed) > 1}
    if many:
        terminalreporter.section("simulations")
    for test, failed in many.items():
        more = " ..." if len(failed) > 20 else ""
        terminalreporter.write_line(f"{test} failed under {len(failed)} seeds: {' '.join(failed[:20])}{more}")
