"""The run folder: where the arenas of one run lie, in shared memory, gone when the run is.

Its name holds the process that made it and that process's start time, so that the next run can tell the folders of runs
that were killed from those that go on. Two runs at once do not meet.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.errors import MachineError
from engine.memory.arena import shared_memory, start_time, sweep

_PREFIX: Final = "pttorture-"


def new() -> Path:
    """A new private folder; what killed runs left is removed first.

    Raises:
        MachineError: neither shared memory nor the temporary directory can be written.
    """
    place = shared_memory()
    sweep_killed()
    me = os.getpid()
    try:
        return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{me}-{start_time(me)}-", dir=place))
    except OSError as error:
        raise MachineError(f"no folder for shared memory in {place}: {error.strerror}") from error


def sweep_killed() -> None:
    """Remove what processes that were killed left in shared memory."""
    place = shared_memory()
    with suppress(OSError):
        sweep(place)
        _sweep_folders(place)


def _sweep_folders(place: Path) -> None:
    for folder in place.glob(f"{_PREFIX}*-*-*"):
        with suppress(ValueError, OSError):
            pid, start = map(int, folder.name.removeprefix(_PREFIX).split("-")[:2])
            if start and start_time(pid) != start:
                shutil.rmtree(folder, ignore_errors=True)
