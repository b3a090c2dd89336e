"""Schedules on native threads and processes: the recorded values, the recorded end, and what does not follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import DivergedError
from engine.explore import replay as explored
from engine.language.program import Program, build
from engine.native.replay import replay, turn_words
from engine.python.replay import replay as reference
from engine.python.replay import walk
from engine.schedule import Schedule, Turn, Violation
from tests.protocol_source import scenario
from tests.protocols import faults as f
from tests.protocols.counter import SCENARIO
from tests.protocols.locking import EXCLUSION, NESTING

PROCESSES = pytest.mark.parametrize("processes", [False, True], ids=["threads", "processes"])


def sites(program: Program, function: str, *primitives: str) -> list[int]:
    return [next(s.index for s in program.sites if (s.function, s.primitive) == (function, p)) for p in primitives]


def lost_update(program: Program) -> Schedule:
    read, write = sites(program, "increment", "read_once", "write_once")
    turns = tuple(Turn(t, s) for s in (read, write) for t in (0, 1))
    return Schedule.of(program, turns, violation=Violation("check", "", "", 0, -1))


@PROCESSES
def test_the_lost_update(processes: bool, tmp_path: Path) -> None:
    program = build(SCENARIO, "plain")
    done = replay(program, lost_update(program), processes=processes, folder=tmp_path)
    assert [(s.thread, s.value) for s in done.steps] == [(0, 0), (1, 0), (0, 1), (1, 1), (-1, 1)]
    assert done.violation is not None
    assert (done.violation.kind, done.violation.thread) == ("check", -1)
    assert done == reference(program, lost_update(program))
    assert not list(tmp_path.iterdir())


def nested(program: Program) -> Schedule:
    first, second = [s.index for s in program.sites if (s.function, s.primitive) == ("read_nested", "read_lock")]
    (write,) = sites(program, "write", "write_lock")
    turns = (Turn(0, first), Turn(1, write, blocked=True), Turn(0, second, blocked=True))
    return Schedule.of(program, turns, violation=Violation("deadlock", "", "", second, 0))


OWN_LOCK = """
@protocol
def own(mem):
    mem.write_lock(L)
    mem.read_lock(L)

@protocol
def other(mem):
    mem.read_lock(L)
