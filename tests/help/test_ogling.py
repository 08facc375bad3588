"""Ogler: loggers that write to console, system log and a file."""

from __future__ import annotations

import io
import logging
import os
import stat
import subprocess
import sys
import tempfile

import pytest

from hio import OglerError, help
from hio.help import handling, ogling
from hio.help.ogling import Ogler, initOgler, openOgler

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
LINES = ["hio: Test logger at debug level", "hio: Test logger at info level", "hio: Test logger at error level"]


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch):
    """Give every test its own heads of directories, system log address, help.ogler and table of loggers."""
    for head in ("var", "home", "tmp"):
        (tmp_path / head).mkdir()
    monkeypatch.setattr(Ogler, "HeadDirPath", str(tmp_path / "var"))
    monkeypatch.setattr(Ogler, "AltHeadDirPath", str(tmp_path / "home"))
    monkeypatch.setattr(Ogler, "TempHeadDir", str(tmp_path / "tmp"))
    monkeypatch.setattr(ogling, "SYSTEM_LOGS", {sys.platform: str(tmp_path / "nolog")})
    monkeypatch.setattr(ogling, "_setups", {})
    monkeypatch.delitem(logging.Logger.manager.loggerDict, ogling.__name__, raising=False)  # all others keep theirs
    monkeypatch.setattr(help, "ogler", initOgler(prefix="hio"))
    yield tmp_path
    for handler in logging.getLogger(ogling.__name__).handlers:
        handler.close()


def log(logger: logging.Logger) -> None:
    logger.debug("Test logger at debug level")
    logger.info("Test logger at info level")
    logger.error("Test logger at error level")


def content(path: str | None) -> list[str]:
    assert path is not None
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


class TestMaking:
    def test_defaults(self, world):
        ogler = Ogler(name="test")
        assert (ogler.name, ogler.level, ogler.temp, ogler.prefix) == ("test", logging.ERROR, False, "hio")
        assert ogler.headDirPath == Ogler.HeadDirPath
        assert (ogler.opened, ogler.path, ogler.dirPath) == (False, None, None)
        assert (ogler.consoled, ogler.syslogged, ogler.filed) == (True, True, True)
        assert (ogler.when, ogler.interval, ogler.count) == ("H", 1, 48)
        assert isinstance(ogler.baseConsoleHandler, logging.StreamHandler)
        assert isinstance(ogler.baseSysLogHandler, logging.handlers.SysLogHandler)
        assert ogler.baseFileHandler is None
        assert "test" in repr(ogler)

    def test_the_real_heads(self, monkeypatch):
        monkeypatch.undo()
        assert Ogler.HeadDirPath == "/usr/local/var"
        assert Ogler.AltHeadDirPath == os.path.expanduser("~")
        assert Ogler.TempHeadDir == ("/tmp" if sys.platform == "darwin" else tempfile.gettempdir())
        assert (Ogler.Prefix, Ogler.TailDirPath) == ("hio", "logs")
        assert (Ogler.TempPrefix, Ogler.TempSuffix) == ("test_", "_temp")

    def test_a_false_name_is_main(self):
        assert Ogler(name="").name == Ogler(None).name == Ogler().name == "main"

    def test_parameters_may_be_positional(self):
        ogler = Ogler("n", logging.INFO, True, "p", "/head", False, False, True, False, False, "S", 2, 3)
        assert (ogler.name, ogler.level, ogler.temp, ogler.prefix, ogler.headDirPath) == ("n", 20, True, "p", "/head")
        assert (ogler.consoled, ogler.syslogged, ogler.filed) == (True, False, False)
        assert (ogler.when, ogler.interval, ogler.count) == ("S", 2, 3)

    def test_unknown_keyword(self):
        with pytest.raises(TypeError):
            Ogler(unknown=1)

    def test_no_destination(self):
        with pytest.raises(OglerError, match="one of"):
            Ogler(consoled=False, syslogged=False, filed=False)

    def test_platform_without_a_system_log(self, monkeypatch):
        monkeypatch.setattr(ogling, "SYSTEM_LOGS", {})
        ogler = Ogler()
        assert ogler.syslogged is False and ogler.baseSysLogHandler is None
        assert ogler.getLogger().handlers == [ogler.baseConsoleHandler]
        with pytest.raises(OglerError):
            Ogler(consoled=False, filed=False)

    @pytest.mark.parametrize("name", ["../../x", "a/b", "/x", "..", "a\0"])
    def test_bad_names(self, world, name):
        with pytest.raises(OglerError, match="name"):
            Ogler(name=name)
        ogler = Ogler()
        with pytest.raises(OglerError, match="name"):
            ogler.reopen(name=name)
        assert not ogler.opened
        assert not [path for path in world.rglob("*") if path.parent != world]

    @pytest.mark.parametrize("prefix", ["/x", "../x", "a/../../x", "", ".", "a\0"])
    def test_bad_prefixes(self, prefix):
        with pytest.raises(OglerError, match="prefix"):
            Ogler(prefix=prefix)

    def test_empty_head(self):
        with pytest.raises(OglerError, match="headDirPath"):
            Ogler(headDirPath="")

    def test_init_keeps_no_state(self):
        one, other = initOgler(), initOgler(name="x", level=logging.INFO)
        assert one is not other and type(one) is Ogler
        assert (one.level, other.level, other.name) == (logging.CRITICAL, logging.INFO, "x")

    def test_the_global_one(self):
        assert isinstance(help.ogler, Ogler)
        assert (help.ogler.name, help.ogler.level, help.ogler.prefix) == ("main", logging.CRITICAL, "hio")
        assert (help.ogler.opened, help.ogler.path, help.ogler.dirPath) == (False, None, None)


