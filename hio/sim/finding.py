"""Find scenarios in files.

find        FILE or FILE::NAME to a Scenario
Scenario    a function that takes a Sim, and where it stands

A scenario is a function whose first parameter is called sim, and which needs no other.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from .failing import SimError


class Scenario(NamedTuple):
    """A function that takes a Sim, and where it stands.

    Attributes:
        path (str): of the file, as it was given. name (str): of the function.
        function: the function itself.
    """

    path: str
    name: str
    function: Callable[[Any], Any]

    def __str__(self) -> str:
        return f"{self.path}::{self.name}"


def find(spec: str) -> Scenario:
    """Return the scenario that spec names: FILE::NAME; FILE alone will do where the file has only one.

    The file is imported, with its own folder and the current one to import from. Raises SimError, in one line, for
    what is not there or no scenario; whatever the file itself raises is the cause of one.
    """
    path, _, name = spec.partition("::")
    module = load(path)
    found = {key: each for key, each in vars(module).items() if isScenario(each, module)}
    if not name:
        if len(found) == 1:
            name = next(iter(found))
        elif found:
            raise SimError(f"{path} has several scenarios, name one: " + ", ".join(f"{path}::{key}" for key in found))
        else:
            raise SimError(f"{path} has no scenario: no function whose one parameter is called sim")
    function = getattr(module, name, None)
    if not callable(function):
        there = f"; it has {', '.join(found)}" if found else ""
        raise SimError(f"{path} has no scenario {name!r}{there}")
    return Scenario(path, name, function)


def load(path: str) -> ModuleType:
    """Return the module that the file at path makes. Raises SimError when there is none, or it raises."""
    full = os.path.abspath(path)
    if not os.path.isfile(full):
        hint = f"; there is {path + '.py'!r}" if os.path.isfile(f"{full}.py") else ""
        raise SimError(f"there is no file {path!r}{hint}")
    for folder in (os.getcwd(), os.path.dirname(full)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    name = os.path.splitext(os.path.basename(full))[0]
    known = sys.modules.get(name)
    if known is not None:
        if getattr(known, "__file__", None) == full:
            return known
        name = f"scenarios of {full}"  # the name is taken: by a module of Python's, say
    spec = importlib.util.spec_from_file_location(name, full)
    if spec is None or spec.loader is None:
        raise SimError(f"{path!r} is no file of Python: it should end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as ex:
        del sys.modules[name]
        raise SimError(f"importing {path} raised {type(ex).__name__}: {ex}") from ex
    return module


def isScenario(thing: Any, module: ModuleType) -> bool:
    """Whether thing, out of module, is a function of that module which takes a Sim and needs no more."""
    if not inspect.isfunction(thing) or thing.__module__ != module.__name__:
        return False
    if thing.__name__.startswith(("_", "test_")):
        return False
    parameters = list(inspect.signature(thing).parameters.values())
    if not parameters or parameters[0].name != "sim":
        return False
    return all(each.default is not each.empty or each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
               for each in parameters[1:])
