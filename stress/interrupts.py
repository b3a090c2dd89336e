"""Ctrl-C and SIGTERM: at any moment, with everything found so far written and no child left.

A signal raises `Interrupted` in the main thread wherever it is, except inside `deferred()`: there it waits for the end
of the section, or for the next `breathe()` in it. Sections are what must not be torn: a child started but not yet
noted, a line of the journal. The first signal is the only one that counts; what follows it is clean-up, which must not
be torn either.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, ClassVar, Final

EXIT_INTERRUPTED: Final = 130
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """The run is to end now. Not an Exception: no handler of errors may swallow it; a search returns what it has."""


class _State:
    depth = 0
    pending = False
    seen = False
    before: ClassVar[dict[signal.Signals, Any]] = {}


def install() -> None:
    """Take over the signals of this process. Only the main thread can; elsewhere (in a test) nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        return
    _State.depth, _State.pending, _State.seen = 0, False, False
    _State.before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in _State.before.items():
        if handler is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, _arrived)


def restore() -> None:
    """Give the signals back: the command was called as a function, and its caller lives on."""
    if threading.current_thread() is threading.main_thread():
        for number, handler in _State.before.items():
            signal.signal(number, handler)


def finish() -> None:
    """From here on nothing interrupts: the last words are being written."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def deferred() -> Iterator[None]:
    """A section that is not torn; a signal that arrives in it is raised at its end."""
    _State.depth += 1
    try:
        yield
    finally:
        _State.depth -= 1
    if _State.pending and not _State.depth:
        _State.pending = False
        raise Interrupted


def breathe() -> None:
    """A place in a section where nothing is torn: a signal that waits is raised here, not at the section's end."""
    if _State.pending:
        _State.pending = False
        raise Interrupted


def _arrived(_number: int, _frame: FrameType | None) -> None:
    if _State.seen:
        return
    _State.seen = True
    if _State.depth:
        _State.pending = True
        return
    raise Interrupted
