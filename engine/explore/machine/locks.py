"""Locks as objects with two events, arrive and grant, and the queueing rule of each implementation.

An arrival that finds the lock free is one step. Otherwise it queues; the grant is a later step, possible as soon
as the rule says so. The step-by-step algorithms reduce to this: an arrival that waits has no effect but its place in
the queue: it can be moved to the moment when its thread really sets the bit that others see.

    qrwlock          FIFO; a waiting writer at its head stops new readers (not interrupt ones, which only look at the
                     writer byte); readers that wait at the head, or in an interrupt, keep writers out already
    pthread          glibc, readers preferred: readers enter while readers are inside, whoever waits; an unlocking
                     writer hands over to the readers that wait
    pthread-writer   glibc, PREFER_WRITER_NONRECURSIVE: a waiting writer stops new readers; an unlocking writer hands
                     over to a writer that waits
    fair             readerwriterlock RWLockFairD: one gate for all, which a writer keeps; no order among those who wait
    read, write      RWLockReadD: only a writer inside stops a reader; RWLockWriteD: any writer, waiting too, does
    spin             FIFO, one holder
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import cells as c
from engine.explore.machine import ops
from engine.explore.machine.memory import area_of
from engine.explore.machine.state import put
from engine.jit import jit


@jit
def lock_of(C: Any, index: Any) -> Any:
    """The record of a lock."""
    return C[c.C_LOCKS] + index * C[c.C_LOCK_SIZE]


@jit
def holds_of(C: Any, lock: Any, t: Any) -> Any:
    """Where a lock counts the read holds of a thread; the site of the last one follows."""
    return lock + c.L_QUEUE + (C[c.C_THREADS] + 1) + 2 * t


@jit
def wants(C: Any, S: Any, t: Any) -> Any:
    return S[area_of(C, t) + c.T_WANTS]


@jit
def queue_head(C: Any, S: Any, lock: Any) -> Any:
    """The first thread of the FIFO queue, -1 for none. Readers in an interrupt spin outside of it."""
    for k in range(S[lock + c.L_QUEUED]):
        t = S[lock + c.L_QUEUE + k]
        if C[C[c.C_INTERRUPT] + t] == 0 or wants(C, S, t) == c.WRITER:
            return t
    return np.int64(-1)


@jit
def waiting(C: Any, S: Any, lock: Any, mode: Any, interrupt: Any) -> Any:
    """How many wait in that mode; `interrupt`: only those in an interrupt."""
    n = 0
    for k in range(S[lock + c.L_QUEUED]):
        t = S[lock + c.L_QUEUE + k]
        if wants(C, S, t) == mode and (interrupt == 0 or C[C[c.C_INTERRUPT] + t] == 1):
            n += 1
    return n


@jit
def locked(S: Any, lock: Any) -> Any:
    """glibc's WRLOCKED: a writer is inside, is next, or has the lock reserved."""
    return S[lock + c.L_WRITER] != 0 or S[lock + c.L_PRIMARY] != 0 or S[lock + c.L_HANDOVER] != 0


@jit
def counted_readers(C: Any, S: Any, lock: Any) -> Any:
    """glibc's reader count: those inside and those that wait to be handed the lock."""
    return S[lock + c.L_READERS] + waiting(C, S, lock, c.READER, 0)


@jit
def can_read(C: Any, S: Any, rule: Any, lock: Any, t: Any, queued: Any) -> Any:
    """Whether thread `t` may take the lock for reading now; `queued`: it has arrived before."""
    writer = S[lock + c.L_WRITER] != 0
    if rule == ops.PTHREAD or rule == ops.PTHREAD_WRITER:
        if S[lock + c.L_WRITE_PHASE] != 0:
            return not locked(S, lock)
        if queued and wants(C, S, t) == c.READER:
            return True  # counted: the lock was handed to it
        crowded = locked(S, lock) and counted_readers(C, S, lock) > 0
        return not (rule == ops.PTHREAD_WRITER and crowded)
    if writer:
        return False
    if rule == ops.QRWLOCK:
        if C[C[c.C_INTERRUPT] + t] == 1:
            return True
        head = queue_head(C, S, lock)
        if queued:
            return head == t
        return head < 0 or wants(C, S, head) != c.WRITER
    if rule == ops.FAIR:
        return S[lock + c.L_PRIMARY] == 0
    if rule == ops.WRITE_FIRST:
        return waiting(C, S, lock, c.WRITER, 0) == 0
    return True


