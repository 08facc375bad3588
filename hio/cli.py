"""The command line: hio serve, hio demo, hio top.

main          parses the arguments and runs one of COMMANDS
loadApp       module:attribute to a WSGI app
parseBind     HOST:PORT or unix:PATH to an address
runServer     an app and an address to a server in a Doist, until a signal ends it

What the user got wrong is a Refusal: one line on stderr and exit status 2. Falcon is imported by the commands that
need it only, so that help and version come at once, and an app without Falcon never pays for it.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from . import __version__, help
from .base import doing
from .core import http
from .core.http.sinking import StaticSink
from .hioing import HioError
from .live import topping

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

DefaultBind = "127.0.0.1:8000"  # this machine only: who wants to be seen from outside says so

APP_SPEC = re.compile(r"(?P<module>\w+(\.\w+)*):(?P<attribute>\w+(\.\w+)*)(?P<called>\(\))?")
BIND = re.compile(r"(?:\[(?P<bracketed>[^\[\]]+)\]|(?P<host>[^\[\]:]+)):(?P<port>[0-9]{1,5})")

#: Addresses that stand for every interface, with one of them that a browser can ask.
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}

Address = tuple[str, int] | str  # (host, port), or the path of a UNIX-domain socket


class Refusal(HioError):
    """What was asked for cannot be done. Its text is one line for the user: what is wrong, and what would be right."""


class Command(NamedTuple):
    """One word that hio understands."""

    name: str
    summary: str
    details: str  # printed under the options: examples first of all
    describe: Callable[[argparse.ArgumentParser], None]  # adds the arguments
    run: Callable[[argparse.Namespace], int]  # returns the exit status


def main(argv: list[str] | None = None) -> int:
    """Run hio with the arguments argv (None: those of the process); return the exit status.

    0: done, also when a signal ended a server. 2: the user asked for something that cannot be. 130: interrupted
    before anything was served.
    """
    parser = makeParser()
    try:
        args = parser.parse_args(argv)
    except SystemExit as ex:  # help, version, or a wrong option, already told
        return int(ex.code or 0)
    if args.command is None:
        parser.print_help()
        return 0
    try:
        return int(args.command.run(args))
    except Refusal as ex:
        print(f"hio {args.command.name}: {ex}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def makeParser() -> argparse.ArgumentParser:
    """Return the parser for all COMMANDS."""
    parser = argparse.ArgumentParser(
        prog="hio",
        description="Serve Python web applications from one cooperative loop.",
        epilog="examples:\n"
        "  hio demo                      look at a Falcon app and its page\n"
        "  hio serve shop:app            serve app of shop.py\n"
        "  hio serve --static public     serve the files below public/\n"
        "  hio top 127.0.0.1:9000        watch the doers of a program whose live page is there\n\n"
        "hio COMMAND --help tells more about each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hio {__version__}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        subparser = commands.add_parser(
            command.name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=command.details,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        subparser.set_defaults(command=command)
        command.describe(subparser)
    return parser


# The commands

def describeServe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of hio serve."""
    parser.add_argument("app", nargs="?", metavar="MODULE:ATTRIBUTE", help="the WSGI app, or a call that makes it")
    parser.add_argument("--static", metavar="DIR", help="serve the files below DIR too; at / when there is no app")
    describeBind(parser)


def describeBind(parser: argparse.ArgumentParser) -> None:
    """Add the argument that all servers have."""
    parser.add_argument(
        "--bind", metavar="ADDRESS", default=DefaultBind,
        help="HOST:PORT, [IPV6]:PORT or unix:PATH to listen on; port 0 takes any free one (default: %(default)s)",
    )


def serve(args: argparse.Namespace) -> int:
    """hio serve: a WSGI app, a directory, or both."""
    address = parseBind(args.bind)
    if args.app is None and args.static is None:
        raise Refusal("nothing to serve: name an app like shop:app, or a directory with --static DIR")
    static = None if args.static is None else makeStaticApp(args.static)
    app = None if args.app is None else loadApp(args.app)
    if app is None:
        assert static is not None
        return runServer(static, address, args.static)
    return runServer(app if static is None else StaticBeside(static, app), address, args.app)


def demo(args: argparse.Namespace) -> int:
    """hio demo: the app of hio.demo."""
    address = parseBind(args.bind)
    from .demo import makeApp

    return runServer(makeApp(), address, "the demo")


COMMANDS = (
    Command(
        name="serve",
        summary="serve a WSGI app, a directory of files, or both",
        details="examples:\n"
        "  hio serve shop:app                        app of shop.py in this directory\n"
        "  hio serve shop.web:site.wsgi              an attribute of an attribute\n"
        "  hio serve 'shop:makeApp()'                what makeApp() returns\n"
        "  hio serve shop:app --static public        beside it public/x at /static/x\n"
        "  hio serve --static public                 public/x at /x and at /static/x\n"
        "  hio serve shop:app --bind 0.0.0.0:80      on every interface\n"
        "  hio serve shop:app --bind '[::1]:8000'    on IPv6\n"
        "  hio serve shop:app --bind unix:/run/shop  on a UNIX-domain socket\n\n"
        "Ctrl-C or SIGTERM ends it. What is wrong with the arguments is told in one line, with exit status 2.",
        describe=describeServe,
        run=serve,
    ),
    Command(
        name="demo",
        summary="serve a small Falcon app and a web page that uses it",
        details="examples:\n"
        "  hio demo\n"
        "  hio demo --bind 127.0.0.1:0    on any free port\n\n"
        "Its notes live in memory; programs have them at /api/notes. Ctrl-C or SIGTERM ends it.",
        describe=describeBind,
        run=demo,
    ),
    Command(
        name="top",
        summary="show the doers of a running program, again and again",
        details=topping.DETAILS,
        describe=topping.describe,
        run=topping.run,
    ),
)


