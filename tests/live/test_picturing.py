"""What a picture tells."""

from __future__ import annotations

import json
import math

import pytest

from hio.base import doing
from hio.live import Observer, picture, picturing
from hio.live.observing import DeedsLimit, DepthLimit

from .watching import Clock, Named, flat, named


def look(doist):
    return picture(Observer(doist, [], Clock()))


def started(*doers, **kwa):
    doist = doing.Doist(doers=list(doers), **kwa)
    doist.enter()
    return doist


def test_the_tree():
    inner = doing.DoDoer(doers=[Named("leaf", tock=0.5), Named("other")], always=True)
    inner.name = "inner"
    seen = look(started(Named("first", tock=2.0), inner, name="root", tyme=5.0, tock=0.25))
    assert (seen["doist"]["name"], seen["doist"]["tyme"], seen["doist"]["tock"]) == ("root", 5.0, 0.25)
    assert [deed["name"] for deed in flat(seen["deeds"])] == ["first", "inner", "leaf", "other"]
    assert [deed["key"] for deed in flat(seen["deeds"])] == ["0", "1", "1.0", "1.1"]
    assert [deed["kind"] for deed in flat(seen["deeds"])] == ["Named", "DoDoer", "Named", "Named"]
    assert [deed["tock"] for deed in flat(seen["deeds"])] == [2.0, 0.0, 0.5, 0.0]
    assert seen["deeds"][0]["deeds"] is None


def test_keys_stay_when_others_leave():
    doers = [Named(name) for name in "abc"]
    doist = started(*doers)
    before = named(look(doist))
    doist.remove([doers[1]])
    after = named(look(doist))
    assert (after["a"]["key"], after["c"]["key"]) == (before["a"]["key"], before["c"]["key"])


def test_states_and_next_tyme():
    doist = started(Named("tight"), Named("sleeper", tock=8.0), tock=0.5)
    doist.recur()
    deeds = named(look(doist))
    assert (deeds["tight"]["state"], deeds["tight"]["next"]) == ("ready", 0.5)
    assert (deeds["sleeper"]["state"], deeds["sleeper"]["next"]) == ("sleeping", 8.0)


def test_those_that_have_ended_are_told_after_the_others():
    def good(tymth, tock=0.0, **opts):
        yield tock
        return True

    def bad(tymth, tock=0.0, **opts):
        yield tock
        return False

    ended = [doing.doify(good, name="good"), doing.doify(bad, name="bad")]
    doist = started(*ended, Named("on"))
    doist.recur()
    deeds = look(doist)["deeds"]
    assert [(deed["name"], deed["done"]) for deed in deeds] == [("on", None), ("good", True), ("bad", False)]


@pytest.mark.parametrize("make, name, kind", [
    (lambda: Named("given"), "given", "Named"),
    (lambda: Named(""), "Named", "Named"),
    (lambda: Named(7), "Named", "Named"),
    (lambda: doing.doify(doing.bareDo, name="called"), "called", "function"),
    (lambda: doing.tryDo, "tryDo", "function"),
    (lambda: Named("x").recur, "Doer.recur", "method"),
    (lambda: Named("<b>&\x1b[31m\ud800"), "<b>&\x1b[31m\\ud800", "Named"),
    (lambda: Named("x" * 500), "x" * 119 + "…", "Named"),
])
def test_names(make, name, kind):
    doer = make()
    assert (picturing.nameOf(doer), picturing.kindOf(doer)) == (name, kind)


def test_place_is_where_a_generator_of_the_user_stands():
    def inner():
        yield 1.0

    def outer(tymth, tock=0.0, **opts):
        yield from inner()

    deeds = named(look(started(doing.doify(outer, name="outer"), Named("plain"))))
    assert deeds["outer"]["place"].startswith("test_picturing.py:")
    assert deeds["outer"]["place"].endswith(" inner")
    assert deeds["plain"]["place"] == ""


def test_it_is_bounded_in_number():
    wide = doing.DoDoer(doers=[Named(f"w{n}") for n in range(DeedsLimit)], always=True)
    wide.name = "wide"
    doist = started(Named("first"), wide, *(Named(f"t{n}") for n in range(10)))
    observer = Observer(doist, [], Clock())
    observer.look()
    seen = picture(observer)
    assert len(list(flat(seen["deeds"]))) == DeedsLimit
    assert all(deed["count"] == 0 for deed in flat(seen["deeds"]))  # each that is shown is counted
    assert [deed["name"] for deed in seen["deeds"]] == ["first", "wide", *(f"t{n}" for n in range(10))]  # these first
    assert named(seen)["wide"]["more"] == 12
    doist.extend([Named(f"u{n}") for n in range(DeedsLimit)])
    assert look(doist)["moreDeeds"] == 12


def test_those_that_have_ended_are_bounded_too():
    doist = doing.Doist(doers=[Named("on"), *(Named(f"n{n}") for n in range(100))])
    doist.enter()
    for deed in list(doist.deeds)[1:]:
        doist.deeds.remove(deed)
        deed.dog.close()
    seen = look(doist)
    assert len(seen["deeds"]) == 1 + picturing.EndedLimit
    assert seen["moreDeeds"] == 0


def test_it_is_bounded_in_depth():
    doer = Named("bottom")
    for _ in range(DepthLimit + 5):
        doer = doing.DoDoer(doers=[doer], always=True)
    assert len(list(flat(look(started(doer))["deeds"]))) == DepthLimit + 1


@pytest.mark.parametrize("tyme", [0.0, 1e300])
def test_it_is_plain_json(tyme):
    doist = started(Named("odd", tock=math.inf), tyme=tyme)
    seen = look(doist)
    assert json.loads(json.dumps(seen, allow_nan=False)) == seen
    assert seen["deeds"][0]["tock"] is None


def test_a_picture_changes_nothing():
    doist = started(doing.DoDoer(doers=[Named("leaf")], always=True), Named("a", tock=1.0))
    before = [repr(entry) for entry in Observer(doist).entries()]
    assert look(doist)["deeds"] == look(doist)["deeds"]
    assert [repr(entry) for entry in Observer(doist).entries()] == before


@pytest.mark.parametrize("address, path, text", [
    (("127.0.0.1", 80), False, "127.0.0.1:80"),
    (("", 80), False, "*:80"),
    (("::1", 80), False, "[::1]:80"),
    ("/run/shop", False, "unix:/run/shop"),
    (("/run/shop", 3), True, "unix:/run/shop#3"),
])
def test_addresses(address, path, text):
    assert picturing.addressOf(address, path=path) == text
