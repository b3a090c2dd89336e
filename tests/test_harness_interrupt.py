"""Ctrl-C, SIGTERM and kill -9 of the harness at any moment: all that was found is written, nothing survives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stress import journal

PROGRAM = str(Path(__file__).parent / "harness_program.py")


class Harness:
    """A harness over fake sessions, as a process."""

    def __init__(self, folder: Path, seconds: float, *how: str) -> None:
        self.json, self.state = folder / "out.json", folder / "state"
        folder.mkdir(exist_ok=True)
        command = [sys.executable, PROGRAM, str(self.state), str(self.json), str(seconds), *how]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.folder: Path | None = None

    def wait_for(self, word: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("folder "):
                self.folder = Path(line.split()[1])
            if line.startswith(word):
                return
        raise AssertionError(f"no line {word!r}: {self.process.stderr and self.process.stderr.read()}")

    def end(self) -> int:
        _, err = self.process.communicate(timeout=60)
        assert "Traceback" not in err
        return self.process.returncode

    def children(self) -> list[int]:
        return [pid for pid in descendants() if parent(pid) == self.process.pid]

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.json.read_text())
        return report

    def journal(self) -> Path:
        return next(self.state.rglob("journal.jsonl"))


def descendants() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rsplit(")", 1)[1].split()
    except OSError:
        return []


def parent(pid: int) -> int:
    fields = stat(pid)
    return int(fields[1]) if fields and fields[0] not in "ZX" else -1


def in_group(group: int) -> list[int]:
    return [pid for pid in descendants() if (f := stat(pid)) and int(f[2]) == group and f[0] not in "ZX"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_writes_what_it_found(tmp_path: Path, number: signal.Signals) -> None:
    harness = Harness(tmp_path, 0.3, "finds:check", "good", "good", "good", "good", "good", "good", "good", "good")
    harness.wait_for("job good")
    groups = harness.children()
    assert groups
    os.kill(harness.process.pid, number)
    assert harness.end() == 130
    report = harness.report()
    assert report["interrupted"]
    assert report["exit_code"] == 130
    assert report["results"][0]["violations"][0]["kind"] == "check"
    assert len(report["results"]) < 9
    assert harness.folder is not None
    assert not harness.folder.exists()
    assert not [pid for group in groups for pid in in_group(group)]


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.17, 0.23, 0.3, 0.4])
def test_interrupted_at_any_moment(tmp_path: Path, delay: float) -> None:
    harness = Harness(tmp_path, 30, "good")
    harness.wait_for("folder")
    time.sleep(delay)
    groups = harness.children()
    for _ in range(3):  # an impatient user
        os.kill(harness.process.pid, signal.SIGINT)
        time.sleep(0.002)
    assert harness.end() == 130
    assert harness.report()["interrupted"]
    assert harness.folder is not None
    assert not harness.folder.exists()
    assert not [pid for group in groups for pid in in_group(group)]


def test_kill_9_leaves_a_journal_and_no_worker(tmp_path: Path) -> None:
    harness = Harness(tmp_path, 30, "finds:check")
    harness.wait_for("job finds")
    deadline = time.monotonic() + 20
    while '"finding"' not in harness.journal().read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    groups = harness.children()
    harness.process.kill()
    harness.end()
    while [pid for group in groups for pid in in_group(group)] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [pid for group in groups for pid in in_group(group)]
    result, = journal.results(harness.journal())
    assert result["outcome"] == "fault"
    assert result["violations"][0]["kind"] == "check"
    # what it left in shared memory is removed by the next run
    assert harness.folder is not None
    after = Harness(tmp_path / "after", 0.1, "good")
    after.wait_for("folder")
    after.end()
    assert not harness.folder.exists()


def test_two_runs_at_once_do_not_meet(tmp_path: Path) -> None:
    harnesses = [Harness(tmp_path / name, 0.3, "finds:check") for name in "ab"]
    assert [harness.end() for harness in harnesses] == [0, 0]
    assert {harness.report()["results"][0]["outcome"] for harness in harnesses} == {"reproduced"}


def test_faults_and_exit_code(tmp_path: Path) -> None:
    harness = Harness(tmp_path, 0.3, "finds:check", "segv")
    assert harness.end() == 3
    assert [r["outcome"] for r in harness.report()["results"]] == ["reproduced", "fault"]
    assert "SIGSEGV" in harness.report()["results"][1]["faults"][0]["what"]
    assert len(harness.report()["results"]) == 2
