"""TLS contexts: what each parameter makes of them, and which certificate a name gets."""

from __future__ import annotations

import ssl

import pytest

from hio.core.tcp.certifying import canonical, distinguished, initClientContext, initServerContext
from hio.core.tcp.tlsing import TlsError, TlsFilter


def strict(context):
    return bool(context.verify_flags & ssl.VERIFY_X509_STRICT)


LIBRARY = strict(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))  # False before Python 3.13


def test_server_demands_a_certificate_unless_told_otherwise(certs):
    for certify, verify in [(None, ssl.CERT_REQUIRED), (True, ssl.CERT_REQUIRED), (False, ssl.CERT_NONE),
                            (ssl.CERT_OPTIONAL, ssl.CERT_OPTIONAL), (ssl.CERT_NONE, ssl.CERT_NONE)]:
        context = initServerContext(certify=certify, **certs.serving())
        assert context.verify_mode == verify
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.options & ssl.OP_NO_RENEGOTIATION
        assert context.options & ssl.OP_NO_COMPRESSION


def test_client_verifies_unless_told_otherwise():
    for certify, hostify, verify, check in [
        (None, None, ssl.CERT_REQUIRED, True),
        (True, False, ssl.CERT_REQUIRED, False),
        (ssl.CERT_NONE, False, ssl.CERT_NONE, False),
        (False, None, ssl.CERT_NONE, False),
    ]:
        context = initClientContext(certify=certify, hostify=hostify)
        assert (context.verify_mode, context.check_hostname) == (verify, check)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_client_with_a_version_checks_the_name_only_when_told():
    assert not initClientContext(version=ssl.TLSVersion.TLSv1_2).check_hostname
    assert initClientContext(version=ssl.TLSVersion.TLSv1_2).verify_mode == ssl.CERT_REQUIRED
    assert initClientContext(version=ssl.TLSVersion.TLSv1_2, hostify=True).check_hostname


def test_a_name_cannot_be_checked_in_what_is_not_verified():
    with pytest.raises(ValueError, match="hostify needs certify"):
        initClientContext(certify=ssl.CERT_NONE, hostify=True)


@pytest.mark.parametrize("init", [initServerContext, initClientContext])
def test_versions(init):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.PROTOCOL_TLSv1_2):
        context = init(version=version, certify=False)
        assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_2
    context = init(version=ssl.PROTOCOL_TLS, certify=False)
    assert context.maximum_version == ssl.TLSVersion.MAXIMUM_SUPPORTED
    for version in (ssl.PROTOCOL_TLSv1, ssl.PROTOCOL_TLSv1_1, 42):
        with pytest.raises(ValueError, match="TLS version must be 1.2 or 1.3"):
            init(version=version)


@pytest.mark.parametrize("init", [initServerContext, initClientContext])
def test_strictness_is_the_librarys_but_for_named_authorities(init, certs):
    assert strict(init()) == LIBRARY
    assert strict(init(certify=False)) == LIBRARY
    assert not strict(init(cafilepath=certs.cafilepath))


@pytest.mark.parametrize("init", [initServerContext, initClientContext])
def test_only_named_authorities_are_trusted(init, certs):
    context = init(cafilepath=certs.cafilepath)
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("init, purpose", [
    (initServerContext, ssl.PROTOCOL_TLS_SERVER), (initClientContext, ssl.PROTOCOL_TLS_CLIENT),
])
def test_a_given_context_is_completed_and_else_left_alone(init, purpose, certs):
    context = ssl.SSLContext(purpose)
    before = context.verify_mode
    assert init(context) is context
    assert context.verify_mode == before
    assert context.get_ca_certs() == []
    init(context, certify=ssl.CERT_OPTIONAL, cafilepath=certs.cafilepath)
    assert context.verify_mode == ssl.CERT_OPTIONAL
    assert len(context.get_ca_certs()) == 1


