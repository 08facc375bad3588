"""Make TLS the same in each run of one seed.

TlsChance   while it is started, OpenSSL draws from the dice of a run, and servers send no session tickets

What OpenSSL draws, keys and randoms, decides every byte of a TLS connection. OpenSSL lets a program replace the method
by which it draws (RAND_set_rand_method), and Python's ssl module does not hand that on, so this goes through ctypes.
Where that cannot be had (a Python that hides its OpenSSL) TLS works as ever, only not the same each time.

Session tickets carry the time of the machine in seconds, so a server sends none in a simulation, and each connection
makes a whole handshake. Certificates are judged by the machine's date. Two versions of OpenSSL draw differently: a run
with TLS is the same only where OpenSSL is.
"""

from __future__ import annotations

import ctypes
import os
import ssl
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

_BYTES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_STATUS = ctypes.CFUNCTYPE(ctypes.c_int)


class _Method(ctypes.Structure):
    """RAND_METHOD of OpenSSL, as its header openssl/rand.h has it since version 1.0."""

    _fields_ = [
        ("seed", ctypes.c_void_p),
        ("bytes", _BYTES),
        ("cleanup", ctypes.c_void_p),
        ("add", ctypes.c_void_p),
        ("pseudorand", _BYTES),
        ("status", _STATUS),
    ]


@cache
def library() -> Any:
    """Return the OpenSSL that the ssl module uses; None when it cannot be had."""
    try:
        import _ssl

        found = ctypes.CDLL(_ssl.__file__)
        found.RAND_get_rand_method.restype = ctypes.c_void_p
        found.RAND_set_rand_method.argtypes = [ctypes.c_void_p]
    except (ImportError, OSError, AttributeError):
        return None
    return found


class TlsChance:
    """What OpenSSL draws from while it is started.

    Parameters:
        draw: called with a count of bytes, returns them.

    Attributes:
        able (bool): whether OpenSSL could be made to draw from it.
    """

    def __init__(self, draw: Callable[[int], bytes]) -> None:
        self.draw = draw
        self.able = library() is not None
        self.thread = 0
        self.real = os.urandom  # for other threads, and before anybody serves it from a seed
        self.before: int | None = None
        self.tamed: dict[ssl.SSLContext, tuple[int, int]] = {}
        self.method = _Method(None, _BYTES(self._fill), None, None, _BYTES(self._fill), _STATUS(lambda: 1))

    def start(self) -> None:
        """Have OpenSSL draw from here."""
        self.thread = threading.get_ident()
        if self.able:
            self.before = library().RAND_get_rand_method()
            library().RAND_set_rand_method(ctypes.addressof(self.method))

    def stop(self) -> None:
        """Have OpenSSL draw as before, and contexts do what they did."""
        if self.able:
            library().RAND_set_rand_method(self.before)
        for context, (tickets, options) in self.tamed.items():
            context.num_tickets = tickets
            context.options = ssl.Options(options)
        self.tamed.clear()

    def tame(self, context: ssl.SSLContext) -> None:
        """Have a server's context send no session tickets."""
        if context not in self.tamed:
            self.tamed[context] = (context.num_tickets, context.options)
            context.num_tickets = 0
            context.options |= ssl.OP_NO_TICKET

    def _fill(self, buffer: int, count: int) -> int:
        """Put count bytes where buffer points to; OpenSSL wants 1 for done."""
        draw = self.draw if threading.get_ident() == self.thread else self.real
        ctypes.memmove(buffer, draw(count), count)
        return 1
