"""Serve the files below one directory through Falcon.

StaticSink   a Falcon sink: the path of a request to a file, the file to a response
FilePart     a span of an open file as a response body, read piece by piece
openBelow    opens a file of a tree, and nothing that lies outside of it

How preconditions, ranges and content codings are decided is selecting's business. Falcon is imported when the first
request comes, so that this package imports without Falcon, and does not wait for it where nobody uses a sink.
"""

from __future__ import annotations

import errno
import io
import mimetypes
import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, NamedTuple

from .selecting import Span, Unsatisfiable, Validators, Verdict, judge, rangeApplies, rankCodings, selectSpan

if TYPE_CHECKING:
    import falcon

#: What Python's own table lacks or, before some version, has otherwise. The machine's mime.types have no say: the same
#: tree is served alike everywhere.
MEDIA_TYPES = {
    ".avif": "image/avif",
    ".br": "application/octet-stream",  # has no registered type
    ".bz2": "application/x-bzip2",
    ".cjs": "text/javascript",  # RFC 9239
    ".csv": "text/csv",
    ".flac": "audio/flac",
    ".geojson": "application/geo+json",
    ".gz": "application/gzip",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".m4a": "audio/mp4",
    ".map": "application/json",  # source maps
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".rtf": "application/rtf",
    ".svg": "image/svg+xml",
    ".tgz": "application/gzip",
    ".toml": "application/toml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".vtt": "text/vtt",
    ".wasm": "application/wasm",  # browsers stream-compile this very type only
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",  # text/xml with a charset would overrule the document's own declaration
    ".xz": "application/x-xz",
    ".yaml": "application/yaml",  # RFC 9512
    ".yml": "application/yaml",
    ".zip": "application/zip",
    ".zst": "application/zstd",
}
TYPES = mimetypes.MimeTypes().types_map[True] | MEDIA_TYPES

#: Content codings of files that may lie beside a file, with what their names end in; the better one first.
SIBLINGS = {"br": ".br", "gzip": ".gz"}

#: What an open may fail with that means "no such file for you". Others (out of descriptors, a broken disk) are
#: failures of ours: they rise, and Falcon answers 500.
MISSING = frozenset((
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EMLINK, errno.ENAMETOOLONG,
    errno.EACCES, errno.EPERM, errno.EINVAL, errno.EILSEQ, errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP,
))

# O_PATH, where there is one, needs no permission to list a directory on the way. O_NONBLOCK: opening a named pipe
# would wait for a writer, and a turn never waits.
DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY
FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY


class FilePart:
    """A span of an open file as the body of a response: an iterable whose pieces are never empty.

    Attributes say where the bytes are, for a server that has a faster way than to iterate:
        filelike: the open binary file; this object closes it, in close()
        offset: of the first byte, counted from the start of the file
        count: of bytes
    """

    BlockSize = 65536  # bytes a piece: what a socket buffer takes at once; 8 KiB costs four times the turns

    def __init__(self, filelike: io.FileIO, offset: int, count: int) -> None:
        self.filelike = filelike
        self.offset = offset
        self.count = count
        self._left = count
        filelike.seek(offset)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.count} bytes at {self.offset} left={self._left}>"

    def __iter__(self) -> FilePart:
        return self

    def __next__(self) -> bytes:
        """Return the next piece.

        Raises OSError when the file has become shorter: the promised length cannot be kept, and a server that sees
        an exception cuts the connection, so that nobody takes what was sent for the whole.
        """
        if not self._left:
            raise StopIteration
        piece = self.filelike.read(min(self._left, self.BlockSize))
        if not piece:
            raise OSError(errno.EIO, f"file ended {self._left} bytes early while it was being sent")
        self._left -= len(piece)
        return piece

    def onDisk(self) -> tuple[int, int, int]:
        """Return (descriptor, offset, bytes) of what is left."""
        return self.filelike.fileno(), self.offset + self.count - self._left, self._left

    def skip(self, count: int) -> None:
        """Go on count bytes later."""
        self._left -= count
        self.filelike.seek(count, os.SEEK_CUR)

    def close(self) -> None:
        """Close the file. May be called again."""
        self.filelike.close()


class Representation(NamedTuple):
    """What a path stands for, opened: the file itself or its precompressed sibling."""

    filelike: io.FileIO
    size: int  # bytes
    mediaType: str  # value of Content-Type
    coding: str  # value of Content-Encoding, empty for the plain file
    validators: Validators


