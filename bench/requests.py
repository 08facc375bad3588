"""Requests as they go on the wire.

NINE      header fields as a browser sends them, nine with Host; the same ones each time
COOKIE    the same with a cookie
changing  the same with a cookie that is another one in every request
render    method, fields and body to bytes
"""

from __future__ import annotations

from collections.abc import Mapping

HOST = "127.0.0.1"

#: Much as Firefox and Chromium send them for an address that was typed in.
NINE = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Connection": "keep-alive",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Cache-Control": "max-age=0",
}
COOKIE = {**NINE, "Cookie": "session=3f0c9b6e5d2a4718; theme=dark; seen=0000000"}
del COOKIE["Sec-Fetch-Dest"]


def changing(number: int) -> dict[str, str]:
    """Return the fields of request number, a cookie among them that no other has."""
    return {**COOKIE, "Cookie": f"{COOKIE['Cookie'][:-7]}{number % 10**7:07}"}


def render(method: str, fields: Mapping[str, str], body: bytes = b"", host: str = HOST) -> bytes:
    """Return a request for /, with a Content-Length where there is, or could be, a body."""
    every = {"Host": host, **fields}
    if body or method in ("POST", "PUT", "PATCH"):
        every["Content-Length"] = str(len(body))
    lines = [f"{method} / HTTP/1.1", *(f"{name}: {value}" for name, value in every.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