def test_a_given_client_context_can_be_told_not_to_verify():
    context = initClientContext(ssl.create_default_context(), certify=False)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_files_that_cannot_be_used_are_named(certs, tmp_path):
    certpath, keypath = certs.issue("localhost")
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_text("")
    for kwa, error, name in [
        ({"certpath": missing, "keypath": keypath}, FileNotFoundError, missing),
        ({"certpath": certpath, "keypath": certs.issue("other.example")[1]}, TlsError, certpath),
        ({"certpath": empty}, TlsError, empty),
        ({"cafilepath": missing}, FileNotFoundError, missing),
        ({"cafilepath": empty}, TlsError, empty),
        ({"keypath": keypath}, ValueError, keypath),
        ({"certs": {"a.example": (missing, keypath)}}, FileNotFoundError, missing),
    ]:
        with pytest.raises(error) as caught:
            initServerContext(certify=False, **kwa)
        assert str(name) in str(caught.value)


def shown(context, client, host):
    """Return (name in the certificate that the server shows to who asks for host, server name that it noted)."""
    server = TlsFilter(context, server=True)
    filter = TlsFilter(client, hostname=host)
    while not (filter.established and server.established):
        filter.shake()
        server.feed(filter.take())
        server.shake()
        filter.feed(server.take())
        assert filter.failure is None and server.failure is None
    names = filter.obj.getpeercert()["subjectAltName"]
    return names[0][1], server.obj.sni


def test_each_name_gets_its_certificate(certs):
    context = initServerContext(certify=False, **certs.serving("localhost"), alpn=["a"], certs={
        "One.example": certs.issue("one.example"),
        "*.wild.example": certs.issue("*.wild.example", label="wild"),
        "bücher.example": certs.issue("xn--bcher-kva.example", rsa=True),
    })
    client = initClientContext(hostify=False, cafilepath=certs.cafilepath)
    for host, name in [
        ("one.example", "one.example"), ("ONE.example", "one.example"),
        ("any.wild.example", "*.wild.example"), ("wild.example", "localhost"), ("a.b.wild.example", "localhost"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("bücher.example", "xn--bcher-kva.example"),
        ("unknown.example", "localhost"), ("localhost", "localhost"),
    ]:
        assert shown(context, client, host)[0] == name, host
    assert shown(context, client, "unknown.example")[1] == "unknown.example"
    assert shown(context, client, None) == ("localhost", None)
    assert shown(context, client, "10.1.2.3") == ("localhost", None)  # an address is no server name (RFC 6066, 3)


def test_alpn_holds_whichever_certificate_is_chosen(certs):
    context = initServerContext(certify=False, **certs.serving(), alpn=["b", "a"],
                                certs={"one.example": certs.issue("one.example")})
    for host in ("localhost", "one.example"):
        for offered, chosen in [(["a", "b"], "b"), (["a"], "a"), (["c"], None), (None, None)]:
            client = initClientContext(hostify=False, cafilepath=certs.cafilepath, alpn=offered)
            server, filter = TlsFilter(context, server=True), TlsFilter(client, hostname=host)
            filter.shake()
            server.feed(filter.take())
            server.shake()
            filter.feed(server.take())
            assert filter.shake()
            assert filter.obj.selected_alpn_protocol() == server.obj.selected_alpn_protocol() == chosen


@pytest.mark.parametrize("host, name", [
    ("Example.COM", "example.com"), ("example.com.", "example.com"), ("bücher.de", "xn--bcher-kva.de"),
])
def test_canonical(host, name):
    assert canonical(host) == name


@pytest.mark.parametrize("name, text", [
    ((), ""),
    (((("countryName", "CH"),), (("organizationName", "Acme, Inc."),), (("commonName", "joe"),)),
     "CN=joe,O=Acme\\, Inc.,C=CH"),
    (((("commonName", "a+b"), ("userId", "#7")),), "CN=a\\+b+UID=\\#7"),
    (((("commonName", " lead and trail "),),), "CN=\\ lead and trail\\ "),
    (((("commonName", " "),),), "CN=\\ "),
    (((("commonName", '<>;"\\'),),), 'CN=\\<\\>\\;\\"\\\\'),
    (((("1.2.3.4", "x\0y"),),), "1.2.3.4=x\\00y"),
])
def test_distinguished(name, text):
    assert distinguished(name) == text
