"""Litmus tests as protocols: what a thread does, many instances of it, and the counting of outcomes.

In a search one execution is one instance. Natively a round is `CELLS` instances: all threads go through them in the
same order, which P0 draws, and meet every `BLOCK` instances. What they have seen is kept in words of their own and
counted at rest, as outcomes (`outcome_n`: n in binary is what was observed, the 1 and 2 of memory as 0 and 1). The
check at rest then states that every instance was sequentially consistent.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, Word, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES

CELLS: Final = 1024  # instances of a native round; a power of two
DELAY: Final = 16  # turns of an empty loop
BLOCK: Final = 16  # instances between two meetings
LINE: Final = 8  # words
MOST_THREADS: Final = 4

X = Word("x", CELLS)
Y = Word("y", CELLS)
SAW = Word("saw", MOST_THREADS * CELLS)  # what each thread has loaded, as bits of the outcome
ROUTE = Word("route")  # which way through the instances: start << 32 | stride
MET = Word("met", MOST_THREADS * LINE)  # how far each thread is, on a line each

ORDER = Param("order", 0, names={0: "", 1: "mb", 2: "wmb-rmb", 3: "rel-acq"})
THREADS = Param("threads", 2)
LOADERS = Param("loaders", 3)  # threads that load, as bits
X_AT = Param("x_at", 0)  # 1 + the bit of the outcome that the last x is, 0 if it is not observed
Y_AT = Param("y_at", 0)
NOT_SC = Param("not_sc", 0)  # the outcome

PLAIN, MB, WMB_RMB, REL_ACQ = range(4)

INSTANCES = Counter("instances", "instances of the test", operation=True)
OUTCOME_0 = Counter("outcome_0")
OUTCOME_1 = Counter("outcome_1")
OUTCOME_2 = Counter("outcome_2")
OUTCOME_3 = Counter("outcome_3")
OUTCOME_4 = Counter("outcome_4")
OUTCOME_5 = Counter("outcome_5")
OUTCOME_6 = Counter("outcome_6")
OUTCOME_7 = Counter("outcome_7")
OUTCOME_8 = Counter("outcome_8")
OUTCOME_9 = Counter("outcome_9")
OUTCOME_10 = Counter("outcome_10")
OUTCOME_11 = Counter("outcome_11")
OUTCOME_12 = Counter("outcome_12")
OUTCOME_13 = Counter("outcome_13")
OUTCOME_14 = Counter("outcome_14")
OUTCOME_15 = Counter("outcome_15")


# --- accesses and barriers ---


@protocol
def cell(which: int, i: int) -> int:
    if which:
        return Y + i * 8
    return X + i * 8


@protocol
def store(mem: Mem, which: int, i: int, value: int) -> None:
    if ORDER == REL_ACQ:
        mem.smp_store_release(cell(which, i), value)
    else:
        mem.write_once(cell(which, i), value)


@protocol
def load(mem: Mem, which: int, i: int) -> int:
    if ORDER == REL_ACQ:
        value: int = mem.smp_load_acquire(cell(which, i))
    else:
        value = mem.read_once(cell(which, i))
    return value


@protocol
def barrier(mem: Mem) -> None:
    """Between a store and a load, or a load and a store."""
    if ORDER == MB:
        mem.smp_mb()


@protocol
def store_barrier(mem: Mem) -> None:
    barrier(mem)
    if ORDER == WMB_RMB:
        mem.smp_wmb()


@protocol
def load_barrier(mem: Mem) -> None:
    barrier(mem)
    if ORDER == WMB_RMB:
        mem.smp_rmb()


# --- many instances ---


@protocol
def instances() -> int:
    """One in a search, many natively."""
    if ENTRIES == 2:
        return 1
    return CELLS


@protocol
def route(mem: Mem, me: int) -> tuple[int, int]:
    """Where to start and how far to go from instance to instance; the same for all threads, drawn by P0."""
    if instances() == 1:
        return 0, 1
    if me == 0:
        mem.write_once(ROUTE, mem.choose(CELLS) << 32 | mem.choose(4) * 2 + 1)
    way = mem.read_once(ROUTE)
    while way == 0:
        mem.cpu_relax()
        way = mem.read_once(ROUTE)
    return way >> 32, way & 0xFFFFFFFF


@protocol
def meet_now(mem: Mem, me: int, n: int) -> None:
    """Wait until everybody is at instance `n`, and then for a moment of each one's own."""
    if instances() > 1:
        mem.write_once(MET[me * LINE], n + 1)
        for other in range(THREADS):
            while mem.read_once(MET[other * LINE]) <= n:
                mem.cpu_relax()
        for _ in range(mem.choose(DELAY)):
            pass


