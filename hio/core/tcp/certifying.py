"""TLS contexts: which certificate an end shows, and what it demands of the other.

initServerContext   context of a servant, with a certificate for each name it serves under
initClientContext   context of a client, which verifies the server unless told otherwise
distinguished       the name in a certificate as one text

A context is made once and used for every connection: loading certificates costs milliseconds.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from ...help.helping import typed
from .tlsing import TlsError, TlsObject, reason

Path: TypeAlias = "str | os.PathLike[str]"
#: Host name -> (certpath, keypath).
Certs: TypeAlias = "Mapping[str, tuple[Path, Path | None]]"
#: How to verify: None for the default of the side; False and True for CERT_NONE and CERT_REQUIRED; or a VerifyMode.
Certify: TypeAlias = "bool | int | ssl.VerifyMode | None"

#: Versions that a caller may pin, by what he may call them. Those not here are too old to be safe.
VERSIONS: dict[int, ssl.TLSVersion] = {
    ssl.TLSVersion.TLSv1_2: ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3: ssl.TLSVersion.TLSv1_3,
    ssl.PROTOCOL_TLSv1_2: ssl.TLSVersion.TLSv1_2,
}
#: Constants that stand for the best version both sides have.
ANY = (ssl.PROTOCOL_TLS, ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)

#: Attribute types that have a short name (RFC 4514, 3, and RFC 2985 for the mail address).
SHORT = {
    "commonName": "CN", "localityName": "L", "stateOrProvinceName": "ST", "organizationName": "O",
    "organizationalUnitName": "OU", "countryName": "C", "streetAddress": "STREET", "domainComponent": "DC",
    "userId": "UID", "emailAddress": "emailAddress",
}


def initServerContext(
    context: ssl.SSLContext | None = None,
    version: int | None = None,
    certify: Certify = None,
    keypath: Path | None = None,
    certpath: Path | None = None,
    cafilepath: Path | None = None,
    *,
    alpn: Iterable[str] | None = None,
    certs: Certs | None = None,
) -> ssl.SSLContext:
    """Return the SSLContext of a servant.

    Parameters:
        context: to complete with what else is given; None: a new one with the defaults of the library, TLS 1.2 and up.
        version: the one version to speak, as ssl.TLSVersion or ssl.PROTOCOL_TLSv1_2; None: the best that both have.
        certify: whether a client must show a certificate; None: it must, unless context says otherwise.
        keypath, certpath: files (PEM) of the own key and certificate chain; keypath None: the key is in certpath.
        cafilepath: file (PEM) of those who may vouch for clients; None: the system's.
        alpn: application protocols to agree on, the preferred one first (RFC 7301); None: no say in it.
        certs: host name -> (certpath, keypath) for names that have a certificate of their own (RFC 6066, 3). A name
            "*.example.com" stands for each one below it. Whoever asks for none of them gets certpath.

    Raises:
        ValueError: a version that is too old, or no certify. OSError: a file cannot be read; names it.
        ssl.SSLError: a file does not hold what it must; names it.
    """
    made = typed("context", context, ssl.SSLContext) is None
    if context is None:
        context = blank(ssl.Purpose.CLIENT_AUTH, version)
    if made or certify is not None:
        context.verify_mode = mode(certify)
    anchor(context, cafilepath, made, ssl.Purpose.CLIENT_AUTH)
    identify(context, keypath, certpath)
    context.options |= ssl.OP_NO_RENEGOTIATION  # a client could have a handshake's work done over and over
    if alpn is not None:
        context.set_alpn_protocols(list(alpn))
    if made or certs:
        context.sslobject_class = TlsObject
        context.sni_callback = chooser({  # type: ignore[assignment]  # typeshed has no name None, which ssl gives
            canonical(host): initServerContext(None, version, certify, key, cert, cafilepath, alpn=alpn)
            for host, (cert, key) in (certs or {}).items()
        })
    return context


def initClientContext(
    context: ssl.SSLContext | None = None,
    version: int | None = None,
    certify: Certify = None,
    hostify: bool | None = None,
    keypath: Path | None = None,
    certpath: Path | None = None,
    cafilepath: Path | None = None,
    *,
    alpn: Iterable[str] | None = None,
) -> ssl.SSLContext:
    """Return the SSLContext of a client.

    Parameters:
        context, version, keypath, certpath, alpn: as for initServerContext.
        certify: whether the server's certificate is verified; None: it is, unless context says otherwise.
        hostify: whether the certificate must be for the name of the server; None: it must if the certificate is
            verified and version is None.
        cafilepath: file (PEM) of those who may vouch for servers; None: the system's.

    Raises:
        ValueError: as for initServerContext, or hostify without certify. OSError, ssl.SSLError: likewise.
    """
    made = typed("context", context, ssl.SSLContext) is None
    if context is None:
        context = blank(ssl.Purpose.SERVER_AUTH, version)
        hostify = version is None and mode(certify) != ssl.CERT_NONE if hostify is None else hostify
    verify = mode(certify) if made or certify is not None else context.verify_mode
    if hostify and verify == ssl.CERT_NONE:
        raise ValueError("hostify needs certify: a name in a certificate that nobody verified proves nothing")
    if hostify is not None or verify == ssl.CERT_NONE:
        context.check_hostname = False if hostify is None else hostify
    context.verify_mode = verify
    anchor(context, cafilepath, made, ssl.Purpose.SERVER_AUTH)
    identify(context, keypath, certpath)
    if alpn is not None:
        context.set_alpn_protocols(list(alpn))
    return context


def blank(purpose: ssl.Purpose, version: int | None) -> ssl.SSLContext:
    """Return a context for purpose that trusts nobody and has no certificate yet; its strictness is the library's.

    version: the only one to speak, 1.2 or 1.3 as in ssl.TLSVersion; None, or a constant that means any: both.

    Raises ValueError for another version.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)  # the kind that comes without the system's store
    if purpose is ssl.Purpose.SERVER_AUTH:
        default, context = context, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags = default.verify_flags
        if default.keylog_filename:
            context.keylog_filename = default.keylog_filename
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if version is not None and version not in ANY:
        try:
            context.minimum_version = context.maximum_version = VERSIONS[version]
        except KeyError:
            raise ValueError(f"TLS version must be 1.2 or 1.3, as in ssl.TLSVersion, got {version!r}") from None
    return context


