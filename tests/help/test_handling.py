"""Log handlers that nothing outside the program can stop, mislead or make wait."""

from __future__ import annotations

import errno
import io
import logging
import os
import socket
import stat
import sys

import pytest

from hio.help import handling, timing
from hio.help.handling import ConsoleHandler, LineFormatter, PrivateFileHandler, SystemLogHandler

needsUnix = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no UNIX domain sockets")


def record(message: str, *args: object, level: int = logging.ERROR, exc_info=None, stack: str | None = None):
    return logging.LogRecord("name", level, "path", 1, message, args, exc_info, sinfo=stack)


@pytest.fixture(autouse=True)
def complaints(monkeypatch):
    """Collect what handlers would print about their own errors."""
    errors = []
    monkeypatch.setattr(logging.Handler, "handleError", lambda self, record: errors.append(sys.exc_info()[1]))
    return errors


class TestLineFormatter:
    @pytest.mark.parametrize("prefix", ["hio", "100%", "%s", "%(x)s", "a b"])
    def test_prefix(self, prefix):
        assert LineFormatter(prefix).format(record("x %s", "y")) == f"{prefix}: x y"

    @pytest.mark.parametrize(
        "message, line",
        [
            ("a\nhio: forged", r"p: a\nhio: forged"),
            ("a\r\nb", r"p: a\r\nb"),
            ("\x1b[2J", r"p: \x1b[2J"),
            ("\0\x7f\x9b\t", r"p: \x00\x7f\x9b\t"),
            ("\u2028\x85", r"p: \u2028\x85"),
            ("ü \\ €", "p: ü \\ €"),
        ],
    )
    def test_one_line_whatever_the_message_holds(self, message, line):
        assert LineFormatter("p").format(record("%s", message)) == line
        assert len(line.splitlines()) == 1

    def test_a_traceback_cannot_forge_a_line_either(self):
        try:
            raise ValueError("bad\np: forged\r\x1b")
        except ValueError:
            entry = record("failed", exc_info=sys.exc_info(), stack="Stack:\n  here")
        entry.exc_text = "another formatter's text"
        first, *rest = LineFormatter("p").format(entry).split("\n")
        assert first == "p: failed"
        assert all(line.startswith("    ") for line in rest)
        assert rest[0] == "    Traceback (most recent call last):"
        assert rest[-3:] == [r"    p: forged\r\x1b", "    Stack:", "      here"]
        assert entry.exc_text == "another formatter's text"

    def test_a_traceback_that_comes_as_text(self):
        entry = record("failed")
        entry.exc_text = "Traceback\nValueError"
        assert LineFormatter("p").format(entry) == "p: failed\n    Traceback\n    ValueError"


class TestConsoleHandler:
    def test_follows_standard_error(self, monkeypatch, complaints):
        handler = ConsoleHandler()
        for _ in range(2):
            stream = io.StringIO()
            monkeypatch.setattr(sys, "stderr", stream)
            handler.emit(record("x"))
            assert stream.getvalue() == "x\n"
        assert not complaints

    def test_drops_what_cannot_be_written(self, monkeypatch, complaints):
        handler = ConsoleHandler()
        stream = io.StringIO()
        stream.close()
        for gone in (stream, None):
            monkeypatch.setattr(sys, "stderr", gone)
            handler.handle(record("x"))
        assert not complaints

    def test_takes_another_stream(self, monkeypatch):
        handler, stream, stderr = ConsoleHandler(), io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stderr", stderr)
        handler.setStream(stream)
        handler.emit(record("x"))
        assert handler.setStream(sys.stderr) is stream
        handler.emit(record("y"))
        assert (stream.getvalue(), stderr.getvalue()) == ("x\n", "y\n")
        assert "ConsoleHandler" in repr(handler)


@pytest.fixture
def clock(monkeypatch):
    """The monotonic clock, as a list of one number."""
    now = [0.0]
    monkeypatch.setattr(timing, "monoTime", lambda: now[0])
    return now


class FakeSocket:
    """Stands for a datagram socket: fails with the errors given, then takes what is sent."""

    made: list[FakeSocket] = []

    def __init__(self, *pa: object) -> None:
        self.errors: list[OSError] = []
        self.refused: OSError | None = None
        self.sent: list[bytes] = []
        self.blocking = True
        self.closed = False
        self.made.append(self)
        self.script()

    def script(self) -> None:
        """Set up a socket that was just made."""

    def setblocking(self, flag: bool) -> None:
        self.blocking = flag

    def connect(self, address: str) -> None:
        if self.refused:
            raise self.refused

    def send(self, data: bytes) -> int:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(data)
        return len(data)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def sockets(monkeypatch):
    monkeypatch.setattr(FakeSocket, "made", [])
    monkeypatch.setattr(handling.socket, "socket", FakeSocket)
    return FakeSocket.made


