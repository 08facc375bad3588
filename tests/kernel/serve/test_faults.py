"""What goes wrong, mostly before anything is served: one clear line, and the exit status that the documentation has."""

from __future__ import annotations

import re
import signal
import socket

import pytest

from tests.kernel.serve.loading import connect, get, run, until


def told(err):
    """Return the one line that says what is wrong."""
    *_, last = err.splitlines()
    assert last.startswith("hio serve: ")
    return last.removeprefix("hio serve: ")


@pytest.mark.parametrize("source, line", [
    ("raise LookupError('the till')\n", "importing shop raised LookupError: the till"),
    ("def f(:\n", "importing shop raised SyntaxError: "),
    ("import sys; sys.exit(3)\n", "importing shop raised SystemExit: 3"),
    ("app = 7\n", "shop:app is no WSGI app but of type int"),
])
def test_an_app_that_cannot_be_loaded(shop, source, line):
    """Without a supervisor: see the tests of the command line."""
    (shop / "shop.py").write_text(source)
    status, out, err = run("shop:app", "--bind", "127.0.0.1:0", "--workers", "2", cwd=shop)
    assert (status, out) == (2, "") and told(err).startswith(line)
    assert ("Traceback" in err) == ("raised" in line)


def test_a_worker_that_dies_at_once(shop):
    (shop / "shop.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    status, out, err = run("shop:app", "--bind", "127.0.0.1:0", cwd=shop)
    assert (status, out) == (3, "")
    assert re.fullmatch(r"5 workers in a row died at once; the last one, worker \d+ was ended by SIGSEGV", told(err))
    assert len(re.findall("was ended by SIGSEGV; another one is started", err)) == 4


def test_a_worker_that_hangs(serve, shop):
    """It says where, and another one takes its place."""
    hio = serve("--worker-timeout", "1")
    (before,) = hio.workers()
    with connect(hio) as sock:
        sock.sendall(get("/block"))
        assert until(sock, b"never") == b"", "what it was answering is gone"
    assert int(hio.ask("GET", "/pid")[2]) != before
    status, out, err = hio.end(signal.SIGTERM)
    assert (status, out) == (0, "")
    assert f"worker {before} hangs: its loop has not turned for 1 s" in err
    assert re.search(r'shop.py", line \d+ in app', err), "where it hung"
    assert f"worker {before} was ended by SIGABRT; another one is started at once" in err


@pytest.mark.parametrize("argv, line", [
    (["--certfile", "none.pem"], "none.pem: No such file or directory"),
    (["--certfile", "shop.py"], "cannot use certificate and key shop.py: "),
    (["--certfile", "cert.pem", "--keyfile", "other.pem"], "cannot use certificate and key cert.pem and other.pem: "),
    (["--access-log", "none/access.log"], "--access-log none/access.log: No such file or directory"),
    (["--error-log", "none/error.log"], "--error-log none/error.log: No such file or directory"),
    (["--pidfile", "none/pid"], "--pidfile none/pid: No such file or directory"),
    (["--bind", "fd:250"], "--bind fd:250: descriptor 250 is no socket: Bad file descriptor"),
    (["--bind", "systemd"], "--bind systemd: systemd handed nothing over"),
    (["--reload", "--reload-dir", "none"], "--reload-dir none: there is no such directory"),
    (["--observe", "shop:WORD"], "--observe shop:WORD cannot be called: it is of type bytes"),
    (["--mount", "/x=nowhere:app"], "there is no module 'nowhere' here or among the installed ones"),
])
def test_what_cannot_be_used(shop, certificates, argv, line):
    status, out, err = run("shop:app", "--bind", "127.0.0.1:0", *argv, cwd=shop)
    assert (status, out) == (2, "") and told(err).startswith(line)
    assert err.count("\n") == 1


@pytest.mark.parametrize("argv, line", [
    (["--certfile", "none.pem"], "none.pem: No such file or directory"),
    (["--access-log", "none/access.log"], "--access-log none/access.log: No such file or directory"),
])
def test_the_same_without_a_supervisor(shop, argv, line):
    status, out, err = run("shop:app", "--bind", "127.0.0.1:0", "--workers", "0", *argv, cwd=shop)
    assert (status, out, err) == (2, "", f"hio serve: {line}\n")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_port_that_is_taken(shop, workers):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = "127.0.0.1:{}".format(other.getsockname()[1])
        argv = ["--bind", "unix:shop.sock", "--bind", address, "--workers", workers]
        status, out, err = run("shop:app", *argv, cwd=shop)
    assert (status, out) == (2, "")
    assert err == f"hio serve: cannot listen on http://{address}/: Address already in use\n"
    assert not (shop / "shop.sock").exists()


def test_check(shop):
    status, out, err = run("shop:app", "--check", "--workers", "3", cwd=shop)
    assert (status, err) == (0, "") and "workers = 3\n" in out and 'app = "shop:app"\n' in out
    (shop / "again.toml").write_text(out)
    assert run("--check", "--config", "again.toml", cwd=shop) == (0, out, "")
