"""A fresh arena for a program: memory, locks, parameters, thread areas; set-up run and snapshotted."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from engine.errors import UsageError
from engine.language.program import Program
from engine.memory.arena import Arena
from engine.memory.shadow import LIVE, STATE_MASK, reset_memory
from engine.native import words as w
from engine.native.build import Entry
from engine.native.evidence import round_violation
from engine.native.source import SETUP, primitives_of, role_functions
from engine.words import MASK

PREFER_WRITER = 2  # PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
PROCESS_SHARED = 1
#: How long a lock wait lasts before it may be called a deadlock, by RULE_*. A waiter of glibc's lock has to leave its
#: queue in order to look round, so it waits longer; ours looks round from its place.
LOCK_NS = {w.RULE_QRWLOCK: 100_000_000, w.RULE_PTHREAD: 1_000_000_000}
LOAD_NS = 5_000_000
PERTURB = "yield:0.05"  # without it roles hardly meet where other programs keep the CPUs busy


def rule_of(program: Program, lock: str) -> int:
    """The number of a lock's implementation.

    Raises:
        UsageError: unknown, or the program downgrades and the lock cannot.
    """
    if lock not in w.LOCK_RULES:
        raise UsageError(f"lock {lock!r}: the native executor has {', '.join(w.LOCK_RULES)}; or use --executor python")
    if lock != "qrwlock":
        for stmt in primitives_of(program):
            if stmt.name == "downgrade":
                where = program.sites[stmt.site].where
                raise UsageError(f"{program.name}: {where} downgrades a lock, which {lock} cannot; use qrwlock")
    return w.LOCK_RULES[lock]


def perturbation(spec: str) -> tuple[int, int, int]:
    """(mode bits, chance in 1/65536, ns) of a perturbation.

    Args:
        spec: "none"; "yield:P", give the CPU away before a step with probability P; "delay:P:NS", lose NS nanoseconds
            with probability P; "": PERTURB.

    Raises:
        UsageError: none of these.
    """
    name, *numbers = (spec or PERTURB).split(":")
    try:
        chance = round(float(numbers[0]) * 65536) if numbers else 0
        delay = int(numbers[1]) if len(numbers) > 1 else 0
    except (ValueError, OverflowError):
        chance = delay = -1
    expected = {"none": 0, "yield": 1, "delay": 2}
    if expected.get(name) != len(numbers) or not 0 <= chance <= 65536 or not 0 <= delay <= 10**9:
        raise UsageError(f"perturb {spec!r}: write none, yield:P or delay:P:NS with P from 0 to 1")
    return {"none": 0, "yield": w.MODE_YIELD, "delay": w.MODE_DELAY}[name], chance, delay


def thread_seed(seed: int, thread: int) -> int:
    """The start of a thread's generator, never 0 (splitmix64 of both numbers)."""
    x = (seed * 0x9E3779B97F4A7C15 + (thread + 1) * 0xD1B54A32D192ED03) & MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return (x ^ x >> 31) or 1


def write_header(program: Program, arena: Arena, tail: w.Tail, rule: int) -> None:
    """What the library reads instead of constants, so that one library serves every layout."""
    layout = program.layout
    loops = [thread.function in program.ask_running for thread in program.threads]
    values = {
        w.H_GLOBALS: layout.GLOBALS, w.H_DESCRIPTORS: layout.DESCRIPTORS, w.H_FRAMES: layout.FRAMES,
        w.H_END: layout.END, w.H_FRAME_SHIFT: layout.frame_bytes.bit_length() - 1, w.H_STATES: layout.STATES,
        w.H_RECORDS: layout.RECORDS, w.H_POOL: layout.POOL, w.H_LOCKS: layout.LOCKS,
        w.H_N_FRAMES: layout.geometry.frames, w.H_THREADS: layout.THREADS, w.H_THREAD_BYTES: layout.thread_bytes,
        w.H_N_THREADS: len(program.threads), w.H_PARAMS: layout.PARAMS, w.H_RULE: rule,
        w.H_RING_MASK: layout.ring - 1, w.H_LOCK_NS: LOCK_NS[rule], w.H_LOAD_NS: LOAD_NS if all(loops) else 0,
        w.H_FINITE: loops.count(False), w.H_SNAPSHOT: tail.SNAPSHOT, w.H_TOUCHED: tail.TOUCHED,
        w.H_VIOLATIONS: tail.VIOLATIONS, w.H_VIOLATION_BYTES: tail.violation_bytes, w.H_TURNS: tail.TURNS,
        w.H_LOG: tail.LOG, w.H_LONGEST: 1000, w.H_UPGRADES: int(rule == w.RULE_QRWLOCK),
        w.H_MEMBERS: layout.MEMBERS, w.H_SAMPLE: tail.SAMPLE,
    }
    for offset, value in values.items():
        arena.store(offset, value)
    for name, index in program.param_index.items():
        arena.store(layout.PARAMS + index * 8, program.params[name])
    for thread, does in enumerate(loops):
        arena.store(layout.thread(thread) + w.T_LOOPS, int(does))


