"""Peterson's mutual exclusion for two threads, with and without what keeps its accesses in order."""

from __future__ import annotations

import platform
from typing import Final

from engine import CLEAN, Counter, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem

WANTS = Word("wants", 16)  # two flags, a cache line apart
TURN = Word("turn")
TOTAL = Word("total")  # what it protects
ADDED = Word("added", 16)  # what each thread has added to it
TURN_FIRST = Param("turn_first", 0, names={1: "the turn is given away before the wish is announced"})
IN_ORDER = Param("in_order", 1, names={0: "the two stores may pass each other"})
FENCE = Param("fence", 1, names={0: "the load may pass the stores"})
ENTERED = Counter("entered", "critical sections", operation=True)


@protocol
def lock(mem: Mem, me: int) -> None:
    other = 1 - me
    if TURN_FIRST:
        mem.write_once(TURN, other)
    mem.write_once(WANTS[me * 8], 1)
    if not TURN_FIRST:
        if IN_ORDER:
            mem.smp_wmb()
        mem.write_once(TURN, other)
    if FENCE:
        mem.smp_mb()
    while mem.read_once(WANTS[other * 8]) and mem.read_once(TURN) == other:
        mem.cpu_relax()


@protocol
def unlock(mem: Mem, me: int) -> None:
    mem.smp_store_release(WANTS[me * 8], 0)


@protocol
def add_one(mem: Mem, me: int) -> None:
    lock(mem, me)
    mem.write_once(TOTAL, mem.read_once(TOTAL) + 1)
    unlock(mem, me)
    mem.count(ENTERED)


@protocol
def add(mem: Mem, me: int) -> None:
    """Once in a search, for as long as the round lasts natively."""
    add_one(mem, me)
    added = 1
    while mem.running():
        add_one(mem, me)
        added += 1
    mem.write_once(ADDED[me * 8], added)


@protocol
def nothing_lost(mem: Mem) -> None:
    added = mem.read_once(ADDED[0]) + mem.read_once(ADDED[8])
    mem.check(mem.read_once(TOTAL) == added, "check", "both were inside at once")


#: Where natively a load may pass an earlier store.
X86: Final = (((("executor", "native"),), "check"),) if platform.machine() in ("x86_64", "AMD64") else ()


def relaxed(*models: str) -> tuple[tuple[tuple[tuple[str, str], ...], str], ...]:
    """Broken only where a store may be late."""
    return tuple(((("model", model),), "check") for model in models)


SCENARIO = Scenario(
    name="peterson",
    about="Two threads exclude each other by loads and stores alone.",
    source="G. L. Peterson, Myths about the mutual exclusion problem, 1981",
    roles=(Role("A", add, (0,)), Role("B", add, (1,))),
    at_rest=nothing_lost,
    variants=(
        Variant("turn-first", kind="mutation", expects="check", params={"turn_first": 1}, needs=("entered",)),
        Variant("fence", expects=CLEAN, needs=("entered",)),
        Variant("no-fence", kind="race", params={"fence": 0}, expects_by=(*relaxed("tso", "pso"), *X86),
                needs=("entered",)),
        Variant("no-wmb", kind="race", params={"in_order": 0}, expects_by=relaxed("pso"), needs=("entered",)),
    ),
)
