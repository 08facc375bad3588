"""Certificates for tests, made when first asked for, in a directory of their own.

Certificates   a certificate authority and what it issued, as files
"""

from __future__ import annotations

import datetime
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LONG_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


class Certificates:
    """A certificate authority.

    Attributes:
        cafilepath (Path): its own certificate, for those who trust it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca = trustme.CA()
        self.cafilepath = directory / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.cafilepath))

    def issue(self, *names, label=None, rsa=False, expired=False, **kwa):
        """Return (certpath, keypath) of a certificate for names, in files named after label or the first name."""
        label = label or names[0]
        certpath, keypath = self.directory / f"{label}.pem", self.directory / f"{label}.key"
        if not certpath.exists():
            kind = trustme.KeyType.RSA if rsa else trustme.KeyType.ECDSA
            if expired:
                kwa |= {"not_before": LONG_AGO, "not_after": LONG_AGO + DAY}
            cert = self.ca.issue_cert(*names, key_type=kind, **kwa)
            cert.private_key_pem.write_to_path(str(keypath))
            certpath.write_bytes(b"".join(pem.bytes() for pem in cert.cert_chain_pems))
        return certpath, keypath

    def serving(self, *names, **kwa):
        """Return the keywords of ServerTls that show a certificate for names, localhost when there are none."""
        certpath, keypath = self.issue(*(names or ("localhost",)), **kwa)
        return {"certpath": certpath, "keypath": keypath}


def homemade(directory, name):
    """Return (certpath, keypath) of what many make at home: signed by itself, name as common name, no extensions."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1000, LONG_AGO, LONG_AGO + 36500 * DAY)
    cert = builder.sign(key, hashes.SHA256())
    certpath, keypath = directory / f"homemade-{name}.pem", directory / f"homemade-{name}.key"
    certpath.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    keypath.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certpath, keypath
