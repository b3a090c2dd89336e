"""docs/page-types.md against the encodings: what each release reads out of a page table's word."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.memory.pagetype import ENCODINGS, bad_page, has_type, is_mapped, types_of, word_of

PAGE = (Path(__file__).parent.parent / "docs" / "page-types.md").read_text().splitlines()
FULL = 512


def reads(word: int, kernel: str) -> str:
    if is_mapped(word, kernel):
        return "mapped"
    return ", ".join(types_of(word, kernel)) or ("typed, unknown" if has_type(word, kernel) else "nothing")


def row(kernel: str) -> str:
    word, bits = word_of("table", kernel), ENCODINGS[kernel].owner_bits
    cells = [kernel, f"`{word:#x}`", *(reads(word + n, kernel) for n in (1, 129, 257, FULL + 1)),
             *(reads(count, kernel) for count in (0, -129, -1025)), str(bits) if bits else "none",
             "cleared" if bad_page(word, kernel) is None else "bad page"]
    return "| " + " | ".join(cells) + " |"


@pytest.mark.parametrize("kernel", ENCODINGS)
def test_the_page_has_the_row_of_every_release(kernel: str) -> None:
    assert row(kernel) in PAGE


def test_the_page_has_no_other_row() -> None:
    rows = [line for line in PAGE if line.startswith("| ") and "`0x" in line]
    assert [line.split(" | ")[0].removeprefix("| ") for line in rows] == list(ENCODINGS)


@pytest.mark.parametrize("kernel", ENCODINGS)
def test_a_table_that_is_counted_from_0_is_mapped_in_every_release(kernel: str) -> None:
    """S2-b: RFC v2's base is 0, and page_mapcount() is one more."""
    assert all(is_mapped(entries, kernel) for entries in (0, 1, FULL))


@pytest.mark.parametrize("kernel", ENCODINGS)
def test_where_a_typed_table_is_mapped_when_it_is_full(kernel: str) -> None:
    """In 6.8 to 6.10 the type is -513: 513 more, 512 entries and a pin, is 0."""
    mapped = [n for n in range(FULL + 2) if is_mapped(word_of("table", kernel) + n, kernel)]
    assert mapped == ([FULL + 1] if kernel in ("6.8", "6.9", "6.10") else [])
