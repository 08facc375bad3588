"""HEAD and CONNECT through a whole server: the answers are framed in ways of their own (RFC 9110, 9.3.2 and 9.3.6)."""

from __future__ import annotations

import pytest

from hio.core.http.stewarding import BareServer
from tests.core.http.apps import App
from tests.core.http.asking import GET
from tests.core.http.driving import LIMITS


@pytest.mark.parametrize("raw", [
    b"HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"HEAD / HTTP/1.1\r\n: x\r\n\r\n",
    b"HEAD / HTTP/1.1 x\r\nHost: a\r\n\r\n",
    b"HEAD /" + b"a" * 9000,
    b"HEAD / HTTP/1.1\r\nX: a\x00",
    b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
], ids=["host", "field", "line", "long", "byte", "length"])
@pytest.mark.parametrize("one", [False, True], ids=["whole", "bytes"])
def test_refusal_of_a_head_request_has_no_body(rigs, kind, raw, one):
    """RFC 9110, 9.3.2: whatever is wrong with it; and a HEAD behind what is refused changes nothing."""
    rig = rigs(**kind)
    peer = rig.dial().send(*([raw[i : i + 1] for i in range(len(raw))] if one else [raw]))
    rig.until(lambda: peer.gone)
    (answer,) = peer.answers("HEAD")
    assert answer.status in (400, 414) and int(answer["Content-Length"]) > 0 and peer.rx.endswith(b"\r\n\r\n")
    peer = rig.dial().send(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + raw)
    rig.until(lambda: peer.gone)
    (answer,) = peer.answers()
    assert answer.status == 400 and answer.body


def test_late_head_request_has_no_body(rigs, kind):
    rig = rigs(**kind)
    peer = rig.dial().send(b"HEAD / HT")
    rig.wait(LIMITS.headTymeout)
    rig.until(lambda: peer.rx.endswith(b"\r\n\r\n"))
    (answer,) = peer.answers("HEAD")
    assert answer.status == 408 and int(answer["Content-Length"]) > 0


CONNECT = b"CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"


@pytest.mark.parametrize("items", [[b"abc"], [b"a", b"bc"], []])
@pytest.mark.parametrize("length", [True, False])
def test_granted_connect_is_a_tunnel(rigs, items, length):
    """RFC 9110, 9.3.6: neither Content-Length nor chunks, and what the peer sent behind it is no request."""
    size = len(b"".join(items))
    script = {"items": items, "headers": [("Content-Length", str(size))] if length else []}
    app = App(script)
    rig = rigs(app)
    peer = rig.dial().send(CONNECT + GET)
    rig.until(lambda: peer.gone)
    (answer,) = peer.answers("CONNECT")
    assert answer["Content-Length"] is None and answer["Transfer-Encoding"] is None
    assert answer.status == 200 and answer.body == b"".join(items) and len(app.calls) == 1 and peer.ended


def test_granted_connect_of_a_list(rigs):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        return [b"abc"]

    rig = rigs(app)
    for raw in (CONNECT, CONNECT.replace(b"1.1", b"1.0")):
        peer = rig.dial().send(raw + GET)
        rig.until(lambda peer=peer: peer.gone)
        (answer,) = peer.answers("CONNECT")
        assert answer["Content-Length"] is None and answer.body == b"abc" and not answer.chunked


def test_refused_connect_is_the_last_request(rigs):
    """Its sender may have begun with the tunnel, which must not be read as a request."""
    app = App({"items": [b"no"], "status": "405 No", "headers": [("Content-Length", "2")]})
    rig = rigs(app)
    peer = rig.dial().send(CONNECT + GET)
    rig.until(lambda: peer.gone)
    (answer,) = peer.answers("CONNECT")
    assert answer.status == 405 and answer.body == b"no" and answer.closing and len(app.calls) == 1


def test_bare_server_and_connect(rigs):
    rig = rigs(kind=BareServer)
    peer = rig.dial().send(CONNECT + GET)
    rig.until(lambda: peer.gone)
    (answer,) = peer.answers("CONNECT")
    assert answer.status == 200 and answer["Content-Length"] is None and not answer.chunked
    assert peer.rx.count(b"HTTP/1.1 200") == 1
