"""`struct page`, `struct folio` and `struct ptdesc` as views of the same 64 bytes, at the kernel's 64-bit offsets.

Two users of one union really overwrite each other, because there is only one word. The tables below are checked against
each other at import, as the kernel's own `static_assert`s do (include/linux/mm_types.h, `TABLE_MATCH`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import InternalError

PAGE_BYTES: Final = 64  # sizeof(struct page) on 64-bit without debug fields


@dataclass(frozen=True)
class Field:
    """One member: `offset` and `width` in bytes; `union` names the word it shares with others."""

    name: str
    offset: int
    width: int = 8


def _fields(**places: tuple[int, int]) -> dict[str, Field]:
    return {name: Field(name, offset, width) for name, (offset, width) in places.items()}


#: struct page (and struct folio, whose first 64 bytes are the same).
PAGE: Final = _fields(
    flags=(0, 8), lru_next=(8, 8), compound_head=(8, 8), lru_prev=(16, 8), mapping=(24, 8), index=(32, 8),
    share=(32, 8), private=(40, 8), mapcount=(48, 4), page_type=(48, 4), refcount=(52, 4), memcg_data=(56, 8),
)

#: struct ptdesc, v6.13.
PTDESC: Final = _fields(
    pt_flags=(0, 8), pt_rcu_head_next=(8, 8), pt_list_next=(8, 8), pt_pad_1=(8, 8), pt_rcu_head_func=(16, 8),
    pt_list_prev=(16, 8), pmd_huge_pte=(16, 8), pt_mapping=(24, 8), pt_index=(32, 8), pt_mm=(32, 8),
    pt_frag_refcount=(32, 4), pt_share_count=(32, 4), ptl=(40, 8), pt_page_type=(48, 4), pt_refcount=(52, 4),
    pt_memcg_data=(56, 8),
)

#: struct ioptdesc (drivers/iommu/iommu-pages.h, v6.15).
IOPTDESC: Final = _fields(
    iopt_flags=(0, 8), iopt_freelist_next=(8, 8), iopt_freelist_prev=(16, 8), iopt_mapping=(24, 8), incoherent=(32, 1),
    iopt_index=(32, 8), iopt_private=(40, 8), iopt_page_type=(48, 4), iopt_refcount=(52, 4), iopt_memcg_data=(56, 8),
)

#: The kernel's build-time asserts: a member of struct page == a member of the overlay.
MATCHES: Final = (
    ("flags", "pt_flags"), ("compound_head", "pt_list_next"), ("compound_head", "pt_pad_1"),
    ("compound_head", "pt_rcu_head_next"), ("lru_prev", "pmd_huge_pte"), ("mapping", "pt_mapping"),
    ("index", "pt_index"), ("index", "pt_mm"), ("private", "ptl"), ("page_type", "pt_page_type"),
    ("refcount", "pt_refcount"), ("memcg_data", "pt_memcg_data"), ("flags", "iopt_flags"),
    ("compound_head", "iopt_freelist_next"), ("mapping", "iopt_mapping"), ("index", "iopt_index"),
    ("private", "iopt_private"), ("page_type", "iopt_page_type"), ("refcount", "iopt_refcount"),
    ("memcg_data", "iopt_memcg_data"),
)


def check_overlays() -> None:
    """Field against field.

    Raises:
        InternalError: two members that must coincide do not, or one leaves the 64 bytes.
    """
    overlays = {**PTDESC, **IOPTDESC}
    for of_page, of_overlay in MATCHES:
        a, b = PAGE[of_page], overlays[of_overlay]
        if (a.offset, a.width) != (b.offset, b.width):
            raise InternalError(f"overlay: {a.name}@{a.offset}:{a.width} is not {b.name}@{b.offset}:{b.width}")
    for each in (*PAGE.values(), *overlays.values()):
        if each.offset % each.width or each.offset + each.width > PAGE_BYTES:
            raise InternalError(f"overlay: {each.name}@{each.offset}:{each.width} is misplaced")


check_overlays()
