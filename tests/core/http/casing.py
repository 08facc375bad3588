"""What the corpus is made of: a case, and how requests are built and judged.

Case    name, raw, status (0: admitted, else the answer that refuses it), the clause that says so, what is checked of it
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Case(NamedTuple):
    """One request and its due."""

    name: str
    raw: bytes
    status: int
    clause: str
    want: dict[str, Any] = {}  # attributes of Outcome, environ keys in capitals


#: what may come behind a request
NEIGHBOUR = b"GET /neighbour HTTP/1.1\r\nHost: n\r\n\r\n"


# ---------------------------------------------------------------- builders


def get(*lines: bytes, target: bytes = b"/", method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a request with a Host, lines after it, and no body."""
    return b"\r\n".join((method + b" " + target + b" " + version, b"Host: a", *lines, b"", b""))


def post(*lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a POST with a Host, lines after it, and body."""
    return get(*lines, method=b"POST", version=version) + body


def chunked(body: bytes, *lines: bytes) -> bytes:
    """Return a POST whose chunked body is body as it stands."""
    return post(b"Transfer-Encoding: chunked", *lines, body=body)


def bare(*lines: bytes) -> bytes:
    """Return lines with CRLF after each, and the empty line."""
    return b"\r\n".join((*lines, b"", b""))


def accept(name: str, raw: bytes, clause: str, **want: Any) -> Case:
    return Case(name, raw, 0, clause, want)


def refuse(name: str, raw: bytes, clause: str, status: int = 400) -> Case:
    return Case(name, raw, status, clause)


def show(byte: int) -> str:
    return f"{byte:02x}"


DELIMITERS = b'"(),/:;<=>?@[\\]{}'  # RFC 9110, 5.6.2
CONTROLS = [code for code in range(32) if code not in (9, 10, 13)] + [127]