@protocol
def meet(mem: Mem, me: int, n: int) -> None:
    """Every `BLOCK` instances wait until everybody is there, so that nobody runs ahead."""
    if n & BLOCK - 1 == 0:
        meet_now(mem, me, n)


@protocol
def next_instance(mem: Mem, me: int, n: int, start: int, stride: int) -> int:
    meet(mem, me, n)
    return start + n * stride & instances() - 1


@protocol
def keep(mem: Mem, me: int, i: int, saw: int) -> None:
    mem.write_once(SAW[me * CELLS + i], saw)


# --- what a thread does; `at` is the bit of the outcome that a load gives ---


@protocol
def one_store(mem: Mem, me: int, a: int, value: int) -> None:
    start, stride = route(mem, me)
    for n in range(instances()):
        store(mem, a, next_instance(mem, me, n, start, stride), value)


@protocol
def store_store(mem: Mem, me: int, a: int, value: int, b: int, second: int) -> None:
    start, stride = route(mem, me)
    for n in range(instances()):
        i = next_instance(mem, me, n, start, stride)
        store(mem, a, i, value)
        store_barrier(mem)
        store(mem, b, i, second)


@protocol
def store_load(mem: Mem, me: int, a: int, value: int, b: int, at: int) -> None:
    start, stride = route(mem, me)
    for n in range(instances()):
        i = next_instance(mem, me, n, start, stride)
        store(mem, a, i, value)
        barrier(mem)
        saw = load(mem, b, i)
        keep(mem, me, i, saw << at)


@protocol
def load_store(mem: Mem, me: int, a: int, at: int, b: int, value: int) -> None:
    start, stride = route(mem, me)
    for n in range(instances()):
        i = next_instance(mem, me, n, start, stride)
        saw = load(mem, a, i)
        barrier(mem)
        store(mem, b, i, value)
        keep(mem, me, i, saw << at)


@protocol
def load_load(mem: Mem, me: int, a: int, at: int, b: int, second_at: int) -> None:
    start, stride = route(mem, me)
    for n in range(instances()):
        i = next_instance(mem, me, n, start, stride)
        saw = load(mem, a, i)
        load_barrier(mem)
        second = load(mem, b, i)
        keep(mem, me, i, saw << at | second << second_at)


# --- at rest ---


@protocol
def outcome(mem: Mem, i: int) -> int:
    """What was observed in one instance, as bits."""
    seen = 0
    for thread in range(THREADS):
        if LOADERS >> thread & 1:
            seen |= mem.read_once(SAW[thread * CELLS + i])
    if X_AT:
        seen |= mem.read_once(X[i]) - 1 << X_AT - 1
    if Y_AT:
        seen |= mem.read_once(Y[i]) - 1 << Y_AT - 1
    return seen


@protocol
def tally(mem: Mem, seen: int) -> None:
    mem.count(INSTANCES)
    if seen == 0:
        mem.count(OUTCOME_0)
    elif seen == 1:
        mem.count(OUTCOME_1)
    elif seen == 2:
        mem.count(OUTCOME_2)
    elif seen == 3:
        mem.count(OUTCOME_3)
    elif seen == 4:
        mem.count(OUTCOME_4)
    elif seen == 5:
        mem.count(OUTCOME_5)
    elif seen == 6:
        mem.count(OUTCOME_6)
    elif seen == 7:
        mem.count(OUTCOME_7)
    elif seen == 8:
        mem.count(OUTCOME_8)
    elif seen == 9:
        mem.count(OUTCOME_9)
    elif seen == 10:
        mem.count(OUTCOME_10)
    elif seen == 11:
        mem.count(OUTCOME_11)
    elif seen == 12:
        mem.count(OUTCOME_12)
    elif seen == 13:
        mem.count(OUTCOME_13)
    elif seen == 14:
        mem.count(OUTCOME_14)
    else:
        mem.count(OUTCOME_15)


@protocol
def judge(mem: Mem) -> None:
    """Count all outcomes of the round, then state that each was sequentially consistent."""
    relaxed = 0
    for i in range(instances()):
        seen = outcome(mem, i)
        tally(mem, seen)
        relaxed += seen == NOT_SC
    mem.check(relaxed == 0, "check", "an outcome that no sequentially consistent execution has")
