"""Configuration of hio serve: one table of options, which is the flags, the names in a file, and the documentation.

OPTIONS     the table
Config      values for all of it, checked
describe    the table to arguments of an ArgumentParser
load        parsed arguments, and the file that they name, to a Config
dump        a Config as TOML, which makes the same Config again

A flag counts more than the file, and the file more than the default. Of an option that may be given several times, the
flags together replace what the file says. What is wrong is a Refusal that names the option.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..core.http.limiting import LIMITS, Limits
from . import parsing
from .accessing import FORMATS
from .binding import parseBind
from .mounting import parseMount, parseStatic
from .parsing import Option, choice, count, flag, seconds, share, size, text
from .refusing import Refusal
from .trusting import Trust

DefaultBind = "127.0.0.1:8000"  # this machine only: who wants to be seen from outside says so
LEVELS = ("debug", "info", "warning", "error", "critical")
FORWARDED = ("x-forwarded", "forwarded", "keep")

#: What the limits are good for. Their defaults, and what each answers, stand with Limits.
LIMIT_HELP = {
    "line": "bytes of a request line, else 414",
    "head": "bytes of a whole head, else 431",
    "fields": "header fields of a request, else 431",
    "blanks": "empty lines before a request, else 400",
    "digits": "digits of a Content-Length, else 400",
    "body": "bytes of a body, else 413; none for no limit",
    "spool": "bytes of a body that are kept in memory, the rest goes to a file",
    "chunk": "bytes of a chunk's size line, else 400",
    "extensions": "bytes of all chunk extensions of a body, else 400",
    "trailer": "bytes of a trailer section, else 431",
    "connections": "open connections of one worker on one address; none for no limit",
    "rxMark": "bytes received and not parsed, then reading stops",
    "txMark": "bytes to be sent, then the application waits",
    "handshakeTymeout": "seconds for a TLS handshake",
    "headTymeout": "seconds for a head, else 408",
    "bodyTymeout": "seconds without progress of a body, else 408",
    "bodyRate": "bytes a second that a body must make, else 408",
    "idleTymeout": "seconds that a connection may rest between requests",
    "stallTymeout": "seconds in which a client must take some of its answer",
    "lingerTymeout": "seconds for a client to take note of the end",
    "lingerBytes": "bytes that a client may still send in the end",
}

OPTIONS: tuple[Option, ...] = (
    Option("bind", text, (DefaultBind,), "HOST:PORT, [IPV6]:PORT, unix:PATH, fd:NUMBER or systemd to listen on, also "
           "with http:// or https:// before it; port 0 takes any free one", "ADDRESS", many=True),
    Option("static", text, (), "serve the files below DIR at PREFIX; without one at /static, and at / too if there is "
           "no app", "[PREFIX=]DIR", many=True),
    Option("mount", text, (), "serve another app at this host, at paths that begin so, or both",
           "[HOST][/PREFIX]=APP", many=True),
    Option("config", text, None, "read options from a TOML file, by the same names", "FILE"),
    Option("check", flag, False, "print the effective configuration and exit"),
    Option("workers", count(0), 1, "processes that serve; 0: this very one, without a supervisor", "N"),
    Option("threads", count(0), 0, "threads in each worker that run the app; 0: it runs in the loop, and must not "
           "block", "N"),
    Option("reuseport", flag, False, "give each worker a listening socket of its own (SO_REUSEPORT)"),
    Option("backlog", count(1), 1024, "connections that wait to be accepted", "N"),
    Option("reload", flag, False, "start anew when a Python file changes, for development"),
    Option("reload-dir", text, (), "directory to watch for that; without one the current one", "DIR", many=True),
    Option("grace", seconds, 30.0, "seconds in which what was begun may end when a worker stops", "SECONDS"),
    Option("worker-timeout", seconds, 30.0, "seconds in which the loop of a worker has to turn, else it hangs and is "
           "replaced; 0: wait for ever", "SECONDS"),
    Option("recycle-requests", count(0), 0, "requests after which a worker is replaced; 0: never", "N"),
    Option("recycle-age", seconds, 0.0, "seconds after which a worker is replaced; 0: never", "SECONDS"),
    Option("recycle-memory", size, 0, "bytes of memory with which a worker is replaced; 0: never", "BYTES"),
    Option("recycle-jitter", share, 0.1, "share of these by which workers differ, so that they do not all go at once",
           "SHARE"),
    Option("certfile", text, "", "certificate chain for https (PEM)", "FILE"),
    Option("keyfile", text, "", "its private key, if that is not in the same file", "FILE"),
    Option("cafile", text, "", "have clients show a certificate that one of these vouches for (PEM)", "FILE"),
    Option("sni", text, (), "certificate for a host name of its own", "HOST=CERTFILE[,KEYFILE]", many=True),
    Option("access-log", text, "", "log each request to this file; - for standard output", "FILE"),
    Option("access-format", choice(*FORMATS), "combined", "common, combined or json", "FORMAT"),
    Option("error-log", text, "", "log what goes wrong to this file; without one to standard error", "FILE"),
    Option("log-level", choice(*LEVELS), "warning", "least serious message that is logged: " + ", ".join(LEVELS),
           "LEVEL"),
    Option("admin", text, "", "listen here for /-/health, /-/ready and /-/metrics", "ADDRESS"),
    Option("admin-here", flag, False, "answer /-/health and /-/ready where the app is served, too"),
    Option("live", text, "", "show the first worker's doers at this address, the others' at the next ports", "ADDRESS"),
    Option("trust", text, (), "believe what proxies at this address say of whom they forward; unix for UNIX-domain "
           "sockets, * for all", "CIDR", many=True),
    Option("forwarded", choice(*FORWARDED), "x-forwarded", "which fields those proxies write: x-forwarded or "
           "forwarded; all others are taken out of requests. keep: look at none, take none out", "KIND"),
    Option("proxy-protocol", flag, False, "expect the PROXY protocol from them, version 1 or 2"),
    Option("observe", text, (), "call this with a record of each request, for tracing", "MODULE:ATTRIBUTE", many=True),
    Option("pidfile", text, "", "write the process id to this file while serving", "FILE"),
    *(
        Option(parsing.limitName(field.name), parsing.limitParser(field.name), getattr(LIMITS, field.name),
               LIMIT_HELP[field.name], "SECONDS" if field.name.endswith("Tymeout") else "N", group="limits")
        for field in fields(Limits)
    ),
)  # fmt: skip

BY_NAME = {option.name: option for option in OPTIONS}


@dataclass(frozen=True)
class Config:
    """What to serve, and how.

    Attributes:
        app (str): module:attribute of the app, "" for none.
        values: the value of each option, by its name.
        limits (Limits): as the options say.
    """

    app: str
    values: Mapping[str, Any]
    limits: Limits

    def __getitem__(self, name: str) -> Any:
        """Return the value of the option called name."""
        return self.values[name]

    def but(self, **values: Any) -> Config:
        """Return the same with other values, dashes in names as underscores."""
        renamed = {name.replace("_", "-"): value for name, value in values.items()}
        return replace(self, values={**self.values, **renamed})

    @property
    def secured(self) -> bool:
        """Whether there is a certificate, so that an address without a scheme is for https."""
        return bool(self["certfile"])

    @property
    def title(self) -> str:
        """What is served, in a few words."""
        places = [*self["mount"], *self["static"]]
        return self.app or (places[0] if len(places) == 1 else f"{len(places)} places")


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the options to parser. None of them has a default there: what is not given is left out."""
    groups = {"": parser, "limits": parser.add_argument_group("limits and tymeouts")}
    for option in OPTIONS:
        extra: dict[str, Any] = {"metavar": option.metavar} if option.parse is not flag else {}
        if option.parse is flag:
            extra["action"] = "store_true"
        elif option.many:
            extra["action"] = "append"
        shown = ", ".join(option.default) if option.many else parsing.show(option.default)
        default = f" (default: {shown})" if shown and option.default is not None and option.parse is not flag else ""
        groups[option.group].add_argument(
            f"--{option.name}", dest=option.name, default=argparse.SUPPRESS,
            help=(option.help + default).replace("%", "%%"), **extra,
        )


