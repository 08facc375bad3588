"""The examples that serve until they are told to end, as their reader would run them."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.kernel.processing import ROOT, Running

#: (file, arguments that make the port any free one)
SERVERS = [("static_falcon.py", ["0"])]


@pytest.mark.parametrize("name, arguments", SERVERS)
def test_serves_and_ends_on_ctrl_c(name, arguments, tmp_path):
    with Running(os.path.join(ROOT, "examples", name), *arguments, cwd=tmp_path) as server:
        assert server.ask("GET", "/")[0] == 200
        assert server.end(signal.SIGINT) == (0, "", "")


def test_static_falcon(tmp_path):
    with Running(os.path.join(ROOT, "examples", "static_falcon.py"), "0", cwd=tmp_path) as server:
        status, fields, body = server.ask("GET", "/greeting?name=Zo%C3%AB")
        assert (status, json.loads(body)) == (200, {"greeting": "Hello, Zoë!"})
        status, fields, body = server.ask("GET", "/static/style.css")
        assert (status, fields["Content-Type"]) == (200, "text/css; charset=UTF-8")
