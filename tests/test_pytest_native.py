"""The plugin on real threads: alone, under pytest-xdist, interrupted, and with processes that are killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stress import folder as run_folders
from tests.pytest_help import Project, entry_point

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("cpu_token")]

HAMMERED = """
import pytest

@pytest.mark.pttorture("last_put.py", seconds=0.3)
def test_each(): ...

@pytest.mark.pttorture("last_put.py:read-back", seconds=0.5, expect="clean")
def test_breaks(): ...

@pytest.mark.pttorture("last_put.py:dec-and-test", lock="fair")
def test_no_such_lock(): ...

@pytest.mark.pttorture("last_put.py:dec-and-test", expect="leak", seconds=0.2, allow_missed=True)
def test_skipped(): ...
"""
LONG = """
import pytest
@pytest.mark.pttorture("last_put.py:dec-and-test")
def test_long(): ...
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    pytest.importorskip("numba")
    made = Project(tmp_path / "project", entry_point(tmp_path / "plugins"))
    made.example()
    return made


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_hammered(project: Project, workers: list[str]) -> None:
    project.write(test_threads=HAMMERED)
    code, out = project.run("-v", "-rA", *workers)
    assert code == 1, out
    assert "2 failed, 2 passed, 1 skipped" in out
    assert "CPU0 put1                     CPU1 put2" in out
    told = " ".join(out.split())  # which of its violations the threads meet first is theirs to decide
    assert re.search(r"Smallest found: |breaks with \d+ preemption", told), out
    (schedule,) = re.findall(r"^Replay: pttorture replay (\S+)$", out, re.MULTILINE)
    assert (project.folder / schedule).is_file()
    seeds = set(re.findall(r"--pttorture-seed (\d+)$", out, re.MULTILINE))
    assert len(seeds) == 1  # one run, whatever the number of workers
    assert "pttorture: lock fair: the native executor has no such lock; it has: qrwlock," in out
    assert "Traceback" not in out
    assert "test_threads.py::test_each[dec-and-test]: last-put:dec-and-test: clean; native qrwlock, " in told


def folders_of(pid: int) -> list[Path]:
    """The run folders of a process, in shared memory."""
    return list(run_folders.shared_memory().glob(f"pttorture-{pid}-*"))


def children(pid: int) -> list[int]:
    return [int(each) for task in Path(f"/proc/{pid}/task").glob("*")
            for each in (task / "children").read_text().split()]


def tree(pid: int) -> list[int]:
    below = children(pid)
    return below + [each for child in below for each in tree(child)]


def named(pid: int, what: str) -> bool:
    try:
        return what in Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except OSError:
        return False


def hammering(process: subprocess.Popen[str]) -> tuple[int, int, int]:
    """Wait until a worker runs; the process of pytest that it belongs to, its zygote, and the worker."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        for zygote in [pid for pid in tree(process.pid) if named(pid, "stress.zygote")]:
            owner = next(pid for pid in [process.pid, *tree(process.pid)] if zygote in children(pid))
            workers = [pid for pid in children(zygote) if len(list(Path(f"/proc/{pid}/task").glob("*"))) > 2]
            if workers:  # the process that sets up has one thread
                return owner, zygote, workers[0]
        time.sleep(0.05)
    raise AssertionError(f"no worker: {process.communicate(timeout=30)[0]}")


def gone(*pids: int) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not [pid for pid in pids if Path(f"/proc/{pid}").exists() and not named(pid, "defunct")
                and Path(f"/proc/{pid}/cmdline").read_bytes()]:
            return True
        time.sleep(0.02)
    return False


def test_a_worker_that_is_killed_costs_a_round(project: Project) -> None:
    project.write(test_long=LONG)
    process = project.start("-q", "--pttorture-seconds", "1.5")
    _, _, worker = hammering(process)
    os.kill(worker, signal.SIGKILL)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "last-put:dec-and-test" in out
    assert "1 worker failed" in out
    assert re.search(r"a worker \(put1, put2\) ended:\s+SIGKILL", out)
    assert folders_of(process.pid) == []


@pytest.mark.parametrize(("number", "workers"), [
    (signal.SIGINT, []), (signal.SIGTERM, []), (signal.SIGINT, ["-n", "1"]),  # xdist itself does not handle SIGTERM
])
def test_interrupted(project: Project, number: signal.Signals, workers: list[str]) -> None:
    project.write(test_long=LONG)
    process = project.start("-q", "--pttorture-seconds", "60", *workers)
    owner, zygote, worker = hammering(process)
    begin = time.monotonic()
    for pid in {owner, process.pid}:  # a terminal sends it to all
        os.kill(pid, number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 2, out
    assert time.monotonic() - begin < 30
    assert "Traceback" not in out
    assert gone(owner, zygote, worker)
    assert folders_of(owner) == []


def test_killed_xdist_worker_leaves_nothing_after_the_next_run(project: Project) -> None:
    project.write(test_long=LONG)
    process = project.start("-q", "-n", "1", "--max-worker-restart", "0", "--pttorture-seconds", "60")
    owner, zygote, worker = hammering(process)
    os.kill(owner, signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1, out
    assert "crashed while running 'test_long.py::test_long'" in out
    assert gone(zygote, worker)
    left = folders_of(owner)
    assert left
    assert project.run("-q", "--pttorture-seconds", "0.2")[0] == 0
    assert folders_of(owner) == []
