"""What TLS knows about a connection, for the environ of its requests, by the names that Apache's mod_ssl gave it."""

from __future__ import annotations

from ssl import DER_cert_to_PEM_cert
from typing import Any

from ..tcp.certifying import distinguished
from ..tcp.securing import Secured


def attest(ix: Secured) -> dict[str, Any]:
    """Return environ entries that tell how the connection ix is secured, and who is at its other end.

    HTTPS is "on"; SSL_PROTOCOL and SSL_CIPHER tell what was agreed on, SSL_TLS_SNI the host name that the client asked
    for, if any. SSL_CLIENT_VERIFY is "SUCCESS" when the client showed a certificate that was verified, with
    SSL_CLIENT_S_DN, SSL_CLIENT_I_DN (RFC 4514), SSL_CLIENT_M_SERIAL, SSL_CLIENT_V_START, SSL_CLIENT_V_END and
    SSL_CLIENT_CERT (PEM) of it; else "NONE". hio.peercert is that certificate as ssl's getpeercert gives it, or None.
    """
    cipher = ix.cipher
    cert = ix.peercert
    entries: dict[str, Any] = {
        "HTTPS": "on",
        "SSL_PROTOCOL": ix.tlsVersion or "",
        "SSL_CIPHER": cipher[0] if cipher else "",
        "SSL_CLIENT_VERIFY": "SUCCESS" if cert else "NONE",
        "hio.peercert": cert,
    }
    if ix.sni:
        entries["SSL_TLS_SNI"] = ix.sni
    session = ix.established
    if cert and session is not None:
        entries |= {
            "SSL_CLIENT_S_DN": distinguished(cert.get("subject", ())),
            "SSL_CLIENT_I_DN": distinguished(cert.get("issuer", ())),
            "SSL_CLIENT_M_SERIAL": cert.get("serialNumber", ""),
            "SSL_CLIENT_V_START": cert.get("notBefore", ""),
            "SSL_CLIENT_V_END": cert.get("notAfter", ""),
            "SSL_CLIENT_CERT": DER_cert_to_PEM_cert(session.getpeercert(True) or b""),
        }
    return entries
