"""The page tables that a replay left in its arena, read from outside with NumPy, and compared with the model's.

Compared are, for every address space: the live mappings page for page; the number of table pages; and over all of them
that every page in use is a table that some root leads to: none is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.language.program import Program
from engine.memory.arena import Arena
from engine.memory.shadow import LIVE, STATE_MASK
from scenarios.models.formats import VTD, Format
from stress.trace.history import U64
from stress.trace.reference import Reference

_ZERO, _ONE = np.uint64(0), np.uint64(1)


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


def read_tables(program: Program, arena: Arena, domain: int, form: Format = VTD) -> Tables:
    """Follow the root of a domain. Entries that lead outside the frames are left to the comparison of leaves."""
    layout, entries = program.layout, program.geometry.entries
    words = np.frombuffer(arena.bytes, dtype=np.uint64)
    root, level, wide = _root(program, words, domain, form)
    found = Tables()
    tables = [(root + n * layout.frame_bytes, n * entries * form.span(level)) for n in range(wide if root else 0)]
    while level:
        below: list[tuple[int, int]] = []
        for frame, iova in tables:
            found.frames.append((frame - layout.FRAMES) // layout.frame_bytes)
            values = words[frame // 8 : frame // 8 + entries].copy()
            index = np.flatnonzero((values & np.uint64(form.present)) != _ZERO)
            at = np.uint64(iova) + index.astype(np.uint64) * np.uint64(form.span(level))
            values = values[index]
            leaf = _is_leaf(values, level, form)
            if leaf.any():
                size = np.full(int(leaf.sum()), form.span(level), dtype=np.uint64)
                found.leaves.append(np.stack([at[leaf], _targets(values[leaf], at[leaf], form), size]))
            pfns = (values[~leaf] & np.uint64(form.address)) >> np.uint64(form.page_shift)
            below += [(layout.frame(pfn), start) for pfn, start in zip(pfns.tolist(), at[~leaf].tolist(), strict=True)]
        tables = [(frame, start) for frame, start in below if layout.FRAMES <= frame < layout.END]
        level -= 1
    return found


def _root(program: Program, words: U64, domain: int, form: Format) -> tuple[int, int, int]:
    """The root's frame, its level, and how many tables wide it is."""
    root = int(words[program.layout.words["root"] // 8 + domain])
    if form.start_levels:
        return root & ~7, root & 7, 1
    return root, form.levels, form.tables_wide


def _is_leaf(values: U64, level: int, form: Format) -> NDArray[np.bool_]:
    if level == 1:
        return np.ones(len(values), dtype=bool)
    kind = (values + np.uint64(form.type_carry)) & np.uint64(form.type_mask)
    leaf: NDArray[np.bool_] = kind == np.uint64(form.type_leaf)
    return leaf


def _targets(values: U64, at: U64, form: Format) -> U64:
    """The address that each leaf entry maps `at` to; an entry of a run leads to its own part of the run."""
    targets = values & np.uint64(form.address)
    if form.run_bits:
        code = targets >> np.uint64(form.page_shift)
        within = ((code ^ (code + _ONE)) + _ONE << np.uint64(form.page_shift)) - _ONE
        run = (values & np.uint64(form.run_bits)) == np.uint64(form.run_bits)
        targets = np.where(run, (targets & ~within) | (at & within), targets)
    return targets


def compare(program: Program, arena: Arena, reference: Reference, domains: int, *, count_tables: bool,
            form: Format = VTD) -> list[str]:
    """What differs, one line each; empty if nothing does.

    Args:
        count_tables: whether empty tables are freed at once, so that their number is the model's.
    """
    wrong: list[str] = []
    linked: set[int] = set()
    for domain in range(domains):
        found = read_tables(program, arena, domain, form)
        linked.update(found.frames)
        wrong += _compare_pages(domain, found, reference)
        wanted = reference.tables(domain, "empty") + form.tables_wide - 1
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
