"""Writes small ftrace files for tests."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass
from pathlib import Path

HEADER = """# tracer: nop
#
# entries-in-buffer/entries-written: 9/9   #P:4
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
"""
HEADER_LINES = HEADER.count("\n")
MIB, GIB = 1 << 20, 1 << 30


@dataclass(frozen=True)
class Map:
    """One iommu:map line; with `dom`, probe lines around a driver call before it."""

    iova: int
    size: int
    paddr: int = 0x10000000
    cpu: int = 0
    dom: int = 0

    def lines(self) -> list[str]:
        printed = f"iova=0x{self.iova:016x} - 0x{self.iova + self.size:016x} paddr=0x{self.paddr:016x} size={self.size}"
        call = probe("map", self.dom, self.iova, self.cpu) if self.dom else []
        return [*call, line(f"map: IOMMU: {printed}", self.cpu)]


@dataclass(frozen=True)
class Unmap:
    """One iommu:unmap line; `removed` is the size if it is not given."""

    iova: int
    size: int
    cpu: int = 0
    removed: int | None = None
    dom: int = 0

    def lines(self) -> list[str]:
        removed = self.size if self.removed is None else self.removed
        span = f"iova=0x{self.iova:016x} - 0x{self.iova + self.size:016x}"
        call = probe("unmap", self.dom, self.iova, self.cpu) if self.dom else []
        return [*call, line(f"unmap: IOMMU: {span} size={self.size} unmapped_size={removed}", self.cpu)]


def line(text: str, cpu: int = 0, task: str = "load-100") -> str:
    """A trace line; `make_trace` fills in the time."""
    return f"{task:>20s}      [{cpu:03d}] ..s1. @TIME@: {text}"


def probe(kind: str, dom: int, iova: int, cpu: int = 0, task: str = "load-100") -> list[str]:
    """Entry and return of a driver call."""
    enter = f"{kind}b: (intel_iommu_{kind}_pages+0x4/0x750) dom=0x{dom:x} iova=0x{iova:x} pgsize=4096 n=1"
    leave = f"{kind}e: (__iommu_{kind}+0x153/0x280 <- intel_iommu_{kind}_pages) ret={0 if kind == 'map' else 4096}"
    return [line(enter, cpu, task), line(leave, cpu, task)]


def make_trace(path: Path, *events: Map | Unmap | str) -> Path:
    """Write a trace file, gzip if `path` ends in .gz; a str is one line as it stands. Lines are 1 us apart."""
    text = HEADER
    lines = [printed for event in events for printed in ([event] if isinstance(event, str) else event.lines())]
    for i, printed in enumerate(lines):
        text += printed.replace("@TIME@", f"{7 + i // 1000000:5d}.{i % 1000000:06d}") + "\n"
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def random_history(seed: int, count: int, *, unit: int = 4096, cpus: int = 4, domains: int = 2) -> list[Map | Unmap]:
    """A consistent history on few addresses: maps of 1 to 4 units, unmaps of one map or of several neighbours."""
    pick = random.Random(seed)
    live: dict[int, dict[int, int]] = {d: {} for d in range(domains)}
    events: list[Map | Unmap] = []
    while len(events) < count:
        d = pick.randrange(domains)
        dom, cpu = 0xFFFF888000000000 + d * 64, pick.randrange(cpus)
        start, units = pick.randrange(12), pick.randint(1, 4)
        taken = {u for s, n in live[d].items() for u in range(s, s + n)}
        if not taken.intersection(range(start, start + units)):
            live[d][start] = units
            events.append(Map(start * unit, units * unit, pick.randrange(64) * unit, cpu, dom))
        elif start in live[d]:
            end = start
            while end in live[d] and (end == start or pick.random() < 0.7):
                end += live[d].pop(end)
            events.append(Unmap(start * unit, (end - start) * unit, cpu, dom=dom))
    return events
