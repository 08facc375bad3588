"""Options: flags, the file, and what they come to."""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.core.http.limiting import Limits
from hio.serve import configuring, parsing
from hio.serve.configuring import LIMIT_HELP, OPTIONS, describe, dump, load
from hio.serve.refusing import Refusal


def read(*argv):
    """Return the Config for a command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("app", nargs="?")
    describe(parser)
    return load(vars(parser.parse_args(argv)))


def test_defaults():
    config = read("shop:app")
    assert config.app == "shop:app" and config["bind"] == ("127.0.0.1:8000",) and config["workers"] == 1
    assert config.limits == Limits()
    assert not config.secured and config.title == "shop:app"


def test_every_limit_is_an_option_with_a_help():
    assert set(LIMIT_HELP) == {field.name for field in fields(Limits)}
    names = [option.name for option in OPTIONS]
    assert len(set(names)) == len(names)
    assert {"limit-head", "limit-rx-mark", "tymeout-head", "limit-body-rate", "tymeout-linger"} <= set(names)
    assert all(option.help and option.name == option.name.lower() for option in OPTIONS)


def test_flags():
    config = read("shop:app", "--bind", "0.0.0.0:80", "--bind", "unix:x", "--workers", "3", "--limit-body", "2M",
                  "--tymeout-idle", "7.5", "--reuseport", "--recycle-memory", "1g", "--limit-connections", "none")
    assert config["bind"] == ("0.0.0.0:80", "unix:x") and config["workers"] == 3 and config["reuseport"] is True
    assert config.limits == Limits(body=2 << 20, idleTymeout=7.5)
    assert config["recycle-memory"] == 1 << 30


def test_the_file(tmp_path):
    file = tmp_path / "shop.toml"
    file.write_text('app = "shop:app"\nbind = ["127.0.0.1:1", "127.0.0.1:2"]\nworkers = 2\nlimit-head = "64K"\n'
                    'access-format = "json"\nreuseport = true\ngrace = 5\n')
    config = read("--config", str(file))
    assert config.app == "shop:app" and config["workers"] == 2 and config["grace"] == 5.0
    assert config["bind"] == ("127.0.0.1:1", "127.0.0.1:2") and config.limits.head == 65536
    config = read("other:app", "--config", str(file), "--workers", "4", "--bind", "unix:x")
    assert config.app == "other:app" and config["workers"] == 4 and config["bind"] == ("unix:x",)
    assert config["access-format"] == "json"


@pytest.mark.parametrize("text, told", [
    ("workers = 0.5", "workers takes a whole number of 0 or more, not 0.5"),
    ("workers = true", "workers takes a whole number"),
    ("bind = [1]", "bind takes text"),
    ("bind = 1", "bind takes text or a list of texts"),
    ("reuseport = 'yes'", "reuseport takes true or false"),
    ("grace = '-1'", "grace takes a number of seconds"),
    ("acces-log = 'x'", "there is no option 'acces-log'; is it 'access-log' that is meant?"),
    ("access_log = 'x'", "is it 'access-log' that is meant?"),
    ("zzz = 1", "there is no option 'zzz'"),
    ("config = 'x'", "there is no option 'config'"),
    ("app = 1", "app must be text"),
    ("workers = ", "Invalid value"),
    ("\udce4", "--config"),
])
def test_a_file_with_something_wrong_in_it(tmp_path, text, told):
    file = tmp_path / "shop.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Refusal) as caught:
        read("shop:app", "--config", str(file))
    assert told in str(caught.value) and str(file) in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Refusal, match="No such file"):
        read("shop:app", "--config", str(tmp_path / "none.toml"))


@pytest.mark.parametrize("argv, told", [
    ([], "nothing to serve"),
    (["shop:app", "--workers", "-1"], "--workers takes a whole number of 0 or more, not '-1'"),
    (["shop:app", "--workers", "many"], "--workers takes"),
    (["shop:app", "--grace", "nan"], "--grace takes a number of seconds"),
    (["shop:app", "--grace", "inf"], "--grace takes"),
    (["shop:app", "--limit-line", "0"], "--limit-line takes a number of 1 or more"),
    (["shop:app", "--limit-body", "1T"], "--limit-body takes a number of bytes"),
    (["shop:app", "--access-format", "xml"], "--access-format takes one of common, combined, json, not 'xml'"),
    (["shop:app", "--recycle-jitter", "2"], "--recycle-jitter takes a number from 0 to 1"),
    (["shop:app", "--bind", "nonsense"], "--bind takes HOST:PORT"),
    (["shop:app", "--admin", "nonsense"], "--bind takes HOST:PORT"),
    (["shop:app", "--mount", "nonsense"], "--mount takes"),
    (["shop:app", "--static", "/no/such/directory"], "--static"),
    (["shop:app", "--trust", "nonsense"], "--trust takes"),
    (["shop:app", "--keyfile", "x"], "--keyfile needs a --certfile"),
    (["shop:app", "--cafile", "x"], "--cafile needs a --certfile"),
    (["shop:app", "--sni", "a=b"], "--sni needs a --certfile"),
    (["shop:app", "--bind", "https://127.0.0.1:1"], "needs a --certfile"),
    (["shop:app", "--proxy-protocol"], "--proxy-protocol needs --trust"),
    (["shop:app", "--workers", "0", "--reload"], "need a supervisor"),
])
def test_what_is_wrong_is_one_line(argv, told):
    with pytest.raises(Refusal) as caught:
        read(*argv)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_dumped_makes_the_same_configuration(tmp_path):
    config = read("shop:app", "--bind", "[::1]:80", "--trust", "10.0.0.0/8", "--trust", "unix", "--limit-body", "none",
                  "--access-log", 'a "quoted" \\ lög\x7f', "--tymeout-head", "0.1", "--threads", "4",
                  "--admin", "unix:a")
    text = dump(config)
    file = tmp_path / "again.toml"
    file.write_text(text)
    again = read("--config", str(file))
    assert {**again.values, "config": None} == {**config.values, "config": None}
    assert again.limits == config.limits and again.app == config.app
    assert set(tomllib.loads(text)) == {"app", *(option.name for option in OPTIONS)} - {"config", "check"}


@given(st.dictionaries(st.sampled_from([option.name for option in OPTIONS]),
                       st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.none(),
                                 st.lists(st.text(max_size=5), max_size=3)), max_size=4))  # fmt: skip
def test_nothing_but_a_refusal_is_raised(values):
    values.pop("config", None)
    try:
        load({"app": "shop:app", **values})
    except Refusal as ex:
        assert str(ex)


def test_but():
    config = read("shop:app")
    assert config.but(access_log="x", workers=2)["access-log"] == "x" and config["access-log"] == ""


def test_names_of_limits():
    assert parsing.limitName("rxMark") == "limit-rx-mark" and parsing.limitName("headTymeout") == "tymeout-head"


def test_the_table_is_what_the_help_shows():
    parser = argparse.ArgumentParser()
    configuring.describe(parser)
    text = " ".join(parser.format_help().split())
    for option in OPTIONS:
        assert f"--{option.name}" in text
    assert "0: never (default: 0)" in text and "(default: none)" not in text and "(default: False)" not in text
