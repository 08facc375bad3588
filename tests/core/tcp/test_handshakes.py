"""TLS handshakes that fail, each for its reason and none at the cost of others; and client certificates."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from hio.core.tcp.tlsing import TlsError
from tests.core.tcp.certificates import homemade
from tests.core.tcp.pairs import accepted, fail, TLS12, TLS13

# -- failed handshakes ------------------------------------------------------------------------------------


def failed(rig, client, *texts):
    """Let the handshake of client fail; check that the failure says texts and that nothing else happens."""
    rig.until(lambda: client.aborted)
    assert isinstance(client.failure, TlsError) and isinstance(client.failure, OSError)
    for text in texts:
        assert text in str(client.failure)
    assert not client.connected and not client.accepted and not client.opened and client.cs is None
    dials = rig.dials
    rig.turn(5)
    assert rig.dials == dials  # no other attempt was made
    assert not rig.server.cxes and not rig.server.ixes and rig.server.opened
    good, ix = rig.pair()
    good.tx(b"lives")
    rig.until(lambda: ix.rxbs == b"lives")


def test_wrong_host(rigged):
    rig = rigged()
    failed(rig, rig.client(certedhost="elsewhere.example"), "'elsewhere.example' at ('127.0.0.1', 443)",
           "certificate is not valid for 'elsewhere.example'")


def test_untrusted(rigged, strangers):
    rig = rigged()
    failed(rig, rig.client(cafilepath=strangers.cafilepath), "'localhost'", "unable to get local issuer certificate")


def test_expired(rigged, certs):
    rig = rigged(**certs.serving("localhost", label="old", expired=True))
    client = rig.client()
    rig.until(lambda: client.aborted)
    assert "'localhost'" in str(client.failure) and "expired" in str(client.failure)


def test_no_version_in_common(rigged):
    rig = rigged(version=TLS13)
    failed(rig, rig.client(version=TLS12), "'localhost'", "protocol version")


def test_a_failed_client_can_be_reopened(rigged):
    rig = rigged()
    client = rig.client(certedhost="elsewhere.example")
    client.tx(b"kept")
    rig.until(lambda: client.aborted)
    client.certedhost = "localhost"
    client.reopen()
    rig.until(lambda: client.connected and client.ca in rig.server.ixes)
    assert client.failure is None
    rig.until(lambda: rig.server.ixes[client.ca].rxbs == b"kept")


def test_a_reconnectable_client_tries_again_when_its_tymeout_has_passed(rigged):
    rig = rigged()
    client = rig.client(certedhost="elsewhere.example", reconnectable=True, tymeout=1.0)
    client.tx(b"kept")
    rig.until(lambda: client.aborted)
    attempts = rig.dials
    rig.turn(20)
    assert rig.dials == attempts
    client.certedhost = "localhost"
    rig.wait(1.0)
    rig.until(lambda: client.connected and client.ca in rig.server.ixes)
    assert rig.dials == attempts + 1
    rig.until(lambda: rig.server.ixes[client.ca].rxbs == b"kept")


def test_a_server_that_speaks_no_tls(rigged):
    rig = rigged()
    client = accepted(rig)
    client.cs.peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    for _ in range(3):
        client.service()
    assert client.aborted and "'localhost' at" in str(client.failure) and "wrong version number" in str(client.failure)


def test_a_server_that_hangs_up(rigged):
    rig = rigged()
    for hangUp, text in [(lambda sock: sock.peer.shutdown(socket.SHUT_WR), "in mid-handshake"),
                         (lambda sock: sock.peer.abandon("fault of the test"), "reset by peer")]:
        client = accepted(rig)
        client.service()
        hangUp(client.cs)
        for _ in range(3):
            client.service()
        assert client.aborted and "'localhost' at" in str(client.failure) and text in str(client.failure)


def test_a_server_that_says_nothing(rigged):
    rig = rigged()
    rig.server.close()
    rig.net.listen(rig.server.ha, bl=1, bs=1)
    client = rig.client(handshakeTymeout=3.0)
    client.service()
    client.service()
    assert client.accepted and client.due() == rig.tymist.tyme + 3.0
    rig.wait(2.9)
    assert client.accepted and not client.aborted
    rig.wait(0.1)
    assert client.aborted and "not done after 3.0 s" in str(client.failure) and "'localhost'" in str(client.failure)
    patient = rig.client(handshakeTymeout=0.0)
    rig.wait(1e6)
    assert not patient.aborted


def test_loss_of_the_connection_while_a_flight_is_sent(rigged):
    rig = rigged()
    client = accepted(rig)
    client.tx(b"kept")
    fail(client.cs, errno.EPIPE)
    client.service()
    assert client.aborted and client.txbs == b"kept"


# -- client certificates ----------------------------------------------------------------------------------


def mutual(rigged, certs):
    return rigged(certify=None, cafilepath=certs.cafilepath)


def test_a_client_with_a_certificate(rigged, certs, version):
    rig = mutual(rigged, certs)
    certpath, keypath = certs.issue("joe@example.com", common_name="joe")
    client, ix = rig.pair(version=version, certpath=certpath, keypath=keypath)
    assert ((("commonName", "joe"),)) in ix.peercert["subject"]


@pytest.mark.parametrize("stranger", [False, True])
def test_a_client_without_a_good_certificate(rigged, certs, strangers, version, stranger):
    rig = mutual(rigged, certs)
    kwa = {}
    if stranger:
        kwa["certpath"], kwa["keypath"] = strangers.issue("joe@example.com")
    client = rig.client(version=version, **kwa)
    rig.until(lambda: client.failure is not None)  # in 1.3 the client is done before the server looks at it
    assert "'localhost' at" in str(client.failure) and "alert" in str(client.failure)
    assert not rig.server.cxes and not rig.server.ixes


def test_a_certificate_that_nobody_verified_proves_nothing(rigged, certs):
    rig = rigged(certify=ssl.CERT_NONE)
    certpath, keypath = certs.issue("joe@example.com", common_name="joe")
    client, ix = rig.pair(certpath=certpath, keypath=keypath)
    assert ix.peercert is None


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("serverVerifies, clientVerifies", [(True, True), (False, True), (True, False), (False, False)])
def test_homemade_certificates_that_are_named_are_good(rigged, tmp_path, versioned, serverVerifies, clientVerifies):
    """Signed by themselves, without extensions, with the host as common name: each side trusts the other's file."""
    server, client = homemade(tmp_path, "localhost"), homemade(tmp_path, "client")
    version = ssl.PROTOCOL_TLSv1_2 if versioned else None
    rig = rigged(version=version, certify=None if serverVerifies else ssl.CERT_NONE, certpath=server[0],
                 keypath=server[1], cafilepath=client[0] if serverVerifies else None)
    kwa = {"cafilepath": server[0]} if clientVerifies else {"certify": False, "hostify": False, "cafilepath": None}
    end, ix = rig.pair(version=version, certpath=client[0], keypath=client[1], **kwa)
    assert (ix.peercert is not None, end.peercert is not None) == (serverVerifies, clientVerifies)
    end.tx(b"abc")
    rig.until(lambda: ix.rxbs == b"abc")