class StaticSink:
    """A Falcon sink that serves the files below one directory, and nothing that lies outside of it.

        app.add_sink(StaticSink("web"), prefix=StaticSink.DefaultStaticSinkBasePath)

    GET and HEAD of /static/x, or of /x, stand for the file x. A directory stands for its index.html, with or without
    a slash at the end. Everything else (no such file, no regular file, a symbolic link or a path that leads out of
    the tree) is one and the same 404, titled "Missing Resource"; other methods are 405.

    Bodies are read and sent in pieces. Responses have a strong ETag and Last-Modified, obey the If-... fields (RFC
    9110, 13) and one byte range (14); several ranges in one request get the whole file. Where x.br or x.gz lies
    beside x, a client that takes the coding gets it, under an ETag of its own: whoever changes x renews those too.
    text/... is declared as UTF-8, an unknown ending is application/octet-stream.

    Class attributes:
        StaticSinkBasePath (str): the prefix that is no part of a file's path; only a whole segment counts, so that
            /staticx is the file staticx
        DefaultStaticSinkBasePath (str): prefix under which to add the sink so that it gets all that no route takes
        DefaultStaticDirPath (str): the directory when none is given, relative to the current one
        IndexName (str): file that stands for its directory
    """

    StaticSinkBasePath = "/static"
    DefaultStaticSinkBasePath = "/"
    DefaultStaticDirPath = "static"
    IndexName = "index.html"

    def __init__(self, staticDirPath: str | os.PathLike[str] | None = None) -> None:
        """Serve the tree below staticDirPath.

        staticDirPath may be a symbolic link, and need not exist yet: it is looked up at every request, and until
        then all is 404. A relative path counts from the current directory as it is now. None means
        DefaultStaticDirPath. Raises ValueError when it is empty, TypeError when it is no path.
        """
        path = os.fspath(self.DefaultStaticDirPath if staticDirPath is None else staticDirPath)
        if not path:
            raise ValueError(f"staticDirPath must name a directory, got {staticDirPath!r}")
        self.staticDirPath = os.path.abspath(path)

    def __call__(self, req: falcon.Request, resp: falcon.Response, **groups: Any) -> None:
        """Answer req in resp. Raises the falcon.HTTPError that says why not, where there is nothing to send.

        groups: what a prefix that is a regular expression caught; of no use here.
        """
        import falcon

        if req.method not in ("GET", "HEAD"):
            raise falcon.HTTPMethodNotAllowed(["GET", "HEAD"])
        found = self._find(req.path, rankCodings(req.get_header("Accept-Encoding"), tuple(SIBLINGS)))
        if found is None:
            raise falcon.HTTPNotFound(title="Missing Resource", description="There is no file at this path.")
        with ExitStack() as stack:
            stack.callback(found.filelike.close)  # in every case but the one below that hands the file on
            if (span := self._settle(req, resp, found)) is None:
                return
            resp.content_length = span.count
            if req.method == "GET":  # Falcon drops the stream of a HEAD without closing it
                resp.stream = FilePart(found.filelike, span.offset, span.count)
                stack.pop_all()

    def _settle(self, req: falcon.Request, resp: falcon.Response, found: Representation) -> Span | None:
        """Set status and fields of resp for found; return the span to send, None when there is no body (304)."""
        import falcon

        validators = found.validators
        fields = {
            "ETag": validators.etag,
            "Last-Modified": formatdate(validators.modified, usegmt=True),
        }
        verdict = judge(req.get_header, validators)
        if verdict is Verdict.FAILED:
            raise falcon.HTTPPreconditionFailed(headers=fields)
        resp.set_headers(fields)
        resp.append_header("Vary", "Accept-Encoding")  # a middleware may have named others
        if verdict is Verdict.UNMODIFIED:
            resp.status = falcon.HTTP_304
            return None
        span = None
        if req.method == "GET" and rangeApplies(req.get_header("If-Range"), validators):  # 14.2: ranges are for GET
            try:
                span = selectSpan(req.get_header("Range"), found.size)
            except Unsatisfiable as ex:
                raise falcon.HTTPRangeNotSatisfiable(found.size) from ex
        resp.content_type = found.mediaType
        resp.set_header("Accept-Ranges", "bytes")
        if found.coding:
            resp.set_header("Content-Encoding", found.coding)
        if span is None:
            return Span(0, found.size)
        resp.status = falcon.HTTP_206
        resp.set_header("Content-Range", f"bytes {span.offset}-{span.offset + span.count - 1}/{found.size}")
        return span

    def _find(self, path: str, codings: Sequence[str]) -> Representation | None:
        """Return what a request's path stands for, in the first coding that there is, None when there is nothing."""
        names = self._split(path)
        if names is None or (fd := openBelow(self.staticDirPath, names)) is None:
            return None
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            os.close(fd)
            names = [*filter(None, names), self.IndexName]
            if (fd := openBelow(self.staticDirPath, names)) is None:
                return None
        elif not names[-1]:  # "x/" asks for a directory
            os.close(fd)
            return None
        plain = self._represent(fd, names[-1], "")
        if plain is None:
            return None
        with ExitStack() as stack:
            stack.callback(plain.filelike.close)
            for coding in codings:
                fd = openBelow(self.staticDirPath, [*names[:-1], names[-1] + SIBLINGS[coding]])
                if fd is not None and (coded := self._represent(fd, names[-1], coding)):
                    return coded
            stack.pop_all()
        return plain

    def _split(self, path: str) -> list[str] | None:
        """Return the names on the way from the directory to the file, None when no file can be meant.

        The last name is empty when a directory is asked for, the only one for the root. Dot segments (RFC 3986,
        5.2.4) are resolved without a look at the disk; above the root there is nothing.
        """
        base = self.StaticSinkBasePath.rstrip("/")
        if path == base or path.startswith(base + "/"):
            path = path[len(base):]
        *folders, last = path.removeprefix("/").split("/")
        if last in (".", ".."):
            folders, last = [*folders, last], ""
        names: list[str] = []
        for name in folders:
            if name == "..":
                if not names:
                    return None
                names.pop()
            elif not name:  # a//b, or an absolute path after the prefix
                return None
            elif name != ".":
                names.append(name)
        names.append(last)
        # a backslash separates on some systems, and is part of a name on others: nobody needs it in a URL
        return None if any("\0" in name or "\\" in name for name in names) else names

    def _represent(self, fd: int, name: str, coding: str) -> Representation | None:
        """Return the open file as the representation of name, None (and closed) when it is no regular file."""
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            return None
        mediaType = TYPES.get(os.path.splitext(name)[1].lower(), "application/octet-stream")
        if mediaType.startswith("text/"):
            mediaType += "; charset=UTF-8"
        # The time of change too: build tools give all files one time of modification, and two builds of one size
        # would share a tag.
        state = f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}"
        return Representation(
            filelike=io.FileIO(fd, "rb"),
            size=status.st_size,
            mediaType=mediaType,
            coding=coding,
            validators=Validators(f'"{state}-{coding}"' if coding else f'"{state}"', status.st_mtime_ns // 10**9),
        )


def openBelow(root: str, names: Sequence[str]) -> int | None:
    """Open what lies at names below the directory root for reading; return its descriptor, None when it is missing.

    names are plain: no slash, no dot segment; empty ones are skipped. Symbolic links are followed as long as the end
    of them lies below root. No exchange of a directory for a link at the wrong moment leads out: the resolved path
    is walked name by name, and the walk follows no link. Raises OSError for what is no answer about the file, like
    being out of descriptors.
    """
    try:
        try:
            return _walk(root, names)
        except OSError as ex:  # PERF: mostly there is no link, and then nothing needs resolving (5 us against 24)
            if ex.errno not in (errno.ELOOP, errno.EMLINK, errno.ENOTDIR):
                raise
        top = os.path.realpath(root)
        real = os.path.realpath(os.path.join(top, *names))
        if os.path.commonpath((top, real)) != top:
            return None
        return _walk(top, os.path.relpath(real, top).split("/"))
    except OSError as ex:
        if ex.errno in MISSING:
            return None
        raise
    except UnicodeEncodeError:  # a name that the file system's encoding cannot say
        return None


def _walk(root: str, names: Sequence[str]) -> int:
    """Open names below root one after the other, no link followed; raises OSError where that fails."""
    fd = os.open(root, DIRECTORY)
    *folders, last = [name for name in names if name] or ["."]
    for name, flags in [*((folder, DIRECTORY) for folder in folders), (last, FILE)]:
        try:
            below = os.open(name, flags | os.O_NOFOLLOW, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd
