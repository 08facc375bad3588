"""What tests of journals share: requests, apps, and who keeps what a journal tells."""

from __future__ import annotations

from tests.core.http.apps import Iterable

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
PLAIN = ("200 OK", [("Content-Type", "text/plain")])


class Kept:
    """A sink that keeps records."""

    naming = True

    def __init__(self):
        self.records = []

    def take(self, entries, journal):
        self.records += [journal.record(entry, journal.ident(entry)) for entry in entries]


class Told:
    """Stands in for a LineHandler, and keeps what is written."""

    level = 0

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def open(self):
        pass

    def close(self):
        pass


def streaming(head, items):
    """Return an app that answers with items under head."""

    def app(environ, start_response):
        start_response(*head)
        return Iterable(items)

    return app


def records(rig):
    """Return the records so far."""
    rig.journal.flush()
    return rig.sink.records
