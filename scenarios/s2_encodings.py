"""S2, the word at offset 48 as a page type: what each kernel release takes a count in it for.

If the tables of RFC v2 become ptdescs, `_mapcount` holds a page type as well: "as long as you cannot create a value
that resembles a type" (in the thread). The walkers here read the word without any lock, as compaction and memory
failure do; the allocator looks at it when the page is freed. The encodings are those of include/linux/page-flags.h;
what is expected of a release is what `engine.memory.pagetype` reads out of the word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine import CLEAN, Counter, Geometry, Param, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.memory.page import frame_at, mapcount, page_at, refcount
from engine.memory.pagetype import ENCODINGS, UNTYPED, WORD, bad_page, has_type, is_mapped, types_of, word_of

SOURCE: Final = "https://lore.kernel.org/all/20240426034323.417219-1-pasha.tatashin@soleen.com/"
ONE_PAGE: Final = Geometry(entries=4, levels=1, frames=4)

AT_FIRST = Param("word", word_of("table", "6.9"))  # of the page when the roles begin
TABLE_MASK = Param("table_mask", 0)  # a word is a page table's, and of no other type: word & mask == value
TABLE_VALUE = Param("table_value", 0)
BUDDY_MASK = Param("buddy_mask", 0)
BUDDY_VALUE = Param("buddy_value", 1)
OFFLINE_MASK = Param("offline_mask", 0)
OFFLINE_VALUE = Param("offline_value", 1)
TYPED_BELOW = Param("typed_below", 0)  # a negative word below this is a type, known or not
CLEARS_TYPE = Param("free_clears_type", 0, names={1: "freeing resets a type that is still set (since 6.17)"})
COUNT_FIRST = Param("count_first", 0, names={1: "the count is stored before the type is set"})
DROPS = Param("drops", 1)

LOOKS = Counter("looks", "page types read", operation=True)


WALKERS: Final = ("buddy", "offline", "table")
DRIFT: Final = ("buddy", "offline", "typed")
FREEING: Final = ("typed", "free")


def encoding(kernel: str, uses: Sequence[str]) -> dict[str, int]:
    """The parameters of one release's encoding, those that begin with one of `uses`."""
    row = ENCODINGS[kernel]
    every = row.base
    for bit in row.bits.values():
        every |= bit
    found = {"typed_below": row.reserve & WORD, "free_clears_type": int(row.free_clears_type)}
    for name in ("buddy", "offline", "table"):
        if row.values:
            found |= {f"{name}_mask": 0xFF << 24, f"{name}_value": row.values[name] << 24}
        else:
            found |= {f"{name}_mask": row.base | row.bits[name], f"{name}_value": row.base}
    if row.bits:
        found |= {"table_mask": every, "table_value": every & ~row.bits["table"]}
    return {name: value for name, value in found.items() if name.startswith(tuple(uses))}


def owned(kernel: str) -> int:
    """A page table's word with the bits that belong to its owner at 0, ready to count."""
    return word_of("table", kernel) >> ENCODINGS[kernel].owner_bits << ENCODINGS[kernel].owner_bits


@protocol
def is_typed(word: int) -> int:
    """page_has_type()."""
    return word >> 31 and word < TYPED_BELOW


@protocol
def page_with_word(mem: Mem) -> None:
    mem.atomic_set(mapcount(mem.alloc_page(1)), AT_FIRST)


@protocol
def count_entry(mem: Mem) -> None:
    """A role: set_pte() of RFC v2 counts an entry in the typed word, and clear_pte() takes it back."""
    word = page_at(1) + 48
    mem.atomic_inc(word)
    mem.atomic_dec(word)


@protocol
def look(mem: Mem) -> int:
    """Compaction, memory failure, the offline walker: the word."""
    mem.count(LOOKS)
    word: int = mem.read_page_type(page_at(1) + 48)
    mem.check(word & BUDDY_MASK != BUDDY_VALUE, "check", "a page in use reads as a free buddy page")
    mem.check(word & OFFLINE_MASK != OFFLINE_VALUE, "check", "a page in use reads as offline")
    return word


