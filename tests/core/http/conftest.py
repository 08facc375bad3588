"""Fixtures for tests of whole HTTP servers, driven by hand in tyme that only the test advances."""

from __future__ import annotations

import logging

import pytest

from hio.core.http.serving import BareServer, logger
from hio.sim import SimNet
from tests.core.http.apps import hello
from tests.core.http.driving import IDLE, LIMITS, Rig
from tests.core.http.scripting import Stage
from tests.core.http.sinktree import makeClient, plant

KINDS = {"wsgi": {"app": hello}, "bare": {"kind": BareServer}}


@pytest.fixture
def net():
    """The network that rigs and peers are on. osNet would do as well; what meets the kernel has a folder of its own."""
    return SimNet()


@pytest.fixture
def rigs(net):
    """Make rigs, closed in the end: rigs(app, **kwa)."""
    made = []

    def make(app=None, **kwa):
        made.append(Rig(app, net=kwa.pop("net", net), **kwa))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


@pytest.fixture(params=KINDS)
def kind(request):
    """Parameters of a rig, for either kind of server."""
    return {"limits": LIMITS, "tymeout": IDLE, **KINDS[request.param]}


@pytest.fixture
def stage():
    """A network with servers at ports 8000 and 8001 that say what the test has them say."""
    stage = Stage(8000, 8001)
    yield stage
    stage.close()


@pytest.fixture
def client(stage):
    """A client of the server at port 8000."""
    return stage.client()


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """A web directory with all sorts of things in it, which no test changes."""
    return plant(tmp_path_factory.mktemp("sink"))


@pytest.fixture(scope="session")
def visitor(tree):
    """A client of a StaticSink that serves tree."""
    return makeClient(tree)


class Records(logging.Handler):
    """Keeps what hio logs.

    Attributes: records (list[logging.LogRecord]). causes: the exceptions of those with a traceback. text: all messages.
    """

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)

    @property
    def causes(self):
        return [record.exc_info[1] for record in self.records if record.exc_info and record.levelno == logging.ERROR]

    @property
    def text(self):
        return "\n".join(record.getMessage() for record in self.records)


@pytest.fixture
def logged():
    """What hio logs during the test."""
    handler = Records()
    level, handlers = logger.level, logger.handlers[:]
    logger.handlers[:] = [handler]  # and nothing on the console
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.handlers[:] = handlers
    logger.setLevel(level)
