"""Fixtures for tests of what writes below heads."""

from __future__ import annotations

import os

import pytest

from hio.base.filing import Filer


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Heads for this test alone: var to write to, home to fall back on, tmp, and one that is forbidden."""
    for head in ("var", "home", "tmp"):
        (tmp_path / head).mkdir()
    (tmp_path / "file").touch()  # nothing can be made below a file, whoever tries
    monkeypatch.setattr(Filer, "HeadDirPath", str(tmp_path / "var"))
    monkeypatch.setattr(Filer, "AltHeadDirPath", str(tmp_path / "home"))
    monkeypatch.setattr(Filer, "TempHeadDir", str(tmp_path / "tmp"))
    old = os.umask(0o022)
    yield tmp_path
    os.umask(old)


@pytest.fixture
def forbidden(world):
    """A head at which nothing can be made."""
    return str(world / "file" / "hio")
