"""The queueing rules of the locks: exclusion under every rule, and what tells one rule from another."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.explore import explore, recording_of
from engine.explore.load import LOCKS, Machine
from engine.language.program import build
from engine.vocabulary import PRIMITIVES
from tests.protocols import lockers as lo

DOWNGRADING = ("qrwlock", "fair", "write")


def search(*roles, lock="qrwlock", stop_at_first=True, **params):
    return explore(build(lo.scenario(*roles), params=params), lock=lock, stop_at_first=stop_at_first)


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("roles", [
    (lo.write, lo.write, lo.write), (lo.read, lo.change, lo.read), (lo.write, lo.try_write, lo.try_read),
    (lo.change, lo.change, lo.read), (lo.upgrade, lo.read, lo.change), (lo.upgrade, lo.upgrade, lo.read),
    (lo.spin, lo.spin, lo.poll), (lo.change, (lo.read, "interrupt"), lo.change),
], ids=lambda roles: "-".join(getattr(r[0] if isinstance(r, tuple) else r, "name", "?") for r in roles))
def test_exclusion(lock, roles):
    result = search(*roles, lock=lock)
    assert (result.violation, result.complete) == (None, True)


@pytest.mark.parametrize("lock", DOWNGRADING)
def test_a_downgrade_has_no_gap(lock):
    result = search(lo.downgrade, lo.change, lo.read, lock=lock)
    assert (result.violation, result.complete) == (None, True)


def test_the_downgrade_of_the_reader_preferring_lock_has_a_gap():
    violation = search(lo.downgrade, lo.change, lock="read").violation
    assert violation is not None
    assert violation.message == "a downgrade has a gap"


@pytest.mark.parametrize("lock", ["pthread", "pthread-writer"])
def test_pthread_locks_cannot_downgrade(lock):
    with pytest.raises(UsageError, match="downgrades a lock"):
        search(lo.downgrade, lock=lock)


@pytest.mark.parametrize(("lock", "context", "deadlocks"), [
    ("qrwlock", "process", True), ("qrwlock", "interrupt", False), ("pthread", "process", False),
    ("pthread-writer", "process", True), ("fair", "process", True), ("write", "process", True),
    ("read", "process", False),
])
def test_a_nested_read_with_a_writer_in_between(lock, context, deadlocks):
    """S4-c: hangs wherever a waiting writer stops readers."""
    result = search((lo.read, context), lo.change, lock=lock, nested=1)
    assert (result.violation.kind if result.violation else None) == ("deadlock" if deadlocks else None)
    assert search((lo.read, context), lo.change, lock=lock, nested=0).violation is None


def words_at_the_end(lock, *roles) -> set[int]:
    """Every final value of `order`, over all executions in which the first thread is inside while the others queue."""
    program = build(lo.scenario(*roles))
    machine = Machine(program, lock=lock)
    seen: set[int] = set()

    def go(depth):
        enabled = machine.enabled()
        if not enabled:
            assert not machine.stuck()
            seen.add(machine.memory().get(program.layout.words["order"], 0))
        for t in enabled:
            mark = machine.mark
            machine.step(t)
            go(depth + 1)
            machine.undo(mark)

    machine.step(0)  # inside
    for t in range(1, len(roles)):
        machine.step(t)  # arrives
    go(0)
    return seen


@pytest.mark.parametrize(("lock", "writer_first", "reader_first"), [
    ("qrwlock", {2}, {1}),  # by arrival
    ("pthread", {1}, {1}),  # the unlocking writer hands over to the readers
    ("pthread-writer", {2}, {2}),  # ... to a writer
    ("fair", {1, 2}, {1, 2}),  # no order among those at the gate
    ("write", {2}, {2}),
    ("read", {1, 2}, {1, 2}),
])
def test_who_comes_after_a_writer(lock, writer_first, reader_first):
    assert words_at_the_end(lock, lo.write, lo.late_writer, lo.late_reader) == writer_first
    assert words_at_the_end(lock, lo.write, lo.late_reader, lo.late_writer) == reader_first


@pytest.mark.parametrize(("lock", "wins"), [("qrwlock", True), *((lock, False) for lock in LOCKS[1:])])
def test_an_upgrade_is_won_by_at_most_one_and_only_on_a_qrwlock(lock, wins):
    program = build(lo.scenario(lo.upgrade, lo.upgrade))
    machine = Machine(program, lock=lock)
    seen = set()

    def go():
        enabled = machine.enabled()
        if not enabled:
            seen.add(machine.memory().get(program.layout.words["left"], 0))
        for t in enabled:
            mark = machine.mark
            machine.step(t)
            go()
            machine.undo(mark)

    go()
    assert seen == ({0, 1, 2} if wins else {0})


def test_a_contended_acquire_is_an_arrival_and_a_grant():
    program = build(lo.scenario(lo.write, lo.write))
    result = explore(program, strategy="random", executions=1, seed=1, stop_at_first=False)
    assert result.executions == 1
    machine = Machine(program)
    machine.step(0)
    machine.step(1)
    assert machine.enabled() == [0]
    for _ in range(3):
        machine.step(0)
    assert machine.enabled() == [1]


@pytest.mark.parametrize("role", [lo.write, lo.spin], ids=["qrwlock", "spin"])
def test_nobody_overtakes_the_queue(role):
    """Released, but not yet granted: a third thread has to queue behind the one that waits."""
    machine = Machine(build(lo.scenario(role, role, role)))
    machine.step(0)
    machine.step(1)
    for _ in range(3):
        machine.step(0)
    machine.step(2)
    assert machine.enabled() == [1]


def test_a_poll_sleeps_until_the_lock_changes_hands():
    machine = Machine(build(lo.scenario(lo.spin, lo.poll)))
    machine.step(0)
    machine.step(1)
    assert machine.enabled() == [0]
    for _ in range(2):
        machine.step(0)
        assert machine.enabled() == [0]
    machine.step(0)
    assert machine.enabled() == [1]


def test_every_lock_primitive_is_meant():
    from engine.explore.machine.ops import LOCK_NAMES

    assert set(LOCK_NAMES) == {row.name for row in PRIMITIVES.values() if row.access == "lock"}


def test_the_deadlock_of_a_nested_read_is_told():
    program = build(lo.scenario(lo.read, lo.change), params={"nested": 1})
    result = explore(program)
    machine, recording = recording_of(program, result.schedule)
    assert recording.violation == result.violation
    assert "CPU0 r0 waits for lock (read, " in result.violation.message
    assert "held by itself (read, " in result.violation.message
    assert "queued behind CPU1 r1" in result.violation.message
    assert machine.failed