@jit
def can_write(C: Any, S: Any, rule: Any, lock: Any, t: Any, queued: Any) -> Any:
    """Whether thread `t` may take the lock for writing now."""
    if rule == ops.PTHREAD or rule == ops.PTHREAD_WRITER:
        if S[lock + c.L_PRIMARY] == t + 1:
            return S[lock + c.L_WRITE_PHASE] != 0
        if S[lock + c.L_HANDOVER] != 0:
            return True
        return not locked(S, lock) and (S[lock + c.L_WRITE_PHASE] != 0 or counted_readers(C, S, lock) == 0)
    if S[lock + c.L_WRITER] != 0 or S[lock + c.L_READERS] != 0:
        return False
    if rule == ops.QRWLOCK or rule == ops.SPIN:
        if queued:
            return queue_head(C, S, lock) == t and waiting(C, S, lock, c.READER, 1) == 0
        return S[lock + c.L_QUEUED] == 0
    if rule == ops.FAIR:
        return S[lock + c.L_PRIMARY] == 0 or S[lock + c.L_PRIMARY] == t + 1
    return True


@jit
def can_try(C: Any, S: Any, rule: Any, lock: Any, t: Any, write: Any) -> Any:
    """Whether a trylock succeeds. Two rules differ from an arrival that does not wait."""
    if rule == ops.PTHREAD or rule == ops.PTHREAD_WRITER:
        if locked(S, lock):
            reading = S[lock + c.L_WRITE_PHASE] == 0 and rule == ops.PTHREAD
            return not write and reading
        return not write or counted_readers(C, S, lock) == 0 or (
            rule == ops.PTHREAD_WRITER and S[lock + c.L_WRITE_PHASE] != 0)
    if write:
        return can_write(C, S, rule, lock, t, False)
    if rule == ops.QRWLOCK:
        head = queue_head(C, S, lock)
        return S[lock + c.L_WRITER] == 0 and (head < 0 or wants(C, S, head) != c.WRITER)
    return can_read(C, S, rule, lock, t, False)


@jit
def can_upgrade(C: Any, S: Any, rule: Any, lock: Any) -> Any:
    """qrwlock: the count word is exactly one reader, with or without the waiting bit. Nobody else can upgrade."""
    if rule != ops.QRWLOCK or S[lock + c.L_READERS] != 1:
        return False
    head = queue_head(C, S, lock)
    return (head < 0 or wants(C, S, head) == c.WRITER) and waiting(C, S, lock, c.READER, 1) == 0


@jit
def bump(S: Any, U: Any, lock: Any) -> None:
    put(S, U, lock + c.L_VERSION, S[lock + c.L_VERSION] + 1)


@jit
def hold(C: Any, S: Any, U: Any, t: Any, by: Any) -> None:
    i = area_of(C, t) + c.T_HELD
    put(S, U, i, S[i] + by)


@jit
def take_read(C: Any, S: Any, U: Any, lock: Any, t: Any, pc: Any) -> None:
    put(S, U, lock + c.L_READERS, S[lock + c.L_READERS] + 1)
    if S[lock + c.L_WRITE_PHASE] != 0:
        put(S, U, lock + c.L_WRITE_PHASE, 0)
    mine = holds_of(C, lock, t)
    put(S, U, mine, S[mine] + 1)
    put(S, U, mine + 1, pc)
    hold(C, S, U, t, 1)
    bump(S, U, lock)


@jit
def take_write(C: Any, S: Any, U: Any, rule: Any, lock: Any, t: Any, pc: Any) -> None:
    put(S, U, lock + c.L_WRITER, t + 1)
    put(S, U, lock + c.L_WRITER_SITE, pc)
    if S[lock + c.L_PRIMARY] == t + 1:
        put(S, U, lock + c.L_PRIMARY, 0)
    if S[lock + c.L_HANDOVER] != 0:
        put(S, U, lock + c.L_HANDOVER, 0)
    if rule == ops.PTHREAD or rule == ops.PTHREAD_WRITER:
        put(S, U, lock + c.L_WRITE_PHASE, 1)
    hold(C, S, U, t, 1)
    bump(S, U, lock)


