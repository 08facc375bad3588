"""Byte streams over TCP and UNIX-domain sockets, plain and over TLS: servants, their Remoters, clients, and the network
seam."""

from . import clienting, serving, tcping
from .clienting import Client, ClientDoer, ClientTls, openClient
from .serving import EchoServerDoer, Remoter, RemoterTls, Server, ServerDoer, ServerTls, openServer

__all__ = [
    "Client", "ClientDoer", "ClientTls", "EchoServerDoer", "Remoter", "RemoterTls", "Server", "ServerDoer", "ServerTls",
    "clienting", "openClient", "openServer", "serving", "tcping",
]
