"""Under steady load nothing is lost: not by a reload, not when workers or all of it stop, not when one is killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess

import pytest

from tests.kernel.processing import PATIENCE
from tests.kernel.serve.loading import Load, Serving, wait

APP = '''
import mmap, os

def counter(name):
    """Memory that all processes share, in which each request is noted before it is answered."""
    with open(name, "r+b") as file:
        return mmap.mmap(file.fileno(), 0)

begun = counter("begun")

def app(environ, start_response):
    begun[os.getpid() % len(begun)] = (begun[os.getpid() % len(begun)] + 1) % 256
    body = b"%d" % os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
'''
SIZE = 1 << 16


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "begun").write_bytes(bytes(SIZE))
    return tmp_path


def serving(shop, *argv):
    return Serving("shop:app", "--bind", "127.0.0.1:0", "--workers", "2", *argv, cwd=shop)


MODES = pytest.mark.parametrize(
    "mode", [(), ("--reuseport",), ("--threads", "2")], ids=["shared", "reuseport", "threads"]
)


def renewed(hio, before):
    """Wait until there are two workers, none of which was there before."""
    wait(lambda: len(hio.workers()) == 2 and not before & set(hio.workers()), "new workers")


@MODES
def test_reload(shop, mode):
    """Twice, with 8 connections that never rest; in the end only new workers answer."""
    with serving(shop, *mode) as hio, Load(hio.address) as load:
        load.wait(200)
        first = set(hio.workers())
        for _ in range(2):
            before = set(hio.workers())
            hio.signal(signal.SIGHUP)
            renewed(hio, before)
            load.wait(200)
        assert load.lost == [] and load.refused == 0
        assert not first & set(hio.workers())
        assert {int(body) for body in load.bodies} & set(hio.workers()), "the last ones answered, too"


@MODES
def test_a_worker_that_is_told_to_stop(shop, mode):
    with serving(shop, *mode) as hio, Load(hio.address) as load:
        load.wait(200)
        before = hio.workers()
        os.kill(before[0], signal.SIGTERM)
        wait(lambda: before[0] not in hio.workers() and len(hio.workers()) == 2, "another worker")
        load.wait(200)
        assert load.lost == [] and load.refused == 0
        assert before[1] in hio.workers()


def test_a_worker_that_is_killed(shop):
    """What it was in the middle of is gone, and its client can tell; nothing else is, and another worker comes."""
    with serving(shop) as hio, Load(hio.address) as load:
        load.wait(200)
        victim, other = hio.workers()
        os.kill(victim, signal.SIGKILL)
        wait(lambda: victim not in hio.workers() and len(hio.workers()) == 2, "another worker")
        load.wait(200)
        assert other in hio.workers() and load.refused == 0
        assert all(rx == b"" for _, rx in load.lost), "no client may take part of an answer for an answer"
        assert len(load.lost) <= 8
    answered = load.bodies[b"%d" % victim]
    begun = (shop / "begun").read_bytes()[victim % SIZE]
    assert (begun - answered) % 256 <= 1, "of the requests that the app had begun, one at most was not answered yet"
    other = load.bodies[b"%d" % other]
    assert other > 0


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_end_of_all(shop, workers, number):
    with serving(shop, "--workers", workers) as hio:
        with Load(hio.address) as load:
            load.wait(200)
            status, out, err = hio.end(number)
            wait(lambda: load.refused >= 8, "nobody to listen any more")
            assert load.lost == []
        assert (status, out, err) == (0, "", "")
        assert hio.workers() == []


def test_a_unix_socket(shop):
    with Serving("shop:app", "--bind", "unix:shop.sock", "--workers", "2", cwd=shop) as hio:
        path = os.path.relpath(shop / "shop.sock")
        with Load(path, 4) as load:
            load.wait(100)
            before = set(hio.workers())
            hio.signal(signal.SIGHUP)
            renewed(hio, before)
            load.wait(100)
            assert load.lost == [] and load.refused == 0
            assert hio.end(signal.SIGTERM)[0] == 0
            assert load.lost == []
        assert not (shop / "shop.sock").exists()


def test_recycling(shop):
    """Workers that have served enough are replaced, the new one first."""
    with serving(shop, "--recycle-requests", "300", "--recycle-jitter", "0.5") as hio, Load(hio.address) as load:
        before = set(hio.workers())
        renewed(hio, before)
        load.wait(50)
        assert load.lost == [] and load.refused == 0


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
@pytest.mark.parametrize("what", ["reload", "stop one"])
def test_under_wrk(shop, what):
    """As fast as the machine can: wrk tells of every answer that did not come."""
    with serving(shop) as hio:
        wrk = subprocess.Popen(
            ["wrk", "-t1", "-c32", "-d2s", hio.url], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            before = set(hio.workers())
            wait(lambda: any((shop / "begun").read_bytes()), "load")
            if what == "reload":
                hio.signal(signal.SIGHUP)
                renewed(hio, before)
            else:
                os.kill(min(before), signal.SIGTERM)
                wait(lambda: min(before) not in hio.workers() and len(hio.workers()) == 2, "another worker")
            assert wrk.poll() is None, "it was still asking"
            out, err = wrk.communicate(timeout=PATIENCE)
        finally:
            wrk.kill()
        assert int(re.search(r"(\d+) requests in", out)[1]) > 500
        assert "Socket errors" not in out and "Non-2xx" not in out, out
        assert hio.end(signal.SIGTERM)[0] == 0
