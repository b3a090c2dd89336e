"""Pairing of the probe lines with the iommu events they belong to.

iommu:map and iommu:unmap do not name the domain; the driver call inside them does. `mapb` / `unmapb` are the
entry of the driver's map and unmap call, `mape` / `unmape` the return. An iommu event is written after its
calls, by the same task, and the core may need several calls for one event (one a page size). An interrupt may
put whole calls and events between any two lines of the task that it interrupts, so everything nests: last in,
first out.

Task and pid are the key. The CPU is part of it only for pid 0, which every CPU has: another task that is
preempted between the return of the call and the event may print the two on different CPUs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from stress.trace.lines import Record
from stress.trace.notes import Notes

MAP, UNMAP = 0, 1
_BEGIN = {b"mapb": MAP, b"unmapb": UNMAP}
_END = {b"mape": MAP, b"unmape": UNMAP}

# kind, cpu, domain key (0: not told), iova, end as printed (-1: not printed), size, paddr, removed, stamp,
# begin, end of the span (-1: no probe lines), line
Row = tuple[int, int, int, int, int, int, int, int, int, int, int, int]


class _Call:
    """One driver call: a probe line of entry and, once seen, of return."""

    __slots__ = ("begin", "domain", "end", "iova", "kind")

    def __init__(self, kind: int, domain: int, iova: int, begin: int) -> None:
        self.kind, self.domain, self.iova, self.begin, self.end = kind, domain, iova, begin, -1


class _Calls:
    """The calls under way and those that returned but have no event yet, a stack each per task."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.open: defaultdict[object, list[_Call]] = defaultdict(list)
        self.done: defaultdict[object, list[_Call]] = defaultdict(list)

    def leave(self, who: object, kind: int, stamp: int, line: int, ret: bytes) -> None:
        """The innermost call of the task returns; a failed one has no event."""
        under_way = self.open[who]
        if not under_way or under_way[-1].kind != kind:
            self.notes.count("probe line of a return without its entry, skipped", line)
            return
        call = under_way.pop()
        call.end = stamp
        if kind == MAP and ret.lstrip(b"0x"):
            self.notes.count("driver call that failed", line)
        else:
            self.done[who].append(call)

    def take(self, who: object, kind: int, iova: int, end: int) -> tuple[int, int, int]:
        """Domain, begin and end of the newest calls inside [iova, end); (0, -1, -1) if there is none."""
        done = self.done[who]
        domain, first, last = 0, -1, -1
        while done and done[-1].kind == kind and iova <= done[-1].iova < end and domain in (0, done[-1].domain):
            call = done.pop()
            domain, first = call.domain, call.begin
            last = max(last, call.end)
        return domain, first, last

    def finish(self) -> None:
        """Note what was left over at the end of the file."""
        for what, stacks in (("without its return", self.open), ("without an iommu event", self.done)):
            left = sum(map(len, stacks.values()))
            if left:
                self.notes.count(f"driver call {what}", 0, left)


def rows(records: Iterable[Record], notes: Notes) -> list[Row]:
    """The iommu events among `records`, each with the domain and the span of its driver calls."""
    calls = _Calls(notes)
    result: list[Row] = []
    for stamp, line, (task, cpu, _, event, iova, end, paddr, size, asked, removed, dom, call_iova, ret) in records:
        who = task if not task.endswith(b"-0") else (task, cpu)
        if event in _BEGIN:
            calls.open[who].append(_Call(_BEGIN[event], int(dom, 16), int(call_iova, 16), stamp))
        elif event in _END:
            calls.leave(who, _END[event], stamp, line, ret)
        else:
            kind = MAP if event == b"map" else UNMAP
            start, asks, gone = int(iova, 16), int(asked or size), int(removed or 0)
            span = calls.take(who, kind, start, start + max(asks, gone))
            printed = int(end, 16) if end else -1
            frame = int(paddr, 16) if paddr else 0
            result.append((kind, int(cpu), span[0], start, printed, asks, frame, gone, stamp, *span[1:], line))
    calls.finish()
    return result
