"""A session: a program's threads in rounds on one arena. The face of `engine.session`, for CPython threads.

One process runs all threads (readerwriterlock keeps its counts in Python objects); any other may attach to look. The
process that creates a session need not be the one that drives it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.language.program import Program
from engine.memory.arena import Arena
from engine.memory.shadow import reset_memory
from engine.python import control
from engine.python.compile import compile_functions
from engine.python.cpu import AloneCpu, RoundOver, World
from engine.python.locks import BookedLocks, LockTable, lock_name
from engine.python.message import cpu_name, spin_lines, violation
from engine.python.perturb import perturbation
from engine.python.primitives import namespace
from engine.python.rounds import Rounds
from engine.python.sample import sampled
from engine.session import STATES, Found, Progress, ThreadState
from engine.violations import BY_CODE


def prepare(program: Program) -> None:
    """Nothing to compile ahead: a driver compiles in milliseconds."""


class Session:
    """See the module's text. Make one with `create` or `attach`."""

    def __init__(self, program: Program, arena: Arena, created: bool) -> None:
        self.program, self.arena, self.created = program, arena, created
        self.options: dict[str, Any] = control.read_options(arena)
        self.rounds: Rounds | None = None
        self.starting = threading.Lock()

    @classmethod
    def create(cls, program: Program, *, folder: Path | None = None, lock: str = "fair", seed: int = 1,
               perturb: str = "", checks: bool = True, recorder: bool = True, processes: int = 1) -> Session:
        """Make the arena, run set-up once.

        Args:
            folder: where the arena's file goes; None: shared memory.
            lock: fair, read or write. perturb: see `engine.python.perturb`. seed: of perturbation and choices.
            checks: whether accesses are checked against the state of frames. recorder: whether steps are kept.

        Raises:
            UsageError: an option has no meaning here, or set-up itself breaks a rule. MachineError: no room.
        """
        if processes > 1:
            raise UsageError(f"{processes} processes: the python executor runs in one; use --executor native")
        if not program.folded:
            raise UsageError(f"{program.name}: the python executor takes folded programs")
        lock = lock_name(lock, program.lock_kinds.values())
        perturbation(perturb)
        control.check_room(program)
        arena = Arena.create(program.layout.END, folder)
        try:
            reset_memory(arena, program.layout, program.variant.pool)
            run_setup(program, arena)
        except BaseException:
            arena.close()
            arena.unlink()
            raise
        control.write_options(arena, {"lock": lock, "seed": seed, "perturb": perturb, "checks": checks,
                                      "recorder": recorder})
        return cls(program, arena, True)

    @classmethod
    def attach(cls, path: Path, program: Program) -> Session:
        """Attach to the session in an arena's file, to drive it or to look at it.

        Raises:
            UsageError: there is no such arena.
        """
        return cls(program, Arena.attach(path), False)

    def start(self) -> None:
        """Start the clock."""
        self.arena.store(control.START_NS, time.monotonic_ns())

    def drive(self, thread: int) -> None:
        """Run rounds as one thread until the session is stopped; returns promptly then, unless stuck in a lock.

        Raises:
            UsageError: called on the main thread, or while another process drives this session.
        """
        if threading.current_thread() is threading.main_thread():
            raise UsageError("drive() takes locks that a signal handler would break: not on the main thread")
        with self.starting:
            if self.rounds is None:
                self.rounds = self._rounds()
        self.rounds.drive(thread)

    def _rounds(self) -> Rounds:
        if self.arena.load(control.DRIVER) not in (0, os.getpid()):
            raise UsageError("the python executor runs in one process, and another one drives this session already")
        self.arena.store(control.DRIVER, os.getpid())
        return Rounds(self.program, self.arena, **self.options)

    def stop(self) -> None:
        """Ask all threads to end."""
        self.arena.stop()
        if not self.arena.load(control.STOP_NS):
            self.arena.store(control.STOP_NS, time.monotonic_ns())

    def close(self, keep: bool = False) -> None:
        """Unmap; the creator also removes the file, unless it is to be kept."""
        self.arena.close()
        if self.created and not keep:
            self.arena.unlink()

    # --- what a harness reads ---

    def progress(self) -> Progress:
        load, layout, names = self.arena.load, self.program.layout, self.program.counters
        counters = {
            name: sum(load(layout.thread(t) + control.COUNTERS + i * 8) for t in range(len(self.program.threads)))
            for i, name in enumerate(names)
        }
        start, stop = load(control.START_NS), load(control.STOP_NS)
        seconds = ((stop or time.monotonic_ns()) - start) / 1e9 if start else 0.0
        operations = sum(counters[name] for name in self.program.operations)
        found = tuple(self._found(entry) for entry in range(load(control.FOUND)))
        return Progress(load(control.ROUNDS), seconds, operations, counters, load(control.OVERLAPPED), found)

    def _found(self, entry: int) -> Found:
        at = control.TABLE + entry * control.ENTRY_BYTES
        code, site, thread, count, first_round, first_ns, address, other = control.ENTRY.unpack_from(
            self.arena.bytes, at)
        v = violation(self.program, BY_CODE[code].name, site - 1, thread - 1, address, other)
        return Found(v.kind, v.message, v.where, v.site, v.thread, count, first_round, first_ns, address, v.other,
                     control.evidence(self.program, self.arena, entry))

    def threads(self) -> list[ThreadState]:
        found = []
        for thread in range(len(self.program.threads)):
            at = self.program.layout.thread(thread)
            state = STATES[self.arena.load(at + control.STATE)]
            lock = self.arena.load(at + control.LOCK) if state == "waiting" else 0
            spins = control.spins_at(self.arena, at) if state == "running" else -1
            found.append(ThreadState(thread, state, self.arena.load(at + control.SITE) - 1, lock,
                                     self.arena.load(at + control.SINCE), spins))
        return found

    def who_waits(self) -> list[str]:
        """One line for each thread that waits: for which lock, who holds it, who arrived before; or at which loop."""
        threads = self.threads()
        waiting = sorted((t for t in threads if t.state == "waiting"), key=lambda t: t.since_ns)
        lines = []
        for number, state in enumerate(waiting):
            line = (f"{cpu_name(self.program, state.thread)} waits for {self.program.layout.where(state.lock)} "
                    f"({self._mode(state.thread)})")
            holders = self._holders(state.lock)
            line += f", held by {', '.join(holders)}" if holders else ""
            ahead = [f"{cpu_name(self.program, other.thread)} ({self._mode(other.thread)}, queued)"
                     for other in waiting[:number] if other.lock == state.lock]
            lines.append(line + (f", behind {', '.join(ahead)}" if ahead else ""))
        return lines + spin_lines(self.program, threads)

    def coverage(self) -> Counter[tuple[int, int]] | None:
        """How often an access followed a conflicting one, by sites, lately in this round; None: it has just ended."""
        return sampled(self.program, self.arena)

    def _mode(self, thread: int) -> str:
        return "write" if self.arena.load(self.program.layout.thread(thread) + control.WANTS_WRITE) else "read"

    def _holders(self, lock: int) -> list[str]:
        writer, readers = self.arena.load(lock + control.WRITER), self.arena.load(lock + control.READERS)
        held = [f"{cpu_name(self.program, writer - 1)} (write)"] if writer else []
        return held + [f"{cpu_name(self.program, t)} (read)" for t in range(64) if readers >> t & 1]


def run_setup(program: Program, arena: Arena) -> None:
    """Run set-up alone on freshly reset memory.

    Raises:
        UsageError: it breaks a rule.
    """
    if program.setup is None:
        return
    world = World(program, arena)
    cpu = AloneCpu(world, BookedLocks())
    try:
        compile_functions(program, namespace(world, LockTable(world)))[program.setup](cpu)
    except RoundOver:
        found = cpu.found
        assert found is not None
        raise UsageError(f"{program.name}: its set-up breaks a rule: {found.message} ({found.kind}, {found.where})"
                         ) from None
