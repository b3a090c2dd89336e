"""From a trace to what T threads replay: an op table a thread, and whom each op has to wait for.

The stream of a CPU stays whole and in order inside one thread. Two operations of one domain must keep their
order in time when their ranges overlap after each is rounded out to its own largest leaf: that is the same as
rounding both to the larger of the two, because leaf sizes nest. Operations on disjoint leaves share only
tables, and how tables are shared is what a replay is there to test.

Every operation writes, so on a piece of address space the operations form a chain, and an order with the
previous one in the chain is an order with all. A dependency on another thread is left out when an earlier
wait of the same thread, or another wait of the same operation, implies it (vector clocks).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from engine.errors import UsageError
from stress.trace.history import I64, PAGE, U64, segments
from stress.trace.parse import Trace
from stress.trace.spans import UNMAP

NO_EVENT = 2**64 - 1


class Op(IntEnum):
    """Columns of an op table (uint64)."""

    KIND = 0  # MAP (0) or UNMAP (1)
    DOMAIN = 1  # index, 0 .. Plan.domains - 1
    IOVA = 2  # bytes
    SIZE = 3  # bytes to ask for: of an unmap what the trace says was removed, so that the history stays the trace's
    PADDR = 4  # bytes; 0 for an unmap
    ASKED = 5  # bytes that the caller in the trace asked for; below SIZE where a larger leaf went with it
    LEAF = 6  # bytes of the largest leaf that the op may touch
    EVENT = 7  # row of the Trace; NO_EVENT in the closing list


@dataclass(frozen=True)
class Plan:
    """A replay.

    Attributes:
        cpus: for each thread the CPUs whose streams it has.
        ops: for each thread its op table, uint64[n, 8], columns `Op`, in the order of execution.
        waits: for each thread int64[n, streams]: before op i, column u = how many ops of thread u must be
            complete; 0 for none, and always 0 in its own column. Values restart in every loop.
        closing: uint64[m, 8], unmaps of all that is live at the end, to run when every thread is done: a loop
            then ends empty. They do not overlap each other; any thread may run any of them.
        domains: how many address spaces.
        found: dependencies between threads before the reduction.
        kept: entries of `waits` that are not 0.
        critical_path: operations on the longest chain of program order and waits.
    """

    cpus: tuple[tuple[int, ...], ...]
    ops: tuple[U64, ...]
    waits: tuple[I64, ...]
    closing: U64
    domains: int
    found: int
    kept: int
    critical_path: int

    @property
    def streams(self) -> int:
        """Threads; never more than CPUs in the trace."""
        return len(self.ops)

    @property
    def operations(self) -> int:
        """Ops of all threads, the closing list not counted."""
        return sum(map(len, self.ops))

    @property
    def parallelism(self) -> float:
        """Operations divided by the critical path: the speed-up that the dependencies leave, all ops of one cost."""
        return self.operations / self.critical_path

    def summary(self) -> str:
        """One line."""
        threads = ", ".join(
            f"{len(table)} (CPU {'+'.join(map(str, cpus))})" for table, cpus in zip(self.ops, self.cpus, strict=True)
        )
        return (
            f"{self.operations} operations on {self.streams} threads: {threads}; {self.domains} domains, "
            f"{self.kept} waits kept of {self.found}, parallelism {self.parallelism:.2f}, "
            f"{len(self.closing)} closing unmaps"
        )


def plan(trace: Trace, streams: int, largest_leaf: int = 0) -> Plan:
    """Distribute the CPUs of `trace` over `streams` threads (fewer if it has fewer CPUs).

    Args:
        trace: from `load`.
        streams: threads, at least 1.
        largest_leaf: bytes of the largest leaf that the format under test creates, if it is smaller than the
            largest of the format that the trace was loaded for.
    Raises:
        UsageError: a bad number.
    """
    if streams < 1:
        raise UsageError(f"a replay needs at least 1 thread, not {streams}")
    largest_leaf = largest_leaf or int(trace.leaf.max())
    if largest_leaf < PAGE or largest_leaf & largest_leaf - 1:
        raise UsageError(f"the largest leaf must be a power of two of bytes from 4096 on, not {largest_leaf}")
    cpus, thread = _assign(trace.cpu, streams)
    leaf = np.minimum(trace.leaf, np.uint64(largest_leaf))
    below = leaf - np.uint64(1)
    start = trace.iova & ~below
    # the last byte rounded out; its successor would be 0 for a range at the very top
    end = (trace.iova + trace.extent - np.uint64(1)) | below
    first, last, _ = segments(trace.domain, start, np.maximum(end, end + np.uint64(1)))
    found, depth, waits = _dependencies(len(cpus), thread.tolist(), first.tolist(), last.tolist())
    table = _table(trace, leaf)
    return Plan(
        cpus=cpus,
        ops=tuple(table[thread == t] for t in range(len(cpus))),
        waits=tuple(_wait_table(waits[t], int((thread == t).sum()), len(cpus)) for t in range(len(cpus))),
        closing=_closing(trace, largest_leaf),
        domains=len(trace.domain_keys),
        found=found,
        kept=sum(map(len, waits)),
        critical_path=depth,
    )


def _assign(cpu: I64, streams: int) -> tuple[tuple[tuple[int, ...], ...], I64]:
    """CPUs of each thread, and the thread of each event: longest stream first, to the thread with least to do."""
    numbers, inverse, counts = np.unique(cpu, return_inverse=True, return_counts=True)
    load = [0] * min(streams, len(numbers))
    thread_of = np.zeros(len(numbers), dtype=np.int64)
    for c in np.argsort(-counts, kind="stable").tolist():
        t = load.index(min(load))
        thread_of[c] = t
        load[t] += int(counts[c])
    cpus = tuple(tuple(numbers[thread_of == t].tolist()) for t in range(len(load)))
    return cpus, thread_of[inverse]


# (op of the waiting thread, thread waited for, ops of it that must be complete)
_Wait = tuple[int, int, int]


def _dependencies(
    streams: int, thread: list[int], first: list[int], last: list[int]
) -> tuple[int, int, list[list[_Wait]]]:
    """(dependencies found, critical path, waits kept for each thread), one pass in time order.

    clock[i][u] = ops of thread u that are complete when op i starts, known from waits; ops of one thread
    share the list until one of them waits.
    """
    n = len(thread)
    chain = [-1] * (max(last) + 1)  # the last op on each segment
    index = [0] * n  # of the op in its thread
    depth = [0] * n
    done = [0] * streams
    newest_depth = [0] * streams
    clock: list[list[int]] = []
    known = [[0] * streams for _ in range(streams)]
    waits: list[list[_Wait]] = [[] for _ in range(streams)]
    found = 0
    for i, (t, a, b) in enumerate(zip(thread, first, last, strict=True)):
        before = set(chain[a:b])
        chain[a:b] = [i] * (b - a)
        latest: dict[int, int] = {}
        for p in before:
            if p >= 0 and thread[p] != t and p > latest.get(thread[p], -1):
                latest[thread[p]] = p
        deep = newest_depth[t]
        if latest:
            found += len(latest)
            needed = {u: p for u, p in latest.items() if index[p] >= known[t][u]}
            kept = _not_implied(needed, index, clock)
            if kept:
                known[t] = _merged(known[t], kept, index, clock)
                waits[t] += [(done[t], u, index[p] + 1) for u, p in kept.items()]
                deep = max(deep, *(depth[p] for p in kept.values()))
        clock.append(known[t])
        index[i] = done[t]
        done[t] += 1
        depth[i] = newest_depth[t] = deep + 1
    return found, max(depth), waits


def _not_implied(needed: dict[int, int], index: Sequence[int], clock: Sequence[Sequence[int]]) -> dict[int, int]:
    """The waits {thread: op} without those that another of them brings along."""
    if len(needed) < 2:
        return needed
    return {u: p for u, p in needed.items() if not any(clock[q][u] > index[p] for v, q in needed.items() if v != u)}


def _merged(known: list[int], kept: dict[int, int], index: Sequence[int], clock: Sequence[Sequence[int]]) -> list[int]:
    """What a thread knows after the waits `kept`."""
    merged = known
    for u, p in kept.items():
        merged = list(map(max, merged, clock[p]))
        merged[u] = max(merged[u], index[p] + 1)
    return merged


def _wait_table(waits: list[_Wait], length: int, streams: int) -> I64:
    table = np.zeros((length, streams), dtype=np.int64)
    if waits:
        op, thread, count = np.array(waits, dtype=np.int64).T
        table[op, thread] = count
    return table


def _table(trace: Trace, leaf: U64) -> U64:
    columns: dict[Op, I64 | U64] = {
        Op.KIND: trace.kind,
        Op.DOMAIN: trace.domain,
        Op.IOVA: trace.iova,
        Op.SIZE: trace.extent,
        Op.PADDR: trace.paddr,
        Op.ASKED: trace.size,
        Op.LEAF: leaf,
        Op.EVENT: np.arange(len(trace)),
    }
    return np.stack([columns[op].astype(np.uint64) for op in Op], axis=1)


def _closing(trace: Trace, largest_leaf: int) -> U64:
    table = np.zeros((len(trace.live), len(Op)), dtype=np.uint64)
    table[:, Op.KIND] = UNMAP
    table[:, Op.DOMAIN] = trace.live[:, 0]
    table[:, Op.IOVA] = trace.live[:, 1]
    table[:, Op.SIZE] = table[:, Op.ASKED] = trace.live[:, 2]
    table[:, Op.LEAF] = np.minimum(trace.live[:, 4], np.uint64(largest_leaf))
    table[:, Op.EVENT] = NO_EVENT
    return table
