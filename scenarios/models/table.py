"""Walk, map and look up: the radix page table's readers of `pgd_lock`.

The steps are those of the posted patches (walk_alloc = pfn_to_dma_pte(), map = __domain_mapping()); `pages` are pages
of the format. A map chooses its leaves as the IOMMU core does: the largest that fits the alignment of iova | paddr and
what is left. What is in the way of a large leaf must be empty tables; they are unlinked, invalidated and freed before.
"""

from __future__ import annotations

from engine import Counter, Param, protocol
from engine.declare import Mem
from engine.language.names import array
from engine.memory.page import ENTRY_SHIFT, FRAME_SHIFT, LEVELS
from scenarios.models.count import alloc_table, clear_pte, put_table, reset_count, set_pte
from scenarios.models.domain import GROWS, PGD_LOCK, root_of, set_root
from scenarios.models.gather import EVERYWHERE, FIRST, GATHER_WORDS, LAST, REMOVED, list_add, sync
from scenarios.models.grow import START_LEVELS, grow
from scenarios.models.radix import (
    CONT_SHIFT,
    PAGE_SHIFT,
    READ_WRITE,
    ROOT_SHIFT,
    RUN_BITS,
    base_of,
    cont_pages,
    entries_at,
    entry_at,
    extent,
    is_table,
    last_page,
    leaf_entry,
    present,
    run_entry,
    run_step,
    span,
    table_entry,
    table_of,
    translated,
)

LARGEST = Param("largest_leaf", 3, names={1: "PTE", 2: "PMD", 3: "PUD"})
INPUT_BITS = Param("input_bits", 0, names={0: "not looked at"})
OUTPUT_BITS = Param("output_bits", 0, names={0: "not looked at"})
SYNC_BIT = Param("sync_bit", 0, names={0: "coherent walker", 1 << 55: "SW_SYNC"})
NESTED = Param("nested_lock", 0, names={1: "switch-to-super-page takes pgd_lock again, as posted"})

MAPS = Counter("maps", "map calls", operation=True)
LOOKUPS = Counter("lookups", "iova_to_phys calls", operation=True)
REPLACED = Counter("replaced", "empty tables replaced by a large leaf")


@protocol
def create_domain(mem: Mem, domain: int) -> None:
    """Give a domain its root. For set-up."""
    root = alloc_table(mem, domain)
    if ROOT_SHIFT:
        for n in range(1, 1 << ROOT_SHIFT - ENTRY_SHIFT):
            following = alloc_table(mem, domain)
            mem.check(following == root + (n << FRAME_SHIFT), "check", "a wide root needs pages side by side")
    if GROWS:
        set_root(mem, domain, root, START_LEVELS)
    else:
        set_root(mem, domain, root, LEVELS)


@protocol
def destroy_domain(mem: Mem, domain: int) -> None:
    """Free all tables of a domain that nobody uses any more, with what is mapped."""
    g = array(GATHER_WORDS)
    g[LAST] = EVERYWHERE
    root, level = root_of(mem, domain)
    list_tables(mem, level, root, g)
    if ROOT_SHIFT:
        for n in range(1, 1 << ROOT_SHIFT - ENTRY_SHIFT):
            list_add(mem, root + (n << FRAME_SHIFT), g)
    sync(mem, domain, g)
    set_root(mem, domain, 0, 0)


@protocol
def walk(mem: Mem, domain: int, vpfn: int, lowest: int) -> tuple[int, int, int]:
    """From the root to `lowest`, or to the first entry that is no table: (table, its level, the entry's value)."""
    table, level = root_of(mem, domain)
    if GROWS:
        if vpfn > last_page(level):
            return table, level, 0
    entry = mem.read_once(entry_at(table, vpfn, level))
    while (level > lowest) & present(entry) & is_table(entry, level):
        table = table_of(entry)
        level -= 1
        entry = mem.read_once(entry_at(table, vpfn, level))
    return table, level, entry


@protocol
def walk_alloc(mem: Mem, domain: int, vpfn: int, lowest: int) -> tuple[int, int]:
    """From the root to the entry at `lowest`, adding tables: (entry's address, table), or (0, 0)."""
    table, level = root_of(mem, domain)
    while level > lowest:
        pte = entry_at(table, vpfn, level)
        entry = mem.read_once(pte)
        if not present(entry):
            if not install(mem, domain, level, pte, table):
                return 0, 0
            entry = mem.read_once(pte)
        elif SYNC_BIT:
            if entry & SYNC_BIT == 0:
                mem.clflush(pte)  # whoever linked it has not come to that yet
        if not is_table(entry, level):
            return 0, 0
        table = table_of(entry)
        level -= 1
    return entry_at(table, vpfn, level), table


