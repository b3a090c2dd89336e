"""Where compiled code is kept. A cache that cannot be written costs a compilation each time, never a run.

The executors then have a temporary folder, one for all processes of a command, gone when it ends.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from engine.errors import MachineError
from stress.interrupts import deferred

_VARIABLE: Final = "XDG_CACHE_HOME"  # what the executors, and the processes that run them, look at


@contextmanager
def writable() -> Iterator[None]:
    """Make sure that there is a cache that can be written, and say so if it is not kept.

    Raises:
        MachineError: not even the temporary directory can be written.
    """
    home = _home()
    if _can_be_written(home):
        yield
        return
    before = os.environ.get(_VARIABLE)
    with deferred():
        folder = _temporary(home)
        os.environ[_VARIABLE] = folder
    try:
        sys.stderr.write(f"pttorture: {home} cannot be written; compiled code is not kept (set {_VARIABLE})\n")
        yield
    finally:
        with deferred():
            os.environ.pop(_VARIABLE)
            os.environ.update({_VARIABLE: before} if before is not None else {})
            shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    return Path(os.environ.get(_VARIABLE) or Path.home() / ".cache") / "pttorture"


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _temporary(home: Path) -> str:
    try:
        return tempfile.mkdtemp(prefix="pttorture-cache-")
    except OSError as error:
        raise MachineError(f"no place for compiled code: neither {home} nor a temporary directory can be written; "
                           f"set {_VARIABLE} to a folder that can") from error
