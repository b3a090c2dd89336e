"""Replay plans: which orders between threads are kept, that they are enough, and that none is too many."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from engine.errors import UsageError
from stress.trace import LEAVES, MAP, NO_EVENT, UNMAP, Op, Plan, Reference, Trace, load, plan, replay, shipped
from tests.trace_files import GIB, MIB, Map, Unmap, line, make_trace, random_history


def made(tmp_path, *events, streams: int = 4, largest_leaf: int = GIB) -> tuple[Trace, Plan]:
    trace = load(make_trace(tmp_path / "t", *events))
    return trace, plan(trace, streams, largest_leaf)


def waits(made_plan: Plan) -> list[tuple[int, int, int, int]]:
    """(thread, op, thread waited for, how many of its ops) of every wait."""
    return [
        (t, int(i), int(u), int(table[i, u]))
        for t, table in enumerate(made_plan.waits)
        for i, u in zip(*np.nonzero(table), strict=True)
    ]


def test_the_columns_of_the_op_table(tmp_path):
    trace, made_plan = made(
        tmp_path, Map(0, 2 * MIB, 0, cpu=2), Unmap(0, 4096, cpu=2, removed=2 * MIB), Map(GIB, 4096, 8192)
    )
    assert (made_plan.cpus, made_plan.streams, made_plan.domains, made_plan.operations) == (((2,), (0,)), 2, 1, 3)
    assert [made_plan.ops[0][:, op].tolist() for op in Op] == [
        [MAP, UNMAP], [0, 0], [0, 0], [2 * MIB, 2 * MIB], [0, 0], [2 * MIB, 4096], [2 * MIB, 2 * MIB], [0, 1],
    ]  # fmt: skip
    assert made_plan.closing.tolist() == [[UNMAP, 0, GIB, 4096, 0, 4096, 4096, NO_EVENT]]
    assert all(table.dtype == np.uint64 for table in (*made_plan.ops, made_plan.closing))
    assert len(trace) == 3


def test_the_same_range_on_two_threads_is_a_wait(tmp_path):
    made_plan = made(tmp_path, Map(0, 4096, cpu=0), Map(GIB, 4096, cpu=0), Unmap(0, 4096, cpu=1))[1]
    assert waits(made_plan) == [(1, 0, 0, 1)]
    assert (made_plan.found, made_plan.kept, made_plan.critical_path, made_plan.parallelism) == (1, 1, 2, 1.5)


@pytest.mark.parametrize("other", [Unmap(4096, 4096, cpu=1), Map(4096, 4096, cpu=1)])
def test_small_neighbours_in_one_table_need_no_wait(tmp_path, other):
    first = [Map(4096, 4096, cpu=1)] if isinstance(other, Unmap) else []
    made_plan = made(tmp_path, *first, Map(0, 4096, cpu=0), other)[1]
    assert waits(made_plan) == []


def test_two_parts_of_a_large_leaf_need_a_wait_and_of_small_leaves_none(tmp_path):
    events = [Map(0, 2 * MIB, 0, cpu=0), Unmap(0, 4096, cpu=0), Unmap(MIB, 4096, cpu=1)]
    assert waits(made(tmp_path, *events)[1]) == [(1, 0, 0, 2)]
    assert waits(made(tmp_path, *events, largest_leaf=4096)[1]) == [(1, 0, 0, 1)]  # only the map


def test_the_granule_is_that_of_the_leaves_not_of_the_format(tmp_path):
    far = [Map(0, 4 * MIB, 0, cpu=0), Map(4 * MIB, 4 * MIB, 0, cpu=1)]
    misaligned = [Map(0, 2 * MIB, 4096, cpu=0), Unmap(0, 4096, cpu=0), Unmap(MIB, 4096, cpu=1)]
    assert waits(made(tmp_path, *far)[1]) == []
    assert waits(made(tmp_path, *misaligned)[1]) == [(1, 0, 0, 1)]


def test_domains_do_not_order_each_other(tmp_path):
    assert waits(made(tmp_path, Map(0, 4096, cpu=0, dom=64), Map(0, 4096, cpu=1, dom=128))[1]) == []


def test_implied_waits_are_left_out(tmp_path):
    chain = [Map(0, 8192, cpu=0), Unmap(0, 4096, cpu=1), Map(0, 4096, cpu=2), Unmap(0, 8192, cpu=2)]
    # CPU 2 has most to do, so it is thread 0; its last op depends on the map of CPU 0, but it has waited for that
    made_plan = made(tmp_path, *chain)[1]
    assert made_plan.cpus == ((2,), (0,), (1,))
    assert waits(made_plan) == [(0, 0, 2, 1), (2, 0, 1, 1)]
    assert (made_plan.found, made_plan.kept) == (3, 2)


def test_a_wait_brings_others_of_the_same_op_along(tmp_path):
    one, two = Map(0, 4096, cpu=0), Map(4096, 4096, cpu=0)
    again = [Unmap(4096, 4096, cpu=1), Map(4096, 4096, cpu=1)]
    both = Unmap(0, 8192, cpu=2)
    assert [w for w in waits(made(tmp_path, one, two, *again, both)[1]) if w[0] == 2] == [(2, 0, 1, 2)]
    # the twin: CPU 1 waited for less of CPU 0 than the last op needs
    needed = waits(made(tmp_path, two, *again, one, both)[1])
    assert [w for w in needed if w[0] == 2] == [(2, 0, 0, 2), (2, 0, 1, 2)]


def test_threads_share_the_cpus_evenly_and_keep_their_order(tmp_path):
    events = [Map(i << 12, 4096, cpu=c) for i, c in enumerate([0, 1, 0, 2, 0, 1, 3, 0])]
    made_plan = made(tmp_path, *events, streams=2)[1]
    assert made_plan.cpus == ((0,), (1, 2, 3))
    assert [table[:, Op.EVENT].tolist() for table in made_plan.ops] == [[0, 2, 4, 7], [1, 3, 5, 6]]
    assert made(tmp_path, *events, streams=99)[1].streams == 4
    assert "8 operations on 2 threads: 4 (CPU 0), 4 (CPU 1+2+3)" in made_plan.summary()


@pytest.mark.parametrize(("streams", "largest_leaf"), [(0, GIB), (2, 12288)])
def test_bad_numbers(tmp_path, streams, largest_leaf):
    with pytest.raises(UsageError, match=r"not \d+$"):
        made(tmp_path, Map(0, 4096), streams=streams, largest_leaf=largest_leaf)


def test_a_range_at_the_very_top(tmp_path):
    event, size = "map: IOMMU: iova=0xffffffffffc00000", 4 * MIB - 4096  # its 2 MiB leaves are rounded out to 2**64
    top = [line(f"{event} paddr=0x0 size={size}", 0), line(f"un{event} size={size} unmapped_size={size}", 1)]
    assert waits(made(tmp_path, *top)[1]) == [(1, 0, 0, 1)]


def closure(made_plan: Plan, without: tuple[int, int, int] | None = None) -> np.ndarray:
    """before[i, j]: event i is complete before event j starts, by program order and waits; one wait may be left out."""
    rows = [table[:, Op.EVENT].astype(int) for table in made_plan.ops]
    before = np.zeros((made_plan.operations, made_plan.operations), dtype=bool)
    place = {int(event): (t, i) for t, events in enumerate(rows) for i, event in enumerate(events)}
    for event in range(made_plan.operations):  # events are in time order, so what is before an event is closed already
        t, i = place[event]
        direct = [rows[t][i - 1]] if i else []
        direct += [
            rows[u][made_plan.waits[t][i, u] - 1]
            for u in range(made_plan.streams)
            if made_plan.waits[t][i, u] and (t, i, u) != without
        ]
        for previous in direct:
            before[:, event] |= before[:, previous]
            before[previous, event] = True
    return before


def conflicts(trace: Trace, largest_leaf: int) -> list[tuple[int, int]]:
    """Pairs of events by the definition: rounded out to the largest leaf that either may touch, the ranges overlap."""
    found = []
    for j in range(len(trace)):
        for i in range(j):
            leaf = min(largest_leaf, max(int(trace.leaf[i]), int(trace.leaf[j])))
            ends = [int(trace.iova[k]) + int(trace.extent[k]) for k in (i, j)]
            low = [int(trace.iova[k]) // leaf for k in (i, j)]
            high = [-(-end // leaf) for end in ends]
            if trace.domain[i] == trace.domain[j] and low[0] < high[1] and low[1] < high[0]:
                found.append((i, j))
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("unit", [4096, MIB])
def test_the_waits_keep_every_conflict_in_order_and_each_is_needed(tmp_path, seed, unit):
    trace = load(make_trace(tmp_path / "t", *random_history(seed, 60, unit=unit)))
    for largest_leaf in LEAVES[:2]:
        made_plan = plan(trace, 2 + seed % 3, largest_leaf)
        pairs = conflicts(trace, largest_leaf)
        before = closure(made_plan)
        assert all(before[i, j] for i, j in pairs)
        assert made_plan.kept == len(waits(made_plan)) > 0
        for t, i, u, _ in waits(made_plan):
            weaker = closure(made_plan, without=(t, i, u))
            assert not all(weaker[i, j] for i, j in pairs)


@pytest.mark.parametrize("seed", range(4))
def test_the_critical_path_is_the_longest_chain(tmp_path, seed):
    trace = load(make_trace(tmp_path / "t", *random_history(seed, 60)))
    before = closure(made_plan := plan(trace, 3))
    longest = [0] * len(trace)
    for j in range(len(trace)):
        longest[j] = 1 + max((longest[i] for i in range(j) if before[i, j]), default=0)
    assert made_plan.critical_path == max(longest)
    assert made_plan.parallelism == len(trace) / max(longest)


Choose = Callable[[list[int]], int]


def run(made_plan: Plan, model: Reference, choose: Choose) -> bool:
    """Replay in an order that `choose` picks among the threads that may go on; False at the first wrong result."""
    tables = [table.tolist() for table in made_plan.ops]
    needs = [table.tolist() for table in made_plan.waits]
    done = [0] * made_plan.streams
    while ready := [
        t
        for t in range(made_plan.streams)
        if done[t] < len(tables[t]) and all(map(int.__ge__, done, needs[t][done[t]]))
    ]:
        t = choose(ready)
        kind, domain, iova, size, paddr, *_ = tables[t][done[t]]
        try:
            if kind == MAP:
                model.map(domain, iova, size, paddr)
            elif model.unmap(domain, iova, size) != size:
                return False
        except UsageError:
            return False
        done[t] += 1
    return done == [len(table) for table in tables]


@cache
def shipped_trace(name: str) -> Trace:
    return load(shipped()[name])


@pytest.mark.parametrize(
    ("name", "order"),
    [("nvme-lazy-spans", "last-thread-first"), ("vfio-hugepage", "last-thread-first"), ("vfio-hugepage", "random")],
)
def test_any_order_that_the_waits_allow_gives_the_same_tables(name, order):
    trace = shipped_trace(name)
    made_plan = plan(trace, 4)
    pick = random.Random(1)
    model, expected = Reference(policy="split"), Reference(policy="split")
    assert run(made_plan, model, pick.choice if order == "random" else max)
    replay(expected, trace)
    for d in range(made_plan.domains):
        assert all(map(np.array_equal, model.pages(d), expected.pages(d)))
    for _, domain, iova, size, *_ in made_plan.closing.tolist():
        assert model.unmap(domain, iova, size) == size
    assert [model.tables(d, "empty") for d in range(made_plan.domains)] == [1] * made_plan.domains


def test_without_the_waits_the_history_breaks():
    made_plan = plan(shipped_trace("nvme-lazy-spans"), 4)
    for table in made_plan.waits:
        table[:] = 0
    assert not run(made_plan, Reference(), max)


def test_the_plan_of_a_capture_leaves_parallelism():
    assert plan(shipped_trace("vfio-hugepage"), 4).parallelism > 3
    nvme = plan(shipped_trace("nvme-lazy-spans"), 4)
    assert nvme.parallelism > 2
    assert nvme.kept < nvme.found / 20
