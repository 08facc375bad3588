"""Whatever of a server may stand in a log or a debugger tells its state."""

from __future__ import annotations

import socket

import pytest

from hio.serve.accessing import AccessLog
from hio.serve.configuring import load
from hio.serve.crewing import Crew
from hio.serve.journaling import CountJournal, Journal
from hio.serve.measuring import Ledger, Meter
from hio.serve.mounting import Mounts
from hio.serve.offloading import Answer
from hio.serve.prefacing import Caller
from hio.serve.supervising import Supervisor
from hio.serve.talking import Channel
from hio.serve.trusting import Trust
from hio.serve.working import Worker
from hio.serve.writing import LineHandler
from tests.core.http.apps import hello

LOG = "<LineHandler 'a.log' kept=0 dropped=0 failure=None>"


@pytest.mark.parametrize(("thing", "told"), [
    (LineHandler("a.log"), LOG),
    (AccessLog(LineHandler("a.log"), "json"), f"<AccessLog Json {LOG}>"),
    (Crew(None, 2), "<Crew size=2 members=0 generation=0 status=None>"),
    (Journal(), "<Journal entries=0 count=0 sinks=0>"),
    (CountJournal(), "<CountJournal entries=0 count=0 sinks=0>"),
    (Meter(), "<Meter requests=0 received=0 sent=0>"),
    (Ledger(), "<Ledger workers=0 starts=0 deaths=0>"),
    (Mounts([("", "/a", hello), ("b", "", hello)]), "<Mounts {'': ['/a'], 'b': ['']}>"),
    (Answer(print, print), "<Answer size=0 begun=False ended=False cancelled=False>"),
    (Caller(None, ("::1", 80), 2.0), "<Caller ('::1', 80) read=0 due=2.0>"),
    (Trust(["10.0.0.0/8", "unix"]), "<Trust ['10.0.0.0/8', 'unix']>"),
], ids=lambda thing: thing if isinstance(thing, str) else type(thing).__name__)  # fmt: skip
def test_an_object_tells_its_state(thing, told):
    assert repr(thing) == told


def test_a_channel_tells_what_waits():
    near, far = socket.socketpair()
    with far:
        channel = Channel(near)
        channel.rxbs += b"ab"
        assert repr(channel) == "<Channel open=True ended=False rx=2 tx=0>"
        channel.close()
        assert repr(channel).startswith("<Channel open=False")


def test_a_worker_and_a_supervisor_tell_how_far_they_are():
    config = load({"app": "shop:app", "bind": ["127.0.0.1:0"]})
    worker = Worker(config, [], app=hello)
    assert repr(worker) == "<Worker slot=0 ready=False retiring=False servers=0>"
    supervisor = Supervisor(config, lambda: config, print, app=hello)
    try:
        assert repr(supervisor.errors) == "<ErrorLog <LineHandler '' kept=0 dropped=0 failure=None>>"
        assert repr(supervisor) == f"<Supervisor [] {supervisor.crew!r}>"
    finally:
        supervisor.errors.close()
