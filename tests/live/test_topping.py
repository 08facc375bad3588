"""hio top, with addresses that answer what the test says."""

from __future__ import annotations

import argparse
import io

import pytest

from hio.base import doing
from hio.live import Live, topping

from .watching import Clock, Named


class Screen(io.StringIO):
    """A terminal, or a file."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def args():
    parser = argparse.ArgumentParser()
    topping.describe(parser)
    return lambda *argv: parser.parse_args(argv)


@pytest.fixture
def served(monkeypatch):
    """A program to look at: each wait lets it make a pass. Returns the waits."""
    clock = Clock()
    doist = doing.Doist(name="shop", doers=[Named("clerk\x1b[2J")])
    doist.enter()
    live = Live(doist, [], loggers=[], clock=clock)
    waits = []

    def wait(seconds):
        waits.append(seconds)
        clock.now += seconds
        doist.recur()
        if len(waits) >= 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(topping.Source, "fetch", lambda self: live.picture())
    wait.waits = waits
    return wait


def test_once_is_one_picture_of_one_interval(args, served):
    out = Screen(False)
    assert topping.top(args("127.0.0.1:9000", "--once", "--interval", "0.5"), out, served) == 0
    assert served.waits == [0.5]
    assert out.getvalue().count("DOER") == 1
    assert "\x1b" not in out.getvalue()
    [line] = [line for line in out.getvalue().splitlines() if "clerk" in line]
    assert line.split()[-6:-3] == ["pass", "2.0", "1"]


def test_elsewhere_than_on_a_terminal_plain_lines(args, served):
    out = Screen(False)
    assert topping.top(args("127.0.0.1:9000"), out, served) == 0
    assert out.getvalue().count("DOER") == 2
    assert "\x1b" not in out.getvalue()


def test_a_terminal_is_given_back(args, served, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "6")
    out = Screen(True)
    assert topping.top(args("127.0.0.1:9000"), out, served) == 0
    text = out.getvalue()
    assert text.startswith(topping.ENTER)
    assert text.endswith(topping.LEAVE)
    screens = text.removeprefix(topping.ENTER).removesuffix(topping.LEAVE).split(topping.HOME)[1:]
    assert len(screens) == 3
    for screen in screens:
        lines = screen.removesuffix(topping.ERASE_REST).split("\n")
        assert len(lines) <= 6  # one more would scroll
        assert all(line.endswith(topping.ERASE_LINE) for line in lines)
        assert all(len(line.removesuffix(topping.ERASE_LINE)) <= 80 for line in lines)
        assert "\x1b[2J" not in screen


def test_a_restart_is_waited_for(args, served, monkeypatch, capsys):
    fetch = topping.Source.fetch
    answers = iter([fetch, None, fetch])

    def flaky(self):
        answer = next(answers)
        if answer is None:
            raise topping.TopError("shop does not answer")
        return answer(self)

    monkeypatch.setattr(topping.Source, "fetch", flaky)
    out = Screen(False)
    assert topping.top(args("127.0.0.1:9000"), out, served) == 0
    assert out.getvalue().count("DOER") == 1
    assert "does not answer; asking again every 1 s" in capsys.readouterr().err


@pytest.mark.parametrize("url, host, port, base", [
    ("127.0.0.1:9000", "127.0.0.1", 9000, "/-/"),
    ("http://127.0.0.1:9000", "127.0.0.1", 9000, "/-/"),
    ("http://127.0.0.1:9000/", "127.0.0.1", 9000, "/-/"),
    ("http://127.0.0.1:9000/-/", "127.0.0.1", 9000, "/-/"),
    ("http://localhost/inside/live", "localhost", 80, "/inside/live/"),
    ("[::1]:81", "::1", 81, "/-/"),
])
def test_addresses(url, host, port, base):
    source = topping.Source(url)
    assert (source.host, source.port, source.base, source.path) == (host, port, base, "")


def test_address_of_a_socket():
    assert topping.Source("unix:/run/shop").path == "/run/shop"


@pytest.mark.parametrize("url", ["", "https://shop", "http://", "host:99999", "host:port", "a b:/"])
def test_no_addresses(url):
    with pytest.raises(topping.TopError, match="a page is at"):
        if topping.Source(url).host == "a b":
            raise topping.TopError("a page is at no such host")


@pytest.mark.parametrize("text", ["0", "-1", "x", "nan", "1e9"])
def test_intervals(args, text, capsys):
    with pytest.raises(SystemExit):
        args("127.0.0.1:9000", "--interval", text)
    assert "0.1 to 3600" in capsys.readouterr().err
