"""The command line, as far as it goes without a socket; tests/kernel/test_cli_serve.py has the rest."""

from __future__ import annotations

import importlib
import re
import sys

import pytest
from falcon import testing

import hio
from hio import cli
from hio.cli import main
from hio.serve.loading import APP_SPEC, loadApp

SHOP = '''
"""A module with all sorts of things in it."""
import types

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"shop ", environ["PATH_INFO"].encode("latin-1")]

def makeApp():
    return app

def makeNothing():
    return None

def failing():
    raise RuntimeError("no stock\\nsecond line")

async def asgi(scope, receive, send):
    pass

class Site:
    def wsgi(self, environ, start_response):
        return app(environ, start_response)

site = Site()
nested = types.SimpleNamespace(app=app, deep=types.SimpleNamespace(make=makeApp))
number = 7
'''


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A directory with modules, as the current one; it leaves no trace in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "market").mkdir()
    (tmp_path / "market" / "__init__.py").write_text("")
    (tmp_path / "market" / "stall.py").write_text(SHOP)
    (tmp_path / "faulty.py").write_text("def f(:\n")
    (tmp_path / "raising.py").write_text("import sys\nraise LookupError('the till')\n")
    (tmp_path / "bare.py").write_text("raise LookupError\n")
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "lacking.py").write_text("import nowhere_to_be_found\n")
    importlib.invalidate_caches()
    yield tmp_path
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in ("shop", "market", "faulty", "raising", "bare", "leaving", "lacking"):
            del sys.modules[name]


# Arguments

@pytest.mark.parametrize("spec", [
    "shop:app", "shop:makeApp()", "shop:site.wsgi", "shop:nested.app", "shop:nested.deep.make()", "market.stall:app",
])
def test_loadApp(shop, spec):
    rep = testing.TestClient(loadApp(spec)).simulate_get("/x")
    assert rep.text == "shop /x"


REFUSED = [  # spec, what the one line says
    ("shop", "module:attribute"),
    ("shop:", "module:attribute"),
    (":app", "module:attribute"),
    ("shop:app(1)", "module:attribute"),
    ("shop.py:app", "no module 'shop.py'"),
    ("./shop:app", "module:attribute"),
    ("shop:app:app", "module:attribute"),
    ("shop app", "module:attribute"),
    ("nowhere_at_all:app", "no module 'nowhere_at_all'"),
    ("market.nowhere:app", "no module 'market.nowhere'"),
    ("nowhere_at_all.stall:app", "no module 'nowhere_at_all'"),
    ("shop:nothing", "shop has no attribute 'nothing'"),
    ("shop:nested.nothing", "shop has no attribute 'nested.nothing'"),
    ("shop:number", "of type int"),
    ("shop:makeNothing()", "of type NoneType"),
    ("shop:makeApp", "say 'shop:makeApp()'"),
    ("shop:asgi", "(environ, start_response)"),
]


@pytest.mark.parametrize("spec, told", REFUSED)
def test_loadApp_refuses(shop, capsys, spec, told):
    assert main(["serve", "--check", spec]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("hio serve: ") and told in err
    assert err.count("\n") == 1 and "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize("spec, told", [
    ("faulty:app", "importing faulty raised SyntaxError: "),
    ("raising:app", "importing raising raised LookupError: the till"),
    ("bare:app", "importing bare raised LookupError"),
    ("leaving:app", "importing leaving raised SystemExit: 3"),
    ("lacking:app", "importing lacking raised ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
    ("shop:failing()", "shop:failing() raised RuntimeError: no stock"),
])
def test_a_failure_of_the_module_shows_its_traceback(shop, capsys, spec, told):
    assert main(["serve", "--check", spec]) == 2
    *trace, last = capsys.readouterr().err.splitlines()
    assert last.startswith("hio serve: " + told)
    assert trace[0].startswith("Traceback")


def test_the_current_directory_comes_first(shop, monkeypatch):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(shop))])
    (shop / "colorsys.py").write_text(SHOP)  # a module of the standard library that nothing here imports
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    try:
        assert testing.TestClient(loadApp("colorsys:app")).simulate_get("/").text == "shop /"
    finally:
        sys.modules.pop("colorsys", None)


@pytest.mark.parametrize("argv, told", [
    (["serve"], "nothing to serve"),
    (["serve", "shop:app", "--bind", "nonsense"], "--bind takes HOST:PORT"),
    (["demo", "--bind", "nonsense"], "--bind takes HOST:PORT"),
    (["serve", "--static", "missing"], "--static: 'missing' is not there"),
    (["serve", "--static", "shop.py"], "--static: 'shop.py' is no directory"),
    (["serve", "shop:app", "--static", "missing"], "'missing' is not there"),
])
def test_refusals(shop, capsys, argv, told):
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert told in err and err.count("\n") == 1
    assert out == ""


@pytest.mark.parametrize("argv, told", [
    (["serve", "--zzzz"], "hio serve: there is no argument --zzzz\n"),
    (["serve", "shop:app", "--wrokers", "2"], "there is no argument --wrokers; is it '--workers' that is meant?\n"),
    (["nonsense"], "hio: argument COMMAND: invalid choice: 'nonsense'"),
    (["demo", "--bind"], "hio demo: argument --bind: expected one argument; hio demo --help tells more\n"),
    (["demo", "shop:app"], "hio demo: there is no argument shop:app\n"),
])
def test_wrong_arguments(capsys, argv, told):
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1


# Help

def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hio {hio.__version__}\n"


@pytest.mark.parametrize("argv", [["--help"], [], ["serve", "--help"], ["demo", "--help"]])
def test_help_has_examples(capsys, argv):
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert "examples:\n  hio " in out
    assert all(len(line) <= 120 for line in out.splitlines())


def test_examples_of_the_help_parse(capsys):
    """What the help shows is what the parser takes."""
    parser = cli.makeParser()
    lines = [line for command in cli.COMMANDS for line in command.details.splitlines() if line.startswith("  hio ")]
    assert len(lines) >= 8
    for line in lines:
        argv = [word.strip("'") for word in re.split(r"\s{2,}", line.strip())[0].split()[1:]]
        args = vars(parser.parse_args(argv))
        assert argv[0] == args["command"].name
        if args.get("app"):
            assert APP_SPEC.fullmatch(args["app"])
