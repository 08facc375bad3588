"""HTTP servers: a WSGI application, or a Steward for each connection, served turn by turn from inside one loop.

Server (WsgiServer)   WSGI: each request that is complete goes to the application, one Responder a connection
ServerDoer            services either server from a Doist
openServer            context manager for tests

The front door of the server side. Elsewhere: keeping.py has the life of a connection, requesting.py takes requests
in, responding.py frames what the application gives, stewarding.py serves without WSGI, sinking.py serves files.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any, Protocol, Self, TypeVar, overload
from wsgiref.types import WSGIApplication, WSGIEnvironment

from ... import help
from ...help.helping import typed
from ...help.hicting import Hict
from .. import tcp
from ..tcp.deadlining import Never
from ..tcp.netting import Address
from ..tcp.remoting import Remoter
from ..tcp.securing import Secured
from ..wiring import WireLog
from ..tcp.servicing import opening
from .attesting import attest
from .framing import NOTHING
from .heading import HTTP_11, RequestHead
from .httping import CR, CRLF, LF
from .keeping import Keeper, RoundBudget
from .naming import again, environKey
from .planning import SERVER
from .requesting import ANSWER, GONE, Requestant
from .responding import Responder
from .sinking import StaticSink
from .stewarding import BareServer, CustomResponder, Steward
from .targeting import unquotePath

__all__ = [
    "CR", "CRLF", "LF", "BareServer", "CustomResponder", "FileWrapper", "Requestant", "Responder", "Server",
    "ServerDoer", "StaticSink", "Steward", "WsgiServer", "logger", "openServer",
]

logger = help.ogler.getLogger()

#: Items of one iterable that are taken in one turn at the most, when the root resumes the server at once.
ItemBudget = 16


S = TypeVar("S", bound=Keeper)


@overload
def openServer(cls: None = None, **kwa: Any) -> AbstractContextManager[Server]: ...


@overload
def openServer(cls: type[S], **kwa: Any) -> AbstractContextManager[S]: ...


def openServer(cls: Any = None, **kwa: Any) -> AbstractContextManager[Any]:
    """Open a Server, or one of class cls made with kwa, for the length of a with block.

    Usage:
        with openServer(port=0, app=app) as server:
            server.service()
    """
    return opening((cls or Server)(**kwa))


class Readable(Protocol):
    """A file-like object, as far as a FileWrapper needs it."""

    def read(self, size: int, /) -> bytes:
        """Return at most size bytes, b"" at the end."""
        ...


class FileWrapper:
    """The wsgi.file_wrapper of PEP 3333: an iterable over the pieces of a file-like object.

    Attributes:
        filelike: what is read; its close, if any, is called by close().
        blksize (int): bytes of one piece.
    """

    def __init__(self, filelike: Readable, blksize: int = 65536) -> None:
        self.filelike = filelike
        self.blksize = blksize

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        data = self.filelike.read(self.blksize)
        if not data:
            raise StopIteration
        return data

    def onDisk(self) -> tuple[int, int, int] | None:
        """Return (descriptor, offset, bytes) of what is left of a file of the system, else None: read it."""
        filelike = self.filelike
        raw: object = filelike.raw if isinstance(filelike, io.BufferedReader) else filelike
        if not isinstance(raw, io.FileIO):  # what a GzipFile holds, say, is not what it gives
            return None
        try:
            return raw.fileno(), filelike.tell(), sys.maxsize  # type: ignore[attr-defined]  # both classes can
        except (OSError, ValueError):  # a pipe; closed
            return None

    def skip(self, count: int) -> None:
        """Go on count bytes later."""
        assert isinstance(self.filelike, (io.FileIO, io.BufferedReader))
        self.filelike.seek(count, os.SEEK_CUR)

    def close(self) -> None:
        """Close the file-like object."""
        close = getattr(self.filelike, "close", None)
        if close is not None:
            close()


def cgi(headers: Hict | None) -> WSGIEnvironment:
    """Return the entries that an environ has for headers (RFC 3875, 4.1.18); None: none.

    Raises BadHeader for a field that came twice and must not.
    """
    environ: WSGIEnvironment = {}
    for name, value in (headers or Hict()).items():
        key = environKey(name)
        if key and key != "HTTP_TRANSFER_ENCODING":
            environ[key] = again(key, environ[key], value) if key in environ else value
    return environ


class Server(Keeper):
    """A WSGI server.

    Parameters:
        name (str): for people.
        app: WSGI application (PEP 3333).
        reqs, reps (dict): to use for .reqs and .reps, cleared; None: new ones.
        servant: tcp.Server or tcp.ServerTls to use; None: one is made.
        bufsize (int): bytes that one read takes at the most.
        wl: WireLog for all traffic, or None.
        ha, host, port: where to listen: ha (host, port), or the path of a UNIX-domain socket; None: (host, port), with
            host "" for every IPv4 address, port 0 for any free one and None for 80, or 443 with TLS.
        eha: not used.
        scheme (str): "https" for TLS, else plain.
        tymeout (float): seconds of tyme for which a connection may be idle between requests; None: Tymeout; 0.0: for
            ever.
        limits (Limits): all other limits and tymeouts; None: the defaults.
        clock: callable that answers seconds since the epoch for the Date field; None: the wall clock.
        kwa: for the servant: tymth, net, context, keypath, certpath, ...

    Attributes:
        reqs (dict): ca -> Requestant. reps (dict): ca -> Responder of the latest request.
        servant, scheme, secured, limits: see Keeper.

    Raises:
        ValueError, TypeError: parameters that contradict each other or are no such thing; names the value.
    """

    def __init__(
        self,
        name: str = "hio.wsgi.server",
        app: WSGIApplication | None = None,
        reqs: dict[Address, Requestant] | None = None,
        reps: dict[Address, Responder] | None = None,
        servant: tcp.Server | None = None,
        bufsize: int = 8096,
        wl: WireLog | None = None,
        ha: Address | None = None,
        host: str = "",
        port: int | None = None,
        eha: Address | None = None,
        scheme: str = "",
        tymeout: float | None = None,
        **kwa: Any,
    ) -> None:
        if app is not None and not callable(app):
            raise TypeError(f"app must be a WSGI application, got {app!r}")
        self.app: WSGIApplication = app  # type: ignore[assignment]  # None: to be set before a request comes
        self.reps: dict[Address, Responder] = typed("reps", reps, dict) if reps is not None else {}
        self.reps.clear()
        self.eager: list[Requestant] = []  # whose response gave an item and can give the next at once
        self.waiting: dict[Requestant, None] = {}  # whose application had nothing to say yet; asked at the next tick
        self.asked: float | None = None  # tyme at which those were asked
        super().__init__(name=name, reqs=reqs, servant=servant, bufsize=bufsize, wl=wl, ha=ha, host=host, port=port,
                         eha=eha, scheme=scheme, tymeout=tymeout, **kwa)
        self.template = self.buildTemplate()
        self.told: Address | None = None  # where the servant listened when the template was told

    # -- opening and closing ------------------------------------------------------------------------------

    def make(self, **kwa: Any) -> tcp.Server:
        """Return the servant for these parameters."""
        servant = super().make(**kwa)
        servant.refreshable = False  # PERF: the turn notes when a connection moved, not each read and write
        return servant

    def closeAll(self) -> None:
        """Close every connection, breaking off what is being answered."""
        super().closeAll()
        self.eager.clear()
        self.waiting.clear()

    def rest(self, tock: float = 0.0) -> float:
        """Return what a doer of this server may yield: its Watch when the root will wake it, else tock."""
        watch = self.servant.watch
        if super().rest(tock) is not watch or self.waiting:
            return tock  # an application that said nothing yet is asked every tick
        if self.eager:
            watch.wake()
        return watch

    # -- requests -----------------------------------------------------------------------------------------

    def buildTemplate(self) -> WSGIEnvironment:
        """Return what the environ of every request has in common (PEP 3333; RFC 3875)."""
        return {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "",
            "SERVER_PORT": "",
            "SERVER_SOFTWARE": SERVER,
        }

    def locate(self) -> None:
        """Have the template tell where the servant listens, which whoever holds the servant may have opened anew."""
        eha = self.told = self.servant.eha
        # On a path there is neither, and PEP 3333 wants both: what a client without a Host field would mean
        host, port = eha if isinstance(eha, tuple) else ("localhost", 443 if self.secured else 80)
        self.template |= {"SERVER_NAME": host, "SERVER_PORT": str(port), "wsgi.errors": sys.stderr}

    def buildEnviron(self, requestant: Requestant) -> WSGIEnvironment:
        """Return the environ of a request that is complete, a dict of its own.

        Beside what PEP 3333 wants: RAW_URI, the target as received; REMOTE_PORT; wsgi.input_terminated; hio.remoter,
        the connection, whose .broken tells that nobody will get the answer; with TLS, what attest() tells.
        """
        head: RequestHead = requestant.head  # type: ignore[assignment]  # PERF: it is complete, so not asked
        remoter = requestant.remoter
        environ = requestant.environ
        if "wsgi.version" not in environ:  # answered, or parsed by somebody else
            environ = self.template | requestant.template | cgi(requestant.headers)
        ca = remoter.ca
        environ["REQUEST_METHOD"] = head.method
        environ["PATH_INFO"] = unquotePath(head.path) if "%" in head.path else head.path
        environ["QUERY_STRING"] = head.query
        environ["RAW_URI"] = head.target
        environ["SERVER_PROTOCOL"] = "HTTP/1.1" if head.version is HTTP_11 else "HTTP/1.0"
        environ["REMOTE_ADDR"] = ca[0]
        environ["REMOTE_PORT"] = str(ca[1])
        environ["wsgi.input"] = BytesIO() if requestant.framing_ is NOTHING else requestant.whole()
        environ["hio.remoter"] = remoter
        return environ

    def welcome(self, ix: Remoter) -> None:
        """Make the Requestant of a new connection."""
        if self.told is not self.servant.eha:
            self.locate()
        template = self.template | attest(ix) if isinstance(ix, Secured) else self.template
        req = Requestant(remoter=ix, limits=self.limits, template=template, spooled=True)
        self.adopt(req, ix)

    def admit(self, req: Requestant) -> None:
        """Make or reset the Responder of a request that is complete, to be stepped in this turn."""
        environ = self.buildEnviron(req)
        rep: Responder | None = req.responder
        ix = req.remoter
        chunkable = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        persisted = req.persisted and (not (req.closed or self.retiring) or len(ix.rxbs) > 0)  # others wait behind it
        ix.corked = len(ix.rxbs) > 0  # answers to pipelined requests leave together
        if rep is None:
            rep = Responder(ix, self.app, environ, chunkable, persisted=persisted, dater=self.dater)
            req.responder = self.reps[ix.ca] = rep
        else:
            rep.reset(environ, chunkable, persisted)
            req.later = True
        self.eager.append(req)

    def forget(self, req: Requestant) -> None:
        """Drop what is kept of a connection that was closed; what it was being answered is broken off."""
        if req.phase is not GONE:
            super().forget(req)
            self.waiting.pop(req, None)
            rep: Responder | None = req.responder
            req.responder = None
            if rep is not None:
                if not rep.ended:
                    rep.close()
                rep.failure = None  # its traceback leads back to rep
                if self.reps.get(req.remoter.ca) is rep:
                    del self.reps[req.remoter.ca]

    # -- responses ----------------------------------------------------------------------------------------

    def serviceReps(self) -> None:
        """Step each response that can go on by one item; those with nothing to say yet are asked again."""
        self.ask()
        self.step()

    def ask(self) -> None:
        """Have those asked again that had nothing to say: once a tick under a root, each time by hand."""
        if self.waiting and (self.root is None or self.asked != self.now):
            self.asked = self.now
            self.eager.extend(self.waiting)
            self.waiting.clear()

    @property
    def root(self) -> Any:
        """The Doist that this server runs under, None by hand."""
        return getattr(self.servant.tymth, "root", None)

    def step(self) -> None:
        """Take one item of each response that is eager to give one."""
        eager, self.eager = self.eager, []
        journal = self.journal
        for req in eager:
            rep: Responder | None = req.responder
            if rep is not None and req.phase is ANSWER:
                rep.service()
                if rep.ended:
                    if journal is not None:
                        journal.answered(req, rep)
                    if rep.aborted:
                        self.brokenOff(req, rep)
                    else:
                        head: RequestHead = req.head  # type: ignore[assignment]  # PERF: answered, so there is one
                        rep.environ = req.environ = head.environ = {}  # PERF: 1 KB less while idle
                        if req._body:
                            req._body = bytearray()  # up to Limits.spool bytes less while idle
                        self.answered(req, rep.persisted)
                else:
                    if journal is not None:
                        journal.ongoing(req)
                    if rep.gave:
                        self.more(req, rep)
                    elif not getattr(rep.iterator, "parked", False):
                        self.waiting[req] = None

    def rouse(self, req: Requestant) -> None:
        """Go on at once with a response whose iterator parked itself, and has something to say by now.

        An iterator that yields empty items is asked again at every tick. One that knows better sets an attribute
        .parked to True before it does, and has this called, in this thread, when there is something. Nothing happens if
        it is not parked, or if its response is over.
        """
        rep: Responder | None = req.responder
        iterator: Any = rep.iterator if rep is not None else None
        if rep is not None and getattr(iterator, "parked", False):
            iterator.parked = False
            if req.phase is ANSWER and not rep.ended:
                self.eager.append(req)
                self.servant.watch.wake()

    def dismiss(self, req: Requestant) -> None:
        """Have a response be the last if it can still say so; an event stream ends now, in good order."""
        rep: Responder | None = req.responder
        if rep is None:
            return
        if not rep.headed:
            rep.persisted = rep.persisted and len(req.remoter.rxbs) > 0
        if rep.dismiss():
            req.cause = "server retired"
            self.waiting.pop(req, None)
            if req not in self.eager:
                self.eager.append(req)

    def more(self, req: Requestant, rep: Responder) -> None:
        """A response gave an item and has not ended: it goes on unless the peer has enough to take."""
        ix = req.remoter
        if len(ix.txbs) >= self.limits.txMark:
            size = len(ix.txbs)
            ix.serviceSends()
            if ix.txbs and len(ix.txbs) < size:
                self.arm(req, self.limits.stallTymeout)
        if len(ix.txbs) >= self.limits.txMark:
            req.blocked = True
            if req.due == Never:
                self.arm(req, self.limits.stallTymeout)
        else:
            self.eager.append(req)

    def unblocked(self, req: Requestant) -> None:
        """The peer took enough for the application to go on."""
        if req.phase is ANSWER:
            self.eager.append(req)
            self.servant.watch.wake()

    def brokenOff(self, req: Requestant, rep: Responder) -> None:
        """End a connection whose response is not whole, so that the peer can tell."""
        if rep.chunked or rep.length is not None:
            req.persisted = False
            self.conclude(req)  # an end mark is missing: an orderly end shows it
        elif not req.later:
            req.remoter.serviceSends()
            self.cut(req)  # a body that only the end of the connection ends
        else:
            req.doomed = True  # the same, once the peer has had tyme to take the answers before it
            self.conclude(req)

    def serviceAnswers(self) -> None:
        """Parse and answer: pipelined requests in order, one item of each response that is under way.

        Under a root, which resumes this server at once anyway, up to ItemBudget items of a response in one turn.
        """
        if self.fed:
            self.serviceReqs()
        if self.eager or self.waiting:
            self.serviceReps()
        rounds = RoundBudget
        while self.fed and rounds:
            rounds -= 1
            eager, self.eager = self.eager, []  # those had their item
            self.serviceReqs()
            self.step()
            self.eager[:0] = eager
        if self.eager and self.root is not None:
            for _ in range(ItemBudget):
                self.step()


WsgiServer = Server


class ServerDoer(tcp.ServerDoer):
    """Services an HTTP server: opens it on entering, services it each turn, closes it on exit.

    Between turns it rests until a socket is ready or a tymeout is due, so an idle server costs nothing.

    Parameters:
        server: Server or BareServer.
    """
