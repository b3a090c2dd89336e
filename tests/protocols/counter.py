"""Two threads increment one word. The smallest program that can go wrong."""

from __future__ import annotations

from engine import CLEAN, Counter, Param, Role, RWLock, Scenario, Variant, Word, protocol
from engine.declare import Mem

COUNT = Word("count")
LOCK = RWLock("lock")
HOW = Param("how", 0, names={0: "plain", 1: "atomic", 2: "locked"})
INCREMENTS = Counter("increments", "additions done", operation=True)


@protocol
def increment(mem: Mem) -> None:
    if HOW == 1:
        mem.atomic64_inc(COUNT)
    else:
        if HOW == 2:
            mem.write_lock(LOCK)
        value = mem.read_once(COUNT)
        mem.write_once(COUNT, value + 1)
        if HOW == 2:
            mem.write_unlock(LOCK)
    mem.count(INCREMENTS)


@protocol
def both_counted(mem: Mem) -> None:
    mem.check(mem.read_once(COUNT) == 2, "check", "an increment is lost")


SCENARIO = Scenario(
    name="counter",
    about="Two threads increment one word.",
    roles=(Role("A", increment), Role("B", increment)),
    at_rest=both_counted,
    variants=(
        Variant("plain", kind="race", item="", expects="check", params={"how": 0}, needs=("increments",)),
        Variant("atomic", expects=CLEAN, params={"how": 1}, needs=("increments",)),
        Variant("locked", expects=CLEAN, params={"how": 2}, needs=("increments",)),
    ),
)
