"""What the packages offer by name, and that each module can be imported first."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hio

OFFERED = {
    "hio": """help __version__ Mixin HioError SizeError ValidationError VersionError HierError MultiError MemoerError
        MemoerVerifyError OglerError FilerError NamerError""",
    "hio.hioing": """Mixin HioError SizeError ValidationError VersionError OglerError FilerError NamerError MultiError
        HierError MemoerError MemoerVerifyError""",
    "hio.base": "tyming doing filing Tymist Tymee Tymer Doist Doer DoDoer doify doize Filer openFiler FilerDoer",
    "hio.base.basing": "State",
    "hio.help": """ogler ogling helping timing hicting decking Hict Mict Deck Reat isNonStringIterable
        isNonStringSequence isIterator NonStringIterable NonStringSequence Timer MonoTimer TimerError RetroTimerError
        nowIso8601 toIso8601 fromIso8601""",
    "hio.core": "wiring tcp http coring openWL WireLog WireLogDoer",
    "hio.core.tcp": """openClient Client ClientTls ClientDoer openServer Server ServerTls Remoter ServerDoer
        EchoServerDoer serving clienting""",
    "hio.core.http": """HTTPError Client openClient ClientDoer BareServer Server WsgiServer openServer ServerDoer
        httping serving clienting""",
    "hio.core.serial.serialing": "Console",
}
NAMES = [(module, name) for module, names in OFFERED.items() for name in names.split()]
FIRST = ["hio", "hio.help", "hio.help.ogling", "hio.base", "hio.base.filing", "hio.base.doing", "hio.core.wiring",
         "hio.core.coring", "hio.core.tcp", "hio.core.http", "hio.core.serial.serialing"]  # fmt: skip


@pytest.mark.parametrize("module, name", NAMES)
def test_offers(module, name):
    assert hasattr(importlib.import_module(module), name)


def test_version_is_declared_once():
    assert re.fullmatch(r"\d+\.\d+\.\d+", hio.__version__)


@pytest.mark.parametrize("module", FIRST)
def test_imports_first_and_without_a_warning(module):
    code = f"import {module}, logging; assert not logging.getLogger().handlers"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize(
    "error, parent",
    [
        ("HioError", "Exception"),
        ("SizeError", "HioError"),
        ("ValidationError", "HioError"),
        ("VersionError", "ValidationError"),
        ("OglerError", "HioError"),
        ("FilerError", "HioError"),
        ("NamerError", "HioError"),
        ("MultiError", "HioError"),
        ("HierError", "HioError"),
        ("MemoerError", "HioError"),
        ("MemoerVerifyError", "MemoerError"),
    ],
)
def test_errors(error, parent):
    assert getattr(hio, error).__bases__ == (getattr(hio, parent, Exception),)


def test_mixin_takes_anything_and_drops_it():
    class Other(hio.Mixin):
        def __init__(self, name, **kwa):
            super().__init__(name=name, **kwa)
            self.name = name

    assert Other("n").name == "n"
    with pytest.warns(hio.hioing.UnknownArgumentWarning, match="Other takes no argument unknown"):
        assert Other("n", unknown=1).name == "n"
    with pytest.warns(hio.hioing.UnknownArgumentWarning, match="Mixin takes no argument unknown"):
        assert not vars(hio.Mixin(1, 2, unknown=3))


@pytest.mark.parametrize("module", ["hio.help", "hio.core", "hio"])
def test_exports_what_it_lists(module):
    found = importlib.import_module(module)
    assert found.__all__ == sorted(found.__all__)
    public = {name for name, value in vars(found).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert public <= set(found.__all__) <= set(vars(found))


MAPPED = ["hio.help", "hio.base", "hio.core.tcp", "hio.core.http", "hio.sim"]


def read(package):
    """Return the map of a package, {module: (floor, section)}, and what each module imports of the package."""
    home = importlib.import_module(package)
    places, section = {}, ""
    for floor, line in enumerate(home.__doc__.splitlines()):
        if names := re.match(r" *(\w+(?:, \w+)*)  ", line):
            for name in names[1].split(", "):
                assert places.setdefault(name, (floor, section)) == (floor, section), f"{name} is on the map twice"
        else:
            section = line.partition(",")[0]
    imports = {}
    for path in Path(home.__file__).parent.glob("*.py"):
        nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom)]
        imports[path.stem] = [
            name for node in nodes if node.level == 1
            for name in ([node.module] if node.module else [alias.name for alias in node.names])
        ]  # fmt: skip
    del imports["__init__"]
    return places, imports


@pytest.mark.parametrize("package", MAPPED)
def test_the_map_of_a_package_shows_every_module_above_what_it_rests_on(package):
    """The docstring lists the modules; each imports only those on its own line and on lines above."""
    places, imports = read(package)
    assert places.keys() == imports.keys()
    for module, names in imports.items():
        for name in names:
            assert places[name][0] <= places[module][0], f"{module} rests on {name}, which is below it on the map"


def test_http_server_and_client_know_nothing_of_each_other():
    places, imports = read("hio.core.http")
    sections = {module: section for module, (_, section) in places.items()}
    assert set(sections.values()) == {"grammar", "server", "client"}
    for module, names in imports.items():
        for name in names:
            assert sections[name] in ("grammar", sections[module]), f"{module} imports {name}"


def test_a_surplus_keyword_is_told_where_the_program_gives_it():
    """However many of hio's own functions it passes through on its way."""
    with pytest.warns(hio.hioing.UnknownArgumentWarning, match="takes no argument portt") as caught:
        hio.core.http.Server(portt=1)
    assert [warning.filename for warning in caught] == [__file__]
