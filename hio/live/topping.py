"""hio top: the tree of doers of a running program, from the address of its page, again and again.

Source     fetches pictures from an address
describe   adds the arguments of the command
top        runs it

On a terminal it takes the whole screen, as top does, and gives it back at the end. Elsewhere, and with --once, it
writes plain lines, and never a control character.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import shutil
import socket
import sys
from collections.abc import Callable
from typing import TextIO

from ..base.polling import nap
from ..hioing import HioError
from .texting import Picture, render

Tymeout = 10.0  # seconds for one answer: one that blocks its loop for so long has other worries
BodyLimit = 16 << 20  # bytes of one picture: many times what 500 deeds and 200 connections come to
Interval = 1.0  # seconds

URL = re.compile(r"(?:http://)?(?P<host>\[[^\[\]/]+\]|[^\[\]/:]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^?#]*)?")

ENTER = "\x1b[?1049h\x1b[?25l"  # a screen of its own, no cursor
LEAVE = "\x1b[?25h\x1b[?1049l"
HOME = "\x1b[H"
ERASE_LINE = "\x1b[K"
ERASE_REST = "\x1b[J"

DETAILS = """examples:
  hio top 127.0.0.1:9000                   the page that is at http://127.0.0.1:9000/-/
  hio top http://127.0.0.1:9000/inside/    one that is mounted elsewhere
  hio top unix:/run/shop-live              one on a UNIX-domain socket
  hio top --once 127.0.0.1:9000            one look, of one interval; as plain lines when piped

TURNS and RUN TIME count from the first look on, and are forgotten 10 s after the last. Ctrl-C ends it."""


class TopError(HioError):
    """There is nothing to show. Its text is one line that says why."""


class Source:
    """Where pictures come from.

    Attributes:
        where (str): for messages.
        host, port: where to connect. path (str): of the socket, "" for TCP. base (str): path of the page, with a slash.
    """

    def __init__(self, url: str) -> None:
        """Take url: http://HOST:PORT/PATH/, each part but the host optional, or unix:PATH. Raises TopError."""
        self.where = url
        self.path = url.removeprefix("unix:") if url.startswith("unix:") else ""
        self.host, self.port, self.base = "localhost", 80, "/-/"
        if self.path:
            return
        match = URL.fullmatch(url)
        if match is None or int(match["port"] or 0) > 65535:
            raise TopError(f"a page is at http://HOST:PORT/ or unix:PATH, not at {url!r}")
        self.host = match["host"].strip("[]")
        self.port = int(match["port"] or 80)
        if match["path"] not in (None, "/"):
            self.base = match["path"].rstrip("/") + "/"

    def __repr__(self) -> str:
        return f"<Source {self.where!r}>"

    def fetch(self) -> Picture:
        """Return what there is to see now. Raises TopError when nothing is."""
        connection = Connection(self.host, self.port, self.path)
        try:
            connection.request("GET", f"{self.base}tree.json")
            response = connection.getresponse()
            body = response.read(BodyLimit)
        except (OSError, http.client.HTTPException) as ex:
            raise TopError(f"{self.where} does not answer: {getattr(ex, 'strerror', None) or ex}") from ex
        finally:
            connection.close()
        if response.status != 200:
            raise TopError(f"{self.where} answers {response.status} to {self.base}tree.json")
        try:
            picture: Picture = json.loads(body)
            if picture["doist"] and "deeds" in picture:
                return picture
        except (ValueError, TypeError, KeyError):
            pass
        raise TopError(f"what {self.where} has at {self.base} is not the page of a Doist")


class Connection(http.client.HTTPConnection):
    """One over TCP to host and port, or over a UNIX-domain socket at path; "": none."""

    def __init__(self, host: str, port: int, path: str) -> None:
        super().__init__(host, port, timeout=Tymeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the path, if there is one."""
        if not self.path:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(Tymeout)
        self.sock.connect(self.path)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of hio top to parser."""
    parser.add_argument("url", metavar="URL", help="where the page is: http://HOST:PORT/-/, HOST:PORT or unix:PATH")
    parser.add_argument("--once", action="store_true", help="look for one interval, print it, and end")
    parser.add_argument(
        "--interval", metavar="SECONDS", type=parseInterval, default=Interval,
        help="time between two looks, from 0.1 on (default: %(default)g)",
    )


def parseInterval(text: str) -> float:
    """Return the seconds that text says; raises ArgumentTypeError."""
    try:
        interval = float(text)
    except ValueError:
        interval = 0.0
    if not 0.1 <= interval <= 3600.0:
        raise argparse.ArgumentTypeError(f"takes seconds from 0.1 to 3600, not {text!r}")
    return interval


def top(args: argparse.Namespace, out: TextIO | None = None, wait: Callable[[float], None] = nap) -> int:
    """Show what is at args.url until Ctrl-C, or once; return 0. Raises TopError when the first look fails.

    out: None: stdout. wait: waits for seconds.
    """
    out = sys.stdout if out is None else out
    source = Source(args.url)
    before = source.fetch()
    try:
        if args.once:
            wait(args.interval)
            out.write(render(source.fetch(), before, width=width(out)))
        else:
            follow(source, before, args.interval, out, wait)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # whoever read it has seen enough
        sys.stderr.close()  # else Python tells of it at exit
    return 0


def follow(source: Source, before: Picture, interval: float, out: TextIO, wait: Callable[[float], None]) -> None:
    """Show picture after picture, in place on a terminal, else below each other, until interrupted.

    source: gives them. before: the first. interval: seconds between two. out: where they are shown. wait: called with
    interval, and returns after that. A source that gives none is told of, and asked again.
    """
    terminal = out.isatty()
    try:
        if terminal:
            out.write(ENTER)
            show(render(before, None, *fit(out)), out)
        while True:
            wait(interval)
            try:
                picture = source.fetch()
            except TopError as ex:  # it may be restarting
                message = f"{ex}; asking again every {interval:g} s"
                show(message + "\n", out) if terminal else print(message, file=sys.stderr)
                continue
            if terminal:
                show(render(picture, before, *fit(out)), out)
            else:
                out.write(render(picture, before, width=width(out)) + "\n")
                out.flush()
            before = picture
    finally:
        if terminal:
            out.write(LEAVE)
            out.flush()


def show(text: str, out: TextIO) -> None:
    """Put text on the screen of out in place of what was there, without a moment of nothing."""
    out.write(HOME + text.rstrip("\n").replace("\n", ERASE_LINE + "\n") + ERASE_LINE + ERASE_REST)
    out.flush()


def fit(out: TextIO) -> tuple[int, int]:
    """Return columns and lines of the terminal; out: that terminal."""
    size = shutil.get_terminal_size((100, 40))
    return size.columns, size.lines


def width(out: TextIO) -> int:
    """Return the columns to use for out: those of a terminal, or plenty."""
    return fit(out)[0] if out.isatty() else 200


def run(args: argparse.Namespace) -> int:
    """Run hio top with args, and return its exit status; what cannot be shown is one line on stderr and status 2."""
    try:
        return top(args)
    except TopError as ex:
        print(f"hio top: {ex}", file=sys.stderr)
        return 2
