"""Signals: who ends, when, and what becomes of requests then; new apps and options; process 1."""

from __future__ import annotations

import os
import re
import signal
import socket

import pytest

from tests.kernel.processing import PATIENCE
from tests.kernel.serve.loading import Load, Serving, connect, get, until, wait


# ---------------------------------------------------------------- signals


def test_a_stream_of_events_ends_in_good_order(serve):
    hio = serve()
    with connect(hio) as sock:
        sock.sendall(get("/events"))
        assert b"data: 1" in until(sock, b"data: 1\n\n\r\n")
        assert hio.end(signal.SIGTERM) == (0, "", "")
        assert until(sock, b"never") == b"0\r\n\r\n"


def test_what_does_not_end_within_the_grace_is_cut_off_and_listed(serve):
    hio = serve("--grace", "0.2")
    with connect(hio) as sock:
        sock.sendall(get("/never"))
        until(sock, b"begun")
        status, _, err = hio.end(signal.SIGTERM)
        assert status == 4
        assert re.search(r"cut off: GET '/never' from \('127.0.0.1', \d+\) in phase ANSWER", err)
        assert b"0\r\n\r\n" not in until(sock, b"never"), "nobody may take it for the whole"


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_second_signal_does_not_wait(serve, workers):
    hio = serve("--workers", workers)
    with connect(hio) as sock:
        sock.sendall(get("/never"))
        until(sock, b"begun")
        hio.signal(signal.SIGTERM)
        hio.signal(signal.SIGTERM)  # that of somebody who signals the whole group
        wait(lambda: refused(hio), "it to listen no more")
        with pytest.raises(AssertionError):
            wait(lambda: hio.process.poll() is not None, "its end", patience=0.4)
        status, _, err = hio.end(signal.SIGTERM)
        assert status == 4 and "cut off: GET '/never'" in err


def refused(hio):
    """Whether nobody listens there any more."""
    with socket.socket() as sock:
        sock.settimeout(0.2)
        try:
            sock.connect(hio.address)
        except OSError:
            return True
        return False


def test_a_second_signal_ends_a_worker_that_does_not_listen(serve, shop):
    hio = serve()
    with connect(hio) as sock:
        sock.sendall(get("/block"))
        wait((shop / "blocking").exists, "it to block")
        hio.signal(signal.SIGTERM)
        with pytest.raises(AssertionError):
            wait(lambda: hio.process.poll() is not None, "its end", patience=0.4)
        _, _, err = hio.end(signal.SIGTERM)
        assert "is killed" in err and not hio.workers()


def test_ctrl_c_reaches_the_whole_group_and_is_graceful_all_the_same(serve):
    hio = serve("--workers", "2")
    with Load(hio.address, 4) as load:
        load.wait(50)
        for pid in hio.workers():
            os.kill(pid, signal.SIGINT)
        status, out, err = hio.end(signal.SIGINT)
        assert (status, out, err) == (0, "", "") and load.lost == []


def test_workers_whose_supervisor_is_gone_end(serve):
    hio = serve("--workers", "2")
    workers = hio.workers()
    hio.process.kill()
    hio.process.wait(PATIENCE)
    wait(lambda: not any(os.path.exists(f"/proc/{pid}") and alive(pid) for pid in workers), "workers to end")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("whom", ["the supervisor", "a worker"])
def test_the_tree_of_doers_on_a_signal(serve, whom):
    """The supervisor passes it on: its pid is the one that people know, and Ctrl-\\ reaches it as well."""
    hio = serve()
    if whom == "a worker":
        os.kill(hio.workers()[0], signal.SIGQUIT)
    else:
        hio.signal(signal.SIGQUIT)
    assert hio.ask("GET", "/word")[2] == b"first"
    _, _, err = hio.end(signal.SIGTERM)
    assert "ServingDoer" in err and "Minder" in err


# ---------------------------------------------------------------- reloading


