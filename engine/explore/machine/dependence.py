"""Which pairs of steps depend on each other, from what they touch (see `access`): the order of any other pair means
nothing.
"""

from __future__ import annotations

from typing import Any

from engine.explore.machine.access import (
    ADD,
    EXTRAS,
    HI,
    HI_2,
    HOW,
    LO,
    LO_2,
    LOCK,
    MODE,
    MODE_2,
    MORE,
    READ,
    SIZE,
)
from engine.jit import jit


@jit
def meets(F: Any, A: Any, a: Any, B: Any, b: Any) -> Any:
    """Whether two intervals, each (lo, hi, mode), conflict."""
    if A[a] >= B[b + 1] or B[b] >= A[a + 1]:
        return False
    mode, other = A[a + MODE], B[b + MODE]
    if mode < ADD or other < ADD:
        return mode | other != READ
    if mode >= LOCK and other >= LOCK:
        return not F[mode - LOCK] >> ((other - LOCK) & 15) & 1
    return mode != other or A[a] != B[b] or A[a + 1] != B[b + 1]


@jit
def read_before(A: Any, a: Any, B: Any, b: Any) -> Any:
    """Whether `b` writes what the turn of a spin loop in `a` has read."""
    for k in range(A[a + EXTRAS]):
        lo, hi = A[a + SIZE + 2 * k], A[a + SIZE + 2 * k + 1]
        if B[b + MODE] != READ and lo < B[b + HI] and B[b + LO] < hi:
            return True
        if B[b + MODE_2] != READ and lo < B[b + HI_2] and B[b + LO_2] < hi:
            return True
    return False


@jit
def apart(A: Any, a: Any, B: Any, b: Any) -> Any:
    """Whether two accesses are independent at first sight: small enough to become a part of every loop over events."""
    return (A[a + HOW] | B[b + HOW]) & MORE == 0 and (
        A[a + MODE] | B[b + MODE] == READ or A[a + LO] >= B[b + HI] or B[b + LO] >= A[a + HI])


@jit
def depend(F: Any, A: Any, a: Any, B: Any, b: Any) -> Any:
    """Whether the accesses A[a] and B[b] of two threads depend on each other."""
    return meets(F, A, a, B, b) or ((A[a + HOW] | B[b + HOW]) & MORE != 0 and more_meets(F, A, a, B, b))


@jit
def more_meets(F: Any, A: Any, a: Any, B: Any, b: Any) -> Any:
    """The same but for the first interval of both."""
    if meets(F, A, a + LO_2, B, b) or meets(F, A, a, B, b + LO_2) or meets(F, A, a + LO_2, B, b + LO_2):
        return True
    return read_before(A, a, B, b) or read_before(B, b, A, a)
