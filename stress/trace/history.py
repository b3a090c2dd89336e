"""What is mapped when: one sequential pass over a trace, on ranges instead of pages.

All starts and ends of a domain's ranges cut its address space into segments; every event covers a run of
whole segments, so that a 1 GiB map costs as many steps as other events have edges in it, and a 4 KiB one
costs one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stress.trace.notes import Notes
from stress.trace.spans import MAP

PAGE = 4096
LEAVES = (4096, 2 << 20, 1 << 30)  # bytes of a leaf at level 1, 2, 3
_FREE = -1

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]


def segments(domain: I64, start: U64, end: U64) -> tuple[I64, I64, U64]:
    """Cut the domains at every start and end.

    Returns (first, last, edges): range i covers the segments first[i] .. last[i] - 1, segment s begins at
    edges[s] and ends at edges[s + 1]. The segments of the domains lie one behind the other.
    """
    domains = np.concatenate([domain, domain])
    addresses = np.concatenate([start, end])
    order = np.lexsort((addresses, domains))
    domains, addresses = domains[order], addresses[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (domains[1:] != domains[:-1]) | (addresses[1:] != addresses[:-1])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.cumsum(new) - 1
    return rank[: len(start)], rank[len(start) :], addresses[new]


def largest_leaf_of_map(iova: U64, paddr: U64, size: U64, leaves: Sequence[int] = LEAVES) -> U64:
    """The largest of the format's leaves (bytes, ascending) that the IOMMU core puts anywhere into these maps."""
    leaf = np.full(len(iova), leaves[0], dtype=np.uint64)
    for bytes_ in leaves[1:]:
        below = np.uint64(bytes_ - 1)
        pad = (~iova + np.uint64(1)) & below  # to the first aligned address; both addresses must be aligned there
        fits = (((iova ^ paddr) & below) == 0) & (size >= np.uint64(bytes_)) & (pad <= size - np.uint64(bytes_))
        leaf[fits] = bytes_
    return leaf


@dataclass
class Pass:
    """What the pass found out.

    Attributes:
        leaf: for every event the largest leaf of the map, or of the maps that the unmap touches.
        dropped: indices of the events that cannot be replayed.
        trimmed: for an unmap over holes, the (iova, size) that were live, instead of its own.
        live: what is live at the end: (index of the map, iova, size) each, by domain and address.
    """

    leaf: U64
    dropped: set[int] = field(default_factory=set)
    trimmed: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    live: list[tuple[int, int, int]] = field(default_factory=list)


def follow(kind: I64, domain: I64, iova: U64, size: U64, paddr: U64, line: I64, notes: Notes,
           leaves: Sequence[int] = LEAVES) -> Pass:
    """Replay the events in order; `size` is what a map mapped and what an unmap removed, `leaves` what there is.

    A map over a live range damages the history: the second map of a page without an unmap between. An unmap
    of a page that is not live is counted and cut to what is live: drivers had mapped it before the capture
    began.
    """
    first, last, edges = segments(domain, iova, iova + size)
    leaf = largest_leaf_of_map(iova, paddr, size, leaves)
    is_map = kind == MAP
    result = Pass(leaf)
    largest: list[int] = leaf.tolist()
    owner = [_FREE] * len(edges)
    columns = zip(is_map.tolist(), first.tolist(), last.tolist(), strict=True)
    for i, (mapping, a, b) in enumerate(columns):
        there = owner[a:b]
        if mapping:
            if there.count(_FREE) != b - a:
                _overlap(i, max(there), iova, line, notes)
                result.dropped.add(i)
                continue
            owner[a:b] = [i] * (b - a)
            continue
        if _FREE in there:
            notes.count("unmap of a range that was not mapped in this capture, cut to what was", int(line[i]))
            result.trimmed[i] = _joined(_runs(there, edges, a))
        largest[i] = max((largest[o] for o in set(there) if o != _FREE), default=PAGE)
        owner[a:b] = [_FREE] * (b - a)
    result.leaf = np.array(largest, dtype=np.uint64)
    result.live = [(o, s, e - s) for s, e, o in _runs(owner, edges, 0)]
    return result


def _overlap(i: int, other: int, iova: U64, line: I64, notes: Notes) -> None:
    where = f"iova 0x{int(iova[i]):x}"
    with_what = f", the map of line {int(line[other])} is still there"
    hint = " (several domains without probe lines, or missing events)"
    notes.damage("map of a range that is mapped", int(line[i]), f": {where}{with_what}{hint}")


def _runs(owner: list[int], edges: U64, base: int) -> list[tuple[int, int, int]]:
    """(start, end, owner) of the runs of one owner among the segments base, base + 1, ...; holes left out."""
    runs = []
    begin = 0
    for s in range(1, len(owner) + 1):
        if s == len(owner) or owner[s] != owner[begin]:
            if owner[begin] != _FREE:
                runs.append((int(edges[base + begin]), int(edges[base + s]), owner[begin]))
            begin = s
    return runs


def _joined(runs: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """(start, size) of the runs, those that touch made one."""
    joined: list[tuple[int, int]] = []
    for start, end, _ in runs:
        if joined and sum(joined[-1]) == start:
            start, _ = joined.pop()
        joined.append((start, end - start))
    return joined
