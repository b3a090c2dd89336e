"""A program on the machine: its tables, its first state, and the controls in Python's words."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.declare import POOLS
from engine.errors import UsageError
from engine.explore.bytecode import Code, compile_program
from engine.explore.machine import cells as c
from engine.explore.machine import control as k
from engine.explore.machine import ops
from engine.explore.machine.coverage import UNIONS
from engine.language import ir
from engine.language.program import Program
from engine.memory.layout import PRIVATE_WORDS
from engine.memory.overlay import PAGE, PAGE_BYTES

Words = NDArray[np.int64]

#: Lock names a search knows the queueing rule of.
LOCKS: Final = ops.RULE_NAMES[:-1]
MODELS: Final = ("sc", "tso", "pso")
STEPS_MAX: Final = 10_000
_LOG_WORDS: Final = 1 << 23  # touched only as far as an execution's log reaches
_MAX_PROCESSES: Final = 62  # those that are enabled are bits of one word
_MAX_COUNTERS: Final = c.U_STAMPS - c.U_COUNTS
#: `index` is never cleared by the allocator: what the last user left, or garbage.
GARBAGE: Final = 0x5A5A5A5A5A5A5A5A


class Machine:
    """One program, ready to run. `C`, `S`, `U` are the arrays of `engine.explore.machine`.

    Args:
        lock: one of `LOCKS`. pool: "reuse" or "quarantine", the variant's own if empty.
        steps: the limit of one execution. coverage: count which conflicting accesses follow each other.

    Raises:
        UsageError: an unknown name, or a program that does not fit.
    """

    def __init__(self, program: Program, *, lock: str = "qrwlock", pool: str = "", model: str = "sc",
                 steps: int = STEPS_MAX, coverage: bool = False) -> None:
        pool = pool or program.variant.pool
        _check_names(program, lock, pool, model)
        self.program, self.lock, self.pool, self.model = program, lock, pool, model
        self.code: Code = compile_program(program, model)
        self.C, size = _tables(program, self.code, lock, pool, model, steps)
        first = c.U_STAMPS + size
        if coverage:
            size, first = _cover(program, self.C, size)
        self.S: Words = np.zeros(size, np.int64)
        self.U: Words = np.empty(first + _LOG_WORDS, np.int64)
        self.U[:first] = 0
        self.U[c.U_FIRST], self.U[c.U_END] = first, len(self.U)
        _first_state(program, self.C, self.S)
        self._control(k.START)
        self.base = int(self.U[c.U_TOP])
        self.in_setup = self.failed and int(self.S[c.S_THREAD]) == self.alone

    def _control(self, what: int, t: int = 0, v: int = 0) -> int:
        return int(k.control(self.C, self.S, self.U, what, t, v))

    def reset(self) -> None:
        """Back to the state after set-up."""
        self.undo(self.base)

    def restart(self) -> None:
        """The same, as samplers do it: see `state.restart`. `undo` works again after a `reset`."""
        self._control(k.RESTART, 0, self.base)

    @property
    def mark(self) -> int:
        """The length of the undo log: `undo(mark)` comes back to here."""
        return int(self.U[c.U_TOP])

    @property
    def failed(self) -> bool:
        """Whether the execution ended in a violation."""
        return bool(self.S[c.S_KIND])

    def enabled(self) -> list[int]:
        """The processes that can take a step: threads, and under tso and pso the flushers of their store buffers."""
        mask = self._control(k.ENABLED)
        return [p for p in range(self.processes) if mask >> p & 1]

    @property
    def limit(self) -> int:
        """Steps of one execution, at most."""
        return int(self.C[c.C_LIMIT])

    @property
    def processes(self) -> int:
        """Threads and flushers."""
        return int(self.C[c.C_PROCESSES])

    def thread_of(self, process: int) -> tuple[int, int | None]:
        """The thread of a process, and which of its flushers the process is; None for the thread itself."""
        threads, flushers = len(self.program.threads), int(self.C[c.C_FLUSHERS])
        if process < threads:
            return process, None
        return (process - threads) // flushers, (process - threads) % flushers

    def process_of(self, thread: int, flusher: int | None) -> int:
        """The inverse of `thread_of`."""
        if flusher is None:
            return thread
        return len(self.program.threads) + thread * int(self.C[c.C_FLUSHERS]) + flusher

    def next_row(self, process: int) -> int:
        """The row of code of a process's next step: of a flusher the store's, -1 if it has nothing to flush."""
        thread, flusher = self.thread_of(process)
        if flusher is None:
            return self.area(thread, c.T_PC)
        return self._control(k.NEXT_FLUSH, process)

    def chooser(self) -> int:
        """The thread whose `mem.choose` waits for a value, -1 for none."""
        return self._control(k.CHOOSER)

    def choices(self, t: int) -> int:
        return self._control(k.CHOICES, t)

    def choose(self, t: int, value: int) -> None:
        self._control(k.CHOOSE, t, value)

    def step(self, process: int) -> None:
        self._control(k.STEP, process)

    def step_alone(self) -> None:
        """A step of set-up or of the check at rest."""
        self._control(k.STEP_ALONE)

    def finish(self) -> None:
        """When nobody is enabled: note the deadlock, or run the check at rest."""
        self._control(k.FINISH)

    def stuck(self) -> bool:
        """When nobody is enabled: note the deadlock if there is one."""
        return bool(self._control(k.STUCK))

    def begin_at_rest(self) -> bool:
        """Start the check at rest; then `step_alone` while `alone_can_step`."""
        return bool(self._control(k.BEGIN_AT_REST))

    def alone_can_step(self) -> bool:
        return bool(self._control(k.ALONE_CAN_STEP))

    @property
    def alone(self) -> int:
        """The number of the thread that runs set-up and the check at rest."""
        return len(self.program.threads)

    def undo(self, mark: int) -> None:
        self._control(k.RESET, 0, mark)

    def blame(self, kind: int, thread: int, row: int, detail: int) -> None:
        """End the execution in a violation that only who watches it can see."""
        for cell, value in ((c.S_KIND, kind), (c.S_THREAD, thread), (c.S_PC, row), (c.S_DETAIL, detail)):
            top = self.mark
            self.U[top:top + 2] = cell, self.S[cell]
            self.U[c.U_TOP] = top + 2
            self.S[cell] = value

    def area(self, t: int, cell: int) -> int:
        """A word of a thread's area."""
        return int(self.S[self.C[c.C_AREA] + t * c.T_SIZE + cell])

    def memory(self) -> dict[int, int]:
        """The modelled words that are not 0, by address."""
        layout = self.program.layout
        first = int(self.C[c.C_MEMORY])
        words = self.S[first:first + (layout.END - layout.GLOBALS) // 8]
        return {layout.GLOBALS + 8 * int(i): int(words[i]) & (1 << 64) - 1 for i in np.flatnonzero(words)}

    def covered(self) -> dict[tuple[int, int], int]:
        """How often a site's access followed another site's: (first, second) -> count; see `machine.coverage`."""
        first, sites = int(self.C[c.C_COVERED]), int(self.C[c.C_SITES])
        pairs = self.U[first:first + sites * sites]
        return {divmod(int(i), sites): int(pairs[i]) for i in np.flatnonzero(pairs)}

    def counters(self) -> dict[str, int]:
        """`mem.count` over everything that ran since the machine was made."""
        return {name: int(self.U[c.U_COUNTS + i]) for i, name in enumerate(self.program.counters)}


def _check_names(program: Program, lock: str, pool: str, model: str) -> None:
    for what, name, known in (("lock", lock, LOCKS), ("pool", pool, POOLS), ("memory model", model, MODELS)):
        if name not in known:
            raise UsageError(f"{what} {name!r} does not exist in a search; there are: {', '.join(known)}")
    most = _MAX_PROCESSES if model == "sc" else _MAX_PROCESSES // 2
    if len(program.threads) > most:
        raise UsageError(f"{program.name}: {len(program.threads)} threads; a search under {model} takes up to {most}")
    if len(program.counters) > _MAX_COUNTERS:
        raise UsageError(f"{program.name}: more than {_MAX_COUNTERS} counters")
    used = {s.name for f in program.functions.values() for s in ir.walk(f.body) if isinstance(s, ir.Prim)}
    if lock.startswith("pthread") and "downgrade" in used:
        raise UsageError(f"{program.name} downgrades a lock, which {lock} cannot; use another --lock")


def flushers(program: Program, model: str) -> int:
    """How many flushers a thread has. Under `pso` their number bounds the addresses that one thread stores to."""
    threads = len(program.threads)
    return {"sc": 0, "tso": 1, "pso": min((_MAX_PROCESSES - threads) // threads, c.FLUSHERS_MAX)}[model]


def _tables(program: Program, code: Code, lock: str, pool: str, model: str, steps: int) -> tuple[Words, int]:
    """C, and the number of words of S."""
    layout, threads = program.layout, len(program.threads)
    areas = threads + 1
    frames = program.geometry.frames
    register_words = max(8, code.most_registers) * (c.DEPTH_MAX + 1)
    lock_words = c.L_QUEUE + areas + 2 * areas
    buffer_words = c.B_ENTRIES + c.BUFFER_MAX * c.E_SIZE
    memory_words = (layout.END - layout.GLOBALS) // 8
    header = np.zeros(c.C_HEADER, np.int64)
    at = c.S_HEADER
    header[c.C_MEMORY], at = at, at + memory_words
    header[c.C_REGS], at = at, at + areas * register_words
    header[c.C_PRIVATE], at = at, at + areas * PRIVATE_WORDS
    header[c.C_SHADOW] = at - c.S_HEADER
    at += at - c.S_HEADER
    for cell, size in ((c.C_AREA, areas * c.T_SIZE), (c.C_RECORDS, frames * c.F_SIZE), (c.C_POOL, frames),
                       (c.C_LOCKS, layout.n_locks * lock_words),
                       (c.C_BUFFERS, 0 if model == "sc" else threads * buffer_words)):
        header[cell], at = at, at + size
    for cell, value in (
        (c.C_THREADS, threads), (c.C_GLOBALS, layout.GLOBALS), (c.C_DESCRIPTORS, layout.DESCRIPTORS),
        (c.C_FRAMES, layout.FRAMES), (c.C_END, layout.END), (c.C_N_FRAMES, frames),
        (c.C_FRAME_SHIFT, layout.frame_bytes.bit_length() - 1), (c.C_REG_SIZE, register_words),
        (c.C_PRIVATE_SIZE, PRIVATE_WORDS), (c.C_QUARANTINE, int(pool == "quarantine")),
        (c.C_LOCK_SIZE, lock_words), (c.C_N_LOCKS, layout.n_locks), (c.C_LOCK_ADDRESS, layout.LOCKS),
        (c.C_LIMIT, steps), (c.C_ROUNDS, program.rounds), (c.C_MODEL, MODELS.index(model)),
        (c.C_FLUSHERS, flushers(program, model)), (c.C_BUFFER_SIZE, buffer_words),
        (c.C_PROCESSES, threads * (1 + flushers(program, model))),
        (c.C_RELAXES, int(any(row[0] == ops.RELAX for row in code.rows))),
    ):
        header[cell] = value
    rules = [ops.RULE_NAMES.index("spin" if kind == "spin" else lock)
             for _, kind in sorted(program.lock_kinds.items())]
    contexts = [int(thread.context == "interrupt") for thread in program.threads] + [0]
    parts = [header]
    end = len(header)
    for cell, values in ((c.C_CODE, np.array(code.rows, np.int64).reshape(-1)), (c.C_ENTRY, code.entries),
                         (c.C_RULE, rules), (c.C_INTERRUPT, contexts), (c.C_KNOWN, _known_words(program)),
                         (c.C_LIVE, [live & (1 << c.LIVE_MAX) - 1 for live in code.live]),
                         (c.C_CONST, [0, *code.constants])):
        part = np.array(values, np.int64)
        header[cell], end = end, end + len(part)
        parts.append(part)
    return np.concatenate(parts), at


def _cover(program: Program, C: Words, size: int) -> tuple[int, int]:
    """Room for coverage behind the words of S and of U: the new number of words of S, and where the log starts."""
    layout = program.layout
    places = (layout.END - layout.GLOBALS) // 4 + program.geometry.frames * UNIONS
    C[c.C_COVER], C[c.C_SITES] = size, len(program.sites)
    size += places * (len(program.threads) + 1)
    C[c.C_COVERED] = c.U_STAMPS + size
    return size, c.U_STAMPS + size + len(program.sites) ** 2


def _known_words(program: Program) -> Words:
    """Per word between GLOBALS and DESCRIPTORS: 1 if it belongs to a declared Word; the rest is padding."""
    layout = program.layout
    known = np.zeros((layout.DESCRIPTORS - layout.GLOBALS) // 8, np.int64)
    for name, place in layout.words.items():
        first = (place - layout.GLOBALS) // 8
        known[first:first + program.word_counts[name]] = 1
    return known


def _first_state(program: Program, C: Words, S: Words) -> None:
    """All frames free, handed out in the order 1, 2, 3, ...; descriptors in the reset state. Frame 0 is nobody's."""
    layout, frames = program.layout, program.geometry.frames
    pages = int(C[c.C_MEMORY]) + (layout.DESCRIPTORS - layout.GLOBALS) // 8
    words = PAGE_BYTES // 8
    for pfn in range(frames):
        S[pages + pfn * words + PAGE["mapcount"].offset // 8] = 0xFFFFFFFF
        S[pages + pfn * words + PAGE["index"].offset // 8] = GARBAGE
    S[C[c.C_POOL]:C[c.C_POOL] + frames - 1] = np.arange(1, frames)
    S[c.S_POOL_TAIL] = frames - 1
