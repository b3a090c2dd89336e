"""The findings that are known already, so that the next night reports only news.

A JSON file that a person can read, edit and keep beside the protocols:

    {"pttorture": "baseline", "schema": 1,
     "findings": {"1a2b3c4d5e6f": {"title": "counter:plain: check at counter.py:30", "kind": "check",
                                   "variant": "counter:plain", "since": "2026-11-21", "note": ""}}}

`note` is for people and stays as it is. Instead of a file the folder of a campaign may be named: what it found and
nobody expects is known. What was expected is not: a signature leaves out lock and model, and what breaks under one lock
as it should may have to be clean under another.
A known finding that a campaign has not met, though it ran the variant, is said, and goes if that is asked for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError
from stress.report.write import check_target, write

if TYPE_CHECKING:
    from stress.store.view import FindingRow, View

SCHEMA: Final = 1
_MARK: Final = "baseline"


@dataclass(frozen=True)
class Baseline:
    """Known findings: signature -> title, kind, variant, since, note."""

    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __contains__(self, signature: object) -> bool:
        return signature in self.known

    def unseen(self, seen: Collection[str], ran: Collection[str]) -> list[str]:
        """The signatures that are not in `seen` though their variant is in `ran` (SCENARIO:VARIANT): fixed, perhaps."""
        return [signature for signature, entry in sorted(self.known.items())
                if signature not in seen and entry.get("variant") in ran]

    def updated(self, findings: Iterable[FindingRow]) -> Baseline:
        """With the findings that nobody expects; what is known stays as it is."""
        new = {row.signature: _entry(row) for row in findings if not row.expected}
        return Baseline({**new, **self.known})

    def without(self, signatures: Collection[str]) -> Baseline:
        return Baseline({signature: entry for signature, entry in self.known.items() if signature not in signatures})

    def to_json(self) -> str:
        """The text of the file, the same for equal baselines."""
        data = {"pttorture": _MARK, "schema": SCHEMA, "findings": dict(sorted(self.known.items()))}
        return json.dumps(data, indent=1) + "\n"

    def save(self, path: Path) -> None:
        """Replace the file as a whole.

        Raises:
            MachineError: it cannot be written.
        """
        write(str(path), self.to_json())


@dataclass(frozen=True)
class Known:
    """The baseline of a campaign, and what is to be done with its file at the end. `path`: None without a baseline."""

    baseline: Baseline = field(default_factory=Baseline)
    path: Path | None = None
    update: bool = False
    prune: bool = False

    @classmethod
    def of(cls, path: str | None, *, update: bool, prune: bool) -> Known:
        """What the command line says.

        Raises:
            UsageError: see `read`.
        """
        return cls(read(Path(path), new=update or prune), Path(path), update, prune) if path else cls()

    def __contains__(self, signature: object) -> bool:
        return signature in self.baseline

    def settled(self, view: View, *, whole: bool) -> list[str]:
        """What there is to say of the baseline once a campaign is over; the file is replaced if that was asked for.

        Args:
            whole: the campaign was not interrupted: what it has not seen may be dropped.

        Raises:
            MachineError: the file cannot be written.
        """
        if self.path is None:
            return []
        found, ran = view.findings(), {row.cell.title for row in view.cells() if row.rounds}
        unseen = self.baseline.unseen({row.signature for row in found}, ran)
        known = self.baseline.known
        lines = [f"known, not seen: {known[signature].get('title', '')} [{signature}]" for signature in unseen]
        dropped = unseen if self.prune and whole else []
        after = (self.baseline.updated(found) if self.update else self.baseline).without(dropped)
        if self.update or self.prune:
            after.save(self.path)
            added = len(after.known.keys() - known.keys())
            lines.append(f"baseline {self.path}: {added} added, {len(dropped)} dropped, {len(after.known)} in all")
        return lines


def read(path: Path, *, new: bool = False) -> Baseline:
    """The baseline of a file, or of a campaign's folder.

    Args:
        new: the file is to be written: it need not be there yet.

    Raises:
        UsageError: it cannot be read, is no baseline or is of a newer pttorture; or cannot be written, if `new`.
    """
    if new:
        check_target("--baseline", str(path))
    if path.is_dir():
        return _of_campaign(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if new:
            return Baseline()
        raise UsageError(f"{path}: no such baseline; --baseline-update makes it") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: no baseline of pttorture ({error}), left as it is") from error
    return Baseline(_checked(path, data))


def _of_campaign(folder: Path) -> Baseline:
    from stress.store.view import look

    with look(folder) as view:
        return Baseline().updated(view.findings())


def _entry(row: FindingRow) -> dict[str, str]:
    since = time.strftime("%Y-%m-%d", time.localtime(row.first))
    return {"title": row.title, "kind": row.kind, "variant": f"{row.scenario}:{row.variant}", "since": since,
            "note": ""}


def _checked(path: Path, data: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(data, dict) or data.get("pttorture") != _MARK:
        raise UsageError(f'{path}: no baseline of pttorture (it has no "pttorture": "{_MARK}"), left as it is')
    schema = data.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise UsageError(f"{path}: written by a newer pttorture (schema {schema}, this one knows {SCHEMA})")
    findings = data.get("findings")
    if not isinstance(findings, dict) or not all(isinstance(entry, dict) for entry in findings.values()):
        raise UsageError(f'{path}: no baseline of pttorture ("findings" is not a table of tables), left as it is')
    return findings
