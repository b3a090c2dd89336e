"""One job's result as plain data: what the journal keeps and every report is derived from."""

from __future__ import annotations

from typing import Any

from engine.language.program import Program
from stress.coverage import listed
from stress.job import Job
from stress.tally import Tally, counters
from stress.verdict import judge


def described(job: Job, program: Program) -> dict[str, Any]:
    """What is known of a job before it starts."""
    variant = program.variant
    return {
        "scenario": job.scenario, "variant": job.variant, "race": variant.item or None, "kind": variant.kind,
        "executor": job.executor, "lock": job.lock, "processes": min(job.processes, len(program.threads)),
        "threads": len(program.threads), "seed": job.seed, "perturb": job.perturb,
        "expected": expected(job, program),
    }


def expected(job: Job, program: Program) -> str:
    """What the variant's table says of this mode."""
    return program.scenario.expected(program.variant, executor=job.executor, lock=job.lock)


def result(job: Job, program: Program, tally: Tally, *, interrupted: bool = False) -> dict[str, Any]:
    """The whole result, with its verdict."""
    head = described(job, program)
    variant = program.variant
    work = counters(program, tally.work)
    verdict = judge(head["expected"], {kind for kind, _ in tally.violations}, rounds=tally.rounds, work=work,
                    needs=variant.needs, forbids=variant.forbids, faults=len(tally.faults))
    seconds = tally.seconds
    return {
        **head, "seconds": round(seconds, 3), "operations": tally.operations,
        "operations_per_second": round(tally.operations / seconds) if seconds else 0,
        "rounds": tally.rounds, "rounds_per_second": round(tally.rounds / seconds) if seconds else 0,
        "overlap": round(tally.overlapped / tally.rounds, 4) if tally.rounds else None,
        "outcome": verdict.outcome, "verdict": verdict.verdict, "why": verdict.why, "interrupted": interrupted,
        "work": work, "hangs": tally.hangs, "violations": list(tally.violations.values()), "faults": tally.faults,
        "coverage": listed(tally.coverage),
    }