def write_threads(program: Program, arena: Arena, tail: w.Tail, seed: int, mode: int) -> None:
    """Every thread's role, arguments and modes; the area of what runs alone."""
    numbers = {name: number for number, name in enumerate(role_functions(program))}
    for index, thread in enumerate(program.threads):
        area = program.layout.thread(index)
        arena.store(area + w.T_NEXT, w.NEVER if mode == w.MODE_RING else 0)
        for offset, value in {w.T_INDEX: index, w.T_CONTEXT: w.CONTEXTS[thread.context], w.T_MODE: mode,
                              w.T_RANDOM: thread_seed(seed, index), w.T_ROLE: numbers[thread.function],
                              w.T_SITE: w.NO_SITE}.items():
            arena.store(area + offset, value)
        for number, value in enumerate(thread.args):
            arena.store(area + w.T_ARGS + number * 8, value & MASK)
    arena.store(tail.ALONE + w.T_INDEX, w.ALONE_INDEX)
    arena.store(tail.ALONE + w.T_RANDOM, 1)
    arena.store(tail.ALONE + w.T_SITE, w.NO_SITE)
    arena.store(tail.ALONE + w.T_NEXT, 0 if mode & w.MODE_LOG else w.NEVER)


def write_locks(program: Program, arena: Arena, lock: str) -> None:
    """Each lock's kind in its second line; glibc's locks are initialised, process-shared."""
    image = b"" if lock == "qrwlock" else _pthread_image(lock == "pthread-writer")
    for address, kind in program.lock_kinds.items():
        arena.store(address + w.L_KIND, w.LOCK_KINDS[kind])
        if kind == "rw" and image:
            arena.bytes[address:address + len(image)] = image


def _pthread_image(prefer_writer: bool) -> bytes:
    """An unlocked pthread_rwlock_t, as pthread_rwlock_init makes it. glibc's holds no pointer: it may be copied."""
    libc = ctypes.CDLL(None)
    attributes, lock = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
    libc.pthread_rwlockattr_init(attributes)
    libc.pthread_rwlockattr_setpshared(attributes, PROCESS_SHARED)
    if prefer_writer:
        libc.pthread_rwlockattr_setkind_np(attributes, PREFER_WRITER)
    libc.pthread_rwlock_init(lock, attributes)
    libc.pthread_rwlockattr_destroy(attributes)
    return lock.raw[:56]


def run_setup(program: Program, arena: Arena, tail: w.Tail, entry: Entry) -> None:
    """Run set-up alone, then keep what it made.

    Raises:
        UsageError: it breaks a rule.
    """
    arena.store(tail.ALONE + w.T_STACK, 0)
    entry(SETUP, arena.address, tail.ALONE, tail.ALONE)
    found = round_violation(program, arena)
    if found is not None:
        raise UsageError(f"{program.name}: its set-up breaks a rule: {found.message} ({found.kind}, {found.where})")
    arena.store(w.H_TOUCH, 0)
    words = np.frombuffer(arena.bytes, dtype=np.uint64)
    layout, frames = program.layout, program.geometry.frames
    size, first = (layout.END - layout.LOCKS) // 8, layout.LOCKS // 8
    words[tail.SNAPSHOT // 8:tail.SNAPSHOT // 8 + size] = words[first:first + size]
    states = words[layout.STATES // 8:layout.STATES // 8 + frames]
    live = np.flatnonzero((states & np.uint64(STATE_MASK)) == LIVE)
    flags = words[tail.TOUCHED // 8:tail.TOUCHED // 8 + 2 * frames]
    flags[:frames] = 0
    flags[live] = 2
    flags[frames:frames + len(live)] = live
    arena.store(w.H_TOUCH, len(live))


def new_arena(program: Program, entry: Entry, tail: w.Tail, *, folder: Path | None, lock: str, pool: str, seed: int,
              mode: int) -> Arena:
    """All of it. The caller sets what is special to it afterwards.

    Raises:
        UsageError: unknown lock, or a set-up that breaks a rule. MachineError: no room.
    """
    rule = rule_of(program, lock)
    arena = Arena.create(tail.SIZE, folder)
    try:
        reset_memory(arena, program.layout, pool)
        write_header(program, arena, tail, rule)
        write_threads(program, arena, tail, seed, mode)
        write_locks(program, arena, lock)
        run_setup(program, arena, tail, entry)
    except BaseException:
        arena.close()
        arena.unlink()
        raise
    return arena
