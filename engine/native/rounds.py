"""The round: all threads run their role once, the last one to arrive checks, counts and resets, and starts the next.

One barrier a round, and no thread is special: whoever arrives last does the serial part. Waiters yield the CPU after a
few turns, because roles may outnumber CPUs.

So that short roles meet at all, none begins at once: they aim at one moment after the release, which is learnt from
when the last thread is ready, so that their middles fit; a random part of the longest role's length is added to each.
"""

from __future__ import annotations

from engine.memory.layout import MEMBER_BYTES, RECORD_BYTES
from engine.native.intrinsics import add, cas, copy, load, load_acquire, pause, stack, store, store_release
from engine.native.jit import export, native
from engine.native.step import admit, give_way, halted, now, random, relax, rest, settle, violate
from engine.native.words import (
    EVIDENCE_ROWS,
    H_ADMITTED,
    H_ARRIVED,
    H_DEADLINE,
    H_DESCRIPTORS,
    H_FRAME_SHIFT,
    H_FRAMES,
    H_GENERATION,
    H_GLOBALS,
    H_HALT,
    H_LOAD_NS,
    H_LOCK_NS,
    H_LOCKS,
    H_LONGEST,
    H_MEETING,
    H_MEMBERS,
    H_N_FRAMES,
    H_N_THREADS,
    H_NAIVE,
    H_OVERLAPPED,
    H_POOL,
    H_RECORDS,
    H_RELEASED,
    H_RING_MASK,
    H_ROUNDS,
    H_SAMPLE,
    H_SAMPLED,
    H_SNAPSHOT,
    H_STATES,
    H_STOP,
    H_THREAD_BYTES,
    H_THREADS,
    H_TOUCH,
    H_TOUCHED,
    H_VIOLATION,
    H_VIOLATION_BYTES,
    H_VIOLATIONS,
    H_VOID,
    HALT_VOID,
    HOLDS,
    MAX_VIOLATIONS,
    NO_SITE,
    ROW,
    SAMPLE_THERE,
    SAMPLE_WANTED,
    STACK_BYTES,
    STATUS_DONE,
    STATUS_IDLE,
    STATUS_RUNNING,
    T_BEGIN,
    T_COPY,
    T_DEPTH,
    T_FINISH,
    T_FIRST,
    T_INDEX,
    T_LENGTH,
    T_PRIVATE,
    T_READY,
    T_RELAXED,
    T_RING,
    T_ROUND,
    T_SEQUENCE,
    T_SITE,
    T_STACK,
    T_STATUS,
    T_WAIT,
    V_COUNT,
    V_HEAD,
    V_KIND,
    V_SITE,
    V_WORDS,
    W_HOLDS,
    WAIT_BYTES,
)
from engine.violations import BY_NAME, KEPT

MISUSE = BY_NAME["lock-misuse"].code
WAIT_ROOM = 192  # WAIT_BYTES, rounded up to lines
FARTHEST = 8000  # ns; a thread that lost its CPU is not waited for longer
SPIN_NS = 1000  # waits longer than this give the CPU away


# --- the beginning ---


@native
def linger(p: int, until: int) -> None:
    time = now(p)
    while time < until:
        if until - time > SPIN_NS:
            give_way(p)
        else:
            pause()
        time = now(p)


@export
def round_begin(B: int, me: int) -> int:
    """Wait for the next round. Returns 0 if there will be none."""
    p = B + me
    spin, last = 0, load(p + T_ROUND)
    generation = load_acquire(B + H_GENERATION)
    while generation == last:
        if load(B + H_STOP) != 0:
            store(p + T_STATUS, STATUS_IDLE)
            return 0
        spin = rest(p, spin)
        generation = load_acquire(B + H_GENERATION)
    store(p + T_ROUND, generation)
    store(p + T_FIRST, load(p + T_SEQUENCE))
    store(p + T_PRIVATE, 0)
    store(p + T_DEPTH, 0)
    store(p + T_RELAXED, 0)
    store(p + T_SITE, NO_SITE)
    store(p + T_STACK, stack() - STACK_BYTES)
    store(p + T_READY, now(p))
    if load(B + H_NAIVE) != 0:
        store(p + T_BEGIN, load(p + T_READY))
        return 1
    longest = load(B + H_LONGEST)
    offset = (longest - min(longest, load(p + T_LENGTH))) // 2 + random(p) % (longest + 1)
    linger(p, load(B + H_RELEASED) + load(B + H_MEETING) + offset)
    store(p + T_BEGIN, now(p))
    return 1


# --- the end ---


