"""Frames, page frame numbers and descriptors, as protocols see them.

A *frame* is the address of a page's contents, a *page* the address of its 64-byte descriptor, a *pfn* its number. Table
entries hold `pfn << 12 | flags`, whatever the geometry.
"""

from __future__ import annotations

from engine.declare import Param, protocol

#: Parameters that every program has; the layout gives their values.
ENTRIES = Param("ENTRIES")
ENTRY_SHIFT = Param("ENTRY_SHIFT")
LEVELS = Param("LEVELS")
FRAME_SHIFT = Param("FRAME_SHIFT")
N_FRAMES = Param("N_FRAMES")
FRAMES = Param("FRAMES")
DESCRIPTORS = Param("DESCRIPTORS")


@protocol
def pfn_of(frame: int) -> int:
    """The number of the frame that holds this address."""
    return (frame - FRAMES) >> FRAME_SHIFT


@protocol
def frame_at(pfn: int) -> int:
    """The contents of frame `pfn`."""
    return FRAMES + (pfn << FRAME_SHIFT)


@protocol
def page_of(frame: int) -> int:
    """virt_to_page: the descriptor of the frame that holds this address."""
    return DESCRIPTORS + ((frame - FRAMES) >> FRAME_SHIFT) * 64


@protocol
def page_at(pfn: int) -> int:
    """pfn_to_page."""
    return DESCRIPTORS + pfn * 64


@protocol
def frame_of(page: int) -> int:
    """page_address: the contents that a descriptor describes."""
    return FRAMES + (((page - DESCRIPTORS) >> 6) << FRAME_SHIFT)


@protocol
def refcount(frame: int) -> int:
    """`_refcount` of a frame, s32 at offset 52."""
    return page_of(frame) + 52


@protocol
def mapcount(frame: int) -> int:
    """`_mapcount` of a frame, s32 at offset 48."""
    return page_of(frame) + 48
