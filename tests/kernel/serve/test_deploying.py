"""The files of examples/deploy start what they say, as systemd and a container would start it."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from tests.kernel.processing import PATIENCE, ROOT
from tests.kernel.serve.loading import Serving, asked, childrenOf, wait

DEPLOY = os.path.join(ROOT, "examples", "deploy")


@pytest.fixture
def shop(tmp_path):
    """A copy of the example, whose operator's address is a path, as other tests may have the port."""
    for name in ("shop.py", "shop.toml"):
        shutil.copy(os.path.join(DEPLOY, name), tmp_path)
    text = (tmp_path / "shop.toml").read_text()
    assert 'admin = "127.0.0.1:9100"' in text
    (tmp_path / "shop.toml").write_text(text.replace("127.0.0.1:9100", "unix:admin"))
    return tmp_path


def unit(name):
    """Return a unit of systemd: a section's settings by section."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(os.path.join(DEPLOY, name))
    return parser


def test_the_units_fit_each_other():
    service, sock = unit("shop.service"), unit("shop.socket")
    assert service["Unit"]["Requires"] == "shop.socket" and sock["Socket"]["ListenStream"]
    assert service["Service"]["ExecStart"].split()[1:] == ["serve", "--config", "shop.toml", "--bind", "systemd"]
    with open(os.path.join(DEPLOY, "shop.toml")) as file:
        grace = float(re.search(r"^grace = (\d+)", file.read(), re.M)[1])
    assert float(service["Service"]["TimeoutStopSec"]) > grace + 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units():
    argv = ["systemd-analyze", "verify", "--man=no", f"{DEPLOY}/shop.service"]
    done = subprocess.run(argv, check=False, text=True, capture_output=True, timeout=PATIENCE)
    wrong = [line for line in done.stderr.splitlines() if "is not executable" not in line and "shop" in line]
    assert wrong == []


def test_the_unit_starts_reloads_and_stops_it(shop):
    """With a socket handed over, and told how it goes, as systemd does."""
    argv = unit("shop.service")["Service"]["ExecStart"].split()[1:]
    program = (
        "import os, sys; fd = int(sys.argv[1]); os.dup2(fd, 3) if fd != 3 else os.set_inheritable(3, True);"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
        "os.execv(sys.executable, [sys.executable, '-m', 'hio', *sys.argv[2:]])"
    )
    with socket.socket() as sock, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        notify.bind(str(shop / "notify"))
        notify.settimeout(PATIENCE)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(sock.fileno()), *argv], cwd=shop, pass_fds=(sock.fileno(),), text=True,
            env=os.environ | {"PYTHONPATH": ROOT, "NOTIFY_SOCKET": str(shop / "notify")},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            assert b"READY=1" in notify.recv(1000)
            assert asked(sock.getsockname(), "/")[1].startswith(b"Welcome, 127.0.0.1. ")
            process.send_signal(signal.SIGHUP)
            assert b"RELOADING=1" in notify.recv(1000) and b"READY=1" in notify.recv(1000)
            assert asked(sock.getsockname(), "/")[0] == 200
            for pid in (*childrenOf(process.pid), process.pid):  # worse than KillMode=mixed: to each and all
                os.kill(pid, signal.SIGTERM)
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            for pid in childrenOf(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.kill()
            process.wait()
    assert (process.returncode, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert [(line["target"], line["status"]) for line in lines] == [("/", 200)] * 2


def test_the_container_starts_it(shop):
    with open(os.path.join(DEPLOY, "Containerfile")) as file:
        text = file.read()
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.M)
    program, serve, *argv = json.loads(command)
    assert (program, serve) == ("hio", "serve") and "STOPSIGNAL SIGTERM" in text
    assert set(re.search(r"^COPY (.*) \./$", text, re.M)[1].split()) == {"shop.py", "shop.toml"}
    assert re.findall(r"0\.0\.0\.0:(\d+)", command) == re.search(r"^EXPOSE (.*)$", text, re.M)[1].split()
    here = {"0.0.0.0:8000": "127.0.0.1:0", "0.0.0.0:9100": "unix:admin"}
    with Serving(*(here.get(word, word) for word in argv), cwd=shop) as hio:
        assert hio.ask("GET", "/")[2].startswith(b"Welcome, 127.0.0.1. ")
        wait((shop / "admin").exists, "the operator's address")
        assert len(hio.workers()) == 2
        assert hio.end(signal.SIGTERM)[0] == 0
        assert not (shop / "admin").exists()
