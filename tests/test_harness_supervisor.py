"""The harness against workers that die, hang, stop and lie: every failure costs one round and leaves nothing behind."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import MachineError, UsageError
from stress.console import Console
from stress.job import Job, program_of
from stress.journal import Journal
from stress.nursery import Nursery
from stress.runner import Runner
from stress.supervisor import Supervisor, spread
from stress.tally import Tally

HERE = Path(__file__).parent
FAKE = str(HERE / "fake_session.py")
COUNTER = str(HERE / "protocols" / "counter.py")


def fake_job(how: str, **options: Any) -> Job:
    seconds = options.pop("seconds", 0.3)
    return Job("counter", "plain", FAKE, "qrwlock", COUNTER, seconds=seconds, perturb=how, **options)


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    made = Nursery(tmp_path / "zygote.log")
    yield made
    made.close()
    assert not processes_of(made.pid)


def processes_of(group: int) -> list[int]:
    """Processes that are still in a process group, zombies that wait for init not counted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] not in "ZX":
                found.append(int(entry.name))
    return found


def supervise(nursery: Nursery, folder: Path, how: str, limit: float = 0.0, **options: Any) -> tuple[Tally, list[Any]]:
    job = fake_job(how, **options)
    findings: list[Any] = []
    nursery.ask("prepare", 30.0, job=job)
    supervisor = Supervisor(job, program_of(job), nursery, folder, find=findings.append, limit=limit, most_hangs=2)
    tally = supervisor.run()
    assert not list(folder.glob("*.arena*"))
    return tally, findings


def test_good_rounds_are_counted(nursery: Nursery, tmp_path: Path) -> None:
    tally, findings = supervise(nursery, tmp_path, "good")
    assert tally.rounds > 0
    assert tally.operations == tally.work["increments"] == 2 * tally.rounds
    assert not findings
    assert not tally.faults
    assert not tally.hangs


def test_processes_share_one_arena(nursery: Nursery, tmp_path: Path) -> None:
    tally, findings = supervise(nursery, tmp_path, "good", processes=2)
    assert tally.rounds > 0
    assert not findings


def test_violation_is_told_once_and_counted(nursery: Nursery, tmp_path: Path) -> None:
    tally, findings = supervise(nursery, tmp_path, "finds:check")
    assert [f["kind"] for f in findings] == ["check"]
    violation = tally.violations["check", "counter.py:20"]
    assert violation["count"] == tally.rounds
    assert violation["evidence"][0]["thread"] == "A"
    assert violation["evidence"][0]["address"] == "count"


@pytest.mark.parametrize(("how", "said"), [("kill", "SIGKILL"), ("segv", "SIGSEGV"), ("raise", "broken executor")])
def test_dead_worker_costs_one_arena(nursery: Nursery, tmp_path: Path, how: str, said: str) -> None:
    tally, findings = supervise(nursery, tmp_path, how, seconds=0.5)
    assert said in tally.faults[0]["what"]
    assert findings[0] is tally.faults[0]
    assert tally.faults[0]["last_steps"][0]["value"] == 7
    if how != "raise":
        assert len(tally.faults) == 1
        assert tally.rounds > 3  # those of the dead arena, and those of the next one


def test_worker_that_always_dies_ends_the_job(nursery: Nursery, tmp_path: Path) -> None:
    tally, _ = supervise(nursery, tmp_path, "kill-always", seconds=60)
    assert len(tally.faults) == 5


def test_stopped_worker_is_killed_and_replaced(nursery: Nursery, tmp_path: Path) -> None:
    tally, _ = supervise(nursery, tmp_path, "stop", seconds=0.5)
    assert "stopped" in tally.faults[0]["what"]
    assert tally.rounds > 3


def test_deadlock_says_who_waits_for_whom(nursery: Nursery, tmp_path: Path) -> None:
    tally, findings = supervise(nursery, tmp_path, "hang", seconds=60)
    assert tally.hangs == 2
    assert [f["kind"] for f in findings] == ["deadlock"]
    assert "A waits for lock (write), held by B (read)" in findings[0]["message"]
    assert findings[0]["count"] == 2
    assert not tally.faults


def test_livelock_is_no_deadlock(nursery: Nursery, tmp_path: Path) -> None:
    tally, findings = supervise(nursery, tmp_path, "spin", limit=0.4, seconds=60)
    assert {kind for kind, _ in tally.violations} == {"livelock"}
    assert "no round ended" in findings[0]["message"]


def test_setup_that_fails(nursery: Nursery, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="no room for an arena"):
        supervise(nursery, tmp_path, "bad-setup")
    with pytest.raises(MachineError, match="SIGSEGV"):
        supervise(nursery, tmp_path, "dead-setup")
    assert not nursery.lost


def test_program_that_cannot_be_compiled(nursery: Nursery) -> None:
    with pytest.raises(UsageError, match="cannot be compiled"):
        nursery.ask("prepare", 30.0, job=fake_job("good", params={"how": 99}))


def test_zygote_that_dies_is_reported(tmp_path: Path) -> None:
    nursery = Nursery(tmp_path / "log")
    nursery.ask("prepare", 30.0, job=fake_job("good"))
    os.kill(nursery.pid, signal.SIGKILL)
    with pytest.raises(MachineError, match="SIGKILL"):
        nursery.ask("prepare", 30.0, job=fake_job("good"))
    assert nursery.lost
    nursery.close()


def test_workers_die_with_their_zygote(nursery: Nursery, tmp_path: Path) -> None:
    job = fake_job("good", seconds=60)
    owner = (os.getpid(), 0)
    arena = nursery.ask("create", 30.0, job=job, folder=str(tmp_path), owner=owner)["arena"]
    nursery.ask("fork", 30.0, job=job, arena=arena, threads=[0, 1], start=True)
    assert len(processes_of(nursery.pid)) == 2
    os.kill(nursery.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes_of(nursery.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not processes_of(nursery.pid)


def test_spread() -> None:
    assert spread(4, 2) == [[0, 2], [1, 3]]
    assert spread(3, 1) == [[0, 1, 2]]
    assert spread(2, 5) == [[0], [1]]


def test_run_goes_on_with_another_zygote(tmp_path: Path) -> None:
    """The zygote is killed in the middle of a job: that job is a fault, the next one runs."""
    book = Journal(tmp_path)
    with Runner(book, Console(io.StringIO(), quiet=True)) as runner:
        runner.prepare([fake_job("good")])
        killed: list[int] = []

        def tell(_tally: Tally, progress: Any) -> None:
            if not killed and progress.rounds:
                killed.append(runner._nurseries[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        def supervise_it(nursery: Nursery, folder: Path, **_hooks: Any) -> Supervisor:
            return Supervisor(fake_job("good", seconds=5), program_of(fake_job("good")), nursery, folder, tell=tell)

        first = runner.run(fake_job("good", seconds=5), supervise=supervise_it)
        second = runner.run(fake_job("good"))
        folder = runner.folder
    assert (first["outcome"], second["outcome"]) == ("fault", "missed")
    assert "SIGKILL" in first["faults"][0]["what"]
    assert first["rounds"] > 0
    assert second["rounds"] > 0
    assert not folder.exists()
    book.close()
