"""HTTP/1.1: servers that answer by a WSGI application or by Stewards, clients, and the grammar that both share.

Programs need the front doors alone: serving, clienting, pooling, httping, and the names below. Where to look for what,
each line resting on those above it, and server and client on the grammar alone:

grammar, on bytes and text
    statusing                 status codes and their phrases
    faulting, erring          what a peer does wrong, with the status that answers it; what an application raises
    limiting                  what one connection, and one server, may be made to spend
    targeting                 request targets and hosts
    naming, heading           names of fields; heads of requests
    answerheading             heads of responses
    framing                   how a body ends, decided for both sides
    eventing, eventstreaming  server-sent events, taken in and sent
    parsing, staging          what the two parsers have in common
    httping                   the front door: all of it, and single lines, queries and dates

server
    requesting                Requestant: bytes to requests, one after the other
    planning                  status and fields of an application, checked and rendered once
    rendering, responding     its response as bytes; its turns, and what is done when it fails
    retiring                  how a server ends without losing a request
    holding, keeping          connections: how they begin and end; what each turn does
    stewarding                a server without WSGI
    selecting, sinking        static files: conditions, ranges and codings; the files
    attesting, serving        what TLS knows of a connection; the front door, a server that runs a WSGI application

client
    bounding, dicing          what a server may make a client spend; dice for boundaries and waits
    addressing, dating        URLs; dates in cookies
    decoding                  content codings undone
    failing, replying         why there is no whole response; Reply, what became of a request
    answering                 Respondent: bytes to responses
    forming, composing        bodies; Requester, a request as bytes
    redirecting, retrying     what is asked next, and when again
    jarring                   cookies
    calling                   how a doer waits for a response
    channeling                the exchanges over one connection, and over those that follow it
    recording, asking         the requests of a Client, and what becomes of each
    reconnecting, clienting   on which connection; the front door to one server
    fetching, pooling         the requests of a Pool; the front door to many servers
"""

from . import clienting, httping, pooling, serving
from .bounding import Bounds
from .calling import gather
from .clienting import Client, ClientDoer, openClient
from .erring import HTTPError
from .eventstreaming import EventStream, lastEventId, packEvent
from .pooling import Pool, PoolDoer, openPool
from .serving import BareServer, Server, ServerDoer, WsgiServer, openServer

__all__ = [
    "BareServer", "Bounds", "Client", "ClientDoer", "EventStream", "HTTPError", "Pool", "PoolDoer", "Server",
    "ServerDoer", "WsgiServer", "clienting", "gather", "httping", "lastEventId", "openClient", "openPool", "openServer",
    "packEvent", "pooling", "serving",
]
