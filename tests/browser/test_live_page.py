"""The live page in a browser: it loads, follows, pauses, survives a restart, and fits its window."""

from __future__ import annotations

import http.client
import json
import re

import pytest

from tests.kernel.processing import PATIENCE, ROOT, Running
from tests.live.program import HOSTILE

PROGRAM = f"{ROOT}/tests/live/program.py"
SCHEMES = ("light", "dark")


class Program:
    """tests/live/program.py as a process. app, page: URLs."""

    def __init__(self, cwd, port=0):
        self.running = Running(PROGRAM, str(port), cwd=cwd)
        self.app = self.running.url
        self.page = self.running.process.stdout.readline().removeprefix("page at ").strip()
        self.port = int(re.search(r":(\d+)/", self.page)[1])

    def close(self):
        self.running.__exit__()

    def ask(self, path, count=1):
        """Have the app answer path count times."""
        connection = http.client.HTTPConnection(re.search(r"[\d.]+:\d+", self.app)[0], timeout=PATIENCE)
        for _ in range(count):
            connection.request("GET", path)
            connection.getresponse().read()
        connection.close()

    def tree(self):
        """Return what the page's server tells."""
        connection = http.client.HTTPConnection(f"127.0.0.1:{self.port}", timeout=PATIENCE)
        connection.request("GET", "/-/tree.json")
        tree = json.loads(connection.getresponse().read())
        connection.close()
        return tree

    def streams(self):
        """Return how many streams of events it has."""
        return sum(each["request"].endswith("/events") for each in self.tree()["connections"])


class Page:
    """The page in the browser."""

    def __init__(self, chromium):
        self.chromium = chromium

    def open(self, url):
        """Go there and wait until it shows something."""
        self.chromium.get_log("browser")
        self.chromium.get(url)
        self.until(lambda: self.status() == "live")

    def until(self, condition):
        """Wait until condition() is true, and return what it is then."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.chromium, PATIENCE, poll_frequency=0.05).until(lambda _: condition())

    def run(self, script, *args):
        """Return what script returns."""
        return self.chromium.execute_script(script, *args)

    def text(self, selector):
        """Return the text of the first element of selector."""
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def texts(self, selector):
        """Return the texts of all elements of selector."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent)", selector)

    def status(self):
        return self.text("#status")

    def tyme(self):
        return float(self.text("#tyme"))

    def row(self, name):
        """Return the texts of the cells of a doer, by class; None when it is not shown."""
        return self.run("""
            const called = [...document.querySelectorAll("#doers .called")];
            const row = called.find((node) => node.textContent === arguments[0])?.closest("tr");
            return row ? Object.fromEntries([...row.cells].map((cell) => [cell.className, cell.textContent])) : null;
        """, name)

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).click()", selector)

    def errors(self):
        """Return what the console has of warnings and errors since it was last asked."""
        return [entry["message"] for entry in self.chromium.get_log("browser") if entry["level"] != "INFO"]

    def show(self, width, scheme, height=900):
        """Have a window of width pixels, and a reader who prefers scheme."""
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.fixture
def program(tmp_path):
    program = Program(tmp_path)
    yield program
    program.close()


@pytest.fixture
def page(chromium):
    page = Page(chromium)
    yield page
    chromium.get("about:blank")


def number(text):
    """Return the first number of a text."""
    return float(re.search(r"[\d,.]*\d", text)[0].replace(",", ""))


def test_it_shows_what_there_is(page, program):
    page.open(program.page)
    assert page.text("h1") == "program"
    assert f"pid {program.running.process.pid}" in page.text("#facts")
    assert page.texts("#doers .called") == ["shop", "sensors", "temperature", HOSTILE, "page"]
    assert page.row("temperature")["number tock"] == "0.125"
    assert page.text("#log .text") == "it begins"
    assert page.texts("#servers .called") == ["shop", "page"]
    assert page.run("return document.title").endswith("program · hio live")
    assert page.run("return document.querySelectorAll('#doers img').length") == 0  # the name stayed a text
    origin = program.page.removesuffix("/-/")
    names = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(names) >= 4
    assert all(name.startswith(origin) for name in names)
    assert page.errors() == []


