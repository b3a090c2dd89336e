"""Loads an ftrace capture of iommu:map and iommu:unmap as columns that are a consistent history.

What is wrong with a file is either fatal (UsageError with file and line), fatal unless `tolerate` (the
history has a hole, so a replay cannot be checked in full), or counted in `Trace.diagnostics` (the history is
still whole):

    no such file, unreadable, empty, not text, binary trace.dat   fatal
    gzip cut short or damaged                                      fatal
    no ftrace line in the file; no iommu:map / iommu:unmap left    fatal
    LOST EVENTS                                                    fatal; tolerated: counted
    time stamps out of order                                       fatal; tolerated: sorted by stamp, counted
    damaged map / unmap line                                       fatal; tolerated: skipped
    range that ends at or beyond 2**64, or whose printed end is
      not iova + size                                              fatal; tolerated: skipped
    iova, paddr or size not a multiple of 4096                     fatal; tolerated: skipped
    map of a range that is mapped                                  fatal; tolerated: skipped
    event whose domain is not told, where there are several        fatal; tolerated: skipped
    size 0, or unmapped_size 0                                     skipped, counted: changes nothing
    unmap of what was not mapped in the capture                    cut to what was, counted: a driver that was bound
                                                                   before the capture began had mapped it
    other event; line that is no ftrace line                       skipped, counted
    probe line without its partner, failed driver call             skipped, counted
    ring buffer overwrote its oldest events                        counted: the capture begins later
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stress.trace.history import I64, LEAVES, PAGE, U64, Pass, follow
from stress.trace.lines import Record, read_records
from stress.trace.notes import Notes
from stress.trace.spans import MAP, UNMAP, Row, rows

_TOP = 1 << 64
MOST_LEAVES = 1 << 20  # of one map: 4 GiB of small pages, 2 TiB of 2 MiB ones


@dataclass(frozen=True)
class Trace:
    """The map and unmap events of one capture, in time order; n of them.

    Attributes:
        path: the file.
        kind: int64[n], MAP (0) or UNMAP (1).
        cpu: int64[n].
        domain: int64[n], index into `domain_keys`.
        iova: uint64[n], start of the range in bytes.
        size: uint64[n], bytes asked for.
        paddr: uint64[n], for a map; 0 for an unmap.
        removed: uint64[n], what an unmap removed (`unmapped_size`), from `iova` on; 0 for a map.
        stamp: int64[n], nanoseconds of the trace clock (its ticks if it does not count seconds).
        begin, end: int64[n], stamps of the entry of the first driver call and the return of the last one; -1
            where the file has no probe lines.
        line: int64[n], line number from 1.
        leaf: uint64[n], bytes of the largest leaf of the format that the map creates, or that the maps have
            which the unmap touches.
        live: uint64[m, 5], what is still mapped at the end, a row a piece: domain, iova, size, paddr, leaf.
        domain_keys: the domains' kernel pointers in the order of first use; (0,) where the file does not tell
            them.
        diagnostics: one line a kind of problem.
    """

    path: str
    kind: I64
    cpu: I64
    domain: I64
    iova: U64
    size: U64
    paddr: U64
    removed: U64
    stamp: I64
    begin: I64
    end: I64
    line: I64
    leaf: U64
    live: U64
    domain_keys: tuple[int, ...]
    diagnostics: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def extent(self) -> U64:
        """uint64[n]: bytes that the event mapped or removed."""
        return np.where(self.kind == MAP, self.size, self.removed)

    @property
    def has_spans(self) -> bool:
        """Whether any event has the begin and end of its driver calls."""
        return bool((self.begin >= 0).any())


def load(path: str | Path, *, tolerate: bool = False, leaves: Sequence[int] = LEAVES) -> Trace:
    """Read a raw ftrace text file, plain or gzip.

    Args:
        path: the file.
        tolerate: go on where the history has a hole (see the head of this module); replays are then checked
            only as far as the history goes.
        leaves: bytes of the leaves of the format that it will be replayed in, ascending.
    Raises:
        UsageError: the file cannot be replayed; the message names file, line and what to do.
    """
    notes = Notes(str(path), tolerate)
    records, unit = read_records(Path(path), notes)
    events = rows(_in_order(records, notes), notes)
    if not events:
        raise notes.fatal("has no iommu:map or iommu:unmap event; enable events/iommu/map and events/iommu/unmap")
    sound = [event for event in events if _is_sound(event, notes)]
    located, keys = _with_domain(sound, notes)
    if not located:
        raise notes.fatal("no iommu:map or iommu:unmap event is left that can be replayed")
    return _build(located, keys, unit, notes, leaves)


def _in_order(records: list[Record], notes: Notes) -> list[Record]:
    stamps = np.array([record[0] for record in records], dtype=np.int64)
    back = np.flatnonzero(np.diff(stamps) < 0)
    if not len(back):
        return records
    for i in back.tolist():
        notes.damage("time stamp before that of the line above", records[i + 1][1], ", the order is not known")
    return sorted(records, key=lambda record: record[0])


def _is_sound(event: Row, notes: Notes) -> bool:
    """Whether the numbers of an event make a range."""
    kind, _, _, iova, end, size, paddr, removed, *_, line = event
    if (iova | size | paddr | removed) & (PAGE - 1):
        notes.damage("iova, paddr or size is not a multiple of 4096", line)
    elif iova + max(size, removed) >= _TOP or paddr + size >= _TOP:
        notes.damage("the range ends at or beyond 2**64", line, f": iova 0x{iova:x} + {max(size, removed)}")
    elif end not in (-1, iova + size):
        notes.damage("the end of the range is not iova + size", line, f": 0x{end:x} is not 0x{iova:x} + {size}")
    elif size == 0:
        notes.count("event of size 0, skipped", line)
    elif kind == UNMAP and removed == 0:
        notes.count("unmap that removed nothing, skipped", line)
    else:
        return True
    return False


def _with_domain(events: list[Row], notes: Notes) -> tuple[list[Row], tuple[int, ...]]:
    """The events whose domain is known, and the domains' keys; a single domain is everybody's."""
    keys = tuple(dict.fromkeys(event[2] for event in events if event[2]))
    strangers = [event for event in events if not event[2]] if keys else []
    for event in strangers:
        if len(keys) > 1:
            notes.damage("no probe line tells the domain of this event", event[-1])
        else:
            notes.count("no probe line for this event, its domain is taken to be the only one", event[-1])
    if len(keys) > 1 and strangers:
        events = [event for event in events if event[2]]
    return events, keys or (0,)


Columns = dict[str, NDArray[Any]]


def _bounded(columns: Columns, notes: Notes) -> None:
    """A map of more leaves than any machine's memory holds comes from a damaged line, and would replay for hours."""
    leaves = np.where(columns["kind"] == MAP, columns["size"] // columns["leaf"], 0)
    if len(leaves) and int(leaves.max()) > MOST_LEAVES:
        worst = int(leaves.argmax())
        size, leaf = int(columns["size"][worst]) >> 30, int(columns["leaf"][worst]) >> 10
        what = f"a map of {size:,} GiB in leaves of {leaf:,} KiB is more than a replay can hold; leave it out"
        raise notes.fatal(what, int(columns["line"][worst]))


def _build(events: list[Row], keys: tuple[int, ...], unit: int, notes: Notes, leaves: Sequence[int]) -> Trace:
    kind, cpu, key, iova, _, size, paddr, removed, stamp, begin, end, line = zip(*events, strict=True)
    index = {key: i for i, key in enumerate(keys)} | ({0: 0} if len(keys) == 1 else {})
    columns: Columns = {
        "kind": np.array(kind, dtype=np.int64),
        "cpu": np.array(cpu, dtype=np.int64),
        "domain": np.array([index[k] for k in key], dtype=np.int64),
        "iova": np.array(iova, dtype=np.uint64),
        "size": np.array(size, dtype=np.uint64),
        "paddr": np.array(paddr, dtype=np.uint64),
        "removed": np.array(removed, dtype=np.uint64),
        "stamp": np.array(stamp, dtype=np.int64) * unit,
        "begin": _scaled(begin, unit),
        "end": _scaled(end, unit),
        "line": np.array(line, dtype=np.int64),
    }
    past = _follow(columns, notes, leaves)
    live = _live(past, columns)
    columns["leaf"] = past.leaf
    _bounded(columns, notes)
    if past.dropped or past.trimmed:
        columns = _repaired(past, columns)
    if not len(columns["kind"]):
        raise notes.fatal("no event is left to replay: every unmap is of something mapped before the capture")
    return Trace(path=notes.path, live=live, domain_keys=keys, diagnostics=notes.texts(), **columns)


def _scaled(stamps: tuple[int, ...], unit: int) -> I64:
    values = np.array(stamps, dtype=np.int64)
    return np.where(values < 0, values, values * unit)


def _follow(columns: Columns, notes: Notes, leaves: Sequence[int]) -> Pass:
    kind = columns["kind"]
    extent = np.where(kind == MAP, columns["size"], columns["removed"])
    return follow(kind, columns["domain"], columns["iova"], extent, columns["paddr"], columns["line"], notes,
                  leaves)


def _live(past: Pass, columns: Columns) -> U64:
    domain, iova, paddr = columns["domain"], columns["iova"], columns["paddr"]
    pieces = [
        (int(domain[i]), start, size, int(paddr[i]) + start - int(iova[i]), int(past.leaf[i]))
        for i, start, size in past.live
    ]
    return np.array(pieces, dtype=np.uint64).reshape(-1, 5)


def _repaired(past: Pass, columns: Columns) -> Columns:
    """The columns without the dropped events, each unmap over holes replaced by one unmap a live range."""
    times = np.ones(len(columns["kind"]), dtype=np.int64)
    times[list(past.dropped)] = 0
    for i, pieces in past.trimmed.items():
        times[i] = len(pieces)
    take = np.repeat(np.arange(len(times)), times)
    cut = np.isin(take, list(past.trimmed))
    columns = {name: column[take] for name, column in columns.items()}
    ranges = [piece for pieces in past.trimmed.values() for piece in pieces]  # in time order, as `cut` is
    start, size = np.array(ranges, dtype=np.uint64).reshape(-1, 2).T
    columns["iova"][cut] = start
    columns["size"][cut] = columns["removed"][cut] = size
    return columns
