"""What the machine shows between two steps: who holds and waits for what, where each CPU stands, which frames are live.

Reads the machine's arrays and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.explore.explain import holds, who
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.language.program import Program
from engine.memory.members import CODE_MASK, NAMES, UNION_OFFSETS
from engine.memory.overlay import PAGE_BYTES
from engine.places import short_file

_MASK: Final = (1 << 64) - 1
_STATUS: Final = {c.READY: "ready", c.DONE: "done", c.BLOCKED: "blocked", c.ASLEEP: "asleep", c.CHOOSING: "ready"}

#: Functions, outermost first, and the file and line of the innermost.
Stood = tuple[list[str], str, int]


@dataclass
class Scene:
    """Everything but words.

    Attributes:
        cpus: of each thread its status ("ready", "done", "blocked": waits for a lock, "asleep": for a word) and where
            it stands: its next step, or the one that waits.
        locks: (name, [(thread, "read" | "write", file:line)], [(thread, "read" | "write")]) of those that are held or
            waited for; those who wait in the order of their arrival.
        frames: pfn -> (1 if it is allocated, by whom it was allocated or freed, {union: live member}).
        buffers: of each thread the stores that are not visible yet, oldest first; empty under sc.
    """

    cpus: list[tuple[str, Stood]] = field(default_factory=list)
    locks: list[tuple[str, list[tuple[int, str, str]], list[list[int | str]]]] = field(default_factory=list)
    frames: dict[int, tuple[int, str, dict[int, str]]] = field(default_factory=dict)
    buffers: list[list[str]] = field(default_factory=list)


Memory = NDArray[np.int64]
Change = tuple[int, int, int]  # address of an 8-byte word, value before, value after


@dataclass
class Snapshot:
    """A scene, and what changed in memory since the one before."""

    scene: Scene
    changes: list[Change]
    changed_frames: set[int]

    @classmethod
    def of(cls, m: Machine, before: Snapshot | None = None, changed: Sequence[Change] = ()) -> Snapshot:
        scene = Scene(_cpus(m), _locks(m), _frames(m, before.scene if before else None), _buffers(m))
        return cls(scene, list(changed), {pfn for a, _, _ in changed if (pfn := _frame_of(m.program, a)) >= 0})


def memory_of(m: Machine) -> Memory:
    """A copy of the modelled memory."""
    first, layout = int(m.C[c.C_MEMORY]), m.program.layout
    return m.S[first:first + (layout.END - layout.GLOBALS) // 8].copy()


def changes(m: Machine, before: Memory, after: Memory) -> list[Change]:
    """The words that differ, by address."""
    first = m.program.layout.GLOBALS
    return [(first + 8 * int(i), int(before[i]) & _MASK, int(after[i]) & _MASK)
            for i in np.flatnonzero(before != after)]


def _frame_of(program: Program, address: int) -> int:
    layout = program.layout
    if address >= layout.FRAMES:
        return (address - layout.FRAMES) // layout.frame_bytes
    return (address - layout.DESCRIPTORS) // PAGE_BYTES if address >= layout.DESCRIPTORS else -1


def _cpus(m: Machine) -> list[tuple[str, Stood]]:
    return [(_STATUS[m.area(t, c.T_STATUS)], _stood(m, t)) for t in range(len(m.program.threads))]


def _stood(m: Machine, t: int) -> Stood:
    """Where a thread stands; nowhere when it is done."""
    if (status := m.area(t, c.T_STATUS)) == c.DONE:
        return [], "", 0
    code, row = m.code, m.area(t, c.T_PC) - int(status == c.ASLEEP)
    returns = [m.area(t, c.T_CALLS + 3 * k) for k in range(m.area(t, c.T_DEPTH))]
    functions: list[str] = []
    for at in [*(back - 1 for back in returns[1:]), row]:
        functions += [code.function(at), *(name for name, _ in code.inside[at])]
    shown = [name for i, name in enumerate(functions) if name and (not i or functions[i - 1] != name)]
    return shown, *code.places[row]


def _locks(m: Machine) -> list[tuple[str, list[tuple[int, str, str]], list[list[int | str]]]]:
    held: dict[str, list[tuple[int, str, str]]] = {}
    for name, thread, how, where in holds(m):
        held.setdefault(name, []).append((-1 if thread == m.alone else thread, how, where))
    out = []
    for index in range(int(m.C[c.C_N_LOCKS])):
        name = m.program.layout.where(m.program.layout.LOCKS + index * 128)
        if waits := _queue(m, index):
            held.setdefault(name, [])
        if name in held:
            out.append((name, held[name], waits))
    return out


def _queue(m: Machine, index: int) -> list[list[int | str]]:
    """Who waits for a lock, in the order of arrival."""
    lock = int(m.C[c.C_LOCKS]) + index * int(m.C[c.C_LOCK_SIZE])
    waiting = [t for t in range(len(m.program.threads))
               if m.area(t, c.T_STATUS) == c.BLOCKED and m.area(t, c.T_LOCK) == index]
    if not waiting:
        return []
    queue = [int(m.S[lock + c.L_QUEUE + k]) for k in range(int(m.S[lock + c.L_QUEUED]))]
    waiting.sort(key=lambda t: queue.index(t) if t in queue else len(queue))
    return [[t, "write" if m.area(t, c.T_WANTS) == c.WRITER else "read"] for t in waiting]


def _frames(m: Machine, before: Scene | None) -> dict[int, tuple[int, str, dict[int, str]]]:
    """Of the frames that were ever allocated."""
    records = m.S[int(m.C[c.C_RECORDS]):][:m.program.geometry.frames * c.F_SIZE].reshape(-1, c.F_SIZE)
    out = {}
    for pfn in map(int, np.flatnonzero(records[:, c.F_GENERATION])):
        row = [int(word) for word in records[pfn]]
        members = {union: NAMES[row[c.F_MEMBERS + union] & CODE_MASK] for union in range(len(UNION_OFFSETS))
                   if row[c.F_MEMBERS + union] & CODE_MASK}
        live = row[c.F_ALLOCATED]
        known = before.frames.get(pfn) if before else None
        same = known is not None and known[0] == live
        text = known[1] if known and same else _history(m, row, before is None)
        out[pfn] = (live, text, members)
    return before.frames if before and before.frames == out else out  # the same object: films are long


def _history(m: Machine, row: list[int], first: bool) -> str:
    """Who has allocated or freed a frame last; what is there at `first` set-up has done."""
    live = row[c.F_ALLOCATED]
    thread, at = (row[c.F_ALLOC_THREAD], row[c.F_ALLOC_SITE]) if live else (row[c.F_FREE_THREAD], row[c.F_FREE_SITE])
    by = "set-up" if first else who(m, thread)
    file, _, line = m.code.where(at).rpartition(":")
    return f"{'allocated' if live else 'freed'} by {by} at {short_file(file)}:{line}"


def _buffers(m: Machine) -> list[list[str]]:
    """Of each thread the stores that only it sees."""
    if m.model == "sc":
        return []
    return [_buffer(m, t) for t in range(len(m.program.threads))]


def _buffer(m: Machine, t: int) -> list[str]:
    start = int(m.C[c.C_BUFFERS]) + t * int(m.C[c.C_BUFFER_SIZE])
    rows = []
    for k in range(int(m.S[start + c.B_COUNT])):
        entry = start + c.B_ENTRIES + k * c.E_SIZE
        where = m.program.layout.where(int(m.S[entry + c.E_ADDRESS]))
        kind = int(m.S[entry + c.E_KIND])
        word = int(m.S[entry + c.E_WORD]) & _MASK
        rows.append({c.STORED: f"{where} = {word:#x}", c.FILLED: f"fill of {where}"}.get(kind, f"release of {where}"))
    return rows
