"""Locks that spin: the ticket lock, and the kernel's queued reader-writer lock built on it.

The lock's line in the arena: `cnts` u32 at 0 (bits 0-7 the writer, bit 8 a writer waits, from bit 9 readers), then a
ticket lock, `next` u32 at 8 and `owner` u32 at 12. The steps and their order are those of kernel/locking/qrwlock.c. A
waiter stays in its queue until it is served or the round is over: one that leaves and comes back dissolves the very
deadlock that is looked for. Every function returns 1 if the lock was taken, 0 if the round was over first.
"""

from __future__ import annotations

from engine.native.intrinsics import add32, cas, cas32, load, load32, load32_acquire, store, store8_release, xchg
from engine.native.jit import native
from engine.native.step import SPINS, halted, now, rest, violate
from engine.native.words import (
    H_DEADLINE,
    H_LOCK_NS,
    H_N_THREADS,
    H_THREAD_BYTES,
    H_THREADS,
    LOOKS_NEVER,
    STATUS_DONE,
    STATUS_WAITING,
    T_POLLED,
    T_STATUS,
    T_WAIT,
    W_HOW,
    W_LOCK,
    W_SINCE,
    W_SITE,
)
from engine.violations import BY_NAME

WRITER = 0xFF
WAITING = 0x100
READER = 0x200
BUSY = WRITER | WAITING
WAIT_LOCK = 8
OWNER = 12
LOW = 0xFFFFFFFF
DEADLOCK = BY_NAME["deadlock"].code
SETTLED_NS = 50_000_000  # who looks in vain so long after the last one has come: no hand-over is in progress


# --- waiting, in words that others can read ---


@native
def begin_wait(p: int, site: int, lock: int, how: int) -> int:
    store(p + T_WAIT + W_SITE, site & LOW)
    store(p + T_WAIT + W_SINCE, now(p))
    store(p + T_WAIT + W_HOW, how)
    store(p + T_POLLED, 0)
    store(p + T_WAIT + W_LOCK, lock)
    return xchg(p + T_STATUS, STATUS_WAITING)


@native
def end_wait(p: int, status: int) -> None:
    store(p + T_STATUS, status)
    store(p + T_WAIT + W_HOW, 0)
    store(p + T_WAIT + W_LOCK, 0)


@native
def all_wait(B: int, time: int) -> int:
    """1 if every thread has finished its role or waits for a lock, and all that can have looked at theirs since.

    A thread that has lost its CPU has not looked: its lock may be free, and it would go on.
    """
    thread, newest, looked = B + load(B + H_THREADS), 0, LOOKS_NEVER
    end = thread + load(B + H_N_THREADS) * load(B + H_THREAD_BYTES)
    while thread < end:
        status = load(thread + T_STATUS)
        if status == STATUS_WAITING:
            newest = max(newest, load(thread + T_WAIT + W_SINCE))
            looked = min(looked, load(thread + T_POLLED))
        elif status != STATUS_DONE:
            return 0
        thread += load(B + H_THREAD_BYTES)
    settled = newest + SETTLED_NS
    return 1 if settled <= time and settled <= looked else 0


@native
def late(B: int, me: int, deadline: int) -> int:
    """The next deadline of a wait; a wait in which everybody waits is a deadlock when its deadline has passed."""
    p = B + me
    time = now(p)
    if load(p + T_POLLED) != LOOKS_NEVER:
        store(p + T_POLLED, time)
    if time < deadline:
        return deadline
    if all_wait(B, time) != 0:
        violate(B, me, load(p + T_WAIT + W_SITE), DEADLOCK, load(p + T_WAIT + W_LOCK), 0)
    return time + load(B + H_LOCK_NS)


@native
def patience(B: int, me: int, spin: int, deadline: int) -> int:
    """What a waiter does every turn besides looking at its lock: the new deadline, 0 if the round is over."""
    if spin % SPINS == SPINS - 1:
        if halted(B) != 0:
            return 0
        if spin % (SPINS * 64) == SPINS * 64 - 1:
            return late(B, me, deadline)
    return deadline


