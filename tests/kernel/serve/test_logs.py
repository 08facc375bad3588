"""Logs, and what an operator asks: health, metrics, the live page; what systemd is told."""

from __future__ import annotations

import json
import os
import re
import signal
import socket

import pytest

from tests.kernel.processing import PATIENCE
from tests.kernel.serve.loading import Load, asked, connect, get, until, wait


# ---------------------------------------------------------------- logs


def test_the_access_log_and_its_rotation(serve, shop):
    hio = serve("--access-log", "access.log", "--workers", "2")
    for i in range(5):
        hio.ask("GET", f"/a{i}")
    wait(lambda: (shop / "access.log").read_text().count("\n") == 5, "lines")
    (shop / "access.log").rename(shop / "access.log.1")
    hio.signal(signal.SIGUSR1)
    wait((shop / "access.log").exists, "a new file")
    wait(lambda: all(points(pid, shop / "access.log") for pid in hio.workers()), "all to write there")
    for i in range(5):
        hio.ask("GET", f"/b{i}")
    assert hio.end(signal.SIGTERM) == (0, "", "")
    for name, letter in (("access.log.1", "a"), ("access.log", "b")):
        found = re.findall(r'"GET (/\w+) HTTP/1.1" 200', (shop / name).read_text())
        assert sorted(found) == [f"/{letter}{i}" for i in range(5)]


