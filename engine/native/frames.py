"""The allocator, and writes of a whole page. The formats are those of `engine.memory.shadow`."""

from __future__ import annotations

from engine.memory.layout import RECORD_BYTES
from engine.memory.overlay import PAGE
from engine.memory.shadow import (
    ALLOCATED_AT,
    FREE,
    FREED_AT,
    GENERATION_MASK,
    GENERATION_SHIFT,
    LIVE,
    OWNER_SHIFT,
    POOL_COUNT,
    POOL_HEAD,
    POOL_LOCK,
    POOL_MODE,
    POOL_SLOTS,
    STATE_MASK,
    UNTYPED,
)
from engine.native.address import checked, touch
from engine.native.intrinsics import cas, clear, load, load32, load_acquire, store, store_release
from engine.native.jit import export, native
from engine.native.members import clear_members
from engine.native.step import after, before, relax, violate
from engine.native.words import (
    H_DESCRIPTORS,
    H_FRAME_SHIFT,
    H_FRAMES,
    H_N_FRAMES,
    H_POOL,
    H_RECORDS,
    H_STATES,
    MODE_SKIP,
    S_KEEP,
    S_SITE,
    T_INDEX,
    T_SCRATCH,
)
from engine.violations import BY_NAME

MAPCOUNT, REFCOUNT = PAGE["mapcount"].offset, PAGE["refcount"].offset
MAPPING, MEMCG, PRIVATE = PAGE["mapping"].offset, PAGE["memcg_data"].offset, PAGE["private"].offset
BAD_PAGE = BY_NAME["bad-page"].code
DOUBLE_FREE = BY_NAME["double-free"].code
WILD = BY_NAME["wild-access"].code
CONTROL = (1 << GENERATION_SHIFT) - 1


@native
def lock_pool(pool: int) -> None:
    spin = 0
    while load(pool + POOL_LOCK) != 0 or cas(pool + POOL_LOCK, 0, 1) != 0:
        spin = relax(spin)


@native
def pool_take(pool: int, frames: int) -> int:
    """The pfn at the head, 0 if the pool is empty."""
    lock_pool(pool)
    pfn, count = 0, load(pool + POOL_COUNT)
    if count != 0:
        head = load(pool + POOL_HEAD)
        pfn = load(pool + POOL_SLOTS + head * 8)
        store(pool + POOL_HEAD, (head + 1) % frames)
        store(pool + POOL_COUNT, count - 1)
    store_release(pool + POOL_LOCK, 0)
    return pfn


@native
def pool_give(pool: int, frames: int, pfn: int) -> None:
    lock_pool(pool)
    head, count = load(pool + POOL_HEAD), load(pool + POOL_COUNT)
    if load(pool + POOL_MODE) == 0:
        slot = (head + frames - 1) % frames
        store(pool + POOL_HEAD, slot)
    else:
        slot = (head + count) % frames
    store(pool + POOL_SLOTS + slot * 8, pfn)
    store(pool + POOL_COUNT, count + 1)
    store_release(pool + POOL_LOCK, 0)


@native
def place_word(p: int, site: int) -> int:
    """Who and where, as `shadow.pack_place` writes it. Set-up and the check at rest are thread -1."""
    index = load(p + T_INDEX)
    if index > 0xFFFF:
        return (site & S_SITE) + 1
    return (site & S_SITE) + 1 + ((index + 1) << 32)


@native
def bad_word(d: int) -> int:
    """Address of the first word of a descriptor that is not in the reset state, 0 if all are."""
    if load32(d + MAPCOUNT) != UNTYPED:
        return d + MAPCOUNT
    if load(d + MAPPING) != 0:
        return d + MAPPING
    if load32(d + REFCOUNT) != 0:
        return d + REFCOUNT
    if load(d + MEMCG) != 0:
        return d + MEMCG
    return 0


@export
def alloc_page(B: int, me: int, site: int, owner: int) -> int:
    """Checks the descriptor as the kernel does; sets `_refcount` and `private`, leaves `index` as it was."""
    p = B + me
    mode = before(B, me, site)
    frame = 0
    if mode & MODE_SKIP == 0:
        pool, frames = B + load(B + H_POOL), load(B + H_N_FRAMES)
        pfn = pool_take(pool, frames)
        if pfn != 0:
            touch(B, pfn)
            frame = load(B + H_FRAMES) + (pfn << load(B + H_FRAME_SHIFT))
            d = B + load(B + H_DESCRIPTORS) + pfn * 64
            bad = bad_word(d)
            if bad != 0:
                violate(B, me, site, BAD_PAGE, frame, bad - B)
            clear(B + frame, 1 << load(B + H_FRAME_SHIFT))
            clear_members(B, pfn)
            store(d + PRIVATE, 0)
            store(d + MAPCOUNT, UNTYPED | 1 << 32)  # both at once, as plain as set_page_refcounted()
            record = B + load(B + H_RECORDS) + pfn * RECORD_BYTES
            store(record + ALLOCATED_AT, place_word(p, site))
            state = B + load(B + H_STATES) + pfn * 8
            generation = (load(state) >> GENERATION_SHIFT) + 1
            store_release(state, LIVE | (generation & GENERATION_MASK) << GENERATION_SHIFT | owner << OWNER_SHIFT)
    after(B, me, mode, site, 0, frame)
    return frame


@native
def let_frame_go(B: int, me: int, site: int, pfn: int, frame: int) -> None:
    """Free a frame: its state changes by one instruction, so that of two frees one is the second."""
    state = B + load(B + H_STATES) + pfn * 8
    record = B + load(B + H_RECORDS) + pfn * RECORD_BYTES
    d = B + load(B + H_DESCRIPTORS) + pfn * 64
    word = load_acquire(state)
    if word & STATE_MASK == LIVE:
        bad = bad_word(d)
        if bad != 0:
            violate(B, me, site, BAD_PAGE, frame, bad - B)
            return
        if cas(state, word, (word & ~CONTROL) | FREE) == word:
            store(record + FREED_AT, place_word(B + me, site))
            clear_members(B, pfn)
            pool_give(B + load(B + H_POOL), load(B + H_N_FRAMES), pfn)
            return
    violate(B, me, site, DOUBLE_FREE, frame, load(record + FREED_AT))


@export
def free_page(B: int, me: int, site: int, frame: int) -> int:
    mode = before(B, me, site)
    if mode & MODE_SKIP == 0:
        offset = frame - load(B + H_FRAMES)
        pfn = offset >> load(B + H_FRAME_SHIFT)
        if pfn >= load(B + H_N_FRAMES) or pfn << load(B + H_FRAME_SHIFT) != offset:
            violate(B, me, site, WILD, frame, 0)
        else:
            let_frame_go(B, me, site, pfn, frame)
    after(B, me, mode, site, frame, 0)
    return 0


@export
def fill_page(B: int, me: int, site: int, frame: int, first: int, stride: int) -> int:
    """Entry i := first + i * stride; the page is not published yet, so this is one step."""
    mode = before(B, me, site)
    size = 1 << load(B + H_FRAME_SHIFT)
    if mode & MODE_SKIP == 0 and (frame < load(B + H_FRAMES) or (frame - load(B + H_FRAMES)) & (size - 1) != 0):
        violate(B, me, site, WILD, frame, 0)
    else:
        place = checked(B, me, mode, site, frame, 8)
        if place != B + me + T_SCRATCH:
            end, value = place + size, first
            while place < end:
                store(place, value)
                value += stride
                place += 8
    after(B, me, mode, site | S_KEEP, frame, first)
    return 0