@protocol
def install(mem: Mem, domain: int, level: int, pte: int, table: int) -> int:
    """Link a new table into an empty entry, or find that somebody else just did. 0 if there is no page."""
    frame = alloc_table(mem, domain)
    if frame == 0:
        return 0
    if set_pte(mem, pte, table, table_entry(frame, level)) != 0:
        reset_count(mem, frame)
        put_table(mem, frame)
    elif SYNC_BIT:
        mem.clflush(pte)
        mem.write_once(pte, table_entry(frame, level) | SYNC_BIT)
    return 1


@protocol
def leaf_level(alignment: int, left: int) -> int:
    """iommu_pgsize(): the level of the largest leaf for these addresses and this many pages."""
    level: int = min(LARGEST, LEVELS)
    while (level > 1) & ((alignment & span(level) - 1 != 0) | (left < span(level))):
        level -= 1
    return level


@protocol
def leaf_size(level: int, alignment: int, left: int) -> int:
    """The pages of that leaf: more than an entry at `level` covers if it is a run."""
    size = span(level)
    if RUN_BITS:
        if CONT_SHIFT:
            if (alignment & cont_pages(level) - 1 == 0) & (cont_pages(level) <= left):
                size = cont_pages(level)
        else:
            while (2 * size < span(level + 1)) & (alignment & 2 * size - 1 == 0) & (2 * size <= left):
                size = 2 * size
    return size


@protocol
def in_range(vpfn: int, pages: int, pfn: int) -> int:
    """Whether both ranges lie within the bits that the format's addresses have."""
    return (vpfn + pages - 1 >> INPUT_BITS - PAGE_SHIFT == 0) & (pfn + pages - 1 >> OUTPUT_BITS - PAGE_SHIFT == 0)


@protocol
def map_pages(mem: Mem, domain: int, vpfn: int, pages: int, pfn: int) -> int:
    """Map `pages` pages from `vpfn` on to `pfn` on, for reading and writing. Returns how many were mapped."""
    return map_range(mem, domain, vpfn, pages, pfn, READ_WRITE)


@protocol
def map_range(mem: Mem, domain: int, vpfn: int, pages: int, pfn: int, attributes: int) -> int:
    """Map pages with these attributes (`Format.attributes`). Returns how many were mapped."""
    done = 0
    if INPUT_BITS:
        if not in_range(vpfn, pages, pfn):
            pages = 0
    mem.read_lock(PGD_LOCK[domain])
    while done < pages:
        alignment = vpfn + done | pfn + done
        level = leaf_level(alignment, pages - done)
        size = leaf_size(level, alignment, pages - done)
        if not map_leaf(mem, domain, vpfn + done, level, size, pfn + done, attributes):
            break
        done += size
    mem.read_unlock(PGD_LOCK[domain])
    mem.count(MAPS)
    return done


@protocol
def map_leaf(mem: Mem, domain: int, vpfn: int, level: int, size: int, pfn: int, attributes: int) -> int:
    """One leaf, under the read lock. 1 if it is there now."""
    if GROWS:
        if not grow(mem, domain, vpfn + size - 1, level):
            return 0
    if level > 1:
        if not make_room(mem, domain, vpfn, level):
            return 0
        if RUN_BITS:
            for n in range(1, size >> ENTRY_SHIFT * (level - 1)):
                if not make_room(mem, domain, vpfn + n * span(level), level):
                    return 0
    pte, table = walk_alloc(mem, domain, vpfn, level)
    if pte == 0:
        return 0
    entry = leaf_entry(pfn, level, attributes)
    if RUN_BITS:
        if size > span(level):
            return set_run(mem, pte, table, run_entry(entry, size), size >> ENTRY_SHIFT * (level - 1), run_step(level))
    return set_pte(mem, pte, table, entry) == 0


@protocol
def set_run(mem: Mem, pte: int, table: int, entry: int, entries: int, step: int) -> int:
    """Fill a run from `pte` on, each entry by `step` more than the last. If one was not empty none is kept, and 0 is
    returned."""
    for i in range(entries):
        if set_pte(mem, pte + i * 8, table, entry + i * step) != 0:
            for before in range(i):
                clear_pte(mem, pte + before * 8, table)
            return 0
    return 1


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
    for i in range(entries_at(level)):
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
    for i in range(entries_at(level)):
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
    return translated(entry, vpfn, extent(entry, level)) if present(entry) else 0
