"""Every Python block of the documents runs as printed, and does what the block behind it says.

A block behind which a ```text block stands prints just that. A block behind which a ```console block with curl stands
serves: it is started, each URL is fetched, and SIGINT ends it with exit status 0. The one thing that is changed is the
port, since a test takes none that somebody else may have.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
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

    @property
    def serves(self) -> bool:
        return self.kind == "console" and "$ curl " in self.after


def blocks(text: str, name: str) -> list[Block]:
    """Return the Python blocks of a document."""
    found = list(FENCE.finditer(text))
    result = []
    for fence, after in zip(found, [*found[1:], None], strict=False):
        if fence[1] == "python":
            line = text.count("\n", 0, fence.start()) + 1
            behind = (after[1], after[2]) if after and not text[fence.end() : after.start()].strip() else ("", "")
            result.append(Block(f"{name}:{line}", fence[2], *behind))
    return result


BLOCKS = [
    block for document in DOCUMENTS for block in blocks(document.read_text(), document.relative_to(ROOT).as_posix())
]


def identify(block: Block) -> str:
    return block.name


def start(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.serves], ids=identify)
def test_block_runs(block):
    process = start(block.code)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    if block.kind == "text":
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
def test_block_serves(block):
    code, promises = rebound(block)
    process = start(code)
    try:
        awaitListening(promises[0][0], process)
        for url, answer in promises:
            assert fetch(url) == answer.rstrip("\n")
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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    targets = [target for target in LINK.findall(document.read_text()) if "://" not in target]
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
    ],
)
def test_blocks_are_found(text, expected):
    assert blocks(text, "x") == expected
