"""HTTPError: how an application answers with an error response."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .statusing import STATUS_DESCRIPTIONS


class HTTPError(Exception):
    """What an application raises to answer with an error response. Not a fault of the peer: no HTTPException.

    status (int); reason (str), None or empty: the usual one of status, "Unknown" for a status that has none;
    title, detail (str): say more to people; fault (int or None): a code of the application; headers: dict of
    further fields of the response.
    """

    def __init__(
        self,
        status: int,
        reason: str = "",
        title: str = "",
        detail: str = "",
        fault: int | None = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(status, reason, title, detail, fault)
        self.status = int(status)
        self.reason = reason or STATUS_DESCRIPTIONS.get(self.status, "Unknown")
        self.title = title
        self.detail = detail
        self.fault = None if fault is None else int(fault)
        self.headers = dict(headers or {})

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.status}>"

    def render(self, jsonify: bool = False) -> bytes:
        """Return the body of the response: four lines of text, or with jsonify a JSON object."""
        if jsonify:
            names = ("status", "reason", "title", "detail", "fault")
            return json.dumps({name: getattr(self, name) for name in names}, indent=2).encode()
        fault = "" if self.fault is None else self.fault
        return f"{self.status} {self.reason}\n{self.title}\n{self.detail}\n{fault}".encode()
