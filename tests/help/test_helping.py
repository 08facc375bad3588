"""Small functions: numbers, functions, sequences, files."""

from __future__ import annotations

import functools
import inspect
import os
import stat
import sys
from collections import deque
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio.help import (
    NonStringIterable,
    NonStringSequence,
    helping,
    isIterator,
    isNonStringIterable,
    isNonStringSequence,
)
from hio.help.helping import (
    attributize,
    copyfunc,
    dump,
    isign,
    just,
    load,
    ocfn,
    repack,
    sceil,
    takesKeyword,
)

class TestNumbers:
    @pytest.mark.parametrize(
        "i, sign", [(5, 1), (0, 0), (-5, -1), (0.1, 1), (-0.1, -1), (0.0, 0), (Fraction(-1, 3), -1)]
    )
    def test_isign(self, i, sign):
        assert isign(i) == sign

    @pytest.mark.parametrize(
        "r, ceiling",
        [(1.1, 2), (-1.1, -2), (1.0, 1), (-1.0, -1), (0, 0), (7, 7), (Fraction(3, 2), 2), (Fraction(-3, 2), -2)],
    )
    def test_sceil(self, r, ceiling):
        assert sceil(r) == ceiling and isinstance(sceil(r), int)

    @given(st.floats(-1e15, 1e15))
    def test_sceil_never_nears_zero(self, r):
        assert abs(r) <= abs(sceil(r)) <= abs(r) + 1
        assert sceil(-r) == -sceil(r)


class TestCopyfunc:
    def test_does_the_same_and_shares_nothing(self):
        seen = []

        def f(a, b=2, *, c=3):
            """Say what f got."""
            seen.append((a, b, c))
            return a + b + c

        f.mark = 1
        g, h = copyfunc(f), copyfunc(f, name="h")
        assert g(1) == f(1) == 6 and g(1, c=0) == 3 and len(seen) == 3
        assert (g.__name__, h.__name__, f.__name__) == ("f", "h", "f")
        assert (g.__doc__, g.__module__, g.__qualname__) == (f.__doc__, f.__module__, f.__qualname__)
        assert inspect.signature(g) == inspect.signature(f)
        assert g.mark == 1

        g.mark, g.other = 2, 3
        g.__kwdefaults__["c"] = 100
        g.__annotations__["a"] = int
        assert f.mark == h.mark == 1 and not hasattr(f, "other")
        assert f(1) == h(1) == 6
        assert "a" not in f.__annotations__
        assert not hasattr(g, "__wrapped__")

    def test_keeps_a_generator_function_one(self):
        def f():
            yield 1

        assert inspect.isgeneratorfunction(copyfunc(f))

    def test_takes_a_bound_method(self):
        class A:
            def f(self, x):
                return self, x

        a = A()
        A.f.mark = 1
        g = copyfunc(a.f)
        assert inspect.isfunction(g) and not inspect.ismethod(g)
        assert g(a, 5) == (a, 5)
        assert g.mark == 1
        g.mark = 2
        A.f.late = 3
        assert a.f.mark == 1 and not hasattr(g, "late")

    @pytest.mark.parametrize("thing", [5, "f", len, int])
    def test_what_has_no_code_is_refused(self, thing):
        with pytest.raises(TypeError, match="can be copied"):
            copyfunc(thing)


class Taker:
    def plain(self, x):
        """No temp."""

    def named(self, temp=None):
        """A temp."""


class TestTakesKeyword:
    @pytest.mark.parametrize(
        "f, takes",
        [
            (lambda: 0, False),
            (lambda x: 0, False),
            (lambda temp: 0, True),
            (lambda temp, /: 0, False),
            (lambda temp, /, x: 0, False),
            (lambda *, temp=None: 0, True),
            (lambda *temp: 0, False),
            (lambda **kwa: 0, True),
            (Taker().plain, False),
            (Taker().named, True),
            (functools.wraps(Taker.plain)(lambda *pa, **kwa: 0), False),
            (functools.partial(Taker.plain), True),  # which cannot be known at no cost
            (len, True),
        ],
    )
    def test_by_kind_of_parameter(self, f, takes):
        assert takesKeyword(f, "temp") is takes

    def test_by_name(self):
        assert takesKeyword(lambda temp: 0, "temp", named=True)
        assert not takesKeyword(lambda **kwa: 0, "temp", named=True)
        assert takesKeyword(lambda temp, **kwa: 0, "temp", named=True)
        assert not takesKeyword(len, "temp", named=True)

    def test_a_local_variable_is_no_parameter(self):
        def f(x):
            temp = x
            return temp

        assert not takesKeyword(f, "temp")


