"""A part of a large leaf is unmapped: take the leaf whole (policy A), split it first (policy B), or refuse.

Splitting builds a child table of smaller leaves, publishes it in the leaf's place and flushes the old leaf. Each hazard
of S4-j is a value of `SPLIT`; `beside` and `exclusive` are the two designs that people propose: the first does it under
the read lock beside other users of the leaf, the second in a write section, from the root. Arm demands `break-first`.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES, ENTRY_SHIFT
from scenarios.models.count import (
    COUNT,
    LOST_CMPXCHG,
    alloc_table,
    base_count,
    count_of,
    put_table,
    reset_count,
)
from scenarios.models.domain import PGD_LOCK
from scenarios.models.gather import AGAIN
from scenarios.models.radix import (
    CONT_SHIFT,
    PAGE_SHIFT,
    RUN_BITS,
    attributes_of,
    base_of,
    entry_at,
    extent,
    is_table,
    leaf_entry,
    pfn_in,
    present,
    run_entry,
    span,
    table_entry,
    translated,
)
from scenarios.models.table import walk
from scenarios.models.upgrade import to_write
from scenarios.models.walker import invalidate

WHOLE: Final = 0
SPLITTING: Final = 1
REFUSING: Final = 2  # io-pgtable-arm since 33729a5fc0ca (2024): a WARN, nothing is unmapped, 0 is returned
POLICY = Param("policy", WHOLE, names={0: "whole", 1: "split", 2: "refuse"})

EXCLUSIVE: Final = 0
BESIDE: Final = 1
REREAD: Final = 2
PLAIN_STORE: Final = 3
NO_FLUSH: Final = 4
BREAK_FIRST: Final = 5
SPLIT = Param("split", EXCLUSIVE, names={0: "exclusive", 1: "beside", 2: "reread", 3: "plain-store", 4: "no-flush",
                                         5: "break before make"})

SPLITS = Counter("splits", "large leaves split")
REFUSED = Counter("refused", "unmaps of a part of a large leaf that were refused")


@protocol
def split(mem: Mem, domain: int, level: int, pte: int, leaf: int, at: int, g: list[int]) -> int:
    """Make a table of the large leaf at `pte`. Returns the entry to go on with; 0 if the walk has to start again."""
    if (SPLIT == EXCLUSIVE) | (SPLIT == BREAK_FIRST):
        g[AGAIN] = split_exclusively(mem, domain, level, at)
        return 0
    entry = leaf
    while present(entry) & (not is_table(entry, level)):
        if not replace_leaf(mem, domain, level, pte, entry, at):
            return 0
        entry = mem.read_once(pte)
        if RUN_BITS:
            g[AGAIN] = 1  # smaller leaves may lie in the range as they are
            return 0
    return entry


@protocol
def split_exclusively(mem: Mem, domain: int, level: int, at: int) -> int:
    """In a write section nobody can act on the child before the old leaf is flushed. 0 if there is no page."""
    to_write(mem, domain)
    table, found, leaf = walk(mem, domain, at, level)
    done = 1
    if (found == level) & present(leaf) & (not is_table(leaf, level)) & (extent(leaf, level) > 1):
        done = replace_leaf(mem, domain, level, entry_at(table, at, level), leaf, at)
    mem.write_unlock(PGD_LOCK[domain])
    mem.read_lock(PGD_LOCK[domain])
    return done


@protocol
def replace_leaf(mem: Mem, domain: int, level: int, pte: int, leaf: int, at: int) -> int:
    """Build the child, publish it, flush the old leaf. 0 if there is no page; losing a race is no failure."""
    if RUN_BITS:
        if extent(leaf, level) > span(level):
            break_run(mem, domain, level, pte, leaf, at)
            return 1
    source = leaf
    if SPLIT == REREAD:
        source = mem.read_once(pte)
    child = alloc_table(mem, domain)
    if child == 0:
        return 0
    pfn = pfn_in(source)
    mem.fill_page(child, leaf_entry(pfn, level - 1, attributes_of(leaf)), span(level - 1) << PAGE_SHIFT)
    if COUNT:
        mem.atomic_add(count_of(child), ENTRIES)
    won = 1
    if SPLIT == BREAK_FIRST:
        mem.xchg(pte, 0)
        invalidate(mem, domain, base_of(at, level), base_of(at, level) + span(level) - 1, 0)
    if (SPLIT == PLAIN_STORE) | (SPLIT == BREAK_FIRST):
        mem.write_once(pte, table_entry(child, level))
    else:
        won = mem.cmpxchg(pte, source, table_entry(child, level)) == source
    if not won:
        mem.count(LOST_CMPXCHG)
        if COUNT:
            mem.atomic_set(count_of(child), base_count())
        reset_count(mem, child)
        put_table(mem, child)
        return 1
    mem.count(SPLITS)
    if (SPLIT != NO_FLUSH) & (SPLIT != BREAK_FIRST):
        base = base_of(at, level)
        invalidate(mem, domain, base, base + span(level) - 1, 0)
    return 1


@protocol
def break_run(mem: Mem, domain: int, level: int, pte: int, leaf: int, at: int) -> None:
    """Make leaves of one entry each of a run, where it is, and flush it; what is no longer part of it stays."""
    size = extent(leaf, level)
    base = at & ~(size - 1)
    first = pte - ((at - base >> ENTRY_SHIFT * (level - 1)) << 3)
    for n in range(size >> ENTRY_SHIFT * (level - 1)):
        pfn = translated(leaf, base + n * span(level), size)
        alone = leaf_entry(pfn, level, attributes_of(leaf))
        mem.cmpxchg(first + n * 8, run_entry(alone, size) if CONT_SHIFT else leaf, alone)
    mem.count(SPLITS)
    if SPLIT != NO_FLUSH:
        invalidate(mem, domain, base, base + size - 1, 0)
