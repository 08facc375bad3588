"""Every Python block of the documents runs as printed, and does what the block behind it says.

A block behind which a ```text block stands prints just that. A block behind which a ```console block with curl stands
serves: it is started, each URL is fetched, and SIGINT ends it with exit status 0. The one thing that is changed is the
port, since a test takes none that somebody else may have. Three dots in an answer stand for anything.

A block that begins with the comment `# shop.py` is that file: the blocks below it in the document find it beside them.
A block with functions called test_... is run by pytest; one called conftest.py is loaded by a pytest without tests.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hio.serve import configuring

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
NAMED = re.compile(r"# (\w+\.py)\n")
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
TESTS = re.compile(r"^def test_", re.M)
CURL = re.compile(r"^\$ curl (http://\S+)\n((?:(?!\$ ).*\n)*)", re.M)
PATIENCE = 20.0  # seconds for a process to do its next thing; a fresh import of falcon may be slow
PAUSE = 0.02  # seconds between two looks whether it listens


@dataclass(frozen=True)
class Block:
    """A Python block, and the block behind it."""

    name: str  # the document and the line, for the test's id
    code: str
    kind: str = ""  # the language of the block behind
    after: str = ""
    files: tuple[tuple[str, str], ...] = ()  # (name, code) of those above it that are files

    @property
    def serves(self) -> bool:
        return self.kind == "console" and "$ curl " in self.after

    @property
    def file(self) -> str:
        """The file that it is, "" for none."""
        match = NAMED.match(self.code)
        return match[1] if match else ""

    @property
    def tests(self) -> bool:
        return TESTS.search(self.code) is not None


def blocks(text: str, name: str) -> list[Block]:
    """Return the Python blocks of a document."""
    found = list(FENCE.finditer(text))
    result: list[Block] = []
    files: tuple[tuple[str, str], ...] = ()
    for fence, after in zip(found, [*found[1:], None], strict=False):
        if fence[1] == "python":
            line = text.count("\n", 0, fence.start()) + 1
            behind = (after[1], after[2]) if after and not text[fence.end() : after.start()].strip() else ("", "")
            block = Block(f"{name}:{line}", fence[2], *behind, files=files)
            result.append(block)
            if block.file:
                files += ((block.file, block.code),)
    return result


BLOCKS = [
    block for document in DOCUMENTS for block in blocks(document.read_text(), document.relative_to(ROOT).as_posix())
]


def identify(block: Block) -> str:
    return block.name


def start(block: Block, code: str, place: Path) -> subprocess.Popen[str]:
    """Run the code of block in the directory place, beside the files that stand above it."""
    for name, text in block.files:
        (place / name).write_text(text)
    command = [sys.executable, "-c", code]
    if block.tests or block.file == "conftest.py":
        name = block.file or "test_block.py"
        (place / name).write_text(code)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name if block.tests else "."]
    return subprocess.Popen(
        command, cwd=place, env=os.environ | {"PYTHONPATH": f"{place}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.serves], ids=identify)
def test_block_runs(block, tmp_path):
    process = start(block, block.code, tmp_path)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    if block.file == "conftest.py" and not block.tests:
        assert process.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, out
        return
    assert (process.returncode, err) == (0, ""), out
    if block.tests:
        passed = re.search(r"^(\d+) passed", out, re.M)
        assert passed and int(passed[1]) >= len(TESTS.findall(block.code)), out  # more where there are seeds
    elif block.kind == "text":
        assert out == block.after


def rebound(block: Block) -> tuple[str, list[tuple[str, str]]]:
    """Return the code on a free port, and the (URL, answer) pairs that its curls promise there."""
    [printed] = {urlsplit(url).port for url, _answer in CURL.findall(block.after)}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert f"port={printed}" in block.code, "the block does not serve on the port that curl asks"
    promises = [(url.replace(f":{printed}", f":{port}"), answer) for url, answer in CURL.findall(block.after)]
    return block.code.replace(f"port={printed}", f"port={port}"), promises


def fetch(url: str) -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def agrees(text: str, promised: str) -> bool:
    """Whether text is what a document promises, where ... stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, promised.split("..."))), text, re.S) is not None


def awaitListening(url: str, process: subprocess.Popen[str]) -> None:
    """Return once somebody listens at the URL; fail when the process has ended."""
    parts = urlsplit(url)
    for _ in range(int(PATIENCE / PAUSE)):
        with socket.socket() as probe:
            if probe.connect_ex((parts.hostname, parts.port)) == 0:
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PAUSE)
            break
    process.kill()
    pytest.fail(f"nobody listens at {url}; stderr: {process.stderr.read()}")


@pytest.mark.kernel
@pytest.mark.parametrize("block", [block for block in BLOCKS if block.serves], ids=identify)
def test_block_serves(block, tmp_path):
    code, promises = rebound(block)
    process = start(block, code, tmp_path)
    try:
        awaitListening(promises[0][0], process)
        for url, answer in promises:
            assert agrees(fetch(url).rstrip("\n"), answer.rstrip("\n"))
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (0, "")
    finally:
        process.kill()
        process.communicate()


def test_the_readme_serves_within_its_first_screen():
    first = BLOCKS[0]
    assert first.name.startswith("README.md") and first.serves
    assert int(first.name.partition(":")[2]) < 15
    assert len([line for line in first.code.splitlines() if line.strip()]) == 10


def test_configuration_files_are_taken(tmp_path):
    path = tmp_path / "shop.toml"
    found = [fence[2] for document in DOCUMENTS for fence in FENCE.finditer(document.read_text()) if fence[1] == "toml"]
    assert found
    for text in found:
        path.write_text(text)
        assert configuring.load({"config": str(path)}).app


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_flags_of_hio_serve_exist(document):
    commands = [line for line in re.sub(r"\\\n", " ", document.read_text()).splitlines() if "hio serve " in line]
    flags = {flag for line in commands for flag in FLAG.findall(line.partition("hio serve ")[2])}
    assert flags <= set(configuring.BY_NAME) | {"help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    prose = CODE.sub("", document.read_text())
    targets = [target for target in LINK.findall(prose) if "://" not in target]
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("```python\na\n```\n", [Block("x:1", "a\n")]),
        ("\n```python\na\n```\n\n```text\nb\n```\n", [Block("x:2", "a\n", "text", "b\n")]),
        ("```python\na\n```\nwords\n```text\nb\n```\n", [Block("x:1", "a\n")]),
        ("```console\n$ a\n```\n```python\nb\n```\n", [Block("x:4", "b\n")]),
        ("```\na\n```\n", []),
        (
            "```python\n# a.py\n```\n```python\nb\n```\n",
            [Block("x:1", "# a.py\n", "python", "b\n"), Block("x:4", "b\n", files=(("a.py", "# a.py\n"),))],
        ),
    ],
)
def test_blocks_are_found(text, expected):
    assert blocks(text, "x") == expected
