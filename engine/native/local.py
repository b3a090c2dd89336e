"""Primitives that are no steps: choices, statements, spins, the end of a load, private arrays out of bounds."""

from __future__ import annotations

from engine.memory.layout import PRIVATE_WORDS
from engine.native.intrinsics import clear, load, load_acquire, pause, sched_yield, store
from engine.native.jit import export
from engine.native.step import after, halted, now, random, violate
from engine.native.words import (
    H_ARRIVED,
    H_FINITE,
    H_LOAD_NS,
    H_RELEASED,
    H_RING_MASK,
    MODE_GATE,
    MODE_RING,
    R_SITE,
    R_VALUE,
    ROW,
    S_GRANT,
    S_RELEASE,
    STAMPED,
    T_CHOICE,
    T_CHOICES,
    T_INDEX,
    T_LOOPS,
    T_MODE,
    T_N_CHOICES,
    T_POLLS,
    T_PRIVATE,
    T_PRIVATE_WORDS,
    T_RELAXED,
    T_RING,
    T_SCRATCH,
    T_SEQUENCE,
    T_SITE,
    T_STAMP,
)
from engine.violations import BY_NAME

WILD = BY_NAME["wild-access"].code
ALONE_SPINS = 1000
DEADLOCK = BY_NAME["deadlock"].code
OVERFLOW = BY_NAME["stack-overflow"].code
WARNING = BY_NAME["warning"].code


@export
def choose(B: int, me: int, site: int, count: int) -> int:  # noqa: ARG001 - every primitive has a site
    """In a replay the schedule's list decides; alone it is always 0."""
    p = B + me
    number = load(p + T_CHOICE)
    store(p + T_CHOICE, number + 1)
    if load(p + T_INDEX) > 0xFFFF or count == 0:
        return 0
    if load(p + T_CHOICES) != 0:
        return load(B + load(p + T_CHOICES) + number * 8) if number < load(p + T_N_CHOICES) else 0
    return (random(p) >> 32) * count >> 32  # below `count` without a division


@export
def running(B: int, me: int, site: int) -> int:  # noqa: ARG001 - every primitive has a site
    """Load roles go on while a role that ends by itself has not ended; if there is none, for the session's time."""
    p = B + me
    if load(p + T_MODE) & MODE_GATE != 0 or load(p + T_LOOPS) == 0 or halted(B) != 0:
        return 0
    if load(B + H_FINITE) != 0:
        return 1 if load_acquire(B + H_ARRIVED) < load(B + H_FINITE) else 0
    polls = load(p + T_POLLS) + 1
    store(p + T_POLLS, polls)
    if polls & 63 == 0 and now(p) > load(B + H_RELEASED) + load(B + H_LOAD_NS):
        return 0
    return 1


@export
def cpu_relax(B: int, me: int, site: int) -> int:
    """A failed turn of a protocol's own spin. Every few turns the CPU goes to those who are waited for."""
    p = B + me
    if load(p + T_INDEX) > 0xFFFF:  # nobody else runs: what it spins on never changes
        if load(p + T_RELAXED) > ALONE_SPINS:
            violate(B, me, load(p + T_SITE), DEADLOCK, 0, 0)
        store(p + T_RELAXED, load(p + T_RELAXED) + 1)
        return 0
    turns = load(p + T_POLLS) + 1
    store(p + T_POLLS, turns)
    store(p + T_RELAXED, site + 1)
    if turns & 15 == 0:
        halted(B)
        sched_yield()
    else:
        pause()
    return 0


@export
def operation(B: int, me: int, site: int) -> int:
    """An operation has been counted: the recorder notes when.

    Counting belongs to the step before it, so where that is a lock event its stamp is the operation's.
    """
    p = B + me
    before = p + T_RING + ((load(p + T_SEQUENCE) - 1) & load(B + H_RING_MASK)) * ROW
    if load(before + R_SITE) & STAMPED != 0:
        store(p + T_STAMP, load(before + R_VALUE) >> 1)
        after(B, me, load(p + T_MODE) & MODE_RING, site | S_RELEASE, 0, 1)
    else:
        after(B, me, load(p + T_MODE) & MODE_RING, site | S_GRANT, 0, 1)
    return 0


@export
def warn_on(B: int, me: int, site: int, value: int) -> int:
    if value != 0:
        violate(B, me, site, WARNING, 0, 0)
    return 0


@export
def check(B: int, me: int, site: int, kind: int) -> int:
    """Called only where a stated condition does not hold."""
    violate(B, me, site, kind, 0, 0)
    return 0


@export
def array_new(B: int, me: int, size: int) -> int:
    """A handle of zeroed words on the thread's private stack: index | size << 32."""
    p = B + me
    top = load(p + T_PRIVATE)
    if top + size > PRIVATE_WORDS:
        violate(B, me, load(p + T_SITE), OVERFLOW, 0, 0)
        return 0
    store(p + T_PRIVATE, top + size)
    clear(p + T_PRIVATE_WORDS + top * 8, size * 8)
    return top | size << 32


@export
def array_bad(B: int, me: int, index: int) -> int:
    """An index outside its array. Returns where the access goes instead."""
    p = B + me
    violate(B, me, load(p + T_SITE), WILD, index, 0)
    return p + T_SCRATCH


@export
def too_deep(B: int, me: int) -> int:
    """A call of a recursive protocol has gone too deep."""
    violate(B, me, load(B + me + T_SITE), OVERFLOW, 0, 0)
    return 0
