"""Shared memory: what an access may reach, loads, stores, read-modify-writes, and the allocator."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import alu, ops
from engine.explore.machine import cells as c
from engine.explore.machine import coverage as cov
from engine.explore.machine.state import fail, merge, put, put_cell
from engine.jit import jit
from engine.memory.members import LAST_WIDE
from engine.memory.overlay import PAGE, PAGE_BYTES
from engine.violations import BY_NAME

USE_AFTER_FREE: Final = BY_NAME["use-after-free"].code
DOUBLE_FREE: Final = BY_NAME["double-free"].code
WILD: Final = BY_NAME["wild-access"].code
STALE: Final = BY_NAME["stale-pointer"].code
BAD_PAGE: Final = BY_NAME["bad-page"].code
UNION_CONFUSION: Final = BY_NAME["union-confusion"].code

DESCRIPTOR_WORDS: Final = PAGE_BYTES // 8
PFN_MASK: Final = (1 << c.PFN_BITS) - 1
#: Word of a descriptor, from its start. `_mapcount` is the low half and `_refcount` the high half of one word.
COUNTS: Final = PAGE["mapcount"].offset // 8
MAPPING: Final = PAGE["mapping"].offset // 8
MEMCG: Final = PAGE["memcg_data"].offset // 8
PRIVATE: Final = PAGE["private"].offset // 8
MEMBER_MASK: Final = 0xFF
NO_MAPPINGS: Final = 0xFFFFFFFF  # `_mapcount` -1: the reset state


@jit
def record_of(C: Any, pfn: Any) -> Any:
    return C[c.C_RECORDS] + pfn * c.F_SIZE


@jit
def reach(C: Any, S: Any, U: Any, t: Any, pc: Any, address: Any, width: Any, origin: Any, speculative: Any) -> Any:
    """The S index of the word that an access reaches, or -1 and a violation.

    Contents of a free frame are out of bounds for everybody, its descriptor for all but speculative accesses. A pointer
    into a frame must carry the frame's present generation, if it carries one.
    """
    if address < C[c.C_GLOBALS] or address >= C[c.C_END]:
        detail = c.WILD_NULL if 0 <= address < 4096 else c.WILD_NOWHERE
        fail(S, U, WILD, t, pc, address, 0, detail)
        return np.int64(-1)
    if address & (width - 1):
        fail(S, U, WILD, t, pc, address, 0, c.WILD_MISALIGNED)
        return np.int64(-1)
    word = (address - C[c.C_GLOBALS]) >> 3
    if address < C[c.C_DESCRIPTORS]:
        if C[C[c.C_KNOWN] + word] == 0:
            fail(S, U, WILD, t, pc, address, 0, c.WILD_NOWHERE)
            return np.int64(-1)
        return C[c.C_MEMORY] + word
    if address < C[c.C_FRAMES]:
        pfn = (address - C[c.C_DESCRIPTORS]) // PAGE_BYTES
        if pfn >= C[c.C_N_FRAMES]:
            fail(S, U, WILD, t, pc, address, 0, c.WILD_NOWHERE)
            return np.int64(-1)
        if speculative:
            return C[c.C_MEMORY] + word
    else:
        pfn = (address - C[c.C_FRAMES]) >> C[c.C_FRAME_SHIFT]
    record = record_of(C, pfn)
    if S[record + c.F_ALLOCATED] == 0:
        fail(S, U, USE_AFTER_FREE, t, pc, address, pfn, 0)
        return np.int64(-1)
    if origin != 0 and (origin & PFN_MASK) == pfn and (origin >> c.PFN_BITS) != S[record + c.F_GENERATION]:
        fail(S, U, STALE, t, pc, address, pfn, 0)
        return np.int64(-1)
    return C[c.C_MEMORY] + word


@jit
def part(word: Any, address: Any, width: Any) -> Any:
    """The 4 or 8 bytes at `address`, given the 8-byte word that holds them; little-endian."""
    if width == 8:
        return word
    if address & 4:
        return (word >> 32) & alu.LOW32
    return word & alu.LOW32


@jit
def store(C: Any, S: Any, U: Any, t: Any, i: Any, address: Any, width: Any, new: Any, origin: Any) -> None:
    """A store of thread `t` that is visible at once."""
    old = S[i]
    show(C, S, U, i, address, width, new, origin)
    if old != S[i]:
        forget(C, S, U, t)


@jit
def show(C: Any, S: Any, U: Any, i: Any, address: Any, width: Any, new: Any, origin: Any) -> None:
    """Make a store visible."""
    old = S[i]
    word = new
    if width == 4:
        word = (old & alu.LOW32) | (new << 32) if address & 4 else (old & ~alu.LOW32) | (new & alu.LOW32)
    put_cell(C, S, U, i, word, origin)


@jit
def area_of(C: Any, t: Any) -> Any:
    return C[c.C_AREA] + t * c.T_SIZE


@jit
def forget(C: Any, S: Any, U: Any, t: Any) -> None:
    """Empty the watch list: the thread made progress of its own."""
    i = area_of(C, t) + c.T_WATCHED
    if S[i] != 0:
        put(S, U, i, 0)


@jit
def watch(C: Any, S: Any, U: Any, t: Any, key: Any, seen: Any) -> None:
    """Note what the thread has read, for a cpu_relax to come. `key`: S index * 4, + 1: the low half, + 2: the high."""
    if C[c.C_RELAXES] == 0:
        return
    area = area_of(C, t)
    n = S[area + c.T_WATCHED]
    if n < 0:
        return
    if n == c.WATCH_MAX:
        put(S, U, area + c.T_WATCHED, -1)
        return
    put(S, U, area + c.T_WATCH + 2 * n, key)
    put(S, U, area + c.T_WATCH + 2 * n + 1, seen)
    put(S, U, area + c.T_WATCHED, n + 1)


@jit
def watched_changed(C: Any, S: Any, t: Any) -> Any:
    """Whether a read of thread `t` would now see something else; true where there is nothing to wait for."""
    area = area_of(C, t)
    n = S[area + c.T_WATCHED]
    if n <= 0:
        return True
    for k in range(n):
        key = S[area + c.T_WATCH + 2 * k]
        word = S[key >> 2]
        if key & 1:
            word = word & alu.LOW32
        elif key & 2:
            word = (word >> 32) & alu.LOW32
        if word != S[area + c.T_WATCH + 2 * k + 1]:
            return True
    return False


@jit
def watch_word(C: Any, S: Any, U: Any, t: Any, i: Any, address: Any, width: Any, seen: Any) -> None:
    half = 0 if width == 8 else (2 if address & 4 else 1)
    watch(C, S, U, t, i * 4 + half, seen)


@jit
def rmw_new(op: Any, old: Any, v: Any, w: Any, width: Any) -> Any:
    """What the word becomes, and whether it is written at all."""
    if op == ops.R_CMPXCHG:
        if width == 4:
            v = v & alu.LOW32
        return w, old == v
    if op == ops.R_ADD_UNLESS:
        if width == 4:
            w = w & alu.LOW32
        return old + v, old != w
    if op == ops.R_ADD:
        return old + v, True
    if op == ops.R_SUB:
        return old - v, True
    if op == ops.R_AND:
        return old & v, True
    if op == ops.R_OR:
        return old | v, True
    if op == ops.R_XOR:
        return old ^ v, True
    return v, True


@jit
def rmw_origin(op: Any, old: Any, v: Any, w: Any) -> Any:
    """The provenance of the new word."""
    if op == ops.R_XCHG:
        return v
    if op == ops.R_CMPXCHG:
        return w
    return merge(old, v)


# --- live members of unions ---


@jit
def member(C: Any, S: Any, U: Any, t: Any, pc: Any, address: Any, origin: Any, named: Any, what: Any,
           offset: Any) -> None:
    """set_member, use_member, drop_member. Like any access, and then the union's tag must agree."""
    inside = address - C[c.C_DESCRIPTORS]
    if inside < 0 or inside >= C[c.C_N_FRAMES] * PAGE_BYTES or inside % PAGE_BYTES != offset:
        fail(S, U, WILD, t, pc, address, 0, c.WILD_NOT_A_MEMBER)
        return
    if reach(C, S, U, t, pc, address, 4, origin, 0) < 0:
        return
    pfn = inside // PAGE_BYTES
    union = (offset >> 3) + np.int64(offset > LAST_WIDE)
    cell = record_of(C, pfn) + c.F_MEMBERS + union
    live = S[cell]
    if (live & MEMBER_MASK) != named and (what != ops.M_SET or live != 0):
        fail(S, U, UNION_CONFUSION, t, pc, address, pfn, live)
        return
    if C[c.C_COVER] != 0:
        cov.tagged(C, S, U, t, pc, pfn, union, np.int64(cov.READS) if what == ops.M_USE else np.int64(cov.WRITES))
    if what == ops.M_USE:
        watch(C, S, U, t, cell * 4, live)
        return
    put(S, U, cell, named | pc << 8 if what == ops.M_SET else np.int64(0))
    forget(C, S, U, t)


