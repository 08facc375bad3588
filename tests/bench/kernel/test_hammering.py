"""The load generator in Python against a server of the standard library, over loopback."""

import contextlib
import http.server
import threading

import pytest
from bench.hammer import hammer
from bench.loads import Load


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self):
        self.send_response(503 if "X-Bad" in self.headers else 200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # the clients hang up in the middle of an answer when their time is over


@pytest.fixture
def port():
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(("127.0.0.1", 0), Handler))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield server.server_port


@pytest.mark.parametrize(
    "load",
    [
        Load(connections=3),
        Load(connections=1, pipelined=4),
        Load(connections=2, method="POST", body=10000),
        Load(connections=2, headers={"Connection": "close"}),
    ],
    ids=["keep-alive", "pipelined", "post", "close"],
)
def test_good_answers_are_counted(port, load):
    sample = hammer(load, port, 0.1)
    assert sample.errors == 0
    assert sample.rate > 0 and 0 < sample.p50 <= sample.p99


def test_bad_answers_are_errors(port):
    sample = hammer(Load(connections=1, headers={"X-Bad": "1"}), port, 0.05)
    assert sample.rate == 0 and sample.errors > 0