class TestPaths:
    def test_temporary(self, world):
        with openOgler(level=logging.DEBUG) as ogler:
            assert type(ogler) is Ogler
            assert (ogler.name, ogler.level, ogler.temp, ogler.prefix) == ("test", logging.DEBUG, True, "hio")
            assert ogler.headDirPath == Ogler.HeadDirPath
            assert ogler.path.startswith(os.path.join(ogler.TempHeadDir, "hio", "logs", "test_"))
            assert ogler.dirPath.endswith("_temp") and ogler.path == os.path.join(ogler.dirPath, "test.log")
            assert ogler.opened and os.path.exists(ogler.path)
        assert not ogler.opened and not os.path.exists(ogler.dirPath)
        assert ogler.path.endswith("test.log")

    @pytest.mark.parametrize("prefix", [None, "keri"])
    def test_persistent(self, world, prefix):
        with openOgler(name="mine", temp=False, level=logging.DEBUG, prefix=prefix) as ogler:
            assert ogler.dirPath == str(world / "var" / (prefix or "hio") / "logs")
            assert ogler.path == os.path.join(ogler.dirPath, "mine.log") and ogler.opened
        assert not ogler.opened and os.path.exists(ogler.path)

    def test_closes_after_an_exception_and_takes_a_class(self):
        class Mine(Ogler):
            TempPrefix = "mine_"

        with pytest.raises(KeyError), openOgler(cls=Mine) as ogler:
            assert type(ogler) is Mine and os.path.basename(ogler.dirPath).startswith("mine_")
            raise KeyError
        assert not ogler.opened

    def test_fallback_when_the_directory_cannot_be_made(self, world):
        (world / "file").touch()
        ogler = Ogler(name="x", prefix="keri", headDirPath=str(world / "file"), reopen=True)
        assert ogler.path == str(world / "home" / ".keri" / "logs" / "x.log")
        assert ogler.headDirPath == str(world / "file")
        ogler.close()

    def test_fallback_when_the_file_cannot_be_opened(self, world):
        (world / "var" / "hio" / "logs" / "x.log").mkdir(parents=True)
        ogler = Ogler(name="x", reopen=True)
        assert ogler.path == str(world / "home" / ".hio" / "logs" / "x.log")
        ogler.close()
        ogler.reopen()
        assert ogler.path == str(world / "home" / ".hio" / "logs" / "x.log") and ogler.opened
        ogler.close()

    def test_neither_can_be_used(self, world, monkeypatch):
        (world / "file").touch()
        monkeypatch.setattr(Ogler, "AltHeadDirPath", str(world / "file"))
        ogler = Ogler(headDirPath=str(world / "file"))
        with pytest.raises(OSError):
            ogler.reopen()
        assert not ogler.opened and ogler.path is None

    def test_home_in_a_head(self, world, monkeypatch):
        monkeypatch.setenv("HOME", str(world / "home"))
        ogler = Ogler(headDirPath="~/logs", reopen=True)
        assert ogler.path == str(world / "home" / "logs" / "hio" / "logs" / "main.log")
        ogler.close()

    @posix
    def test_modes(self, world):
        old = os.umask(0o022)
        try:
            for temp in (False, True):
                ogler = Ogler(temp=temp, reopen=True)
                level = ogler.dirPath
                while level not in (str(world / "var"), str(world / "tmp")):
                    assert stat.S_IMODE(os.stat(level).st_mode) == 0o700
                    level = os.path.dirname(level)
                assert stat.S_IMODE(os.stat(ogler.path).st_mode) == 0o600
                ogler.close()
        finally:
            os.umask(old)

    @posix
    def test_a_shared_level_that_is_a_link(self, world):
        (world / "elsewhere").mkdir()
        (world / "tmp" / "hio").symlink_to(world / "elsewhere")
        ogler = Ogler(temp=True, reopen=True)
        root = os.path.join(str(world / "tmp"), os.path.relpath(ogler.path, str(world / "tmp")).split(os.sep)[0])
        assert os.path.basename(root).startswith("test_")
        assert os.path.dirname(os.path.dirname(ogler.path)) == os.path.join(root, "hio", "logs")
        assert not list((world / "elsewhere").iterdir())
        ogler.close()
        assert os.listdir(world / "tmp") == ["hio"]


