"""The root of an AMD table grows: increase_address_space() puts a new root above the old one.

The old root stays what it was, a table of its level, so whoever still works in it is right. Two growers are ordered by
a lock; the loser finds the address in reach and gives its table back. The order inside is the driver's: the hardware
first, then software, or a map through the new root could return before a DMA can follow it. How the two fields are kept
and read, and what was wrong with that, is `scenarios.models.domain.GROWS`.

Source: drivers/iommu/amd/io_pgtable.c. An old root that is empty is linked like any other; under a scheme that frees
empty tables nobody looks at it until an unmap comes by its first entry.
"""

from __future__ import annotations

from engine import Param, SpinLock, protocol
from engine.declare import Mem
from engine.memory.page import LEVELS
from scenarios.models.count import COUNT, alloc_table, count_of, put_table, reset_count
from scenarios.models.domain import root_of, set_root
from scenarios.models.radix import last_page, table_entry

START_LEVELS = Param("start_levels", 3)
DOMAIN_LOCK = SpinLock("domain_lock")


@protocol
def grow(mem: Mem, domain: int, last: int, lowest: int) -> int:
    """Make room for page `last` in a leaf at level `lowest`. 0 if there is no page, or no further level."""
    _root, level = root_of(mem, domain)
    while (last > last_page(level)) | (level < lowest):
        if not add_level(mem, domain, level):
            return 0
        _root, level = root_of(mem, domain)
    return 1


@protocol
def add_level(mem: Mem, domain: int, seen: int) -> int:
    """Put a root above one at level `seen`, unless somebody else just did."""
    if seen == LEVELS:
        return 0
    frame = alloc_table(mem, domain)
    if frame == 0:
        return 0
    mem.spin_lock(DOMAIN_LOCK)
    root, level = root_of(mem, domain)
    if level == seen:
        mem.write_once(frame, table_entry(root, level + 1))
        if COUNT:
            mem.atomic_inc(count_of(frame))
        set_root(mem, domain, frame, level + 1)
        frame = 0
    mem.spin_unlock(DOMAIN_LOCK)
    if frame != 0:
        reset_count(mem, frame)
        put_table(mem, frame)
    return 1
