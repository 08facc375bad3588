"""Filer: what is temporary, what is removed and when, and what a subclass may change."""

from __future__ import annotations

import os
import shutil

import pytest

from hio import Mixin
from hio.base import doing
from hio.base.filing import Filer, openFiler
from hio.hioing import UnknownArgumentWarning

pytestmark = pytest.mark.usefixtures("world")
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")


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