# Arguments

def parseBind(text: str) -> Address:
    """Return what --bind names as (host, port), or as the path of a UNIX-domain socket; raises Refusal."""
    if text.startswith("unix:"):
        if path := text.removeprefix("unix:"):
            return path
        raise Refusal("--bind unix: lacks the path, as in unix:/run/shop.sock")
    match = BIND.fullmatch(text)
    if match is None:
        raise Refusal(f"--bind takes HOST:PORT, [IPV6]:PORT or unix:PATH, not {text!r}")
    port = int(match["port"])
    if port > 65535:
        raise Refusal(f"--bind takes a port from 0 to 65535, not {port}")
    return match["bracketed"] or match["host"], port


def loadApp(spec: str) -> WSGIApplication:
    """Return the WSGI app that module:attribute names, or that module:attribute() makes.

    The module is looked for in the current directory first. Raises Refusal for what is not there or no WSGI app; an
    exception of the module's own is told with its traceback on stderr before.
    """
    match = APP_SPEC.fullmatch(spec)
    if match is None:
        raise Refusal(f"an app is named as module:attribute or module:attribute(), not {spec!r}")
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
        except Exception as ex:
            raise blame(f"{spec} raised", ex) from ex
    checkApp(spec, found)
    return found  # type: ignore[no-any-return]


def importModule(name: str) -> Any:
    """Import the module of this dotted name; raises Refusal when it is missing or fails."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as ex:
        if ex.name is not None and f"{name}.".startswith(f"{ex.name}."):  # not one that the module imports
            raise Refusal(f"there is no module {ex.name!r} here or among the installed ones") from ex
        raise blame(f"importing {name} raised", ex) from ex
    except (Exception, SystemExit) as ex:  # a script may call sys.exit on import
        raise blame(f"importing {name} raised", ex) from ex


def blame(what: str, ex: BaseException) -> Refusal:
    """Print the traceback of an exception in the user's code; return the Refusal that sums it up."""
    traceback.print_exception(ex)
    first = str(ex).partition("\n")[0]
    return Refusal(f"{what} {type(ex).__name__}" + (f": {first}" if first else ""))


def checkApp(spec: str, app: Any) -> None:
    """Raise Refusal unless app can be called as PEP 3333 calls one, as far as can be seen from outside."""
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


def makeStaticApp(path: str) -> WSGIApplication:
    """Return an app that serves the files below path; raises Refusal when there is no such directory."""
    if not os.path.isdir(path):
        raise Refusal(f"--static: {path!r} is {'no directory' if os.path.exists(path) else 'not there'}")
    import falcon

    app = falcon.App()
    app.add_sink(StaticSink(path), prefix=StaticSink.DefaultStaticSinkBasePath)
    return app


class StaticBeside:
    """A WSGI app that hands paths below /static to one app and all others to another."""

    def __init__(self, static: WSGIApplication, app: WSGIApplication) -> None:
        self.static = static
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app answers that the path belongs to."""
        base = StaticSink.StaticSinkBasePath
        path = environ.get("PATH_INFO", "")
        app = self.static if path == base or path.startswith(base + "/") else self.app
        return app(environ, start_response)


# Serving

def runServer(app: WSGIApplication, address: Address, what: str) -> int:
    """Serve app at address until SIGINT or SIGTERM; return 0. Raises Refusal when it cannot listen there.

    what names the app for the line that tells the URL.
    """
    server = listen(app, address)
    help.ogler.resetLevel(level=logging.ERROR, globally=True)  # from here on exceptions of the app are to be seen
    print(f"hio serves {what} at {describeAddress(server.servant.ha)} (Ctrl-C ends it)", flush=True)
    doing.Doist(real=True, doers=[http.ServerDoer(server=server)]).do()
    return 0


def listen(app: WSGIApplication, address: Address) -> http.Server:
    """Return a server that listens at address already, so that the line about it is true; raises Refusal."""
    where = describeAddress(address)
    failure: Exception | None
    try:
        server = http.Server(name="hio.cli", app=app, ha=address)
        opened = server.reopen()
        failure = server.servant.failure
    except (OSError, ValueError) as ex:  # a host name that nobody knows, or that is none
        opened, failure = False, ex
    if not opened:
        raise Refusal(f"cannot listen on {where}: {getattr(failure, 'strerror', None) or failure}")
    return server


def describeAddress(address: Address) -> str:
    """Return address as what a browser or curl on this machine can be given."""
    if isinstance(address, str):
        return f"unix:{address}"
    host, port = address[:2]
    host = EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
