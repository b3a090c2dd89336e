"""S7: FS-DAX and the counts of device pages: when may a file's block be freed?

Alistair Popple's "fs/dax" series, patch 07/13 "huge_memory: Allow mappings of PUD sized pages" (27 Jun 2024, review by
David Hildenbrand), merged as 38607c62b34b "fs/dax: properly refcount fs dax pages" (v6.15).
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Geometry, Param, Role, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES, page_at, refcount
from scenarios.models.dax import (
    BLOCK,
    DEVICE,
    DMA,
    FAULTS,
    OTHER_FILE,
    SLOT,
    ZERO_BASED,
    base,
    break_layout,
    create_block,
    fault,
    gup,
    put,
    zap,
)
from scenarios.models.folio import mappings

SOURCE: Final = "https://lore.kernel.org/all/cover.66009f59a7fe77320d413011386c3ae5c2ee82eb.1719386613.git-series.apopple@nvidia.com/"
ONE_PAGE: Final = Geometry(entries=4, levels=1, frames=4)
SLOW_DMA: Final = Geometry(entries=8, levels=1, frames=4)
TURNS: Final = 256  # of an empty loop that a transfer takes, at most

OLD: Final = {"zero_based": 0}
NEW: Final = {"zero_based": 1}


@protocol
def mapped(mem: Mem) -> None:
    """The page is mapped."""
    create_block(mem)
    fault(mem)


@protocol
def not_mapped(mem: Mem) -> None:
    create_block(mem)


@protocol
def truncate(mem: Mem) -> None:
    """A role: free the block."""
    break_layout(mem)


@protocol
def munmap(mem: Mem) -> None:
    """A role: another thread removes the mapping."""
    zap(mem)


@protocol
def touch(mem: Mem) -> None:
    """A role: a process touches the page."""
    fault(mem)


@protocol
def transfer(mem: Mem) -> None:
    """A transfer takes longer than a step, natively; in a search any step may take as long as it likes."""
    if ENTRIES > 4:
        for _ in range(mem.choose(TURNS)):
            mem.cpu_relax()


@protocol
def dma(mem: Mem) -> None:
    """A role: pin, let a device write, unpin."""
    page = gup(mem)
    if page != 0:
        transfer(mem)
        mem.write_once(page, DMA)
        put(mem, page)


@protocol
def not_damaged(mem: Mem) -> None:
    """D1: nobody wrote to the block after another file got it. D4: the count is what holds the page."""
    page = mem.read_once(BLOCK)
    mem.check(mem.read_once(page) == OTHER_FILE, "check", "a DMA wrote to a block that belongs to another file")
    check_counts(mem, page)


@protocol
def check_counts(mem: Mem, page: int) -> None:
    """D3, D4: nobody holds the page but its mapping."""
    is_mapped = mem.read_once(SLOT) != 0
    held = base()
    if ZERO_BASED:
        held += is_mapped
        mem.check(mappings(mem, page) == is_mapped, "count-drift", "_mapcount is not the number of mappings")
    mem.check(mem.atomic_read(refcount(page)) == held, "count-drift", "_refcount is not what holds the page")


DAX_WAKE = Scenario(
    name="dax-wake",
    about="Truncation sleeps until the last reference goes; the put that must wake it has another number in mind.",
    source=SOURCE,
    setup=mapped,
    roles=(Role("truncate", truncate), Role("gup", dma)),
    at_rest=not_damaged,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("wake-at-zero", "the ordinary rule: a put wakes at 0, and 1 is idle here", "S7-a", "mutation",
                "deadlock", {**OLD, "wake_at": 0}, needs=("pins", "waits")),
        Variant("one-based", "2 to 1 wakes", params=OLD, needs=("pins", "waits", "punched")),
        Variant("zero-based", "since 6.15: 0 is idle, and 0 wakes", params=NEW, needs=("pins", "waits", "punched")),
        Variant("skips-reserved", "a put that leaves PG_reserved pages alone: the reference never goes", "S7-j",
                "mutation", "deadlock", {**OLD, "skips_reserved": 1}, needs=("pins",)),
    ),
)

DAX_RECHECK = Scenario(
    name="dax-recheck",
    about="GUP-fast takes a reference on a page whose mapping has gone since it looked.",
    source=SOURCE,
    setup=mapped,
    roles=(Role("truncate", truncate), Role("gup", dma)),
    at_rest=not_damaged,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("no-recheck", "one-based counts never refuse a get; without the second look the DMA goes through",
                "S7-d", "mutation", "check", {**OLD, "recheck": 0}, needs=("pins", "punched")),
        Variant("recheck", "one-based, with the second look", params=OLD, needs=("pins", "punched")),
        Variant("zero-based-no-recheck", "the claim 'zero-based counts refuse the get by themselves'", "S7-d", "claim",
                params={**NEW, "recheck": 0}, needs=("pins", "punched")),
    ),
)

DAX_REFAULT = Scenario(
    name="dax-refault",
    about="A fault maps the page again between unmap and busy check; a pin follows, and the block is freed.",
    source=SOURCE,
    setup=mapped,
    roles=(Role("truncate", truncate), Role("fault", touch), Role("gup", dma)),
    at_rest=not_damaged,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("one-based-no-lock", "without the invalidate lock: a mapping takes no reference and looks idle", "S7-c",
                "race", "check", {**OLD, "no_faults": 0}, needs=("pins", "punched", "faults")),
        Variant("zero-based-no-lock", "the same since 6.15: a mapping is no reason to wait", "S7-c", "race", "check",
                {**NEW, "no_faults": 0, "polls": 1, "waits_entry": 0}, needs=("pins", "punched", "faults")),
        Variant("one-based", "faults wait for the invalidate lock", params=OLD, needs=("pins", "punched", "faults")),
        Variant("zero-based", "since 6.15, with the invalidate lock", params=NEW, needs=("pins", "punched", "faults")),
    ),
)

_FAULTING: Final = {**NEW, "no_faults": 0}

DAX_FAULT_REF = Scenario(
    name="dax-fault-ref",
    about="The short reference of a fault in flight counts as a pin; whoever then waits for 0 waits for the mapping.",
    source=SOURCE,
    setup=not_mapped,
    roles=(Role("truncate", truncate), Role("fault", touch)),
    at_rest=None,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("wait-only", "it sleeps until 0, and nobody unmaps", "S7-g", "race", "deadlock",
                {**_FAULTING, "waits_entry": 0}, needs=("faults", "waits")),
        Variant("unmap-each-turn", "it unmaps again before every look",
                params={**_FAULTING, "waits_entry": 0, "polls": 1}, needs=("faults", "punched")),
        Variant("entry-lock", "it waits for the locked entry first: the short reference is gone by then",
                params=_FAULTING, needs=("faults", "punched")),
        Variant("invalidate-lock", "no fault meanwhile", params=NEW, needs=("faults", "punched")),
    ),
)

DAX_TORN_BUSY = Scenario(
    name="dax-torn-busy",
    about="References minus mappings is two loads; an unmap between them makes a pinned page look idle.",
    source=SOURCE,
    setup=mapped,
    roles=(Role("truncate", truncate), Role("munmap", munmap), Role("gup", dma)),
    at_rest=not_damaged,
    geometry=SLOW_DMA,
    small=ONE_PAGE,
    variants=(
        Variant("mapcount-first", "old mappings, new references: the difference is 0 with a pin", "S7-f", "race",
                "check", {**NEW, "refs_first": 0}, needs=("pins", "punched", "zaps")),
        Variant("references-first", "the difference can only be too large, and it looks again", "S7-f", "claim",
                params=NEW, needs=("pins", "punched", "zaps")),
    ),
)

SHARE_ATOMIC = Param("share_atomic", 0, names={0: "load, store", 1: "atomic_dec_and_test"})
JOINS = Param("joins", 0, names={0: "both files let it go", 1: "one lets it go while a third one shares it"})
LET_GO = Counter("let_go", "files that let the folio go", operation=True)




@protocol
def share_of() -> int:
    """How many files share the folio, which is frame 1: `share` at 32."""
    return page_at(1) + 32


@protocol
def mapping_of() -> int:
    """Not 0 while the folio is associated: `mapping` at 24."""
    return page_at(1) + 24


@protocol
def shared_by_two(mem: Mem) -> None:
    mem.alloc_page(DEVICE)
    mem.write_once(share_of(), 2)
    mem.write_once(mapping_of(), 1)


@protocol
def disassociate(mem: Mem) -> None:
    """A role: one of the files lets the folio go, under its own i_pages lock."""
    if SHARE_ATOMIC:
        last = mem.atomic64_dec_and_test(share_of())
    else:
        left = mem.read_once(share_of()) - 1
        mem.write_once(share_of(), left)
        last = left == 0
    if last:
        mem.write_once(mapping_of(), 0)
    mem.count(LET_GO)


@protocol
def associate(mem: Mem) -> None:
    """A role: another file comes to share the folio (reflink), under its own i_pages lock."""
    if SHARE_ATOMIC:
        mem.atomic64_inc(share_of())
    else:
        mem.write_once(share_of(), mem.read_once(share_of()) + 1)


@protocol
def torn_down(mem: Mem) -> None:
    if JOINS:
        mem.check(mem.read_once(share_of()) == 2, "count-drift", "two files have the folio and its share count differs")
    else:
        mem.check(mem.read_once(mapping_of()) == 0, "leak", "no file has the folio any more and it was never torn down")


_JOINED: Final = (Role("file1", disassociate), Role("file3", associate))

DAX_SHARE = Scenario(
    name="dax-share",
    about="Two files that share a folio let it go under different locks; its share count is no atomic.",
    source=SOURCE,
    setup=shared_by_two,
    roles=(Role("file1", disassociate), Role("file2", disassociate)),
    at_rest=torn_down,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("load-store", "as posted; questioned in the review of v9", "S7-h", "race", "leak", {"share_atomic": 0},
                needs=("let_go",)),
        Variant("atomic", "dec-and-test", params={"share_atomic": 1}, needs=("let_go",)),
        Variant("associate", "the same where a third file comes: torn down under it, or never", "S7-h.associate",
                "race", "count-drift", {"share_atomic": 0, "joins": 1}, needs=("let_go",), roles=_JOINED),
        Variant("associate-atomic", "both are atomic", params={"share_atomic": 1, "joins": 1}, needs=("let_go",),
                roles=_JOINED),
    ),
)

ORDINARY_PUT = Param("ordinary_put", 0, names={1: "unmap drops a reference that the mapping never took"})


@protocol
def unmap_and_touch(mem: Mem) -> None:
    """A role: unmap, then map again."""
    page = mem.read_once(BLOCK)
    zap(mem)
    if ORDINARY_PUT:
        if mem.atomic_dec_and_test(refcount(page)):
            mem.free_page(page)
    fault(mem)


@protocol
def base_kept(mem: Mem) -> None:
    check_counts(mem, mem.read_once(BLOCK))


DAX_ORDINARY_PUT = Scenario(
    name="dax-ordinary-put",
    about="A path that treats a device page as any other drops the reference that keeps it off the free list.",
    source=SOURCE,
    setup=mapped,
    roles=(Role("unmap", unmap_and_touch),),
    at_rest=base_kept,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("one-based", "1 to 0 frees device memory", "S7-b", "mutation", "use-after-free",
                {**OLD, "ordinary_put": 1}, needs=("zaps",)),
        Variant("no-put", "a mapping that took no reference drops none", params=OLD, needs=("zaps", "faults")),
        Variant("zero-based", "since 6.15 it took one", params=NEW, needs=("zaps", "faults")),
    ),
)

DAX_OLD_INSERT = Scenario(
    name="dax-old-insert",
    about="An insert that takes no reference beside a busy check that counts on it.",
    source=SOURCE,
    setup=not_mapped,
    roles=(Role("fault", touch),),
    at_rest=base_kept,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("mixed", "mapped, and nobody holds it: references minus mappings is -1", "S7-e", "sequential",
                "count-drift", {**NEW, "insert_counts": 0}, needs=("faults",)),
        Variant("zero-based", "the insert takes its reference", params=NEW, needs=("faults",)),
    ),
)

PUD: Final = 1
TABLE: Final = 2
UNDER_LOCK = Param("locked", 1, names={0: "the slot is looked at without the lock", 1: "under the PUD lock"})
PUD_SLOT = Word("pud")
PTE_SLOT = Word("pte_below")
ENTIRE = Word("entire_mapcount")
SUBPAGE = Word("subpage_mapcount")
PUD_LOCK = SpinLock("pud_lock")


@protocol
def fault_pud(mem: Mem) -> None:
    """A role: map 1 GiB with one entry, if nothing is there."""
    if UNDER_LOCK:
        mem.spin_lock(PUD_LOCK)
    if mem.read_once(PUD_SLOT) == 0:
        mem.atomic64_inc(ENTIRE)
        mem.write_once(PUD_SLOT, PUD)
        mem.count(FAULTS)
    if UNDER_LOCK:
        mem.spin_unlock(PUD_LOCK)


@protocol
def fault_pte(mem: Mem) -> None:
    """A role: map 4 KiB of the same range, if it is not mapped as a whole."""
    if UNDER_LOCK:
        mem.spin_lock(PUD_LOCK)
    if mem.read_once(PUD_SLOT) == 0:
        mem.write_once(PUD_SLOT, TABLE)
        mem.atomic64_inc(SUBPAGE)
        mem.write_once(PTE_SLOT, 1)
        mem.count(FAULTS)
    if UNDER_LOCK:
        mem.spin_unlock(PUD_LOCK)


@protocol
def one_kind(mem: Mem) -> None:
    """D5: one kind of entry maps the folio, and its mapcounts say so."""
    slot = mem.read_once(PUD_SLOT)
    mem.check(mem.read_once(ENTIRE) == (slot == PUD), "count-drift", "entire mapcount without a PUD entry")
    mem.check(mem.read_once(SUBPAGE) == (slot == TABLE), "count-drift", "a subpage's mapcount without a table")


DAX_PUD_PTE = Scenario(
    name="dax-pud-pte",
    about="One thread maps 1 GiB as a whole, another one page of it: the entries must exclude each other.",
    source=SOURCE,
    roles=(Role("pud", fault_pud), Role("pte", fault_pte)),
    at_rest=one_kind,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("no-lock", "both see an empty slot", "S7-i", "race", "count-drift", {"locked": 0},
                needs=("faults",)),
        Variant("pud-lock", "the second one sees the first", params={"locked": 1}, needs=("faults",)),
    ),
)

SCENARIOS: Final = (DAX_WAKE, DAX_RECHECK, DAX_REFAULT, DAX_FAULT_REF, DAX_TORN_BUSY, DAX_SHARE, DAX_ORDINARY_PUT,
                    DAX_OLD_INSERT, DAX_PUD_PTE)
