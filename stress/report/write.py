"""Where reports go: a file, replaced as a whole, or standard output for `-`."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from engine.errors import MachineError, UsageError


def check_target(option: str, target: str | None) -> None:
    """Refuse a report file that cannot be made, before anything has run.

    Raises:
        UsageError: its folder does not exist, it is a folder, or it cannot be written.
    """
    if target is None or target == "-":
        return
    if not target:
        raise UsageError(f"{option}: no file name; - is standard output")
    path = Path(target)
    folder = path.parent
    if path.is_dir():
        raise UsageError(f"{option} {target}: is a folder; name a file")
    if not folder.is_dir():
        raise UsageError(f"{option} {target}: no folder {folder}; make it first")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"{option} {target}: not writable")


def write(target: str, text: str, *, journal: Path | None = None) -> None:
    """Write a report; a file is complete or not there.

    Raises:
        MachineError: the disk is full; names the journal, which has it all.
    """
    try:
        if target == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        elif Path(target).exists() and not Path(target).is_file():
            Path(target).write_text(text, encoding="utf-8")  # a device or a pipe cannot be replaced
        else:
            _replace(Path(target), text)
    except OSError as error:
        kept = f"; everything is in {journal}" if journal else ""
        raise MachineError(f"cannot write the report {target}: {error.strerror}{kept}") from error


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