@needsUnix
class TestSystemLogHandler:
    def test_opens_nothing_before_the_first_record(self, sockets, clock):
        handler = SystemLogHandler("/dev/log")
        assert not sockets and handler.socket is None
        handler.emit(record("x"))
        assert len(sockets) == 1 and not sockets[0].blocking
        handler.emit(record("y", level=logging.DEBUG))
        assert sockets[0].sent == [b"<11>x\0", b"<15>y\0"]  # facility user is 1 * 8; error 3, debug 7
        handler.close()
        assert sockets[0].closed and handler.socket is None

    def test_without_a_system_log_it_asks_seldom(self, sockets, clock, complaints, monkeypatch):
        monkeypatch.setattr(FakeSocket, "script", lambda sock: setattr(sock, "refused", FileNotFoundError()))
        handler = SystemLogHandler("/dev/log")
        for now in (0.0, 1.0, 59.0, 60.0, 61.0):
            clock[0] = now
            handler.emit(record("x"))
        assert len(sockets) == 2 and all(sock.closed for sock in sockets)
        assert not complaints

    def test_without_descriptors_it_drops(self, clock, complaints, monkeypatch):
        def exhausted(*pa):
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(handling.socket, "socket", exhausted)
        handler = SystemLogHandler("/dev/log")
        handler.emit(record("x"))
        assert handler.socket is None and not complaints

    def test_drops_when_the_system_log_is_slow(self, sockets, clock, complaints):
        handler = SystemLogHandler("/dev/log")
        handler.emit(record("x"))
        sockets[0].errors = [BlockingIOError(), OSError(errno.EMSGSIZE, "long")]
        for text in "abc":
            handler.emit(record(text))
        assert sockets[0].sent == [b"<11>x\0", b"<11>c\0"] and len(sockets) == 1
        assert not complaints

    def test_finds_a_system_log_that_was_restarted(self, sockets, clock, complaints):
        handler = SystemLogHandler("/dev/log")
        handler.emit(record("x"))
        sockets[0].errors = [ConnectionRefusedError()]
        handler.emit(record("y"))
        assert sockets[0].closed and sockets[1].sent == [b"<11>y\0"]
        assert not complaints

    def test_gives_up_on_a_record_that_breaks_every_connection(self, sockets, clock, complaints, monkeypatch):
        monkeypatch.setattr(FakeSocket, "script", lambda sock: sock.errors.append(ConnectionResetError()))
        handler = SystemLogHandler("/dev/log")
        handler.emit(record("x"))
        assert len(sockets) == 2 and all(sock.closed for sock in sockets) and handler.socket is None
        assert not complaints

    def test_text_that_cannot_be_encoded(self, sockets, clock):
        SystemLogHandler("/dev/log").emit(record("\ud800"))
        assert sockets[0].sent == [b"<11>\\ud800\0"]

    def test_a_bad_record_is_the_callers_bug(self, sockets, clock, complaints):
        SystemLogHandler("/dev/log").emit(record("%d", "x"))
        assert not sockets and isinstance(complaints[0], TypeError)


class TestPrivateFileHandler:
    def make(self, path, **kwa):
        return PrivateFileHandler(str(path), **dict(dict(when="H", interval=1, count=2), **kwa))

    def test_file_is_there_at_once_private_and_appended_to(self, tmp_path):
        path = tmp_path / "f.log"
        for text in ("", "ü\n"):
            handler = self.make(path)
            assert path.read_text("utf-8") == text
            handler.emit(record("ü"))
            assert path.read_text("utf-8") == text + "ü\n"  # without a flush or close
            handler.close()
        if os.name != "nt":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_records_after_close_are_dropped(self, tmp_path, complaints):
        handler = self.make(tmp_path / "f.log")
        handler.close()
        (tmp_path / "f.log").unlink()
        handler.emit(record("late"))
        handler.close()
        assert not (tmp_path / "f.log").exists() and not complaints

    def test_rotation_keeps_files_private(self, tmp_path):
        handler = self.make(tmp_path / "f.log", when="S", count=1)
        handler.emit(record("one"))
        handler.rolloverAt = 0  # as if its second were over
        handler.emit(record("two"))
        handler.close()
        files = sorted(tmp_path.iterdir())
        assert [file.read_text() for file in files] == ["two\n", "one\n"]
        if os.name != "nt":
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}

    def test_text_that_cannot_be_encoded(self, tmp_path, complaints):
        handler = self.make(tmp_path / "f.log")
        handler.emit(record("\ud800"))
        handler.close()
        assert (tmp_path / "f.log").read_text() == "\\ud800\n" and not complaints

    def test_a_file_that_cannot_be_opened(self, tmp_path):
        with pytest.raises(OSError):
            self.make(tmp_path)
