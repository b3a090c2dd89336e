"""Unmap: clear a range from the root down, and free the tables that it empties.

The recursion is dma_pte_clear_level() of the posted patches. What happens to an empty table outside the caller's own
range is `FREE`:

    never    only tables whose whole span lies in the range are freed (generic_pt)
    drop     as posted: pin the child, drop the read lock, take the write lock, look again, unlink, back to reading
    prune    clear everything first; then one pass under the write lock takes the empty tables out

`ORDER` is the order of the posted versions: v1 lets its pin go only when it reads again, v2 before it looks. The
fixes for S4-a are parameters too: `PIN` keeps a count on every table that is held across a gap, `RESTART` goes back to
the root after every write section.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, protocol
from engine.declare import Mem
from engine.language.names import array
from engine.memory.page import ENTRY_SHIFT
from scenarios.models.count import base_count, clear_pte, count_of, put_table, reset_count
from scenarios.models.domain import GROWS, PGD_LOCK, root_of
from scenarios.models.gather import (
    AGAIN,
    EMPTY,
    FIRST,
    FREE_AT,
    GATHER_WORDS,
    LAST,
    LIST,
    QUEUED,
    REMOVED,
    list_add,
    note_freed,
    sync,
)
from scenarios.models.radix import (
    RUN_BITS,
    base_of,
    entry_at,
    extent,
    index_of,
    is_table,
    last_page,
    present,
    span,
    table_of,
)
from scenarios.models.split import POLICY, REFUSED, REFUSING, WHOLE, split
from scenarios.models.table import list_tables, walk
from scenarios.models.upgrade import to_write
from scenarios.models.walker import invalidate

NEVER: Final = 0
DROP: Final = 1
PRUNE: Final = 2

FREE = Param("free", DROP, names={0: "never", 1: "drop", 2: "prune"})
ORDER = Param("order", 2, names={1: "v1: unpin after relocking", 2: "v2: unpin before looking again"})
PIN = Param("pin", 0, names={1: "count every table held"})
RESTART = Param("restart", 0, names={1: "from the root after a write section"})
SYNC_INSIDE = Param("sync_inside", 0, names={1: "invalidate before the write lock is released"})
LEVEL_FIRST = Param("level_first", 0, names={1: "learn the leaf's size under a read lock of its own, as posted"})
TRUST_LEVEL = Param("trust_level", 0, names={1: "a present entry that is not covered is a table, as posted"})
PEEK = Param("peek", 0, names={1: "a table's count is read as if the table were anybody's by now"})
FLUSH = Param("flush", 1, names={0: "coherent walker", 1: "once per table, as posted", 2: "at each entry"})

UNMAPS = Counter("unmaps", "unmap calls", operation=True)
UNLINKED = Counter("unlinked", "empty tables unlinked in a write section")
KEPT = Counter("kept", "write sections that found the table in use again")


@protocol
def unmap_pages(mem: Mem, domain: int, vpfn: int, pages: int) -> int:
    """Unmap `pages` pages from `vpfn` on, invalidate, free. Returns the pages removed, more if a leaf was larger."""
    if LEVEL_FIRST:
        pages = max(pages, leaf_pages(mem, domain, vpfn))
    g = array(GATHER_WORDS)
    g[FIRST] = vpfn
    g[LAST] = vpfn + pages - 1
    last = vpfn + pages - 1
    mem.read_lock(PGD_LOCK[domain])
    g[AGAIN] = 1
    while g[AGAIN]:
        g[AGAIN] = 0
        root, level = root_of(mem, domain)
        reached = last
        if GROWS:
            reached = min(last, last_page(level))
        if vpfn <= reached:
            clear_level(mem, domain, level, root, vpfn, reached, g)
    mem.read_unlock(PGD_LOCK[domain])
    if FREE == PRUNE:
        if g[EMPTY]:
            prune(mem, domain, vpfn, last, g)
    removed = g[REMOVED]
    sync(mem, domain, g)
    mem.count(UNMAPS)
    return removed


@protocol
def leaf_pages(mem: Mem, domain: int, vpfn: int) -> int:
    """Step 1 of the posted unmap: the size of the leaf at `vpfn`, by a walk whose lock is dropped again."""
    mem.read_lock(PGD_LOCK[domain])
    _table, level, entry = walk(mem, domain, vpfn, 1)
    mem.read_unlock(PGD_LOCK[domain])
    return extent(entry, level) if present(entry) else 1


@protocol
def clear_level(mem: Mem, domain: int, level: int, table: int, first: int, last: int, g: list[int]) -> None:
    """Clear [first, last] in `table`, which is at `level`, as far as it covers them."""
    at = first
    touched = 0
    low = 0
    while True:
        pte = entry_at(table, at, level)
        entry = mem.read_once(pte)
        size = extent(entry, level)
        base = at & ~(size - 1)
        cleared = 0
        if present(entry):
            if (first <= base) & (base + size - 1 <= last):
                clear_covered(mem, level, table, pte, entry, g)
                cleared = 1
            elif size > 1:
                cleared = clear_part(mem, domain, level, table, pte, entry, at, last, g)
                if g[AGAIN]:
                    return
        if cleared:
            if FLUSH == 2:
                mem.clflush(pte)
            low = low if touched else pte
            touched = pte
            if RUN_BITS:
                touched = entry_at(table, base + size - 1, level)
        at = base + size
        if (at > last) | (index_of(at, level) == 0):
            break
    if FLUSH == 1:
        if touched:
            for line in range(low, touched + 8, 64):
                mem.clflush(line)


@protocol
def clear_covered(mem: Mem, level: int, table: int, pte: int, entry: int, g: list[int]) -> None:
    """An entry whose span lies in the range goes with everything below it."""
    if is_table(entry, level):
        list_tables(mem, level - 1, table_of(entry), g)
        clear_pte(mem, pte, table)
    else:
        clear_leaf(mem, level, table, pte, entry, g)


@protocol
def clear_leaf(mem: Mem, level: int, table: int, pte: int, entry: int, g: list[int]) -> None:
    """Empty the entries of a leaf; `pte` is one of them."""
    g[REMOVED] += extent(entry, level)
    if RUN_BITS:
        bytes_ = extent(entry, level) >> ENTRY_SHIFT * (level - 1) << 3
        first = table + (pte - table & ~(bytes_ - 1))
        for at in range(first, first + bytes_, 8):
            clear_pte(mem, at, table)
    else:
        clear_pte(mem, pte, table)


@protocol
def clear_part(mem: Mem, domain: int, level: int, table: int, pte: int, entry: int, at: int, last: int,
               g: list[int]) -> int:
    """An entry that reaches beyond the range. Returns whether it was cleared."""
    if not TRUST_LEVEL:
        if not is_table(entry, level):
            if POLICY == REFUSING:
                mem.count(REFUSED)
                return 0
            if POLICY == WHOLE:
                take_whole(mem, level, table, pte, entry, at, g)
                return 1
            entry = split(mem, domain, level, pte, entry, at, g)
            if not present(entry):
                return 0
    child = table_of(entry)
    if PIN:
        mem.atomic_inc(count_of(child))
    clear_level(mem, domain, level - 1, child, at, last, g)
    if PIN:
        mem.atomic_dec(count_of(child))
    if g[AGAIN]:
        return 0
    if FREE == PRUNE:
        if mem.atomic_read(count_of(child)) == base_count():
            g[EMPTY] = 1
    if (FREE == DROP) & (not QUEUED):
        return free_if_empty(mem, domain, level, table, pte, child, at, g)
    return 0


@protocol
def take_whole(mem: Mem, level: int, table: int, pte: int, entry: int, at: int, g: list[int]) -> None:
    """Policy A: the leaf goes as a whole, and the invalidation covers it."""
    clear_leaf(mem, level, table, pte, entry, g)
    size = extent(entry, level)
    base = at & ~(size - 1)
    g[FIRST] = min(g[FIRST], base)
    g[LAST] = max(g[LAST], base + size - 1)


@protocol
def free_if_empty(mem: Mem, domain: int, level: int, table: int, pte: int, child: int, at: int, g: list[int]) -> int:
    """Free-if-empty of S1 (3) and S2 (3): returns whether the entry was cleared. Drops the lock in between."""
    count: int = mem.read_page_type(count_of(child)) if PEEK else mem.atomic_read(count_of(child))
    if count != base_count():
        return 0
    mem.atomic_inc(count_of(child))
    to_write(mem, domain)
    if ORDER == 2:
        mem.atomic_dec(count_of(child))
    empty: int = mem.atomic_read(count_of(child)) == base_count() + (ORDER == 1)
    if empty:
        clear_pte(mem, pte, table)
        unlink(mem, domain, level, child, at, g)
        mem.count(UNLINKED)
    else:
        mem.count(KEPT)
    mem.write_unlock(PGD_LOCK[domain])
    mem.read_lock(PGD_LOCK[domain])
    if ORDER == 1:
        mem.atomic_dec(count_of(child))
    if RESTART:
        g[AGAIN] = 1
    return empty


@protocol
def unlink(mem: Mem, domain: int, level: int, child: int, at: int, g: list[int]) -> None:
    """What follows the clearing of an empty table's entry, still in the write section."""
    if FREE_AT == 1:
        reset_count(mem, child)
        put_table(mem, child)
    else:
        list_add(mem, child, g)
    note_freed(level, g)
    if SYNC_INSIDE:
        base = base_of(at, level)
        invalidate(mem, domain, base, base + span(level) - 1, 0)


@protocol
def prune(mem: Mem, domain: int, first: int, last: int, g: list[int]) -> None:
    """Take every empty table on the way to [first, last] out, in one write section."""
    mem.write_lock(PGD_LOCK[domain])
    before = g[LIST]
    root, level = root_of(mem, domain)
    prune_level(mem, domain, level, root, first, last, g)
    if g[LIST] != before:
        mem.count(UNLINKED)
    else:
        mem.count(KEPT)
    mem.write_unlock(PGD_LOCK[domain])


@protocol
def prune_level(mem: Mem, domain: int, level: int, table: int, first: int, last: int, g: list[int]) -> None:
    at = first
    while True:
        pte = entry_at(table, at, level)
        entry = mem.read_once(pte)
        if present(entry) & is_table(entry, level):
            child = table_of(entry)
            if level > 2:
                prune_level(mem, domain, level - 1, child, at, last, g)
            if mem.atomic_read(count_of(child)) == base_count():
                clear_pte(mem, pte, table)
                unlink(mem, domain, level, child, at, g)
        at = base_of(at, level) + span(level)
        if (at > last) | (index_of(at, level) == 0):
            return
