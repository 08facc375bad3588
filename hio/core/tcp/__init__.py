"""Byte streams over TCP and UNIX-domain sockets: servants, their Remoters, clients, and the network seam."""

from . import clienting, serving, tcping
from .clienting import Client, ClientDoer, openClient
from .remoting import Remoter
from .serving import EchoServerDoer, Server, ServerDoer, openServer

__all__ = [
    "Client", "ClientDoer", "EchoServerDoer", "Remoter", "Server", "ServerDoer", "clienting", "openClient",
    "openServer", "serving", "tcping",
]
