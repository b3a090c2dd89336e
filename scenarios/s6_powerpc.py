"""S6: powerpc page table fragments, from `_refcount` to `pt_frag_refcount`, beside speculative getters.

4231aba000f5 "powerpc/64s: Fix page table fragment refcount race vs speculative references", Nicholas Piggin, 27 Jul
2018 (a customer's BUG: refcount underflow). Hugh Dickins' remark that powerpc could have lived with `_refcount`, had it
added instead of stored, is of the pte_free_defer thread, June 2023: it is tested both ways.
"""

from __future__ import annotations

from typing import Final

from engine import Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import page_of
from scenarios.models.fragment import (
    CONSTRUCTED,
    DESTROYED,
    OTHER,
    alloc_fragment,
    construct,
    counter_of,
    exit_mm,
    free_fragment,
)
from scenarios.models.gup import bump_pfn, put

SOURCE: Final = "https://lore.kernel.org/linuxppc-dev/20180727114817.27190-1-npiggin@gmail.com/"
SMALL: Final = Geometry(entries=4, levels=1, frames=4)
REAL: Final = Geometry(entries=512, levels=1, frames=8)
ENTRY: Final = 0x1003

OLD: Final = {"frag_counter": 52, "install": 0}
ADDED: Final = {"frag_counter": 52, "install": 1}
COUNTED: Final = {"frag_counter": 32}
NEW: Final = {**COUNTED, "install": 0}

KEPT = Word("kept")  # the fragment that stays in use


@protocol
def bump_first(mem: Mem) -> None:
    """A role: transient gets of frame 1, which becomes the page of fragments."""
    bump_pfn(mem, 1)


@protocol
def grow(mem: Mem) -> None:
    """A role: two tables of a new page; one is freed, the mm gives back the rest, the other stays in use."""
    first = alloc_fragment(mem)
    second = alloc_fragment(mem)
    mem.write_once(KEPT, second)
    free_fragment(mem, first)
    exit_mm(mem)
    mem.write_once(second, ENTRY)


@protocol
def one_in_use(mem: Mem) -> None:
    """The fragment in use holds its entry, and the counter says one (F1)."""
    fragment = mem.read_once(KEPT)
    mem.check(mem.read_once(fragment) == ENTRY, "lost-mapping", "the entry of a table in use is gone")
    mem.check(mem.atomic_read(counter_of(fragment)) == 1, "count-drift", "one fragment is out and the counter differs")


FRAGMENT_STORE = Scenario(
    name="fragment-store",
    about="A plain store of the number of fragments wipes out a reference that a getter holds.",
    source=SOURCE,
    roles=(Role("fault", grow), Role("gup", bump_first)),
    at_rest=one_in_use,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("refcount", "counting in _refcount, stored: the getter's put frees a page in use", "S6-a", "race",
                "use-after-free", {**OLD, "typed": 0}, needs=("taken", "gets")),
        Variant("refcount-typed", "the same with page types: the page is bad, because it is still a table", "S6-a",
                "race", "bad-page", {**OLD, "typed": 1}, needs=("taken", "gets")),
        Variant("refcount-add", "the claim 'an add instead of a store would do' holds here; see last-fragment", "S6-a",
                "claim", params={**ADDED, "typed": 0}, needs=("taken", "returned", "gets")),
        Variant("frag-refcount", "counting in pt_frag_refcount", params={**NEW, "typed": 0},
                needs=("taken", "returned", "gets")),
        Variant("frag-refcount-typed", "counting in pt_frag_refcount, with page types", params={**NEW, "typed": 1},
                needs=("taken", "returned", "gets")),
    ),
)


@protocol
def one_fragment_out(mem: Mem) -> None:
    """A page whose other fragments are all back already."""
    mem.write_once(KEPT, alloc_fragment(mem))
    exit_mm(mem)


@protocol
def free_last(mem: Mem) -> None:
    """A role: free the last fragment."""
    free_fragment(mem, mem.read_once(KEPT))


