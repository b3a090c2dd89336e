"""What a store keeps, as values for its tables: JSON that is the same for equal data, packed where it is long."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.errors import UsageError
from stress.campaign.cell import Cell
from stress.findings.signature import Finding

#: The first sighting describes a finding; one where it was not expected makes it unexpected for good.
FINDING_RULE: Final = ("ON CONFLICT (signature) DO UPDATE SET expected = 0, beside = '', title = excluded.title, "
                       "violation = excluded.violation WHERE expected > excluded.expected")
_CELL: Final = ("title", "scenario", "variant", "source", "executor", "lock", "threads", "processes", "perturb",
                "strategy", "model")


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


def insert(base: sqlite3.Connection, table: str, values: Mapping[str, Any], rule: str = "") -> int:
    """Insert a row; returns its id, 0 if the rule has kept it out."""
    marks = ", ".join("?" * len(values))
    done = base.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) {rule}", tuple(values.values()))
    return int(done.lastrowid or 0) if done.rowcount > 0 else 0


def cell_id(base: sqlite3.Connection, cell: Cell) -> int:
    """The row of a cell, made if it is not there."""
    row = base.execute("SELECT id FROM cells WHERE key = ?", (cell.key,)).fetchone()
    if row is not None:
        return int(row[0])
    shown = {name: getattr(cell, name) for name in _CELL}
    return insert(base, "cells", {"key": cell.key, **shown})


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
    """Note a finding; returns whether it is news: never seen before, or until now only where it was expected."""
    values = {"signature": finding.signature, "kind": finding.kind, "scenario": finding.scenario,
              "variant": finding.variant, "item": finding.item, "title": finding.title, "places": text(finding.places),
              "expected": int(finding.expected), "beside": finding.beside, "violation": packed(finding.violation)}
    return bool(insert(base, "findings", values, FINDING_RULE))


def cover(base: sqlite3.Connection, title: str, pairs: list[Any]) -> int:
    """Add pairs of accesses up; returns how many were never seen before in this variant."""
    new = 0
    for first, second, count in pairs:
        was, = base.execute(
            "INSERT INTO coverage VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + ?4 "
            "RETURNING count - ?4", (title, first, second, count)).fetchone()
        new += was == 0
    return new


def sight(base: sqlite3.Connection, row: int, cell: int, found: Iterable[tuple[str, int]]) -> int:
    """Note which findings a round has met, and how often; returns how many of them are new in its cell."""
    new = 0
    for signature, count in found:
        before = base.execute("SELECT 1 FROM sightings JOIN rounds ON rounds.id = round WHERE finding = ? AND cell = ? "
                              "LIMIT 1", (signature, cell)).fetchone()
        new += before is None
        base.execute("INSERT INTO sightings VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET count = count + ?3",
                     (signature, row, count))
    return new