class TestAttributize:
    def test_attributes_appear_with_the_first_next(self):
        @attributize
        def gen(me, status):
            """Generate."""
            me._status = status
            me._headers = [("A", "b")]
            yield b""
            yield b"body"
            return "result"

        assert gen.__doc__ == "Generate." and gen.__name__ == "gen"
        genie = gen(200)
        assert iter(genie) is genie and isIterator(genie)
        assert not hasattr(genie, "_status")
        assert next(genie) == b""
        assert (genie._status, genie._headers) == (200, [("A", "b")])
        assert next(genie) == b"body"
        with pytest.raises(StopIteration) as info:
            next(genie)
        assert info.value.value == "result"

    def test_method(self):
        class A:
            @attributize
            def gen(self, me, x):
                me.owner = self
                yield x

        a = A()
        genie, other = a.gen(3), a.gen(x=4)
        assert (next(genie), next(other)) == (3, 4)
        assert genie.owner is a and genie is not other

    def test_bound_method(self):
        class A:
            def gen(self, me):
                me.owner = self
                yield 1

        a = A()
        genie = attributize(a.gen)()
        assert next(genie) == 1 and genie.owner is a

    def test_send_throw_close(self):
        ends = []

        @attributize
        def gen(me):
            got = None
            try:
                while True:
                    try:
                        got = yield got
                    except KeyError as ex:
                        got = ex
            finally:
                ends.append(1)

        genie = gen()
        assert genie.send(None) is None
        assert genie.send("x") == "x"
        error = KeyError("k")
        assert genie.throw(error) is error
        assert isinstance(genie.throw(KeyError), KeyError)
        with pytest.raises(ValueError):
            genie.throw(ValueError("v"))
        assert ends == [1]
        other = gen()
        next(other)
        other.close()
        assert ends == [1, 1]
        assert list(other) == []

    def test_yield_from(self):
        @attributize
        def gen(me):
            yield (yield 1)
            return 3

        def outer():
            return (yield from gen())

        dog = outer()
        assert next(dog) == 1
        assert dog.send(2) == 2
        with pytest.raises(StopIteration) as info:
            next(dog)
        assert info.value.value == 3


class TestSequences:
    def test_repack(self):
        assert list(repack(3, (1, 2, 3, 4))) == [1, 2, (3, 4)]
        assert list(repack(3, (1,))) == [1, None, ()]
        assert list(repack(3, (1,), default=0)) == [1, 0, ()]
        assert list(repack(1, iter("ab"))) == [("a", "b")]

    def test_just(self):
        assert list(just(3, (1, 2))) == [1, 2, None]
        assert list(just(3, (1, 2), default=0)) == [1, 2, 0]
        assert list(just(2, iter("abc"))) == ["a", "b"]

    @given(st.integers(0, 6), st.lists(st.integers(), max_size=6))
    def test_exactly_n(self, n, seq):
        assert len(list(just(n, seq))) == len(list(repack(n, seq))) == n

    @pytest.mark.parametrize(
        "obj, iterable, sequence",
        [
            ("abc", False, False),
            (b"abc", False, False),
            (type("Text", (str,), {})(), False, False),
            (bytearray(b"abc"), True, True),
            ([1], True, True),
            ((1,), True, True),
            (deque(), True, True),
            (range(3), True, True),
            ({}, True, False),
            (set(), True, False),
            (iter([]), True, False),
            (5, False, False),
            (None, False, False),
        ],
    )
    def test_non_strings(self, obj, iterable, sequence):
        assert isNonStringIterable(obj) is isinstance(obj, NonStringIterable) is iterable
        assert isNonStringSequence(obj) is isinstance(obj, NonStringSequence) is sequence

    def test_aliases_and_subclasses(self):
        assert helping.nonStringIterable is isNonStringIterable
        assert helping.nonStringSequence is isNonStringSequence
        assert issubclass(list, NonStringSequence) and not issubclass(str, NonStringIterable)

        class Mine(NonStringIterable, NonStringSequence):
            pass

        assert not isinstance([], Mine)

    def test_iterators(self):
        def gen():
            yield 1

        assert isIterator(gen()) and isIterator(iter([])) and isIterator(map(str, []))
        assert not any(isIterator(obj) for obj in ([], "a", gen, 5, None, range(3)))

        class Fresh:
            def __iter__(self):
                return iter([])

            def __next__(self):
                raise StopIteration

        assert not isIterator(Fresh())


