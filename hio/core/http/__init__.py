"""HTTP/1.1: servers that answer by a WSGI application or by Stewards, and the grammar that both sides share."""

from . import httping, serving
from .erring import HTTPError
from .serving import BareServer, Server, ServerDoer, WsgiServer, openServer

__all__ = ["BareServer", "HTTPError", "Server", "ServerDoer", "WsgiServer", "httping", "openServer", "serving"]