@protocol
def look_at_table(mem: Mem) -> None:
    """A role."""
    word = look(mem)
    mem.check(word & TABLE_MASK == TABLE_VALUE, "check", "a page table reads as something else, or as nothing")


@protocol
def look_if_mapped(mem: Mem) -> None:
    """A role: page_mapped(), as rmap walkers and /proc/kpagecount ask it. No page table is mapped."""
    word = mem.read_page_type(page_at(1) + 48)
    mem.count(LOOKS)
    mem.check(word >> 31, "check", "a page table is reported as mapped")


@protocol
def construct(mem: Mem) -> None:
    """A role: a second table: the count's base is stored before the type is set, or after it."""
    page = mem.alloc_page(1)
    if COUNT_FIRST:
        mem.atomic_set(mapcount(page), 0)
    mem.warn_on(mem.atomic_read(mapcount(page)) != UNTYPED, "__SetPageTable: the page has a type or a count")
    mem.atomic_set(mapcount(page), AT_FIRST)
    mem.count(LOOKS)


def _reads(word: int, kernel: str) -> str:
    """What a release reads out of a word, in words."""
    return " and ".join(types_of(word, kernel)) or "no type"


def _straight(kernel: str, before: int = 0) -> Variant:
    """RFC v2's increments applied to the word of a typed page."""
    word = word_of("table", kernel) + before
    name = f"{kernel}+{before}" if before else kernel
    about = f"a table's {word_of('table', kernel):#x} and {before + 1} reads as {_reads(word + 1, kernel)}"
    return Variant(name, about, "S2-a", "race", "check",
                   {**encoding(kernel, WALKERS), "word": word & WORD}, needs=("looks",))


def _owned(kernel: str) -> Variant:
    bits = ENCODINGS[kernel].owner_bits
    return Variant(f"{kernel}-owner-bits", f"the low {bits} bits are the owner's: zeroed first, they hold the count",
                   params={**encoding(kernel, WALKERS), "word": owned(kernel)}, needs=("looks",))


def _mapped(kernel: str, name: str, before: int, about: str) -> Variant:
    """A page table's word, and that plus one, for those who ask whether it is mapped (S2-b)."""
    read = (is_mapped(before, kernel), is_mapped(before + 1, kernel))
    breaks = any(read)
    label = "sequential" if all(read) else "race" if breaks else "fix"
    return Variant(f"{kernel}-{name}", f"{about}: {'mapped' if breaks else 'not mapped'}", "S2-b.type" * breaks,
                   label, "check" if breaks else CLEAN, {"word": before & WORD}, needs=("looks",),
                   roles=(Role("set_pte", count_entry), Role("rmap", look_if_mapped)))


TYPE_ALIAS = Scenario(
    name="type-alias",
    about="A count in a typed word turns the page table's type into another one for whoever looks in between.",
    source=SOURCE,
    setup=page_with_word,
    roles=(Role("set_pte", count_entry), Role("walker", look_at_table)),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        *(_straight(kernel) for kernel in ("6.9", "6.8", "6.10", "5.4", "6.11", "6.12", "6.14", "6.17")),
        *(_straight("6.9", before) for before in (128, 256, 384)),
        *(_owned(kernel) for kernel, row in ENCODINGS.items() if row.owner_bits),
        *(_mapped(kernel, "full", word_of("table", kernel) + 512, "a table's type and 512 entries, and one more")
          for kernel in ("5.4", "6.9", "6.11", "6.12")),
        _mapped("6.17", "untyped", 0, "no type, 0 for an empty table"),
        _mapped("6.17", "owner-mapped", owned("6.17") + 512, "type and 512 entries in the owner's bits"),
        Variant("count-first", "the setter asserts that the page has no type yet", "S2-a.reverse", "sequential",
                "warning", {"count_first": 1}, needs=("looks",), roles=(Role("ctor", construct),)),
        Variant("type-first", "on an untyped page the setter is content", needs=("looks",),
                roles=(Role("ctor", construct),)),
    ),
)


