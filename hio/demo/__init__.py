"""The built-in demo: a Falcon REST resource, and a web page that uses it.

`hio demo` serves it; `hio serve "hio.demo:makeApp()"` does the same through the common door.
"""

from .noting import makeApp

__all__ = ("makeApp",)