# --- the ticket lock ---


@native
def ticket_lock(B: int, me: int, lock: int) -> int:
    """Take the fair spinning lock at B + lock."""
    ticket = add32(B + lock, 1)
    if load32_acquire(B + lock + 4) == ticket:
        return 1
    spin, deadline = 0, load(B + H_DEADLINE)
    while load32_acquire(B + lock + 4) != ticket:
        deadline = patience(B, me, spin, deadline)
        if deadline == 0:
            return 0
        spin = rest(B + me, spin)
    return 1


@native
def ticket_unlock(B: int, lock: int) -> None:
    add32(B + lock + 4, 1)


@native
def ticket_trylock(B: int, lock: int) -> int:
    """Both halves at once: free means that the next ticket is the one that is served."""
    word = load(B + lock)
    if word & LOW != word >> 32:
        return 0
    taken = (word & ~LOW) | ((word + 1) & LOW)
    if cas(B + lock, word, taken) == word:
        return 1
    return 0


# --- qrwlock ---


@native
def await_mask(B: int, me: int, lock: int, mask: int, value: int) -> int:
    """Wait until cnts & mask == value; 0 if the round is over first."""
    spin, deadline = 0, load(B + H_DEADLINE)
    while load32_acquire(B + lock) & mask != value:
        deadline = patience(B, me, spin, deadline)
        if deadline == 0:
            return 0
        spin = rest(B + me, spin)
    return 1


@native
def queued_read_slow(B: int, me: int, lock: int, interrupt: int) -> int:
    """In interrupt context waiting writers are ignored: only a writer that holds the lock is waited for."""
    if interrupt != 0:
        return await_mask(B, me, lock, WRITER, 0)
    add32(B + lock, 0 - READER)
    if ticket_lock(B, me, lock + WAIT_LOCK) == 0:
        return 0
    add32(B + lock, READER)
    taken = await_mask(B, me, lock, WRITER, 0)
    ticket_unlock(B, lock + WAIT_LOCK)
    return taken


@native
def queued_write_slow(B: int, me: int, lock: int) -> int:
    if ticket_lock(B, me, lock + WAIT_LOCK) == 0:
        return 0
    if load32(B + lock) == 0 and cas32(B + lock, 0, WRITER) == 0:
        ticket_unlock(B, lock + WAIT_LOCK)
        return 1
    add32(B + lock, WAITING)  # nobody else can have set it: we hold wait_lock
    taken = 0
    while taken == 0:
        if await_mask(B, me, lock, LOW, WAITING) == 0:
            return 0
        if cas32(B + lock, WAITING, WRITER) == WAITING:
            taken = 1
    ticket_unlock(B, lock + WAIT_LOCK)
    return 1


@native
def queued_read_trylock(B: int, lock: int) -> int:
    if load32(B + lock) & BUSY == 0:
        if (add32(B + lock, READER) + READER) & BUSY == 0:
            return 1
        add32(B + lock, 0 - READER)
    return 0


@native
def queued_write_trylock(B: int, lock: int) -> int:
    if cas32(B + lock, 0, WRITER) == 0:
        return 1
    return 0


@native
def queued_read_unlock(B: int, lock: int) -> None:
    add32(B + lock, 0 - READER)


@native
def queued_write_unlock(B: int, lock: int) -> None:
    store8_release(B + lock, 0)  # the writer's byte alone: a writer that waits keeps its bit


@native
def queued_try_upgrade(B: int, lock: int) -> int:
    """From exactly one reader, us, to the writer; a writer that waits keeps waiting."""
    if cas32(B + lock, READER, WRITER) == READER:
        return 1
    if cas32(B + lock, READER | WAITING, WRITER | WAITING) == READER | WAITING:
        return 1
    return 0


@native
def queued_downgrade(B: int, lock: int) -> None:
    """Our extension, the kernel has none: one reader in, the writer out, in one instruction."""
    add32(B + lock, READER - WRITER)


