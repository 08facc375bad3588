"""Filer: paths that are refused, and who may read what is made."""

from __future__ import annotations

import os
import stat

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hio import FilerError
from hio.base.filing import Filer, openFiler
from hio.help import pathing

pytestmark = pytest.mark.usefixtures("world")
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")


def modeOf(path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


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
