"""Rounds on CPython threads: what is counted, found, reset, read from outside; locks that hang."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UsageError
from engine.language.program import Program, build
from engine.python.perturb import SWITCH_INTERVAL, QuickSwitching, perturbation
from engine.python.session import Session
from tests.protocol_source import program
from tests.protocols import counter


@contextmanager
def running(p: Program, folder: Path, **options: Any) -> Iterator[Session]:
    """A session whose threads run; stopped and closed at the end. Threads stuck in a lock are left behind."""
    session = Session.create(p, folder=folder, **options)
    session.start()
    threads = [threading.Thread(target=session.drive, args=(i,), daemon=True) for i in range(len(p.threads))]
    for thread in threads:
        thread.start()
    try:
        yield session
    finally:
        session.stop()
        for thread in threads:
            thread.join(0.5 if session.who_waits() else 30)
        session.close(keep=bool(session.who_waits()))


def until(condition: Callable[[], object], what: str) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, what
        time.sleep(0.005)


def test_the_lost_update_is_found_with_its_evidence(tmp_path: Path) -> None:
    p = build(counter.SCENARIO, "plain")
    with running(p, tmp_path) as session:
        until(lambda: session.progress().violations, "the lost update")
    with pytest.raises(ValueError, match="released"):
        session.progress()
    with running(p, tmp_path) as session:
        until(lambda: session.progress().violations and session.progress().overlapped_rounds > 1, "evidence")
        progress = session.progress()
    (found,) = progress.violations
    assert (found.kind, found.message, found.thread) == ("check", "an increment is lost", -1)
    assert found.count <= progress.rounds
    assert found.first_round < progress.rounds
    assert {step.thread for step in found.evidence} == {0, 1}
    names = [p.sites[step.site].primitive for step in found.evidence]
    assert sorted(names) == ["read_once", "read_once", "write_once", "write_once"]
    assert [step.value for step in found.evidence if p.sites[step.site].primitive == "write_once"] == [1, 1]


@pytest.mark.parametrize("variant", ["atomic", "locked"])
@pytest.mark.parametrize("lock", ["fair", "read", "write"])
def test_the_fixes_hold(variant: str, lock: str, tmp_path: Path) -> None:
    p = build(counter.SCENARIO, variant)
    with running(p, tmp_path, lock=lock) as session:
        until(lambda: session.progress().rounds > 300, "rounds")
        progress = session.progress()
    assert progress.violations == ()
    assert progress.operations == progress.counters["increments"] >= 2 * 300
    assert progress.seconds > 0


def test_every_round_starts_from_the_snapshot(tmp_path: Path) -> None:
    """Pages, words and the pool come back, also after a round that a violation ended in the middle."""
    text = """
@protocol
def setup(mem):
    mem.write_once(B, mem.alloc_page(1))
    mem.write_once(A, 5)
@protocol
def first(mem):
    mem.check(mem.atomic64_add_return(A, 1) < 8, 'check', 'A is not back')
    p = mem.alloc_page(2)
    mem.check(p == frame_at(2), 'check', 'the pool is not back')
    mem.write_once(mem.read_once(B), 9)
    mem.check(mem.choose(4), 'leak', 'one round in four')
    mem.atomic_dec(refcount(p))
    mem.free_page(p)
@protocol
def second(mem):
    mem.check(mem.atomic64_add_return(A, 1) < 8, 'check', 'A is not back')
@protocol
def at_rest(mem):
    mem.check(mem.read_once(A) == 7, 'check', 'A is wrong')
"""
    p = program(tmp_path, text, frames=3)
    with running(p, tmp_path) as session:
        until(lambda: session.progress().rounds > 200 and session.progress().violations, "rounds")
        found = session.progress().violations
    assert [f.kind for f in found] == ["leak"]
    assert found[0].count > 1
    assert found[0].where.endswith(f":{next(s.line for s in p.sites if s.kind == 'leak')}")


def test_a_load_role_runs_in_long_rounds(tmp_path: Path) -> None:
    text = "@protocol\ndef a(mem):\n    while mem.running():\n        mem.atomic64_inc(A)\n        mem.count(WORK)\n"
    with running(program(tmp_path, text), tmp_path) as session:
        until(lambda: session.progress().rounds > 2, "rounds")
        progress = session.progress()
    assert progress.operations > progress.rounds


def test_a_role_that_keeps_a_lock_is_told(tmp_path: Path) -> None:
    text = "@protocol\ndef a(mem):\n    mem.read_lock(L)\n    mem.read_once(A)\n"
    with running(program(tmp_path, text), tmp_path) as session:
        until(lambda: session.progress().violations, "the violation")
        (found,) = session.progress().violations
    assert found.kind == "lock-misuse"
    assert found.message == "the role ends with L held"


def test_a_void_round_lets_those_who_wait_for_its_locks_go(tmp_path: Path) -> None:
    text = """
@protocol
def breaks(mem):
    mem.write_lock(L)
    mem.read_once(A)
    mem.check(0, 'check', 'always')
@protocol
def waits(mem):
    mem.read_lock(L)
    mem.read_unlock(L)
