"""Servers with a journal, in tyme that only a test advances, and access logs that write to memory."""

from __future__ import annotations

import logging

import pytest

from hio.serve.accessing import AccessLog
from hio.serve.journaling import Journal
from tests.core.http.apps import hello
from tests.core.http.driving import EPOCH, Rig
from tests.serve.rigging import Kept, Told


@pytest.fixture
def rigs():
    made = []

    def make(app=hello, journal=None, **kwa):
        rig = Rig(app, **kwa)
        made.append(rig)
        rig.sink = Kept()
        clock = dict(clock=lambda: rig.tymist.tyme, wall=lambda: EPOCH + rig.tymist.tyme)
        rig.journal = Journal([rig.sink], name="n", **clock) if journal is None else journal(**clock)
        rig.server.journal = rig.journal
        return rig

    yield make
    for rig in made:
        rig.close()


@pytest.fixture
def access(monkeypatch):
    """Return what makes access logs, whose handlers are taken away again."""
    logger = logging.getLogger("hio.access")
    monkeypatch.setattr(logger, "handlers", [])  # pytest puts some of its own there
    logs = []

    def make(form):
        log = AccessLog(Told(), form)
        logger.handlers.clear()
        log.open()
        logs.append(log)
        return log

    yield make
    for log in logs:
        log.close()
