"""Bodies of requests: JSON, forms, and multipart forms (RFC 7578), each with the content type that goes with it.

packJson        any data that JSON has
packForm        names and values as application/x-www-form-urlencoded (WHATWG URL, 5.2)
packMultipart   names and values, files among them, as multipart/form-data
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

from .dicing import Dice
from .faulting import shown

JSON_TYPE = "application/json; charset=utf-8"
FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
FILE_TYPE = "application/octet-stream"

BOUNDARY_SIZE = 24  # characters: 142 bits, beyond guessing
LETTERS = string.ascii_letters + string.digits

isContentType = re.compile(r"[\t\x20-\x7e]+").fullmatch

Pairs = Iterable[tuple[str, Any]]


def packJson(data: object) -> bytes:
    """Return data as compact JSON in ASCII. Raises TypeError or ValueError for what JSON does not have."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode()


def items(fargs: Mapping[str, Any] | Pairs) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) for each value of fargs, in order; a list or tuple in a mapping is several values of a name.

    A tuple in a mapping may also be a file: see packMultipart.
    """
    pairs = fargs.items() if isinstance(fargs, Mapping) else fargs
    for name, value in pairs:
        for one in value if isinstance(value, list) else (value,):
            yield str(name), one


def packForm(fargs: Mapping[str, Any] | Pairs) -> bytes:
    """Return fargs, names and values, each quoted by itself, as a form. A list is several values of its name."""
    return "&".join(f"{quote_plus(name)}={quote_plus(str(value))}" for name, value in items(fargs)).encode()


def packMultipart(fargs: Mapping[str, Any] | Pairs, dice: Dice) -> tuple[bytes, str]:
    """Return (body, content type) of a multipart form of fargs.

    A value is text, bytes, or whatever str() makes text of; or a file: a tuple (filename, content) or (filename,
    content, content type), with content str or bytes. A list stands for several values of its name.

    The boundary is drawn from dice until no part holds it. Raises ValueError for a content type that is none.
    """
    parts = [part(name, value) for name, value in items(fargs)]
    boundary = "".join(dice.choice(LETTERS) for _ in range(BOUNDARY_SIZE))
    while any(boundary.encode() in one for one in parts):
        boundary = "".join(dice.choice(LETTERS) for _ in range(BOUNDARY_SIZE))
    delimiter = b"--" + boundary.encode()
    body = b"".join(b"%b\r\n%b\r\n" % (delimiter, one) for one in parts)
    return body + delimiter + b"--\r\n", f"multipart/form-data; boundary={boundary}"


def part(name: str, value: object) -> bytes:
    """Return a part of a multipart form: fields for name and value, an empty line, the content. Raises ValueError."""
    disposition = f'form-data; name="{escaped(name)}"'
    kind = TEXT_TYPE
    if isinstance(value, tuple):
        if len(value) not in (2, 3):
            raise ValueError(f"a file must be (filename, content) or (filename, content, type), got {value!r}")
        disposition += f'; filename="{escaped(str(value[0]))}"'
        kind = str(value[2]) if len(value) == 3 else FILE_TYPE
        value = value[1]
        if not isContentType(kind):
            raise ValueError(f"content type must be without control characters, got {shown(kind)}")
    content = bytes(value) if isinstance(value, (bytes, bytearray)) else str(value).encode()
    return f"Content-Disposition: {disposition}\r\nContent-Type: {kind}\r\n\r\n".encode() + content


def escaped(name: str) -> str:
    """Return name fit for a quoted parameter, the way browsers do it (WHATWG HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
