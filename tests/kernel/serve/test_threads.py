"""Blocking applications in threads: the loop stays free, and order and limits hold."""

from __future__ import annotations

import re
import signal

from tests.kernel.serve.loading import connect, get, until, wait


def test_a_request_that_blocks_holds_up_no_other(serve):
    """The first one waits for the second one, on connections of their own."""
    hio = serve("--threads", "2")
    with connect(hio) as sock:
        sock.sendall(get("/wait"))
        assert hio.ask("GET", "/release")[2] == b"released"
        assert until(sock, b"waited").endswith(b"waited")
    assert b"|True|False|" in hio.ask("GET", "/x")[2]


def test_answers_of_threads_keep_the_order_of_their_requests(serve):
    hio = serve("--threads", "4")
    with connect(hio) as sock:
        sock.sendall(get("/wait") + get("/word") + get("/x", b"Connection: close\r\n"))
        hio.ask("GET", "/release")
        rx = until(sock, b"never")
    assert 0 < rx.index(b"waited") < rx.index(b"first") < rx.index(b"/x|")


def test_what_an_application_does_in_a_thread_is_as_it_is_in_the_loop(serve, shop):
    for argv in (("--threads", "2"), ()):
        hio = serve(*argv)
        assert hio.ask("GET", "/written")[2] == b"written"
        assert hio.ask("GET", "/twice")[0] == 404
        assert hio.ask("GET", "/fail")[0] == 500
        assert hio.ask("POST", "/echo", body=b"z" * 3_000_000)[2] == b"z" * 3_000_000
        with connect(hio) as sock:
            sock.sendall(get("/failing"))
            rx = until(sock, b"never")
            assert b"some" in rx and not rx.endswith(b"0\r\n\r\n")
        _, _, err = hio.end(signal.SIGTERM)
        assert err.count("RuntimeError: out of stock") == 2


def test_a_thread_waits_for_a_client_that_is_slow_and_stops_for_one_that_leaves(serve, shop):
    hio = serve("--threads", "1")
    with connect(hio) as sock:
        sock.sendall(get("/endless"))
        sock.recv(1000)
    wait((shop / "closed").exists, "the iterable to be closed")
    with connect(hio) as sock:
        sock.sendall(get("/big"))
        size = len(sock.recv(1000))
        with open(f"/proc/{hio.workers()[0]}/status") as file:
            assert int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) < 80_000, "64 MB do not wait in memory"
        sock.sendall(get("/x", b"Connection: close\r\n"))
        while data := sock.recv(1 << 20):
            size += len(data)
    assert size > 1 << 26
    assert hio.end(signal.SIGTERM)[0] == 0
