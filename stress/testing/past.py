"""The folder of past findings: schedules that broke a variant, replayed before anything else is tried.

    DIR/findings/<signature>/schedule.json      what `pttorture replay` reads
                            /picture.txt        the same, drawn
                            /finding.json       what it is, and the test that met it

One folder a distinct bug. Copies of the findings of a campaign may lie there too.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import PttortureError, UsageError
from engine.schedule import Schedule
from stress.campaign.cell import Cell
from stress.findings.signature import Finding, findings_of
from stress.replaying import parsed
from stress.report.write import write
from stress.testing.check import Check
from stress.testing.result import Result

_NAME = "schedule.json"


@dataclass(frozen=True)
class Known:
    """A past finding. `error`: why its file cannot be read, "" if it can."""

    folder: Path
    schedule: Schedule | None
    error: str = ""

    @property
    def signature(self) -> str:
        return self.folder.name


class Past:
    """The folder, made when there is something to keep.

    `root`: None to keep nothing. `ours`: whether it is removed when it is empty; one that the user named stays.
    """

    def __init__(self, root: Path | None, *, ours: bool = False) -> None:
        self.ours = ours
        self.root = root / "findings" if root else None

    def of(self, check: Check) -> Iterator[Known]:
        """The findings that a check has to replay: of its variant, under its memory model and lock."""
        if self.root is None or not self.root.is_dir():
            return
        for file in sorted(self.root.glob(f"*/{_NAME}")):
            if file.parent.name.startswith("."):  # one that is being dropped
                continue
            try:
                schedule, source = parsed(file.read_text(encoding="utf-8"), str(file), file.parent)
            except FileNotFoundError:  # another worker has dropped it
                continue
            except (OSError, UnicodeDecodeError, UsageError) as error:
                yield Known(file.parent, None, str(error))
                continue
            if _belongs(schedule, source, check):
                yield Known(file.parent, schedule)

    def keep(self, result: Result, test: str) -> Path | None:
        """Keep what broke in a test; returns the path of the schedule, None if it is not kept."""
        schedule = result.drawn.schedule
        if self.root is None or schedule is None:
            return None
        finding = _finding(result)
        folder = self.root / finding.signature
        about = {name: value for name, value in finding.as_dict().items() if name not in ("violation", "expected")}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write(str(folder / "picture.txt"), result.drawn.picture)
            write(str(folder / "finding.json"), json.dumps({**about, "test": test}, indent=1) + "\n")
            write(str(folder / _NAME), _placed(schedule, result.check.source, folder).to_json())
        except (OSError, PttortureError):
            return None
        return folder / _NAME

    def drop(self, known: Known) -> None:
        """It does not break any more."""
        assert self.root is not None
        with suppress(OSError):
            away = known.folder.with_name(f".{known.signature}.{os.getpid()}")
            known.folder.rename(away)
            shutil.rmtree(away, ignore_errors=True)
            if self.ours:
                self.root.rmdir()  # only if it was the last one
                self.root.parent.rmdir()


def _belongs(schedule: Schedule, source: str, check: Check) -> bool:
    return ((schedule.scenario, schedule.variant, source) == (check.scenario.name, check.variant.name, check.source)
            and (schedule.lock, schedule.model) == (check.lock, check.given.get("model", "sc")))


def _placed(schedule: Schedule, source: str, folder: Path) -> Schedule:
    """The schedule as its file has it: the user's scenario relative to the file, so that a repository can be moved."""
    if not source:
        return schedule
    return replace(schedule, bound={**schedule.bound, "source": os.path.relpath(source, folder)})


def _finding(result: Result) -> Finding:
    """The violation that was drawn, with the signature that a campaign gives it."""
    kind = (result.drawn.schedule.violation or {}).get("kind") if result.drawn.schedule else None
    found = [violation for violation in result.data["violations"] if violation["kind"] == kind]
    cell = Cell(result.check.scenario.name, result.check.variant.name, result.check.source)
    first, *_ = findings_of(cell, {**result.data, "violations": found or result.data["violations"]})
    return first
