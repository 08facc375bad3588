"""Wire logs: in memory, in files, and as a doer."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hio import FilerError
from hio.base import doing
from hio.core.wiring import WireLog, WireLogDoer, openWL
from hio.help import timing

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
STAMP = "20200822T175009.988921Z"


@pytest.fixture
def heads(tmp_path, monkeypatch):
    """Give wire logs their own heads, and a wall clock that stands still."""
    for head in ("var", "home", "tmp"):
        (tmp_path / head).mkdir()
    monkeypatch.setattr(WireLog, "HeadDirPath", str(tmp_path / "var"))
    monkeypatch.setattr(WireLog, "AltHeadDirPath", str(tmp_path / "home"))
    monkeypatch.setattr(WireLog, "TempHeadDir", str(tmp_path / "tmp"))
    monkeypatch.setattr(timing, "nowUTC", lambda: datetime(2020, 8, 22, 17, 50, 9, 988921, tzinfo=timezone.utc))
    return tmp_path


def test_defaults():
    wl = WireLog()
    assert (wl.rxed, wl.txed, wl.samed, wl.filed) == (True, True, False, False)
    assert (wl.name, wl.temp, wl.prefix, wl.headDirPath) == ("main", False, "hio", "/usr/local/var")
    assert wl.fmt == WireLog.Format == b"\n%(dx)b %(who)b:\n%(data)b\n"
    assert (wl.rxl, wl.txl, wl.dirPath, wl.opened) == (None, None, None, False)
    assert (WireLog.TailDirPath, WireLog.AltHeadDirPath, WireLog.TempHeadDir) == ("wirelogs", "~", "/tmp")
    assert (WireLog.TempPrefix, WireLog.TempSuffix) == ("test_", "_temp")
    assert "main" in repr(wl)


def test_unknown_keyword():
    with pytest.raises(TypeError):
        WireLog(unknown=1)


class TestMemory:
    def test_two_logs(self):
        with openWL() as wl:
            assert type(wl) is WireLog and wl.name == "test" and wl.temp and wl.opened and wl.dirPath is None
            assert wl.readRx() == wl.readTx() == b""
            wl.writeRx(b"ABCDEFG", b"bob")
            wl.writeTx(b"HIJ", "eve")
            assert wl.readRx() == b"\nRx bob:\nABCDEFG\n"
            assert wl.readTx() == b"\nTx eve:\nHIJ\n"
            wl.writeRx(b"K")
            assert wl.readRx() == b"\nRx bob:\nABCDEFG\n\nRx :\nK\n"
            wl.flush()
        assert wl.rxl.closed and wl.txl.closed and not wl.opened
        assert wl.readRx() is None and wl.readTx() is None
        wl.writeRx(b"late")
        wl.writeTx(b"late")
        wl.flush()

    def test_one_log(self):
        with openWL(samed=True) as wl:
            assert wl.rxl is wl.txl
            wl.writeTx(b"1", b"a")
            wl.writeRx(b"2", b"b")
            wl.writeTx(b"3", b"c")
            assert wl.readRx() == wl.readTx() == b"\nTx a:\n1\n\nRx b:\n2\n\nTx c:\n3\n"
        assert wl.rxl.closed

    @pytest.mark.parametrize("samed", [False, True])
    @pytest.mark.parametrize("filed", [False, True])
    def test_one_direction(self, heads, samed, filed):
        with openWL(rxed=False, samed=samed, filed=filed) as wl:
            wl.writeRx(b"1")
            wl.writeTx(b"2")
            assert (wl.readRx(), wl.readTx(), wl.rxl) == (None, b"\nTx :\n2\n", None)
        assert wl.txl.closed
        with openWL(txed=False, samed=samed, filed=filed) as wl:
            wl.writeRx(b"1")
            wl.writeTx(b"2")
            assert (wl.readRx(), wl.readTx(), wl.txl) == (b"\nRx :\n1\n", None, None)
        assert wl.rxl.closed

    @pytest.mark.parametrize("filed", [False, True])
    def test_no_direction(self, heads, filed):
        with openWL(rxed=False, txed=False, samed=True, filed=filed) as wl:
            wl.writeRx(b"1")
            assert wl.readRx() is None and wl.readTx() is None and wl.opened

    @pytest.mark.parametrize(
        "who, text",
        [
            (b"bob", b"bob"),
            ("b\xf6b", "b\xf6b".encode()),
            (("127.0.0.1", 80), b"('127.0.0.1', 80)"),
            (bytearray(b"bob"), b"bob"),
            (memoryview(b"bob"), b"bob"),
            (None, b"None"),
            ("\ud800", b"\\ud800"),
        ],
    )
    def test_who(self, who, text):
        with openWL() as wl:
            wl.writeRx(b"x", who)
            assert wl.readRx() == b"\nRx " + text + b":\nx\n"

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_data(self, kind):
        with openWL() as wl:
            wl.writeRx(kind(b"%(dx)b\0\xff"))
            assert wl.readRx() == b"\nRx :\n%(dx)b\0\xff\n"

    def test_format(self):
        with openWL(fmt=b"%(dx)b|%(data)b;") as wl:
            wl.writeRx(b"1", b"who")
            wl.writeTx(b"2")
            assert (wl.readRx(), wl.readTx()) == (b"Rx|1;", b"Tx|2;")

    @given(st.lists(st.tuples(st.booleans(), st.binary(max_size=9), st.binary(max_size=3))))
    def test_samed_is_the_records_in_order(self, writes):
        with openWL(samed=True) as one, openWL() as two:
            for rx, data, who in writes:
                for wl in (one, two):
                    (wl.writeRx if rx else wl.writeTx)(data, who)
                assert one.readRx() == one.readTx()
            records = [b"\n%b %b:\n%b\n" % (b"Rx" if rx else b"Tx", who, data) for rx, data, who in writes]
            assert one.readRx() == b"".join(records)
            assert two.readRx() == b"".join(r for r, (rx, _, _) in zip(records, writes, strict=True) if rx)
            assert two.readTx() == b"".join(r for r, (rx, _, _) in zip(records, writes, strict=True) if not rx)

    def test_closes_after_an_exception_and_takes_a_class(self):
        class Mine(WireLog):
            pass

        with pytest.raises(KeyError), openWL(cls=Mine, name="mine") as wl:
            assert type(wl) is Mine and wl.name == "mine"
            raise KeyError
        assert not wl.opened


class TestFiles:
    def test_temporary(self, heads):
        with openWL(filed=True) as wl:
            assert wl.dirPath.startswith(str(heads / "tmp" / "hio" / "wirelogs" / "test_"))
            assert wl.dirPath.endswith("_temp")
            assert wl.rxl.name == os.path.join(wl.dirPath, f"test.{STAMP}.rx.log")
            assert wl.txl.name == os.path.join(wl.dirPath, f"test.{STAMP}.tx.log")
            wl.writeRx(b"1", b"a")
            wl.writeTx(b"2", b"b")
            wl.writeRx(b"3", b"c")
            assert wl.readRx() == b"\nRx a:\n1\n\nRx c:\n3\n"
            assert wl.readTx() == b"\nTx b:\n2\n"
        assert wl.rxl.closed and wl.txl.closed and not wl.opened
        assert not os.path.exists(wl.dirPath)

    def test_temporary_and_samed(self, heads):
        with openWL(filed=True, samed=True) as wl:
            assert wl.rxl is wl.txl and wl.rxl.name == os.path.join(wl.dirPath, f"test.{STAMP}.log")
            wl.writeRx(b"1", b"a")
            wl.writeTx(b"2", b"b")
            assert wl.readRx() == wl.readTx() == b"\nRx a:\n1\n\nTx b:\n2\n"
        assert not os.path.exists(wl.dirPath)

    def test_temporary_directory_is_in_tmp(self):
        if os.path.exists("/tmp/hio") and os.stat("/tmp/hio").st_uid != os.geteuid():
            pytest.skip("somebody else has /tmp/hio")
        with openWL(filed=True) as wl:
            assert wl.dirPath.startswith("/tmp/hio/wirelogs/test_")
        assert not os.path.exists(wl.dirPath)

    def test_persistent(self, heads):
        with openWL(name="mine", temp=False, filed=True) as wl:
            assert wl.dirPath == str(heads / "var" / "hio" / "wirelogs")
            wl.writeRx(b"1")
            wl.writeTx(b"2")
            wl.flush()
            with open(wl.rxl.name, "rb") as file:
                assert file.read() == b"\nRx :\n1\n"
        assert wl.rxl.closed and wl.txl.closed and not wl.opened
        assert sorted(os.listdir(wl.dirPath)) == [f"mine.{STAMP}.rx.log", f"mine.{STAMP}.tx.log"]
        with open(wl.txl.name, "rb") as file:
            assert file.read() == b"\nTx :\n2\n"

    def test_names_of_one_moment_differ(self, heads):
        names = []
        for _ in range(3):
            with openWL(name="mine", temp=False, filed=True, samed=True) as wl:
                wl.writeRx(b"1")
                names.append(os.path.basename(wl.rxl.name))
        assert names == [f"mine.{STAMP}.log", f"mine.{STAMP}-1.log", f"mine.{STAMP}-2.log"]

    def test_prefix(self, heads):
        with openWL(prefix="keri", temp=False, filed=True) as wl:
            assert wl.dirPath == str(heads / "var" / "keri" / "wirelogs")

    def test_fallback(self, heads):
        (heads / "file").touch()
        wl = WireLog(filed=True, headDirPath=str(heads / "file"), reopen=True)
        assert wl.dirPath == str(heads / "home" / ".hio" / "wirelogs") and wl.opened
        wl.close(clear=True)
        assert not os.path.exists(wl.dirPath)

    def test_fallback_when_only_one_file_can_be_opened(self, heads, monkeypatch):
        opened = []

        def openNew(stem, ending):
            if stem.startswith(str(heads / "var")) and ending == ".tx.log":
                raise PermissionError
            opened.append(original(stem, ending))
            return opened[-1]

        original = WireLog._openNew
        monkeypatch.setattr(WireLog, "_openNew", staticmethod(openNew))
        with openWL(temp=False, filed=True) as wl:
            assert wl.dirPath == str(heads / "home" / ".hio" / "wirelogs")
            assert opened[0].closed and wl.rxl is opened[1] and wl.txl is opened[2]

    @posix
    def test_modes(self, heads):
        old = os.umask(0)
        try:
            for temp in (False, True):
                with openWL(temp=temp, filed=True) as wl:
                    level = wl.dirPath
                    while level not in (str(heads / "var"), str(heads / "tmp")):
                        assert stat.S_IMODE(os.stat(level).st_mode) == 0o700
                        level = os.path.dirname(level)
                    assert stat.S_IMODE(os.stat(wl.rxl.name).st_mode) == 0o600
        finally:
            os.umask(old)

    @posix
    def test_a_shared_level_that_others_control_is_avoided(self, heads):
        (heads / "tmp" / "hio").mkdir()
        (heads / "tmp" / "hio").chmod(0o777)
        with openWL(filed=True) as wl:
            assert not wl.dirPath.startswith(str(heads / "tmp" / "hio"))
            assert os.path.dirname(wl.dirPath).endswith(os.path.join("hio", "wirelogs"))
        assert os.listdir(heads / "tmp") == ["hio"]

    @pytest.mark.parametrize(
        "what, value",
        [
            ("name", "/x"),
            ("name", "../x"),
            ("name", "a/b"),
            ("name", ""),
            ("prefix", "/x"),
            ("prefix", "a/../../x"),
            ("prefix", ""),
            ("headDirPath", ""),
        ],
    )
    def test_bad_paths(self, what, value):
        with pytest.raises(FilerError, match=what):
            WireLog(**{what: value})

    def test_temp_assigned_later_does_not_endanger_a_persistent_directory(self, heads):
        wl = WireLog(filed=True, reopen=True)
        wl.temp = True
        wl.close()
        assert os.listdir(wl.dirPath)


class TestReopen:
    def test_settings(self, heads):
        wl = WireLog()
        assert wl.reopen() is True and wl.opened
        first = wl.rxl
        wl.writeRx(b"1")
        assert wl.reopen(txed=False, fmt=b"%(data)b", name="other") is True
        assert first.closed and wl.readRx() == b"" and wl.txl is None
        wl.writeRx(b"2")
        assert (wl.readRx(), wl.name, wl.fmt) == (b"2", "other", b"%(data)b")
        wl.reopen(txed=True, samed=True, filed=True, temp=True)
        assert wl.rxl is wl.txl and wl.temp and wl.dirPath
        path = wl.dirPath
        wl.reopen(temp=False, headDirPath=str(heads / "head"))
        assert wl.dirPath == str(heads / "head" / "hio" / "wirelogs") and not os.path.exists(path)
        wl.reopen(filed=False)
        assert wl.dirPath is None
        wl.close()

    def test_bad_name(self):
        wl = WireLog(reopen=True)
        with pytest.raises(FilerError):
            wl.reopen(name="/x")
        assert not wl.opened

    def test_clear(self, heads):
        wl = WireLog(filed=True, reopen=True)
        path = wl.rxl.name
        wl.reopen(clear=True)
        assert os.path.exists(wl.rxl.name) and len(os.listdir(wl.dirPath)) == 2 and wl.rxl.name == path
        wl.clearDirPath()
        assert not os.path.exists(wl.dirPath)
        wl.close()

    def test_closing_is_safe_at_any_time(self, heads):
        wl = WireLog()
        wl.close()
        wl.close(clear=True)
        wl.reopen(filed=True, temp=True)
        wl.close()
        wl.close()
        assert not wl.opened


class TestDoer:
    def test_opens_and_closes(self):
        wl = WireLog(samed=True, temp=True)
        doer = WireLogDoer(wl=wl)
        assert doer.wl is wl and not wl.opened and doer.tock == 0.0
        doist = doing.Doist(tock=0.03125, limit=0.125)
        seen = []

        def look(tymth, tock=0.0, **kwa):
            yield tock
            while True:
                wl.writeRx(b"%d" % len(seen))
                seen.append(wl.readRx())
                yield tock

        doist.do(doers=[doer, doing.doify(look)])
        assert len(seen) == 4 and seen[-1] == b"".join(b"\nRx :\n%d\n" % n for n in range(4))
        assert wl.rxl.closed and not wl.opened and doer.done is False
        assert doist.tyme == 0.125

    def test_leaves_an_open_one_as_it_is(self):
        wl = WireLog(reopen=True)
        wl.writeRx(b"early")
        dog = WireLogDoer(wl=wl)(tymth=lambda: 0.0)
        next(dog)
        assert wl.readRx() == b"\nRx :\nearly\n"
        dog.close()
        assert not wl.opened

    def test_temp(self, heads):
        wl = WireLog(filed=True)
        dog = WireLogDoer(wl=wl)(tymth=lambda: 0.0, temp=True)
        next(dog)
        assert wl.temp and wl.dirPath.startswith(str(heads / "tmp"))
        dog.close()
        assert not os.path.exists(wl.dirPath)
