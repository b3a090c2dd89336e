"""Which conflicting accesses follow each other: the last ones to each half word, and a count for each pair of sites.

A step's access b follows access a of another thread directly where b reads or overwrites what a wrote, or where b
overwrites and a was the last of its thread to read there since it was written: the communication edges of herd
(Alglave, Maranget, Tautschnig, TOPLAS 2014), rf, co and fr. Read-modify-writes that commute do not conflict with each
other. Locks, allocating and freeing are no accesses; what an allocation clears nobody has written.

Off, that is where `C_COVER` is 0, it is one test of a constant a step. On, the last accesses are part of the state, so
that a search that goes back takes them back too.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import cells as c
from engine.explore.machine import ops
from engine.explore.machine.state import put
from engine.jit import jit

READS: Final = 0
WRITES: Final = 1
COMMUTES: Final = 2  # and above: two of the same number commute

# A place has 1 + C_THREADS words: its last write, then each thread's last read since, as site + 1. Of a write also the
# thread + 1 and how it wrote. Places: the halves of every modelled word, then the unions of every descriptor.
UNIONS: Final = c.F_SIZE - c.F_MEMBERS  # at most, of a descriptor
HOW_SHIFT: Final = 8
SITE_SHIFT: Final = 16


@jit
def change(how: Any) -> Any:
    """What a read-modify-write that writes does to its word; `how`: the row's field."""
    op, returns = how & 15, (how >> 4) & 15
    if returns != ops.RET_NONE or op > ops.R_XOR:
        return np.int64(WRITES)
    return np.int64(COMMUTES) + (np.int64(ops.R_ADD) if op == ops.R_SUB else op)


@jit
def pair(C: Any, U: Any, first: Any, second: Any) -> None:
    U[C[c.C_COVERED] + first * C[c.C_SITES] + second] += 1


@jit
def after_write(C: Any, U: Any, t: Any, site: Any, how: Any, write: Any) -> None:
    """An access follows a write."""
    if write == 0 or (write & 255) - 1 == t:
        return
    if how >= COMMUTES and (write >> HOW_SHIFT) & 255 == how:
        return
    pair(C, U, (write >> SITE_SHIFT) - 1, site)


@jit
def set_to(S: Any, U: Any, i: Any, value: Any) -> None:
    if S[i] != value:
        put(S, U, i, value)


@jit
def visit(C: Any, S: Any, U: Any, t: Any, site: Any, place: Any, places: Any, how: Any) -> None:
    """Thread `t` accesses one place or two neighbours; a pair that both have in common counts once."""
    size = C[c.C_THREADS] + 1
    one = C[c.C_COVER] + place * size
    two = one + (places - 1) * size
    after_write(C, U, t, site, how, S[one])
    if S[two] != S[one]:
        after_write(C, U, t, site, how, S[two])
    if how == READS:
        set_to(S, U, one + 1 + t, site + 1)
        set_to(S, U, two + 1 + t, site + 1)
        return
    for u in range(1, size):
        a, b = S[one + u], S[two + u]
        if u != t + 1:
            if a != 0:
                pair(C, U, a - 1, site)
            if b != 0 and b != a:
                pair(C, U, b - 1, site)
        set_to(S, U, one + u, 0)
        set_to(S, U, two + u, 0)
    write = (site + 1) << SITE_SHIFT | how << HOW_SHIFT | (t + 1)
    set_to(S, U, one, write)
    set_to(S, U, two, write)


@jit
def accessed(C: Any, S: Any, U: Any, t: Any, pc: Any, address: Any, width: Any, how: Any) -> None:
    """Thread `t` has accessed `width` bytes of modelled memory, 4 or a multiple of 8, from row `pc`."""
    if t >= C[c.C_THREADS]:
        return  # set-up and the check at rest are alone
    site = C[C[c.C_CODE] + pc * c.ROW + 7]
    place = (address - C[c.C_GLOBALS]) >> 2
    if width == 4:
        visit(C, S, U, t, site, place, 1, how)
    for k in range(width >> 3):
        visit(C, S, U, t, site, place + 2 * k, 2, how)


@jit
def unions(C: Any) -> Any:
    """The first place of a union."""
    return (C[c.C_END] - C[c.C_GLOBALS]) >> 2


@jit
def tagged(C: Any, S: Any, U: Any, t: Any, pc: Any, pfn: Any, union: Any, how: Any) -> None:
    """Thread `t` has used or changed which member of a union is live."""
    if t < C[c.C_THREADS]:
        visit(C, S, U, t, C[C[c.C_CODE] + pc * c.ROW + 7], unions(C) + pfn * UNIONS + union, 1, how)


@jit
def forgotten(C: Any, S: Any, U: Any, place: Any, places: Any) -> None:
    """Nobody has accessed these places: an allocation has cleared them."""
    size = C[c.C_THREADS] + 1
    first = C[c.C_COVER] + place * size
    for i in range(first, first + places * size):
        set_to(S, U, i, 0)
