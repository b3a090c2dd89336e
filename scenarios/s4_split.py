"""S4-j: a part of a large leaf is unmapped, and the leaf is split, beside others who use the rest of it.

One large leaf; one role unmaps its page 0, the other its page 1. Under policy A ("whole") the first takes all of it.
Under policy B ("split") both may split, and each must act on the one table that stays. io-pgtable-arm refuses by now.
"""

from __future__ import annotations

from typing import Final

from engine import Geometry, Param, Role, Scenario, Variant, protocol
from engine.declare import Mem
from scenarios.forms import PTDESC_FORM, RFC_V1, RFC_V2
from scenarios.models.radix import DEVICE_PFN, span
from scenarios.models.rest import check_mapped, check_tables, check_unmapped
from scenarios.models.split import (
    BESIDE,
    BREAK_FIRST,
    EXCLUSIVE,
    NO_FLUSH,
    PLAIN_STORE,
    POLICY,
    REFUSING,
    REREAD,
    SPLITTING,
    WHOLE,
)
from scenarios.models.table import create_domain, map_pages
from scenarios.models.unmap import unmap_pages
from scenarios.models.walker import HARDWARE, dma
from scenarios.s1_refcount import unmap_one

SOURCE: Final = "https://lore.kernel.org/all/20231221031915.619337-3-pasha.tatashin@soleen.com/"
SMALL: Final = Geometry(entries=4, levels=2, frames=8)
REAL: Final = Geometry(entries=512, levels=2, frames=16)

RESURRECTION = Param("resurrection", 1, names={0: "not looked at", 1: "unmapped pages do not translate at rest"})


