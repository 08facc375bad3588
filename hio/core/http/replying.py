"""Reply: what became of a request, a whole response or the reason why there is none.

Reply      read by attributes; most of it is made when it is first asked for
Response   the same as a named tuple
"""

from __future__ import annotations

import json
from collections import namedtuple
from typing import Any

from ...help.hicting import Hict
from .addressing import Url
from .failing import Mishap
from .httping import updateQargsQuery
from .parsing import readContentType

Response = namedtuple("Response", "version status reason headers body data request errored error")


def record(method: str, url: Url, headers: Any, body: bytes) -> dict[str, Any]:
    """Return the record of a request of url as it was sent, by method, with headers and body."""
    return {
        "host": url.origin.host,
        "port": url.origin.port,
        "scheme": url.origin.scheme,
        "method": method,
        "path": url.path,
        "fragment": url.fragment,
        "qargs": updateQargsQuery({}, url.query)[0],
        "headers": Hict(headers),
        "body": body,
        "data": None,
        "fargs": None,
    }


class Reply:
    """A response, or an error in its place.

    Attributes:
        version: (1, 0) or (1, 1). status (int), reason (str). None, None and "" when no head came.
        body (bytearray): the whole body, this reply's own; empty when errored.
        trails (Hict | None): fields after a chunked body.
        redirects (list[Reply]): the responses that led here, oldest first.
        errored (bool): there is no whole response.
        error (str | None): why, beginning with the word of .mishap.
        mishap (Mishap | None): which kind of error.
        partial (bytearray): what came of the body of an errored one.
    """

    version: tuple[int, int] | None = None
    status: int | None = None
    reason = ""
    head: Any = None  # as parsed
    trails: Hict | None = None
    errored = False
    error: str | None = None
    mishap: Mishap | None = None
    dictable = False
    partial: bytearray
    body: bytearray
    asked: tuple[str, Url, Any, bytes] | None = None  # method, Url, headers, body: what record() takes
    question: Any = None  # whose .record is the request, if that is not made yet
    _request: dict[str, Any] | None = None
    redirects: tuple[Reply, ...] | list[Reply] = ()
    _headers: Hict | None = None
    _data: Any = None
    _dictified = False

    def __init__(self, body: bytearray | None = None) -> None:
        self.body = bytearray() if body is None else body

    @classmethod
    def failed(cls, mishap: Mishap, detail: str) -> Reply:
        """Return an errored Reply: mishap says how it failed, detail the rest of .error."""
        self = cls()
        self.fail(mishap, detail)
        return self

    def fail(self, mishap: Mishap, detail: str) -> None:
        """Make this an errored one, by mishap, with detail in .error; what it has of a body is partial then."""
        self.errored = True
        self.mishap = mishap
        self.error = f"{mishap.value}: {detail}"
        self.partial = self.body
        self.body = bytearray()

    @property
    def headers(self) -> Hict:
        """Fields of the response, in order; empty when no head came."""
        if self._headers is None:
            self._headers = Hict(self.head.fields if self.head is not None else None)
        return self._headers

    @property
    def request(self) -> dict[str, Any]:
        """Record of the request as it was sent, the last one if redirects were followed."""
        if self._request is None:
            self._request = {} if self.question is None else self.question.record
            if self.asked is not None:
                self._request = record(*self.asked)
        return self._request

    @request.setter
    def request(self, request: dict[str, Any]) -> None:
        self._request = request

    @property
    def data(self) -> Any:
        """The body decoded, if it is JSON and its content type says so (or JSON was asked for anyway), else None."""
        if not self._dictified:
            self._dictified = True
            if self.body and (self.dictable or readContentType(self.headers.get("Content-Type") or "", "")[0]):
                try:
                    self._data = json.loads(bytes(self.body))
                except (ValueError, RecursionError):
                    pass
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._data = data
        self._dictified = True

    @property
    def text(self) -> str:
        """The body decoded by its charset, UTF-8 if it names none; what cannot be decoded is replaced."""
        charset = readContentType(self.headers.get("Content-Type") or "", "utf-8")[1]
        try:
            return self.body.decode(charset, "replace")
        except (LookupError, UnicodeError):  # no such charset; one that cannot replace, as idna
            return self.body.decode("utf-8", "replace")

    @property
    def ok(self) -> bool:
        """Whether this is a whole response with a status from 200 to 299."""
        return not self.errored and self.status is not None and 200 <= self.status < 300

    def asdict(self) -> dict[str, Any]:
        """Return the record: version, status, reason, headers, body, data, request, errored, error.

        Beside these redirects, a list of such records, if any were followed; and, when errored, partial and mishap (its
        word).
        """
        record: dict[str, Any] = {
            "version": self.version,
            "status": self.status,
            "reason": self.reason,
            "headers": self.headers,
            "body": self.body,
            "data": self.data,
            "request": self.request,
            "errored": self.errored,
            "error": self.error,
        }
        if self.redirects:
            record["redirects"] = [reply.asdict() for reply in self.redirects]
        if self.errored:
            record["partial"] = self.partial
            record["mishap"] = self.mishap.value if self.mishap else ""
        return record

    def __repr__(self) -> str:
        if self.errored:
            return f"<Reply {self.error} partial={len(self.partial)}>"
        return f"<Reply {self.status} {self.reason} body={len(self.body)}>"
