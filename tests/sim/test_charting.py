"""The page that shows a trace: what is put into it. tests/browser/test_chart.py looks at it in a browser."""

from __future__ import annotations

import json
import re

import pytest

from hio.sim import Event, Sim
from hio.sim.charting import SHOWN, chart, label

from tests.sim.playing import dial, give, serve, take

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def facts(page):
    """Return what a page holds."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def event(serial, kind="send", host="a", peer="b", data=b"", note="", **kwa):
    """Return an event."""
    fields = {"tyme": serial / 8, "connection": 1, "way": ">", "segment": serial} | kwa
    return Event(serial=serial, kind=kind, host=host, peer=peer, data=data, note=note, **fields)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ""),
        (b"GET /prices?x=1 HTTP/1.1\r\nHost: shop\r\n\r\n", "GET /prices?x=1"),
        (b"POST / HTTP/1.0\r\n\r\nhello", "POST /"),
        (HEAD, "200 OK"),
        (b"HTTP/1.1 404 \r\n\r\n", "404"),
        (HEAD + HEAD.replace(b"200 OK", b"503 Service Unavailable"), "200 OK, 503 Service Unavailable"),
        (HEAD * 5, "200 OK, 200 OK, 200 OK and 2 more"),
        (b"0\r\n\r\n" + HEAD, "200 OK"),
        (b"nothing in particular", ""),
        (b"xGET / HTTP/1.1\r\n", ""),
        (b"GET / HTTP/1.1", ""),  # not yet whole
        (b"\x16\x03\x01\x02\x00\x01", "TLS handshake"),
        (b"\x17\x03\x03\x00\x20", "TLS data"),
        (b"\x16\x03", ""),
    ],
)
def test_label_says_what_a_segment_carries(data, words):
    assert label(data) == words


def test_page_holds_hosts_and_events_of_a_run():
    def client(host):
        sock = yield from dial(host)
        yield from give(sock, b"GET / HTTP/1.1\r\n\r\n")
        host.note((yield from take(sock)).decode())
        sock.close()

    def talk(host, sock):
        yield from take(sock)
        yield from give(sock, HEAD)
        sock.close()

    def make():
        sim = Sim(3, oracles=False, latency=0.01)
        sim.host("server", serve(talk))
        sim.client("client", client)
        sim.run()
        return chart(sim.trace, title="one", verdict="none"), sim

    page, sim = make()
    held = facts(page)
    assert (held["title"], held["verdict"], held["dropped"]) == ("one", "none", 0)
    assert held["hosts"] == ["server", "client"]
    assert [each[0] for each in held["events"]] == list(range(len(sim.trace)))
    sends = [each for each in held["events"] if each[2] == "send"]
    assert [(each[3], each[4], each[8]) for each in sends] == [(1, 0, "GET /"), (0, 1, "200 OK")]
    assert make()[0] == page  # one seed, one page


def test_nothing_in_a_trace_ends_the_script():
    page = chart([event(0, data=b"</script><script>alert(1)//", note="<!-- </script>")], title="</script><b>")
    assert page.count("</script>") == chart([]).count("</script>")
    assert facts(page)["events"][0][10].startswith("</script>") and facts(page)["title"] == "</script><b>"


def test_page_needs_nothing_else():
    assert not re.search(r"""(src|href)=["']|https?://|@import|url\(""", chart([]))


def test_of_many_events_the_last_are_kept():
    events = [event(0, "start", peer="", connection=0), event(1, "start", "b", "", connection=0)]
    events += [event(2, "stop", "b", "", connection=0)]
    events += [event(serial, data=b"x" * 3000) for serial in range(3, 20)]
    held = facts(chart(events, limit=5))
    assert [each[0] for each in held["events"]] == [15, 16, 17, 18, 19] and held["dropped"] == 15
    assert held["up"] == ["a"]
    assert held["events"][0][7] == 3000 and len(held["events"][0][10]) == SHOWN


def test_a_trace_without_events_is_a_page_too():
    assert facts(chart([])) == {
        "title": "Simulation", "verdict": "", "dropped": 0, "hosts": [], "up": [], "events": [],
    }  # fmt: skip
