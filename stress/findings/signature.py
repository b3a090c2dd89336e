"""Which violations are one bug: the identity of a finding.

Two violations are the same finding if they break the same variant in the same way at the same place: kind, the line
where it shows, and the second line where there is one (where the page was freed that is used). These are the accesses
that every executor knows of; how the threads came there, in how many workers, with which values and seeds, differs from
one meeting to the next and is no part of it. Lines count by function and text, so that an edit above is no new bug.

A deadlock has no one place: it is told from others by the locks in its cycle. A livelock, and threads that sleep for
ever, are one finding in a variant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from engine.declare import CLEAN
from engine.violations import ANYWHERE
from stress.campaign.cell import Cell
from stress.findings.places import named
from stress.findings.waits import locks_of

#: The other one is where the page was freed, or where the other member of the union was set.
_TWO_PLACES: Final = ("use-after-free", "double-free", "stale-pointer", "union-confusion")
LENGTH: Final = 12  # hex digits: a campaign with a thousand findings meets a pair by chance once in 10**8


@dataclass(frozen=True)
class Finding:
    """One distinct bug.

    Attributes:
        signature: 12 hex digits. kind: a name of `engine.violations`.
        variant, item: where it was first seen, and that race's name ("" if it has none).
        places: what the signature was made of: `file function text`, or the names of locks.
        expected: the variant is expected to break, if not always in this way: one broken design shows in several.
        beside: the kind that is expected if it is not this one, else "".
        violation: as in the round's result, with its evidence or schedule, and the kind that is `expected`.
        title: one line for people.
    """

    signature: str
    kind: str
    scenario: str
    variant: str
    item: str
    places: tuple[str, ...]
    expected: bool
    violation: Mapping[str, Any]
    title: str
    beside: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "places": list(self.places), "violation": dict(self.violation)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        return cls(**{**data, "places": tuple(data["places"])})


def findings_of(cell: Cell, result: Mapping[str, Any]) -> list[Finding]:
    """The bugs in the result of a round, each once; violations that are one bug are added up."""
    found: dict[str, Finding] = {}
    for violation in result.get("violations", ()):
        finding = _finding(cell, result, violation)
        if (known := found.get(finding.signature)) is not None:
            total = {**known.violation, "count": known.violation.get("count", 1) + violation.get("count", 1)}
            finding = Finding(**{**vars(known), "violation": total})
        found[finding.signature] = finding
    return list(found.values())


def _finding(cell: Cell, result: Mapping[str, Any], violation: Mapping[str, Any]) -> Finding:
    kind, expected = str(violation["kind"]), str(result.get("expected", CLEAN))
    places = places_of(violation, cell.source)
    where = " and ".join(places) if kind == "deadlock" else _short(str(violation.get("where", "")))
    beside = expected if expected not in (CLEAN, kind) else ""
    title = f"{cell.title}: {kind}" + (f" at {where}" if where else "") + (f", beside {beside}" if beside else "")
    return Finding(
        signature=signature(cell, kind, places), kind=kind, scenario=cell.scenario, variant=cell.variant,
        item=str(result.get("race") or ""), places=places, expected=expected != CLEAN,
        violation={**violation, "expected": expected}, title=title, beside=beside)


def places_of(violation: Mapping[str, Any], source: str = "") -> tuple[str, ...]:
    """The lines that a violation is about, named so that edits elsewhere leave them; of a deadlock its locks."""
    kind = violation["kind"]
    if kind in ANYWHERE:
        return locks_of(str(violation.get("message", ""))) if kind == "deadlock" else ()
    parts = ("where", "other") if kind in _TWO_PLACES else ("where",)
    return tuple(named(str(violation[part]), source) for part in parts if violation.get(part))


def signature(cell: Cell, kind: str, places: tuple[str, ...]) -> str:
    """The identity, from what it is made of. A user's file counts by its name: it may lie elsewhere elsewhere."""
    parts = (Path(cell.source).name, cell.scenario, cell.variant, kind, *places)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:LENGTH]


def _short(place: str) -> str:
    return place.rsplit("/", 1)[-1]