def load(args: Mapping[str, Any]) -> Config:
    """Return the Config for parsed arguments: texts, or lists of texts, by the name of the option, and app.

    args: an option that was not given is not in it; app and config may also be None or "". Raises Refusal for what is
    no such value, or a file that is none.
    """
    told: dict[str, Any] = {}
    app = args.get("app") or ""
    if path := args.get("config"):
        told, fileApp = readFile(path)
        app = app or fileApp
    given = {name: args[name] for name in BY_NAME if name in args}
    values = {option.name: option.default for option in OPTIONS}
    for source, many in ((told, False), (given, True)):
        for name, raw in source.items():
            option = BY_NAME[name]
            values[name] = option.take(raw, f"--{name}" if many else f"{path}: {name}")
    return check(Config(app, values, makeLimits(values)))


def readFile(path: str) -> tuple[dict[str, Any], str]:
    """Return (values by option name, app) of the TOML file at path; app "" when it names none.

    Values are raw. Raises Refusal for a file that cannot be read, and for names that are no options.
    """
    try:
        with open(path, "rb") as file:
            told = tomllib.load(file)
    except OSError as ex:
        raise Refusal(f"--config {path}: {ex.strerror}") from ex
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as ex:
        raise Refusal(f"--config {path}: {ex}") from ex
    app = told.pop("app", "")
    if not isinstance(app, str):
        raise Refusal(f"{path}: app must be text like \"shop:app\", not {app!r}")
    for name in told:
        if name not in BY_NAME or name in ("config", "check"):
            raise Refusal(f"{path}: there is no option {name!r}{parsing.hint(name, BY_NAME)}")
    return told, app


