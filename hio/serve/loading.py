"""Find what a command line names: module:attribute to an object, and to a WSGI app.

loadObject   module:attribute or module:attribute() to what it names
loadApp      the same, for a WSGI app

What is not there is a Refusal. What the user's own code raises is told with its traceback on stderr, then a Refusal.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

from .refusing import Refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

APP_SPEC = re.compile(r"(?P<module>\w+(\.\w+)*):(?P<attribute>\w+(\.\w+)*)(?P<called>\(\))?")


def loadObject(spec: str, what: str = "an app") -> Any:
    """Return what spec, module:attribute, names, or what module:attribute() returns.

    The module is looked for in the current directory first. what: for the Refusal, which is raised when it is not
    there.
    """
    match = APP_SPEC.fullmatch(spec)
    if match is None:
        raise Refusal(f"{what} is named as module:attribute or module:attribute(), not {spec!r}")
    if (here := os.getcwd()) not in sys.path:
        sys.path.insert(0, here)
    found = importModule(match["module"])
    for name in match["attribute"].split("."):
        if not hasattr(found, name):
            raise Refusal(f"{match['module']} has no attribute {match['attribute']!r}")
        found = getattr(found, name)
    if match["called"]:
        try:
            found = found()
        except (Exception, SystemExit) as ex:
            raise blame(f"{spec} raised", ex) from ex
    return found


def loadApp(spec: str) -> WSGIApplication:
    """Return the WSGI app that spec, module:attribute, names, or that module:attribute() makes; raises Refusal."""
    found = loadObject(spec)
    checkApp(spec, found)
    return found  # type: ignore[no-any-return]


def importModule(name: str) -> Any:
    """Import and return the module of this dotted name; raises Refusal when it is missing or fails."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as ex:
        if ex.name is not None and f"{name}.".startswith(f"{ex.name}."):  # not one that the module imports
            raise Refusal(f"there is no module {ex.name!r} here or among the installed ones") from ex
        raise blame(f"importing {name} raised", ex) from ex
    except (Exception, SystemExit) as ex:  # a script may call sys.exit on import
        raise blame(f"importing {name} raised", ex) from ex


def blame(what: str, ex: BaseException) -> Refusal:
    """Print the traceback of ex, raised in the user's code; return the Refusal that sums it up.

    what: how that begins, as "importing shop raised".
    """
    traceback.print_exception(ex)
    first = str(ex).partition("\n")[0]
    return Refusal(f"{what} {type(ex).__name__}" + (f": {first}" if first else ""))


def checkApp(spec: str, app: Any) -> None:
    """Raise Refusal unless app can be called as PEP 3333 calls one, as far as can be seen from outside.

    spec: what named it.
    """
    if not callable(app):
        raise Refusal(f"{spec} is no WSGI app but of type {type(app).__name__}")
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):  # some of C's have none
        return
    try:
        signature.bind({}, print)
    except TypeError:
        hint = "" if spec.endswith("()") else f"; if it makes the app, say '{spec}()'"
        raise Refusal(f"{spec} is no WSGI app: it cannot be called with (environ, start_response){hint}") from None
