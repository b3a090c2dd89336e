"""What a store keeps, as values for its tables: JSON that is the same for equal data, packed where it is long."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import UsageError
from stress.campaign.cell import Cell
from stress.findings.signature import Finding


def text(data: Any) -> str:
    """Canonical JSON."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)


def packed(data: Any) -> bytes:
    """JSON under zlib: a result with evidence shrinks to a tenth; its check sum finds a flipped bit."""
    return zlib.compress(text(data).encode(), 6)


def unpacked(data: bytes | None, what: str) -> Any:
    """The inverse of `packed`; None stays None. `what`: for the error.

    Raises:
        UsageError: damaged.
    """
    if data is None:
        return None
    try:
        return json.loads(zlib.decompress(data))
    except (zlib.error, ValueError, TypeError) as error:
        raise UsageError(f"{what}: damaged in the store ({error})") from error


def read_text(data: str) -> Any:
    """The inverse of `text`."""
    return json.loads(data)


def cell_id(base: sqlite3.Connection, cell: Cell) -> int:
    """The row of a cell, made if it is not there."""
    row = base.execute("SELECT id FROM cells WHERE key = ?", (cell.key,)).fetchone()
    if row is None:
        values = (cell.key, cell.title, cell.scenario, cell.variant, cell.source, cell.executor, cell.lock,
                  cell.threads, cell.processes, cell.perturb, cell.strategy, cell.model)
        row = base.execute(
            "INSERT INTO cells (key, title, scenario, variant, source, executor, lock, threads, processes, perturb, "
            f"strategy, model) VALUES ({marks(values)}) RETURNING id", values).fetchone()
    return int(row[0])


def marks(values: tuple[Any, ...]) -> str:
    return ", ".join("?" * len(values))


def columns(result: Mapping[str, Any]) -> dict[str, Any]:
    """What of a result has a column of its own, so that SQL can add it up."""
    complete = result.get("complete")
    return {
        "seconds": result.get("seconds"), "outcome": result.get("outcome"), "verdict": result.get("verdict"),
        "rounds": result.get("rounds"), "operations": result.get("operations"), "steps": result.get("steps"),
        "memory": result.get("memory"), "complete": None if complete is None else int(complete),
        "violations": len(result.get("violations", ())), "faults": len(result.get("faults", ())),
    }


def finding_row(base: sqlite3.Connection, finding: Finding) -> bool:
    """Note a finding; returns whether it was never seen before."""
    values = (finding.signature, finding.kind, finding.scenario, finding.variant, finding.item, finding.title,
              text(finding.places), int(finding.expected), packed(finding.violation))
    done = base.execute(
        "INSERT INTO findings (signature, kind, scenario, variant, item, title, places, expected, violation) "
        f"VALUES ({marks(values)}) ON CONFLICT (signature) DO NOTHING", values)
    return bool(done.rowcount)


def cover(base: sqlite3.Connection, title: str, pairs: list[Any]) -> int:
    """Add pairs of accesses up; returns how many were never seen before in this variant."""
    new = 0
    for first, second, count in pairs:
        was, = base.execute(
            "INSERT INTO coverage VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + ?4 "
            "RETURNING count - ?4", (title, first, second, count)).fetchone()
        new += was == 0
    return new


def sight(base: sqlite3.Connection, row: int, cell: Cell, found: Sequence[Finding]) -> tuple[list[Finding], int]:
    """Note what a round has found; returns the findings nobody has seen before, and how many are new in its cell."""
    new, in_cell = [], 0
    for finding in found:
        if finding_row(base, finding):
            new.append(finding)
        before = base.execute(
            "SELECT 1 FROM sightings JOIN rounds ON rounds.id = round JOIN cells ON cells.id = cell "
            "WHERE finding = ? AND cells.key = ? LIMIT 1", (finding.signature, cell.key)).fetchone()
        in_cell += before is None
        count = int(finding.violation.get("count", 1))
        base.execute("INSERT INTO sightings VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET count = count + ?3",
                     (finding.signature, row, count))
    return new, in_cell
