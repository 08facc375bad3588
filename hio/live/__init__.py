"""See what a Doist is doing: a page, the same as text, and the same on a signal.

Live            WSGI app with the page, its data and its events                       (app)
Observer        counts turns and requests while somebody looks, and costs nothing else  (observing)
picture         what an observer sees, as plain data                                  (picturing)
render          a picture as text                                                     (texting)
dumpOnSignal    has that text written when a signal comes                             (dumping)
top             hio top: that text from a URL, again and again                        (topping)
"""

from __future__ import annotations

from .app import Live
from .dumping import dumpOnSignal
from .observing import Observer
from .picturing import picture
from .texting import render

__all__ = ["Live", "Observer", "dumpOnSignal", "picture", "render"]
