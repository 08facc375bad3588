"""The system log handler on a real UNIX domain socket."""

from __future__ import annotations

import logging
import socket

import pytest

from hio.help.handling import LineFormatter, SystemLogHandler

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no UNIX domain sockets")


@pytest.fixture
def handler(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the address must be short
    handler = SystemLogHandler("log")
    handler.setFormatter(LineFormatter("hio"))
    yield handler
    handler.close()


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("name", logging.ERROR, "path", 1, message, (), None)


def listen() -> socket.socket:
    daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    daemon.bind("log")
    daemon.setblocking(False)
    return daemon


def test_reaches_the_system_log_and_its_successor(handler, tmp_path):
    with listen() as daemon:
        handler.emit(record("one"))
        assert daemon.recv(100) == b"<11>hio: one\0"
    (tmp_path / "log").unlink()
    with listen() as daemon:
        handler.emit(record("two"))
        assert daemon.recv(100) == b"<11>hio: two\0"


def test_never_waits_for_a_system_log_that_does_not_read(handler):
    with listen() as daemon:
        for number in range(2000):  # far more than its queue holds
            handler.emit(record(f"{number:04} {'x' * 1000}"))
        assert daemon.recv(100).startswith(b"<11>hio: 0000 ")


def test_a_record_longer_than_a_datagram_is_dropped(handler):
    with listen() as daemon:
        handler.emit(record("x" * 10_000_000))
        handler.emit(record("short"))
        assert daemon.recv(100) == b"<11>hio: short\0"
