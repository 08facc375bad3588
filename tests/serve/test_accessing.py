"""The lines of the access log, whichever journal they come from, and whatever becomes of the disk under them."""

from __future__ import annotations

import json
import logging
import re

import pytest

from hio.serve import accessing
from hio.serve.accessing import clfTime, escape
from hio.serve.journaling import Journal
from hio.serve.lining import JsonJournal, LineJournal
from hio.serve.writing import LineHandler
from tests.core.http.apps import hello
from tests.serve.rigging import GET, PLAIN, streaming

CLF = re.compile(r'(\S+) - - \[([^]]+)\] "([^"]*)" (\d{3}) (\d+|-)(?: "([^"]*)" "([^"]*)")?\n')
AGENT = b"User-Agent: it \"quotes\" \xe9\r\nReferer: http://r/\r\n"


@pytest.mark.parametrize("kind", ["line", "full"])
@pytest.mark.parametrize("form", ["common", "combined"])
def test_lines_are_the_same_from_either_journal(rigs, access, form, kind):
    log = access(form)
    make = (lambda **kwa: LineJournal(log, **kwa)) if kind == "line" else (lambda **kwa: Journal([log], **kwa))
    rig = rigs(journal=make)
    peer = rig.dial()
    for i in range(3):
        peer.ask(b"GET /x HTTP/1.1\r\nHost: a\r\n" + AGENT + b"\r\n", count=i + 1)
    peer.ask(b"GET /y HTTP/1.1\r\nHost: a\r\n\r\nHEAD /z HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
             count=5, methods=["GET"] * 4 + ["HEAD"])
    rig.dial().ask(b"nonsense\r\n\r\n")
    rig.journal.flush()
    text = log.handler.text
    found = CLF.findall(text)
    assert len(found) == text.count("\n") == 6
    date = "06/Nov/1994:08:49:37 +0000"
    tail = ("http://r/", r"it \x22quotes\x22 \xe9") if form == "combined" else ("", "")
    none = ("-", "-") if form == "combined" else ("", "")
    assert found[:3] == [("127.0.0.1", date, "GET /x HTTP/1.1", "200", "2", *tail)] * 3
    assert ("127.0.0.1", date, "GET /y HTTP/1.1", "200", "2", *none) in found
    assert ("127.0.0.1", date, "HEAD /z HTTP/1.0", "200", "-", *none) in found
    assert any(line[2] == "-" and line[3] == "400" for line in found)


def test_lines_have_the_second_of_their_request(rigs, access):
    log = access("common")
    rig = rigs(journal=lambda **kwa: LineJournal(log, **kwa))
    peer = rig.dial()
    for i in range(3):
        peer.ask(GET, count=i + 1)
        rig.tymist.tick(tock=1.0)
    rig.journal.flush()
    assert [match[1][-8 - 6 : -6] for match in CLF.findall(log.handler.text)] == ["08:49:37", "08:49:38", "08:49:39"]


def test_the_size_of_a_large_answer_is_what_was_sent(rigs, access):
    log = access("common")
    rig = rigs(streaming(PLAIN, [b"x" * 3_000_000]), journal=lambda **kwa: LineJournal(log, **kwa))
    peer = rig.choke()
    peer.send(GET)
    rig.turn(5)
    peer.reset()
    rig.until(lambda: not rig.server.reqs)
    rig.journal.flush()
    ((*_, size, _, _),) = CLF.findall(log.handler.text)
    assert 0 < int(size) < 3_000_000


def test_the_address_of_who_is_behind_a_proxy(rigs, access):
    def app(environ, start_response):
        environ["REMOTE_ADDR"] = "192.0.2.7"
        return hello(environ, start_response)

    log = access("combined")
    rig = rigs(app, journal=lambda **kwa: LineJournal(log, **kwa))
    rig.dial().ask(GET)
    rig.journal.flush()
    assert log.handler.text.startswith("192.0.2.7 - - [")


@pytest.mark.parametrize("kind", ["brief", "full"])
def test_json(rigs, access, kind):
    log = access("json")
    make = (lambda **kwa: JsonJournal(log, name="n", **kwa)) if kind == "brief" else (
        lambda **kwa: Journal([log], name="n", **kwa))
    rig = rigs(journal=make)
    rig.tymist.tick(tock=0.25)
    peer = rig.dial()
    peer.ask(b"GET /x HTTP/1.1\r\nHost: a\r\n" + AGENT + b"\r\n")
    rig.dial().ask(b"nonsense\r\n\r\n")
    rig.journal.flush()
    first, second = map(json.loads, log.handler.text.splitlines())
    assert first == {
        "time": "1994-11-06T08:49:37.250000Z", "id": "n-1" if kind == "full" else "n-t1-0",
        "address": "127.0.0.1", "method": "GET", "target": "/x",
        "protocol": "HTTP/1.1", "status": 200, "sent": 2, "referer": "http://r/", "agent": 'it "quotes" é',
        "wait": 0, "app": 0, "send": 0,
    }
    assert second["status"] == 400 and second["cause"].startswith("refused: ")
    assert second["id"] == ("n-2" if kind == "full" else "n-1")
    assert rig.journal.count == 2


