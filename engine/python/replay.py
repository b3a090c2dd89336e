"""One execution on CPython threads, step by step through the gate: the replay of a schedule, or a random walk."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from engine.errors import DivergedError, MachineError
from engine.language.program import Program
from engine.memory.arena import Arena
from engine.memory.shadow import reset_memory
from engine.python.compile import compile_functions
from engine.python.cpu import RoundOver, World
from engine.python.gate import Gate, Over, ScheduleGate, WalkGate
from engine.python.gated import GatedCpu, GatedLocks, RandomChoices, RecordedAlone
from engine.python.locks import LockTable
from engine.python.message import cpu_name, violation
from engine.python.primitives import namespace
from engine.python.rules import rule_name
from engine.schedule import Execution, Schedule
from engine.violations import KEPT

#: Seconds in which every execution must end. Only a thread that is stuck between two steps takes that long.
DEADLINE = 60.0

#: Violations that need the search's knowledge of every pointer's origin, or of states seen before.
BLIND = ("stale-pointer", "livelock", "step-limit")


def replay(program: Program, schedule: Schedule, lock: str = "", *, folder: Path | None = None) -> Execution:
    """Run `schedule` on `program`, which must be folded.

    Args:
        lock: the rule of RW locks; "" for the schedule's own. folder: where the arena's file goes for a moment.

    What only the search can see (`BLIND`) does not happen here: such a schedule ends without a violation.

    Raises:
        DivergedError: the program does not follow the schedule; the message says at which step.
        UsageError: a store of the schedule becomes visible late, which only a search can force.
    """
    schedule = schedule.fitted(program).unbuffered(program)
    choices = [iter(row) for row in schedule.choices]
    with _Run(program, lock or schedule.lock, schedule.pool, folder) as run:
        run.blind = (schedule.violation or {}).get("kind") in BLIND
        return run.execute(ScheduleGate(program, schedule), choices)


def walk(program: Program, seed: int, lock: str = "qrwlock", *, steps: int = 10_000,
         folder: Path | None = None) -> tuple[Schedule, Execution]:
    """One random execution of at most so many steps, and the schedule that repeats it."""
    choices: list[Iterator[int]] = [RandomChoices(f"{seed}/{i}") for i in range(len(program.threads))]
    with _Run(program, lock, program.variant.pool, folder) as run:
        gate = WalkGate(program, seed, steps, run.locks.can_run)
        execution = run.execute(gate, choices)
        chosen = tuple(tuple(cpu.chosen) for cpu in run.cpus)
        return Schedule.of(program, tuple(gate.turns), chosen, lock=lock, violation=execution.violation), execution


class _Run:
    """Everything one execution needs, on an arena that lives as long."""

    def __init__(self, program: Program, lock: str, pool: str, folder: Path | None) -> None:
        rule = rule_name(lock, program)
        self.program = program
        self.arena = Arena.create(program.layout.END, folder)
        reset_memory(self.arena, program.layout, pool)
        self.execution = Execution()
        self.world = World(program, self.arena)
        self.functions = compile_functions(program, namespace(self.world, LockTable(self.world)))
        self.locks = GatedLocks(program, rule)
        self.cpus: list[GatedCpu] = []
        self.blind = False

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_error: object) -> None:
        self.arena.close()
        self.arena.unlink()

    def execute(self, gate: Gate, choices: list[Iterator[int]]) -> Execution:
        """Set-up, the threads, the check at rest."""
        if self._alone(self.program.setup, recorded=False):
            self.cpus = [
                GatedCpu(self.world, i, self.locks, gate, self.execution, choices[i] if i < len(choices) else iter(()))
                for i in range(len(self.program.threads))
            ]
            self._threads(gate)
            if self.execution.violation is None and not self.blind:
                self._alone(self.program.at_rest, recorded=True)
        layout, words = self.program.layout, self.arena.words
        self.execution.final = {i * 8: words[i] for i in range(layout.GLOBALS // 8, layout.END // 8) if words[i]}
        return self.execution

    def _alone(self, name: str | None, recorded: bool) -> bool:
        """Set-up or the check at rest; false if it ends in a violation."""
        if name is not None:
            with contextlib.suppress(RoundOver):
                self.functions[name](RecordedAlone(self.world, self.locks, self.execution, recorded))
        return self.execution.violation is None

    def _threads(self, gate: Gate) -> None:
        threads = [threading.Thread(target=self._run, args=(gate, cpu), daemon=True) for cpu in self.cpus]
        # One after the other: what they do before their first step is in the order of threads.
        for cpu, thread in zip(self.cpus, threads, strict=True):
            if not gate.closed:
                thread.start()
                self._patiently(gate, gate.settled[cpu.index].wait(DEADLINE))
        if not gate.closed:
            gate.begin()
        self._patiently(gate, gate.ended.wait(DEADLINE))
        unfinished = [i for i, done in enumerate(gate.finished) if not done]
        gate.close()
        for thread in threads:
            if thread.ident is not None:
                thread.join(DEADLINE)
        if gate.error is not None:
            raise gate.error
        if self.execution.violation is None and unfinished and not self.blind:
            self._unfinished(gate, unfinished)

    def _patiently(self, gate: Gate, happened: bool) -> None:
        if not happened:
            gate.close()
            raise MachineError(f"an execution of {self.program.name} made no step for {DEADLINE:.0f} s")

    def _run(self, gate: Gate, cpu: GatedCpu) -> None:
        role = self.program.threads[cpu.index]
        try:
            for _ in range(self.program.rounds):
                self.functions[role.function](cpu, *role.args)
                if cpu.holds:
                    raise cpu.fail("lock-misuse", cpu.site, next(iter(cpu.holds))[0], KEPT)
            gate.finish(cpu.index)
        except RoundOver:
            gate.close()
        except Over:
            pass
        except BaseException as error:
            gate.fail(error)
        finally:
            gate.settled[cpu.index].set()

    def _unfinished(self, gate: Gate, threads: list[int]) -> None:
        """The turns are used up and some threads are not done: a deadlock, or a schedule that is too short."""
        for thread in threads:
            waits = thread in self.locks.blocked and not self.locks.can_run(thread)
            if not waits and self.cpus[thread].relaxed < 0:
                last = f"; its last step is at {gate.recorded(gate.turns[-1].site)}" if gate.turns else ""
                raise DivergedError(f"step {gate.at}: the schedule has ended, {cpu_name(self.program, thread)} is at "
                                    f"{gate.place(-1 if (site := gate.parked[thread]) is None else site)}{last}")
        first = threads[0]
        blocked = first in self.locks.blocked
        site = gate.parked[first] if blocked else self.cpus[first].relaxed
        address = self.locks.blocked[first][0].address if blocked else 0
        self.execution.violation = violation(self.program, "deadlock", -1 if site is None else site, first, address)
