"""Addresses in words, for pictures and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.memory.overlay import PAGE, PAGE_BYTES

if TYPE_CHECKING:
    from engine.memory.layout import Layout

_FIELD_OF = {field.offset: name for name, field in reversed(PAGE.items())}


def describe(layout: Layout, address: int) -> str:
    """The object at an arena offset: `pt 3[5]` (entry 5 of frame 3), `page 3 refcount`, `count[2]`, `lock`, `NULL`."""
    if address == 0:
        return "NULL"
    if layout.FRAMES <= address < layout.END:
        pfn, offset = divmod(address - layout.FRAMES, layout.frame_bytes)
        return f"pt {pfn}[{offset // 8}]"
    if layout.DESCRIPTORS <= address < layout.FRAMES:
        pfn, offset = divmod(address - layout.DESCRIPTORS, PAGE_BYTES)
        return f"page {pfn} {_FIELD_OF.get(offset, f'+{offset}')}"
    for places, size in ((layout.words, 8), (layout.locks, 128)):
        best = max((place, name) for name, place in places.items() if place <= address) if any(
            place <= address for place in places.values()) else None
        if best and layout.LOCKS <= address < layout.DESCRIPTORS and (size == 8) == (address >= layout.GLOBALS):
            index = (address - best[0]) // size
            return best[1] if index == 0 else f"{best[1]}[{index}]"
    return f"{address:#x}"