@pytest.fixture
def umask():
    """Let the tests count on the common umask."""
    old = os.umask(0o022)
    yield
    os.umask(old)


class TestFiles:
    @pytest.mark.parametrize(
        "mode, content", [("r+", "text"), ("r", "text"), ("r+b", b"text"), ("rb", b"text"), ("a", "text")]
    )
    def test_a_new_file_can_be_read_and_written(self, tmp_path, mode, content):
        with ocfn(tmp_path / "f", mode) as file:
            assert file.mode == ("rb+" if "b" in mode else "w+"), "as open(path, 'w+') or 'w+b' has it"
            assert file.read() == content[:0]
            file.write(content)
            file.seek(0)
            assert file.read() == content

    def test_an_old_file_keeps_its_content_and_takes_the_mode(self, tmp_path):
        (tmp_path / "f").write_text("old")
        with ocfn(tmp_path / "f") as file:
            assert file.read() == "old"
        with ocfn(tmp_path / "f", "r") as file:
            assert not file.writable()
        with ocfn(tmp_path / "f", "w+") as file:
            assert file.read() == ""

    def test_text_is_utf8(self, tmp_path):
        for _ in range(2):  # new, then old
            with ocfn(tmp_path / "f") as file:
                file.write("ü")
            assert (tmp_path / "f").read_bytes() == "ü".encode()

    @pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
    def test_permissions(self, tmp_path, umask):
        for name, perm in (("private", 0o600), ("public", 0o644)):
            ocfn(tmp_path / name, perm=perm).close()
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == perm
        ocfn(tmp_path / "default").close()
        assert stat.S_IMODE((tmp_path / "default").stat().st_mode) == 0o600

    def test_other_errors_are_raised(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            ocfn(tmp_path / "no" / "f")
        with pytest.raises(OSError):
            ocfn(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="no such flag")
    def test_links(self, tmp_path):
        (tmp_path / "real").write_text("old")
        (tmp_path / "link").symlink_to(tmp_path / "real")
        (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
        with ocfn(tmp_path / "link") as file:
            assert file.read() == "old"
        for name in ("link", "dangling"):
            with pytest.raises(OSError):
                ocfn(tmp_path / name, "w+", follow=False)
        assert (tmp_path / "real").read_text() == "old"
        assert not (tmp_path / "nothing").exists()

    @pytest.mark.parametrize("ext, lib", [("json", "json"), ("mgpk", "msgpack"), ("cbor", "cbor2")])
    def test_dump_and_load(self, tmp_path, ext, lib):
        pytest.importorskip(lib)
        path = str(tmp_path / f"f.{ext}")
        for data in ({"name": "ü" * 100, "list": [1, 2.5, None, True]}, {"short": 1}):
            dump(data, path)
            assert load(path) == data

    def test_what_cannot_be_dumped_leaves_the_file_alone(self, tmp_path):
        path = tmp_path / "f.json"
        dump([1], path)
        with pytest.raises(TypeError):
            dump([object()], path)
        assert load(path) == [1]

    def test_bad_paths(self, tmp_path):
        for name in ("f.txt", "f", "a b.json"):
            with pytest.raises(IOError, match="extension|blank"):
                dump({}, tmp_path / name)
        with pytest.raises(IOError, match="extension"):
            load(tmp_path / "f.txt")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("ext, lib", [("mgpk", "msgpack"), ("cbor", "cbor2")])
    def test_missing_library_names_the_extra(self, tmp_path, monkeypatch, ext, lib):
        monkeypatch.setitem(sys.modules, lib, None)
        (tmp_path / f"f.{ext}").write_bytes(b"")
        for use in (lambda path: dump({}, path), load):
            with pytest.raises(ImportError, match=rf"{lib}.*hio\[serial\]"):
                use(tmp_path / f"f.{ext}")