class TestReopen:
    def test_head_given_or_assigned_counts(self, world):
        ogler = Ogler(reopen=True)
        ogler.reopen(headDirPath=str(world / "one"))
        assert ogler.headDirPath == str(world / "one")
        assert ogler.path == str(world / "one" / "hio" / "logs" / "main.log")
        ogler.headDirPath = str(world / "two")
        ogler.reopen(temp=False, clear=True)
        assert ogler.path == str(world / "two" / "hio" / "logs" / "main.log")
        ogler.close()

    def test_name_changes_the_file(self, world):
        ogler = Ogler(reopen=True)
        ogler.reopen(name="other")
        assert ogler.name == "other" and os.path.basename(ogler.path) == "other.log"
        assert sorted(os.listdir(ogler.dirPath)) == ["main.log", "other.log"]
        ogler.close()

    def test_clear_makes_the_file_new(self, world):
        ogler = Ogler(level=logging.INFO, reopen=True)
        ogler.getLogger().error("x")
        ogler.reopen()
        assert content(ogler.path) == ["hio: x"]
        ogler.reopen(clear=True)
        assert content(ogler.path) == []
        ogler.close()

    def test_a_closed_one_is_not_cleared(self, world):
        (world / "var" / "hio" / "logs").mkdir(parents=True)
        (world / "var" / "hio" / "logs" / "main.log").write_text("old\n")
        help.ogler.reopen(temp=False, clear=True)
        assert content(help.ogler.path) == ["old"]
        help.ogler.close()

    def test_a_directory_that_is_gone_is_made_again(self, world):
        ogler = Ogler(level=logging.INFO, reopen=True)
        ogler.close(clear=True)
        assert not os.path.exists(ogler.dirPath)
        ogler.reopen()
        ogler.getLogger().error("x")
        assert content(ogler.path) == ["hio: x"]
        ogler.close()

        with openOgler(level=logging.INFO) as temporary:
            pass
        path = temporary.path
        temporary.reopen()
        assert temporary.path != path and os.path.exists(temporary.path)
        temporary.close()

    def test_a_temporary_log_that_was_kept_goes_on(self):
        """Close a temporary log without its directory, then open it where it was."""
        ogler = Ogler(name="test", level=logging.DEBUG, temp=True, reopen=True)
        path = ogler.path
        log(ogler.getLogger())
        ogler.temp = False
        ogler.close()
        assert content(path) == LINES
        ogler.temp = True
        ogler.reopen(temp=True)
        assert ogler.opened and ogler.path == path and content(path) == LINES
        log(ogler.getLogger())
        assert content(path) == LINES * 2
        ogler.close(clear=True)
        assert not os.path.exists(path) and not ogler.opened

    def test_the_kept_path_is_not_for_a_persistent_log(self, world):
        ogler = Ogler(temp=True, reopen=True)
        ogler.temp = False
        ogler.reopen()
        assert ogler.path == str(world / "var" / "hio" / "logs" / "main.log")
        ogler.close()

    def test_temp_assigned_later_does_not_endanger_a_persistent_directory(self, world):
        ogler = Ogler(reopen=True)
        (world / "var" / "hio" / "logs" / "other.log").touch()
        ogler.temp = True
        ogler.close()
        assert sorted(os.listdir(ogler.dirPath)) == ["main.log", "other.log"]

    def test_formatter_and_level_of_the_file_survive(self):
        ogler = Ogler(level=logging.DEBUG, reopen=True)
        formatter = logging.Formatter("mine %(message)s")
        ogler.baseFileHandler.setFormatter(formatter)
        ogler.baseFileHandler.setLevel(logging.ERROR)
        ogler.reopen()
        log(ogler.getLogger())
        assert content(ogler.path) == ["mine Test logger at error level"]
        ogler.close()

    def test_the_global_one(self):
        ogler = help.ogler
        logger = ogler.getLogger()
        ogler.reopen(temp=True, clear=True)
        assert ogler.opened and ogler.level == logging.CRITICAL
        assert ogler.path.endswith(os.path.join("_temp", "main.log"))
        assert len(logger.handlers) == 2
        logger.critical("early")
        ogler.getLogger()
        logger.critical("late")
        assert content(ogler.path) == ["hio: late"]
        ogler.close()

    def test_closing_is_safe_at_any_time(self):
        ogler = Ogler()
        ogler.close()
        ogler.close(clear=True)
        ogler.clearDirPath()
        ogler.reopen(temp=True)
        ogler.close()
        ogler.close(clear=True)
        assert not ogler.opened


