"""The page that shows a trace, in a browser: it draws what is in sight, of few events as of many."""

from __future__ import annotations

import pytest

from hio.sim import Event
from hio.sim.charting import chart

By = pytest.importorskip("selenium.webdriver.common.by", reason="selenium is not installed").By
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

BEGIN = [
    ("start", "server", "", 0, "", 0, b"", ""),
    ("start", "client", "", 0, "", 0, b"", ""),
    ("dial", "client", "server", 1, ">", 0, b"", "10.0.0.2:49152 > 10.0.0.1:80"),
    ("knock", "server", "client", 1, ">", 0, b"", ""),
    ("open", "client", "server", 1, "<", 0, b"", ""),
]


def talk(count):
    """Return the events of a connection with count requests and answers, and a fault and a failure at the end."""
    rows = list(BEGIN)
    for segment in range(1, 2 * count, 2):
        ask, answer = f"GET /{segment} HTTP/1.1\r\n\r\n".encode(), b"HTTP/1.1 200 OK\r\n\r\n<b>&amp;"
        rows += [(kind, host, peer, 1, ">", segment, ask, "")
                 for kind, host, peer in (("send", "client", "server"), ("arrive", "server", "client"))]
        rows += [(kind, host, peer, 1, "<", segment + 1, answer, "")
                 for kind, host, peer in (("send", "server", "client"), ("arrive", "client", "server"))]
    rows += [("fault", "client", "server", 0, "", 0, b"", "partition('client', 'server')"),
             ("fail", "client", "", 0, "", 0, b"", "ValueError: <i>no</i> good")]
    return [Event(serial, serial / 64, *row) for serial, row in enumerate(rows)]


@pytest.fixture
def show(chromium, tmp_path):
    """Return a function that shows the page of a trace, and fails on what the browser complains of."""

    def show(events, **kwa):
        path = tmp_path / "chart.html"
        path.write_text(chart(events, **kwa), encoding="utf-8")
        chromium.set_window_size(1200, 800)
        chromium.get(path.as_uri())
        return chromium

    yield show
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []


def drawn(page, selector=".item"):
    """Return the texts of what is drawn."""
    return page.execute_script("return [...document.querySelectorAll(arguments[0])].map(e =>"
                               " [...e.querySelectorAll('text')].map(t => t.textContent).join(' '))", selector)


def test_few_events_are_all_there(show):
    page = show(talk(1), title="one & only")
    assert page.title == "one & only"
    assert drawn(page) == [
        "starts", "starts", "SYN", "SYN ACK", "GET /1 · 19 B", "200 OK · 27 B", "partition('client', 'server')",
        "ValueError: <i>no</i> good",
    ]  # fmt: skip
    assert page.find_element(By.ID, "facts").text == "11 events · 2 hosts · 1 connection · 156 ms of tyme"


def test_of_many_events_those_in_sight_are_drawn(show):
    page = show(talk(1250), verdict="ValueError: no good")
    assert len(drawn(page)) < 120
    assert drawn(page)[-1].startswith("ValueError")  # begins at the failure
    page.execute_script("document.getElementById('view').scrollTop = 0; draw()")
    assert drawn(page)[0] == "starts"


def test_a_click_shows_details_and_escape_hides_them(show):
    page = show(talk(1))
    click = "document.querySelector('.response .hit').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    page.execute_script(click)
    side = page.find_element(By.ID, "side")
    assert "HTTP/1.1 200 OK\n\n" in side.find_element(By.TAG_NAME, "pre").get_property("textContent")
    assert "<b>&amp;" in side.text and "10.0.0.2:49152 > 10.0.0.1:80" in side.text
    assert page.execute_script("return location.hash") == "#e7"
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    assert not side.is_displayed()


def dripped(count, fault=None, arrives=True):
    """Return the events of a request in count segments of 3 bytes; fault: index of that before which one befalls."""
    raw = b"GET /drip HTTP/1.1\r\n\r\n".ljust(3 * count, b".")
    rows = list(BEGIN)
    for segment in range(count):
        if segment == fault:
            rows.append(("fault", "client", "server", 0, "", 0, b"", "hold('client', 'server')"))
        rows.append(("send", "client", "server", 1, ">", segment + 1, raw[3 * segment : 3 * segment + 3], ""))
    for segment in range(count):
        if arrives:
            rows.append(("arrive", "server", "client", 1, ">", segment + 1, raw[3 * segment : 3 * segment + 3], ""))
        else:
            rows += [("vanish", "server", "client", 1, ">", segment + 1, b"", "nobody"),
                     ("reset", "server", "client", 1, "<", 100 + segment, b"", "nobody")]
    return [Event(serial, serial / 64, *row) for serial, row in enumerate(rows)]


@pytest.mark.parametrize("kwa, expected", [
    ({"count": 10}, ["GET /drip · 10 segments · 30 B"]),
    ({"count": 3}, ["3 B"] * 3),
    ({"count": 9, "fault": 5}, ["GET /drip · 5 segments · 15 B", "hold('client', 'server')", "4 segments · 12 B"]),
    ({"count": 5, "arrives": False}, ["GET /drip · 5 segments · 15 B", "5 × gone for good, nobody", "5 × RST"]),
], ids=["many", "few", "fault between", "lost"])  # fmt: skip
def test_much_of_the_same_is_drawn_once(show, kwa, expected):
    assert drawn(show(dripped(**kwa)))[4:] == expected


def test_a_bundle_is_unfolded(show):
    page = show(dripped(10))
    page.execute_script("document.querySelector('.bundle').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    side = page.find_element(By.ID, "side")
    assert side.find_element(By.TAG_NAME, "h2").text == "GET /drip · 10 segments · 30 B"
    assert "GET /drip HTTP/1.1" in side.find_element(By.TAG_NAME, "pre").get_property("textContent")
    next(each for each in side.find_elements(By.TAG_NAME, "button") if each.text == "Unfold 10").click()
    assert drawn(page)[4:] == ["3 B"] * 10 and side.find_element(By.TAG_NAME, "h2").text == "3 B"


def test_find_finds_what_is_in_a_bundle(show):
    page = show(dripped(10))
    page.find_element(By.ID, "find").send_keys("dri", Keys.ENTER)
    assert page.find_element(By.ID, "found").text == "1 found"


def test_what_is_all_in_sight_needs_no_map(show):
    assert not show(talk(1)).find_element(By.ID, "map").is_displayed()
    assert show(talk(300)).find_element(By.ID, "map").is_displayed()


def test_keys_move_from_event_to_event(show):
    page = show(talk(300))
    body = page.find_element(By.TAG_NAME, "body")
    for _ in range(61):
        body.send_keys("j")
    assert page.execute_script("return state.pick.event.label") == "GET /57"
    assert page.execute_script("return state.pick.y1 - document.getElementById('view').scrollTop") < 800


def test_messages_only_and_find(show):
    page = show(talk(3))
    page.find_element(By.ID, "few").click()
    assert not {"SYN", "SYN ACK"} & set(drawn(page)) and "GET /5 · 19 B" in drawn(page)
    page.find_element(By.ID, "find").send_keys("get /3", Keys.ENTER)
    assert page.find_element(By.ID, "found").text == "1 found"
    assert page.execute_script("return state.pick.words") == "GET /3 · 19 B"


@pytest.mark.parametrize("width", [500, 1600])
def test_it_fits_its_window(show, width):
    page = show(talk(3))
    page.set_window_size(width, 700)
    room, need = page.execute_script("return [innerWidth, document.documentElement.scrollWidth]")
    assert need <= room
