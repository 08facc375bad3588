"""hio serve and hio demo as processes: they print a URL, answer there, and end well when told to."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.kernel.processing import PATIENCE, Running, environment

LINE = re.compile(r"hio serves (?P<what>.+) at (?P<url>\S+) \(Ctrl-C ends it\)\n")

APP = '''
import logging

def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise RuntimeError("out of stock")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"shop ", environ["PATH_INFO"].encode("latin-1")]
'''


def running(*argv, cwd):
    """Start hio with these arguments."""
    return Running("-m", "hio", *argv, cwd=cwd)


def run(*argv, cwd):
    """Run hio to its end; return (exit status, stdout, stderr)."""
    done = subprocess.run(
        [sys.executable, "-m", "hio", *argv],
        check=False, cwd=cwd, env=environment(), text=True, capture_output=True, timeout=PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("page")
    (tmp_path / "public" / "big.bin").write_bytes(bytes(range(256)) * 4096)
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo(tmp_path, number):
    with running("demo", "--bind", "127.0.0.1:0", cwd=tmp_path) as hio:
        assert LINE.fullmatch(hio.line)["what"] == "the demo"
        status, fields, page = hio.ask("GET", "/")
        assert (status, fields["Content-Type"]) == (200, "text/html; charset=UTF-8")
        assert b"<title>" in page
        status, fields, part = hio.ask("GET", "/static/style.css", headers={"Range": "bytes=0-9"})
        assert (status, len(part)) == (206, 10)
        status, fields, body = hio.ask(
            "POST", "/api/notes", body=json.dumps({"text": "naïve"}), headers={"Content-Type": "application/json"},
        )
        assert status == 201
        assert json.loads(hio.ask("GET", fields["Location"])[2])["text"] == "naïve"
        assert hio.ask("DELETE", fields["Location"])[0] == 204
        assert hio.ask("GET", fields["Location"])[0] == 404
        assert hio.end(number) == (0, "", "")


def test_serve_app_and_files(shop):
    with running("serve", "shop:app", "--static", "public", "--bind", "127.0.0.1:0", cwd=shop) as hio:
        assert LINE.fullmatch(hio.line)["what"] == "shop:app"
        assert hio.ask("GET", "/x")[2] == b"shop /x"
        assert hio.ask("GET", "/static/")[2] == b"page"
        status, fields, body = hio.ask("GET", "/static/big.bin")
        assert (status, body) == (200, bytes(range(256)) * 4096)
        status, fields, body = hio.ask("HEAD", "/static/big.bin")
        assert (status, fields["Content-Length"], body) == (200, str(256 * 4096), b"")
        assert hio.ask("GET", "/static/", headers={"If-None-Match": hio.ask("GET", "/static/")[1]["ETag"]})[0] == 304
        assert hio.end(signal.SIGINT) == (0, "", "")


def test_one_connection_gets_file_after_file(shop):
    """What a browser does: page, files and data over one connection that stays, also after a 404 and a 304."""
    with running("demo", "--bind", "127.0.0.1:0", cwd=shop) as hio:
        host, port = hio.url[len("http://"):].rstrip("/").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        connection.connect()
        first = connection.sock
        answers = []
        for path in ("/", "/static/style.css", "/api/notes", "/static/none", "/static/app.js", "/api/notes") * 2:
            connection.request("GET", path, headers={"If-None-Match": "*"} if path == "/" else {})
            response = connection.getresponse()
            answers.append((response.status, len(response.read()) > 0))
            assert connection.sock is first  # http.client drops one that the server closes, and makes another
        connection.close()
        assert answers == [(304, False), (200, True), (200, True), (404, True), (200, True), (200, True)] * 2


def test_a_file_larger_than_all_buffers(shop):
    """31 MiB through a server that holds a fraction of it, to a peer that begins to read late."""
    whole = bytes(range(251)) * (1 << 17)
    (shop / "public" / "huge.bin").write_bytes(whole)
    with running("serve", "--static", "public", "--bind", "127.0.0.1:0", cwd=shop) as hio:
        host, port = hio.url[len("http://"):].rstrip("/").split(":")
        late = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        late.request("GET", "/huge.bin")
        assert hio.ask("GET", "/huge.bin")[2] == whole  # another one gets it all meanwhile
        assert late.getresponse().read() == whole
        late.close()
        if os.path.exists("/proc/self/status"):
            with open(f"/proc/{hio.process.pid}/status") as status:
                peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))
            assert peak < 60_000  # an idle one takes 30,000
        assert hio.end(signal.SIGINT) == (0, "", "")


def test_serve_a_directory(shop):
    with running("serve", "--static", "public", "--bind", "localhost:0", cwd=shop) as hio:
        assert hio.ask("GET", "/")[2] == b"page"
        assert hio.ask("GET", "/static//etc/hostname")[0] == 404
        assert hio.ask("GET", "/..%2fshop.py")[0] == 404
        assert hio.end(signal.SIGINT) == (0, "", "")


def test_an_app_that_raises_is_heard_of_and_does_not_end_the_server(shop):
    with running("serve", "shop:app", "--bind", "127.0.0.1:0", cwd=shop) as hio:
        assert hio.ask("GET", "/fail")[0] == 500
        assert hio.ask("GET", "/x")[0] == 200
        status, _, err = hio.end(signal.SIGINT)
        assert status == 0
        assert "RuntimeError: out of stock" in err and "Traceback" in err


def test_a_connection_that_is_open_does_not_hold_up_the_end(shop):
    with running("serve", "shop:app", "--bind", "127.0.0.1:0", cwd=shop) as hio:
        port = int(hio.url.rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as idle:
            idle.sendall(b"GET / HT")
            assert hio.ask("GET", "/x")[0] == 200
            assert hio.end(signal.SIGTERM)[0] == 0


def test_ipv6(shop):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with running("serve", "shop:app", "--bind", "[::1]:0", cwd=shop) as hio:
        assert hio.url.startswith("http://[::1]:")
        assert hio.ask("GET", "/x")[2] == b"shop /x"
        assert hio.end(signal.SIGINT)[0] == 0


def test_unix_socket(shop):
    with running("serve", "shop:app", "--bind", "unix:shop.sock", cwd=shop) as hio:
        assert hio.url == "unix:shop.sock"
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PATIENCE)
            peer.connect(os.path.relpath(shop / "shop.sock"))
            peer.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: peer.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"shop " in answer
        assert hio.end(signal.SIGINT)[0] == 0
        assert not (shop / "shop.sock").exists()


@pytest.mark.parametrize("command", [["serve", "shop:app"], ["demo"]])
def test_port_taken(shop, command):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = "127.0.0.1:{}".format(other.getsockname()[1])
        status, out, err = run(*command, "--bind", address, cwd=shop)
    assert (status, out) == (2, "")
    assert err == f"hio {command[0]}: cannot listen on http://{address}/: Address already in use\n"


@pytest.mark.parametrize("bind", ["x" * 64 + ":0", "unix:/no/such/directory/sock", "192.0.2.1:0"])
def test_address_that_is_not_ours(shop, bind):
    status, out, err = run("serve", "shop:app", "--bind", bind, cwd=shop)
    assert (status, out) == (2, "")
    assert err.startswith("hio serve: cannot listen on ") and err.count("\n") == 1


def test_python_m_hio(tmp_path):
    status, out, err = run("--version", cwd=tmp_path)
    assert (status, err) == (0, "") and out.startswith("hio ")
    status, out, err = run("serve", "nowhere:app", cwd=tmp_path)
    assert (status, out) == (2, "") and err.count("\n") == 1
