"""The page tables that a replay left in its arena, read from outside with NumPy, and compared with the model's.

Compared are, for every address space: the live mappings page for page; the number of table pages; and over all of them
that every page in use is a table that some root leads to: none is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.language.program import Program
from engine.memory.arena import Arena
from engine.memory.shadow import LIVE, STATE_MASK
from stress.trace.history import U64
from stress.trace.reference import Reference

_ADDRESS = np.uint64(0x000FFFFFFFFFF000)
_PRESENT = np.uint64(3)
_LARGE = np.uint64(1 << 7)
_ZERO = np.uint64(0)


@dataclass
class Tables:
    """One address space as found: leaves as (iova, paddr, size) columns, and the frames of its tables."""

    leaves: list[U64] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)

    def pages(self) -> tuple[U64, U64]:
        """(iova, paddr) of every 4 KiB page, by iova."""
        if not self.leaves:
            return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
        iova, paddr, size = np.concatenate(self.leaves, axis=1)
        count = (size >> np.uint64(12)).astype(np.int64)
        first = np.repeat(np.cumsum(count) - count, count)
        offset = (np.arange(len(first)) - first).astype(np.uint64) << np.uint64(12)
        pages = np.repeat(iova, count) + offset
        order = np.argsort(pages, kind="stable")
        return pages[order], (np.repeat(paddr, count) + offset)[order]


def read_tables(program: Program, arena: Arena, domain: int) -> Tables:
    """Follow the root of a domain. Entries that lead outside the frames are left to the comparison of leaves."""
    layout, geometry = program.layout, program.geometry
    words = np.frombuffer(arena.bytes, dtype=np.uint64)
    root = int(words[layout.words["root"] // 8 + domain])
    found = Tables()
    shift = geometry.entries.bit_length() - 1
    level_tables = [(root, 0)] if root else []
    for level in range(geometry.levels, 0, -1):
        below: list[tuple[int, int]] = []
        for frame, iova in level_tables:
            found.frames.append((frame - layout.FRAMES) // layout.frame_bytes)
            entries = words[frame // 8 : frame // 8 + geometry.entries].copy()
            index = np.flatnonzero((entries & _PRESENT) != _ZERO)
            span = 1 << (12 + shift * (level - 1))
            at = np.uint64(iova) + index.astype(np.uint64) * np.uint64(span)
            values = entries[index]
            leaf = np.ones(len(index), dtype=bool) if level == 1 else (values & _LARGE) != _ZERO
            if leaf.any():
                size = np.full(int(leaf.sum()), span, dtype=np.uint64)
                found.leaves.append(np.stack([at[leaf], values[leaf] & _ADDRESS, size]))
            for value, start in zip((values[~leaf] & _ADDRESS).tolist(), at[~leaf].tolist(), strict=True):
                below.append((layout.frame(value >> 12), start))
        level_tables = [(frame, start) for frame, start in below if layout.FRAMES <= frame < layout.END]
    return found


def compare(program: Program, arena: Arena, reference: Reference, domains: int, *, count_tables: bool) -> list[str]:
    """What differs, one line each; empty if nothing does.

    Args:
        count_tables: whether empty tables are freed at once, so that their number is the model's.
    """
    wrong: list[str] = []
    linked: set[int] = set()
    for domain in range(domains):
        found = read_tables(program, arena, domain)
        linked.update(found.frames)
        wrong += _compare_pages(domain, found, reference)
        wanted = reference.tables(domain, "empty")
        if count_tables and len(found.frames) != wanted:
            wrong.append(f"domain {domain} has {len(found.frames)} table pages; the model has {wanted}")
    states = np.frombuffer(arena.bytes, np.uint64)[program.layout.STATES // 8 :][: program.geometry.frames]
    live = set(np.flatnonzero((states & np.uint64(STATE_MASK)) == np.uint64(LIVE)).tolist())
    if live - linked:
        lost = live - linked
        wrong.append(f"{len(lost)} pages are in use and no table leads to them, page {min(lost)} first")
    if linked - live:
        wrong.append(f"{len(linked - live)} tables are linked and free, page {min(linked - live)} first")
    return wrong


def _compare_pages(domain: int, found: Tables, reference: Reference) -> list[str]:
    iova, paddr = found.pages()
    wanted_iova, wanted_paddr = reference.pages(domain)
    if len(iova) != len(wanted_iova) or (iova != wanted_iova).any():
        lost = np.setdiff1d(wanted_iova, iova)
        extra = np.setdiff1d(iova, wanted_iova)
        text = f"domain {domain}: {len(iova)} pages are mapped, {len(wanted_iova)} should be"
        for what, pages in (("lost", lost), ("too many", extra)):
            if len(pages):
                text += f"; {len(pages)} {what}, the first at iova {int(pages[0]):#x}"
        return [text]
    wrong = np.flatnonzero(paddr != wanted_paddr)
    if len(wrong):
        at = int(wrong[0])
        return [f"domain {domain}: {len(wrong)} pages lead elsewhere, the first at iova {int(iova[at]):#x}: "
                f"{int(paddr[at]):#x}, not {int(wanted_paddr[at]):#x}"]
    return []
