"""Page types and mapcounts in one word: the numbers that a count which drifts really reads as."""

from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.memory.pagetype import (
    ENCODINGS,
    UNTYPED,
    bad_page,
    encoding_of,
    has_type,
    is_mapped,
    mapcount,
    types_of,
    word_of,
)

OLD = ["6.8", "6.9", "6.10"]
VALUED = ["6.12", "6.14", "6.17"]


@pytest.mark.parametrize("kernel", ENCODINGS)
def test_a_typed_word_reads_as_exactly_its_type_and_is_not_mapped(kernel: str) -> None:
    encoding = encoding_of(kernel)
    for name in (*encoding.bits, *encoding.values):
        word = word_of(name, kernel)
        assert types_of(word, kernel) == (name,)
        assert has_type(word, kernel)
        assert not is_mapped(word, kernel)


@pytest.mark.parametrize("kernel", ENCODINGS)
def test_an_untyped_page_counts_its_mappings(kernel: str) -> None:
    for mappings in (0, 1, 2, 100):
        word = UNTYPED + mappings
        assert types_of(word, kernel) == ()
        assert mapcount(word, kernel) == mappings
        assert is_mapped(word, kernel) == (mappings > 0)


@pytest.mark.parametrize(("kernel", "word"), [
    ("5.4", 0xFFFFFBFF), ("6.8", 0xFFFFFDFF), ("6.9", 0xFFFFFDFF), ("6.10", 0xFFFFFDFF), ("6.11", 0xEFFFFFFF),
    ("6.12", 0xF2FFFFFF), ("6.17", 0xF2FFFFFF),
])
def test_the_word_of_a_page_table(kernel: str, word: int) -> None:
    assert word_of("table", kernel) == word


def test_the_word_of_a_page_table_is_minus_513() -> None:
    assert word_of("table", "6.9") - (1 << 32) == -513


@pytest.mark.parametrize("kernel", OLD)
@pytest.mark.parametrize(("first", "last", "types"), [
    (1, 128, ("buddy", "offline")), (129, 256, ("offline",)), (257, 384, ("buddy",)), (385, 513, ()),
])
def test_adding_to_a_typed_word(kernel: str, first: int, last: int, types: tuple[str, ...]) -> None:
    """What 513 = 512 entries + 1 added to the type of a page table reads as on the way."""
    for n in range(first, last + 1):
        assert types_of(word_of("table", kernel) + n, kernel) == types


@pytest.mark.parametrize("kernel", OLD)
@pytest.mark.parametrize(("value", "types"), [
    (-128, ()), (-129, ("buddy",)), (-257, ("offline",)), (-385, ("buddy", "offline")), (-513, ("table",)),
    (-1025, ("guard",)),
])
def test_underflow_of_an_untyped_count(kernel: str, value: int, types: tuple[str, ...]) -> None:
    assert types_of(value, kernel) == types


def test_one_more_than_a_page_table_in_6_11() -> None:
    word = word_of("table", "6.11") + 1
    assert word == 0xF0000000
    assert types_of(word, "6.11") == ("guard", "hugetlb", "slab", "zsmalloc", "unaccepted")


@pytest.mark.parametrize("kernel", VALUED)
def test_a_count_in_the_low_24_bits_is_safe(kernel: str) -> None:
    base = 0xF2 << 24
    for count in (0, 1, 513, (1 << 24) - 1):
        assert types_of(base + count, kernel) == ("table",)
    assert types_of(base + (1 << 24), kernel) == ("guard",)


def test_large_kmalloc_came_with_6_14() -> None:
    assert types_of(0xF8FFFFFF, "6.12") == ()
    assert types_of(0xF8FFFFFF, "6.14") == ("large_kmalloc",)


@pytest.mark.parametrize("kernel", VALUED)
def test_the_overflow_reserve_is_neither_mapped_nor_a_known_type(kernel: str) -> None:
    for top in (0x80, 0xEF):
        assert types_of(top << 24, kernel) == ()
        assert not is_mapped(top << 24, kernel)
    assert mapcount(0xFFFFFFFE, kernel) == -1


@pytest.mark.parametrize("kernel", ENCODINGS)
def test_the_bad_page_check(kernel: str) -> None:
    assert bad_page(UNTYPED, kernel) is None
    assert bad_page(UNTYPED + 1, kernel) == "nonzero mapcount"
    assert bad_page(UNTYPED, kernel, mapping=8) == "non-NULL mapping"
    assert bad_page(UNTYPED, kernel, refcount=1) == "nonzero _refcount"
    assert bad_page(UNTYPED, kernel, memcg=1) == "page still charged to cgroup"


def test_a_forgotten_type_is_bad_until_6_17_and_always_on_the_way_out() -> None:
    for kernel in ENCODINGS:
        word = word_of("table", kernel)
        assert (bad_page(word, kernel) is None) == (kernel == "6.17")
        assert bad_page(word, kernel, freeing=False) == "nonzero mapcount"


def test_the_report_of_a_buddy_page_handed_out_twice() -> None:
    """mapcount -128 and raw page_type ffffff7f, as in the kernel's own reports."""
    assert types_of(0xFFFFFF7F, "6.9") == ("buddy",)
    assert bad_page(0xFFFFFF7F, "6.9", freeing=False) == "nonzero mapcount"


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"kernel '7\.0'; there are: 5\.4, 6\.8"):
        types_of(0, "7.0")
    with pytest.raises(UsageError, match="no page type 'slab'; it has: buddy, offline, table, guard"):
        word_of("slab", "6.8")