"""
    with running(program(tmp_path, text), tmp_path) as session:
        until(lambda: session.progress().rounds > 50, "rounds")
        assert session.progress().violations[0].count > 40


DEADLOCK = """
@protocol
def reader(mem):
    mem.read_lock(L)
    mem.write_once(A, 1)
    while mem.read_once(B) == 0:
        mem.cpu_relax()
    for i in range(2000):
        mem.read_once(A)
    mem.read_lock(L)
    mem.read_unlock(L)
    mem.read_unlock(L)
@protocol
def writer(mem):
    while mem.read_once(A) == 0:
        mem.cpu_relax()
    mem.write_once(B, 1)
    mem.write_lock(L)
    mem.write_unlock(L)
"""


def test_a_nested_read_behind_a_writer_hangs_and_is_explained(tmp_path: Path) -> None:
    """S4-c on a fair lock: it must hang for good, not dissolve."""
    with running(program(tmp_path, DEADLOCK), tmp_path, lock="fair") as session:
        until(lambda: all(thread.state == "waiting" for thread in session.threads()), "the deadlock")
        rounds = session.progress().rounds
        lines = sorted(session.who_waits())
        states = [state.state for state in session.threads()]
        session.stop()
        time.sleep(0.1)
        assert session.progress().rounds == rounds
    assert states == ["waiting", "waiting"]
    assert lines == [
        "CPU0 reader waits for L (read), held by CPU0 reader (read), behind CPU1 writer (write, queued)",
        "CPU1 writer waits for L (write), held by CPU0 reader (read)",
    ]


def test_the_same_on_a_lock_that_prefers_readers_goes_on(tmp_path: Path) -> None:
    with running(program(tmp_path, DEADLOCK), tmp_path, lock="read") as session:
        until(lambda: session.progress().rounds > 3, "rounds")


_DRIVE = """
import importlib.util, pathlib, sys, threading, time
sys.path[:0] = sys.argv[1].split(":")
from engine.language.program import build
from engine.python.session import Session
from tests.protocols import counter
p = build(counter.SCENARIO, "plain")
session = Session.attach(pathlib.Path(sys.argv[2]), p)
threads = [threading.Thread(target=session.drive, args=(i,), daemon=True) for i in range(2)]
[t.start() for t in threads]
print("driving", flush=True)
[t.join() for t in threads]
"""


def test_another_process_drives_is_killed_and_leaves_what_it_found(tmp_path: Path) -> None:
    p = build(counter.SCENARIO, "plain")
    session = Session.create(p, folder=tmp_path)
    session.start()
    here = os.pathsep.join([str(Path(__file__).parent.parent), *filter(None, sys.path)])
    command = [sys.executable, "-c", _DRIVE, here, str(session.arena.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        until(lambda: session.progress().violations, "a violation seen from outside")
        with ThreadPoolExecutor(1) as pool, pytest.raises(UsageError, match="another one drives this session"):
            pool.submit(session.drive, 0).result()
        child.kill()
    seen = Session.attach(session.arena.path, p)
    assert seen.progress().violations[0].evidence
    assert seen.progress().rounds == session.progress().rounds > 0
    seen.close()
    assert session.arena.path.exists()
    session.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "message"), [
    ({"lock": "qrwlock"}, "lock 'qrwlock': the python executor has fair, read, write"),
    ({"lock": "pthread"}, "use --executor native"),
    ({"processes": 2}, "2 processes: the python executor runs in one"),
    ({"perturb": "often"}, "perturb 'often': write none, yield:P or delay:P:NS"),
])
def test_what_it_cannot_do_is_said(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        Session.create(build(counter.SCENARIO, "plain"), folder=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_program_without_locks_takes_any_lock_name(tmp_path: Path) -> None:
    p = program(tmp_path, "@protocol\ndef a(mem):\n    mem.atomic64_inc(A)\n")
    Session.create(p, folder=tmp_path, lock="qrwlock").close()


def test_set_up_that_breaks_a_rule_is_an_error_with_its_place(tmp_path: Path) -> None:
    text = "@protocol\ndef setup(mem):\n    mem.read_once(8)\n@protocol\ndef a(mem):\n    mem.read_once(A)\n"
    with pytest.raises(UsageError, match=r"set-up breaks a rule: read_once of .* \(wild-access, .*:\d+\)"):
        Session.create(program(tmp_path, text), folder=tmp_path)
    assert not list(tmp_path.glob("*.arena"))


def test_the_main_thread_never_drives(tmp_path: Path) -> None:
    session = Session.create(build(counter.SCENARIO, "plain"), folder=tmp_path)
    with pytest.raises(UsageError, match="not on the main thread"):
        session.drive(0)
    session.close()


def test_the_switch_interval_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuickSwitching, "users", 0)  # threads that another test left in a deadlock are users for ever
    before = 0.005
    sys.setswitchinterval(before)
    with running(build(counter.SCENARIO, "atomic"), tmp_path) as session:
        until(lambda: session.progress().rounds > 1, "rounds")
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)
    assert sys.getswitchinterval() == pytest.approx(before)


@pytest.mark.parametrize("spec", ["", "none", "yield:0.5", "yield:1", "delay:0.1:1000"])
def test_perturbations(spec: str) -> None:
    perturbation(spec)


@pytest.mark.parametrize("spec", ["yield", "yield:2", "yield:x", "delay:0.5", "none:1", "x:1"])
def test_what_is_no_perturbation(spec: str) -> None:
    with pytest.raises(UsageError, match="write none"):
        perturbation(spec)
