"""What one job did and found, summed over the arenas it needed: a worker that dies costs its arena, not the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.language.program import Program
from engine.session import Found, Progress
from stress.evidence import rows


@dataclass
class Tally:
    """Sums over finished arenas. `current` is what the running one says.

    Attributes:
        violations: (kind, where) -> what reports show. faults: workers that died, with their last steps.
        hangs: rounds that did not end. seconds: of running, the start of workers not counted.
        coverage: (first place, second) -> how often a conflicting access followed another thread's, in samples.
    """

    rounds: int = 0
    operations: int = 0
    overlapped: int = 0
    seconds: float = 0.0
    hangs: int = 0
    work: dict[str, int] = field(default_factory=dict)
    violations: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    _before: dict[tuple[str, str], int] = field(default_factory=dict)  # counts in finished arenas

    def take(self, progress: Progress, program: Program, began: float) -> list[dict[str, Any]]:
        """Note the violations of the running arena, which began after `began` seconds; returns those that are new."""
        new = []
        seen: dict[tuple[str, str], int] = {}
        for found in progress.violations:
            key = (found.kind, found.where)
            seen[key] = seen.get(key, 0) + found.count
            if key not in self.violations:
                self.violations[key] = _violation(found, program, began)
                new.append(self.violations[key])
        for key, count in seen.items():
            self.violations[key]["count"] = self._before.get(key, 0) + count
        return new

    def stated(self, violation: dict[str, Any]) -> bool:
        """Note a violation that the harness itself found (a deadlock); returns whether it is new."""
        key = (violation["kind"], violation["where"])
        if key in self.violations:
            self.violations[key]["count"] += 1
        else:
            self.violations[key] = violation
        return self.violations[key] is violation

    def close(self, progress: Progress) -> None:
        """The running arena is over: add it to the sums."""
        self.rounds += progress.rounds
        self.operations += progress.operations
        self.overlapped += progress.overlapped_rounds
        for name, count in progress.counters.items():
            self.work[name] = self.work.get(name, 0) + count
        self._before = {key: violation["count"] for key, violation in self.violations.items()}


def _violation(found: Found, program: Program, began: float) -> dict[str, Any]:
    seconds = began + found.first_ns / 1e9
    return {"kind": found.kind, "message": found.message, "where": found.where, "count": found.count,
            "seconds": round(seconds, 3), "thread": _name(program, found.thread), "round": found.first_round,
            "other": found.other,
            "evidence": rows(found.evidence, program)}


def _name(program: Program, thread: int) -> str:
    return program.threads[thread].name if 0 <= thread < len(program.threads) else "at rest"


def counters(program: Program, work: Mapping[str, int]) -> dict[str, int]:
    """Every counter of the program, those that stayed zero too: a zero is a fact."""
    return {name: work.get(name, 0) for name in dict.fromkeys((*program.counters, *work))}