class TestLoggers:
    def test_number_of_handlers(self):
        ogler = Ogler(name="test", temp=True)
        for _ in range(3):
            assert len(ogler.getLogger().handlers) == 2
        ogler.reopen()
        for _ in range(3):
            assert len(ogler.getLogger().handlers) == 3
        assert ogler.getLogger().propagate is False
        ogler.close()

    def test_one_destination(self):
        with openOgler(syslogged=False, filed=False) as ogler:
            assert ogler.getLogger().handlers == [ogler.baseConsoleHandler]
            log(ogler.getLogger(level=logging.DEBUG))
            assert content(ogler.path) == []  # the file exists and stays empty
        with openOgler(syslogged=False, consoled=False) as ogler:
            assert ogler.getLogger().handlers == [ogler.baseFileHandler]
        with openOgler(consoled=False, filed=False) as ogler:
            assert ogler.getLogger().handlers == [ogler.baseSysLogHandler]

    def test_lines(self, monkeypatch):
        console = io.StringIO()
        monkeypatch.setattr(sys, "stderr", console)
        with openOgler(level=logging.DEBUG) as ogler:
            log(ogler.getLogger())
            assert content(ogler.path) == console.getvalue().splitlines() == LINES
            log(ogler.getLogger())
            assert content(ogler.path) == console.getvalue().splitlines() == LINES * 2

    def test_level(self):
        ogler = Ogler(level=logging.INFO)
        assert ogler.getLogger().level == logging.INFO
        assert ogler.getLogger(level=logging.DEBUG).level == logging.DEBUG
        ogler.level = logging.WARNING
        assert ogler.getLogger().level == logging.WARNING
        assert ogler.getLogger(level=logging.NOTSET).level == logging.NOTSET

    def test_reset_level(self):
        logger = help.ogler.getLogger()
        other = help.ogler.getLogger("hio.tests.other")
        handlers = logger.handlers[:]
        help.ogler.resetLevel(level=logging.DEBUG)
        assert (logger.level, help.ogler.level) == (logging.DEBUG, logging.CRITICAL)
        help.ogler.resetLevel()
        assert logger.level == logging.CRITICAL
        help.ogler.resetLevel(level=logging.DEBUG, globally=True)
        assert (logger.level, help.ogler.level, other.level) == (logging.DEBUG, logging.DEBUG, logging.CRITICAL)
        assert logger.handlers == handlers

    def test_all_callers_without_a_name_share_one_logger(self):
        one, other = Ogler(name="one", temp=True, reopen=True), Ogler(name="two", level=logging.DEBUG, syslogged=False)
        logger = one.getLogger()
        assert logger.name == "hio.help.ogling" and len(logger.handlers) == 3
        assert other.getLogger() is logger
        assert logger.handlers == [other.baseConsoleHandler] and logger.level == logging.DEBUG
        one.close()

    def test_a_second_one_changes_nothing_before_it_is_asked(self):
        one = Ogler(name="one", level=logging.DEBUG, temp=True, reopen=True)
        logger = one.getLogger()
        handlers = logger.handlers[:]
        two = initOgler(name="test", level=logging.DEBUG, temp=True, reopen=True, clear=True)
        log(logger)
        assert logger.handlers == handlers and len(handlers) == 3
        assert content(two.path) == []
        log(two.getLogger())
        assert content(two.path) == content(one.path) == LINES
        one.close()
        two.close()

    def test_handlers_of_others_stay(self):
        ogler = Ogler()
        logger = ogler.getLogger()
        foreign = logging.NullHandler()
        logger.addHandler(foreign)
        assert foreign in ogler.getLogger().handlers and len(logger.handlers) == 3

    def test_handlers_of_the_root_do_not(self):
        """They are there when pytest, the newer ones, adds its own to every logger that does not propagate."""
        ogler = Ogler()
        logger = ogler.getLogger()
        for handler in logging.getLogger().handlers:
            logger.addHandler(handler)
        of_root = logging.NullHandler()
        logging.getLogger().addHandler(of_root)
        try:
            logger.addHandler(of_root)
            assert ogler.getLogger().handlers == [ogler.baseConsoleHandler, ogler.baseSysLogHandler]
            assert of_root in logging.getLogger().handlers
        finally:
            logging.getLogger().removeHandler(of_root)

    def test_a_handler_put_in_place_of_ours_is_replaced_too(self):
        ogler = Ogler(syslogged=False, filed=False)
        for _ in range(2):
            ogler.baseConsoleHandler = logging.NullHandler()
            assert ogler.getLogger().handlers == [ogler.baseConsoleHandler]

    def test_another_formatter_on_the_console(self, monkeypatch):
        console = io.StringIO()
        monkeypatch.setattr(sys, "stderr", console)
        ogler = Ogler(syslogged=False, filed=False)
        ogler.baseConsoleHandler.setFormatter(logging.Formatter("mine: %(message)s"))
        ogler.getLogger().error("a\nb")
        assert console.getvalue() == "mine: a\nb\n"

    def test_of_another_name(self):
        assert Ogler().getLogger(name="hio.tests.named").name == "hio.tests.named"