def test_json_has_whole_milliseconds_of_each_phase(rigs, access):
    """Also for requests that are like the one before, in a turn that takes long."""
    took = [0.0, 0.0004, 0.0025, 0.0, 0.0, 0.0006, 0.0]

    def app(environ, start_response):
        clock[0] += took.pop(0)
        return hello(environ, start_response)

    log, clock = access("json"), [5.0]
    rig = rigs(app, journal=lambda wall, **kwa: JsonJournal(log, name="n", clock=lambda: clock[0], wall=wall))
    peers = [rig.dial() for _ in range(7)]
    for peer in peers:
        peer.unsent += GET
        peer.pump()
    rig.until(lambda: not took)
    rig.journal.flush()
    lines = [json.loads(line) for line in log.handler.text.splitlines()]
    assert [(line["wait"], line["app"], line["send"]) for line in lines] == [
        (0, 0, 0), (0, 0, 0), (0, 2, 0), (2, 0, 0), (2, 0, 0), (2, 0, 0), (3, 0, 0),
    ]
    assert len({line["id"] for line in lines}) == 7


def test_json_of_an_app_that_fails_in_the_end_of_what_others_answered(rigs, access):
    """The answers are alike, but for what became of them."""
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"ok"
        if failing:
            raise RuntimeError("out of stock")

    log, failing = access("json"), []
    rig = rigs(app, journal=lambda **kwa: JsonJournal(log, name="n", **kwa))
    for fails in (False, False, True):
        failing[:] = [True] * fails
        rig.dial().send(GET)
        rig.turn(3)
    rig.journal.flush()
    lines = [json.loads(line) for line in log.handler.text.splitlines()]
    assert [line.get("cause") for line in lines] == [None, None, "application raised RuntimeError"]


def test_json_of_what_takes_several_turns(rigs, access):
    log = access("json")
    rig = rigs(streaming(PLAIN, [b"", b"ab", b"c"]), journal=lambda **kwa: JsonJournal(log, name="n", **kwa))
    peer = rig.dial()
    peer.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n")
    rig.tymist.tick(tock=1.0)
    peer.send(b"\r\nabcd")
    for _ in range(3):
        rig.tymist.tick(tock=0.5)
        rig.turn()
    rig.until(lambda: b"\r\n0\r\n" in peer.rx)
    rig.journal.flush()
    (line,) = map(json.loads, log.handler.text.splitlines())
    assert (line["wait"], line["received"], line["sent"]) == (1000, 4, 3) and line["app"] > 0


@pytest.mark.parametrize("cookie", [b"", b"Cookie: a=%d\r\n"])
def test_json_of_many_turns_is_one_line_a_request(rigs, access, cookie):
    log = access("json")
    rig = rigs(journal=lambda **kwa: JsonJournal(log, name="n", **kwa))
    peer = rig.dial()
    for i in range(1100):
        peer.ask(b"GET /%d HTTP/1.1\r\nHost: a\r\n" % (i % 3) + (cookie and cookie % i) + b"\r\n", count=i + 1)
    rig.journal.flush()
    lines = [json.loads(line) for line in log.handler.text.splitlines()]
    assert [line["target"] for line in lines] == [f"/{i % 3}" for i in range(1100)]
    assert len({line["id"] for line in lines}) == rig.journal.count == 1100


@pytest.mark.parametrize("journal", [LineJournal, JsonJournal])
def test_an_app_may_ask_for_the_id_of_its_request(rigs, access, journal):
    def app(environ, start_response):
        asked.append(rig.journal.identify(environ))
        assert environ["hio.request.id"] == rig.journal.identify(environ)
        return hello(environ, start_response)

    asked = []
    log = access("json" if journal is JsonJournal else "combined")
    rig = rigs(app, journal=lambda **kwa: journal(log, name="n", **kwa))
    rig.dial().ask(GET * 2, count=2)
    rig.journal.flush()
    assert asked == ["n-1", "n-2"]
    if journal is JsonJournal:
        assert [json.loads(line)["id"] for line in log.handler.text.splitlines()] == asked


