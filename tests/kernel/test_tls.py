"""TLS on real sockets, with peers that are not ours: http.client, and the openssl command as client and as server."""

from __future__ import annotations

import array
import fcntl
import http.client
import json
import re
import shutil
import ssl
import subprocess
import termios
import threading

import pytest

from hio.base.doing import Doer, Doist
from hio.core.http import Server, ServerDoer
from hio.core.tcp import ClientTls
from tests.core.http.apps import echo
from tests.core.tcp.certificates import Certificates

OPENSSL = shutil.which("openssl")
needsOpenssl = pytest.mark.skipif(OPENSSL is None, reason="no openssl command here")
PATIENCE = 20  # seconds until something that hangs is given up: many times what it takes


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certs"))


class Errand(Doer):
    """Runs a function in a thread, and stops the Doist once it has returned."""

    def __init__(self, function, doist):
        super().__init__()
        self.function = function
        self.doist = doist
        self.result = None
        self.error = None

    def enter(self, *, temp=None):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            self.result = self.function()
        except BaseException as ex:
            self.error = ex
        finally:
            self.doist.stop()

    def recur(self, tyme):
        return False

    def exit(self):
        self.thread.join(PATIENCE)


def serve(server, errand):
    """Run server in a Doist at its default tock; return what errand, called with its port in a thread, returns."""
    doist = Doist(real=True, limit=PATIENCE)
    assert server.reopen()
    doer = Errand(lambda: errand(server.servant.eha[1]), doist)
    doist.do(doers=[ServerDoer(server), doer])
    if doer.error is not None:
        raise doer.error
    return doer.result


def secured(certs, **kwa):
    return Server(**{"app": echo, "scheme": "https", "host": "127.0.0.1", "port": 0, "certify": False}
                  | certs.serving() | kwa)


def test_http_client(certs):
    context = ssl.create_default_context(cafile=str(certs.cafilepath))

    def errand(port):
        connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=PATIENCE)
        told = []
        for number in range(5):
            connection.request("POST", f"/{number}", body=b"x" * 300000 * number)
            told.append(json.loads(connection.getresponse().read()))
        connection.close()
        return told

    told = serve(secured(certs), errand)
    assert [len(each["body"]) for each in told] == [300000 * number for number in range(5)]
    assert {each["SSL_PROTOCOL"] for each in told} == {"TLSv1.3"} and told[0]["SSL_TLS_SNI"] == "localhost"


def sClient(certs, port, said, *options):
    """Return what `openssl s_client` printed after it said said; it fails if the certificate is not good."""
    return subprocess.run(
        [OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-CAfile", certs.cafilepath,
         "-verify_return_error", "-verify_hostname", "localhost", "-ign_eof", *options],
        check=True, input=said, capture_output=True, timeout=PATIENCE,
    ).stdout


def body(printed):
    """Return the JSON in what s_client printed."""
    found = re.search(r"^\{.*", printed.decode("latin-1"), re.MULTILINE).group()
    return json.JSONDecoder().raw_decode(found)[0]  # s_client goes on in the same line


@needsOpenssl
@pytest.mark.parametrize("option, version", [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")])
def test_s_client(certs, option, version):
    request = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    printed = serve(secured(certs), lambda port: sClient(certs, port, request, option, "-alpn", "h2,http/1.1"))
    assert b"Verification: OK" in printed and b"ALPN protocol: http/1.1" in printed
    assert body(printed)["SSL_PROTOCOL"] == version and body(printed)["PATH_INFO"] == "/x"


@needsOpenssl
def test_s_client_with_a_certificate(certs):
    certpath, keypath = certs.issue("joe@example.com", common_name="joe")
    server = secured(certs, certify=True, cafilepath=certs.cafilepath)
    printed = serve(server, lambda port: sClient(
        certs, port, b"GET / HTTP/1.0\r\n\r\n", "-cert", certpath, "-key", keypath))
    assert body(printed)["SSL_CLIENT_VERIFY"] == "SUCCESS"
    assert body(printed)["SSL_CLIENT_S_DN"].startswith("CN=joe,")


@needsOpenssl
@pytest.mark.parametrize("option", ["-tls1_3", "-tls1_2"])
def test_s_client_resumes(certs, tmp_path, option):
    request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    def errand(port):
        first = sClient(certs, port, request, option, "-sess_out", tmp_path / "session")
        return first, sClient(certs, port, request, option, "-sess_in", tmp_path / "session")

    first, again = serve(secured(certs), errand)
    assert b"\nNew, TLS" in first and b"\nReused, TLS" in again
    assert body(again)["PATH_INFO"] == "/"


@needsOpenssl
def test_s_client_asks_for_new_keys(certs):
    """A line K asks the server to update its keys as well (RFC 8446, 4.6.3), here between two parts of a request."""

    def errand(port):
        with subprocess.Popen(
            [OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", certs.cafilepath],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:
            for line in (b"GET /x HTTP/1.1\r\n", b"K\n", b"Host: a\r\n", b"K\n", b"Connection: close\r\n", b"\r\n"):
                process.stdin.write(line)
                process.stdin.flush()
                # s_client takes a command only where a read of its input begins: so each line is one read
                while process.poll() is None and pending(process.stdin):
                    pass
            return process.stdout.read()

    printed = serve(secured(certs), errand)
    assert printed.count(b"KEYUPDATE") == 2
    assert body(printed)["PATH_INFO"] == "/x"


def pending(pipe):
    """Return how many bytes wait in pipe to be read."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


@needsOpenssl
@pytest.mark.parametrize("option", ["-tls1_3", "-tls1_2"])
def test_s_server(certs, option):
    """A client of ours in a Doist: s_server -rev sends each line back, reversed."""
    certpath, keypath = certs.issue("localhost")
    process = subprocess.Popen(
        [OPENSSL, "s_server", "-accept", "127.0.0.1:0", "-cert", certpath, "-key", keypath, "-rev", option],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE,
    )
    try:
        while not (found := re.match(rb"ACCEPT .*:(\d+)", process.stdout.readline())):
            assert process.poll() is None
        client = ClientTls(ha=("127.0.0.1", int(found.group(1))), certedhost="localhost", cafilepath=certs.cafilepath)
        client.reopen()

        class Talk(Doer):
            def recur(self, tyme):
                client.service()
                return b"\n" in client.rxbs or client.aborted

        client.tx(b"hello\n")
        Doist(real=True, tock=0.001, limit=PATIENCE).do(doers=[Talk()])
        assert client.failure is None and client.rxbs == b"olleh\n"
        assert client.session is not None
        client.close()
    finally:
        process.kill()
        process.communicate()