def makeLimits(values: Mapping[str, Any]) -> Limits:
    """Return the limits that values, by the names of options, say; raises Refusal for what cannot be a limit."""
    try:
        return Limits(**{field.name: values[parsing.limitName(field.name)] for field in fields(Limits)})
    except ValueError as ex:
        raise Refusal(str(ex)) from ex


def check(config: Config) -> Config:
    """Return config. Raises Refusal for what can be seen to be wrong without looking at network or app."""
    for spec in filter(None, (*config["bind"], config["admin"], config["live"])):
        parseBind(spec)
    for spec in config["mount"]:
        parseMount(spec)
    for spec in config["static"]:
        parseStatic(spec)
    Trust(config["trust"])
    if not (config.app or config["mount"] or config["static"]):
        raise Refusal("nothing to serve: name an app like shop:app, or a directory with --static DIR")
    checkSecured(config)
    if config["proxy-protocol"] and not config["trust"]:
        raise Refusal("--proxy-protocol needs --trust, to say from whom it is expected")
    if config["workers"] == 0 and (config["reload"] or config["reuseport"]):
        raise Refusal("--reload and --reuseport need a supervisor, that is --workers 1 or more")
    return config


def checkSecured(config: Config) -> None:
    """Raise Refusal for options of TLS in config that miss another one."""
    if config["keyfile"] and not config["certfile"]:
        raise Refusal("--keyfile needs a --certfile")
    if not config.secured:
        for name in ("cafile", "sni"):
            if config[name]:
                raise Refusal(f"--{name} needs a --certfile")
        if any(parseBind(spec).scheme == "https" for spec in config["bind"]):
            raise Refusal("an address with https:// needs a --certfile")


def dump(config: Config) -> str:
    """Return config as TOML."""
    lines = [f"app = {json.dumps(config.app)}"] if config.app else []
    for option in OPTIONS:
        value = config[option.name]
        if option.name in ("config", "check"):
            continue
        lines.append(f"{option.name} = {parsing.toml(value)}")
    return "\n".join(lines) + "\n"
