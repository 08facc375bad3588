"""The examples, as modules: what they make, without a socket. Those that serve also run in tests/kernel."""

from __future__ import annotations

import importlib.util
import os
import re

import pytest
from falcon import testing

EXAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "examples")
NAMES = sorted(name for name in os.listdir(EXAMPLES) if name.endswith(".py"))


def load(name):
    """Import the example of this file name; nothing of it runs by that."""
    spec = importlib.util.spec_from_file_location("examples." + name.removesuffix(".py"), os.path.join(EXAMPLES, name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_examples():
    assert "static_falcon.py" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_import_does_nothing_and_the_docstring_tells_how_to_run(name, capsys):
    module = load(name)
    assert capsys.readouterr() == ("", "")
    assert f"examples/{name}" in module.__doc__


def test_static_falcon():
    client = testing.TestClient(load("static_falcon.py").makeApp())
    assert client.simulate_get("/greeting").json == {"greeting": "Hello, world!"}
    assert client.simulate_get("/greeting", params={"name": "Ada"}).json == {"greeting": "Hello, Ada!"}
    page = client.simulate_get("/")
    assert page.headers["content-type"] == "text/html; charset=UTF-8"
    for link in re.findall(r'(?:src|href)="(.+?)"', page.text):
        assert client.simulate_get(link).status_code == 200
    assert client.simulate_get("/static/../static_falcon.py").status_code == 404
