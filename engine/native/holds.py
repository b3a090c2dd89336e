"""Which locks a thread holds, noted in its own area: `who_waits` reads it, it costs no shared cache line, and an unlock
without a hold is found here."""

from __future__ import annotations

from engine.native.intrinsics import load, store
from engine.native.jit import native
from engine.native.step import violate
from engine.native.words import HOLDS, T_WAIT, W_HOLDS
from engine.violations import BY_NAME

OVERFLOW = BY_NAME["stack-overflow"].code


@native
def hold_of(p: int, lock: int) -> int:
    """Address of the thread's count for a lock, 0 if it does not hold it. Holds lie densely: the first 0 ends them."""
    slot = p + T_WAIT + W_HOLDS
    end = slot + HOLDS * 16
    while slot < end:
        noted = load(slot)
        if noted == lock:
            return slot + 8
        if noted == 0:
            return 0
        slot += 16
    return 0


@native
def hold(B: int, me: int, site: int, lock: int, amount: int) -> None:
    slot = B + me + T_WAIT + W_HOLDS
    end = slot + HOLDS * 16
    while slot < end:
        noted = load(slot)
        if noted == lock:
            store(slot + 8, load(slot + 8) + amount)
            return
        if noted == 0:
            store(slot + 8, amount)
            store(slot, lock)
            return
        slot += 16
    violate(B, me, site, OVERFLOW, lock, 0)


@native
def held(p: int, lock: int) -> int:
    """Reads, plus HELD_WRITE if it holds it for writing or spinning."""
    at = hold_of(p, lock)
    if at == 0:
        return 0
    return load(at)


@native
def release(p: int, lock: int, amount: int) -> None:
    """Where nothing of a hold is left, the last one takes its place."""
    at = hold_of(p, lock)
    rest = load(at) - amount
    if rest != 0:
        store(at, rest)
        return
    slot = at - 8
    last = slot
    end = p + T_WAIT + W_HOLDS + HOLDS * 16
    while last + 16 < end and load(last + 16) != 0:
        last += 16
    if last != slot:
        store(slot, load(last))
        store(slot + 8, load(last + 8))
    store(last, 0)
