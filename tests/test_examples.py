"""The examples, as modules: what they make, without a socket. Those that serve also run in tests/kernel."""

from __future__ import annotations

import importlib.util
import io
import os
import re

import pytest
from falcon import testing

from hio.base import doing

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


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("test_")])
def test_examples_that_are_tests_pass(name):
    module = load(name)
    cases = [getattr(module, case) for case in dir(module) if case.startswith("test_")]
    assert cases
    for case in cases:
        case()


def test_embedded_thermostat_is_shown_and_steered_in_simulated_tyme():
    module = load("embedded.py")
    thermostat, server = module.makeDoers(port=0)
    app = server.server.app
    status, _, body = ask(app, "GET")
    assert (status, body) == ("200 OK", b"17.0 degrees, on the way to 21.0\n")
    doing.Doist(tock=0.5, limit=60.0, doers=[thermostat]).do()
    assert ask(app, "GET")[2] == b"21.0 degrees, on the way to 21.0\n"
    assert ask(app, "PUT", b"23")[2] == b"21.0 degrees, on the way to 23.0\n"
    assert ask(app, "PUT", b"warm")[0] == "400 Bad Request"


def ask(app, method, body=b""):
    """Call a WSGI app; return (status, headers, body)."""
    told = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/", "wsgi.input": io.BytesIO(body)}
    parts = app(environ, lambda status, headers: told.append((status, headers)))
    return *told[0], b"".join(parts)
