"""Names of fields: which are valid, what an environ calls them, which must not come twice (RFC 9110, 5.1 and 5.3).

isToken      whether text is a token, as methods and names are; TOKENS: the bytes of one
environKey   the key that CGI gives to a name
keyOf        the same, of a name that is remembered
learn        the same, of a name that was not met yet: checked, and remembered in NAMES
again        the one value of a field that came twice

The names of a request are looked up in NAMES, a dict that knows the usual ones from the start. What peers make up is
remembered within bounds. Knows no head and no message.
"""

from __future__ import annotations

import re

from .faulting import BadHeader, shown
from .targeting import LONGEST, REMEMBERED

#: the characters of a token, as a regular expression has them between brackets (RFC 9110, 5.6.2)
TCHARS = r"!#$%&'*+\-.^_`|~0-9A-Za-z"
isToken = re.compile(f"[{TCHARS}]+").fullmatch
TOKENS = frozenset(code for code in range(128) if isToken(chr(code)))

#: field names, in lower case, whose field must not come twice in a request. Each either takes one value by its
#: definition, so that a joined value would be another one, or says where a message goes or ends
SINGLES = frozenset((
    "authorization", "content-length", "content-location", "content-range", "content-type", "date", "etag",
    "from", "host", "if-modified-since", "if-range", "if-unmodified-since", "last-modified", "max-forwards",
    "origin", "proxy-authorization", "range", "referer", "server", "transfer-encoding", "user-agent",
))  # fmt: skip

#: names as senders usually spell them, remembered from the start
USUAL = (
    "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Headers",
    "Access-Control-Request-Method", "Authorization", "Cache-Control", "Connection", "Content-Disposition",
    "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "DNT", "Date", "Expect", "Forwarded", "From",
    "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive",
    "Last-Event-ID", "Max-Forwards", "Origin", "Pragma", "Priority", "Proxy-Authorization", "Range", "Referer",
    "Sec-CH-UA", "Sec-CH-UA-Mobile", "Sec-CH-UA-Platform", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site",
    "Sec-Fetch-User", "Signature", "Signature-Input", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    "Upgrade-Insecure-Requests", "User-Agent", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    "X-Real-IP", "X-Request-ID", "X-Requested-With",
)  # fmt: skip


def environKey(name: str) -> str:
    """Return the key that CGI (RFC 3875, 4.1.18) gives to a field name, or "" when it gets none.

    None is given to a name with an underscore, which would pass for its twin with a dash, and to Proxy, which would
    be HTTP_PROXY, a setting of HTTP clients (httpoxy).
    """
    key = name.upper().replace("-", "_")
    if "_" in name or key == "PROXY":
        return ""
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


#: environ keys of fields that must not repeat
SINGLE_KEYS = frozenset(environKey(name) for name in SINGLES)

#: {field name as received: environ key} of names that are valid and mapped
NAMES: dict[str, str] = {spelt: environKey(spelt) for name in USUAL for spelt in (name, name.lower())}
SEEDED = len(NAMES)

#: The environ key of a name in NAMES, None of any other. PERF: bound once. Python 3.11 makes a method object for each
#: NAMES.get() in a module that imports NAMES: 450 instructions a field, 3.6 % of a request with nine
keyOf = NAMES.get


def learn(name: str) -> str:
    """Return the environ key of a field name that is not in NAMES, "" for a field that is not mapped.

    Raises BadHeader unless name is a token. Remembers it, within bounds.
    """
    if not isToken(name):
        raise BadHeader(f"bad field name {shown(name)}")
    key = environKey(name)
    if key and len(name) <= LONGEST:
        if len(NAMES) >= SEEDED + REMEMBERED:
            forget()
        NAMES[name] = key
    return key


def forget() -> None:
    """Forget the names that were learnt, as after a peer that sent a thousand made up ones."""
    for name in list(NAMES)[SEEDED:]:
        NAMES.pop(name, None)  # another thread may do the same


def again(key: str, value: str, more: str) -> str:
    """Return the one value of the field with that environ key that came with value and now comes with more.

    Raises BadHeader for a field that must not repeat, unless it is a Content-Length that says the same.
    """
    if key == "HTTP_COOKIE":
        return f"{value}; {more}"  # RFC 6265, 5.4; a comma may be part of a cookie
    if key in SINGLE_KEYS:
        if key == "CONTENT_LENGTH" and value == more:
            return value
        raise BadHeader(f"field {key} came more than once")
    return f"{value}, {more}"
