"""The command line: hio serve, hio demo, hio top, hio sim.

main   parses the arguments and runs one of COMMANDS

What the user got wrong is a Refusal: one line on stderr and exit status 2. Falcon is imported by the commands that
need it only, so that help and version come at once, and an app without Falcon never pays for it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from . import __version__, simcli
from .live import topping
from .serve import configuring, starting
from .serve.parsing import hint
from .serve.refusing import Refusal


class Command(NamedTuple):
    """One word that hio understands."""

    name: str  # the word
    summary: str  # the line about it in hio --help
    details: str  # printed under the options: examples first of all
    describe: Callable[[argparse.ArgumentParser], None]  # adds the arguments
    run: Callable[[argparse.Namespace], int]  # returns the exit status


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """End with status 2 after message, in one line; it never returns."""
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help tells more\n")


def main(argv: list[str] | None = None) -> int:
    """Run hio with the arguments argv (None: those of the process); return the exit status.

    0: done, also when a signal ended a server. 2: the user asked for something that cannot be. 3: workers died as soon
    as they were started. 4: a signal ended a server, and requests had to be broken off. 130: interrupted before
    anything was served.
    """
    parser = makeParser()
    try:
        args, unknown = parser.parse_known_args(argv)
    except SystemExit as ex:  # help, version, or a wrong option, already told
        return int(ex.code or 0)
    if args.command is None:
        parser.print_help()
        return 0
    try:
        if unknown:
            names = (option.name for option in configuring.OPTIONS) if args.command.name == "serve" else ()
            raise Refusal(f"there is no argument {unknown[0]}{hint(unknown[0].lstrip('-'), names, '--')}")
        return int(args.command.run(args))
    except Refusal as ex:
        print(f"hio {args.command.name}: {ex}", file=sys.stderr)
        return int(ex.status)
    except KeyboardInterrupt:
        return 130


def makeParser() -> Parser:
    """Return the parser for all COMMANDS."""
    parser = Parser(
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
    """Add the arguments of hio serve to parser."""
    parser.add_argument("app", nargs="?", metavar="MODULE:ATTRIBUTE", help="the WSGI app, or a call that makes it")
    configuring.describe(parser)


def describeBind(parser: argparse.ArgumentParser) -> None:
    """Add the argument that all servers have to parser."""
    parser.add_argument(
        "--bind", metavar="ADDRESS", default=configuring.DefaultBind,
        help="HOST:PORT, [IPV6]:PORT or unix:PATH to listen on; port 0 takes any free one (default: %(default)s)",
    )


def serve(args: argparse.Namespace) -> int:
    """hio serve, with args: WSGI apps, directories, or both; return the exit status.

    Raises Refusal for what cannot be served.
    """

    def read() -> configuring.Config:
        return configuring.load(vars(args))

    config = read()
    if config["check"]:
        starting.checkAll(config)
        print(configuring.dump(config), end="")
        return 0
    return starting.start(config, read)


def demo(args: argparse.Namespace) -> int:
    """hio demo, with args: the app of hio.demo; return the exit status.

    In one process, for its notes live in memory.
    """
    config = configuring.load({"app": "hio.demo:makeApp()", "bind": [args.bind], "workers": 0})
    return starting.start(config, lambda: config, title="the demo")


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
        "  hio serve shop:app --bind unix:/run/shop  on a UNIX-domain socket\n"
        "  hio serve shop:app --workers 2 --threads 8 --access-log access.log\n"
        "  hio serve shop:app --mount /api=shop.api:app --static /assets=public\n"
        "  hio serve --config shop.toml --check      what that comes to, without serving\n\n"
        "Ctrl-C or SIGTERM ends it: what was begun may end, and a second one ends it at once. SIGHUP starts new\n"
        "workers with the app and the options as they are then. SIGUSR1 opens the logs anew. SIGQUIT writes what the\n"
        "doers do.\n\n"
        "Exit status: 0 done; 2 what is wrong with the arguments, files or app is told in one line; 3 workers died as\n"
        "soon as they were started; 4 requests were broken off in the end, which the log lists.",
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
    Command(
        name="sim",
        summary="run a simulated scenario under many seeds, or under one again",
        details=simcli.DETAILS,
        describe=simcli.describe,
        run=simcli.run,
    ),
)
