"""HTTP/1.1: servers that answer by a WSGI application or by Stewards, clients, and the grammar that both share."""

from . import clienting, httping, pooling, serving
from .bounding import Bounds
from .calling import gather
from .clienting import Client, ClientDoer, openClient
from .erring import HTTPError
from .pooling import Pool, PoolDoer, openPool
from .serving import BareServer, Server, ServerDoer, WsgiServer, openServer

__all__ = [
    "BareServer", "Bounds", "Client", "ClientDoer", "HTTPError", "Pool", "PoolDoer", "Server", "ServerDoer",
    "WsgiServer", "clienting", "gather", "httping", "openClient", "openPool", "openServer", "pooling", "serving",
]
