"""Walk, map and look up: the radix page table's readers of `pgd_lock`.

The steps are those of the posted patches (walk_alloc = pfn_to_dma_pte(), map = __domain_mapping()); `pages` are 4 KiB
pages. A map chooses its leaves as the IOMMU core does: the largest that fits the alignment of iova | paddr and what is
left. What is in the way of a large leaf must be empty tables; they are unlinked, invalidated and freed before.
"""

from __future__ import annotations

from engine import Counter, Param, protocol
from engine.declare import Mem
from engine.language.names import array
from engine.memory.page import ENTRIES, LEVELS
from scenarios.models.count import alloc_table, clear_pte, put_table, reset_count, set_pte
from scenarios.models.domain import PGD_LOCK, ROOT
from scenarios.models.gather import FIRST, GATHER_WORDS, LAST, REMOVED, list_add, sync
from scenarios.models.vtd import (
    base_of,
    entry_at,
    is_table,
    leaf_entry,
    present,
    span,
    table_entry,
    table_of,
    translated,
)

LARGEST = Param("largest_leaf", 3, names={1: "4K", 2: "2M", 3: "1G"})
NESTED = Param("nested_lock", 0, names={1: "switch-to-super-page takes pgd_lock again, as posted"})

MAPS = Counter("maps", "map calls", operation=True)
LOOKUPS = Counter("lookups", "iova_to_phys calls", operation=True)
REPLACED = Counter("replaced", "empty tables replaced by a large leaf")


@protocol
def create_domain(mem: Mem, domain: int) -> None:
    """Give a domain its root. For set-up."""
    mem.write_once(ROOT[domain], alloc_table(mem, domain))


@protocol
def walk(mem: Mem, domain: int, vpfn: int, lowest: int) -> tuple[int, int, int]:
    """From the root to `lowest`, or to the first entry that is no table: (table, its level, the entry's value)."""
    table = mem.read_once(ROOT[domain])
    level: int = LEVELS
    entry = mem.read_once(entry_at(table, vpfn, level))
    while (level > lowest) & present(entry) & is_table(entry, level):
        table = table_of(entry)
        level -= 1
        entry = mem.read_once(entry_at(table, vpfn, level))
    return table, level, entry


@protocol
def walk_alloc(mem: Mem, domain: int, vpfn: int, lowest: int) -> tuple[int, int]:
    """From the root to the entry at `lowest`, adding tables: (entry's address, table), or (0, 0)."""
    table = mem.read_once(ROOT[domain])
    level: int = LEVELS
    while level > lowest:
        pte = entry_at(table, vpfn, level)
        entry = mem.read_once(pte)
        if not present(entry):
            if not install(mem, domain, pte, table):
                return 0, 0
            entry = mem.read_once(pte)
        if not is_table(entry, level):
            return 0, 0
        table = table_of(entry)
        level -= 1
    return entry_at(table, vpfn, level), table


@protocol
def install(mem: Mem, domain: int, pte: int, table: int) -> int:
    """Link a new table into an empty entry, or find that somebody else just did. 0 if there is no page."""
    frame = alloc_table(mem, domain)
    if frame == 0:
        return 0
    if set_pte(mem, pte, table, table_entry(frame)) != 0:
        reset_count(mem, frame)
        put_table(mem, frame)
    return 1


@protocol
def leaf_level(alignment: int, left: int) -> int:
    """iommu_pgsize(): the level of the largest leaf for these addresses and this many pages."""
    level: int = min(LARGEST, LEVELS)
    while (level > 1) & ((alignment & span(level) - 1 != 0) | (left < span(level))):
        level -= 1
    return level


@protocol
def map_pages(mem: Mem, domain: int, vpfn: int, pages: int, pfn: int) -> int:
    """Map `pages` pages from `vpfn` on to `pfn` on. Returns how many were mapped."""
    done = 0
    mem.read_lock(PGD_LOCK[domain])
    while done < pages:
        level = leaf_level(vpfn + done | pfn + done, pages - done)
        if not map_leaf(mem, domain, vpfn + done, level, pfn + done):
            break
        done += span(level)
    mem.read_unlock(PGD_LOCK[domain])
    mem.count(MAPS)
    return done


@protocol
def map_leaf(mem: Mem, domain: int, vpfn: int, level: int, pfn: int) -> int:
    """One leaf, under the read lock. 1 if it is there now."""
    if level > 1:
        if not make_room(mem, domain, vpfn, level):
            return 0
    pte, table = walk_alloc(mem, domain, vpfn, level)
    if pte == 0:
        return 0
    return set_pte(mem, pte, table, leaf_entry(pfn, level)) == 0


@protocol
def make_room(mem: Mem, domain: int, vpfn: int, level: int) -> int:
    """switch_to_super_page(): free the empty tables in the way of a leaf at `level`. 0 if something is mapped there."""
    if NESTED:
        mem.read_lock(PGD_LOCK[domain])
    table, at, entry = walk(mem, domain, vpfn, level)
    free = not present(entry)
    if (at == level) & present(entry) & is_table(entry, level):
        free = not has_leaf(mem, level - 1, table_of(entry))
        if free:
            unlink_empty(mem, domain, vpfn, level, table, entry)
    if NESTED:
        mem.read_unlock(PGD_LOCK[domain])
    return free


@protocol
def unlink_empty(mem: Mem, domain: int, vpfn: int, level: int, table: int, entry: int) -> None:
    """Take the table below `entry` away, with all below it, before a leaf takes its place."""
    g = array(GATHER_WORDS)
    g[FIRST] = base_of(vpfn, level)
    g[LAST] = g[FIRST] + span(level) - 1
    list_tables(mem, level - 1, table_of(entry), g)
    clear_pte(mem, entry_at(table, vpfn, level), table)
    sync(mem, domain, g)
    mem.count(REPLACED)


@protocol
def has_leaf(mem: Mem, level: int, table: int) -> int:
    """Whether anything is mapped below a table."""
    for i in range(ENTRIES):
        entry = mem.read_once(table + i * 8)
        if present(entry):
            if not is_table(entry, level):
                return 1
            if has_leaf(mem, level - 1, table_of(entry)):
                return 1
    return 0


@protocol
def list_tables(mem: Mem, level: int, table: int, g: list[int]) -> None:
    """dma_pte_list_pagetables(): empty a table and all below it and put them on the freelist."""
    for i in range(ENTRIES):
        pte = table + i * 8
        entry = mem.read_once(pte)
        if present(entry):
            if is_table(entry, level):
                list_tables(mem, level - 1, table_of(entry), g)
            else:
                g[REMOVED] += span(level)
            clear_pte(mem, pte, table)
    list_add(mem, table, g)


@protocol
def iova_to_phys(mem: Mem, domain: int, vpfn: int) -> int:
    """The page that `vpfn` is mapped to, 0 if none. The lock is kept over the last load."""
    mem.read_lock(PGD_LOCK[domain])
    _table, level, entry = walk(mem, domain, vpfn, 1)
    mem.read_unlock(PGD_LOCK[domain])
    mem.count(LOOKUPS)
    return translated(entry, vpfn, level) if present(entry) else 0