def mode(certify: Certify) -> ssl.VerifyMode:
    """Return the VerifyMode that certify stands for; None is CERT_REQUIRED."""
    if certify is None or certify is True:
        return ssl.CERT_REQUIRED
    return ssl.VerifyMode(int(certify))


def anchor(context: ssl.SSLContext, cafilepath: Path | None, made: bool, purpose: ssl.Purpose) -> None:
    """Load those who may vouch for the far side: from cafilepath, else the system's into a context that was made.

    Certificate authorities that people run themselves often miss a field that strict checking (RFC 5280) demands; so
    it is left out for those that are named, and never for the system's.
    """
    if cafilepath is not None:
        with named("certificate authorities", cafilepath):
            context.load_verify_locations(cafile=cafilepath)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    elif made and context.verify_mode != ssl.CERT_NONE:
        context.load_default_certs(purpose)


def identify(context: ssl.SSLContext, keypath: Path | None, certpath: Path | None) -> None:
    """Load the own certificate chain into context: certpath (None: none), with its key in keypath (None: the same).

    Raises ValueError for a key without a certificate, OSError and TlsError, with the paths, for what cannot be loaded.
    """
    if certpath is not None:
        with named("certificate and key", certpath, keypath):
            context.load_cert_chain(certfile=certpath, keyfile=keypath)
    elif keypath is not None:
        raise ValueError(f"keypath {str(keypath)!r} needs a certpath")


@contextmanager
def named(what: str, *paths: Path | None) -> Iterator[None]:
    """Have an OSError or TlsError within the block say what could not be loaded and the paths, which ssl leaves out."""
    where = " and ".join(str(path) for path in paths if path is not None)
    try:
        yield
    except ssl.SSLError as ex:
        raise TlsError(f"cannot use {what} {where}: {reason(ex)}") from ex
    except OSError as ex:
        raise OSError(ex.errno, ex.strerror, where) from ex  # OSError picks the subclass that fits errno


def canonical(host: str) -> str:
    """Return host as server names come: in lower case, without a final dot, Unicode in its ASCII form."""
    host = host.rstrip(".").lower()
    return host if host.isascii() else host.encode("idna").decode("ascii")


def chooser(contexts: Mapping[str, ssl.SSLContext]) -> Callable[[TlsObject, str | None, ssl.SSLContext], None]:
    """Return a callback that notes the server name a client asks for, and has that one of contexts used, if any."""

    def choose(obj: TlsObject, host: str | None, context: ssl.SSLContext) -> None:
        obj.sni = host
        if host is not None and contexts:
            host = canonical(host)
            chosen = contexts.get(host) or contexts.get("*." + host.partition(".")[2])
            if chosen is not None:
                obj.context = chosen

    return choose


def distinguished(name: Iterable[Iterable[tuple[str, str]]]) -> str:
    """Return the text of a distinguished name as getpeercert gives it, most specific part first (RFC 4514)."""
    return ",".join(
        "+".join(f"{SHORT.get(kind, kind)}={escaped(value)}" for kind, value in part)
        for part in reversed(tuple(name))
    )


def escaped(value: str) -> str:
    """Return an attribute value with what has a meaning in a distinguished name escaped (RFC 4514, 2.4)."""
    text = "".join("\\" + char if char in '",+;<>\\' else "\\00" if char == "\0" else char for char in value)
    if text[:1] in (" ", "#"):
        text = "\\" + text
    if len(value) > 1 and value.endswith(" "):
        text = text[:-1] + "\\ "
    return text
