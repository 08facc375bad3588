"""Filer: directories and files at paths made by one rule, and the doer that opens and closes them."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile

import pytest

from hio.base import doing, filing
from hio.base.filing import Filer, FilerDoer, openFiler

pytestmark = pytest.mark.usefixtures("world")

FOUR = [dict(), dict(reuse=True), dict(reuse=True, clear=True), dict(clear=True)]


def modeOf(path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_the_real_heads(monkeypatch):
    monkeypatch.undo()
    assert Filer.HeadDirPath == "/usr/local/var"
    assert (Filer.TailDirPath, Filer.CleanTailDirPath) == ("hio", os.path.join("hio", "clean"))
    assert Filer.AltHeadDirPath == os.path.expanduser("~") and os.path.isabs(Filer.AltHeadDirPath)
    assert (Filer.AltTailDirPath, Filer.AltCleanTailDirPath) == (".hio", os.path.join(".hio", "clean"))
    assert Filer.TempHeadDir == ("/tmp" if sys.platform == "darwin" else tempfile.gettempdir())
    assert (Filer.TempPrefix, Filer.TempSuffix) == ("hio_", "_test")
    assert (Filer.Perm, Filer.Mode, Filer.Fext) == (0o1700, "r+", "text")


class TestDirectory:
    def test_defaults(self, world):
        filer = Filer(reopen=False)
        assert (filer.name, filer.base, filer.temp, filer.headDirPath) == ("main", "", False, str(world / "var"))
        assert (filer.perm, filer.mode, filer.fext) == (0o1700, "r+", "text")
        assert (filer.filed, filer.extensioned) == (False, False)
        assert filer.path is None and filer.file is None and filer.opened is False
        assert filer.close() is True and filer.close(clear=True) is True
        assert filer.reopen() is True and filer.opened is True

    @pytest.mark.parametrize(("kwa", "named"), [
        ({"name": 5}, "name .* got 5"), ({"base": 5}, "base .* got 5"), ({"fext": 5, "filed": True}, "fext .* got 5"),
        ({"perm": "0700"}, "perm .* got '0700'"), ({"mode": 5, "filed": True}, "mode .* got 5"),
    ])  # fmt: skip
    def test_kinds_of_parameters(self, world, kwa, named):
        with pytest.raises(TypeError, match=named):
            Filer(**kwa)
        with pytest.raises(TypeError, match=named):
            Filer(reopen=False).remake(**{"name": "x"} | kwa)

    def test_keywords_only(self):
        with pytest.raises(TypeError):
            Filer("name")

    def test_persistent(self, world):
        filer = Filer(name="test", reopen=False)
        assert filer.exists(name="test") is False
        filer = Filer(name="test")
        assert filer.exists(name="test") is True
        path = str(world / "var" / "hio" / "test")
        assert filer.path == path and os.path.isdir(path) and filer.opened and not filer.file
        assert filer.close() is True and not filer.opened and os.path.isdir(path)
        for kwa in FOUR:
            assert filer.reopen(**kwa) is True
            assert filer.opened and filer.path == path and os.path.isdir(path)
        assert filer.close(clear=True) is True
        assert filer.path == path and not os.path.exists(path) and filer.exists(name="test") is False

    @pytest.mark.parametrize("clean", [True, "true"])
    def test_clean(self, world, clean):
        path = str(world / "var" / "hio" / "clean" / "test")
        filer = Filer(name="test", reopen=False)
        assert filer.exists(name="test", clean=clean) is False
        filer = Filer(name="test", clean=clean)
        assert filer.path == path and filer.exists(name="test", clean=clean) is True
        assert filer.exists(name="test") is False
        for kwa in FOUR:
            assert filer.reopen(clean=clean, **kwa) and filer.path == path and os.path.isdir(path)
        filer.reopen()
        assert filer.path == str(world / "var" / "hio" / "test")  # clean is not remembered

    def test_clean_is_empty(self, world):
        filer = Filer(name="test", clean=True)
        (world / "var" / "hio" / "clean" / "test" / "old").touch()
        Filer(name="other", clean=True)
        filer.reopen(clean=True)
        assert os.listdir(filer.path) == []
        assert sorted(os.listdir(os.path.dirname(filer.path))) == ["other", "test"]

    def test_fallback(self, world, forbidden):
        head = os.path.join(forbidden, "hio")
        assert Filer(name="test", reopen=False).exists(name="test", headDirPath=head) is False
        filer = Filer(name="test", headDirPath=head)
        path = str(world / "home" / ".hio" / "test")
        assert filer.path == path and os.path.isdir(path) and filer.opened and filer.headDirPath == head
        assert filer.exists(name="test", headDirPath=head) is True
        for kwa in FOUR:
            assert filer.reopen(**kwa) and filer.path == path and os.path.isdir(path)
        filer.close(clear=True)
        assert not os.path.exists(path)

    def test_clean_fallback_is_clean_too(self, world, forbidden):
        for _ in range(2):
            filer = Filer(name="test", headDirPath=forbidden, clean=True)
            assert filer.path == str(world / "home" / ".hio" / "clean" / "test")
            assert os.listdir(filer.path) == []
            (world / "home" / ".hio" / "clean" / "test" / "old").touch()

    def test_fallback_on_any_oserror(self, world, monkeypatch):
        mkdir = os.mkdir

        def full(path, *pa, **kwa):
            if str(path).startswith(str(world / "var")):
                raise OSError(errno.ENOSPC, "No space left on device", path)
            return mkdir(path, *pa, **kwa)

        monkeypatch.setattr(os, "mkdir", full)
        assert Filer(name="test").path == str(world / "home" / ".hio" / "test")

    def test_errors_of_the_fallback_are_raised(self, world, forbidden, monkeypatch):
        monkeypatch.setattr(Filer, "AltHeadDirPath", forbidden)
        filer = Filer(name="test", headDirPath=forbidden, reopen=False)
        with pytest.raises(OSError):
            filer.reopen()
        assert not filer.opened and filer.path is None

    def test_fallback_when_what_is_there_cannot_be_used(self, world, monkeypatch):
        os.makedirs(world / "var" / "hio" / "test")
        refused = str(world / "var")
        monkeypatch.setattr(os, "access", lambda path, *pa, **kwa: not path.startswith(refused))
        assert Filer(name="test").path == str(world / "home" / ".hio" / "test")

    def test_base_and_nested_names(self, world):
        filer = Filer(name="a/b.c", base="x/y")
        assert filer.path == str(world / "var" / "hio" / "x" / "y" / "a" / "b.c") and os.path.isdir(filer.path)
        assert filer.exists(name="a/b.c", base="x/y")

    def test_heads_are_read_when_a_path_is_made(self, world, monkeypatch):
        class Mine(Filer):
            TailDirPath = "mine"
            AltTailDirPath = ".mine"

        filer = Mine(name="test", reopen=False)
        assert not filer.exists(name="test")
        monkeypatch.setattr(Mine, "HeadDirPath", str(world / "other"))
        assert Mine(name="test").path == str(world / "other" / "mine" / "test")
        assert filer.exists(name="test")  # asks for the class's head, not for its own
        monkeypatch.setattr(Mine, "AltHeadDirPath", str(world / "alt"))
        assert Mine(name="x", headDirPath=str(world / "file")).path == str(world / "alt" / ".mine" / "x")

    def test_home_is_expanded(self, world, monkeypatch):
        monkeypatch.setenv("HOME", str(world / "home"))
        filer = Filer(name="test", headDirPath="~/data")
        assert filer.path == str(world / "home" / "data" / "hio" / "test") and filer.headDirPath == "~/data"
        monkeypatch.setattr(Filer, "AltHeadDirPath", "~")
        assert Filer(name="x", headDirPath=str(world / "file")).path == str(world / "home" / ".hio" / "x")

    def test_a_relative_head_is_made_absolute_once(self, world, monkeypatch):
        monkeypatch.chdir(world / "var")
        filer = Filer(name="test", headDirPath="data")
        path = str(world / "var" / "data" / "hio" / "test")
        assert filer.path == path
        monkeypatch.chdir(world / "tmp")
        filer.reopen()
        assert filer.path == path and filer.headDirPath == str(world / "var" / "data")

    def test_reopen_takes_new_values(self, world):
        filer = Filer(name="test")
        filer.name = "other"
        filer.reopen(reuse=True)
        assert filer.path == str(world / "var" / "hio" / "test")
        filer.reopen(headDirPath=str(world / "head"), perm=0o700, mode="r", fext="x", unknown=1)
        assert filer.path == str(world / "head" / "hio" / "other")
        assert (filer.headDirPath, filer.perm, filer.mode, filer.fext) == (str(world / "head"), 0o700, "r", "x")
        filer.close()
        shutil.rmtree(filer.path)
        filer.reopen(reuse=True)
        assert os.path.isdir(filer.path)  # nothing to reuse: made anew

    def test_remake_changes_nothing(self, world):
        filer = Filer(name="test", fext="x", perm=0o700)
        before = dict(vars(filer))
        path, file = filer.remake(name="more", base="b", filed=True, unknown=1)
        assert path == str(world / "var" / "hio" / "b" / "more.text") and file.writable()
        file.close()
        assert vars(filer) == before
        assert filer.remake(name="dir") == (str(world / "var" / "hio" / "dir"), None)
        assert modeOf(world / "var" / "hio" / "dir") == 0o1700


class TestFile:
    def check(self, filer, path):
        """Write, read, and open again in each of the four ways."""
        assert filer.path == path and filer.opened is True and not filer.file.closed
        assert filer.file.read() == ""
        assert filer.file.write("Hello Jim\n") == 10
        assert filer.file.seek(0) == 0
        assert filer.file.read() == "Hello Jim\n"
        file = filer.file
        assert filer.close() is True
        assert file.closed and filer.file is file and os.path.exists(path) and not filer.opened
        for kwa in FOUR:
            assert filer.reopen(**kwa) is True
            assert filer.opened and not filer.file.closed and filer.path == path
            assert filer.file.read() == ("" if kwa.get("clear") else "Hello Jim\n")
        filer.close(clear=True)
        assert not os.path.exists(path) and filer.file is None and filer.path == path

    def test_persistent(self, world):
        assert not Filer(name="test", reopen=False).exists(name="test", base="conf", filed=True)
        filer = Filer(name="test", base="conf", filed=True)
        assert filer.exists(name="test", base="conf", filed=True) is True
        assert filer.exists(name="test", base="conf") is False
        self.check(filer, str(world / "var" / "hio" / "conf" / "test.text"))

    def test_fallback(self, world, forbidden):
        filer = Filer(name="test", base="conf", headDirPath=forbidden, filed=True)
        assert filer.exists(name="test", base="conf", headDirPath=forbidden, filed=True) is True
        self.check(filer, str(world / "home" / ".hio" / "conf" / "test.text"))

    def test_a_fallback_file_that_exists_is_opened(self, forbidden):
        Filer(name="test", headDirPath=forbidden, filed=True).close()
        filer = Filer(name="test", headDirPath=forbidden, filed=True)
        assert filer.opened is True and not filer.file.closed
        filer.close()

    def test_fallback_when_the_file_there_cannot_be_opened(self, world, monkeypatch):
        Filer(name="test", filed=True).close()
        os_open, refuse = os.open, str(world / "var" / "hio" / "test.text")

        def locked(path, *pa, **kwa):
            if path == refuse:
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return os_open(path, *pa, **kwa)

        monkeypatch.setattr(os, "open", locked)
        for _ in range(2):  # the fallback is new, then exists
            filer = Filer(name="test", filed=True)
            assert filer.path == str(world / "home" / ".hio" / "test.text") and filer.opened is True
            filer.close()

    def test_binary_settings(self, world):
        class Settings(Filer):
            TailDirPath = "keri/cf"

        filer = Settings(name="conf", base="main", filed=True, mode="r+b", fext="json")
        assert filer.path.endswith(os.path.join("keri", "cf", "main", "conf.json"))
        filer.file.write(b"{}")
        filer.file.seek(0)
        assert filer.file.read() == b"{}"
        filer.close()
        assert filer.file.closed and os.path.exists(filer.path)
        filer.reopen()
        assert filer.file.read() == b"{}"
        filer.close(clear=True)
        assert not os.path.exists(filer.path)

    @pytest.mark.parametrize("mode", ["r", "r+", "a", "w"])
    def test_a_new_file_can_be_read_and_written_in_utf8(self, mode):
        with openFiler(filed=True, mode=mode) as filer:
            filer.file.write("\u20ac")
            filer.flush()
            with open(filer.path, "rb") as file:
                assert file.read() == "\u20ac".encode()
            filer.file.seek(0)
            assert filer.file.read() == "\u20ac"

    def test_an_old_file_takes_the_mode(self):
        with openFiler(filed=True) as filer:
            filer.file.write("old")
            filer.reopen(reuse=True, mode="r")
            assert filer.file.read() == "old" and not filer.file.writable()
            filer.reopen(reuse=True, mode="w+")
            assert filer.file.read() == ""

    @pytest.mark.parametrize(
        "name, file",
        [
            ("did.1", "did.1"),
            (".hid", ".hid.text"),
            ("a", "a.text"),
            ("a.b.c", "a.b.c"),
            ("x.d/a", "x.d/a.text"),
            ("a/", "a.text"),
            ("a/.", "a.text"),
        ],
    )
    def test_extension(self, world, name, file):
        with openFiler(name=name, temp=False, filed=True, clear=True) as filer:
            assert filer.path == str(world / "var" / "hio" / file)
            assert filer.exists(name=name, filed=True) and filer.exists(name=name, extensioned=True)
        with openFiler(name=name, temp=False, extensioned=True) as filer:
            assert filer.path == str(world / "var" / "hio" / file)

    def test_extension_of_ones_own(self, world):
        with openFiler(name="a", temp=False, filed=True, fext="db") as filer:
            assert filer.path == str(world / "var" / "hio" / "a.db")
            assert filer.exists(name="a", filed=True, fext="db") and not filer.exists(name="a", filed=True)
            filer.reopen(fext="x")
            assert filer.path == str(world / "var" / "hio" / "a.x")

    def test_extensioned_makes_the_parents_only(self, world):
        filer = Filer(name="sock", base="b", extensioned=True, fext="uxd")
        assert filer.path == str(world / "var" / "hio" / "b" / "sock.uxd")
        assert filer.file is None and filer.opened is True
        assert os.path.isdir(world / "var" / "hio" / "b") and not os.path.exists(filer.path)
        (world / "var" / "hio" / "b" / "sock.uxd").touch()
        (world / "var" / "hio" / "b" / "other").touch()
        for kwa in (dict(), dict(reuse=True)):
            assert filer.reopen(**kwa) and os.path.exists(filer.path)
        filer.close(clear=True)
        assert os.listdir(world / "var" / "hio" / "b") == ["other"]

    def test_flush(self, world):
        with openFiler(filed=True) as filer:
            filer.file.write("x")
            filer.flush()
            with open(filer.path) as file:
                assert file.read() == "x"
        filer.flush()
        Filer(reopen=False).flush()

    @pytest.mark.parametrize("code, raised", [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
    def test_sync_that_is_not_supported_is_no_error(self, monkeypatch, code, raised):
        def fsync(fd):
            raise OSError(code, os.strerror(code))

        filer = Filer(filed=True)
        monkeypatch.setattr(os, "fsync", fsync)
        if raised:
            with pytest.raises(OSError):
                filer.close(clear=True)
        else:
            filer.close(clear=True)
        assert filer.file is None and not filer.opened and not os.path.exists(filer.path)

    def test_an_error_at_the_last_write_closes_and_clears_all_the_same(self, monkeypatch):
        filer = Filer(filed=True)
        file = filer.file
        monkeypatch.setattr(filer, "flush", lambda: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(OSError, match="full"):
            filer.close()
        assert file.closed and not filer.opened and os.path.exists(filer.path)
        with pytest.raises(OSError, match="full"):
            filer.close(clear=True)
        assert not os.path.exists(filer.path) and filer.file is None


class TestDoer:
    @pytest.mark.parametrize("filed", [False, True])
    def test_opens_nothing_by_itself(self, filed):
        filer = Filer(name="test0", temp=True, reopen=False, filed=filed)
        doer = FilerDoer(filer=filer)
        assert doer.filer is filer
        assert filer.opened == False and filer.path == None and filer.file == None  # noqa: E711, E712

    @pytest.mark.parametrize("filed", [False, True])
    def test_by_hand_and_by_doist(self, filed):
        filers = [Filer(name="test0", temp=True, reopen=False, filed=filed) for _ in range(2)]
        doers = [FilerDoer(filer=filer) for filer in filers]
        doist = doing.Doist(limit=0.25, tock=0.03125, doers=doers)
        end = os.path.join("_test", "hio", "test0.text" if filed else "test0")

        def allOpen():
            for filer in filers:
                assert filer.opened and filer.path.endswith(end) and os.path.exists(filer.path)
                assert not filed or not filer.file.closed

        doist.enter()
        assert [retyme for _, retyme, _ in doist.deeds] == [0.0, 0.0]
        allOpen()
        doist.recur()
        assert doist.tyme == 0.03125 and len(doist.deeds) == 2
        allOpen()
        for dog, _, _ in doist.deeds:
            dog.close()
        for filer in filers:
            assert not filer.opened and not os.path.exists(filer.path) and (not filed or filer.file is None)

        doist.tyme = 0.0
        doist.do(doers=doers)
        assert doist.tyme == 0.25
        for filer in filers:
            assert not filer.opened and not os.path.exists(filer.path) and filer.path.endswith(end)

    def test_temp_is_passed_on(self, world):
        filer = Filer(name="test", reopen=False)
        dog = FilerDoer(filer=filer)(tymth=lambda: 0.0, temp=True)
        next(dog)
        assert filer.temp and filer.path.startswith(str(world / "tmp"))
        dog.close()
        assert os.listdir(world / "tmp") == []

    def test_an_open_one_is_left_as_it_is_and_a_persistent_one_stays(self):
        filer = Filer(name="test")
        path = filer.path
        dog = FilerDoer(filer=filer)(tymth=lambda: 0.0)
        next(dog)
        assert filer.path == path and filer.opened
        dog.close()
        assert not filer.opened and os.path.isdir(path)


def test_the_fallback_is_logged(world, forbidden, monkeypatch):
    lines = []
    monkeypatch.setattr(filing.logger, "info", lambda text, *pa: lines.append(text % pa))
    Filer(name="test", headDirPath=forbidden)
    assert len(lines) == 1 and str(world / "home") in lines[0] and forbidden in lines[0]
