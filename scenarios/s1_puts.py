"""S1: puts that are nobody's own: one too many, and one that comes last.

RFC v1 of 21 Dec 2023 counts entries in `_refcount`, and its table pages may be of order 1. A getter that never took
what it drops makes a live table look empty; a getter that drops last frees what it knows, which is the head alone.
"""

from __future__ import annotations

from typing import Final

from engine import Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import FRAME_SHIFT, LEVELS, page_at, refcount
from scenarios.forms import PTDESC_FORM, RFC_V1
from scenarios.models.count import FREED
from scenarios.models.gup import bump_pfn
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.rest import check_mapped, check_unmapped, pages_in_use
from scenarios.s1_refcount import REAL, SMALL, SOURCE, map_two, unmap_one

BALANCED = Param("balanced", 1, names={0: "a put without a get", 1: "a get and its put"})


@protocol
def unbalanced_put(mem: Mem) -> None:
    """A role: somebody drops a reference that he never took, or takes one and drops it, as `BALANCED` says."""
    count = page_at(LEVELS) + 52
    if BALANCED:
        mem.atomic_inc(count)
    mem.atomic_dec(count)


@protocol
def first_stays(mem: Mem) -> None:
    check_mapped(mem, 0, 0, DEVICE_PFN)
    check_unmapped(mem, 0, 1)


UNBALANCED_PUT = Scenario(
    name="unbalanced-put",
    about="A put without a get makes a table with one entry look empty; a get and its put can only hide that it is.",
    source=SOURCE,
    setup=map_two,
    roles=(Role("unmap", unmap_one, (1,)), Role("put", unbalanced_put)),
    at_rest=first_stays,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("put", "a live table is unlinked and freed: the mapping is lost", "S1-f", "mutation", "lost-mapping",
                {**RFC_V1, "range_check": 0, "balanced": 0}, needs=("unmaps",)),
        Variant("get-put", "v1 errs on the side of the missed free only", params={**RFC_V1, "range_check": 0},
                needs=("unmaps",)),
        Variant("ptdesc", "the put is of another word", params={**PTDESC_FORM, "balanced": 1}, needs=("unmaps",)),
    ),
)

ORDER = Param("alloc_order", 1, names={0: "one page", 1: "two pages, no compound page"})
FREES_TAILS = Param("frees_tails", 0, names={0: "the last put frees all pages, or nobody does",
                                             1: "5.10: who is not the last frees the tails at once"})
HEAD = Word("head")


@protocol
def order_one(mem: Mem) -> None:
    """A table of two pages that are no compound page, where the head counts for both; or of one."""
    head = mem.alloc_page(1)
    if ORDER:
        mem.check(mem.alloc_page(1) == head + (1 << FRAME_SHIFT), "check", "set-up: two pages side by side")
    mem.write_once(HEAD, head)


@protocol
def free_order_one(mem: Mem) -> None:
    """A role: __free_pages(head, 1) by the owner."""
    head = mem.read_once(HEAD)
    tail = head + (1 << FRAME_SHIFT)
    last = mem.atomic_dec_and_test(refcount(head))
    if ORDER and last | FREES_TAILS:
        mem.atomic_set(refcount(tail), 0)
        mem.free_page(tail)
    if last:
        mem.free_page(head)
    mem.count(FREED)


@protocol
def bump_head(mem: Mem) -> None:
    """A role: transient gets of the head, which is frame 1."""
    bump_pfn(mem, 1)


@protocol
def nothing_left(mem: Mem) -> None:
    mem.check(pages_in_use(mem) == 0, "leak", "the getter freed the head alone, the tail is lost")


LAST_PUT = Scenario(
    name="last-put-elsewhere",
    about="The getter does the last put of a table of two pages, and frees the one it knows.",
    source=SOURCE,
    setup=order_one,
    roles=(Role("free", free_order_one), Role("gup", bump_head)),
    at_rest=nothing_left,
    geometry=Geometry(entries=512, levels=1, frames=8),
    small=Geometry(entries=4, levels=1, frames=4),
    variants=(
        Variant("tails-lost", "__free_pages() before 5.10", "S1-e", "race", "leak", {"frees_tails": 0},
                needs=("freed", "gets")),
        Variant("tails-freed", "e320d3012d25: the owner frees the tails, whoever frees the head",
                params={"frees_tails": 1}, needs=("freed", "gets")),
        Variant("one-page", "a table of one page: whoever is last frees all there is", "S1-e.one-page", "claim",
                params={"alloc_order": 0}, needs=("freed", "gets")),
    ),
)

SCENARIOS: Final = (UNBALANCED_PUT, LAST_PUT)
