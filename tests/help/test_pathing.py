"""Making and removing directories that nobody else can read or redirect."""

from __future__ import annotations

import os
import stat
import sys
import tempfile

import pytest

from hio.help import pathing

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")


def modeOf(path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.fixture(autouse=True)
def umask():
    """Let the tests count on the common umask."""
    old = os.umask(0o022)
    yield
    os.umask(old)


@pytest.mark.parametrize(
    "part, wrong",
    [
        ("", ""),
        ("a", ""),
        ("a.b", ""),
        ("a..b", ""),
        ("...", ""),
        ("a/b", ""),
        ("..", "component"),
        ("a/../b", "component"),
        ("a/..", "component"),
        ("../a", "component"),
        ("/a", "absolute"),
        ("/", "absolute"),
        ("//a", "absolute"),
        ("a\0b", "NUL"),
    ],
)
def test_flaws(part, wrong):
    found = pathing.flaw(part)
    assert wrong in found and bool(found) == bool(wrong)


def test_flaws_of_a_single_component():
    assert pathing.flaw("a", nested=False) == ""
    assert "separator" in pathing.flaw("a/b", nested=False)
    assert "separator" in pathing.flaw("a/", nested=False)


@pytest.mark.parametrize(
    "part, blank", [("", True), (".", True), ("./.", True), (".//", True), ("a", False), ("./a", False)]
)
def test_blank(part, blank):
    assert pathing.isBlank(part) is blank


def test_temp_head_is_asked_for_each_time(monkeypatch, tmp_path):
    class Owner:
        head = pathing.TempHead()

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert Owner.head == Owner().head == str(tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert Owner.head == "/tmp"


@posix
def test_dirs_are_private_below_the_head_only(tmp_path):
    head = tmp_path / "head"
    pathing.makeDirs(str(head / "a" / "b"), str(head))
    assert [modeOf(path) for path in (head, head / "a", head / "a" / "b")] == [0o755, 0o700, 0o700]
    pathing.makeDirs(str(head / "a" / "c"), str(head), mode=0o775)
    assert [modeOf(path) for path in (head / "a", head / "a" / "c")] == [0o700, 0o775]
    pathing.makeDirs(str(head), str(head))
    with pytest.raises(OSError):
        (tmp_path / "file").touch()
        pathing.makeDirs(str(tmp_path / "file"), str(tmp_path))


@posix
def test_temp_dir_in_shared_levels_of_our_own(tmp_path):
    path, root = pathing.makeTempDir(str(tmp_path), "hio/logs", "test_", "_temp")
    assert path == root and os.path.dirname(path) == str(tmp_path / "hio" / "logs")
    assert os.path.basename(path).startswith("test_") and path.endswith("_temp")
    assert [modeOf(level) for level in (tmp_path / "hio", tmp_path / "hio" / "logs", path)] == [0o700] * 3
    other, _ = pathing.makeTempDir(str(tmp_path), "hio/logs", "test_", "_temp")
    assert other != path and os.path.dirname(other) == os.path.dirname(path)


def spoilByLink(level):
    (level.parent / "elsewhere").mkdir()
    level.symlink_to(level.parent / "elsewhere")


def spoilByMode(level):
    level.mkdir()
    level.chmod(0o777)


def spoilByFile(level):
    level.touch()


def spoilByOwner(level):
    level.mkdir(0o700)
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(level, 12345, -1)


@posix
@pytest.mark.parametrize("spoil", [spoilByLink, spoilByMode, spoilByFile, spoilByOwner])
@pytest.mark.parametrize("depth", [0, 1])
def test_temp_dir_avoids_levels_that_others_control(tmp_path, spoil, depth):
    level = tmp_path / "hio"
    if depth:
        level.mkdir(0o700)
        level /= "logs"
    spoil(level)
    path, root = pathing.makeTempDir(str(tmp_path), "hio/logs", "test_", "_temp")
    assert os.path.dirname(root) == str(tmp_path) and os.path.basename(root).startswith("test_")
    assert os.path.dirname(path) == os.path.join(root, "hio", "logs")
    assert {modeOf(made) for made in (root, os.path.join(root, "hio"), os.path.dirname(path), path)} == {0o700}
    assert not level.is_dir() or not os.listdir(level)


def test_remove_by_kind(tmp_path):
    (tmp_path / "dir" / "sub").mkdir(parents=True)
    (tmp_path / "dir" / "sub" / "file").write_text("x")
    (tmp_path / "file").write_text("x")
    pathing.remove(str(tmp_path / "file"))
    pathing.remove(str(tmp_path / "dir"))
    pathing.remove(str(tmp_path / "nothing"))
    pathing.remove(str(tmp_path / "nothing" / "at all"))
    assert not list(tmp_path.iterdir())


@posix
def test_remove_takes_a_link_and_not_what_it_points_to(tmp_path):
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "dir")
    pathing.remove(str(tmp_path / "link"))
    assert not (tmp_path / "link").is_symlink() and (tmp_path / "dir" / "file").exists()


@posix
def test_claim_dir(tmp_path):
    (tmp_path / "dir").mkdir()
    pathing.claimDir(str(tmp_path / "dir"), 0o1775)
    assert modeOf(tmp_path / "dir") == 0o1775
    (tmp_path / "link").symlink_to(tmp_path / "dir")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(NotADirectoryError):
            pathing.claimDir(str(tmp_path / name), 0o700)
    assert modeOf(tmp_path / "dir") == 0o1775


@posix
def test_what_belongs_to_others_keeps_its_mode(tmp_path, monkeypatch):
    monkeypatch.setattr(pathing, "isOwn", lambda found: False)
    (tmp_path / "dir").mkdir(0o755)
    (tmp_path / "file").touch(0o644)
    pathing.claimDir(str(tmp_path / "dir"), 0o700)
    with open(tmp_path / "file") as file:
        pathing.claimFile(file.fileno(), 0o600)
    assert (modeOf(tmp_path / "dir"), modeOf(tmp_path / "file")) == (0o755, 0o644)


def test_usable_asks_for_search_permission_on_directories_only(tmp_path, monkeypatch):
    asked = []

    def access(path, mode, **kwa):
        asked.append(mode)
        return False

    monkeypatch.setattr(os, "access", access)
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(PermissionError):
            pathing.checkUsable(str(path))
    assert asked == [os.R_OK | os.W_OK | os.X_OK, os.R_OK | os.W_OK]