@native
def tell_kept(B: int, me: int) -> None:
    """A role ends: what it holds is a violation, at its last step."""
    p = B + me
    slot = p + T_WAIT + W_HOLDS
    end = slot + HOLDS * 16
    while slot < end:
        if load(slot) != 0:
            violate(B, me, load(p + T_SITE), MISUSE, load(slot), KEPT)
            store(slot, 0)
        slot += 16


@export
def round_end(B: int, me: int) -> int:
    """Returns 0 for all but the last thread, then 1 if the check at rest is to run, 2 if the round is void."""
    p = B + me
    store(p + T_FINISH, now(p))
    tell_kept(B, me)
    store_release(p + T_STATUS, STATUS_DONE)
    if add(B + H_ARRIVED, 1) + 1 < load(B + H_N_THREADS):
        return 0
    return 1 if halted(B) == 0 else 2


@native
def overlapped(first: int, bytes_each: int, end: int) -> int:
    """1 if two roles ran at the same time."""
    a = first
    while a < end:
        b = a + bytes_each
        while b < end:
            if load(a + T_BEGIN) < load(b + T_FINISH) and load(b + T_BEGIN) < load(a + T_FINISH):
                return 1
            b += bytes_each
        a += bytes_each
    return 0


@native
def smooth(place: int, value: int) -> int:
    """An exponential mean over about sixteen rounds."""
    store(place, (load(place) * 15 + value + 8) // 16)
    return load(place)


@native
def adapt(B: int, first: int, bytes_each: int, end: int) -> None:
    """Learn the lengths of roles, and when four of five rounds have all threads ready: there they begin to meet."""
    thread, longest, ready = first, 0, 0
    while thread < end:
        length = smooth(thread + T_LENGTH, min(load(thread + T_FINISH) - load(thread + T_BEGIN), FARTHEST))
        longest = max(longest, length)
        ready = max(ready, load(thread + T_READY) - load(B + H_RELEASED))
        thread += bytes_each
    store(B + H_LONGEST, longest)
    meeting = load(B + H_MEETING)
    if ready > meeting:
        store(B + H_MEETING, min(meeting + 8, FARTHEST))
    elif meeting > 1:
        store(B + H_MEETING, meeting - 2)


@native
def restore_frame(B: int, pfn: int) -> None:
    locks, snapshot = load(B + H_LOCKS), B + load(B + H_SNAPSHOT)
    state = load(B + H_STATES) + pfn * 8
    record = load(B + H_RECORDS) + pfn * RECORD_BYTES
    members = load(B + H_MEMBERS) + pfn * MEMBER_BYTES
    descriptor = load(B + H_DESCRIPTORS) + pfn * 64
    store(B + state, load(snapshot + state - locks))
    copy(B + record, snapshot + record - locks, RECORD_BYTES)
    copy(B + members, snapshot + members - locks, MEMBER_BYTES)
    copy(B + descriptor, snapshot + descriptor - locks, 64)
    if load(snapshot + state - locks) & 1 != 0:  # live after set-up: its contents matter
        contents = load(B + H_FRAMES) + (pfn << load(B + H_FRAME_SHIFT))
        copy(B + contents, snapshot + contents - locks, 1 << load(B + H_FRAME_SHIFT))


@native
def restore(B: int) -> None:
    """Put back what a round may have changed: words, pool, frames that were touched; locks if it was void."""
    locks, snapshot = load(B + H_LOCKS), B + load(B + H_SNAPSHOT)
    words, pool = load(B + H_GLOBALS), load(B + H_POOL)
    if load(B + H_HALT) != 0:
        copy(B + locks, snapshot, load(B + H_STATES) - locks)
    copy(B + words, snapshot + words - locks, load(B + H_DESCRIPTORS) - words)
    flags, frames = B + load(B + H_TOUCHED), load(B + H_N_FRAMES)
    count = load(B + H_TOUCH)
    i = 0
    while i < count:
        pfn = load(flags + (frames + i) * 8)
        if load(flags + pfn * 8) != 2:  # 2: live after set-up, restored every time
            store(flags + pfn * 8, 0)
        restore_frame(B, pfn)
        i += 1
    i = 0
    while i < count and load(flags + load(flags + (frames + i) * 8) * 8) == 2:
        i += 1
    store(B + H_TOUCH, i)
    if count != 0:
        copy(B + pool, snapshot + pool - locks, words - pool)


@native
def keep_evidence(B: int, v: int) -> None:
    """Copy what everybody held and waited for, and each thread's last rows, behind a violation in the table."""
    thread = B + load(B + H_THREADS)
    end = thread + load(B + H_N_THREADS) * load(B + H_THREAD_BYTES)
    place = v + V_HEAD
    while thread < end:
        copy(place, thread + T_COPY, WAIT_BYTES)
        place += WAIT_ROOM
        sequence = load(thread + T_SEQUENCE)
        row = 0
        while row < EVIDENCE_ROWS:
            at = (sequence + row - EVIDENCE_ROWS) & load(B + H_RING_MASK)
            copy(place, thread + T_RING + at * ROW, ROW)
            place += ROW
            row += 1
        thread += load(B + H_THREAD_BYTES)


@native
def keep_violation(B: int) -> None:
    """Put the round's violation into the table: count it, or make a new entry with evidence while there is room."""
    found = B + H_VIOLATION
    v = B + load(B + H_VIOLATIONS)
    i = 0
    while i < MAX_VIOLATIONS and load(v + V_COUNT) != 0:
        if load(v + V_KIND) == load(found + V_KIND) and load(v + V_SITE) == load(found + V_SITE):
            store(v + V_COUNT, load(v + V_COUNT) + 1)
            return
        v += load(B + H_VIOLATION_BYTES)
        i += 1
    if i < MAX_VIOLATIONS:
        copy(v, found, V_WORDS)
        keep_evidence(B, v)
        store_release(v + V_COUNT, 1)


@native
def keep_sample(B: int, first: int, bytes_each: int, end: int) -> None:
    """Copy what every thread did in the round that has just ended, for whoever wants to see one."""
    place, rows = B + load(B + H_SAMPLE), (load(B + H_RING_MASK) + 1) * ROW
    thread = first
    while thread < end:
        store(place, load(thread + T_FIRST))
        store(place + 8, load(thread + T_SEQUENCE))
        store(place + 16, load(thread + T_BEGIN))
        store(place + 24, load(thread + T_FINISH))
        copy(place + ROW, thread + T_RING, rows)
        place += ROW + rows
        thread += bytes_each
    store_release(B + H_SAMPLED, SAMPLE_THERE)


@native
def release(B: int, me: int) -> None:
    """Start the next round."""
    thread, bytes_each = B + load(B + H_THREADS), load(B + H_THREAD_BYTES)
    end = thread + load(B + H_N_THREADS) * bytes_each
    while thread < end:
        store(thread + T_STATUS, STATUS_RUNNING)
        thread += bytes_each
    store(B + H_ARRIVED, 0)
    cas(B + H_HALT, HALT_VOID, 0)
    time = now(B + me)
    store(B + H_RELEASED, time)
    store(B + H_DEADLINE, time + load(B + H_LOAD_NS) + load(B + H_LOCK_NS))
    store_release(B + H_GENERATION, load(B + H_GENERATION) + 1)


@export
def round_finish(B: int, me: int) -> int:
    """The serial part, by the last thread."""
    first, bytes_each = B + load(B + H_THREADS), load(B + H_THREAD_BYTES)
    end = first + load(B + H_N_THREADS) * bytes_each
    halt = load(B + H_HALT)
    if halt == 0:
        store(B + H_ROUNDS, load(B + H_ROUNDS) + 1)
        store(B + H_OVERLAPPED, load(B + H_OVERLAPPED) + overlapped(first, bytes_each, end))
        adapt(B, first, bytes_each, end)
        if load(B + H_SAMPLED) == SAMPLE_WANTED:
            keep_sample(B, first, bytes_each, end)
    elif halt == HALT_VOID:
        store(B + H_VOID, load(B + H_VOID) + 1)
        keep_violation(B)
    restore(B)
    if load(B + H_STOP) == 0:
        release(B, me)
    return 0


@export
def session_start(B: int, me: int) -> int:
    """Release the first round after a start; nobody drives yet or everybody waits for it."""
    release(B, me)
    return 0


@export
def gate_round(B: int, me: int) -> int:
    """A role of a replay has run once; its last step is not over yet."""
    if load(B + H_HALT) == 0:
        tell_kept(B, me)
    return 0


@export
def gate_leave(B: int, me: int) -> int:
    """A role of a replay has ended: its last step is over."""
    admit(B, B + me)
    settle(B, B + me)
    store_release(B + me + T_STATUS, STATUS_DONE)
    return 0


@export
def gate_enter(B: int, me: int) -> int:
    """A role of a replay begins: in the order of threads, so that work before the first step is in that order."""
    p = B + me
    store(p + T_SITE, NO_SITE)
    store(p + T_STACK, stack() - STACK_BYTES)
    spin = 0
    while load_acquire(B + H_ADMITTED) < load(p + T_INDEX) and load(B + H_HALT) == 0:
        spin = relax(spin)
    store(p + T_STATUS, STATUS_RUNNING)
    return 0
