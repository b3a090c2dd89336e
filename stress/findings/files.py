"""The folder of a finding: what a person needs of it without the store, and a test that keeps it fixed.

    DIR/findings/<signature>/finding.json         what it is, and the round that met it first
                             schedule.json        the smallest interleaving, for `pttorture replay`
                             picture.txt          the same, drawn
                             repro.py             a script that replays it
                             test_<signature>.py  a test that fails while it breaks

A finding that could not be explained has the first file only. Each file is replaced as a whole; the first is written
last, and says that the others are there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from engine.errors import MachineError, UsageError
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


def keep_missing(campaign: Path) -> list[Path]:
    """Write the files of each explained finding that has not all of them, as after a kill or a full disk between the
    explanation's commit and its files; returns their folders. A schedule that cannot be read stays in the store.

    Raises:
        UsageError: no campaign there. MachineError: no room.
    """
    done = []
    with look(campaign) as view:
        for row in view.findings():
            if row.explanation is not None and not _is_kept(campaign / FOLDER / row.signature, row):
                with contextlib.suppress(UsageError):  # of another version: no reason not to go on with the campaign
                    done.append(kept(campaign, row))
    return done


def _is_kept(folder: Path, finding: FindingRow) -> bool:
    """Whether the files are those of this explanation, and all there."""
    try:
        about = json.loads((folder / "finding.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = isinstance(about, dict) and about.get("explanation") == described(finding)["explanation"]
    return same and all((folder / name).is_file() for name in _names(finding))


def _names(finding: FindingRow) -> list[str]:
    """The files beside finding.json."""
    if not (finding.explanation or {}).get("schedule"):
        return []
    return ["schedule.json", "repro.py", f"test_{finding.signature}.py", "picture.txt"]


def kept(campaign: Path, finding: FindingRow) -> Path:
    """Write the files of a finding; returns their folder.

    Raises:
        UsageError: its schedule cannot be read. MachineError: no room.
    """
    folder = campaign / FOLDER / finding.signature
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"cannot make {folder}: {error.strerror}") from error
    explanation = finding.explanation or {}
    if text := explanation.get("schedule"):
        _files(folder, finding, *parsed(text, f"finding {finding.signature}", Path()))
        write(str(folder / "picture.txt"), explanation.get("picture", ""))
    write(str(folder / "finding.json"), json.dumps(described(finding), indent=1) + "\n")
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
