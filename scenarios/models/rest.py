"""What must hold when nothing runs. Called by the scenarios' checks at rest; each states what it wants of these."""

from __future__ import annotations

from engine import Param, protocol
from engine.declare import Mem
from engine.memory.page import ENTRY_SHIFT, N_FRAMES, page_at
from scenarios.models.count import COUNT, base_count, count_of
from scenarios.models.domain import root_of
from scenarios.models.radix import ROOT_SHIFT, entries_at, extent, is_table, present, table_of, translated
from scenarios.models.table import walk

#: Entries of each table that a scenario uses, 0 for all. A check after every round cannot afford to read 512.
USED_ENTRIES = Param("used_entries", 8)
NO_EMPTY = Param("no_empty", 1, names={0: "empty tables may stay", 1: "an empty table is freed in the end"})
NO_LEAK = Param("no_leak", 1, names={0: "not looked at", 1: "every page in use is linked"})


@protocol
def check_table(mem: Mem, level: int, table: int, root: int) -> int:
    """Count against entries, and no empty table but the root, for `table` and all below. Returns how many there are."""
    tables = 1
    entries = 0
    limit: int = entries_at(level)
    if USED_ENTRIES:
        limit = min(limit, USED_ENTRIES)
    for i in range(limit):
        entry = mem.read_once(table + i * 8)
        if present(entry):
            entries += 1
            if is_table(entry, level):
                tables += check_table(mem, level - 1, table_of(entry), 0)
    if COUNT:
        count = mem.atomic_read(count_of(table))
        mem.check(count == base_count() + entries, "count-drift", "a table's count is not the number of its entries")
    if NO_EMPTY:
        mem.check(root | (entries != 0), "missed-free", "a table is empty and stays linked")
    return tables


@protocol
def pages_in_use(mem: Mem) -> int:
    """Frames that are not free: their reference count is not 0."""
    used = 0
    for pfn in range(1, N_FRAMES):
        used += mem.page_ref_add_unless(page_at(pfn) + 52, 0, 0)
    return used


@protocol
def check_tables(mem: Mem, domain: int) -> None:
    """One domain owns all pages: every table is counted right, not empty, and linked."""
    root, level = root_of(mem, domain)
    tables = check_table(mem, level, root, 1)
    if ROOT_SHIFT:
        tables += (1 << ROOT_SHIFT - ENTRY_SHIFT) - 1
    if NO_LEAK:
        mem.check(pages_in_use(mem) == tables, "leak", "a page is in use and no table leads to it")


@protocol
def check_mapped(mem: Mem, domain: int, vpfn: int, pfn: int) -> None:
    """`vpfn` translates to `pfn`."""
    _table, level, entry = walk(mem, domain, vpfn, 1)
    mem.check(present(entry) and translated(entry, vpfn, extent(entry, level)) == pfn, "lost-mapping",
              "a mapped page does not translate to its page")


@protocol
def check_unmapped(mem: Mem, domain: int, vpfn: int) -> None:
    """`vpfn` does not translate."""
    _table, _level, entry = walk(mem, domain, vpfn, 1)
    mem.check(not present(entry), "stale-translation", "an unmapped page translates")
