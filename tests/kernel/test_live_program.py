"""A program with a live page as a process: hio top, and the tree on a signal."""

from __future__ import annotations

import http.client
import queue
import signal
import subprocess
import sys
import threading

import pytest

from tests.kernel.processing import PATIENCE, ROOT, Running, environment

PROGRAM = f"{ROOT}/tests/live/program.py"


def get(url: str, path: str) -> None:
    """Have the app at url answer path."""
    connection = http.client.HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=PATIENCE)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()


def top(*argv: str) -> subprocess.CompletedProcess[str]:
    """Run hio top."""
    return subprocess.run(
        [sys.executable, "-m", "hio", "top", *argv], check=False, env=environment(), capture_output=True, text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("unix", [False, True])
def test_top(tmp_path, unix):
    with Running(PROGRAM, "0", *([str(tmp_path)] if unix else []), cwd=tmp_path) as program:
        page = program.process.stdout.readline().removeprefix("page at ").strip()
        get(program.url, "/fail")
        done = top("--once", "--interval", "0.2", page)
        assert (done.returncode, done.stderr) == (0, "")
        assert "\x1b" not in done.stdout
        for text in ("program", "shop (ServerDoer)", "│  ├─ temperature (Sensor)", "it begins", "application failed"):
            assert text in done.stdout
        program.process.kill()
        program.process.wait()
        done = top("--once", page)
        assert done.returncode == 2
        assert done.stderr.startswith(f"hio top: {page} does not answer: ")
        assert len(done.stderr.splitlines()) == 1


def test_the_app_is_not_the_page(tmp_path):
    with Running(PROGRAM, "0", cwd=tmp_path) as program:
        done = top("--once", program.url)
        assert done.returncode == 2
        assert done.stderr == f"hio top: what {program.url} has at /-/ is not the page of a Doist\n"


@pytest.mark.skipif(not hasattr(signal, "SIGQUIT"), reason="no SIGQUIT here")
def test_the_tree_on_a_signal(tmp_path):
    with Running(PROGRAM, "0", cwd=tmp_path) as program:
        lines: queue.Queue[str] = queue.Queue()
        read = threading.Thread(target=lambda: [lines.put(line) for line in program.process.stderr], daemon=True)
        read.start()
        program.process.stdout.readline()
        get(program.url, "/")  # whoever answers has let all doers enter
        for _ in range(2):
            program.process.send_signal(signal.SIGQUIT)
            seen = ""
            while "└─ page (ServerDoer)" not in seen:
                seen += lines.get(timeout=PATIENCE)
            assert "│  ├─ temperature (Sensor)" in seen
        get(program.url, "/")  # it goes on
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(timeout=PATIENCE) == 0
        read.join(PATIENCE)
