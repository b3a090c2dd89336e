"""The parts of a state: to which one each word of the machine's state belongs, and the tables that say so."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.explore.bytecode import Code
from engine.explore.load import Machine, Words
from engine.explore.machine import cells as c
from engine.explore.machine import ops
from engine.explore.strategies import states_cells as s
from engine.memory.overlay import PAGE_BYTES

_MOST: Final = 31  # words of one chunk: a change of one of them packs them all

#: What only tells or counts. A word of the state that is named nowhere here or below belongs to the state as it is.
HEADER_BOOKKEEPING: Final = ("S_KIND", "S_PC", "S_THREAD", "S_ADDRESS", "S_OTHER", "S_DETAIL", "S_STEPS")
HEADER_DERIVED: Final = ("S_ASLEEP", "S_CHOOSING")  # counts of what the thread areas say
POOL_ENDS: Final = ("S_POOL_HEAD", "S_POOL_TAIL")
THREAD_BOOKKEEPING: Final = ("T_CHOICES",)
FRAME_BOOKKEEPING: Final = ("F_ALLOC_SITE", "F_ALLOC_THREAD", "F_FREE_SITE", "F_FREE_THREAD")
LOCK_BOOKKEEPING: Final = ("L_WRITER_SITE",)


class Parts:
    """The tables of a machine. `classes`: for each word of S its part, see `states_cells`; `P`: all as compiled code
    reads it; `work`: words of W besides the path.
    """

    def __init__(self, machine: Machine) -> None:
        self.C, self.machine = machine.C, machine
        self.threads = len(machine.program.threads)
        self.chunks: list[tuple[int, int, int, int]] = []
        self.tables: list[Words] = []
        self.end = s.P_HEADER
        self.header = np.zeros(s.P_HEADER, np.int64)
        self.classes = np.full(len(machine.S), -100, np.int64)
        self._header()
        self._threads()
        self._globals()
        self._frames()
        self._locks()
        self._rest()
        self._place()
        self.P: Words = np.concatenate([self.header, *self.tables])

    def _table(self, values: Words | list[int]) -> int:
        """Append a table to P; where it starts."""
        self.tables.append(np.array(values, np.int64))
        start, self.end = self.end, self.end + len(values)
        return start

    def _chunk(self, kind: int, a: int = 0, b: int = 0, size: int = 0) -> int:
        """Append a chunk; its part number."""
        self.chunks.append((kind, a, b, size))
        return self.threads + len(self.chunks) - 1

    def _belong(self, cells: range, part: int, shadow: bool = False) -> None:
        self.classes[cells.start:cells.stop] = part
        if shadow:
            distance = int(self.C[c.C_SHADOW])
            self.classes[cells.start + distance:cells.stop + distance] = part

    def _header(self) -> None:
        for name in (*HEADER_BOOKKEEPING, *HEADER_DERIVED):
            self.classes[getattr(c, name)] = s.BOOKKEEPING
        pool = self._chunk(s.POOL)
        for name in POOL_ENDS:
            self.classes[getattr(c, name)] = pool | s.VERSION
        ring, frames = int(self.C[c.C_POOL]), int(self.C[c.C_N_FRAMES])
        self._belong(range(ring, ring + frames), pool)

    def _threads(self) -> None:
        """Areas, registers, private words, store buffers. Those of set-up and of the check at rest do not count."""
        for first, size, shadow in ((c.C_AREA, c.T_SIZE, False), (c.C_REGS, int(self.C[c.C_REG_SIZE]), True),
                                    (c.C_PRIVATE, int(self.C[c.C_PRIVATE_SIZE]), True)):
            for t in range(self.threads + 1):
                at = int(self.C[first]) + t * size
                self._belong(range(at, at + size), t if t < self.threads else s.BOOKKEEPING, shadow)
        for t in range(self.threads):
            if self.machine.model != "sc":
                buffer = int(self.C[c.C_BUFFERS]) + t * int(self.C[c.C_BUFFER_SIZE])
                self._belong(range(buffer, buffer + int(self.C[c.C_BUFFER_SIZE])), t)
            for name in THREAD_BOOKKEEPING:
                self.classes[int(self.C[c.C_AREA]) + t * c.T_SIZE + getattr(c, name)] = s.BOOKKEEPING

    def _globals(self) -> None:
        """Declared words, in chunks of neighbours. The padding between them is never written."""
        first, known = int(self.C[c.C_MEMORY]), int(self.C[c.C_KNOWN])
        size = int(self.C[c.C_DESCRIPTORS] - self.C[c.C_GLOBALS]) // 8
        self._belong(range(first, first + size), s.BOOKKEEPING, True)
        cells = [first + i for i in range(size) if self.C[known + i]]
        for k in range(0, len(cells), _MOST):
            some = cells[k:k + _MOST]
            part = self._chunk(s.WORDS, self._table(some), len(some), 1)
            for cell in some:
                self._belong(range(cell, cell + 1), part, True)

    def _frames(self) -> None:
        """Frame 0 is nobody's: its words are never written, but its descriptor may be by who mistakes an address."""
        C = self.C
        memory = int(C[c.C_MEMORY])
        size, words = int(1 << C[c.C_FRAME_SHIFT]) // 8, PAGE_BYTES // 8
        gap = memory + int(C[c.C_DESCRIPTORS] - C[c.C_GLOBALS]) // 8
        contents = memory + int(C[c.C_FRAMES] - C[c.C_GLOBALS]) // 8
        self._belong(range(gap, contents), s.BOOKKEEPING, True)
        for pfn in range(int(C[c.C_N_FRAMES])):
            page = range(contents + pfn * size, contents + (pfn + 1) * size)
            descriptor = range(gap + pfn * words, gap + (pfn + 1) * words)
            record = int(C[c.C_RECORDS]) + pfn * c.F_SIZE
            part = self._chunk(s.FRAME, record, self._table([*page, *descriptor]), size)
            self._belong(page, part, True)
            self._belong(descriptor, part, True)
            self._belong(range(record, record + c.F_SIZE), part)
            self.classes[record + c.F_GENERATION] = s.GENERATION
            for name in FRAME_BOOKKEEPING:
                self.classes[record + getattr(c, name)] = s.BOOKKEEPING

    def _locks(self) -> None:
        areas, size = self.threads + 1, int(self.C[c.C_LOCK_SIZE])
        for index in range(int(self.C[c.C_N_LOCKS])):
            lock = int(self.C[c.C_LOCKS]) + index * size
            part = self._chunk(s.LOCK, lock)
            self._belong(range(lock, lock + size), part)
            self.classes[lock + c.L_VERSION] = part | s.VERSION
            sites = [lock + c.L_QUEUE + areas + 2 * t + 1 for t in range(areas)]
            self.classes[[*sites, *(lock + getattr(c, name) for name in LOCK_BOOKKEEPING)]] = s.BOOKKEEPING

    def _rest(self) -> None:
        """Whatever else the machine has counts as it is."""
        cells = [int(i) for i in np.flatnonzero(self.classes == -100)]
        for k in range(0, len(cells), _MOST):
            some = cells[k:k + _MOST]
            self.classes[some] = self._chunk(s.WORDS, self._table(some), len(some), 0)

    def _place(self) -> None:
        """Fill the header, and lay out W."""
        code, parts = self.machine.code, self.threads + len(self.chunks)
        starts: list[int] = []
        registers: list[int] = []
        for live in live_registers(code):
            starts.append(len(registers))
            registers += live
        starts.append(len(registers))
        at = self._table(registers)
        h = self.header
        h[s.P_THREADS], h[s.P_CHUNKS] = self.threads, len(self.chunks)
        h[s.P_CLASS], h[s.P_START] = self._table(self.classes), self._table(self.machine.S)
        h[s.P_CHUNK] = self._table([value for chunk in self.chunks for value in chunk])
        h[s.P_LIVE] = self._table([at + start for start in starts])
        longest = int(self.C[c.C_REG_SIZE] + self.C[c.C_PRIVATE_SIZE]) + c.T_SIZE + 64
        frame = int(1 << self.C[c.C_FRAME_SHIFT]) // 8 + c.F_SIZE
        longest += int(self.C[c.C_BUFFER_SIZE])
        room = 3 * (longest + frame + int(self.C[c.C_N_FRAMES]) + 4 * self.threads + 2 * _MOST)
        cell = 0
        for name, size in ((s.P_VECTOR, self.threads + 2), (s.P_MEMORY, len(self.chunks) + 1), (s.P_MARKS, parts),
                           (s.P_LIST, parts), (s.P_BUFFER, room), (s.P_ORIGINS, room), (s.P_PATH, 0)):
            h[name] = cell
            cell += size
        self.work = cell


def live_registers(code: Code) -> list[list[int]]:
    """For each row the registers of its function that are still read, ascending; those above it are the next callee's.

    Between a function's steps nothing lies there: arguments and results are moved by local work alone.
    """
    own, live = 0, []
    for row, registers in zip(code.rows, code.live, strict=True):
        if row[0] == ops.HEADER:
            own = row[1]
        live.append([r for r in range(own) if registers >> r & 1])
    return live
