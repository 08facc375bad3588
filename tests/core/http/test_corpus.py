"""Every request of the corpus, through a whole server: admitted once, or refused with its status and the end."""

from __future__ import annotations

import pytest

from tests.core.http.corpus import CASES, NEIGHBOUR
from tests.core.http.driving import Rig


@pytest.fixture(scope="module")
def keeper():
    """Say what became of a request: the environ of each that the application got."""

    class Witness:
        def __init__(self):
            self.seen = []

        def __call__(self, environ, start_response):
            body = environ["wsgi.input"].read()
            self.seen.append((environ, body))
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]

    return Witness()


@pytest.fixture(scope="module")
def corpusRig(keeper):
    rig = Rig(keeper)
    yield rig
    rig.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_corpus(case, corpusRig, keeper):
    """What the grammar admits reaches the application once; what it refuses gets its status, and the end."""
    rig = corpusRig
    raw = case.raw
    ways = [[raw], [raw, NEIGHBOUR], [raw + NEIGHBOUR]]
    if len(raw) < 400:
        ways.append([raw[i : i + 1] for i in range(len(raw))])
    method = raw.lstrip(b"\r\n").partition(b" ")[0].decode("latin-1")
    for way in ways:
        neighbour = len(way) < 3 and way != [raw]
        keeper.seen.clear()
        peer = rig.dial()
        peer.send(*way)
        if not case.status:
            check(case, neighbour, rig, peer, keeper, method)
        else:
            rig.until(lambda peer=peer: peer.gone)
            assert peer.ended, peer.broken
            answers = peer.answers(method)
            final = [answer for answer in answers if answer.status >= 200]
            assert [answer.status for answer in final] == [case.status]
            assert final[0].whole and final[0].closing
            assert keeper.seen == []
        peer.close()
        rig.peers.remove(peer)
        rig.until(lambda: rig.empty)


def check(case, neighbour, rig, peer, keeper, method):
    """See that an admitted request came whole and once, and its neighbour exactly if the connection lives on."""
    persisted = case.want.get("persisted")
    rig.until(lambda: keeper.seen)
    rig.turn(4)
    environ, body = keeper.seen[0]
    for name, value in case.want.items():
        if name == "body":
            assert body == value
        elif name == "method":
            assert environ["REQUEST_METHOD"] == value
        elif name == "target":
            assert environ["RAW_URI"] == value
        elif name.isupper():
            assert environ.get(name) == value
    assert "HTTP_TRANSFER_ENCODING" not in environ
    answers = [answer for answer in peer.answers(method) if answer.status >= 200]
    assert all(answer.whole for answer in answers)
    if neighbour and persisted is not False and not answers[0].closing:
        assert len(answers) == 2 and keeper.seen[1][0]["PATH_INFO"] == "/neighbour"
    else:
        assert len(answers) == 1 and len(keeper.seen) == 1
    assert peer.ended == answers[0].closing