@pytest.mark.parametrize(("journal", "form"), [(LineJournal, "common"), (JsonJournal, "json")])
def test_a_handler_that_comes_later_gets_all_from_then_on(rigs, access, journal, form):
    class Handler(logging.Handler):
        def emit(self, record):
            got.append(record)

    def outgrown():
        rig.journal = rig.server.journal = rig.journal.successor()

    got = []
    log, handler = access(form), Handler()
    rig = rigs(journal=lambda **kwa: journal(log, outgrown=outgrown, name="n", **kwa))
    peer = rig.dial()
    peer.ask(GET)
    accessing.logger.addHandler(handler)
    try:
        peer.ask(GET, count=2)
        rig.journal.flush()
        assert len(got) == 2 and not hasattr(got[0], "request"), "these were lines already"
        peer.ask(GET, count=3)
        rig.journal.flush()
        assert got[2].request.target == "/x" and rig.journal.count == 3
    finally:
        accessing.logger.removeHandler(handler)
    assert "".join(record.getMessage() + "\n" for record in got) == log.handler.text


@pytest.mark.parametrize("form", ["combined", "json"])
def test_a_handler_of_the_program_gets_a_record_a_request(rigs, access, form):
    class Handler(logging.Handler):
        def __init__(self):
            super().__init__()
            self.got = []

        def emit(self, record):
            self.got.append(record)

    log = access(form)
    handler = Handler()
    accessing.logger.addHandler(handler)
    try:
        assert not log.lone
        rig = rigs(journal=lambda **kwa: Journal([log], **kwa))
        rig.dial().ask(GET * 2, count=2)
        rig.journal.flush()
    finally:
        accessing.logger.removeHandler(handler)
    assert [record.request.target for record in handler.got] == ["/x", "/x"]
    assert "".join(record.getMessage() + "\n" for record in handler.got) == log.handler.text


def test_logging_can_be_switched_off_by_level(rigs, access):
    log = access("combined")
    accessing.logger.setLevel(logging.ERROR)
    rig = rigs(journal=lambda **kwa: Journal([log], **kwa))
    rig.dial().ask(GET)
    rig.journal.flush()
    assert log.handler.text == ""


def test_times_are_in_english_and_utc():
    assert clfTime(0) == "01/Jan/1970:00:00:00 +0000"


def test_nothing_breaks_a_line_or_a_quote():
    assert escape('a"b\\c\n\x7f\x9b') == r"a\x22b\x5cc\x0a\x7f\x9b"


# ---------------------------------------------------------------- the file


def test_a_full_disk_loses_no_request_and_as_few_lines_as_can_be(tmp_path, monkeypatch):
    handler = LineHandler(str(tmp_path / "log"))
    said = []
    handler.complain = said.append
    real, room = __import__("os").write, [10]

    def write(fd, data):
        if fd != handler.fd:
            return real(fd, data)
        if not room[0]:
            raise OSError(28, "No space left on device")
        size = min(len(data), room[0])
        room[0] -= size
        return real(fd, bytes(data[:size]))

    handler.open()
    monkeypatch.setattr("hio.serve.writing.os.write", write)
    for i in range(5):
        handler.write(f"line {i}\n")
    assert said == [f"cannot write to the log {handler.path}: No space left on device; serving goes on"]
    room[0] = 1 << 30
    handler.write("line 5\n")
    handler.close()
    assert (tmp_path / "log").read_text() == "".join(f"line {i}\n" for i in range(6))


def test_what_is_kept_of_a_log_that_cannot_be_written_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("hio.serve.writing.Kept", 100)
    handler = LineHandler("/dev/full")
    said = []
    handler.complain = said.append
    for i in range(50):
        handler.write(f"line {i:02d}\n")
    assert 90 < len(handler.kept) <= 100 and handler.kept.startswith(b"line ")
    handler.path, handler.fd = str(tmp_path / "log"), -1
    handler.write("line 50\n")
    handler.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[-1] == "line 50" and len(lines) + handler.dropped <= 51
    assert re.fullmatch(r"the log .* goes on; (\d+) lines are missing from it", said[-1])
    assert int(said[-1].split("; ")[1].split()[0]) == 51 - len(lines)


def test_a_log_that_was_renamed_goes_on_in_a_new_file(tmp_path):
    handler = LineHandler(str(tmp_path / "log"))
    handler.write("one\n")
    (tmp_path / "log").rename(tmp_path / "log.1")
    handler.write("two\n")
    handler.reopen()
    handler.write("three\n")
    handler.close()
    assert (tmp_path / "log.1").read_text() == "one\ntwo\n"
    assert (tmp_path / "log").read_text() == "three\n"


def test_a_log_that_cannot_be_reopened_goes_on_in_the_old_file(tmp_path):
    (tmp_path / "logs").mkdir()
    handler = LineHandler(str(tmp_path / "logs" / "log"))
    said = []
    handler.complain = said.append
    handler.write("one\n")
    (tmp_path / "logs").rename(tmp_path / "old")
    handler.reopen()
    handler.write("two\n")
    handler.close()
    assert (tmp_path / "old" / "log").read_text() == "one\ntwo\n" and "cannot reopen" in said[0]
