"""What is asked of wrk, and what is read from it."""

import json
import re

import pytest
from bench.loads import Load, Sample, hammer, lua, microseconds, parseWrk, python, wrk
from bench.requests import changing, render
from bench.servers import Failure

WHOLE = """\
Running 1s test @ http://127.0.0.1:43210/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   615.29us  123.45us   2.05ms   86.53%
    Req/Sec   103.09k     4.50k  110.00k    60.00%
  Latency Distribution
     50%  590.00us
     75%  655.00us
     90%  701.00us
     99%    1.20ms
  103091 requests in 1.00s, 12.19MB read
{more}Requests/sec: 102880.25
Transfer/sec:     12.17MB
"""


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", Sample(rate=102880.25, p50=590.0, p99=1200.0)),
        (
            "  Socket errors: connect 1, read 20, write 300, timeout 4000\n",
            Sample(rate=102880.25, p50=590.0, p99=1200.0, errors=4321),
        ),
        ("  Non-2xx or 3xx responses: 80\n", Sample(rate=102800.25, p50=590.0, p99=1200.0, errors=80)),
        (
            "  Socket errors: connect 0, read 5, write 0, timeout 0\n  Non-2xx or 3xx responses: 103091\n",
            Sample(rate=0.0, p50=590.0, p99=1200.0, errors=103096),
        ),
    ],
)
def test_parse_wrk(more, expected):
    assert parseWrk(WHOLE.format(more=more)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "unable to connect to 127.0.0.1:1\n", WHOLE.format(more="").replace("     50%", "     51%")],
    ids=["nothing", "refused", "no median"],
)
def test_parse_wrk_refuses_what_it_cannot_read(text):
    with pytest.raises(Failure, match="cannot read"):
        parseWrk(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.00us", 0), ("13.00us", 13), ("1.20ms", 1200), ("2.00s", 2e6), ("1.50m", 90e6), ("1h", 3.6e9)],
)
def test_microseconds(text, expected):
    assert microseconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "1", "us", "1 us", "1ns", "-1us"])
def test_microseconds_refuses(text):
    with pytest.raises(ValueError, match="a time must be"):
        microseconds(text)


def test_wrk_is_told_the_load(tmp_path):
    assert wrk(Load(), 1, 3, tmp_path, tls=True)[-1] == "https://127.0.0.1:1/"
    command = wrk(Load(connections=7, headers={"Accept": "*/*"}), 4321, 3, tmp_path)
    assert command == ["wrk", "-t1", "-c7", "-d3s", "--latency", "-H", "Accept: */*", "http://127.0.0.1:4321/"]
    assert not list(tmp_path.iterdir())


def test_wrk_gets_a_script_for_what_its_options_cannot_say(tmp_path):
    load = Load(method="POST", body=10240, pipelined=16)
    command = wrk(load, 4321, 3, tmp_path)
    [script] = tmp_path.iterdir()
    assert command[-3:] == ["-s", str(script), "http://127.0.0.1:4321/"]
    assert script.read_text() == lua(load)
    assert lua(load).splitlines()[:2] == ['wrk.method = "POST"', 'wrk.body = string.rep("x", 10240)']
    assert "string.rep(wrk.format(), 16)" in lua(load)


def test_changing_requests_are_whole_and_differ_in_a_number():
    script = lua(Load(changing=True), 80)
    before, after, begin = re.search(r'before, after, number = (".*"), (".*"), (0)$', script, re.M).groups()
    request = json.loads(before) + f"{int(begin) + 1:07}" + json.loads(after)
    assert request.encode() == render("GET", changing(1), host="127.0.0.1:80")
    assert "%07d" in script


def test_what_wrk_cannot_do_is_done_by_modules_of_ours(tmp_path):
    command = python("bulk", Load(tool="bulk", path="/x"), 80, 1.5)
    assert command[1:3] == ["-m", "bench.bulk"] and command[-2:] == ["80", "1.5"]
    assert Load(**json.loads(command[3])) == Load(tool="bulk", path="/x")
    with pytest.raises(Failure, match="TLS"):
        hammer(Load(), 80, 1, tmp_path, tls=True)
