"""Extension of griffe, which reads the docstrings for mkdocstrings: has it see them as Markdown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import griffe

sys.path.insert(0, str(Path(__file__).parent.parent))  # griffe loads this file by its path

from tools.docstrings import asMarkdown


class Docstrings(griffe.Extension):
    """Has griffe see each docstring as Markdown."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Take note of what was just read."""
        if obj.docstring is not None:
            obj.docstring.value = asMarkdown(obj.docstring.value)