def test_it_follows_while_requests_run(page, program):
    page.open(program.page)
    first = page.tyme()
    program.ask("/", 300)
    page.until(lambda: number(page.text("#requests .said")) >= 300)
    program.ask("/fail", 2)
    page.until(lambda: page.text("#requests .wrong") == "2 failed")
    page.until(lambda: len(page.texts("#log details")) == 2)
    assert "application failed" in page.text("#log summary")
    assert page.text("#log summary").endswith("ValueError: the shelf is empty")
    page.until(lambda: page.tyme() > first + 2.0)
    assert page.run("return document.querySelector('#requests .line.requests').getAttribute('d')").startswith("M")
    assert page.text("#latency output").endswith("s")
    page.until(lambda: number(page.row("temperature")["number turns"]) >= 16)
    page.until(lambda: 7 <= number(page.row("temperature")["number rate"]) <= 9)
    assert page.errors() == []


def test_it_survives_a_restart(page, program, tmp_path):
    page.open(program.page)
    page.until(lambda: page.tyme() > 1.5)
    program.close()
    page.until(lambda: page.status() == "reconnecting")
    errors = page.errors()
    again = Program(tmp_path, program.port)
    try:
        page.until(lambda: page.status() == "live" and f"pid {again.running.process.pid}" in page.text("#facts"))
        assert page.texts("#log .text") == ["it begins"]  # nothing of the last one
        page.until(lambda: number(page.row("temperature")["number turns"]) > 0)
        errors += page.errors()
        assert all("net::ERR_" in error for error in errors)  # the browser's own word on a server that is not there
        again.ask("/", 10)
        page.until(lambda: number(page.text("#requests .said")) >= 10)
        assert page.errors() == []
    finally:
        again.close()


def test_it_pauses_when_told_to(page, program):
    page.open(program.page)
    page.click("#pause")
    assert page.status() == "paused"
    page.until(lambda: program.streams() == 0)
    stopped = page.tyme()
    start = program.tree()["doist"]["tyme"]
    page.until(lambda: program.tree()["doist"]["tyme"] > start + 1.5)
    assert page.tyme() == stopped
    page.click("#pause")
    page.until(lambda: page.status() == "live" and page.tyme() > stopped)
    assert page.errors() == []


def test_it_pauses_while_nobody_sees_it(page, program):
    hide = """
        Object.defineProperty(document, "hidden", { value: arguments[0], configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    """
    page.open(program.page)
    page.until(lambda: program.streams() == 1)
    page.run(hide, True)
    page.until(lambda: program.streams() == 0)
    page.run(hide, False)
    page.until(lambda: program.streams() == 1 and page.status() == "live")
    assert page.errors() == []


def test_schedulers_fold(page, program):
    page.open(program.page)
    page.click('[aria-label="Fold sensors"]')
    assert page.texts("#doers .called") == ["shop", "sensors", "page"]
    before = page.tyme()
    page.until(lambda: page.tyme() > before)
    assert page.texts("#doers .called") == ["shop", "sensors", "page"]
    page.click('[aria-label="Unfold sensors"]')
    assert page.texts("#doers .called") == ["shop", "sensors", "temperature", HOSTILE, "page"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [320, 400, 800, 1600])
def test_it_fits(page, program, width, scheme):
    page.show(width, scheme)
    page.open(program.page)
    program.ask("/fail")
    page.until(lambda: page.texts("#log details") and page.texts("#connections tr"))
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    beyond = page.run("""
        return [...document.querySelectorAll("main *, header *")].filter((node) => {
            const { left, right, width } = node.getBoundingClientRect();
            return width > 1 && !node.closest(".scroll, svg") && (left < -1 || right > innerWidth + 1);
        }).map((node) => node.outerHTML.slice(0, 80));
    """)
    assert beyond == []
    hidden = page.run("""
        return [...document.querySelectorAll("#doers .called")].filter((node) => node.getClientRects().length === 0
            || node.closest("th").getBoundingClientRect().width < 40).length;
    """)
    assert hidden == 0


def luminance(colour):
    """Return the relative luminance of rgb(r, g, b), as WCAG 2.2 has it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_texts_stand_out(page, program, scheme):
    page.show(1600, scheme)
    page.open(program.page)
    program.ask("/fail")
    page.until(lambda: page.texts("#log details"))
    pairs = page.run("""
        const ground = (node) => {
            for (; node; node = node.parentElement) {
                const colour = getComputedStyle(node).backgroundColor;
                if (!/, 0\\)$/.test(colour)) return colour;
            }
        };
        return [...document.querySelectorAll("body *")]
            .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
            .filter((node) => node.getClientRects().length)
            .map((node) => [node.outerHTML.slice(0, 80), getComputedStyle(node).color, ground(node)]);
    """)
    assert len(pairs) > 40
    for where, ink, ground in pairs:
        dark, light = sorted((luminance(ink), luminance(ground)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (where, ink, ground)
