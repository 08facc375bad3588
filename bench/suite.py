"""Take the samples: round by round, scenario by scenario, server by server.

Servers that serve the same app are started together and stay for all scenarios of that app in a round, so that those
of one scenario are measured right after another; in the next round they are started anew. While one is measured the
others do nothing.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import idle, loads, servers
from bench.hammer import hammer
from bench.loads import Load, Sample
from bench.scenarios import Scenario

WARMUP = 0.25  # seconds of requests before the first sample of a server: caches, lazy imports, worker threads

Rounds = list["Sample | None"]
Results = dict[str, dict[str, Rounds]]  # scenario, then server, to its samples by round; None: it failed


@dataclass
class Suite:
    """What is measured and how."""

    scenarios: Sequence[Scenario]
    chosen: Sequence[str]  # names of servers
    rounds: int
    seconds: int
    tool: str
    say: Callable[[str], None]
    deadline: float = float("inf")  # of time.monotonic(): no round begins that would end after it

    def kinds(self, scenario: Scenario) -> list[str]:
        return [name for name in self.chosen if name in scenario.servers]

    def measure(self) -> Results:
        """Take one sample of each server in each scenario, then the next round."""
        results: Results = {one.name: {name: [] for name in self.kinds(one)} for one in self.scenarios}
        groups = dict.fromkeys((one.app, one.tls) for one in self.scenarios)
        with servers.certificate() as tls:
            began = time.monotonic()
            for number in range(self.rounds):
                now = time.monotonic()
                if number and now + (now - began) / number > self.deadline:
                    self.say(f"no time for round {number + 1}")
                    break
                for app, secured in groups:
                    members = [one for one in self.scenarios if (one.app, one.tls) == (app, secured)]
                    self.group(number, members, tls if secured else None, results)
        return results

    def group(self, number: int, scenarios: Sequence[Scenario], tls: Path | None, results: Results) -> None:
        """Take the samples of one round in the scenarios of one app."""
        wanted = [name for name in self.chosen if any(name in one.servers for one in scenarios)]
        kinds = [servers.KINDS[name] for name in wanted]
        here, _ = servers.cores()
        with servers.serveAll(kinds, scenarios[0].app, here, tls, self.say) as running:
            for name, server in running.items():
                if tls is None and not scenarios[0].load.tool:
                    with contextlib.suppress(OSError, ValueError):
                        hammer(Load(8), server.port, WARMUP)
                self.say(f"round {number + 1}: {name} serves {scenarios[0].app}")
            for scenario in scenarios:
                for name in self.kinds(scenario):
                    sample = self.sample(scenario, running.get(name))
                    rate = f"{sample.rate:>10,.0f} {scenario.unit}" if sample else "failed"
                    self.say(f"round {number + 1}/{self.rounds}  {scenario.name:9} {name:9} {rate}")
                    results[scenario.name][name].append(sample)

    def sample(self, scenario: Scenario, server: servers.Running | None) -> Sample | None:
        """Take one sample; None if that fails."""
        if server is None:
            return None
        _, there = servers.cores()
        try:
            with contextlib.ExitStack() as stack:
                if scenario.idle:
                    stack.enter_context(idle.crowd(server.port, scenario.idle))
                if scenario.slow:
                    stack.enter_context(slowly(server.port))
                return loads.measure(scenario.load, server, self.seconds, there, self.tool)
        except (servers.Failure, OSError, subprocess.TimeoutExpired) as ex:
            self.say(f"{scenario.name} {server.kind.name}: {ex}")
            return None


@contextlib.contextmanager
def slowly(port: int) -> Iterator[None]:
    """Have slow clients for as long as the context lasts."""
    process = subprocess.Popen([sys.executable, "-m", "bench.slow", str(port)])
    try:
        time.sleep(0.3)
        yield
        if process.poll() is not None:
            raise servers.Failure("the slow clients ended early")
    finally:
        process.terminate()
        process.wait()


