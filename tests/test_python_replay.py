"""Replay through the gate: it follows, it says where it cannot, and locks are granted by their own rule."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest

from engine import explore as search
from engine.errors import DivergedError, UsageError
from engine.language.program import Program, build
from engine.python.replay import replay, walk
from engine.schedule import Schedule, Turn
from tests.protocol_source import program
from tests.protocols import counter


def of(p: Program, turns: list[tuple[int, str] | tuple[int, str, bool]], **options: object) -> Schedule:
    """A schedule from (thread, primitive[, blocked]): the thread's next site of that primitive."""
    at = dict.fromkeys(range(len(p.threads)), -1)
    out = []
    for thread, primitive, *blocked in turns:
        function = p.threads[thread].function
        sites = [s.index for s in p.sites
                 if s.function == function and s.primitive == primitive and s.index > at[thread]]
        if not blocked or not blocked[0]:
            at[thread] = sites[0]
        out.append(Turn(thread, sites[0], bool(blocked and blocked[0])))
    return Schedule.of(p, tuple(out), **options)  # type: ignore[arg-type]


LOST = [(0, "read_once"), (1, "read_once"), (0, "write_once"), (1, "write_once")]


def test_the_lost_update(tmp_path: Path) -> None:
    p = build(counter.SCENARIO, "plain")
    execution = replay(p, of(p, LOST), folder=tmp_path)  # type: ignore[arg-type]
    assert execution.violation is not None
    assert (execution.violation.kind, execution.violation.thread) == ("check", -1)
    assert [s.thread for s in execution.steps] == [0, 1, 0, 1, -1]
    assert execution.final[p.layout.words["count"]] == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("turns", "message"), [
    (LOST[:3], r"step 3: the schedule has ended, CPU1 B is at .*counter\.py:\d+ \(write_once\)"),
    ([*LOST, (1, "read_once")], r"step 4: the schedule has CPU1 B at .* \(read_once\), the thread has finished"),
    ([(0, "write_once"), *LOST[1:]], r"step 0: the schedule has CPU0 A at .* \(write_once\), the thread is at .* "
                                     r"\(read_once\)"),
])
def test_what_does_not_fit_is_named(turns: list[tuple[int, str]], message: str, tmp_path: Path) -> None:
    p = build(counter.SCENARIO, "plain")
    sites = {s.primitive: s.index for s in p.sites if s.function == "increment"}
    schedule = Schedule.of(p, tuple(Turn(thread, sites[primitive]) for thread, primitive in turns))
    with pytest.raises(DivergedError, match=message):
        replay(p, schedule, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_free_cannot_block(tmp_path: Path) -> None:
    p = build(counter.SCENARIO, "locked")
    lock = next(s.index for s in p.sites if s.primitive == "write_lock")
    with pytest.raises(DivergedError, match=r"finds lock \(qrwlock\) free"):
        replay(p, Schedule.of(p, (Turn(0, lock, True),)), folder=tmp_path)
    with pytest.raises(DivergedError, match=r"finds lock \(fair\) taken"):
        replay(p, Schedule.of(p, (Turn(0, lock), Turn(1, lock))), "fair", folder=tmp_path)


def test_an_unknown_lock_is_named(tmp_path: Path) -> None:
    p = build(counter.SCENARIO, "locked")
    with pytest.raises(UsageError, match="lock 'mutex' is not one of qrwlock"):
        replay(p, Schedule.of(p, ()), "mutex", folder=tmp_path)


def test_a_choice_that_is_not_there(tmp_path: Path) -> None:
    p = program(tmp_path, "@protocol\ndef a(mem):\n    x = mem.choose(2)\n    mem.write_once(A, x)\n")
    one = of(p, [(0, "write_once")], choices=((1,),))
    assert replay(p, one, folder=tmp_path).steps[0].value == 1
    with pytest.raises(DivergedError, match="the schedule's choice is 2, the thread has 2 possibilities"):
        replay(p, dataclasses.replace(one, choices=((2,),)), folder=tmp_path)


def test_local_work_belongs_to_the_step_before_it(tmp_path: Path) -> None:
    """The check after a step ends the execution before the other thread's next step."""
    text = ("@protocol\ndef a(mem):\n    x = mem.read_once(A)\n    mem.check(x == 1, 'check', 'x')\n"
            "@protocol\ndef b(mem):\n    mem.write_once(A, 1)\n    mem.write_once(A, 2)\n")
    p = program(tmp_path, text)
    turns = [(0, "read_once"), (1, "write_once"), (1, "write_once")]
    execution = replay(p, of(p, turns), folder=tmp_path)  # type: ignore[arg-type]
    assert execution.violation is not None
    assert len(execution.steps) == 1


def test_spinning_threads_take_only_the_turns_they_have(tmp_path: Path) -> None:
    text = ("@protocol\ndef a(mem):\n    while mem.read_once(A) == 0:\n        mem.cpu_relax()\n"
            "    mem.write_once(B, 1)\n"
            "@protocol\ndef b(mem):\n    mem.write_once(A, 1)\n")
    p = program(tmp_path, text)
    result = search.explore(p, strategy="dfs")
    assert result.violation is None
    sites = {s.primitive + s.function: s.index for s in p.sites}
    turns = (Turn(0, sites["read_oncea"]), Turn(1, sites["write_onceb"]), Turn(0, sites["read_oncea"]),
             Turn(0, sites["write_oncea"]))
    execution = replay(p, Schedule.of(p, turns), folder=tmp_path)
    assert execution.violation is None
    assert [s.value for s in execution.steps] == [0, 1, 1, 1]


NESTED = """
@protocol
def reader(mem):
    mem.read_lock(L)
    mem.read_lock(L)
    mem.read_unlock(L)
    mem.read_unlock(L)
@protocol
def writer(mem):
    mem.write_lock(L)
    mem.write_unlock(L)
"""


@pytest.mark.parametrize(("lock", "context", "hangs"), [
    ("qrwlock", "process", True), ("qrwlock", "interrupt", False), ("pthread", "process", False),
    ("pthread-writer", "process", True), ("fair", "process", True), ("write", "process", True),
    ("read", "process", False),
])
def test_a_nested_read_behind_a_writer(lock: str, context: str, hangs: bool, tmp_path: Path) -> None:
    p = program(tmp_path, NESTED, contexts={"reader": context})
    locks = [s.index for s in p.sites if s.primitive == "read_lock"]
    write = next(s.index for s in p.sites if s.primitive == "write_lock")
    start = (Turn(0, locks[0]), Turn(1, write, True))
    if hangs:
        execution = replay(p, Schedule.of(p, (*start, Turn(0, locks[1], True)), lock=lock), folder=tmp_path)
        assert execution.violation is not None
        assert (execution.violation.kind, execution.violation.thread) == ("deadlock", 0)
    else:
        with pytest.raises(DivergedError, match="the schedule has ended, CPU0 reader"):
            replay(p, Schedule.of(p, (*start, Turn(0, locks[1])), lock=lock), folder=tmp_path)


LOCKING = """
@protocol
def first(mem):
    mem.read_lock(L)
    if mem.try_upgrade(L):
        mem.atomic64_inc(A)
        mem.write_unlock(L)
    else:
        mem.read_unlock(L)
    if mem.write_trylock(L):
        mem.write_unlock(L)
@protocol
def second(mem):
    mem.write_lock(L)
    mem.write_unlock(L)
    if mem.read_trylock(L):
        mem.read_unlock(L)
@protocol
def third(mem):
    mem.read_lock(L)
    mem.read_lock(L)
    mem.read_unlock(L)
    mem.read_unlock(L)
"""


@pytest.mark.parametrize("lock", ["qrwlock", "pthread", "pthread-writer", "fair", "read", "write"])
@pytest.mark.parametrize("context", ["process", "interrupt"])
def test_lock_rules_agree_with_the_search(lock: str, context: str, tmp_path: Path) -> None:
    """Two independent statements of each rule: that of the machine and that of engine.python.rules."""
    p = program(tmp_path, LOCKING, contexts={"third": context}, rounds=2)
    ends = set()
    for seed in range(60):
        schedule, execution = walk(p, seed, lock, folder=tmp_path)
        found = search.replay(p, schedule)
        assert found.steps == execution.steps
        assert (found.violation and found.violation.kind) == (execution.violation and execution.violation.kind)
        ends.add((tuple(s.value for s in execution.steps), bool(execution.violation)))
    assert len(ends) > 1


def test_a_stale_pointer_is_beyond_it(tmp_path: Path) -> None:
    """What only the search sees ends quietly; in quarantine the same program is a use after free."""
    text = """
@protocol
def setup(mem):
    mem.write_once(A, mem.alloc_page(1))
@protocol
def user(mem):
    p = mem.read_once(A)
    mem.write_once(p, 1)
@protocol
def freer(mem):
    p = mem.read_once(A)
    mem.atomic_dec(refcount(p))
    mem.free_page(p)
    mem.alloc_page(2)
"""
    p = program(tmp_path, text)
    for seed in range(200):
        result = search.explore(p, strategy="random", executions=1, seed=seed)
        if result.violation and result.violation.kind == "stale-pointer" and result.schedule:
            assert replay(p, result.schedule, folder=tmp_path).violation is None
            break
    else:
        pytest.fail("the search found no stale pointer")
    quarantined = program(tmp_path, text, pool="quarantine")
    kinds = {e.violation.kind for seed in range(50) if (e := walk(quarantined, seed, folder=tmp_path)[1]).violation}
    assert kinds == {"use-after-free"}


def test_replays_leave_no_threads(tmp_path: Path) -> None:
    import threading

    p = build(counter.SCENARIO, "plain")
    before = threading.active_count()
    for seed in range(random.Random(1).randint(3, 5)):
        walk(p, seed, folder=tmp_path)
    assert threading.active_count() == before