@protocol
def underflow(mem: Mem) -> None:
    """A role: puts without gets on an untyped word, and a look."""
    for _ in range(DROPS):
        mem.atomic_dec(page_at(1) + 48)
    mem.check(not is_typed(look(mem)), "check", "a count that ran below 0 reads as a page type")


def _drifted(name: str, kernel: str, count: int, item: str = "") -> Variant:
    """The put that takes an untyped count to `count`."""
    breaks = has_type(count, kernel)
    read = f"at {count} it reads as {_reads(count, kernel)}" + (", and is typed all the same" if breaks and
                                                              not types_of(count, kernel) else "")
    label = "mutation" if breaks else "claim" if item else "fix"
    return Variant(name, read, item or ("S2-e" if breaks else ""), label, "check" if breaks else CLEAN,
                   {**encoding(kernel, DRIFT), "word": count + 1 & WORD}, needs=("looks",))


UNDERFLOW = Scenario(
    name="underflow-type",
    about="Unbalanced decrements walk from 0 through -1 into the page types.",
    source=SOURCE,
    setup=page_with_word,
    roles=(Role("put", underflow),),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("6.9", "at -129 it reads as a buddy page", "S2-e", "mutation", "check",
                {**encoding("6.9", DRIFT), "word": 0, "drops": 129}, needs=("looks",)),
        Variant("6.9-reserve", "PAGE_MAPCOUNT_RESERVE: down to -128 it is no type", "S2-e", "claim", CLEAN,
                {**encoding("6.9", DRIFT), "word": 0, "drops": 128}, needs=("looks",)),
        *(_drifted(f"6.9{count}", "6.9", count) for count in (-257, -385, -513, -1025)),
        *(_drifted(kernel, kernel, -129) for kernel in ENCODINGS if kernel != "6.9"),
        _drifted("6.11-65537", "6.11", -65537),
        _drifted("6.12-16777217", "6.12", -(1 << 24) - 1),
    ),
)


@protocol
def free_table(mem: Mem) -> None:
    """A role: the last put of a table, whatever its word says; what free_pages_prepare() resets is reset."""
    table = frame_at(1)
    if mem.page_ref_sub_and_test(refcount(table), 1):
        word = mem.read_page_type(mapcount(table))
        mem.count(LOOKS)
        if CLEARS_TYPE and is_typed(word):
            mem.atomic_set(mapcount(table), UNTYPED)
        mem.free_page(table)


def _left(kernel: str, name: str, word: int, about: str) -> Variant:
    """A page that is freed with this word."""
    bad = bad_page(word, kernel) is not None
    return Variant(f"{kernel}-{name}", f"{about}: {'a bad page, leaked' if bad else 'it passes'}",
                   "S2-c.type" if bad else "", "sequential" if bad else "fix", "bad-page" if bad else CLEAN,
                   {**encoding(kernel, FREEING), "word": word & WORD}, needs=("looks",))


FREE_TYPED = Scenario(
    name="free-typed",
    about="A page table goes back to the allocator with its type, or its count, still in the word.",
    source=SOURCE,
    setup=page_with_word,
    roles=(Role("free", free_table),),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        *(_left(kernel, "typed", word_of("table", kernel), "the type is forgotten") for kernel in ENCODINGS),
        *(_left(kernel, "count", 1, "an untyped count is forgotten") for kernel in ("6.9", "6.17")),
        *(_left(kernel, "owner-bits", owned(kernel) + 1, "type and count are forgotten")
          for kernel, row in ENCODINGS.items() if row.owner_bits),
        *(_left(kernel, "reset", UNTYPED, "-1 is put back") for kernel in ("6.9", "6.12")),
    ),
)

SCENARIOS: Final = (TYPE_ALIAS, UNDERFLOW, FREE_TYPED)
