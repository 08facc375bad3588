"""A notebook in memory, as a Falcon app.

Notebook         the notes and their numbers
NotesResource    GET and POST of /api/notes
NoteResource     GET and DELETE of /api/notes/7
makeApp          both, and the page in web/ through StaticSink
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import falcon
import falcon.media

from ..core.http.sinking import StaticSink

WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "web")

TextLimit = 280  # characters of one note: enough for a thought, and a list of them stays readable
NotesLimit = 200  # notes: memory is all they have, and a demo may be left running
BodyLimit = 8192  # bytes of one JSON document: a note, each character of it escaped, and some room

Welcome = (
    "Programs read the same notes: try the curl line of the panel.",
    "Add and delete notes: the panel shows each request and its answer.",
    "This page and its data come from hio, out of one cooperative loop.",
)

#: The page needs nothing from elsewhere; with this the browser sees to it.
PAGE_FIELDS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Notebook:
    """Notes by number. Numbers count up from 1 and are never used again.

    texts: of the first notes, in order.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts: dict[int, str] = {}
        self._last = 0
        for text in texts:
            self.add(text)

    def __repr__(self) -> str:
        return f"<Notebook notes={len(self)} last={self._last}>"

    def __len__(self) -> int:
        return len(self._texts)

    def all(self) -> list[dict[str, Any]]:
        """Return all notes, the newest first."""
        return [{"number": number, "text": text} for number, text in reversed(self._texts.items())]

    def find(self, number: int) -> dict[str, Any] | None:
        """Return the note of this number, None when there is none."""
        return {"number": number, "text": self._texts[number]} if number in self._texts else None

    def add(self, text: str) -> dict[str, Any]:
        """Keep text as a new note and return that."""
        self._last += 1
        self._texts[self._last] = text
        return {"number": self._last, "text": text}

    def remove(self, number: int) -> bool:
        """Drop the note of this number; return whether there was one."""
        return self._texts.pop(number, None) is not None


def readNote(req: falcon.Request) -> str:
    """Return the text of the note that the JSON body of req holds, with single spaces between its words.

    Raises falcon's HTTPBadRequest (400) for what is no JSON, HTTPContentTooLarge (413) for more than BodyLimit bytes of
    it, HTTPUnsupportedMediaType (415) for another media type, and HTTPUnprocessableEntity (422) for JSON that is no
    note.
    """
    if req.content_type is None:  # Falcon would take it for JSON, and any web page can send such a request
        raise falcon.HTTPUnsupportedMediaType(description="A note is sent as application/json.")
    if (req.content_length or 0) > BodyLimit:
        raise falcon.HTTPContentTooLarge(title="Too large", description=f"A body has {BodyLimit} bytes at most.")
    try:
        media = req.get_media()
    except RecursionError as ex:  # thousands of open brackets
        raise falcon.HTTPBadRequest(title="Invalid JSON", description="The document is nested too deeply.") from ex
    if not isinstance(media, dict) or set(media) != {"text"} or not isinstance(media["text"], str):
        raise refusal('A note is a JSON object with one text in it, like {"text": "Buy milk"}.')
    text = " ".join(media["text"].split())
    if not text:
        raise refusal("The text of a note must not be empty.")
    if len(text) > TextLimit:
        raise refusal(f"The text of a note has {TextLimit} characters at most, this one has {len(text)}.")
    try:
        text.encode()
    except UnicodeEncodeError as ex:  # half a surrogate pair: JSON can say it, UTF-8 cannot
        raise refusal("The text of a note must be valid Unicode.") from ex
    return text


def refusal(description: str) -> falcon.HTTPUnprocessableEntity:
    """Return the 422 for JSON that is no note; description: why it is none."""
    return falcon.HTTPUnprocessableEntity(title="Not a note", description=description)


def missing(number: int) -> falcon.HTTPNotFound:
    """Return the 404 for the note of that number, which is not there."""
    return falcon.HTTPNotFound(title="No such note", description=f"There is no note {number}.")


class NotesResource:
    """The list of notes in notebook.

    Its methods are responders of Falcon, which gives them req and resp.
    """

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer {"notes": [{"number": 1, "text": "..."}, ...]}, the newest first."""
        resp.media = {"notes": self.notebook.all()}
        resp.cache_control = ["no-store"]

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Add the note in the body of req, answer it with 201 and its Location.

        Raises HTTPConflict (409) when the notebook is full, and what readNote() does.
        """
        text = readNote(req)
        if len(self.notebook) >= NotesLimit:
            raise falcon.HTTPConflict(
                title="Notebook full",
                description=f"The demo keeps {NotesLimit} notes: delete one first.",
            )
        note = self.notebook.add(text)
        resp.media = note
        resp.status = falcon.HTTP_201
        resp.location = f"{req.root_path}{req.path}/{note['number']}"


class NoteResource:
    """One note of notebook.

    Its methods are responders of Falcon, which gives them req, resp and the number in the path.
    """

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook

    def on_get(self, req: falcon.Request, resp: falcon.Response, number: int) -> None:
        """Answer the note of that number; 404 when there is none."""
        if (note := self.notebook.find(number)) is None:
            raise missing(number)
        resp.media = note
        resp.cache_control = ["no-store"]

    def on_delete(self, req: falcon.Request, resp: falcon.Response, number: int) -> None:
        """Drop the note of that number, answer 204; 404 when there is none."""
        if not self.notebook.remove(number):
            raise missing(number)
        resp.status = falcon.HTTP_204


class PageFields:
    """Falcon middleware that sends PAGE_FIELDS with every response."""

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: object, succeeded: bool) -> None:
        """Add the fields to resp, whatever req, resource and succeeded are."""
        resp.set_headers(PAGE_FIELDS)


def makeApp(texts: Iterable[str] = Welcome) -> falcon.App[falcon.Request, falcon.Response]:
    """Return the demo as a WSGI app with a notebook of its own, which has texts in it, the oldest first."""
    notebook = Notebook(texts)
    app = falcon.App(middleware=[PageFields()])
    # JSON only: without the handler for forms, no form of another site can add notes
    app.req_options.media_handlers = falcon.media.Handlers({falcon.MEDIA_JSON: falcon.media.JSONHandler()})
    app.add_route("/api/notes", NotesResource(notebook))
    app.add_route("/api/notes/{number:int(min=1)}", NoteResource(notebook))
    app.add_sink(StaticSink(WEB), prefix=StaticSink.DefaultStaticSinkBasePath)
    return app
