"""Console on a terminal made for the test: a pseudo-terminal, whose other end types and reads."""

import os
import select

import pytest

from hio.core.serial.serialing import Console

pty = pytest.importorskip("pty")


class Terminal:
    """The far end of a pseudo-terminal, and a Console on the near one."""

    def __init__(self):
        self.far, near = pty.openpty()
        self.path = os.ttyname(near)
        self.console = Console()
        assert self.console.open(self.path) is True
        os.close(near)

    def type(self, text):
        """Write text, of which the last line is whole, and wait until it came through."""
        os.write(self.far, text)
        assert select.select([self.console.fd], [], [], 5.0)[0]

    def shown(self, size):
        """Return the next size bytes of what the terminal shows."""
        text = b""
        while len(text) < size:
            assert select.select([self.far], [], [], 5.0)[0]
            text += os.read(self.far, size - len(text))
        return text

    def close(self):
        self.console.close()
        os.close(self.far)


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_defaults():
    console = Console()
    assert (console.bs, console.fd, console.opened) == (256, None, False)
    assert Console(bs=16).bs == 16
    assert console.close() is None


def test_without_a_terminal(tmp_path, monkeypatch):
    """Opening fails without an exception where there is no terminal, or what is there is none."""
    console = Console()
    assert console.open(str(tmp_path / "missing")) is False
    (tmp_path / "file").write_text("")
    assert console.open(str(tmp_path / "file")) is False
    monkeypatch.setattr(os, "ctermid", lambda: str(tmp_path / "missing"))
    assert console.reopen() is False
    monkeypatch.delattr(os, "ctermid")  # as on Windows
    assert console.reopen() is False
    assert (console.fd, console.opened) == (None, False)
    for use in (console.get, console.put):
        with pytest.raises(ValueError, match="not open"):
            use()


def test_lines(terminal):
    """One a call, without its end; nothing waits for one that is not there, and an empty one looks like none."""
    console = terminal.console
    assert console.opened and console.get() == bytearray() and isinstance(console.get(), bytearray)
    terminal.type(b"hello\nmore\n\nlast\n")
    assert [bytes(console.get()) for _ in range(5)] == [b"hello", b"more", b"", b"last", b""]


def test_a_line_in_pieces(terminal):
    """A line longer than what is read at once comes whole, when its end is there."""
    terminal.type(b"x" * 20 + b"\nyz\n")
    assert [bytes(terminal.console.get(bs=8)) for _ in range(4)] == [b"", b"", b"x" * 20, b"yz"]


def test_writing(terminal):
    assert (terminal.console.put(b"hi"), terminal.console.put()) == (2, 1)
    assert terminal.shown(4) == b"hi\r\n"


def test_reopening_is_on_the_terminal_of_the_process(terminal, monkeypatch):
    """What was read of further lines belongs to the old one."""
    console = terminal.console
    terminal.type(b"one\n")
    console._line += b"two\nthr"
    assert console.get() == b"two"
    monkeypatch.setattr(os, "ctermid", lambda: terminal.path)
    assert console.reopen() is True and console.opened
    assert console.get() == b"one"
    console.close()
    assert (console.fd, console.opened) == (None, False)
