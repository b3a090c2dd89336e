"""The folder of a finding: what a person needs of it without the store, and a test that keeps it fixed.

    DIR/findings/<signature>/finding.json         what it is, and the round that met it first
                             schedule.json        the smallest interleaving, for `pttorture replay`
                             picture.txt          the same, drawn
                             repro.py             a script that replays it
                             test_<signature>.py  a test that fails while it breaks

A finding that could not be explained has the first file only. Each file is replaced as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from engine.errors import MachineError
from engine.schedule import Schedule
from stress import scripts
from stress.replaying import parsed, saved
from stress.report.write import write
from stress.store.view import FindingRow, look

FOLDER: Final = "findings"


def keep(campaign: Path, signature: str) -> Path:
    """Write the files of a finding of a campaign's store; returns their folder.

    Raises:
        UsageError: no such finding. MachineError: no room.
    """
    with look(campaign) as view:
        return kept(campaign, view.finding(signature))


def kept(campaign: Path, finding: FindingRow) -> Path:
    """Write the files of a finding; returns their folder.

    Raises:
        MachineError: no room.
    """
    folder = campaign / FOLDER / finding.signature
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"cannot make {folder}: {error.strerror}") from error
    write(str(folder / "finding.json"), json.dumps(described(finding), indent=1) + "\n")
    explanation = finding.explanation or {}
    if text := explanation.get("schedule"):
        _files(folder, finding, *parsed(text, f"finding {finding.signature}", Path()))
        write(str(folder / "picture.txt"), explanation.get("picture", ""))
    return folder


def _files(folder: Path, finding: FindingRow, schedule: Schedule, source: str) -> None:
    renders: dict[str, Callable[[Schedule], str]] = {
        "schedule.json": Schedule.to_json,
        "repro.py": lambda given: scripts.script(given, named(finding)),
        f"test_{finding.signature}.py": lambda given: scripts.pytest(given, named(finding)),
    }
    for name, render in renders.items():
        target = str(folder / name)
        write(target, render(saved(schedule, source, target)))


def named(finding: FindingRow) -> str:
    """What a script calls the finding."""
    return ", ".join([*([finding.item] if finding.item else []), f"finding {finding.signature}"])


def described(finding: FindingRow) -> dict[str, Any]:
    """A finding as plain data: what does not change when it is seen again."""
    explanation = {name: value for name, value in (finding.explanation or {}).items()
                   if name not in ("schedule", "picture")}
    violation = {name: value for name, value in finding.violation.items() if name != "schedule"}
    data = {name: value for name, value in asdict(finding).items() if name not in ("count", "rounds", "last")}
    return {**data, "round": finding.round.as_dict(), "violation": violation, "explanation": explanation}
