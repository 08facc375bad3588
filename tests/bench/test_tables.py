"""The tables of servers and scenarios, and the command line over them."""

import json
from wsgiref.util import setup_testing_defaults

import pytest
from bench import apps
from bench.__main__ import ORDER, PARTS, parse
from bench.scenarios import SCENARIOS
from bench.servers import KINDS, Job


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("app", apps.ANSWERS)
def test_every_server_has_a_command_for_every_app(name, app, tmp_path):
    command = KINDS[name].command(Job(app=app, port=4321, folder=tmp_path))
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert "4321" in " ".join(command) + written
    assert all(isinstance(word, str) for word in command)
    assert bool(KINDS[name].module) != bool(KINDS[name].program)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_every_scenario_is_whole(scenario):
    assert SCENARIOS[scenario.name] is scenario
    assert scenario.app in apps.ANSWERS
    assert "hio" in scenario.servers and set(scenario.servers) <= set(KINDS)
    if scenario.own:
        assert SCENARIOS[scenario.own].servers == scenario.servers
        assert SCENARIOS[scenario.own].app == scenario.app  # so that the same process is compared with itself
    assert scenario.load.connections > 0 and scenario.load.pipelined > 0


@pytest.mark.parametrize("app", apps.ANSWERS)
def test_apps_answer_what_they_say(app):
    started = []
    environ = {}
    setup_testing_defaults(environ)
    iterable = getattr(apps, app)(environ, lambda *head: started.append(head))
    body = b"".join(iterable)
    getattr(iterable, "close", lambda: None)()
    [(status, headers)] = started
    assert status == "200 OK"
    assert body == apps.ANSWERS[app]
    assert int({name.lower(): value for name, value in headers}.get("content-length", len(body))) == len(body)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / apps.FILE).write_bytes(apps.LARGE)
    monkeypatch.setenv(apps.FOLDER, str(tmp_path))
    yield
    apps.SINKS.clear()


def test_the_api_answers_json():
    assert json.loads(apps.ANSWERS["api"]) == apps.READING


def test_everything_is_measured_by_default():
    options = parse([])
    assert options.scenario == list(SCENARIOS) and options.servers == list(KINDS) and options.part == list(PARTS)
    assert options.rounds > parse(["--quick"]).rounds


def test_some_can_be_chosen():
    options = parse(["--servers", "hio,granian", "--scenario", "hello", "--rounds", "2", "--seconds", "1"])
    assert (options.servers, options.scenario, options.rounds, options.seconds) == (["hio", "granian"], ["hello"], 2, 1)
    assert options.part == ["servers"]
    assert parse(["--part", "idle,growth"]).part == ["idle", "growth"]


def test_every_part_has_its_place_on_the_page():
    assert sorted(ORDER) == sorted(PARTS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--servers", "hio,apache"], "'apache' is none of hio,"),
        (["--scenario", ""], "'' is none of one,"),
        (["--rounds", "0"], "from 1 up, got '0'"),
        (["--seconds", "1.5"], "from 1 up, got '1.5'"),
        (["--load", "ab"], "invalid choice"),
    ],
)
def test_a_wrong_choice_is_named(words, message, capsys):
    with pytest.raises(SystemExit) as found:
        parse(words)
    assert found.value.code == 2
    assert message in capsys.readouterr().err