class TestClose:
    def test_takes_the_file_from_the_loggers_it_configured_only(self):
        one, two = (Ogler(level=logging.INFO, name=name, temp=True, reopen=True) for name in ("one", "two"))
        mine, his = one.getLogger("hio.tests.mine"), two.getLogger("hio.tests.his")
        one.close()
        assert len(mine.handlers) == 2 and len(his.handlers) == 3
        mine.error("late")
        his.error("on")
        assert content(two.path) == ["hio: on"]
        two.close()

    def test_closes_the_file(self):
        ogler = Ogler(reopen=True)
        stream = ogler.baseFileHandler.stream
        ogler.getLogger()
        ogler.close()
        assert stream.closed

    def test_loggers_have_the_file_back_after_reopen(self):
        ogler = Ogler(level=logging.INFO, reopen=True)
        logger = ogler.getLogger()
        ogler.close()
        logger.error("lost")
        ogler.reopen()
        logger.error("found")
        assert content(ogler.path) == ["hio: found"] and len(logger.handlers) == 3
        ogler.reopen(name="other")
        logger.error("again")
        assert content(ogler.path) == ["hio: again"] and len(logger.handlers) == 3
        ogler.close()

    def test_but_not_from_another_ogler(self):
        one, two = Ogler(temp=True, reopen=True), Ogler(filed=False)
        logger = one.getLogger()
        one.close()
        two.getLogger()
        one.reopen()
        assert logger.handlers == [two.baseConsoleHandler, two.baseSysLogHandler]
        one.close()


def test_importing_touches_nothing(tmp_path):
    """Import in a fresh interpreter that reports each socket and each file opened for writing."""
    code = """
import sys
def hook(event, args):
    writing = event == "open" and (args[2] or 0) & 3  # O_WRONLY or O_RDWR
    if writing or event == "os.mkdir" or event.startswith(("socket.", "tempfile.")):
        print(event, args)
sys.dont_write_bytecode = True
import logging.handlers, asyncio, multidict
sys.addaudithook(hook)
import hio.help
assert hio.help.ogler.getLogger().handlers
"""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(handling.__file__))))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=root, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
