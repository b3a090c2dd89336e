"""S4: the lock around the tables, and what goes wrong in the gaps of drop, take again, look again.

`parent-freed` (S4-a): a thread that unlinked an empty table holds no lock for a moment and returns to a parent that
somebody else has freed meanwhile. `nested-read` (S4-c): reading twice while a writer is queued between; whether that
hangs is the lock's rule, so its expectation is a table over locks and contexts.
"""

from __future__ import annotations

from typing import Final

from engine import Geometry, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES
from scenarios.forms import PTDESC_FORM, RFC_V1, RFC_V2
from scenarios.models.radix import DEVICE_PFN, span
from scenarios.models.rest import check_mapped, check_tables, check_unmapped
from scenarios.models.table import create_domain, map_pages
from scenarios.models.unmap import NEVER, PRUNE, unmap_pages
from scenarios.s1_refcount import unmap_one

SOURCE: Final = "https://lore.kernel.org/all/20231221031915.619337-3-pasha.tatashin@soleen.com/"
DEEP: Final = Geometry(entries=4, levels=3, frames=12)
REAL: Final = Geometry(entries=512, levels=3, frames=32)


@protocol
def map_two_tables(mem: Mem) -> None:
    """Root -> P -> {A, B}: A and B hold one page each, P holds nothing else."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, 1, DEVICE_PFN)
    map_pages(mem, 0, ENTRIES, 1, DEVICE_PFN + ENTRIES)


@protocol
def unmap_second_table(mem: Mem) -> None:
    """A role: unmap the page of table B."""
    unmap_pages(mem, 0, ENTRIES, 1)


@protocol
def both_unmapped(mem: Mem) -> None:
    check_unmapped(mem, 0, 0)
    check_unmapped(mem, 0, ENTRIES)
    check_tables(mem, 0)


_FREED: Final = ("unmaps", "unlinked")

PARENT_FREED = Scenario(
    name="parent-freed",
    about="An unmapper comes back from the gap after its write section to a parent that another one has freed.",
    source=SOURCE,
    setup=map_two_tables,
    roles=(Role("unmapA", unmap_one, (0,)), Role("unmapB", unmap_second_table)),
    at_rest=both_unmapped,
    geometry=REAL,
    small=DEEP,
    variants=(
        Variant("rfc-v1", "only the child is pinned, not the table being iterated", "S4-a", "race", "use-after-free",
                {**RFC_V1, "no_empty": 0}, needs=("unmaps", "gaps"), pool="quarantine"),  # S1-d is another scenario
        Variant("rfc-v2", "the same in v2", "S4-a", "race", "use-after-free", RFC_V2, needs=("unmaps", "gaps"),
                pool="quarantine"),
        Variant("try-upgrade", "an upgrade in place closes the first gap, not the second", "S4-a", "race",
                "use-after-free", {**RFC_V2, "upgrade": 1}, needs=("unmaps",), pool="quarantine"),
        Variant("pin", "every table that is held across a gap is counted", params={**PTDESC_FORM, "pin": 1},
                needs=_FREED, pool="quarantine"),
        Variant("pin-try-upgrade", "the same, with an upgrade in place where the lock can",
                params={**PTDESC_FORM, "pin": 1, "upgrade": 1}, needs=_FREED, pool="quarantine"),
        Variant("restart", "back to the root after every write section",
                params={**PTDESC_FORM, "restart": 1, "flush": 2}, needs=_FREED, pool="quarantine"),
        Variant("restart-try-upgrade", "the same, with an upgrade in place where the lock can",
                params={**PTDESC_FORM, "restart": 1, "flush": 2, "upgrade": 1}, needs=_FREED, pool="quarantine"),
        Variant("prune", "one pass under the write lock takes all empty tables",
                params={**PTDESC_FORM, "free": PRUNE}, needs=_FREED, pool="quarantine"),
        Variant("own-range", "only tables whole inside the caller's range are freed: closes S4-a",
                params={**PTDESC_FORM, "free": NEVER, "no_empty": 0}, needs=("unmaps",), forbids=("unlinked",),
                pool="quarantine"),
        Variant("own-range-grows", "and leaves what the series set out to fix: empty tables stay", "S4-a", "claim",
                "missed-free", {**PTDESC_FORM, "free": NEVER}, needs=("unmaps",), pool="quarantine"),
        Variant("queue-grows", "so does the series itself with a flush queue, where it frees no empty table",
                "S4.queue", "claim", "missed-free", {**RFC_V2, "queued": 1}, needs=("unmaps",), pool="quarantine"),
    ),
)

#: Where a nested reader hangs behind a queued writer. In interrupt context a qrwlock reader ignores waiting writers.
_HANGS_IN_PROCESS: Final = (
    ((("lock", "pthread"),), "clean"),  # glibc's default prefers readers
    ((("lock", "read"),), "clean"),
)
_HANGS_IN_INTERRUPT: Final = (((("lock", "qrwlock"),), "clean"), *_HANGS_IN_PROCESS)


@protocol
def map_for_nested(mem: Mem) -> None:
    """One page, whose table will be empty when it goes; beside it nothing."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, 1, DEVICE_PFN)


@protocol
def map_super_page(mem: Mem) -> None:
    """A role: map large leaves beside the small page; as posted each reads inside reading."""
    leaves = min(ENTRIES - 1, 32)
    map_pages(mem, 0, span(2), leaves * span(2), DEVICE_PFN + span(2))


@protocol
def super_page_mapped(mem: Mem) -> None:
    check_unmapped(mem, 0, 0)
    check_mapped(mem, 0, span(2) + 1, DEVICE_PFN + span(2) + 1)
    check_tables(mem, 0)


_FLAT: Final = {**RFC_V2, "used_entries": 0}
_NESTED: Final = {**_FLAT, "nested_lock": 1}
_INTERRUPT: Final = (Role("map", map_super_page, (), "interrupt"), Role("unmap", unmap_one, (0,), "interrupt"))

NESTED_READ = Scenario(
    name="nested-read",
    about="Mapping a super page reads pgd_lock inside pgd_lock while an unmapper waits to write.",
    source=SOURCE,
    setup=map_for_nested,
    roles=(Role("map", map_super_page), Role("unmap", unmap_one, (0,))),
    at_rest=super_page_mapped,
    geometry=Geometry(entries=512, levels=2, frames=16),
    small=Geometry(entries=2, levels=2, frames=8),
    variants=(
        Variant("rfc", "as posted, in process context", "S4-c", "race", "deadlock", _NESTED, _HANGS_IN_PROCESS,
                needs=("maps", "unmaps")),
        Variant("rfc-interrupt", "as posted, in interrupt context", "S4-c", "race", "deadlock", _NESTED,
                _HANGS_IN_INTERRUPT, needs=("maps", "unmaps"), roles=_INTERRUPT),
        Variant("flat", "the inner helper does not lock", params=_FLAT, needs=("maps", "unmaps", "unlinked")),
    ),
)

SCENARIOS: Final = (PARENT_FREED, NESTED_READ)
