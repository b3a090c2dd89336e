"""The last steps of threads, as rows of words and numbers that a report can show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.language.program import Program


def rows(steps: Iterable[Any], program: Program) -> list[dict[str, Any]]:
    """Recorder rows as plain data: thread, primitive, where, address in words, value; what a row lacks is left out.

    A row has the attributes (or keys) thread, site, address, value, and where known a stamp, of which only differences
    mean something: they are counted from the earliest one.
    """
    found = [_row(step, program) for step in steps]
    first = min((row["stamp"] for row in found if "stamp" in row), default=0)
    return [{**row, "stamp": row["stamp"] - first} if "stamp" in row else row for row in found]


def _row(step: Any, program: Program) -> dict[str, Any]:
    if isinstance(step, str):
        return {"text": step}
    get = step.get if isinstance(step, Mapping) else lambda name, default=None: getattr(step, name, default)
    row: dict[str, Any] = {}
    thread, site, address = get("thread"), get("site"), get("address")
    if isinstance(thread, int):
        row["thread"] = program.threads[thread].name if 0 <= thread < len(program.threads) else "at rest"
    if isinstance(site, int) and 0 <= site < len(program.sites):
        row["step"], row["where"] = program.sites[site].primitive, program.sites[site].where
        if program.sites[site].member:
            row["member"] = program.sites[site].member
    if isinstance(address, int) and address:
        row["address"] = program.layout.where(address)
    for name in ("value", "stamp", "blocked"):
        if (value := get(name)) is not None:
            row[name] = value
    return row


def line(row: Mapping[str, Any]) -> str:
    """One row as a line of a report."""
    if "text" in row:
        return str(row["text"])
    what = ", ".join(str(row[part]) for part in ("address", "member") if part in row)
    value = row.get("value")
    shown = f" = {value:#x}" if isinstance(value, int) and "member" not in row else ""
    time = f" @{row['stamp']:,}" if "stamp" in row else ""
    return f"{row.get('thread', '?')}: {row.get('step', '?')}({what}){shown}{time}"
