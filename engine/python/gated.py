"""Threads and locks under the gate.

Locks do not block here: the gate says who goes on, and `engine.python.rules` says whether the lock agrees. So a replay
also checks the search's model of the lock.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from engine.errors import DivergedError
from engine.language.program import Program
from engine.python.cpu import AloneCpu, Cpu, Locks, World
from engine.python.gate import Gate, Over
from engine.python.locks import READ, WRITE, Lock
from engine.python.message import violation
from engine.python.rules import Rule
from engine.schedule import Execution, Step, Turn


class GatedCpu(Cpu):
    """A thread that waits for its turn before each step."""

    def __init__(self, world: World, index: int, locks: Locks, gate: Gate, execution: Execution,
                 choices: Iterator[int]) -> None:
        super().__init__(world, index, locks)
        self.gate, self.execution, self.choices = gate, execution, choices
        self.chosen: list[int] = []
        self.turn = Turn(index, -1)
        self.pending = False  # a step has begun and is not recorded yet
        self.relaxed = -1  # where a spin loop has failed since the last step

    def arrive(self, site: int) -> None:
        self.turn = self.gate.wait(self.index, site)
        self.site, self.turns, self.intent, self.relaxed, self.pending = site, 0, 0, -1, True

    def record(self, site: int, address: int, value: int, blocked: bool = False) -> None:
        self.pending = False
        self.execution.steps.append(Step(self.index, site, address, value, blocked))

    def report(self, kind: str, site: int, address: int, other: int) -> None:
        found = violation(self.world.program, kind, site, self.index, address, other)
        if self.pending:  # the step that breaks the rule is the last one
            self.record(site, step_address(self.world.program, site, address), self.intent)
        self.execution.violation = self.execution.violation or found

    def choose(self, count: int) -> int:
        chosen = next(self.choices, 0) % count if isinstance(self.choices, RandomChoices) else next(self.choices, 0)
        if chosen >= count:
            self.gate.fail(DivergedError(
                f"step {self.gate.at}: the schedule's choice is {chosen}, the thread has {count} possibilities"))
            raise Over
        self.chosen.append(chosen)
        return chosen

    def relax(self, site: int) -> None:
        self.relaxed = site


def step_address(program: Program, site: int, address: int) -> int:
    """The address of a step that failed; an allocation has none."""
    return 0 if program.sites[site].primitive == "alloc_page" else address


class RandomChoices(Iterator[int]):
    """Numbers to be taken modulo the count of possibilities."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)

    def __next__(self) -> int:
        return self.rng.getrandbits(32)


class RecordedAlone(AloneCpu):
    """Set-up, or the check at rest, which is recorded."""

    def __init__(self, world: World, locks: Locks, execution: Execution, recorded: bool) -> None:
        super().__init__(world, locks)
        self.execution, self.recorded = execution, recorded
        self.pending = False

    def arrive(self, site: int) -> None:
        super().arrive(site)
        self.intent, self.pending = 0, True

    def record(self, site: int, address: int, value: int, blocked: bool = False) -> None:
        self.pending = False
        if self.recorded:
            self.execution.steps.append(Step(self.index, site, address, value, blocked))

    def report(self, kind: str, site: int, address: int, other: int) -> None:
        if self.pending:
            self.record(site, step_address(self.world.program, site, address), self.intent)
        self.execution.violation = violation(self.world.program, kind, site, self.index, address, other)


class GatedLocks:
    """Takes locks as the gate says, and checks it against the lock's rule."""

    def __init__(self, program: Program, rule: str) -> None:
        self.program = program
        self.rules = {address: Rule("spin" if kind == "spin" else rule) for address, kind in program.lock_kinds.items()}
        self.blocked: dict[int, tuple[Lock, str]] = {}  # thread -> what it waits for
        self.interrupt = [thread.context == "interrupt" for thread in program.threads]

    def free(self, thread: int, lock: Lock, mode: str) -> bool:
        """Whether a thread may have the lock now, waiting for it already or not."""
        rule = self.rules[lock.address]
        waiter = next((w for w in rule.queue if w.thread == thread), None)
        return rule.can_write(thread, waiter) if mode == WRITE else rule.can_read(self._interrupt(thread), waiter)

    def can_run(self, thread: int) -> bool:
        """Whether a waiting thread's grant may come now; true for one that does not wait."""
        return thread not in self.blocked or self.free(thread, *self.blocked[thread])

    def _interrupt(self, thread: int) -> bool:
        return thread >= 0 and self.interrupt[thread]

    def acquire(self, cpu: Cpu, lock: Lock, mode: str, site: int) -> None:
        free = self.free(cpu.index, lock, mode)
        if isinstance(cpu, GatedCpu):
            cpu.turn = cpu.gate.lock_turn(cpu.turn, free, self._name(lock))
            if cpu.turn.blocked:
                self._wait(cpu, lock, mode, site)
        elif not free:
            raise cpu.fail("deadlock", site, lock.address)
        self._take(cpu, lock, mode)

    def _wait(self, cpu: GatedCpu, lock: Lock, mode: str, site: int) -> None:
        """An arrival that waits is a step of its own, and the grant another."""
        rule = self.rules[lock.address]
        rule.arrive(cpu.index, mode, self._interrupt(cpu.index))
        self.blocked[cpu.index] = (lock, mode)
        cpu.record(site, lock.address, 0, blocked=True)
        cpu.arrive(site)
        cpu.turn = cpu.gate.lock_turn(cpu.turn, self.free(cpu.index, lock, mode), self._name(lock))
        del self.blocked[cpu.index]
        rule.leave_queue(cpu.index)

    def _name(self, lock: Lock) -> str:
        return f"{self.program.layout.where(lock.address)} ({self.rules[lock.address].name})"

    def _take(self, cpu: Cpu, lock: Lock, mode: str) -> None:
        lock.take(cpu, mode)
        self.rules[lock.address].take(cpu.index, mode)

    def try_acquire(self, cpu: Cpu, lock: Lock, mode: str) -> bool:
        if not self.rules[lock.address].can_try(cpu.index, mode, self._interrupt(cpu.index)):
            return False
        self._take(cpu, lock, mode)
        return True

    def release(self, cpu: Cpu, lock: Lock, mode: str) -> None:
        lock.drop(cpu, mode)
        self.rules[lock.address].release(cpu.index, mode)

    def upgrade(self, cpu: Cpu, lock: Lock) -> bool:
        rule = self.rules[lock.address]
        if not rule.can_upgrade():
            return False
        lock.drop(cpu, READ)
        rule.drop_read(cpu.index)
        self._take(cpu, lock, WRITE)
        return True

    def downgrade(self, cpu: Cpu, lock: Lock, site: int) -> None:
        """One step, but for RWLockReadD, which releases and then queues as a reader."""
        self.release(cpu, lock, WRITE)
        if self.rules[lock.address].name == "read" and isinstance(cpu, GatedCpu):
            cpu.gate.lock_turn(cpu.turn, False, self._name(lock))
            self._wait(cpu, lock, READ, site)
        self._take(cpu, lock, READ)
        cpu.record(site, lock.address, 0)
