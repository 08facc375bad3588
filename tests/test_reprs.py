"""Whatever may stand in a log or a debugger tells its state."""

from __future__ import annotations

import ssl

import pytest

from hio.base.doing import DoDoer, Doer, Doist
from hio.base.filing import Filer
from hio.base.polling import OsPoller
from hio.base.tyming import Tymee, Tymer, Tymist
from hio.core import http, tcp
from hio.core.http.addressing import parseUrl
from hio.core.http.answerheading import parseResponseHead
from hio.core.http.answering import Respondent
from hio.core.http.composing import Requester
from hio.core.http.eventing import EventSource
from hio.core.http.framing import BodyReader, Framing, Kind
from hio.core.http.jarring import CookieJar
from hio.core.http.planning import plan
from hio.core.http.requesting import Requestant
from hio.core.http.stewarding import Steward
from hio.core.tcp.deadlining import Deadlines
from hio.core.tcp.tlsing import TlsFilter
from hio.help.timing import Timer
from hio.sim import SimNet


def jar() -> CookieJar:
    """Return a jar with a cookie in it, whose value is nobody's business."""
    jar = CookieJar(clock=lambda: 0.0)
    jar.take(parseUrl("http://a.example/"), ["name=secret"])
    return jar


@pytest.mark.parametrize(("thing", "told"), [
    (Tymist(tyme=1.0, tock=0.5), "<Tymist tyme=1.0 tock=0.5>"),
    (Tymee(), "<Tymee tyme=None>"),
    (Tymer(duration=2.0), "<Tymer start=0.0 stop=2.0 tyme=None>"),
    (Timer(duration=2.0, start=1.0), "<Timer start=1.0 stop=3.0>"),
    (Doer(tock=0.25), "<Doer tyme=None tock=0.25 done=None>"),
    (DoDoer(doers=[Doer()]), "<DoDoer tyme=None doers=1 deeds=0>"),
    (Doist(name="x"), "<Doist 'x' tyme=0.0 deeds=0 done=None>"),
    (Filer(reopen=False), "<Filer 'main' opened=False path=None>"),
    (OsPoller(), f"<{OsPoller.__name__} sockets=0 woken=0>"),
    (Deadlines(), "<Deadlines things=0 next=None>"),
    (tcp.Server(host="127.0.0.1", port=80, net=SimNet()), "<Server ('127.0.0.1', 80) opened=False ixes=0>"),
    (tcp.Client(ha=("127.0.0.1", 80), net=SimNet()), "<Client ('127.0.0.1', 80) rx=0 tx=0 closed>"),
    (TlsFilter(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), server=True),
     "<TlsFilter established=False notified=False failure=None>"),
    (http.Server(host="127.0.0.1", port=80, net=SimNet()),
     "<Server <Server ('127.0.0.1', 80) opened=False ixes=0> reqs=0>"),
    (http.BareServer(host="127.0.0.1", port=80, net=SimNet()),
     "<BareServer <Server ('127.0.0.1', 80) opened=False ixes=0> reqs=0>"),
    (http.Client(hostname="127.0.0.1", port=80, net=SimNet()),
     "<Client http://127.0.0.1 requests=0 out=0 <Client ('127.0.0.1', 80) rx=0 tx=0 closed>>"),
    (http.Pool(net=SimNet()), "<Pool origins=0 connections=0 idle=0 waiting=0>"),
    (Requester(hostname="a", path="/b"), "<Requester GET '/b' to http://a>"),
    (Requestant(), "<Requestant request without a head NONE IDLE>"),
    (Respondent(), "<Respondent None NONE>"),
    (Steward(remoter=tcp.Remoter()), "<Steward <Requestant request without a head NONE IDLE> waited=False>"),
    (parseResponseHead(b"HTTP/1.1 200 OK\r\nA: b"), "<ResponseHead 200 (1, 1) fields=1>"),
    (BodyReader(Framing(Kind.LENGTH, 3), bytearray().extend), "<BodyReader LENGTH size=0 left=3 complete=False>"),
    (plan("200 OK", [("Content-Length", "3")]), "<Plan '200 OK' fields=2 length=3>"),
    (EventSource(), "<EventSource leid=None retry=None events=0 ended=None>"),
    (jar(), "<CookieJar domains=1 cookies=1>"),
], ids=lambda thing: thing if isinstance(thing, str) else type(thing).__name__)  # fmt: skip
def test_an_object_tells_its_state(thing: object, told: str) -> None:
    assert repr(thing) == told
