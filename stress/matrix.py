"""`pttorture matrix`: the outcomes of all pairs of a scenario as one table.

A pair is a variant called ROW+COLUMN. An outcome is the violation that the search finds, or `-` where it has seen every
execution within its bound and none breaks.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, Final

from engine.declare import CLEAN, Scenario
from engine.errors import UsageError
from engine.language.program import build
from stress import machine, verdict
from stress.interrupts import EXIT_INTERRUPTED, Interrupted, deferred
from stress.report import json as json_report
from stress.report.write import check_target, write

_UNKNOWN: Final = "?"  # neither found nor searched completely


def matrix(args: argparse.Namespace) -> int:
    """The whole command."""
    from scenarios import find

    check_target("--json", args.json)
    scenario, _ = find(args.name)
    rows, columns = _axes(scenario)
    results: list[dict[str, Any]] = []
    interrupted = False
    try:
        for name in (f"{row}+{column}" for row in rows for column in columns):
            results.append(_outcome(scenario, name, args.seconds))
            if interrupted := results[-1]["interrupted"]:
                break
    except Interrupted:
        interrupted = True
    with deferred():
        if args.json != "-":
            sys.stdout.write(table(scenario, {r["variant"]: r for r in results}))
        if args.json:
            write(args.json, json_report.render({"machine": machine.facts()}, results))
    return EXIT_INTERRUPTED if interrupted else verdict.exit_code(results)


def _axes(scenario: Scenario) -> tuple[list[str], list[str]]:
    """The rows and columns.

    Raises:
        UsageError: its variants are no pairs.
    """
    pairs = [variant.name.partition("+") for variant in scenario.variants]
    rows = list(dict.fromkeys(row for row, _, _ in pairs))
    columns = list(dict.fromkeys(column for _, _, column in pairs))
    if len(pairs) != len(rows) * len(columns) or "" in columns:
        raise UsageError(f"{scenario.name}: its variants are no pairs ROW+COLUMN; there is: pttorture matrix placement")
    return rows, columns


def _outcome(scenario: Scenario, name: str, seconds: float) -> dict[str, Any]:
    from engine.explore import smallest

    variant = scenario.variant(name)
    result = smallest(build(scenario, name), seconds=seconds)
    found = [result.violation.kind] if result.violation else []
    expected = scenario.expected(variant, executor="explore", lock="qrwlock")
    said = verdict.judge(expected, found, rounds=result.executions, work={"complete": result.complete},
                         needs=("complete",))
    return {"scenario": scenario.name, "variant": name, "race": variant.item or None, "expected": expected,
            "found": found[0] if found else CLEAN, "executions": result.executions, "complete": result.complete,
            "interrupted": result.interrupted,
            "bound": dict(result.bound), "outcome": said.outcome, "verdict": said.verdict, "why": said.why}


def table(scenario: Scenario, results: Mapping[str, Mapping[str, Any]]) -> str:
    """Rows and columns of 80 characters; columns are numbered, because their names are long."""
    rows, columns = _axes(scenario)
    lines = [*textwrap.wrap(scenario.about, 80), ""]
    lines.append(" " * 14 + "".join(f"{number:<8}" for number in range(1, len(columns) + 1)).rstrip())
    for row in rows:
        cells = "".join(f"{_cell(results.get(f'{row}+{column}')):<8}" for column in columns)
        lines.append(f"{row:<14}{cells}".rstrip())
    lines += ["", *(f"{number}  {column}: {_about(scenario, rows[0], column)}"
                    for number, column in enumerate(columns, 1))]
    kinds = sorted({str(result["found"]) for result in results.values()} - {CLEAN})
    lines += ["", "-  clean, every execution seen; ?  not known",
              ", ".join(f"{_short(kind)}  {kind}" for kind in kinds), ""]
    return "\n".join(lines)


def _about(scenario: Scenario, row: str, column: str) -> str:
    return scenario.variant(f"{row}+{column}").about.partition(": ")[2]


def _cell(result: Mapping[str, Any] | None) -> str:
    if result is None:
        return _UNKNOWN
    if result["found"] != CLEAN:
        return _short(result["found"])
    return "-" if result["complete"] else _UNKNOWN


def _short(kind: str) -> str:
    """The initials of a violation kind: missed-free is MF."""
    return "".join(part[0] for part in kind.split("-")).upper() if "-" in kind else kind[:2].upper()
