"""The rounds of a session, on CPython threads of this process.

    every thread    meet, run the role once, meet, ...
    the last one    runs the check at rest, counts, puts the memory back to the snapshot that set-up left

A violation makes its round void: every thread leaves its protocol at its next step and gives its locks back.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import Final

from engine.language.program import Program
from engine.memory.arena import STOP, Arena
from engine.memory.layout import PRIVATE_WORDS, THREAD_CONTROL
from engine.python import control
from engine.python.compile import compile_functions
from engine.python.cpu import AloneCpu, Cpu, RoundOver, World
from engine.python.locks import BookedLocks, LockTable, RealLocks
from engine.python.meeting import Meeting
from engine.python.perturb import QuickSwitching, perturbation
from engine.python.primitives import namespace
from engine.violations import BY_NAME, KEPT
from engine.vocabulary import PRIMITIVES

#: How long `mem.running()` keeps a load role in one round, in seconds.
LOAD_ROUND: Final = 0.01


class Rounds:
    """Compiles the program for this process and runs its threads. The memory as it is now is the snapshot."""

    def __init__(self, program: Program, arena: Arena, lock: str, seed: int, perturb: str, checks: bool,
                 recorder: bool) -> None:
        self.program, self.arena, self.recorder = program, arena, recorder
        self.world = World(program, arena, checks)
        self.table = LockTable(self.world)
        self.functions = compile_functions(program, namespace(self.world, self.table))
        self.locks = RealLocks(self.world, lock, self.over)
        self.perturb = perturbation(perturb)
        self.snapshot = bytes(arena.bytes[program.layout.STATES:program.layout.END])
        self.meeting = Meeting(len(program.threads), self.between, lambda: self.arena.stopped)
        self.noting = threading.Lock()
        self.void = self.begun = False
        self.load_until = 0.0
        self.sequence = self.round_start = 0  # of steps, written with the bus held
        self.last = -1  # thread of the last step
        self.switches = 0
        self.cpus = [_SessionCpu(self, i, seed) for i in range(len(program.threads))]

    def over(self) -> bool:
        """Whether every thread is to leave its protocol."""
        return self.void or self.arena.words[STOP >> 3] != 0

    def drive(self, thread: int) -> None:
        """Run rounds as one thread until the run is stopped."""
        cpu, role = self.cpus[thread], self.program.threads[thread]
        function = self.functions[role.function]
        QuickSwitching.start()
        try:
            while self.meeting.meet():
                cpu.begin()
                control.note_state(self.world, thread, control.RUNNING)
                try:
                    function(cpu, *role.args)
                    if cpu.holds:
                        raise cpu.fail("lock-misuse", cpu.site, next(iter(cpu.holds))[0], KEPT)
                except RoundOver:
                    self.locks.abandon(cpu, self.table.locks)
                control.note_state(self.world, thread, control.IDLE)
        finally:
            QuickSwitching.stop()
            control.note_state(self.world, thread, control.DONE)

    def between(self) -> None:
        """Everybody is here: judge the round that ended, prepare the next."""
        if self.begun and not self.arena.stopped:
            if not self.void and self.program.at_rest:
                self._at_rest(self.program.at_rest)
            words = self.arena.words
            words[control.ROUNDS >> 3] += 1
            words[control.OVERLAPPED >> 3] += int(self.switches > len(self.cpus))
            self._reset()
        self.begun, self.void = True, False
        self.round_start, self.last, self.switches = self.sequence, -1, 0
        self.arena.words[control.ROUND_START >> 3] = self.sequence
        self.load_until = time.monotonic() + LOAD_ROUND

    def _at_rest(self, name: str) -> None:
        cpu = _RestCpu(self)
        with contextlib.suppress(RoundOver):
            self.functions[name](cpu)
        self.table.reset()

    def _reset(self) -> None:
        first, end, memory = self.program.layout.STATES, self.program.layout.END, self.arena.bytes
        for block in self.world.dirty:
            a, b = max(block << 12, first), min((block + 1) << 12, end)
            memory[a:b] = self.snapshot[a - first:b - first]
        self.world.dirty.clear()

    def note(self, kind: str, site: int, thread: int, address: int, other: int) -> None:
        """Enter a violation in the table; only the first of a round counts."""
        with self.noting:
            if self.void:
                return
            arena, code = self.arena, BY_NAME[kind].code
            used = arena.load(control.FOUND)
            for at in range(control.TABLE, control.TABLE + used * control.ENTRY_BYTES, control.ENTRY_BYTES):
                known = control.ENTRY.unpack_from(arena.bytes, at)
                if known[:2] == (code, site + 1) and (site >= 0 or known[7] == other):
                    arena.store(at + control.COUNT_IN_ENTRY, arena.load(at + control.COUNT_IN_ENTRY) + 1)
                    break
            else:
                if used < control.ENTRIES:
                    since = time.monotonic_ns() - arena.load(control.START_NS)
                    at = control.TABLE + used * control.ENTRY_BYTES
                    control.keep_evidence(self.program, arena, used, self.round_start)
                    control.ENTRY.pack_into(arena.bytes, at, code, site + 1, thread + 1, 1,
                                            arena.load(control.ROUNDS), since, address, other)
                    arena.store(control.FOUND, used + 1)  # last: a reader sees whole entries only
            self.void = True


class _SessionCpu(Cpu):
    def __init__(self, rounds: Rounds, index: int, seed: int) -> None:
        super().__init__(rounds.world, index, rounds.locks)
        self.rounds = rounds
        self.rng = random.Random(f"{seed}/{index}")
        self.at = rounds.program.layout.thread(index)
        self.ring = self.at + THREAD_CONTROL + PRIVATE_WORDS * 8
        self.mask = rounds.program.layout.ring - 1
        self.rows = [PRIMITIVES[site.primitive] for site in rounds.program.sites]
        self.counters = {name: (self.at + control.COUNTERS >> 3) + i for i, name in enumerate(rounds.program.counters)}

    def arrive(self, site: int) -> None:
        self.site, self.turns = site, 0
        if self.rounds.over():
            raise RoundOver
        self.rounds.perturb(self.rng)

    def record(self, site: int, address: int, value: int, blocked: bool = False) -> None:
        rounds, words = self.rounds, self.world.words
        rounds.sequence += 1
        if rounds.last != self.index:
            rounds.last = self.index
            rounds.switches += 1
        words[self.at + control.SITE >> 3] = site + 1
        if not self.rows[site].changes_nothing(value):
            words[self.at + control.RELAXED >> 3] = 0
        if rounds.recorder:
            written = words[self.at + control.STEPS >> 3]
            place = self.ring + (written & self.mask) * control.ROW.size
            control.ROW.pack_into(self.world.arena.bytes, place, site, blocked, address, value, rounds.sequence)
            words[self.at + control.STEPS >> 3] = written + 1

    def report(self, kind: str, site: int, address: int, other: int) -> None:
        self.rounds.note(kind, site, self.index, address, other)

    def choose(self, count: int) -> int:
        return self.rng.randrange(count)

    def relax(self, site: int) -> None:
        self.world.words[self.at + control.RELAXED >> 3] = site + 1
        if self.rounds.over():
            raise RoundOver
        time.sleep(0)

    def running(self) -> int:
        return int(not self.rounds.over() and time.monotonic() < self.rounds.load_until)

    def counted(self, counter: str) -> None:
        self.world.words[self.counters[counter]] += 1


class _RestCpu(AloneCpu):
    """The check at rest. What it finds makes the round void like any other violation."""

    def __init__(self, rounds: Rounds) -> None:
        super().__init__(rounds.world, BookedLocks())
        self.rounds = rounds

    def report(self, kind: str, site: int, address: int, other: int) -> None:
        self.rounds.note(kind, site, self.index, address, other)

    def counted(self, counter: str) -> None:
        """In the words of thread 0, which does not run now."""
        program = self.world.program
        first = program.layout.thread(0) + control.COUNTERS >> 3
        self.world.words[first + program.counters.index(counter)] += 1