@jit
def clear_members(S: Any, U: Any, record: Any) -> None:
    """No member of a page is live."""
    for cell in range(record + c.F_MEMBERS, record + c.F_SIZE):
        if S[cell] != 0:
            put(S, U, cell, 0)


# --- the allocator ---


@jit
def bad_page(C: Any, S: Any, pfn: Any) -> Any:
    """Which descriptor word is not in the reset state; 0 for none. As check_new_page() and free_page_is_bad()."""
    page = C[c.C_MEMORY] + ((C[c.C_DESCRIPTORS] - C[c.C_GLOBALS]) >> 3) + pfn * DESCRIPTOR_WORDS
    if (S[page + COUNTS] & alu.LOW32) != NO_MAPPINGS:
        return c.BAD_MAPCOUNT
    if (S[page + COUNTS] >> 32) != 0:
        return c.BAD_REFCOUNT
    if S[page + MAPPING] != 0:
        return c.BAD_MAPPING
    if S[page + MEMCG] != 0:
        return c.BAD_MEMCG
    return 0


@jit
def alloc(C: Any, S: Any, U: Any, t: Any, pc: Any, owner: Any) -> Any:
    """The address and provenance of a zeroed page with `_refcount` 1 and `private` 0; (0, 0) if the pool is empty."""
    head = S[c.S_POOL_HEAD]
    if head == S[c.S_POOL_TAIL]:
        watch(C, S, U, t, c.S_POOL_TAIL * 4, S[c.S_POOL_TAIL])
        watch(C, S, U, t, c.S_POOL_HEAD * 4, head)
        return np.int64(0), np.int64(0)
    n = C[c.C_N_FRAMES]
    pfn = S[C[c.C_POOL] + head % n]
    put(S, U, c.S_POOL_HEAD, head + 1)
    detail = bad_page(C, S, pfn)
    address = C[c.C_FRAMES] + (pfn << C[c.C_FRAME_SHIFT])
    if detail != 0:
        fail(S, U, BAD_PAGE, t, pc, address, pfn, detail)
        return np.int64(0), np.int64(0)
    record = record_of(C, pfn)
    generation = S[record + c.F_GENERATION] + 1
    put(S, U, record + c.F_ALLOCATED, 1)
    put(S, U, record + c.F_GENERATION, generation)
    put(S, U, record + c.F_OWNER, owner)
    put(S, U, record + c.F_ALLOC_SITE, pc)
    put(S, U, record + c.F_ALLOC_THREAD, t)
    clear_members(S, U, record)
    first = C[c.C_MEMORY] + ((address - C[c.C_GLOBALS]) >> 3)
    for i in range(first, first + (1 << C[c.C_FRAME_SHIFT] >> 3)):
        if S[i] != 0 or S[i + C[c.C_SHADOW]] != 0:
            put_cell(C, S, U, i, 0, 0)
    page = C[c.C_MEMORY] + ((C[c.C_DESCRIPTORS] - C[c.C_GLOBALS]) >> 3) + pfn * DESCRIPTOR_WORDS
    put(S, U, page + COUNTS, NO_MAPPINGS | np.int64(1) << 32)
    put_cell(C, S, U, page + PRIVATE, 0, 0)
    if C[c.C_COVER] != 0:
        clear_accesses(C, S, U, pfn)
    forget(C, S, U, t)
    return address, pfn | generation << c.PFN_BITS


