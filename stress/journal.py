"""The journal of a run: append-only JSON lines, from which every report is derived and can be rebuilt.

    {"event": "run", "version": ..., "seed": ..., "machine": {...}, "command": [...]}
    {"event": "started", "job": {...}}           before a variant and mode begins
    {"event": "finding", "job": 3, ...}          a violation or a fault, synced to the disk at once
    {"event": "finished", "job": 3, "result": {...}}
    {"event": "explained", "job": 3, "violation": 0, ...}   what the search says of a violation
    {"event": "end", "exit_code": 0, "interrupted": false}

A job that was started and has no end is one that the harness did not survive. Journals live in
`${XDG_STATE_HOME:-~/.local/state}/pttorture/runs/<time>-<pid>/`; the newest 20 are kept. Where that cannot be written
a new folder in the temporary directory is used.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from engine.errors import MachineError, UsageError
from stress.interrupts import deferred

KEPT: Final = 20
NAME: Final = "journal.jsonl"


class Journal:
    """An open journal; one process writes it, anybody may read it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._jobs = 0
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise MachineError(f"cannot write the journal {self.path}: {error.strerror}") from error

    def write(self, event: str, *, sync: bool = False, **fields: Any) -> None:
        """Append one line; `sync`: return when it is on the disk.

        Raises:
            MachineError: the disk is full or gone.
        """
        line = json.dumps({"event": event, "time": round(time.time(), 3), **fields}) + "\n"
        with deferred():
            try:
                _write_all(self._file, line.encode())
                if sync:
                    os.fsync(self._file)
            except OSError as error:
                raise MachineError(f"cannot write the journal {self.path}: {error.strerror}") from error

    @property
    def number(self) -> int:
        """The number of the job that was started last."""
        return self._jobs - 1

    def started(self, job: Mapping[str, Any]) -> int:
        """Note that a job begins; returns its number, to be passed on to `finding` and `finished`."""
        number, self._jobs = self._jobs, self._jobs + 1
        self.write("started", number=number, job=dict(job))
        return number

    def finding(self, number: int, finding: Mapping[str, Any]) -> None:
        self.write("finding", sync=True, number=number, finding=dict(finding))

    def finished(self, number: int, result: Mapping[str, Any]) -> None:
        self.write("finished", sync=True, number=number, result=dict(result))

    def explained(self, number: int, violation: int, explanation: Mapping[str, Any]) -> None:
        """Note what the search says of a violation of a finished job; it becomes part of that violation."""
        self.write("explained", sync=True, number=number, violation=violation, explanation=dict(explanation))

    def close(self) -> None:
        os.close(self._file)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def new(stamp: str = "") -> Journal:
    """A journal in a folder of its own."""
    name = f"{stamp or time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    with deferred():
        with contextlib.suppress(OSError, MachineError):
            runs = state() / "pttorture" / "runs"
            _prune(runs)
            return _open(runs / name)
        with contextlib.suppress(OSError, MachineError):
            return Journal(Path(tempfile.mkdtemp(prefix="pttorture-journal-")))
    raise MachineError(f"no place for the journal: neither {state()} nor {tempfile.gettempdir()} can be written")


def _open(folder: Path) -> Journal:
    """The journal of `folder`, which one process may use for several runs one after the other."""
    for number in range(1000):
        candidate = folder.with_name(folder.name + (f".{number}" if number else ""))
        try:
            candidate.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            continue
        return Journal(candidate)
    raise MachineError(f"cannot make a folder like {folder}")


def state() -> Path:
    """The XDG state directory; the standard says that a relative one is to be ignored."""
    given = os.environ.get("XDG_STATE_HOME", "")
    return Path(given) if given.startswith("/") else Path.home() / ".local" / "state"


def _prune(runs: Path) -> None:
    """Leave room for one more; runs that go on now are younger than those that go."""
    if not runs.is_dir():
        return
    folders = sorted((f for f in runs.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
    for old in folders[: max(0, len(folders) - KEPT + 1)]:
        shutil.rmtree(old, ignore_errors=True)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a journal. A last line that was torn by a crash is left out.

    Raises:
        UsageError: it cannot be read, or a line that is not the last is damaged.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise UsageError(f"cannot read the journal {path}: {error.strerror}") from error
    for number, line in enumerate(lines[:-1], 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}:{number}: not a line of a journal") from error


def results(path: Path) -> list[dict[str, Any]]:
    """The result of every job, in order. One that has no end is a fault: the harness died in it."""
    found: dict[int, dict[str, Any]] = {}
    for event in read(path):
        number = event.get("number", -1)
        if event["event"] == "started":
            found[number] = {**event["job"], "outcome": "fault", "verdict": "inconclusive", "rounds": 0,
                             "operations": 0, "work": {}, "violations": [],
                             "faults": [{"what": "the run ended before this job did"}]}
        elif event["event"] == "finding":
            finding = event["finding"]
            found[number]["violations" if "kind" in finding else "faults"].append(finding)
        elif event["event"] == "finished":
            found[number] = event["result"]
        elif event["event"] == "explained":
            found[number]["violations"][event["violation"]] |= event["explanation"]
    return list(found.values())
