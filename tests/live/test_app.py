"""The page's WSGI app, called by hand."""

from __future__ import annotations

import json
import logging
import re

import pytest

from hio.base import doing
from hio.live import Live
from hio.live.tailing import Tail, TextLimit

from .watching import Answer, Clock, Named, named


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def logger():
    logger = logging.Logger("test")
    yield logger
    assert not logger.handlers  # closed


@pytest.fixture
def live(clock, logger):
    doist = doing.Doist(name="test", doers=[Named("</script><b>bold")])
    doist.enter()
    live = Live(doist, [], loggers=[logger], clock=clock)
    yield live
    live.close()


PAGE = ("/", "/live.js", "/drawing.js", "/style.css", "/icon.svg")


@pytest.mark.parametrize("path", [*PAGE, "/tree.json", "/events", "/none"])
@pytest.mark.parametrize("mount", ["", "/-"])
def test_every_answer_forbids_what_the_page_does_not_need(live, path, mount):
    answer = Answer(live, mount + path)
    assert answer.status == (404 if path == "/none" else 200)
    policy = dict(part.strip().split(" ", 1) for part in answer.fields["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert set(policy.values()) <= {"'none'", "'self'"}
    assert answer.fields["x-content-type-options"] == "nosniff"
    assert answer.fields["cache-control"] == "no-store"


def test_the_page_asks_for_nothing_from_elsewhere(live):
    for path in PAGE:
        text = Answer(live, path).body.decode()
        assert not re.findall(r"""(?:src|href|url|import|from)\s*[=(]?\s*["'(]?(?:https?:)?//""", text)
        for link in re.findall(r'(?:src|href)="([^"]+)"', text):
            assert Answer(live, "/" + link).status == 200
        for module in re.findall(r'from "\./([^"]+)"', text):
            assert Answer(live, "/" + module).status == 200
        assert "innerHTML" not in text
    assert " style=" not in Answer(live, "/").body.decode()  # the policy would not let it


@pytest.mark.parametrize("path, place", [("", "./live/"), ("/-", "./-/")])
def test_the_last_slash_is_added(live, path, place):
    answer = Answer(live, path, SCRIPT_NAME="" if path else "/inside/live")
    assert (answer.status, answer.fields["location"]) == (308, place)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/tree.json", "/events"])
def test_there_is_nothing_to_change(live, method, path):
    answer = Answer(live, path, method)
    assert (answer.status, answer.fields["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("host, status", [
    ("127.0.0.1:9000", 200), ("127.0.0.1", 200), ("[::1]:9000", 200), ("10.1.2.3", 200), ("localhost:9000", 200),
    ("LocalHost.", 200), ("shop.localhost", 200), (None, 200), ("", 200),
    ("evil.example", 403), ("evil.example:9000", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil.example", 403),
    ("[evil.example]", 403), ("0x7f.1", 403),
])
def test_only_hosts_that_nobody_else_can_own(live, host, status):
    for path in ("/", "/tree.json", "/events"):
        assert Answer(live, path, HTTP_HOST=host).status == status


def test_hosts_that_were_named():
    live = Live(doing.Doist(), [], loggers=[], hosts=["Inside.example"])
    assert Answer(live, HTTP_HOST="inside.EXAMPLE:81").status == 200
    assert Answer(live, HTTP_HOST="x.inside.example").status == 403


@pytest.mark.parametrize("site, status", [
    ("same-origin", 200), ("none", 200), (None, 200), ("cross-site", 403), ("same-site", 403),
])
def test_data_are_not_for_other_sites(live, site, status):
    for path in ("/tree.json", "/events"):
        assert Answer(live, path, HTTP_SEC_FETCH_SITE=site).status == status
    assert Answer(live, "/", HTTP_SEC_FETCH_SITE=site).status == 200  # a link may lead to the page


def test_tree(live, clock, logger):
    logger.error("it broke")
    first = Answer(live, "/tree.json").json
    assert first["counting"]["watch"] == 1
    assert first["log"][0]["text"] == "it broke"
    live.observer.doist.recur()
    clock.now += 1.5
    second = Answer(live, "/tree.json")
    assert second.fields["content-type"] == "application/json"
    seen = second.json
    assert (seen["counting"]["elapsed"], seen["counting"]["watch"]) == (1.5, 1)
    assert named(seen)["</script><b>bold"]["count"] == 1
    assert seen["began"] == first["began"]


def test_name_of_its_own():
    assert Live(doing.Doist(), [], loggers=[], name="worker 2").picture()["name"] == "worker 2"


# Events

def events(items):
    """Return the pictures among the items of an event stream, and how many were empty before the first that was not."""
    found = []
    for item in items:
        if not item:
            break
        for block in item.decode().split("\n\n"):
            if block.startswith("data: "):
                assert "\n" not in block
                found.append(json.loads(block.removeprefix("data: ")))
    return found


def test_an_event_at_once_and_then_one_each_beat(live, clock):
    answer = Answer(live, "/events")
    assert answer.fields["content-type"].startswith("text/event-stream")
    assert next(answer.items).startswith(b"retry: ")
    assert len(events(answer.items)) == 1
    for _ in range(3):
        assert events(answer.items) == []
        clock.now += live.Beat * 0.6
        assert events(answer.items) == []
        clock.now += live.Beat * 0.4
        assert len(events(answer.items)) == 1
    answer.items.close()


def test_a_stream_that_fell_behind_does_not_make_up_for_it(live, clock):
    answer = Answer(live, "/events")
    assert len(events(answer.items)) == 1
    clock.now += 100 * live.Beat
    assert len(events(answer.items)) == 1
    assert events(answer.items) == []


def test_a_stream_tells_each_line_of_the_log_once(live, clock, logger):
    logger.error("one")
    answer = Answer(live, "/events")
    [first] = events(answer.items)
    assert [line["text"] for line in first["log"]] == ["one"]
    logger.error("two")
    clock.now += live.Beat
    [second] = events(answer.items)
    assert [line["text"] for line in second["log"]] == ["two"]
    [other] = events(Answer(live, "/events").items)
    assert [line["text"] for line in other["log"]] == ["one", "two"]


# The tail of the log

def test_tail_keeps_the_latest():
    tail = Tail(length=3)
    logger = logging.Logger("test")
    logger.addHandler(tail)
    for number in range(5):
        logger.warning("line %d", number)
    assert [line.text for line in tail.lines] == ["line 2", "line 3", "line 4"]
    assert [line.text for line in tail.after(4)] == ["line 4"]
    assert [line.text for line in tail.after(1)] == ["line 2", "line 3", "line 4"]
    assert tail.after(5) == []
    assert [line.serial for line in tail.after(0)] == [3, 4, 5]


def test_tail_keeps_texts_only_and_short_ones():
    tail = Tail()
    logger = logging.Logger("test")
    logger.addHandler(tail)
    logger.error("x" * 10 * TextLimit)
    logger.error("half a pair: \ud800")
    try:
        raise ValueError("why")
    except ValueError:
        logger.exception("failed")
    long, half, failed = tail.lines
    assert len(long.text) == TextLimit
    assert half.text == "half a pair: \\ud800"
    assert failed.text.startswith("failed\nTraceback")
    assert failed.text.endswith("ValueError: why")
