"""What the 32-bit word at offset 48 of `struct page` means: `_mapcount`, a page type, or both at once by accident.

The word is -1 for a page that is neither mapped nor typed. A page type makes it a large negative number, in one of
three encodings (include/linux/page-flags.h):

    inverted bits     a page has type X when the base bits are all set and bit X is clear; several types at once can be
                      read out of a counter that drifted. Up to 6.10 in the low bits, in 6.11 in the high ones.
    a value           since 6.12 the top byte is a number and the low 24 bits belong to the typed page's owner
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.errors import UsageError

UNTYPED: Final = 0xFFFFFFFF
WORD: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class Encoding:
    """One kernel version's reading of the word.

    Attributes:
        kernel: the first release that has it (for the oldest: one that has it).
        bits: inverted encodings: type -> the bit that is clear.
        values: since 6.12: type -> the top byte.
        base: inverted encodings: bits that are set in every typed word.
        reserve: typed if the word, read as signed, is below this.
        owner_bits: how many low bits the owner of a typed page may use.
        free_clears_type: freeing resets a type that is still set, so that only an untyped count is a bad page.
    """

    kernel: str
    bits: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, int] = field(default_factory=dict)
    base: int = 0xF0000000
    reserve: int = -128
    owner_bits: int = 0
    free_clears_type: bool = False


_BITS_6_8: Final = {"buddy": 0x80, "offline": 0x100, "table": 0x200, "guard": 0x400}
_BITS_6_11: Final = {
    "buddy": 0x40000000, "offline": 0x20000000, "table": 0x10000000, "guard": 0x08000000, "hugetlb": 0x04000000,
    "slab": 0x02000000, "zsmalloc": 0x01000000, "unaccepted": 0x00800000,
}
_VALUES_6_12: Final = {
    "buddy": 0xF0, "offline": 0xF1, "table": 0xF2, "guard": 0xF3, "hugetlb": 0xF4, "slab": 0xF5, "zsmalloc": 0xF6,
    "unaccepted": 0xF7,
}
_VALUES_6_14: Final = {**_VALUES_6_12, "large_kmalloc": 0xF8}
_RESERVE_6_12: Final = (0xFF << 24) - (1 << 32)

#: kernel -> its encoding, oldest first. A release between two rows has the older row's.
ENCODINGS: Final[dict[str, Encoding]] = {each.kernel: each for each in (
    Encoding("5.4", {"buddy": 0x80, "offline": 0x100, "kmemcg": 0x200, "table": 0x400, "guard": 0x800}),
    Encoding("6.8", _BITS_6_8),
    Encoding("6.9", {**_BITS_6_8, "hugetlb": 0x800}),
    Encoding("6.10", {**_BITS_6_8, "hugetlb": 0x800, "slab": 0x1000}),
    Encoding("6.11", _BITS_6_11, base=0x80000000, reserve=-(1 << 16), owner_bits=16),
    Encoding("6.12", values=_VALUES_6_12, reserve=_RESERVE_6_12, owner_bits=24),
    Encoding("6.14", values=_VALUES_6_14, reserve=_RESERVE_6_12, owner_bits=24),
    Encoding("6.17", values=_VALUES_6_14, reserve=_RESERVE_6_12, owner_bits=24, free_clears_type=True),
)}


def encoding_of(kernel: str) -> Encoding:
    """The encoding of a row of `ENCODINGS`.

    Raises:
        UsageError: there is no such row.
    """
    if kernel not in ENCODINGS:
        raise UsageError(f"no page type encoding for kernel {kernel!r}; there are: {', '.join(ENCODINGS)}")
    return ENCODINGS[kernel]


def word_of(page_type: str, kernel: str) -> int:
    """The word of a page that was just given a type: `__SetPageTable` and its like, applied to -1.

    Raises:
        UsageError: that kernel has no such type.
    """
    encoding = encoding_of(kernel)
    if page_type in encoding.bits:
        return UNTYPED & ~encoding.bits[page_type]
    if page_type in encoding.values:
        return encoding.values[page_type] << 24 | 0xFFFFFF
    known = ", ".join([*encoding.bits, *encoding.values])
    raise UsageError(f"kernel {kernel} has no page type {page_type!r}; it has: {known}")


def types_of(word: int, kernel: str) -> tuple[str, ...]:
    """Every type that the word reads as, in the order of the table: none, one, or (inverted bits only) several."""
    encoding, word = encoding_of(kernel), word & WORD
    if encoding.values:
        return tuple(name for name, top in encoding.values.items() if word >> 24 == top)
    return tuple(name for name, bit in encoding.bits.items() if word & (encoding.base | bit) == encoding.base)


def has_type(word: int, kernel: str) -> bool:
    """page_has_type(): whether the kernel takes the word for a type, a known one or not."""
    return _signed(word) < encoding_of(kernel).reserve


def mapcount(word: int, kernel: str) -> int:
    """page_mapcount() of a small page: the count plus one, 0 where the word is a type; negative after an underflow."""
    return 0 if has_type(word, kernel) else _signed(word) + 1


def is_mapped(word: int, kernel: str) -> bool:
    """Whether the kernel believes that the page is in somebody's page table."""
    return mapcount(word, kernel) >= 1


def bad_page(word: int, kernel: str, *, mapping: int = 0, refcount: int = 0, memcg: int = 0,
             freeing: bool = True) -> str | None:
    """The check of the page allocator on every page it takes back or hands out.

    Args:
        word: the type word. mapping, refcount, memcg: the other fields that must be reset.
        freeing: on the way in; since 6.17 a type that is still set is cleared first.

    Returns:
        None if the page may pass, else what the kernel prints after "page dumped because:"; the page is then leaked.
    """
    if freeing and encoding_of(kernel).free_clears_type and has_type(word, kernel):
        word = UNTYPED
    if word & WORD != UNTYPED:
        return "nonzero mapcount"
    if mapping:
        return "non-NULL mapping"
    if refcount:
        return "nonzero _refcount"
    return "page still charged to cgroup" if memcg else None


def _signed(word: int) -> int:
    word &= WORD
    return word - (1 << 32) if word >> 31 else word
