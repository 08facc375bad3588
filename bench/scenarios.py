"""Which app meets which load. To add a scenario, add an entry."""

from __future__ import annotations

from dataclasses import dataclass

from bench.loads import Load


@dataclass(frozen=True)
class Scenario:
    """One table of the report."""

    name: str
    title: str
    app: str  # a name in bench.apps
    load: Load
    idle: int = 0  # connections that are open beside the load and do nothing


SCENARIOS = {
    scenario.name: scenario
    for scenario in [
        Scenario("hello", "hello, 64 connections", "hello", Load(connections=64)),
        Scenario("one", "hello, 1 connection (latency)", "hello", Load(connections=1)),
        Scenario("json", "Falcon JSON, 64 connections", "api", Load(connections=64)),
    ]
}