@protocol
def map_large(mem: Mem) -> None:
    """One large leaf, and the walker has just used it."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, span(2), DEVICE_PFN)
    if HARDWARE:
        dma(mem, 0, 0)


@protocol
def unmap_and_dma(mem: Mem, vpfn: int) -> None:
    """A role: unmap one page; from then on no DMA may reach it."""
    unmap_pages(mem, 0, vpfn, 1)
    if HARDWARE:
        mem.check(dma(mem, 0, vpfn) == 0, "stale-translation", "a DMA reaches a page after unmap and invalidation")


@protocol
def unmap_both_parts(mem: Mem) -> None:
    """A role: unmap pages 0 and 1, one after the other."""
    unmap_and_dma(mem, 0)
    unmap_and_dma(mem, 1)


@protocol
def dma_to_rest(mem: Mem) -> None:
    """A role: DMAs to a part of the leaf that stays mapped."""
    one_dma_to_rest(mem)
    while mem.running():
        one_dma_to_rest(mem)
        mem.cpu_relax()


@protocol
def one_dma_to_rest(mem: Mem) -> None:
    mem.check(dma(mem, 0, 2) == DEVICE_PFN + 2, "lost-mapping", "a DMA to a part that stays mapped faults")


@protocol
def unmap_all_parts(mem: Mem) -> None:
    """A role: unmap the leaf as it was mapped."""
    unmap_pages(mem, 0, 0, span(2))


@protocol
def parts_unmapped(mem: Mem) -> None:
    for vpfn in range(2, 4):
        if (POLICY == WHOLE) | (POLICY == REFUSING):
            check_unmapped(mem, 0, vpfn)
        else:
            check_mapped(mem, 0, vpfn, DEVICE_PFN + vpfn)
    if RESURRECTION:
        check_unmapped(mem, 0, 0)
        check_unmapped(mem, 0, 1)
    if HARDWARE:
        mem.check(dma(mem, 0, 0) == 0, "stale-translation", "a DMA reaches an unmapped page at rest")
        mem.check(dma(mem, 0, 1) == 0, "stale-translation", "a DMA reaches an unmapped page at rest")
    check_tables(mem, 0)


_SPLIT: Final = {**PTDESC_FORM, "policy": SPLITTING, "level_first": 0, "trust_level": 0, "widen": 1, "used_entries": 0}
_RESTING: Final = ("unmaps", "splits")
_WALKED: Final = ("unmaps", "splits", "walks")
_ARM: Final = {**_SPLIT, "hardware": 1, "iotlb_ways": 4, "conflicts": 1}
_IN_USE: Final = (Role("unmap", unmap_both_parts), Role("dma", dma_to_rest, (), "hardware"))
_REFUSED: Final = {**_SPLIT, "policy": REFUSING}
_MIDDLE: Final = (Role("unmap1", unmap_and_dma, (1,)),)

SPLIT_LEAF = Scenario(
    name="split",
    about="Two threads unmap two parts of one large leaf.",
    source=SOURCE,
    setup=map_large,
    roles=(Role("unmap0", unmap_and_dma, (0,)), Role("unmap1", unmap_and_dma, (1,))),
    at_rest=parts_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("reread", "the child is built from a value read after the check", "S4-j.reread", "race",
                "lost-mapping", {**_SPLIT, "split": REREAD}, needs=_RESTING),
        Variant("plain-store", "the child is published by a plain store: an unmapped page comes back",
                "S4-j.plain-store", "race", "stale-translation", {**_SPLIT, "split": PLAIN_STORE, "no_leak": 0},
                needs=_RESTING),
        Variant("plain-store-leak", "and one of two children is linked nowhere", "S4-j.plain-store", "race", "leak",
                {**_SPLIT, "split": PLAIN_STORE, "resurrection": 0}, needs=_RESTING),
        Variant("no-flush", "the old leaf stays in the IOTLB", "S4-j.no-flush", "sequential", "stale-translation",
                {**_SPLIT, "split": NO_FLUSH, "hardware": 1}, needs=_WALKED),
        Variant("unmap-beside", "the other part is unmapped between publishing and flushing", "S4-j.beside", "race",
                "stale-translation", {**_SPLIT, "split": BESIDE, "hardware": 1}, needs=_WALKED),
        Variant("rfc-v1", "policy A as posted widens the size, not the start: from the middle of a leaf it descends",
                "S4-j.descend", "sequential", "wild-access", RFC_V1, needs=("unmaps",), roles=_MIDDLE),
        Variant("rfc-v2", "the same in v2", "S4-j.descend", "sequential", "wild-access", RFC_V2, needs=("unmaps",),
                roles=_MIDDLE),
        Variant("whole", "policy A done right, two owners of one leaf: the second may find it gone", "S4-j.whole",
                "claim", "warning", {**_SPLIT, "policy": WHOLE}, needs=("unmaps",)),
        Variant("arm-in-place", "Arm: the table takes the leaf's place while the IOTLB still has the leaf",
                "S4-j.conflict", "race", "check", {**_ARM, "split": EXCLUSIVE}, needs=_WALKED, roles=_IN_USE),
        Variant("arm-break-first", "Arm: break before make; between the two a DMA to the other parts faults",
                "S4-j.break-first", "claim", "lost-mapping", {**_ARM, "split": BREAK_FIRST}, needs=_WALKED,
                roles=_IN_USE),
        Variant("arm-idle", "Arm: break before make, and no DMA to the rest meanwhile",
                params={**_ARM, "split": BREAK_FIRST}, needs=_WALKED),
        Variant("refused", "io-pgtable-arm: a part is not unmapped; who does not look at what unmap returns goes wrong",
                "S4-j.refused", "sequential", "stale-translation", _REFUSED, needs=("unmaps", "refused")),
        Variant("refused-whole", "the whole leaf is", params=_REFUSED, needs=("unmaps",), forbids=("refused",),
                roles=(Role("unmap", unmap_all_parts),)),
        Variant("cmpxchg", "published by cmpxchg, without a walker beside", params={**_SPLIT, "split": BESIDE},
                needs=_RESTING),
        Variant("exclusive", "split and flushed in a write section",
                params={**_SPLIT, "split": EXCLUSIVE, "hardware": 1}, needs=_WALKED),
        Variant("exclusive-try-upgrade", "the same, with an upgrade in place where the lock can",
                params={**_SPLIT, "split": EXCLUSIVE, "hardware": 1, "upgrade": 1}, needs=_WALKED),
    ),
)


@protocol
def create_only(mem: Mem) -> None:
    """Nothing is mapped."""
    create_domain(mem, 0)


@protocol
def map_over(mem: Mem) -> None:
    """A role that breaks the contract of a range lock: it maps a large leaf where an unmap is under way."""
    map_pages(mem, 0, 0, span(2), DEVICE_PFN)


@protocol
def descend_rest(mem: Mem) -> None:
    """What is left is either the large leaf or nothing; who wins is nobody's promise."""
    check_tables(mem, 0)


DESCEND = Scenario(
    name="descend-into-leaf",
    about="The leaf's size was read under a lock that was dropped: unmap descends into a leaf as if it were a table.",
    source=SOURCE,
    setup=create_only,
    roles=(Role("unmap", unmap_one, (0,)), Role("map", map_over)),
    at_rest=descend_rest,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v1", "present and not covered means table", "S4-j.descend", "race", "wild-access", RFC_V1,
                needs=("unmaps", "maps")),
        Variant("rfc-v2", "the same in v2", "S4-j.descend", "race", "wild-access", RFC_V2, needs=("unmaps", "maps")),
        Variant("checked", "the entry is looked at again before descending", params={**RFC_V2, "trust_level": 0},
                needs=("unmaps", "maps")),
        Variant("checked-split", "the same, splitting", params={**_SPLIT, "used_entries": 0}, needs=("unmaps", "maps")),
    ),
)

SCENARIOS: Final = (SPLIT_LEAF, DESCEND)
