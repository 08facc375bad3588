"""Filer: directories and files at paths made by one rule."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hio import FilerError, Mixin
from hio.base import doing, filing
from hio.base.filing import Filer, FilerDoer, openFiler
from hio.help import pathing
from hio.hioing import UnknownArgumentWarning

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch):
    """Give every test its own heads: var to write to, home to fall back on, tmp, and one that is forbidden."""
    for head in ("var", "home", "tmp"):
        (tmp_path / head).mkdir()
    (tmp_path / "file").touch()  # nothing can be made below a file, whoever tries
    monkeypatch.setattr(Filer, "HeadDirPath", str(tmp_path / "var"))
    monkeypatch.setattr(Filer, "AltHeadDirPath", str(tmp_path / "home"))
    monkeypatch.setattr(Filer, "TempHeadDir", str(tmp_path / "tmp"))
    old = os.umask(0o022)
    yield tmp_path
    os.umask(old)


@pytest.fixture
def forbidden(world):
    return str(world / "file" / "hio")


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


FOUR = [dict(), dict(reuse=True), dict(reuse=True, clear=True), dict(clear=True)]


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


class TestTemporary:
    def test_directory(self, world):
        with openFiler() as filer:
            assert type(filer) is Filer and filer.name == "test" and filer.temp and filer.opened and not filer.file
            assert filer.path.startswith(str(world / "tmp" / "hio_"))
            assert filer.path.endswith(os.path.join("_test", "hio", "test")) and os.path.isdir(filer.path)
            assert filer.headDirPath == Filer.HeadDirPath
        assert not os.path.exists(filer.path) and not filer.opened
        assert os.listdir(world / "tmp") == []  # not a level is left

    def test_file(self, world):
        with openFiler(filed=True) as filer:
            assert filer.path.startswith(str(world / "tmp" / "hio_")) and filer.opened
            assert filer.path.endswith(os.path.join("_test", "hio", "test.text")) and not filer.file.closed
        assert not os.path.exists(filer.path) and filer.file is None
        assert os.listdir(world / "tmp") == []

    def test_extensioned(self, world):
        with openFiler(extensioned=True, base="b") as filer:
            assert filer.path.endswith(os.path.join("_test", "hio", "b", "test.text"))
            assert os.path.isdir(os.path.dirname(filer.path)) and not os.path.exists(filer.path)
        assert os.listdir(world / "tmp") == []

    def test_clean(self):
        with openFiler(clean=True) as filer:
            assert filer.path.endswith(os.path.join("_test", "hio", "clean", "test"))

    def test_prefix_and_tail_of_a_subclass(self, world):
        class Keep(Filer):
            TempPrefix = "keri_ks_"
            TailDirPath = "keri/ks"

        with openFiler(cls=Keep) as one, openFiler(cls=Keep) as two:
            assert type(one) is Keep
            assert one.path.startswith(str(world / "tmp" / "keri_ks_"))
            assert one.path.endswith(os.path.join("_test", "keri", "ks", "test"))
            assert one.path != two.path and os.path.dirname(one.path) != os.path.dirname(two.path)

    def test_persistent_with_clear(self, world, forbidden):
        with openFiler(filed=True, temp=False, headDirPath=forbidden, clear=True) as filer:
            assert filer.path == str(world / "home" / ".hio" / "test.text") and filer.opened
        assert not os.path.exists(filer.path)

    def test_temp_is_read_at_the_end(self):
        with openFiler(temp=False) as filer:
            filer.temp = True
        assert not os.path.exists(filer.path)

    def test_closes_after_an_exception(self):
        with pytest.raises(KeyError), openFiler() as filer:
            raise KeyError
        assert not filer.opened and not os.path.exists(filer.path)

    def test_not_opened(self):
        with openFiler(reopen=False) as filer:
            assert filer.path is None and filer.opened is False

    def test_close_without_clear_removes_nothing(self, world):
        filer = Filer(temp=True)
        filer.close()
        assert os.path.isdir(filer.path)
        filer.close(clear=True)
        assert os.listdir(world / "tmp") == []

    def test_reuse_keeps_the_directory(self):
        with openFiler() as filer:
            path = filer.path
            filer.reopen(reuse=True)
            assert filer.path == path
            filer.reopen()
            assert filer.path != path and os.path.isdir(filer.path)

    def test_directories_left_behind_are_removed_at_last(self, world):
        filer = Filer(temp=True, filed=True)
        for _ in range(3):
            filer.reopen()
        filer.remake(name="more", temp=True)
        assert len(os.listdir(world / "tmp")) == 5
        filer.close(clear=True)
        assert os.listdir(world / "tmp") == []

    def test_a_path_that_cannot_be_made_leaves_nothing(self, world):
        with pytest.raises(OSError):
            Filer(name="x" * 5000, temp=True)
        assert os.listdir(world / "tmp") == []

    def test_a_constructor_that_fails_leaves_nothing(self, world):
        files = []

        class Base(Filer):
            def reopen(self, **kwa):
                super().reopen(**kwa)
                files.append(self.file)
                raise RuntimeError("no database")

        with pytest.raises(RuntimeError, match="no database"):
            Base(temp=True, filed=True)
        assert os.listdir(world / "tmp") == [] and files[0].closed


class TestRemoval:
    """Nothing but the target, or what was made for it alone, is ever removed."""

    def test_temp_assigned_to_a_persistent_file(self, world):
        filer = Filer(name="test", filed=True)
        Filer(name="sibling")
        filer.reopen(temp=True, reuse=True)
        assert filer.path == str(world / "var" / "hio" / "test.text")
        filer.close(clear=True)
        assert os.listdir(world / "var" / "hio") == ["sibling"]

    def test_temp_removed_from_a_temporary_one(self, world):
        filer = Filer(temp=True)
        filer.temp = False
        filer.close(clear=True)
        assert os.listdir(world / "tmp") == []

    @pytest.mark.parametrize("extensioned", [False, True])
    def test_clean_over_a_file_removes_that_file_only(self, world, extensioned):
        directory = world / "var" / "hio" / "clean"
        directory.mkdir(parents=True)
        for name in ("test", "test.text", "sibling"):
            (directory / name).touch()
        filer = Filer(name="test", clean=True, extensioned=extensioned)
        assert filer.opened
        left = {"sibling", "test.text", "test"} - ({"test.text"} if extensioned else set())
        assert set(os.listdir(directory)) == left

    def test_clean_over_a_directory_where_a_file_is_wanted(self, world):
        (world / "var" / "hio" / "clean" / "test.text" / "sub").mkdir(parents=True)
        with openFiler(temp=False, clean=True, filed=True) as filer:
            assert os.path.isfile(filer.path)

    def test_extensioned_with_a_directory_at_the_path(self, world):
        filer = Filer(name="test", extensioned=True)
        os.makedirs(os.path.join(filer.path, "sub"))
        filer.close(clear=True)
        assert not os.path.exists(filer.path)

    @posix
    def test_a_link_is_removed_and_not_what_it_points_to(self, world):
        filer = Filer(name="test")
        filer.close()
        (world / "data").mkdir()
        (world / "data" / "precious").touch()
        os.rmdir(filer.path)
        os.symlink(world / "data", filer.path)
        filer.close(clear=True)
        assert not os.path.lexists(filer.path) and (world / "data" / "precious").exists()

    def test_a_copy_moved_away(self, world):
        """Replace a directory by a clean copy, as a database does that cleans itself."""
        for temp in (False, True):
            original = Filer(name="db", temp=temp)
            with open(os.path.join(original.path, "old"), "w"):
                pass
            with openFiler(name="db", temp=temp, clean=True) as copy:
                with open(os.path.join(copy.path, "new"), "w"):
                    pass
                shutil.rmtree(original.path)
                shutil.move(copy.path, original.path)
                copy.close()
            path = original.path
            assert original.reopen(reuse=True) and original.path == path
            assert os.listdir(path) == ["new"]
            original.close(clear=True)
            assert not os.path.exists(path)
        assert os.listdir(world / "tmp") == []


BAD_NAMES = ["/test", "..", "../x", "../../x", "a/../../b", "a/..", "a\0b", "", ".", "./", "./."]


class TestRefusals:
    @pytest.mark.parametrize("name", BAD_NAMES)
    @pytest.mark.parametrize("filed", [False, True])
    def test_names(self, world, name, filed):
        for temp in (False, True):
            with pytest.raises(FilerError, match="name"):
                Filer(name=name, temp=temp, filed=filed)
            with pytest.raises(FilerError, match="name"):
                Filer(name=name, temp=temp, filed=filed, reopen=False)
        filer = Filer(reopen=False)
        with pytest.raises(FilerError, match="name"):
            filer.exists(name=name, filed=filed)
        with pytest.raises(FilerError, match="name"):
            filer.remake(name=name, filed=filed)
        filer.name = name  # not refused here
        for _ in range(2):
            with pytest.raises(FilerError, match="name"):
                filer.reopen()
        assert os.listdir(world / "var") == os.listdir(world / "tmp") == []

    @pytest.mark.parametrize("base", ["/conf", "..", "../..", "a/../../b", "a\0b"])
    def test_bases(self, world, base):
        with pytest.raises(FilerError, match="base"):
            Filer(name="test", base=base)
        filer = Filer(name="test", reopen=False)
        for method in (filer.exists, filer.remake):
            with pytest.raises(FilerError, match="base"):
                method(name="test", base=base)
        assert os.listdir(world / "var") == []

    @pytest.mark.parametrize("base", ["", ".", "a", "a/b", "a/", "./a"])
    def test_bases_that_are_fine(self, world, base):
        assert Filer(name="test", base=base).path == os.path.normpath(world / "var" / "hio" / base / "test")

    @pytest.mark.parametrize("fext", ["x/../../y", "..", "a/b", "/x", "\0"])
    def test_extensions(self, fext):
        with pytest.raises(FilerError, match="fext"):
            Filer(name="test", filed=True, fext=fext)
        filer = Filer(name="test", reopen=False)
        with pytest.raises(FilerError, match="fext"):
            filer.exists(name="test", filed=True, fext=fext)
        with pytest.raises(FilerError, match="fext"):
            filer.reopen(fext=fext)

    @pytest.mark.parametrize("head", ["", "a\0b"])
    def test_heads(self, head):
        with pytest.raises(FilerError, match="headDirPath"):
            Filer(headDirPath=head)
        filer = Filer(reopen=False)
        with pytest.raises(FilerError, match="headDirPath"):
            filer.exists(name="test", headDirPath=head)
        with pytest.raises(FilerError, match="headDirPath"):
            filer.reopen(headDirPath=head)

    @posix
    @pytest.mark.parametrize("filed", [False, True])
    @pytest.mark.parametrize("dangling", [False, True])
    def test_a_link_at_the_target(self, world, filed, dangling):
        target = world / "elsewhere"
        if not dangling:
            target.touch(0o640) if filed else target.mkdir(0o750)
        before = None if dangling else modeOf(target)
        (world / "var" / "hio").mkdir()
        os.symlink(target, world / "var" / "hio" / ("test.text" if filed else "test"))
        with pytest.raises(FilerError, match="something else"):
            Filer(name="test", filed=filed)
        assert dangling != target.exists() and (dangling or modeOf(target) == before)

    @posix
    def test_a_link_in_the_head_is_the_administrators_choice(self, world):
        (world / "big").mkdir()
        os.symlink(world / "big", world / "var" / "hio")
        filer = Filer(name="test")
        assert filer.path == str(world / "var" / "hio" / "test") and os.path.isdir(world / "big" / "test")

    @pytest.mark.parametrize("filed", [False, True])
    def test_another_kind_of_thing(self, world, filed):
        path = world / "var" / "hio" / ("test.text" if filed else "test")
        path.mkdir(parents=True) if filed else (path.parent.mkdir(), path.touch())
        with pytest.raises(FilerError, match="something else") as info:
            Filer(name="test", filed=filed)
        assert repr(str(path)) in str(info.value)

    @pytest.mark.parametrize("filed", [False, True])
    def test_another_kind_of_thing_when_reused(self, filed):
        filer = Filer(name="test", filed=filed)
        filer.close(clear=True)
        os.mkdir(filer.path) if filed else open(filer.path, "w").close()
        with pytest.raises(FilerError, match="something else"):
            filer.reopen(reuse=True)
        assert filer.opened is False

    @posix
    def test_a_fifo_is_not_waited_for(self, world):
        (world / "var" / "hio").mkdir()
        os.mkfifo(world / "var" / "hio" / "test.text")
        with pytest.raises(FilerError, match="something else"):
            Filer(name="test", filed=True, mode="r")

    @example(name="a/.", base="", fext="", filed=True)
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        name=st.text(alphabet="./ab\0~", max_size=6),
        base=st.text(alphabet="./ab\0~", max_size=6),
        fext=st.text(alphabet="./a", max_size=3),
        filed=st.booleans(),
    )
    def test_whatever_the_parts_the_path_is_below_the_head(self, world, name, base, fext, filed):
        tail = str(world / "var" / "hio")
        try:
            filer = Filer(name=name, base=base, fext=fext, filed=filed)
        except FilerError:
            return
        try:
            assert os.path.commonpath([filer.path, tail]) == tail and filer.path != tail
            assert os.path.realpath(filer.path) == os.path.realpath(tail) + filer.path.removeprefix(tail)
            assert filer.exists(name=name, base=base, fext=fext, filed=filed)
        finally:
            filer.close(clear=True)
            pathing.remove(tail)
        assert sorted(os.listdir(world)) == ["file", "home", "tmp", "var"]


@posix
class TestPermissions:
    def test_directories(self, world):
        for perm, mode in ((None, 0o1700), (0o775, 0o775), (0o1700, 0o1700)):
            filer = Filer(name="test", base="b", perm=perm)
            assert oct(os.stat(filer.path).st_mode)[-4:] == f"{mode:04o}"
            filer.close(clear=True)
            pathing.remove(str(world / "var" / "hio"))

    def test_levels_above_are_private_or_as_open_as_perm(self, world):
        Filer(name="test", base="b/c")
        Filer(name="test", base="shared/c", perm=0o1775)
        levels = {level: modeOf(world / "var" / "hio" / level) for level in ("", "b", "b/c", "shared", "shared/c")}
        assert levels == {"": 0o700, "b": 0o700, "b/c": 0o700, "shared": 0o775, "shared/c": 0o775}

    def test_levels_that_exist_are_left_alone(self, world):
        (world / "var" / "hio").mkdir(0o755)
        Filer(name="test")
        assert modeOf(world / "var" / "hio") == 0o755

    def test_the_head_gets_the_usual_mode(self, world):
        Filer(name="test", headDirPath=str(world / "a" / "b"))
        assert modeOf(world / "a") == modeOf(world / "a" / "b") == 0o755

    def test_whatever_the_umask(self, world):
        os.umask(0o077)
        assert modeOf(Filer(name="test", perm=0o775).path) == 0o775
        os.umask(0)
        assert modeOf(Filer(name="other").path) == 0o1700

    def test_a_directory_is_never_more_open_than_it_will_be(self, world, monkeypatch):
        made, mkdir = [], os.mkdir
        monkeypatch.setattr(os, "mkdir", lambda path, mode=0o777: (made.append(mode), mkdir(path, mode)))
        Filer(name="test", base="b")
        assert made == [0o700] * 3

    def test_files(self, world):
        for perm, mode in ((None, 0o600), (0o775, 0o664), (0o644, 0o644)):
            for temp in (False, True):
                filer = Filer(name="test", filed=True, perm=perm, temp=temp)
                assert modeOf(filer.path) == mode
                filer.close(clear=True)

    def test_temporary_directories(self, world):
        with openFiler(base="b") as filer:
            assert modeOf(filer.path) == 0o1700
            level = os.path.dirname(filer.path)
            while level != str(world / "tmp"):
                assert modeOf(level) == 0o700
                level = os.path.dirname(level)

    def test_existing_of_this_user(self, world):
        (world / "var" / "hio" / "test").mkdir(0o755, parents=True)
        (world / "var" / "hio" / "test.text").touch(0o644)
        assert modeOf(Filer(name="test").path) == 0o1700
        with openFiler(temp=False, filed=True) as filer:
            assert modeOf(filer.path) == 0o600

    def test_existing_of_others(self, world, monkeypatch):
        (world / "var" / "hio" / "test").mkdir(0o755, parents=True)
        (world / "var" / "hio" / "test.text").touch(0o644)
        monkeypatch.setattr(pathing, "isOwn", lambda found: False)
        assert modeOf(Filer(name="test").path) == 0o755
        with openFiler(temp=False, filed=True) as filer:
            assert modeOf(filer.path) == 0o644 and filer.opened

    def test_extensioned_is_left_alone(self, world):
        (world / "var" / "hio").mkdir()
        (world / "var" / "hio" / "test.text").touch(0o644)
        assert modeOf(Filer(name="test", extensioned=True).path) == 0o644


class TestInheritance:
    """The ways in which a program builds on Filer."""

    def test_a_subclass_that_keeps_a_database(self, world):
        class Env:
            def __init__(self, path, mode):
                self.path, self.mode, self.closed = path, mode, False

        class Keeper(Filer):
            HeadDirPath = str(world / "var")
            TailDirPath = "keri/ks"
            AltTailDirPath = ".keri/ks"
            TempPrefix = "keri_ks_"
            MaxNamedDBs = 4

            def __init__(self, headDirPath=None, perm=None, reopen=False, **kwa):
                self.env = None  # before the base constructor, which calls reopen
                self.existed = []
                super().__init__(headDirPath=headDirPath, perm=perm, reopen=reopen, **kwa)

            def reopen(self, readonly=False, **kwa):
                self.existed.append(self.exists(name=self.name, base=self.base))
                opened = super().reopen(**kwa)
                self.readonly = readonly
                self.env = Env(self.path, self.perm)
                self.opened = opened and self.env is not None
                return self.opened

            def close(self, clear=False):
                if self.env:
                    self.env.closed = True
                self.env = None
                return super().close(clear=clear)

        keeper = Keeper(name="test", base="b")
        assert keeper.path is None and keeper.opened == False and keeper.env is None  # noqa: E712
        assert keeper.reopen() is True
        assert keeper.env.path == keeper.path == str(world / "var" / "keri" / "ks" / "b" / "test")
        assert keeper.env.mode == 0o1700
        env = keeper.env
        assert keeper.reopen(clear=True) and env.closed and keeper.env is not env
        assert keeper.existed == [False, True]
        assert keeper.close(clear=True) and not os.path.exists(keeper.path)

        keeper = Keeper(name="test", temp=True, reopen=True, readonly=True)
        assert keeper.readonly and keeper.env and keeper.existed == [False]
        with openFiler(cls=Keeper) as other:
            assert other.env and other.opened
        assert other.env is None
        keeper.close(clear=keeper.temp)
        assert os.listdir(world / "tmp") == []

    def test_reopen_gets_the_surplus_keywords(self):
        seen = {}

        class Mine(Filer):
            def reopen(self, **kwa):
                seen.update(kwa)
                return super().reopen(**kwa)

        with pytest.warns(UnknownArgumentWarning, match="readonly"):  # which no reopen here names
            Mine(name="test", readonly=True, clean=True, clear=True)
        assert seen == dict(readonly=True, clear=True, reuse=False, clean=True)

    def test_the_next_class_gets_name_and_the_surplus(self):
        seen = []

        class Other(Mixin):
            def __init__(self, name, extra=None, **kwa):
                seen.append((name, extra, kwa))
                super().__init__(name=name, **kwa)

        class Mine(Filer, Other):
            pass

        with pytest.warns(UnknownArgumentWarning, match="argument more,"):
            mine = Mine(name="test", extra=5, more=6, temp=True, reopen=False, base="b")
        assert seen == [("test", 5, {"more": 6})]
        assert (mine.name, mine.base, mine.temp) == ("test", "b", True)

    def test_with_a_doer(self, world):
        class Agent(Filer, doing.Doer):
            pass

        class Keeper(doing.DoDoer, Filer):
            def __init__(self, **kwa):
                super().__init__(**kwa)

        agent = Agent(name="test", temp=True, tock=0.5)
        assert agent.opened and agent.tock == 0.5 and agent.done is None
        agent.close(clear=True)
        keeper = Keeper(name="test", temp=True, tock=0.5, doers=[agent])
        assert keeper.doers == [agent] and keeper.tock == 0.5 and keeper.name == "test" and os.path.isdir(keeper.path)
        Filer.close(keeper, clear=True)
        assert os.listdir(world / "tmp") == []

    def test_a_name_that_is_set_already_is_not_set_again(self):
        sets = []

        class Named(Filer):
            def __init__(self, name, **kwa):
                self.name = name
                super().__init__(name=name, **kwa)

            @property
            def name(self):
                return self._name

            @name.setter
            def name(self, name):
                sets.append(name)
                self._name = name

        Named(name="test", temp=True, reopen=False)
        assert sets == ["test"]

    def test_unknown_keywords_are_swallowed(self):
        with pytest.warns(UnknownArgumentWarning, match="unknown"):
            assert Filer(name="test", unknown=1, reopen=False).name == "test"


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