@jit
def clear_accesses(C: Any, S: Any, U: Any, pfn: Any) -> None:
    """What an allocation has just written: contents, counts, `private`, and that no member is live."""
    contents = (C[c.C_FRAMES] + (pfn << C[c.C_FRAME_SHIFT]) - C[c.C_GLOBALS]) >> 2
    page = (C[c.C_DESCRIPTORS] + pfn * PAGE_BYTES - C[c.C_GLOBALS]) >> 2
    cov.forgotten(C, S, U, contents, np.int64(1) << C[c.C_FRAME_SHIFT] >> 2)
    cov.forgotten(C, S, U, page + 2 * COUNTS, 2)
    cov.forgotten(C, S, U, page + 2 * PRIVATE, 2)
    cov.forgotten(C, S, U, cov.unions(C) + pfn * cov.UNIONS, cov.UNIONS)


@jit
def free(C: Any, S: Any, U: Any, t: Any, pc: Any, address: Any, origin: Any) -> None:
    """Return a page; the checks of the kernel's free path come first."""
    offset = address - C[c.C_FRAMES]
    size = np.int64(1) << C[c.C_FRAME_SHIFT]
    if offset < 0 or address >= C[c.C_END] or offset & (size - 1):
        detail = c.WILD_NULL if 0 <= address < 4096 else c.WILD_NOT_A_PAGE
        fail(S, U, WILD, t, pc, address, 0, detail)
        return
    pfn = offset >> C[c.C_FRAME_SHIFT]
    record = record_of(C, pfn)
    if S[record + c.F_ALLOCATED] == 0:
        fail(S, U, DOUBLE_FREE, t, pc, address, pfn, 0)
        return
    if origin != 0 and (origin & PFN_MASK) == pfn and (origin >> c.PFN_BITS) != S[record + c.F_GENERATION]:
        fail(S, U, STALE, t, pc, address, pfn, 0)
        return
    detail = bad_page(C, S, pfn)
    if detail != 0:
        fail(S, U, BAD_PAGE, t, pc, address, pfn, detail)
        return
    put(S, U, record + c.F_ALLOCATED, 0)
    put(S, U, record + c.F_FREE_SITE, pc)
    put(S, U, record + c.F_FREE_THREAD, t)
    clear_members(S, U, record)
    n = C[c.C_N_FRAMES]
    if C[c.C_QUARANTINE]:
        put(S, U, C[c.C_POOL] + S[c.S_POOL_TAIL] % n, pfn)
        put(S, U, c.S_POOL_TAIL, S[c.S_POOL_TAIL] + 1)
    else:
        head = S[c.S_POOL_HEAD] - 1
        put(S, U, C[c.C_POOL] + head % n, pfn)
        put(S, U, c.S_POOL_HEAD, head)
    forget(C, S, U, t)


@jit
def fill(C: Any, S: Any, U: Any, t: Any, pc: Any, address: Any, origin: Any, first: Any, first_origin: Any,
         stride: Any) -> None:
    """Entry i := first + i * stride, the whole page at once. The caller forgets what `t` has watched."""
    size = np.int64(1) << C[c.C_FRAME_SHIFT]
    if (address - C[c.C_FRAMES]) & (size - 1) or (address < C[c.C_FRAMES] and address >= 4096):
        fail(S, U, WILD, t, pc, address, 0, c.WILD_NOT_A_PAGE)
        return
    start = reach(C, S, U, t, pc, address, 8, origin, 0)
    if start < 0:
        return
    for k in range(size >> 3):
        put_cell(C, S, U, start + k, first + k * stride, first_origin)
    if C[c.C_COVER] != 0:
        cov.accessed(C, S, U, t, pc, address, size, cov.WRITES)
