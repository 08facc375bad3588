"""What holds for every test: one profile for Hypothesis, the mark of tests that meet the operating system, and the
fixture and mark `sim` of simulations, as whoever uses hio gets them."""

from __future__ import annotations

import os

import hypothesis
import pytest

pytest_plugins = ["hio.sim.plugin"]

# By default the same examples in every run, so that a failure is due to the change at hand. To look for new ones:
# HYPOTHESIS_PROFILE=search make test
hypothesis.settings.register_profile("steady", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("search", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in a folder called kernel, so that `-m "not kernel"` leaves it out."""
    for item in items:
        if "kernel" in item.path.parts:
            item.add_marker(pytest.mark.kernel)
