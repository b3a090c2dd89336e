"""Two threads on one reader-writer lock: exclusion, nesting, misuse."""

from __future__ import annotations

from engine import Param, Role, RWLock, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Mem

LOCK = RWLock("lock")
SPIN = SpinLock("spin")
INSIDE = Word("inside")
HOW = Param("how", 0, names={0: "write", 1: "read", 2: "spin", 3: "upgrade", 4: "downgrade", 5: "trylock"})
NESTED = Param("nested", 1)


@protocol
def alone_inside(mem: Mem) -> None:
    before = mem.read_once(INSIDE)
    mem.write_once(INSIDE, before + 1)
    mem.check(mem.read_once(INSIDE) == 1, "check", "two are inside")
    mem.write_once(INSIDE, mem.read_once(INSIDE) - 1)


@protocol
def exclude(mem: Mem) -> None:
    if HOW == 0:
        mem.write_lock(LOCK)
        alone_inside(mem)
        mem.write_unlock(LOCK)
    if HOW == 1:
        mem.read_lock(LOCK)
        mem.check(mem.read_once(INSIDE) == 0, "check", "a writer is inside")
        mem.read_unlock(LOCK)
    if HOW == 2:
        mem.spin_lock(SPIN)
        alone_inside(mem)
        mem.spin_unlock(SPIN)
    if HOW == 3:
        mem.read_lock(LOCK)
        if mem.try_upgrade(LOCK):
            alone_inside(mem)
            mem.write_unlock(LOCK)
        else:
            mem.read_unlock(LOCK)
    if HOW == 4:
        mem.write_lock(LOCK)
        alone_inside(mem)
        mem.downgrade(LOCK)
        mem.check(mem.read_once(INSIDE) == 0, "check", "a writer is inside")
        mem.read_unlock(LOCK)
    if HOW == 5 and mem.write_trylock(LOCK):
        alone_inside(mem)
        mem.write_unlock(LOCK)


@protocol
def write(mem: Mem) -> None:
    mem.write_lock(LOCK)
    alone_inside(mem)
    mem.write_unlock(LOCK)


@protocol
def read_nested(mem: Mem) -> None:
    mem.read_lock(LOCK)
    if NESTED:
        mem.read_lock(LOCK)
        mem.read_unlock(LOCK)
    mem.read_unlock(LOCK)


EXCLUSION = Scenario(
    name="exclusion",
    about="Two threads exclude each other, or do not.",
    roles=(Role("A", exclude), Role("B", exclude)),
    variants=(
        Variant("write"), Variant("spin", params={"how": 2}), Variant("upgrade", params={"how": 3}),
        Variant("downgrade", params={"how": 4}), Variant("trylock", params={"how": 5}),
        Variant("read", params={"how": 1}, roles=(Role("A", exclude), Role("W", write))),
    ),
)

NESTING = Scenario(
    name="nesting",
    about="S4-c: a reader takes its lock again while a writer waits.",
    roles=(Role("map", read_nested), Role("unmap", write)),
    variants=(
        Variant("process", kind="race", expects="deadlock"),
        Variant("interrupt", roles=(Role("map", read_nested, context="interrupt"), Role("unmap", write))),
        Variant("flat", params={"nested": 0}),
    ),
)
