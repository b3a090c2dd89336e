"""Where compiled code is kept. A cache that cannot be written costs a compilation each time, never a run.

The executors then have a temporary folder, one for all processes of a command, gone when it ends.

Every change of a protocol or of the engine compiles anew, so the cache is pruned: once a day, what was not used for a
month, and the least used where there is more than `MOST`; never what was used today. A *unit* is a native program (its
text, its lock, its objects) or a folder of the search. A unit that is in use is locked, or its user holds all of it in
memory already; one that goes while somebody wants to load it is compiled again.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.errors import MachineError
from stress.interrupts import deferred

DAY: Final = 86_400.0
OLD: Final = 30 * DAY
MOST: Final = 512 << 20  # bytes
STAMP: Final = "pruned"  # its time is that of the last pruning
_NATIVE: Final = re.compile(r"pttorture_[a-z]+_[0-9a-f]{32}")
_FOLDER: Final = re.compile(r"[0-9a-f]{16}")
_VARIABLE: Final = "XDG_CACHE_HOME"  # what the executors, and the processes that run them, look at


@contextmanager
def writable() -> Iterator[None]:
    """Make sure that there is a cache that can be written, and say so if it is not kept.

    Raises:
        MachineError: not even the temporary directory can be written.
    """
    home = _home()
    if _can_be_written(home):
        with suppress(OSError):
            prune(home)
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


@dataclass
class _Unit:
    """What goes together. `used`: when it was loaded last."""

    files: list[Path] = field(default_factory=list)
    used: float = 0.0
    size: int = 0
    lock: Path | None = None

    def add(self, file: Path, *, dates: bool) -> None:
        with suppress(FileNotFoundError):
            found = file.stat()
            self.files.append(file)
            self.size += found.st_blocks * 512
            self.used = max(self.used, found.st_mtime if dates else 0.0)


def prune(home: Path, now: float = 0.0) -> list[str]:
    """Remove what is old or too much, at most once a day; returns the names of what went.

    Safe beside other runs. `now`: the time, that of the clock if 0.
    """
    now = now or time.time()
    stamp = home / STAMP
    if stamp.exists() and now - stamp.stat().st_mtime < DAY:
        return []
    stamp.touch()
    units = sorted(_units(home).items(), key=lambda each: each[1].used)
    total = sum(unit.size for _, unit in units)
    gone = []
    for name, unit in units:
        idle = now - unit.used
        if idle > OLD or (total > MOST and idle > DAY):
            with suppress(OSError):
                if _remove(unit):
                    gone.append(name)
                    total -= unit.size
    return gone


def _units(home: Path) -> dict[str, _Unit]:
    units: dict[str, _Unit] = {}
    for file in (*home.iterdir(), *(home / "__pycache__").glob("pttorture_*")):
        if native := _NATIVE.match(file.name):
            unit = units.setdefault(native[0], _Unit())
            unit.add(file, dates=True)
            if file.suffix == ".lock":
                unit.lock = file
        elif _FOLDER.fullmatch(file.name) and file.is_dir():
            unit = units.setdefault(file.name, _Unit())
            unit.add(file, dates=True)
            for each in file.rglob("*"):
                unit.add(each, dates=False)
            unit.files = [file]
    return units


def _remove(unit: _Unit) -> bool:
    """Remove a unit unless somebody loads it just now; the lock goes last."""
    if unit.lock is None:
        for file in unit.files:
            if file.is_dir():
                going = file.with_name(f"{file.name}.{os.getpid()}")  # at once for others, who then make a new one
                file.rename(going)
                shutil.rmtree(going, ignore_errors=True)
            else:
                file.unlink(missing_ok=True)
        return True
    with open(unit.lock) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        for file in sorted(unit.files, key=lambda each: each == unit.lock):
            file.unlink(missing_ok=True)
    return True