@protocol
def all_destroyed(mem: Mem) -> None:
    """F2, and every constructor has had its destructor."""
    mem.check(mem.read_once(CONSTRUCTED) == mem.read_once(DESTROYED), "leak",
              "a page of tables was freed without its destructor")
    mem.check(mem.page_ref_add_unless(page_of(mem.read_once(KEPT)) + 52, 0, 0) == 0, "leak",
              "no fragment is out and the page is in use")


LAST_FRAGMENT = Scenario(
    name="last-fragment",
    about="A getter holds the page while its last fragment is freed, and frees it without the table destructor.",
    source=SOURCE,
    setup=one_fragment_out,
    roles=(Role("free", free_last), Role("gup", bump_first)),
    at_rest=all_destroyed,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("refcount", "before page types: the destructor never runs", "S6-b", "race", "leak",
                {**OLD, "typed": 0}, needs=("returned", "gets")),
        Variant("refcount-typed", "with page types: the getter frees a page that is still a table", "S6-b", "race",
                "bad-page", {**OLD, "typed": 1}, needs=("returned", "gets")),
        Variant("refcount-add", "the claim 'an add instead of a store would do' fails here", "S6-b", "claim",
                "bad-page", {**ADDED, "typed": 1}, needs=("returned", "gets")),
        Variant("frag-refcount", "counting in pt_frag_refcount, freed by __free_page: the last reference frees",
                params=NEW, needs=("returned", "gets", "pages_freed")),
    ),
)


@protocol
def free_and_reuse(mem: Mem) -> None:
    """A role: free the last fragment; the next page, which may be the same, goes to somebody else."""
    free_last(mem)
    other = mem.alloc_page(OTHER)
    mem.write_once(other, ENTRY)
    mem.check(mem.read_once(other) == ENTRY, "check", "the new owner's page holds what it wrote")
    put(mem, other)


FREE_UNREF = Scenario(
    name="free-unref",
    about="free_unref_page() ignores a transient reference; its put drops the next owner's.",
    source=SOURCE,
    setup=one_fragment_out,
    roles=(Role("free", free_and_reuse), Role("gup", bump_first)),
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("free-unref-page", "the getter's put drops a count that is no longer its page's", "S6-c",
                "race", "bad-page", {**NEW, "last_free": 1, "typed": 0}, needs=("returned", "gets")),
        Variant("free-page", "__free_page honours the reference", params={**NEW, "typed": 0},
                needs=("returned", "gets")),
    ),
)

EARLY_INIT = Param("early_init", 0, names={0: "none", 1: "the counter of early tables is set to 1"})


@protocol
def boot(mem: Mem) -> None:
    """A table set up before the fragment allocator is there; the descriptors of memblock pages are zeroed."""
    frame = mem.alloc_page(OTHER)
    mem.atomic_set(counter_of(frame), EARLY_INIT)
    construct(mem, frame)
    mem.write_once(KEPT, frame)


@protocol
def hot_unplug(mem: Mem) -> None:
    """A role: free the kernel's page tables of memory that is removed."""
    free_fragment(mem, mem.read_once(KEPT))


BOOT_TABLE = Scenario(
    name="boot-table",
    about="A table from early boot was never counted; memory hot-unplug frees it.",
    source="regression report of May 2019: BUG_ON in pte_fragment_free on memory hot-unplug",
    setup=boot,
    roles=(Role("unplug", hot_unplug),),
    at_rest=all_destroyed,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("uncounted", "pt_frag_refcount is 0", "S6-d", "sequential", "warning", COUNTED,
                needs=("returned",)),
        Variant("early-init", "early tables are counted too", params={**COUNTED, "early_init": 1},
                needs=("pages_freed",)),
    ),
)

SCENARIOS: Final = (FRAGMENT_STORE, LAST_FRAGMENT, FREE_UNREF, BOOT_TABLE)