@jit
def drop_read(C: Any, S: Any, U: Any, lock: Any, t: Any) -> None:
    put(S, U, lock + c.L_READERS, S[lock + c.L_READERS] - 1)
    mine = holds_of(C, lock, t)
    put(S, U, mine, S[mine] - 1)
    hold(C, S, U, t, -1)
    bump(S, U, lock)


@jit
def unlock_read(C: Any, S: Any, U: Any, rule: Any, lock: Any, t: Any) -> None:
    drop_read(C, S, U, lock, t)
    glibc = rule == ops.PTHREAD or rule == ops.PTHREAD_WRITER
    if glibc and S[lock + c.L_PRIMARY] != 0 and counted_readers(C, S, lock) == 0:
        put(S, U, lock + c.L_WRITE_PHASE, 1)


@jit
def unlock_write(C: Any, S: Any, U: Any, rule: Any, lock: Any) -> None:
    """Nobody has the write hold any more; the caller says that its thread holds one lock less."""
    put(S, U, lock + c.L_WRITER, 0)
    if rule == ops.PTHREAD_WRITER and waiting(C, S, lock, c.WRITER, 0) > 0:
        put(S, U, lock + c.L_HANDOVER, 1)
    elif (rule == ops.PTHREAD or rule == ops.PTHREAD_WRITER) and waiting(C, S, lock, c.READER, 0) > 0:
        put(S, U, lock + c.L_WRITE_PHASE, 0)
    bump(S, U, lock)


@jit
def enqueue(C: Any, S: Any, U: Any, rule: Any, lock: Any, index: Any, t: Any, write: Any) -> None:
    """An arrival that waits."""
    mode = c.WRITER if write else c.READER
    glibc = rule == ops.PTHREAD or rule == ops.PTHREAD_WRITER
    if not write and glibc and S[lock + c.L_WRITE_PHASE] == 0:
        mode = c.READER_LATE
    first = S[lock + c.L_READERS] != 0 or (glibc and counted_readers(C, S, lock) > 0)
    if write and (glibc or rule == ops.FAIR) and not locked(S, lock) and first:
        put(S, U, lock + c.L_PRIMARY, t + 1)
    n = S[lock + c.L_QUEUED]
    put(S, U, lock + c.L_QUEUE + n, t)
    put(S, U, lock + c.L_QUEUED, n + 1)
    area = area_of(C, t)
    put(S, U, area + c.T_STATUS, c.BLOCKED)
    put(S, U, area + c.T_LOCK, index)
    put(S, U, area + c.T_WANTS, mode)
    bump(S, U, lock)


@jit
def dequeue(S: Any, U: Any, lock: Any, t: Any) -> None:
    n = S[lock + c.L_QUEUED]
    k = 0
    while S[lock + c.L_QUEUE + k] != t:
        k += 1
    for j in range(k, n - 1):
        put(S, U, lock + c.L_QUEUE + j, S[lock + c.L_QUEUE + j + 1])
    put(S, U, lock + c.L_QUEUED, n - 1)


@jit
def can_grant(C: Any, S: Any, t: Any) -> Any:
    """Whether a waiting thread's grant may come now."""
    area = area_of(C, t)
    index = S[area + c.T_LOCK]
    rule, lock = C[C[c.C_RULE] + index], lock_of(C, index)
    if S[area + c.T_WANTS] == c.WRITER:
        return can_write(C, S, rule, lock, t, True)
    return can_read(C, S, rule, lock, t, True)


@jit
def grant(C: Any, S: Any, U: Any, t: Any, pc: Any) -> None:
    """The waiting thread gets its lock."""
    area = area_of(C, t)
    index = S[area + c.T_LOCK]
    rule, lock = C[C[c.C_RULE] + index], lock_of(C, index)
    dequeue(S, U, lock, t)
    if S[area + c.T_WANTS] == c.WRITER:
        take_write(C, S, U, rule, lock, t, pc)
    else:
        take_read(C, S, U, lock, t, pc)
    put(S, U, area + c.T_STATUS, c.READY)
