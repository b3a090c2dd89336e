"""A sequence lock: the reader takes what it has read only if no writer was there meanwhile."""

from __future__ import annotations

from engine import CLEAN, Counter, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem

SEQUENCE = Word("sequence")  # odd while the writer is at work
FIRST = Word("first")
SECOND = Word("second")  # always equal to `first` for those who look properly
RETRY = Param("retry", 1, names={0: "the reader does not look at the sequence again"})
BARRIER = Param("barrier", 1, names={0: "nothing keeps the writer's stores in order"})
TAKEN = Counter("taken", "pairs read", operation=True)
WRITTEN = Counter("written", "pairs written", operation=True)


@protocol
def store_barrier(mem: Mem) -> None:
    if BARRIER:
        mem.smp_wmb()


@protocol
def write_begin(mem: Mem) -> int:
    odd: int = mem.read_once(SEQUENCE) + 1
    mem.write_once(SEQUENCE, odd)
    store_barrier(mem)
    return odd


@protocol
def write_end(mem: Mem, odd: int) -> None:
    store_barrier(mem)
    mem.write_once(SEQUENCE, odd + 1)


@protocol
def writer(mem: Mem) -> None:
    for value in range(1, 3):
        odd = write_begin(mem)
        mem.write_once(FIRST, value)
        mem.write_once(SECOND, value)
        write_end(mem, odd)
        mem.count(WRITTEN)


@protocol
def read_begin(mem: Mem) -> int:
    sequence: int = mem.read_once(SEQUENCE)
    while sequence & 1:
        mem.cpu_relax()
        sequence = mem.read_once(SEQUENCE)
    mem.smp_rmb()
    return sequence


@protocol
def read_retry(mem: Mem, sequence: int) -> int:
    """Whether what was read may be torn."""
    if not RETRY:
        return 0
    mem.smp_rmb()
    return mem.read_once(SEQUENCE) != sequence


@protocol
def reader(mem: Mem) -> None:
    while True:
        sequence = read_begin(mem)
        first = mem.read_once(FIRST)
        second = mem.read_once(SECOND)
        if read_retry(mem, sequence) == 0:
            break
        mem.cpu_relax()
    mem.check(first == second, "check", "the reader took a torn pair")
    mem.count(TAKEN)


SCENARIO = Scenario(
    name="seqlock",
    about="One writer, and a reader that never makes it wait.",
    roles=(Role("writer", writer), Role("reader", reader)),
    variants=(
        Variant("no-retry", kind="mutation", expects="check", params={"retry": 0}, needs=("taken", "written")),
        Variant("seqlock", expects=CLEAN, needs=("taken", "written")),
        Variant("no-wmb", kind="mutation", params={"barrier": 0}, expects_by=(((("model", "pso"),), "check"),),
                needs=("taken", "written")),
    ),
)
