"""Processes: how one begins, and what is said of its end.

fork          a child with a channel to its parent
describeEnd   what waitpid says, in words
writePid, removePid   the file with the process id
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from .refusing import Refusal, Status
from .talking import Channel


def fork(
    act: Callable[[Channel], int], letGo: Callable[[], Any], handled: Iterable[int]
) -> tuple[int, Channel]:
    """Start a process that does act with its end of a channel, and ends with what that returns.

    letGo: called there first, to close what is the parent's alone. handled: signals for which the parent has handlers.
    Returns the pid, and the near end of the channel.
    """
    near, far = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    handled = tuple(handled)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, handled)  # none may reach the child while it has our handlers
    try:
        pid = os.fork()
        if pid == 0:
            near.close()
            become(lambda: act(Channel(far)), letGo, handled, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    far.close()
    return pid, Channel(near)


def become(act: Callable[[], int], letGo: Callable[[], Any], handled: tuple[int, ...], mask: Any) -> NoReturn:
    """In a child: let go of what is the parent's, act, and end the process; it never returns.

    act: returns the exit status. letGo: closes what is the parent's. handled: signals to be as the system has them.
    mask: of signals, as pthread_sigmask takes it, from then on.
    """
    status = int(Status.FAILED)
    try:
        atexit._clear()  # those of the parent
        signal.set_wakeup_fd(-1)
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGINT, signal.SIGQUIT):  # Ctrl-C and Ctrl-\ reach all; the parent tells what to do
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        letGo()
        status = act()
    except SystemExit as ex:
        status = ex.code if isinstance(ex.code, int) else int(Status.FAILED)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            atexit._run_exitfuncs()  # those of the app
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)


def describeEnd(status: int) -> str:
    """Return status, what waitpid says of how a process ended, in words."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def writePid(path: str) -> None:
    """Write the process id to the file at path; "": to none. Raises Refusal when it cannot."""
    if path:
        try:
            with open(path, "w") as file:
                file.write(f"{os.getpid()}\n")
        except OSError as ex:
            raise Refusal(f"--pidfile {path}: {ex.strerror}") from ex


def removePid(path: str) -> None:
    """Remove the file with the process id at path, if it can be; "": there is none."""
    if path:
        try:
            os.unlink(path)
        except OSError:
            pass