def points(pid, path):
    """Whether a process has that very file open."""
    return str(path) in {os.path.realpath(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}

def test_ids_of_requests(serve, shop):
    """An app may ask for the one that stands in the log; a proxy that is believed gives it."""
    hio = serve("--access-log", "access.log", "--access-format", "json", "--trust", "127.0.0.1")
    with connect(hio) as sock:
        sock.sendall(get("/id", b"X-Request-Id: theirs\r\n"))
        assert until(sock, b"theirs").endswith(b"theirs")
    ours = hio.ask("GET", "/id")[2].decode()
    assert hio.end(signal.SIGTERM)[0] == 0
    ids = [json.loads(line)["id"] for line in (shop / "access.log").read_text().splitlines()]
    assert ids == ["theirs", ours]


def test_a_handler_that_an_app_adds_while_it_serves(serve, shop):
    hio = serve("--access-log", "access.log")
    hio.ask("GET", "/handler")
    wait((shop / "handled").exists, "a first record")
    for _ in range(2):
        hio.ask("GET", "/more")
    assert hio.end(signal.SIGTERM)[0] == 0
    assert (shop / "handled").read_text().splitlines()[-2:] == ["/more", "/more"]
    assert (shop / "access.log").read_text().count("\n") == 3


def test_a_json_log_of_all_there_is(serve, shop):
    (shop / "public").mkdir()
    (shop / "public" / "x.txt").write_text("file")
    hio = serve("--access-log", "access.log", "--access-format", "json", "--static", "public", "--threads", "2",
                "--observe", "shop:observe")
    hio.ask("GET", "/word")
    hio.ask("GET", "/static/x.txt")
    hio.ask("GET", "/fail")
    with connect(hio) as sock:
        sock.sendall(b"nonsense\r\n\r\n")
        until(sock, b"never")
    hio.end(signal.SIGTERM)
    lines = [json.loads(line) for line in (shop / "access.log").read_text().splitlines()]
    assert [(line["method"], line["target"], line["status"], line["sent"]) for line in lines[:2]] == [
        ("GET", "/word", 200, 5), ("GET", "/static/x.txt", 200, 4),
    ]
    assert lines[2]["status"] == 500 and lines[2]["cause"] == "application raised RuntimeError"
    assert lines[3]["status"] == 400 and lines[3]["cause"].startswith("refused: ")
    assert len({line["id"] for line in lines}) == 4
    observed = (shop / "observed").read_text().splitlines()
    assert observed[0] == f"GET /word 200 {lines[0]['id']}" and len(observed) == 4


def test_a_full_disk_under_the_log_loses_no_request(serve):
    hio = serve("--access-log", "/dev/full", "--workers", "2")
    with Load(hio.address, 4) as load:
        load.wait(3000)
        assert load.lost == [] and load.refused == 0
    status, _, err = hio.end(signal.SIGTERM)
    assert status == 0
    assert 1 <= err.count("cannot write to the log /dev/full: No space left on device; serving goes on") <= 2


def test_the_error_log(serve, shop):
    hio = serve("--error-log", "error.log", "--log-level", "info")
    assert hio.ask("GET", "/fail")[0] == 500
    assert hio.end(signal.SIGTERM) == (0, "", "")
    text = (shop / "error.log").read_text()
    assert re.search(r"^\d{4}-\d\d-\d\dT[\d:.]+\+00:00 \[\d+\] error hio: application failed: GET '/fail'$", text, re.M)
    assert "    RuntimeError: out of stock" in text and "stopping: what was begun has 30 s to end" in text


# ---------------------------------------------------------------- what the operator asks


def free(count=1):
    """Return a port such that it and the next ones are free, as far as can be known."""
    for port in range(20000 + os.getpid() % 20000, 60000, 7):
        socks = [socket.socket() for _ in range(count)]
        try:
            for i, sock in enumerate(socks):
                sock.bind(("127.0.0.1", port + i))
            return port
        except OSError:
            continue
        finally:
            for sock in socks:
                sock.close()
    raise AssertionError("no free ports")


@pytest.mark.parametrize("workers", [0, 2])
def test_health_metrics_and_the_live_page(serve, workers):
    port = free(1 + max(1, workers))
    hio = serve("--workers", str(workers), "--admin", f"127.0.0.1:{port}", "--live", f"127.0.0.1:{port + 1}")
    with Load(hio.address, 4) as load:
        load.wait(100)
    hio.ask("GET", "/fail")
    admin = ("127.0.0.1", port)
    assert asked(admin, "/-/health") == (200, b"well\n") and asked(admin, "/-/ready") == (200, b"ready\n")
    metrics = scrape(admin)
    assert metrics['hio_requests_total{method="GET",status="200"}'] == load.answered
    assert metrics['hio_requests_total{method="GET",status="500"}'] == 1
    assert metrics["hio_request_duration_seconds_count"] == load.answered + 1
    assert metrics["hio_workers"] == max(1, workers) and metrics["hio_memory_bytes"] > 1 << 20
    if workers:
        os.kill(hio.workers()[0], signal.SIGTERM)
        wait(lambda: scrape(admin)["hio_worker_starts_total"] == 3, "another worker")
        wait(lambda: scrape(admin)["hio_workers"] == 2, "it to serve")
        assert scrape(admin)['hio_requests_total{method="GET",status="200"}'] == load.answered, "none is forgotten"
        assert len(json.loads(asked(admin, "/-/workers.json")[1])) == 2
    for slot in range(max(1, workers)):
        tree = json.loads(asked(("127.0.0.1", port + 1 + slot), "/-/tree.json")[1])
        assert f"worker {slot + 1}" in tree["name"]
    assert hio.end(signal.SIGTERM)[0] == 0


def scrape(admin):
    """Return the metrics."""
    status, body = asked(admin, "/-/metrics")
    assert status == 200
    lines = [line for line in body.decode().splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_health_where_the_app_is(serve):
    hio = serve("--admin-here")
    assert hio.ask("GET", "/-/health")[2] == b"well\n" and hio.ask("GET", "/-/ready")[0] == 200
    assert hio.ask("GET", "/word")[2] == b"first" and hio.ask("GET", "/-/metrics")[0] == 404


def test_systemd_is_told(serve, shop, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE)
        sock.bind(str(shop / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(shop / "notify"))
        hio = serve("--pidfile", "pid")
        assert b"READY=1" in sock.recv(1000)
        assert int((shop / "pid").read_text()) == hio.pid
        hio.signal(signal.SIGHUP)
        assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", sock.recv(1000))
        assert b"READY=1" in sock.recv(1000)
        assert hio.end(signal.SIGTERM)[0] == 0
        assert sock.recv(1000) == b"STOPPING=1"
        assert not (shop / "pid").exists()
