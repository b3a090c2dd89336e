"""Cells, rounds and results of no real campaign, for tests of what is kept of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stress.campaign.cell import Cell, Round, seed_of
from stress.findings.signature import Finding, findings_of
from stress.store.store import Store

SEED = 7
PLAIN = Cell("counter", "plain", executor="native", perturb="yield:0.05")
SEARCH = Cell("counter", "plain", executor="explore", strategy="random")
FILE = str(Path(__file__).parent / "protocols" / "counter.py")


def made(folder: Path, **config: Any) -> Store:
    return Store.create(folder, seed=SEED, config=config, names=["counter"])


def round_of(cell: Cell, number: int, seed: int = SEED) -> Round:
    return Round(cell, number, seed_of(seed, cell, number), seconds=0.0 if cell.searches else 2.0,
                 executions=1000 if cell.searches else 0)


def violation(line: int = 30, kind: str = "check", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "message": "an increment is lost", "where": f"{FILE}:{line}", "other": "", "count": 3,
            "seconds": 0.2, "thread": "at rest", "evidence": [], **more}


def result(*violations: dict[str, Any], pairs: Iterable[tuple[str, str, int]] = ()) -> dict[str, Any]:
    """What a round gives back; with a violation one that was expected."""
    return {"outcome": "reproduced" if violations else "missed",
            "verdict": "as-expected" if violations else "inconclusive", "why": "", "expected": "check",
            "seconds": 2.0, "rounds": 100, "operations": 200, "steps": 400, "work": {"increments": 200},
            "overlap": 0.5, "violations": list(violations), "faults": [], "coverage": [list(pair) for pair in pairs],
            "memory": 1 << 20, "attempt": 1}


def ran(store: Store, round_: Round, given: dict[str, Any], worker: str = "") -> list[Finding]:
    """A round from its beginning to its end; returns the findings nobody has seen before."""
    row = store.begin(round_)
    return store.end(row, given, findings_of(round_.cell, given), worker)
