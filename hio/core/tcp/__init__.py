"""Byte streams over TCP and UNIX-domain sockets, plain and over TLS: servants, their Remoters, and clients.

Programs need the front doors alone, serving and clienting. Each line rests on those above it:

netting                    the network seam: what a network is asked for, and the operating system's
deadlining                 which of many connections runs out of tyme next
servicing                  what a doer services, whatever it is
streaming                  Stream: what both ends of a connection have in common
accepting                  Acceptor: a listening socket
remoting, servanting       Remoter: one accepted connection; Server: all of them
connecting                 Client: a connection that this side makes, and makes again
certifying, tlsing         TLS: contexts, and a session between two buffers
securing                   what the streams of both sides add for it
tlsserving, tlsclienting   RemoterTls and ServerTls; ClientTls
serving, clienting         the front doors, with their doers
tcping                     Peer: a servant that keeps connections of its own making as well
"""

from . import clienting, serving, tcping
from .clienting import Client, ClientDoer, ClientTls, openClient
from .serving import EchoServerDoer, Remoter, RemoterTls, Server, ServerDoer, ServerTls, openServer

__all__ = [
    "Client", "ClientDoer", "ClientTls", "EchoServerDoer", "Remoter", "RemoterTls", "Server", "ServerDoer", "ServerTls",
    "clienting", "openClient", "openServer", "serving", "tcping",
]
