"""openServer() in a test: a real request to an app over loopback, with no thread, no wait and no fixed port.

    python -m pytest examples/test_with_open_server.py

Server and test take turns in one thread: the test sends, the server has its turn, the test reads.
"""

import socket

from hio.core import http


def app(environ, start_response):
    """Answer with the path that was asked for."""
    body = environ["PATH_INFO"].encode("latin-1")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def test_app_answers_with_its_path():
    with http.openServer(host="127.0.0.1", port=0, app=app) as server:
        client = socket.create_connection(server.servant.ha)
        try:
            client.sendall(b"GET /here HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            while not server.reqs:  # until the connection was accepted
                server.service()
            while server.reqs:  # until it was answered and closed
                server.service()
            answer = client.makefile("rb").read()
        finally:
            client.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"/here"
