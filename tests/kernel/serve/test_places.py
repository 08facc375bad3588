"""Where it listens, who stands before it, and what is mounted where."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.kernel.processing import PATIENCE, ROOT
from tests.kernel.serve.loading import asked, childrenOf, connect, get, until


def test_https_beside_http_and_proxies_before_both(serve, certificates):
    ssl = pytest.importorskip("ssl")
    hio = serve("--certfile", "cert.pem", "--keyfile", "key.pem", "--bind", "http://127.0.0.1:0",
                "--trust", "127.0.0.1", "--proxy-protocol")
    context = ssl.create_default_context(cafile=certificates / "ca.pem")
    secure, plain = re.findall(r"(https?)://127.0.0.1:(\d+)/", hio.line)
    assert (secure[0], plain[0]) == ("https", "http")
    for scheme, port in (secure, plain):
        raw = socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE)
        raw.sendall(b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n")
        with context.wrap_socket(raw, server_hostname="localhost") if scheme == "https" else raw as sock:
            sock.sendall(get("/x", b"Connection: close\r\n"))
            assert until(sock, b"never").endswith(f"192.0.2.7|{scheme}||/x|False|False|localhost|".encode())
    assert hio.end(signal.SIGTERM)[0] == 0


def test_a_certificate_for_each_name_and_clients_that_show_one(serve, shop):
    ssl, trustme = pytest.importorskip("ssl"), pytest.importorskip("trustme")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(shop / "ca.pem"))
    for name in ("a.example", "b.example"):
        cert = ca.issue_cert(name)
        cert.private_key_and_cert_chain_pem.write_to_path(str(shop / f"{name}.pem"))
    hio = serve("--certfile", "a.example.pem", "--sni", "b.example=b.example.pem", "--cafile", "ca.pem")
    for name in ("a.example", "b.example"):
        for shown in (True, False):
            context = ssl.create_default_context(cafile=shop / "ca.pem")
            if shown:
                ca.issue_cert("client@example").configure_cert(context)
            with connect(hio) as raw, context.wrap_socket(raw, server_hostname=name) as sock:
                try:
                    sock.sendall(get("/word", b"Connection: close\r\n"))
                    assert until(sock, b"never").endswith(b"first") and shown
                except ssl.SSLError as ex:
                    assert not shown and "required" in str(ex).lower()
    hio.end(signal.SIGTERM)


def test_forwarded_fields(serve, shop):
    fields = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    hio = serve()
    assert hio.ask("GET", "/x", headers=fields)[2].startswith(b"127.0.0.1|http||/x|False|False|127.0.0.1")
    assert hio.ask("GET", "/x", headers=fields)[2].endswith(b"|")
    hio = serve("--trust", "127.0.0.0/8", "--access-log", "access.log")
    assert hio.ask("GET", "/x", headers=fields)[2].startswith(b"192.0.2.7|https||/x|")
    hio.end(signal.SIGTERM)
    assert (shop / "access.log").read_text().startswith("192.0.2.7 - - [")


def test_mounts(serve, shop):
    (shop / "other.py").write_text((shop / "shop.py").read_text().replace("first", "other"))
    (shop / "public").mkdir()
    (shop / "public" / "index.html").write_text("page")
    hio = serve("--mount", "/api=shop:app", "--mount", "b.example=other:app", "--static", "/files=public")
    assert b"|/api|/x|" in hio.ask("GET", "/api/x")[2] and b"||/x|" in hio.ask("GET", "/x")[2]
    assert hio.ask("GET", "/files/")[2] == b"page"
    assert hio.ask("GET", "/word", headers={"Host": "b.example"})[2] == b"other"


@pytest.mark.parametrize("bind, workers", [("fd:{fd}", "2"), ("systemd", "0"), ("systemd:web", "2")])
def test_sockets_that_are_handed_over(shop, bind, workers):
    """The program that systemd would be sets LISTEN_PID between fork and exec."""
    program = (
        "import os, sys; fd = int(sys.argv[1]); os.dup2(fd, 3) if fd != 3 else os.set_inheritable(3, True);"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='web');"
        "os.execv(sys.executable, [sys.executable, '-m', 'hio', 'serve', *sys.argv[2:]])"
    )
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        argv = [str(sock.fileno()), "shop:app", "--bind", bind.format(fd=3), "--workers", workers]
        process = subprocess.Popen(
            [sys.executable, "-c", program, *argv], cwd=shop, env=os.environ | {"PYTHONPATH": ROOT},
            pass_fds=(sock.fileno(),), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        try:
            assert asked(sock.getsockname(), "/word") == (200, b"first")
            process.terminate()
            _, err = process.communicate(timeout=PATIENCE)
        finally:
            for pid in childrenOf(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.kill()
        assert process.returncode == 0 and err == ""
        with socket.create_connection(sock.getsockname(), timeout=PATIENCE):
            sock.accept()[0].close()  # who comes meanwhile waits for the next one to serve
