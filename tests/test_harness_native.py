"""Real native workers that are killed and stopped from outside: a fault each, and the run goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.session import Progress
from stress.job import Job, program_of
from stress.nursery import Nursery
from stress.supervisor import Supervisor
from stress.tally import Tally
from stress.watch import process_state

pytest.importorskip("numba")
pytestmark = [pytest.mark.native, pytest.mark.usefixtures("cpu_token")]
COUNTER = str(Path(__file__).parent / "protocols" / "counter.py")


def children_of(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in children.split()]


def run(tmp_path: Path, job: Job, strike: Callable[[int], None] | None) -> tuple[Tally, list[Any]]:
    """Run a job; `strike` gets one worker's pid when rounds have ended."""
    nursery = Nursery(tmp_path / "log")
    findings: list[Any] = []
    struck: list[int] = []

    def tell(_tally: Tally, progress: Progress) -> None:
        if strike and not struck and progress.rounds > 100:
            struck.append(children_of(nursery.pid)[0])
            strike(struck[0])

    try:
        nursery.ask("prepare", 120.0, job=job)
        tally = Supervisor(job, program_of(job), nursery, tmp_path, tell=tell, find=findings.append).run()
        assert all(process_state(pid) == "X" for pid in struck)
    finally:
        nursery.close()
    assert not list(tmp_path.glob("*.arena*"))
    return tally, findings


def job(variant: str, processes: int = 2) -> Job:
    return Job("counter", variant, "native", "qrwlock", COUNTER, processes=processes, seconds=0.6)


@pytest.mark.parametrize(("number", "said"), [
    (signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV"), (signal.SIGSTOP, "stopped"),
])
def test_worker_hit_by_a_signal_costs_one_arena(tmp_path: Path, number: signal.Signals, said: str) -> None:
    """In the locked variant the worker holds the write lock for most of its time."""
    tally, _ = run(tmp_path, job("locked"), lambda pid: os.kill(pid, number))
    assert [said in fault["what"] for fault in tally.faults] == [True]
    assert tally.faults[0]["last_steps"]
    assert tally.rounds > 200
    assert not tally.violations


def test_same_run_without_a_blow_has_no_fault(tmp_path: Path) -> None:
    tally, findings = run(tmp_path, job("locked"), None)
    assert not tally.faults
    assert not findings
    assert tally.work["increments"] >= tally.rounds


def test_deadlock_of_a_real_lock_says_who_waits(tmp_path: Path) -> None:
    wanted = Job("nested-read", "rfc", "native", "qrwlock", seconds=30, perturb="yield:0.05")
    nursery = Nursery(tmp_path / "log")
    try:
        nursery.ask("prepare", 120.0, job=wanted)
        tally = Supervisor(wanted, program_of(wanted), nursery, tmp_path, enough="deadlock").run()
    finally:
        nursery.close()
    (kind, _), = tally.violations
    assert kind == "deadlock"
    message = tally.violations[kind, _]["message"]
    assert "waits for pgd_lock" in message
    assert "held by" in message
