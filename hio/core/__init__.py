"""Byte streams, HTTP on top of them, and the wire logs that record both.

tcp, http   the transports and the protocol
wiring      wire logs
coring      names of hosts and their addresses
"""

from . import coring, http, tcp, wiring
from .wiring import WireLog, WireLogDoer, openWL

__all__ = ["WireLog", "WireLogDoer", "coring", "http", "openWL", "tcp", "wiring"]