def test_a_reload_finds_the_app_as_it_is_then(serve, shop):
    hio = serve("--log-level", "info", "--error-log", "error.log")
    assert hio.ask("GET", "/word")[2] == b"first"
    source = (shop / "shop.py").read_text()
    (shop / "shop.py").write_text("def broken(:\n")
    before = hio.workers()
    hio.signal(signal.SIGHUP)
    wait(lambda: "the old workers go on" in (shop / "error.log").read_text(), "the reload to fail")
    assert hio.workers() == before and hio.ask("GET", "/word")[2] == b"first"
    (shop / "shop.py").write_text(source.replace('WORD = b"first"', 'WORD = b"second, which is longer"'))
    hio.signal(signal.SIGHUP)
    wait(lambda: hio.workers() != before and len(hio.workers()) == 1, "another worker")
    assert hio.ask("GET", "/word")[2] == b"second, which is longer"
    assert hio.end(signal.SIGTERM)[0] == 0
    err = (shop / "error.log").read_text()
    assert "importing shop raised SyntaxError" in err and "nothing is reloaded, and the old workers go on" in err
    assert "reloaded: the new workers serve" in err


def test_a_reload_finds_the_options_as_they_are_then(serve, shop):
    (shop / "shop.toml").write_text('app = "shop:app"\nbind = ["127.0.0.1:0"]\nworkers = 2\n')
    hio = serve("--config", "shop.toml", app=None, bind=False)
    assert len(hio.workers()) == 2
    for text, count in (
        ('app = "shop:app"\nbind = ["127.0.0.1:0", "unix:shop.sock"]\nworkers = 1\n', 1),
        ('app = "shop:app"\nbind = ["127.0.0.1:0"]\nworkers = 3\n', 3),
    ):
        (shop / "shop.toml").write_text(text)
        before = set(hio.workers())
        hio.signal(signal.SIGHUP)
        wait(lambda: not before & set(hio.workers()) and len(hio.workers()) == count, "workers")  # noqa: B023
        assert hio.ask("GET", "/word")[0] == 200
        assert (shop / "shop.sock").exists() is ("shop.sock" in text)
    (shop / "shop.toml").write_text("workers = nonsense\n")
    before = hio.workers()
    hio.signal(signal.SIGHUP)
    assert hio.ask("GET", "/word")[0] == 200
    _, _, err = hio.end(signal.SIGTERM)
    assert "nothing is reloaded, and the old workers go on: --config shop.toml: Invalid value" in err
    assert not hio.workers() and before


def test_a_reload_when_a_file_changes(serve, shop):
    pytest.importorskip("watchfiles")
    hio = serve("--reload")
    assert hio.ask("GET", "/word")[2] == b"first"
    source = (shop / "shop.py").read_text().replace('b"first"', 'b"another word"')

    def saved():
        """Save the file, and tell whether the new word is served: the first time may be before anybody watches."""
        (shop / "shop.py").write_text(source)
        return hio.ask("GET", "/word")[2] == b"another word"

    wait(saved, "the new word")
    _, _, err = hio.end(signal.SIGINT)
    assert "reloading, as shop.py changed" in err and not hio.workers()


# ---------------------------------------------------------------- process 1


def test_orphans_are_reaped(shop):
    """As process 1 does, and as a subreaper does, which a test can be."""
    program = (
        "import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0);"  # PR_SET_CHILD_SUBREAPER
        "os.execv(sys.executable, [sys.executable, '-m', 'hio', 'serve', *sys.argv[1:]])"
    )

    class Reaper(Serving):
        """hio serve, to which orphans come."""

        def __init__(self, *argv, cwd):
            super(Serving, self).__init__("-c", program, *argv, cwd=cwd)
            match = re.search(r"http://([0-9.]+):([0-9]+)/", self.line)
            self.address, self.pid = (match[1], int(match[2])), self.process.pid

    with Reaper("shop:app", "--bind", "127.0.0.1:0", cwd=shop) as hio:
        worker = hio.workers()
        assert hio.ask("GET", "/orphan")[2] == b"made"
        wait(lambda: hio.workers() == worker and not zombies(hio.pid), "the orphan to be reaped")
        assert hio.ask("GET", "/word")[2] == b"first"
        assert hio.end(signal.SIGTERM) == (0, "", "")


def zombies(pid):
    """Return the children of a process that wait to be reaped."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state == "Z":
            found.append(int(name))
    return found
