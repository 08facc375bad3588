"""What can be wrong with a message of the peer, and what a server answers to it.

HTTPException   root of them all; below it one class a kind of fault

Each carries

status   int, what a server answers
text     str, a fixed phrase for the peer: it holds no byte that came from the wire, so it can be shown anywhere

str() of the instance says what was wrong in detail, wire bytes quoted and cut short; it is for logs.
"""

from __future__ import annotations

from .statusing import (
    BAD_REQUEST,
    CONTENT_TOO_LARGE,
    EXPECTATION_FAILED,
    HTTP_VERSION_NOT_SUPPORTED,
    NOT_IMPLEMENTED,
    REQUEST_HEADER_FIELDS_TOO_LARGE,
    REQUEST_TIMEOUT,
    URI_TOO_LONG,
)

#: most of what a peer sent that is quoted in the text of an exception
SHOWN = 64


def shown(what: object) -> str:
    """Return what the peer sent quoted and cut short, fit for a log line."""
    if isinstance(what, (bytes, bytearray)):
        what = bytes(what[: SHOWN + 1]).decode("latin-1")
    text = str(what)
    return repr(text[:SHOWN]) + "..." * (len(text) > SHOWN)


class HTTPException(Exception):
    """A peer broke the protocol, or a limit; root of all such faults.

    status (int): the answer of a server. text (str): what the answer may say of the reason.
    """

    status: int = BAD_REQUEST
    text: str = "The message is not valid HTTP."


class InvalidURL(HTTPException):
    """A URL, or the target of a request, does not hold to its grammar."""

    text = "The request target is not valid."


class BadHost(HTTPException):
    """The Host field is missing, repeated or not valid (RFC 9112, 3.2)."""

    text = "Exactly one valid Host field is needed."


class UnknownProtocol(HTTPException):
    """The version is well formed and not ours; version is as received."""

    status = HTTP_VERSION_NOT_SUPPORTED
    text = "This server speaks HTTP/1.1 and HTTP/1.0."

    def __init__(self, version: object) -> None:
        super().__init__(f"unknown protocol version {shown(version)}")
        self.version = version


class BadStatusLine(HTTPException):
    """The first line of a response is malformed; line is as received."""

    text = "The status line is malformed."

    def __init__(self, line: object) -> None:
        super().__init__(f"bad start line {shown(line)}")
        self.line = line


class BadRequestLine(BadStatusLine):
    """The first line of a request is malformed; line is as received."""

    text = "The request line is malformed."


class BadMethod(HTTPException):
    """The method is not a token; method is as received."""

    text = "The request method is malformed."

    def __init__(self, method: object) -> None:
        super().__init__(f"bad method {shown(method)}")
        self.method = method


class LineTooLong(HTTPException):
    """A line is longer than its limit; kind names the line."""

    status = REQUEST_HEADER_FIELDS_TOO_LARGE
    text = "A line is too long."

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} is too long")


class RequestLineTooLong(LineTooLong):
    """The request line is longer than its limit."""

    status = URI_TOO_LONG
    text = "The request line is too long."

    def __init__(self, kind: str = "request line") -> None:
        super().__init__(kind)


class HeadTooLarge(HTTPException):
    """A head or a trailer section is larger than its limit, in bytes or in fields."""

    status = REQUEST_HEADER_FIELDS_TOO_LARGE
    text = "The header fields are too large."


class BadHeader(HTTPException):
    """A field line is malformed, or repeats a field that must not be repeated (RFC 9110, 5; RFC 9112, 5)."""

    text = "A header field is not valid."


class BadFraming(HTTPException):
    """Where the body ends is ambiguous or wrongly declared (RFC 9112, 6)."""

    text = "The length of the body is not validly declared."


class UnknownCoding(HTTPException):
    """A transfer coding other than chunked (RFC 9112, 6.1)."""

    status = NOT_IMPLEMENTED
    text = "The only transfer coding understood is chunked."


class BadChunk(HTTPException):
    """A chunk is malformed (RFC 9112, 7.1)."""

    text = "The chunked body is not valid."


class BodyTooLarge(HTTPException):
    """A body is larger than its limit, in decoded bytes."""

    status = CONTENT_TOO_LARGE
    text = "The body is too large."


class BadExpectation(HTTPException):
    """An expectation other than 100-continue (RFC 9110, 10.1.1)."""

    status = EXPECTATION_FAILED
    text = "The only expectation understood is 100-continue."


class PrematureClosure(HTTPException):
    """The peer ended the connection amid a message; msg says where."""

    text = "The connection ended before the message."

    def __init__(self, msg: str = "connection closed before the end of a message") -> None:
        super().__init__(msg)
        self.msg = msg


class MessageTimeout(HTTPException):
    """A message began and did not end, or progress, in its tyme."""

    status = REQUEST_TIMEOUT
    text = "The request took too long to arrive."