"""


@PROCESSES
def test_who_waits_for_his_own_lock_keeps_nobody_from_hanging_behind(processes: bool, tmp_path: Path) -> None:
    """glibc refuses him at once: he never queues, and the next one waited to see that he had."""
    program = build(scenario(tmp_path, OWN_LOCK), folded=False)
    (taken,), (again,), (behind,) = (sites(program, *each) for each in (
        ("own", "write_lock"), ("own", "read_lock"), ("other", "read_lock")))
    schedule = Schedule.of(program, (Turn(0, taken), Turn(0, again, blocked=True), Turn(1, behind, blocked=True)),
                           violation=Violation("deadlock", "", "", again, 0))
    for lock in ("pthread", "pthread-writer", "qrwlock"):
        done = replay(program, schedule, lock, processes=processes)
        assert done.violation is not None
        assert (done.violation.kind, done.violation.thread, done.violation.site) == ("deadlock", 0, again)
        assert [step.blocked for step in done.steps] == [False, True, True]


@PROCESSES
@pytest.mark.parametrize("lock", ["qrwlock", "pthread-writer"])
def test_a_deadlock_really_hangs(lock: str, processes: bool) -> None:
    program = build(NESTING, "process")
    schedule = nested(program)
    done = replay(program, schedule, lock, processes=processes)
    assert done.violation is not None
    assert (done.violation.kind, done.violation.thread, done.violation.site) == ("deadlock", 0, schedule.turns[2].site)
    assert "CPU1 unmap waits for lock (write), held by CPU0 map (read)" in done.violation.message
    assert [s.blocked for s in done.steps] == [False, True, True]


def test_a_lock_that_prefers_readers_does_not_follow() -> None:
    program = build(NESTING, "process")
    with pytest.raises(DivergedError, match=r"step 3: the schedule has ended, CPU0 map is at .*read_unlock"):
        replay(program, nested(program), "pthread")


def test_a_blocked_writer_gets_its_grant() -> None:
    program = build(NESTING, "flat")
    first = sites(program, "read_nested", "read_lock")[0]
    last = [s.index for s in program.sites if (s.function, s.primitive) == ("read_nested", "read_unlock")][-1]
    (write,) = sites(program, "write", "write_lock")
    order = [s.index for s in program.sites if s.function == "alone_inside" and s.primitive != "check"]
    (unlock,) = sites(program, "write", "write_unlock")
    turns = (Turn(0, first), Turn(1, write, blocked=True), Turn(0, last), Turn(1, write),
             *(Turn(1, s) for s in order), Turn(1, unlock))
    for lock in ("qrwlock", "pthread", "pthread-writer"):
        done = replay(program, Schedule.of(program, turns), lock)
        assert done.violation is None
        assert [s.blocked for s in done.steps] == [False, True] + [False] * 8


@pytest.mark.parametrize("variant", ["write", "spin", "upgrade", "downgrade", "trylock", "read"])
def test_random_walks_of_locks_agree_with_the_reference(variant: str) -> None:
    folded, program = build(EXCLUSION, variant), build(EXCLUSION, variant, folded=False)
    for seed in range(25):
        schedule, execution = walk(folded, seed)
        assert replay(program, schedule, processes=seed % 5 == 0) == execution


@pytest.mark.parametrize("fault", [0, 1])
def test_a_spin_loop_that_waits_for_ever_is_a_deadlock(fault: int) -> None:
    scenario = f.scenario(f.waiter, f.setter)
    folded, program = build(scenario, params={"fault": fault}), build(scenario, params={"fault": fault}, folded=False)
    schedule, execution = walk(folded, 1)
    done = replay(program, schedule)
    assert (done.violation is not None, done.violation and done.violation.kind) == (bool(fault), execution.violation
                                                                                    and execution.violation.kind)
    assert (done.steps, done.final) == (execution.steps, execution.final)


@pytest.mark.parametrize("rounds", [1, 2])
@pytest.mark.parametrize("fault", [0, 8, 9])
def test_a_lock_that_a_role_keeps_is_told_alike(fault: int, rounds: int) -> None:
    """At the end of the round in which it is kept, not of the last one."""
    scenario = f.scenario(f.lock_misuse, f.setter)
    folded, program = (build(scenario, params={"fault": fault}, rounds=rounds, folded=how) for how in (True, False))
    schedule, execution = walk(folded, 1)
    searched = explored(folded, schedule)
    assert (replay(program, schedule), searched) == (execution, execution)
    assert (execution.violation and execution.violation.kind) == ("lock-misuse" if fault else None)


def test_choices_are_the_schedules() -> None:
    scenario = f.scenario(f.chooser)
    program = build(scenario, params={"fault": 99})
    schedule, execution = walk(program, 3)
    assert replay(program, schedule) == execution


@pytest.mark.parametrize(("turns", "message"), [
    ("rw", r"step 1: the schedule has CPU1 B at .*\(write_once\), the thread is at .*\(read_once\)"),
    ("rr-w", r"step 3: the schedule has ended, CPU1 B is at .*\(write_once\)"),
    ("rr-ww-w", r"step 4: the schedule has CPU0 A at .*\(write_once\), the thread has finished"),
])
def test_a_schedule_that_does_not_fit_is_named_by_step(turns: str, message: str) -> None:
    program = build(SCENARIO, "plain")
    read, write = sites(program, "increment", "read_once", "write_once")
    wanted = {"rw": [(0, read), (1, write)], "rr-w": [(0, read), (1, read), (0, write)],
              "rr-ww-w": [(0, read), (1, read), (0, write), (1, write), (0, write)]}[turns]
    with pytest.raises(DivergedError, match=message):
        replay(program, Schedule.of(program, tuple(Turn(*t) for t in wanted)))


def test_those_that_hang_do_so_in_order_of_arrival() -> None:
    turns = [Turn(0, 1), Turn(1, 2, True), Turn(2, 3, True), Turn(1, 2), Turn(0, 4, True)]
    words = turn_words(turns)
    assert [word >> 49 for word in words] == [0, 0, 1, 0, 2]
