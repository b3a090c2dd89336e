"""Which lock events commute, found by trying: every reachable state of a few threads on one lock, both orders."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from engine import Role, RWLock, Scenario, SpinLock, Variant, protocol
from engine.declare import Geometry, Mem
from engine.explore import explore
from engine.explore.load import LOCKS, Machine
from engine.explore.machine import access as a
from engine.explore.machine import cells as c
from engine.explore.machine import ops
from engine.language.program import build
from tests.dpor_oracle import probe

LOCK = RWLock("lock")
SPIN = SpinLock("spin")


@protocol
def read(mem: Mem) -> None:
    mem.read_lock(LOCK)
    mem.read_unlock(LOCK)


@protocol
def write(mem: Mem) -> None:
    mem.write_lock(LOCK)
    mem.write_unlock(LOCK)


@protocol
def try_read(mem: Mem) -> None:
    if mem.read_trylock(LOCK):
        mem.read_unlock(LOCK)


@protocol
def try_write(mem: Mem) -> None:
    if mem.write_trylock(LOCK):
        mem.write_unlock(LOCK)


@protocol
def upgrade(mem: Mem) -> None:
    mem.read_lock(LOCK)
    if mem.try_upgrade(LOCK):
        mem.write_unlock(LOCK)
    else:
        mem.read_unlock(LOCK)


@protocol
def downgrade(mem: Mem) -> None:
    mem.write_lock(LOCK)
    mem.downgrade(LOCK)
    mem.read_unlock(LOCK)


@protocol
def spin(mem: Mem) -> None:
    mem.spin_lock(SPIN)
    mem.spin_unlock(SPIN)


def scenario(*roles: tuple[object, str]) -> Scenario:
    return Scenario("locks", "", tuple(Role(f"r{i}", run, context=k) for i, (run, k) in enumerate(roles)),
                    (Variant("v"),), small=Geometry(2, 1, 2))


FIFO = (ops.QRWLOCK, ops.SPIN)


class States:
    """All reachable states of a machine, without bookkeeping: steps taken, a lock's version, what is left behind a
    queue, and the order in a queue that has none."""

    def __init__(self, machine: Machine) -> None:
        self.m, C = machine, machine.C
        self.F = a.tables(machine.code.rows)
        self.A = np.zeros(64, np.int64)
        self.together: set[tuple[int, int]] = set()  # labels that two threads had in one state
        locks = range(int(C[c.C_N_LOCKS]))
        self.locks = [(int(C[c.C_LOCKS] + i * C[c.C_LOCK_SIZE]), int(C[C[c.C_RULE] + i]) in FIFO) for i in locks]

    def now(self) -> bytes:
        S = self.m.S.copy()
        S[c.S_STEPS] = 0
        for lock, fifo in self.locks:
            S[lock + c.L_VERSION] = 0
            first = lock + c.L_QUEUE
            queue = S[first:first + S[lock + c.L_QUEUED]].copy()
            S[first:first + len(self.m.program.threads) + 1] = -1
            S[first:first + len(queue)] = queue if fifo else np.sort(queue)
        return S.tobytes()

    def label(self, t: int) -> int:
        """The label of what thread `t` would do, -1 if it cannot."""
        if t not in self.m.enabled():
            return -1
        probe(self.m.C, self.m.S, self.m.U, self.F, self.A, 1, t, 0)
        return int(self.A[a.MODE]) & 15

    def after(self, *threads: int) -> tuple[bytes, int]:
        """The state after some steps and, before the last of them, the label of it."""
        mark, label = self.m.mark, -1
        for t in threads:
            label = self.label(t)
            if label >= 0:
                self.m.step(t)
        state = self.now()
        self.m.undo(mark)
        return state, label

    def walk(self) -> Iterator[None]:
        seen: set[bytes] = set()

        def go() -> Iterator[None]:
            if self.now() in seen:
                return
            seen.add(self.now())
            yield
            for t in self.m.enabled():
                mark = self.m.mark
                self.m.step(t)
                yield from go()
                self.m.undo(mark)

        yield from go()


def clashes(machine: Machine) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Pairs of labels that meet in some reachable state, and those that do not commute in one."""
    states = States(machine)
    found: set[tuple[int, int]] = set()
    threads = range(len(machine.program.threads))
    for _ in states.walk():
        for t, u in itertools.permutations(threads, 2):
            one, two = states.label(t), states.label(u)
            if one < 0:
                continue
            states.together.add((one, two))
            state, then = states.after(t, u)
            if then != two:  # it enables, disables or changes the other
                found |= {(one, label) for label in (then, two) if label >= 0}
            elif two >= 0 and states.after(u, t) != (state, one):
                found.add((one, two))
    return states.together, found


def programs(lock: str) -> Iterator[Scenario]:
    if lock == "spin":
        yield scenario(*[(spin, "process")] * 4)
        return
    actors = [(read, "process"), (write, "process"), (try_read, "process"), (try_write, "process")]
    actors += [(upgrade, "process")] if lock == "qrwlock" else []
    actors += [(read, "interrupt")] if lock == "qrwlock" else []
    actors += [] if lock.startswith("pthread") else [(downgrade, "process")]
    for roles in itertools.combinations_with_replacement(actors, 3):
        yield scenario(*roles)
    for extra in actors:
        yield scenario((read, "process"), (read, "process"), (write, "process"), extra)


def commuting(lock: str) -> set[tuple[int, int]]:
    """The pairs of labels that a few threads bring together and that commute wherever they meet."""
    met: set[tuple[int, int]] = set()
    bad: set[tuple[int, int]] = set()
    for each in programs(lock):
        together, found = clashes(Machine(build(each), lock="qrwlock" if lock == "spin" else lock))
        met |= together
        bad |= found
    return {(p, q) for p, q in met if 0 <= p <= q and (p, q) not in bad and (q, p) not in bad}


@pytest.mark.parametrize("lock", [*LOCKS, "spin"])
def test_labels_that_are_said_to_commute_do(lock):
    said = {(min(pair), max(pair)) for pair in a.LABELS_COMMUTE.get(ops.RULE_NAMES.index(lock), ())}
    assert said <= commuting(lock)


def executions(lock: str, *roles: object) -> int:
    result = explore(build(scenario(*[(role, "process") for role in roles])), strategy="dpor", lock=lock)
    assert (result.complete, result.violation, result.blocked) == (True, None, 0)
    return result.executions


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock != "pthread"])
def test_readers_alone_have_one_trace(lock):
    """But glibc's with readers preferred: the last reader may hand over to a writer."""
    assert executions(lock, read, read, read) == 1


@pytest.mark.parametrize("lock", LOCKS)
def test_a_writer_comes_before_between_or_after(lock):
    """It arrives before the reader, while the reader is inside, or after it; the reader may wait for it as well."""
    assert executions(lock, read, write) == 4


def test_two_holders_of_a_spinning_lock():
    """Who comes first, and whether the other arrives before it has left."""
    assert executions("qrwlock", spin, spin) == 4
