"""Redirects: what to ask next when a response says that the answer is elsewhere (RFC 9110, 10.2.2 and 15.4).

redirect   the next request, as far as the response decides it
Redirect   that
stripped   the fields of a request that go along with it
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...help.hicting import Hict
from .addressing import Url, joinUrl
from .answering import REDIRECTS
from .faulting import shown
from .replying import Reply

#: Fields that are for one origin alone. Host says which.
PRIVATE = ("authorization", "cookie", "proxy-authorization", "host")

#: Fields about a body, which go where it goes (RFC 9110, 15.4).
CONTENT = (
    "content-encoding", "content-language", "content-length", "content-location", "content-type", "digest",
    "last-modified",
)  # fmt: skip


class RedirectError(Exception):
    """A redirect that must not or cannot be followed."""


class Redirect(NamedTuple):
    """Where a redirect leads."""

    url: Url
    method: str
    bodied: bool  # the body goes along
    foreign: bool  # to another origin, so credentials stay behind


def redirect(reply: Reply, method: str, url: Url) -> Redirect | None:
    """Return where reply to a request of method for url leads; None when it is an answer by itself.

    303 asks for the answer by GET, unless it was HEAD; 301 and 302 do so after POST, as everybody has it; all others
    keep method and body. Raises RedirectError for a Location that is ambiguous or no http URL, and from https to http,
    which would show to the network what was kept from it.
    """
    if reply.errored or reply.status not in REDIRECTS or "location" not in reply.headers:
        return None
    locations = list(dict.fromkeys(reply.headers.getall("location")))
    if len(locations) > 1:
        raise RedirectError(f"to several places, {shown(', '.join(locations))}")
    try:
        # What came as bytes is taken for UTF-8 if it is that
        location = locations[0].encode("latin-1").decode("utf-8", "surrogateescape")
        target = joinUrl(url, location.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    except ValueError as ex:
        raise RedirectError(f"to what is no place: {ex}") from ex
    if url.origin.scheme == "https" and target.origin.scheme != "https":
        raise RedirectError(f"from https to {target}, which is not secured")
    bodied = True
    if (reply.status == 303 and method != "HEAD") or (reply.status in (301, 302) and method == "POST"):
        method, bodied = "GET", False
    return Redirect(target, method, bodied, target.origin != url.origin)


def stripped(headers: Any, step: Redirect) -> Hict:
    """Return those of headers, a mapping or pairs, that go along with step."""
    left = Hict(headers)
    for name in PRIVATE if step.foreign else ():
        left.popall(name, None)
    for name in CONTENT if not step.bodied else ():
        left.popall(name, None)
    return left
